"""A model from outside the package: one registration, and it is read, proved, certified, refuted and reported as ours.

Its tokens move half as far as those of hardmax: z_i ← z_i + (λ/2)(mean_{j ∈ C_i} z_j − z_i), λ = α/(1 + α). Its layers
are therefore those of hardmax with λ' = λ/2, that is α' = α/(2 + α), and its prover and its certificates say so. It has
no `A`, `step` or `follow` that other code could take for those of hardmax.
"""

import json
import pickle
import re
import subprocess
import sys
from dataclasses import dataclass, replace
from fractions import Fraction as Q
from itertools import islice, pairwise
from pathlib import Path

import pytest

from hardmax.kernels import Configuration, ExactnessError, InputError
from hardmax.kernels.bounds.crosscheck import crosscheck
from hardmax.kernels.exact.configuration_file import configuration_to_json, parse_configuration
from hardmax.kernels.exact.dynamics import Dynamics, Layer
from hardmax.kernels.exact.hardmax import Hardmax
from hardmax.kernels.exact.json_values import number, rows
from hardmax.kernels.exact.matrix import exact_matrix, identity
from hardmax.kernels.exact.model import Model, model_of, register
from hardmax.kernels.exact.rational_text import rational_text
from hardmax.kernels.registry import load
from hardmax.verify import Frozen, decide, examine, prove
from hardmax.verify.certificates import writer
from hardmax.verify.certificates.self_check import answer_to
from hardmax.verify.claims import certified
from hardmax.verify.claims.case import Case
from hardmax.verify.claims.families import clustering
from hardmax.verify.claims.own.view import View
from hardmax.verify.claims.registry import Claim, Finding, Hypothesis, Source, assumed, select_claims
from hardmax.verify.cli import main
from hardmax.verify.provers.freeze import prover
from hardmax.verify.provers.freeze.outcome import Phase

CHECKER = Path(certified.__file__).parents[1] / "certificates" / "checker"


@dataclass(frozen=True)
class HalfStep(Model):
    """Half of each step of hardmax.

    Args:
        form: (d, d) exact numbers, the matrix of the inner product.
        whole: α of the whole step.
    """

    kind = "half_step"
    keys = ("A", "alpha", "name")
    prover = f"{__name__}:prove_half"
    claims = f"{__name__}:CLAIMS"
    certificate = f"{__name__}:certify_half"

    form: tuple[tuple[Q, ...], ...]
    whole: Q
    name: str = ""

    def __post_init__(self):
        object.__setattr__(self, "form", exact_matrix("A", self.form))

    @classmethod
    def from_json(cls, fields, d):
        A = rows("A", fields["A"]) if "A" in fields else identity(d)
        return cls(A, number("alpha", fields.get("alpha", 1)), str(fields.get("name", "")))

    def to_json(self):
        A = [[rational_text(v) for v in row] for row in self.form]
        return {"A": A, "alpha": rational_text(self.whole), **({"name": self.name} if self.name else {})}

    def must_fit(self, d):
        self.same_layers().must_fit(d)

    def dynamics(self, configuration):
        return HalfSteps(replaced(configuration, Hardmax(self.form, self.whole)))

    def hypotheses(self):
        return self.same_layers().hypotheses()

    def same_layers(self):
        return Hardmax(self.form, self.whole / (2 + self.whole))


class HalfSteps(Dynamics):
    """The layers from their definition: half of the way that hardmax goes."""

    def next_layer(self, layer, sets):
        there = super().next_layer(layer, sets)
        a, b = int(layer.denominator), int(there.denominator)
        half = layer.numerators * b + there.numerators * a
        return Layer(there.index, half, there.denominator * (2 * a))


def replaced(c, model):
    return Configuration(c.tokens, model, labels=c.labels, multiplicities=c.multiplicities)


def as_hardmax(c):
    """The hardmax configuration with the same layers."""
    return replaced(c, c.model.same_layers())


def prove_half(configuration, work):
    return replace(prover.decide(as_hardmax(configuration), work=work), configuration=configuration)


