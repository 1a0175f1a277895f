"""The accepting half of the conformance set: proofs, most from the prover, a few by hand where it takes another way."""

import copy
from fractions import Fraction as Q

from hardmax.kernels.exact.configuration import Configuration
from hardmax.kernels.exact.step import HarmonicStep
from hardmax.verify.certificates.writer import CLAIMS
from hardmax.verify.claims.case import Case
from hardmax.verify.claims.certified import certificate_of

from . import all_matrices, all_steps, gram, no_a, radius, softmax
from .edits import Document, Edit, both, drop, put, sealed
from .handmade import LATE, TRUE_PROOFS, unit

CONVERGENCE, VERTICES, BOUNDARY, CLUSTER_POINTS = CLAIMS
SQUARE = [(1, 1), (-1, 1), (-1, -1), (1, -1)]

CONFIGURATIONS = {
    # Rules.
    "leaders-and-R1": Configuration([[1], [-1], [Q(1, 2)]]),
    "R1-slow": Configuration([[1], [-1], [Q(1, 2)], [Q(-1, 3)]], [[Q(7, 3)]], Q(1, 5)),
    "R2-tie": Configuration([*SQUARE, (0, Q(1, 2)), (Q(1, 2), Q(1, 4))], None, Q(1, 2)),
    "R2-weighted": Configuration([(-2, -1), (-2, 2), (-1, 0), (0, 2), (0, 3)], multiplicities=[2, 1, 1, 1, 2]),
    "stationary": Configuration([*SQUARE, (0, 1), (0, Q(1, 2))], None, Q(2, 3)),
    "R3-tie": Configuration([(1, -3), (1, -2), (1, 0), (1, 2), (1, 3)], None, Q(1, 2)),
    "R3-jordan": Configuration([(-2, -3), (-1, -3), (0, -1), (1, -3), (2, -3)]),
    "jumps": Configuration([(43, 39), (-43, 39), (0, 1), (1, 40), (-1, 40)]),
    # Its tables need every eigenvalue with its right multiplicity.
    "jumps-slow": Configuration(
        [(10, 6), (-10, 6), (0, 1), (1, 7), (-1, 7), (-1, 0)], None, Q(1, 20), multiplicities=[3, 3, 1, 1, 1, 3]
    ),
    "R3-twins": Configuration([(1, -3), (1, -2), (1, 0), (1, 2), (1, 3), (1, 0), (1, 2), (1, -2)], None, Q(1, 2)),
    "R3-weights": Configuration([(1, -3), (1, -2), (1, 0), (1, 2), (1, 3)], multiplicities=[2, 3, 5, 3, 2]),
    "emerging": Configuration(
        [(1, Q(1, 3)), (Q(-1, 12), Q(1, 12)), (-1, -1), (0, Q(1, 4)), (Q(-3, 10), Q(-7, 10)), (Q(4, 5), Q(1, 10))],
        None,
        Q(1, 2),
    ),
    "one-token": Configuration([[Q(1, 2**61), 3]]),
    "R3-scaled": Configuration([(2**60 * x, 2**60 * y) for x, y in ((1, -3), (1, -2), (1, 0), (1, 2), (1, 3))]),
    # 61 bits of A and 2 of the cluster points: one more bit anywhere makes a word.
    "R3-scaled-form": Configuration([(1, -3), (1, -2), (1, 0), (1, 2), (1, 3)], [[2**60, 0], [0, 2**60]]),
    # The tie of token 4 ends after layer 3: so does the first phase, and with it the jump.
    "tie-of-four-layers": Configuration([unit(i, 5) for i in range(5)], LATE),
    # Problems.
    "form": Configuration([(1, 0), (0, 1), (-1, -1), (Q(1, 3), Q(1, 3))], [[2, 1], [1, 3]], Q(3, 2)),
    "floats": Configuration.from_array([[0.1, 0.7], [-0.3, 0.2], [0.25, -0.9], [0.05, 0.1]], None, 0.75),
    "smallest": Configuration([*SQUARE, (0, Q(1, 2))], [[-1, 0], [0, -2]], 1, follow="smallest"),
    "multiplicities": Configuration([[1], [-1], [Q(1, 2)]], multiplicities=[2, 1, 5]),
    "harmonic": Configuration([*SQUARE, (0, Q(1, 2)), (Q(1, 2), Q(1, 4))], None, HarmonicStep(1, 3)),
    "swallowed": Configuration([[1], [-1], [Q(1, 2)]], None, HarmonicStep()),
    "long-numbers": Configuration([[1 + Q(1, 3**4000)], [Q(-1, 5**3000)], [Q(1, 2**11950)]], [[Q(1, 7**2000)]]),
    "long-step": Configuration([(1, -3), (1, -2), (1, 0), (1, 2), (1, 3)], None, Q(1, 3**512)),
    "long-step-weights": Configuration(
        [(1, -3), (1, -2), (1, 0), (1, 2), (1, 3)],
        None,
        Q(1, 3**512),
        multiplicities=[10**14 + k for k in (31, 67, 97, 99, 133)],
    ),
    # Places and refutations.
    "twins-outside": Configuration([[1], [-1], [-1]], None, Q(3, 2)),
    "twins-outside-R3": Configuration([[2], [-2], [-2], [1], [0]]),
    "twins-stationary": Configuration([*SQUARE, (1, 1), (0, 1), (0, 1), (0, Q(1, 2))]),
    "no-leader": Configuration([[1], [1], [-1], [-1], [Q(1, 2)]]),
    "interior": Configuration([[0], [1], [-1]]),
    "interior-plane": Configuration([(2, 0), (-1, 1), (-1, -1), (0, 0)], None, Q(1, 2)),
    "flat-square": Configuration([(*z, 0) for z in [*SQUARE, (0, Q(1, 2))]]),
    "flat": Configuration([(0, -2), (0, 0), (2, 0)], None, 3),
    "flat-origin": Configuration([(0, 1), (0, 0), (0, -1)], None, Q(1, 2)),
    "neither": Configuration([(-2, 1), (0, -1), (-1, 0)], [[0, 0], [-1, 1]], Q(3, 2)),
    # Repetitions.
    "spiral": Configuration([[1], [-1]], [[-1]], 2),
    "spiral-long": Configuration([[1 + Q(1, 3**4000)], [-1 - Q(1, 3**4000)]], [[-1]], 2 + Q(1, 5**2000)),
    "cycle": Configuration(
        [(2, 1, 0), (-2, 1, 0), (0, -1, 2), (0, -1, -2), (0, Q(1, 3), 0)], [[1, 0, 0], [0, -1, 0], [0, 0, 1]]
    ),
    "undecided": Configuration([(0, -1), (2, 0)], [[0, 0], [0, 0]], multiplicities=[2, 1]),
    "undecided-leaders": Configuration([(-1, -2), (1, -1), (1, 2)], [[1, 1], [1, 1]]),
}


