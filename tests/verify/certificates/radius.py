"""The conformance set of the format *radius*: how far inputs may move, and what is said too much."""

from fractions import Fraction as Q

from hardmax.kernels.exact.configuration import Configuration
from hardmax.verify.certificates.radius import radius_certificate
from hardmax.verify.provers.regions.radius_answer import ask_radius

from .edits import Document, Edit, add, both, drop, put

ITINERARY, LEADERS = "radius.itinerary", "radius.leaders"
EMERGING = [(1, Q(1, 3)), (Q(-1, 12), Q(1, 12)), (-1, -1), (0, Q(1, 4)), (Q(4, 5), Q(1, 10))]
SQUARE = [(1, 1), (-1, 1), (-1, -1), (1, -1)]
ASKED = {
    "radius-line": Configuration([[1], [-1], [Q(1, 2)]]),
    "radius-late": Configuration(EMERGING, None, Q(1, 2)),
    "radius-slow": Configuration(EMERGING, None, Q(1, 5)),
    "radius-square": Configuration([*SQUARE, (Q(1, 2), Q(1, 4)), (Q(-1, 8), Q(1, 3))]),
    "radius-tie": Configuration([*SQUARE, (Q(1, 2), 0)]),
    "radius-form": Configuration([(1, 0), (0, 1), (-1, -1), (Q(1, 3), Q(1, 4))], [[2, 1], [1, 3]], Q(3, 2)),
    "radius-long-tokens": Configuration([[9], [-100]]),
    "radius-weights": Configuration([(3, 1), (-2, 2), (-1, -3), (1, 1)], multiplicities=[2, 1, 1, 3]),
}


NEAR = -4 - Q(1, 2**61) - Q(1, 2**64)
"""With this token and 2, one inequality is an equation for a radius of 1, as lengths are rounded."""
EXACT: dict[str, tuple[Configuration, dict[str, Q]]] = {
    "radius-exact": (
        Configuration([[2], [NEAR]]),
        {"tokens": Q(1), "relative": Q(1, 5), "A": Q(1), "leaders": Q(0)},
    ),
    "radius-exact-hull": (
        Configuration([*SQUARE, (0, Q(1, 2))]),
        {"tokens": Q(0), "relative": Q(0), "A": Q(0), "leaders": Q(1, 4)},
    ),
    "radius-three-leaders": (
        Configuration([(3, 1), (-2, 2), (-1, -3)]),
        {"tokens": Q(1, 2), "relative": Q(1, 9), "A": Q(1, 9), "leaders": Q(1, 2)},
    ),
}


def documents() -> dict[str, Document]:
    """The accepting examples of this format, by name."""
    made = {}
    for name, configuration in ASKED.items():
        document = ask_radius(configuration).document()
        assert document is not None, name
        made[name] = document
    for name, (configuration, radii) in EXACT.items():
        follows = [[*range(configuration.n)]] if radii["tokens"] else []
        made[name] = radius_certificate(configuration, follows, radii)
    return made


WORD, SQUARED = "radius-late", "radius-square"


def _times(factor: Q, key: str) -> Edit:
    def edit(c: Document) -> None:
        c["radius"][key] = str(Q(c["radius"][key]) * factor)

    return edit


