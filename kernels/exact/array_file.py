"""Configurations in files of arrays: `.npy`, `.npz`, `.pt` and rows of numbers as text, `.csv`.

A single array is the tokens. An archive, or a dictionary that torch saved, holds `tokens` and, as it likes, `A`,
`alpha`, `labels`, `multiplicities`, `follow`; or `gram` in place of `tokens`. Floats of arrays are the dyadic rationals
that they are, numbers in text the exact decimals or fractions that they are. Nothing is unpickled.

Neighbours: `configuration_file` chooses by name and first bytes, `array_values` reads numbers of arrays.
"""

import csv
import io
import pickle
import re
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any
from warnings import catch_warnings

from ..errors import InputError
from .configuration import Configuration
from .json_values import number, quoted, text_labels

MAX_FILE_BYTES = 16_000_000
"""Larger files are refused: exact work on millions of numbers would not end."""
_ARRAYS = ("tokens", "gram", "A", "alpha", "labels", "multiplicities", "follow")
_NAME = re.compile(r"(?!nan$|inf$|infinity$)[^\W\d].*", re.IGNORECASE)
"""The head of a column; a number that is none is no name."""
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    pickle.UnpicklingError,
    EOFError,
    ValueError,
    KeyError,
    IndexError,
    AttributeError,
    NotImplementedError,
    TypeError,
    MemoryError,
    OverflowError,
    RuntimeError,
    SyntaxError,
)
"""All that NumPy, torch and zipfile raise on files that are damaged, encrypted, pickled, or of another kind."""


def kind_of(suffix: str, data: bytes) -> str:
    """ "npz", "npy", "torch", "json" or "rows": what a file is, by its name, else by its first bytes."""
    known = {".npz": "npz", ".npy": "npy", ".pt": "torch", ".pth": "torch", ".json": "json"}.get(suffix.lower())
    if known is not None:
        return known
    if data.startswith(b"\x93NUMPY"):
        return "npy"
    if data.startswith(b"PK"):
        return "npz" if b".npy" in data[:200] else "torch"
    return "json" if data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[", b"") else "rows"


def from_rows(text: str) -> Configuration:
    """The configuration whose tokens are the lines of a text, numbers between commas, semicolons, tabs or spaces.

    Empty lines and lines that begin with # are skipped, and so is a first line of names.

    Raises:
        InputError: a cell is no number, or there is none; the message names line and column.
    """
    lines = [(i, line) for i, line in enumerate(text.splitlines(), 1) if line.strip() and line.lstrip()[0] != "#"]
    first = lines[0][1] if lines else ""
    separator = next((s for s in ",;\t" if s in first), None)
    rows = []
    for i, line in lines:
        cells = line.split() if separator is None else next(csv.reader([line], delimiter=separator))
        if i == lines[0][0] and all(_NAME.fullmatch(cell.strip()) for cell in cells):
            continue
        rows.append([number(f"line {i}, column {j}", cell.strip()) for j, cell in enumerate(cells, 1)])
        if len(rows[-1]) != len(rows[0]):
            raise InputError(f"line {i} has {len(cells)} numbers but the first row has {len(rows[0])}; all must agree")
    if not rows:
        raise InputError("holds no line of numbers; give one token a line, its coordinates separated by commas")
    return Configuration(rows)


def from_numpy(data: bytes, kind: str) -> Configuration:
    """The configuration in a `.npy` file or `.npz` archive; object arrays are never unpickled."""
    import numpy as np

    try:
        with io.BytesIO(data) as file:
            if kind == "npz":
                _refuse_large(data)
            elif not data.startswith(b"\x93NUMPY"):
                raise ValueError("it does not begin as one")
            loaded: Any = np.load(file, allow_pickle=False)
            if kind == "npz":
                with loaded as archive:
                    loaded = {name: archive[name] for name in archive.files}
    except _DAMAGED as error:
        what = ".npz archive of plain arrays" if kind == "npz" else ".npy file of a plain array"
        raise InputError(f"is not a readable {what}: {_said(error)}") from None
    return _from_arrays(loaded)


def from_torch(data: bytes) -> Configuration:
    """The configuration in a file that `torch.save` wrote, a tensor or a dictionary; nothing but tensors is loaded."""
    try:
        import torch
    except ImportError:
        raise InputError(
            "is a torch file, and torch is not installed; install it, or save the tokens as .npy"
        ) from None
    try:
        if data.startswith(b"PK"):
            _refuse_large(data)
        with catch_warnings(action="ignore"):  # of what is refused, or read rightly, in any case
            loaded = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except _DAMAGED as error:
        raise InputError(f"is not a readable torch file of tensors: {_said(error)}") from None
    if not isinstance(loaded, Mapping | torch.Tensor):
        raise InputError(f"holds a {type(loaded).__name__}; save a tensor (n, d), or a dictionary with tokens")
    return _from_arrays(loaded)


def _from_arrays(loaded: Any) -> Configuration:
    """The configuration of one array, or of arrays by name."""
    arrays = dict(loaded) if isinstance(loaded, Mapping) else {"tokens": loaded}
    if len(arrays) == 1 and "arr_0" in arrays:  # np.savez(file, tokens)
        arrays = {"tokens": arrays["arr_0"]}
    unknown = [name for name in arrays if name not in _ARRAYS]
    if unknown:
        raise InputError(f"unknown array {quoted(unknown[0])}; known arrays are {', '.join(_ARRAYS)}")
    if ("tokens" in arrays) == ("gram" in arrays):
        raise InputError('one of the arrays "tokens", (n, d), and "gram", (n, n), is needed; give one of them')
    if "labels" in arrays:
        labels = arrays["labels"]
        if hasattr(labels, "dtype") and (labels.dtype.kind != "U" or labels.ndim != 1):
            raise InputError("labels must be a 1-d array of strings, one a token")
        arrays["labels"] = text_labels(labels.tolist() if hasattr(labels, "tolist") else labels)
    if "gram" in arrays:
        unknown = [name for name in ("A", "follow") if name in arrays]
        if unknown:
            raise InputError(f"{unknown[0]} is given beside gram, which says what every score is; leave it out")
        return Configuration.from_gram(**arrays)
    if "follow" in arrays:
        arrays["follow"] = str(arrays["follow"])
    return Configuration.from_array(**arrays)


def _refuse_large(archive: bytes) -> None:
    """Refuse a zip archive whose files are too large once they are unpacked."""
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        size = sum(info.file_size for info in file.infolist())
    if size > MAX_FILE_BYTES:
        raise InputError(f"unpacks to {size} bytes; at most {MAX_FILE_BYTES} are read for exact work")


def _said(error: BaseException) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
