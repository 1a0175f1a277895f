from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hardmax.kernels import InputError
from hardmax.kernels.bounds.certify import certify
from hardmax.kernels.bounds.rounding import decision_bound, layer_error, proved
from hardmax.kernels.floats import hull, large_sets, polygon
from hardmax.kernels.floats.hull import hull_candidates
from hardmax.kernels.floats.large_sets import decide, kernel, layer, run
from hardmax.kernels.floats.numpy_kernel import kernel as numpy_kernel
from hardmax.kernels.floats.numpy_kernel import layer as numpy_layer
from hardmax.kernels.floats.numpy_kernel import move
from hardmax.kernels.floats.polygon import convex_polygon

from ..large_soundness import a_circle, a_polygon, an_edge, falsehoods, judge

rng = np.random.default_rng(0)
SKEW = np.array([[2.0, 1], [-1, 1]])


def lattice_disc(radius):
    side = np.arange(-radius, radius + 1)
    points = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    return points[(points**2).sum(axis=1) <= radius**2].astype(float)


# Scores of all of these are exact, so sets must be those of all scores, tie for tie.
EXACT = {
    "lattice square: long edges of collinear points": lattice_disc(30)[np.abs(lattice_disc(30)).max(axis=1) <= 15],
    "lattice disc: many corners and short edges": lattice_disc(40),
    "lattice cube: facets full of points": rng.integers(-4, 5, (900, 3)).astype(float),
    "duplicates": rng.integers(-3, 4, (700, 2)).astype(float),
    "one dimension": rng.integers(-50, 51, (300, 1)).astype(float),
    "collinear": np.outer(np.arange(-100, 101), [2.0, 3]),
    "collinear in space": np.outer(np.arange(-100, 101), [2.0, 3, -1]),
    "a plane in space": rng.integers(-9, 10, (400, 2)) @ np.array([[1.0, 2, 0], [0, 1, 1]]),
    "zero tokens": np.concatenate([np.zeros((3, 2)), lattice_disc(12)]),
    "all zero": np.zeros((80, 2)),
    "five dimensions": rng.integers(-2, 3, (800, 5)).astype(float),
    "equal norms": np.concatenate([np.tile([[3.0, 4]], (300, 1)), [[4, 3], [5, 0], [0, -5], [1, 1], [3, 4]]]),
    "few": rng.integers(-3, 4, (9, 2)).astype(float),
    "one": np.array([[2.0, 1]]),
}


@pytest.fixture(params=[None, 4], ids=["few keys are scored all", "never score all"])
def few(request, monkeypatch):
    if request.param is not None:
        monkeypatch.setattr(large_sets, "FEW", request.param)


@pytest.mark.parametrize("tokens", EXACT.values(), ids=EXACT.keys())
@pytest.mark.parametrize("form", ["identity", "skew", "negative"])
@pytest.mark.usefixtures("few")
def test_sets_are_those_of_all_scores(tokens, form):
    d = tokens.shape[1]
    A = {"identity": None, "skew": np.eye(d) + np.triu(np.ones((d, d)), 1), "negative": -np.eye(d)}[form]
    moved, sets = layer(tokens, A, 1.0)
    expected, all_scores = numpy_layer(tokens[None], A, 1.0)
    assert sets.sets(0) == all_scores.sets(0)
    assert (abs(moved - expected[0]) <= 2 * layer_error(tokens[None], all_scores.count, 1.0)[0]).all()
    assert (sets.margin > 0).all()
    assert (sets.margin <= all_scores.margin).all(), "margins are lower bounds where keys were left out"


