"""Strict JSON for frozen dataclasses: the type hints of a record are its format, its reader and its writer.

A record class is a frozen dataclass whose fields have the types `str`, `int`, `float`, `bool`, `Literal[...]`,
`Annotated[str, Text(...)]`, another record, `tuple[X, ...]`, `Mapping[str, X]`, `Mapping[int, X]`, `X | None`, or `Any`
for a JSON value that is carried as it is. Every key is required unless its field has a default, unknown and repeated
keys are refused, and no value is converted: 1 is no float that could be an int, "1" no number. A class with `FORMAT`
and `VERSION` carries them as the first two keys.

Neighbours: `record` declares the records, `store` reads and writes their files, `schema` publishes the format.
"""

import dataclasses
import json
import math
import re
import types
import typing
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, ClassVar, Literal, TypeVar, get_args, get_origin

from ..printable import json_text


class RecordError(ValueError):
    """A record that cannot be read or written: one line that names the file, the place and what is required there.

    Common causes: a file that was cut off or edited by hand, a file of another version, a folder that no run wrote.
    """


@dataclasses.dataclass(frozen=True, slots=True)
class Text:
    """What a string must look like.

    Args:
        pattern: a regular expression that the whole string must match.
        meaning: the same in words, for messages and for the schema.
    """

    pattern: str
    meaning: str


class _FaultError(Exception):
    """A value that does not fit, and the path to it, innermost part first."""

    def __init__(self, value: Any, required: str) -> None:
        super().__init__()
        self.what = f"is {_shown(value)}; {required} is required"
        self.path: list[str] = []

    @classmethod
    def saying(cls, what: str) -> "_FaultError":
        fault = cls(None, "")
        fault.what = what
        return fault


def _shown(value: Any) -> str:
    """`value` on one line, cut to what a message can carry."""
    text = json.dumps(value, default=repr)
    return text if len(text) <= 60 else f"{text[:57]}..."


R = TypeVar("R")
Decoder = Callable[[Any], Any]


@cache
def _decoder(hint: Any) -> Decoder:
    """The function that turns a decoded JSON value into a value of the type `hint`, or raises `_FaultError`."""
    origin, arguments = get_origin(hint), get_args(hint)
    if dataclasses.is_dataclass(hint):
        return _record_decoder(typing.cast(type, hint))
    if hint in (str, int, bool):
        return _scalar_decoder(hint)
    if hint is float:
        return _float
    if hint is Any:
        return lambda value: value
    if origin is Literal:
        return _literal_decoder(arguments)
    if origin is typing.Annotated:
        return _text_decoder(arguments[1])
    if origin is types.UnionType or origin is typing.Union:
        return _optional_decoder(without_none(arguments))
    if origin is tuple and arguments[1:] == (Ellipsis,):
        return _list_decoder(arguments[0])
    if origin is Mapping:
        return _mapping_decoder(*arguments)
    raise TypeError(f"a record field cannot have the type {hint!r}")


def without_none(arguments: tuple[Any, ...]) -> Any:
    """X of the union X | None."""
    (inner,) = [a for a in arguments if a is not type(None)]
    return inner


_JSON_NAMES = {str: "a string", int: "a whole number", bool: "true or false"}


def _scalar_decoder(hint: type) -> Decoder:
    def decode(value: Any) -> Any:
        if type(value) is not hint:
            raise _FaultError(value, _JSON_NAMES[hint])
        return value

    return decode


def _float(value: Any) -> float:
    if type(value) not in (int, float) or not math.isfinite(value):
        raise _FaultError(value, "a finite number")
    return float(value)


def _literal_decoder(allowed: tuple[Any, ...]) -> Decoder:
    required = " or ".join(map(_shown, allowed)) if len(allowed) < 3 else f"one of {', '.join(map(_shown, allowed))}"

    def decode(value: Any) -> Any:
        if type(value) is not str or value not in allowed:
            raise _FaultError(value, required)
        return value

    return decode


def _text_decoder(text: Text) -> Decoder:
    matches = re.compile(text.pattern, re.ASCII).fullmatch

    def decode(value: Any) -> Any:
        if type(value) is not str or not matches(value):
            raise _FaultError(value, text.meaning)
        return value

    return decode


def _optional_decoder(inner: Any) -> Decoder:
    decode_inner = _decoder(inner)
    return lambda value: None if value is None else decode_inner(value)


def _list_decoder(item: Any) -> Decoder:
    decode_item = _decoder(item)

    def decode(value: Any) -> Any:
        if type(value) is not list:
            raise _FaultError(value, "a list")
        result: list[Any] = []
        try:
            for entry in value:
                result.append(decode_item(entry))  # the index of a fault is the length
        except _FaultError as fault:
            fault.path.append(f"[{len(result)}]")
            raise
        return tuple(result)

    return decode


def _mapping_decoder(key: type, item: Any) -> Decoder:
    decode_item = _decoder(item)
    number = re.compile(r"0|[1-9]\d{0,17}", re.ASCII)

    def decode(value: Any) -> Any:
        if type(value) is not dict:
            raise _FaultError(value, "an object")
        result: dict[Any, Any] = {}
        for name, entry in value.items():
            if key is int and not number.fullmatch(name):
                raise _FaultError.saying(f"has the key {_shown(name)}; its keys must be whole numbers >= 0")
            try:
                result[int(name) if key is int else name] = decode_item(entry)
            except _FaultError as fault:
                fault.path.append(f"[{_shown(name)}]")
                raise
        return result

    return decode


