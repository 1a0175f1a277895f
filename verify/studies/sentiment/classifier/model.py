"""The classifier: embeddings E, K hardmax layers with one α (A = I), mean over tokens, linear decoder, sigmoid.

    p(positive) = σ(⟨v, z̄⟩ + b),      z̄ = (1/n) Σ_i z_i^K

Neighbours: `training` makes one, `hard_attention` has the layers, `proofs` reads its reviews as exact configurations.

Source: arXiv:2407.01602, section 4.
"""

import json
import os
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from importlib import resources
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .....kernels.errors import InputError
from .....kernels.exact.configuration import Configuration
from .....kernels.exact.step import ConstantStep
from .....strategies.corpus import words
from .data import LENGTH, Bags, Ints, Padding, Vocabulary
from .hard_attention import Floats, Pooled, pool

Float32s = NDArray[np.float32]

SHIPPED = "model-d2.npz"
FORMAT = 1
ARRAYS = ("format", "embeddings", "direction", "bias", "alpha", "depth", "padding", "vocabulary", "provenance")

ALPHAS = (1e-15, 1e15)
"""Between these λ = α / (1 + α) is neither 0 nor 1 in float64."""

DEEPEST = 1000
"""The largest K: every layer of a review is kept while it is pooled or explained."""


@dataclass(frozen=True)
class Classifier:
    """A trained classifier.

    Args:
        vocabulary: V words.
        embeddings: (V, d) float32, a row a word; with padding "kept" one more row, the padding's.
        direction: (d,) float32, v.
        bias: float32, b.
        alpha: α of every layer, a float64 in `ALPHAS`.
        depth: K, 0 … 1000; 0 means no attention.
        padding: "masked" or "kept".
        provenance: where it comes from: recipe, data, accuracy, and the command that makes it again, as JSON values.

    Raises:
        InputError: shapes do not match, or a value has another type, is not finite or out of range.
    """

    vocabulary: Vocabulary
    embeddings: Float32s
    direction: Float32s
    bias: np.float32
    alpha: float
    depth: int
    padding: Padding
    provenance: Mapping[str, Any]

    def __post_init__(self) -> None:
        rows = len(self.vocabulary.words) + (self.padding == "kept")
        E, v = self.embeddings, self.direction
        if self.padding not in ("masked", "kept"):
            raise InputError(f'the model has padding {self.padding!r}; it must be "masked" or "kept"')
        if E.ndim != 2 or len(E) != rows or E.shape[1] == 0:
            raise InputError(
                f"the model has embeddings of shape {E.shape} for a vocabulary of {len(self.vocabulary.words)} words"
                f" with padding {self.padding}; {rows} rows are required"
            )
        if v.shape != (E.shape[1],):
            raise InputError(f"the model has a decoder of shape {v.shape} for embeddings of dimension {E.shape[1]}")
        if np.shape(self.bias) != ():
            raise InputError(f"the model has a bias of shape {np.shape(self.bias)}; one number is required")
        for name, array in (("embeddings", E), ("direction", v), ("bias", np.asarray(self.bias))):
            if array.dtype != np.float32:
                raise InputError(f"the model has {name} of dtype {array.dtype}; float32 is required")
            if not np.isfinite(array).all():
                raise InputError(f"the model has {name} that are not all finite")
        low, high = ALPHAS
        if not low <= self.alpha <= high:
            raise InputError(f"the model has alpha {self.alpha}; a number between {low:g} and {high:g} is required")
        if type(self.depth) is not int or not 0 <= self.depth <= DEEPEST:
            raise InputError(f"the model has depth {self.depth!r}; a whole number from 0 to {DEEPEST} is required")
        _check_provenance(self.provenance)

    @property
    def dimension(self) -> int:
        """d."""
        return self.embeddings.shape[1]

    @property
    def rate(self) -> float:
        """λ = α / (1 + α), rounded to float64."""
        return self.alpha / (1.0 + self.alpha)

    def tokens(self, text: str) -> list[int]:
        """The tokens of a review, the padding included where it is kept.

        Raises:
            InputError: the text is empty or has no word of the vocabulary.
        """
        if not text.strip():
            raise InputError("the review is empty; give its text")
        tokens = self.vocabulary.tokens(words(text))
        if not tokens:
            raise InputError(
                f"the review has no word of the model's {len(self.vocabulary.words)}; give a longer review in English"
            )
        return tokens + [self.vocabulary.padding] * (LENGTH - len(tokens)) if self.padding == "kept" else tokens

    def pool(self, bags: Bags) -> Pooled:
        """The mean over tokens at layer K of each bag, in float64 from the float32 embeddings."""
        return pool(self.embeddings.astype(np.float64), bags, self.rate, self.depth)

    def logits(self, bags: Bags) -> Floats:
        """(m,) ⟨v, z̄⟩ + b of each bag; positive means a positive review."""
        return self.pool(bags).mean @ self.direction.astype(np.float64) + float(self.bias)

    def accuracy(self, bags: Bags, labels: Floats) -> float:
        """The share of bags whose class is that of their label."""
        return float(np.mean((self.logits(bags) > 0) == (labels > 0.5)))

    def word_logits(self) -> Floats:
        """(V,) ⟨v, E_i⟩ + b: the logit of a review that consists of that word alone."""
        return self.embeddings.astype(np.float64) @ self.direction.astype(np.float64) + float(self.bias)

    def embedding(self, word: str) -> list[float] | None:
        """The vector of a word, None for an unknown one."""
        token = self.vocabulary.index.get(word)
        return None if token is None else self.embeddings[token].tolist()

    def digest(self) -> str:
        """A digest of all numbers and words: equal for equal classifiers, whatever their provenance."""
        digest = sha256("\n".join(self.vocabulary.words).encode())
        for array in (self.embeddings, self.direction, np.asarray(self.bias)):
            digest.update(array.tobytes())
        digest.update(f"{self.alpha!r} {self.depth} {self.padding}".encode())
        return digest.hexdigest()

    def configuration(self, tokens: Sequence[int] | Ints, counts: Sequence[int] | Ints | None = None) -> Configuration:
        """The exact configuration of a review: its float32 embeddings as the dyadic rationals that they are.

        Args:
            tokens: (n,) tokens, in any order.
            counts: (n,) their multiplicities: the merged review; all 1 if None: the review as it stands.
        """
        exact = [[Fraction(x) for x in row] for row in self.embeddings[np.asarray(tokens)].tolist()]
        return Configuration(
            exact,
            step=ConstantStep(Fraction(self.alpha)),
            labels=[self.vocabulary.name(int(t)) for t in tokens],
            multiplicities=None if counts is None else [int(w) for w in counts],
        )

    def save(self, path: Path) -> None:
        """Write the model to `path` (.npz), all of it or nothing.

        The file holds the vocabulary and the provenance as UTF-8 bytes, so reading it never unpickles anything.
        """
        path = Path(path)
        partial = path.with_name(path.name + ".partial")
        try:
            with partial.open("wb") as file:
                np.savez_compressed(
                    file,
                    format=np.int64(FORMAT),
                    embeddings=self.embeddings,
                    direction=self.direction,
                    bias=np.float32(self.bias),
                    alpha=np.float64(self.alpha),
                    depth=np.int64(self.depth),
                    padding=np.bytes_(self.padding.encode()),
                    vocabulary=_bytes("\n".join(self.vocabulary.words)),
                    provenance=_bytes(json.dumps(self.provenance, sort_keys=True)),
                )
            os.replace(partial, path)
        finally:
            if partial.is_file():
                partial.unlink()

    @classmethod
    def load(cls, path: Path) -> "Classifier":
        """The model in a file that `save` wrote.

        Raises:
            InputError: the file is absent, damaged, of another format, or its parts do not fit together.
        """
        path = Path(path)
        try:
            return _from_arrays(read_arrays(path))
        except FileNotFoundError:
            raise InputError(
                f"{path} does not exist; train a model with: hardmax sentiment train --out {path}"
            ) from None
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror or error}") from None
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        except ValueError as error:
            raise InputError(f"{path} is damaged or not a model file: {error}") from None


