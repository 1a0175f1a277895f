"""Large sets made to mislead a kernel, and every statement about them that is taken for proved, against exact numbers.

A judged row is one token: its follow set if the filter takes it for proved, its margin, and its next position.
"""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from hardmax.kernels.bounds.rounding import decision_bound, layer_error, proved

WIDE = np.longdouble  # 64 bits, and exponents at which no product of three floats over- or underflows

MANY = 1000
"""In larger sets no scores underflow to ties of all tokens, nor do a few values repeat: n² ties fill the memory."""


def configurations(rng, count, *, most=400):
    """`count` times (name, tokens, A or None): n tokens, 64 ≤ n ≤ about `most`."""
    for _ in range(count):
        name = str(rng.choice(list(FAMILIES)))
        dtype = np.float32 if rng.random() < 0.4 else np.float64
        n = int(np.exp(rng.uniform(np.log(64), np.log(most))))
        with np.errstate(all="ignore"):
            tokens = FAMILIES[name](rng, n, dtype)
            tokens, A = _rescaled(rng, tokens, dtype), _form(rng, tokens.shape[1], dtype, n > MANY)
        yield f"{name} {np.dtype(dtype).name}", tokens, A


def _rescaled(rng, tokens, dtype):
    """Sometimes at another scale, up to the ends of the dtype's range, all tokens alike or each its own."""
    info = np.finfo(dtype)
    low, high = int(np.log2(float(info.smallest_subnormal))), int(info.maxexp) - 3
    if len(tokens) > MANY:
        low, high = low // 3, high // 3
    kind = rng.random()
    if kind < 0.15:
        tokens = np.ldexp(tokens, int(rng.integers(low, high)))
    elif kind < 0.25:
        tokens = np.ldexp(tokens, rng.integers(low, high, (len(tokens), 1)))
    elif kind < 0.35:
        tokens = np.ldexp(tokens, rng.integers(-40, 1, (len(tokens), 1)))
    tokens = tokens.astype(dtype)
    return np.where(np.isfinite(tokens), tokens, dtype(info.max))


def _form(rng, d, dtype, moderate):
    """The identity, or A of any sign, conditioned well or ill, huge or tiny."""
    kind = rng.random()
    if kind < 0.5:
        return None
    A = rng.standard_normal((d, d))
    if kind < 0.6:
        A = np.outer(A[0], A[-1]) + 2.0 ** -rng.integers(10, 60) * A
    elif kind < 0.7:
        A = np.eye(d) * (-1.0) ** rng.integers(2) * 2.0 ** rng.integers(-30, 30, d)
    elif kind < 0.8 and not moderate:
        A = np.ldexp(A, int(rng.integers(*((-1070, 1020) if dtype == np.float64 else (-145, 125)))))
    return np.clip(A.astype(dtype), np.finfo(dtype).min, np.finfo(dtype).max)


def _turned(rng, points):
    """Turned by an angle, often 0, so that edges have any direction."""
    angle = rng.uniform(0, 2 * np.pi) * (rng.random() < 0.6)
    return points @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def _with_normals(rng, points, corners, n, dtype):
    """`points` and short tokens along the normals of a polygon's edges, some off by an ulp or a few."""
    points, corners = points.astype(dtype), corners.astype(dtype)
    edges = np.roll(corners, -1, axis=0) - corners
    normals = np.stack([edges[:, 1], -edges[:, 0]], axis=1)[rng.integers(len(edges), size=n)]
    normals = normals / np.abs(normals).max(axis=1, keepdims=True)
    off = rng.integers(-3, 4, normals.shape) * (rng.random((n, 1)) < 0.7)
    normals = normals * (1 + off * np.finfo(dtype).eps) * np.abs(corners).max() * 2.0**-6
    return np.concatenate([points, normals.astype(dtype)])[rng.permutation(len(points) + n)]


def _bits(rng, dtype):
    """A depth from 2⁻²⁰ to 2⁻⁵², to 2⁻²⁴ in float32 (from 2⁻⁸)."""
    return 2.0 ** -rng.uniform(*((20, 53) if dtype == np.float64 else (8, 25)))


