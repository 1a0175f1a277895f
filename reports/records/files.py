"""Files that are written completely or not at all. Neighbours: `store` and every writer of the package."""

import os
from collections.abc import Mapping
from contextlib import suppress
from errno import EISDIR, ENOTDIR
from itertools import takewhile
from pathlib import Path


def write_file(path: Path, content: str | bytes) -> None:
    """Write a file completely or not at all, parents included; arguments and errors as for `write_files`."""
    write_files({path: content})


def write_files(contents: Mapping[Path, str | bytes]) -> None:
    """Write all of some files or none: each beside its place first, and renamed when the last of them is complete.

    Args:
        contents: file → bytes, or text for UTF-8; missing folders are made, newlines stay as they are.

    Raises:
        OSError: a file cannot be written; it names the file. What was there before is still there, and nothing else;
            only where a rename fails after others, the files before it are new, and the error names them.
    """
    made: list[Path] = []
    renamed: list[str] = []
    path = Path()
    complete = False
    try:
        for path, content in contents.items():
            made += _make_folder(path.parent)
            _beside(path).write_bytes(content if isinstance(content, bytes) else content.encode())
        for path in contents:
            if path.is_dir():
                raise IsADirectoryError(EISDIR, "is a folder, where a file is to be written")
        complete = True
        for path in contents:
            _beside(path).replace(path)
            renamed.append(path.name)
    except OSError as error:
        new = f"; new already: {', '.join(renamed)}" if renamed else ""
        raise OSError(error.errno, f"{error.strerror or error}{new}", str(path)) from None
    finally:
        for each in contents:
            with suppress(FileNotFoundError, NotADirectoryError):
                _beside(each).unlink()
        if not complete:
            for folder in reversed(made):
                with suppress(OSError):  # another process has begun to use it
                    folder.rmdir()


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def is_part(name: str) -> bool:
    """Whether a file of that name was being written when the program was killed."""
    return name.startswith(".") and name.endswith(".part")


def _make_folder(folder: Path) -> list[Path]:
    """Make a folder and those that it lies in; those that were not there, the outermost first."""
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(ENOTDIR, "lies in a file, where a folder is needed")
    missing = list(takewhile(lambda f: not f.exists(), (folder, *folder.parents)))[::-1]
    folder.mkdir(parents=True, exist_ok=True)
    return missing
