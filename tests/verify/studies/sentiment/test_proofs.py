import json
from dataclasses import replace

import numpy as np
import pytest

from hardmax.reports.records.codec import dumps
from hardmax.reports.records.review_record import HypothesesRecord
from hardmax.strategies.corpus import read_reviews
from hardmax.verify.campaigns.journal import Journal
from hardmax.verify.certificates.checker import command
from hardmax.verify.claims.certified import certificate_text
from hardmax.verify.studies.sentiment.classifier.data import Bags
from hardmax.verify.studies.sentiment.classifier.hard_attention import cluster
from hardmax.verify.studies.sentiment.explain import explain
from hardmax.verify.studies.sentiment.proofs import (
    prove_bag,
    prove_review,
    prove_reviews,
    prove_text,
    summary,
)
from hardmax.verify.studies.sentiment.text import explanation_text, proof_text

TEXT = "The worst film I ever saw: boring, stupid, and a stupid, boring script. Beautiful music though!"


def test_a_leader_that_is_repeated_leads_only_up_to_multiplicity(make_model):
    model = make_model([[4.0, 0.0], [-4.0, 0.0], [1.0, 0.25]], [1, 0], words=("best", "worst", "film"))
    once = prove_review(model, Bags.of([[0, 1, 2]]).bag(0))
    assert (once.literal, once.merged) == (True, True)
    assert once.literal_verdict == once.verdict == "verified"
    assert once.leaders == {"best": 0, "worst": 0}
    assert once.rules == {"leader": 2, "R1": 1}
    twice = prove_review(model, Bags.of([[0, 0, 1, 2, 2]]).bag(0))
    assert (twice.literal, twice.merged) == (False, True)
    assert (twice.literal_verdict, twice.verdict) == ("refuted", "verified")
    assert twice.leaders == once.leaders


def test_a_zero_embedding_meets_the_hypotheses_not_even_merged(make_model):
    model = make_model([[1.0], [-1.0], [0.0]], [1])
    proof = prove_review(model, Bags.of([[0, 1, 2]]).bag(0))
    assert not proof.merged
    assert proof.verdict == "refuted"  # the origin stays in the interior
    assert summary([proof]).hypotheses == HypothesesRecord(literal=0, merged_only=0, never=1)


def test_a_cluster_point_on_a_face_is_counted(make_model):
    model = make_model([[2.0, 1.0], [2.0, -1.0], [1.0, 0.0]], [1, 0])
    proof = prove_review(model, Bags.of([[0, 1, 2]]).bag(0))
    assert (proof.verdict, proof.on_faces) == ("verified", 1)
    assert proof.rules["R2"] == 1


@pytest.fixture
def real(shipped, real_dataset):
    chosen = real_dataset.test[:60]
    return shipped, real_dataset.bags.take(chosen), chosen


def test_real_reviews_are_verified_and_their_leaders_are_those_of_the_float_run(real):
    model, bags, chosen = real
    proofs = prove_reviews(model, bags)
    counts = summary(proofs)
    assert counts.merged == {"verified": len(chosen)}
    assert counts.reviews == len(chosen)
    found = cluster(model.embeddings.astype(float), bags, model.rate, model.depth)
    for r, proof in enumerate(proofs):
        tokens, _ = bags.bag(r)
        first = found.first_leader[bags.start[r] : bags.start[r + 1]]
        floats = {model.vocabulary.name(int(t)): int(k) for t, k in zip(tokens, first, strict=True) if k >= 0}
        assert floats == {word: k for word, k in proof.leaders.items() if k <= model.depth}


def test_literal_verdicts_are_refuted_exactly_where_a_leader_is_repeated(real):
    model, bags, _ = real
    for r, proof in enumerate(prove_reviews(model, bags)):
        tokens, counts = bags.bag(r)
        times = {model.vocabulary.name(int(t)): int(c) for t, c in zip(tokens, counts, strict=True)}
        repeated = any(times[word] > 1 for word in proof.leaders)
        assert proof.literal_verdict == ("refuted" if repeated else "verified")
        literal = prove_bag(model, tokens, counts).literal
        assert (counts.max() == 1) if literal is None else (literal.configuration.n == counts.sum())


def test_certificates_of_reviews_convince_the_checker_and_damaged_ones_do_not(shipped, tmp_path):
    proved = prove_text(shipped, TEXT).merged
    text = certificate_text(proved.case)
    assert text is not None
    path = tmp_path / "review.cert.json"
    path.write_text(text)
    assert command.main([str(path)]) == 0
    document = json.loads(text)
    document["leaders"] = document["leaders"][1:]
    path.write_text(json.dumps(document))
    assert command.main([str(path)]) != 0


def test_a_longer_run_goes_on_from_a_shorter_one_and_gives_the_same(real, tmp_path):
    model, bags, _ = real
    path, done = tmp_path / "journal", []
    prove_reviews(model, bags.take(np.arange(10)), journal=Journal(path))
    longer = prove_reviews(model, bags, journal=Journal(path), progress=done.append)
    assert done[0] == 10
    assert done[-1] == len(bags)
    assert longer == prove_reviews(model, bags) == prove_reviews(model, bags, journal=Journal(path))
    assert len(path.read_text().splitlines()) == len(bags) + 1


def test_verdicts_on_other_reviews_and_of_another_model_are_not_taken_for_these(make_model, tmp_path):
    model, path = make_model([[4.0, 0.0], [-4.0, 0.0], [1.0, 0.0]], [1, 0]), tmp_path / "journal"
    for given, bags in (
        (model, Bags.of([[0, 1]])),
        (replace(model, alpha=2.0), Bags.of([[0, 1]])),
        (model, Bags.of([[0, 1, 1]])),
        (model, Bags.of([[0, 1, 2]])),
    ):
        before, done = path.read_bytes() if path.exists() else b"", []
        assert prove_reviews(given, bags, journal=Journal(path), progress=done.append) == prove_reviews(given, bags)
        assert done == [0, 1]
        assert path.read_bytes().startswith(before)


