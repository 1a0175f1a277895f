"""Provers: from a configuration to what holds for every layer. One room a kind of model.

`by_kind` asks the prover that the model names. `control` turns the question round: which A makes given tokens lead?
"""
