"""The conformance set of the format *no A*: questions whose certificates are accepted, and what is no proof."""

from fractions import Fraction as Q

from hardmax.kernels.exact.configuration import Configuration
from hardmax.verify.certificates.no_a import no_a_certificate
from hardmax.verify.provers.control.answers import ask

from .edits import Document, Edit, add, both, drop, put, swap

LAYER_0, FOR_EVER = "control.layer_0", "control.for_ever"
FOUR = Configuration([(1, 0), (0, 1), (Q(6, 5), -1), (Q(1, 10), Q(21, 20))])
SINGULAR = Configuration([(1, 0), (0, 1), (Q(6, 5), Q(1, 5)), (Q(1, 5), Q(6, 5))])
LINE = Configuration([[1], [2], [-3]])
MIRROR = Configuration([(2, 1), (-2, -1), (1, -1), (-1, 1)])
SURROUNDED = Configuration([(1, 0), (-1, 1), (-1, -1)])
ZERO = Configuration([(1, 0), (0, 1), (0, 0)])
MAPS = Configuration([(-4, 0), (-3, -2), (2, 2), (3, -2), (3, 2)])
"""Tokens 0 and 1 can lead together, but whomever of them tokens 2 and 3 follow, some inequalities fail."""
EVERY_MAP = (
    ({(0, 2): 0, (0, 3): 1}, [((0, 1, 3), Q(1, 48)), ((0, 2, 2), Q(1, 32)), ((0, 3, 3), Q(1, 48))]),
    ({(0, 2): 1, (0, 3): 1}, [((0, 2, 0), Q(1, 8)), ((0, 3, 3), Q(1, 24))]),
    ({(0, 2): 1, (0, 3): 0}, [((0, 2, 0), Q(1, 8)), ((0, 3, 3), Q(1, 32))]),
    ({(0, 2): 0, (0, 3): 0}, [((0, 2, 4), Q(1, 32)), ((0, 3, 1), Q(1, 16))]),
)
CROSS = ((Q(0), Q(-1, 2)), (Q(-1, 2), Q(0)))
EVERY_BRANCH = (
    (
        {(0, 3): 0},
        [((0, 0, 1), Q(1, 32)), ((0, 3, 1), Q(1, 16))],
        [((0, 4), CROSS, [[((0, 4, 2), Q(1, 64))], [((0, 4, 4), Q(1, 64))]])],
    ),
    (
        {(0, 3): 1},
        [((0, 1, 3), Q(1, 48)), ((0, 3, 3), Q(1, 48))],
        [((0, 2), CROSS, [[((0, 2, 2), Q(1, 32))], [((0, 2, 4), Q(1, 64))]])],
    ),
)
"""Token 3 follows one or the other, and then token 4 or token 2 whomever."""


def labelled(c: Configuration) -> Configuration:
    """The first two tokens have the label x."""
    return Configuration(c.tokens, labels=["x", "x", *"y" * (c.n - 2)])


QUESTIONS = {
    "no-A-lead": ("lead", [FOUR], [0, 1]),
    "no-A-singular": ("lead", [SINGULAR], [0, 1]),
    "no-A-vertex": ("lead", [Configuration([(1, 1), (2, 0), (0, 2), (5, 5)])], [0]),
    "no-A-line": ("lead", [LINE], [0, 1]),
    "no-A-line-exactly": ("exactly", [Configuration([[1], [2], [3], [-3]])], [2]),
    "no-A-alone": ("alone", [SURROUNDED], [0]),
    "no-A-alone-zero": ("alone", [ZERO], [0]),
    "no-A-mirror": ("exactly", [MIRROR], [0]),
    "no-A-whomever": ("exactly", [MAPS], [0, 1]),
    "no-A-whomever-beside": (
        "exactly",
        [
            Configuration([(1, 2)], labels=["x"]),
            Configuration([(a / Q(3), b / Q(3)) for a, b in MAPS.tokens], labels=["x", "x", "y", "y", "y"]),
        ],
        ["x"],
    ),
    "no-A-beside-one-token": ("lead", [Configuration([(1, 2)], labels=["x"]), labelled(FOUR)], ["x"]),
    "no-A-both": ("lead", [Configuration(FOUR.tokens[:3]), Configuration([FOUR.tokens[i] for i in (0, 1, 3)])], [0, 1]),
}


