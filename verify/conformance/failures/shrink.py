"""Make a failing trial as small as it gets: fewest calls, token sets, layers, tokens, coordinates, then small integers.

Greedy: every simplification that still fails in the same way is kept, until none is left or the budget is used up.
Every candidate is judged exactly anew, so a shrunk trial is a failure in its own right and never only resembles one. A
hypothesis of the theorem that the failing configurations meet (nonzero and distinct tokens, A symmetric positive
definite) is kept, and so is whether the wrong decision is a tie: a kernel that fails on ordinary input is not shown
failing on a zero token.

Neighbours: `search` is the search itself, `judge` decides whether a candidate fails.
"""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from ....kernels.errors import HardmaxError
from ....kernels.exact.configuration import Configuration, Matrix, identity
from ....kernels.protocol import Kernel
from ..inputs.trial import Call, NotTestedError, Trial
from ..judge import Fault, examine
from .search import Rules, pieces, smallest

BUDGET = 400
"""Trials that a shrink may run."""
COST = 2_000_000
"""Scores that it may have computed exactly, and numbers read: few trials of large configurations, which take time."""
MOST_COORDINATES = 32
"""With more coordinates it is not asked whether A is positive definite: that costs d³ products of fractions."""


def shrink(kernel: Kernel, trial: Trial, fault: Fault, *, budget: int = BUDGET) -> tuple[Trial, Fault]:
    """A smaller trial that `kernel` fails in the same way (`Fault.kind`), and its fault.

    Shrinks towards one call of one token set, one layer, few tokens and coordinates, A = I, α = 1 and the values
    0, 1, −1, 2, −2, ….

    Args:
        kernel: the kernel under test.
        trial: a trial that it fails.
        fault: the fault of that trial.
        budget: how many trials may be run.
    """
    kept = _hypotheses(trial)

    def fails(candidate: Trial) -> Fault | None:
        try:
            found = examine(kernel, candidate).fault
        except (HardmaxError, ValueError, NotTestedError):  # it left the range in which anything can be judged
            return None
        alike = found is not None and found.kind == fault.kind and _is_tie(found) == _is_tie(fault)
        return found if alike else None

    rules = Rules(STAGES, lambda candidate: kept <= _hypotheses(candidate), fails, _cost)
    return smallest(trial, fault, rules, budget=budget, cost=COST)


def _is_tie(fault: Fault) -> bool:
    return fault.decision is not None and fault.decision.gap_ulps == 0


def _hypotheses(trial: Trial) -> set[str]:
    """The hypotheses that all configurations of a trial meet, as far as they are cheap to tell."""
    different = [{id(rows): b for b, rows in enumerate(one.tokens)}.values() for one in trial.calls]
    pairs = zip(trial.calls, different, strict=True)
    all_met = [_met(one.configuration(b)) for one, rows in pairs for b in rows]
    return {name for name in all_met[0] if all(met[name] for met in all_met)}


def _met(configuration: Configuration) -> dict[str, bool]:
    if configuration.d <= MOST_COORDINATES:
        return configuration.hypotheses()
    return {"nonzero": configuration.is_nonzero, "distinct": configuration.is_distinct}


def _cost(trial: Trial) -> int:
    return trial.layers * sum(B * n * n + 4 * (B * n * d + d * d) for B, n, d in (one.shape for one in trial.calls))


def _fewer_calls(trial: Trial, fault: Fault) -> Iterator[Trial]:
    if not trial.linked and len(trial.calls) > 1:
        yield replace(trial, calls=trial.calls[fault.call : fault.call + 1])
    for c in range(len(trial.calls) if len(trial.calls) > 2 else 0):
        yield replace(trial, calls=trial.calls[:c] + trial.calls[c + 1 :])


def _fewer_layers(trial: Trial, fault: Fault) -> Iterator[Trial]:
    if trial.layers > 1:
        yield replace(trial, layers=1)
        yield replace(trial, layers=fault.layer + 1)


def _start_later(trial: Trial, fault: Fault) -> Iterator[Trial]:
    """Start from what the kernel had at the wrong layer."""
    if trial.layers > 1 and fault.layer > 0:
        one = trial.calls[fault.call]
        yield replace(trial, calls=(replace(one, tokens=(fault.tokens,)),), layers=1)


