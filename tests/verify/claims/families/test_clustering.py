"""The clustering theorem's four claims: verdicts that are known, and none that is not proved."""

from fractions import Fraction as Q

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardmax.kernels import Configuration
from hardmax.kernels.exact.configuration import with_changes
from hardmax.strategies import configurations
from hardmax.verify.claims.case import Case
from hardmax.verify.claims.families import clustering
from hardmax.verify.provers.freeze.outcome import SelfSimilar, Undecided
from hardmax.verify.provers.freeze.prover import Budget

from ....examples import EXAMPLES

QUICK = Budget(steps=60, layers=3_000, bits=200_000)
NAMES = ("convergence", "boundary", "vertices", "cluster_points")


def verdicts(case):
    return "".join(case.finding(claim).verdict[0] for claim in clustering.CLAIMS)


def test_the_claims_are_the_four_parts_of_the_theorem():
    assert [claim.id for claim in clustering.CLAIMS] == [f"clustering.{name}" for name in NAMES]
    assert all(claim.assumes == ("nonzero", "distinct", "spd", "constant_step") for claim in clustering.CLAIMS)


def test_trivial_is_what_could_not_have_been_refuted():
    def trivial(c):
        return [claim.id.partition(".")[2] for claim in clustering.CLAIMS if Case(c, QUICK).finding(claim).trivial]

    assert trivial(Configuration([[1]])) == list(NAMES)
    assert trivial(Configuration([[1], [-1]])) == ["convergence", "boundary", "cluster_points"]
    assert trivial(Configuration([[2], [1], [-1]])) == ["boundary", "cluster_points"]
    assert trivial(EXAMPLES["figure 2d"].configuration) == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_have_their_verdicts(name):
    assert verdicts(Case(EXAMPLES[name].configuration, QUICK)) == EXAMPLES[name].verdicts


@given(configurations(n=(1, 9), d=(1, 4)))
def test_the_theorem_holds_within_its_hypotheses(configuration):
    assert verdicts(Case(configuration)) == "vvvv"


@given(
    st.one_of(
        configurations(n=(1, 6), d=(1, 3), nonzero=None, distinct=None, spd=None, steps=["one", "simple", "harmonic"]),
        configurations(n=(1, 5), d=(1, 2), nonzero=None, distinct=None, spd=False, follow="smallest"),
    )
)
def test_what_is_undecided_is_said_and_parts_agree(configuration):
    case = Case(configuration, QUICK)
    found = dict(zip(NAMES, verdicts(case), strict=True))
    if isinstance(case.outcome, Undecided):
        assert set(found.values()) == {"u"}
        assert clustering.check_boundary(case).message == case.outcome.reason
    if found["cluster_points"] == "v":
        assert found["boundary"] == "v"
    if "v" in (found["boundary"], found["cluster_points"]):
        assert found["vertices"] == found["convergence"] == "v"
    if found["vertices"] == "r":
        assert found["boundary"] == found["cluster_points"] == "r"


def test_a_refutation_names_the_token_and_its_limit():
    zero = Configuration([[1], [-1], [0]], labels=["good", "bad", "so-so"])
    finding = clustering.check_boundary(Case(zero))
    assert finding.message == "token 2 (so-so) tends to (0), an interior point of K = conv(leaders)"
    unnamed = clustering.check_boundary(Case(with_changes(zero, labels=None)))
    assert unnamed.message.startswith("token 2 tends to (0)")


def test_each_bad_place_is_named():
    outside = clustering.check_boundary(Case(EXAMPLES["a repeated token"].configuration))
    assert outside.message == "token 0 tends to (1), which is not in K = conv(leaders)"
    neither = clustering.check_cluster_points(Case(EXAMPLES["neither vertex nor projection"].configuration))
    assert "neither a vertex of K nor the projection of the origin on a face" in neither.message


def test_without_a_leader_there_is_no_polytope():
    case = Case(EXAMPLES["all repeated"].configuration)
    for check in (clustering.check_boundary, clustering.check_vertices, clustering.check_cluster_points):
        assert (check(case).verdict, check(case).message) == ("refuted", clustering.NO_LEADER)


def test_a_cycle_does_not_converge_and_says_who_moves():
    case = Case(EXAMPLES["cycle"].configuration, QUICK)
    finding = clustering.check_convergence(case)
    assert finding.verdict == "refuted"
    assert finding.message.startswith("token 4 moves for ever: the layers repeat from layer")
    assert clustering.moving_token(case.outcome) == 4


def test_a_repetition_that_is_no_multiple_of_an_isometry_stays_open():
    # The spiral in sheared coordinates.
    case = Case(Configuration([(1, 1), (0, 1), (-1, -1), (0, -1)], [[2, 2], [-4, 1]]), QUICK)
    assert isinstance(case.outcome, SelfSimilar)
    assert case.outcome.contraction is None
    assert verdicts(case) == "urrr"


def test_a_repetition_with_leaders_that_stays_open_leaves_their_vertices_decided():
    case = Case(Configuration([(-1, -2), (1, -1), (1, 2)], [[1, 1], [1, 1]]), QUICK)
    assert isinstance(case.outcome, SelfSimilar)
    assert case.outcome.leaders
    assert verdicts(case) == "uuvu"


def test_a_repetition_in_which_nothing_moves_converges():
    # The rules decide such layers before a repetition is looked for; the claim does not rely on it.
    c = Configuration([[1], [-1]])
    case = Case(c)
    case.outcome = SelfSimilar(
        configuration=c,
        phases=case.outcome.phases,
        layer=0,
        period=1,
        permutation=(0, 1),
        Q=((Q(1),),),
        scale=Q(1),
        contraction=Q(1),
        tokens=c.tokens,
        leaders={0: 0, 1: 0},
    )
    assert clustering.check_convergence(case).verdict == "verified"


def test_places_are_computed_once():
    case = Case(EXAMPLES["tie of corners"].configuration)
    assert clustering.case_places(case) is clustering.case_places(case)
