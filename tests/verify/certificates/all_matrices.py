"""The conformance set of the format *all A*: trees of cuts of the disc, and what is no proof."""

import copy
from fractions import Fraction as Q

from hardmax.kernels.exact.configuration import Configuration
from hardmax.verify.provers.regions.atlas.answer import ask_all_matrices

from .edits import Document, Edit, add, both, drop, put, sealed, swap

CELLS, ALL = "matrices.cells", "matrices.all"
SQUARE = [(1, 1), (-1, 1), (-1, -1), (1, -1)]
MIRRORED = [(1, -3), (1, -2), (1, 0), (1, 2), (1, 3)]
ASKED = {
    "matrices-wall": Configuration([(2, 0), (0, 2), (1, 2), (-2, 1), (-1, 2)], None, Q(1, 2)),
    "matrices-rest": Configuration([*SQUARE, (0, 1), (0, Q(1, 2)), (Q(1, 2), Q(1, 4))]),
    "matrices-R2-weights": Configuration([(-2, -1), (-2, 2), (-1, 0), (0, 2), (0, 3)], multiplicities=[2, 1, 1, 1, 2]),
    "matrices-R3": Configuration(MIRRORED, None, Q(1, 2)),
    "matrices-R3-weights": Configuration(MIRRORED, multiplicities=[2, 3, 5, 3, 2]),
    "matrices-line": Configuration([(1, 0), (Q(1, 2), 0), (-1, 0)]),
    "matrices-one": Configuration([(Q(2, 3), 5)], None, Q(7, 2)),
    "matrices-mixed": Configuration(
        [(-2, 4), (2, -3), (-2, -3), (2, 4), (4, 0), (-4, 0)], None, Q(1, 3), multiplicities=[3, 2, 1, 1, 1, 1]
    ),
    "matrices-two": Configuration([(0, 1), (2, 1)], None, Q(2)),
    "matrices-left-behind": Configuration([(10, 1), (-10, 1), (2, 2), (-2, 2), (0, 2)]),
    # On its wall, which is on no axis, a tie of moving tokens stays ahead of a token that moves: a table with signs.
    "matrices-R3-turned": Configuration(
        [(2 * x - y, x + 2 * y) for x, y in ((-2, -3), (-1, -3), (0, -1), (1, -3), (2, -3), (1, 1))]
    ),
    "matrices-three": Configuration([(1, 0), (-1, 0), (0, 1)]),
}


FOR_NOTHING = [
    {"changes": [[[0, [0]], [1, [0]], [2, [2]]], []], "cut": ["0", "0", "1"]},
    *[{"changes": [[]], "cut": []}] * 3,
]
"""A tree for `matrices-line` with a cut that is not needed, at layer 1."""


def documents() -> dict[str, Document]:
    """The accepting examples of this format, by name."""
    made = {name: ask_all_matrices(configuration).document() for name, configuration in ASKED.items()}
    for document in made.values():
        assert document["claims"][ALL] == "verified"
    left = copy.deepcopy(made["matrices-R3"])
    left["nodes"][-2]["cut"] = None
    left["claims"][ALL] = None
    made["matrices-open"] = sealed(left)
    made["matrices-cut-for-nothing"] = sealed({**made["matrices-line"], "nodes": FOR_NOTHING})
    return made


def _leaf(c: Document, number: int, **changes: object) -> None:
    c["nodes"][number] |= changes


def _moved(c: Document, source: int, target: int) -> None:
    c["nodes"][target] = copy.deepcopy(c["nodes"][source])


