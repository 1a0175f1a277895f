"""What `hardmax prove --all-alpha` says to a person.

Neighbours: `many` prints it; `provers.regions.answers` is what it says, `--json` prints that in full.
"""

from decimal import MAX_EMAX, MIN_EMIN, ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from itertools import groupby

from ....kernels.exact.configuration import Configuration
from ....kernels.exact.rational_text import rational_text
from ....reports.formats.wording import plural
from ....reports.records.steps_record import StepCellRecord, StepsRecord
from ...certificates.all_steps import SmallSteps
from ...provers.regions.answers import AllSteps
from ...provers.regions.follow import Itinerary
from ...provers.regions.radius_answer import RadiusAnswer
from ...provers.regions.roots import Root, as_fraction
from ...provers.regions.steps import Piece

MOST_LINES, MOST_TERMS = 14, 5
"""Ranges of α with one set of leaders that are shown; terms of a polynomial that are."""


def lines(answer: AllSteps | RadiusAnswer) -> list[str]:
    """The answer in lines, the verdict left out."""
    return _radius_lines(answer) if isinstance(answer, RadiusAnswer) else _step_lines(answer)


def _radius_lines(answer: RadiusAnswer) -> list[str]:
    r = answer.found
    if r.tokens is None or r.relative is None or r.A is None or r.leaders is None:
        return [f"radius undecided: {r.reason}"]
    given = r.configuration
    found = [f"{plural(given.n, 'token')} in R^{given.d}, each moved by less than"]
    at = r.binding
    if at is None:
        found.append(f"{_digits(r.tokens, ROUND_FLOOR)}: the itinerary stays; nothing binds")
    elif r.tokens == 0:
        i, j, other = (called(given, t) for t in (at.token, at.follows, at.rival))
        tie = f"at layer {at.layer} token {i} follows {j} and {other}"
        found.append(f"0: {tie}, and a shift of all tokens breaks this tie")
    else:
        i, j, other = (called(given, t) for t in (at.token, at.follows, at.rival))
        binds = f"at layer {at.layer} token {i} follows {j}, not {other}"
        found.append(f"{_digits(r.tokens, ROUND_FLOOR)}: the itinerary stays; what binds: {binds}")
        if r.above is not None:
            found.append(f"  (a move of {_digits(r.above, ROUND_CEILING)} changes it)")
        found.append(f"{_digits(r.relative, ROUND_FLOOR)} of its length: the itinerary stays")
    found.append(f"{_digits(r.leaders, ROUND_FLOOR)}: the leaders stay")
    if r.tokens:
        size = _digits(r.A, ROUND_FLOOR)
        found.append(f"A changed by less than {size} (symmetric, Frobenius norm): the itinerary stays")
    if answer.ends is not None:
        low, high = answer.ends
        if low is high:
            found.append(f"alpha = {end_text(low)} alone: for every alpha near it the itinerary is another one")
        elif high is None:
            found.append(f"{end_text(low)} < alpha: the itinerary stays")
        else:
            found.append(f"{end_text(low)} < alpha < {end_text(high)}: the itinerary stays")
    return found


def _digits(value: Fraction, rounding: str = ROUND_HALF_EVEN) -> str:
    """Five digits; a lower bound is rounded down, an upper one up."""
    context = Context(prec=5, Emax=MAX_EMAX, Emin=MIN_EMIN, rounding=rounding)
    return f"{context.divide(Decimal(value.numerator), Decimal(value.denominator)):g}"


def _step_lines(answer: AllSteps) -> list[str]:
    cells, given = answer.cells, answer.given
    points = sum(cell.is_point for cell in cells)
    pieces = f"{plural(len(cells) - points, 'interval')} and {plural(points, 'point')}"
    found = [f"{plural(given.n, 'token')} in R^{given.d}; alpha in {pieces}"]
    groups = [(key, list(group)) for key, group in groupby(cells, lambda cell: _said(answer, cell))]
    for said, group in groups[:MOST_LINES]:
        freeze = {cell.itinerary.freeze_layer for cell in group if isinstance(cell.itinerary, Itinerary)}
        layers = f"; frozen from layer {_span(freeze)} on" if freeze else ""
        small = next((cell for cell in group if isinstance(cell.itinerary, SmallSteps)), None)
        if small is not None and small.high is not None:
            layers += f" (from later ones for alpha < {end_text(small.high)}: small steps, all at once)"
        found.append(f"{_range(group)}: {said}{layers}")
    if len(groups) > MOST_LINES:
        found.append(f"… {len(groups) - MOST_LINES} more ranges: --json prints them all")
    return found


def steps_record(name: str, answer: AllSteps, certificate: str | None) -> StepsRecord:
    """The record of an answer, of which pages are made."""
    cells = []
    for cell in answer.cells:
        leaders, high = answer.leaders(cell), cell.high
        found = cell.itinerary
        cells.append(
            StepCellRecord(
                low=end_text(cell.low),
                high="inf" if high is None else end_text(high),
                start=_drawn(cell.low),
                end=None if high is None else _drawn(high),
                leaders=None if leaders is None else tuple(leaders),
                freeze_layer=found.freeze_layer if isinstance(found, Itinerary) else None,
                small_steps=isinstance(found, SmallSteps),
                reason=cell.reason,
            )
        )
    return StepsRecord(input=name, labels=answer.given.labels, cells=tuple(cells), certificate=certificate)


def _drawn(end: Root) -> float:
    """Where an end is drawn: at the edge, if it is beyond the range of floats."""
    return float(min(as_fraction(end.low), Fraction(10**300)))


def _said(answer: AllSteps, cell: Piece) -> str:
    """Who leads in a cell."""
    leaders = answer.leaders(cell)
    if leaders is None:
        return f"undecided, {cell.reason}"
    return f"leaders {', '.join(called(answer.given, i) for i in leaders) or 'none'}"


def called(configuration: Configuration, i: int) -> str:
    """A token by its index, and its label if it has one."""
    return f"{i} ({configuration.labels[i]})" if configuration.labels else str(i)


def _span(layers: set[int]) -> str:
    return str(min(layers)) if len(layers) == 1 else f"{min(layers)} to {max(layers)}"


def _range(cells: list[Piece]) -> str:
    """The α of neighbouring cells."""
    first, last = cells[0], cells[-1]
    if first.is_point and first is last:
        return f"alpha = {end_text(first.low)}"
    lower = f"{end_text(first.low)} {'<=' if first.is_point else '<'} alpha"
    if last.high is None:
        return lower.replace("0 < alpha", "every alpha") if first.low.high == 0 else lower
    return f"{lower} {'<=' if last.is_point else '<'} {end_text(last.high)}"


def end_text(root: Root) -> str:
    """An end of a cell: exactly if it is rational, else five digits and of which polynomial it is the root."""
    if root.low == root.high:
        return rational_text(as_fraction(root.low))
    terms = [(k, int(c)) for k, c in enumerate(root.p.coeffs()) if c][::-1]
    if len(terms) > MOST_TERMS or len(str(terms)) > 80:
        polynomial = f"a polynomial of degree {root.p.degree()}"
    else:
        polynomial = " ".join(_term(k, c, first=k == terms[0][0]) for k, c in terms)
    return f"{_digits(as_fraction((root.low + root.high) / 2))} (root of {polynomial})"


def _term(power: int, c: int, *, first: bool) -> str:
    size = "" if abs(c) == 1 and power else str(abs(c))
    variable = {0: "", 1: "α"}.get(power, f"α^{power}")
    return f"{'-' if c < 0 else '' if first else '+'}{'' if first else ' '}{size}{variable}"
