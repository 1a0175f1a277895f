"""Exact answers about A, on inputs whose answer is known by construction, and on degenerate ones."""

import random
import sys
from collections.abc import Iterable
from fractions import Fraction as Q
from itertools import product

import pytest

from hardmax.kernels.errors import InputError
from hardmax.kernels.exact.configuration import Configuration, with_changes
from hardmax.verify.certificates import checker
from hardmax.verify.certificates.writer import to_text
from hardmax.verify.provers.control.answers import ask, first_sets, leaders_at_0
from hardmax.verify.provers.control.independent import basis_of
from hardmax.verify.provers.control.linear import all_follow, can_lead
from hardmax.verify.provers.control.questions import Excluded, Leading, Multiplier, Wish
from hardmax.verify.provers.control.rounding import exact_condition
from hardmax.verify.provers.control.search import Impossible, Possible, _needed, settle

from ...mutants import Mutant, mutate

MAPS = Configuration([(-4, 0), (-3, -2), (2, 2), (3, -2), (3, 2)])
FOUR = Configuration([(1, 0), (0, 1), (Q(6, 5), -1), (Q(1, 10), Q(21, 20))])
SINGULAR = Configuration([(1, 0), (0, 1), (Q(6, 5), Q(1, 5)), (Q(1, 5), Q(6, 5))])
SPIRAL = Configuration([(1, 0), (0, Q(2, 5)), (Q(-4, 25), Q(4, 25)), (Q(-8, 125), 0), (0, Q(-16, 625))])
"""60° steps of ratio 2/5, in coordinates in which ((2, 1), (1, 2)) is the Euclidean form."""


def vector(rng: random.Random, d: int, most: int = 9) -> tuple[Q, ...]:
    while True:
        z = tuple(Q(rng.randint(-most, most), rng.choice((1, 1, 2, 3))) for _ in range(d))
        if any(z):
            return z


def distinct(rng: random.Random, n: int, d: int, first: Iterable[tuple[Q, ...]] = ()) -> Configuration:
    tokens = list(first)
    while len(tokens) < n:
        z = vector(rng, d)
        if z not in tokens:
            tokens.append(z)
    return Configuration(tokens)


def positive(rng: random.Random, d: int) -> list[list[Q]]:
    """Bᵀ B + a little, often badly conditioned."""
    B = [vector(rng, d) for _ in range(d)]
    scales = [rng.choice((Q(1), Q(1, 100))) for _ in range(d)]
    return [
        [sum(s * b[i] * b[j] for s, b in zip(scales, B, strict=True)) + Q(i == j, 1000) for j in range(d)]
        for i in range(d)
    ]


def possible_instances(rng: random.Random, count: int):
    """Questions that a known A answers: its leaders at layer 0, and its map σ where all others follow a leader."""
    while count:
        d, n = rng.randint(1, 4), rng.randint(2, 9)
        if (d == 1) and n > 6:
            continue
        c = distinct(rng, n, d)
        known = with_changes(c, A=positive(rng, d))
        sets, L = first_sets(known), leaders_at_0(known)
        if not L:
            continue
        count -= 1
        yield "lead", c, L
        if all(len(C) == 1 and C[0] in L for C in sets):
            yield "exactly", c, L
            if len(L) == 1:
                yield "alone", c, L


def excluded_instances(rng: random.Random, count: int, *, boundary: bool):
    """z_0, z_1, z_0 + a z_0 + b z_1, z_1 + b' z_0 + c z_1: y = (1, 1) has the sum a z_0z_0ᵀ + (b + b') sym + c z_1z_1ᵀ.

    It is positive semidefinite exactly if a, c ≥ 0 and 4ac ≥ (b + b')², singular on the boundary.
    """
    while count:
        d = rng.randint(2, 4)
        z, w = vector(rng, d), vector(rng, d)
        a, c = Q(rng.randint(0, 6), rng.randint(1, 4)), Q(rng.randint(0, 6), rng.randint(1, 4))
        if boundary:
            c = a * Q(rng.randint(0, 3), rng.randint(1, 3)) ** 2
            root = {k * k: k for k in range(200)}
            square = a * c
            if square.numerator not in root or square.denominator not in root:
                continue
            total = 2 * Q(root[square.numerator], root[square.denominator]) * rng.choice((1, -1))
        else:
            total = Q(rng.randint(-4, 4), 4)
            if 4 * a * c <= total**2:
                continue
        b = Q(rng.randint(-8, 8), 4)
        third = tuple((1 + a) * x + b * y for x, y in zip(z, w, strict=True))
        fourth = tuple((total - b) * x + (1 + c) * y for x, y in zip(z, w, strict=True))
        tokens = [z, w, third, fourth]
        if len(set(tokens)) < 4 or not all(map(any, tokens)):
            continue
        count -= 1
        yield distinct(rng, rng.randint(4, 8), d, tokens)