def test_the_verdict_on_a_text_says_that_equal_words_were_merged(make_model):
    model = make_model([[4.0, 0.0], [-4.0, 0.0], [1.0, 0.25]], [1, 0], words=("best", "worst", "film"))
    repeated = prove_text(model, "best worst film, best film")
    data = repeated.to_json("c.json")
    assert (data["verdict"], data["certificate"], data["equal_words_merged"]) == ("verified", "c.json", True)
    assert data["leaders"] == {"best": 0, "worst": 0}
    assert (data["words"], data["multiplicities"]) == (["best", "worst", "film"], [2, 1, 2])
    assert data["literal"]["verdict"] == "refuted"
    assert data["literal"]["hypotheses"]["distinct"] is False
    assert "is not in K" in data["literal"]["reasons"]["clustering.boundary"]
    first, second = proof_text(repeated).splitlines()
    assert first.startswith("verified: every token has an exact limit")
    assert second.startswith("equal words are merged above (best×2, film×2); as it stands: refuted: token 0 (best)")
    assert second.count("is not in K") == 1
    once = prove_text(model, "best worst film")
    assert (once.literal, once.to_json()["equal_words_merged"], once.to_json()["literal"]) == (None, False, None)
    assert proof_text(once).startswith("verified: ")
    assert "\n" not in proof_text(once)


def test_a_text_whose_words_repeat_without_harm_is_verified_as_it_stands_too(make_model):
    model = make_model([[4.0, 0.0], [-4.0, 0.0], [1.0, 0.25]], [1, 0], words=("best", "worst", "film"))
    text = proof_text(prove_text(model, "best worst film film"))
    assert "equal words are merged above (film×2); as it stands: verified: " in text


def test_two_processes_give_what_one_gives(make_model):
    rng = np.random.default_rng(0)
    model = make_model(rng.standard_normal((40, 2)), [1, 0])
    bags = Bags.of(rng.choice(40, 6).tolist() for _ in range(120))
    assert prove_reviews(model, bags, jobs=2) == prove_reviews(model, bags)


def test_an_explanation_adds_up(shipped):
    explanation = explain(shipped, TEXT)
    assert explanation.prediction == "negative"
    assert explanation.verdict == "verified"
    assert sum(c.contribution for c in explanation.clusters) + explanation.bias == pytest.approx(explanation.logit)
    tokens = shipped.tokens(TEXT)
    assert explanation.logit == pytest.approx(shipped.logits(Bags.of([tokens]))[0])
    assert sum(c.size for c in explanation.clusters) == explanation.tokens == len(tokens)
    for cluster_ in explanation.clusters:
        assert len(cluster_.leaders) == 1
        assert set(cluster_.leaders) <= set(cluster_.members)
    stupid = next(c for c in explanation.clusters if "stupid" in c.members)
    assert stupid.members["stupid"] == 2
    assert json.loads(dumps(explanation))["read_words"] == len(tokens)


def test_an_explanation_of_a_tie_names_all_its_leaders(make_model):
    model = make_model([[2.0, 1.0], [2.0, -1.0], [1.0, 0.0]], [1, 0], words=("great", "superb", "film"))
    tie = next(c for c in explain(model, "great superb film").clusters if len(c.leaders) == 2)
    assert tie.leaders == {"great": 0.5, "superb": 0.5}
    assert (tie.first_layer, tie.point, tie.logit) == (None, (2.0, 0.0), 2.0)
    assert "great + superb" in explanation_text(explain(model, "great superb film"))


def test_an_explanation_says_how_much_of_the_text_is_read(shipped, make_model):
    long = explain(shipped, "great movie " * 5000)
    assert (long.tokens, long.read_words, long.known_words) == (128, 128, 10_000)
    assert "\nthe first 128 of 10000 words known to the model, " in explanation_text(long)
    whole = explain(shipped, "great movie zzzz")
    assert (whole.read_words, whole.known_words) == (2, 2)
    assert "\n2 words known to the model, " in explanation_text(whole)
    assert "\n1 word known to the model, 1 cluster;" in explanation_text(explain(shipped, "great"))
    padded = make_model([[2.0, 0.0], [-1.0, 0.5], [0.1, 0.1]], [1, 0], padding="kept", words=("great", "bad"))
    short = explain(padded, "great bad great")
    assert (short.tokens, short.read_words, short.known_words) == (128, 3, 3)
    assert "\n3 words known to the model and 125 tokens of padding, " in explanation_text(short)
    full = explain(padded, "great " * 200)
    assert (full.tokens, full.read_words, full.known_words) == (128, 128, 200)


def test_an_explanation_says_where_equal_words_are_merged(shipped):
    assert "exact verdict (equal words merged): verified" in explanation_text(explain(shipped, "great great movie"))
    assert "exact verdict: verified" in explanation_text(explain(shipped, "great movie"))


def test_an_enormous_logit_gives_no_warning(make_model):
    model = make_model([[1e30], [-1e30]], [1e30], words=("great", "bad"))
    with np.errstate(over="raise"):
        assert explain(model, "bad").probability == 0.0
        assert explain(model, "great").probability == 1.0


@pytest.mark.usefixtures("real_corpus")
def test_explaining_a_review_of_the_corpus(shipped):
    text = read_reviews()[0].text
    explanation = explain(shipped, text)
    assert len(explanation.layers) == shipped.depth + 1
    assert explanation.text == text
