"""What `hardmax prove` says of one configuration to a person.

Neighbours: `prove` prints it; `conclusion.Result` is what it says, `--json` prints that in full.
"""

from collections.abc import Sequence
from fractions import Fraction
from functools import partial

from ....kernels.exact.configuration import Configuration
from ....kernels.exact.matrix import identity
from ....kernels.exact.model import named
from ....kernels.exact.rational_text import decimal_text, rational_text, upper_text
from ....kernels.exact.step import ConstantStep
from ...campaigns.words import matrix_words, model_words, step_words
from ...claims.conclusion import Result, overall
from ...provers.freeze.outcome import Enclosed, Frozen, Undecided

MOST_TOKENS = 60
"""More tokens than this are cut, unless all is asked for."""
READABLE, LONGEST, WIDE = 999, 24, 80
"""Fractions of numbers up to the first are read at a glance, others in up to so many characters; a point of more than
the last is shown rounded."""
_BROKEN = {
    "nonzero": "a token is the origin",
    "distinct": "tokens repeat",
    "spd": "A is not symmetric positive definite",
}
"""Hypothesis → what is so where it does not hold."""


def describe(
    name: str, proved: Result, certificate: str | None = None, note: str | None = None, *, exact: bool = False
) -> str:
    """The verdict for a person: what was decided, for which tokens, and what it rests on.

    Args:
        name: the input's.
        proved: the outcome.
        certificate: the path of its certificate, if one was written.
        note: why none was written of something that is decided, or why it was written unchecked.
        exact: show every token, and every fraction in full.
    """
    outcome, c = proved.outcome, proved.configuration
    lines = [f"{name}: {proved.verdict}{_headline(proved)}", f"  {_input(c, exact)}"]
    if isinstance(outcome, Undecided):
        lines.append(f"  {outcome.reason}")
    else:
        lines += [f"  {line}" for line in _tokens(proved, exact)]
        points = "" if proved.limits is None else f", {_count(len(set(proved.limits)), 'cluster point')}"
        frozen = isinstance(outcome, Frozen)
        if isinstance(outcome, Enclosed):
            points += f", each within {upper_text(outcome.radius)} of the point that is shown"
        rest = f"; all follow sets are constant from layer {outcome.freeze_layer} on" if frozen else ""
        leaders = "" if outcome.leaders is None else _count(len(outcome.leaders), "leader")
        lines.append(f"  {f'{leaders}{points}{rest}'.removeprefix(', ')}")
    for claim, finding in proved.findings.items():
        lines.append(f"  {finding.verdict:<9} {claim}: {finding.message}")
    if proved.merged is not None:
        lines.append(f"  with equal tokens merged: {proved.merged.verdict}")
    if certificate is not None:
        lines.append(f"  certificate: {certificate}" + ("" if note is None else f", not checked: {note}"))
    elif note is not None and not isinstance(outcome, Undecided):
        lines.append(f"  no certificate: {note}")
    return "\n".join(lines)


def _headline(proved: Result) -> str:
    """Whether this is about the theorem: its hypotheses hold here, or the conclusion is looked at without them."""
    own = [proved.findings[claim.id] for claim in named(proved.configuration.model.claims)]
    verdict = overall(own)
    c = proved.configuration
    theorem = c.model.kind in ("hardmax", "gram")  # it is about no other model
    claimed = {h for claim in named(c.model.claims) for h in claim.assumes} | set(c.model.hypotheses())
    said_of = c.hypotheses().items() if theorem else ((h, met) for h, met in c.hypotheses().items() if h in claimed)
    broken = [_BROKEN.get(h, f"not {h}") for h, met in said_of if not met]
    if theorem and not isinstance(c.step, ConstantStep):
        broken.append("the step changes from layer to layer")
    if theorem and c.follow != "largest":
        broken.append("tokens follow the smallest scores")
    if broken:
        said = {
            "verified": "its conclusion holds here all the same",
            "refuted": "its conclusion fails here" + (", so the theorem is not touched" if theorem else ""),
            "undecided": "its conclusion is not decided here",
        }
        whose = "the theorem's hypotheses" if theorem else "the hypotheses of what is claimed"
        return f", outside {whose} ({', '.join(broken)}): {said[verdict]}"
    said = {
        "verified": "and so does its conclusion",
        "refuted": "and its conclusion FAILS: a counterexample to " + ("the theorem" if theorem else "what is claimed"),
        "undecided": "whether its conclusion does is not decided",
    }
    whose = "the theorem's hypotheses" if theorem else "the hypotheses"
    return f": {whose} hold, {said[verdict]}"


