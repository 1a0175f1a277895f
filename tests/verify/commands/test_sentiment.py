"""The command line as a person uses it: texts, statuses, files."""

import json
import os
import re
from pathlib import Path

import pytest

from hardmax.reports.pages.sentiment_page import read_record
from hardmax.verify.certificates.checker import command
from hardmax.verify.cli import main
from hardmax.verify.studies.sentiment.classifier.model import Classifier


@pytest.fixture
def hardmax(capsys):
    """hardmax(arguments…) → (status, stdout, stderr)."""

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main(["sentiment", *map(str, arguments)])
        out, err = capsys.readouterr()
        assert isinstance(end.value.code, int)
        return end.value.code, out, err

    return run


@pytest.fixture(scope="module")
def model_file(corpus_file, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("model") / "m.npz"
    with pytest.raises(SystemExit) as end:
        main(["sentiment", "train", "--out", str(path), "--reviews", str(corpus_file), *TRAIN])
    assert end.value.code == 0
    return path


TRAIN = ("--epochs", "6", "--depth", "4", "--rate", "0.05", "--batch", "32", "--words", "100")


def test_training_prints_the_twin_beside_and_keeps_the_command(hardmax, corpus_file, tmp_path, monkeypatch):
    monkeypatch.setattr("hardmax.verify.commands.parts.output.MINUTE", 0)
    path = tmp_path / "m.npz"
    status, out, err = hardmax("train", "--out", path, "--reviews", corpus_file, *TRAIN)
    assert status == 0
    line = re.compile(r"(with attention|twin, K = 0): \d of 6, .* a second(, \d+ s left)?")
    said = [line.fullmatch(each) for each in err.splitlines()]
    assert {each and each[1] for each in said} == {"with attention", "twin, K = 0"}
    assert "with attention  epoch" in out
    assert "twin, K = 0     epoch" in out
    assert "test reviews also occur outside the test part" in out
    assert [p.name for p in tmp_path.iterdir()] == ["m.npz"]
    before = path.read_bytes()
    status, _, err = hardmax("train", "--out", path, "--reviews", corpus_file, *TRAIN)
    assert (status, "m.npz holds the results of an earlier run; give --overwrite" in err) == (2, True)
    assert path.read_bytes() == before
    provenance = Classifier.load(path).provenance
    assert provenance["command"] == (
        "hardmax sentiment train --seed 0 --depth 4 --epochs 6 --batch 32 --rate 0.05 --words 100"
        " --reviews reviews.csv --out MODEL.npz"
    )
    assert 0 < provenance["twin_test_accuracy"] <= 1


def test_the_command_in_the_provenance_makes_the_same_model(hardmax, corpus_file, tmp_path, model_file):
    command = Classifier.load(model_file).provenance["command"].split()[2:]
    command[command.index("--reviews") + 1] = corpus_file
    command[command.index("--out") + 1] = tmp_path / "again.npz"
    assert hardmax(*command)[0] == 0
    assert Classifier.load(tmp_path / "again.npz").digest() == Classifier.load(model_file).digest()


def test_proving_counts_verdicts_and_hypotheses(hardmax, corpus_file, model_file):
    status, out, _ = hardmax("prove", "--model", model_file, "--reviews", corpus_file, "--limit", 20)
    assert status == 0
    assert "20 reviews proved exactly: 20 verified (equal words merged)" in out
    status, out, _ = hardmax("prove", "--model", model_file, "--reviews", corpus_file, "--part", "validation", "--json")
    counts = json.loads(out)
    assert counts["merged"] == {"verified": counts["reviews"]}
    assert sum(counts["hypotheses"].values()) == counts["reviews"] == 16


def test_one_review_gets_a_certificate_that_the_checker_accepts(hardmax, tmp_path, capsys):
    path = tmp_path / "r.cert.json"
    status, out, _ = hardmax("prove", "--text", "A boring film with wonderful music", "--certificate", path)
    assert status == 0
    assert out.startswith("NOT READ, on the stop list: a, with\nverified: ")
    assert command.main([str(path)]) == 0
    capsys.readouterr()
    status, out, _ = hardmax("prove", "--text", "A boring film with wonderful music", "--json")
    assert json.loads(out)["verdict"] == "verified"


def test_one_review_whose_words_repeat_is_told_to_be_merged(hardmax):
    status, out, _ = hardmax("prove", "--text", "great great movie")
    assert status == 0
    assert "equal words are merged above (great×2); as it stands: refuted: " in out
    status, out, _ = hardmax("prove", "--text", "great great movie", "--json")
    data = json.loads(out)
    assert (status, data["verdict"], data["equal_words_merged"]) == (0, "verified", True)
    assert data["leaders"] == {"great": 0, "movie": 0}
    assert data["literal"]["verdict"] == "refuted"


def test_a_device_given_as_the_model_file_stays_what_it_is(hardmax, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    status, out, err = hardmax("train", "--out", pipe)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "pipe' is no regular file; give the name of one" in err
    assert pipe.is_fifo()


@pytest.mark.parametrize("arguments", [("-awful film", "--json"), ("--json", "--", "-awful film")])
def test_a_text_may_begin_with_a_dash(hardmax, arguments):
    status, out, _ = hardmax("explain", *arguments)
    assert (status, json.loads(out)["text"]) == (0, "-awful film")


def test_proving_goes_on_to_more_reviews(hardmax, tmp_path, model_file, corpus_file):
    arguments = ("prove", "--model", model_file, "--reviews", corpus_file, "--journal", tmp_path / "j.jsonl")
    assert hardmax(*arguments, "--limit", 5)[0] == 0
    first = (tmp_path / "j.jsonl").read_bytes()
    status, out, _ = hardmax(*arguments, "--limit", 8)
    assert status == 0
    assert "8 reviews proved exactly" in out
    assert (tmp_path / "j.jsonl").read_bytes().startswith(first)
    assert hardmax(*arguments, "--part", "validation")[0] == 0


def test_explaining_says_how_much_is_read(hardmax):
    data = json.loads(hardmax("explain", "great " * 300, "--json")[1])
    assert (data["tokens"], data["known_words"], data["read_words"]) == (128, 300, 128)


def test_explaining_shows_the_arithmetic(hardmax):
    text = "The worst film ever: boring, stupid, stupid. Beautiful music."
    status, out, _ = hardmax("explain", text)
    assert status == 0
    assert out.startswith("negative: p(positive) = σ(-")
    assert "stupid×2" in out
    status, out, _ = hardmax("explain", text, "--json")
    data = json.loads(out)
    assert sum(c["contribution"] for c in data["clusters"]) + data["bias"] == pytest.approx(data["logit"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("explain", ""), "the review is empty"),
        (("explain", "qqqq zzzz"), "no word of the model's 10000"),
        (("explain", "good", "--model", "absent.npz"), "absent.npz does not exist"),
        (("prove", "--certificate", "x.cert.json"), "--certificate needs --text"),
        (("train", "--out", "m.npz", "--reviews", "absent.csv"), "absent.csv cannot be read"),
        (("train", "--out", "m.npz", "--alpha", "-1"), "alpha is -1.0"),
        (("train", "--out", "m.npz", "--alpha", "1e-320"), "alpha is 1e-320; give a number between"),
        (("train", "--out", "m.npz", "--rate", "1e300"), "rate is 1e+300; give a number between"),
        (
            ("train", "--out", "m.npz", "--dimension", "100000000"),
            "dimension is 100000000; give a number between 1 and 4096",
        ),
        (("train", "--out", ""), "'--out': '' is no regular file"),
        (("train", "--out", "x/"), "'--out': 'x/' is no regular file"),
        (("train", "--out", "/dev/full"), "'--out': '/dev/full' is no regular file"),
        (("prove", "--text", "good", "--certificate", "/dev/null"), "'--certificate': '/dev/null' is no regular file"),
        (("prove", "--journal", "/dev/zero", "--limit", "1"), "'--journal': '/dev/zero' is no regular file"),
        (("prove", "--text", "good", "--journal", "j"), "--text is about one review only; leave out --journal"),
        (("prove", "--text", "good", "--limit", "5", "--part", "test"), "leave out --part and --limit"),
        (("prove", "--text", "good", "--reviews", "x.csv"), "leave out --reviews"),
        (("explain", "good", "--jsno"), "unexpected extra argument (--jsno)"),
        (("train", "--out", "m.npz", "--dropout", "1.5"), "dropout is 1.5"),
        (("train", "--out", "no/such/folder/m.npz"), "is no folder"),
        (("prove", "--text", "good film", "--certificate", "no/such/c.cert.json"), "cannot be written"),
        (("verify", "--out", "d", "--dimensions", "2,x"), "--dimensions is '2,x'"),
        (("verify", "--out", "d", "--dimensions", "0"), "a dimension is at least 1"),
        (("prove", "--limit", "0"), "0 is not in the range"),
    ],
)
def test_bad_input_is_one_line_and_status_2(hardmax, arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, err = hardmax(*arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert err.startswith("hardmax: error: ")
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_wrong_columns_and_damaged_models_are_one_line_too(hardmax, tmp_path, model_file, corpus_file):
    (tmp_path / "wrong.csv").write_text("review,stars\nfine,5\n")
    status, _, err = hardmax("train", "--out", tmp_path / "m.npz", "--reviews", tmp_path / "wrong.csv")
    assert (status, err.count("\n")) == (2, 1)
    assert "columns review, stars; missing: text, label, source" in err
    damaged = tmp_path / "damaged.npz"
    damaged.write_bytes(model_file.read_bytes()[:-200])
    status, _, err = hardmax("prove", "--model", damaged, "--reviews", corpus_file)
    assert (status, err.count("\n")) == (2, 1)
    assert "damaged or not a model file" in err


def test_verifying_end_to_end_on_a_small_corpus(hardmax, tmp_path, model_file, corpus_file):
    out = tmp_path / "run"
    arguments = ("verify", "--out", out, "--model", model_file, "--reviews", corpus_file, "--seeds", 2)
    arguments += ("--dimensions", "2,3", "--epochs", 1, "--no-softmax", "--limit", 10)
    status, text, _ = hardmax(*arguments)
    assert status == 0
    assert "sentiment.attention" in text
    assert "10 reviews proved exactly: 10 verified" in text
    record = read_record(out)
    assert [row.dimension for row in record.accuracy] == [2, 3]
    assert record.proofs.merged == {"verified": 10}
    assert {claim.id: claim.parts for claim in record.claims}["sentiment.softmax_training"] == ()
    page = (out / "sentiment.html").read_text()
    assert "10 of 10 test reviews proved exactly" in page
    # Again: nothing is touched unless it is to be replaced, nor where the reviews are none; what is missing is done.
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    status, _, err = hardmax(*arguments)
    assert (status, "sentiment.json holds the results of an earlier run; give --overwrite" in err) == (2, True)
    status, _, err = hardmax("verify", "--out", out, "--overwrite", "--reviews", tmp_path / "absent.csv")
    assert (status, "absent.csv cannot be read" in err) == (2, True)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    (out / "sentiment.json").unlink()
    assert hardmax(*arguments)[0] == 0
    assert read_record(out).claims == record.claims
    assert hardmax(*arguments, "--overwrite")[0] == 0
    assert read_record(out).claims == record.claims
    (out / "sentiment.html").unlink()
    assert hardmax("report", out)[0] == 0
    assert (out / "sentiment.html").read_text().count("<svg") == page.count("<svg")


def test_a_journal_that_cannot_be_written_is_one_line(hardmax, tmp_path, model_file, corpus_file):
    arguments = ("--model", model_file, "--reviews", corpus_file, "--limit", 2)
    status, _, err = hardmax("prove", *arguments, "--journal", tmp_path / "no" / "journal.jsonl")
    assert (status, err.count("\n")) == (2, 1)
    assert "journal.jsonl cannot be written: No such file or directory" in err


def test_a_report_of_a_folder_without_a_record_is_refused(hardmax, tmp_path):
    status, _, err = hardmax("report", tmp_path)
    assert (status, err.count("\n")) == (2, 1)
    assert "sentiment.json" in err


def test_words_that_are_not_read_are_shown(hardmax):
    text = "I did not like this film, xyzzy, not at all"
    for arguments in (("explain", text), ("prove", "--text", text)):
        out = hardmax(*arguments)[1]
        assert "NOT READ, on the stop list: i, did, not, this, at, all\n" in out
        assert "NOT READ, not in the vocabulary: xyzzy\n" in out
    data = json.loads(hardmax("explain", "good " * 128 + "film film", "--json")[1])
    assert data["dropped"] == {"after the first 128": ["film"]}
    assert "NOT READ" not in hardmax("explain", "wonderful film")[1]


def test_any_number_of_reviews_is_proved_without_labels(hardmax, tmp_path):
    path = tmp_path / "own.csv"
    path.write_text('id,text\n1,"A wonderful, wonderful film"\n2,\n3,boring\n4,qqqq\n')
    status, out, err = hardmax("prove", "--reviews", path)
    assert status == 0
    assert "hardmax: 1 of 3 reviews have no word that the model knows and are left out\n" in err
    assert "2 reviews proved exactly: 2 verified (equal words merged)" in out
    status, _, err = hardmax("prove", "--reviews", path, "--part", "test")
    assert (status, "missing: label, source" in err) == (2, True)
    for text, message in (
        ("text\n", "has no review"),
        ("stars\n5\n", "columns stars; missing: text"),
        ("text\nqqqq\n", "1 of 1 reviews have no word that the model knows; give reviews in English"),
    ):
        path.write_text(text)
        status, out, err = hardmax("prove", "--reviews", path)
        assert (status, out, err.count("\n"), message in err) == (2, "", 1, True)