def documents() -> dict[str, Document]:
    """The accepting examples of this format, by name."""
    made: dict[str, Document] = {}
    for name, (kind, configurations, tokens) in QUESTIONS.items():
        answer = ask(kind, configurations, tokens)
        assert answer.document is not None, name
        made[name] = answer.document
    # Duplicates: the inequality 0 > 0. A mirror alone, without multipliers. One more exclusion than is needed.
    twice = Configuration([(1, 0), (1, 0), (0, 1)])
    layer_0 = {LAYER_0: True, FOR_EVER: False}
    made["no-A-twins"] = no_a_certificate("lead", [twice], [[0]], [({}, [((0, 0, 1), Q(1))], [])], layer_0)
    maps = [(follows, multipliers, []) for follows, multipliers in EVERY_MAP]
    made["no-A-maps"] = no_a_certificate("exactly", [MAPS], [[0, 1]], maps, layer_0)
    made["no-A-branches"] = no_a_certificate("exactly", [MAPS], [[0, 1]], EVERY_BRANCH, layer_0)
    # The origin follows all tokens, so whomever it should follow: 0 > 0.
    alone = [((0, 2), ((Q(0), Q(0)), (Q(0), Q(0))), [[((0, 2, 1), Q(1))], [((0, 2, 0), Q(1))]])]
    made["no-A-whomever-alone"] = no_a_certificate("exactly", [ZERO], [[0, 1]], [({}, [], alone)], layer_0)
    made["no-A-mirror-alone"] = no_a_certificate("alone", [MIRROR], [[2]], [], {LAYER_0: True, FOR_EVER: True})
    made["no-A-mirror-weights"] = no_a_certificate(
        "exactly",
        [Configuration(MIRROR.tokens, multiplicities=[2, 2, 3, 3]), FOUR],
        [[0], [0]],
        [],
        {LAYER_0: None, FOR_EVER: True},
    )
    return made


