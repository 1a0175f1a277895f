import json
from dataclasses import replace

import numpy as np
import pytest

from hardmax.kernels.errors import InputError
from hardmax.strategies.corpus import read_reviews
from hardmax.verify.certificates.checker import command
from hardmax.verify.claims.certified import certificate_text
from hardmax.verify.studies.sentiment.classifier.data import Bags
from hardmax.verify.studies.sentiment.classifier.hard_attention import cluster
from hardmax.verify.studies.sentiment.explain import explain
from hardmax.verify.studies.sentiment.proofs import (
    literal_configuration,
    prove_review,
    prove_reviews,
    prove_text,
    summary,
)
from hardmax.verify.studies.sentiment.text import explanation_text, proof_text

TEXT = "The worst film I ever saw: boring, stupid, and a stupid, boring script. Beautiful music though!"


def test_a_leader_that_is_repeated_leads_only_up_to_multiplicity(make_model):
    model = make_model([[4.0, 0.0], [-4.0, 0.0], [1.0, 0.25]], [1, 0], words=("best", "worst", "film"))
    once = prove_review(model, 7, *Bags.of([[0, 1, 2]]).bag(0))
    assert (once.review, once.literal, once.merged) == (7, True, True)
    assert once.literal_verdict == once.verdict == "verified"
    assert once.leaders == {"best": 0, "worst": 0}
    assert once.rules == {"leader": 2, "R1": 1}
    twice = prove_review(model, 7, *Bags.of([[0, 0, 1, 2, 2]]).bag(0))
    assert (twice.literal, twice.merged, twice.tokens, twice.words) == (False, True, 5, 3)
    assert (twice.literal_verdict, twice.verdict) == ("refuted", "verified")
    assert twice.leaders == once.leaders
    assert twice.cluster_points == 2


def test_a_zero_embedding_meets_the_hypotheses_not_even_merged(make_model):
    model = make_model([[1.0], [-1.0], [0.0]], [1])
    proof = prove_review(model, 0, *Bags.of([[0, 1, 2]]).bag(0))
    assert not proof.merged
    assert proof.verdict == "refuted"  # the origin stays in the interior
    assert summary([proof])["hypotheses"] == {"literal": 0, "merged_only": 0, "never": 1}


def test_a_cluster_point_on_a_face_is_counted(make_model):
    model = make_model([[2.0, 1.0], [2.0, -1.0], [1.0, 0.0]], [1, 0])
    proof = prove_review(model, 0, *Bags.of([[0, 1, 2]]).bag(0))
    assert (proof.verdict, proof.cluster_points, proof.on_faces) == ("verified", 3, 1)
    assert proof.rules["R2"] == 1


@pytest.fixture
def real(shipped, real_dataset):
    chosen = real_dataset.test[:60]
    return shipped, real_dataset.bags.take(chosen), chosen


def test_real_reviews_are_verified_and_their_leaders_are_those_of_the_float_run(real):
    model, bags, chosen = real
    proofs = prove_reviews(model, bags, chosen)
    counts = summary(proofs)
    assert counts["merged"] == {"verified": len(chosen)}
    assert counts["reviews"] == len(chosen)
    found = cluster(model.embeddings.astype(float), bags, model.rate, model.depth)
    for r, proof in enumerate(proofs):
        tokens, _ = bags.bag(r)
        first = found.first_leader[bags.start[r] : bags.start[r + 1]]
        floats = {model.vocabulary.name(int(t)): int(k) for t, k in zip(tokens, first, strict=True) if k >= 0}
        assert floats == {word: k for word, k in proof.leaders.items() if k <= model.depth}


def test_literal_verdicts_are_refuted_exactly_where_a_leader_is_repeated(real):
    model, bags, chosen = real
    for r, proof in enumerate(prove_reviews(model, bags, chosen)):
        tokens, counts = bags.bag(r)
        times = {model.vocabulary.name(int(t)): int(c) for t, c in zip(tokens, counts, strict=True)}
        repeated = any(times[word] > 1 for word in proof.leaders)
        assert proof.literal_verdict == ("refuted" if repeated else "verified")
        assert literal_configuration(model, tokens, counts).n == proof.tokens


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


