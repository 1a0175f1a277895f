"""What this checker computes for small steps, number by number: whoever changes its arithmetic sees it here.

The conformance set leaves other checkers free to round otherwise. `steps_numbers.json` has what this one computes;
`test_steps_checker` that it encloses what the exact dynamics does.
"""

import json
from collections.abc import Iterator
from fractions import Fraction as Q
from itertools import permutations
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

FILE = Path(__file__).parent / "steps_numbers.json"


class Case(NamedTuple):
    """Tokens, whole, from layer 0 on.

    Args:
        tokens, A, w, a, fineness: as the checker's `Flow` takes them.
        sets: whom each follows at layer 0.
        kept: tokens whose sets stay.
    """

    tokens: list[list[int]]
    A: list[list[int]]
    w: list[int]
    a: Q
    fineness: int
    sets: list[tuple[int, ...]]
    kept: tuple[int, ...] = ()


ONE, TILTED = [[1, 0], [0, 1]], [[3, -1], [-1, 2]]
TWICE = [[-6, -8], [-3, -1], [-1, -12], [1, -11], [5, 3], [4, -1]]
CASES = {
    "one change": Case([[21, 14], [-13, 18], [1, -1], [20, 10]], ONE, [1, 1, 2, 1], Q(1, 64), 64, []),
    "fast": Case([[9, 10], [2, -1], [-11, -12], [8, 5]], ONE, [2, 2, 2, 1], Q(3, 100), 128, []),
    "two changes": Case(TWICE, [[1, 0], [0, 3]], [1] * 6, Q(1, 256), 1024, []),
    "two changes, larger": Case(
        [[21, 28], [-5, -23], [4, -11], [-13, 3], [-23, -13], [-24, -30], [-18, 2]],
        [[3, 0], [0, 3]],
        [1] * 7,
        Q(1, 256),
        1024,
        [],
    ),
    "no second change": Case(
        [[11, -3], [-2, -2], [8, -12], [10, 4], [3, -6], [2, -11]], TILTED, [3, 1, 1, 3, 1, 1], Q(1, 64), 256, []
    ),
    "too coarse": Case([[-7, 2], [-2, 3], [-17, -27], [28, -7]], ONE, [1] * 4, Q(1, 64), 64, []),
    "may be ahead": Case([[-17, 17], [-15, 17], [-18, 30], [-13, -8]], TILTED, [1, 2, 2, 2], Q(1, 64), 512, []),
    "closes at once": Case([[-25, 3], [-9, -2], [0, -18], [-26, 14]], [[2, 0], [0, 1]], [3, 3, 1, 1], Q(1, 16), 64, []),
    "closes at once, later": Case(
        [[6, 12], [0, 10], [-2, 4], [-5, 3], [-3, 2], [8, -8]], [[1, 0], [0, 3]], [2, 3, 3, 3, 1, 2], Q(1, 64), 512, []
    ),
    "two rivals": Case(
        [[19, 23], [-3, 20], [21, 24], [21, 11], [-11, 12]], [[3, 2], [2, 3]], [1, 3, 3, 3, 1], Q(1, 64), 256, []
    ),
    "several": Case([[4, 4], [-4, 4], [0, 2], [1, -1]], ONE, [1] * 4, Q(1, 64), 64, [(0,), (1,), (0, 1), (2, 3)]),
    "a cycle": Case([[4, 4], [-4, 4], [0, 2], [1, -1]], ONE, [1] * 4, Q(1, 64), 64, [(0,), (1,), (3,), (2,)]),
    "nothing happens": Case([[-8], [3], [2]], [[1]], [1] * 3, Q(1, 4), 8, [(0,), (0, 1), (1,)], (1,)),
    "a mean": Case(
        [[4, 4], [-4, 4], [0, 9], [0, 1]], ONE, [2, 3, 1, 1], Q(1, 64), 256, [(0,), (1,), (0, 1), (2,)], (2,)
    ),
    "a mean at rest": Case(
        [[4, 4], [-4, 4], [0, 9], [0, 1]], TILTED, [2, 3, 1, 1], Q(1, 64), 256, [(0,), (1,), (0, 1, 2), (2,)], (2,)
    ),
    "a gap that opens": Case([[5000, 9000], [4000, 0], [1000, -499], [2000, -4000]], ONE, [1] * 4, Q(1, 64), 64, []),
    "one place": Case([[8], [8], [3]], [[1]], [1] * 3, Q(1, 4), 8, [(0, 1), (0, 1), (0,)], (0, 1)),
    "one token": Case([[8]], [[1]], [1], Q(1, 4), 8, [(0,)]),
}


def computed(checker: ModuleType) -> dict[str, str]:
    """{what: the numbers} that a checker computes."""
    found: dict[str, str] = {}
    for name, case in CASES.items():
        steps: list[Any] = []
        try:
            steps.append(sorted(flow(checker, case, steps).leaders(*start(checker, case))))
        except checker.Refused as error:
            steps.append(str(error))
        found[name] = str(steps)
    return found | _parts(checker)


BOXES = [[((5 << 80) + k, (5 << 80) + (9 << 70) * k), (-(k << 79), (3 << 80) - (k << 79))] for k in range(4)]
BOXES.append([(-(1 << 80), 1 << 78), (-(7 << 78), -(1 << 77))])


