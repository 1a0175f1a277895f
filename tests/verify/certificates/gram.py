"""The conformance set of the format *Gram*: matrices of every rule, and what is no proof."""

from fractions import Fraction as Q

from hardmax.kernels.exact.configuration import Configuration
from hardmax.kernels.exact.step import HarmonicStep
from hardmax.verify.certificates.writer import CLAIMS
from hardmax.verify.claims.case import Case
from hardmax.verify.claims.certified import certificate_of

from .edits import Document, Edit, add, both, drop, put, sealed

CONVERGENCE, VERTICES, BOUNDARY, CLUSTER_POINTS = CLAIMS


def gram_of(tokens, **options) -> Configuration:
    """The configuration of the inner products of tokens in space."""
    rows = [[Q(x) for x in z] for z in tokens]
    return Configuration.from_gram(
        [[sum((a * b for a, b in zip(x, y, strict=True)), Q(0)) for y in rows] for x in rows], **options
    )


SQUARE = [(1, 1), (-1, 1), (-1, -1), (1, -1)]
PLANE = [(1, Q(1, 3)), (Q(-1, 12), Q(1, 12)), (-1, -1), (0, Q(1, 4)), (Q(-3, 10), Q(-7, 10)), (Q(4, 5), Q(1, 10))]
CONFIGURATIONS = {
    "gram-R1": gram_of([[1], [-1], [Q(1, 2)]]),
    "gram-emerging": gram_of(PLANE, alpha="1/2"),
    "gram-R2": gram_of([*SQUARE, (0, Q(1, 2)), (Q(1, 2), Q(1, 4))], alpha="1/2"),
    "gram-R3": gram_of([(1, -3), (1, -2), (1, 0), (1, 2), (1, 3)], alpha="1/2"),
    "gram-weights": gram_of([(-2, -1), (-2, 2), (-1, 0), (0, 2), (0, 3)], multiplicities=[2, 1, 1, 1, 2]),
    "gram-independent": Configuration.from_gram([[3, 1, 1], [1, 2, 0], [1, 0, "5/2"]], "1/3"),
    "gram-twins": gram_of([[1], [1], [-1], [-1], [Q(1, 2)]]),
    "gram-one-twin": gram_of([[1], [-1], [-1]]),
    "gram-zero": gram_of([(1, 0), (0, 1), (0, 0)]),
    "gram-nothing": Configuration.from_gram([[0]]),
    "gram-one": Configuration.from_gram([[1]]),
    "gram-scores": gram_of([(0, -2), (1, 0), (-1, -2), (1, -1)], alpha="1/2", multiplicities=[1, 3, 1, 1]),
    "gram-digits": gram_of([[11], [-11]]),  # what its factor gives fills the digits of the checker
    "gram-large": gram_of([[10**9], [-(10**9)]]),
    "gram-scores-columns": gram_of(  # who follows two is scored by others
        [(1, -2), (2, 0), (-1, 1), (1, 2), (0, 2)], alpha="1/2", multiplicities=[2, 2, 2, 2, 1]
    ),
    "gram-origin": gram_of([[1], [-1], [0]]),
    "gram-scores-tie": gram_of([[0], [-3], [-2], [3]], multiplicities=[3, 1, 3, 3]),
    "gram-scores-harmonic": gram_of(
        [(0, -2), (1, 0), (-1, -2), (1, -1)], step=HarmonicStep(1, 2), multiplicities=[1, 3, 1, 1]
    ),
    "gram-harmonic": gram_of([*SQUARE, (Q(1, 2), Q(1, 4))], step=HarmonicStep(1, 3)),
}


