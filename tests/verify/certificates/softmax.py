"""The conformance set of the format *softmax*: what the prover finds, small by choice, and what is no proof."""

from fractions import Fraction as Q

from hardmax.kernels.exact.configuration import Configuration
from hardmax.kernels.softmax.model import Softmax
from hardmax.verify.certificates.softmax import softmax_certificate
from hardmax.verify.provers.freeze.budget import Budget, Work
from hardmax.verify.provers.softmax.prover import decide

from .edits import Document, Edit, both, drop, put, sealed

IDENTITY = [[1, 0], [0, 1]]
FIGURE = [(1, Q(1, 3)), (Q(-1, 12), Q(1, 12)), (-1, -1), (0, Q(1, 4)), (Q(-3, 10), Q(-7, 10)), (Q(4, 5), Q(1, 10))]
NEAR = [(1, 0), (Q(9, 10), Q(1, 20)), (-1, 0)]

CONFIGURATIONS = {
    "softmax-one-token": Configuration([(1, Q(1, 3))], Softmax(IDENTITY, 1, 1)),
    "softmax-mean": Configuration([[1], [Q(-1, 3)], [Q(1, 7)]], Softmax([[1]], Q(1, 2), 0), multiplicities=[2, 1, 5]),
    "softmax-consensus": Configuration(FIGURE, Softmax(IDENTITY, Q(1, 2), 2)),
    "softmax-not-symmetric": Configuration(NEAR, Softmax([[1, 2], [-1, Q(1, 3)]], 2, 1), multiplicities=[1, 2, 3]),
    "softmax-twins": Configuration([[1], [1], [-1]], Softmax([[1]], 1, 1)),
    "softmax-falling-beta": Configuration(NEAR, Softmax(IDENTITY, 1, 4, Q(1, 2))),
    "softmax-one-cluster-grows": Configuration([[1], [Q(11, 10)]], Softmax([[1]], 1, Q(1, 4), Q(3, 2))),
    "softmax-no-scores": Configuration([[1], [-1], [Q(1, 2)]], Softmax([[1]], Q(1, 2), 0, Q(9, 4))),
    "softmax-flat-pair": Configuration([(1, 1), (1, -1)], Softmax([[1, 0], [0, 0]], Q(1, 2), 1, Q(9, 4))),
    "softmax-metastable": Configuration(NEAR, Softmax(IDENTITY, Q(1, 2), 12), multiplicities=[1, 1, 2]),
    "softmax-growing": Configuration(FIGURE, Softmax(IDENTITY, Q(1, 2), 1, Q(9, 4))),
    "softmax-growing-weights": Configuration(NEAR, Softmax([[1, 1], [-1, 2]], 1, 2, Q(5, 2)), multiplicities=[1, 3, 2]),
    "softmax-growing-one-leader": Configuration([[1], [2], [3]], Softmax([[1]], Q(1, 2), 1, Q(9, 4))),
    "softmax-growing-all-lead": Configuration([[1], [-1]], Softmax([[1]], 1, 1, 4)),
}
"""Of each the certificate of what the prover finds."""


def documents() -> dict[str, Document]:
    """The accepting examples of this format, by name."""
    made: dict[str, Document] = {}
    for name, c in CONFIGURATIONS.items():
        outcome = decide(c, Work(Budget()))
        made[name] = softmax_certificate(outcome)  # pyright: ignore[reportArgumentType] all are decided
    # Long runs are cut: a limit is enclosed by the hull of an early layer as well, if its radius says so.
    made["softmax-wide"] = sealed(_wide(made["softmax-consensus"]))
    made["softmax-metastable"] = sealed(_wide(made["softmax-metastable"]))
    # What a file does not claim, it need not show, and what it shows, it need not claim.
    quiet = {**made["softmax-growing"], "claims": {**made["softmax-growing"]["claims"], "glpr.rows": None}}
    made["softmax-quiet"] = sealed(quiet)
    made["softmax-shadow-alone"] = sealed(
        {
            **made["softmax-metastable"],
            "claims": dict.fromkeys(quiet["claims"]) | {"softmax.shadow": "verified"},
            "consensus": None,
            "metastable": None,
        }
    )
    # The first layer after a half of the diameter, and a β at which no layer but layer 0 can be enclosed.
    soon = sealed({**made["softmax-one-token"], "problem": {**_line(["1", "-1/3", "1/7"]), "alpha": "3", "beta": "0"}})
    one = {"layer": 3, "limit": ["0"], "radius": "2", "halvings": 1, "enough": None, "needed": 1}
    claims = made["softmax-twins"]["claims"] | {"softmax.metastable": None}
    quiet = {"claims": claims | {"softmax.shadow": None}, "shadow": None}
    made["softmax-needed-once"] = sealed({**soon, **quiet, "consensus": one})
    hot = {**soon, "problem": {**_line(["1", "-1"]), "beta": str(10**40)}, "claims": claims, "bits": 64}
    near = {"epsilon": "1", "stays": 0, "left": None}
    made["softmax-hot"] = sealed({**hot, "consensus": {**one, "layer": 0, "needed": None}, "shadow": near})
    return made