@pytest.mark.parametrize("search", ["_score_all", "_search_polygon", "_scan_by_norm"])
@pytest.mark.parametrize(
    "name", [name for name, tokens in EXACT.items() if tokens.shape[1] == 2 and "zero" not in name]
)
def test_every_search_finds_all_ties(search, name):
    keys = EXACT[name]
    queries = np.concatenate([keys, [[1, 0], [0, -1], [1, 1], [-2, 1], [0.5, 0]]])
    queries = queries[queries.any(axis=1)]
    found = getattr(large_sets, search)(queries, keys, hull_candidates(keys)[0]).record()
    expected = [tuple(np.flatnonzero(row == row.max())) for row in queries @ keys.T]
    assert list(found.sets(0)) == expected


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    "tokens",
    [
        rng.standard_normal((3000, 2)),
        rng.standard_normal((3000, 2)) * [1, 1e-4],
        rng.standard_normal((2000, 3)),
        rng.standard_normal((1500, 8)),
        np.stack([np.cos(np.arange(3000.0)), np.sin(np.arange(3000.0))], axis=1),
        np.stack([np.cos(np.arange(3000.0)), 1e-3 * np.sin(np.arange(3000.0))], axis=1) + 5,
        rng.uniform(-1, 1, (3000, 2)) ** 9,
    ],
    ids=["gauss 2", "needle", "gauss 3", "gauss 8", "circle", "far ellipse", "spikes"],
)
@pytest.mark.usefixtures("few")
def test_decisions_differ_from_all_scores_by_rounding_only(tokens, dtype):
    tokens = tokens.astype(dtype)
    _, sets = layer(tokens, None, 1.0)
    scores = tokens.astype(float) @ tokens.T.astype(float)
    chosen = np.take_along_axis(scores, sets.first[0][:, None], axis=1)[:, 0]
    slack = decision_bound(tokens[None])[0]
    assert (scores.max(axis=1) - chosen <= slack).all()
    clear = np.sort(scores, axis=1)
    clear = clear[:, -1] - clear[:, -2] > 2 * slack
    assert clear.any() or dtype == np.float32
    assert (sets.count[0][clear] == 1).all()
    ordered = np.sort(scores, axis=1)
    assert (sets.margin[0] <= ordered[:, -1] - ordered[:, -2] + slack)[sets.count[0] == 1].all()


def test_hulls_are_small_and_keep_what_lies_on_their_boundary():
    assert len(hull_candidates(rng.standard_normal((20000, 2)))[0]) < 60
    assert len(hull_candidates(rng.standard_normal((20000, 2)) * [1, 1e-6])[0]) < 60
    assert len(hull_candidates(rng.standard_normal((20000, 3)))[0]) < 400
    square = lattice_disc(30)[np.abs(lattice_disc(30)).max(axis=1) <= 15]
    boundary = np.flatnonzero(np.abs(square).max(axis=1) == 15)
    assert hull_candidates(square)[0].tolist() == boundary.tolist()


def only_corners(points):
    return np.sort(hull.ConvexHull(points).vertices), 0.0


def no_slack(points):
    found = hull.ConvexHull(points)
    outside = np.flatnonzero((points @ found.equations[:, :-1].T + found.equations[:, -1]).max(axis=1) > 0)
    return np.union1d(outside, found.vertices), 0.0


@pytest.mark.parametrize("wrong", [only_corners, no_slack])
def test_a_pruning_that_loses_points_on_edges_is_caught(monkeypatch, wrong):
    tokens = EXACT["lattice square: long edges of collinear points"]
    monkeypatch.setattr(large_sets, "hull_candidates", wrong)
    assert layer(tokens, None, 1.0)[1].sets(0) != numpy_layer(tokens[None], None, 1.0)[1].sets(0)


def test_a_hull_that_is_not_closed_prunes_nothing(monkeypatch):
    class Torn(hull.ConvexHull):
        def __init__(self, points):
            super().__init__(points)
            self.simplices = self.simplices[1:]

    points = rng.standard_normal((500, 3))
    assert len(hull_candidates(points)[0]) < 500
    monkeypatch.setattr(hull, "ConvexHull", Torn)
    assert len(hull_candidates(points)[0]) == 500


def stepped(tokens, A, alpha, layers):
    batch = tokens[None]
    for _ in range(layers):
        batch = numpy_layer(batch, A, alpha)[0]
    return batch[0]


@pytest.mark.parametrize("A", [None, np.array([[2.0, 0.5], [0.5, 1]])])
@pytest.mark.parametrize("few_kept", [2, 1024])
def test_a_run_is_the_layer_repeated_until_all_are_captured(monkeypatch, A, few_kept):
    monkeypatch.setattr(large_sets, "FEW", few_kept)
    for tokens in (rng.standard_normal((1200, 2)), rng.standard_normal((1200, 2)) ** 3, rng.uniform(-1, 1, (900, 2))):
        result = run(tokens, A, 0.5, 60)
        assert 0 < result.layers < 60
        assert np.allclose(result.tokens, stepped(tokens, A, 0.5, result.layers), rtol=0, atol=1e-12)
        assert (result.leader >= 0).all()
        _, sets = numpy_layer(result.tokens[None], A, 0.5)
        assert (sets.first[0] == result.leader).all()
        assert (result.captured.max(), result.captured.min()) == (result.layers - 1, 0)
        early = run(tokens, A, 0.5, 2)
        assert np.allclose(early.tokens, stepped(tokens, A, 0.5, early.layers), rtol=0, atol=1e-12)
        assert ((early.leader >= 0) == (early.captured >= 0)).all()


