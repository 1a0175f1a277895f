"""Training the classifier: mini-batches, Adam, word dropout, the epoch chosen on validation.

The same loop serves both paths; they differ in where the gradient comes from. Through the hard layers it is a
recursion on weights: with g = σ(⟨v, z̄⟩ + b) − y and the weights c of `hard_attention`,

    ∂/∂E_i = g c_i v,      ∂/∂v = g z̄,      ∂/∂b = g,      ∂/∂log α = g ⟨v, ∂z̄/∂λ⟩ λ (1 − λ),

so embeddings move along the decoder's direction v alone: what is selected is never itself learned.

Neighbours: `data` has the splits, `model` is the result, `softmax_attention` the other gradient.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np

from .....kernels.errors import InputError
from .data import Bags, Dataset
from .hard_attention import Floats, pool
from .model import ALPHAS, DEEPEST, Classifier
from .softmax_attention import TEMPERATURE, require_torch, softmax_gradients

Parameters = dict[str, Floats]
BETAS = (0.9, 0.999)
EPSILON = 1e-8
RANGES = {
    "dimension": (1, 4096),
    "depth": (0, DEEPEST),
    "alpha": ALPHAS,
    "temperature": (1e-9, 1e9),
    "epochs": (1, 10**6),
    "batch": (1, 10**6),
    "rate": (1e-12, 1.0),
    "seed": (0, 2**63),
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that a training run depends on besides the reviews.

    Args:
        dimension: d, 1 … 4096.
        depth: K, 0 … 1000; 0 is the twin without attention.
        alpha: α in `model.ALPHAS`, fixed unless `learn_alpha`.
        learn_alpha: whether α is trained too, from that start (as in the paper).
        attention: "hard" or "softmax": the layers through which the gradient flows. Accuracy is always that of the
            hard layers.
        temperature: τ of softmax attention, 1e-9 … 1e9.
        epochs: ≥ 1.
        batch: reviews a step, ≥ 1.
        rate: Adam's step size, 1e-12 … 1.
        dropout: the probability in [0, 1) with which each word of a training review is left out.
        seed: of initial values, order and dropout.

    Raises:
        InputError: a value is out of range.
    """

    dimension: int = 2
    depth: int = 8
    alpha: float = 1.0
    learn_alpha: bool = False
    attention: Literal["hard", "softmax"] = "hard"
    temperature: float = TEMPERATURE
    epochs: int = 8
    batch: int = 64
    rate: float = 1e-2
    dropout: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            if not low <= getattr(self, name) <= high:
                raise InputError(f"{name} is {getattr(self, name)}; give a number between {low:g} and {high:g}")
        if not 0 <= self.dropout < 1:
            raise InputError(f"dropout is {self.dropout}; give a probability in [0, 1)")
        if self.attention not in ("hard", "softmax"):
            raise InputError(f'attention is {self.attention!r}; it must be "hard" or "softmax"')


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one epoch ended with.

    Args:
        loss: the mean cross-entropy of its batches, under dropout, by the layers that are trained through.
        validation: the accuracy of the hard layers on the validation part.
        watched: the same on parts that are looked at but never chosen by.
    """

    loss: float
    validation: float
    watched: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Trained:
    """The result of a run: the classifier of the epoch with the best validation accuracy (the first of equals)."""

    model: Classifier
    chosen: int
    history: tuple[Epoch, ...]


def hard_gradients(parameters: Parameters, bags: Bags, labels: Floats, depth: int) -> tuple[float, Parameters]:
    """The mean cross-entropy of a batch and its gradients through the selected values.

    Args:
        parameters: "embeddings" (V, d), "direction" (d,), "bias" () and "log_alpha" (), float64.
        bags: the batch of m reviews.
        labels: (m,) 0 or 1.
        depth: K.

    Returns:
        The loss and one array for each parameter.
    """
    E, v = parameters["embeddings"], parameters["direction"]
    rate = _sigmoid(parameters["log_alpha"])  # λ = α / (1 + α)
    pooled = pool(E, bags, float(rate), depth)
    logits = pooled.mean @ v + parameters["bias"]
    loss = np.mean(np.logaddexp(0.0, logits) - labels * logits)
    g = (_sigmoid(logits) - labels) / len(bags)
    along = np.bincount(bags.tokens, weights=pooled.weights * g[bags.rows], minlength=len(E))
    return float(loss), {
        "embeddings": along[:, None] * v,
        "direction": g @ pooled.mean,
        "bias": np.asarray(g.sum()),
        "log_alpha": np.asarray(g @ (pooled.slope @ v) * rate * (1 - rate)),
    }


def train(
    dataset: Dataset,
    recipe: Recipe,
    *,
    watch: Mapping[str, tuple[Bags, Floats]] | None = None,
    progress: Callable[[int, float], None] | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> Trained:
    """A classifier trained by the recipe on the training part, its epoch chosen on the validation part.

    Args:
        dataset: the encoded reviews; the test part is not touched.
        recipe: the run's settings.
        watch: parts whose accuracy is written down each epoch.
        progress: called after each step with the epoch and the share of it that is done.
        provenance: written into the model, the recipe and accuracies added.

    Raises:
        InputError: torch is needed and absent, or a learned α runs away.
    """
    if recipe.attention == "softmax":
        require_torch()
    train_part, validation_part = dataset.part("train"), dataset.part("validation")
    rng = np.random.default_rng(recipe.seed)
    parameters = _initial(len(dataset.vocabulary.words) + (dataset.padding == "kept"), recipe, rng)
    adam, best, chosen = Adam(parameters, recipe.rate), None, 0
    history: list[Epoch] = []
    for epoch in range(recipe.epochs):
        losses = []
        for share, loss, gradients in _steps(*train_part, parameters, recipe, rng):
            adam.step(gradients)
            losses.append(loss)
            if progress is not None:
                progress(epoch, share)
        model = _classifier(dataset, recipe, parameters)
        history.append(
            Epoch(
                loss=float(np.mean(losses)),
                validation=model.accuracy(*validation_part),
                watched={name: model.accuracy(*part) for name, part in (watch or {}).items()},
            )
        )
        if best is None or history[epoch].validation > history[chosen].validation:
            best, chosen = model, epoch
    assert best is not None  # there is an epoch
    record = dict(provenance or {}) | {
        "recipe": asdict(recipe),
        "epoch": chosen + 1,
        "validation_accuracy": history[chosen].validation,
    }
    return Trained(replace(best, provenance=record), chosen, tuple(history))


def _initial(rows: int, recipe: Recipe, rng: np.random.Generator) -> Parameters:
    """What training starts from: E ~ N(0, 1), v and b uniform in ±1/√d."""
    d = recipe.dimension
    return {
        "embeddings": rng.standard_normal((rows, d)),
        "direction": rng.uniform(-1, 1, d) / np.sqrt(d),
        "bias": np.asarray(rng.uniform(-1, 1) / np.sqrt(d)),
        "log_alpha": np.asarray(np.log(recipe.alpha)),
    }


def _steps(
    bags: Bags, labels: Floats, parameters: Parameters, recipe: Recipe, rng: np.random.Generator
) -> Iterator[tuple[float, float, Parameters]]:
    """One pass over the training part: how much of it is done, the loss of the batch, its gradients."""
    order = rng.permutation(len(bags))
    for begin in range(0, len(order), recipe.batch):
        chosen = order[begin : begin + recipe.batch]
        batch = bags.take(chosen).thinned(recipe.dropout, rng) if recipe.dropout else bags.take(chosen)
        if recipe.attention == "hard":
            loss, gradients = hard_gradients(parameters, batch, labels[chosen], recipe.depth)
        else:
            loss, gradients = softmax_gradients(parameters, batch, labels[chosen], recipe.depth, recipe.temperature)
        if not recipe.learn_alpha:
            del gradients["log_alpha"]
        yield min(1.0, (begin + recipe.batch) / len(order)), loss, gradients


class Adam:
    """The optimiser of Kingma and Ba; its moments start at zero.

    Args:
        parameters: are changed in place.
        rate: the step size.
    """

    def __init__(self, parameters: Parameters, rate: float) -> None:
        self._parameters, self._rate, self._steps = parameters, rate, 0
        self._first, self._second = ({n: np.zeros_like(p) for n, p in parameters.items()} for _ in range(2))

    def step(self, gradients: Parameters) -> None:
        """One step against these gradients; a parameter without one stays."""
        self._steps += 1
        b1, b2 = BETAS
        scale = self._rate * np.sqrt(1 - b2**self._steps) / (1 - b1**self._steps)
        for name, gradient in gradients.items():
            first, second = self._first[name], self._second[name]
            first += (1 - b1) * (gradient - first)
            second += (1 - b2) * (gradient * gradient - second)
            self._parameters[name] -= scale * first / (np.sqrt(second) + EPSILON)


def _classifier(dataset: Dataset, recipe: Recipe, parameters: Parameters) -> Classifier:
    """The classifier with these parameters, rounded to float32; a fixed α stays the number it was given as."""
    alpha = float(np.exp(parameters["log_alpha"])) if recipe.learn_alpha else recipe.alpha
    return Classifier(
        vocabulary=dataset.vocabulary,
        embeddings=parameters["embeddings"].astype(np.float32),
        direction=parameters["direction"].astype(np.float32),
        bias=np.float32(parameters["bias"]),
        alpha=alpha,
        depth=recipe.depth,
        padding=dataset.padding,
        provenance={},
    )


def _sigmoid(x: Any) -> Any:
    with np.errstate(over="ignore"):  # exp(−x) = ∞ gives the right limit, 0
        return 1.0 / (1.0 + np.exp(-x))
