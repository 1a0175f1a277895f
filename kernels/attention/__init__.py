"""Attention, softmax(scale·QKᵀ + bias, mask) V: what a kernel is, the truth, and how far a right kernel may be from it.

Job: the exact problem, kernels and their declarations, enclosures of the true output, and a bound on the error of
*each* output element of this very input, derived in BOUND.md. No command uses this room yet.

May import: the standard library, NumPy, python-flint, and torch inside the adapters that need it. Nothing of
`strategies`, `verify` or `reports`.
"""
