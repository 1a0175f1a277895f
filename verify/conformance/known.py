"""Known deviations: a text file in which a project lists the checks that its kernel does not pass, and why.

    # comment
    nan.visible        NaN is filtered out before the kernel is called
    batch.empty        batches always hold at least one review

One check a line, then the reason, which is required. An entry whose check passes is *stale* and is reported, so that
the list never grows beyond what is true.

Neighbours: `suite` applies the list.
"""

from collections.abc import Iterable
from pathlib import Path

from ...kernels.errors import InputError, nearest


def read_known(path: str | Path, ids: Iterable[str]) -> dict[str, str]:
    """The known deviations in a file: check id → reason.

    Args:
        path: the file.
        ids: the ids of all checks.

    Raises:
        InputError: the file cannot be read, or a line has no reason, names no check or repeats one.
    """
    known_ids = tuple(ids)
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    known: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        entry, reason = [*line.split(maxsplit=1), "", ""][:2]
        if not entry or entry.startswith("#"):
            continue
        if entry not in known_ids:
            raise InputError(f"{path}, line {number}: no check is called {entry!r}{_nearest(entry, known_ids)}")
        if not reason.strip():
            raise InputError(f"{path}, line {number}: {entry} has no reason; write it after the id")
        if entry in known:
            raise InputError(f"{path}, line {number}: {entry} is listed twice; keep one line")
        known[entry] = reason.strip()
    return known


def _nearest(entry: str, ids: tuple[str, ...]) -> str:
    close = nearest(entry, ids)
    return f"; did you mean {close}?" if close else f"; checks are {', '.join(ids)}"
