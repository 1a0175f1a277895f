"""Control of the leaders, in Python and in notebooks: choose A so that given tokens lead, or prove that no A can do it.

    from hardmax.verify import control

    answer = control.lead(configuration, leaders=["great", "awful"])
    answer.verdict, answer.A, answer.condition      # "possible", the A, its condition number
    answer                                          # in a notebook: the ellipse of A, or half-planes that do not meet

What is possible has been proved by the exact prover (`answer.results`); what is impossible has a certificate
(`answer.document`). In which sense, and why: CONTROL.md.

Neighbours: `provers.control` answers, `commands.parts.output` draws.
"""

from collections.abc import Sequence
from dataclasses import fields

from ..kernels.exact.configuration import Configuration
from .provers.control.answers import ControlAnswer, LeadingKind, Wanted, ask

Configurations = Configuration | Sequence[Configuration]
"""One, or several that share one A."""


class Control(ControlAnswer):
    """The answer, with a picture of it where the tokens lie in a plane."""

    def plot(self) -> str:
        """HTML: the tokens with the ellipse of A, who leads before and after, and the disc of all A; text if d ≠ 2."""
        from .commands.parts.output import control_picture

        return control_picture(self)

    _repr_html_ = plot


def lead(configurations: Configurations, leaders: Wanted | int, *, seconds: float | None = None) -> Control:
    """A for which all of L lead, z_iᵀA(z_i − z_l) > 0 for i ∈ L and l ≠ i, or a proof that there is none.

    Args:
        configurations: of hardmax models; their A is not used. Several share one A.
        leaders: L, indices of tokens or labels (every token so labelled); a single one by itself.
        seconds: a time limit for the search, in place of a budget of operations.

    Returns:
        The answer, about layer 0; who leads there leads for ever.

    Raises:
        InputError: L is empty or names a token twice, one that is not there, or the origin.

    Source: CONTROL.md, theorems A and B.
    """
    return _asked("lead", configurations, leaders, seconds)


def alone(configurations: Configurations, leader: int | str, *, seconds: float | None = None) -> Control:
    """A for which every token follows i, z_lᵀA(z_i − z_p) > 0 for all l and p ≠ i, or a proof that there is none.

    Args:
        configurations: as in `lead`.
        leader: i, an index or a label.
        seconds: as in `lead`.

    Raises:
        InputError: as in `lead`, or the label is not one token's.

    Source: CONTROL.md, theorem D.
    """
    return _asked("alone", configurations, [leader], seconds)


def exactly(configurations: Configurations, leaders: Wanted | int, *, seconds: float | None = None) -> Control:
    """A for which L are the leaders for ever, at every step: they lead, and every other token follows one of them.

    Args:
        configurations: as in `lead`.
        leaders: L.
        seconds: as in `lead`.

    Returns:
        The answer; "impossible" says that at layer 0 no A makes all others follow L, whomever each of them follows.

    Raises:
        InputError: as in `lead`.

    Source: CONTROL.md, theorem F.
    """
    return _asked("exactly", configurations, leaders, seconds)


def _asked(kind: LeadingKind, configurations: Configurations, wanted: Wanted | int, seconds: float | None) -> Control:
    several = [configurations] if isinstance(configurations, Configuration) else list(configurations)
    answer = ask(kind, several, [wanted] if isinstance(wanted, str | int) else list(wanted), seconds)
    return Control(**{field.name: getattr(answer, field.name) for field in fields(answer)})
