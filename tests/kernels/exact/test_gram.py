"""Gram matrices: which are read, why they are semidefinite, and that layers are those of the tokens."""

import json
from fractions import Fraction as Q

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardmax.kernels.errors import ExactnessError, InputError
from hardmax.kernels.exact.configuration import Configuration
from hardmax.kernels.exact.configuration_file import (
    configuration_from_json,
    configuration_to_json,
    parse_configuration,
    read_configuration,
)
from hardmax.kernels.exact.dynamics import itinerary
from hardmax.kernels.exact.semidefinite import SMALL, factor

rows = st.integers(1, 6).flatmap(
    lambda d: st.lists(st.lists(st.integers(-4, 4), min_size=d, max_size=d), min_size=1, max_size=7)
)


def gram(tokens):
    return [[sum(Q(a) * b for a, b in zip(x, y, strict=True)) for y in tokens] for x in tokens]


def is_proved(G, found):
    """The statement of the proof, in the plainest way."""
    n = len(G)
    R = [[*row, *[Q(0)] * (len(found.weights) - len(row))] for row in found.rows]
    rest = [
        [G[i][j] - sum(w * a * b for w, a, b in zip(found.weights, R[i], R[j], strict=True)) for j in range(n)]
        for i in range(n)
    ]
    dominant = all(2 * rest[i][i] >= rest[i][i] + sum(map(abs, rest[i])) - abs(rest[i][i]) for i in range(n))
    return dominant and all(rest[i][i] >= 0 for i in range(n)) and all(w > 0 for w in found.weights)


@given(rows)
def test_gram_matrices_are_proved_semidefinite(tokens):
    G = gram(tokens)
    assert is_proved(G, factor(tuple(map(tuple, G))))


@given(rows, st.data())
def test_what_is_indefinite_is_refused(tokens, data):
    G = gram(tokens)
    i = data.draw(st.integers(0, len(G) - 1))
    x = [data.draw(st.integers(-3, 3)) for _ in G]
    x[i] = 1
    value = sum(a * b * v for a, row in zip(x, G, strict=True) for b, v in zip(x, row, strict=True))
    G[i][i] -= value + Q(1, 10**9)  # now xᵀGx < 0
    with pytest.raises(InputError, match="not positive semidefinite"):
        Configuration.from_gram(G)


def test_large_matrices_are_proved_from_floats_and_refuted_by_them():
    rng = np.random.default_rng(1)
    X = rng.integers(-1000, 1000, (SMALL + 30, 200)).astype(float)
    G = X @ X.T
    found = Configuration.from_gram(G).model.factor
    exact = [[Q(v) for v in row] for row in G.tolist()]
    assert is_proved(exact, found)
    assert any(len(row) == len(G) for row in found.rows)
    G[3, 5] = G[5, 3] = 2 * G.max()
    with pytest.raises(InputError, match="squared length -"):
        Configuration.from_gram(G)


@pytest.mark.parametrize("size", [Q(10) ** 38, Q(1, 10**312), Q(1, 10**330), Q(10) ** 400])
def test_the_size_of_numbers_plays_no_part(size):
    n = SMALL + 5
    G = tuple(tuple(size * (2 * (i == j) + Q(1, 9 * n)) for j in range(n)) for i in range(n))
    assert is_proved(G, factor(G))


def test_a_large_singular_matrix_is_proved_exactly():
    X = np.random.default_rng(2).integers(-9, 9, (SMALL + 10, 5)).astype(float)
    assert len(Configuration.from_gram(X @ X.T).model.factor.weights) == 5


def test_what_rounding_has_made_indefinite_is_said_so():
    X = np.random.default_rng(3).standard_normal((60, 5))
    with pytest.raises(InputError, match="not as floats have rounded them"):
        Configuration.from_gram(X @ X.T)


