"""The writer of certificates: what it writes is accepted, has the published shape, and is written completely or not."""

import json
from fractions import Fraction as Q
from importlib.resources import files

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hardmax.kernels.errors import BugError, InputError
from hardmax.kernels.exact.configuration import Configuration, with_changes
from hardmax.kernels.exact.rational_text import rational_text
from hardmax.kernels.exact.step import HarmonicStep
from hardmax.strategies import configurations
from hardmax.verify.certificates import checker, self_check
from hardmax.verify.certificates.checker import command
from hardmax.verify.certificates.evidence import Vertex
from hardmax.verify.certificates.writer import CLAIMS, certificate, seal, to_text, write_text
from hardmax.verify.claims import certified
from hardmax.verify.claims.case import Case
from hardmax.verify.claims.certified import certificate_of, certificate_text, save_certificate
from hardmax.verify.claims.places import case_places
from hardmax.verify.provers.freeze.prover import Budget

from . import suite
from .accepted import CONFIGURATIONS
from .refused import EDITED


def schema(name):
    return json.loads(
        (files("hardmax.verify.certificates") / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")
    )


SCHEMA = schema("certificate")
SHAPE = jsonschema.Draft202012Validator(SCHEMA)
SHAPES = {
    name: jsonschema.Draft202012Validator(schema(file))
    for name, file in {
        "hardmax no A": "no_a",
        "hardmax softmax": "softmax",
        "hardmax Gram": "gram",
        "hardmax all steps": "all_steps",
        "hardmax radius": "radius",
        "hardmax all A": "all_matrices",
    }.items()
}
SQUARE = Configuration([(1, 1), (-1, 1), (-1, -1), (1, -1), (0, Q(1, 2)), (Q(1, 2), Q(1, 4))])
VERIFIED = dict.fromkeys(CLAIMS, "verified")


def assert_proof(case):
    """The case has a certificate: of the published shape, accepted, and with the verdicts of the claims."""
    document = certificate_of(case)
    if document is None:
        return
    SHAPE.validate(document)
    assert document["seal"] == seal(document)
    text = to_text(document)
    assert json.loads(text) == document
    assert checker.check(text) == {claim: verdict for claim, verdict in document["claims"].items() if verdict}


@given(configurations())
def test_the_theorems_configurations_have_accepted_certificates(configuration):
    assert_proof(Case(configuration))


@given(
    configurations(n=(1, 8), d=(1, 3), nonzero=None, distinct=None, spd=None, max_multiplicity=3),
    st.sampled_from(["largest", "smallest"]),
    st.sampled_from([None, HarmonicStep(), HarmonicStep(1, 3)]),
)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_any_configurations_have_accepted_certificates(configuration, follow, step):
    changed = with_changes(configuration, follow=follow, step=step or configuration.step)
    assert_proof(Case(changed, Budget(steps=40)))


@pytest.mark.parametrize("name", sorted(set(CONFIGURATIONS) - {"swallowed"}))
def test_the_examples_have_accepted_certificates(name):
    """Today's prover, not the files: it may find other proofs than those of the conformance set."""
    assert certificate_of(Case(CONFIGURATIONS[name])) is not None
    assert_proof(Case(CONFIGURATIONS[name]))


def test_literal_and_merged_configurations_have_certificates_of_their_own():
    literal = Configuration([[1], [-1], [-1], [Q(1, 2)]])
    assert certificate_of(Case(literal))["claims"]["clustering.boundary"] == "refuted"
    merged = certificate_of(Case(literal.merged()))
    assert merged["claims"] == VERIFIED
    assert merged["problem"]["multiplicities"] == [1, 2, 1]


def test_late_leaders_have_certificates_with_long_numbers():
    late = Configuration([(18_003, 17_999), (-18_003, 17_999), (0, 1), (1, 18_000), (-1, 18_000)])
    text = certificate_text(Case(late))
    longest = max(len(x) for entry in json.loads(text)["cluster_points"] for x in entry["point"])
    assert longest > 5_000  # more digits than str(int) writes
    assert checker.check(text) == VERIFIED


def test_a_certificate_is_written_and_accepted(tmp_path):
    path = tmp_path / "square.cert.json"
    assert save_certificate(path, Case(SQUARE)) == (True, None)
    assert checker.check(path.read_text()) == VERIFIED


def test_of_what_is_undecided_nothing_is_written(tmp_path):
    path = tmp_path / "late.cert.json"
    case = Case(CONFIGURATIONS["jumps"], Budget(steps=10))
    assert save_certificate(path, case) == (False, "nothing is decided")
    assert list(tmp_path.iterdir()) == []


def lie(monkeypatch):
    """The writer moves every cluster point of the certificates that it makes, and seals them."""

    def wrong(*arguments):
        document = certificate(*arguments)
        for entry in document["cluster_points"]:
            entry["point"][0] = rational_text(Q(entry["point"][0]) + 1)
        return {**document, "seal": seal(document)}

    monkeypatch.setattr(certified, "certificate", wrong)


@pytest.mark.parametrize("long", [False, True], ids=["in this process", "in another process"])
def test_a_certificate_that_the_checker_refuses_is_a_bug_and_is_not_written(long, tmp_path, monkeypatch):
    lie(monkeypatch)
    if long:
        monkeypatch.setattr(self_check, "LONG_TEXT", 100)
    with pytest.raises(BugError, match=r"the independent checker says to a certificate .*: refused, limits: "):
        save_certificate(tmp_path / "square.cert.json", Case(SQUARE))
    with pytest.raises(BugError, match="refused, limits: "):
        certificate_text(Case(SQUARE))
    assert list(tmp_path.iterdir()) == []


def test_a_certificate_that_is_accepted_for_other_verdicts_is_a_bug(tmp_path, monkeypatch):
    monkeypatch.setattr(self_check, "check", lambda text: {"clustering.vertices": "verified"})
    with pytest.raises(BugError, match=r"accepted, \{'clustering.vertices': 'verified'\}$"):
        save_certificate(tmp_path / "square.cert.json", Case(SQUARE))


def test_a_certificate_that_reaches_a_limit_is_kept_unchecked(tmp_path, monkeypatch):
    """The checker has 10^14 layers to compute."""
    document = certificate_of(Case(SQUARE))
    long = {**document, "itinerary": [{**document["itinerary"][0], "layers": 10**14}]}
    long["proof"] = {**document["proof"], "layer": 10**14 - 1}
    monkeypatch.setattr(certified, "certificate", lambda *_: {**long, "seal": seal(long)})
    path = tmp_path / "square.cert.json"
    written, note = save_certificate(path, Case(SQUARE), seconds=1)
    assert (written, note) == (True, "it takes longer than 1 seconds; give more --seconds")
    assert path.exists()


def test_a_certificate_that_takes_too_long_to_make_is_not_written(tmp_path, monkeypatch):
    def endless(case):
        while True:
            pass

    monkeypatch.setattr(certified, "certificate_of", endless)
    path = tmp_path / "square.cert.json"
    assert save_certificate(path, Case(SQUARE), seconds=0.2) == (False, "it takes longer than 0.2 seconds")
    assert not path.exists()


@pytest.mark.deep
def test_the_certificate_of_a_very_late_leader_is_accepted():
    late = Configuration([(100_003, 99_999), (-100_003, 99_999), (0, 1), (1, 100_000), (-1, 100_000)])
    text = certificate_text(Case(late))
    assert json.loads(text)["leaders"][-1]["layer"] > 99_000
    assert checker.check(text) == VERIFIED


@pytest.mark.parametrize("name", suite.texts("accept"))
def test_accepted_certificates_have_the_published_shape(name):
    document = json.loads(suite.texts("accept")[name])
    SHAPES.get(document["format"], SHAPE).validate(document)


def test_the_published_shape_refuses_what_the_checker_refuses_for_its_shape():
    """Repeated keys, 1.0, -0 and reducible fractions are beyond a JSON Schema."""
    beyond = {"json-duplicate-key", "json-duplicate-inner-key", "json-float", "json-exponent", "json-negative"}
    beyond |= {"json-truncated", "json-trailing", "rational-reducible", "rational-line-end", "seal-other"}
    names = [name for name in EDITED if name.split("-")[0] in ("json", "version", "format", "key", "claim", "entry")]
    names += [name for name in EDITED if name.startswith(("rational", "seal", "true", "string", "object", "number"))]
    wrong_claims = {name for name in EDITED if EDITED[name][2].startswith("clustering.") or name == "claim-none"}
    for name in sorted(set(names) - beyond - wrong_claims | {"claim-word", "claim-true"}):
        assert not SHAPE.is_valid(json.loads(suite.texts("refuse")[name])), name


def test_a_certificate_claims_what_it_is_asked_to():
    case = Case(SQUARE)
    document = certificate(case.outcome, {"clustering.vertices": "verified"}, case_places(case))
    assert document["claims"] == {**dict.fromkeys(CLAIMS), "clustering.vertices": "verified"}
    assert checker.check(to_text(document)) == {"clustering.vertices": "verified"}


def test_wrong_records_become_certificates_that_are_refused():
    """The writer decides nothing: lies reach the file, and the checker."""
    case = Case(SQUARE)
    places = case_places(case)
    lies = [
        (VERIFIED | {"clustering.boundary": "refuted"}, places, "clustering.boundary"),
        (VERIFIED, {**places, (Q(0), Q(1)): Vertex(0)}, "no such leader"),
    ]
    for claims, evidence, reason in lies:
        with pytest.raises(checker.Refused, match=reason):
            checker.check(to_text(certificate(case.outcome, claims, evidence)))


def test_undecided_configurations_have_no_certificate():
    case = Case(CONFIGURATIONS["jumps"], Budget(steps=10))
    assert certificate_of(case) is None
    assert certificate_text(case) is None
    with pytest.raises(InputError, match="nothing is proved about this configuration"):
        certificate(case.outcome, VERIFIED, {})


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({}, "certificates are about clustering.convergence, .* got no claim"),
        ({"clustering.all": "verified"}, "got clustering.all"),
        ({"lemmas.injective": "verified", **VERIFIED}, "got lemmas.injective"),
    ],
)
def test_only_the_claims_of_the_format_can_be_certified(claims, message):
    with pytest.raises(InputError, match=message):
        certificate(Case(SQUARE).outcome, claims, {})