def hardmax_case(case):
    return Case(as_hardmax(case.configuration), case.work.budget)


def certify_half(case):
    return certified.clustering_certificate(case.once(hardmax_case))


def about_half(claim):
    """A claim about hardmax, of the configuration with the same layers."""
    return replace(claim, examine=lambda case: case.once(hardmax_case).finding(claim), hypotheses=(), shown=None)


def no_token_on_its_way(case):
    """False: a captured token is on its way for ever."""
    outcome = case.outcome
    if not isinstance(outcome, Frozen):
        return Finding("undecided", outcome.reason)
    moving = [i for i, z in enumerate(outcome.tokens) if z != outcome.limits[i]]
    if moving:
        return Finding("refuted", f"token {moving[0]} is on its way for ever", token=moving[0])
    return Finding("verified", "every token has arrived")


ARRIVED = Claim(
    "toy.arrived",
    "every token is where it tends to when the sets are frozen",
    assumed("nonzero"),
    Source("none", "of this test", "toy"),
    "theorem",
    no_token_on_its_way,
    models=("half_step",),
)
CLAIMS = (*map(about_half, clustering.CLAIMS), ARRIVED)

register(HalfStep)

AT_REST = '{"tokens": [["1", "1"], ["1", "-1"], ["-1", "1"], ["-1", "-1"]], "attention": {"half_step": {}}}'
ON_THE_WAY = (
    '{"tokens": [[1, 1], [1, -1], [-1, 1], [-1, -1], ["1/2", 0], ["1/5", "1/3"], ["1/5", "1/3"]], "alpha": "1/2",'
    ' "labels": ["a", "b", "c", "d", "e", "f", "g"], "attention": {"half_step": {"name": "slow"}}}'
)


def command(*arguments):
    with pytest.raises(SystemExit) as ended:
        main([*map(str, arguments)])
    return ended.value.code


def accepted(path):
    """The answer of the checker in a process of its own, which knows nothing of this module."""
    run = subprocess.run([sys.executable, "-I", CHECKER, path], capture_output=True, text=True, check=False)
    return run.returncode == 0


def half_way(Z, lam, follow):
    """One layer from the formula, with plain fractions."""
    n = range(len(Z))
    moved = []
    for i in n:
        scores = [sum(a * b for a, b in zip(Z[i], Z[j], strict=True)) for j in n]
        C = [j for j in n if scores[j] == max(scores)]
        assert tuple(C) == follow[i]
        mean = [Q(sum(Z[j][c] for j in C), len(C)) for c in range(len(Z[i]))]
        moved.append(tuple(z + lam / 2 * (m - z) for z, m in zip(Z[i], mean, strict=True)))
    return tuple(moved)


def test_its_layers_go_half_as_far():
    c = parse_configuration(ON_THE_WAY)
    layers = list(islice(c.dynamics().layers(), 6))
    for (layer, sets), (after, _) in pairwise(layers):
        assert after.tokens() == half_way(layer.tokens(), Q(1, 3), sets)
    theirs = islice(as_hardmax(c).dynamics().layers(), 6)
    assert [(a.tokens(), s) for a, s in layers] == [(a.tokens(), s) for a, s in theirs]


def test_files_of_it_are_read_and_written():
    c = parse_configuration(ON_THE_WAY)
    assert c.model == HalfStep(identity(2), Q(1, 2), "slow")
    data = configuration_to_json(c)
    assert (data["alpha"], data["attention"]) == ("1/2", {"half_step": {"name": "slow"}})
    assert parse_configuration(json.dumps(data)) == c
    assert len({c, parse_configuration(ON_THE_WAY), replaced(c, Hardmax(identity(2), Q(1, 2)))}) == 2


def test_it_goes_to_another_process_and_back():
    c = parse_configuration(ON_THE_WAY)
    there_and_back = pickle.loads(pickle.dumps(c))
    assert there_and_back == c
    assert hash(there_and_back) == hash(c)


