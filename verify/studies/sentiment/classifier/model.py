"""The classifier: embeddings E, K hardmax layers with one α (A = I), mean over tokens, linear decoder, sigmoid.

    p(positive) = σ(⟨v, z̄⟩ + b),      z̄ = (1/n) Σ_i z_i^K

Neighbours: `training` makes one, `hard_attention` has the layers, `proofs` reads its reviews as exact configurations.

Source: arXiv:2407.01602, section 4.
"""

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from importlib import resources
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .....kernels.errors import InputError
from .....kernels.exact.configuration import Configuration
from .....reports.records.files import write_file
from .....strategies.corpus import words
from .data import LENGTH, Bags, Ints, Padding, Vocabulary
from .hard_attention import Floats, Pooled, pool

Float32s = NDArray[np.float32]

SHIPPED = "model-d2.npz"
FORMAT = 1

ALPHAS = (1e-15, 1e15)
"""Between these λ = α / (1 + α) is neither 0 nor 1 in float64."""

PROVENANCE = {"recipe": dict, "command": str, "test_accuracy": float, "twin_test_accuracy": float}
"""What of the provenance is read again, each of it optional."""

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
        if self.padding not in ("masked", "kept"):
            raise InputError(f'the model has padding {self.padding!r}; it must be "masked" or "kept"')
        rows = len(self.vocabulary.words) + (self.padding == "kept")
        d = self.embeddings.shape[-1] if self.embeddings.ndim == 2 else 0
        for name, array, shape in (
            ("embeddings", self.embeddings, (rows, max(d, 1))),
            ("direction", self.direction, (d,)),
            ("bias", np.asarray(self.bias), ()),
        ):
            if array.shape != shape or array.dtype != np.float32 or not np.isfinite(array).all():
                raise InputError(
                    f"the model has {name} of shape {array.shape} and dtype {array.dtype} for a vocabulary of"
                    f" {len(self.vocabulary.words)} words with padding {self.padding}; finite float32 numbers of shape"
                    f" {shape} are required"
                )
        low, high = ALPHAS
        if not low <= self.alpha <= high:
            raise InputError(f"the model has alpha {self.alpha}; a number between {low:g} and {high:g} is required")
        if type(self.depth) is not int or not 0 <= self.depth <= DEEPEST:
            raise InputError(f"the model has depth {self.depth!r}; a whole number from 0 to {DEEPEST} is required")
        for name, kind in PROVENANCE.items():
            value = self.provenance.get(name)
            if not isinstance(value, kind | None):
                raise InputError(f"the model has {name} {value!r} in its provenance; {kind.__name__} is required")
        seed = self.provenance.get("recipe", {}).get("seed", 0)
        if type(seed) is not int or seed < 0:
            raise InputError(f"the model has the seed {seed!r} in its provenance; a whole number >= 0 is required")

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
            alpha=Fraction(self.alpha),
            labels=[self.vocabulary.name(int(t)) for t in tokens],
            multiplicities=None if counts is None else [int(w) for w in counts],
        )

    def save(self, path: Path) -> None:
        """Write the model to `path` (.npz), all of it or nothing.

        The file holds the vocabulary and the provenance as UTF-8 bytes, so reading it never unpickles anything.
        """
        file = BytesIO()
        np.savez_compressed(
            file,
            format=np.int64(FORMAT),
            embeddings=self.embeddings,
            direction=self.direction,
            bias=np.float32(self.bias),
            alpha=np.float64(self.alpha),
            depth=np.int64(self.depth),
            padding=np.bytes_(self.padding.encode()),
            vocabulary=np.frombuffer("\n".join(self.vocabulary.words).encode(), np.uint8),
            provenance=np.frombuffer(json.dumps(self.provenance, sort_keys=True).encode(), np.uint8),
        )
        write_file(Path(path), file.getvalue())

    @classmethod
    def load(cls, path: Path) -> "Classifier":
        """The model in a file that `save` wrote; nothing is unpickled.

        Raises:
            InputError: the file is absent, damaged, of another format, or its parts do not fit together.
        """
        path = Path(path)
        try:
            if path.is_file() and not zipfile.is_zipfile(path):  # NumPy would advise to unpickle it
                raise ValueError("it is no .npz archive")
            with np.load(path, allow_pickle=False) as arrays:
                if arrays["format"] != FORMAT:
                    raise InputError(f"the file has format {arrays['format']}; this version reads format {FORMAT}")
                return cls(
                    vocabulary=Vocabulary(tuple(arrays["vocabulary"].tobytes().decode().split("\n"))),
                    embeddings=arrays["embeddings"],
                    direction=arrays["direction"],
                    bias=arrays["bias"][()],
                    alpha=arrays["alpha"].item(),
                    depth=arrays["depth"].item(),
                    padding=arrays["padding"].item().decode(),
                    provenance=json.loads(arrays["provenance"].tobytes()),
                )
        except FileNotFoundError:
            raise InputError(
                f"{path} does not exist; train a model with: hardmax sentiment train --out {path}"
            ) from None
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror or error}") from None
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        except Exception as error:  # NumPy and zipfile raise nearly anything on a file that is damaged
            raise InputError(f"{path} is damaged or not a model file: {str(error) or type(error).__name__}") from None


def shipped_model() -> Classifier:
    """The model that comes with the package: d = 2, K = 8, α = 1."""
    with resources.as_file(resources.files("hardmax.verify.studies.sentiment.classifier").joinpath(SHIPPED)) as path:
        return Classifier.load(path)