def stretched(offsets: list[int]) -> Edit:
    """The last phase goes on, with jumps; nothing else changes, for the sets stay the same for ever."""

    def edit(c: Document) -> None:
        last = c["itinerary"][-1]
        last |= {"layers": offsets[-1] + 1, "jumps": offsets}
        c["proof"]["layer"] = last["first"] + offsets[-1]

    return edit


QUARTER = [["0", "0", "1"], ["0", "-1", "0"], ["1", "0", "0"]]
"""Exchanges the first and the last axis and inverts the second: maps the tokens of `cycle` on those a layer later."""

VARIANTS: dict[str, tuple[str, Edit]] = {
    # A swallowed token shares the leader's place, but is no leader.
    "swallowed": ("swallowed", put(dict.fromkeys(CLAIMS, "verified"), "claims")),
    "one-claim": ("R3-tie", put({**dict.fromkeys(CLAIMS), VERTICES: "verified"}, "claims")),
    "another-claim": ("interior", put({**dict.fromkeys(CLAIMS), BOUNDARY: "refuted"}, "claims")),
    "jumps-R3-tie": ("R3-tie", stretched([4, 40, 41, 50])),
    "jumps-R3-jordan": ("R3-jordan", stretched([3, 17, 90])),
    "jumps-R3-twins": ("R3-twins", stretched([4, 6])),
    "jump-over-a-tie": ("tie-of-four-layers", put([0, 3], "itinerary", 0, "jumps")),
    "jump-within-a-tie": ("tie-of-four-layers", put([1, 3], "itinerary", 0, "jumps")),
    "jumps-long-step": ("long-step", stretched([4, 9, 10, 14])),
    "jumps-R3-weights": ("R3-weights", stretched([4, 5, 50, 51])),
    # Long numbers times short ones.
    "long-numbers-layers": ("long-numbers", both(put(3, "itinerary", 0, "layers"), put(2, "proof", "layer"))),
    # −1/3 is also the swap of the two tokens, times 1/3.
    "spiral-turned": ("spiral", both(put([1, 0], "proof", "permutation"), put([["1/3"]], "proof", "Q"))),
    "cycle-turned": (
        "cycle",
        both(
            put(1, "proof", "period"),
            put([2, 3, 0, 1, 4], "proof", "permutation"),
            put(QUARTER, "proof", "Q"),
            put(0, "proof", "layer"),
            drop("itinerary", slice(1, None)),
        ),
    ),
    "flat-normal": ("flat", put(["1/2", "-1/2"], "cluster_points", 1, "place", "normal")),
    "flat-origin-normal": ("flat-origin", put(["-7/2", "0"], "cluster_points", 1, "place", "normal")),
    "twins-outside-default": ("twins-outside", put(None, "cluster_points", 0, "place", "normal")),
}


def accepted() -> dict[str, Document]:
    """The documents of all accepting examples, by name."""
    made = {}
    for name, configuration in CONFIGURATIONS.items():
        made[name] = certificate_of(Case(configuration))
        if made[name] is None:
            raise ValueError(f"{name} is undecided; the conformance set needs proofs")
    for name, (base, edit) in VARIANTS.items():
        document = copy.deepcopy(made[base])
        edit(document)
        made[name] = sealed(document)
    made |= {name: sealed(document) for name, document in TRUE_PROOFS.items()}
    made |= no_a.documents()
    made |= softmax.documents()
    made |= gram.documents()
    made |= all_steps.documents()
    made |= radius.documents()
    made |= all_matrices.documents()
    return made