def test_it_is_proved_and_its_limits_are_those_of_plain_stepping():
    c = parse_configuration(ON_THE_WAY)
    outcome = decide(c)
    assert isinstance(outcome, Frozen)
    assert outcome.configuration == c
    assert outcome.leaders == {0: 0, 1: 0, 2: 0, 3: 0}
    layer = next(islice(c.dynamics().layers(), 60, None))[0]
    for z, s in zip(layer.tokens(), outcome.limits, strict=True):
        assert max(abs(x - y) for x, y in zip(z, s, strict=True)) <= Q(5, 6) ** 60 * 2


def test_the_command_proves_certifies_and_reports_it(tmp_path, capsys):
    (tmp_path / "square.json").write_text(AT_REST)
    out = tmp_path / "out"
    assert command("prove", tmp_path / "square.json", "--out", out, "--report") == 0
    assert "verified  toy.arrived" in capsys.readouterr().out
    document = json.loads((out / "square.cert.json").read_text())
    assert document["problem"]["step"] == {"rule": "constant", "alpha": "1/3"}
    assert accepted(out / "square.cert.json")
    assert command("check", out) == 0
    page = (out / "report.html").read_text()
    assert "a model of kind half_step" in page
    assert (out / "junit.xml").exists()


def test_a_false_claim_about_it_is_refuted_kept_and_replayed(tmp_path, capsys):
    (tmp_path / "way.json").write_text(ON_THE_WAY)
    out = tmp_path / "out"
    assert command("prove", tmp_path / "way.json", "--json", "--out", out, "--report") == 1
    data = json.loads(capsys.readouterr().out)
    assert data["claims"]["clustering.convergence"] == "verified"
    assert data["claims"]["toy.arrived"] == "refuted"
    assert data["reasons"]["toy.arrived"] == "token 4 is on its way for ever"
    assert accepted(out / "way.cert.json")
    bundle = out / "counterexamples" / "way"
    page = (out / "report.html").read_text()
    assert "half_step" in page
    assert "token 4 is on its way for ever" in page
    assert command("replay", bundle) == 1
    run = subprocess.run([sys.executable, "-I", bundle / "repro.py"], capture_output=True, text=True, check=False)
    assert (run.returncode, "no layers for models of kind 'half_step'" in run.stdout) == (2, True)
    record = json.loads((bundle / "record.json").read_text())
    printed = record["snippet"].replace(f"import {__name__}", "")
    exec(printed.replace("print(", "found = ("), scope := {})
    assert scope["found"].verdict == "refuted"
    assert re.search(rf"import {re.escape(__name__)}  # registers", record["snippet"])


def test_a_claim_that_does_not_speak_about_it_is_skipped():
    c = parse_configuration(AT_REST)
    (lemma,) = select_claims("lemmas.hull_nested")
    assert lemma.unmet(Case(c)) == ("a model of kind hardmax",)
    assert examine("lemmas.hull_nested", c) == Finding(
        "vacuous", "the claim does not speak about models of kind 'half_step'"
    )
    assert ARRIVED.unmet(Case(as_hardmax(c))) == ("a model of kind half_step",)
    assert examine("clustering.boundary", c).verdict == "verified"
    assert [claim.unmet(Case(c)) for claim in CLAIMS] == [()] * 5


def test_what_is_about_hardmax_alone_refuses_it():
    c = parse_configuration(AT_REST)
    with pytest.raises(InputError, match="freeze proofs are about hardmax; give models of kind 'half_step' a prover"):
        prover.decide(c)
    with pytest.raises(InputError, match="no certificate for models of kind 'half_step'"):
        writer.certificate(decide(c), {"clustering.convergence": "verified"}, {})
    with pytest.raises(InputError, match="float kernels compute hardmax layers"):
        crosscheck(c, load("numpy"), 2)
    assert answer_to({"format": "one without an itinerary"})[0] == "refused"
    for name in ("A", "step", "follow", "alpha", "is_spd"):
        with pytest.raises(InputError, match="models of kind 'half_step' have no"):
            getattr(c, name)


@dataclass(frozen=True)
class Uncertified(HalfStep):
    """Without certificates, and without a conclusion to examine."""

    kind = "uncertified"
    certificate = None
    claims = f"{__name__}:NOTHING"