def assert_possible(kind, c, L):
    answer = ask(kind, [c], L)
    assert answer.verdict == "possible", (kind, c.tokens, L, answer)
    assert set(L) <= set(leaders_at_0(with_changes(c, A=answer.A)))


def test_what_a_known_A_does_is_possible():  # noqa: N802 the paper's symbol
    for kind, c, L in possible_instances(random.Random(1), 120):
        assert_possible(kind, c, L)


@pytest.mark.parametrize("boundary", [False, True])
def test_what_known_multipliers_exclude_is_impossible(boundary):
    count = 0
    for c in excluded_instances(random.Random(2 + boundary), 80, boundary=boundary):
        answer = ask("lead", [c], (0, 1))
        assert answer.verdict == "impossible", (c.tokens, answer)
        assert checker.check(to_text(answer.document)) == {"control.layer_0": "refuted"}
        count += 1
    assert count == 80


def test_a_token_in_the_hull_of_others_and_the_origin_never_leads():
    rng = random.Random(4)
    for _ in range(60):
        d = rng.randint(1, 4)
        c = distinct(rng, rng.randint(2, 7), d)
        weights = [Q(rng.randint(0, 3)) for _ in range(c.n)]
        total = sum(weights) + rng.choice((0, 0, 1))
        if not sum(weights):
            continue
        z = tuple(sum(w * v[k] for w, v in zip(weights, c.tokens, strict=True)) / total for k in range(d))
        if z in c.tokens or not any(z):
            continue
        inner = Configuration([z, *c.tokens])
        assert 0 not in can_lead(inner)
        for kind in ("lead", "alone", "exactly"):
            assert ask(kind, [inner], [0]).verdict == "impossible"


def test_each_can_lead_and_not_both():
    assert can_lead(FOUR) == (0, 1, 2, 3)
    assert [ask("lead", [FOUR], [i]).verdict for i in range(4)] == ["possible"] * 4
    assert ask("lead", [FOUR], [0, 1]).verdict == "impossible"
    question = Leading("lead", (FOUR,), ((0, 1),))
    y = (Multiplier(Wish(0, 0, 0, 2), Q(1, 10)), Multiplier(Wish(0, 1, 1, 3), Q(1)))
    assert question.excludes(y)
    assert not question.excludes(y[:1])
    assert not question.excludes(())


def test_at_the_optimum_0_multipliers_of_small_support_are_found():
    assert can_lead(SINGULAR) == (0, 1, 2, 3)
    answer = ask("lead", [SINGULAR], [0, 1])
    assert answer.verdict == "impossible"
    assert len(answer.excluded[0].multipliers) == 2


def test_impossible_is_about_layer_0():
    """No A makes all follow one token of the spiral, and yet one token alone leads for ever at α = 1."""
    assert [ask("alone", [SPIRAL], [i]).verdict for i in range(5)] == ["impossible"] * 5
    assert "later" in ask("alone", [SPIRAL], [0]).reason


def by_every_map(c: Configuration, L: tuple[int, ...]) -> str:
    """The answer to "exactly", map by map."""
    question = Leading("exactly", (c,), (L,))
    others = [(0, i) for i in range(c.n) if i not in L]
    verdicts = set()
    for images in product(L, repeat=len(others)):
        wishes = question.wishes(dict(zip(others, images, strict=True)))
        found = settle_wishes(question, wishes)
        verdicts.add(found)
        if found == "possible":
            return found
    return "impossible" if verdicts == {"impossible"} else "undecided"


