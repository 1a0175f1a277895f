"""The paper's Figure 2, panel by panel: who leads, from which layer, and where the other tokens tend.

Source: arXiv:2407.01602, Figure 2; the configurations are the files beside `families`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from ....kernels.exact.configuration import Configuration
from ...provers.freeze.outcome import Frozen, Undecided
from ..case import Case
from ..inputs import Listed
from ..registry import Claim, Finding, Hypothesis, Source
from .clustering import figures

TITLE = "The panels of Figure 2"


@dataclass(frozen=True, slots=True)
class Panel:
    """What a panel shows.

    Args:
        file: the configuration that it shows.
        statement: in words.
        leaders: {token: first layer at which it leads}.
        beside: limits that are no leader's.
        ties: tokens that follow several tokens for ever.
    """

    file: str
    statement: str
    leaders: Mapping[int, int]
    beside: int = 0
    ties: tuple[int, ...] = ()


PANELS = {
    "2a": Panel(
        "figure2a_emerging_leader",
        "token 1 follows another token at layer 0 and leads from layer 1 on; three leaders, and no other cluster point",
        {0: 0, 1: 1, 2: 0},
    ),
    "2b": Panel(
        "figure2b_triangle", "the three vertices lead from layer 0 on, and every token tends to one", {0: 0, 1: 0, 2: 0}
    ),
    "2c": Panel(
        "figure2c_square",
        "the four corners lead from layer 0 on, and every token tends to one",
        {0: 0, 1: 0, 2: 0, 3: 0},
    ),
    "2d": Panel(
        "figure2d_lasting_ties",
        "the four corners lead from layer 0 on; tokens 4 and 5 follow two of them each for ever, to two more cluster "
        "points",
        {0: 0, 1: 0, 2: 0, 3: 0},
        beside=2,
        ties=(4, 5),
    ),
}


def _shown(panel: Panel) -> Configuration:
    return dict(figures())[panel.file]


def _is_panel(panel: Panel) -> Callable[[Configuration], bool]:
    return lambda c: c.tokens == _shown(panel).tokens


def check(panel: Panel, case: Case) -> Finding:
    """What the proof of all layers says of the panel's leaders, cluster points and ties."""
    outcome = case.outcome
    if isinstance(outcome, Undecided):
        return Finding("undecided", outcome.reason)
    if not isinstance(outcome, Frozen):
        return Finding("refuted", "the follow sets are never constant", certified=True)
    places = {outcome.limits[i] for i in outcome.leaders}
    found = (
        ("leaders", dict(sorted(outcome.leaders.items())), dict(panel.leaders)),
        ("cluster points that are no leader", len(set(outcome.limits) - places), panel.beside),
        ("tokens with lasting ties", tuple(i for i, C in enumerate(outcome.sets) if len(C) > 1), panel.ties),
    )
    for what, value, shown in found:
        if value != shown:
            return Finding("refuted", f"{what}: {value}, and not {shown}", certified=True)
    message = f"leaders {found[0][1]}, {len(set(outcome.limits))} cluster points, from layer {outcome.freeze_layer} on"
    return Finding("verified", message, certified=True)


def _listed(panel: Panel) -> Iterator[tuple[str, Configuration]]:
    yield panel.file, _shown(panel)


CLAIMS = tuple(
    Claim(
        f"panels.{name}",
        panel.statement,
        (Hypothesis(f"figure_{name}", _is_panel(panel)),),
        Source("arXiv:2407.01602", "SIAM J. Math. Data Sci. 7(3), 2025", f"Figure 2({name[1]})"),
        "theorem",
        partial(check, panel),
        inputs=(Listed(TITLE, partial(_listed, panel)),),
        example=_shown(panel),
    )
    for name, panel in PANELS.items()
)