def test_ties_that_last_are_not_captured():
    square = np.array([[1.0, 1], [-1, 1], [-1, -1], [1, -1], [0.5, 0], [-0.5, 0]])
    result = run(square, None, 1.0, 9)
    assert (result.layers, result.leader.tolist()) == (9, [0, 1, 2, 3, -1, -1])
    assert result.tokens.tolist() == stepped(square, None, 1.0, 9).tolist()


@given(arrays(np.float64, st.tuples(st.integers(65, 90), st.integers(1, 3)), elements=st.integers(-3, 3)))
def test_any_lattice_set_keeps_its_ties(tokens):
    assert layer(tokens, None, 1.0)[1].sets(0) == numpy_layer(tokens[None], None, 1.0)[1].sets(0)


def test_the_kernel_takes_batches():
    tokens = rng.integers(-3, 4, (3, 70, 2)).astype(float)
    assert kernel.layer is not None
    moved, sets = kernel.layer(tokens, SKEW, 1.0)
    _, expected = numpy_layer(tokens, SKEW, 1.0)
    assert [sets.sets(b) for b in range(3)] == [expected.sets(b) for b in range(3)]
    assert (moved == move(tokens, expected, 1.0)).all()
    assert kernel.layer(tokens[:0], None, 1.0)[0].shape == (0, 70, 2)


def test_wrong_arguments_are_named():
    with pytest.raises(InputError, match=r"shape \(1, 2, 2\); one set"):
        layer(np.ones((1, 2, 2)), None, 1.0)
    with pytest.raises(InputError, match="not finite"):
        run(np.array([[np.nan, 1]]), None, 1.0, 1)
    assert decide(np.ones((0, 2)), np.ones((3, 2))).first.shape == (1, 0)


@pytest.mark.parametrize("d", [2, 3, 4, 8])
@pytest.mark.parametrize("scale", [1e-290, 1e-200, 1e-170, 1e-150, 1, 1e150])
def test_queries_of_any_length_find_the_key_that_all_scores_find(d, scale):
    """The best key is shorter than all others, so a length that underflows to 0 would end the scan before it."""
    rng = np.random.default_rng(d)
    keys = rng.standard_normal((1500, d))
    keys /= np.linalg.norm(keys, axis=1, keepdims=True)
    keys[:, 0] = np.abs(keys[:, 0]) * 0.3
    keys[7] = 0.5 * np.eye(d)[0]
    queries = np.vstack([np.eye(d)[0], rng.standard_normal((40, d))]) * scale
    found = large_sets.decide(queries, keys)
    scores = (queries / scale) @ keys.T
    assert found.first[0].tolist() == scores.argmax(axis=1).tolist()
    assert found.first[0, 0] == 7
    ordered = np.sort(scores, axis=1)
    assert (found.margin[0] <= (ordered[:, -1] - ordered[:, -2]) * scale * (1 + 1e-9)).all()


@pytest.mark.parametrize(
    ("n", "d", "scale", "form"), [(100, 3, 1e160, 1), (1500, 4, 1e155, 1e200), (1500, 3, 1e160, 1)]
)
def test_scores_that_overflow_are_no_error(n, d, scale, form):
    tokens = np.random.default_rng(0).standard_normal((n, d)) * scale
    _, sets = large_sets.layer(tokens, form * np.eye(d), 0.5)
    assert sets.count.min() >= 1
    bound = decision_bound(tokens[None], form * np.eye(d), np.zeros((1, d)))
    assert not (sets.margin > bound).any()  # nothing is taken for proved


def beside_an_edge(depth, dtype):
    """The edge (1, ±1), points just inside it, a query along its normal, and a circle with no point beyond it."""
    angles = np.random.default_rng(0).uniform(np.pi / 4 + 0.01, 7 * np.pi / 4 - 0.01, 2000)
    inside = np.stack([np.full(40, 1 - depth), np.linspace(-0.9, 0.9, 40)], axis=1)
    circle = 2**0.5 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return np.concatenate([[[0.5, 0], [1, -1], [1, 1]], inside, circle]).astype(dtype)


