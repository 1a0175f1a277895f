"""Reading configurations: exact values in, one clear line out for anything else, never a traceback."""

import json
import os
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hardmax.kernels import Configuration, HarmonicStep, InputError
from hardmax.kernels.exact.configuration_file import (
    configuration_to_json,
    parse_configuration,
    read_configuration,
)


def test_every_way_of_writing_a_number_is_exact():
    text = '{"tokens": [["1", "1/2", "-0.25", "1e-2"], [3, 0.1, 2.5E1, -7]], "alpha": 0.5}'
    c = parse_configuration(text)
    assert c.tokens == (
        (Fraction(1), Fraction(1, 2), Fraction(-1, 4), Fraction(1, 100)),
        (Fraction(3), Fraction(1, 10), Fraction(25), Fraction(-7)),
    )
    assert c.alpha == Fraction(1, 2)


def test_defaults_are_the_identity_and_alpha_one():
    c = parse_configuration('{"tokens": [[1, 2]]}')
    assert c == Configuration([[1, 2]], [[1, 0], [0, 1]], 1)


def test_npz_floats_are_the_dyadic_rationals_they_are(tmp_path):
    path = tmp_path / "c.npz"
    np.savez(path, tokens=np.array([[0.1, 1.0]], dtype=np.float32), A=np.eye(2), alpha=0.5, labels=np.array(["x"]))
    c = read_configuration(path)
    assert c.tokens == ((Fraction(13421773, 134217728), Fraction(1)),)
    assert c.alpha == Fraction(1, 2)
    assert c.labels == ("x",)


