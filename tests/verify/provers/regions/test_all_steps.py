"""All steps at once: the paper's figure, the exact prover at samples of every cell, and mistakes that must be seen."""

import random
from fractions import Fraction
from itertools import pairwise

import pytest
from flint import fmpq, fmpz_poly
from hypothesis import given, settings
from hypothesis import strategies as st

from hardmax.kernels.errors import BugError, InputError
from hardmax.kernels.exact.configuration import Configuration, with_changes
from hardmax.kernels.exact.step import HarmonicStep
from hardmax.verify.certificates.checker import small_steps as enclosures
from hardmax.verify.certificates.self_check import unchecked
from hardmax.verify.claims.families.clustering import figures
from hardmax.verify.provers.freeze.prover import decide
from hardmax.verify.provers.regions import cells, steps
from hardmax.verify.provers.regions.answers import ask_all_steps, end_json
from hardmax.verify.provers.regions.follow import Meter
from hardmax.verify.provers.regions.roots import Root, as_fraction, brackets, root_in
from hardmax.verify.provers.regions.small_steps import small_steps

FIGURES = dict(figures())
EMERGING = FIGURES["figure2a_emerging_leader"]


def numerators(root):
    return tuple(int(c) for c in root.p.coeffs())


def test_figure_2a_has_three_leaders_exactly_between_the_roots_of_its_quadratic():
    answer = ask_all_steps(EMERGING, Fraction(1, 20))
    assert answer.verdict == "verified"
    three = [cell for cell in answer.cells if set(cell.itinerary.leaders) == {0, 1, 2}]
    assert all(set(c.itinerary.leaders) == {0, 2} for c in answer.cells if c not in three)
    (cell,) = three
    assert not cell.is_point
    assert numerators(cell.low) == numerators(cell.high) == (1, -5, 3)
    assert cell.low.high < cell.high.low
    assert unchecked(answer.document()) is None


def test_figure_2a_is_decided_for_every_step():
    answer = ask_all_steps(EMERGING)
    assert answer.verdict == "verified"
    first, *others = answer.to_json("2a", None)["cells"]
    assert first["from"] == "0"
    assert first["small_steps"] is True
    assert first["leaders"] == {"0": 0, "2": 0}
    assert first["freeze_layer"] is None
    assert [set(c["leaders"]) == {"0", "1", "2"} for c in others].count(True) == 1
    assert answer.document()["claims"]["steps.all"] == "verified"
    assert unchecked(answer.document()) is None


def test_small_steps_are_tried_below_a_root_whose_interval_starts_at_0():
    tokens = [(3, 2), (2, 3), (0, 2), (0, -3), (-1, -2)]
    answer = ask_all_steps(Configuration(tokens, [[3, 0], [0, 1]]))
    assert answer.verdict == "verified"
    assert unchecked(answer.document()) is None


@given(
    st.lists(st.tuples(*[st.integers(-9, 9)] * 2).filter(any), min_size=3, max_size=6, unique=True),
    st.sampled_from([Fraction(1, 32), Fraction(1, 128)]),
    st.fractions(min_value=Fraction(1, 50), max_value=Fraction(49, 50), max_denominator=50),
)
@settings(max_examples=60, deadline=None)
def test_small_steps_have_the_leaders_that_are_said(tokens, a, part):
    configuration = Configuration(tokens)
    proof = small_steps(configuration, a, Meter(1e6))
    if proof is not None:
        assert sorted(decide(with_changes(configuration, alpha=a * part)).leaders) == list(proof.leaders)


def test_a_change_of_sets_needs_its_window(monkeypatch):
    """Where growth is not shown, nothing is; and a window that is believed without it is contradicted elsewhere."""
    assert small_steps(EMERGING, Fraction(1, 128), Meter(1e6)) is not None
    monkeypatch.setattr(enclosures.Flow, "closes", lambda *_: 0)
    assert small_steps(EMERGING, Fraction(1, 128), Meter(1e6)) is None


