"""Freezing: almost every itinerary becomes constant; does every one? An open question, hunted among mirrors.

Two theorems (verify/theory/MANY_INPUTS.md, section 5) are examined: what holds where no tie ever occurs, which is so
for almost every input, and what holds where tokens with one limit follow, besides each other, tokens at rest.

Tokens converge, and almost every input freezes; what no proof covers is a token that for ever follows tokens which
tend to another limit and still move. By chance that hardly occurs. Symmetry makes it: tokens on a mirror follow pairs
of images, and ties last. Batches of integer configurations are decided by a screen in 64-bit integers, and what it
leaves by the prover, with rule R3.

Neighbours: `kernels.integers.screen` decides many, `provers.freeze` one at a time; `campaigns.hunt` examines batches.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ....kernels.exact.configuration import Configuration, with_changes
from ....kernels.exact.matrix import identity
from ....kernels.integers.screen import frozen_layers
from ...provers.freeze.outcome import Frozen, SelfSimilar, Undecided
from ..case import Case
from ..inputs import Batch, Drawn, Every, Screened
from ..registry import Claim, Finding, Source, assumed

if TYPE_CHECKING:  # Hypothesis is slow to load, and no proof needs it
    from hypothesis.strategies import SearchStrategy

MANY = 40_000
"""Configurations that are drawn for a batch; those with a token at the origin or two equal ones are left out."""
LAYERS, PATIENCE = 64, 8
"""Of the screen: layers that it follows, and after how many with the same sets it leaves a configuration to R3."""
STEPS = (Fraction(1), Fraction(1, 2), Fraction(1, 3))
"""Smaller steps leave 64 bits before they freeze."""
NEARBY, FINE = 256, 30
"""Tokens are moved by this part of the largest coordinate at most, in steps of 2^-FINE of that."""


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


def without_ties(case: Case) -> Finding:
    """Whether, if no follow set ever has two tokens, each limit is a leader's place, and rule R1 alone freezes."""
    outcome = case.outcome
    if isinstance(outcome, Undecided):
        return Finding("undecided", outcome.reason)
    phases = getattr(outcome, "phases", ())
    tie = next(((p.first, i) for p in phases for i, C in enumerate(p.sets) if len(C) > 1), None)
    if tie is not None:
        return Finding("verified", f"token {tie[1]} follows several at layer {tie[0]}: nothing is said", trivial=True)
    if not isinstance(outcome, Frozen):
        return Finding("refuted", "no token ever follows two, and the follow sets do not become constant")
    places = {outcome.tokens[i] for i in outcome.leaders}
    for i, (rule, s) in enumerate(zip(outcome.rules, outcome.limits, strict=True)):
        if rule not in ("leader", "R1"):
            return Finding("refuted", f"no token ever follows two, and rule {rule} keeps token {i}", token=i)
        if s not in places:
            return Finding("refuted", f"no token ever follows two, and the limit of token {i} is no leader", token=i)
    return Finding("verified", "each limit is a leader's place, and rule R1 alone keeps who follows")


def generic(case: Case) -> Finding:
    """Whether the same tokens, moved at random by a little, never tie, and freeze as `without_ties` says."""
    c = case.configuration
    rng = np.random.default_rng([len(c.tokens), *(abs(hash(x)) for row in c.tokens for x in row)])
    size = max(abs(x) for row in c.tokens for x in row) / NEARBY
    moves = rng.integers(-(2**FINE), 2**FINE, (c.n, c.d)).tolist()
    pairs = [zip(*rows, strict=True) for rows in zip(c.tokens, moves, strict=True)]
    near = [[x + size * Fraction(m, 2**FINE) for x, m in row] for row in pairs]
    other = Case(with_changes(c, tokens=near), case.work.budget)
    found = without_ties(other)
    if found.trivial:
        return Finding("refuted", f"moved at random, {found.message.removesuffix(': nothing is said')}")
    return found


