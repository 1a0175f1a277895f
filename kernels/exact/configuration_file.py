"""Configuration files: JSON, arrays or rows in, JSON out, every fault one line that names the file and the place.

JSON: `{"tokens": [["1", "1/2"], …], "A": [["2", "0"], ["0", "1"]], "alpha": "1/2", "labels": ["great", …]}`, and
optionally `"multiplicities": [2, 1, …]`, `"follow": "smallest"`, `"step": {"rule": "harmonic", "numerator": 2,
"offset": 2}` in place of alpha, and `"attention": {kind: {…}}` with the parameters of a model of another kind than
hardmax. `"gram": [["2", "1"], ["1", "2"]]`, the matrix of inner products, may stand in place of tokens. A list alone
is the tokens. Strings are integers, fractions or decimals; JSON numbers are read as the exact
decimal that they are.

Neighbours: `configuration` validates shapes, `model` knows the kinds, `json_values` reads numbers, `array_file` what is
no JSON; the command line turns `InputError` into status 2.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ..errors import ExactnessError, InputError
from .array_file import MAX_FILE_BYTES, from_numpy, from_rows, from_torch, kind_of
from .configuration import Configuration
from .json_values import JsonNumber, quoted, rows, text_labels, whole
from .model import SHARED_KEYS, model_of
from .rational_text import rational_text

if TYPE_CHECKING:
    from .gram import Gram

_KEYS = ("tokens", "A", "alpha", "step", "labels", "multiplicities", "follow", "attention")
"""All keys in the order in which they are written; those in `SHARED_KEYS` are the model's."""


def read_configuration(path: str | Path) -> Configuration:
    """The configuration in a file.

    Args:
        path: JSON, `.npy`, `.npz`, `.pt` (torch) or `.csv`, known by its name, else by its first bytes; "-" is the
            standard input.

    Raises:
        InputError: the file cannot be read or is not a configuration; the message names file and place.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise InputError("is a directory; give a configuration file (JSON, .npy, .npz, .pt or .csv)")
        try:
            if str(path) == "-":
                data = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
            else:
                with path.open("rb") as file:  # not by its size: a device or a pipe has none
                    data = file.read(MAX_FILE_BYTES + 1)
            if len(data) > MAX_FILE_BYTES:
                raise InputError(f"is larger than {MAX_FILE_BYTES} bytes; no more are read for exact work")
            kind = kind_of(path.suffix, data)
            if kind in ("npy", "npz"):
                return from_numpy(data, kind)
            if kind == "torch":
                return from_torch(data)
            text = data.decode("utf-8-sig")
            return parse_configuration(text) if kind == "json" else from_rows(text)
        except UnicodeDecodeError:
            raise InputError("is not UTF-8 text; give JSON or .csv in UTF-8, or .npy, .npz or .pt") from None
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path, or a standard input that is closed
            raise InputError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    except (InputError, ExactnessError) as error:
        raise InputError(f"{path_text(path)}: {error}") from None


def path_text(path: Path) -> str:
    """The path on one line, whatever bytes its name has; quoted if it is not plain."""
    text = "standard input" if str(path) == "-" else str(path)
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
    if isinstance(data, list):
        data = {"tokens": data}
    if not isinstance(data, Mapping):
        raise InputError('must be a list of tokens, or a JSON object with the key "tokens"')
    if "gram" in data:
        return _from_gram(data)
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
        raise InputError('the key "tokens" is missing; give a list of tokens, each a list of numbers, or "gram"')
    tokens = rows("tokens", data["tokens"])
    fields = {key: data[key] for key in SHARED_KEYS if key in data} | parameters
    return Configuration(tokens, model.from_json(fields, len(tokens[0])), **_of_tokens(data))


def _from_gram(data: Mapping[str, Any]) -> Configuration:
    """The configuration that the key `gram` describes, in place of `tokens`."""
    known = ("gram", "alpha", "step", "labels", "multiplicities")
    unknown = [key for key in data if key not in known]
    if unknown:
        raise InputError(f"unknown key {quoted(unknown[0])} beside gram; known keys are {', '.join(known)}")
    model = cast("type[Gram]", model_of("gram")).from_json(data, 0)
    return Configuration(model.tokens(), model, **_of_tokens(data))


def _of_tokens(data: Mapping[str, Any]) -> dict[str, Any]:
    """Labels and multiplicities."""
    labels, multiplicities = data.get("labels"), data.get("multiplicities", [])
    if not isinstance(multiplicities, list):
        raise InputError("multiplicities must be a list of whole numbers, one a token")
    weights = [whole(f"multiplicities[{i}]", v) for i, v in enumerate(multiplicities)]
    return {
        "labels": None if labels is None else text_labels(labels),
        "multiplicities": weights if "multiplicities" in data else None,
    }


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