def shipped_model() -> Classifier:
    """The model that comes with the package: d = 2, K = 8, α = 1."""
    with resources.as_file(resources.files("hardmax.verify.studies.sentiment.classifier").joinpath(SHIPPED)) as path:
        return Classifier.load(path)


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of an .npz file by name; nothing is unpickled.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no such file or damaged; the message says how, without the path.
    """
    with path.open("rb") as stream:
        if stream.read(4) != b"PK\x03\x04":  # NumPy would take it for a pickle and advise to allow those
            raise ValueError("it is no .npz archive")
        stream.seek(0)
        try:
            with np.load(stream, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
        except (ValueError, TypeError, KeyError, EOFError, SyntaxError, TokenError) as error:
            text = "an array in it holds Python objects" if "allow_pickle" in str(error) else str(error)
            raise ValueError(text) from None
        # RuntimeError: encrypted or compressed in an unknown way; MemoryError: a header that promises too much.
        except (RuntimeError, MemoryError, OverflowError, zipfile.BadZipFile, zlib.error) as error:
            raise ValueError(str(error) or type(error).__name__) from None
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise ValueError(f"{name} in it is no array")
    return arrays


def _from_arrays(arrays: Mapping[str, Any]) -> Classifier:
    """The classifier that `Classifier.save` wrote as these arrays; a ValueError says what is damaged."""
    if "format" in arrays and (version := _scalar(arrays, "format", "iu")) != FORMAT:
        raise InputError(f"the file has format {version}; this version reads format {FORMAT}")
    missing = [name for name in ARRAYS if name not in arrays]
    if missing:
        raise ValueError(f"it has no array {', '.join(missing)}")
    try:
        provenance = json.loads(_text(arrays, "provenance"))
    except RecursionError:
        raise ValueError("its provenance is nested too deep") from None
    return Classifier(
        vocabulary=Vocabulary(tuple(_text(arrays, "vocabulary").split("\n"))),
        embeddings=arrays["embeddings"],
        direction=arrays["direction"],
        bias=arrays["bias"][()],
        alpha=_scalar(arrays, "alpha", "f"),
        depth=_scalar(arrays, "depth", "iu"),
        padding=_scalar(arrays, "padding", "S").decode(),
        provenance=provenance,
    )


def _scalar(arrays: Mapping[str, NDArray[Any]], name: str, kinds: str) -> Any:
    """The one value of an array of these NumPy kinds, as a Python value."""
    array = arrays[name]
    if array.shape != () or array.dtype.kind not in kinds:
        raise ValueError(f"its {name} has shape {array.shape} and dtype {array.dtype}; {_KINDS[kinds]} is required")
    return array.item()


_KINDS = {"f": "one floating-point number", "iu": "one whole number", "S": "one byte string"}


def _text(arrays: Mapping[str, NDArray[Any]], name: str) -> str:
    """The text of an array of UTF-8 bytes."""
    if arrays[name].dtype != np.uint8:
        raise ValueError(f"its {name} has dtype {arrays[name].dtype}; UTF-8 bytes are required")
    return arrays[name].tobytes().decode()


def _check_provenance(provenance: Any) -> None:
    """Refuses what a reader of the provenance could stumble over later.

    Raises:
        InputError: it is no JSON object of finite numbers, or a key that is read has a value of another type.
    """
    if not isinstance(provenance, Mapping):
        raise InputError(f"the model has a provenance that is {_short(provenance)}; an object is required")
    try:
        json.dumps(provenance, sort_keys=True, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise InputError(f"the model has a provenance that is no JSON of finite numbers: {error}") from None
    for name, (holds, wanted) in _REQUIRED.items():
        if name in provenance and not holds(provenance[name]):
            raise InputError(f"the model has {name} {_short(provenance[name])} in its provenance; {wanted} is required")
    seed = provenance.get("recipe", {}).get("seed", 0)
    if not _is_count(seed):
        raise InputError(f"the model has the seed {_short(seed)} in its provenance; a whole number >= 0 is required")


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_share(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= 1


_REQUIRED: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(("recipe", "data", "versions"), (lambda value: isinstance(value, Mapping), "an object")),
    **dict.fromkeys(("validation_accuracy", "test_accuracy", "twin_test_accuracy"), (_is_share, "a number in [0, 1]")),
    "command": (lambda value: isinstance(value, str), "a string"),
    "epoch": (_is_count, "a whole number >= 0"),
}


def _short(value: Any) -> str:
    """`value` as a message can carry it."""
    if isinstance(value, list | Mapping):
        return "a list" if isinstance(value, list) else "an object"
    text = json.dumps(value, default=repr)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _bytes(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), np.uint8)


__all__ = ["ALPHAS", "DEEPEST", "SHIPPED", "Classifier", "read_arrays", "shipped_model"]