def _parts(checker: ModuleType) -> dict[str, str]:
    """Each method of `Flow` by itself, on boxes from nowhere."""
    grown: list[int] = []

    class Recorded(checker.small_steps.Flow):
        def growth(self, *args: Any) -> int:
            grown.append(super().growth(*args))
            return grown[-1]

    made = Recorded(TILTED, [2, 3, 1, 1, 2], Q(1, 64), 64)
    chain = [(0,), (0,), (1,), (0, 2), (3,)]  # depths 0, 1, 2, 3 and 4; one mean of two depths
    rest = [(0, 1), (0, 1), (2,), (0, 2), (3,)]
    terms = made.terms(BOXES, chain)
    found: dict[str, Any] = {"terms": terms, "terms at rest": made.terms(BOXES, rest)}
    for span in ((0, 1), (3, 8), (40, 48)):
        found[f"tokens {span}"] = made.tokens(terms, *span)
    pairs = [(2, 1, 0), (3, 2, 4), (4, 3, 1), (1, 0, 4)]
    for sets, name in ((chain, "chain"), (rest, "rest")):
        for i, ahead, other in pairs:
            moves = [[(-(3 << 76), 1 << 79), ((i << 78), (i << 78) + j + 1)] for j in (i, ahead, other)]
            found[f"growth {name} {i} {ahead} {other}"] = made.growth(BOXES, i, ahead, other, *moves)
            found[f"grows {name} {i} {ahead} {other}"] = made.grows(BOXES, sets, i, ahead, other)
        for rivals in ({2: 4}, {4: 0, 1: 2}, {3: 4, 4: 1, 2: 0}):
            for i in rivals:
                found[f"closes {name} {rivals} {i}"] = made.closes(BOXES, sets, rivals, i)
            found[f"reach {name} {rivals}"] = made.reach(BOXES, BOXES, sets, rivals, 1 << 76)
            found[f"reach {name} {rivals}, enough"] = made.reach(BOXES, _wide(BOXES), sets, rivals, 1 << 76)[1]
    points = [[5, 7], [-3, 2], [1, -4], [2, 3], [-1, 1]]
    narrow = checker.small_steps.enclosures([[[x] for x in row] for row in points], [1])
    found["tokens at points"] = made.tokens(made.terms(narrow, chain), 40, 41)
    for i, ahead, other in permutations(range(5), 3):
        found[f"grows at points {i} {ahead} {other}"] = made.grows(narrow, rest, i, ahead, other)
        found[f"closes at points {i} {ahead} {other}"] = made.closes(narrow, chain, {i: other, ahead: i}, i)
    found["growths"] = grown
    still = [[(8 << 80, 8 << 80), (0, 0)]] * 3
    found["nothing grows"] = made.grows(still, [(0, 1), (0, 1), (0,)], 2, 0, 1)
    for T in (still, [[(-1, 1), (0, 0)], *still[1:]], [still[0], [(7 << 80, 7 << 80), (0, 0)], still[2]]):
        found[f"kept {T}"] = _said(checker, made.must_keep, T, [(0, 1), (0, 1), (0,)], {}, [2])
        found[f"kept, a rival {T}"] = _said(checker, made.must_keep, T, [(0, 1), (0, 1), (1,)], {2: 0}, [2])

    class Flat(checker.small_steps.Flow):
        def closes(self, *args: Any) -> int:
            return 0

    flat = Flat(TILTED, [2, 3, 1, 1, 2], Q(1, 64), 64)
    found["flat"] = _said(checker, flat.window, BOXES, {(2, 4): -1}, chain, [2, 3, 4])
    return {name: str(value) for name, value in found.items()}


def _wide(boxes: list[list[tuple[int, int]]]) -> list[list[tuple[int, int]]]:
    return [[(low - (1 << 82), high + (1 << 82)) for low, high in box] for box in boxes]


def _said(checker: ModuleType, function: Any, *args: Any) -> str:
    """What a function returns, or why it refuses."""
    try:
        return str(function(*args))
    except checker.Refused as error:
        return str(error)


def flow(checker: ModuleType, case: Case, steps: list[Any]) -> Any:
    """The checker's `Flow` of a case, which writes down what its phases and windows find."""
    right = checker.small_steps.Flow

    class Recorded(right):
        def tokens(self, terms: Any, start: int, end: int) -> Any:
            steps.append((start, end))
            return super().tokens(terms, start, end)

        def phase(self, *args: Any) -> Any:
            steps.append(super().phase(*args))
            return steps[-1]

        def window(self, *args: Any) -> Any:
            steps.append(super().window(*args))
            return steps[-1]

    return Recorded(case.A, case.w, case.a, case.fineness)


def start(checker: ModuleType, case: Case) -> tuple[Any, Any, set[int]]:
    """Where its tokens are, whom they follow, and who is kept."""
    boxes = checker.small_steps.enclosures([[[x] for x in row] for row in case.tokens], [1])
    return boxes, case.sets or followed(case), {*case.kept}


def followed(case: Case) -> list[tuple[int, ...]]:
    """Whom each token follows at layer 0."""

    def score(x: list[int], y: list[int]) -> int:
        return sum(u * a * v for u, row in zip(x, case.A, strict=True) for a, v in zip(row, y, strict=True))

    sets = []
    for x in case.tokens:
        scores = [score(x, y) for y in case.tokens]
        sets.append(tuple(j for j, s in enumerate(scores) if s == max(scores)))
    return sets


def problems(checker: ModuleType) -> Iterator[str]:
    """Every number that is another one than in the file."""
    found = computed(checker)
    yield from (key for key, value in json.loads(FILE.read_text(encoding="utf-8")).items() if found.get(key) != value)


def write(checker: ModuleType) -> None:
    """Write the file anew."""
    FILE.write_text(json.dumps(computed(checker), indent=1) + "\n", encoding="utf-8", newline="")
