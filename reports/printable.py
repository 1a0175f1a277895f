"""Text that comes from records, made safe to show: what cannot be seen is shown as its escape, everywhere the same.

A label may hold a terminal's control sequence, a NUL that no XML file may have, or a mark that turns the order of what
follows it. Neighbours: every format applies this to what it shows; `codec` writes files with it.
"""

import json
import re
from pathlib import Path
from typing import Any

_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u180e\u200b\u2028-\u202e\u2060-\u206f\ud800-\uf8ff\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)
"""Control characters but tab and newline, line and paragraph separators, marks that override the direction of text,
invisible and private characters, halves of surrogate pairs, and what no XML file may have. Joiners and the marks U+200E
and U+200F stay: Persian, Hindi or the emoji of a family cannot be written without them."""
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\u200f\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
_SPACE = re.compile("[ \t\r\n]+")


def printable(text: str) -> str:
    r"""`text` with every character that cannot be seen, or that acts on what shows it, as its escape: `\u001b`.

    Tabs and newlines stay; `\r\n` becomes a newline.
    """
    return _INVISIBLE.sub(_escape, text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """`printable` on one line, with single spaces."""
    return printable(_SPACE.sub(" ", text).strip(" "))


def isolated(text: str) -> str:
    """`text` so that, if it is written from right to left, it does not reorder what stands about it."""
    return f"\u2068{text}\u2069" if _RIGHT_TO_LEFT.search(text) else text


def path_text(path: Path) -> str:
    """The path on one line, whatever bytes its name has; quoted if it is not plain."""
    text = str(path)
    return text if text.isprintable() else repr(text)


def json_text(value: Any, *, indent: int | None = None) -> str:
    r"""The JSON text of a value: what cannot be seen as JSON's own escape, so that it reads back as it was.

    Half a surrogate pair is no text that a reader must accept. It comes from a file name that is not UTF-8, and is
    written as the six characters of its escape, `\udcff`.

    Args:
        value: what `json.dumps` takes.
        indent: as for `json.dumps`; all on one line if None.
    """
    text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    return _INVISIBLE.sub(_json_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json_escape(match: re.Match[str]) -> str:
    escape = json.dumps(match[0])[1:-1]
    return f"\\{escape}" if "\ud800" <= match[0] <= "\udfff" else escape
