"""Configuration files: JSON and .npz in, JSON out, every fault one line that names the file and the place.

JSON: `{"tokens": [["1", "1/2"], …], "A": [["2", "0"], ["0", "1"]], "alpha": "1/2", "labels": ["great", …]}`, and
optionally `"multiplicities": [2, 1, …]`, `"follow": "smallest"`, `"step": {"rule": "harmonic", "numerator": 2,
"offset": 2}` in place of alpha, and `"attention": {kind: {…}}` with the parameters of a model of another kind than
hardmax. Strings are integers, fractions or decimals; JSON numbers are read as the exact decimal that they are. `.npz`:
arrays `tokens`, `A`, `alpha` (floats are the dyadic rationals that they are), `labels`.

Neighbours: `configuration` validates shapes, `model` knows the kinds, `json_values` reads numbers; the command line
turns `InputError` into status 2.
"""

import io
import json
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import ExactnessError, InputError
from .configuration import Configuration
from .json_values import JsonNumber, quoted, rows, whole
from .model import SHARED_KEYS, model_of
from .rational_text import rational_text

MAX_FILE_BYTES = 16_000_000
"""Larger files are refused: exact work on millions of numbers would not end."""
_KEYS = ("tokens", "A", "alpha", "step", "labels", "multiplicities", "follow", "attention")
"""All keys in the order in which they are written; those in `SHARED_KEYS` are the model's."""
_HALF = re.compile("[\ud800-\udfff]")

_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    ValueError,
    KeyError,
    AttributeError,
    NotImplementedError,
    TypeError,
    MemoryError,
    OverflowError,
    SyntaxError,
)
"""All that NumPy and zipfile raise on archives that are damaged, encrypted, pickled, or no archives."""


