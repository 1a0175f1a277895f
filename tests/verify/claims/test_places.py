"""Places of cluster points, each with evidence that is checked here on Fractions as CERTIFICATE.md, section 7, says."""

from dataclasses import replace
from fractions import Fraction as Q

import pytest
import sympy
from hypothesis import assume, given
from hypothesis import strategies as st

from hardmax.kernels import Configuration
from hardmax.strategies import configurations
from hardmax.verify.certificates.evidence import Interior, Neither, Outside, Projection, Vertex
from hardmax.verify.claims.places import places
from hardmax.verify.provers.freeze.outcome import Frozen
from hardmax.verify.provers.freeze.prover import Budget, decide

from ...examples import EXAMPLES, SQUARE
from ..mutants import Mutant, mutate

QUICK = Budget(steps=60, layers=3_000, bits=200_000)


def dot(x, y):
    return sum(a * b for a, b in zip(x, y, strict=True))


def combined(weights, positions):
    return tuple(
        sum(x * positions[i][c] for i, x in weights.items()) for c in range(len(next(iter(positions.values()))))
    )


def place_faults(outcome, found):
    """What is wrong with {cluster point: place}; [] if every place proves itself."""
    c = outcome.configuration
    positions = {i: outcome.limits[i] for i in outcome.leaders}
    wrong = [] if set(found) == set(outcome.limits) else ["not the cluster points"]
    return wrong + [f"{s}: {fault}" for s, place in found.items() if (fault := fault_of(c, positions, s, place))]


def fault_of(c, positions, s, place):
    sign = -1 if c.follow == "smallest" else 1
    B = [[sign * v for v in row] for row in c.A]
    H = [[c.A[i][j] + c.A[j][i] for j in range(c.d)] for i in range(c.d)]
    sH = [dot(s, column) for column in zip(*H, strict=True)]
    h = getattr(place, "normal", None)
    if h is None:
        h = tuple(dot(s, column) for column in zip(*B, strict=True))
    if isinstance(place, Vertex):
        return None if positions.get(place.leader) == s else "not the leader's position"
    if isinstance(place, Outside):
        return None if all(dot(h, v) < dot(h, s) for v in positions.values()) else "not separated"
    weights = place.weights
    if not (set(weights) <= set(positions) and min(weights.values()) > 0 and sum(weights.values()) == 1):
        return f"weights {weights} are not convex over leaders"
    if combined(weights, positions) != s:
        return "weights do not give the point"
    if isinstance(place, Interior):
        base = positions[min(weights)]
        span = sympy.Matrix(
            [[sympy.Rational(str(a - b)) for a, b in zip(positions[i], base, strict=True)] for i in weights]
        )
        return None if span.rank() == c.d else "the leaders of the weights do not span"
    if not (any(h) and all(dot(h, v) <= dot(h, s) for v in positions.values())):
        return f"{h} does not support K"
    level = dot(sH, s)
    if isinstance(place, Projection):
        flat = all(dot(sH, v) == level for v in positions.values() if dot(h, v) == dot(h, s))
        return None if flat else "not the projection on the face of its normal"
    assert isinstance(place, Neither)
    return "nothing shows that it is no projection" if all(dot(sH, positions[i]) == level for i in weights) else None


# -- outcomes of the prover -------------------------------------------------------------------------------------------


def frozen_with_leaders(configuration, budget=QUICK):
    outcome = decide(configuration, budget)
    return outcome if isinstance(outcome, Frozen) and outcome.leaders else None


@pytest.mark.parametrize("name", EXAMPLES)
def test_places_of_the_examples_prove_themselves(name):
    outcome = frozen_with_leaders(EXAMPLES[name].configuration)
    if outcome is None:
        assert EXAMPLES[name].rules is None or not EXAMPLES[name].leaders
        return
    assert place_faults(outcome, places(outcome)) == []


@given(configurations(n=(1, 8), d=(1, 3)))
def test_within_the_hypotheses_places_are_vertices_and_projections(configuration):
    outcome = frozen_with_leaders(configuration, Budget())
    found = places(outcome)
    assert place_faults(outcome, found) == []
    assert {type(place) for place in found.values()} <= {Vertex, Projection}


@given(
    st.one_of(
        configurations(n=(1, 6), d=(1, 3), nonzero=None, distinct=None, spd=None),
        configurations(n=(1, 6), d=(2, 3), nonzero=None, distinct=None, spd=False, families=["lattice"]),
        configurations(n=(1, 6), d=(1, 3), nonzero=None, distinct=None, spd=None, follow="smallest"),
    )
)
def test_beyond_the_hypotheses_every_place_proves_itself(configuration):
    outcome = frozen_with_leaders(configuration)
    assume(outcome is not None)
    assert place_faults(outcome, places(outcome)) == []


# -- points moved where the dynamics never brings them ----------------------------------------------------------------


