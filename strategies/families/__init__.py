"""Families of hard inputs: what they draw, what they shrink to, which mistake they are for.

Job: `family` (the record), `degenerate` (ties that last, faces, repetitions), `near_ties` (gaps that floats lose) and
`late_leaders` (tokens that lead after thousands of layers).

May import: `points` and `scalars` of this folder, `kernels`, Hypothesis.
"""