def read_configuration(path: str | Path) -> Configuration:
    """The configuration in a file.

    Args:
        path: a `.npz` file, or JSON of any other name.

    Raises:
        InputError: the file cannot be read or is not a configuration; the message names file and place.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise InputError("is a directory; give a configuration file (JSON or .npz)")
        try:
            with path.open("rb") as file:  # not by its size: a device or a pipe has none
                data = file.read(MAX_FILE_BYTES + 1)
            if len(data) > MAX_FILE_BYTES:
                raise InputError(f"is larger than {MAX_FILE_BYTES} bytes; no more are read for exact work")
            return _from_npz(data) if path.suffix == ".npz" else parse_configuration(data.decode("utf-8"))
        except UnicodeDecodeError:
            raise InputError("is not UTF-8 text; give JSON, or name the file .npz if it is one") from None
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            raise InputError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    except (InputError, ExactnessError) as error:
        raise InputError(f"{path_text(path)}: {error}") from None


def path_text(path: Path) -> str:
    """The path on one line, whatever bytes its name has; quoted if it is not plain."""
    text = str(path)
    return text if text.isprintable() else repr(text)


def parse_configuration(text: str) -> Configuration:
    """The configuration that a JSON text describes.

    Raises:
        InputError: the text is not JSON or not a configuration; the message names the place.
    """
    try:
        data = json.loads(
            text,
            parse_int=JsonNumber,
            parse_float=JsonNumber,
            parse_constant=_refuse_constant,
            object_pairs_hook=_without_duplicates,
        )
    except json.JSONDecodeError as error:
        raise InputError(f"is not JSON: {error.msg} at line {error.lineno} column {error.colno}") from None
    except RecursionError:
        raise InputError("is nested too deeply; a configuration is an object of lists of numbers") from None
    return configuration_from_json(data)


def configuration_from_json(data: Any) -> Configuration:
    """The configuration that a decoded JSON value describes (numbers as str, int or Fraction, never float).

    Raises:
        InputError: a key is missing or unknown, or a value is not what it must be.
    """
    if not isinstance(data, Mapping):
        raise InputError('must be a JSON object with the key "tokens"')
    kind, parameters = _attention(data.get("attention", {"hardmax": {}}))
    model = model_of(kind)
    known = [key for key in _KEYS if key not in SHARED_KEYS or key in model.keys]
    unknown = [key for key in data if key not in known]
    if unknown:
        raise InputError(f"unknown key {quoted(unknown[0])}; known keys are {', '.join(known)}")
    apart = [key for key in model.keys if key not in SHARED_KEYS]
    unknown = [key for key in parameters if key not in apart]
    if unknown:
        takes = f"known ones are {', '.join(apart)}" if apart else "it has none"
        raise InputError(f"unknown parameter {quoted(unknown[0])} of the model {kind}; {takes}")
    if "tokens" not in data:
        raise InputError('the key "tokens" is missing; give a list of tokens, each a list of numbers')
    tokens = rows("tokens", data["tokens"])
    fields = {key: data[key] for key in SHARED_KEYS if key in data} | parameters
    labels, multiplicities = data.get("labels"), data.get("multiplicities", [])
    if not isinstance(multiplicities, list):
        raise InputError("multiplicities must be a list of whole numbers, one a token")
    return Configuration(
        tokens,
        model.from_json(fields, len(tokens[0])),
        labels=None if labels is None else _labels(labels),
        multiplicities=[whole(f"multiplicities[{i}]", v) for i, v in enumerate(multiplicities)]
        if "multiplicities" in data
        else None,
    )


def configuration_to_json(configuration: Configuration) -> dict[str, Any]:
    """The JSON object of a configuration: rationals as strings in lowest terms, defaults left out but α.

    Returns:
        What `configuration_from_json` reads back as an equal configuration.
    """
    c, fields = configuration, configuration.model.to_json()
    data: dict[str, Any] = {
        "tokens": [[rational_text(v) for v in row] for row in c.tokens],
        "labels": None if c.labels is None else list(c.labels),
        "multiplicities": list(c.multiplicities) if max(c.multiplicities) > 1 else None,
        **{key: value for key, value in fields.items() if key in SHARED_KEYS},
    }
    if c.model.kind != "hardmax":
        data["attention"] = {c.model.kind: {key: v for key, v in fields.items() if key not in SHARED_KEYS}}
    return {key: data[key] for key in _KEYS if data.get(key) is not None}


def _attention(value: Any) -> tuple[str, dict[str, Any]]:
    """The kind of model and its parameters."""
    kinds = list(value.items()) if isinstance(value, Mapping) else []
    if len(kinds) != 1 or not isinstance(kinds[0][1], Mapping):
        raise InputError(f'attention is {quoted(value)}; it must name one kind of model: {{"KIND": {{…}}}}')
    return kinds[0][0], dict(kinds[0][1])


def _refuse_constant(name: str) -> Any:
    raise InputError(f"{name} is not a number that can be exact; every value must be finite")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise InputError(f"the key {quoted(twice)} is given twice; give it once")
    return result


def _labels(value: Any) -> list[str]:
    """Labels that can be written to a file: half a surrogate pair, which JSON and NumPy let through, is no text."""
    if not isinstance(value, list) or any(type(label) is not str for label in value):
        raise InputError("labels must be a list of strings, one a token")
    for i, label in enumerate(value):
        if half := _HALF.search(label):
            raise InputError(f"labels[{i}] holds {quoted(half[0])}, half a surrogate pair; give text")
    return value


def _from_npz(data: bytes) -> Configuration:
    """The configuration in an .npz archive; object arrays are never unpickled."""
    import numpy as np

    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            sizes = [info.file_size for info in archive.zip.infolist()] if archive.zip else []
            if sum(sizes) > MAX_FILE_BYTES:
                raise InputError(f"unpacks to {sum(sizes)} bytes; at most {MAX_FILE_BYTES} are read for exact work")
            arrays: dict[str, Any] = {name: archive[name] for name in archive.files}
    except _DAMAGED as error:
        raise InputError(
            f"is not a readable .npz archive of plain arrays: {' '.join(str(error).split())[:120]}"
        ) from None
    unknown = [name for name in arrays if name not in ("tokens", "A", "alpha", "labels")]
    if unknown:
        raise InputError(f"unknown array {quoted(unknown[0])}; known arrays are tokens, A, alpha, labels")
    if "tokens" not in arrays:
        raise InputError('the array "tokens" is missing; give an (n, d) array')
    labels: Sequence[str] | None = None
    if "labels" in arrays:
        if arrays["labels"].dtype.kind != "U" or arrays["labels"].ndim != 1:
            raise InputError("labels must be a 1-d array of strings, one a token")
        labels = _labels(arrays["labels"].tolist())
    return Configuration.from_floats(arrays["tokens"], arrays.get("A"), arrays.get("alpha", 1.0), labels=labels)
