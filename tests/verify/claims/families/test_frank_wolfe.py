"""The second theorem: refuted as printed, by the paper's own kind of input; what is left of it holds."""

import json
import re
import subprocess
import sys
from contextlib import redirect_stdout
from dataclasses import replace
from fractions import Fraction as Q
from io import StringIO
from itertools import islice

import numpy as np
import pytest
from hypothesis import find, given
from hypothesis import strategies as st

from hardmax.kernels import Configuration, ConstantStep, HarmonicStep
from hardmax.kernels.exact.configuration import with_changes
from hardmax.kernels.exact.dynamics import Dynamics
from hardmax.kernels.exact.layered import Layered
from hardmax.verify.campaigns.sources import examine_drawn
from hardmax.verify.certificates import checker
from hardmax.verify.claims.case import Case
from hardmax.verify.claims.families import frank_wolfe
from hardmax.verify.claims.families.frank_wolfe import rate
from hardmax.verify.claims.families.frank_wolfe.hypotheses import origin_inside
from hardmax.verify.claims.families.frank_wolfe.hypotheses import unmet as unmet_of
from hardmax.verify.claims.families.frank_wolfe.rate import HYPOTHESES, Bound, inputs, strict
from hardmax.verify.claims.search import find_counterexample
from hardmax.verify.cli import main

from ....kernels.wrong_dynamics import with_layers

PAPER = Configuration([(3,), (-1,)], None, HarmonicStep(2, 2), follow="smallest")
PLANE = Configuration([(2, 1), (-1, 1), (0, -2)], [[2, 1], [1, 2]], HarmonicStep(2, 2), follow="smallest")


PRINTED, REPAIRED = frank_wolfe.CLAIMS[:2]


def check_rate(case):
    return case.finding(PRINTED)


def check_rate_origin_inside(case):
    return case.finding(REPAIRED)


def unmet(configuration):
    return unmet_of(configuration, *HYPOTHESES)


def simulated(tokens: list[Q], layers: int):
    """The layers of tokens on a line with B = 1, from the definition."""
    for k in range(layers):
        yield k, tokens
        moved = []
        for z in tokens:
            least = min(z * y for y in tokens)
            C = [y for y in tokens if z * y == least]
            moved.append(z + Q(2, k + 2) * (sum(C) / len(C) - z))
        tokens = moved


def first_violation(tokens: list[Q], i: int, layers: int, more: int = 0) -> int | None:
    """The first layer at which token i breaks the printed bound 2C/k, or 2C/(k + more)."""
    spread = (max(tokens) - min(tokens)) ** 2
    return next((k for k, Z in simulated(tokens, layers) if k and Z[i] ** 2 / 2 > 2 * spread / (k + more)), None)


def test_the_example_fails_from_the_layer_at_which_it_fails():
    finding = check_rate(Case(PAPER))
    assert (finding.verdict, finding.layer, finding.token) == ("refuted", 577, 1)
    assert first_violation([Q(3), Q(-1)], 1, 600) == 577
    assert first_violation([Q(3), Q(-1)], 0, 600) == 576  # the token on its way to the other one is a bit longer still
    assert "rests at (1/3) for ever: its energy 1/18" in finding.message
    assert "token 0, still on its way to (1/3), exceeds it at layer 576" in finding.message


def test_the_example_against_the_stronger_bound():
    finding = rate.check_rate(Case(PAPER), more=1)
    assert (finding.verdict, finding.layer, finding.token) == ("refuted", 576, 1)
    assert "exceeds it at layer 575" in finding.message
    assert [first_violation([Q(3), Q(-1)], i, 600, more=1) for i in (0, 1)] == [575, 576]


def test_the_example_by_hand():
    """Plain fractions: the closed form of the moving token, the resting one, and both bounds."""
    for k, (z, y) in simulated([Q(3), Q(-1)], 600):
        if k >= 2:
            assert (z, y) == (Q(1, 3) + Q(8, k * (k + 1)), Q(1, 3))
    energy = Q(1, 3) ** 2 / 2
    assert energy == Q(1, 18) == Q(2 * 16, 576)  # equality at layer 576
    assert energy > Q(2 * 16, 577)
    moving = [(Q(1, 3) + Q(8, k * (k + 1))) ** 2 / 2 for k in (575, 576)]
    assert moving[0] <= Q(32, 575)
    assert moving[1] > Q(32, 576)


def test_the_counterexample_has_no_tie_and_others_may_have():
    assert strict(Case(PAPER))
    assert not strict(Case(with_changes(PAPER, tokens=[(1,), (-2,)])))  # −2, 1; then 0, −1, where 0 scores all alike