BAD = {
    "not json": ("{tokens: 1}", "is not JSON"),
    "an empty list": ("[]", "tokens is []"),
    "a number": ("7", "must be a list of tokens, or a JSON object"),
    "no tokens": ('{"alpha": 1}', '"tokens" is missing'),
    "empty tokens": ('{"tokens": []}', "tokens is []"),
    "empty token": ('{"tokens": [[]]}', "tokens[0] is []"),
    "ragged": ('{"tokens": [[1, 2], [1]]}', "tokens[1] has 1 coordinates but tokens[0] has 2"),
    "NaN": ('{"tokens": [[NaN]]}', "NaN is not a number"),
    "infinity": ('{"tokens": [[-Infinity]]}', "-Infinity is not a number"),
    "text": ('{"tokens": [["one"]]}', 'tokens[0][0] is "one"'),
    "a symbol": ('{"tokens": [["sqrt(2)"]]}', 'tokens[0][0] is "sqrt(2)"'),
    "nan text": ('{"tokens": [["nan"]]}', 'tokens[0][0] is "nan"'),
    "underscore": ('{"tokens": [["1_0"]]}', 'tokens[0][0] is "1_0"'),
    "other digits": ('{"tokens": [["\\u0663"]]}', "a number is required"),
    "true": ('{"tokens": [[true]]}', "tokens[0][0] is true"),
    "null": ('{"tokens": [[null]]}', "tokens[0][0] is null"),
    "zero denominator": ('{"tokens": [["1/0"]]}', "division by zero"),
    "zero denominator A": ('{"tokens": [["1"]], "A": [["1/00"]]}', "A[0][0]"),
    "A shape": ('{"tokens": [[1, 2]], "A": [[1]]}', "A must be 2 x 2"),
    "alpha zero": ('{"tokens": [[1]], "alpha": 0}', "alpha is 0"),
    "alpha negative": ('{"tokens": [[1]], "alpha": "-1/2"}', "alpha is -1/2"),
    "alpha list": ('{"tokens": [[1]], "alpha": [1]}', 'alpha is ["1"]'),
    "unknown key": ('{"tokens": [[1]], "beta": 1}', 'unknown key "beta"'),
    "twice": ('{"tokens": [[1]], "tokens": [[2]]}', '"tokens" is given twice'),
    "labels": ('{"tokens": [[1]], "labels": ["a", "b"]}', "2 names for 1 tokens"),
    "labels numbers": ('{"tokens": [[1]], "labels": [1]}', "list of strings"),
    "multiplicities": ('{"tokens": [[1]], "multiplicities": [0]}', "whole numbers >= 1"),
    "multiplicity text": ('{"tokens": [[1]], "multiplicities": ["1"]}', "a whole number is required"),
    "follow": ('{"tokens": [[1]], "follow": "first"}', 'follow is "first"'),
    "step": ('{"tokens": [[1]], "step": {"rule": "cosine"}}', "harmonic"),
    "both steps": ('{"tokens": [[1]], "alpha": 1, "step": {}}', "both given"),
    "huge exponent": ('{"tokens": [[1e999999999]]}', "exponent of at most"),
    "long": ('{"tokens": [[' + "7" * 10_000_000 + "]]}", "10000000 characters"),
    "long alpha": ('{"tokens": [[1]], "alpha": "-' + "7" * 4_900 + '"}', "a step must be positive"),
    "long multiplicity": ('{"tokens": [[1]], "multiplicities": [' + "7" * 16 + "]}", "at most 15 digits"),
    "long step": (
        '{"tokens": [[1]], "step": {"rule": "harmonic", "numerator": 1, "offset": 1e15}}',
        "step.offset is 1e15; a whole number of at most 15 digits",
    ),
    "half a pair": (
        '{"tokens": [[1], [2]], "labels": ["a", "a long label with \\ud83d in it"]}',
        'labels[1] holds "\\ud83d", half a surrogate pair',
    ),
    "half a pair in a key": ('{"tokens": [[1]], "\\udfff": 1}', 'unknown key "\\udfff"'),
    "deep": ("[" * 100_000, "nested too deeply"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_json_is_one_line_that_names_the_place(name, tmp_path):
    text, wanted = BAD[name]
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_configuration(path)
    message = str(caught.value)
    assert wanted in message
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert len(message) < 400


def test_bad_files_are_one_line(tmp_path):
    (tmp_path / "latin.json").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "fake.npz").write_bytes(b"PK\x03\x04nothing")
    np.savez(tmp_path / "nan.npz", tokens=np.array([[1.0, np.nan]]))
    np.savez(tmp_path / "flat.npz", tokens=np.array([1.0]))
    np.savez(tmp_path / "text.npz", tokens=np.array([["a"]]))
    np.savez(tmp_path / "object.npz", tokens=np.array([[None]], dtype=object))
    np.savez(tmp_path / "other.npz", tokens=np.ones((1, 1)), B=np.ones(1))
    (tmp_path / "plain.npz").write_bytes(b"")
    np.save(tmp_path / "array.npy", np.ones((1, 1)))
    (tmp_path / "array.npy").rename(tmp_path / "array.npz")
    expected = {
        ".": "is a directory",
        "missing.json": "No such file",
        "latin.json": "not UTF-8",
        "fake.npz": "not a readable .npz",
        "nan.npz": "tokens[0, 1] is nan",
        "flat.npz": "tokens has shape (1,)",
        "text.npz": 'tokens[0][0] is "a"; a number is required',
        "object.npz": "not a readable .npz",
        "other.npz": 'unknown array "B"',
        "plain.npz": "not a readable .npz",
        "array.npz": "not a readable .npz",
        "nul\0.json": "cannot be read",
    }
    for name, wanted in expected.items():
        with pytest.raises(InputError) as caught:
            read_configuration(tmp_path / name)
        assert wanted in str(caught.value), (name, str(caught.value))
        assert "\n" not in str(caught.value)


def test_a_label_of_an_archive_that_is_no_text_is_refused_and_a_whole_pair_is_text(tmp_path):
    np.savez(tmp_path / "half.npz", tokens=np.ones((2, 1)), labels=np.array(["a", "\udcff"]))
    with pytest.raises(InputError, match=r'labels\[1\] holds "\\udcff"'):
        read_configuration(tmp_path / "half.npz")
    assert parse_configuration('{"tokens": [[1]], "labels": ["\\ud83d\\ude00"]}').labels == ("😀",)


def test_a_file_name_that_is_not_utf_8_is_shown_as_its_escape(tmp_path):
    with pytest.raises(InputError) as caught:
        read_configuration(tmp_path / os.fsdecode(b"caf\xe9.json"))
    assert "caf\\udce9.json': cannot be read" in str(caught.value)
    assert str(caught.value).isprintable()


numbers = st.one_of(st.integers(-9, 9), st.fractions(), st.just(Fraction(1, 3)))


@given(st.integers(1, 3).flatmap(lambda d: st.lists(st.lists(numbers, min_size=d, max_size=d), min_size=1, max_size=4)))
def test_writing_then_reading_gives_an_equal_configuration(rows):
    c = Configuration(
        rows, alpha=Fraction(2, 3), labels=[f"t{i}" for i in range(len(rows))], multiplicities=[2] * len(rows)
    )
    assert parse_configuration(json.dumps(configuration_to_json(c))) == c
    other = Configuration(rows, step=HarmonicStep(), follow="smallest")
    assert parse_configuration(json.dumps(configuration_to_json(other))) == other


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["1/2", "0/0", "1e9", "largest"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["tokens", "A", "alpha", "labels", "multiplicities", "follow", "step", "rule"]), inner
        )
    ),
    max_leaves=20,
)


@given(json_values.map(json.dumps) | st.text())
@example('{"tokens": [[1]], "step": {"rule": [], "numerator": 1, "offset": 1}}')
@example('{"tokens": [[1]], "follow": []}')
@example('{"tokens": [[1]], "follow": {}}')
def test_no_json_text_ends_in_a_traceback(text):
    message = ""
    try:
        parse_configuration(text)
    except InputError as error:
        message = str(error)
    assert message.isprintable()


@given(st.binary(max_size=200))
def test_no_bytes_end_in_a_traceback(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("bytes")
    for name in ("c.json", "c.npz"):
        (folder / name).write_bytes(data)
        with pytest.raises(InputError):
            read_configuration(folder / name)
