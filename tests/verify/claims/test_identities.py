"""Identities with symbols: every one is proved, and fails when a coefficient is changed."""

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from hardmax.verify.claims.identities import Combination, inner, shown_by, vector
from hardmax.verify.claims.registry import all_claims

from ..mutants import Mutant, mutate

IDENTITIES = {claim.id: claim.identity for claim in all_claims() if claim.identity is not None}

MUTANTS: dict[str, tuple[Mutant, ...]] = {
    "lemmas.follow_norm": (
        Mutant("a factor is missing", "- 2 * (inner(_z, _y) - inner(_z, _z))", "- (inner(_z, _y) - inner(_z, _z))"),
        Mutant(
            "a sign is wrong",
            "inner(_y, _y) - inner(_z, _z) - inner(_y - _z, _y - _z) - 2",
            "inner(_y, _y) + inner(_z, _z) - inner(_y - _z, _y - _z) - 2",
        ),
    ),
    "lemmas.norm_growth": (
        Mutant("λ in place of λ²", "- _lam**2 * inner(_m - _z, _m - _z)", "- _lam * inner(_m - _z, _m - _z)"),
        Mutant("a step backwards", "moved = _z + (_m - _z) * _lam", "moved = _z - (_m - _z) * _lam"),
    ),
    "lemmas.hull_nested": (Mutant("weights of another sum", "v / sum(w) for v in w", "v / (1 + sum(w)) for v in w"),),
    "lemmas.injective": (
        Mutant("the means are exchanged", "- (inner(_y, q) - inner(_y, p))", "- (inner(_y, p) - inner(_y, q))"),
        Mutant("a mixed term once", "- 2 * _lam * (1 - _lam) * inner(_u, _v)", "- _lam * (1 - _lam) * inner(_u, _v)"),
    ),
    "lemmas.leader_persistence": (
        Mutant("the first weight is 1", "- (1 - _lam) * inner(_z, _z - _y)", "- inner(_z, _z - _y)"),
    ),
    "lemmas.equilibrium": (Mutant("a factor is missing", "- 2 * inner(_z, _y - _z) -", "- inner(_z, _y - _z) -"),),
    "metamorphic.homogeneity": (Mutant("c in place of c²", "- c**2 * inner(x, y)", "- c * inner(x, y)"),),
    "metamorphic.isometry": (
        Mutant("half a reflection", "(2 * inner(z, v) / inner(v, v))", "(inner(z, v) / inner(v, v))"),
    ),
    "frank_wolfe.rate_origin_inside": (
        Mutant("γ in place of γ²", "- g**2 * half * inner(way, way)", "- g * half * inner(way, way)"),
        Mutant("one layer later", "(1 - 4 / (j + 2)) * 2 * C / (j + 1)", "(1 - 4 / (j + 2)) * 2 * C / (j + 2)"),
    ),
}


@pytest.mark.parametrize("name", IDENTITIES)
def test_every_identity_is_proved(name):
    finding = IDENTITIES[name]()
    assert finding.verdict == "proved"
    assert finding.message


def test_every_identity_has_a_mutant():
    assert set(MUTANTS) == set(IDENTITIES)


@pytest.mark.parametrize(
    ("name", "mutant"), [pytest.param(n, m, id=f"{n}-{m.what}") for n, mutants in MUTANTS.items() for m in mutants]
)
def test_a_wrong_identity_fails(name, mutant):
    wrong = mutate(f"hardmax.verify.claims.{name.partition('.')[0]}", mutant)
    (claim,) = [claim for claim in wrong.CLAIMS if claim.id == name]
    finding = claim.identity()
    assert finding.verdict == "refuted"
    assert "the difference is" in finding.message


# -- the algebra itself -----------------------------------------------------------------------------------------------

names = st.sampled_from("abc")
coefficients = st.integers(-3, 3).map(sympy.Integer)
combinations = st.lists(st.tuples(names, coefficients), min_size=1, max_size=4).map(
    lambda terms: sum((vector(n) * c for n, c in terms), start=Combination(()))
)


@given(combinations, combinations, combinations, coefficients)
def test_inner_is_bilinear_and_symmetric(x, y, z, c):
    assert inner(x, y) == inner(y, x)
    assert sympy.expand(inner(x + y * c, z) - inner(x, z) - c * inner(y, z)) == 0
    assert inner(x - x, y) == 0


@given(combinations, combinations, st.data())
def test_inner_is_that_of_real_vectors(x, y, data):
    values = {n: sympy.Matrix(data.draw(st.lists(st.integers(-4, 4), min_size=3, max_size=3))) for n in "abc"}
    a, b = ({n: sum((v for m, v in u.terms if m == n), start=sympy.Integer(0)) for n in "abc"} for u in (x, y))
    X, Y = (sum((values[n] * v for n, v in u.items()), start=sympy.zeros(3, 1)) for u in (a, b))
    gram = {sympy.Symbol(f"<{p},{q}>"): values[p].dot(values[q]) for p in "abc" for q in "abc" if p <= q}
    assert inner(x, y).subs(gram) == X.dot(Y)


def test_the_first_difference_that_does_not_vanish_is_shown():
    def right():
        """0 = 0"""
        return sympy.Integer(0)

    def wrong():
        """‖a‖² = 0"""
        return inner(vector("a"), vector("a"))

    assert shown_by(right)().verdict == "proved"
    finding = shown_by(right, wrong)()
    assert (finding.verdict, finding.message) == ("refuted", "‖a‖² = 0 fails: the difference is <a,a>")
