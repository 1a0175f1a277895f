"""Convex polytopes conv V in R^d, exactly: membership, faces, vertices, projections, each with its proof.

Points are vectors of Fractions (or ints), d ≥ 1, in any position: duplicates, flat and single-point polytopes are
ordinary input. Every answer is one of two complementary statements, with data that prove it, and has passed an exact
check before it is returned (`UnprovedError` otherwise: a bug, never a fact about the polytope).

Neighbours: `polytope_records` are the answers, `point_set` and `inner_product` clear denominators, `cone` decides on
integers; `second_route` computes the same things by cvxpy.
"""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from ..kernels.configuration import Matrix
from ..kernels.errors import InputError
from .cone import UnprovedError, decide, relative_interior
from .exact_lp import Combination, Farkas, dot, orthogonal_complement, primitive
from .exact_nnls import project_on_cone
from .inner_product import InnerProduct
from .point_set import Points, PointSet, as_vector
from .polytope_records import (
    Escapes,
    Face,
    Inside,
    Interior,
    Nested,
    Projection,
    Separated,
    Supported,
    Vertices,
    Weights,
    affine_weights,
    face_record,
    supported_record,
    weights_at,
)
from .proposals import min_norm_support


def convex_weights(point: Sequence[int | Fraction], points: Points | PointSet) -> Inside | Separated:
    """Whether s ∈ conv V, with weights or a strictly separating normal.

    Args:
        point: s, d exact numbers.
        points: V, (n, d) exact numbers, n ≥ 1, or a `PointSet`.

    Returns:
        `Inside` with at most d + 1 weights, or `Separated`.

    Raises:
        ExactnessError, InputError: see `PointSet`.
    """
    V = PointSet.of(points)
    row = V.homogeneous(point)
    answer = decide(V.rows, row, affine=True)
    if isinstance(answer, Farkas):
        return Separated(as_vector(primitive(answer.normal[:-1])))
    return Inside(affine_weights(V.rows, row, answer))


def supporting_normal(
    point: Sequence[int | Fraction], points: Points | PointSet, hints: Iterable[Sequence[int | Fraction]] = ()
) -> Supported | Interior:
    """Whether s ∈ conv V lies on the boundary in R^d, with a supporting normal, or in the interior.

    A polytope of dimension below d is all boundary. Stiemke's lemma decides the rest: either some h has
    h · (v − s) ≤ 0 for every v, not always 0, or Σ x_v (v − s) = 0 with all x_v > 0.

    Args:
        point: s ∈ conv V, d exact numbers. That s lies in conv V is the caller's to know: for a point outside, a
            `Supported` states its inequality and no more.
        points: V, (n, d) exact numbers, n ≥ 1, or a `PointSet`.
        hints: normals to try first, d exact numbers each; at an equilibrium A s is one.

    Returns:
        `Supported`, or `Interior` with a positive weight for every point of V.

    Raises:
        ExactnessError, InputError: see `PointSet`.
    """
    V = PointSet.of(points)
    row = V.homogeneous(point)
    directions = V.differences(row)
    for hint in hints:
        normal = V.homogeneous(hint)[:-1]
        if any(normal) and all(dot(normal, u) <= 0 for u in directions):
            return supported_record(normal, directions)
    answer = relative_interior(directions)
    if isinstance(answer, Farkas):
        return supported_record(answer.normal, directions)
    flat = orthogonal_complement(directions, V.d)
    if flat:
        return supported_record(flat[0], directions)
    return Interior(weights_at(V.rows, row, answer))


def minimal_face(point: Sequence[int | Fraction], points: Points | PointSet) -> tuple[int, ...]:
    """The points of V on the smallest face of conv V that contains s ∈ conv V: those that can have positive weight.

    Arguments and errors as for `face_of`, which also gives the proof.
    """
    return face_of(point, points).indices


