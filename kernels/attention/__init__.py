"""Attention, softmax(scale·QKᵀ + bias, mask) V: what a kernel is, the truth, and how far a right kernel may be from it.

Job: the exact problem, kernels and their declarations, enclosures of the true output, and a bound on the error of
*each* output element of this very input, derived in BOUND.md; the attention of torch, onnxruntime and JAX as kernels,
with their known deviations (`adapters`). `hardmax kernel` judges such kernels by what is here.

May import: the standard library, NumPy, python-flint, and torch, onnxruntime, JAX and triton inside the adapters that
need them. Nothing of `strategies`, `verify` or `reports`.
"""
