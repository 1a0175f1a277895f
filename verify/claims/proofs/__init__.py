"""Proofs for all inputs: `derivation` checks them line by line, `formulas` reads them, `witness` breaks wrong ones."""