WALL, REST, LINE, ONE = "matrices-wall", "matrices-rest", "matrices-line", "matrices-one"
REFUSED: dict[str, tuple[str, Edit, str]] = {
    "matrices-no-token": (ONE, put([], "problem", "tokens"), "tokens: "),
    "matrices-space": (ONE, put([["1", "0", "0"]], "problem", "tokens"), "tokens: .*plane"),
    "matrices-zero": (ONE, put([["0", "0"]], "problem", "tokens"), "tokens: .*zero"),
    "matrices-twins": (LINE, put(["1", "0"], "problem", "tokens", 1), "tokens: .*distinct"),
    "matrices-weight": (ONE, put([0], "problem", "multiplicities"), "multiplicities: "),
    "matrices-alpha": (ONE, put("0", "problem", "alpha"), "step: "),
    "matrices-another-alpha": (WALL, put("2", "problem", "alpha"), "node"),
    "matrices-another-weight": ("matrices-R2-weights", put(7, "problem", "multiplicities", 0), "node"),
    "matrices-sets-order": (REST, swap(0, 1, "sets"), "sets: .*ascend"),
    "matrices-sets-twice": (REST, lambda c: c["sets"].insert(0, c["sets"][0]), "sets: .*ascend"),
    "matrices-set-wrong": (REST, put([0, 1], "sets", 0, "leaders"), "sets, entry 0: .*they are"),
    "matrices-set-missing": (REST, drop("sets", 1), "a cell.*not listed"),
    "matrices-set-of-a-wall-missing": (WALL, drop("sets", 0), r"a cell.*\[0, 1, 3\] are not listed"),
    "matrices-set-more": (REST, add({"leaders": [4], "at": ["0", "0"]}, "sets"), "sets, entry 3: .*they are"),
    "matrices-sample-elsewhere": (REST, put(["2/3", "-2/3"], "sets", 0, "at"), "sets, entry 0: .*they are"),
    "matrices-sample-on-the-circle": (REST, put(["3/5", "4/5"], "sets", 1, "at"), "sets: .*not in the disc"),
    "matrices-sample-outside": (REST, put(["1", "1"], "sets", 1, "at"), "sets: .*not in the disc"),
    "matrices-sample-short": (REST, put(["1"], "sets", 1, "at"), "sets: .*rows of"),
    "matrices-sample-beside-its-wall": (WALL, put(["2/3", "1/1000"], "sets", 0, "at"), "sets, entry 0: .*they are"),
    "matrices-sample-nowhere": (
        "matrices-open",
        put(["1/2", "0"], "sets", 1, "at"),
        "node 14: .*nothing is known",
    ),
    "matrices-all-with-open": ("matrices-open", put("verified", "claims", ALL), f"{ALL}: .*nothing"),
    "matrices-no-claim": (ONE, put(dict.fromkeys((CELLS, ALL)), "claims"), "claims: .*none"),
    "matrices-no-node": (ONE, put([], "nodes"), "nodes: .*left"),
    "matrices-cell-missing": (REST, drop("nodes", -1), "nodes: .*1 parts are left"),
    "matrices-cell-more": (ONE, add({"changes": [[]], "cut": []}, "nodes"), "node 1: .*settled"),
    "matrices-sides-swapped": (REST, swap(1, 2, "nodes"), "node 1, layer 0, follow set"),
    "matrices-ends-swapped": (REST, swap(-3, -1, "nodes"), "layer 0, follow set"),
    "matrices-wall-for-open": (REST, lambda c: _moved(c, 1, 2), "node 2, layer 0, follow set"),
    "matrices-open-for-wall": (REST, lambda c: _moved(c, 2, 1), "node 1, layer 0, follow set"),
    "matrices-wall-for-the-other": (REST, lambda c: _moved(c, -1, -2), "layer 0, follow set"),
    "matrices-cut-short": (REST, put(["1", "-1"], "nodes", 0, "cut"), "node 0: .*three"),
    "matrices-cut-long": (REST, put(["1", "-1", "1", "0"], "nodes", 0, "cut"), "node 0: .*three"),
    "matrices-cut-nothing": (REST, put(["0", "0", "0"], "nodes", 0, "cut"), "node 0: .*does not divide"),
    "matrices-cut-constant": (REST, put(["1", "0", "0"], "nodes", 0, "cut"), "node 0: .*does not divide"),
    "matrices-cut-negative": (REST, put(["-1", "0", "0"], "nodes", 0, "cut"), "node 0: .*does not divide"),
    "matrices-cut-tangent": (REST, put(["5", "-3", "-4"], "nodes", 0, "cut"), "node 0: .*does not divide"),
    "matrices-cut-tangent-below": (REST, put(["-5", "-3", "4"], "nodes", 0, "cut"), "node 0: .*does not divide"),
    "matrices-cut-beside-the-disc": (REST, put(["3", "-2", "-2"], "nodes", 0, "cut"), "node 0: .*does not divide"),
    "matrices-cut-of-the-square": (REST, put(["1", "1", "0"], "nodes", 0, "cut"), "node 0: .*does not divide"),
    "matrices-cut-again": (REST, put(["1", "-1", "1"], "nodes", 3, "cut"), "node 3: .*does not divide"),
    "matrices-cut-moved": (REST, put(["2", "-3", "3"], "nodes", 0, "cut"), "node 1, layer 0, follow set"),
    "matrices-cut-forgotten": (
        REST,
        both(drop("nodes", slice(26, 29)), put([], "nodes", 25, "cut")),
        "node 25, layer 0, follow set",
    ),
    "matrices-no-layer": (ONE, put([], "nodes", 0, "changes"), "node 0: .*no layer"),
    "matrices-token-beyond": (ONE, add([1, [0]], "nodes", 0, "changes", 0), "node 0, tokens of changes"),
    "matrices-tokens-descend": (LINE, swap(0, 1, "nodes", 0, "changes", 0), "node 0, tokens of changes"),
    "matrices-set-of-a-stranger": (ONE, put([0, [1]], "nodes", 0, "changes", 0, 0), "node 0, changes"),
    "matrices-set-descends": (WALL, put([3, [2, 1, 4]], "nodes", 4, "changes", 0, 0), "node 4, changes"),
    "matrices-set-empty": (ONE, put([0, []], "nodes", 0, "changes", 0, 0), "follow set of token 0.*no follow set"),
    "matrices-set-unknown": (LINE, drop("nodes", 0, "changes", 0, 1), "follow set of token 1.*no follow set"),
    "matrices-set-second": (LINE, put([1, [2]], "nodes", 0, "changes", 0, 1), "set of token 1"),
    "matrices-tie-lost": (REST, put([0, [0]], "nodes", 2, "changes", 0, 0), "node 2, layer 0, follow set of token 0"),
    "matrices-tie-invented": (REST, put([0, [0, 3]], "nodes", 1, "changes", 0, 0), "node 1, layer 0, follow set"),
    "matrices-layer-forgotten": (WALL, drop("nodes", 4, "changes", -1), "node 4"),
    "matrices-layer-early": (REST, lambda c: c["nodes"][2]["changes"].insert(1, []), "node 2, layer 1"),
    "matrices-frozen-early": (
        REST,
        lambda c: _leaf(c, 2, changes=c["nodes"][2]["changes"][:1]),
        "node 2, R3",
    ),
    "matrices-R3-too-early": ("matrices-mixed", drop("nodes", 13, "changes", slice(1, None)), "node 13, R3"),
    "matrices-R3-far-too-early": ("matrices-mixed", drop("nodes", 24, "changes", slice(1, None)), "node 24, R3"),
    "matrices-rest-too-early": (
        "matrices-left-behind",
        drop("nodes", 269, "changes", slice(1, None)),
        "node 269, R3",
    ),
    "matrices-tie-too-early": ("matrices-two", drop("nodes", 5, "changes", slice(1, None)), "node 5, R3"),
    "matrices-before-the-cut": (
        "matrices-cut-for-nothing",
        put([1, [1]], "nodes", 0, "changes", 0, 1),
        "node 0, layer 0, follow set of token 1",
    ),
    "matrices-undecided-cut": (REST, put(None, "nodes", 0, "cut"), "node 0: .*nothing is known"),
}
