"""Certificates made by hand: proofs that the prover does not come to, and false ones that only one rule refuses."""

from fractions import Fraction as Q
from typing import Any

from hardmax.verify.certificates.writer import CLAIMS

from .edits import Document

Rows = list[list[Any]]


def frozen(
    tokens: Rows,
    A: Rows,
    sets: list[list[int]],
    rules: list[str],
    limits: list[int],
    weights: list[list[list[Any]]],
    points: list[Document],
    *,
    layers: int = 1,
    alpha: int = 1,
    jumps: tuple[int, ...] = (),
    claims: tuple[str, ...] = ("verified",) * 4,
) -> Document:
    """A certificate of one phase, in which leaders lead from layer 0 on."""
    return {
        "format": "hardmax certificate",
        "version": 1,
        "problem": {
            "tokens": [list(map(str, row)) for row in tokens],
            "A": [list(map(str, row)) for row in A],
            "step": {"rule": "constant", "alpha": str(alpha)},
            "multiplicities": [1] * len(tokens),
            "follow": "largest",
        },
        "claims": dict(zip(CLAIMS, claims, strict=True)),
        "itinerary": [
            {"first": 0, "layers": layers, "sets": [[i, C] for i, C in enumerate(sets)], "jumps": list(jumps)}
        ],
        "leaders": [{"token": i, "layer": 0} for i, C in enumerate(sets) if C == [i]],
        "proof": {
            "kind": "frozen",
            "freeze_layer": 0,
            "layer": layers - 1,
            "rules": rules,
            "limits": limits,
            "weights": weights,
        },
        "cluster_points": points,
    }


def vertex(point: list[Any], leader: int) -> Document:
    return {"point": list(map(str, point)), "place": {"kind": "vertex", "leader": leader}}


def unit(i: int, n: int) -> list[int]:
    return [int(i == j) for j in range(n)]


def scored(T: Rows, *, alpha: int = 1, later: bool = False, layers: int = 1, jumps: tuple[int, ...] = ()) -> Document:
    """Tokens e_0, e_1, … and A = T, so that score(i, l) = T[i][l] at layer 0.

    Tokens 0 and 1 lead, 2 follows 0, 3 follows 1, and 4 follows 2 and 3, claimed to be tied for ever. Token 5 follows
    0; with `later` it follows 2 and 3, and 4 follows itself, too.
    """
    n = len(T)
    units = [unit(i, n) for i in range(n)]
    halves = [[0, "1/2"], [1, "1/2"]]
    # The middle of the edge is a projection if (e_0 + e_1)ᵀ(T + Tᵀ)(e_0 − e_1) = 2 (T[0][0] − T[1][1]) vanishes.
    projected = T[0][0] == T[1][1]
    place = {"kind": "projection" if projected else "neither", "weights": halves, "normal": list(map(str, unit(2, n)))}
    return frozen(
        units,
        T,
        [[0], [1], [0], [1], [2, 3, 4] if later else [2, 3], [2, 3] if later else [0]][:n],
        ["leader", "leader", "R1", "R1", "R3", "R3" if later else "R1"][:n],
        [2, 0, 2, 0, 1, 1 if later else 2][:n],
        [[[1, "1"]], halves, [[0, "1"]]],
        [vertex(units[1], 1), {"point": ["1/2", "1/2", *["0"] * (n - 2)], "place": place}, vertex(units[0], 0)],
        layers=layers,
        alpha=alpha,
        jumps=jumps,
        claims=("verified", "verified", "verified", "verified" if projected else "refuted"),
    )


# Linear programs found the scores. All columns of the sign table are as they should be but one: with the sets kept, …
BREAKS = [[1, -1, 0, 0, 0], [-1, 1, 0, 0, 0], [1, 0, 0, 0, 0], [-1, 8, 0, 0, 0], [0, -8, 16, 16, -32]]
"""… token 4 has 2 and 3 tied at the layers 0 and 2, but not at layer 1 (enough for a jump to 2, not for R3)."""
EARLY = [
    [1, Q(-13, 12), 0, 0, 0],
    [-1, 1, 0, 0, 0],
    [Q(4, 3), 0, Q(1, 3), 0, 0],
    [0, 2, 1, 0, 0],
    [0, Q(-11, 3), 1, 1, 0],
]
"""… token 4 has 2 and 3 tied at layer 0, but not at layer 1."""
LATE = [
    [Q(649, 9), -1, Q(640, 9), 0, Q(-1216, 9)],
    [Q(-521, 9), 1, 0, 0, 0],
    [Q(1042, 9), 0, 0, Q(1033, 9), 0],
    [Q(-1042, 9), Q(1024, 9), 0, Q(1015, 9), Q(-1042, 9)],
    [0, Q(-512, 3), 1, 1, 0],
]
"""… token 4 has 2 and 3 tied at the layers 0 to 3, but not at layer 4: one less than the order of the recurrence."""
DIPS = [
    [1, -1, 0, 0, 0, 0],
    [-1, 1, 0, 0, 0, -50],
    [11, -1, 0, 0, -2, 10],
    [-11, 1, 0, 0, 0, 0],
    [0, 0, 1, 1, 0, 0],
    [1, 0, 0, 0, 0, 0],
]
"""… token 4 prefers 2 to 5 at the layers 0 and 2, but not at layer 1."""
TOP = [
    [1, -1, 0, 0, 0, 0],
    [-1, 1, 0, 0, 0, 0],
    [9, -1, 0, 0, 0, 8],
    [-9, 1, 0, 0, -2, 0],
    [0, 0, 1, 1, 0, 0],
    [1, 0, 0, 0, 0, 0],
]
"""… the sign table of token 4 for 2 and 5 has one negative sign, the second."""
MIDDLE = [
    [33, -1, 0, 0, 0, 32],
    [-33, 1, 0, 0, 0, 0],
    [1, -1, 0, 0, 0, 0],
    [-1, 1, 0, 0, -2, 0],
    [0, 0, 1, 1, 0, 0],
    [1, 0, 0, 0, 0, 0],
]
"""… the sign table of token 4 for 2 and 5 has one negative sign, the third."""


