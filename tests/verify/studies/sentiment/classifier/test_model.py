from dataclasses import replace
from fractions import Fraction
from importlib import resources

import numpy as np
import pytest

from hardmax.kernels.errors import InputError
from hardmax.strategies.corpus import read_reviews
from hardmax.verify.studies.sentiment.classifier.data import LENGTH, Bags, Vocabulary, encode, texts_of
from hardmax.verify.studies.sentiment.classifier.model import SHIPPED, Classifier
from hardmax.verify.studies.sentiment.classifier.training import Recipe, train


@pytest.fixture
def model(make_model):
    E = np.random.default_rng(0).standard_normal((5, 2))
    return make_model(E, [1.0, -1.0], bias=0.25, words=("good", "bad", "film", "naïve", "10"))


def test_a_saved_model_is_read_back_as_it_was(model, tmp_path):
    model = replace(model, provenance={"recipe": {"seed": 3}, "note": "ä"})
    model.save(tmp_path / "m.npz")
    again = Classifier.load(tmp_path / "m.npz")
    assert again.digest() == model.digest()
    assert again.vocabulary == model.vocabulary
    assert again.provenance == model.provenance
    assert again.embeddings.dtype == np.float32
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.npz"]


@pytest.mark.parametrize("field", ["embeddings", "direction", "bias", "alpha", "depth", "padding", "vocabulary"])
def test_the_digest_knows_every_field(model, field):
    changed = {
        "embeddings": model.embeddings + np.float32(1e-3),
        "direction": model.direction * np.float32(2),
        "bias": np.float32(0.5),
        "alpha": 2.0,
        "depth": 7,
        "padding": "kept",
        "vocabulary": Vocabulary(("good", "bad", "film", "naive", "10")),
    }
    other = {field: changed[field]}
    if field == "padding":
        other["vocabulary"] = Vocabulary(model.vocabulary.words[:-1])
    assert replace(model, **other).digest() != model.digest()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"embeddings": np.zeros((4, 2), np.float32)}, r"shape \(4, 2\) and dtype float32 for a vocabulary of 5 words"),
        ({"embeddings": np.zeros((5, 2))}, "dtype float64"),
        ({"embeddings": np.full((5, 2), np.nan, np.float32)}, "finite float32 numbers of shape"),
        ({"direction": np.zeros(3, np.float32)}, r"direction of shape \(3,\)"),
        ({"alpha": 0.0}, "alpha 0.0"),
        ({"alpha": 1e-320}, "alpha 1e-320; a number between 1e-15 and 1e[+]15"),
        ({"alpha": 1e17}, "alpha 1e[+]17"),
        ({"bias": np.zeros(2, np.float32)}, r"bias of shape \(2,\)"),
        ({"depth": -1}, "depth -1"),
        ({"depth": 2.7}, "depth 2.7; a whole number"),
        ({"depth": "8"}, "depth '8'"),
        ({"depth": 10**9}, "depth 1000000000; a whole number from 0 to 1000"),
        ({"provenance": {"recipe": 5}}, "recipe 5 in its provenance; dict is required"),
        ({"provenance": {"recipe": {"seed": "x"}}}, "seed 'x' in its provenance"),
        ({"provenance": {"recipe": {"seed": -3}}}, "seed -3"),
        ({"provenance": {"command": ["train"]}}, "command .'train'. in its provenance; str is required"),
        ({"provenance": {"test_accuracy": "good"}}, "test_accuracy 'good' in its provenance; float is required"),
        ({"padding": "kept"}, r"of shape \(6, 2\) are required"),
        ({"padding": "other"}, '"masked" or "kept"'),
    ],
)
def test_parts_that_do_not_fit_are_refused(model, change, message):
    with pytest.raises(InputError, match=message):
        replace(model, **change)


def test_damaged_files_are_refused_in_one_line(model, tmp_path):
    path = tmp_path / "m.npz"
    model.save(path)
    whole = path.read_bytes()
    for cut in (0, 1, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(InputError, match=r"m\.npz is damaged or not a model file") as error:
            Classifier.load(path)
        assert "\n" not in str(error.value)
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 0xFF
    path.write_bytes(damaged)
    with pytest.raises(InputError):
        Classifier.load(path)
    with pytest.raises(InputError, match="does not exist"):
        Classifier.load(tmp_path / "absent.npz")


def test_a_model_that_cannot_be_written_leaves_nothing_half_written(model, tmp_path, monkeypatch):
    def full(file, **_):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    path = tmp_path / "m.npz"
    model.save(path)
    before = path.read_bytes()
    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(OSError, match="No space left"):
        model.save(path)
    assert [p.name for p in tmp_path.iterdir()] == ["m.npz"]
    assert path.read_bytes() == before


def fields_of(path):
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vocabulary": None}, "damaged or not a model file: .*vocabulary"),
        ({"format": np.int64(99)}, "format 99; this version reads format 1"),
        ({"vocabulary": np.frombuffer(b"one\ntwo", np.uint8)}, "vocabulary of 2 words"),
        ({"vocabulary": np.frombuffer(b"a\na\nb\nc\nd", np.uint8)}, "'a' 2 times"),
        ({"alpha": np.array([1.0, 2.0])}, "damaged or not a model file"),
        ({"provenance": np.frombuffer(b"{", np.uint8)}, "damaged or not a model file"),
        ({"provenance": np.frombuffer(b"[]", np.uint8)}, "damaged or not a model file"),
        ({"provenance": np.frombuffer(b"[" * 100_000, np.uint8)}, "damaged or not a model file"),
        ({"depth": np.float64(2.7)}, "depth 2.7; a whole number from 0 to 1000 is required"),
        ({"depth": np.str_("8")}, "depth '8'"),
        ({"bias": np.zeros(2, np.float32)}, r"bias of shape \(2,\)"),
        ({"embeddings": np.array([{}], dtype=object)}, "damaged or not a model file: Object arrays cannot be loaded"),
    ],
)
def test_files_with_wrong_parts_are_refused(model, tmp_path, change, message):
    path = tmp_path / "m.npz"
    model.save(path)
    fields = fields_of(path) | change
    np.savez(path, **{name: value for name, value in fields.items() if value is not None})
    with pytest.raises(InputError, match=message):
        Classifier.load(path)