def settle_wishes(question: Leading, wishes) -> str:
    from hardmax.verify.provers.control.proposals import SOLVERS, widest
    from hardmax.verify.provers.control.rounding import FloatRows, multipliers_on_a_face, short_form, short_multipliers

    rows = FloatRows(question, wishes)
    for solver in SOLVERS:
        proposal = widest(rows.floats, question.d, solver)
        if proposal is None:
            continue
        if short_form(rows, proposal.A) is not None:
            return "possible"
        if short_multipliers(rows, proposal.y) or multipliers_on_a_face(rows, proposal.A, proposal.y):
            return "impossible"
    return "undecided"


def test_exactly_agrees_with_every_map_taken_by_itself():
    rng, seen = random.Random(6), set()
    for _ in range(40):
        c = distinct(rng, rng.randint(3, 6), 2)
        L = tuple(sorted(rng.sample(range(c.n), 2)))
        answer = ask("exactly", [c], L)
        one_by_one = by_every_map(c, L)
        assert {answer.verdict, one_by_one} != {"possible", "impossible"}, (c.tokens, L)
        seen.add((answer.verdict, one_by_one, len(answer.excluded) > 1))
        if answer.document is not None:
            assert checker.check(to_text(answer.document))["control.layer_0"] == "refuted"
    assert {("possible", "possible", False), ("impossible", "impossible", True)} <= seen


DEGENERATE = {
    "one token": (Configuration([(2, 3)]), "exactly", [0], "possible"),
    "collinear": (Configuration([(1, 1), (2, 2), (-3, -3)]), "exactly", [1, 2], "possible"),
    "collinear, the inner one": (Configuration([(1, 1), (2, 2), (-3, -3)]), "lead", [0], "impossible"),
    "beside the origin": (Configuration([(1, 0), (0, 0)]), "lead", [0], "possible"),
    "the origin follows all": (Configuration([(1, 0), (0, 0)]), "alone", [0], "impossible"),
    "equal tokens are merged": (Configuration([(1, 0), (1, 0), (0, 1)]), "exactly", [0, 1, 2], "possible"),
    "on an edge": (Configuration([(2, 0), (0, 2), (1, 1)]), "lead", [2], "impossible"),
    "on a ray": (Configuration([(2, 0), (1, 0)]), "lead", [1], "impossible"),
    "a face of the cone": (Configuration([(1, 0), (1, 1), (1, -1)]), "alone", [0], "impossible"),
    "huge and tiny": (Configuration([(10**40, 1), (Q(1, 10**40), 2), (-1, -1)]), "lead", [0], "possible"),
}


@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate(name):
    c, kind, wanted, verdict = DEGENERATE[name]
    assert ask(kind, [c], wanted).verdict == verdict


def test_d_1_and_mirror_images_are_impossible_for_ever():
    line = ask("lead", [Configuration([[1], [2], [-3]])], [0])
    assert line.document["claims"] == {"control.layer_0": "refuted", "control.for_ever": "refuted"}
    assert "on a line" in line.reason
    mirrored = Configuration([(2, 1), (-2, -1), (1, -1), (-1, 1)])
    for kind in ("alone", "exactly"):
        answer = ask(kind, [mirrored], [0])
        assert answer.document["claims"]["control.for_ever"] == "refuted"
        assert "mirror" in answer.reason
    assert ask("lead", [mirrored], [0]).verdict == "possible"
    heavier = Configuration(mirrored.tokens, multiplicities=[2, 1, 1, 1])
    assert ask("alone", [heavier], [0]).document["claims"]["control.for_ever"] is None
    zero = Configuration([[1], [2], [0]])
    assert ask("alone", [zero], [1]).document["claims"]["control.for_ever"] is None  # it leads alone, later


def test_several_configurations_share_one_A():  # noqa: N802
    one, other = (
        Configuration(FOUR.tokens[:3], labels="xyz"),
        Configuration([FOUR.tokens[i] for i in (0, 1, 3)], labels="xyz"),
    )
    assert ask("lead", [one], ["x", "y"]).verdict == ask("lead", [other], ["x", "y"]).verdict == "possible"
    answer = ask("lead", [one, other, one], ["x", "y"])
    assert answer.verdict == "impossible"
    assert answer.held == (0, 2)
    assert set(leaders_at_0(with_changes(one, A=answer.A))) >= {0, 1}
    assert answer.to_json(["a", "b", "c"])["held"] == ["a", "c"]
    assert ask("lead", [one, Configuration([(5, 5)], labels=["w"])], ["x"]).held == (0, 1)


