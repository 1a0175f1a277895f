"""What holds for all layers of softmax (verify/theory/SOFTMAX.md): one cluster, several for long, or several for ever.

`prover` decides by `consensus` (S2), `metastable` (S4) and `growing` (S5); `evidence` holds what they find.
"""
