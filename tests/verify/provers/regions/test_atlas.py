"""All A in the plane: the paper's figure, the exact prover in every cell, and mistakes that must be seen."""

import random
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardmax.kernels.errors import BugError, InputError
from hardmax.kernels.exact.configuration import Configuration, with_changes
from hardmax.kernels.exact.step import HarmonicStep
from hardmax.verify.certificates.self_check import unchecked
from hardmax.verify.claims.families.clustering import figures
from hardmax.verify.provers.freeze.prover import decide
from hardmax.verify.provers.regions import follow
from hardmax.verify.provers.regions.atlas import walk
from hardmax.verify.provers.regions.atlas.answer import ask_all_matrices, matrix
from hardmax.verify.provers.regions.atlas.disc import SQUARE, Part, at, clipped, within_disc

EMERGING = dict(figures())["figure2a_emerging_leader"]
WALL = Configuration([(2, 0), (0, 2), (1, 2), (-2, 1), (-1, 2)], None, Fraction(1, 2))
"""Token 1 leads on a wall alone."""
SQUARED = Configuration(
    [(1, 1), (-1, 1), (-1, -1), (1, -1), (0, 1), (0, Fraction(1, 2)), (Fraction(1, 2), Fraction(1, 4))]
)
MIRRORED = Configuration([(1, -3), (1, -2), (1, 0), (1, 2), (1, 3)], multiplicities=[2, 3, 5, 3, 2])


def counts(answer):
    """How many points, segments and polygons there are."""
    found = Counter(cell.part.dimension for cell in answer.cells)
    return [found[d] for d in range(3)]


def more_points(part, rng):
    """Random points of a part, as exact as it."""
    yield part.sample
    for _ in range(2):
        weights = [rng.randint(1, 9) for _ in part.corners]
        mixed = [sum(w * p[k] for w, p in zip(weights, part.corners, strict=True)) for k in range(3)]
        if mixed[0] ** 2 + mixed[1] ** 2 < mixed[2] ** 2:
            yield tuple(mixed)


def agrees(configuration, answer, seed=0):
    """Whether the exact prover finds each cell's phases and leaders at points of it, and all cells are counted."""
    point, segment, polygon = counts(answer)
    if polygon - segment + point != 1:
        return False
    rng = random.Random(seed)
    for cell in answer.cells:
        for place in more_points(cell.part, rng) if cell.leaders is not None else ():
            found = decide(with_changes(configuration, A=matrix(place)))
            if tuple((p.first, p.sets) for p in found.phases) != cell.phases or dict(found.leaders) != cell.leaders:
                return False
    return True


def test_figure_2a_has_27_sets_of_leaders_and_no_open_cell():
    answer = ask_all_matrices(EMERGING)
    assert answer.verdict == "verified"
    assert counts(answer) == [328, 680, 353]
    assert len(answer.sets()) == 27
    assert (0, 1, 2) in [one.leaders for one in answer.sets()]  # the paper's, with A = I
    assert answer.document()["claims"] == {"matrices.cells": "verified", "matrices.all": "verified"}
    assert unchecked(answer.document()) is None


def test_a_wall_has_leaders_that_no_polygon_has():
    answer = ask_all_matrices(WALL)
    (one,) = [s for s in answer.sets() if s.leaders == (0, 1, 3)]
    assert one.counts == (1, 1, 0)
    found = decide(with_changes(WALL, A=[[Fraction(168, 101), 0], [0, Fraction(34, 101)]]))
    assert set(found.leaders) == {0, 1, 3}
    assert agrees(WALL, answer)


@pytest.mark.parametrize(("name", "expected"), [("b_triangle", 8), ("c_square", 3), ("d_lasting_ties", 3)])
def test_the_other_panels(name, expected):
    answer = ask_all_matrices(dict(figures())[f"figure2{name}"])
    assert answer.verdict == "verified"
    assert len(answer.sets()) == expected
    point, segment, polygon = counts(answer)
    assert polygon - segment + point == 1