def test_a_place_that_is_needed_has_to_be_given():
    with pytest.raises(InputError, match=r"cluster point \(-1, -1\); give one for each"):
        certificate(Case(SQUARE).outcome, VERIFIED, {})


def test_a_certificate_is_written_completely_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "square.cert.json"
    document = certificate_of(Case(SQUARE))
    assert write_text(path, to_text(document)) == path
    assert command.main([str(tmp_path)]) == 0
    before = path.read_bytes()

    def full(self, content):
        with self.open("wb") as file:
            file.write(content[:100])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(type(path), "write_bytes", full)
        with pytest.raises(InputError, match=r"square\.cert\.json cannot be written: No space left on device"):
            write_text(path, to_text({**document, "version": 2}))
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    with pytest.raises(InputError, match="No such file or directory; give another place"):
        write_text(tmp_path / "none" / "square.cert.json", to_text(document))


def test_a_certificate_of_a_long_review_is_small():
    """128 tokens of two float32 coordinates, as a trained classifier has them."""
    values = [((7919 * i) % 1000 / 997 - 0.5, (104_729 * i) % 1000 / 991 - 0.5) for i in range(128)]
    import numpy as np

    case = Case(Configuration.from_array(np.array(values, dtype=np.float32), None, np.float32(0.5)))
    text = certificate_text(case)
    assert len(text) <= 200_000
    assert checker.check(text) == VERIFIED
