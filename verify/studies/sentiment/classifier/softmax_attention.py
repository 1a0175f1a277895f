"""The classifier with softmax attention, the path that the paper trains through.

    P_ij ∝ w_j exp(⟨z_i, z_j⟩ / τ),      z_i ← z_i + λ (Σ_j P_ij z_j − z_i),

which tends to the hard layer as the temperature τ → 0. Multiplicities w enter as log-weights: the result is that of
the review with its repeats written out.

Neighbours: `hard_attention` is the limit; `training` takes the gradients. Gradients need torch (imported on use).

Source: arXiv:2407.01602, section 4: τ = 0.001.
"""

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .....kernels.errors import InputError, install
from .data import Bags
from .hard_attention import Floats

if TYPE_CHECKING:
    from torch import Tensor

TEMPERATURE = 0.001
GROUP = 16
"""Reviews of a batch that are computed at once."""


def softmax_mean(E: Floats, bags: Bags, rate: float, depth: int, temperature: float = TEMPERATURE) -> Floats:
    """The mean over tokens after `depth` softmax layers, by NumPy.

    Args:
        E: (V, d) float64 embeddings.
        bags: m reviews.
        rate: λ in (0, 1).
        depth: K ≥ 0.
        temperature: τ > 0.

    Returns:
        (m, d) float64.
    """
    result = np.empty((len(bags), E.shape[1]))
    for r in range(len(bags)):
        tokens, counts = bags.bag(r)
        Z = E[tokens]
        for _ in range(depth):
            scores = Z @ Z.T / temperature
            P = counts * np.exp(scores - scores.max(axis=1, keepdims=True))
            Z = Z + rate * (P @ Z / P.sum(axis=1, keepdims=True) - Z)
        result[r] = counts @ Z / counts.sum()
    return result


def require_torch() -> None:
    """Nothing, if torch is installed.

    Raises:
        InputError: it is not; the message has the command that installs it.
    """
    if find_spec("torch") is None:
        raise InputError(f"training through softmax attention needs torch: {install('torch')}")


def softmax_gradients(
    parameters: dict[str, Floats],
    bags: Bags,
    labels: Floats,
    depth: int,
    temperature: float = TEMPERATURE,
    dtype: str = "float32",
) -> tuple[float, dict[str, Floats]]:
    """The mean cross-entropy of a batch and its gradients, by torch autograd.

    On one thread, whatever the caller has set: at τ = 0.001 training is chaotic, and the order in which threads add up
    a gradient would decide what is learned.

    Args:
        parameters: "embeddings" (V, d), "direction" (d,), "bias" () and "log_alpha" (), float64.
        bags: the batch.
        labels: (m,) 0 or 1.
        depth: K.
        temperature: τ.
        dtype: the precision of the layers; the paper's code computes in float32.

    Returns:
        The loss and one array for each parameter.
    """
    require_torch()
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return _gradients(parameters, bags, labels, depth, temperature, dtype)
    finally:
        torch.set_num_threads(threads)


def _gradients(
    parameters: dict[str, Floats], bags: Bags, labels: Floats, depth: int, temperature: float, dtype: str
) -> tuple[float, dict[str, Floats]]:
    import torch

    kind = getattr(torch, dtype)
    leaves = {name: torch.tensor(value, dtype=kind, requires_grad=True) for name, value in parameters.items()}
    rate = torch.sigmoid(leaves["log_alpha"])  # λ = α / (1 + α)
    losses = []
    # Reviews of like size together: a rectangle is as wide as its longest review.
    for group in np.array_split(np.argsort(np.diff(bags.start)), max(1, len(bags) // GROUP)):
        places, counts = (torch.from_numpy(array) for array in _padded(bags.take(group)))
        mean = _mean(leaves["embeddings"][places], counts.to(kind), rate, depth, temperature)
        logits = mean @ leaves["direction"] + leaves["bias"]
        targets = torch.tensor(labels[group], dtype=kind)
        losses.append(torch.nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="sum"))
    loss = torch.stack(losses).sum() / len(bags)
    loss.backward()
    zero = {name: np.zeros_like(value) for name, value in parameters.items()}
    return loss.item(), {
        name: zero[name] if leaf.grad is None else leaf.grad.numpy().astype(np.float64) for name, leaf in leaves.items()
    }


def _mean(Z: "Tensor", counts: "Tensor", rate: "Tensor", depth: int, temperature: float) -> Any:
    """The mean over tokens of padded bags: Z (m, n, d), counts (m, n) with zeros for what is no token."""
    log_weights = counts.log()[:, None, :]
    for _ in range(depth):
        P = (Z @ Z.transpose(1, 2) / temperature + log_weights).softmax(dim=2)
        Z = Z + rate * (P @ Z - Z)
    return (counts[:, :, None] * Z).sum(dim=1) / counts.sum(dim=1, keepdim=True)


def _padded(bags: Bags) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The tokens and counts of bags as rectangles (m, n), filled up with token 0 at count 0."""
    sizes = np.diff(bags.start)
    filled = np.arange(sizes.max()) < sizes[:, None]
    tokens, counts = np.zeros(filled.shape, np.int64), np.zeros(filled.shape, np.int64)
    tokens[filled], counts[filled] = bags.tokens, bags.counts
    return tokens, counts