def at_rest_in_the_end(case: Case) -> Finding:
    """Whether tokens with one limit that follow, of other tokens, only such as no longer move, follow only such."""
    outcome = case.outcome
    if isinstance(outcome, Undecided):
        return Finding("undecided", outcome.reason)
    if not isinstance(outcome, Frozen):
        return Finding("verified", "the tokens do not converge: nothing is said", trivial=True)
    moving = {i for i, (z, s) in enumerate(zip(outcome.tokens, outcome.limits, strict=True)) if z != s}
    said = False
    for s in {*outcome.limits}:
        members = [i for i, limit in enumerate(outcome.limits) if limit == s]
        if any(outcome.limits[j] != s and j in moving for i in members for j in outcome.sets[i]):
            continue
        said = said or not moving.isdisjoint(members)
        for i in members:
            if not moving.isdisjoint(outcome.sets[i]):
                return Finding("refuted", f"token {i} follows {outcome.sets[i]}, of which one still moves", token=i)
    return Finding("verified", "in the end they follow tokens at rest alone", trivial=not said)


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


def _drawn(draws: "SearchStrategy[list[list[int]]]") -> "SearchStrategy[Configuration]":
    from hypothesis import strategies as st

    return st.builds(lambda tokens, alpha: Configuration(tokens, None, alpha), draws, st.sampled_from(STEPS))


def _generic() -> "SearchStrategy[Configuration]":
    """Tokens of random digits, without structure."""
    from hypothesis import strategies as st

    def tokens(seed: int) -> list[list[int]]:
        rng = np.random.default_rng(seed)
        n, d = int(rng.integers(2, 9)), int(rng.integers(1, 5))
        return rng.integers(-(2**FINE), 2**FINE, (n, d)).tolist()

    return _drawn(st.integers(0, 2**32 - 1).map(tokens))


def _symmetric() -> "SearchStrategy[Configuration]":
    """Tokens of the three families, distinct and nonzero."""
    from hypothesis import strategies as st

    def tokens(seed: int) -> list[list[int]]:
        rng = np.random.default_rng(seed)
        many = FAMILIES[seed % len(FAMILIES)](rng, 64)
        many = many[~has_zero_or_equal(many)]
        return many[0].tolist() if len(many) else [[1, 0], [0, 1]]

    return _drawn(st.integers(0, 2**32 - 1).map(tokens))


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


ASSUMED = assumed("nonzero", "distinct", "spd", "constant_step")
THEOREMS = Source("hardmax", "this version", "MANY_INPUTS.md, section 5")
GENERIC = Drawn("Tokens of random digits, without ties", _generic, 60, "Freezing without ties")
SYMMETRIC = Drawn("Tokens with mirrors and their images", _symmetric, 60, "Tokens that follow tokens at rest")

CLAIMS = (
    Claim(
        "freezing.generic",
        "moved at random by a little, no token ever follows two, each limit is a leader's place, and rule R1 alone "
        "keeps who follows",
        ASSUMED,
        THEOREMS,
        "theorem",
        generic,
        inputs=(GENERIC, SYMMETRIC),
        example=Configuration([(1, 1), (1, -1), (2, 0)], identity(2), 1),
    ),
    Claim(
        "freezing.without_ties",
        "if no token ever follows two, each limit is a leader's place, and rule R1 alone keeps who follows",
        ASSUMED,
        THEOREMS,
        "theorem",
        without_ties,
        inputs=(Every(), GENERIC),
        example=Configuration([(1, 0), (0, 1), (-1, -1), (Fraction(1, 3), Fraction(1, 4))], identity(2), 1),
    ),
    Claim(
        "freezing.at_rest",
        "tokens with one limit that follow, of other tokens, only such as no longer move, follow in the end only such",
        ASSUMED,
        THEOREMS,
        "theorem",
        at_rest_in_the_end,
        inputs=(Every(), SYMMETRIC),
        example=Configuration([(1, 1), (1, -1), (2, 0)], identity(2), 1),
    ),
    Claim(
        "freezing.every_itinerary",
        "the follow sets of every token are constant from some layer on",
        ASSUMED,
        Source("hardmax", "this version", "THEORY.md, section 4"),
        "open",
        check,
        inputs=(Screened("Integer configurations with mirrors: does every itinerary freeze?", draw, MANY, regimes),),
        example=Configuration([(1, 1), (1, -1), (2, 0)], identity(2), 1),
    ),
)