def an_edge(rng, n, dtype):
    """Many points just inside one edge, beside a thin circle: they stand between the edge's ends."""
    inside = np.stack([1 - np.full(n // 6, _bits(rng, dtype)), rng.uniform(-1, 1, n // 6)], axis=1)
    angles = rng.uniform(0, 2 * np.pi, n // 2)
    circle = 0.999 * np.stack([np.cos(angles), np.sin(angles)], axis=1) * [0.9, 1]
    ends = np.array([[1.0, -1], [1, 1], [-1.0, 0.1]])
    points = _turned(rng, np.concatenate([ends, inside, circle]))
    return _with_normals(rng, points, points[:3], n // 3, dtype)


def a_polygon(rng, n, dtype):
    """Points inside, on and outside every edge of a polygon, each at a depth of its own."""
    angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 12))))
    corners = _turned(rng, np.stack([np.cos(angles), np.sin(angles)], axis=1) * [1, 2.0 ** -rng.integers(0, 12)])
    corners = corners + rng.standard_normal(2) * (rng.random() < 0.5)
    k, t = rng.integers(len(corners), size=n // 2), rng.random((n // 2, 1))
    on = (1 - t) * corners[k] + t * np.roll(corners, -1, axis=0)[k]
    depth = np.array([[_bits(rng, dtype)] for _ in k]) * rng.choice([-0.1, 0, 1, 1, 1], (len(k), 1))
    points = np.concatenate([corners, on + depth * (corners.mean(axis=0) - on), corners[k]])
    return _with_normals(rng, points, corners, n // 3, dtype)


def a_circle(rng, n, dtype):
    """An ellipse all of whose points are vertices, or nearly, often far from the origin."""
    angles = np.sort(rng.uniform(0, 2 * np.pi, n))
    points = np.stack([np.cos(angles), np.sin(angles)], axis=1) * [1, 2.0 ** -rng.integers(0, 30)]
    points = _turned(rng, points) + rng.standard_normal(2) * rng.choice([0, 0, 5])
    return _with_normals(rng, points, points, n // 2, dtype)


def a_lattice(rng, n, dtype):
    """Lattice points, so that edges hold many, scaled by what is no power of two."""
    side = int(np.sqrt(n))
    points = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2) - side // 2 * 1.0
    step = 1.0 if rng.random() < 0.3 else rng.uniform(0.5, 1)
    corners = np.array([[0.0, 0], [side - 1, 0], [side - 1, side - 1], [0, side - 1]]) - side // 2
    return _with_normals(rng, points * step, corners * step, n // 4, dtype)


def a_line(rng, n, dtype):
    """Collinear points, exactly or up to rounding, or off the line by a few ulps."""
    points = np.outer(rng.standard_normal(n), rng.standard_normal(2)) + rng.standard_normal(2) * (rng.random() < 0.5)
    points = points * (1 + rng.integers(-2, 3, points.shape) * np.finfo(dtype).eps * (rng.random() < 0.5))
    return _with_normals(rng, points, points[[points[:, 0].argmin(), points[:, 0].argmax()]], n // 4, dtype)


def few_values(rng, n, dtype):
    """Duplicates, in any dimension to 4."""
    d = int(rng.integers(1, 5))
    values = (
        rng.standard_normal((max(3, n // 8), d)) if n > MANY or rng.random() < 0.5 else rng.integers(-3, 4, (n, d)) / 3
    )
    return values[rng.integers(len(values), size=n)].astype(dtype)


def a_body(rng, n, dtype):
    """Three dimensions or more: a ball, a sphere, a cube with points just inside its facets."""
    d = int(rng.choice([3, 3, 3, 5]))
    points = rng.standard_normal((n, d))
    kind = rng.random()
    if kind < 0.4:
        points /= np.linalg.norm(points, axis=1, keepdims=True)
    elif kind < 0.8:
        points = rng.uniform(-1, 1, (n, d))
        depth = np.array([_bits(rng, dtype) for _ in range(n)]) * rng.choice([0, 1], n)
        points[np.arange(n), rng.integers(d, size=n)] = rng.choice([-1, 1], n) * (1 - depth)
        short = np.eye(d)[rng.integers(d, size=n // 4)] * rng.choice([-0.01, 0.01], (n // 4, 1))
        points = np.concatenate([points, short + rng.integers(-1, 2, short.shape) * 1e-18])
    return (points + rng.standard_normal(d) * rng.choice([0, 5])).astype(dtype)


def ulps(rng, n, dtype):
    """Two values for each coordinate, an ulp or two apart, at a few places."""
    points = rng.choice([-1, 1, 0.5, 0.9], (n, 2)).astype(dtype)
    return points * (1 + rng.integers(-2, 3, points.shape) * np.finfo(dtype).eps).astype(dtype)


FAMILIES = {f.__name__: f for f in (an_edge, a_polygon, a_circle, a_lattice, a_line, few_values, a_body, ulps)}


def falsehoods(layer, tokens, A, rows, alpha=0.5) -> Iterator[tuple[str, int]]:
    """What `layer` says falsely about these rows, as (what, row): a proved set, a margin, a next token."""
    with np.errstate(all="ignore"):
        moved, sets = layer(tokens, A, alpha)
        form = np.eye(tokens.shape[1], dtype=tokens.dtype) if A is None else A
        bound = decision_bound(tokens[None], form)
        certain = proved(sets, bound, tokens[None])[0]
        error = layer_error(tokens[None], sets.count, alpha)[0]
        followed = sets.sets(0)
        wide, wide_form = tokens.astype(WIDE), form.astype(WIDE)
        z = wide[rows]
        scores, size = z @ wide_form @ wide.T, np.abs(z) @ np.abs(wide_form) @ np.abs(wide).max(axis=0)
    exact = Exact(tokens, form)
    for row, i in enumerate(rows.tolist()):
        members = list(followed[i])
        doubt = size[row] * WIDE(2.0) ** -50
        if certain[i]:
            best = max(members, key=lambda j: scores[row, j])
            equal = (tokens == tokens[best]).all(axis=1)
            near = np.flatnonzero(~equal & ~(scores[row] < scores[row, best] - doubt))
            if not equal[members].all() or any(exact.score(i, j) >= exact.score(i, best) for j in near.tolist()):
                yield "set", i
            elif np.isfinite(error).all() and not exact.moved_within(i, best, moved[i], error, alpha):
                yield "next token", i
        if np.isfinite(bound[0, i]) and len(members) < len(tokens):
            outside = np.delete(scores[row], members).max()
            if not sets.margin[0, i] <= scores[row, members].min() - outside + bound[0, i] + doubt / 16:
                yield "margin", i


class Exact:
    """Scores and means of one configuration as fractions."""

    def __init__(self, tokens, form):
        self.tokens, self.form, self.queries = tokens, [[Fraction(float(v)) for v in row] for row in form], {}

    def score(self, i, j):
        """⟨z_i, z_j⟩."""
        if i not in self.queries:
            z = [Fraction(float(v)) for v in self.tokens[i]]
            self.queries[i] = [
                sum(x * a for x, a in zip(z, column, strict=True)) for column in zip(*self.form, strict=True)
            ]
        return sum(q * Fraction(float(v)) for q, v in zip(self.queries[i], self.tokens[j], strict=True))

    def moved_within(self, i, j, moved, error, alpha):
        """Whether `moved` is token i after a step towards token j, up to `error`."""
        rate = Fraction(alpha) / (1 + Fraction(alpha))
        z, goal = ([Fraction(float(v)) for v in self.tokens[k]] for k in (i, j))
        new = [x + rate * (y - x) for x, y in zip(z, goal, strict=True)]
        return all(
            np.isfinite(v) and abs(Fraction(float(v)) - x) <= Fraction(float(e))
            for v, x, e in zip(moved, new, error, strict=True)
        )


def judge(layer, rng, count, *, rows=100, most=400):
    """Configurations, judged rows, proved-or-not, and every falsehood found, as (what, family, row)."""
    judged, found = 0, []
    for name, tokens, A in configurations(rng, count, most=most):
        chosen = rng.choice(len(tokens), min(rows, len(tokens)), replace=False)
        judged += len(chosen)
        found += [(what, name, i) for what, i in falsehoods(layer, tokens, A, np.sort(chosen))]
    return judged, found
