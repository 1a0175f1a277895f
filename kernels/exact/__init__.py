"""The exact layer, and what it acts on: configurations, steps, their files, integer arithmetic.

Job: `configuration` (tokens, A, multiplicities) and its `configuration_file`, `step` (α, or a rate for each layer),
`dynamics` (the layer map on integers, every tie kept: what all other kernels are measured against) and
`rational_text` (exact numbers as text).

May import: `errors`. Neighbours: `bounds` proves floats right, `floats` computes with them.
"""
