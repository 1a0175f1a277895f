"""Every claim has a checker that can refute: wrong kernels and wrong outcomes, and wrong checkers in their turn."""

import pytest

from hardmax.verify.claims.registry import all_claims

from ..mutants import Mutant, mutate
from .killers import KILLERS, faults_of, unnoticed

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
    finding = killer.wrong().finding(CLAIMS[name])
    assert finding.verdict == "refuted", finding
    assert finding.message
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

FRANK_WOLFE = [
    Mutant("half the bound's layers", "r = energy * (k + 1) / (2", "r = energy * (k + 1) / (200"),
    Mutant("a bound without λ_max", "r * (i == j) - v", "r * (i == j) - (i == j)"),
    Mutant("layers are not looked at", "if bound.is_broken(energy, layer.index):", "if False:"),
    Mutant("nothing is ever verified", "if all(rests) and last <= MOST_LAYERS:", "if False:"),
    Mutant("any input is judged", "return [name for name, met in tests.items() if not met]", "return ['all of it']"),
]


@pytest.mark.parametrize(
    ("family", "mutant"),
    [
        pytest.param(family, mutant, id=f"{family}-{mutant.what}")
        for family, mutants in (
            ("clustering", CLUSTERING),
            ("lemmas", LEMMAS),
            ("metamorphic", METAMORPHIC),
            ("frank_wolfe", FRANK_WOLFE),
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
