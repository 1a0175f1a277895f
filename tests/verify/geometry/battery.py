"""The table of examples as a battery: a prover that is wrong must show a fault on one of them."""

from collections.abc import Callable

from hardmax.kernels.exact.configuration import Configuration
from hardmax.verify.provers.freeze.outcome import Frozen, Outcome, SelfSimilar, Undecided

from ...examples import EXAMPLES, Example
from ..provers.stepping import faults


def answer_faults(example: Example, outcome) -> list[str]:
    """Where an outcome departs from the known answers of an example."""
    decided = "undecided" if example.verdicts == "uuuu" else "frozen" if example.rules else "self-similar"
    kinds = {Frozen: "frozen", SelfSimilar: "self-similar", Undecided: "undecided"}
    found = {
        "outcome": (kinds[type(outcome)], decided),
        "rules": (getattr(outcome, "rules", None), example.rules),
        "freeze layer": (getattr(outcome, "freeze_layer", None), example.freeze_layer),
        "leaders": (dict(outcome.leaders or {}), dict(example.leaders)),
    }
    if example.limits != () and isinstance(outcome, Frozen):
        found["limits"] = (outcome.limits, example.limits)
    return [f"{what}: {got}, not {known}" for what, (got, known) in found.items() if got != known]


BATTERY = [name for name in EXAMPLES if not name.startswith("figure 2") or name == "figure 2a"]


def shown(decide: Callable[[Configuration], Outcome]) -> str | None:
    """The first fault that the table shows of a prover, None if there is none."""
    for name in BATTERY:
        example = EXAMPLES[name]
        try:
            outcome = decide(example.configuration)
        except Exception as error:  # a wrong prover may break in any way
            return f"{name}: {error!r}"
        found = answer_faults(example, outcome) or faults(outcome, beyond=6)
        if found:
            return f"{name}: {found[0]}"
    return None