def _input(c: Configuration, exact: bool) -> str:
    """The tokens' number, and the model."""
    if c.model.kind == "gram":
        return f"{_count(c.n, 'token')} by their inner products; limits are their coefficients in these tokens"
    tokens = f"{_count(c.n, 'token')} in R^{c.d}"
    number, point = partial(number_text, exact=exact), partial(point_text, exact=exact)
    if c.model.kind != "hardmax":
        return ", ".join([tokens, *model_words(c, number, point)])
    step = f"{step_words(c.step, number)}{' (the default)' if c.step == ConstantStep(Fraction(1)) else ''}"
    rows = matrix_words(c.A, point)
    A = "I" if c.A == identity(c.d) else rows if exact or len(rows) <= WIDE else ""
    parts = [tokens, step, f"A = {A}" if A else f"A {c.d} x {c.d}"]
    return ", ".join([*parts, *(["tokens follow the smallest scores"] if c.follow != "largest" else [])])


def _tokens(proved: Result, exact: bool) -> list[str]:
    """A line a token: where it tends, and from which layer on it leads."""
    c, leaders = proved.configuration, proved.leaders or {}
    shown = range(c.n if exact or c.n <= MOST_TOKENS else MOST_TOKENS)
    names = [called(c, i) for i in shown]
    limits = ["?" if proved.limits is None else point_text(proved.limits[i], exact) for i in shown]
    weights = [f"  x{c.multiplicities[i]}" if c.multiplicities[i] > 1 else "" for i in shown]
    wide, far = max(map(len, names)), max(map(len, limits)) if not exact else 0
    lines = [
        f"{name:<{wide}} -> {limit:<{far}}" + (f"  leads from layer {leaders[i]} on" if i in leaders else "") + weight
        for i, name, limit, weight in zip(shown, names, limits, weights, strict=True)
    ]
    if c.n > len(shown):
        lines.append(f"and {c.n - len(shown)} more tokens; --exact shows all of them")
    if any("≈" in limit for limit in limits):
        lines.append("(≈ is rounded; --exact shows every fraction in full)")
    return [line.rstrip() for line in lines]


def called(c: Configuration, i: int) -> str:
    """Token i, with its label if it has one."""
    return str(i) if c.labels is None else f"{i} {c.labels[i]!r}"


def _count(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def number_text(value: Fraction, exact: bool = False) -> str:
    """A number as people read it: a short fraction as it is, a longer one beside its decimal, a long one rounded."""
    return _shown([value], exact)


def point_text(point: Sequence[Fraction], exact: bool = False) -> str:
    """A point as people read it, likewise."""
    return _shown(point, exact, "({})")


def _shown(values: Sequence[Fraction], exact: bool, frame: str = "{}") -> str:
    if exact:
        return frame.format(", ".join(map(rational_text, values)))
    rounded = frame.format(", ".join(map(decimal_text, values)))
    if max(max(abs(v.numerator).bit_length(), v.denominator.bit_length()) for v in values) > 4 * WIDE:
        return f"≈ {rounded}"
    full = frame.format(", ".join(map(str, values)))
    if all(v.denominator == 1 or max(abs(v.numerator), v.denominator) <= READABLE for v in values):
        return full if len(full) <= WIDE else f"≈ {rounded}"
    return f"{full} ≈ {rounded}" if len(full) <= LONGEST else f"≈ {rounded}"