def face_of(point: Sequence[int | Fraction], points: Points | PointSet) -> Face:
    """The smallest face of conv V that contains s ∈ conv V, with an exposing normal and weights.

    Args:
        point: s ∈ conv V, d exact numbers.
        points: V, (n, d) exact numbers, n ≥ 1, or a `PointSet`.

    Raises:
        InputError: s ∉ conv V.
        ExactnessError: see `PointSet`.
    """
    V = PointSet.of(points)
    row = V.homogeneous(point)
    directions = V.differences(row)
    indices = list(range(V.n))
    normal = [0] * V.d
    while isinstance(answer := relative_interior([directions[j] for j in indices]), Farkas):
        normal = _combined(normal, answer.normal, directions)
        indices = [j for j in indices if dot(answer.normal, directions[j]) == 0]
        if not indices:
            raise InputError("point is outside the polytope, so no face contains it; ask convex_weights first")
    if len(indices) == V.n:
        # The whole polytope is a face in R^d exactly if it is flat.
        normal = next(iter(orthogonal_complement(directions, V.d)), normal)
    return face_record(V, row, directions, indices, normal, answer)


def vertices(points: Points | PointSet, hints: Mapping[int, Sequence[int | Fraction]] | None = None) -> Vertices:
    """The vertices of conv V, each with a normal that exposes it, and convex weights for all other points.

    Args:
        points: V, (n, d) exact numbers, n ≥ 1, or a `PointSet`.
        hints: {index: normal to try first}; A v is one for a leader v.

    Returns:
        `Vertices`. Equal points count once: the first is the vertex, later copies get weight 1 on it.

    Raises:
        ExactnessError, InputError: see `PointSet`.
    """
    V = PointSet.of(points)
    distinct = [places[0] for places in V.copies.values()]
    rows = [V.rows[j] for j in distinct]
    normals: dict[int, list[int]] = {}
    pending = []
    centre = [sum(column) for column in zip(*rows, strict=True)]
    for j in distinct:
        # The direction from some centre of the points exposes most vertices of small polytopes.
        proposals = [_difference(V.rows[j], centre)]
        if hints and j in hints:
            proposals.insert(0, list(V.homogeneous(hints[j])[:-1]))
        exposing = next((h for h in proposals if _exposes(h, V.rows[j], rows)), None)
        if exposing is None:
            pending.append(j)
        else:
            normals[j] = primitive(exposing)
    candidates = set(distinct)
    for j in pending:
        # Weights over the vertices found so far settle most points that are no vertex; a normal settles the others.
        for others in (list(normals), [i for i in distinct if i != j and i in candidates]):
            if not others:
                continue
            answer = decide([V.rows[i] for i in others], V.rows[j], affine=True)
            if isinstance(answer, Combination):
                candidates.remove(j)
                break
            normal = primitive(answer.normal[:-1])
            if _exposes(normal, V.rows[j], rows):
                normals[j] = normal
                break
        else:
            if len(distinct) > 1:
                raise UnprovedError(f"points[{j}] is neither exposed nor in the hull of the other points")
            normals[j] = [int(i == 0) for i in range(V.d)]  # every normal exposes a single point
    corners = sorted(normals)
    hull = [V.rows[j] for j in corners]
    redundant: dict[int, Weights] = {}
    for row, (j, *copies) in V.copies.items():
        weights: Weights = {j: Fraction(1)}
        if j not in normals:
            answer = decide(hull, row, affine=True)
            if isinstance(answer, Farkas):
                raise UnprovedError(f"points[{j}] lies outside the hull of the vertices {corners}")
            weights = redundant[j] = {corners[i]: w for i, w in affine_weights(hull, row, answer).items()}
        redundant.update(dict.fromkeys(copies, weights))
    return Vertices({j: as_vector(normals[j]) for j in corners}, dict(sorted(redundant.items())))


