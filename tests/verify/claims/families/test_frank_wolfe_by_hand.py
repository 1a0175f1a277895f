"""What the search finds against arXiv:2508.09628v1, and the paper's own examples, by plain fractions alone.

Nothing here is computed by the package but the configurations that it finds: layers, follow sets, hulls and products
are done again below.
"""

import ast
import subprocess
import sys
from fractions import Fraction as Q
from functools import cache
from itertools import combinations

import pytest

from hardmax.kernels import Configuration, GeometricStep, HarmonicStep, ListedStep
from hardmax.kernels.exact.configuration import with_changes
from hardmax.kernels.exact.dynamics import Dynamics
from hardmax.kernels.exact.layered import Layered
from hardmax.verify.claims.case import Case
from hardmax.verify.claims.families.frank_wolfe.hypotheses import vertices
from hardmax.verify.claims.families.frank_wolfe.vertices import limit_of_products
from hardmax.verify.claims.inputs import Searched
from hardmax.verify.claims.registry import all_claims
from hardmax.verify.claims.search import find_counterexample
from hardmax.verify.records.bundle import repro_text

from ....kernels.wrong_dynamics import with_layers
from ...mutants import Mutant, mutate

CLAIMS = {claim.id.removeprefix("frank_wolfe."): claim for claim in all_claims() if claim.family == "frank_wolfe"}
FALSE = [name for name, claim in CLAIMS.items() if claim.expected != "theorem"]
HALVES = GeometricStep(Q(1, 2), Q(1, 2))


@cache
def found(name: str, seed: int = 3) -> Configuration:
    """The counterexample that the search finds by itself."""
    claim = CLAIMS[name]
    (source,) = claim.inputs
    assert isinstance(source, Searched)
    c = find_counterexample(claim, source, seed=seed)
    assert c is not None
    return c


def dot(x, B, y):
    return sum(a * b * v for a, row in zip(x, B, strict=True) for b, v in zip(row, y, strict=True))


def follows(Z, B, sign=1):
    """Whom each token follows: all of its best."""
    scores = [[sign * dot(z, B, y) for y in Z] for z in Z]
    return [[j for j, v in enumerate(row) if v == max(row)] for row in scores]


def moved(Z, B, rate, sign=1, P=None):
    """The next layer."""
    after = []
    for z, C in zip(Z, follows(Z, B, sign), strict=True):
        way = [rate * (sum(Z[j][c] for j in C) / Q(len(C)) - x) for c, x in enumerate(z)]
        way = way if P is None else [sum(p * w for p, w in zip(row, way, strict=True)) for row in P]
        after.append(tuple(x + w for x, w in zip(z, way, strict=True)))
    return after


def between(p, corners):
    """Whether p is in the hull of one, two or three points of the plane: barycentric coordinates."""
    if len(corners) == 1:
        return p == corners[0]
    (ax, ay), (bx, by), *rest = corners
    if not rest:
        cross = (bx - ax) * (p[1] - ay) - (by - ay) * (p[0] - ax)
        along = (bx - ax) * (p[0] - ax) + (by - ay) * (p[1] - ay)
        return cross == 0 and 0 <= along <= (bx - ax) ** 2 + (by - ay) ** 2
    (cx, cy) = rest[0]
    whole = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    if whole == 0:
        return False
    v = Q((p[0] - ax) * (cy - ay) - (p[1] - ay) * (cx - ax)) / whole
    w = Q((bx - ax) * (p[1] - ay) - (by - ay) * (p[0] - ax)) / whole
    return v >= 0 and w >= 0 and v + w <= 1


def in_hull(p, Z):
    """Whether p ∈ conv Z in the plane: in the hull of at most three of them."""
    return any(between(p, corners) for k in (1, 2, 3) for corners in combinations(sorted(set(Z)), k))


@pytest.mark.parametrize("name", FALSE)
def test_every_false_statement_has_a_counterexample_that_meets_its_hypotheses(name):
    case = Case(found(name))
    assert CLAIMS[name].unmet(case) == ()
    assert CLAIMS[name].judge(case).verdict == "refuted"


def test_the_tokens_1_and_minus_2_tie_at_layer_2():
    """So a counterexample of the rate that starts from them would depend on the tie rule."""
    Z = [(Q(1),), (Q(-2),)]
    for k in range(2):
        Z = moved(Z, [[1]], Q(2, k + 2), sign=-1)
    assert Z == [(0,), (-1,)]
    assert follows(Z, [[1]], sign=-1) == [[0, 1], [0]]


