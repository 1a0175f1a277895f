"""The checker's answer to a certificate of this program's own, before anybody else is given it.

Most are checked in a millisecond, right here. Long ones are checked in a process with limits on time and memory, which
leave a certificate unchecked but say nothing against it. A refusal does: it is a bug of this program.
"""

from collections.abc import Mapping
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ...kernels.errors import BugError
from .checker import Refused, check
from .checker.command import MEMORY, SECONDS, Answer, answers
from .writer import to_text

LONG_TEXT, MANY_LAYERS = 200_000, 2_000
"""Characters and layers up to which a certificate is checked in this process."""


def answer_to(document: Mapping[str, Any], seconds: float | None = None) -> Answer:
    """What the checker says about a certificate.

    Args:
        document: a certificate; what computes layers has them in its "itinerary".
        seconds: processor time for a long one; None for the checker's own limit.

    Returns:
        ("accepted", {claim: verdict}), ("refused", why) or ("not checked", why).
    """
    text, layers = to_text(document), sum(phase["layers"] for phase in document.get("itinerary", ()))
    if len(text) <= LONG_TEXT and layers <= MANY_LAYERS:
        try:
            return "accepted", check(text)
        except Refused as refusal:
            return "refused", str(refusal)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "own.cert.json"
        path.write_text(text, encoding="utf-8", newline="")
        (answer,) = answers([path], SECONDS if seconds is None else max(1, ceil(seconds)), MEMORY)
    return answer


def unchecked(document: Mapping[str, Any], seconds: float | None = None) -> str | None:
    """None if the checker accepts a certificate, or why it gives no answer.

    Args:
        document: what `writer.certificate` returned.
        seconds: see `answer_to`.

    Raises:
        BugError: it is refused, or accepted for other verdicts than it claims.
    """
    word, detail = answer_to(document, seconds)
    if word == "not checked":
        return detail
    claimed = {claim: verdict for claim, verdict in document["claims"].items() if verdict}
    if word != "accepted" or detail != claimed:
        raise BugError(f"the independent checker says to a certificate of this program: {word}, {detail}")
    return None