NOTHING = ()
register(Uncertified)


@dataclass(frozen=True)
class ToldApart(HalfStep):
    """Of which equal tokens need not move alike, as under a causal mask."""

    kind = "told_apart"
    merges = False


register(ToldApart)


def test_equal_tokens_are_merged_only_if_they_move_alike():
    text = ON_THE_WAY.replace('"labels"', '"multiplicities": [1, 1, 1, 1, 1, 1, 2], "labels"')
    merged = prove(parse_configuration(text)).merged
    assert merged.configuration.multiplicities == (1, 1, 1, 1, 1, 3)
    assert merged.configuration.model.kind == "half_step"
    assert prove(parse_configuration(text.replace("half_step", "told_apart"))).merged is None


@dataclass(frozen=True)
class OneMap(Model):
    """A map between layers, and one layer of it: z ← z + max(0, Wz), then nothing moves. No A, no step, no scores."""

    kind = "one_map"
    keys = ("W",)
    prover = f"{__name__}:prove_one_map"
    claims = f"{__name__}:ABOUT_MAPS"

    W: tuple[tuple[Q, ...], ...]

    @classmethod
    def from_json(cls, fields, d):
        return cls(exact_matrix("W", rows("W", fields["W"])))

    def to_json(self):
        return {"W": [[rational_text(v) for v in row] for row in self.W]}

    def must_fit(self, d):
        if [len(row) for row in self.W] != [d] * d:
            raise InputError(f"W must be {d} x {d}")

    def dynamics(self, configuration):
        return OneMapLayers(configuration)

    def hypotheses(self):
        return {"diagonal": all(not v for i, row in enumerate(self.W) for j, v in enumerate(row) if i != j)}


class OneMapLayers:
    def __init__(self, configuration):
        self.c = configuration

    def layers(self):
        c, alone = self.c, tuple((i,) for i in range(self.c.n))
        moved = [[x + max(Q(0), dot(row, z)) for x, row in zip(z, c.model.W, strict=True)] for z in c.tokens]
        for k, rows_of_layer in enumerate((c.tokens, moved)):
            first = Dynamics(Configuration(rows_of_layer)).first
            yield Layer(k, first.numerators, first.denominator), alone

    def smallest_gap(self, layer, sets):
        return None


def dot(x, y):
    return sum((a * b for a, b in zip(x, y, strict=True)), Q(0))


def prove_one_map(configuration, work):
    (_, sets), (last, _) = configuration.dynamics().layers()
    n = configuration.n
    weights = tuple({i: Q(1)} for i in range(n))
    phases = (Phase(0, 2, sets),)
    return Frozen(
        configuration, phases, 1, ("stationary",) * n, last, last.tokens(), weights, dict.fromkeys(range(n), 0)
    )


def no_negative_limit(case):
    low = min(x for s in case.outcome.limits for x in s)
    return Finding("verified", "no limit is negative") if low >= 0 else Finding("refuted", f"a limit has {low}")


ABOUT_MAPS = (
    replace(
        ARRIVED,
        id="map.positive",
        examine=no_negative_limit,
        hypotheses=(Hypothesis("diagonal", lambda c: c.hypotheses()["diagonal"]),),
        models=("one_map",),
    ),
)
register(OneMap)


def test_a_model_without_scores_and_of_finite_depth_goes_the_same_way(tmp_path, capsys):
    text = '{"tokens": [["1", "2"], ["-1", "1/2"]], "attention": {"one_map": {"W": [[-1, 0], ["0", "0.5"]]}}}'
    c = parse_configuration(text)
    assert parse_configuration(json.dumps(configuration_to_json(c))) == c
    (tmp_path / "good.json").write_text(text)
    (tmp_path / "bad.json").write_text(text.replace("[-1, 0]", "[1, 0]"))
    out = tmp_path / "out"
    assert command("prove", tmp_path / "good.json", tmp_path / "bad.json", "--out", out, "--report") == 1
    said = capsys.readouterr().out
    assert "verified  map.positive: no limit is negative" in said
    assert re.findall(r"\d -> (\(.*?\))", said)[:2] == ["(1, 3)", "(0, 3/4)"]
    assert "refuted   map.positive: a limit has -1" in said
    assert "a model of kind one_map, W = [(−1, 0), (0, 1/2)]" in (out / "report.html").read_text()
    assert command("replay", out / "counterexamples" / "bad") == 1
    assert ABOUT_MAPS[0].unmet(Case(c)) == ()
    full = parse_configuration(text.replace("[-1, 0]", "[-1, 3]"))
    assert ABOUT_MAPS[0].unmet(Case(full)) == ("diagonal",)


