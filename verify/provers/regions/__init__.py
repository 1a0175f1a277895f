"""Many inputs at once: all steps α, all matrices A, and how far tokens may move.

`steps` covers all α by intervals and algebraic points, over each of which `follow` runs the dynamics with polynomials
(`cells`, `roots`), `small_steps` takes those near 0; `answers` joins them and says so. `atlas` covers all A. `radius`
bounds how far tokens and A may move, `radius_answer` says it. The theorems, with proofs: verify/theory/MANY_INPUTS.md.
"""
