"""The conformance set of the format *all steps*: pieces of the half-line of α, and what is no proof."""

import copy
from fractions import Fraction as Q

from hardmax.kernels.exact.configuration import Configuration
from hardmax.verify.certificates.all_steps import all_steps_certificate
from hardmax.verify.provers.regions.answers import ask_all_steps
from hardmax.verify.provers.regions.follow import Meter
from hardmax.verify.provers.regions.small_steps import small_steps

from .edits import Document, Edit, add, both, drop, put, sealed, swap

PIECES, ALL = "steps.pieces", "steps.all"
SQUARE = [(1, 1), (-1, 1), (-1, -1), (1, -1)]
EMERGING = Configuration([(1, Q(1, 3)), (Q(-1, 12), Q(1, 12)), (-1, -1), (0, Q(1, 4)), (Q(4, 5), Q(1, 10))])
ASKED = {
    "steps-line": (Configuration([[1], [-1], [Q(1, 2)]]), None),
    "steps-emerging": (EMERGING, Q(1, 8)),
    "steps-rational-end": (Configuration([(2, -1), (3, -3), (0, -2), (-1, -1)]), Q(1, 6)),
    "steps-stationary": (Configuration([*SQUARE, (0, 1), (0, Q(1, 2)), (Q(1, 2), Q(1, 4))]), None),
    "steps-R3": (Configuration([(1, -3), (1, -2), (1, 0), (1, 2), (1, 3)]), Q(1, 3)),
    "steps-R3-weights": (
        Configuration([(1, -3), (1, -2), (1, 0), (1, 2), (1, 3)], multiplicities=[2, 3, 5, 3, 2]),
        Q(1),
    ),
    "steps-form": (Configuration([(1, 0), (0, 1), (-1, -1), (Q(1, 3), Q(1, 3))], [[2, 1], [1, 3]]), Q(1, 5)),
    "steps-one-token": (Configuration([(2, 1)]), None),
    "steps-mean": (Configuration([(1, 1), (-1, 1), (0, 1)]), None),
    "steps-R2": (Configuration([(1, 1), (-1, 1), (0, Q(1, 2))]), None),
    "steps-R2-of-four": (Configuration([(1, 1, 0), (-1, 1, 0), (0, 1, -2), (0, Q(1, 2), Q(1, 4))]), None),
    "steps-tie-breaks": (Configuration([(4, 1), (0, 2), (Q(1, 8), Q(1, 2))]), None),
    "steps-weights": (
        Configuration([(-2, -1), (-2, 2), (-1, 0), (0, 2), (0, 3)], multiplicities=[2, 1, 1, 1, 2]),
        Q(1, 5),
    ),
}
SMALL = EMERGING
"""Token 1 changes whom it follows, after many layers where the step is small."""


def documents() -> dict[str, Document]:
    """The accepting examples of this format, by name."""
    made = {name: ask_all_steps(configuration, least).document() for name, (configuration, least) in ASKED.items()}
    for document in made.values():
        assert document["claims"][ALL] == "verified"
    open_piece = copy.deepcopy(made["steps-emerging"])
    open_piece["pieces"][1]["proof"] = None
    open_piece["claims"][ALL] = None
    made["steps-open"] = sealed(open_piece)
    weaker = copy.deepcopy(made["steps-line"])  # R2 for one leader alone says less than R1
    weaker["pieces"][0]["proof"]["rules"][2] = "R2"
    made["steps-R2-for-R1"] = sealed(weaker)
    small = small_steps(SMALL, Q(1, 128), Meter(1e7))
    assert small is not None
    at = ([-1, 128], Q(1, 128), Q(1, 128))
    zero = ([0, 1], Q(0), Q(0))
    made["steps-small"] = all_steps_certificate(
        SMALL, [(zero, at, Q(1, 256), small), (at, at, Q(1, 128), None), (at, None, Q(1), None)]
    )
    return made


