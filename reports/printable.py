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
WIDTH = 120
"""Characters of a line of JSON, if what stands on it can be parted."""
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


def json_text(value: Any, *, readable: bool = False) -> str:
    r"""The JSON text of a value: what cannot be seen as JSON's own escape, so that it reads back as it was.

    Half a surrogate pair is no text that a reader must accept. It comes from a file name that is not UTF-8, and is
    written as the six characters of its escape, `\udcff`.

    Args:
        value: what `json.dumps` takes.
        readable: on several lines: whatever fits into one stands on one. All on one line if false.
    """
    return _laid_out(value, "\n") if readable else _flat(value)


def _flat(value: Any) -> str:
    return _INVISIBLE.sub(_json_escape, json.dumps(value, ensure_ascii=False, allow_nan=False))


def _laid_out(value: Any, start: str) -> str:
    """The JSON text of a value; `start` begins the lines of what it is a part of."""
    flat = _flat(value)
    if len(start) + len(flat) <= WIDTH or not isinstance(value, (dict, list, tuple)):
        return flat
    inner = f"{start} "
    parts = [_laid_out(v, inner) for v in (value.values() if isinstance(value, dict) else value)]
    if isinstance(value, dict):
        parts = [f"{_flat(str(key))}: {part}" for key, part in zip(value, parts, strict=True)]
    return f"{flat[0]}{inner}{f',{inner}'.join(parts)}{start}{flat[-1]}"


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json_escape(match: re.Match[str]) -> str:
    escape = json.dumps(match[0])[1:-1]
    return f"\\{escape}" if "\ud800" <= match[0] <= "\udfff" else escape
