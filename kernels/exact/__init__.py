"""The exact layer, and what it acts on: configurations, models, their files, integer arithmetic.

Job: `configuration` (tokens, multiplicities and a model) and its `configuration_file`; `model` (what every kind of
model implements, and which there are), `hardmax` (A, `step`, whom tokens follow) and `gram` (inner products in place of
coordinates, `semidefinite` by proof); `dynamics` (the layer map on
integers, every tie kept: what all other kernels are measured against); `matrix`, `json_values` and `rational_text`
(exact numbers, read and written).

May import: `errors`. Neighbours: `bounds` proves floats right, `floats` computes with them.
"""
