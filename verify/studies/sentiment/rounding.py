"""Rounding the embedding to half precision: what provably changes nothing, beside what actually changes.

A rounding moves each word by a known |δ_p|. The itinerary of a review stays if 1 is below the radius in multiples of
these sizes (MANY_INPUTS.md §3.1); its prediction does if, besides, |v| max |δ_p| < |logit|, since at any layer the
place of a word is then moved by a mean of the δ_p. What actually changes is decided by the exact prover on the rounded
words.

Neighbours: `provers.regions.radius` bounds; `classifier.model` has the embedding.
"""

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from ....kernels.exact.configuration import Configuration, with_changes
from ....kernels.exact.dynamics import Dynamics
from ....reports.records.review_record import RoundingRecord
from ...provers.freeze.outcome import Frozen
from ...provers.freeze.prover import decide
from ...provers.regions.radius import radius, root_above
from .classifier.data import Bags, Ints
from .classifier.model import Classifier


def to_bfloat16(values: np.ndarray) -> np.ndarray:
    """float32 numbers rounded to the nearest bfloat16, ties to even."""
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    rounded = bits + 0x7FFF + ((bits >> 16) & 1)
    return (rounded & 0xFFFF0000).astype(np.uint32).view(np.float32)


def to_float16(values: np.ndarray) -> np.ndarray:
    """float32 numbers rounded to the nearest float16."""
    return values.astype(np.float16).astype(np.float32)


ROUNDINGS: dict[str, Callable[[np.ndarray], np.ndarray]] = {"float16": to_float16, "bfloat16": to_bfloat16}


def roundings(
    model: Classifier, bags: Bags, progress: Callable[[int], None] = lambda done: None
) -> list[RoundingRecord]:
    """For each rounding in how many reviews it provably, and actually, leaves the leaders and the prediction.

    Args:
        model: the classifier.
        bags: the reviews; equal words are one token.
        progress: called with the number of reviews that are done.
    """
    counts = {name: np.zeros(4, dtype=int) for name in ROUNDINGS}
    for r in range(len(bags)):
        for name, rounded in ROUNDINGS.items():
            counts[name] += _stays(model, bags.bag(r), rounded)
        progress(r + 1)
    keys = ("leaders_proved", "leaders_kept", "predictions_proved", "predictions_kept")
    return [
        RoundingRecord(format=name, reviews=len(bags), **dict(zip(keys, map(int, counts[name]), strict=True)))
        for name in ROUNDINGS
    ]


def _stays(model: Classifier, bag: tuple[Ints, Ints], rounded: Callable[[np.ndarray], np.ndarray]) -> list[bool]:
    """Whether the leaders and the prediction stay: proved, and found on the rounded words."""
    tokens, counts = bag
    given = model.configuration(tokens, counts)
    other = with_changes(given, tokens=[[Fraction(x) for x in z] for z in rounded(model.embeddings[tokens]).tolist()])
    before, after = decide(given), decide(other)
    if not (isinstance(before, Frozen) and isinstance(after, Frozen)) or not given.is_nonzero or not given.is_distinct:
        return [False] * 4
    pairs = zip(given.tokens, other.tokens, strict=True)
    sizes = [root_above(sum(((x - y) ** 2 for x, y in zip(z, u, strict=True)), Fraction(0))) for z, u in pairs]
    logit = _logit(model, given)
    direction = root_above(sum((Fraction(float(v)) ** 2 for v in model.direction), Fraction(0)))
    bound = radius(given, adversary=False, sizes=sizes)
    itinerary = bound.relative is not None and bound.relative > 1
    leaders = itinerary or max(sizes) < bound.hull
    same_sign = (logit > 0) == (_logit(model, other) > 0)
    proved = itinerary and direction * max(sizes) < abs(logit)
    return [leaders, set(before.leaders) == set(after.leaders), proved, same_sign]


def _logit(model: Classifier, configuration: Configuration) -> Fraction:
    """⟨v, z̄^K⟩ + b, exactly."""
    dynamics = Dynamics(configuration)
    layer = dynamics.first
    for _ in range(model.depth):
        layer = dynamics.next_layer(layer, dynamics.follow_sets(layer))
    total, w = sum(configuration.multiplicities), configuration.multiplicities
    columns = zip(*layer.tokens(), strict=True)
    mean = [sum((x * n for x, n in zip(column, w, strict=True)), Fraction(0)) / total for column in columns]
    v = [Fraction(float(x)) for x in model.direction]
    return sum((x * y for x, y in zip(v, mean, strict=True)), Fraction(float(model.bias)))
