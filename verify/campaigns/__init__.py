"""Claims on many configurations: drawn, examined in parallel, tallied.

Job: `campaign` (what a chunk of random configurations is), `hunt` (batches of screened inputs), `sources` (inputs of a
claim's own); `chunks` (numbered work, in order), done by an executor of `pool` or of `cluster` (Dask), kept in a
`journal` by `entries`; `tally` (what comes back), `judgement` (what a run's counts say of a claim), `float_comparison`
(float kernels on the same inputs), `words` (configurations as lines show them) and `interruption` (Ctrl-C and SIGTERM
keep what is done).

May import: `claims` and below, `records`, `strategies`.
"""
