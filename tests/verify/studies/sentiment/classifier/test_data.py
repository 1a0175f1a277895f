from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardmax.kernels.errors import InputError
from hardmax.verify.studies.sentiment.classifier.data import LENGTH, Bags, Vocabulary, encode, split

sequences = st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=30), min_size=1, max_size=8)


@given(sequences)
def test_a_bag_is_the_multiset_of_its_sequence_in_order_of_first_appearance(given_sequences):
    bags = Bags.of(given_sequences)
    assert len(bags) == len(given_sequences)
    for r, sequence in enumerate(given_sequences):
        tokens, counts = bags.bag(r)
        assert tokens.tolist() == list(dict.fromkeys(sequence))
        assert dict(zip(tokens.tolist(), counts.tolist(), strict=True)) == Counter(sequence)
    assert bags.lengths.tolist() == list(map(len, given_sequences))
    assert bags.rows.tolist() == [r for r, s in enumerate(given_sequences) for _ in set(s)]


@given(sequences, st.data())
def test_take_chooses_bags_in_the_given_order(given_sequences, data):
    chosen = data.draw(st.lists(st.integers(0, len(given_sequences) - 1), min_size=1))
    taken = Bags.of(given_sequences).take(np.array(chosen))
    expected = Bags.of([given_sequences[i] for i in chosen])
    for a, b in zip(
        (taken.start, taken.tokens, taken.counts), (expected.start, expected.tokens, expected.counts), strict=True
    ):
        np.testing.assert_array_equal(a, b)


@given(sequences)
def test_padding_fills_every_review_up_to_128(given_sequences):
    padded = Bags.of(given_sequences).padded(99)
    assert (padded.lengths == LENGTH).all()
    for r, sequence in enumerate(given_sequences):
        tokens, counts = padded.bag(r)
        assert tokens[-1] == 99
        assert counts[-1] == LENGTH - len(sequence)
        assert tokens[:-1].tolist() == list(dict.fromkeys(sequence))


def test_a_full_review_gets_no_padding():
    bags = Bags.of([[1] * LENGTH, [2]]).padded(7)
    assert bags.bag(0)[0].tolist() == [1]
    assert bags.bag(1)[0].tolist() == [2, 7]


@given(sequences, st.floats(0.01, 0.99), st.integers(0, 100))
def test_word_dropout_only_takes_away_and_never_empties(given_sequences, rate, seed):
    bags = Bags.of(given_sequences)
    thinned = bags.thinned(rate, np.random.default_rng(seed))
    assert len(thinned) == len(bags)
    for r in range(len(bags)):
        before = dict(zip(*(a.tolist() for a in bags.bag(r)), strict=True))
        after = dict(zip(*(a.tolist() for a in thinned.bag(r)), strict=True))
        assert after
        assert all(0 < count <= before[token] for token, count in after.items())


def test_word_dropout_takes_the_asked_share():
    bags = Bags.of([list(range(100)) * 3] * 50)
    kept = bags.thinned(0.2, np.random.default_rng(0)).lengths.sum() / bags.lengths.sum()
    assert abs(kept - 0.8) < 0.02


@given(st.integers(10, 500), st.integers(0, 50))
def test_the_split_is_a_partition_of_fixed_shares(count, seed):
    train, validation, test = split(count, seed)
    together = np.concatenate((train, validation, test))
    assert sorted(together) == list(range(count))
    assert len(train) + len(validation) == int(0.7 * count)
    assert len(validation) == max(1, int(0.1 * int(0.7 * count)))
    for part, again in zip((train, validation, test), split(count, seed), strict=True):
        np.testing.assert_array_equal(part, again)


def test_another_seed_is_another_split_and_the_published_sizes_come_out():
    assert not np.array_equal(split(100, 0)[2], split(100, 1)[2])
    assert [len(part) for part in split(25_000, 0)] == [15_750, 1_750, 7_500]
    with pytest.raises(InputError, match="9 reviews cannot be split"):
        split(9, 0)


