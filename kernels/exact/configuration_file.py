"""Configuration files: JSON and .npz in, JSON out, every fault one line that names the file and the place.

JSON: `{"tokens": [["1", "1/2"], …], "A": [["2", "0"], ["0", "1"]], "alpha": "1/2", "labels": ["great", …]}`, and
optionally `"multiplicities": [2, 1, …]`, `"follow": "smallest"`, `"step": {"rule": "harmonic", "numerator": 2,
"offset": 2}` in place of alpha. Strings are integers, fractions or decimals; JSON numbers are read as the exact decimal
that they are. `.npz`: arrays `tokens`, `A`, `alpha` (floats are the dyadic rationals that they are), `labels`.

Neighbours: `configuration` validates shapes; the command line turns `InputError` into status 2.
"""

import io
import json
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from ..errors import ExactnessError, InputError
from .configuration import Configuration
from .rational_text import rational_text
from .step import ConstantStep, step_from_json

MAX_FILE_BYTES = 16_000_000
"""Larger files are refused: exact work on millions of numbers would not end."""
MAX_DIGITS = 5_000
"""Digits of one numerator or denominator. The smallest float64 written out as a decimal has 751 significant digits."""
MAX_EXPONENT = 5_000
"""Decimal exponent, either sign."""
MAX_WHOLE_DIGITS = 600
"""Digits of a multiplicity or of a number of a step: files hold these as JSON numbers, and Python can be set to read
and write no more than 640 digits of one."""

_KEYS = ("tokens", "A", "alpha", "labels", "multiplicities", "follow", "step")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:/\d+)?|(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?)", re.ASCII)
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


class _Number(str):
    """A JSON number as the text it was written in."""

    __slots__ = ()


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
            parse_int=_Number,
            parse_float=_Number,
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
    unknown = [key for key in data if key not in _KEYS]
    if unknown:
        raise InputError(f"unknown key {_quoted(unknown[0])}; known keys are {', '.join(_KEYS)}")
    if "tokens" not in data:
        raise InputError('the key "tokens" is missing; give a list of tokens, each a list of numbers')
    if "step" in data and "alpha" in data:
        raise InputError('"alpha" and "step" are both given; give one of them')
    fields: dict[str, Any] = {"tokens": _rows("tokens", data["tokens"])}
    if "A" in data:
        fields["A"] = _rows("A", data["A"])
    if "step" in data:
        fields["step"] = step_from_json(_step_fields(data["step"]))
    else:
        fields["step"] = ConstantStep(_number("alpha", data.get("alpha", 1)))
    if data.get("labels") is not None:
        fields["labels"] = _labels(data["labels"])
    if "multiplicities" in data:
        values = data["multiplicities"]
        if not isinstance(values, list):
            raise InputError("multiplicities must be a list of whole numbers, one a token")
        fields["multiplicities"] = [_whole(f"multiplicities[{i}]", v) for i, v in enumerate(values)]
    if "follow" in data:
        if data["follow"] not in ("largest", "smallest"):
            raise InputError(f'follow is {_quoted(data["follow"])}; it must be "largest" or "smallest"')
        fields["follow"] = str(data["follow"])
    return Configuration(**fields)


def configuration_to_json(configuration: Configuration) -> dict[str, Any]:
    """The JSON object of a configuration: rationals as strings in lowest terms, defaults left out but α.

    Returns:
        What `configuration_from_json` reads back as an equal configuration.
    """
    c = configuration
    data: dict[str, Any] = {
        "tokens": [[rational_text(v) for v in row] for row in c.tokens],
        "A": [[rational_text(v) for v in row] for row in c.A],
    }
    if isinstance(c.step, ConstantStep):
        data["alpha"] = c.step.to_json()
    else:
        data["step"] = c.step.to_json()
    if c.labels is not None:
        data["labels"] = list(c.labels)
    if max(c.multiplicities) > 1:
        data["multiplicities"] = list(c.multiplicities)
    if c.follow != "largest":
        data["follow"] = c.follow
    return data


def _refuse_constant(name: str) -> Any:
    raise InputError(f"{name} is not a number that can be exact; every value must be finite")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise InputError(f"the key {_quoted(twice)} is given twice; give it once")
    return result