@pytest.mark.parametrize("configuration", [SQUARED, MIRRORED])
def test_ties_that_last_are_decided_on_their_walls(configuration):
    answer = ask_all_matrices(configuration)
    assert answer.verdict == "verified"
    assert agrees(configuration, answer)
    assert unchecked(answer.document()) is None


@st.composite
def lattices(draw, mirrored):
    tokens = draw(st.lists(st.tuples(*[st.integers(-4, 4)] * 2).filter(any), min_size=2, max_size=6, unique=True))
    if mirrored:
        tokens = list(dict.fromkeys([*tokens, *[(-x, y) for x, y in tokens]]))
    weights = draw(st.lists(st.integers(1, 3), min_size=len(tokens), max_size=len(tokens)))
    alpha = draw(st.sampled_from([Fraction(1, 3), Fraction(1), Fraction(5, 2)]))
    return Configuration(tokens, alpha=alpha, multiplicities=[1] * len(tokens) if mirrored else weights)


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_exact_prover_agrees_in_every_cell(mirrored):
    @given(lattices(mirrored), st.integers(0, 99))
    @settings(max_examples=12, deadline=None)
    def check(configuration, seed):
        answer = ask_all_matrices(configuration)
        assert answer.verdict == "verified"
        assert agrees(configuration, answer, seed)
        assert unchecked(answer.document()) is None

    check()


def test_tables_that_divide_a_cell_leave_every_answer_true(monkeypatch):
    """R2 and R3 may hold on a part of a cell: then there is a cut."""
    monkeypatch.setattr(follow, "PATIENCE", 0)
    for configuration in (SQUARED, MIRRORED, WALL):
        answer = ask_all_matrices(configuration)
        assert agrees(configuration, answer)
        assert unchecked(answer.document()) is None


def test_what_is_not_decided_is_named(monkeypatch):
    monkeypatch.setattr(walk, "LAYERS", 1)
    answer = ask_all_matrices(WALL)
    assert answer.verdict == "undecided"
    said = answer.to_json("x", None)
    left = [cell for cell in said["cells"] if cell["verdict"] == "undecided"]
    assert left
    assert all("1 layers" in cell["reason"] and cell["leaders"] is None for cell in left)
    assert said["sets"][-1]["leaders"] is None
    assert answer.document()["claims"] == {"matrices.cells": "verified", "matrices.all": None}
    assert unchecked(answer.document()) is None
    assert agrees(WALL, answer)


def test_a_seconds_limit_ends_the_work():
    answer = ask_all_matrices(EMERGING, seconds=1e-9)
    assert answer.verdict == "undecided"
    assert "1e-09 seconds" in answer.cells[0].reason
    assert answer.to_json("x", None)["cells"][0]["freeze_layer"] is None
    assert unchecked(answer.document()) is None


def test_the_input_needs_no_definite_form_of_its_own():
    assert ask_all_matrices(Configuration([(1, 0), (0, 1)], [[-1, 0], [0, 0]])).verdict == "verified"


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        (Configuration([[1], [2]]), r"the tokens are in R\^1; all A at once need"),
        (Configuration([[1, 0, 0], [2, 0, 0]]), r"the tokens are in R\^3; all A at once need"),
        (Configuration([[1, 0], [0, 0]]), "a token is zero"),
        (Configuration([[1, 0], [0, 1]], follow="smallest"), "smallest"),
        (Configuration([[1, 0], [0, 1]], step=HarmonicStep()), "step depends on the layer"),
    ],
)
def test_bad_input_is_one_line(configuration, message):
    with pytest.raises(InputError, match=message):
        ask_all_matrices(configuration)


# -- mistakes on purpose ---------------------------------------------------------------------------------------------


def refused_or_wrong(configuration):
    """Whether the checker refuses the certificate, or the exact prover or the count of cells contradicts it."""
    try:
        answer = ask_all_matrices(configuration)
        unchecked(answer.document())
    except (BugError, AssertionError):
        return True
    return not agrees(configuration, answer)


