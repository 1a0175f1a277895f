"""Float kernels in a campaign: compared with the exact one, layer by layer, and whatever they do instead is counted.

Neighbours: `kernels.crosscheck` compares on one configuration, `campaign` chooses which, `tally` holds the counts.
"""

import sys
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import replace
from typing import Any

from ...kernels.bounds.crosscheck import crosscheck, written_out
from ...kernels.exact.configuration import Configuration, identity
from ...kernels.follow_sets import FollowSets
from ...kernels.protocol import Kernel, to_numpy
from .tally import Tally

LAYERS = 4
"""Layers of a configuration that float kernels are compared on."""
LONGEST_FAULT = 300
"""Characters of a kernel's error message that are kept."""


class _NoAnswerError(Exception):
    """A float kernel raised, exited, or returned what cannot be compared: the message says which, in one line."""


def compare(tally: Tally, spec: str, kernel: Kernel, configuration: Configuration) -> None:
    """Compare one float kernel with the exact one on one configuration."""
    counts = tally.kernels.setdefault(spec, Counter())
    if not kernel.supports_A:
        written = written_out(configuration)
        if written.A != identity(written.d):
            counts["other_A"] += 1
            return
        kernel = replace(kernel, supports_A=True)  # the comparison scales A, which such a kernel does not read
    try:
        with redirect_stdout(sys.stderr):  # what the kernel prints is no part of the report
            result = crosscheck(configuration, kernel, LAYERS)
    except _NoAnswerError as error:
        counts["failed"] += 1
        counts["disagree"] += 1
        tally.failures.setdefault(spec, (configuration, str(error)))
        return
    for name in ("layers", "agree", "too_close", "ties_lost", "disagree"):
        counts[name] += getattr(result, name)
    if result.disagree:
        tally.disagreements.setdefault(spec, (configuration, result))


def guarded(kernel: Kernel) -> Kernel:
    """`kernel`, whose every fault is a `_NoAnswerError`: a run tells what a user's kernel does, and goes on."""

    def guard(function: Callable[[Any, Any, float], Any], check: Callable[[Any, Any], str]) -> Callable[..., Any]:
        def answer(tokens: Any, A: Any, alpha: float) -> Any:
            try:
                result = function(tokens, A, alpha)
                fault = check(result, tokens)
            except SystemExit as error:
                raise _NoAnswerError(f"it called sys.exit({error.code!r})") from error
            except Exception as error:
                text = " ".join(f"it raised {type(error).__name__}: {error}".split())
                raise _NoAnswerError(text if len(text) <= LONGEST_FAULT else f"{text[: LONGEST_FAULT - 1]}…") from error
            if fault:
                raise _NoAnswerError(fault)
            return result

        return answer

    layer = None if kernel.layer is None else guard(kernel.layer, _layer_fault)
    return replace(kernel, step=guard(kernel.step, _step_fault), layer=layer)


def _step_fault(moved: Any, tokens: Any) -> str:
    """What is wrong with the form of next tokens, empty if nothing is; their values are for `crosscheck` to judge."""
    array = to_numpy(moved)
    required = tuple(tokens.shape)
    if array.shape != required or array.dtype.kind != "f" or array.itemsize > 8:
        return f"it returned {array.dtype} of shape {array.shape}; floats of shape {required} are required"
    return ""


def _layer_fault(result: Any, tokens: Any) -> str:
    """The same for next tokens with their follow sets."""
    if not isinstance(result, tuple) or len(result) != 2 or not isinstance(result[1], FollowSets):
        return f"its layer returned {type(result).__name__}; (next tokens, FollowSets) is required"
    sets, n = result[1].sets(0), tokens.shape[1]
    if len(sets) != n or not all(0 <= j < n for C in sets for j in C):
        return f"its layer told {len(sets)} follow sets, or tokens beyond the {n} given; one of each token is required"
    return _step_fault(result[0], tokens)
