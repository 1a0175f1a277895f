"""Metamorphic relations: the layer map commutes with scaling, relabelling and A-orthogonal maps.

Each check runs the transformed configuration through the kernel under examination and compares every layer exactly:
follow sets must be the same (relabelled), tokens the images of tokens.

Source: arXiv:2407.01602 (equation of the layer); DESIGN 1.3, item 7.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import islice

import sympy

from ...kernels.configuration import Configuration, Matrix, Vector, with_changes
from ..case import Case
from .identities import Combination, Scalar, inner, shown_by, vector
from .registry import Claim, Finding, Source

SOURCE = Source("arXiv:2407.01602", "SIAM J. Math. Data Sci. 7(3), 2025", "symmetries of the layer")
SCALE = Fraction(3, 2)
LAYERS = 4

Image = Callable[[Vector], Vector]


def _compare(case: Case, other: Configuration, order: Sequence[int], image: Image, what: str) -> Finding:
    """Run `other` and compare: its token p must be the image of token order[p] of the case, at every layer."""
    mine = case.layers[:LAYERS]
    theirs = islice(case.make_dynamics(other).layers(), len(mine))
    position = {i: p for p, i in enumerate(order)}
    for (layer, sets), (other_layer, other_sets) in zip(mine, theirs, strict=True):
        tokens, images = layer.tokens(), other_layer.tokens()
        for p, i in enumerate(order):
            if image(tokens[i]) != images[p]:
                return Finding(
                    "refuted", f"{what} and layer do not commute: token {i} at layer {layer.index}", layer.index
                )
            if tuple(sorted(position[j] for j in sets[i])) != other_sets[p]:
                return Finding(
                    "refuted", f"{what} changes the follow set of token {i} at layer {layer.index}", layer.index
                )
    return Finding("verified", f"{what} and {len(mine)} layers commute exactly")


def check_homogeneity(case: Case) -> Finding:
    """T(cZ) = c T(Z) for c = 3/2."""
    c = case.configuration
    scaled = with_changes(c, tokens=[[SCALE * x for x in row] for row in c.tokens])
    return _compare(case, scaled, range(c.n), lambda z: tuple(SCALE * x for x in z), "scaling")


def check_permutation(case: Case) -> Finding:
    """T(πZ) = π T(Z) for the relabelling that reverses and rotates the tokens."""
    c = case.configuration
    order = [*range(c.n // 2, -1, -1), *range(c.n - 1, c.n // 2, -1)]
    relabelled = with_changes(
        c,
        tokens=[c.tokens[i] for i in order],
        multiplicities=[c.multiplicities[i] for i in order],
        labels=None if c.labels is None else [c.labels[i] for i in order],
    )
    return _compare(case, relabelled, order, lambda z: z, "relabelling")


def check_isometry(case: Case) -> Finding:
    """T(HZ) = H T(Z) for an A-orthogonal H: a reflection along (1, 2, …, d) if there is one, else H = −I."""
    c = case.configuration
    image, what = _isometry(c)
    return _compare(case, with_changes(c, tokens=_map(image, c.tokens)), range(c.n), image, what)


def _map(image: Image, rows: Matrix) -> Matrix:
    return tuple(image(row) for row in rows)


def _isometry(c: Configuration) -> tuple[Image, str]:
    """H x = x − 2⟨x, v⟩/⟨v, v⟩ v needs A symmetric and ⟨v, v⟩ ≠ 0; H = −I is A-orthogonal for every A."""
    v = tuple(Fraction(i + 1) for i in range(c.d))
    length = c.inner(v, v)
    if not c.is_symmetric or length == 0:
        return lambda x: tuple(-a for a in x), "the point reflection"

    def reflect(x: Vector) -> Vector:
        factor = 2 * c.inner(x, v) / length
        return tuple(a - factor * b for a, b in zip(x, v, strict=True))

    return reflect, "reflection"


def _scaling_identity() -> Scalar:
    """⟨cx, cy⟩ = c²⟨x, y⟩, so scaling keeps the order of all scores"""
    c, x, y = sympy.Symbol("c", positive=True), vector("x"), vector("y")
    return inner(x * c, y * c) - c**2 * inner(x, y)


def _reflection_identity() -> Scalar:
    """⟨Hx, Hy⟩ = ⟨x, y⟩ for H x = x − 2⟨x, v⟩/⟨v, v⟩ v"""
    x, y, v = vector("x"), vector("y"), vector("v")

    def reflect(z: Combination) -> Combination:
        return z - v * (2 * inner(z, v) / inner(v, v))

    return inner(reflect(x), reflect(y)) - inner(x, y)


def _claim(
    name: str,
    statement: str,
    check: Callable[[Case], Finding],
    *,
    spd: bool = False,
    identity: Callable[[], Finding] | None = None,
) -> Claim:
    return Claim(f"metamorphic.{name}", statement, ("spd",) if spd else (), SOURCE, "theorem", check, identity)


CLAIMS = (
    _claim("homogeneity", "T(cZ) = c T(Z) for every c > 0", check_homogeneity, identity=shown_by(_scaling_identity)),
    _claim("permutation", "T commutes with every relabelling of the tokens", check_permutation),
    _claim(
        "isometry",
        "T commutes with every A-orthogonal map",
        check_isometry,
        spd=True,
        identity=shown_by(_reflection_identity),
    ),
)

__all__ = ["CLAIMS", "check_homogeneity", "check_isometry", "check_permutation"]