@pytest.mark.parametrize(
    ("configurations", "kind", "wanted", "message"),
    [
        ([FOUR], "lead", [], "no token is given"),
        ([FOUR], "lead", [0, 0], "0 is given twice"),
        ([FOUR], "lead", [4], "there is no token 4; they are numbered from 0 to 3"),
        ([FOUR], "lead", [-1], "there is no token -1"),
        ([FOUR], "lead", ["x"], "'x': the tokens have no labels"),
        ([FOUR], "lead", [0.5], "0.5 is no token"),
        ([FOUR], "alone", [0, 1], "2 tokens are given; give the one"),
        ([Configuration([(1, 0), (0, 0)])], "lead", [1], "token 1 is the origin"),
        ([Configuration([(1, 0)], labels=["a"])], "lead", [0, "a"], "token 0 is given twice"),
        ([FOUR, Configuration([[1]])], "lead", [0], r"dimensions \[1, 2\]"),
        ([FOUR, Configuration([(1, 0)], labels=["a"])], "exactly", ["a"], "none of the tokens"),
        ([with_changes(FOUR, follow="smallest")], "lead", [0], "follow the largest"),
        ([], "lead", [0], "no configuration"),
    ],
)
def test_a_question_that_cannot_be_asked_is_one_line(configurations, kind, wanted, message):
    with pytest.raises(InputError, match=message) as caught:
        ask(kind, configurations, wanted)
    assert "\n" not in str(caught.value)


def test_a_budget_that_ends_leaves_it_undecided(monkeypatch):
    monkeypatch.setattr("hardmax.verify.provers.control.search.BUDGET", 1)
    rng = random.Random(8)
    answers = [ask("exactly", [distinct(rng, 8, 2)], [0, 1]) for _ in range(20)]
    ended = [a for a in answers if a.verdict == "undecided"]
    assert ended
    assert all("the budget ended" in a.reason and a.document is None and a.A is None for a in ended)


def independent(rng: random.Random, n: int, d: int) -> Configuration:
    """Linearly independent tokens whose coordinates are of very different sizes, 10^-40 to 10^40."""
    while True:
        c = distinct(rng, n, d)
        if basis_of(c.tokens) is not None:
            rows, columns = ([Q(10) ** rng.randint(-40, 40) for _ in range(m)] for m in (n, d))
            return Configuration(
                [[s * v * t for v, t in zip(z, columns, strict=True)] for z, s in zip(c.tokens, rows, strict=True)]
            )


def test_independent_tokens_of_any_size_are_always_possible():
    rng = random.Random(10)
    for _ in range(30):
        d = rng.randint(2, 5)
        c = independent(rng, rng.randint(2, d), d)
        L = tuple(sorted(rng.sample(range(c.n), rng.randint(1, c.n))))
        for kind in ("lead", "exactly", *(["alone"] if len(L) == 1 else [])):
            assert_possible(kind, c, L)
            if kind != "lead":
                assert leaders_at_0(with_changes(c, A=ask(kind, [c], L).A)) == L


def test_independent_tokens_need_no_solver(monkeypatch):
    """Theorem C alone, also for two configurations that share one A."""
    from hardmax.verify.provers.control import search

    for name in ("widest", "roundest", "relaxed"):
        monkeypatch.setattr(search, name, lambda *_: None)
    monkeypatch.setattr(search, "_at_identity", lambda _: None)
    rng = random.Random(11)
    for _ in range(10):
        c = independent(rng, 4, 5)
        one, other = (
            Configuration([c.tokens[i] for i in part], labels="xyz"[: len(part)]) for part in ((0, 1, 2), (3,))
        )
        for kind in ("lead", "exactly"):
            assert_possible(kind, c, (1, 2))
        assert ask("exactly", [one, other], ["x"]).held == (0, 1) if "x" in other.labels else True
        assert ask("lead", [one, other], ["x", "y"]).held == (0, 1)
    dependent = Configuration([(1, 0), (0, 1), (1, 1)])
    assert ask("exactly", [dependent], [0, 1]).verdict == "undecided"