def test_a_kind_without_certificates_says_so(tmp_path, capsys):
    (tmp_path / "square.json").write_text(AT_REST.replace("half_step", "uncertified"))
    assert command("prove", tmp_path / "square.json", "--out", tmp_path / "out") == 3
    assert "no certificate: models of kind 'uncertified' have none" in capsys.readouterr().out
    assert prove(parse_configuration(AT_REST.replace("half_step", "uncertified"))).verdict == "undecided"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{"tokens": [[1]], "attention": {"nothing": {}}}',
            "no kind of model 'nothing'; known kinds are hardmax",
        ),
        ('{"tokens": [[1]], "attention": "half_step"}', "it must name one kind of model"),
        ('{"tokens": [[1]], "attention": {}}', "it must name one kind of model"),
        ('{"tokens": [[1]], "attention": {"half_step": {}, "hardmax": {}}}', "it must name one kind of model"),
        ('{"tokens": [[1]], "attention": {"half_step": []}}', "it must name one kind of model"),
        (
            '{"tokens": [[1]], "attention": {"half_step": {"beta": 1}}}',
            'unknown parameter "beta" of the model half',
        ),
        ('{"tokens": [[1]], "attention": {"half_step": {"alpha": 1}}}', 'unknown parameter "alpha"'),
        ('{"tokens": [[1]], "attention": {"hardmax": {"beta": 1}}}', "it has none"),
        ('{"tokens": [[1]], "follow": "smallest", "attention": {"half_step": {}}}', 'unknown key "follow"'),
        ('{"tokens": [[1, 2]], "A": [[1]], "attention": {"half_step": {}}}', "A must be 2 x 2"),
    ],
)
def test_files_that_cannot_be_read(text, message):
    with pytest.raises(InputError, match=re.escape(message)) as raised:
        parse_configuration(text)
    assert "\n" not in str(raised.value)


def test_hardmax_may_be_named():
    assert parse_configuration('{"tokens": [[1]], "attention": {"hardmax": {}}}') == Configuration([[1]])


def test_a_kind_is_registered_once_and_whole():
    register(HalfStep)
    assert model_of("half_step") is HalfStep
    with pytest.raises(InputError, match="a kind of model 'hardmax' is known already; give Thief a kind of its own"):
        register(type("Thief", (HalfStep,), {"kind": "hardmax"}))
    with pytest.raises(InputError, match="model Bare lacks keys, prover, claims, dynamics, from_json, hypotheses"):
        register(type("Bare", (Model,), {"kind": "bare"}))


def test_a_model_refuses_floats_and_what_is_given_beside_it():
    with pytest.raises(ExactnessError, match=r"A\[0\]\[0\] is 0.5 of type float;.*from_array"):
        Hardmax([[0.5]])
    with pytest.raises(ExactnessError, match=r"alpha is 0\.5; an int, a Fraction or text like"):
        Hardmax([[1]], 0.5)
    with pytest.raises(InputError, match="give them to the model"):
        Configuration([[1]], Hardmax([[1]]), Q(1, 2))
    assert Configuration([[1]], Hardmax([[2]], 3, "smallest")) == Configuration([[1]], [[2]], 3, follow="smallest")


def test_what_a_claim_sees_as_proved_is_what_the_model_names():
    seen = View(Case(parse_configuration(AT_REST))).proved
    assert set(seen.findings) == {claim.id for claim in CLAIMS}
    assert seen.verdict == "verified"