WORD, POINT, SIMPLE = "steps-emerging", 2, "steps-line"
"""Piece 2 of the first is an irrational point; the second is one piece."""
HALF = {"polynomial": ["-1", "2"], "between": ["1/2"] * 2}
REFUSED: dict[str, tuple[str, Edit, str]] = {
    "steps-no-token": (SIMPLE, put([], "problem", "tokens"), "tokens: .*none"),
    "steps-no-coordinate": (SIMPLE, put([[]] * 3, "problem", "tokens"), "tokens: "),
    "steps-zero-token": (SIMPLE, put("0", "problem", "tokens", 2, 0), "tokens: .*not zero"),
    "steps-twins": (SIMPLE, put("1", "problem", "tokens", 2, 0), "tokens: .*distinct"),
    "steps-A-negative": (SIMPLE, put([["-1"]], "problem", "A"), "A: .*positive definite"),
    "steps-A-zero": (SIMPLE, put([["0"]], "problem", "A"), "A: .*positive definite"),
    "steps-A-not-symmetric": ("steps-form", put("1/2", "problem", "A", 0, 1), "A: .*positive definite"),
    "steps-A-indefinite": ("steps-form", put([["4", "3"], ["3", "2"]], "problem", "A"), "A: .*positive definite"),
    "steps-A-size": (SIMPLE, put([["1", "0"]], "problem", "A"), "A: .*rows"),
    "steps-weights-few": (SIMPLE, drop("problem", "multiplicities", 2), "multiplicities: "),
    "steps-weight-zero": (SIMPLE, put(0, "problem", "multiplicities", 1), "multiplicities: "),
    "steps-no-piece": (SIMPLE, put([], "pieces"), "pieces: .*one"),
    "steps-all-with-open": ("steps-open", put("verified", "claims", ALL), f"{ALL}: .*nothing"),
    "steps-no-claim": (SIMPLE, put(dict.fromkeys((PIECES, ALL)), "claims"), "claims: .*none"),
    "steps-piece-missing": (WORD, drop("pieces", 1), "piece 0: .*alternate"),
    "steps-point-missing": (WORD, drop("pieces", POINT), "piece 1: .*alternate"),
    "steps-point-twice": (WORD, lambda c: c["pieces"].insert(POINT, c["pieces"][POINT]), "piece 2: .*alternate"),
    "steps-swapped": (WORD, swap(1, 3, "pieces"), "piece 0: .*alternate"),
    "steps-last-missing": (WORD, drop("pieces", -1), "piece .*no upper end"),
    "steps-end-inside": (WORD, put(None, "pieces", 0, "to"), "piece 0: .*alternate"),
    "steps-upper-end": (SIMPLE, put({"polynomial": ["-9", "1"], "between": ["9", "9"]}, "pieces", 0, "to"), "no upper"),
    "steps-negative-start": (
        SIMPLE,
        put({"polynomial": ["1", "1"], "between": ["-1", "-1"]}, "pieces", 0, "from"),
        "0 <=",
    ),
    "steps-negative-point": (
        WORD,
        lambda c: (
            [
                put({"polynomial": ["1", "1"], "between": ["-1", "-1"]}, "pieces", k, where)(c)
                for k, where in ((0, "from"), (0, "to"), (1, "from"))
            ]
            and None
        ),
        "piece 0: .*point > 0",
    ),
    "steps-sample-below": (WORD, put("1/100", "pieces", 1, "sample"), "piece 1: .*sample < to"),
    "steps-sample-above": (WORD, put("100", "pieces", 1, "sample"), "piece 1: .*sample < to"),
    "steps-sample-at-start": (WORD, put("1/8", "pieces", 1, "sample"), "piece 1: .*sample < to"),
    "steps-sample-at-end": (
        "steps-rational-end",
        lambda c: put(c["pieces"][1]["to"]["between"][1], "pieces", 1, "sample")(c),
        "piece 1: .*sample < to",
    ),
    "steps-sample-not-near": (WORD, put("7", "pieces", POINT, "sample"), "piece 2: .*near"),
    "steps-layer-early": (SIMPLE, put(1, "pieces", 0, "proof", "itinerary", 0, "first"), "piece 0, phases"),
    "steps-phase-none": (
        SIMPLE,
        both(put(1, "pieces", 0, "proof", "itinerary", 0, "first"), put(1, "pieces", 0, "proof", "layer")),
        "piece 0, phases: .*layer 0",
    ),
    "steps-phases-swapped": ("steps-tie-breaks", swap(0, 1, "pieces", 0, "proof", "itinerary"), "phases: .*ascend"),
    "steps-phase-late": (
        SIMPLE,
        add({"first": 1, "sets": [[2, [1]]]}, "pieces", 0, "proof", "itinerary"),
        "phases: .*ascend",
    ),
    "steps-phase-same": (
        "steps-tie-breaks",
        lambda c: c["pieces"][0]["proof"]["itinerary"][1]["sets"].insert(0, [0, [0]]),
        "phases: .*no change",
    ),
    "steps-tie-kept": (
        "steps-tie-breaks",
        both(put(2, "pieces", 0, "proof", "itinerary", 1, "first"), put(2, "pieces", 0, "proof", "layer")),
        "layer 1, follow set of token 2",
    ),
    "steps-phase-early": (
        "steps-rational-end",
        put(1, "pieces", 2, "proof", "itinerary", 1, "first"),
        "piece 2, layer 1, follow set",
    ),
    "steps-no-phase": (SIMPLE, put([], "pieces", 0, "proof", "itinerary"), "piece 0, phases"),
    "steps-no-change": (SIMPLE, put([], "pieces", 0, "proof", "itinerary", 0, "sets"), "piece 0, phases: .*no set"),
    "steps-set-missing": (SIMPLE, drop("pieces", 0, "proof", "itinerary", 0, "sets", 2), "phases: .*fewer"),
    "steps-set-empty": (SIMPLE, put([], "pieces", 0, "proof", "itinerary", 0, "sets", 2, 1), "sets: .*empty"),
    "steps-set-wrong": (SIMPLE, put([1], "pieces", 0, "proof", "itinerary", 0, "sets", 2, 1), "follow set of token 2"),
    "steps-set-too-large": (SIMPLE, put([0, 1], "pieces", 0, "proof", "itinerary", 0, "sets", 2, 1), "set of token 2"),
    "steps-set-descends": (
        "steps-R3",
        swap(0, 1, "pieces", 0, "proof", "itinerary", 0, "sets", 2, 1),
        "sets: .*ascend",
    ),
    "steps-set-beyond": (SIMPLE, put([0, 3], "pieces", 0, "proof", "itinerary", 0, "sets", 2, 1), "sets: .*ascend"),
    "steps-token-beyond": (SIMPLE, put(3, "pieces", 0, "proof", "itinerary", 0, "sets", 2, 0), "sets: .*ascend"),
    "steps-tie-lost": (
        "steps-stationary",
        put([0], "pieces", 0, "proof", "itinerary", 0, "sets", 4, 1),
        "set of token 4",
    ),
    "steps-leader-missing": (SIMPLE, drop("pieces", 0, "proof", "leaders", 1), "leaders: .*they are"),
    "steps-leader-later": (SIMPLE, put(1, "pieces", 0, "proof", "leaders", 1, "layer"), "leaders: .*they are"),
    "steps-rule-missing": (SIMPLE, drop("pieces", 0, "proof", "rules", 2), "rules: .*needed"),
    "steps-rule-leader": (SIMPLE, put("leader", "pieces", 0, "proof", "rules", 2), "rules: .*leaders are"),
    "steps-leader-R1": (SIMPLE, put("R1", "pieces", 0, "proof", "rules", 0), "rules: .*leaders are"),
    "steps-rule-stationary": (SIMPLE, put("stationary", "pieces", 0, "proof", "rules", 2), "rules: .*at rest"),
    "steps-stationary-R2": ("steps-stationary", put("R2", "pieces", 0, "proof", "rules", 4), "rules"),
    "steps-R2-R1": ("steps-stationary", put("R1", "pieces", 0, "proof", "rules", 5), "rules: .*no single leader"),
    "steps-stationary-of-moving": (
        "steps-R3",
        put("stationary", "pieces", 1, "proof", "rules", 2),
        "rules: .*at rest",
    ),
    "steps-R2-mean-breaks": (
        "steps-R2",
        put([["4", "1"], ["0", "2"], ["1/8", "1/2"]], "problem", "tokens"),
        "rules, R2 of token 2: .*score for 1",
    ),
    "steps-R2-not-best": (
        "steps-R2-of-four",
        put("6/5", "problem", "tokens", 2, 1),
        "rules, R2 of token 3: .*score for 2",
    ),
    "steps-R3-R2": ("steps-R3", put("R2", "pieces", 1, "proof", "rules", 2), "rules: .*follows others"),
    "steps-R3-R1": ("steps-R3", put("R1", "pieces", 1, "proof", "rules", 2), "rules: .*follows others"),
    "steps-point-moved": (WORD, lambda c: _shift(c, POINT), "piece 1.* follow set|cell"),
    "steps-root-not-isolated": (WORD, lambda c: _everywhere(c, "between", ["0", "100"]), "from|to"),
    "steps-root-outside": (WORD, lambda c: _everywhere(c, "between", ["50", "60"]), "piece .*just one root"),
    "steps-root-backwards": (WORD, lambda c: _everywhere(c, "between", ["60", "50"]), "piece .*smaller"),
    "steps-root-negated": (
        WORD,
        lambda c: _everywhere(c, "polynomial", [str(-int(x)) for x in c["pieces"][POINT]["from"]["polynomial"]]),
        "piece .*positive",
    ),
    "steps-root-rational": (WORD, lambda c: _everywhere(c, "polynomial", ["1/2", "1"]), "piece .*whole numbers"),
    "steps-root-padded": (
        WORD,
        lambda c: _everywhere(c, "polynomial", [*c["pieces"][POINT]["from"]["polynomial"], "0"]),
        "piece .*whole numbers",
    ),
    "steps-root-constant": (WORD, lambda c: _everywhere(c, "polynomial", ["1"]), "piece .*whole numbers"),
    "steps-point-not-linear": (
        "steps-emerging",
        lambda c: (
            [put(["-1", "0", "64"], "pieces", k, e, "polynomial")(c) for k, e in ((0, "from"), (0, "to"), (1, "from"))]
            and None
        ),
        "piece 0, from: .*it is",
    ),
    "steps-lost-root": ("steps-emerging", lambda c: _joined(c, POINT), "cell: .*root inside"),
    "steps-closed-for-open": (
        WORD,
        lambda c: c["pieces"][POINT].update(proof=copy.deepcopy(c["pieces"][POINT - 1]["proof"])),
        "piece 2",
    ),
    "steps-open-for-closed": (
        WORD,
        lambda c: c["pieces"][POINT - 1].update(proof=copy.deepcopy(c["pieces"][POINT]["proof"])),
        "piece 1",
    ),
    "steps-proof-of-another": (
        WORD,
        lambda c: c["pieces"][1].update(proof=copy.deepcopy(c["pieces"][5]["proof"])),
        "piece 1",
    ),
    "steps-small-leader": ("steps-small", put([0, 1, 2], "pieces", 0, "proof", "leaders"), "leaders: .*they are"),
    "steps-small-fineness": ("steps-small", put(257, "pieces", 0, "proof", "fineness"), "small steps: .*parts"),
    "steps-small-coarse": ("steps-small", put(8, "pieces", 0, "proof", "fineness"), "small steps: "),
    "steps-small-rule": ("steps-small", put("R1", "pieces", 0, "proof", "rules", 1), "rules: "),
    "steps-small-set": ("steps-small", put([0], "pieces", 0, "proof", "itinerary", 0, "sets", 1, 1), "follow set"),
    "steps-small-R3": ("steps-small", put("R3", "pieces", 0, "proof", "rules", 1), "rules: "),
    "steps-small-large": ("steps-small", lambda c: _end_of_first(c, HALF, "1/2"), "small steps: .*a <= 1/4"),
    "steps-small-from": (
        "steps-small",
        put({"polynomial": ["-1", "1000"], "between": ["1/1000", "1/1000"]}, "pieces", 0, "from"),
        "piece 0: .*0 < alpha < a",
    ),
    "steps-small-unbounded": (
        "steps-small",
        both(put(None, "pieces", 0, "to"), drop("pieces", slice(1, None))),
        "piece 0: .*0 < alpha < a",
    ),
    "steps-small-irrational": (
        "steps-small",
        lambda c: _end_of_first(c, {"polynomial": ["-1", "0", "10000"], "between": ["1/128", "1/64"]}, "1/100"),
        "piece 0: .*0 < alpha < a",
    ),
    "steps-small-elsewhere": (
        "steps-small",
        lambda c: c["pieces"][2].update(proof=copy.deepcopy(c["pieces"][0]["proof"])),
        "piece 2: .*0 < alpha < a",
    ),
    "steps-frozen-early": (
        WORD,
        both(
            put(0, "pieces", 1, "proof", "layer"),
            drop("pieces", 1, "proof", "itinerary", slice(1, None)),
        ),
        "piece 1",
    ),
}


