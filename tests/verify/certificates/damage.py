"""Damage a certificate in one place, in every way that a slip of the pen or of a program could.

`damage` changes the JSON value: a number, an index, a sign, a word; an item dropped, doubled, swapped or moved in; a
key dropped, renamed or added. `smudge` changes one place of the text.
"""

import copy
import json
import random
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from .edits import Document

WORDS = [
    ("verified", "refuted", None),
    ("largest", "smallest"),
    ("leader", "stationary", "R1", "R2", "R3"),
    ("constant", "harmonic"),
    ("frozen", "self-similar"),
    ("vertex", "projection", "neither", "interior", "outside"),
]


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths of all members below a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in items:
        yield (*path, key)
        yield from places(member, (*path, key))


def damage(document: Document, rng: random.Random) -> tuple[Document, str]:
    """A copy of the document with one place changed, and what was done."""
    result = copy.deepcopy(document)
    while True:
        path = rng.choice(list(places(document)))
        holder = result
        for step in path[:-1]:
            holder = holder[step]
        key = path[-1]
        what = _change(holder, key, rng)
        if what is not None and result != document:
            return result, f"{'/'.join(map(str, path))}: {what}"
        result = copy.deepcopy(document)


def _change(holder: Any, key: Any, rng: random.Random) -> str | None:
    """Change the member `key` of an array or an object, or the holder around it."""
    value = holder[key]
    kinds = ["drop", "value", "value", "value", "value"]
    if isinstance(holder, list):
        kinds += ["double", "swap"]
    else:
        kinds += ["rename", "add"]
    match rng.choice(kinds):
        case "drop":
            del holder[key]
            return "dropped"
        case "double":
            holder.insert(key, copy.deepcopy(value))
            return "doubled"
        case "swap":
            other = rng.randrange(len(holder))
            holder[key], holder[other] = holder[other], holder[key]
            return f"swapped with {other}"
        case "rename":
            holder[key + "s"] = holder.pop(key)
            return "renamed"
        case "add":
            holder[key + "s"] = copy.deepcopy(value)
            return "a key added"
        case _:
            holder[key] = new = _other(value, rng)
            return f"{json.dumps(value)[:60]} became {json.dumps(new)[:60]}"


def _other(value: Any, rng: random.Random) -> Any:
    """Another value of the same kind, or of a similar one."""
    if isinstance(value, int):
        return rng.choice([value + 1, max(0, value - 1), value + rng.randrange(1, 50), rng.randrange(4), 0])
    if value is None:
        return rng.choice(["verified", "1", ["1"], 0, {"kind": "outside", "normal": None}])
    if isinstance(value, list):
        return rng.choice([[], None, value[1:], [*value, *value]])
    if isinstance(value, dict):
        return rng.choice([{}, None, []])
    for words in WORDS:
        if value in words:
            return rng.choice(words)
    try:
        x = Fraction(value)
    except ValueError:
        return value[1:] or "0"
    choices = [-x, x + 1, x - 1, 2 * x, x / 3, Fraction(0), x + Fraction(1, 10**6), x.numerator, x.denominator]
    if x:
        choices.append(1 / x)
    return str(rng.choice(choices))


def smudge(text: str, rng: random.Random) -> tuple[str, str]:
    """The text with a character dropped, doubled, changed or moved, or a line dropped or doubled; and what was done."""
    i = rng.randrange(len(text))
    lines = text.splitlines(keepends=True)
    k = rng.randrange(len(lines))
    match rng.randrange(6):
        case 0:
            return text[:i] + text[i + 1 :], f"character {i} dropped"
        case 1:
            return text[:i] + text[i] + text[i:], f"character {i} doubled"
        case 2:
            new = rng.choice('0123456789-/",:[]{} ae')
            return text[:i] + new + text[i + 1 :], f"character {i} became {new!r}"
        case 3:
            return text[:i] + text[i : i + 2][::-1] + text[i + 2 :], f"characters {i} and {i + 1} swapped"
        case 4:
            return "".join(lines[:k] + lines[k + 1 :]), f"line {k} dropped"
        case _:
            return "".join(lines[:k] + lines[k : k + 1] * 2 + lines[k + 1 :]), f"line {k} doubled"
