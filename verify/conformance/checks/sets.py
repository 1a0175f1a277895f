"""Checks of what a kernel tells about its decisions: follow sets, first maximiser, counts, margins.

Neighbours: `kernels.protocol.FollowSets` is the form, `kernels.bounds.rounding` builds proofs on it.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np

from ....kernels.bounds.exact_scores import exact_scores
from ....kernels.bounds.rounding import decision_bound
from ....kernels.exact.configuration_file import configuration_to_json
from ....kernels.follow_sets import FollowSets
from ....kernels.protocol import Kernel, to_numpy
from ..check import Check, NotApplicableError, Subject
from ..failures.snippet import assignments, loading
from ..inputs.cases import DUPLICATES, FORMS, INDEFINITE, TIES, ZEROS, random_lattice, random_points
from ..inputs.draws import KINDS
from ..inputs.trial import Trial, floats
from ..judge import exact_layer
from ..record import CheckFinding
from ..tolerance import unjudged
from .cross import crossed
from .ties import each


def _trials(subject: Subject) -> Iterator[Trial]:
    rng = subject.random("sets")
    yield from each(subject, (*TIES, *DUPLICATES, *ZEROS))
    if subject.kernel.supports_A:
        yield from each(subject, (*FORMS, *INDEFINITE))
    yield from each(subject, (random_lattice(rng) for _ in range(8)))
    for dtype in subject.kernel.dtypes:
        yield Trial((random_points(rng, 20, 3, dtype).call(),), dtype)
        for kind in KINDS:
            for B, n, d in ((3, rng.randint(2, 20), rng.randint(1, 9)), (70, rng.randint(2, 6), rng.randint(1, 4))):
                yield crossed(subject, rng, dtype, B=B, n=n, d=d, kind=kind, arrangement="contiguous")


def _layer(subject: Subject, trial: Trial) -> tuple[np.ndarray, FollowSets, bool]:
    """What the kernel tells about the one call of a trial, and whether it left its input as it was."""
    kernel: Kernel = subject.kernel
    if kernel.layer is None:
        raise NotApplicableError("the kernel does not tell its follow sets (no `layer`)")
    (one,) = trial.calls
    values = floats(one.tokens, trial.dtype), floats(one.A, trial.dtype)
    native = [kernel.arrays_for(value, trial.dtype) for value in values]
    moved, sets = kernel.layer(native[0], native[1], float(one.alpha))
    same = all(np.array_equal(value, to_numpy(after)) for value, after in zip(values, native, strict=True))
    return to_numpy(moved), sets, same


def _each(question: Callable[[Subject, Trial], CheckFinding | None]) -> Callable[[Subject], CheckFinding]:
    """The check that asks `question` of all trials; an error that `layer` raises is a failure of the trial."""

    def run(subject: Subject) -> CheckFinding:
        count = 0
        for trial in _trials(subject):
            try:
                found = question(subject, trial)
            except (NotApplicableError, KeyboardInterrupt):
                raise
            except (Exception, SystemExit) as error:
                message = f"what `layer` gives cannot be read: {type(error).__name__}: {error}"
                found = _fail(subject, trial, 0, message, "sets.sets(0) and moved is None")
            if found is not None:
                return found
            count += 1
        return CheckFinding("pass", f"{count} trials")

    return run


def _sets(subject: Subject, trial: Trial) -> CheckFinding | None:
    (one,) = trial.calls
    moved, told, same = _layer(subject, trial)
    if not same:
        unchanged = "all(np.array_equal(np.asarray(x), y) for x, y in zip(native, (tokens, A)))"
        return _fail(subject, trial, 0, "layer overwrote its input", unchanged)
    tokens, A = floats(one.tokens, trial.dtype), floats(one.A, trial.dtype)
    if not np.array_equal(moved, subject.kernel(tokens, A, float(one.alpha), trial.dtype), equal_nan=True):
        alike = "(np.asarray(moved) == kernel(tokens, A, alpha)).all()"
        return _fail(subject, trial, 0, "layer and step return different next tokens", alike)
    bounds = decision_bound(tokens, A, dtype=trial.dtype)
    for b, rows in enumerate(one.tokens):
        exact, rows_exact = (
            exact_layer(rows, one.A, one.alpha, subject.kernel.ties),
            exact_scores(rows, one.A, trial.dtype),
        )
        found = told.sets(b)
        for i, C in enumerate(exact.expected):
            decision = exact.decision(i, trial.dtype, rows_exact[i], float(bounds[b, i]))
            known = rows_exact[i] or bool(np.isfinite(bounds[b, i]))
            if unjudged(tokens[b], i, decision.near, one.alpha, moved[b, i], trial.dtype, scores=known):
                continue
            if not decision.allows(found[i]):
                message = f"token {i} of set {b} follows {set(C)}; the kernel says {set(found[i])}"
                return _fail(subject, trial, b, message, f"sets.sets({b})[{i}] == {C}", decision.gap_ulps)
            fields, pair = (int(told.first[b, i]), int(told.count[b, i])), (found[i][0], len(found[i]))
            if fields != pair:
                message = f"token {i} of set {b}: first and count are {fields} but its set is {found[i]}"
                return _fail(subject, trial, b, message, f"(sets.first[{b}, {i}], sets.count[{b}, {i}]) == {pair}")
    return None


def _margins(subject: Subject, trial: Trial) -> CheckFinding | None:
    """Margins must be within the scores' bound of the exact gap to what the set leaves out: proofs are built on them.

    A set that holds the first maximiser alone, by rule "first", leaves its ties out: its margin is 0.
    """
    (one,) = trial.calls
    told = _layer(subject, trial)[1]
    bounds = decision_bound(floats(one.tokens, trial.dtype), floats(one.A, trial.dtype), dtype=trial.dtype)
    for b, rows in enumerate(one.tokens):
        exact = exact_layer(rows, one.A, one.alpha, subject.kernel.ties)
        found = told.sets(b)
        for i, (C, gap) in enumerate(zip(exact.expected, exact.gaps, strict=True)):
            if found[i] != C or not np.isfinite(bounds[b, i]):
                continue  # a matter of sets.told, a tie that rounding hides, or no bound in half precision
            margin, place = float(told.margin[b, i]), f"sets.margin[{b}, {i}]"
            if len(C) == len(rows):
                right, words, wanted = margin == np.inf, "infinite, since no token is left out", f"{place} == np.inf"
            else:
                real = Fraction(0) if gap is None or C != exact.sets[i] else gap * exact.unit
                # the margin's own rounding: one subtraction
                slack = Fraction(float(bounds[b, i])) + real * Fraction(1, 1 << 20)
                right = np.isfinite(margin) and abs(Fraction(margin) - real) <= slack
                words = f"{float(real):.9g} within {float(slack):.3g}"
                wanted = f"abs({place} - {float(real)!r}) <= {float(slack)!r}"
            if not right:
                message = f"token {i} of set {b} has the margin {margin!r}; the exact one is {words}"
                return _fail(subject, trial, b, message, wanted)
    return None


def _fail(
    subject: Subject, trial: Trial, row: int, message: str, wanted: str, gap_ulps: float | None = None
) -> CheckFinding:
    """The finding about one row, with a snippet that asserts `wanted` (Python text about `moved` and `sets`)."""
    (one,) = trial.calls
    message = " ".join(message.split())
    lines = loading(subject.kernel, subject.spec) + assignments(one, trial.dtype)
    lines += [
        f"native = [kernel.arrays_for(values, {trial.dtype!r}) for values in (tokens, A)]",
        "moved, sets = kernel.layer(*native, alpha)",
        f"assert {wanted}, {message!r}",
    ]
    configuration = configuration_to_json(one.configuration(row))
    return CheckFinding("fail", f"{trial.dtype}: {message}", 0, gap_ulps, configuration, "\n".join(lines) + "\n")


CHECKS: tuple[Check, ...] = (
    Check("sets.told", "The follow sets that the kernel tells are those of its layer", _each(_sets)),
    Check("sets.margins", "The margins that the kernel tells are the gaps of the scores", _each(_margins)),
)