@pytest.mark.parametrize("name", ["figure2b_triangle", "figure2c_square", "figure2d_lasting_ties"])
def test_the_other_panels_are_one_cell(name):
    answer = ask_all_steps(FIGURES[name])
    assert len(answer.cells) == 1
    assert answer.to_json(name, None)["cells"][0]["to"] == "inf"
    assert unchecked(answer.document()) is None


RANDOM = random.Random(19)


def samples(cell):
    """Rationals in a cell: anywhere inside, and just beside its ends; a rational point itself."""
    if cell.is_point:
        return [cell.low.low] if cell.low.low == cell.low.high else []
    beside = fmpq(1, 10**9)
    low = max(cell.low.high, cell.low.low + beside)
    high = cell.sample + 7 if cell.high is None else min(cell.high.low, cell.high.high - beside)
    inside = [low + (high - low) * fmpq(RANDOM.randint(1, 10**6), 10**6 + 1) for _ in range(2)]
    return [cell.sample, low, high, *inside]


def agrees(configuration, answer):
    """Whether the exact prover finds each cell's phases and leaders at rationals in it."""
    for cell in answer.cells:
        if cell.itinerary is None:
            continue
        for alpha in samples(cell):
            found = decide(with_changes(configuration, alpha=as_fraction(alpha)))
            if tuple((p.first, p.sets) for p in found.phases) != tuple(cell.itinerary.phases):
                return False
            if dict(found.leaders) != cell.itinerary.leaders:
                return False
    return True


coordinates = st.integers(-4, 4)


@st.composite
def lattices(draw, mirrored=False):
    d = draw(st.integers(1, 3))
    points = st.tuples(*[coordinates] * d).filter(any)
    tokens = draw(st.lists(points, min_size=2, max_size=4 if mirrored else 7, unique=True))
    if mirrored:
        tokens = list(dict.fromkeys([*tokens, *[(-z[0], *z[1:]) for z in tokens]]))
    weights = draw(st.lists(st.integers(1, 3), min_size=len(tokens), max_size=len(tokens)))
    return Configuration(tokens, multiplicities=[1] * len(tokens) if mirrored else weights)


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_exact_prover_agrees_at_samples_of_every_cell(mirrored):
    @given(lattices(mirrored))
    @settings(max_examples=60, deadline=None)
    def check(configuration):
        answer = ask_all_steps(configuration, Fraction(1, 5))
        assert agrees(configuration, answer)
        assert unchecked(answer.document()) is None

    check()


def test_the_exact_prover_agrees_beside_algebraic_points_and_at_rational_ones():
    given = [(EMERGING, Fraction(1, 20)), (Configuration([(2, -1), (3, -3), (0, -2), (-1, -1)]), Fraction(1, 9))]
    points = []
    for configuration, least in given:
        answer = ask_all_steps(configuration, least)
        assert agrees(configuration, answer)
        points += [cell.low for cell in answer.cells[1:] if cell.is_point]
    assert sum(point.low < point.high for point in points) > 2
    assert any(point.low == point.high for point in points)


def test_cells_cover_the_half_line_end_to_end():
    answer = ask_all_steps(EMERGING, Fraction(1, 20))
    assert answer.cells[0].is_point
    assert answer.cells[-1].high is None
    for before, after in pairwise(answer.cells):
        assert before.high.compare(after.low) == 0
        assert before.is_point != after.is_point


def test_what_is_not_decided_is_named(monkeypatch):
    monkeypatch.setattr(steps, "PIECES", 10)
    monkeypatch.setattr(steps, "MANY", 10)
    monkeypatch.setattr(steps, "small_steps", lambda *_: None)
    answer = ask_all_steps(EMERGING)
    assert answer.verdict == "undecided"
    first = answer.to_json("x", None)["cells"][0]
    assert first["from"] == "0"
    assert first["verdict"] == "undecided"
    assert "10 pieces" in first["reason"]
    assert answer.document()["claims"] == {"steps.pieces": "verified", "steps.all": None}
    assert unchecked(answer.document()) is None