def test_the_rate():
    c = found("rate")
    finding = CLAIMS["rate"].judge(Case(c))
    Z, diameter = (
        list(c.tokens),
        max(sum((a - b) ** 2 for a, b in zip(x, y, strict=True)) for x in c.tokens for y in c.tokens),
    )
    assert (c.d, c.A) == (1, ((1,),))
    broken = None
    for k in range(finding.layer + 1):
        assert all(len(C) == 1 for C in follows(Z, c.A, -1))  # no tie, so no tie rule
        energies = [dot(z, c.A, z) / 2 for z in Z]
        if k and broken is None and any(e > Q(2 * diameter, k) for e in energies):
            broken = k
        Z = moved(Z, c.A, Q(2, k + 2), sign=-1)
    assert broken is not None
    assert broken <= finding.layer
    assert energies[finding.token] > Q(2 * diameter, finding.layer)
    assert f"at layer {broken}" in finding.message or broken == finding.layer


def test_hulls_under_a_preconditioner():
    c = found("hulls_preconditioned")
    B, P = c.model.forms[0], c.model.P
    assert B[0][0] > 0
    assert B[0][0] * B[1][1] - B[0][1] * B[1][0] > 0
    assert B[0][1] == B[1][0]
    Z, left = list(c.tokens), False
    for _ in range(5):
        assert all(len(C) == 1 for C in follows(Z, B))  # no tie, so no tie rule
        after = moved(Z, B, Q(1), P=P)
        left = left or not all(in_hull(z, Z) for z in after)
        Z = after
    assert left


@pytest.mark.parametrize("B", [[[1, 2], [2, 5]], [[1, 1], [1, 2]]])
def test_the_triangle_of_the_paper(B):
    """P = diag(3/5, 7/10) takes e_1, which follows e_2, to (2/5, 7/10), outside the triangle 0, e_1, e_2."""
    Z = [(Q(0), Q(0)), (Q(1), Q(0)), (Q(0), Q(1))]
    P = [[Q(3, 5), Q(0)], [Q(0), Q(7, 10)]]
    after = moved(Z, [[1, 2], [2, 5]], Q(1), P=P)
    assert after[1] == (Q(2, 5), Q(7, 10))
    assert not in_hull(after[1], Z)
    c = Configuration(Z, Layered([[[1, 2], [2, 5]]], P=P))
    finding = CLAIMS["hulls_preconditioned"].judge(Case(c))
    assert (finding.verdict, finding.layer, finding.token) == ("refuted", 1, 1)
    assert "(2/5, 7/10)" in finding.message
    same = with_changes(c, P=[[Q(3, 5), 0], [0, Q(3, 5)]])  # one step for both: it stays
    assert CLAIMS["hulls_preconditioned"].judge(Case(same)).verdict == "verified"


def test_exponential_convergence():
    c = found("exponential")
    finding = CLAIMS["exponential"].judge(Case(c))
    sets = follows(c.tokens, c.A)
    assert all(len(C) == 1 and sets[C[0]] == C for C in sets)
    i, v = finding.token, c.tokens[sets[finding.token][0]]
    x = c.tokens[i]
    assert x != v
    part = Q(1)
    Z = list(c.tokens)
    for k in range(60):
        assert Z[i] == tuple(b + part * (a - b) for a, b in zip(x, v, strict=True))
        Z = moved(Z, c.A, c.step.first * c.step.ratio**k)
        part *= 1 - c.step.first * c.step.ratio**k
    assert part > Q(1, 1000)
    tail = c.step.first * c.step.ratio**60 / (1 - c.step.ratio)
    assert part * (1 - tail) > 0  # what is left of the way for ever


def test_the_tokens_of_the_paper_tend_to_085560595():
    """±1, ½ with γ_t = 2^(−t−1): the last tends to 1 − ½ Π(1 − 2^(−t−1))."""
    c = Configuration([[1], [-1], [Q(1, 2)]], None, HALVES)
    finding = CLAIMS["exponential"].judge(Case(c))
    assert (finding.verdict, finding.token) == ("refuted", 2)
    assert "tends to (0.85560595…), not to (1)" in finding.message
    Z = list(c.tokens)
    for t in range(50):
        Z = moved(Z, [[1]], Q(1, 2 ** (t + 1)))
    assert Q(85560595, 10**8) < Z[2][0] < Q(85560596, 10**8)
    for step in (HarmonicStep(1, 2), HarmonicStep(2, 3)):
        finding = CLAIMS["exponential"].judge(Case(with_changes(c, step=step)))
        assert finding.verdict == "refuted"
        assert "slower than any" in finding.message
    finding = CLAIMS["exponential"].judge(Case(with_changes(c, step=ListedStep([Q(1, 9), Q(1, 2)]))))
    assert finding.verdict == "verified"


