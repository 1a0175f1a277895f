"""Every claim has a checker that can refute: wrong kernels and wrong outcomes, and wrong checkers in their turn."""

import pytest

from hardmax.verify.claims.registry import all_claims

from ..mutants import Mutant, mutate
from .killers import KILLERS, faults_of, finding, unnoticed

CLAIMS = {claim.id: claim for claim in all_claims()}


@pytest.mark.parametrize("name", CLAIMS)
def test_every_claim_has_a_killer(name):
    assert KILLERS.get(name), f"{name} has no killer: add a wrong kernel or outcome that its checker refutes"


def test_every_killer_has_a_claim():
    assert set(KILLERS) <= set(CLAIMS)


@pytest.mark.parametrize(
    ("name", "killer"), [pytest.param(c, k, id=f"{c}-{k.what}") for c, killers in KILLERS.items() for k in killers]
)
def test_the_killer_is_refuted_and_the_right_case_is_not(name, killer):
    found = finding(killer.wrong(), CLAIMS[name])
    assert found.verdict == "refuted", found
    assert found.message
    assert killer.right().finding(CLAIMS[name]).verdict == "verified"


@pytest.mark.parametrize("name", CLAIMS)
def test_nothing_goes_unnoticed(name):
    assert list(unnoticed(CLAIMS[name])) == []