MORE = Q(1001, 1000)
REFUSED: dict[str, tuple[str, Edit, str]] = {
    "radius-tokens-more": (WORD, _times(MORE, "tokens"), "radius of tokens, layer 1"),
    "radius-relative-more": (WORD, _times(MORE, "relative"), "radius of tokens"),
    "radius-A-more": (WORD, _times(MORE, "A"), "radius of A"),
    "radius-leaders-more": (SQUARED, _times(MORE, "leaders"), "radius of (leaders|tokens)"),
    "radius-line-more": ("radius-line", _times(MORE, "tokens"), "radius of tokens"),
    "radius-form-more": ("radius-form", _times(MORE, "tokens"), "radius of tokens"),
    "radius-form-A-more": ("radius-form", _times(MORE, "A"), "radius"),
    "radius-A-beyond": ("radius-long-tokens", put("2", "radius", "A"), "radius, A: .*eigenvalue"),
    "radius-weights-more": ("radius-weights", _times(MORE, "relative"), "radius of tokens"),
    "radius-negative": (WORD, put("-1", "radius", "leaders"), "A, radius: "),
    "radius-A-not-symmetric": ("radius-form", put("2", "problem", "A", 0, 1), "A, radius: .*symmetric"),
    "radius-tie-claimed": ("radius-tie", put("verified", "claims", ITINERARY), "itinerary: .*captured"),
    "radius-tie-followed": (
        "radius-tie",
        both(put("verified", "claims", ITINERARY), put([[0, 1, 2, 3, 0]], "follows")),
        "follow set of token 4",
    ),
    "radius-layer-forgotten": (WORD, drop("follows", 1), "itinerary: .*captured"),
    "radius-layer-wrong": (WORD, put(2, "follows", 1, 3), "follow set of token 3"),
    "radius-token-missing": (WORD, drop("follows", 0, 3), "follows, layer 0: .*needed"),
    "radius-token-beyond": (WORD, put(9, "follows", 0, 3), "follows, layer 0: .*needed"),
    "radius-captured-token-moves": (WORD, add([0, 1, 2, 2, 0], "follows"), "follow set of token 3"),
    "radius-leaders-line": (
        "radius-line",
        both(put("verified", "claims", LEADERS), put("1/1000", "radius", "leaders")),
        "radius of leaders: .*three in a plane",
    ),
    "radius-leaders-outside": (
        SQUARED,
        both(put("7/8", "problem", "tokens", 4, 1), put("1/8", "radius", "leaders"), put(None, "claims", ITINERARY)),
        "radius of leaders, token 4",
    ),
    "radius-token-next": (WORD, put(5, "follows", 0, 3), "follows, layer 0: .*needed"),
    "radius-exact-more": ("radius-exact", put(str(1 + Q(1, 2**70)), "radius", "tokens"), "radius of tokens"),
    "radius-exact-hull-more": (
        "radius-exact-hull",
        put(str(Q(1, 4) + Q(1, 2**70)), "radius", "leaders"),
        "radius of leaders, token 4",
    ),
    "radius-leaders-of-two": (
        "radius-three-leaders",
        both(drop("problem", "tokens", 2), drop("problem", "multiplicities", 2), put(None, "claims", ITINERARY)),
        "radius of leaders: .*three in a plane",
    ),
    "radius-leaders-in-space": (
        "radius-three-leaders",
        both(
            *[add("0", "problem", "tokens", i) for i in range(3)],
            put([["1", "0", "0"], ["0", "1", "0"], ["0", "0", "1"]], "problem", "A"),
            put(None, "claims", ITINERARY),
        ),
        "radius of leaders: .*three in a plane",
    ),
    "radius-leaders-alone-more": (
        "radius-three-leaders",
        both(put("5", "radius", "leaders"), put(None, "claims", ITINERARY)),
        "radius of tokens, leader",
    ),
    "radius-leader-ties": (
        "radius-exact-hull",
        both(put("1", "problem", "tokens", 4, 1), put("1/100", "radius", "leaders")),
        "radius of leaders, token 4",
    ),
    "radius-far-outside": (
        "radius-exact-hull",
        both(
            put([["10", "0"], ["-10", "10"], ["-10", "-10"], ["0", "6"]], "problem", "tokens"),
            drop("problem", "multiplicities", 4),
        ),
        "radius of leaders, token 3",
    ),
    "radius-no-claim": (WORD, put(dict.fromkeys((ITINERARY, LEADERS)), "claims"), "claims: .*none"),
    "radius-alpha": (WORD, put("0", "problem", "alpha"), "step: .*positive"),
    "radius-faster": (WORD, put("5", "problem", "alpha"), "follow set|radius"),
}