@given(rows)
def test_layers_are_those_of_the_tokens(tokens):
    given_, ours = Configuration(tokens, alpha="1/2"), Configuration.from_gram(gram(tokens), "1/2")
    assert itinerary(ours, 4) == itinerary(given_, 4)
    assert (ours.is_distinct, ours.is_nonzero) == (given_.is_distinct, given_.is_nonzero)
    there = [layer for layer, _ in zip((layer for layer, _ in ours.dynamics().layers()), range(4), strict=False)]
    here = [layer for layer, _ in zip((layer for layer, _ in given_.dynamics().layers()), range(4), strict=False)]
    for a, b in zip(there, here, strict=True):
        combined = tuple(
            tuple(sum((x * z[k] for x, z in zip(row, tokens, strict=True)), Q(0)) for k in range(len(tokens[0])))
            for row in a.tokens()
        )
        assert combined == b.tokens()


@given(rows)
def test_files_are_read_back(tokens):
    c = Configuration.from_gram(gram(tokens), 2, labels=[f"t{i}" for i in range(len(tokens))])
    data = json.loads(json.dumps(configuration_to_json(c)))
    assert configuration_from_json(data) == c
    short = {"gram": data["attention"]["gram"]["gram"], "alpha": data["alpha"], "labels": data["labels"]}
    assert configuration_from_json(short) == c


def test_a_file_of_arrays_holds_floats_as_what_they_are(tmp_path):
    np.savez(tmp_path / "g.npz", gram=np.array([[0.1, 0.05], [0.05, 0.3]]), alpha=0.5)
    c = read_configuration(tmp_path / "g.npz")
    assert c.model.A[0][0] == Q(0.1)
    assert c.alpha == Q(1, 2)


BAD = {
    '{"gram": [["1", "2"], ["3", "9"]]}': r"gram\[1\]\[0\] is 3, gram\[0\]\[1\] is 2; inner products are symmetric",
    '{"gram": [["1", "2"], ["2", "1"]]}': "not positive semidefinite",
    '{"gram": [["-1"]]}': "not positive semidefinite",
    '{"gram": [["0", "1"], ["1", "5"]]}': "not positive semidefinite",
    '{"gram": [["1", "2"]]}': r"gram\[0\] has 2 numbers, but there are 1 rows; a Gram matrix is square",
    '{"gram": [["1", "0"], ["0"]]}': r"gram\[1\] has 1 numbers, but there are 2 rows",
    '{"gram": []}': "gram is \\[\\]; it must be a list of rows",
    '{"gram": [[NaN]]}': "NaN is not a number",
    '{"gram": [["x"]]}': r"gram\[0\]\[0\] is \"x\"; a number is required",
    '{"gram": [["1"]], "tokens": [["1"]]}': 'unknown key "tokens" beside gram',
    '{"gram": [["1"]], "A": [["1"]]}': 'unknown key "A" beside gram',
    '{"gram": [["1"]], "follow": "smallest"}': 'unknown key "follow" beside gram',
    '{"gram": [["1"]], "alpha": "0"}': "alpha is 0",
    '{"gram": [["1"]], "labels": ["a", "b"]}': "labels has 2 names for 1 tokens",
}


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_gram_matrix_is_refused_in_one_line(text):
    with pytest.raises(InputError, match=BAD[text]) as error:
        parse_configuration(text)
    assert "\n" not in str(error.value)


def test_arrays_that_are_none_are_refused(tmp_path):
    for name, arrays, message in (
        ("nan", {"gram": np.array([[np.nan]])}, "every value must be finite"),
        ("shape", {"gram": np.zeros(3)}, "a 2-d array is required"),
        ("both", {"gram": np.eye(2), "tokens": np.eye(2)}, "give one of them"),
        ("A", {"gram": np.eye(2), "A": np.eye(2)}, "A is given beside gram"),
        ("none", {"alpha": np.array(1)}, "is needed; give one of them"),
    ):
        np.savez(tmp_path / f"{name}.npz", **arrays)
        with pytest.raises(InputError, match=message):
            read_configuration(tmp_path / f"{name}.npz")
    with pytest.raises(ExactnessError):
        Configuration.from_gram([[0.5]])