STEPS = [GeometricStep(first, ratio) for first in (Q(1, 2), Q(3, 4), Q(1, 9)) for ratio in (Q(1, 2), Q(2, 3), Q(1, 7))]


def encloses(limit) -> bool:
    """Whether a function encloses the limits of products, tightly, as far as 400 factors show."""
    for step in STEPS:
        low, high = limit(step)
        part = Q(1)
        for k in range(400):
            if k > 250 and not low <= part:
                return False
            part *= 1 - Q(step.first * step.ratio**k).limit_denominator(10**60)
        if not low <= part + Q(1, 10**50) or not part <= high + Q(1, 10**50) or high - low > Q(1, 10**8):
            return False
    return True


def test_limits_of_products_are_enclosed():
    assert encloses(limit_of_products)
    low, high = limit_of_products(HALVES)
    assert low <= Q(288788095086602421, 10**18) <= high


@pytest.mark.parametrize(
    "mutant",
    [
        Mutant("the tail is forgotten", "return (part * (1 - tail), part)", "return (part, part * (1 + tail))"),
        Mutant("the tail of one layer", "tail = step.rate(k) / (1 - step.ratio)", "tail = step.rate(k) / 100"),
        Mutant(
            "one factor too many",
            "return (part * (1 - tail), part)",
            "return (part * (1 - tail), part * (1 - tail) / 2)",
        ),
        Mutant("few digits", "Fraction(1, 10 ** (digits + 1))", "Fraction(1, 100)"),
    ],
    ids=lambda m: m.what,
)
def test_a_wrong_enclosure_is_noticed(mutant):
    assert not encloses(mutate("hardmax.verify.claims.families.frank_wolfe.vertices", mutant).limit_of_products)


def test_the_condition_of_the_polytope():
    c = found("polytope_condition")
    finding = CLAIMS["polytope_condition"].judge(Case(c))
    v = c.tokens[finding.token]
    products = {w: dot(v, c.A, w) - dot(v, c.A, v) for w in c.tokens if w != v}
    assert max(products.values()) == 0  # v is in its own cell, and somebody is on the hyperplane
    assert (c.n, c.d) == (2, 2)  # of two tokens each is the other's neighbour
    assert set(vertices(c.tokens)) == {0, 1}


def test_the_vertex_of_the_paper_and_its_neighbour():
    c = Configuration([(1, 0), (1, 1)])
    printed, repaired = (CLAIMS[name].judge(Case(c)) for name in ("polytope_condition", "polytope_condition_alone"))
    assert (printed.verdict, printed.token) == ("refuted", 0)
    assert "(1, 1) is on the hyperplane" in printed.message
    assert repaired.verdict == "verified"  # (1, 0) is in two cells, and not all its neighbours are strictly below


def test_a_layer_that_takes_an_open_set_to_a_null_set():
    c = found("null_sets")
    sign = -1 if c.follow == "smallest" else 1
    for shift in (Q(0), Q(1, 100), Q(-1, 77)):  # near the input the two still meet: the image is the diagonal
        Z = [tuple(x + shift * (i + 1) for x in z) for i, z in enumerate(c.tokens)]
        assert all(len(C) == 1 for C in follows(Z, c.A, sign))
        after = moved(Z, c.A, Q(1, 2), sign)
        assert len(set(after)) < len(after)


SQUARE = [(1, 1), (1, -1), (-1, 1), (-1, -1)]
PAIR, BETWEEN = [(1,), (-1,)], [(1,), (-1,), (Q(1, 2),)]
SHARES = {
    "single_leader": ([(1,), (1,)], PAIR),
    "duality_gap": (PAIR, BETWEEN),
    "cells": (PAIR, [(1,), (-1,), (Q(1, 2),), (Q(3, 4),)]),
    "voronoi": (PAIR, BETWEEN),
    "solution": (PAIR, BETWEEN),
    "exponential": (PAIR, BETWEEN),
    "exponential_bounded_below": (PAIR, BETWEEN),
    "polytope_condition_alone": ([(1, 0), (0, 1), (-1, -1)], SQUARE),
}
"""Tokens on which a check could not have failed: nobody moves, or all vertices are neighbours; and some on which it
could."""