def moved(s, weights=None, corners=SQUARE, **changes):
    """An outcome with leaders 1, 2, … at the corners and token 0, as if that one tended to s."""
    tokens = [[Q(1, 100)] * len(corners[0]), *corners]
    configuration = Configuration(tokens, **changes)
    outcome = decide(Configuration(tokens), QUICK)
    assert set(outcome.leaders) == set(range(1, len(tokens)))
    return replace(
        outcome,
        configuration=configuration,
        limits=(tuple(map(Q, s)), *outcome.limits[1:]),
        weights=(weights or {0: Q(1)}, *outcome.weights[1:]),
    )


LINE = ((1, 1), (-1, 1))
FLAT = tuple((*corner, 1) for corner in SQUARE)
SKEW = [[1, 1], [-1, 1]]
MOVED = {
    "a corner": (moved((1, 1)), Vertex),
    "the middle of an edge": (moved((1, 0)), Projection),
    "the middle of an edge, with weights": (moved((1, 0), {1: Q(1, 2), 4: Q(1, 2)}), Projection),
    "off the middle of an edge": (moved((1, Q(1, 3))), Neither),
    "off the middle of an edge, with weights": (moved((1, Q(1, 2)), {1: Q(3, 4), 4: Q(1, 4)}), Neither),
    "hardly off the middle": (moved((1, Q(1, 10**30))), Neither),
    "the centre": (moved((0, 0)), Interior),
    "the centre, with weights of a diagonal": (moved((0, 0), {1: Q(1, 2), 3: Q(1, 2)}), Interior),
    "inside": (moved((Q(1, 2), Q(1, 3))), Interior),
    "hardly inside": (moved((1 - Q(1, 10**30), 0)), Interior),
    "hardly outside": (moved((1 + Q(1, 10**30), 0)), Outside),
    "outside": (moved((2, 0)), Outside),
    "on a flat polytope": (moved((0, 1), corners=LINE), Projection),
    "off the middle of a flat polytope": (moved((Q(1, 2), 1), corners=LINE), Neither),
    "beside a flat polytope": (moved((0, Q(1, 2)), corners=LINE), Outside),
    "beyond a flat polytope": (moved((2, 1), corners=LINE), Outside),
    "the origin on a flat polytope": (moved((0, 0), corners=((1, 0), (-1, 0))), Projection),
    # A face of four vertices, one of which alone has sᵀ(v − s) = 0.
    "off the middle of a flat square": (moved((Q(2, 5), Q(-1, 5), 1), corners=FLAT), Neither),
    "the middle of a flat square": (moved((0, 0, 1), corners=FLAT), Projection),
    # ⟨x, y⟩ = x_1 y_1 + x_1 y_2 + x_2 y_1 + 3 x_2 y_2: on the right edge the foot is at (1, −1/3).
    "the foot in another form": (moved((1, Q(-1, 3)), A=[[1, 1], [1, 3]]), Projection),
    "not the foot in another form": (moved((1, 0), A=[[1, 1], [1, 3]]), Neither),
    # A skew part changes no norm: the foot is that of A + Aᵀ.
    "the middle of an edge, not symmetric": (moved((1, 0), A=SKEW), Projection),
    "off the middle of an edge, not symmetric": (moved((1, Q(1, 3)), A=SKEW), Neither),
    # A s = (1, 0) supports K here, but sᵀA does not, and the edge is not level.
    "off the foot of a sheared form": (moved((1, Q(-1, 2)), A=[[1, 0], [Q(1, 2), 1]]), Neither),
    "the centre, not symmetric": (moved((0, 0), A=SKEW), Interior),
    "the origin on a flat polytope, not symmetric": (moved((0, 0), corners=((1, 0), (-1, 0)), A=SKEW), Projection),
    "the middle of an edge, smallest": (moved((1, 0), A=[[-1, 0], [0, -1]], follow="smallest"), Projection),
    "the middle of an edge, smallest of a definite form": (moved((1, 0), follow="smallest"), Projection),
    "the middle of an edge, negative": (moved((1, 0), A=[[-1, 0], [0, -1]]), Projection),
    "off the middle of an edge, negative": (moved((1, Q(1, 3)), A=[[-1, 0], [0, -1]]), Neither),
    "the middle of an edge, singular": (moved((1, Q(1, 3)), A=[[1, 0], [0, 0]]), Projection),
    "every point, no form": (moved((1, Q(1, 3)), A=[[0, 0], [0, 0]]), Projection),
}


@pytest.mark.parametrize("name", MOVED)
def test_every_place_is_told_from_the_others(name):
    outcome, kind = MOVED[name]
    found = places(outcome)
    assert type(found[outcome.limits[0]]) is kind
    assert place_faults(outcome, found) == []


@given(st.fractions(-1, 1, max_denominator=9), st.fractions(-1, 1, max_denominator=9))
def test_points_of_the_square(x, y):
    kind = Interior
    if 1 in (abs(x), abs(y)):
        kind = Vertex if abs(x) == abs(y) else Projection if 0 in (x, y) else Neither
    outcome = moved((x, y))
    assert type(places(outcome)[x, y]) is kind