WORD, ANY, FIRST = "no-A-lead", "no-A-whomever", ("excluded", 0, "whomever", 0)
FORM = {"token": [0, 2], "form": [["0", "0"], ["0"]], "cases": [[[3, "1"]], [[3, "1"]]]}
REFUSED: dict[str, tuple[str, Edit, str]] = {
    "no-A-no-configuration": (WORD, both(put([], "configurations"), put([], "leaders")), "configurations: "),
    "no-A-no-token": (WORD, put([], "configurations", 0, "tokens"), "configurations: "),
    "no-A-no-coordinate": (WORD, put([[]] * 4, "configurations", 0, "tokens"), "configurations: "),
    "no-A-ragged": (WORD, drop("configurations", 0, "tokens", 3, 1), "tokens of configuration 0: "),
    "no-A-spaces": ("no-A-both", put([["1"]] * 3, "configurations", 1, "tokens"), "tokens of configuration 1: "),
    "no-A-multiplicity-missing": (WORD, drop("configurations", 0, "multiplicities", 3), "multiplicities: "),
    "no-A-multiplicity-zero": (WORD, put(0, "configurations", 0, "multiplicities", 3), "multiplicities: "),
    "no-A-question": (WORD, put("follow", "question"), "question: "),
    "no-A-verified": (WORD, put("verified", "claims", LAYER_0), f"{LAYER_0}: "),
    "no-A-no-claim": (WORD, put(None, "claims", LAYER_0), "claims: .*none"),
    "no-A-no-leader": (WORD, put([[]], "leaders"), "question: "),
    "no-A-leaders-of-nothing": (WORD, add([], "leaders"), "question: "),
    "no-A-leaders-missing": ("no-A-both", drop("leaders", 1), "question: "),
    "no-A-leaders-descend": (WORD, put([1, 0], "leaders", 0), "question: .*ascend"),
    "no-A-leaders-twice": (WORD, put([1, 1], "leaders", 0), "question: .*ascend"),
    "no-A-leader-beyond": (WORD, put([0, 1, 4], "leaders", 0), "question: .*4 tokens"),
    "no-A-alone-two": ("no-A-alone", put([0, 1], "leaders", 0), "question: .*alone"),
    "no-A-alone-none": (
        "no-A-alone",
        both(add({"tokens": [["1", "0"]], "multiplicities": [1]}, "configurations"), add([], "leaders")),
        "question: .*alone",
    ),
    "no-A-exactly-none": (
        "no-A-maps",
        both(add({"tokens": [["1", "0"]], "multiplicities": [1]}, "configurations"), add([], "leaders")),
        "question: .*exactly",
    ),
    "no-A-possible": (WORD, put([0, 2], "leaders", 0), "multipliers: "),
    "no-A-no-multiplier": (WORD, put([], "excluded", 0, "multipliers"), "multipliers: .*one"),
    "no-A-no-exclusion": (WORD, put([], "excluded"), f"{LAYER_0}: .*nothing"),
    "no-A-multiplier-zero": (WORD, put("0", "excluded", 0, "multipliers", 0, 3), "multipliers: .*> 0"),
    "no-A-multiplier-negative": (WORD, put("-1", "excluded", 0, "multipliers", 0, 3), "multipliers: .*> 0"),
    "no-A-multiplier-too-large": (WORD, put("100", "excluded", 0, "multipliers", 0, 3), "multipliers: .*semidefinite"),
    "no-A-multiplier-alone": (WORD, drop("excluded", 0, "multipliers", 0), "multipliers: .*semidefinite"),
    "no-A-multipliers-descend": (WORD, swap(0, 1, "excluded", 0, "multipliers"), "multipliers: .*ascend"),
    "no-A-multiplier-twice": (WORD, add([0, 1, 3, "1000"], "excluded", 0, "multipliers"), "multipliers: .*ascend"),
    "no-A-multiplier-of-itself": (WORD, put([0, 0, 0, "1"], "excluded", 0, "multipliers", 0), "no inequality"),
    "no-A-multiplier-of-another": (WORD, add([0, 2, 3, "1"], "excluded", 0, "multipliers"), "no inequality"),
    "no-A-multiplier-beyond": (WORD, add([0, 1, 4, "1"], "excluded", 0, "multipliers"), "no inequality"),
    "no-A-multiplier-elsewhere": (WORD, add([1, 0, 1, "1"], "excluded", 0, "multipliers"), "no inequality"),
    "no-A-singular-perturbed": (
        "no-A-singular",
        put("1000001/1000000", "excluded", 0, "multipliers", 0, 3),
        "multipliers: .*semidefinite",
    ),
    "no-A-hardly-indefinite": (
        "no-A-twins",
        put(["2", "-2"], "configurations", 0, "tokens", 1),
        "multipliers: .*semidefinite",
    ),
    "no-A-hardly-negative": (
        "no-A-line",
        put([[0, 0, 2, "1/100"]], "excluded", 0, "multipliers"),
        "multipliers: .*semidefinite",
    ),
    "no-A-follows-in-lead": (WORD, put([[0, 2, 0]], "excluded", 0, "follows"), "follows: .*exactly"),
    "no-A-follows-in-alone": ("no-A-alone", put([[0, 2, 0]], "excluded", 0, "follows"), "follows: .*exactly"),
    "no-A-follows-a-follower": ("no-A-maps", put(3, "excluded", 0, "follows", 0, 2), "follows: .*exactly"),
    "no-A-follower-leads": ("no-A-maps", put([[0, 0, 1]], "excluded", 0, "follows"), "follows: .*exactly"),
    "no-A-follower-beyond": ("no-A-maps", put([[0, 5, 1]], "excluded", 0, "follows"), "follows: .*exactly"),
    "no-A-follows-elsewhere": ("no-A-maps", put([[1, 2, 1]], "excluded", 0, "follows"), "follows: .*exactly"),
    "no-A-follows-twice": ("no-A-maps", put([[0, 2, 0], [0, 2, 1]], "excluded", 0, "follows"), "follows: .*ascend"),
    "no-A-whomever-null": (ANY, put(None, "excluded", 0, "whomever"), "whomever"),
    "no-A-whomever-empty": ("no-A-whomever-alone", put([], "excluded", 0, "whomever"), "multipliers: .*one"),
    "no-A-whomever-in-lead": (WORD, put([FORM], "excluded", 0, "whomever"), "whomever: .*leader it may follow"),
    "no-A-whomever-in-alone": (
        "no-A-alone",
        put([FORM], "excluded", 0, "whomever"),
        "whomever: .*leader it may follow",
    ),
    "no-A-whomever-leads": (ANY, put([0, 1], *FIRST, "token"), "whomever: .*leader it may follow"),
    "no-A-whomever-beyond": (
        ANY,
        put([0, 5], "excluded", 0, "whomever", 1, "token"),
        "whomever: .*leader it may follow",
    ),
    "no-A-whomever-elsewhere": (ANY, put([1, 2], "excluded", 0, "whomever", 1, "token"), "whomever: .*may follow"),
    "no-A-whomever-follows": (
        "no-A-branches",
        put([[0, 3, 0], [0, 4, 1]], "excluded", 0, "follows"),
        "whomever: .*leader it may follow",
    ),
    "no-A-whomever-twice": (ANY, put([0, 3], *FIRST, "token"), "whomever: .*ascend"),
    "no-A-whomever-descends": (ANY, swap(0, 1, "excluded", 0, "whomever"), "whomever: .*ascend"),
    "no-A-whomever-no-form": (ANY, drop(*FIRST, "form"), "keys"),
    "no-A-whomever-a-case-less": (ANY, drop(*FIRST, "cases", 1), "whomever: .*leader it may follow"),
    "no-A-whomever-a-case-more": (ANY, add([[4, "1"]], *FIRST, "cases"), "whomever: .*leader it may follow"),
    "no-A-whomever-no-case": (ANY, put([], *FIRST, "cases"), "whomever: .*leader it may follow"),
    "no-A-whomever-without-multipliers": (
        "no-A-whomever-alone",
        put([], *FIRST, "cases", 1),
        "whomever: .*needs a multiplier",
    ),
    "no-A-whomever-cases-swapped": (ANY, swap(0, 1, *FIRST, "cases"), "whomever: .*semidefinite"),
    "no-A-whomever-zero": ("no-A-whomever-alone", put("0", *FIRST, "cases", 1, 0, 1), "multipliers: .*> 0"),
    "no-A-whomever-negative": ("no-A-whomever-alone", put("-1", *FIRST, "cases", 1, 0, 1), "multipliers: .*> 0"),
    "no-A-whomever-of-itself": ("no-A-whomever-alone", put(1, *FIRST, "cases", 1, 0, 0), "no inequality"),
    "no-A-whomever-of-nothing": (ANY, add([5, "1"], *FIRST, "cases", 0), "no inequality"),
    "no-A-whomever-other-twice": (ANY, add([2, "1/32"], *FIRST, "cases", 0), "whomever: .*ascend"),
    "no-A-whomever-others-descend": (ANY, swap(0, 1, *FIRST, "cases", 1), "whomever: .*ascend"),
    "no-A-whomever-less-form": (ANY, put("-5", *FIRST, "form", 0, 0), "whomever: .*semidefinite"),
    "no-A-whomever-more-form": (ANY, put("1", *FIRST, "form", 0, 0), "multipliers: .*semidefinite"),
    "no-A-whomever-flat-form": (ANY, drop(*FIRST, "form", 1), "form: .*triangle"),
    "no-A-whomever-square-form": (ANY, add("0", *FIRST, "form", 1), "form: .*triangle"),
    "no-A-whomever-larger-form": (ANY, add(["0"], *FIRST, "form"), "form: .*triangle"),
    "no-A-whomever-and-itself": (ANY, add([0, 2, 3, "1"], "excluded", 0, "multipliers"), "no inequality"),
    "no-A-whomever-missing": (ANY, drop(*FIRST), "multipliers: .*semidefinite"),
    "no-A-a-branch-is-missing": ("no-A-branches", drop("excluded", 1), f"{LAYER_0}: .*nothing"),
    "no-A-a-map-is-missing": ("no-A-maps", drop("excluded", 0), f"{LAYER_0}: .*nothing"),
    "no-A-the-last-map-is-missing": ("no-A-maps", drop("excluded", -1), f"{LAYER_0}: .*nothing"),
    "no-A-for-ever": (WORD, put("refuted", "claims", FOR_EVER), f"{FOR_EVER}: .*nothing"),
    "no-A-line-with-zero": (
        "no-A-line",
        both(add(["0"], "configurations", 0, "tokens"), add(1, "configurations", 0, "multiplicities")),
        f"{FOR_EVER}: .*nothing",
    ),
    "no-A-line-with-twins": (
        "no-A-line",
        both(add(["2"], "configurations", 0, "tokens"), add(1, "configurations", 0, "multiplicities")),
        f"{FOR_EVER}: .*nothing",
    ),
    "no-A-line-without-exclusion": (
        "no-A-line",
        both(put([], "excluded"), put(None, "claims", LAYER_0)),
        f"{FOR_EVER}: .*nothing",
    ),
    "no-A-mirror-lead": ("no-A-mirror-alone", put("lead", "question"), "claims|nothing"),
    "no-A-mirror-broken": ("no-A-mirror-alone", put("3", "configurations", 0, "tokens", 0, 0), f"{LAYER_0}: .*nothing"),
    "no-A-mirror-of-other-weights": (
        "no-A-mirror-weights",
        put(5, "configurations", 0, "multiplicities", 1),
        f"{FOR_EVER}: .*nothing",
    ),
    "no-A-mirror-of-its-own-image": ("no-A-mirror-weights", put([0, 1], "leaders", 0), f"{FOR_EVER}: .*nothing"),
    "no-A-mirror-with-twins": (
        "no-A-mirror-weights",
        both(add(["2", "1"], "configurations", 0, "tokens"), add(2, "configurations", 0, "multiplicities")),
        f"{FOR_EVER}: .*nothing",
    ),
}