def documents() -> dict[str, Document]:
    """The accepting examples of this format, by name."""
    made: dict[str, Document] = {}
    for name, configuration in CONFIGURATIONS.items():
        document = certificate_of(Case(configuration))
        assert document is not None, name
        made[name] = document
    # What LDLᵀ leaves may be more than nothing: a factor of fewer columns, of a matrix that dominates what it misses.
    loose = {**made["gram-independent"], "factor": {"weights": ["1"], "rows": [["1"], [], []]}}
    made["gram-dominant"] = sealed(loose)
    diagonal = {**made["gram-independent"], "factor": {"weights": [], "rows": [[], [], []]}}
    made["gram-no-factor"] = sealed(diagonal)
    one = {**made["gram-R1"], "claims": {**dict.fromkeys(CLAIMS), VERTICES: "verified"}}
    made["gram-one-claim"] = sealed(one)
    return made


def tie_descends(c: Document) -> None:
    """The first cluster point that is no token names its tokens in descending order."""
    next(point for point in c["cluster_points"] if len(point) > 1).reverse()


def points_descend(c: Document) -> None:
    """The cluster points the other way round, and everything that numbers them with them."""
    c["cluster_points"].reverse()
    c["proof"]["weights"].reverse()
    c["proof"]["limits"] = [1 - p for p in c["proof"]["limits"]]


def change_of_mind(c: Document) -> None:
    """A token that follows a leader alone follows another one later."""
    c["itinerary"].append({"first": 5, "layers": 1, "sets": [[3, [1]]], "jumps": []})
    c["proof"] |= {"freeze_layer": 5, "layer": 5, "limits": [0, 1, 0, 1]}


def too_late(c: Document) -> None:
    """A token follows for a layer more than it does."""
    c["itinerary"][1]["layers"] = 4
    c["itinerary"][2]["first"] = 5
    c["proof"] |= {"freeze_layer": 5, "layer": 5}


def too_early(c: Document) -> None:
    """A token still follows another that is none of the leaders."""
    c["itinerary"].pop()
    c["proof"] |= {"freeze_layer": 1, "layer": 3}


def whole_step(c: Document) -> None:
    """λ_0 = 1: what follows a leader is at its place from layer 1 on, and one of its set."""
    c["problem"]["step"] = {"rule": "harmonic", "numerator": 2, "offset": 2}
    c["itinerary"][0]["layers"] = 2
    c["proof"] |= {"layer": 1}


