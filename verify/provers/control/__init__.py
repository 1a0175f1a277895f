"""Control of the leaders: a symmetric positive definite A that makes given tokens lead, or a proof that there is none.

`questions` says what is asked, as strict inequalities that are linear in A; `linear` answers by linear programmes,
`independent` for independent tokens, `proposals` by cvxpy; `rounding` makes proposals exact, `search` puts them
together, `answers` has them proved. The theorems, with proofs: verify/theory/CONTROL.md.
"""
