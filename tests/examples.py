"""One table of configurations with known answers: every kernel, rule and claim is held against it.

Answers are worked out by hand where a comment says why, and all of them are held against plain stepping besides.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction as Q
from pathlib import Path

from hardmax.kernels import Configuration, HarmonicStep
from hardmax.kernels.exact.configuration import Matrix
from hardmax.kernels.exact.configuration_file import read_configuration

FILES = Path(__file__).parents[1] / "verify" / "claims" / "figures"
SQUARE = ((1, 1), (-1, 1), (-1, -1), (1, -1))
LATE = ((2, -1), (2, 1), (1, -3), (1, 0), (-1, 2), (1, 3))
"""With α = 1/a token 3 becomes a leader at layer a + 1."""


@dataclass(frozen=True)
class Example:
    """A configuration and what is true of it.

    Args:
        configuration: the input.
        verdicts: of the claims clustering.convergence, .boundary, .vertices, .cluster_points: v(erified), r(efuted) or
            u(ndecided).
        rules: the rule of each token, None where the itinerary does not freeze.
        freeze_layer: the first layer from which all sets are constant, None if there is none.
        leaders: {token: first layer at which it leads}.
        limits: of all tokens; None where a token has none, () where they are too long to write down.
    """

    configuration: Configuration
    verdicts: str
    rules: tuple[str, ...] | None
    freeze_layer: int | None
    leaders: Mapping[int, int]
    limits: Matrix | tuple[()] | None


def frozen(
    configuration: Configuration,
    rules: str,
    leaders: Mapping[int, int],
    limits: str | None,
    layer: int = 0,
    verdicts: str = "vvvv",
) -> Example:
    """Rules by their initials (l, s, 1, 2, 3); limits as tokens, or as text like "1,0 -1,1/2"."""
    names = {"l": "leader", "s": "stationary", "1": "R1", "2": "R2", "3": "R3"}
    points = () if limits is None else _points(limits)
    return Example(configuration, verdicts, tuple(names[r] for r in rules), layer, leaders, points)


def _points(text: str) -> Matrix:
    return tuple(tuple(map(Q, point.split(","))) for point in text.split())


def late_leader(a: int) -> Configuration:
    """Six tokens of small integers whose token 3 becomes a leader at layer a + 1."""
    return Configuration(LATE, alpha=Q(1, a))


DIP = Configuration(
    [(30, 9, 0), (-30, 9, 0), (1, 9, 3), (-1, 9, 3), (0, 9 - Q(153, 100), 10), (0, 8, 1)], alpha=Q(1, 900)
)
"""Token 5 follows the pair {2, 3} up to layer 575. Were the sets to stay, its score gap to token 4 would be negative
for some hundred layers and positive again at layer 1023: two ends do not prove what lies between."""


EXAMPLES: dict[str, Example] = {
    # Leaders, and tokens that one leader captures.
    "one token": frozen(Configuration([[5]]), "l", {0: 0}, "5"),
    "only the origin": frozen(Configuration([[0, 0]]), "l", {0: 0}, "0,0"),
    "a pair": frozen(Configuration([[1], [-1]]), "ll", {0: 0, 1: 0}, "1 -1"),
    "captured": frozen(Configuration([[1], [-1], [Q(1, 2)]]), "ll1", {0: 0, 1: 0}, "1 -1 1"),
    "another form": frozen(
        # ⟨z_3, ·⟩ with A = (2 1; 1 3): scores 1 and 4/3 of the first two tokens.
        Configuration([(1, 0), (0, 1), (-1, -1), (Q(1, 3), Q(1, 3))], [[2, 1], [1, 3]], Q(3, 2)),
        "lll1",
        {0: 0, 1: 0, 2: 0},
        "1,0 0,1 -1,-1 0,1",
    ),
    "a form with fractions": frozen(
        Configuration([(1, 0), (0, 1), (Q(1, 3), Q(-1, 5))], [[Q(1, 3), 0], [0, Q(1, 100)]], Q(1, 7)),
        "ll1",
        {0: 0, 1: 0},
        "1,0 0,1 1,0",
    ),
    # Ties that last.
    "tie of corners": frozen(
        Configuration([*SQUARE, (Q(1, 2), 0), (0, Q(-1, 4))], alpha=Q(1, 2)),
        "llll22",
        dict.fromkeys(range(4), 0),
        "1,1 -1,1 -1,-1 1,-1 1,0 0,-1",
    ),
    "tie of moving tokens": frozen(
        # All on the line x = 1, so token 2 ties with all five, and is their mean while 1 and 3 move on to 0 and 4.
        Configuration([(1, -3), (1, -2), (1, 0), (1, 2), (1, 3)], alpha=Q(1, 2)),
        "l131l",
        {0: 0, 4: 0},
        "1,-3 1,-3 1,0 1,3 1,3",
    ),
    "Jordan block": frozen(
        # Token 4 follows 2 and 3 with the rate of their own approach: differences like k ρ^k, in R^3 with n = 5.
        Configuration([(-2, 0, 2), (-2, 0, -2), (-2, 1, 1), (-2, 1, -1), (0, 1, 0)]),
        "ll113",
        {0: 0, 1: 0},
        "-2,0,2 -2,0,-2 -2,0,2 -2,0,-2 -2,0,0",
        layer=1,
    ),
    "resting on a tie": frozen(
        Configuration([*SQUARE, (0, 1), (0, Q(1, 2))], alpha=Q(2, 3)),
        "lllls2",
        dict.fromkeys(range(4), 0),
        "1,1 -1,1 -1,-1 1,-1 0,1 0,1",
    ),
    # Ties that do not last: what the side condition of R2 is for.
    "tie of unequal leaders": frozen(
        # ⟨z_2, ·⟩ = 3/10 for both, but their mean (3/2, 1/2) scores 9/2 and 1/2.
        Configuration([(3, 0), (0, 1), (Q(1, 10), Q(3, 10))]),
        "ll1",
        {0: 0, 1: 0},
        "3,0 0,1 3,0",
        layer=1,
    ),
    "tie below a third": frozen(
        # The mean (0, 1, 1) of leaders 0 and 1 scores 2 with them and 3 with leader 2.
        Configuration([(2, 1, 1), (-2, 1, 1), (0, 4, -1), (0, Q(1, 10), 1)]),
        "lll1",
        {0: 0, 1: 0, 2: 0},
        "2,1,1 -2,1,1 0,4,-1 0,4,-1",
        layer=2,
    ),
    # Late changes.
    "late leader": frozen(late_leader(100), "11ll1l", {2: 0, 5: 0, 3: 101}, None, layer=101),
    "late leader, large coordinates": frozen(
        # Leads where k α > b − c = 39 (strategies.late_leaders), α = 1.
        Configuration([(43, 39), (-43, 39), (0, 1), (1, 40), (-1, 40)]),
        "lll11",
        {0: 0, 1: 0, 2: 40},
        None,
        layer=40,
    ),
    # Sets that look constant but for the sign of one F_s of a sign table: s = 1, 2 and 4.
    "change shown by F_1": frozen(
        Configuration([(5, 1, 4), (-5, 1, 4), (-2, -5, 6), (2, -5, 6), (0, 2, 1)], alpha=Q(1, 3)),
        "llll2",
        dict.fromkeys(range(4), 0),
        "5,1,4 -5,1,4 -2,-5,6 2,-5,6 0,-5,6",
        layer=7,
    ),
    "change shown by F_2": frozen(
        Configuration([(-8, 0), (8, 0), (4, -4), (-4, -4), (0, -1)], alpha=Q(1, 100)),
        "ll11l",
        {0: 0, 1: 0, 4: 76},
        None,
        layer=76,
    ),
    "change shown by F_4": frozen(
        Configuration([(-3, 5), (3, 5), (-6, 4), (6, 4), (0, 1)], alpha=Q(1, 10)),
        "11lll",
        {2: 0, 3: 0, 4: 41},
        None,
        layer=41,
    ),
    "proved at the end of a jump": frozen(
        # The first table that is nonnegative is that of layer 64; sign tables prove the sets up to there.
        Configuration([(2, 0, -5), (2, 0, 5), (2, -2, 1), (2, -2, -1), (0, -1, 0)], alpha=Q(1, 50)),
        "ll113",
        {0: 0, 1: 0},
        "2,0,-5 2,0,5 2,0,5 2,0,-5 2,0,0",
        layer=1,
    ),
    "dip": frozen(
        DIP,
        "ll11l1",
        {0: 0, 1: 0, 4: 0},
        "30,9,0 -30,9,0 30,9,0 -30,9,0 0,747/100,10 0,747/100,10",
        layer=576,
    ),
    # Multiplicities and duplicates.
    "weighted zero": frozen(
        # The origin ties with everything: mean (2 − 1 + 0)/4 = 1/4, so it leaves for 1.
        Configuration([[1], [-1], [0]], multiplicities=[2, 1, 1]),
        "ll1",
        {0: 0, 1: 0},
        "1 -1 1",
        layer=1,
    ),
    "weighted tie": frozen(
        # Heavier upper corner: the tie of (1, 1) and (1, −1) is broken upwards at once.
        Configuration([*SQUARE, (Q(1, 2), 0)], multiplicities=[3, 1, 1, 1, 1]),
        "llll1",
        dict.fromkeys(range(4), 0),
        "1,1 -1,1 -1,-1 1,-1 1,1",
        layer=1,
    ),
    "weighted tie of corners": frozen(
        # The mean of (−2, −1) and (−2, 2) with weights 2 and 1 scores 4 with both.
        Configuration([(-2, -1), (-2, 2), (-1, 0), (0, 2), (0, 3)], multiplicities=[2, 1, 1, 1, 2]),
        "ll21l",
        {0: 0, 1: 0, 4: 0},
        "-2,-1 -2,2 -2,0 0,3 0,3",
    ),
    "weighted tie of moving tokens": frozen(
        Configuration([(1, -3), (1, -2), (1, 0), (1, 2), (1, 3)], multiplicities=[2, 3, 5, 3, 2]),
        "l131l",
        {0: 0, 4: 0},
        "1,-3 1,-3 1,0 1,3 1,3",
    ),
    "a repeated token": frozen(
        # K = {−1}: the twins at 1 are no leaders and lie outside.
        Configuration([[1], [1], [-1]]),
        "ssl",
        {2: 0},
        "1 1 -1",
        verdicts="vrvr",
    ),
    "all repeated": frozen(
        Configuration([[1], [1], [-1], [-1], [Q(1, 2)]]), "ssss2", {}, "1 1 -1 -1 1", verdicts="vrrr"
    ),
    "repeated followers": frozen(
        Configuration([(1, -3), (1, -2), (1, 0), (1, 2), (1, 3), (1, 0), (1, 2), (1, -2)], alpha=Q(1, 2)),
        "l131l311",
        {0: 0, 4: 0},
        "1,-3 1,-3 1,0 1,3 1,3 1,0 1,3 1,-3",
    ),
    # A token at the origin.
    "zero on the line": frozen(Configuration([[1], [-1], [0]]), "lls", {0: 0, 1: 0}, "1 -1 0", verdicts="vrvr"),
    "zero in the plane": frozen(
        Configuration([(2, 0), (-1, 1), (-1, -1), (0, 0)], alpha=Q(1, 2)),
        "llls",
        {0: 0, 1: 0, 2: 0},
        "2,0 -1,1 -1,-1 0,0",
        verdicts="vrvr",
    ),
    # Steps that shrink with the layer.
    "harmonic": frozen(
        Configuration([*SQUARE, (0, Q(1, 2)), (Q(1, 2), Q(1, 4))], step=HarmonicStep(1, 3)),
        "llll21",
        dict.fromkeys(range(4), 0),
        "1,1 -1,1 -1,-1 1,-1 0,1 1,1",
    ),
    "a full first step": frozen(
        # λ_0 = 1: tokens land on their leaders at layer 1 and are twins from then on.
        Configuration([[2], [1], [-1], [-2], [Q(1, 2)]], step=HarmonicStep(1, 1)),
        "sssss",
        {0: 0, 3: 0},
        "2 2 -2 -2 2",
        layer=1,
    ),
    # Tokens that follow the smallest score.
    "smallest, two tokens": frozen(
        # (3, −1) → (−1, 3) → (5/3, 1/3): the counterexample to Theorem 3.1 of arXiv:2508.09628v1.
        Configuration([[3], [-1]], step=HarmonicStep(), follow="smallest"),
        "1l",
        {1: 2},
        "1/3 1/3",
        layer=2,
    ),
    "smallest with −A": frozen(
        Configuration([*SQUARE, (0, Q(1, 2))], [[-1, 0], [0, -2]], follow="smallest"),
        "llll2",
        dict.fromkeys(range(4), 0),
        "1,1 -1,1 -1,-1 1,-1 0,1",
    ),
    # Forms that are no inner product.
    "neither vertex nor projection": frozen(
        Configuration([(-2, 1), (0, -1), (-1, 0)], [[0, 0], [-1, 1]], Q(3, 2)),
        "lls",
        {0: 0, 1: 0},
        "-2,1 0,-1 -1,0",
        verdicts="vvvr",
    ),
    "shrinking swap": Example(  # each follows the other: (1, −1) → (−1/3, 1/3)
        Configuration([[1], [-1]], [[-1]], 2), "vrrr", None, None, {}, _points("0 0")
    ),
    "spiral": Example(
        Configuration([(1, 0), (0, 1), (-1, 0), (0, -1)], [[1, 3], [-3, 1]]),
        "vrrr",
        None,
        None,
        {},
        _points("0,0 0,0 0,0 0,0"),
    ),
    "cycle": Example(  # token 4 is drawn to (0, 1, 0) and (0, −1, 0) in turn
        Configuration(
            [(2, 1, 0), (-2, 1, 0), (0, -1, 2), (0, -1, -2), (0, Q(1, 3), 0)], [[1, 0, 0], [0, -1, 0], [0, 0, 1]]
        ),
        "rrvr",
        None,
        None,
        dict.fromkeys(range(4), 0),
        None,
    ),
    "drifting": Example(  # a constant follow graph with a cycle: no rule applies
        Configuration([(1, 0), (1, 1), (-1, 0)], [[1, 0], [0, 0]]), "uuuu", None, None, {}, None
    ),
    # The paper's Figure 2.
    "figure 2a": frozen(
        read_configuration(FILES / "figure2a_emerging_leader.json"),
        "lll11111",
        {0: 0, 2: 0, 1: 1},
        "1,1/3 -1/18,5/36 -1,-1 1,1/3 -1,-1 -1,-1 1,1/3 1,1/3",
        layer=1,
    ),
    "figure 2b": frozen(
        read_configuration(FILES / "figure2b_triangle.json"), "lll" + 17 * "1", dict.fromkeys(range(3), 0), None
    ),
    "figure 2c": frozen(
        read_configuration(FILES / "figure2c_square.json"), "llll" + 16 * "1", dict.fromkeys(range(4), 0), None
    ),
    "figure 2d": frozen(
        read_configuration(FILES / "figure2d_lasting_ties.json"),
        "llll22" + 14 * "1",
        dict.fromkeys(range(4), 0),
        None,
    ),
}
