"""Many inputs at once: all steps α, all matrices A, and how far tokens may move.

`steps` covers all α by intervals and algebraic points, over each of which `follow` runs the dynamics with polynomials
(`cells`, `roots`); `answers` joins them and says so. The theorems, with proofs: verify/MANY_INPUTS.md.
"""