CLUSTERING = [
    Mutant("limits are not looked at", "fault = _limit_fault(outcome)", "fault = None"),
    Mutant("places of resting tokens are not looked at", "if rule in ('leader', 'stationary'):", "if False:"),
    Mutant("captured tokens are not looked at", "if s[i] != s[C[0]]:", "if False:"),
    Mutant(
        "means of limits are not looked at",
        "if any((total * x != sum((w[j] * s[j][c] for j in C)) for c, x in enumerate(s[i]))):",
        "if False:",
    ),
    Mutant(
        "plain means of limits",
        "total = sum((w[j] for j in C))\n            if",
        "w, total = [1] * len(w), len(C)\n            if",
    ),
    Mutant("cycles converge", "if moving is None:\n        return Finding", "if True:\n        return Finding"),
    Mutant(
        "nothing contracts",
        "outcome.contraction < 1:\n",
        "outcome.contraction < 0:\n",
    ),
    Mutant("missing leaders are not looked for", "if unnoticed:", "if False:"),
    Mutant(
        "no leader is no fault",
        "if not outcome.leaders:\n        return Finding('refuted', NO_LEADER)\n    frozen",
        "frozen",
    ),
    Mutant("leaders may tie", "if height >= heights[l] and j != l", "if height > heights[l] and j != l"),
    Mutant("nobody may land on a leader", " and (not (rows[j] == rows[l] and _may_land(case, j, l)))", ""),
    Mutant(
        "twins may be leaders", " and (not (rows[j] == rows[l] and _may_land(case, j, l)))", " and rows[j] != rows[l]"
    ),
    Mutant("leaders are not exposed", "if height >= heights[l] and j != l", "if False and j != l"),
    Mutant(
        "A is ignored",
        "zip(*case.form, strict=True)",
        "zip(*[[int(a == b) for b in range(len(row))] for a, row in enumerate(case.form)], strict=True)",
    ),
    Mutant(
        "interior points count as boundary",
        "_check_places(case, (Interior, Outside), ",
        "_check_places(case, (Outside,), ",
    ),
    Mutant(
        "points outside count as boundary",
        "_check_places(case, (Interior, Outside), ",
        "_check_places(case, (Interior,), ",
    ),
    Mutant(
        "any boundary point is a cluster point", "case, (Interior, Outside, Neither), ", "case, (Interior, Outside), "
    ),
    Mutant(
        "without a leader all is well",
        "if not getattr(outcome, 'leaders', None):\n        return Finding('refuted', NO_LEADER)",
        "if not getattr(outcome, 'leaders', None):\n        return Finding('verified', NO_LEADER)",
    ),
    Mutant("what cycles has limits on the boundary", "if convergence.verdict == 'refuted':", "if False:"),
    Mutant(
        "undecided is verified",
        'return Finding("undecided", outcome.reason)',
        'return Finding("verified", outcome.reason)',
    ),
]
LEMMAS = [
    Mutant("follow_norm is weak", "if layer.gram[j][j] < layer.gram[i][i]:", "if layer.gram[j][j] < 0:"),
    Mutant(
        "follow_norm without A",
        "for line in form] for row in rows]",
        "for line in [[int(a == b) for b in range(len(row))] for a in range(len(row))]] for row in rows]",
    ),
    Mutant("equals may follow each other", "if layer.gram[j][j] == layer.gram[i][i] and", "if False and"),
    Mutant("what moves may keep its norm", "if new == old and (not", "if False and (not"),
    Mutant("norms may shrink", "if new < old:", "if False:"),
    Mutant(
        "norms are compared without their units", "return self.gram[i][i] * other.unit**2", "return self.gram[i][i]"
    ),
    Mutant("steps of any length", "weights = {i: 1 - rate}", "continue\n            weights = {i: 1 - rate}"),
    Mutant("steps with plain means", "rate * Fraction(w[j], total)", "rate / len(C)"),
    Mutant(
        "the step of the next layer",
        "combined = sum((v * before.rows[j][c] for j, v in weights.items()), Fraction(0)) / before.unit",
        "combined = sum((v * after.rows[j][c] for j, v in weights.items()), Fraction(0)) / after.unit",
    ),
    Mutant("tokens may meet", "if before.rows[j] != before.rows[i]:", "if False:"),
    Mutant("leaders may change sets", "if after.sets[i] != (i,):", "if False:"),
    Mutant(
        "leaders may move",
        "if not _stays(i, before, after):\n                return f'leader",
        "if False:\n                return f'leader",
    ),
    Mutant("fixed points of any kind", "if fixed != centred:", "if False:"),
    Mutant(
        "fixed points by plain means",
        "centred = all((sum((w[j] for j in C)) * x == sum((w[j] * before.rows[j][c] for j in C))",
        "centred = all((len(C) * x == sum((before.rows[j][c] for j in C))",
    ),
    Mutant("what scores above itself may rest", "if max(row) > row[i]:", "if False:"),
    Mutant("what rests is not looked at", "if found is None and isinstance(case.outcome, Frozen):", "if False:"),
    Mutant("one layer off", "for layer, sets in case.layers", "for layer, sets in case.layers[1:]"),
]
METAMORPHIC = [
    Mutant("tokens are not compared", "if image(tokens[i]) != images[p]:", "if False:"),
    Mutant("sets are not compared", "if tuple(sorted((position[j] for j in sets[i]))) != other_sets[p]:", "if False:"),
    Mutant("nothing is scaled", "tokens=[[SCALE * x for x in row] for row in c.tokens]", "tokens=c.tokens"),
    Mutant(
        "some keep their order",
        "order = range(c.n - 1, -1, -1)",
        "order = [*range(c.n // 2, -1, -1), *range(c.n - 1, c.n // 2, -1)]",
    ),
    Mutant("nothing is relabelled", "order = range(c.n - 1, -1, -1)", "order = range(c.n)"),
    Mutant(
        "multiplicities stay behind",
        "multiplicities=[c.multiplicities[i] for i in order]",
        "multiplicities=c.multiplicities",
    ),
    Mutant("nothing is reflected", 'return reflect, "reflection"', 'return (lambda x: x), "reflection"'),
    Mutant("a reflection that moves no token", " or (not any((c.inner(x, v) for x in c.tokens)))", ""),
    Mutant("a reflection that is none", "factor = 2 * c.inner(x, v) / length", "factor = c.inner(x, v) / length"),
    Mutant("a Euclidean reflection", "length = c.inner(v, v)", "c = type(c)(c.tokens)\n    length = c.inner(v, v)"),
    Mutant("residual tokens are not compared", "if tokens != _map(", "if False and tokens != _map("),
    Mutant("residual sets are not compared", "if C != sets[i]:", "if False:"),
    Mutant("the residual factor is 1", "scale * (1 + alpha)", "scale"),
    Mutant("a normalised residual", "tuple((x + alpha * sum(", "tuple((x * (1 - alpha) + alpha * sum("),
    Mutant("a residual with λ for α", "alpha = rate / (1 - rate)", "alpha = rate"),
    Mutant(
        "residual means are plain",
        "sum(w[j] * tokens[j][k] for j in C) / total",
        "sum(tokens[j][k] for j in C) / len(C)",
    ),
    Mutant("the first layer alone", "mine = case.layers[:LAYERS]", "mine = case.layers[:1]"),
    Mutant("the first residual layer alone", "in case.layers[:LAYERS]:", "in case.layers[:1]:"),
]