def test_maps_are_excluded_all_at_once_and_not_one_by_one():
    """Heavy-tailed tokens for which hundreds of maps are each impossible for reasons of their own."""
    import numpy as np

    rng = np.random.default_rng(20)
    Z = rng.standard_normal((12, 8)) * np.abs(rng.standard_t(2, (12, 1)))
    for _ in range(8):
        rng.choice(12, 2, replace=False)
        Z = rng.standard_normal((12, 8)) * np.abs(rng.standard_t(2, (12, 1)))
    c = Configuration([[Q(round(1000 * x), 1000) for x in z] for z in Z.tolist()])
    answer = ask("exactly", [c], sorted(rng.choice(12, 2, replace=False).tolist()))
    assert answer.verdict == "impossible"
    (exclusion,) = answer.excluded
    assert not exclusion.follows
    assert len(exclusion.whomever) > 1
    text = to_text(answer.document)
    assert len(text) < 20_000
    assert checker.check(text) == {"control.layer_0": "refuted"}


def test_maps_of_many_tokens_are_no_deep_recursion():
    c = Configuration([(k, 1) for k in range(1501)])
    places = [(0, i) for i in range(1, c.n)]
    chain = Excluded(dict.fromkeys(places, 0), ())
    assert _needed([chain], Leading("exactly", (c,), ((0,),))) == [chain]
    question = Leading("exactly", (c,), ((0, 1),))
    one, other, both = (Excluded(follows, ()) for follows in ({(0, 2): 0}, {(0, 2): 1, (0, 3): 0}, {(0, 3): 1}))
    assert _needed([both, other, Excluded({(0, 4): 0}, ()), one], question) == [both, other, one]


SEMIDEFINITE = {
    ((0, 0), (0, 0)): True,
    ((1, 1), (1, 1)): True,
    ((0, 0, 0), (0, 2, 1), (0, 1, 3)): True,
    ((0, 1), (1, 0)): False,
    ((0, 1), (1, 5)): False,
    ((10**30, 10**30 + 1), (10**30 + 1, 10**30 + 1)): False,
    ((1, 1, 0), (1, 1, 1), (0, 1, 5)): False,
    ((-1,),): False,
}


# -- wrong variants ----------------------------------------------------------------------------------------------------

CONTROL = "hardmax.verify.provers.control"
QUESTIONS = [
    Mutant("a pivot 0 needs no row of zeros", "pivot < 0 or (pivot == 0 and any(pivot_row[k:]))", "pivot < 0"),
    Mutant("negative pivots pass", "pivot < 0 or (pivot == 0 and any(pivot_row[k:]))", "False"),
    Mutant("no multipliers exclude all", "not proofs or not all(proofs) or ", ""),
    Mutant("the sum has the other sign", "[-v for v in total]", "total"),
    Mutant("forms are not in the sum", "total = [a + b for", "total = [a for"),
    Mutant("cases are not looked at", "if not self._is_form([a - b", "if False and ([a - b"),
    Mutant("a case needs no multipliers", "or not all(proofs)", ""),
    Mutant("multipliers may be negative", "or any((y <= 0 for case in proofs for _, y in case))", ""),
    Mutant("A need not be definite", "or not is_positive_definite(A)", ""),
    Mutant("equality is enough", "dot(self.row(wish), upper) > 0", "dot(self.row(wish), upper) >= 0"),
    Mutant("off-diagonals once", "(x[b] * u[a] if a != b else 0) for a", "0 for a"),
]


