"""The itinerary of a hardmax configuration for all layers: frozen, self-similar, or undecided within the budget.

Job: `prover` runs and jumps until a rule applies; `follow_graph`, `sign_table` and `self_similar` are the rules,
`balls` and `large_layers` find signs and sets by rigorous leading bits, `outcome` is the result, `budget` says when to
give up.

May import: `kernels`. THEORY.md has the proofs.
"""
