"""Certificates that no symmetric positive definite A makes given tokens lead (CERTIFICATE.md, section 12)."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from .exact import integers
from .reading import POINT, WEIGHTS, OrAbsent, OrNull, ascending, must

LAYER_0, FOR_EVER = "control.layer_0", "control.for_ever"
SHAPE = {
    "configurations": [{"tokens": [POINT], "multiplicities": [int]}],
    "question": {"lead", "alone", "exactly"},
    "leaders": [[int]],
    "claims": {LAYER_0: OrNull({"refuted"}), FOR_EVER: OrNull({"refuted"})},
    "excluded": [
        {
            "follows": [[int, int, int]],
            "multipliers": [[int, int, int, Fraction]],
            "whomever": OrAbsent([{"token": [int, int], "form": [[Fraction]], "cases": [WEIGHTS]}]),
        }
    ],
}

Place = tuple[int, int]
Follows = Mapping[Place, int]


def derive(certificate: dict[str, Any]) -> dict[str, bool | None]:
    """False for each of the two claims that is refuted, None where that is not shown."""
    question, leaders = certificate["question"], certificate["leaders"]
    sets = [entry["tokens"] for entry in certificate["configurations"]]
    weights = [entry["multiplicities"] for entry in certificate["configurations"]]
    must(sets and all(sets) and sets[0][0], "configurations", f"{len(sets)} configurations", "each has a token")
    d, points = len(sets[0][0]), []
    for c, (tokens, w) in enumerate(zip(sets, weights, strict=True)):
        points.append(integers(tokens, len(tokens), d, f"tokens of configuration {c}"))
        enough = len(w) == len(tokens) and min(w) > 0
        must(enough, "multiplicities", w, f"{len(tokens)} numbers >= 1 are needed")

    some = len(leaders) == len(sets) and any(leaders)
    must(some, "question", leaders, "each configuration has a list of leaders, one list a token")
    for tokens, L in zip(sets, leaders, strict=True):
        ascending(L, "question")
        must(not L or L[-1] < len(tokens), "question", L, f"there are {len(tokens)} tokens")
        fits = {"lead": True, "alone": len(L) == 1, "exactly": len(L) > 0}
        must(fits[question], "question", L, f"that is no question of kind {question}")

    targets = {(c, i): i for c, L in enumerate(leaders) for i in L}
    if question == "alone":
        targets = {(c, i): L[0] for c, L in enumerate(leaders) for i in range(len(sets[c]))}
    exclusions = [exclusion(entry, question, points, leaders, targets) for entry in certificate["excluded"]]

    mirror = question != "lead" and any(map(is_mirrored, sets, weights, leaders))
    excluded = every_map(exclusions, leaders)
    line = d == 1 and all(len({*map(tuple, tokens)}) == len(tokens) and all(map(any, tokens)) for tokens in sets)
    return {
        LAYER_0: False if excluded or mirror else None,
        FOR_EVER: False if mirror or (excluded and line) else None,
    }


def exclusion(
    entry: dict[str, Any], question: str, points: list[Any], leaders: list[list[int]], targets: Follows
) -> Follows:
    """What of σ the multipliers of an entry exclude; refused if they exclude nothing. Points: tokens over a unit."""
    follows: dict[Place, int] = {}
    ascending([tuple(f[:2]) for f in entry["follows"]], "follows")
    for c, i, j in entry["follows"]:
        known = question == "exactly" and c < len(points) and j in leaders[c] and i not in leaders[c]
        must(
            known and i < len(points[c][0]),
            "follows",
            [c, i, j],
            "a token outside the leaders follows one of them in a question of kind exactly",
        )
        follows[c, i] = j

    wanted, multipliers, free = {**targets, **follows}, entry["multipliers"], entry.get("whomever", [])
    must(multipliers or free, "multipliers", "none", "there has to be one")
    ascending([tuple(m[:3]) for m in multipliers], "multipliers")
    others = [m for m in multipliers if tuple(m[:2]) not in wanted]
    must(not others, "multipliers", others, "that is no inequality of the question")
    total = weighed([(c, i, wanted[c, i], p, y) for c, i, p, y in multipliers], points)

    ascending([one["token"] for one in free], "whomever")
    for one in free:
        (c, i), cases = one["token"], one["cases"]
        known = question == "exactly" and c < len(points) and i < len(points[c][0]) and (c, i) not in wanted
        must(
            known and len(cases) == len(leaders[c]),
            "whomever",
            [c, i],
            "a case for each leader it may follow is needed",
        )
        N = symmetric(one["form"], len(total))
        for j, case in zip(leaders[c], cases, strict=True):
            must(case, "whomever", [c, i, j], "each case needs a multiplier")
            ascending([p for p, _ in case], "whomever")
            ahead = weighed([(c, i, j, p, y) for p, y in case], points)
            must(semidefinite(less(N, ahead)), "whomever", [c, i, j], "N less the sum is not positive semidefinite")
        total = [[a + b for a, b in zip(x, y, strict=True)] for x, y in zip(total, N, strict=True)]
    nothing = [[Fraction(0)] * len(total) for _ in total]
    excludes = semidefinite(less(nothing, total))
    must(excludes, "multipliers", f"those of {entry['follows']}", "their sum is not positive semidefinite")
    return follows


def weighed(terms: list[tuple[int, int, int, int, Fraction]], points: list[Any]) -> list[list[Fraction]]:
    """Σ y (M + Mᵀ), M = z_i (z_j − z_p)ᵀ, over terms (c, i, j, p, y); refused if one is no inequality or y ≤ 0."""
    for c, i, j, p, y in terms:
        known = p < len(points[c][0]) and p != j
        must(known and y > 0, "multipliers", [c, i, p], "that is no inequality of the question, or its y is not > 0")

    d, scaled = len(points[0][0][0]), [y / points[c][1] ** 2 for c, _, _, _, y in terms]
    (numerators,), unit = integers([scaled], 1, len(scaled), "multipliers")
    total = [[0] * d for _ in range(d)]
    for (c, i, j, p, _), y in zip(terms, numerators, strict=True):
        tokens = points[c][0]
        z, ahead = tokens[i], [a - b for a, b in zip(tokens[j], tokens[p], strict=True)]
        for a, row in enumerate(total):
            for b in range(d):
                row[b] += y * (z[a] * ahead[b] + z[b] * ahead[a])
    return [[Fraction(x, unit) for x in row] for row in total]


def symmetric(form: list[list[Fraction]], d: int) -> list[list[Fraction]]:
    """The symmetric matrix with these rows of its upper triangle."""
    sizes = [len(row) for row in form]
    must(sizes == [*range(d, 0, -1)], "form", f"rows of {sizes}", f"the upper triangle of a {d} x {d} matrix is needed")
    return [[form[min(a, b)][abs(a - b)] for b in range(d)] for a in range(d)]


def less(X: list[list[Fraction]], Y: list[list[Fraction]]) -> list[list[Fraction]]:
    """X − Y."""
    return [[a - b for a, b in zip(x, y, strict=True)] for x, y in zip(X, Y, strict=True)]


def semidefinite(rows: list[list[Fraction]]) -> bool:
    """Whether a symmetric matrix is positive semidefinite: LDLᵀ, where a pivot 0 has a row of zeros."""
    while rows:
        first, *rest = rows
        pivot = first[0]
        if pivot < 0 or (pivot == 0 and any(first)):
            return False
        rows = [
            [x - (row[0] * y / pivot if pivot else 0) for x, y in zip(row[1:], first[1:], strict=True)] for row in rest
        ]
    return True


def every_map(exclusions: list[Follows], leaders: list[list[int]]) -> bool:
    """Whether each σ agrees with an exclusion: with what is fixed, one token of an exclusion after the other."""
    cases: list[tuple[Follows, list[Follows]]] = [({}, exclusions)]
    while cases:
        fixed, before = cases.pop()
        agreeing = [e for e in before if agree(e, fixed)]
        if not agreeing:
            return False
        if not any(e.items() <= fixed.items() for e in agreeing):
            place = next(place for place in agreeing[0] if place not in fixed)
            cases += [({**fixed, place: j}, agreeing) for j in leaders[place[0]]]
    return True


def agree(one: Follows, other: Follows) -> bool:
    """Whether two maps have the same value wherever both have one."""
    return all(other.get(place, j) == j for place, j in one.items())


def is_mirrored(tokens: list[list[Fraction]], weights: list[int], L: Iterable[int]) -> bool:
    """Whether the tokens are distinct, −z_i is a token of the weight of z_i for every i, and L is not its own image."""
    place = {tuple(z): i for i, z in enumerate(tokens)}
    image = [place.get(tuple([-x for x in z])) for z in tokens]
    distinct = len(place) == len(tokens)
    if not distinct or any(j is None or weights[i] != weights[j] for i, j in enumerate(image)):
        return False
    return {image[i] for i in L} != {*L}