RATE = [
    Mutant("half the bound's layers", "r = energy * (k + self.more) / (2", "r = energy * (k + self.more) / (200"),
    Mutant("a layer early", "r = energy * (k + self.more)", "r = energy * (k + 1 + self.more)"),
    Mutant("a layer late", "r = energy * (k + self.more)", "r = energy * (k - 1 + self.more)"),
    Mutant("the energy without its half", "return sum(terms, Fraction(0)) / 2", "return sum(terms, Fraction(0))"),
    Mutant(
        "equality breaks the bound",
        "    return is_positive_definite(",
        "    r = r * (1 + Fraction(1, 10**9))\n        return is_positive_definite(",
    ),
    Mutant("a bound without λ_max", "r * (i == j) - v", "r * (i == j) - (i == j)"),
    Mutant("the form of the next layer", "min(k - 1, len(self.forms) - 1)", "min(k, len(self.forms) - 1)"),
    Mutant("the last form bounds", "B = self.forms[0]", "B = self.forms[-1]"),
    Mutant("layers are not looked at", "if bound.is_broken(energy, layer.index):", "if False:"),
    Mutant("nothing is ever verified", "if all(rests) and last <= MOST_LAYERS:", "if False:"),
    Mutant("the origin is not looked for", "if not inside:", "if False:"),
]
HULLS = [
    Mutant("hulls of the next layer", "convex_weights(z, before)", "convex_weights(z, after)"),
    Mutant("points outside are inside", "isinstance(convex_weights(z, before), Separated)", "False"),
    Mutant("ties are not compared", "if c.inner(Z[i], w) != 0:", "if False:"),
    Mutant("ties at one point count", "if Z[j] != Z[C[0]]", "if j != C[0]"),
    Mutant("no layer is singular", "sympy.Matrix(M).det() == 0", "False"),
    Mutant("every layer is singular", "sympy.Matrix(M).det() == 0", "True"),
    Mutant("a full step", "(1 - rate) * (i == j) + rate *", "(1 - rate) * (i == j) + 1 *"),
    Mutant("ties count as strict", "if any((len(C) > 1 for C in sets)):", "if False:"),
    Mutant("a gap of half the size", "gap = c.step.rate(t) * max(", "gap = c.step.rate(t) / 9 * max("),
    Mutant("the bound a layer early", "/ 2 / t", "/ 2 / (t + 1)"),
    Mutant("the bound without its half", "- start) / 2 / t", "- start) / t"),
    Mutant(
        "the bound of layer 0",
        "start, least = (c.inner(run[1][i], run[1][i]), None)",
        "start, least = (c.inner(run[0][i], run[0][i]), None)",
    ),
    Mutant("no gap is looked at", "if least > bound:", "if False:"),
]
VERTICES = [
    Mutant(
        "the product a layer late", "part *= 1 - c.step.rate(layer.index)", "part *= 1 - c.step.rate(layer.index + 1)"
    ),
    Mutant(
        "positions are not compared", "if sets[i] != (target[i],) or z != ", "if sets[i] != (target[i],) or (z, 0) == "
    ),
    Mutant("sets are not compared", "if sets[i] != (target[i],) or ", "if "),
    Mutant("every step is slow", "if isinstance(c.step, HarmonicStep):", "if True:"),
    Mutant("no sum is finite", "if isinstance(c.step, GeometricStep):", "if False:"),
    Mutant("norms in place of squares", "(1 - least) ** (2 * layer.index)", "(1 - least) ** (4 * layer.index)"),
    Mutant("nothing is near enough", "(1 - least) ** (2 * layer.index)", "(1 - least) ** (2 * layer.index + 1)"),
]
CELLS = [
    Mutant("ties are on the right side", "all((s < 0 for s in signs))", "all((s <= 0 for s in signs))"),
    Mutant(
        "ties are off the cell", "any((c.tokens[j] == v for j in sets[i]))", "{c.tokens[j] for j in sets[i]} == {v}"
    ),
    Mutant("a tie owns a cell", "alone = {c.tokens[j] for j in sets[i]} == {v}", "alone = i in sets[i]"),
    Mutant(
        "ties of neighbours are strict",
        "c.inner(v, c.tokens[j]) < c.inner(v, v) for j in near",
        "c.inner(v, c.tokens[j]) <= c.inner(v, v) for j in near",
    ),
    Mutant("all vertices are far", "{corners[k] for k in face.indices} == {i, j}", "False"),
    Mutant(
        "one nearest vertex alone",
        "nearest = {v for v, square in far.items() if square == min(far.values())}",
        "nearest = {min(far, key=far.get)}",
    ),
    Mutant("the farthest vertex", "square == min(far.values())", "square == max(far.values())"),
    Mutant("no token need be in a cell", "if not best & {c.tokens[j] for j in corners}:", "if False:"),
    Mutant("cells need not be convex", "if v not in best:", "if False:"),
]
PANELS = [
    Mutant(
        "leaders by number alone",
        "dict(sorted(outcome.leaders.items())), dict(panel.leaders)",
        "len(outcome.leaders), len(panel.leaders)",
    ),
    Mutant("ties are not looked at", "panel.ties)", "tuple(i for i, C in enumerate(outcome.sets) if len(C) > 1))"),
    Mutant("cluster points are not counted", "len(set(outcome.limits) - places), panel.beside", "0, 0"),
]