def test_a_violation_among_the_first_layers_is_found_there():
    """With a wrong kernel, where the token at 20 stays: 20²/2 exceeds 2 · 21²/k from layer 5 on."""
    far = with_changes(PAPER, tokens=[(20,), (-1,)])
    finding = check_rate(Case(with_layers(far, _Largest)))
    assert (finding.verdict, finding.layer, finding.token) == ("refuted", 5, 0)
    assert "at layer 5" in finding.message


@pytest.mark.parametrize(
    "change",
    [
        {"follow": "largest"},
        {"step": ConstantStep(Q(1))},
        {"step": HarmonicStep(1, 2)},
        {"A": [[-1]]},
        {"tokens": [(3,), (1,)]},
    ],
)
def test_an_input_that_misses_a_hypothesis_is_not_judged(change):
    other = with_changes(PAPER, **change)
    assert len(unmet(other)) == 1
    for check in (check_rate, check_rate_origin_inside):
        finding = check(Case(other))
        assert finding.verdict == "vacuous"
        assert unmet(other)[0] in finding.message
    assert not unmet(PAPER)


def test_a_form_that_is_not_symmetric_or_not_semidefinite_is_not_judged():
    for A in ([[1, 1], [0, 1]], [[1, 2], [2, 1]]):
        assert unmet(with_changes(PLANE, A=A)) == ["semidefinite"]
    assert unmet(with_changes(PLANE, A=[[1, 1], [1, 1]])) == []


forms = st.integers(1, 3).flatmap(
    lambda d: st.lists(st.lists(st.integers(-3, 3), min_size=d, max_size=d), min_size=d, max_size=d)
)


@given(forms, st.fractions(Q(1, 50), 50), st.integers(1, 200))
def test_the_bound_is_the_one_with_the_largest_eigenvalue(rows, energy, k):
    """Against floats, where they are clear."""
    R = np.array(rows)
    B = R.T @ R
    bound = Bound((tuple(tuple(map(Q, map(int, row))) for row in B),), Q(7))
    largest = float(np.linalg.eigvalsh(B).max())
    right = 2 * largest * 7 / k
    if abs(float(energy) - right) > 1e-9 * (1 + right):
        assert bound.is_broken(energy, k) == (float(energy) > right)


@given(st.fractions(Q(1, 500), 5), st.integers(1, 50))
def test_the_first_broken_layer_is_the_first(energy, k):
    bound = Bound.of(PLANE)
    first = bound.broken_from(energy, k)
    assert bound.is_broken(energy, first)
    assert first == k or not bound.is_broken(energy, first - 1)


def test_equality_is_no_violation():
    bound = Bound.of(PAPER)
    assert not bound.is_broken(Q(1, 18), 576)  # 2 · 16 / 576 = 1/18
    assert bound.is_broken(Q(1, 18), 577)


def test_the_diameter_is_that_of_the_hull():
    assert Bound.of(PLANE).diameter == 13
    assert Bound.of(Configuration([(0,)], None, HarmonicStep(2, 2))).diameter == 0


def test_the_search_finds_a_small_counterexample_by_itself():
    claim = frank_wolfe.CLAIMS[0]
    found = find_counterexample(claim, *claim.inputs, seed=1)
    assert found is not None
    assert (found.n, found.d) == (2, 1)
    assert max(abs(v) for row in found.tokens for v in row) <= 3
    assert strict(Case(found))
    finding = check_rate(Case(found))
    assert first_violation([row[0] for row in found.tokens], finding.token, 3000) == finding.layer


def test_the_repaired_statement_holds_on_many_inputs():
    claim = frank_wolfe.CLAIMS[1]
    counts, refuted = examine_drawn(claim, replace(claim.inputs[0], examples=60), seed=2)
    assert refuted is None
    assert set(counts) <= {"verified", "trivial"}
    assert counts["verified"] >= 45
    assert counts["trivial"] <= counts["verified"] // 8


def test_trivial_is_what_nested_hulls_alone_keep_within_the_bound():
    square = [(1, 0), (-1, 0), (0, 1), (0, -1)]
    assert not repaired(square).trivial  # ½ exceeds 2 · 4 / (24 + 1)
    assert repaired(square, [[1, 0], [0, 0]]).trivial is False
    assert repaired(square, [[0, 0], [0, 0]]).trivial  # no energy at all
    assert repaired([(0, 0)]).trivial  # no diameter
    assert repaired([(3, 0), (-1, 0)]).trivial  # the origin leaves at layer 2, where the bound is 2 · 16 / 3 ≥ 9/2


def repaired(tokens, B=None):
    case = Case(Configuration(tokens, B, HarmonicStep(2, 2), follow="smallest"))
    finding = check_rate_origin_inside(case)
    assert finding.verdict == "verified"
    return finding


