"""What a check is, and how a failing trial becomes a finding that a stranger understands.

Neighbours: `checks` holds the checks, `suite` runs them; `judge` decides, `shrink`, `explain` and `snippet` make a
failure small, named and replayable.
"""

import random
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from inspect import isgeneratorfunction
from typing import Any

import numpy as np

from ...kernels.bounds.crosscheck import written_out
from ...kernels.errors import InputError
from ...kernels.exact.configuration import Configuration, identity
from ...kernels.exact.configuration_file import configuration_to_json
from ...kernels.exact.rational_text import rational_text
from ...kernels.registry import load
from .failures.explain import BLAME, MOST_TOKENS, explain, followed
from .failures.shrink import shrink
from .failures.snippet import exact_text, importable, trial_snippet, vector_text
from .inputs.trial import Call, NotTestedError, Sizes, Trial, rounded
from .judge import Fault, examine
from .record import CheckFinding

WIDE = 16
"""Of tokens with more coordinates messages show the one that is farthest off."""
CLEAR = 1e6
"""Gaps of more ulps are not near-ties, so that their number says nothing."""


TITLES = {
    "first": {
        "keep every maximiser": "keep the maximiser of lowest index",
        "are kept across": "keep the maximiser of lowest index across",
        "Every copy of a repeated token counts in a mean": "Of equal tokens the one of lowest index is followed",
        "follows all tokens": "follows the first token",
        "that of the weighted mean": "that of the token that is followed",
    },
    "any": {
        "keep every maximiser": "give one of the maximisers",
        "are kept across": "give one of the maximisers across",
        "Every copy of a repeated token counts in a mean": "Of equal tokens one is followed",
        "follows all tokens": "follows one token",
        "that of the weighted mean": "that of the token that is followed",
    },
}
"""Tie rule → what titles say of the mean over all maximisers → what they say under that rule."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The kernel under test as a check sees it.

    Args:
        kernel: the kernel, a `Kernel` or an `AttentionKernel`.
        spec: how it was named; empty if it was given as an object.
        seed: the seed of the random cases.
        sizes: the sizes that it is asked for.
        found: told what a check has found before it is made smaller, which may take long or end the process.
    """

    kernel: Any
    spec: str
    seed: int
    sizes: Sizes = field(default_factory=Sizes)
    found: Callable[[CheckFinding], None] = lambda finding: None

    def random(self, name: str) -> random.Random:
        """Random numbers that depend on the seed and on `name` alone, not on which checks ran before."""
        return random.Random(f"{self.seed}/{name}")


class CheckError(InputError):
    """A check of a user is none: the message says why. This is no finding about the kernel."""


class NotApplicableError(Exception):
    """A check does not apply to this kernel, for the reason given: something its author declares."""


