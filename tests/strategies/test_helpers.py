"""The helpers of these tests fail when they should."""

import pytest
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample


def test_minimal_shrinks(minimal):
    assert minimal(st.integers(0, 1000), lambda v: v >= 17) == 17


def test_minimal_and_find_any_report_that_there_is_no_example(minimal, find_any):
    for search in (minimal, find_any):
        with pytest.raises(NoSuchExample):
            search(st.integers(0, 10), lambda v: v > 10)


def test_find_any_finds(find_any):
    assert find_any(st.integers(0, 1000), lambda v: v % 2) % 2 == 1


def test_assert_all_examples_passes_and_fails(assert_all_examples):
    assert_all_examples(st.integers(0, 10), lambda v: v <= 10)
    with pytest.raises(AssertionError, match=r"the condition fails for 5"):
        assert_all_examples(st.integers(0, 10), lambda v: v < 5)
