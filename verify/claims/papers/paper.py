"""A paper as data: its statements in their order, each with the claim that examines it, or why none can.

Neighbours: the files ID.toml beside this one; `registry` has the claims; the command `hardmax paper` runs them.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from ....kernels.errors import InputError
from ..registry import Claim, select_claims


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a paper.

    Args:
        label: its label in print, or what it says where that is not known.
        says: the statement in one line.
        claim: what examines it; None where it cannot be settled here.
        why: why not.
        note: what else there is to know, e.g. who found it first; may be empty.
        recompute: "module:name" of a function without arguments that says in one sentence what can be recomputed.
    """

    label: str
    says: str
    claim: Claim | None
    why: str = ""
    note: str = ""
    recompute: str = ""


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper.

    Args:
        id: e.g. "arXiv:2407.01602".
        version: e.g. "v1": what is said here is said of it.
        title: its title.
        authors: their names.
        note: on its labels, for instance; may be empty.
        statements: in their order.
    """

    id: str
    version: str
    title: str
    authors: tuple[str, ...]
    note: str
    statements: tuple[Statement, ...]

    @property
    def claims(self) -> tuple[Claim, ...]:
        """The claims that examine it, each once."""
        return tuple({s.claim.id: s.claim for s in self.statements if s.claim is not None}.values())


def shipped_papers() -> tuple[str, ...]:
    """The numbers of the papers that ship, ascending."""
    names = (entry.name for entry in files("hardmax.verify.claims.papers").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def read_paper(wanted: str) -> Paper:
    """The paper of a number that ships ("2407.01602", "arXiv:2407.01602v1"), or of a file of one's own, *.toml.

    Raises:
        InputError: there is no such paper, or not in that version, its file is none, or it names a claim that there is
            not.
    """
    version = ""
    if wanted.endswith(".toml"):
        path = Path(wanted)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
            raise InputError(f"{wanted} cannot be read: {reason}; give the file of a paper") from None
    else:
        number, v, version = wanted.removeprefix("arXiv:").partition("v")
        version = v + version
        if number not in shipped_papers():
            raise InputError(
                f"there is no paper {wanted!r}; known are {', '.join(shipped_papers())}, and files of yours, *.toml"
            )
        text = (files("hardmax.verify.claims.papers") / f"{number}.toml").read_text(encoding="utf-8")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{wanted} is no TOML: {error}") from None
    paper = _paper(wanted, data)
    if version and version not in paper.version.split():
        raise InputError(f"{wanted}: what is said here is said of {paper.version}; give {paper.id} for that")
    return paper


def _paper(place: str, data: Mapping[str, Any]) -> Paper:
    """The paper that a file describes."""
    texts = {key: _text(place, data, key, optional=key == "note") for key in ("id", "version", "title", "note")}
    unknown = set(data) - {*texts, "authors", "statements"}
    authors, rows = data.get("authors"), data.get("statements")
    if unknown:
        raise InputError(
            f"{place}: unknown key {min(unknown)!r}; known are id, version, title, authors, note, statements"
        )
    if not isinstance(authors, list) or not authors or any(not isinstance(name, str) for name in authors):
        raise InputError(f"{place}: authors must be a list of names")
    if not isinstance(rows, list) or not rows or any(not isinstance(row, dict) for row in rows):
        raise InputError(f"{place}: statements must be tables, [[statements]], at least one")
    return Paper(**texts, authors=tuple(authors), statements=tuple(_statement(place, row) for row in rows))


def _statement(place: str, row: Mapping[str, Any]) -> Statement:
    """One statement: with a claim, or with its text and why no claim examines it."""
    label = _text(place, row, "label")
    where = f"{place}, {label!r}"
    unknown = set(row) - {"label", "statement", "claim", "why", "note", "recompute"}
    if unknown:
        raise InputError(
            f"{where}: unknown key {min(unknown)!r}; known are label, statement, claim, why, note, recompute"
        )
    optional = {key: _text(where, row, key, optional=True) for key in ("statement", "why", "note", "recompute")}
    says = optional.pop("statement")
    if "claim" not in row:
        if not says or not optional["why"]:
            raise InputError(f"{where}: without a claim it needs statement and why: what is not settled here, and why")
        return Statement(label, says, None, **optional)
    if optional["why"]:
        raise InputError(f"{where}: give claim or why, not both")
    claims = select_claims(_text(where, row, "claim"))
    if len(claims) != 1:
        raise InputError(f"{where}: {row['claim']!r} is {len(claims)} claims; give the id of one")
    return Statement(label, says or claims[0].statement, claims[0], **optional)


def _text(place: str, table: Mapping[str, Any], key: str, optional: bool = False) -> str:
    value = table.get(key, "" if optional else None)
    if not isinstance(value, str) or "\n" in value or not (value or optional):
        raise InputError(f"{place}: {key} must be a line of text")
    return value
