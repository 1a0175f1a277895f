"""What `hardmax prove --all-A` says to a person, and the record of which pages are made.

Neighbours: `many` prints it; `provers.regions.atlas` is what it says, `--json` prints that in full.
"""

from ....reports.formats.wording import plural
from ....reports.records.atlas_record import AtlasCellRecord, AtlasRecord, AtlasSetRecord
from ...provers.regions.atlas.answer import KINDS, Atlas, SetOfLeaders, matrix_text, place_of
from .many_text import called

MOST_LINES = 14
"""Sets of leaders that are shown."""

HUGE = 10**300
"""A step as a float is not longer: the token moves all the way."""


def lines(answer: Atlas) -> list[str]:
    """The answer in lines, the verdict left out."""
    given, cells, sets = answer.given, answer.cells, answer.sets()
    total = [sum(cell.part.dimension == d for cell in cells) for d in range(3)]
    found = [f"{plural(given.n, 'token')} in R^2; every A in {_counted(tuple(total))}, one itinerary each"]
    found += [_line(answer, one) for one in sets[:MOST_LINES]]
    if len(sets) > MOST_LINES:
        found.append(f"… {len(sets) - MOST_LINES} more sets of leaders: --json prints them all")
    return found


def _line(answer: Atlas, one: SetOfLeaders) -> str:
    (a, b), (_, c) = matrix_text(one.at)
    where = f"{_counted(one.counts)}, such as A = [[{a}, {b}], [{b}, {c}]]"
    if one.leaders is None:
        return f"undecided, {one.best.reason}: {where}"
    return f"leaders {', '.join(called(answer.given, i) for i in one.leaders) or 'none'}: {where}"


def _counted(counts: tuple[int, ...]) -> str:
    """The polygons, segments and points that there are."""
    return ", ".join(plural(counts[d], KINDS[d]) for d in (2, 1, 0) if counts[d])


def atlas_record(name: str, answer: Atlas, certificate: str | None) -> AtlasRecord:
    """The record of an answer."""
    given, sets = answer.given, answer.sets()
    number = {one.leaders: k for k, one in enumerate(sets)}
    entries = []
    for one in sets:
        (a, b), (c, d) = matrix_text(one.at)
        x, y = map(float, place_of(one.at))
        points, segments, polygons = one.counts
        entries.append(
            AtlasSetRecord(
                leaders=one.leaders, A=((a, b), (c, d)), at=(x, y), polygons=polygons, segments=segments, points=points
            )
        )
    cells = []
    for cell in answer.cells:
        leaders = answer.leaders(cell)
        x_y = (tuple(round(float(v), 4) for v in place_of(corner)) for corner in cell.part.corners)
        cells.append(
            AtlasCellRecord(
                set=number[None if leaders is None else tuple(leaders)],
                freeze_layer=None if leaders is None else cell.phases[-1][0],
                corners=tuple((x, y) for x, y in x_y),
                reason=cell.reason,
            )
        )
    size = max(abs(v) for z in given.tokens for v in z)
    return AtlasRecord(
        input=name,
        labels=given.labels,
        tokens=tuple((float(x / size), float(y / size)) for x, y in given.tokens),
        multiplicities=given.multiplicities,
        alpha=float(min(given.alpha or 0, HUGE)),
        sets=tuple(entries),
        cells=tuple(cells),
        certificate=certificate,
    )
