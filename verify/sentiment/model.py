"""The classifier: embeddings E, K hardmax layers with one α (A = I), mean over tokens, linear decoder, sigmoid.

    p(positive) = σ(⟨v, z̄⟩ + b),      z̄ = (1/n) Σ_i z_i^K

Neighbours: `training` makes one, `hard_attention` has the layers, `proofs` reads its reviews as exact configurations.

Source: arXiv:2407.01602, section 4.
"""

import json
import os
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...kernels.configuration import Configuration
from ...kernels.errors import InputError
from ...kernels.step import ConstantStep
from ...strategies.corpus import words
from .data import LENGTH, Bags, Ints, Padding, Vocabulary
from .hard_attention import Floats, Pooled, pool

Float32s = NDArray[np.float32]

SHIPPED = "model-d2.npz"
FORMAT = 1


@dataclass(frozen=True)
class Classifier:
    """A trained classifier.

    Args:
        vocabulary: V words.
        embeddings: (V, d) float32, a row a word; with padding "kept" one more row, the padding's.
        direction: (d,) float32, v.
        bias: float32, b.
        alpha: α > 0 of every layer, a float64.
        depth: K ≥ 0; 0 means no attention.
        padding: "masked" or "kept".
        provenance: where it comes from: recipe, data, accuracy, and the command that makes it again.

    Raises:
        InputError: sizes do not match, or a value is not finite or out of range.
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
        for name, array in (("embeddings", E), ("direction", v), ("bias", np.asarray(self.bias))):
            if array.dtype != np.float32:
                raise InputError(f"the model has {name} of dtype {array.dtype}; float32 is required")
            if not np.isfinite(array).all():
                raise InputError(f"the model has {name} that are not all finite")
        if not (np.isfinite(self.alpha) and self.alpha > 0):
            raise InputError(f"the model has alpha {self.alpha}; a finite number > 0 is required")
        if self.depth < 0:
            raise InputError(f"the model has depth {self.depth}; at least 0 is required")

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

    @classmethod
    def load(cls, path: Path) -> "Classifier":
        """The model in a file that `save` wrote.

        Raises:
            InputError: the file is absent, damaged, of another format, or its parts do not fit together.
        """
        path = Path(path)
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
                if int(file["format"]) != FORMAT:
                    raise InputError(f"{path} has format {int(file['format'])}; this version reads format {FORMAT}")
                fields = {name: file[name] for name in file.files}
            return cls(
                vocabulary=Vocabulary(tuple(fields["vocabulary"].tobytes().decode().split("\n"))),
                embeddings=fields["embeddings"],
                direction=fields["direction"],
                bias=np.float32(fields["bias"]) if fields["bias"].dtype == np.float32 else fields["bias"],
                alpha=float(fields["alpha"]),
                depth=int(fields["depth"]),
                padding=fields["padding"].item().decode(),
                provenance=json.loads(fields["provenance"].tobytes()),
            )
        except FileNotFoundError:
            raise InputError(
                f"{path} does not exist; train a model with: hardmax sentiment train --out {path}"
            ) from None
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        except KeyError as error:
            raise InputError(f"{path} is not a model file: {error.args[0]}") from None
        except (OSError, ValueError, TypeError, AttributeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise InputError(f"{path} is damaged or not a model file: {error}") from None


def shipped_model() -> Classifier:
    """The model that comes with the package: d = 2, K = 8, α = 1."""
    with resources.as_file(resources.files("hardmax.verify.sentiment").joinpath(SHIPPED)) as path:
        return Classifier.load(path)


def _bytes(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), np.uint8)


__all__ = ["SHIPPED", "Classifier", "shipped_model"]
