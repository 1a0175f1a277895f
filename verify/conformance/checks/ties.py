"""Checks of decisions: exact ties are kept, near-ties are not made ties, and what rounding hides is called fragile.

Neighbours: `cases` has the tables, `judge` the policy.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ....kernels.bounds.exact_scores import exact_scores
from ..check import Check, NotApplicableError, Subject, judged
from ..inputs.cases import (
    BASES,
    DEGENERATE,
    DUPLICATES,
    OPPOSITES,
    TIES,
    TURNS,
    ZEROS,
    InputCase,
    in_basis,
    near_ties,
    random_lattice,
    resolved_tie,
    turned,
)
from ..inputs.lattices import LIFT, SHAPES, lattice
from ..inputs.trial import Trial, exact_rows


def each(subject: Subject, cases: Iterable[InputCase]) -> Iterator[Trial]:
    """Every case in every dtype of the kernel, one layer."""
    for case in cases:
        for dtype in subject.kernel.dtypes:
            yield Trial((case.call(),), dtype)


def _exact(subject: Subject) -> Iterator[Trial]:
    rng = subject.random("ties.exact")
    yield from each(subject, TIES)
    yield from each(subject, (random_lattice(rng) for _ in range(24)))


def _forms(subject: Subject) -> Iterator[Trial]:
    if not subject.kernel.supports_A:
        raise NotApplicableError("the kernel declares supports_A = False")
    yield from each(subject, (in_basis(case, B) for case in TIES for B in BASES.get(len(case.tokens[0]), ())))
    yield from each(subject, DEGENERATE)


def _turned(subject: Subject) -> Iterator[Trial]:
    """One rotation after the other, as long as the scores stay exact in the dtype."""
    for trial in each(subject, TIES):
        (one,) = trial.calls
        case = InputCase("", one.tokens[0])
        for Q in TURNS.get(one.shape[2], ()):
            case = turned(case, Q)
            if all(exact_scores(exact_rows(case.tokens), one.A, trial.dtype)):
                yield Trial((case.call(),), trial.dtype)


SIGNED = (
    InputCase("copies with a zero in a tie", [(0, 2), (0, 2), (2, 0), (1, 1)]),
    InputCase("copies with a zero in a tie, d = 3", [(0, 3, 1), (0, 3, 1), (3, 0, 1), (1, 1, 0)]),
    InputCase("the origin twice", [(0,), (0,), (2,), (-1,)]),
)
"""Equal tokens that come out with zeros of different signs."""


def _signed(subject: Subject) -> Iterator[Trial]:
    """Every third zero of tokens and of A is −0.0: equal tokens, scores and ties are equal all the same."""
    tables = (*SIGNED, *ZEROS, *DUPLICATES, *TIES, *OPPOSITES)
    for trial in each(subject, (*tables, *(DEGENERATE if subject.kernel.supports_A else ()))):
        (one,) = trial.calls
        yield replace(trial, calls=(replace(one, arrangement="signed"),))
    rng = subject.random("ties.signed")
    for dtype in (dtype for dtype in subject.kernel.dtypes if dtype in LIFT):
        for n, d in ((6, 1), (12, 2), (20, 3), (40, 9)):
            shape = rng.choice(SHAPES) if subject.kernel.supports_A else "identity"
            one = lattice(rng, n, d, dtype, B=3, shape=shape, tied=True, arrangement="signed", form="signed")
            yield Trial((one.call(),), dtype)


def _near(subject: Subject) -> Iterator[Trial]:
    for dtype in subject.kernel.dtypes:
        for case in near_ties(dtype):
            yield Trial((case.call(),), dtype)


def _resolved(subject: Subject) -> Iterator[Trial]:
    rng = subject.random("ties.resolved")
    for dtype in subject.kernel.dtypes:
        for factor in (4, 16, 64, 1024, 1 << 16):
            for _ in range(3):
                yield Trial((resolved_tie(rng, dtype, factor).call(),), dtype)


CHECKS: tuple[Check, ...] = (
    judged("ties.exact", "Exact ties keep every maximiser", _exact),
    judged("ties.forms", "Exact ties keep every maximiser under any A", _forms),
    judged("ties.turned", "Exact ties keep every maximiser when turned by integer rotations", _turned),
    judged("ties.duplicates", "Every copy of a repeated token counts in a mean", lambda s: each(s, DUPLICATES)),
    judged("ties.zero", "A zero token follows all tokens", lambda s: each(s, ZEROS)),
    judged("ties.signed", "Zeros of either sign are one number", _signed),
    judged("ties.near", "Scores that differ by few ulps are not taken for a tie", _near),
    judged("ties.resolved", "Gaps beyond the rounding error are decided right", _resolved),
    judged("ties.opposite", "A token never follows a large negative score", lambda s: each(s, OPPOSITES)),
)