def projection_of_origin(A: Matrix | InnerProduct, points: Points | PointSet) -> Projection:
    """The A-projection of the origin on conv V: argmin of ⟨s, s⟩ = sᵀAs over s ∈ conv V.

    In the inner product diag(A, 1) the point of the cone over V × {1} nearest to (0, 1) is a multiple of (s, 1).

    Args:
        A: (d, d) exact numbers, symmetric positive definite, or an `InnerProduct`.
        points: V, (n, d) exact numbers, n ≥ 1, or a `PointSet`.

    Returns:
        `Projection`; ⟨s, v − s⟩ ≥ 0 for every v has been checked exactly.

    Raises:
        InputError: A has another shape or is not symmetric positive definite, or see `PointSet`.
        ExactnessError: see `PointSet`.
    """
    V = PointSet.of(points)
    product = InnerProduct.of(A)
    if product.d != V.d:
        raise InputError(f"A is {product.d} x {product.d} but the points have {V.d} coordinates; give {V.d} x {V.d}")
    support = min_norm_support(V.rows, product.root)
    answer = project_on_cone(V.rows, [0] * V.d + [1], product.homogeneous, support)
    if answer is None:
        raise UnprovedError("the projection gave up although no limit was set")
    # Σ x_j (D_j v_j, D_j) is a multiple of (s, 1).
    total = [sum([x * V.rows[j][c] for j, x in answer.weights.items()]) for c in range(V.d + 1)]
    *s, D = primitive(total)
    gradient = product.gradient(s)
    norm = dot(gradient, s)
    # ⟨s, v − s⟩ times D_v D² > 0 and the denominator of the form.
    slack = [D * dot(gradient, v) - v[-1] * norm for v in V.rows]
    if D <= 0 or min(slack) < 0 or min(answer.weights.values()) <= 0:
        raise UnprovedError("the projection of the origin fails its optimality condition")
    weights = {j: Fraction(x * V.rows[j][-1], total[-1]) for j, x in answer.weights.items()}
    point = tuple([Fraction(x, D) for x in s])
    return Projection(point, weights, tuple([j for j, gap in enumerate(slack) if gap == 0]))


def dimension(points: Points | PointSet) -> int:
    """The dimension of conv V, 0 for a single point: the rank of the differences.

    Args:
        points: V, (n, d) exact numbers, n ≥ 1, or a `PointSet`.
    """
    V = PointSet.of(points)
    return V.d - len(orthogonal_complement((_difference(row, V.rows[0]) for row in V.rows), V.d))


def hull_nested(inner: Points | PointSet, outer: Points | PointSet) -> Nested | Escapes:
    """Whether conv U ⊂ conv V, with weights for every point of U, or the first point outside and a normal.

    Args:
        inner: U, (n, d) exact numbers, n ≥ 1, or a `PointSet`.
        outer: V, (n', d) exact numbers, n' ≥ 1, or a `PointSet`.

    Raises:
        ExactnessError, InputError: see `PointSet`; the dimensions differ.
    """
    U, V = PointSet.of(inner), PointSet.of(outer)
    if U.d != V.d:
        raise InputError(f"inner has dimension {U.d} but outer has {V.d}; both must lie in the same space")
    known: dict[tuple[int, ...], Weights] = {row: {places[0]: Fraction(1)} for row, places in V.copies.items()}
    for row, places in U.copies.items():
        if row not in known:
            answer = decide(V.rows, row, affine=True)
            if isinstance(answer, Farkas):
                return Escapes(places[0], as_vector(primitive(answer.normal[:-1])))
            known[row] = affine_weights(V.rows, row, answer)
    return Nested(tuple([known[row] for row in U.rows]))


def _combined(normal: Sequence[int], h: Sequence[int], directions: Sequence[Sequence[int]]) -> list[int]:
    """c · normal + h, with c so large that whatever was strictly below the old hyperplane stays below the new one."""
    if not any(normal):
        return list(h)
    c = 1
    for u in directions:
        below = -dot(normal, u)
        if below > 0:
            c = max(c, dot(h, u) // below + 1)
    return primitive([c * a + b for a, b in zip(normal, h, strict=True)])


def _difference(row: Sequence[int], other: Sequence[int]) -> list[int]:
    """A positive multiple of v − w for the homogeneous rows of v and w."""
    D, E = row[-1], other[-1]
    return [E * a - D * b for a, b in zip(row[:-1], other)]  # noqa: B905 the other row ends with E


def _exposes(normal: Sequence[int], row: Sequence[int], rows: Sequence[Sequence[int]]) -> bool:
    """Whether normal · w < normal · v for every point w ≠ v of the distinct `rows`, v among them: exactly."""
    height, D = dot(normal, row), row[-1]
    return any(normal) and all(dot(normal, other) * D < height * other[-1] or other is row for other in rows)


__all__ = [
    "Escapes",
    "Face",
    "InnerProduct",
    "Inside",
    "Interior",
    "Nested",
    "PointSet",
    "Projection",
    "Separated",
    "Supported",
    "UnprovedError",
    "Vertices",
    "Weights",
    "convex_weights",
    "dimension",
    "face_of",
    "hull_nested",
    "minimal_face",
    "projection_of_origin",
    "supporting_normal",
    "vertices",
]