FREEZING = [
    Mutant("ties do not matter", "if tie is not None:", "if False:"),
    Mutant("any rule will do", "if rule not in ('leader', 'R1'):", "if False:"),
    Mutant("rule R1 for leaders too", "if rule not in ('leader', 'R1'):", "if rule != 'R1':"),
    Mutant("any limit will do", "if s not in places:", "if False:"),
    Mutant(
        "what repeats is not constant, which does not matter",
        "return Finding('refuted', 'no token ever follows two, and the follow sets do not become constant')",
        "return Finding('verified', '')",
    ),
    Mutant("moved tokens may tie", "if found.trivial:", "if False:"),
    Mutant("tokens are not moved", "x + size * Fraction(m, 2 ** FINE)", "x"),
    Mutant(
        "whomever they follow",
        "any((outcome.limits[j] != s and j in moving for i in members for j in outcome.sets[i]))",
        "False",
    ),
    Mutant("moving tokens may be followed", "if not moving.isdisjoint(outcome.sets[i]):", "if False:"),
]


@pytest.mark.parametrize(
    ("family", "mutant"),
    [
        pytest.param(family, mutant, id=f"{family}-{mutant.what}")
        for family, mutants in (
            ("clustering", CLUSTERING),
            ("lemmas", LEMMAS),
            ("metamorphic", METAMORPHIC),
            ("frank_wolfe.rate", RATE),
            ("frank_wolfe.hulls", HULLS),
            ("frank_wolfe.vertices", VERTICES),
            ("frank_wolfe.cells", CELLS),
            ("panels", PANELS),
            ("freezing", FREEZING),
        )
        for mutant in mutants
    ],
)
def test_a_wrong_checker_is_noticed(family, mutant):
    wrong = mutate(f"hardmax.verify.claims.families.{family}", mutant)
    try:
        found = next(faults_of(wrong), None)
    except Exception as error:  # a wrong checker may break in any way
        found = repr(error)
    assert found is not None