def test_a_journal_is_gone_on_from_and_gives_the_same(real, tmp_path):
    model, bags, chosen = real
    journal = tmp_path / "proofs.jsonl"
    whole = prove_reviews(model, bags, chosen, journal=journal)
    lines = journal.read_text().splitlines(keepends=True)
    assert len(lines) == len(chosen) + 1
    journal.write_text("".join(lines[:21]) + lines[21][:30])  # cut off in the middle of a line
    done = []
    again = prove_reviews(model, bags, chosen, journal=journal, progress=done.append)
    assert again == whole
    assert done[0] == 20
    assert prove_reviews(model, bags, chosen, journal=journal) == whole


def test_journals_of_other_runs_and_damaged_ones_are_refused(make_model, tmp_path):
    model = make_model([[4.0, 0.0], [-4.0, 0.0]], [1, 0])
    bags, journal = Bags.of([[0, 1], [1]]), tmp_path / "proofs.jsonl"
    prove_reviews(model, bags, [0, 1], journal=journal)
    whole = journal.read_bytes()
    with pytest.raises(InputError, match="journal of another model"):
        prove_reviews(replace(model, alpha=2.0), bags, [0, 1], journal=journal)
    with pytest.raises(InputError, match="journal of other reviews: review 0 has other words there"):
        prove_reviews(model, bags, [1, 0], journal=journal)
    with pytest.raises(InputError, match="journal of other reviews: review 1"):
        prove_reviews(model, Bags.of([[0, 1], [1, 1]]), [0, 1], journal=journal)
    assert journal.read_bytes() == whole
    for other in (b"some notes", b"some notes\n", b'{"fingerprint": "abc"}\n', whole[:10] + b"x"):
        journal.write_bytes(other)
        with pytest.raises(InputError, match="or no journal; delete it or give another name"):
            prove_reviews(model, bags, [0, 1], journal=journal)
        assert journal.read_bytes() == other


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"leaders": 5}, "line 2: leaders has a wrong value"),
        ({"leaders": {"w0": -1}}, "leaders has a wrong value"),
        ({"verdict": "banana"}, "line 2: verdict has a wrong value"),
        ({"literal_verdict": None}, "literal_verdict has a wrong value"),
        ({"claims": {"clustering.boundary": "maybe"}}, "claims has a wrong value"),
        ({"review": "0"}, "review has a wrong value"),
        ({"tokens": True}, "tokens has a wrong value"),
        ({"literal": 1}, "literal has a wrong value"),
        ({"freeze_layer": 0.5}, "freeze_layer has a wrong value"),
        ({"on_faces": "x"}, "on_faces has a wrong value"),
        ({"rules": {"R1": "x"}}, "rules has a wrong value"),
        ({"digest": 7}, "digest has a wrong value"),
        ({"more": 7}, "not an object with the keys digest, review"),
    ],
)
def test_lines_of_a_journal_with_wrong_values_are_refused(make_model, tmp_path, change, message):
    model = make_model([[4.0, 0.0], [-4.0, 0.0]], [1, 0])
    bags, journal = Bags.of([[0, 1], [1]]), tmp_path / "proofs.jsonl"
    prove_reviews(model, bags, [0, 1], journal=journal)
    header, line, last = journal.read_text().splitlines()
    journal.write_text("\n".join([header, json.dumps(json.loads(line) | change), last, ""]))
    with pytest.raises(InputError, match=f"is damaged .*{message}"):
        prove_reviews(model, bags, [0, 1], journal=journal)


@pytest.mark.parametrize("line", [b"\xff\xfe", b"[]", b"5", b"", b'{"review": 0}', b"[" * 100_000])
def test_lines_that_are_no_verdicts_are_refused(make_model, tmp_path, line):
    model = make_model([[4.0, 0.0], [-4.0, 0.0]], [1, 0])
    bags, journal = Bags.of([[0, 1], [1]]), tmp_path / "proofs.jsonl"
    prove_reviews(model, bags, [0, 1], journal=journal)
    journal.write_bytes(journal.read_bytes() + line + b"\n")
    with pytest.raises(InputError, match=r"is damaged .line 4: "):
        prove_reviews(model, bags, [0, 1], journal=journal)