WORD, SCORES = "gram-R1", "gram-scores"
REFUSED: dict[str, tuple[str, Edit, str]] = {
    "gram-no-row": (WORD, put([], "problem", "gram"), "gram: .*one token"),
    "gram-ragged": (WORD, drop("problem", "gram", 1, 0), "gram: .*rows of 3"),
    "gram-not-square": (WORD, drop("problem", "gram", 2), "gram: "),
    "gram-not-symmetric": (WORD, put("0", "problem", "gram", 0, 1), "gram: .*symmetric"),
    "gram-float": (WORD, put(1, "problem", "gram", 0, 0), "gram: .*string"),
    "gram-multiplicity": (WORD, put([1, 1], "problem", "multiplicities"), "multiplicities: "),
    "gram-step": (WORD, put("0", "problem", "step", "alpha"), "step: "),
    "gram-follow": (WORD, put("smallest", "problem", "follow"), "problem: .*keys"),
    "gram-factor-missing": (WORD, drop("factor"), "certificate: .*keys"),
    "gram-factor-rows": (WORD, drop("factor", "rows", 2), "factor: "),
    "gram-factor-long": (WORD, add("0", "factor", "rows", 0), "factor: "),
    "gram-factor-negative": (
        "gram-independent",
        both(put(["-1"], "factor", "weights"), put([["1/10"], [], []], "factor", "rows")),
        "factor: .*above 0",
    ),
    "gram-factor-zero": ("gram-dominant", put("0", "factor", "weights", 0), "factor: .*above 0"),
    "gram-factor-too-much": ("gram-dominant", put(["10"], "factor", "rows", 2), "factor: .*dominant"),
    "gram-factor-too-little": (WORD, put([], "factor", "rows", 2), "factor: .*dominant"),
    "gram-factor-of-another": (WORD, put("-1", "factor", "rows", 2, 0), "factor: .*dominant"),
    "gram-factor-hardly": ("gram-dominant", put("1001/1000", "factor", "weights", 0), "factor: .*dominant"),
    "gram-indefinite": (
        WORD,
        both(put("-2", "problem", "gram", 0, 1), put("-2", "problem", "gram", 1, 0)),
        "factor: .*dominant",
    ),
    "gram-leaders": (WORD, drop("leaders", 1), "leaders: "),
    "gram-leader-later": ("gram-emerging", put(0, "leaders", 1, "layer"), "leaders: "),
    "gram-sets": (WORD, put([1], "itinerary", 0, "sets", 2, 1), "itinerary, layer 0, follow set of token 2"),
    "gram-rule": (WORD, put("stationary", "proof", "rules", 2), "rules: "),
    "gram-kind": (WORD, put("frozen", "proof", "kind"), "proof: .*keys"),
    "gram-limit": (WORD, put([0, 1, 0], "proof", "limits"), "limits: "),
    "gram-weights-other": (WORD, put([[2, "1"]], "proof", "weights", 0), "weights of cluster point 0: "),
    "gram-weights-sum": (WORD, put([[1, "2"]], "proof", "weights", 0), "weights of cluster point 0: "),
    "gram-points-descend": (WORD, points_descend, "cluster points: .*ascend"),
    "gram-point-zero": (WORD, add([1, "0"], "cluster_points", 1), "cluster points: .*0"),
    "gram-point-beyond": (WORD, put([[3, "1"]], "cluster_points", 1), "cluster points, tokens: "),
    "gram-point-order": ("gram-R2", tie_descends, "cluster points, tokens: .*ascend"),
    "gram-point-other": (WORD, put("2", "cluster_points", 1, 0, 1), "limits: "),
    "gram-scores-no-phase": (SCORES, put([], "itinerary"), "itinerary: .*no phase"),
    "gram-scores-gap": (SCORES, put(2, "itinerary", 1, "first"), "itinerary: .*layer 1 comes next"),
    "gram-scores-set": (SCORES, put([1], "itinerary", 1, "sets", 2, 1), "itinerary, layer 1, follow set of token 3"),
    "gram-scores-change-of-mind": (SCORES, change_of_mind, "itinerary, layer 5, follow set of token 3: .*for ever"),
    "gram-scores-too-late": (SCORES, too_late, "itinerary, layer 4, follow set of token 3"),
    "gram-scores-too-early": (SCORES, too_early, "rules: .*no leader alone"),
    "gram-scores-jumps": (SCORES, put([0], "itinerary", 1, "jumps"), "itinerary: .*is the end"),
    "gram-scores-layer": (SCORES, put(5, "proof", "layer"), "layers: "),
    "gram-scores-rule": (SCORES, put("leader", "proof", "rules", 0), "rules: "),
    "gram-origin-points": ("gram-origin", put("verified", "claims", CLUSTER_POINTS), f"{CLUSTER_POINTS}: .*nothing"),
    "gram-scores-point": (SCORES, put("1/6", "cluster_points", 1, 1, 1), "limits: "),
    "gram-scores-whole-step": (WORD, whole_step, "itinerary, layer 1, follow set of token "),
    "gram-claims-none": (WORD, put(dict.fromkeys(CLAIMS), "claims"), "claims: .*none"),
    "gram-convergence": (WORD, put("refuted", "claims", CONVERGENCE), f"{CONVERGENCE}: .*verified"),
    "gram-boundary-of-nothing": ("gram-nothing", put("verified", "claims", BOUNDARY), f"{BOUNDARY}: .*nothing"),
    "gram-boundary-refuted": ("gram-nothing", put("refuted", "claims", BOUNDARY), f"{BOUNDARY}: .*nothing"),
    "gram-points-refuted": ("gram-nothing", put("refuted", "claims", CLUSTER_POINTS), f"{CLUSTER_POINTS}: .*nothing"),
    "gram-boundary-of-twins": ("gram-one-twin", put("verified", "claims", CLUSTER_POINTS), f"{CLUSTER_POINTS}: "),
    "gram-vertices-of-twins": ("gram-twins", put("verified", "claims", VERTICES), f"{VERTICES}: .*refuted"),
}