@pytest.mark.parametrize("depth", [2.0**-k for k in (20, 30, 36, 40, 44, 47, 50, 52)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_points_just_inside_an_edge_do_not_hide_its_other_end(depth, dtype):
    tokens = beside_an_edge(depth, dtype)
    _, sets = layer(tokens, None, 1.0)
    inside = list(range(3, 43)) if tokens[3, 0] == 1 else []
    assert sets.sets(0)[0] == (1, 2, *inside)
    assert not proved(sets, decision_bound(tokens[None]), tokens[None])[0, 0]


@pytest.mark.usefixtures("few")
def test_nothing_false_is_proved_of_large_sets():
    judged, found = judge(layer, np.random.default_rng(1), 30, rows=60)
    assert judged > 1000
    assert found == []


def test_sets_as_large_as_they_are_searched_for():
    judged, found = judge(layer, np.random.default_rng(2), 6, rows=30, most=6000)
    assert judged > 100
    assert found == []


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(8))
def test_nothing_false_is_proved_of_many_large_sets(monkeypatch, seed):
    monkeypatch.setattr(large_sets, "FEW", 4)
    judged, found = judge(layer, np.random.default_rng([seed, 3]), 250)
    assert judged > 20_000
    assert found == []


@pytest.mark.deep
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("family", "n"), [(an_edge, 15_000), (a_circle, 8_000), (a_polygon, 6_000)])
def test_nothing_false_is_proved_of_thousands_of_candidates(family, n, dtype):
    rng = np.random.default_rng(4)
    tokens = family(rng, n, dtype)
    rows = np.sort(rng.choice(len(tokens), 200, replace=False))
    assert list(falsehoods(layer, tokens, None, rows)) == []


def depth_for_nothing(points):
    kept, depth = hull_candidates(points)
    return kept, depth * 2.0**12


def corners_for_nothing(points):
    if points.shape[1] != 2:
        return hull_candidates(points)
    return np.unique(np.concatenate(convex_polygon(points.astype(np.float64)))), np.inf


def hangs_nothing(points, lower, upper):
    return np.empty(0, dtype=np.int64), np.zeros(2 * (len(lower) + len(upper)) + 1, dtype=np.int64)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("hung_points", hangs_nothing),
        ("hull_candidates", corners_for_nothing),
        ("hull_candidates", depth_for_nothing),
    ],
    ids=["what hangs on edges is lost", "only corners", "too deep"],
)
def test_a_search_without_one_of_its_reasons_is_caught(monkeypatch, name, wrong):
    monkeypatch.setattr(large_sets, "FEW", 4)
    monkeypatch.setattr(large_sets, name, wrong)
    assert judge(layer, np.random.default_rng(5), 40, rows=60)[1]


@pytest.mark.parametrize("closes_always", [False, True])
def test_nothing_rests_on_where_a_window_is_put(monkeypatch, closes_always):
    monkeypatch.setattr(large_sets, "FEW", 4)
    monkeypatch.setattr(large_sets, "proposed", lambda queries, lower, upper: np.arange(len(queries)) % len(lower))
    if closes_always:
        monkeypatch.setattr(large_sets, "_guard", lambda queries, keys: np.full(len(queries), -np.inf))
    assert bool(judge(layer, np.random.default_rng(6), 20, rows=60)[1]) == closes_always


def test_the_polygon_is_exact():
    """Against the definition, on points whose float64 determinants are wrong or that underflow and overflow."""
    for scale, step in product((1.0, 5e-324, 1e-300, 1e307), (1.0, 1 / 3, 1.7)):
        points = rng.integers(-4, 5, (40, 2)) * (step * scale)
        ring = np.r_[(chains := convex_polygon(points))[0], chains[1][::-1]]
        exact = [tuple(map(Fraction, row)) for row in points.tolist()]
        corners = [exact[i] for k, i in enumerate(ring.tolist()) if exact[i] != exact[ring[k - 1]]]
        for k, (bx, by) in enumerate(corners):
            ax, ay = corners[k - 1]
            sides = [(bx - ax) * (y - ay) - (by - ay) * (x - ax) for x, y in exact]
            assert min(sides) == 0
            assert {p for p, side in zip(exact, sides, strict=True) if side == 0} & set(corners) == {(ax, ay), (bx, by)}


def test_a_chain_that_is_thinned_one_by_one_is_still_linear(monkeypatch):
    angles = np.linspace(0, np.pi, 3000)
    points = np.concatenate([np.stack([np.cos(angles), np.sin(angles)], axis=1), [[1.001, 900]]])
    expected = [chain.tolist() for chain in convex_polygon(points)]
    monkeypatch.setattr(polygon, "ROUNDS", 10**6)
    assert [chain.tolist() for chain in convex_polygon(points)] == expected
    assert max(map(len, expected)) < 9


def test_certify_takes_the_kernel():
    tokens = np.concatenate([rng.standard_normal((2, 200, 2)), 2.0 * rng.integers(-9, 10, (1, 200, 2))])
    facts, reference = (certify(k, tokens, None, 0.5, 3) for k in (kernel, numpy_kernel))
    assert [facts.itinerary(b) for b in range(3)] == [reference.itinerary(b) for b in range(3)]
    assert not {0, 1} & set(facts.replayed)
