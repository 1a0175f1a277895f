"""Checks of what a kernel tells about its decisions: follow sets, first maximiser, counts, margins.

Neighbours: `kernels.protocol.FollowSets` is the form, `kernels.filter` builds proofs on it.
"""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from ....kernels.configuration_file import configuration_to_json
from ....kernels.filter import decision_bound
from ....kernels.protocol import FollowSets, Kernel, to_numpy
from ..cases import DUPLICATES, FORMS, INDEFINITE, TIES, ZEROS, random_lattice, random_points
from ..check import Check, Finding, NotApplicableError, Subject
from ..judge import exact_layer, read_exactly
from ..snippet import assignments, loading
from ..ties import exact_scores
from ..trial import Trial, floats
from .ties import each


def _trials(subject: Subject) -> Iterator[Trial]:
    rng = subject.random("sets")
    yield from each(subject, (*TIES, *DUPLICATES, *ZEROS))
    if subject.kernel.supports_A:
        yield from each(subject, (*FORMS, *INDEFINITE))
    yield from each(subject, (random_lattice(rng) for _ in range(8)))
    for dtype in subject.kernel.dtypes:
        yield Trial((random_points(rng, 20, 3, dtype).call(),), dtype)


def _layer(subject: Subject, trial: Trial) -> tuple[np.ndarray, FollowSets]:
    kernel: Kernel = subject.kernel
    if kernel.layer is None:
        raise NotApplicableError("the kernel does not tell its follow sets (no `layer`)")
    (one,) = trial.calls
    tokens, A = (kernel.arrays_for(floats(values, trial.dtype), trial.dtype) for values in (one.tokens, one.A))
    moved, sets = kernel.layer(tokens, A, float(one.alpha))
    return to_numpy(moved), sets


def _sets(subject: Subject) -> Finding:
    count = 0
    for trial in _trials(subject):
        (one,) = trial.calls
        try:
            moved, told = _layer(subject, trial)
            plain = subject.kernel(floats(one.tokens, trial.dtype), floats(one.A, trial.dtype), float(one.alpha))
            found = told.sets(0)
            fields = [(int(told.first[0, i]), int(told.count[0, i])) for i in range(len(one.tokens[0]))]
        except (NotApplicableError, KeyboardInterrupt):
            raise
        except Exception as error:
            return _fail(subject, trial, f"layer raised {type(error).__name__}: {error}", "moved is not None")
        if not np.array_equal(moved, plain):
            same = "(np.asarray(moved) == kernel(tokens, A, alpha)).all()"
            return _fail(subject, trial, "layer and step return different next tokens", same)
        exact = exact_layer(one.tokens[0], one.A, one.alpha, subject.kernel.ties)
        rows_exact = exact_scores(one.tokens[0], one.A, trial.dtype)
        bounds = decision_bound(floats(one.tokens, trial.dtype), floats(one.A, trial.dtype))[0]
        for i, C in enumerate(exact.expected):
            decision = exact.decision(i, trial.dtype, rows_exact[i], float(bounds[i]))
            wrong = found[i] != C if decision.determined else not set(found[i]) <= set(decision.near)
            if wrong or not found[i]:
                message = f"token {i} follows {set(C)}; the kernel says {set(found[i])}"
                return _fail(subject, trial, message, f"sets.sets(0)[{i}] == {C}", decision.gap_ulps)
            if fields[i] != (found[i][0], len(found[i])):
                message = f"token {i}: first and count are {fields[i]} but its set is {found[i]}"
                told_pair = f"(sets.first[0, {i}], sets.count[0, {i}])"
                return _fail(subject, trial, message, f"{told_pair} == {(found[i][0], len(found[i]))}")
        count += 1
    return Finding("pass", f"{count} trials")


def _margins(subject: Subject) -> Finding:
    """Margins must be within the scores' bound of the exact gap: proofs are built on them."""
    count = 0
    for trial in _trials(subject):
        (one,) = trial.calls
        told = _layer(subject, trial)[1]
        tokens, A = floats(one.tokens, trial.dtype), floats(one.A, trial.dtype)
        exact = exact_layer(read_exactly(tokens[0]), one.A, one.alpha, "all")
        bounds = decision_bound(tokens, A)[0]
        for i, (C, gap) in enumerate(zip(exact.sets, exact.gaps, strict=True)):
            margin = float(told.margin[0, i])
            if told.sets(0)[i] != C:
                continue  # a matter of sets.told, or a tie that rounding hides
            if gap is None:
                right, words = margin == np.inf, "infinite, since no token is left out"
                wanted = f"sets.margin[0, {i}] == np.inf"
            else:
                real = gap * exact.unit
                # the margin's own rounding: one subtraction
                slack = Fraction(float(bounds[i])) + real * Fraction(1, 1 << 20)
                right = np.isfinite(margin) and abs(Fraction(margin) - real) <= slack
                words = f"{float(real):.9g} within {float(slack):.3g}"
                wanted = f"abs(sets.margin[0, {i}] - {float(real)!r}) <= {float(slack)!r}"
            if not right:
                return _fail(subject, trial, f"token {i} has the margin {margin!r}; the exact one is {words}", wanted)
        count += 1
    return Finding("pass", f"{count} trials")


def _fail(subject: Subject, trial: Trial, message: str, wanted: str, gap_ulps: float | None = None) -> Finding:
    """The finding, with a snippet that asserts `wanted` (Python text about `moved` and `sets`)."""
    (one,) = trial.calls
    lines = loading(subject.kernel, subject.spec) + assignments(one, trial.dtype)
    lines += [
        f"native = [kernel.arrays_for(values, {trial.dtype!r}) for values in (tokens, A)]",
        "moved, sets = kernel.layer(*native, alpha)",
        f"assert {wanted}, {message!r}",
    ]
    configuration = configuration_to_json(one.configuration(0))
    return Finding("fail", f"{trial.dtype}: {message}", 0, gap_ulps, configuration, "\n".join(lines) + "\n")


CHECKS: tuple[Check, ...] = (
    Check("sets.told", "The follow sets that the kernel tells are those of its layer", _sets),
    Check("sets.margins", "The margins that the kernel tells are the gaps of the scores", _margins),
)

__all__ = ["CHECKS"]
