"""Freezing: does every itinerary become constant? An open question, hunted among configurations with mirrors.

Tokens converge, and almost every input freezes; what no proof covers is a token that for ever follows tokens which
tend to another limit and still move. By chance that hardly occurs. Symmetry makes it: tokens on a mirror follow pairs
of images, and ties last. Batches of integer configurations are decided by a screen in 64-bit integers, and what it
leaves by the prover, with rule R3.

Neighbours: `kernels.integers.screen` decides many, `provers.freeze` one at a time; `campaigns.hunt` examines batches.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ....kernels.exact.configuration import Configuration
from ....kernels.exact.matrix import identity
from ....kernels.integers.screen import frozen_layers
from ...provers.freeze.outcome import Frozen, SelfSimilar, Undecided
from ..case import Case
from ..inputs import Batch, Screened
from ..registry import Claim, Finding, Source, assumed

MANY = 40_000
"""Configurations that are drawn for a batch; those with a token at the origin or two equal ones are left out."""
LAYERS, PATIENCE = 64, 8
"""Of the screen: layers that it follows, and after how many with the same sets it leaves a configuration to R3."""
STEPS = (Fraction(1), Fraction(1, 2), Fraction(1, 3))
"""Smaller steps leave 64 bits before they freeze."""


def check(case: Case) -> Finding:
    """Whether the follow sets are constant from some layer on."""
    outcome = case.outcome
    if isinstance(outcome, Undecided):
        return Finding("undecided", outcome.reason)
    if isinstance(outcome, Frozen):
        return Finding("verified", f"constant from layer {outcome.freeze_layer} on", trivial=outcome.freeze_layer == 0)
    if not isinstance(outcome, SelfSimilar):
        return Finding("undecided", f"no freeze proof speaks about a model of kind {case.configuration.model.kind}")
    repeated = f"the layers repeat from layer {outcome.layer} on with period {outcome.period}, and the sets with them"
    return Finding("refuted", repeated, layer=outcome.layer, certified=True)


def mirror(rng: np.random.Generator, size: int) -> NDArray[np.int64]:
    """Tokens on one side of a hyperplane, their images, and tokens on it."""
    d, pairs, on, reach = (int(rng.integers(*ends)) for ends in ((2, 5), (2, 5), (1, 5), (2, 9)))
    base = rng.integers(-reach, reach + 1, (size, pairs, d))
    base[..., -1] = rng.integers(1, reach + 1, (size, pairs))
    images = base * np.array([*[1] * (d - 1), -1])
    flat = rng.integers(-reach, reach + 1, (size, on, d))
    flat[..., -1] = 0
    return np.concatenate([base, images, flat], axis=1)


def two_mirrors(rng: np.random.Generator, size: int) -> NDArray[np.int64]:
    """Orbits of four under two reflections, and pairs of images on each mirror."""
    d, on, reach = (int(rng.integers(*ends)) for ends in ((2, 5), (1, 3), (2, 9)))
    base = rng.integers(-reach, reach + 1, (size, on, d))
    base[..., -2:] = rng.integers(1, reach + 1, (size, on, 2))
    signs = [np.array([*[1] * (d - 2), s, t]) for s, t in product((1, -1), repeat=2)]
    pair = rng.integers(-reach, reach + 1, (size, on, d))
    pair[..., -1] = 0
    turned = pair.copy()
    turned[..., -2] *= -1
    return np.concatenate([*(base * s for s in signs), pair, turned], axis=1)


def cyclic(rng: np.random.Generator, size: int) -> NDArray[np.int64]:
    """Orbits of three under a cyclic shift of the coordinates of space, and tokens on the axis."""
    orbits, on, reach = (int(rng.integers(*ends)) for ends in ((2, 4), (1, 3), (2, 7)))
    base = rng.integers(-reach, reach + 1, (size, orbits, 3))
    axis = np.repeat(rng.integers(-reach, reach + 1, (size, on, 1)), 3, axis=2)
    return np.concatenate([base, np.roll(base, 1, axis=2), np.roll(base, 2, axis=2), axis], axis=1)


FAMILIES = (mirror, two_mirrors, cyclic)


def draw(seed: int, number: int) -> Batch:
    """Batch `number`: one family, one shape and one step, screened."""
    rng = np.random.default_rng([seed, number])
    family, alpha = FAMILIES[number % len(FAMILIES)], STEPS[int(rng.integers(len(STEPS)))]
    tokens = family(rng, MANY)
    tokens = tokens[~has_zero_or_equal(tokens)]
    frozen = frozen_layers(tokens, None, alpha, layers=LAYERS, patience=PATIENCE)
    form = identity(tokens.shape[2])
    left = tuple(Configuration(rows, form, alpha) for rows in tokens[frozen < 0].tolist())
    decided = frozen[frozen >= 0]
    return Batch(family.__name__, len(decided), left, int(decided.max()) if len(decided) else None)


def has_zero_or_equal(tokens: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(B,) whether a configuration has a token at the origin, or two equal ones; tokens (B, n, d), |entries| < 2¹⁵."""
    keys = np.zeros(tokens.shape[:2], dtype=np.int64)
    for column in range(tokens.shape[2]):
        keys = keys * 2**16 + tokens[..., column]
    keys.sort(axis=1)
    zero: NDArray[np.bool_] = (keys == 0).any(axis=1)
    return zero | (np.diff(keys, axis=1) == 0).any(axis=1)


def regimes(case: Case) -> Iterator[tuple[str, str | int]]:
    """Whether rule R3 was needed, and whether a token for ever follows a moving one that has another limit."""
    outcome = case.outcome
    if isinstance(outcome, Frozen):
        yield "rule", "R3" if "R3" in outcome.rules else "R1 and R2"
        yield "follows moving tokens of another limit", "yes" if meets_the_open_case(outcome) else "no"
        yield "freeze layer", outcome.freeze_layer


def meets_the_open_case(outcome: Frozen) -> bool:
    """Whether a token i follows for ever some j whose limit is another one and which still moves."""
    tokens, limits = outcome.tokens, outcome.limits
    return any(limits[j] != limits[i] and tokens[j] != limits[j] for i, C in enumerate(outcome.sets) for j in C)


CLAIMS = (
    Claim(
        "freezing.every_itinerary",
        "the follow sets of every token are constant from some layer on",
        assumed("nonzero", "distinct", "spd", "constant_step"),
        Source("hardmax", "this version", "THEORY.md, section 4"),
        "open",
        check,
        inputs=(Screened("Integer configurations with mirrors: does every itinerary freeze?", draw, MANY, regimes),),
        example=Configuration([(1, 1), (1, -1), (2, 0)], identity(2), 1),
    ),
)
