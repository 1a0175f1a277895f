"""Layers that differ (`kernels.exact.layered`): nothing is proved about k → ∞, and claims look at computed layers.

Neighbours: `freeze` proves what holds for one form, one step and no preconditioner.
"""

from ...kernels.exact.configuration import Configuration
from .freeze.budget import Work
from .freeze.outcome import Undecided


def decide(configuration: Configuration, work: Work) -> Undecided:
    """`Undecided`: no rule says what layers do that differ from one another."""
    return Undecided(configuration, (), "no rule proves what layers do that differ from one another")
