"""JSON Schemas of records, from the same type hints that read them; descriptions are the docstrings.

The files `schemas/*.schema.json` are these schemas; a test keeps them equal. Neighbour: `codec`.
"""

import dataclasses
import inspect
import re
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

from .codec import fields_of, header_of, is_required, without_none


def schema(cls: type) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a record class; descriptions are the docstrings."""
    definitions: dict[str, Any] = {}
    root = _schema(cls, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": cls.__name__,
        **root,
        "$defs": dict(sorted(definitions.items())),
    }


def _schema(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return {}
    if dataclasses.is_dataclass(hint):
        cls = typing.cast(type, hint)
        if cls.__name__ not in definitions:
            definitions[cls.__name__] = {}
            definitions[cls.__name__] = _record_schema(cls, definitions)
        return {"$ref": f"#/$defs/{cls.__name__}"}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is typing.Annotated:
        return {"type": "string", "pattern": f"^(?:{arguments[1].pattern})$", "description": arguments[1].meaning}
    if origin is types.UnionType or origin is typing.Union:
        return {"anyOf": [_schema(without_none(arguments), definitions), {"type": "null"}]}
    if origin is tuple:
        return {"type": "array", "items": _schema(arguments[0], definitions)}
    if origin is Mapping:
        names = {"propertyNames": {"pattern": "^(?:0|[1-9][0-9]{0,17})$"}} if arguments[0] is int else {}
        return {"type": "object", "additionalProperties": _schema(arguments[1], definitions), **names}
    return {"type": {str: "string", int: "integer", bool: "boolean", float: "number"}[hint]}


def _record_schema(cls: type, definitions: dict[str, Any]) -> dict[str, Any]:
    summary, described = _described(cls)
    properties: dict[str, Any] = {name: {"const": value} for name, value in header_of(cls).items()}
    for field, hint in fields_of(cls):
        entry = _schema(hint, definitions)
        properties[field.name] = {"description": described[field.name], **entry} if field.name in described else entry
    return {
        "type": "object",
        "description": summary,
        "properties": properties,
        "required": [*header_of(cls), *(f.name for f, _ in fields_of(cls) if is_required(f))],
        "additionalProperties": False,
    }


def _described(cls: type) -> tuple[str, dict[str, str]]:
    """The first paragraph of a class docstring, and its "Args" and those of its base class as name → text."""
    base = cls.__base__
    entries = _described(base)[1] if base is not None and dataclasses.is_dataclass(base) else {}
    summary, _, rest = inspect.cleandoc(cls.__doc__ or "").partition("\n\nArgs:\n")
    name = ""
    for line in rest.partition("\n\n")[0].splitlines():
        if match := re.match(r" {4}(\w+): (.*)", line):
            name = match[1]
            entries[name] = match[2]
        elif name:
            entries[name] += " " + line.strip()
    return " ".join(summary.split()), entries