def test_a_longer_run_goes_on_from_a_shorter_one(make_model, tmp_path):
    rng = np.random.default_rng(0)
    model, journal = make_model(rng.standard_normal((40, 2)), [1, 0]), tmp_path / "proofs.jsonl"
    bags = Bags.of(rng.choice(40, 6).tolist() for _ in range(30))
    reviews = np.arange(100, 130)
    prove_reviews(model, bags.take(np.arange(10)), reviews[:10], journal=journal)
    done = []
    longer = prove_reviews(model, bags, reviews, journal=journal, progress=done.append)
    assert done == [10, 30]
    assert longer == prove_reviews(model, bags, reviews)
    assert len(journal.read_text().splitlines()) == 31
    # A shorter run, and one on other reviews, count what they ask for and leave the rest of the journal alone.
    assert prove_reviews(model, bags.take(np.arange(5, 8)), reviews[5:8], journal=journal) == longer[5:8]
    done.clear()
    prove_reviews(model, bags.take(np.arange(2)), [0, 1], journal=journal, progress=done.append)
    assert done == [0, 2]
    assert prove_reviews(model, bags, reviews, journal=journal) == longer
    assert len(journal.read_text().splitlines()) == 33


def test_an_empty_journal_and_one_cut_in_its_header_are_new(make_model, tmp_path):
    model = make_model([[4.0, 0.0], [-4.0, 0.0]], [1, 0])
    bags, journal = Bags.of([[0, 1], [1]]), tmp_path / "proofs.jsonl"
    proofs = prove_reviews(model, bags, [0, 1], journal=journal)
    whole = journal.read_bytes()
    for cut in range(whole.index(b"\n") + 2):
        journal.write_bytes(whole[:cut])
        assert prove_reviews(model, bags, [0, 1], journal=journal) == proofs
        assert journal.read_bytes() == whole


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
    assert prove_reviews(model, bags, range(120), jobs=2) == prove_reviews(model, bags, range(120))


def test_an_explanation_adds_up(shipped):
    explanation = explain(shipped, TEXT)
    assert not explanation.positive
    assert explanation.verdict == "verified"
    assert sum(c.contribution for c in explanation.clusters) + explanation.bias == pytest.approx(explanation.logit)
    tokens = shipped.tokens(TEXT)
    assert explanation.logit == pytest.approx(shipped.logits(Bags.of([tokens]))[0])
    assert sum(c.size for c in explanation.clusters) == explanation.tokens == len(tokens)
    for cluster_ in explanation.clusters:
        assert len(cluster_.leaders) == 1
        assert cluster_.name in dict(cluster_.members)
    stupid = next(c for c in explanation.clusters if "stupid" in dict(c.members))
    assert dict(stupid.members)["stupid"] == 2
    json.dumps(explanation.to_json(), allow_nan=False)


def test_an_explanation_of_a_tie_names_all_its_leaders(make_model):
    model = make_model([[2.0, 1.0], [2.0, -1.0], [1.0, 0.0]], [1, 0], words=("great", "superb", "film"))
    tie = next(c for c in explain(model, "great superb film").clusters if len(c.leaders) == 2)
    assert tie.leaders == {"great": 0.5, "superb": 0.5}
    assert (tie.name, tie.first_layer, tie.point, tie.logit) == ("great + superb", None, (2.0, 0.0), 2.0)


def test_an_explanation_says_how_much_of_the_text_is_read(shipped, make_model):
    long = explain(shipped, "great movie " * 5000)
    assert (long.tokens, long.read, long.known, long.padding) == (128, 128, 10_000, 0)
    assert "\nthe first 128 of 10000 words known to the model, " in explanation_text(long)
    whole = explain(shipped, "great movie zzzz")
    assert (whole.read, whole.known) == (2, 2)
    assert "\n2 words known to the model, " in explanation_text(whole)
    assert "\n1 word known to the model, 1 cluster;" in explanation_text(explain(shipped, "great"))
    padded = make_model([[2.0, 0.0], [-1.0, 0.5], [0.1, 0.1]], [1, 0], padding="kept", words=("great", "bad"))
    short = explain(padded, "great bad great")
    assert (short.tokens, short.read, short.known, short.padding) == (128, 3, 3, 125)
    assert "\n3 words known to the model and 125 tokens of padding, " in explanation_text(short)
    full = explain(padded, "great " * 200)
    assert (full.read, full.known, full.padding) == (128, 200, 0)


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
