"""The hints: every known mistake is recognised by what it computes, a right layer is none of them."""

from fractions import Fraction

import numpy as np
import pytest

from hardmax.verify.conformance.failures.explain import MISTAKES, explain, followed
from hardmax.verify.conformance.inputs.cases import (
    CHAINS,
    DUPLICATES,
    FORMS,
    INDEFINITE,
    NONSYMMETRIC,
    OPPOSITES,
    TIES,
    ZEROS,
    InputCase,
)
from hardmax.verify.conformance.judge import exact_layer

CASES = (*TIES, *DUPLICATES, *NONSYMMETRIC, *FORMS, *INDEFINITE, *OPPOSITES, *CHAINS, *ZEROS)


def hints(layer, alpha):
    """What is said of `layer` on every case where it differs from the right one."""
    found = set()
    for case in CASES:
        one = InputCase(case.name, case.tokens, case.A, alpha).call()
        tokens = one.tokens[0]
        got = layer(tokens, one.A, one.alpha)
        if got != exact_layer(tokens, one.A, one.alpha, "all").next_tokens:
            found.add(explain(tokens, one, np.array(got, float), "float64", "all"))
    return found


@pytest.mark.parametrize("words", list(dict.fromkeys(words for words, _ in MISTAKES)))
def test_a_mistake_is_named_on_some_case_and_on_no_case_left_without_a_name(words):
    for layer in (layer for name, layer in MISTAKES if name == words):
        found = hints(layer, Fraction(3))
        assert words in found
        assert "" not in found


def test_the_right_layer_is_no_mistake_and_an_unknown_one_has_no_name():
    for case in CASES:
        one = case.call()
        right = np.array(exact_layer(one.tokens[0], one.A, one.alpha, "all").next_tokens, float)
        assert explain(one.tokens[0], one, right, "float64", "all") == ""
        assert explain(one.tokens[0], one, right + 0.123, "float64", "all") == ""
        assert explain(one.tokens[0], one, right + np.nan, "float64", "all") == ""


def test_in_half_precision_only_a_mistake_far_from_what_is_right_is_named():
    one = TIES[0].call()
    right = np.array(exact_layer(one.tokens[0], one.A, one.alpha, "all").next_tokens, float)
    first = np.array(exact_layer(one.tokens[0], one.A, one.alpha, "first").next_tokens, float)
    for dtype in ("float16", "bfloat16"):
        assert "only the first of several" in explain(one.tokens[0], one, first, dtype, "all")
        assert explain(one.tokens[0], one, right + 0.5, dtype, "all") == ""
    close = InputCase("close", [(128, 1), (128, 2), (1, 0)]).call()  # who is followed hardly shows in 8 bits
    first = np.array(exact_layer(close.tokens[0], close.A, close.alpha, "first").next_tokens, float)
    assert explain(close.tokens[0], close, first, "bfloat16", "all") == ""


def test_all_maximisers_are_the_mistake_of_a_kernel_that_declares_the_first():
    one = TIES[0].call()
    right = np.array(exact_layer(one.tokens[0], one.A, one.alpha, "all").next_tokens, float)
    assert "although it declares" in explain(one.tokens[0], one, right, "float64", "first")


def test_the_set_that_was_followed_is_found():
    tokens = TIES[0].call().tokens[0]  # (2, 1), (1, 2), (1, 1)
    assert followed(tokens, Fraction(1), 2, (1.5, 1.0), (1e-9, 1e-9)) == (0,)
    assert followed(tokens, Fraction(1), 2, (1.25, 1.25), (1e-9, 1e-9)) == (0, 1)
    assert followed(tokens, Fraction(1), 2, (7.0, 7.0), (1e-9, 1e-9)) is None
    assert followed(tokens, Fraction(1), 2, (float("nan"), 1.0), (1e-9, 1e-9)) is None