# -- wrong evidence and wrong code are noticed ------------------------------------------------------------------------

EDGE, CENTRE = MOVED["the middle of an edge"][0], MOVED["the centre"][0]
HALVES = {1: Q(1, 2), 4: Q(1, 2)}


@pytest.mark.parametrize(
    ("outcome", "place", "fault"),
    [
        (EDGE, Vertex(1), "not the leader's position"),
        (EDGE, Projection({1: Q(1)}), "weights do not give the point"),
        (EDGE, Projection({1: Q(3, 2), 4: Q(-1, 2)}), "not convex"),
        (EDGE, Projection({0: Q(1)}), "not convex over leaders"),
        (EDGE, Projection(HALVES, (Q(0), Q(1))), "does not support K"),
        (EDGE, Projection(HALVES, (Q(0), Q(0))), "does not support K"),
        (EDGE, Neither(HALVES), "nothing shows"),
        (EDGE, Interior(HALVES), "do not span"),
        (EDGE, Outside((Q(1), Q(0))), "not separated"),
        (CENTRE, Projection({1: Q(1, 2), 3: Q(1, 2)}), "does not support K"),
        (CENTRE, Interior({1: Q(1, 2), 3: Q(1, 2)}), "do not span"),
        (
            MOVED["off the middle of an edge, with weights"][0],
            Projection({1: Q(3, 4), 4: Q(1, 4)}, (Q(1), Q(0))),
            "not the projection",
        ),
    ],
)
def test_wrong_evidence_is_noticed(outcome, place, fault):
    found = {**places(outcome), outcome.limits[0]: place}
    (message,) = place_faults(outcome, found)
    assert fault in message


def battery_faults(find):
    """Faults of a way to find places, on the moved points and on the examples."""
    for name, (outcome, kind) in MOVED.items():
        found = find(outcome)
        yield from (f"{name}: {fault}" for fault in place_faults(outcome, found))
        if type(found[outcome.limits[0]]) is not kind:
            yield f"{name}: {found[outcome.limits[0]]}"
    for name, example in EXAMPLES.items():
        outcome = frozen_with_leaders(example.configuration)
        if outcome is not None:
            yield from (f"{name}: {fault}" for fault in place_faults(outcome, find(outcome)))


MUTANTS = [
    Mutant("interior points count as boundary", "if not any(face.normal):", "if False:"),
    Mutant("a zero normal supports", "if any(h) and all(", "if all("),
    Mutant("support at the limit is not looked at", "any(h) and all(dot(h, v) <= height for v in vertices)", "any(h)"),
    Mutant(
        "one leader below is enough",
        "all(dot(h, v) <= height for v in vertices)",
        "any(dot(h, v) <= height for v in vertices)",
    ),
    Mutant(
        "support from the wrong side",
        "all(dot(h, v) <= height for v in vertices)",
        "all(dot(h, v) >= height for v in vertices)",
    ),
    Mutant("the sign of the scores is forgotten", 'sign = 1 if configuration.follow == "largest" else -1', "sign = 1"),
    Mutant(
        "every boundary point is a projection",
        "return Projection(weights, face.normal) if symmetric else",
        "return Projection(weights, face.normal) if True else",
    ),
    Mutant(
        "no boundary point is a projection",
        "return Projection(weights, face.normal) if symmetric else",
        "return Projection(weights, face.normal) if False else",
    ),
    Mutant("one vertex of the face is enough", "symmetric = all(", "symmetric = any("),
    Mutant(
        "A in place of A + Aᵀ",
        "configuration.inner(s, vertices[j]) + configuration.inner(vertices[j], s) == 2 * height",
        "configuration.inner(s, vertices[j]) == height",
    ),
    Mutant("weights of any tokens", "if not leaders_only(weights, leaders):", "if False:"),
    Mutant(
        "outside is not looked at",
        "if isinstance(member, polytope.Separated):\n            return Outside(member.normal)",
        "if isinstance(member, polytope.Separated):\n            return Interior(weights)",
    ),
    Mutant(
        "weights by index of the vertex",
        "weights = {tokens[j]: value for j, value in face.weights.items()}",
        "weights = dict(face.weights)",
    ),
    Mutant("every limit is a vertex", "Vertex(leaders[s]) if s in leaders", "Vertex(min(outcome.leaders)) if s"),
    Mutant("no limit is a vertex", "if s in leaders", "if s in ()"),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.what)
def test_wrong_places_are_noticed(mutant):
    wrong = mutate("hardmax.verify.claims.places", mutant)
    try:
        found = next(battery_faults(wrong.places), None)
    except Exception as error:  # wrong code may break in any way
        found = repr(error)
    assert found is not None


def test_right_places_show_no_fault():
    assert next(battery_faults(places), None) is None
