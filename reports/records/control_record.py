"""The record of `hardmax control`: which tokens were asked to lead, the A found, or the multipliers that exclude all A.

Neighbours: `run_record` holds it.
"""

from typing import Literal

from .codec import Record, RecordError
from .configuration_record import Rational, Rows


class MultiplierRecord(Record, frozen=True):
    """y > 0 for the inequality z_iᵀA(z_j − z_p) > 0.

    Args:
        input: the index of the configuration.
        token: i.
        target: j.
        other: p.
        y: the multiplier.
    """

    input: int
    token: int
    target: int
    other: int
    y: Rational


class FormRecord(Record, frozen=True):
    """⟨A, N⟩ > 0 whomever of the leaders asked for a token follows.

    Args:
        input: the index of the configuration.
        token: the token.
        form: (d, d), N.
    """

    input: int
    token: int
    form: Rows


class ControlledRecord(Record, frozen=True):
    """One configuration of the question, with equal tokens merged.

    Args:
        input: its name.
        tokens: (n, d), one row a token.
        labels: one name a token, or null.
        asked: the tokens that are to lead.
        can: the tokens of which each by itself leads at layer 0 for some A (theorem A).
        before: those that lead at layer 0 with A = I.
        after: those that lead at layer 0 with the A found; null if that A is not for this configuration.
    """

    input: str
    tokens: Rows
    labels: tuple[str, ...] | None
    asked: tuple[int, ...]
    can: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...] | None

    def __post_init__(self) -> None:
        n = len(self.tokens)
        if any(not 0 <= i < n for i in (*self.asked, *self.can, *self.before, *(self.after or ()))):
            raise RecordError(f"{self.input} names a token beyond its {n} tokens")
        if self.labels is not None and len(self.labels) != n:
            raise RecordError(f"{self.input} has {len(self.labels)} labels for {n} tokens")


class ControlRecord(Record, frozen=True):
    """The answer of `hardmax control`.

    Args:
        question: "lead", "alone" or "exactly".
        verdict: whether a symmetric positive definite A does it in all inputs.
        reason: in which sense it is impossible, or why it is undecided; empty if possible.
        A: the A found, for the inputs with `after`; null if none was.
        condition: its condition number.
        inputs: the configurations.
        excluded: the multipliers of each exclusion.
        certificates: the files of the certificates.
        whomever: for each exclusion the forms that hold whomever some tokens follow.
    """

    question: Literal["lead", "alone", "exactly"]
    verdict: Literal["possible", "impossible", "undecided"]
    reason: str
    A: Rows | None
    condition: float | None
    inputs: tuple[ControlledRecord, ...]
    excluded: tuple[tuple[MultiplierRecord, ...], ...]
    certificates: tuple[str, ...]
    whomever: tuple[tuple[FormRecord, ...], ...] = ()

    def __post_init__(self) -> None:
        named = [(m.input, m.token, m.target, m.other) for exclusion in self.excluded for m in exclusion]
        named += [(one.input, one.token) for exclusion in self.whomever for one in exclusion]
        for c, *tokens in named:
            n = len(self.inputs[c].tokens) if 0 <= c < len(self.inputs) else 0
            if any(not 0 <= i < n for i in tokens):
                raise RecordError("an exclusion names a token or an input that is not there")
