"""Small changes to a certificate, from which the refusing examples are made.

An edit takes a copy of an accepted document and changes it in place; it is then sealed, so that not the seal but the
rule in question has to notice. An edit that returns a text has the file's last word, seal included.
"""

from collections.abc import Callable
from typing import Any

from hardmax.verify.certificates.writer import seal, to_text

Document = dict[str, Any]
Edit = Callable[[Document], str | None]


def sealed(document: Document) -> Document:
    """The document with the seal that belongs to it."""
    return {**document, "seal": seal(document)}


def put(value: Any, *path: str | int) -> Edit:
    """Set the member at `path`."""

    def edit(c: Any) -> None:
        for step in path[:-1]:
            c = c[step]
        c[path[-1]] = value

    return edit


def add(value: Any, *path: str | int) -> Edit:
    """Append to the array at `path`."""

    def edit(c: Any) -> None:
        for step in path:
            c = c[step]
        c.append(value)

    return edit


def drop(*path: str | int) -> Edit:
    """Delete the member at `path`."""

    def edit(c: Any) -> None:
        for step in path[:-1]:
            c = c[step]
        del c[path[-1]]

    return edit


def swap(i: int, j: int, *path: str | int) -> Edit:
    """Exchange two entries of the array at `path`."""

    def edit(c: Any) -> None:
        for step in path:
            c = c[step]
        c[i], c[j] = c[j], c[i]

    return edit


def both(*edits: Edit) -> Edit:
    """Several edits, one after the other."""

    def edit(c: Document) -> None:
        for one in edits:
            one(c)

    return edit


def text(old: str, new: str) -> Edit:
    """Replace the first `old` in the file's text by `new`; `old` has to occur."""

    def edit(c: Document) -> str:
        whole = to_text(c)
        if old not in whole:
            raise ValueError(f"{old!r} does not occur")
        return whole.replace(old, new, 1)

    return edit