def _fewer_rows(trial: Trial, fault: Fault) -> Iterator[Trial]:
    for c, one in enumerate(trial.calls):
        B = len(one.tokens)
        if B > 1:
            if c == fault.call:
                yield _with(trial, c, replace(one, tokens=one.tokens[fault.row : fault.row + 1]))
            for start, stop in pieces(B):
                yield _with(trial, c, replace(one, tokens=one.tokens[:start] + one.tokens[stop:]))


def _plain_memory(trial: Trial, fault: Fault) -> Iterator[Trial]:
    for c, one in enumerate(trial.calls):
        if one.layout:
            yield _with(trial, c, replace(one, arrangement="contiguous", form=None))
            yield _with(trial, c, replace(one, arrangement="contiguous", form=one.form or one.arrangement))
            yield _with(trial, c, replace(one, form="contiguous"))


def _fewer_tokens(trial: Trial, fault: Fault) -> Iterator[Trial]:
    for c, one in enumerate(trial.calls):
        n = one.shape[1]
        for start, stop in pieces(n):
            if stop - start < n:
                yield _with(trial, c, replace(one, tokens=tuple([rows[:start] + rows[stop:] for rows in one.tokens])))


def _fewer_coordinates(trial: Trial, fault: Fault) -> Iterator[Trial]:
    for c, one in enumerate(trial.calls):
        d = one.shape[2]
        for b in range(d if d > 1 else 0):
            tokens = tuple([tuple([row[:b] + row[b + 1 :] for row in rows]) for rows in one.tokens])
            A = tuple([row[:b] + row[b + 1 :] for a, row in enumerate(one.A) if a != b])
            yield _with(trial, c, replace(one, tokens=tokens, A=A))


def _simpler_form(trial: Trial, fault: Fault) -> Iterator[Trial]:
    for c, one in enumerate(trial.calls):
        unit = identity(len(one.A))
        if unit != one.A:
            yield _with(trial, c, replace(one, A=unit))
            for A in _simpler_entries(one.A):
                yield _with(trial, c, replace(one, A=A))


def _simpler_step(trial: Trial, fault: Fault) -> Iterator[Trial]:
    for c, one in enumerate(trial.calls):
        for alpha in (Fraction(1), Fraction(round(one.alpha))):
            if alpha != one.alpha and alpha > 0:
                yield _with(trial, c, replace(one, alpha=alpha))


def _simpler_tokens(trial: Trial, fault: Fault) -> Iterator[Trial]:
    for c, one in enumerate(trial.calls):
        for b, rows in enumerate(one.tokens):
            for simpler in _simpler_entries(rows):
                yield _with(trial, c, replace(one, tokens=(*one.tokens[:b], simpler, *one.tokens[b + 1 :])))


STAGES = (
    _fewer_calls,
    _fewer_layers,
    _fewer_rows,
    _fewer_tokens,
    _start_later,
    _plain_memory,
    _fewer_coordinates,
    _simpler_form,
    _simpler_step,
    _simpler_tokens,
)


def _with(trial: Trial, c: int, one: Call) -> Trial:
    return replace(trial, calls=(*trial.calls[:c], one, *trial.calls[c + 1 :]))


def _simpler_entries(rows: Matrix) -> Iterator[Matrix]:
    """`rows` made simpler: all whole, then one entry at a time."""
    whole = tuple([tuple([Fraction(round(v)) for v in row]) for row in rows])
    if whole != rows:
        yield whole
    for i, row in enumerate(rows):
        for c, value in enumerate(row):
            for simpler in _simpler_values(value):
                yield (*rows[:i], (*row[:c], simpler, *row[c + 1 :]), *rows[i + 1 :])


def _simpler_values(value: Fraction) -> Iterator[Fraction]:
    """Values simpler than `value`, the simplest first: 0, ±1, ±2, positive, whole, smaller, of fewer bits."""
    whole = round(value)
    candidates = [*map(Fraction, (0, 1, -1, 2, -2)), abs(value)]
    candidates += map(Fraction, (whole, round(value / 16), round(value / 2), whole - (1 if value > 0 else -1)))
    bits = value.denominator.bit_length() - 1
    if value.denominator == 1 << bits:  # dyadic, as all values of a trial are
        shorter = sorted({1, bits // 4, bits // 2, bits - 1} & set(range(1, bits)))
        candidates += [Fraction(round(value * (1 << kept)), 1 << kept) for kept in shorter]
    seen = set()
    for candidate in candidates:
        if candidate not in seen and _complexity(candidate) < _complexity(value):
            seen.add(candidate)
            yield candidate


def _complexity(value: Fraction) -> tuple[int, int, bool]:
    return value.denominator, abs(value.numerator), value < 0
