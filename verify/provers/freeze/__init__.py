"""The itinerary of a hardmax configuration for all layers: frozen, self-similar, or undecided within the budget.

Job: `prover` runs and jumps until a rule applies: `capture` holds F, R1 and R2, `sign_table` R3, `self_similar` the
repetition up to a linear map. `limits` follows the graph of `follow_graph` to where tokens tend; `balls` and
`large_layers` find signs and sets by rigorous leading bits; `outcome` is the result, `budget` says when to give up.

May import: `kernels`. THEORY.md has the proofs.
"""
