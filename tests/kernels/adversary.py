"""Configurations made to break the proofs of float kernels: every scale, near-ties, edges, casts, duplicates.

A shape (near-ties, lattices, points beside an edge, …) is drawn with values about 1, then multiplied by powers of two:
one for the batch, each configuration, token, coordinate or entry. A has its own, often such that the scores come to
lie at an edge of a dtype. Powers of two keep near-ties what they are, until values leave the normal range.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

FLOAT32_EDGES = (-149, -148, -127, -126, -125, -100, -75, -74, -63, -30, 0, 0, 0, 0, 1, 30, 61, 62, 63, 64, 126, 127)
FLOAT64_EDGES = (-1074, -1073, -1050, -1023, -1022, -1021, -600, -540, -511, 128, 129, 200, 510, 511, 600, 1000, 1023)
EDGES = {"float32": FLOAT32_EDGES, "float64": (*FLOAT32_EDGES, *FLOAT64_EDGES)}
"""Exponents at which a value, a square or a cast to float32 leaves the normal range, and ordinary ones."""
SMALLEST = {"float64": -1074, "float32": -149}
LARGEST = {"float64": 1023, "float32": 127}
ORDINARY_ALPHAS = (1.0, 0.5, 0.25, 1 / 3, 2.0, 3.3, 40.0)
SMALL_ALPHAS = (5e-324, 1e-310, 2.3e-308, 1e-300, 1e-160, 1e-46, 1e-45, 1e-38, 2.0**-53, 2.0**-25, 2.0**-24)
LARGE_ALPHAS = (2.0**23, 2.0**24, 2.0**25, 2.0**52, 2.0**53, 2.0**54, 3.4e38, 3.5e38, 1e40, 1e300, 8e307, 1.7e308)
ALPHAS = (*ORDINARY_ALPHAS, *SMALL_ALPHAS, *LARGE_ALPHAS, 1.7976931348623157e308)
"""Steps: ordinary ones, and those at which α, 1 + α or λ is rounded to 0, 1 or infinity in some dtype."""
FLOAT32_SPECIAL = (0.0, -0.0, 2.0**-149, 2.0**-126, 1e-20, 1.0, 1 + 2.0**-23, 1 - 2.0**-24, 1e38, 3.4028234663852886e38)
FLOAT64_SPECIAL = (5e-324, 2.0**-1022, 2.0**-150, 1 + 2.0**-52, 1 - 2.0**-53, 3.4028235677973366e38, 4e38, 1e100)
SPECIAL = {"float32": FLOAT32_SPECIAL, "float64": (*FLOAT32_SPECIAL, *FLOAT64_SPECIAL, 1.7e308, 1.7976931348623157e308)}
"""Values at which something ends."""


class Batch(NamedTuple):
    """Configurations that share A, α and the number of layers: the arguments of `certify`."""

    tokens: Floats  # (B, n, d)
    A: Floats | None
    alpha: float
    layers: int
    kind: str


def batches(rng: np.random.Generator, size: int) -> Iterator[Batch]:
    """Endless batches of `size` small configurations (n ≤ 8, d ≤ 4), float64 and float32 in turn."""
    while True:
        for dtype in ("float64", "float32"):
            yield small(rng, dtype, size)


def small(rng: np.random.Generator, dtype: str, size: int) -> Batch:
    """One batch of small configurations in `dtype`."""
    n, d = int(rng.integers(1, 9)), int(rng.choice([1, 2, 2, 2, 3, 4]))
    alpha = float(rng.choice(ALPHAS) if rng.random() < 0.6 else np.exp2(rng.uniform(-6, 6)))
    form, sort = shape_of_form(rng, d, dtype)
    kind = str(rng.choice(["gauss", "lattice", "near", "near", "edge", "later", "special", "repeated", "origin"]))
    base = np.eye(d) if form is None else form
    tokens = {"lattice": lattice, "special": special, "repeated": repeated, "origin": origin}.get(kind, gauss)(
        rng, (size, n, d), dtype, alpha
    )
    if kind in ("near", "edge", "later") and n >= 3:
        tokens = near_ties(rng, tokens, base, digits=54 if dtype == "float64" else 26, between=kind == "edge")
        if kind == "later" and 2.0**-10 < alpha < 2.0**10:
            tokens[:, 0] = (1 + alpha) * tokens[:, 0] - alpha * tokens[:, -1]
    exponent, spread = exponents(rng, tokens.shape, dtype)
    tokens = scaled(tokens, exponent, dtype)
    if rng.random() < 0.1:
        tokens = nudged(rng, tokens)
    if form is not None:
        if rng.random() < 0.5:
            shift = exponent_of(rng, dtype)
        else:  # scores at an edge, whatever the tokens are
            shift = int(np.clip(exponent_of(rng, dtype) - 2 * int(np.max(exponent)), SMALLEST[dtype], LARGEST[dtype]))
        if sort == "mixed":
            shift = shift + rng.integers(-40, 41, form.shape)
        form = scaled(form, shift, dtype)
    return Batch(tokens, form, alpha, int(rng.choice([1, 1, 2, 3, 4])), f"{kind}/{spread}/{sort}")


def exponent_of(rng: np.random.Generator, dtype: str) -> int:
    """A power of two: near an edge, ordinary, or anywhere in the range of the dtype."""
    draw = rng.random()
    if draw < 0.5:
        return int(rng.choice(EDGES[dtype])) + int(rng.integers(-2, 3))
    if draw < 0.75:
        return int(rng.integers(-3, 4))
    return int(rng.integers(SMALLEST[dtype], LARGEST[dtype] + 1))


def exponents(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> tuple[NDArray[np.int64], str]:
    """Powers of two for tokens of `shape` (B, n, d), and what shares one."""
    spread = str(rng.choice(["batch", "batch", "configuration", "token", "coordinate", "entry", "near"]))
    B, n, d = shape
    kept = {"configuration": (B, 1, 1), "token": (B, n, 1), "coordinate": (1, 1, d), "entry": (B, n, d)}
    if spread == "near":
        return exponent_of(rng, dtype) + rng.integers(-30, 31, (B, n, 1)), spread
    drawn = np.array([exponent_of(rng, dtype) for _ in range(int(np.prod(kept.get(spread, (1, 1, 1)))))])
    return drawn.reshape(kept.get(spread, (1, 1, 1))), spread


def scaled(values: NDArray, exponent: NDArray | int, dtype: str) -> Floats:
    """values · 2^exponent in `dtype`; what overflows becomes the largest float, what is no number 0."""
    most = float(np.finfo(dtype).max)
    with np.errstate(all="ignore"):
        return np.clip(np.nan_to_num(np.ldexp(values, exponent)), -most, most).astype(dtype)


def nudged(rng: np.random.Generator, tokens: Floats) -> Floats:
    """Some entries moved to a neighbouring float."""
    with np.errstate(all="ignore"):
        away = np.nextafter(tokens, rng.choice([-1, 1], tokens.shape).astype(tokens.dtype) * tokens.dtype.type(np.inf))
    return np.where((rng.random(tokens.shape) < 0.2) & np.isfinite(away), away, tokens)


def shape_of_form(rng: np.random.Generator, d: int, dtype: str) -> tuple[NDArray | None, str]:
    """A before scaling, and its sort; None is the identity, left out."""
    sorts = ["none", "none", "none", "identity", "diagonal", "full", "lattice", "skew", "mixed", "special"]
    sort = str(rng.choice(sorts))
    if sort == "none":
        return None, sort
    form = {
        "identity": lambda: rng.choice([-1.0, 1.0, 1.0]) * np.eye(d),
        "diagonal": lambda: np.diag(rng.choice([-2.0, 0.5, 1, 3], d)),
        "lattice": lambda: rng.integers(-2, 3, (d, d)).astype(float),
        "skew": lambda: np.triu(np.ones((d, d)), 1) - np.tril(np.ones((d, d)), -1) + np.eye(d),
        "special": lambda: rng.choice(SPECIAL[dtype], (d, d)),
    }.get(sort, lambda: rng.standard_normal((d, d)))()
    return form.astype(dtype).astype(float), sort


# -- shapes: (generator, (B, n, d), dtype, α) → tokens of size about 1 ------------------------------------------------


def gauss(rng, shape, dtype, alpha):
    """Nothing special."""
    return rng.standard_normal(shape).astype(dtype).astype(float)


def lattice(rng, shape, dtype, alpha):
    """Small integers: exact ties of different tokens."""
    return rng.integers(-3, 4, shape).astype(float)


def special(rng, shape, dtype, alpha):
    """The floats at which something ends."""
    return rng.choice(SPECIAL[dtype], shape) * rng.choice([-1.0, 1.0], shape)


def repeated(rng, shape, dtype, alpha):
    """Equal tokens, zeros of both signs, padding at the end."""
    tokens = gauss(rng, shape, dtype, alpha) if rng.random() < 0.5 else lattice(rng, shape, dtype, alpha)
    source = rng.integers(0, max(1, (shape[1] + 1) // 2), shape[:2])
    tokens = np.take_along_axis(tokens, source[:, :, None], axis=1)
    tokens[:, shape[1] - shape[1] // 3 :] = tokens[:, :1]
    return np.where(tokens == 0, rng.choice([0.0, -0.0], shape), tokens)


def origin(rng, shape, dtype, alpha):
    """Tokens that one layer brings to within rounding of the origin."""
    tokens = gauss(rng, shape, dtype, alpha)
    tokens[:, 0] = -(min(alpha, 2.0**20)) * tokens[:, -1] * (1 + rng.choice([0, 2.0**-52, -(2.0**-40)], (shape[0], 1)))
    return tokens


def near_ties(rng, tokens, A, digits, between):
    """Tokens 1 and 2 lead for token 0 by nearly the same score; with `between` also token 3, beside their edge.

    The gaps are rounding, or 2⁻ᵉ with e from 18 to beyond the `digits` of the dtype.
    """
    query = np.einsum("bi,ij->bj", tokens[:, 0], A)
    size = np.square(query).sum(axis=1, keepdims=True)
    query, size = np.where(size > 1e-12, query, 1), np.where(size > 1e-12, size, query.shape[1])
    unit = query / size  # ⟨query, unit⟩ = 1
    top = np.einsum("bd,bnd->bn", query, tokens).max(axis=1, keepdims=True) + rng.choice([0.125, 1, 30])

    def on_edge():
        place = rng.standard_normal(query.shape)
        place += (top - (place * query).sum(axis=1, keepdims=True)) * unit
        return place

    def depth():
        drawn = rng.choice([-1, 0, 1, 1], (len(query), 1)) * 2.0 ** -rng.uniform(18, digits, (len(query), 1))
        return drawn * np.abs(top) * unit

    tokens[:, 1], tokens[:, 2] = on_edge(), on_edge() - depth()
    if between and tokens.shape[1] > 3:
        t = rng.random((len(query), 1))
        tokens[:, 3] = (1 - t) * tokens[:, 1] + t * tokens[:, 2] - depth()
    if rng.random() < 0.5:  # neighbours by an ulp
        j = rng.integers(1, 3)
        tokens[:, j] = np.nextafter(tokens[:, j], rng.choice([-9.0, 9.0], tokens[:, j].shape))
    return tokens


# -- large sets -------------------------------------------------------------------------------------------------------


MOST_TIES = 4_000_000
"""A set of n tokens whose scores all tie has n² pairs to list, which no memory holds."""


def large(rng: np.random.Generator, n: int, dtype: str) -> Batch:
    """One set of n tokens, drawn again while more than `MOST_TIES` pairs would tie."""
    while True:
        batch = large_set(rng, n, dtype)
        tokens, form = batch.tokens[0], np.eye(batch.tokens.shape[2], dtype=dtype) if batch.A is None else batch.A
        with np.errstate(all="ignore"):
            scores = (tokens[rng.integers(0, n, 32)] @ form) @ tokens.T
            ties = np.count_nonzero(scores == scores.max(axis=1, keepdims=True)) / 32 * n
        if ties <= max(MOST_TIES, 4 * n):
            return batch


def large_set(rng: np.random.Generator, n: int, dtype: str) -> Batch:
    """Clouds, circles, polygons with points beside their edges, vocabularies; at any scale."""
    d = int(rng.choice([1, 2, 2, 2, 3]))
    kind = str(rng.choice(["gauss", "circle", "polygon", "lattice", "repeated", "needle"]))
    tokens = rng.standard_normal((n, d))
    if kind == "circle":  # every token on the hull, or just inside
        tokens /= np.linalg.norm(tokens, axis=1, keepdims=True)
        tokens *= 1 - rng.choice([0.0, 1.0], (n, 1)) * 2.0 ** -rng.uniform(20, 53, (n, 1))
    elif kind == "polygon":
        corners = rng.integers(-9, 10, (int(rng.integers(3, 9)), d)).astype(float)
        at, t = rng.integers(0, len(corners), n), rng.random((n, 1))
        tokens = (1 - t) * corners[at] + t * corners[(at + 1) % len(corners)]
        tokens *= 1 + rng.choice([-1.0, 0.0, 1.0], (n, 1)) * 2.0 ** -rng.uniform(20, 53, (n, 1))
    elif kind == "lattice":
        tokens = rng.integers(-40, 41, (n, d)).astype(float)
    elif kind == "repeated":
        tokens = tokens[rng.integers(0, n // 50 + 1, n)]
    elif kind == "needle":
        tokens *= 2.0 ** -np.arange(0, 30 * d, 30)
    alpha = float(rng.choice([0.5, 1.0, 40.0, 2.0**-24, 1e-300, 1e300]))
    exponent = exponent_of(rng, dtype)
    form, sort = shape_of_form(rng, d, dtype)
    if form is not None:
        shift = exponent_of(rng, dtype) - 2 * exponent if rng.random() < 0.5 else exponent_of(rng, dtype)
        form = scaled(form, int(np.clip(shift, SMALLEST[dtype], LARGEST[dtype])), dtype)
    return Batch(scaled(tokens, exponent, dtype)[None], form, alpha, 1, f"large {kind}/{exponent}/{sort}")
