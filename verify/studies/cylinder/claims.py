"""What is claimed of the leaders among snapshots of a flow: statements, and the same as claims among others.

The comparisons that could refute each, and every number, are made by `questions`.
"""

from collections.abc import Iterator

from ....kernels.errors import InputError
from ....kernels.exact.configuration import Configuration
from ...claims.inputs import Listed
from ...claims.registry import Claim, Finding, Source

WITHIN, PERIODS = 2.0, 3
"""How far a number may be from its prediction; periods that are nearly the same."""
NOISE = (0.001, 0.01, 0.05)
"""Shares of the size of the fluctuation."""
STATEMENTS = {
    "solver": "the computed flow is that of the literature at Re = 100",
    "coarse": "below a rate that theorem 4 computes every snapshot leads",
    "law": f"as stated beforehand: the number of leaders saturates at Σ a/|b''|, within {WITHIN:g} in every window",
    "theorem": f"stated after the data had been seen: the mean over starting phases is Σ a/|b''| within {WITHIN:g}, "
    "and no number is off by more than 1 for each zero of b' that carries some, as theorems 2 and 3 allow",
    "sweep": f"at other Reynolds numbers and resolutions too the mean number is Σ a/|b''| within {WITHIN:g}",
    "universal": "the number of leaders belongs to the flow",
    "energy": "leaders sit where the energy of the fluctuation in the window is stationary",
    "lift": "leaders mark the extremes of lift, whatever the window",
    "step": "the leaders are those of layer 0, whatever α",
    "order": "who leads depends on the order of the snapshots in time",
    "periods": f"sampled over {PERIODS} periods that are nearly the same, as many snapshots lead as in one",
    "inner": "another inner product, or the mean kept, leaves the number of leaders as it is",
    "raw": f"with the mean flow kept the number is Σ a/|b''| within {WITHIN:g} as well",
    "noise": f"noise of {100 * NOISE[-1]:g} % leaves the number of leaders as it is",
}
"""{name: statement}, in the order in which they are asked."""

MEASURED = "no single configuration decides it; `hardmax cylinder` computes the flow and measures"


def _none() -> Iterator[tuple[str, Configuration]]:
    raise InputError(MEASURED)


RECORDS = tuple(
    Claim(
        f"cylinder.{name}",
        statement,
        (),
        Source("hardmax", "this version", "CURVES.md, section 6"),
        "open",
        lambda _: Finding("undecided", MEASURED),
        inputs=(Listed("Snapshots of a flow past a cylinder, measured by `hardmax cylinder`", _none),),
    )
    for name, statement in STATEMENTS.items()
)