def _end_of_first(c: Document, end: Document, sample: str) -> None:
    """Another end of the first piece of three."""
    for k, name in ((0, "to"), (1, "from"), (1, "to"), (2, "from")):
        c["pieces"][k][name] = end
    c["pieces"][1]["sample"] = sample


def _everywhere(c: Document, key: str, value: object) -> None:
    """Change an irrational point, and both pieces beside it."""
    end = {**c["pieces"][POINT]["from"], key: value}
    for k, name in ((POINT - 1, "to"), (POINT, "from"), (POINT, "to"), (POINT + 1, "from")):
        c["pieces"][k][name] = end


def _shift(c: Document, k: int) -> None:
    """A point a little further up: a rational one, just above."""
    high = Q(c["pieces"][k]["from"]["between"][1]) + Q(1, 1000)
    end = {"polynomial": [str(-high.numerator), str(high.denominator)], "between": [str(high)] * 2}
    for j, name in ((k - 1, "to"), (k, "from"), (k, "to"), (k + 1, "from")):
        c["pieces"][j][name] = end
    c["pieces"][k]["sample"] = str(high)


def _joined(c: Document, k: int) -> None:
    """The interval before a point goes on to the end of the one after it: a root is lost."""
    c["pieces"][k - 1]["to"] = c["pieces"][k + 1]["to"]
    del c["pieces"][k : k + 2]