def faults_of_questions(module) -> list[str]:
    """What a module in place of `questions` gets wrong."""
    faults = []
    question = module.Leading("lead", (FOUR, SINGULAR), ((0, 1), (0, 1)))
    wish = module.Wish
    ys = {
        ((0, 0, 2, Q(1, 10)), (0, 1, 3, Q(1))): True,
        ((1, 0, 2, Q(1)), (1, 1, 3, Q(1))): True,
        ((1, 0, 2, Q(1)),): False,
        ((0, 0, 3, Q(1)),): False,
        ((0, 0, 2, Q(-1)),): False,
        (): False,
    }
    for given, right in ys.items():
        multipliers = [module.Multiplier(wish(c, i, i, p), y) for c, i, p, y in given]
        try:
            if question.excludes(multipliers) != right:
                faults.append(f"{given} exclude: {not right}")
        except IndexError:
            faults.append(f"{given} fail")
    maps = module.Leading("exactly", (MAPS,), ((0, 1),))
    base = [module.Multiplier(wish(0, i, 1, 3), Q(1, 48)) for i in (1, 3)]
    for entry, y, right in ((-1, 1, True), (-1, 8, False), (0, 1, False), (-1, 0, False), (-1, -1, False)):
        cases = [[module.Multiplier(wish(0, 2, j, p), Q(y, k))] if y else [] for j, p, k in ((0, 2, 32), (1, 4, 64))]
        form = module.Whomever((0, 2), (Q(0), Q(entry, 2), Q(0)), cases)
        if maps.excludes(base, [form]) != right:
            faults.append(f"with a form {entry} and {y} they exclude: {not right}")
    if maps.excludes([], [module.Whomever((0, 2), (Q(0),) * 3, [[], []])]):
        faults.append("a form without multipliers excludes")
    always = module.Leading("lead", (Configuration([(1, 0), (-1, 0)]),), ((0,),))
    if always.excludes([module.Multiplier(wish(0, 0, 0, 1), Q(-1))]):
        faults.append("a negative multiplier excludes")
    wishes = [wish(0, 2, 2, p) for p in (0, 1, 3)]
    forms = {
        ((1, 0), (0, 1)): True,
        ((1, 0), (0, -1)): False,
        ((1, 2), (2, 1)): False,
        ((5, Q(-9, 2)), (Q(-9, 2), 5)): True,
        ((1, Q(9, 10)), (Q(9, 10), 1)): False,
        ((1, 0), (Q(1, 2), 1)): False,
    }
    for A, right in forms.items():
        exact = tuple(tuple(map(Q, row)) for row in A)
        if question.holds(exact, wishes) != right:
            faults.append(f"{A} holds: {not right}")
    for S, right in SEMIDEFINITE.items():
        if module.is_positive_semidefinite(S) != right:
            faults.append(f"{S} is semidefinite: {not right}")
    tie = module.Leading("lead", (Configuration([(1, 0), (1, 1)]),), ((0,),))
    if tie.holds(((Q(1), Q(0)), (Q(0), Q(1))), tie.wishes()):
        faults.append("a tie counts as leading")
    indefinite = module.Leading("lead", (Configuration([(1, 0), (Q(1, 2), 1)]),), ((0,),))
    if indefinite.holds(((Q(1), Q(0)), (Q(0), Q(-1))), indefinite.wishes()):
        faults.append("an indefinite A counts")
    return faults


def test_the_right_questions_have_no_faults():
    from hardmax.verify.provers.control import questions

    assert faults_of_questions(questions) == []


@pytest.mark.parametrize("mutant", QUESTIONS, ids=lambda m: m.what)
def test_a_wrong_exact_check_is_noticed(mutant):
    assert faults_of_questions(mutate(f"{CONTROL}.questions", mutant))


LINEAR = [
    Mutant("the origin is left out", "*(ray for ray, _ in rays), [0] * len(z) + [1]", "*(ray for ray, _ in rays)"),
    Mutant("the A of theorem A without |z|² I", "+ (length if a == b else 0)", ""),
    Mutant("all ε", "min(bounds, default=dot(h, h)) / 2", "min(bounds, default=dot(h, h)) * 4"),
    Mutant("tokens may be anywhere", "(*tokens, *ahead)", "(z, *ahead)"),
    Mutant("multipliers of the wrong token", "Wish(c, k, i, k)", "Wish(c, i, i, k)"),
]