@pytest.mark.parametrize("name", SHARES)
def test_the_share_that_is_not_trivial_is_of_inputs_that_could_refute(name):
    findings = [CLAIMS[name].judge(Case(Configuration(tokens))) for tokens in SHARES[name]]
    assert [(f.verdict, f.trivial) for f in findings] == [("verified", True), ("verified", False)]


def test_the_least_gap_counts_and_not_the_last():
    """Token 2 is at 3/2 at layer 1: its gaps are 3/4 · γ_t, near enough, and the bound of layer 2 is (4 − 9/4)/4."""
    c = Configuration([(2,), (-1,), (1,)], None, ListedStep([Q(1, 2), Q(1, 1000), Q(9, 10)]))
    assert Q(9, 10) * Q(74, 100) > (4 - Q(9, 4)) / 4
    assert CLAIMS["duality_gap"].judge(Case(c)).verdict == "verified"


class _Short(Dynamics):
    """Tokens go four fifths of their step."""

    def next_layer(self, layer, sets):
        after = super().next_layer(layer, sets)
        pairs = [zip(x, y, strict=True) for x, y in zip(layer.tokens(), after.tokens(), strict=True)]
        rows = [[x + Q(4, 5) * (y - x) for x, y in pair] for pair in pairs]
        first = Dynamics(with_changes(self.configuration, tokens=rows)).first
        return type(layer)(after.index, first.numerators, first.denominator)


def test_a_step_that_is_somewhat_short_is_too_slow():
    """What is left of the way is 3/5 of it and not 1/2, less than the root of 1/2."""
    case = Case(with_layers(Configuration(BETWEEN), _Short))
    assert CLAIMS["exponential_bounded_below"].judge(case).verdict == "refuted"


def test_a_vertex_whose_neighbours_are_beyond_its_hyperplane_is_not_in_its_cell():
    """(1, 0) with (2, ±1): the origin is on the other side, so that the printed condition says so too."""
    c = Configuration([(1, 0), (2, 1), (2, -1)])
    assert follows(c.tokens, [[1, 0], [0, 1]])[0] == [1, 2]
    for name in ("polytope_condition", "polytope_condition_alone"):
        assert CLAIMS[name].judge(Case(c)).verdict == "verified"


@pytest.mark.parametrize(
    ("name", "c"),
    [
        ("voronoi", Configuration([(1,), (-2,)])),  # energies differ
        ("solution", Configuration([(1,), (3,), (2,)])),  # 1 does not own its cell
        ("solution", Configuration([*SQUARE, (Q(1, 2), 0)])),  # the last is in two cells
        ("exponential", Configuration(BETWEEN, None, HarmonicStep(2, 2))),  # γ_0 = 1
        ("exponential_bounded_below", Configuration(BETWEEN, None, HALVES)),
        ("cells", Configuration(PAIR, follow="smallest")),
    ],
)
def test_inputs_outside_the_hypotheses_are_not_judged(name, c):
    assert CLAIMS[name].judge(Case(c)).verdict == "vacuous"


DAMAGE = {
    "rate": ('"layer": 577', '"layer": 576'),
    "hulls_preconditioned": ('"normal": [', '"normal": ["0",'),
    "null_sets": ('"alpha": "1"', '"alpha": "2"'),
    "exponential": ('"rule": "geometric"', '"rule": "listed",\n   "rates": ["1/2"]'),
    "polytope_condition": ('"neighbour": 1', '"neighbour": 0'),
}
"""What makes the counterexample of a script none: another layer, normal, step, rule or neighbour."""


@pytest.mark.parametrize("name", FALSE)
def test_the_script_shows_it_alone_and_nothing_where_it_is_damaged(name, tmp_path):
    claim, case = CLAIMS[name], Case(found(name))
    finding = claim.judge(case)
    shown = claim.shown(case, finding)
    assert shown.by is not None
    text = repro_text(claim, case, finding, shown)
    for damaged, status in ((text, 1), (damage(text, *DAMAGE[name]), 0)):
        script = tmp_path / "repro.py"
        script.write_text(damaged)
        done = subprocess.run([sys.executable, "-I", script], capture_output=True, text=True)
        assert done.returncode == status, done.stdout + done.stderr


def damage(text: str, old: str, new: str) -> str:
    """The script with its counterexample changed: the JSON in its last lines."""
    head, _, case = text.rpartition("\nCASE = ")
    data, _, tail = case.partition("\n\n")
    changed = ast.literal_eval(data).replace(old, new, 1)
    assert changed != ast.literal_eval(data), f"{old} is not in {data}"
    return f"{head}\nCASE = {changed!r}\n\n{tail}"