STAYS = [
    [10, 8, 9, 9, 9, 9],
    [8, 10, 9, 9, 9, -3],
    [-1, -3, -2, -2, -3, -3],
    [-2, 0, -1, -1, -3, -3],
    [-3, -3, -2, -2, -2, -3],
    [-3, -3, -2, -2, -3, -3],
]
STAYS_FAST = [
    [10, 8, 9, 9, 9, -40],
    [-40, -38, -39, -39, -39, -40],
    [10, -40, 9, 9, 7, -40],
    [-40, 10, -39, -39, -40, -40],
    [9, 9, 10, 10, 10, -40],
    [-40, -40, -39, -39, -40, -40],
]
"""Everything is as claimed (`later`, the second with α = 2); with wrong eigenvalues the sign tables would fail."""
LEAVES = [
    [10, -3, 9, -2, -2, 9],
    [-3, 10, -2, 9, 9, -3],
    [10, -3, 9, -2, -3, 9],
    [-3, 10, -2, 9, 7, -3],
    [9, 9, 10, 10, 10, -3],
    [-3, -3, -2, -2, -3, -3],
]
"""The sign table of token 5 for 2 and itself fails (`later`); with wrong shifts it would not."""


def tie_not_best() -> Document:
    """Token 3 ties 0 and 1, whose mean prefers 2 to both: it will leave them, but claims R2."""
    tokens = [[1, 1, 0], [-1, 1, 0], [0, Q(6, 5), -2], [0, Q(1, 2), Q(1, 4)]]
    halves = [[0, "1/2"], [1, "1/2"]]
    middle = {
        "point": ["0", "1", "0"],
        "place": {"kind": "neither", "weights": halves, "normal": ["0", "10", "1"]},
    }
    return frozen(
        tokens,
        [unit(i, 3) for i in range(3)],
        [[0], [1], [2], [0, 1]],
        ["leader", "leader", "leader", "R2"],
        [3, 0, 2, 1],
        [[[1, "1"]], halves, [[2, "1"]], [[0, "1"]]],
        [vertex(tokens[1], 1), middle, vertex(tokens[2], 2), vertex(tokens[0], 0)],
        claims=("verified", "verified", "verified", "refuted"),
    )


def tie_breaks() -> Document:
    """Token 2 ties 0 and 1, whose mean prefers 0: it will leave 1, but claims R2."""
    tokens = [[4, 1], [0, 2], [Q(1, 8), Q(1, 2)]]
    halves = [[0, "1/2"], [1, "1/2"]]
    middle = {"point": ["2", "3/2"], "place": {"kind": "neither", "weights": halves, "normal": ["1", "4"]}}
    return frozen(
        tokens,
        [[1, 0], [0, 1]],
        [[0], [1], [0, 1]],
        ["leader", "leader", "R2"],
        [2, 0, 1],
        [[[1, "1"]], halves, [[0, "1"]]],
        [vertex(tokens[1], 1), middle, vertex(tokens[0], 0)],
        claims=("verified", "verified", "verified", "refuted"),
    )


TRUE_PROOFS = {
    "R3-scores": scored(STAYS, later=True),
    "R3-scores-fast": scored(STAYS_FAST, later=True, alpha=2),
}
FALSE_PROOFS: dict[str, tuple[Document, str]] = {
    "R2-tie-not-best-for-the-mean": (tie_not_best(), "rules: "),
    "R2-mean-breaks-the-tie": (tie_breaks(), "rules: "),
    "R3-tie-breaks": (scored(EARLY), "R3: scores of token 4 for 2 and 3 .*a tie"),
    "R3-tie-breaks-late": (scored(LATE), "R3: scores of token 4 for 2 and 3 .*a tie"),
    "R3-dips": (scored(DIPS), "R3: scores of token 4 for 2 and 5 .*2 ahead"),
    "R3-second-sign": (scored(TOP), "R3: scores of token 4 for 2 and 5 .*2 ahead"),
    "R3-third-sign": (scored(MIDDLE), "R3: scores of token 4 for 2 and 5 .*2 ahead"),
    "R3-shifts": (scored(LEAVES, later=True), "R3: scores of token 5 for 2 and 5 .*2 ahead"),
    "jump-tie-breaks": (scored(BREAKS, layers=3, jumps=(0, 2)), "jump: scores of token 4 for 2 and 3 .*a tie"),
    "jump-dips": (scored(DIPS, layers=3, jumps=(0, 2)), "jump: scores of token 4 for 2 and 5 .*2 ahead"),
}