def _record_decoder(cls: type) -> Decoder:
    header = header_of(cls)
    fields = {f.name: (_decoder(hint), is_required(f)) for f, hint in fields_of(cls)}

    def decode(value: Any) -> Any:
        if type(value) is not dict:
            raise _FaultError(value, f"an object ({cls.__name__})")
        for name, wanted in header.items():
            if value.get(name) != wanted or type(value.get(name)) is not type(wanted):
                raise _FaultError.saying(
                    f"has {_shown(name)} {_shown(value.get(name))}; {_shown(wanted)} is required: "
                    f"read it with the release of hardmax that wrote it"
                )
        for name in value:
            if name not in fields and name not in header:
                raise _FaultError.saying(f"has the unknown key {_shown(name)}; known keys are {', '.join(fields)}")
        arguments: dict[str, Any] = {}
        for name, (decode_field, required) in fields.items():
            if name in value:
                try:
                    arguments[name] = decode_field(value[name])
                except _FaultError as fault:
                    fault.path.append(f".{name}")
                    raise
            elif required:
                raise _FaultError.saying(f"lacks the key {_shown(name)}")
        try:
            return cls(**arguments)
        except RecordError as error:
            raise _FaultError.saying(str(error)) from None

    return decode


def header_of(cls: type) -> dict[str, Any]:
    """The keys that tell the format and its version, for classes that start a file."""
    return {"format": cls.FORMAT, "version": cls.VERSION} if hasattr(cls, "FORMAT") else {}  # type: ignore[attr-defined]


@cache
def fields_of(cls: type) -> tuple[tuple[dataclasses.Field[Any], Any], ...]:
    """The fields of a record class with their resolved types."""
    hints = typing.get_type_hints(cls, include_extras=True)
    return tuple((f, hints[f.name]) for f in dataclasses.fields(cls) if get_origin(hints[f.name]) is not ClassVar)


def is_required(field: dataclasses.Field[Any]) -> bool:
    """Whether a record must have the field: it has no default."""
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def decode(cls: type[R], value: Any, where: str) -> R:
    """The record of class `cls` that a decoded JSON value is.

    Args:
        cls: a record class.
        value: what `json.loads` returns.
        where: the file (and line) for messages.

    Raises:
        RecordError: a key is missing or unknown, or a value is not what it must be.
    """
    try:
        return _decoder(cls)(value)
    except _FaultError as fault:
        place = "".join(reversed(fault.path)).removeprefix(".")
        raise RecordError(f"{where}: {place} {fault.what}" if place else f"{where}: {fault.what}") from None


def loads(cls: type[R], text: str, where: str) -> R:
    """The record of class `cls` in a JSON text; arguments and errors as for `decode`.

    Raises:
        RecordError: also: the text is not JSON, or a string in it is no text: it holds half a surrogate pair.
    """
    try:
        value = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_without_duplicates)
    except json.JSONDecodeError as error:
        raise RecordError(f"{where}: is not JSON: {error.msg} at line {error.lineno} column {error.colno}") from None
    except RecursionError:
        raise RecordError(f"{where}: is nested too deeply to be a record") from None
    except ValueError as error:  # RecordError of a hook, and integers beyond Python's limit for conversion
        raise RecordError(f"{where}: {error}") from None
    if _ESCAPED_HALF.search(text) and (half := _half_pair(value)) is not None:
        raise RecordError(f"{where}: holds {_shown(half)}, which is no text: half a surrogate pair is in it")
    return decode(cls, value, where)


_ESCAPED_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_HALF = re.compile(".{0,20}[\ud800-\udfff].{0,20}", re.DOTALL)


def _half_pair(value: Any) -> str | None:
    """The first half of a surrogate pair in the strings of a JSON value, with the text about it; keys are strings."""
    if isinstance(value, str):
        return match[0] if (match := _HALF.search(value)) else None
    parts = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((half for part in parts if (half := _half_pair(part)) is not None), None)


def _refuse_constant(name: str) -> Any:
    raise RecordError(f"holds {name}; every number must be finite")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        keys = [key for key, _ in pairs]
        raise RecordError(f"the key {_shown(next(k for k in keys if keys.count(k) > 1))} is given twice")
    return result


def encode(record: Any) -> Any:
    """The JSON value of a record; keys in the order of the fields, fields equal to their default left out.

    Raises:
        RecordError: a field does not hold what its type says, so that nothing is written that cannot be read.
    """
    value = _plain(record)
    decode(type(record), value, type(record).__name__)
    return value


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return header_of(type(value)) | {
            f.name: _plain(getattr(value, f.name))
            for f, _ in fields_of(type(value))
            if is_required(f) or getattr(value, f.name) != f.default
        }
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    return value


def dumps(record: Any, *, indent: int | None = None) -> str:
    """The JSON text of a record, the same for equal records; on one line if `indent` is None.

    Raises:
        RecordError: as `encode`.
    """
    return json_text(encode(record), indent=indent)