@pytest.mark.parametrize("mutant", LINEAR, ids=lambda m: m.what)
def test_a_wrong_linear_programme_is_noticed(mutant):
    wrong = mutate(f"{CONTROL}.linear", mutant)
    rng, noticed = random.Random(5), False
    for _ in range(60):
        c = distinct(rng, rng.randint(2, 6), rng.randint(1, 3))
        for i in range(c.n):
            for kind, test in (("lead", "may_lead"), ("alone", "all_follow")):
                question = Leading(kind, (c,), ((i,),))
                try:
                    answer = getattr(wrong, test)(question, 0, i)
                    right = (
                        question.excludes(answer.multipliers)
                        if isinstance(answer, Excluded)
                        else question.holds(answer, question.wishes())
                    )
                except Exception:  # a wrong programme may break in any way; the right one is asked below
                    right = False
                noticed = noticed or not right
    assert noticed


def test_the_right_linear_programmes_are_always_right():
    rng = random.Random(5)
    for _ in range(60):
        c = distinct(rng, rng.randint(2, 6), rng.randint(1, 3))
        for i in range(c.n):
            question = Leading("alone", (c,), ((i,),))
            answer = all_follow(question, 0, i)
            if isinstance(answer, Excluded):
                assert question.excludes(answer.multipliers)
            else:
                assert question.holds(answer, question.wishes())


def test_a_search_that_is_handed_wrong_floats_is_never_wrong(monkeypatch):
    """Solvers may say anything: what comes out is exact or undecided."""
    import numpy as np

    from hardmax.verify.provers.control import search
    from hardmax.verify.provers.control.proposals import Margin, Relaxation

    rng, noise = random.Random(9), np.random.default_rng(9)

    def lies(G, d, solver):
        B = noise.standard_normal((d, d))
        return Margin(float(noise.choice([-1.0, 0.0, 1.0])), B @ B.T, np.abs(noise.standard_normal(len(G))))

    def more_lies(G, blocks, d, solver):
        said = lies(G, d, solver)
        forms = [noise.standard_normal(d * (d + 1) // 2) for _ in blocks]
        cases = [[np.abs(noise.standard_normal(len(rows))) for rows in block] for block in blocks]
        shares = [[float(noise.random()) for _ in block] for block in blocks]
        return Relaxation(said.t, said.A, said.y, forms, cases, shares)

    monkeypatch.setattr(search, "widest", lies)
    monkeypatch.setattr(search, "relaxed", more_lies)
    monkeypatch.setattr(search, "roundest", lambda G, d, margin, solver: None)
    seen = set()
    for kind in ("lead", "exactly") * 60:
        c = distinct(rng, rng.randint(3, 6), 2)
        question = Leading(kind, (c,), ((0, 1),))
        found = settle(question)
        seen.add((kind, type(found).__name__))
        if isinstance(found, Possible):
            assert question.holds(found.A, question.wishes(found.follows))
        if isinstance(found, Impossible):
            assert all(question.excludes(e.multipliers, e.whomever) for e in found.excluded)
    assert len(seen) == 6


def test_what_a_known_A_does_is_not_excluded_whomever_tokens_follow():  # noqa: N802
    """With all tokens in the relaxation at once, and any part of the map σ of the known A fixed."""
    from hardmax.verify.provers.control.search import _Programmes

    rng, count = random.Random(12), 0
    for kind, c, L in possible_instances(random.Random(13), 200):
        if kind != "exactly" or not 2 <= len(L) < c.n:
            continue
        answer = ask(kind, [c], L)
        follows = {(0, i): j for i, j in answer.follows.items()}
        programmes = _Programmes(Leading(kind, (c,), (L,)), None)
        fixed = dict(rng.sample(sorted(follows.items()), rng.randint(0, len(follows) - 1)))
        programmes._astray = lambda _, known, left=[p for p in follows if p not in fixed]: [
            place for place in left if place not in known
        ]
        assert programmes._whomever(fixed) is None
        assert programmes.spent > 0
        count += 1
    assert count > 10


def test_a_condition_number_beyond_floats_is_a_number():
    large = 10**400
    answer = ask("lead", [Configuration([(Q(1, large), 1), (Q(2, large), 3), (1, large)])], [1])
    assert answer.verdict == "possible"
    assert answer.condition == sys.float_info.max
    assert exact_condition(((Q(1), Q(0)), (Q(0), Q(10) ** 30))) == pytest.approx(1e30)
    assert exact_condition(((Q(1), Q(1)), (Q(1), Q(1) + Q(1, 10**24)))) == pytest.approx(4e24)