@pytest.mark.parametrize("side", [0, 1, 2])
def test_a_lost_side_is_noticed(monkeypatch, side):
    """1 is the wall of a polygon, and the corner of a wall."""
    right = Part.cut
    monkeypatch.setattr(Part, "cut", lambda self, form: [p for k, p in enumerate(right(self, form)) if k != side])
    assert refused_or_wrong(WALL)


def test_a_lost_corner_is_noticed(monkeypatch):
    """A segment is cut into two, without the point between."""
    right = Part.cut
    monkeypatch.setattr(Part, "cut", lambda self, form: right(self, form)[:: 2 if self.dimension == 1 else 1])
    assert refused_or_wrong(WALL)


def test_a_wall_taken_for_an_open_cell_is_noticed(monkeypatch):
    """A closed half in place of an open one: its wall gets the half's itinerary."""
    right = Part.cut

    def cut(self, form):
        below, _, above = right(self, form)
        return below, above, above

    monkeypatch.setattr(Part, "cut", cut)
    assert refused_or_wrong(WALL)


def test_a_forgotten_comparison_is_noticed(monkeypatch):
    """The last token is no rival of anybody."""
    right = walk.Walker._follow_set

    def follow_set(self, i):
        kept, self.N = self.N, self.N[:-1] if i < len(self.N) - 1 else self.N
        try:
            return right(self, i)
        finally:
            self.N = kept

    monkeypatch.setattr(walk.Walker, "_follow_set", follow_set)
    assert refused_or_wrong(WALL)


def test_a_forgotten_layer_is_noticed(monkeypatch):
    """Two steps at once."""
    right = walk.Walker._next
    monkeypatch.setattr(walk.Walker, "_next", lambda self, Z: right(self, right(self, Z)))
    assert refused_or_wrong(WALL)


def test_a_region_outside_of_the_disc_taken_for_a_cell_is_noticed(monkeypatch):
    """What lies in the square is not all in the disc: a cut beside it leaves nothing on one side."""
    monkeypatch.setattr(walk, "is_somewhere_negative", lambda corners, values: min(values) < 0)
    assert refused_or_wrong(EMERGING)


# -- the disc --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("corners", "meets"),
    [
        (SQUARE, True),
        (((1, 0, 1),), False),
        (((3, 4, 5),), False),
        (((1, 0, 2),), True),
        (((1, -1, 1), (1, 1, 1)), False),  # a tangent
        (((99, -99, 100), (99, 99, 100)), True),
        (((-3, 4, 3), (1, 1, 1), (-1, 2, 1)), False),
        (((2, 0, 1), (0, 2, 1), (2, 2, 1)), False),
        (((4, 0, 3), (0, 4, 3), (2, 2, 1)), True),  # the side comes nearer than its ends
        (((5, 0, 1), (9, 0, 1)), False),  # the line meets it, the segment does not
        (((-5, -5, 1), (5, -5, 1), (0, 9, 1)), True),  # the origin is inside
    ],
)
def test_what_meets_the_open_disc(corners, meets):
    found = within_disc(corners)
    assert (found is not None) == meets
    if found is not None:
        x, y, w = found
        assert x * x + y * y < w * w


@given(st.tuples(*[st.integers(-9, 9)] * 3))
@settings(deadline=None)
def test_the_sides_of_a_cut_are_parts_with_a_sample_of_their_sign(form):
    part = Part(SQUARE, (0, 0, 1))
    corners = {sign: clipped(SQUARE, [sign * at(form, p) for p in SQUARE]) for sign in (-1, 1)}
    if form[0] ** 2 >= form[1] ** 2 + form[2] ** 2:  # the line misses the disc
        strictly = [s for s in (-1, 1) if any(at(form, p) * s > 0 for p in SQUARE) and within_disc(corners[s])]
        assert len(strictly) <= 1
        return
    for sign, side in zip((-1, 0, 1), part.cut(form), strict=True):
        x, y, w = side.sample
        value = at(form, side.sample)
        assert (value > 0) - (value < 0) == sign
        assert x * x + y * y < w * w
        assert side.dimension == (1 if sign == 0 else 2)
