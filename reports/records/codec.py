"""Strict JSON of records, by msgspec: the types of a record's fields are its format, its reader, writer and schema.

Every key is required unless its field has a default, unknown keys are refused, and no value is converted: 1 is no
string, 1.0 no whole number. Of a key that is given twice the last one counts.

Neighbours: `record` declares the records, `store` reads and writes their files.
"""

import json
import re
from typing import Any, TypeVar

import msgspec

from ..printable import json_text, one_line


class RecordError(ValueError):
    """A record that cannot be read or written: one line that names the file, the place and what is required there.

    Common causes: a file that was cut off or edited by hand, a file of another version, a folder that no run wrote.
    """


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What all records are: frozen, and strict when read; fields that are equal to their default are not written."""


R = TypeVar("R", bound=Record)
MOST = 200
"""Characters of what a file holds that a message repeats."""


def loads(cls: type[R], text: str | bytes, where: str) -> R:
    """The record of class `cls` in a JSON text.

    Args:
        cls: a record class.
        text: the JSON text; as bytes, in UTF-8.
        where: the file (and line) for messages.

    Raises:
        RecordError: it is not JSON, a string in it is no text (half a surrogate pair), a number is not finite, a key
            is missing or unknown, or a value is not what it must be.
    """
    try:
        return msgspec.json.decode(text, type=cls)
    except msgspec.ValidationError as error:
        raise RecordError(f"{where}: {_fault(str(error))}") from None
    except (msgspec.DecodeError, UnicodeError) as error:
        raise RecordError(f"{where}: is not JSON: {str(error).removeprefix('JSON is malformed: ')}") from None


def _fault(message: str) -> str:
    """What msgspec says of a value that does not fit, with the place first."""
    what, _, place = message.removesuffix("`").rpartition(" - at `") if " - at `" in message else (message, "", "")
    place = place.replace("key` in `", "a key of ").replace("$.", "").replace("$", "")
    what = re.sub("^Expected (.+), got (.+)$", r"found \2; \1 is required", what).replace("`", "")
    what = re.sub("^Expected (str matching .+)$", r"\1 is required", what)
    if place in ("format", "version"):
        what += "; read it with the release of hardmax that wrote it"
    what = one_line(what)
    what = what if len(what) <= MOST else f"{what[:MOST]}..."
    return f"{place}: {what}" if place else what


def encode(record: Record) -> Any:
    """The JSON value of a record, as a reader of JSON gets it; keys in the order of the fields."""
    return json.loads(json.dumps(_plain(record)))


def _plain(record: Record) -> Any:
    return msgspec.to_builtins(record, str_keys=True)


def dumps(record: Record, *, readable: bool = False) -> str:
    """The JSON text of a record, the same for equal records; on one line unless `readable`.

    Raises:
        RecordError: a field does not hold what its type says, so that nothing is written that cannot be read.
    """
    name = type(record).__name__
    try:
        text = json_text(_plain(record), readable=readable)
    except (TypeError, ValueError) as error:  # no JSON value, not finite, or of more digits than Python converts
        raise RecordError(f"{name}: {error}") from None
    loads(type(record), text, name)
    return text


def schema(cls: type[Record]) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a record class; the files `schemas/*.schema.json` are these."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(cls)}
