"""Provers: from a configuration to what holds for every layer. One room a kind of model."""
