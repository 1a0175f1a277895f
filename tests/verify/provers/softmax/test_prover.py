"""What the prover says of softmax, that the checker agrees on inputs of every kind and size, and bad input."""

import json
import re
from dataclasses import replace
from fractions import Fraction as Q

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hardmax.kernels import Configuration, ExactnessError, GeometricStep, InputError
from hardmax.kernels.exact.configuration_file import configuration_to_json, parse_configuration
from hardmax.kernels.softmax.model import Softmax
from hardmax.verify import prove
from hardmax.verify.campaigns.sources import examine_drawn
from hardmax.verify.certificates import checker
from hardmax.verify.certificates.softmax import softmax_certificate
from hardmax.verify.certificates.writer import to_text
from hardmax.verify.claims.case import Case
from hardmax.verify.claims.certified import certificate_of
from hardmax.verify.claims.families import glpr, softmax
from hardmax.verify.cli import main
from hardmax.verify.provers.freeze.budget import Budget

IDENTITY = [[1, 0], [0, 1]]
FIGURE = [(1, Q(1, 3)), (Q(-1, 12), Q(1, 12)), (-1, -1), (0, Q(1, 4)), (Q(-3, 10), Q(-7, 10)), (Q(4, 5), Q(1, 10))]


QUICK = Budget(operations=20_000_000)
"""A hundred layers or two."""


def agrees(c):
    """The certificate of a configuration is accepted for what it claims; whether there is one."""
    document = certificate_of(Case(c, QUICK))
    if document is None:
        return False
    claimed = {claim: verdict for claim, verdict in document["claims"].items() if verdict}
    assert checker.check(to_text(document)) == claimed
    return True


@example(Configuration([[2**70], [-(2**70)]], Softmax([[1]], 1, Q(1, 3))))  # scores of 140 bits
@given(softmax._any())
def test_the_checker_agrees_on_bounded_beta(c):
    assert agrees(c)


GROWING = softmax.of_softmax(
    st.sampled_from([Q(1), Q(1, 1000), Q(50)]), growing=True, n=(2, 4), d=(1, 2), spd=None, nonzero=None, distinct=None
)


@given(st.one_of(GROWING, softmax.generic(True)))
def test_the_checker_agrees_on_growing_beta(c):
    agrees(c)


@pytest.mark.parametrize("scale", [Q(1, 10**40), Q(10**160)])
def test_tokens_of_any_size_are_proved_and_checked(scale):
    tokens = [[scale * x for x in row] for row in FIGURE]
    for model in (Softmax(IDENTITY, 1, 4), Softmax(IDENTITY, 1, 4 / scale**2), Softmax(IDENTITY, 1, 1 / scale**2, 4)):
        assert agrees(Configuration(tokens, model))


@pytest.mark.parametrize(
    "c",
    [
        Configuration([(2, 2), (-2, -2)], Softmax([[0, 1], [-1, 0]], 1, 10**6)),
        *(Configuration([(1, 0), (0, 2), (1, 1)], Softmax(IDENTITY, 1, 10**e, 4)) for e in (18, 50, 400)),
    ],
)
def test_the_checker_gets_the_bits_that_a_large_beta_takes(c):
    """Its radius grows by up to β aR in every layer, and its bits are absolute."""
    assert agrees(c)
    assert prove(c).verdict == "verified"


def test_a_certificate_that_wants_bits_refutes_nothing(monkeypatch):
    why = "bits: the certificate has 192, but they are too few for layer 3"
    monkeypatch.setattr(softmax, "answer_to", lambda document: ("refused", why))
    proved = prove(softmax.EXAMPLE)
    assert proved.verdict == "undecided"
    assert why in proved.findings["softmax.consensus"].message
    assert certificate_of(proved.case) is None


@pytest.mark.parametrize("c", [softmax.EXAMPLE, glpr.EXAMPLE])
def test_a_certificate_that_the_checker_refuses_is_a_bug_and_refutes_nothing(c, monkeypatch, tmp_path, capsys):
    file = tmp_path / "c.json"
    file.write_text(json.dumps(configuration_to_json(c)), encoding="utf-8")
    monkeypatch.setattr(softmax, "softmax_certificate", lambda outcome: softmax_certificate(with_a_mistake(outcome)))
    for out in ([], ["--out", str(tmp_path / "out")]):
        with pytest.raises(SystemExit) as ended:
            main(["prove", str(file), *out])
        assert ended.value.code == 4
        told = capsys.readouterr()
        assert "refuted" not in told.out
        assert "a bug of hardmax" in told.err
    assert not [*(tmp_path / "out").glob("*.cert.json")]


def with_a_mistake(outcome):
    """The limit, or what is followed, is another one."""
    evidence = outcome.evidence
    if evidence.consensus is None:
        wrong = replace(evidence, growing=replace(evidence.growing, follows=(0,) * outcome.configuration.n))
    else:
        wrong = replace(evidence, consensus=replace(evidence.consensus, limit=(Q(5), Q(5))))
    return replace(outcome, evidence=wrong)


def test_at_the_very_bound_nothing_is_claimed_that_rounding_decides():
    halved = Configuration([[1], [-1]], Softmax([[1]], 1, 0))  # the diameter is exactly 2^-10 of itself after 10 layers
    assert agrees(halved)
    assert prove(halved).outcome.evidence.consensus.needed is None
    assert agrees(Configuration([[0], [0], [0]], Softmax([[1]], Q(4, 3), Q(1, 3))))


