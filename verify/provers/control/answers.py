"""The answer to a question: A with the exact prover's verdict, the proof that there is no A, or why neither is known.

Several configurations share one A. Where no A does for all of them, a largest part for which one does is looked for
greedily: in the order given, each is added if the part can still be satisfied.

Neighbours: `search` decides, `claims.conclusion` proves, `certificates.no_a` writes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from numbers import Integral
from typing import Any, Literal

from ....kernels.errors import BugError, InputError
from ....kernels.exact.configuration import Configuration, Matrix, with_changes
from ....kernels.exact.dynamics import Sets
from ....kernels.exact.rational_text import rational_text
from ...certificates.checker.no_a import FOR_EVER, LAYER_0
from ...certificates.no_a import Exclusion, no_a_certificate
from ...certificates.writer import Document
from ...claims.conclusion import Result, prove
from ..freeze.outcome import Frozen
from .questions import Excluded, Leading, LeadingKind, Multiplier
from .rounding import exact_condition
from .search import Impossible, Possible, Settled, settle

Verdict3 = Literal["possible", "impossible", "undecided"]
Wanted = Sequence[int | str]
"""Indices of tokens, or labels: a label means every token so labelled."""

SENSES = {
    "lead": "no symmetric positive definite A makes all of them lead at layer 0; at one α they may still do so later",
    "alone": "for no symmetric positive definite A all tokens follow it at layer 0; at one α it may still become the "
    "only leader later",
    "exactly": "for no symmetric positive definite A they lead and every other token follows one of them at layer 0; "
    "at one α they may still become the only leaders later",
}
"""What "impossible" says where no more is proved."""
LINE = "and not later either, for any α: on a line A is a number, which changes no follow set"
MIRROR = "and not later either, for any α: the tokens are their own mirror image, and so are the leaders of every A"


@dataclass(frozen=True)
class ControlInput:
    """One configuration of a question.

    Attributes:
        given: as it was read.
        merged: with equal tokens merged; what is asked and proved is about this one.
        tokens: the tokens asked for, by their indices in `given`.
        leaders: the same in `merged`.
    """

    given: Configuration
    merged: Configuration
    tokens: tuple[int, ...]
    leaders: tuple[int, ...]

    def first(self, i: int) -> int:
        """The first token of `given` that is token i of `merged`."""
        return self.given.tokens.index(self.merged.tokens[i])


@dataclass(frozen=True)
class ControlAnswer:
    """The answer to a question about one configuration, or about several with one A.

    Attributes:
        kind: "lead", "alone" or "exactly".
        inputs: the configurations, with the tokens asked for.
        verdict: "possible": `A` makes it so in all of them; "impossible": no symmetric positive definite A does, in
            the sense of `reason`; "undecided": see `reason`.
        reason: in which sense it is impossible, or why it is not decided; empty if it is possible.
        A: for one configuration: the A found; for several: the A for those in `held`; None if there is none.
        held: indices of the configurations in which A makes it so.
        results: the exact prover's verdict on each of those with that A.
        excluded: the exclusions that show that there is no A.
        document: the certificate of that; None unless it is impossible.
    """

    kind: LeadingKind
    inputs: tuple[ControlInput, ...]
    verdict: Verdict3
    reason: str
    A: Matrix | None
    held: tuple[int, ...]
    results: tuple[Result, ...] = field(repr=False, default=())
    excluded: tuple[Excluded, ...] = field(repr=False, default=())
    document: Document | None = field(repr=False, default=None)

    @property
    def condition(self) -> float | None:
        """The condition number of A, or the largest float where it is larger."""
        return None if self.A is None else exact_condition(self.A)

    @property
    def follows(self) -> dict[int, int] | None:
        """{token: the one that it follows alone at layer 0} for the tokens not asked for, of a single configuration."""
        if len(self.inputs) > 1 or not self.results:
            return None
        one, sets = next(iter(self.inputs)), first_sets(next(iter(self.results)).configuration)
        return {
            one.first(i): one.first(C[0])
            for i, C in enumerate(sets)
            if i not in one.leaders and len(C) == 1 and C != (i,)
        }

    def to_json(self, names: Sequence[str], certificates: Sequence[str] = ()) -> dict[str, Any]:
        """The JSON object of `hardmax control --json`.

        Args:
            names: the inputs as the user named them.
            certificates: the paths of the certificates, if they were written.
        """
        single = len(self.inputs) == 1
        tokens = [list(one.tokens) for one in self.inputs]
        follows = self.follows
        data: dict[str, Any] = {
            "input": names[0] if single else list(names),
            "question": self.kind,
            "tokens": tokens[0] if single else tokens,
            "verdict": self.verdict,
            "A": None if self.A is None else [[rational_text(v) for v in row] for row in self.A],
            "follows": None if follows is None else {str(i): j for i, j in follows.items()},
            "condition": self.condition,
            "certificate": (certificates[0] if single else list(certificates)) if certificates else None,
        }
        if self.reason:
            data["reason"] = self.reason
        if not single:
            data["held"] = [names[c] for c in self.held]
        return data


def first_sets(configuration: Configuration) -> Sets:
    """The follow sets of layer 0."""
    return next(iter(configuration.dynamics().layers()))[1]


def leaders_at_0(configuration: Configuration) -> tuple[int, ...]:
    """The tokens that lead at layer 0."""
    return tuple(i for i, C in enumerate(first_sets(configuration)) if C == (i,))


def ask(
    kind: LeadingKind, configurations: Sequence[Configuration], wanted: Wanted, seconds: float | None = None
) -> ControlAnswer:
    """Answer a question about one configuration, or about several with one A.

    Args:
        kind: "lead", "alone" or "exactly".
        configurations: of hardmax models whose tokens follow the largest score; their A is not used.
        wanted: the tokens that are to lead: indices, or labels.
        seconds: a time limit for the search, in place of a budget of operations.

    Raises:
        InputError: a question that cannot be asked.
    """
    if not configurations:
        raise InputError("no configuration is given; give one at least")
    if not wanted:
        raise InputError("no token is given; give one that is to lead")
    if odd := [w for w in wanted if not isinstance(w, str | Integral) or isinstance(w, bool)]:
        raise InputError(f"{odd[0]!r} is no token; give an index or a label")
    if len(set(wanted)) < len(wanted):
        twice = next(w for w in wanted if list(wanted).count(w) > 1)
        raise InputError(f"{twice!r} is given twice; give every token once")
    wanted = [w if isinstance(w, str) else int(w) for w in wanted]
    known = {label for c in configurations for label in c.labels or ()}
    if missing := [w for w in wanted if isinstance(w, str) and w not in known]:
        where = "no token is so labelled" if known else "the tokens have no labels"
        raise InputError(f"{missing[0]!r}: {where}; give indices from 0 on, or labels of the file")
    inputs = tuple(_input(c, wanted) for c in configurations)
    question = Leading(kind, tuple(one.merged for one in inputs), tuple(one.leaders for one in inputs))
    decision = settle(question, seconds)
    answer = ControlAnswer(kind, inputs, "undecided", getattr(decision, "reason", ""), None, ())
    mirrored = kind != "lead" and any(map(_is_mirrored, inputs))
    if isinstance(decision, Possible):
        return _with_form(replace(answer, verdict="possible"), decision, tuple(range(len(inputs))))
    if isinstance(decision, Impossible) or mirrored:
        answer = _without(answer, question, decision, mirrored)
    if len(inputs) > 1:
        held, best = _greedily(question, seconds)
        if best is not None:
            return _with_form(answer, best, held)
    return answer


def _input(c: Configuration, wanted: Wanted) -> ControlInput:
    """A configuration with the tokens that are meant; a label may be missing in one of several."""
    if c.model.kind != "hardmax" or c.follow != "largest":
        other = f"of kind {c.model.kind!r}" if c.model.kind != "hardmax" else f"of follow {c.follow!r}"
        raise InputError(f"the model is {other}; give hardmax tokens that follow the largest score")
    tokens: list[int] = []
    for one in wanted:
        if isinstance(one, int) and not 0 <= one < c.n:
            raise InputError(f"there is no token {one}; they are numbered from 0 to {c.n - 1}")
        tokens += [one] if isinstance(one, int) else [i for i, label in enumerate(c.labels or ()) if label == one]
    if len(set(tokens)) < len(tokens):
        raise InputError(f"token {max(tokens, key=tokens.count)} is given twice; give every token once")
    if zero := [i for i in tokens if not any(c.tokens[i])]:
        raise InputError(
            f"token {zero[0]} is the origin, whose scores are all 0, so it follows every token; leave it out"
        )
    merged = c if c.is_distinct else c.merged()
    places = {z: i for i, z in enumerate(merged.tokens)}
    return ControlInput(c, merged, tuple(sorted(tokens)), tuple(sorted({places[c.tokens[i]] for i in tokens})))


def _with_form(answer: ControlAnswer, found: Possible, held: tuple[int, ...]) -> ControlAnswer:
    """The answer with an A, once the exact prover has said the same of each configuration.

    Raises:
        BugError: it says something else.
    """
    kind, inputs = answer.kind, answer.inputs
    results = []
    for c in held:
        result = prove(with_changes(inputs[c].merged, A=found.A), merge=False)
        sets, L = first_sets(result.configuration), inputs[c].leaders
        leads = all(sets[i] == (i,) for i in L)
        if kind != "lead":
            leads = leads and all(len(C) == 1 and C[0] in L for C in sets)
            outcome = result.outcome
            leads = leads and isinstance(outcome, Frozen) and set(outcome.leaders) == set(L)
        if not leads:
            raise BugError(f"the A that was found does not make the tokens {L} lead in the exact prover")
        results.append(result)
    return replace(answer, A=found.A, held=held, results=tuple(results))


def _is_mirrored(one: ControlInput) -> bool:
    """Whether −z_i is a token of the same weight for every i, while the leaders asked for are not their own image."""
    c = one.merged
    weight = dict(zip(c.tokens, c.multiplicities, strict=True))
    image: Mapping[tuple[Fraction, ...], tuple[Fraction, ...]] = {z: tuple(-v for v in z) for z in c.tokens}
    L = {c.tokens[i] for i in one.leaders}
    return all(weight.get(image[z]) == w for z, w in weight.items()) and {image[z] for z in L} != L


def _without(answer: ControlAnswer, question: Leading, decision: Settled, mirrored: bool) -> ControlAnswer:
    """The answer that there is no A: in which sense, and the certificate."""
    excluded = decision.excluded if isinstance(decision, Impossible) else ()
    line = bool(excluded) and question.d == 1 and all(c.is_nonzero for c in question.configurations)
    reason, later = SENSES[question.kind], MIRROR if mirrored else LINE if line else ""
    if later:
        reason = f"{reason.partition('; ')[0]}, {later}"
    refuted = {LAYER_0: True, FOR_EVER: bool(later)}
    document = no_a_certificate(question.kind, question.configurations, question.leaders, map(_data, excluded), refuted)
    return replace(answer, verdict="impossible", reason=reason, excluded=excluded, document=document)


def _data(e: Excluded) -> Exclusion:
    """An exclusion as it is written."""

    def numbers(multipliers: Iterable[Multiplier]) -> list[tuple[tuple[int, int, int], Fraction]]:
        return [((m.wish.c, m.wish.i, m.wish.p), m.y) for m in multipliers]

    whomever = [(one.place, one.matrix(), [numbers(case) for case in one.cases]) for one in e.whomever]
    return e.follows, numbers(e.multipliers), whomever


def _greedily(question: Leading, seconds: float | None) -> tuple[tuple[int, ...], Possible | None]:
    """The configurations of a part that one A satisfies, each added if it still can be, and that A."""
    held: list[int] = []
    best: Possible | None = None
    for c, (configuration, L) in enumerate(zip(question.configurations, question.leaders, strict=True)):
        if not L:
            held.append(c)
            continue
        single = Leading(question.kind, (configuration,), (L,))
        if best is None or not (question.kind == "lead" and single.holds(best.A, single.wishes())):
            part = [*held, c]
            smaller = Leading(
                question.kind,
                tuple(question.configurations[k] for k in part),
                tuple(question.leaders[k] for k in part),
            )
            if not isinstance(settle(single, seconds), Possible):
                continue
            found = settle(smaller, seconds, each_can=True)
            if not isinstance(found, Possible):
                continue
            best = found
        held.append(c)
    return tuple(held), best