def test_vocabulary_by_frequency_then_alphabet():
    texts = [["b", "a", "c"], ["c", "a"], ["c"]]
    assert Vocabulary.of(texts, 10).words == ("c", "a", "b")
    assert Vocabulary.of(texts, 2).words == ("c", "a")
    assert Vocabulary.of([["b", "a"]], 5).words == ("a", "b")
    with pytest.raises(InputError, match="empty"):
        Vocabulary.of([[]], 3)
    with pytest.raises(InputError, match="'a' 2 times"):
        Vocabulary(("a", "b", "a"))


def test_tokens_leave_unknown_words_out_before_they_count_to_128():
    vocabulary = Vocabulary(("a", "b"))
    assert vocabulary.tokens(["a", "zzz", "b", "a"]) == [0, 1, 0]
    assert vocabulary.tokens(["zzz"] * 200 + ["b"] * 200) == [1] * LENGTH
    assert vocabulary.name(1) == "b"
    assert vocabulary.name(vocabulary.padding) == "<pad>"


def many(count):
    """Reviews that each have a word of their own."""
    return [["common", f"own{i}"] for i in range(count)]


def test_the_vocabulary_comes_from_the_training_part_alone():
    texts = many(100)
    encoded = encode(texts, [i % 2 for i in range(100)], size=1000)
    known = set(encoded.vocabulary.words)
    assert known == {"common"} | {f"own{i}" for i in encoded.train}
    assert not {f"own{i}" for i in (*encoded.validation, *encoded.test)} & known


def test_duplicates_across_the_split_are_counted():
    assert encode(many(100), [0] * 100, size=101).duplicates == 30  # all unknown words gone, only "common" is left
    texts = [["common", f"w{i % 7}", f"own{i}"] for i in range(100)]
    vocabulary = Vocabulary(("common", *(f"own{i}" for i in range(100))))
    assert encode(texts, [0] * 100, vocabulary=vocabulary).duplicates == 0


def test_reviews_without_a_known_word_are_in_no_part():
    texts = [["known"]] * 90 + [["strange"]] * 10
    encoded = encode(texts, [0] * 100, vocabulary=Vocabulary(("known",)))
    assert encoded.dropped == 10
    assert max(*encoded.train, *encoded.validation, *encoded.test) < 90
    with pytest.raises(InputError, match="no review with a known word"):
        encode([["strange"]] * 20, [0] * 20, vocabulary=Vocabulary(("known",)))


def test_parts_carry_their_own_labels(dataset):
    for name in ("train", "validation", "test"):
        bags, labels = dataset.part(name)
        assert len(bags) == len(labels) == len(getattr(dataset, name))
        assert set(labels.tolist()) == {0.0, 1.0}


def test_the_digest_knows_reviews_labels_and_split():
    texts, labels = [[f"w{i % 9}", f"w{i % 5}"] for i in range(60)], [i % 2 for i in range(60)]
    first = encode(texts, labels)
    assert encode(texts, labels).digest() == first.digest()
    others = [
        encode(texts, [1 - label for label in labels]),
        encode(texts, labels, seed=1, vocabulary=first.vocabulary),
        encode([["w1"], *texts[1:]], labels, vocabulary=first.vocabulary),
        encode([[*texts[0], texts[0][0]], *texts[1:]], labels, vocabulary=first.vocabulary),
        encode(texts, labels, vocabulary=Vocabulary((*first.vocabulary.words[:-1], "other"))),
        encode(texts, labels, padding="kept"),
    ]
    assert len({first.digest(), *(other.digest() for other in others)}) == 1 + len(others)


def test_kept_padding_is_a_token_of_its_own(corpus_file):
    from hardmax.strategies.corpus import read_reviews
    from hardmax.verify.studies.sentiment.classifier.data import texts_of

    reviews = read_reviews(corpus_file)
    encoded = encode(texts_of(reviews), [review.label for review in reviews], padding="kept")
    assert (encoded.bags.lengths == LENGTH).all()
    assert encoded.bags.tokens.max() == encoded.vocabulary.padding