def _line(tokens: list[str]) -> Document:
    """A problem of d = 1."""
    rows = [[x] for x in tokens]
    return {"tokens": rows, "A": [["1"]], "alpha": "1", "multiplicities": [1] * len(rows), "beta": "1", "growth": "1"}


def _wide(document: Document) -> Document:
    """The consensus at layer 0, with the whole hull as enclosure and nothing counted."""
    wide = {"layer": 0, "limit": ["0", "0"], "radius": "11/10", "enough": None, "needed": None}
    return {**document, "consensus": {**document["consensus"], **wide}}


def _left_at_once(document: Document) -> None:
    """It leaves at the layer up to which it stays."""
    document["shadow"]["left"] = document["shadow"]["stays"]


LIMITS, ROWS = "glpr.limits", "glpr.rows"
ONE, MANY, LONG = "softmax-consensus", "softmax-growing", "softmax-metastable"
REFUSED: dict[str, tuple[str, Edit, str]] = {
    "softmax-no-token": (ONE, put([], "problem", "tokens"), "tokens: "),
    "softmax-ragged": (ONE, drop("problem", "tokens", 0, 1), "tokens: "),
    "softmax-A-other-size": (ONE, put([["1"]], "problem", "A"), "A: "),
    "softmax-multiplicity-zero": (ONE, put(0, "problem", "multiplicities", 0), "multiplicities: "),
    "softmax-alpha-zero": (ONE, put("0", "problem", "alpha"), "step: "),
    "softmax-beta-negative": (ONE, put("-1", "problem", "beta"), "problem: "),
    "softmax-growth-zero": (ONE, put("0", "problem", "growth"), "problem: "),
    "softmax-few-bits": (ONE, put(63, "bits"), "bits: "),
    "softmax-bits-for-weights": (
        ONE,
        both(
            put(64, "bits"),
            put(10**14, "problem", "multiplicities", 0),
            put(10**14 * 9, "problem", "multiplicities", 1),
        ),
        ".",
    ),
    "softmax-bits-run-out": (
        "softmax-growing-weights",
        both(put(64, "bits"), put(18, "growing", "layer")),
        "bits: .*too few",
    ),
    "softmax-no-claim": (
        ONE,
        put(
            dict.fromkeys(("softmax.consensus", "softmax.metastable", "softmax.shadow", LIMITS, ROWS, "glpr.vertices")),
            "claims",
        ),
        "claims: .*none",
    ),
    "softmax-nothing-shown": (
        ONE,
        both(put(None, "consensus"), put(None, "shadow"), put(None, "metastable")),
        "consensus: .*nothing",
    ),
    "softmax-consensus-refuted": (ONE, put("refuted", "claims", "softmax.consensus"), "consensus: .*verified"),
    "softmax-rows-of-consensus": (ONE, put("verified", "claims", ROWS), f"{ROWS}: .*refuted"),
    "softmax-rows-of-one-token": ("softmax-one-token", put("refuted", "claims", ROWS), f"{ROWS}: .*nothing"),
    "softmax-vertices-of-consensus": (ONE, put("verified", "claims", "glpr.vertices"), "vertices: .*nothing"),
    "softmax-limit-elsewhere": (ONE, put("0", "consensus", "limit", 0), "consensus, radius: "),
    "softmax-limit-other-size": (ONE, put(["0"], "consensus", "limit"), "consensus, limit: "),
    "softmax-radius-small": (ONE, put("1/1152921504606846976", "consensus", "radius"), "consensus, radius: "),
    "softmax-layer-early": (ONE, put(5, "consensus", "layer"), "consensus, radius: "),
    "softmax-enough-less": (ONE, put("20", "consensus", "enough"), "consensus, enough: .*is proved"),
    "softmax-enough-growing": (
        "softmax-one-cluster-grows",
        put("1000", "consensus", "enough"),
        "consensus, enough: .*grows",
    ),
    "softmax-needed-less": (ONE, put(3, "consensus", "needed"), "consensus, needed: .*further apart"),
    "softmax-needed-more": (ONE, put(38, "consensus", "needed"), "consensus, needed: .*fewer"),
    "softmax-halvings-more": (
        ONE,
        both(put(20, "consensus", "halvings"), put(None, "consensus", "enough")),
        "consensus, needed: ",
    ),
    "softmax-beta-other": (ONE, put("3", "problem", "beta"), "consensus, "),
    "softmax-A-other": (ONE, put("2", "problem", "A", 0, 0), "consensus, "),
    "softmax-multiplicity-other": (ONE, put(2, "problem", "multiplicities", 1), "consensus, "),
    "softmax-alpha-other": (ONE, put("2/3", "problem", "alpha"), "consensus, "),
    "softmax-hardly-flat": ("softmax-flat-pair", put("1/1000", "problem", "A", 1, 1), "consensus: .*more than 1"),
    "softmax-grows-too-fast": ("softmax-one-cluster-grows", put("2", "problem", "growth"), "consensus: .*more than 1"),
    "softmax-grows-far-apart": ("softmax-one-cluster-grows", put("40", "problem", "beta"), "consensus: .*more than 1"),
    "softmax-metastable-growing": (
        MANY,
        put({"layer": 0, "clusters": [0, 0, 2, 0, 2, 0], "delta": "1/10", "layers": "1"}, "metastable"),
        "metastable: .*constant",
    ),
    "softmax-one-cluster": (LONG, put([0, 0, 0], "metastable", "clusters"), "clusters: "),
    "softmax-clusters-misnamed": (LONG, put([0, 0, 1], "metastable", "clusters"), "clusters: "),
    "softmax-clusters-forward": (LONG, put([1, 1, 2], "metastable", "clusters"), "clusters: "),
    "softmax-cluster-missing": (LONG, put([0, 1], "metastable", "clusters"), "clusters: "),
    "softmax-other-clusters": (LONG, put([0, 1, 0], "metastable", "clusters"), "metastable, delta: "),
    "softmax-delta-zero": (LONG, put("0", "metastable", "delta"), "metastable: .*delta"),
    "softmax-delta-large": (LONG, put("1", "metastable", "delta"), "metastable, delta: "),
    "softmax-no-layers": (LONG, put("0", "metastable", "layers"), "metastable: .*whole"),
    "softmax-half-a-layer": (LONG, put("3/2", "metastable", "layers"), "metastable: .*whole"),
    "softmax-layers-more": (LONG, put("1000000000", "metastable", "layers"), "metastable, layers: "),
    "softmax-stays-longer": (LONG, put(9, "shadow", "stays"), "shadow"),
    "softmax-left-before": (LONG, put(0, "shadow", "left"), "shadow: "),
    "softmax-left-at-once": (LONG, _left_at_once, "^shadow: "),
    "softmax-epsilon-small": (LONG, put("1/1000000000000", "shadow", "epsilon"), "shadow, stays: "),
    "softmax-epsilon-large": (LONG, put("3", "shadow", "epsilon"), "shadow, left: "),
    "softmax-slow-growth": (MANY, put("3/2", "problem", "growth"), "growing: .*exceed|shadow"),
    "softmax-growing-beta-zero": (
        MANY,
        both(put("0", "problem", "beta"), put(None, "shadow"), put(None, "claims", "softmax.shadow")),
        "growing: .*beta 0",
    ),
    "softmax-leaders-follow": (MANY, put([2, 2, 0, 0, 2, 0], "growing", "follows"), "growing, follows: "),
    "softmax-follows-beyond": (MANY, put(6, "growing", "follows", 1), "growing, follows: "),
    "softmax-follows-missing": (MANY, drop("growing", "follows", 5), "growing, follows: "),
    "softmax-follows-another": (MANY, put(2, "growing", "follows", 3), "growing, eta: .*[xy] is"),
    "softmax-more-leaders": (MANY, put(1, "growing", "follows", 1), "growing, eta: "),
    "softmax-eta-zero": (MANY, put("0", "growing", "eta"), "growing, eta: .*S"),
    "softmax-eta-large": (MANY, put("1", "growing", "eta"), "growing, eta: .*[xy] is"),
    "softmax-eta-negative": (MANY, put("-1/1000000", "growing", "eta"), "growing, eta: .*>= 0"),
    "softmax-eta-gains": (  # a negative η makes gaps larger than they are: token 1 does not lead here
        "softmax-growing-one-leader",
        both(
            put(
                {
                    "tokens": [["1"], ["9/10"]],
                    "A": [["1"]],
                    "alpha": "1",
                    "multiplicities": [1, 1],
                    "beta": "1",
                    "growth": "4",
                },
                "problem",
            ),
            put(None, "shadow"),
            put(None, "claims", "softmax.shadow"),
            put({"layer": 0, "follows": [1, 1], "eta": "-3/10", "limits": [["9/10"]], "radius": "0"}, "growing"),
        ),
        "growing, eta: .*>= 0",
    ),
    "softmax-too-early": (MANY, put(2, "growing", "layer"), "growing, eta: "),
    "softmax-limits-elsewhere": (MANY, put("1", "growing", "limits", 0, 0), "growing, radius: "),
    "softmax-limits-missing": (MANY, drop("growing", "limits", 1), "growing, limits: "),
    "softmax-growing-radius": (MANY, put("0", "growing", "radius"), "growing, radius: "),
    "softmax-eta-without-pairs": (
        "softmax-one-token",
        put({"layer": 0, "follows": [0], "eta": "-1", "limits": [["1", "1/3"]], "radius": "1"}, "growing"),
        "growing: ",
    ),
    "softmax-tied-leaders": (
        "softmax-twins",
        both(
            put("4", "problem", "growth"),
            put(None, "consensus"),
            put(
                {"layer": 3, "follows": [0, 0, 2], "eta": "1/1000", "limits": [["1"], ["-1"]], "radius": "1"}, "growing"
            ),
        ),
        "growing, eta: |shadow",
    ),
}