def _quoted(value: Any) -> str:
    """`value` as JSON on one line, cut to what a message can carry."""
    text = str(value) if isinstance(value, _Number) else json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _labels(value: Any) -> list[str]:
    """Labels that can be written to a file: half a surrogate pair, which JSON and NumPy let through, is no text."""
    if not isinstance(value, list) or any(type(label) is not str for label in value):
        raise InputError("labels must be a list of strings, one a token")
    for i, label in enumerate(value):
        if half := _HALF.search(label):
            raise InputError(f"labels[{i}] holds {_quoted(half[0])}, half a surrogate pair; give text")
    return value


def _rows(name: str, value: Any) -> list[list[Fraction]]:
    if not isinstance(value, list) or not value:
        raise InputError(f"{name} is {_quoted(value)}; it must be a list of rows, each a list of numbers")
    rows = []
    for i, row in enumerate(value):
        if not isinstance(row, list) or not row:
            raise InputError(f"{name}[{i}] is {_quoted(row)}; it must be a list of numbers")
        rows.append([_number(f"{name}[{i}][{j}]", v) for j, v in enumerate(row)])
    return rows


def _number(place: str, value: Any) -> Fraction:
    """An exact number from an int, a Fraction or its text; floats and all else are refused."""
    if type(value) is int or type(value) is Fraction:
        return Fraction(value)
    if not isinstance(value, str):
        raise InputError(f"{place} is {_quoted(value)}; a number is required: an integer, a fraction or a decimal")
    if not _NUMBER.fullmatch(value):
        raise InputError(f'{place} is {_quoted(value)}; a number is required, like "3", "1/2" or "0.25"')
    mantissa, _, exponent = value.lower().partition("e")
    longest = max(map(len, re.split(r"[/.]", mantissa)))
    if longest > MAX_DIGITS or len(exponent) > 6 or abs(int(exponent or 0)) > MAX_EXPONENT:
        raise InputError(
            f"{place} is {_quoted(value)} ({len(value)} characters); at most {MAX_DIGITS} digits and an exponent of "
            f"at most {MAX_EXPONENT} are read"
        )
    numerator, _, denominator = mantissa.partition("/")
    whole, _, decimals = numerator.partition(".")
    bottom = _integer(denominator or "1")
    if bottom == 0:
        raise InputError(f"{place} is {_quoted(value)}, a division by zero; give a denominator other than 0")
    shift = int(exponent or 0) - len(decimals)
    return Fraction(_integer(whole + decimals) * 10 ** max(shift, 0), bottom * 10 ** max(-shift, 0))


def _integer(digits: str) -> int:
    """int(digits) in pieces below Python's limit for one conversion."""
    sign, digits = (-1, digits[1:]) if digits[:1] == "-" else (1, digits.removeprefix("+"))
    value = 0
    for start in range(0, len(digits), 4000):
        piece = digits[start : start + 4000]
        value = value * 10 ** len(piece) + int(piece)
    return sign * value


def _whole(place: str, value: Any) -> int:
    number = (
        _number(place, value) if isinstance(value, _Number | int) and value is not True and value is not False else None
    )
    if number is None or number.denominator != 1:
        raise InputError(f"{place} is {_quoted(value)}; a whole number is required")
    if abs(number) >= 10**MAX_WHOLE_DIGITS:
        raise InputError(f"{place} is {_quoted(value)}; a whole number of at most {MAX_WHOLE_DIGITS} digits is read")
    return int(number)


def _step_fields(value: Any) -> dict[str, object]:
    if not isinstance(value, Mapping):
        raise InputError('step must be an object like {"rule": "harmonic", "numerator": 2, "offset": 2}')
    return {k: _whole(f"step.{k}", v) if isinstance(v, _Number) else v for k, v in value.items()}


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
        raise InputError(f"unknown array {_quoted(unknown[0])}; known arrays are tokens, A, alpha, labels")
    if "tokens" not in arrays:
        raise InputError('the array "tokens" is missing; give an (n, d) array')
    labels: Sequence[str] | None = None
    if "labels" in arrays:
        if arrays["labels"].dtype.kind != "U" or arrays["labels"].ndim != 1:
            raise InputError("labels must be a 1-d array of strings, one a token")
        labels = _labels(arrays["labels"].tolist())
    return Configuration.from_floats(arrays["tokens"], arrays.get("A"), arrays.get("alpha", 1.0), labels=labels)


__all__ = [
    "configuration_from_json",
    "configuration_to_json",
    "parse_configuration",
    "path_text",
    "read_configuration",
]
