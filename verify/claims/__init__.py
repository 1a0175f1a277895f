"""Claims as data: what the papers say, each with hypotheses, source, expected status and an exact check.

Job: one module a family, each ending in a tuple `CLAIMS`; `registry` collects them for tests, reports and the command
line. A check examines one `Case` and returns a `Finding`. What holds for all inputs is shown by derivations:
`derivation` checks them, `formulas` reads their text, `witness` says where a false one fails.

May import: the modules of `verify` that decide (case, places, proof, freeze), `kernels`, and, to search
counterexamples, `strategies`.

Stable: the ids of the claims and the names in `registry.__all__`.
"""