def test_leaders_of_softmax_need_not_be_those_of_hardmax():
    hard = prove(Configuration(FIGURE, alpha=Q(1, 2)))
    soft = prove(Configuration(FIGURE, Softmax(IDENTITY, Q(1, 2), 1, Q(9, 4))))
    assert {*hard.leaders} == {0, 1, 2}
    assert {*soft.leaders} == {0, 2}
    assert soft.verdict == "verified"
    assert len(soft.vertices) == 2


def test_the_record_has_the_enclosure_and_what_is_before_it():
    record = prove(softmax.EXAMPLE).record()
    found = record.enclosure
    assert record.freeze_layer is None is record.leaders is record.vertices
    assert Q(found.radius) < Q(1, 10**6)
    assert found.needed < Q(found.enough)
    assert Q(found.layers) >= 1
    assert (found.stays, found.left) == (0, 1)


@pytest.mark.parametrize(
    "c",
    [
        Configuration([[1], [-1], [Q(1, 2)]], Softmax([[1]], Q(1, 2), 0, Q(9, 4))),
        Configuration([[1], [-1], [Q(1, 2)]], Softmax([[0]], Q(1, 2), 3, Q(3, 2))),
    ],
)
def test_without_scores_there_is_one_cluster_whatever_the_growth(c):
    assert agrees(c)
    assert prove(c).findings["softmax.consensus"].verdict == "verified"


@pytest.mark.parametrize(
    ("c", "reason"),
    [
        (Configuration([[1], [1], [-1]], Softmax([[1]], 1, 1, 4)), "tokens 0, 1 are equal"),
        (
            Configuration([[1], [-1], [0]], Softmax([[1]], 1, 1, 4)),
            "still open: token 2 attends to tokens 0, 1, 2 alike",
        ),
        (Configuration([[1], [-1]], Softmax([[1]], 1, 1, Q(3, 2))), "no theorem is known for a growth of 3/2"),
        (Configuration([[1], [-1], [0], [0]], Softmax([[1]], 1, 1, 4)), "token 2 attends to tokens 0, 1, 2, 3 alike"),
        (Configuration([[1], [-1]], Softmax([[1]], GeometricStep(Q(1, 2), Q(1, 2)), 1)), "needs a constant step"),
    ],
)
def test_why_something_is_undecided(c, reason):
    result = prove(c, merge=False)
    assert result.verdict == "undecided"
    assert re.search(reason, result.outcome.reason)


def test_equal_tokens_are_decided_merged():
    result = prove(Configuration([[1], [1], [-1]], Softmax([[1]], 1, 1, 4)))
    assert (result.verdict, result.merged.verdict) == ("undecided", "verified")


def test_twins_that_follow_another_token_do_no_harm():
    c = Configuration([[1], [Q(1, 2)], [Q(1, 2)]], Softmax([[1]], Q(1, 2), 1, Q(9, 4)))
    assert agrees(c)
    assert prove(c, merge=False).verdict == "verified"


def test_most_inputs_of_the_claim_about_clusters_have_some_that_last():
    claim = next(claim for claim in softmax.CLAIMS if claim.id == "softmax.metastable")
    (source,) = claim.inputs
    counts, refuted = examine_drawn(claim, replace(source, examples=12))
    assert refuted is None
    assert counts["verified"] >= 8


def test_files_of_it_are_read_and_written():
    text = (
        '{"tokens": [["1", "0"], ["0", "1"]], "alpha": "1/2", "attention": {"softmax": {"beta": "1/2", "growth": 2}}}'
    )
    c = parse_configuration(text)
    assert c.model == Softmax(IDENTITY, Q(1, 2), Q(1, 2), 2)
    assert parse_configuration(json.dumps(configuration_to_json(c))) == c


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ('{"beta": -1}', "beta is -1; an inverse temperature must be >= 0"),
        ('{"beta": 1, "growth": 0}', "growth is 0; .* needs growth > 0"),
        ('{"beta": 1, "growth": "-1/2"}', "growth is -1/2; .* needs growth > 0"),
        ('{"beta": NaN}', "NaN is not a number that can be exact"),
        ('{"beta": Infinity}', "Infinity is not a number that can be exact"),
        ('{"beta": "x"}', 'beta is "x"; a number is required'),
        ("{}", 'the parameter "beta" is missing'),
        ('{"beta": 1, "gamma": 1}', 'unknown parameter "gamma"'),
    ],
)
def test_bad_input_is_one_line_with_status_2(parameters, message, tmp_path, capsys):
    path = tmp_path / "bad.json"
    path.write_text(f'{{"tokens": [[1], [2]], "attention": {{"softmax": {parameters}}}}}')
    with pytest.raises(SystemExit) as ended:
        main(["prove", str(path), "--out", str(tmp_path / "out")])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert re.search(message, said)
    assert not (tmp_path / "out").exists()


def test_floats_are_refused_in_python():
    with pytest.raises(ExactnessError, match=r"beta is 0\.5"):
        Softmax(IDENTITY, 1, 0.5)
    with pytest.raises(InputError, match="A must be 2 x 2"):
        Configuration([(1, 2)], Softmax([[1]], 1, 1))


def test_the_claims_of_a_model_are_examined_by_its_kind():
    growing = prove(glpr.EXAMPLE)
    assert [f.verdict for f in growing.findings.values()] == ["vacuous", "vacuous", "verified", "verified", "verified"]
    constant = prove(softmax.EXAMPLE)
    assert [f.verdict for f in constant.findings.values()] == ["verified", "verified", "vacuous", "vacuous", "vacuous"]