def test_a_seconds_limit_ends_the_work():
    answer = ask_all_steps(EMERGING, seconds=1e-9)
    assert answer.verdict == "undecided"
    assert "1e-09 seconds" in answer.cells[0].reason


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        (Configuration([[1], [0]]), "a token is zero"),
        (Configuration([[1], [2]], [[-1]]), "not symmetric positive definite"),
        (Configuration([[1], [2]], follow="smallest"), "smallest"),
        (Configuration([[1], [2]], step=HarmonicStep()), "step depends on the layer"),
        (Configuration([[1], [-1], [1]]), "tokens 0 and 2 are equal"),
    ],
)
def test_bad_input_is_one_line(configuration, message):
    with pytest.raises(InputError, match=message):
        ask_all_steps(configuration)


def test_alpha_min_has_to_be_positive():
    with pytest.raises(InputError, match="must be positive"):
        ask_all_steps(EMERGING, Fraction(0))


# -- mistakes on purpose ---------------------------------------------------------------------------------------------


def refused_or_wrong(answer):
    """Whether the checker refuses a certificate, or the exact prover contradicts a cell."""
    try:
        unchecked(answer.document())
    except BugError:
        return True
    return not agrees(EMERGING, answer)


def test_a_lost_root_is_noticed(monkeypatch):
    """Cells that do not shrink at the roots above their sample."""
    right = cells.brackets

    def lossy(D, low, high, *, downwards=False):
        return right(D, low, high, downwards=True) if downwards else iter(())

    monkeypatch.setattr(cells, "brackets", lossy)
    assert refused_or_wrong(ask_all_steps(EMERGING, Fraction(1, 10)))


def test_a_closed_cell_taken_for_an_open_one_is_noticed():
    """Points that are given the itinerary of the interval before them."""
    answer = ask_all_steps(EMERGING, Fraction(1, 10))
    pieces = [
        piece
        if not piece.is_point or k == 0
        else steps.Piece(piece.low, piece.high, piece.sample, answer.pieces[k - 1].itinerary)
        for k, piece in enumerate(answer.pieces)
    ]
    wrong = type(answer)(answer.given, tuple(pieces), answer.cells)
    with pytest.raises(BugError, match="refused"):
        unchecked(wrong.document())


# -- roots -----------------------------------------------------------------------------------------------------------


def test_roots_are_isolated_and_compared():
    D = fmpz_poly([-2, 0, 1]) ** 2 * fmpz_poly([-3, 2]) * fmpz_poly([1, -5, 3])
    found = [root_in(D, low, high) for low, high in brackets(D, fmpq(0), None)]
    assert [numerators(r) for r in found] == [(1, -5, 3), (-2, 0, 1), (1, -5, 3), (-3, 2)]
    assert [a.compare(b) for a, b in pairwise(found)] == [-1, -1, -1]
    downwards = [root_in(D, low, high) for low, high in brackets(D, fmpq(0), None, downwards=True)]
    assert [a.compare(b) for a, b in zip(found, downwards[::-1], strict=True)] == [0] * 4
    assert Root.rational(fmpq(3, 2)).compare(found[-1]) == 0


@given(st.lists(st.fractions(min_value=0, max_value=8, max_denominator=9), min_size=1, max_size=6))
@settings(max_examples=80, deadline=None)
def test_every_rational_root_is_found_once(values):
    D = fmpz_poly([1, 0, 1])
    for x in values:
        D *= fmpz_poly([-x.numerator, x.denominator])
    found = [root_in(D, a, b) for a, b in brackets(D, fmpq(-1), fmpq(9))]
    assert [Fraction(end_json(root)) for root in found] == sorted(set(values))