@pytest.mark.parametrize("content", [b"just text\n", b"PK, text", b"\x93NUMPY", b"\x80\x04."])
def test_a_file_of_another_kind_gets_no_advice_to_unpickle_it(tmp_path, content):
    path = tmp_path / "m.npz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"damaged or not a model file: it is no \.npz archive"):
        Classifier.load(path)


def test_a_folder_in_place_of_a_model_cannot_be_read(tmp_path):
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        Classifier.load(tmp_path)


def test_a_review_becomes_exact_tokens(model):
    tokens = model.tokens("A good, GOOD film by nobody")
    assert tokens == [0, 0, 2]
    literal = model.configuration(tokens)
    assert literal.labels == ("good", "good", "film")
    assert literal.tokens[0] == tuple(Fraction(float(x)) for x in model.embeddings[0])
    assert literal.alpha == 1
    merged = model.configuration(*Bags.of([tokens]).bag(0))
    assert merged.multiplicities == (2, 1)
    assert merged == literal.merged()


def test_alpha_is_taken_exactly(make_model):
    model = make_model(np.eye(2), [1, 1], alpha=0.1)
    assert model.configuration([0, 1]).alpha == Fraction(0.1) != Fraction(1, 10)


@pytest.mark.parametrize(
    ("text", "message"), [("", "empty"), ("   ", "empty"), ("the of and", "no word"), ("zzz", "no word")]
)
def test_reviews_with_nothing_to_classify_are_refused(model, text, message):
    with pytest.raises(InputError, match=message):
        model.tokens(text)


def test_kept_padding_fills_the_review(make_model):
    model = make_model(np.eye(3), [1, 1, 1], padding="kept", words=("good", "bad"))
    assert model.tokens("good bad") == [0, 1] + [2] * (LENGTH - 2)
    assert model.configuration([0, 2]).labels == ("good", "<pad>")


def test_logits_are_those_of_the_formula(make_model):
    model = make_model([[2.0, 0.0], [0.0, 1.0]], [1.0, -3.0], bias=0.5, depth=0)
    np.testing.assert_allclose(model.logits(Bags.of([[0, 0, 1]])), [(2 + 2 - 3) / 3 + 0.5])
    np.testing.assert_allclose(model.word_logits(), [2.5, -2.5])
    assert model.accuracy(Bags.of([[0], [1]]), np.array([1.0, 0.0])) == 1.0
    assert model.accuracy(Bags.of([[0], [1]]), np.array([0.0, 0.0])) == 0.5


def test_the_shipped_model_is_small_and_says_where_it_comes_from(shipped):
    assert len(resources.files("hardmax.verify.studies.sentiment.classifier").joinpath(SHIPPED).read_bytes()) <= 150_000
    assert (shipped.dimension, shipped.depth, shipped.alpha) == (2, 8, 1.0)
    assert len(shipped.vocabulary.words) == 10_000
    assert shipped.provenance["test_accuracy"] >= 0.82
    assert shipped.provenance["command"].startswith("hardmax sentiment train --seed 0 ")


def test_the_shipped_model_has_the_accuracy_that_it_claims(shipped, real_dataset):
    assert shipped.accuracy(*real_dataset.part("test")) == pytest.approx(shipped.provenance["test_accuracy"], abs=1e-9)
    texts = [read_reviews()[i].text for i in real_dataset.test[:3]]
    assert all(shipped.tokens(text) for text in texts)


@pytest.mark.deep
def test_training_again_gives_the_shipped_model(shipped, real_corpus):
    reviews = read_reviews()
    recipe = Recipe(**shipped.provenance["recipe"])
    dataset = encode(texts_of(reviews), [review.label for review in reviews], seed=recipe.seed)
    assert dataset.vocabulary == shipped.vocabulary
    again = train(dataset, recipe).model
    # Bit for bit on one machine; other processors may round sums differently.
    np.testing.assert_allclose(again.embeddings, shipped.embeddings, atol=1e-3)
    assert again.accuracy(*dataset.part("test")) == pytest.approx(shipped.provenance["test_accuracy"], abs=2e-3)
