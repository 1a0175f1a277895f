"""Lattice configurations by the million in 64-bit integers: `screen` says which of them freeze, `loops` computes."""
