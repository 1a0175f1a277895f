"""The certificate of a case: what is decided about it, checked before it is given away.

Neighbours: `clustering` decides, `certificates.writer` makes the file, `certificates.self_check` has it checked.
"""

from pathlib import Path

from ...kernels.exact.model import named
from ..certificates.evidence import CertifiedVerdict
from ..certificates.self_check import unchecked
from ..certificates.writer import Document, certificate, to_text, write_text
from ..provers.freeze.outcome import Frozen, Undecided
from ..provers.freeze.time_limit import OutOfTimeError, time_limit
from .case import Case
from .places import case_places
from .registry import theorem


def certificate_of(case: Case) -> Document | None:
    """The certificate of what is decided about a case, as its model's kind makes it; None if there is none.

    Args:
        case: a configuration under examination.
    """
    write = case.configuration.model.certificate
    return None if write is None else named(write)(case)


def clustering_certificate(case: Case) -> Document | None:
    """The certificate of all that is decided about the four claims of the clustering theorem, None if nothing is.

    Args:
        case: a configuration under examination.
    """
    outcome = case.outcome
    if isinstance(outcome, Undecided):
        return None
    claims: dict[str, CertifiedVerdict] = {}
    for claim in theorem():
        verdict = case.finding(claim).verdict
        if verdict == "verified" or verdict == "refuted":
            claims[claim.id] = verdict
    if not claims:
        return None
    placed = isinstance(outcome, Frozen) and outcome.leaders
    return certificate(outcome, claims, case_places(case) if placed else {})


def certificate_text(case: Case) -> str | None:
    """`certificate_of` as the text of a file.

    Raises:
        BugError: the independent checker refuses it.
    """
    document = certificate_of(case)
    if document is None:
        return None
    unchecked(document)
    return to_text(document)


def save_certificate(path: Path, case: Case, seconds: float | None = None) -> tuple[bool, str | None]:
    """Write the certificate of a case, if anything is decided and the independent checker does not refuse it.

    Args:
        path: the file, `*.cert.json`.
        case: the configuration, with its outcome.
        seconds: time to make the certificate, and as much again to check it; None for no limit of one's own.

    Returns:
        Whether it is written; and why not, or why it is written unchecked, if there is something to say.

    Raises:
        BugError: the checker refuses it; nothing is written.
        InputError: the file cannot be written.
    """
    try:
        with time_limit(seconds):
            document = certificate_of(case)
    except OutOfTimeError:
        return False, f"it takes longer than {seconds:g} seconds"
    if document is None:
        model = case.configuration.model
        return False, "nothing is decided" if model.certificate else f"models of kind {model.kind!r} have none"
    note = unchecked(document, seconds)
    write_text(path, to_text(document))
    return True, note
