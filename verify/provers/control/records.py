"""The record of an answer, of which pages are made. Neighbours: `answers` holds what is recorded."""

from collections.abc import Sequence

from ....kernels.exact.configuration import with_changes
from ....kernels.exact.matrix import identity
from ....kernels.exact.rational_text import rational_text
from ....reports.records.control_record import ControlledRecord, ControlRecord, FormRecord, MultiplierRecord
from ...claims.conclusion import rows
from .answers import ControlAnswer, leaders_at_0
from .linear import can_lead


def control_record(names: Sequence[str], answer: ControlAnswer, certificates: Sequence[str] = ()) -> ControlRecord:
    """The record of an answer.

    Args:
        names: of the inputs.
        answer: the answer.
        certificates: the files that were written.
    """
    after = {c: leaders_at_0(result.configuration) for c, result in zip(answer.held, answer.results, strict=True)}
    return ControlRecord(
        question=answer.kind,
        verdict=answer.verdict,
        reason=answer.reason,
        A=None if answer.A is None else rows(answer.A),
        condition=answer.condition,
        inputs=tuple(
            ControlledRecord(
                input=name,
                tokens=rows(one.merged.tokens),
                labels=one.merged.labels,
                asked=one.leaders,
                can=can_lead(one.merged),
                before=leaders_at_0(with_changes(one.merged, A=identity(one.merged.d))),
                after=after.get(c),
            )
            for c, (name, one) in enumerate(zip(names, answer.inputs, strict=True))
        ),
        excluded=tuple(
            tuple(MultiplierRecord(*m.wish, y=rational_text(m.y)) for m in one.multipliers) for one in answer.excluded
        ),
        certificates=tuple(certificates),
        whomever=tuple(
            tuple(FormRecord(*one.place, rows(one.matrix())) for one in exclusion.whomever)
            for exclusion in answer.excluded
        ),
    )