def finding_of(subject: Subject, check: "Check") -> CheckFinding:
    """Run one check; one that breaks off, because of what the kernel returned or raised, is a failure.

    Args:
        subject: the kernel under test.
        check: the check.
    """
    try:
        return check.run(subject)
    except NotApplicableError as reason:
        return CheckFinding("not_applicable", str(reason))
    except NotTestedError as reason:
        return CheckFinding("not_tested", str(reason))
    except (KeyboardInterrupt, CheckError):
        raise
    except BaseException as error:  # a kernel may return or raise anything; the report goes on to the next check
        return CheckFinding("fail", " ".join(f"could not be judged: {type(error).__name__}: {error}".split()))


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Args:
        id: e.g. "ties.exact": group and name.
        title: what a right kernel does, in one sentence.
        run: the check itself; it may raise `NotApplicableError` and `NotTestedError`.
        alone: whether it is run in a process of its own, before anything else has been done there.
        gate: whether the other checks would only say again what is wrong where it fails; they are then not tested.
        place: from where it can be loaded again, `path/to/file.py:name`; empty for a shipped one and an object.
    """

    id: str
    title: str
    run: Callable[[Subject], CheckFinding]
    alone: bool = False
    gate: bool = False
    place: str = ""

    def title_for(self, ties: str) -> str:
        """The title for a kernel with this tie rule."""
        title = self.title
        for words, other in TITLES.get(ties, {}).items():
            title = title.replace(words, other)
        return title


def kernel_check(check_id: str, title: str) -> Callable[[Callable[[Subject], Any]], Check]:
    """A decorator that makes a check of a function of the kernel under test; it registers nothing.

        @hardmax.kernel_check("mine.square", "The corners of a square stay where they are")
        def square(subject):
            yield hardmax.Configuration([[1, 1], [1, -1], [-1, 1], [-1, -1]])

        @hardmax.kernel_check("mine.finite", "Large tokens give no NaN")
        def finite(subject):
            moved = subject.kernel([[[1e30, 0.0], [0.0, 1e30]]])
            return bool((moved == moved).all()) or f"it returned {moved.tolist()}"

    A generator's configurations, rounded to each dtype of the kernel, are judged against the exact layer, and a failing
    one is shrunk and explained. Any other function says `True`, or `False` or a text, for a failure.

    Args:
        check_id: group.name, of a group that is not shipped.
        title: what a right kernel does, in one sentence.

    Raises:
        InputError: the id is not of this form.
    """
    if not re.fullmatch(r"[A-Za-z_]\w*(\.\w+)+", check_id):
        raise InputError(f"a check is called {check_id!r}; give it a name like mine.ties")

    def made(function: Callable[[Subject], Any]) -> Check:
        if isgeneratorfunction(function):
            return judged(check_id, title, lambda subject: _trials(check_id, function, subject))

        def run(subject: Subject) -> CheckFinding:
            said = function(subject)
            if said is True or said is False or isinstance(said, str | np.bool_):
                failed = said if isinstance(said, str) else "" if said else "it does not"
                return CheckFinding("fail" if failed or said == "" else "pass", failed or "it does")
            raise CheckError(
                f"the check {check_id} said {said!r}; return True, or False or a text, or yield configurations"
            )

        return Check(check_id, title, run)

    return made


def _trials(check_id: str, function: Callable[[Subject], Any], subject: Subject) -> Iterator[Trial]:
    """A trial for each configuration that a function yields and each dtype of the kernel."""
    given = iter(function(subject))
    while True:
        try:
            c = next(given)
        except StopIteration:
            return
        except Exception as error:
            raise CheckError(f"the check {check_id} raised {type(error).__name__}: {error}") from error
        if not isinstance(c, Configuration) or c.model.kind != "hardmax" or c.alpha is None:
            raise CheckError(
                f"the check {check_id} yields {c!r:.200}; give hardmax configurations with a constant step"
            )
        c, alpha = written_out(c), Fraction(float(c.alpha))
        for dtype in subject.kernel.dtypes:
            yield Trial((rounded(Call((c.tokens,), c.A, alpha), dtype),), dtype)


def judged(check_id: str, title: str, trials: Callable[[Subject], Iterable[Trial]]) -> Check:
    """The check that examines trials: the first fault is shrunk and explained, lost ties make it fragile.

    Args:
        check_id: its id.
        title: its title.
        trials: the trials for a kernel; it may raise `NotApplicableError`.
    """

    def run(subject: Subject) -> CheckFinding:
        count, reason = 0, ""
        lost: list[bool] = []
        left: list[str] = []
        for trial in trials(subject):
            try:
                subject.sizes.require(*(one.shape for one in trial.calls))
                found = examine(subject.kernel, trial)
            except NotTestedError as error:
                reason = str(error)
                continue
            if found.fault is not None:
                return failure(subject, trial, found.fault)
            count += 1
            lost += found.lost
            left += found.unjudged
        if not count:
            raise NotTestedError(reason or "no trial is of the kernel's kind")
        beside = f"; {len(left)} token sets not judged: {left[0]}" if left else ""
        if lost:
            return CheckFinding("fragile", f"{lost_in_words(lost)}, in {count} trials{beside}")
        return CheckFinding("pass", f"{count} trials{beside}")

    return Check(check_id, title, run)


def lost_in_words(lost: list[bool]) -> str:
    """How many fragile decisions were lost; each is True if it was an exact tie."""
    ties = sum(lost)
    parts = []
    if ties:
        parts.append(f"{ties} exact ties that rounding hides from the kernel came out as no tie")
    if len(lost) > ties:
        parts.append(f"{len(lost) - ties} decisions within the rounding error came out otherwise")
    return " and ".join(parts)


def failure(subject: Subject, trial: Trial, fault: Fault) -> CheckFinding:
    """The finding of a failing trial: shrunk, explained, with a snippet."""
    subject.found(unshrunk(subject, trial, fault))
    small, found = shrink(subject.kernel, trial, fault)
    return _finding(subject, trial, fault, *_reproducible(subject, trial, fault, small, found))


def unshrunk(subject: Subject, trial: Trial, fault: Fault) -> CheckFinding:
    """The finding of a failing trial as it is."""
    return _finding(subject, trial, fault, trial, fault, "")


def _finding(subject: Subject, trial: Trial, fault: Fault, small: Trial, found: Fault, note: str) -> CheckFinding:
    """The finding of a failing trial of which `small` remained."""
    one = small.calls[found.call]
    words = ""
    # the larger configuration leaves less room for chance
    for known, which in ((fault, trial), (found, small)):
        if known.got is not None and len(known.tokens) <= MOST_TOKENS:
            words = explain(known.tokens, which.calls[known.call], known.got, which.dtype, subject.kernel.ties)
            break
    if fault.layer != found.layer:
        note = f" (seen first at layer {fault.layer} of a run of {trial.layers} layers){note}"
    if subject.kernel.form == "residual" and found.got is not None:
        note = f" (results are shown divided by 1 + alpha){note}"
    return CheckFinding(
        "fail",
        f"{in_words(small, found)}{note}{f'; {BLAME}{words}' if words else ''}",
        found.layer,
        found.decision.gap_ulps if found.decision is not None else None,
        configuration_to_json(one.configuration(found.row)),
        trial_snippet(subject.kernel, subject.spec, small, found),
        *_returned(found),
    )


def _returned(fault: Fault) -> tuple[int | None, tuple[str, ...] | None]:
    """The token that the kernel put elsewhere, and exactly where; None where it is no point."""
    if fault.got is None or not np.isfinite(fault.got[fault.token]).all():
        return None, None
    return fault.token, tuple([rational_text(Fraction(x)) for x in fault.got[fault.token].tolist()])


def _reproducible(subject: Subject, trial: Trial, fault: Fault, small: Trial, found: Fault) -> tuple[Trial, Fault, str]:
    """The small trial if a freshly loaded kernel fails it too; else the whole one, and a note if that passes as well.

    A kernel that keeps state between calls may have failed because of calls that the snippet does not make.
    """
    place = subject.spec or importable(subject.kernel)
    if not place:
        return small, found, ""
    for candidate, former in ((small, found), (trial, fault)):
        try:
            again = examine(load(place, **subject.kernel.overrides), candidate).fault
        except InputError:
            again = None
        if again is not None and again.kind == former.kind:
            return candidate, again, ""
    return small, found, "; a freshly loaded kernel passes this: it keeps state between calls"


def in_words(trial: Trial, fault: Fault) -> str:
    """What is wrong, in one line."""
    one = trial.calls[fault.call]
    B, n, d = one.shape
    place = f"{trial.dtype}, n = {n}, d = {d}"
    if one.layout:
        place += f", {one.layout}"
    if B > 1:
        place += f", row {fault.row} of a batch of {B}"
    if len(trial.calls) > 1:
        place += f", call {fault.call} of {len(trial.calls)}"
    if fault.decision is None or fault.got is None:
        return f"{place}: {fault.detail}"
    got = fault.got[fault.token].tolist()
    where = f"{place}: token {fault.token}" + (f" at layer {fault.layer}" if fault.layer else "")
    if n <= 8 and d <= WIDE:
        where += f" of {exact_text(fault.tokens)}"
    if one.A != identity(d) and d <= 4:
        where += f", A = {exact_text(one.A)}"
    if one.alpha != 1:
        where += f", alpha = {float(one.alpha):.17g}"
    chosen = followed(fault.tokens, one.alpha, fault.token, got, fault.tolerance)
    as_if = "" if chosen is None else f" as if it followed {_set(chosen)}"
    others = fault.decision.near if not fault.decision.determined else ()
    rule = f" (or another of {_set(others)})" if len(others) > 1 else ""
    goal, found = vector_text(fault.expected), vector_text(got)
    if d > WIDE:
        off = [abs(x - float(v)) / t for x, v, t in zip(got, fault.expected, fault.tolerance, strict=True)]
        c = max(range(d), key=lambda c: (not off[c] <= np.inf, off[c]))
        goal, found = f"{fault.expected[c]} in coordinate {c}", f"{got[c]:.17g} there"
    return (
        f"{where} must follow {_set(fault.decision.expected)}{rule}{_gap(fault)} and move to {goal}; "
        f"the kernel returned {found}{as_if}"
    )


def _gap(fault: Fault) -> str:
    """The gap of the decision in words."""
    decision = fault.decision
    if decision is None or decision.gap_ulps is None:
        return ""
    if decision.gap_ulps == 0 or decision.gap is None:
        return " (an exact tie)"
    ulps = f", {decision.gap_ulps:.6g} ulps" if decision.gap_ulps < CLEAR else ""
    return f" (ahead by {float(decision.gap):.6g}{ulps})"


def _set(C: tuple[int, ...]) -> str:
    """A follow set, cut to what a line can carry."""
    return "{" + ", ".join(map(str, C[:12])) + (f", … {len(C)} in all" if len(C) > 12 else "") + "}"
