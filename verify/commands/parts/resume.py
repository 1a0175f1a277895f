"""A run that was stopped, gone on with: its journal, what it was begun with, and that nothing of it has changed.

Neighbours: `campaigns.journal` holds the lines, `output` the folder.
"""

import sys
from collections.abc import Collection, Iterable, Mapping
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from ....kernels.errors import InputError
from ...campaigns.journal import Journal
from .output import remove_what_is_made_anew, reopen


def about_run(command: str, places: Iterable[str], **asked: Any) -> dict[str, Any]:
    """What the first line of a run's journal says.

    Args:
        command: `verify` or `prove`.
        places: where claims, kernels, families or models come from; files of a user among them are kept by digest.
        asked: the options that decide what it finds, JSON values.
    """
    files = {where: file for where in map(_where, places) if (file := _file(where)) is not None}
    digests = {where: sha256(file.read_bytes()).hexdigest() for where, file in sorted(files.items())}
    return {"command": command, "version": version("hardmax"), "files": digests, **asked}


def _where(place: str) -> str:
    """The file or module of a place: `mine.py` and `pkg.module` of `mine.py:name` and `pkg.module:name`."""
    return place.strip().rpartition(":")[0] or place.strip()


def _file(where: str) -> Path | None:
    """The file that holds it, None for a glob of names; modules that are asked for are loaded by now."""
    file = where if where.endswith(".py") else getattr(sys.modules.get(where), "__file__", None)
    return Path(file) if file and Path(file).is_file() else None


def stopped_run(context: click.Context, folder: Path, command: str, free: Collection[str]) -> Journal:
    """The journal of a run of this command that was stopped in `folder`.

    Args:
        context: of the command, for the options that were typed.
        folder: what `--resume` names.
        command: its name.
        free: the options that may be given beside `--resume`.

    Raises:
        click.UsageError: another option was typed: the plan is in the folder.
        InputError: there is no such run there, the journal is damaged, or another version of hardmax began it.
    """
    typed = [p for p in context.params if context.get_parameter_source(p) is ParameterSource.COMMANDLINE]
    other = [p for p in typed if p not in free and p != "resume"]
    if other:
        name = next(p.opts[0] for p in context.command.params if p.name == other[0])
        raise click.UsageError(f"--resume goes on with the plan in {folder}; leave {name} out, or begin another run")
    journal = reopen(folder)
    if journal.about.get("command") != command:
        raise InputError(f"{folder} is the folder of another command, whose runs cannot be gone on with by {command}")
    then, now = journal.about["version"], version("hardmax")
    if then != now:  # asked first: another version has other options
        raise InputError(
            f"{folder} was begun by hardmax {then}, this is {now}; go on with that one, or start anew with --out and "
            "--overwrite"
        )
    return journal


def go_on(folder: Path, then: Mapping[str, Any], now: Mapping[str, Any], keep: Collection[str]) -> None:
    """Make a folder ready to go on in, unless the run's code has changed: its results would not belong together.

    Args:
        folder: of the run.
        keep: what stays in it besides journal and certificates; nothing goes where this is refused.
        then: what its journal says.
        now: what `about_run` says.

    Raises:
        InputError: a file of the user is another one.
    """
    for file, digest in then["files"].items():
        if now["files"].get(file) != digest:
            raise InputError(f"{file} has changed since {folder} was begun; start anew with --out and --overwrite")
    remove_what_is_made_anew(folder, keep)
