"""Claims on many configurations: drawn, examined in parallel, tallied.

Job: `campaign` (chunks and workers), `sources` (inputs of a claim's own), `tally` (what comes back), `judgement` (what
a run's counts say of a claim), `float_comparison` (float kernels on the same inputs) and `interruption` (Ctrl-C and
SIGTERM keep what is done).

May import: `claims` and below, `records`, `strategies`.
"""
