"""The itinerary of any configuration, by the prover of its model's kind.

Neighbours: `freeze` is the prover of hardmax; `kernels.exact.model` says what a prover is.
"""

from ...kernels.exact.configuration import Configuration
from ...kernels.exact.model import named
from .freeze.budget import Budget, Work
from .freeze.outcome import Outcome


def decide(configuration: Configuration, budget: Budget | None = None, work: Work | None = None) -> Outcome:
    """What holds for all layers of a configuration, proved, or `Undecided` with the reason.

    Args:
        configuration: any configuration, of any kind of model that is registered.
        budget: when to give up; the default `Budget()` counts operations, about ten seconds of them.
        work: where operations are counted, in place of a budget.
    """
    return named(configuration.model.prover)(configuration, work=work or Work(budget or Budget()))