@given(inputs(n=(1, 6), d=(1, 3)))
def test_inputs_meet_the_hypotheses(configuration):
    assert unmet(configuration) == []


def test_the_origin_leaves_the_hull_of_the_example_at_layer_2():
    inside = [origin_inside(layer.tokens()) for layer, _ in islice(Dynamics(PAPER).layers(), 4)]
    assert inside == [True, True, False, False]
    assert "up to layer 2, the first without" in check_rate_origin_inside(Case(PAPER)).message


def test_forms_that_do_not_decrease_are_not_judged():
    for forms, missing in (([1, 2], ["decreasing"]), ([2, 1, 1, 0], []), ([1, -1], ["semidefinite"])):
        model = Layered([[[b]] for b in forms], HarmonicStep(2, 2), "smallest")
        assert unmet(Configuration([(1,), (-1,)], model)) == missing
    halved = Layered([[[2]], [[1]]], HarmonicStep(2, 2), "smallest", P=[[Q(1, 2)]])
    assert unmet(Configuration([(1,), (-1,)], halved)) == ["step_of_theorem"]


def test_some_inputs_of_the_repaired_statement_have_forms_that_decrease():
    found = find(rate.telling_inputs(), lambda c: c.model.kind == "layered" and len(set(c.model.forms)) > 1)
    assert unmet(found) == []


class _Largest(Dynamics):
    """Tokens follow the largest inner product, whatever the configuration says."""

    def follow_sets(self, layer, *rest):
        return Dynamics(with_changes(self.configuration, follow="largest")).follow_sets(layer, *rest)


class _Unscaled(Dynamics):
    """Tokens overshoot: the step is twice as long."""

    def next_layer(self, layer, sets):
        after = super().next_layer(layer, sets)
        before, moved = layer.tokens(), after.tokens()
        rows = [[2 * y - x for x, y in zip(a, b, strict=True)] for a, b in zip(before, moved, strict=True)]
        first = Dynamics(with_changes(self.configuration, tokens=rows)).first
        return type(layer)(after.index, first.numerators, first.denominator)


@pytest.mark.parametrize("wrong", [_Largest, _Unscaled])
def test_a_wrong_kernel_breaks_the_repaired_statement(wrong):
    # 0 stays in the hull of these tokens, so the statement covers every layer that is looked at.
    square = Configuration([(1, 0), (-1, 0), (0, 1), (0, -1)], None, HarmonicStep(2, 2), follow="smallest")
    assert check_rate_origin_inside(Case(square)).verdict == "verified"
    assert check_rate_origin_inside(Case(with_layers(square, wrong))).verdict == "refuted"


def run(*arguments):
    with pytest.raises(SystemExit) as ended:
        main([*map(str, arguments)])
    return ended.value.code


@pytest.fixture(scope="module")
def verified(tmp_path_factory):
    """What the command prints, and the folder of the counterexample that it writes."""
    out = tmp_path_factory.mktemp("frank_wolfe") / "out"
    with redirect_stdout(StringIO()) as printed:
        assert run("verify", "--claims", "frank_wolfe.rate*", "--out", out) == 0
    return printed.getvalue(), out / "counterexamples" / "frank_wolfe.rate"


def test_the_command_writes_a_counterexample_that_stands_alone(verified):
    text, bundle = verified
    assert "refuted    frank_wolfe.rate: 1 refuted, as expected" in text
    assert re.search(r"\n  200 verified (\(\d+ trivial\) )?frank_wolfe.rate_origin_inside: ", text)
    record = json.loads((bundle / "record.json").read_text())
    assert record["fails"] in record["statement"] != record["fails"]
    assert record["dropped"] == []
    assert record["tokens"] == [1]
    done = subprocess.run([sys.executable, "-I", bundle / "repro.py"], capture_output=True, text=True)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "The claim fails on this configuration." in done.stdout
    assert checker.check((bundle / "proof.cert.json").read_text())["clustering.convergence"] == "verified"
    assert run("replay", bundle) == 1


@pytest.mark.parametrize(
    ("old", "new"), [('"3"', '"1"'), ('"layer": 577', '"layer": 576'), ('"token": 1', '"token": 0')]
)
def test_the_script_does_not_claim_a_violation_that_is_none(tmp_path, verified, old, new):
    """Tokens 1, −1 stay about the origin; at layer 576 the bound still holds; the other token is not at rest."""
    script = tmp_path / "repro.py"
    text = (verified[1] / "repro.py").read_text()
    assert old in text
    script.write_text(text.replace(old, new, 1))
    done = subprocess.run([sys.executable, "-I", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The claim does not fail here." in done.stdout
