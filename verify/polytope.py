"""Convex polytopes conv V in R^d, exactly: membership, faces, vertices, projections, each with its proof.

Points are vectors of Fractions (or ints), d ≥ 1, in any position: duplicates, flat and single-point polytopes are
ordinary input. Every answer is one of two complementary statements, each with data that prove it, and is checked by
exact arithmetic before it is returned. Normals are integer vectors in lowest terms; weights are {index: Fraction > 0}
with sum 1.

Neighbours: `point_set` clears denominators, `exact_lp` decides cones on integers, `min_norm` projects;
`second_route` computes the same things by cvxpy.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd

from ..kernels.configuration import Matrix, Vector
from ..kernels.errors import HardmaxError, InputError
from .exact_lp import Combination, Farkas, cone_membership, dot, orthogonal_complement, primitive
from .min_norm import min_norm_point
from .point_set import Points, PointSet, as_vector

Weights = Mapping[int, Fraction]


class UnprovedError(HardmaxError):
    """An answer failed its exact check: a bug in this package, never a fact about the polytope."""


@dataclass(frozen=True, slots=True)
class Inside:
    """Proof of s ∈ conv V: s = Σ_j weights[j] v_j."""

    weights: Weights


@dataclass(frozen=True, slots=True)
class Separated:
    """Proof of s ∉ conv V: normal · v < normal · s for every v ∈ V, strictly."""

    normal: Vector


@dataclass(frozen=True, slots=True)
class Supported:
    """Proof that s ∈ conv V lies on the boundary in R^d: normal ≠ 0 and normal · v ≤ normal · s for every v ∈ V.

    Attributes:
        normal: the normal of a supporting hyperplane.
        face: ascending indices of the points on that hyperplane; the face conv of them need not be minimal.
    """

    normal: Vector
    face: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Interior:
    """Proof that s lies in the interior of conv V in R^d: s = Σ weights[j] v_j, and those v_j affinely span R^d."""

    weights: Weights


@dataclass(frozen=True, slots=True)
class Face:
    """The smallest face of conv V that contains s, with its proof.

    Attributes:
        indices: ascending indices of the points of V on the face.
        normal: normal · v = normal · s on the face and < normal · s off it; zero if the face is all of conv V.
        weights: s = Σ weights[j] v_j with a positive weight for every point of the face.
    """

    indices: tuple[int, ...]
    normal: Vector
    weights: Weights


@dataclass(frozen=True, slots=True)
class Vertices:
    """The vertices of conv V and why each point is one or is not.

    Attributes:
        normals: {index: h} for each vertex, h · w < h · v for every point w ≠ v. Of equal points the first counts.
        redundant: for every other index convex weights over vertices (for a later copy of a vertex: that vertex).
    """

    normals: Mapping[int, Vector]
    redundant: Mapping[int, Weights]


@dataclass(frozen=True, slots=True)
class Projection:
    """The A-projection of the origin on conv V: the point s of least ⟨s, s⟩ = sᵀAs.

    Attributes:
        point: s, the only point of conv V with ⟨s, v − s⟩ ≥ 0 for every v ∈ V.
        weights: s = Σ weights[j] v_j.
        face: ascending indices of the v with ⟨s, v − s⟩ = 0 (all of them if s = 0).
    """

    point: Vector
    weights: Weights
    face: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Nested:
    """Proof of conv U ⊂ conv V: entry i holds convex weights of u_i over V."""

    weights: tuple[Weights, ...]


@dataclass(frozen=True, slots=True)
class Escapes:
    """Proof of conv U ⊄ conv V: normal · v < normal · u_index for every v ∈ V."""

    index: int
    normal: Vector


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
    answer = _decide_cone(V.rows, row)
    if isinstance(answer, Farkas):
        return Separated(as_vector(primitive(answer.normal[:-1])))
    # den (D_s s, D_s) = Σ x_j (D_j v_j, D_j): the weight of v_j is x_j D_j / (den D_s).
    scale = answer.den * row[-1]
    return Inside({j: Fraction(x * V.rows[j][-1], scale) for j, x in sorted(answer.weights.items())})


def supporting_normal(
    point: Sequence[int | Fraction], points: Points | PointSet, hints: Iterable[Sequence[int | Fraction]] = ()
) -> Supported | Interior:
    """Whether s ∈ conv V lies on the boundary in R^d, with a supporting normal, or in the interior.

    A polytope of dimension below d is all boundary. Stiemke's lemma decides the rest: either some h has
    h · (v − s) ≤ 0 for every v, not always 0, or Σ x_v (v − s) = 0 with all x_v > 0.

    Args:
        point: s ∈ conv V, d exact numbers. That s lies in conv V is the caller's to know: a `Supported` for a
            point outside states its inequality and no more.
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
        normal = primitive(V.homogeneous(hint)[:-1])
        if any(normal) and all(dot(normal, u) <= 0 for u in directions):
            return _supported(normal, directions)
    flat = orthogonal_complement(directions, V.d)
    if flat:
        return _supported(flat[0], directions)
    answer = _relative_interior(directions)
    if isinstance(answer, Farkas):
        return _supported(answer.normal, directions)
    return Interior(_weights_of_multiples(V, row, directions, answer))


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
        InputError: s ∉ conv V (the message names a separating normal).
        ExactnessError: see `PointSet`.
    """
    V = PointSet.of(points)
    row = V.homogeneous(point)
    directions = V.differences(row)
    indices = list(range(V.n))
    normal = [0] * V.d
    while True:
        face = [directions[j] for j in indices]
        answer = _relative_interior(face)
        if isinstance(answer, Combination):
            break
        # Keep all that is strict so far and add the new hyperplane: scale the old normal until it dominates.
        h = answer.normal
        scale = 1
        for u in directions:
            old = dot(normal, u)
            if old < 0:
                scale = max(scale, dot(h, u) // -old + 1)
        normal = primitive([scale * a + b for a, b in zip(normal, h)])  # noqa: B905 both have d entries
        indices = [j for j in indices if dot(h, directions[j]) == 0]
        if not indices:
            raise InputError(f"point is outside the polytope (normal {list(map(int, h))}); give a point of it")
    on_face = set(indices)
    if not all(dot(normal, u) == 0 if j in on_face else dot(normal, u) < 0 for j, u in enumerate(directions)):
        raise UnprovedError("the face's normal does not expose it")
    part = V.subset(indices)
    weights = _weights_of_multiples(part, row, face, answer)
    return Face(tuple(indices), as_vector(normal), {indices[j]: w for j, w in weights.items()})


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
    hints = hints or {}
    first = [places[0] for places in V.copies.values()]
    normals: dict[int, list[int]] = {}
    pending = []
    for j in first:
        proposals = [primitive(V.homogeneous(hints[j])[:-1])] if j in hints else []
        # The direction from the centre of the distinct points exposes most vertices of small polytopes.
        for normal in (*proposals, _outward(V, j, first)):
            if _exposes(normal, V, j, first):
                normals[j] = normal
                break
        else:
            pending.append(j)
    redundant: set[int] = set()
    for j in pending:
        # Against the vertices found so far first: it is cheaper, and settles most points that are no vertex.
        for others in (list(normals), [i for i in first if i != j and i not in redundant]):
            if not others:
                continue
            answer = _decide_cone([V.rows[i] for i in others], V.rows[j])
            if isinstance(answer, Combination):
                redundant.add(j)
                break
            normal = primitive(answer.normal[:-1])
            if _exposes(normal, V, j, first):
                normals[j] = normal
                break
        else:
            # A single distinct point: every normal exposes it.
            normals[j] = [int(i == 0) for i in range(V.d)]
    corners = sorted(normals)
    hull = V.subset(corners)
    weights: dict[int, Weights] = {}
    for places in V.copies.values():
        j, *later = places
        if j in normals:
            own: Weights = {j: Fraction(1)}
        else:
            own = weights[j] = _weights_over(hull, corners, V.rows[j])
        for i in later:
            weights[i] = own
    return Vertices({j: as_vector(normals[j]) for j in corners}, dict(sorted(weights.items())))


def projection_of_origin(A: Matrix, points: Points | PointSet) -> Projection:
    """The A-projection of the origin on conv V: argmin of ⟨s, s⟩ = sᵀAs over s ∈ conv V.

    Args:
        A: (d, d) exact numbers, symmetric positive definite.
        points: V, (n, d) exact numbers, n ≥ 1, or a `PointSet`.

    Returns:
        `Projection`; the condition ⟨s, v − s⟩ ≥ 0 for every v has been checked exactly.

    Raises:
        InputError: A has another shape or is not symmetric positive definite, or see `PointSet`.
        ExactnessError: see `PointSet`.
    """
    V = PointSet.of(points)
    form = _spd_form(A, V.d)
    weights = min_norm_point(form, V)
    point = tuple(
        [sum((w * Fraction(V.rows[j][c], V.rows[j][-1]) for j, w in weights.items()), Fraction(0)) for c in range(V.d)]
    )
    *s, D = V.homogeneous(point)
    gradient = [dot(row, s) for row in form]
    norm = dot(gradient, s)
    # ⟨s, v − s⟩ times the positive number D_v D² (and the denominator of the form).
    slack = [D * dot(gradient, v) - v[-1] * norm for v in V.rows]
    if min(slack) < 0 or sum(weights.values()) != 1 or min(weights.values()) <= 0:
        raise UnprovedError("the projection fails its optimality check")
    return Projection(point, weights, tuple([j for j, gap in enumerate(slack) if gap == 0]))


def dimension(points: Points | PointSet) -> int:
    """The dimension of conv V, 0 for a single point: the rank of the differences.

    Args:
        points: V, (n, d) exact numbers, n ≥ 1, or a `PointSet`.
    """
    V = PointSet.of(points)
    return V.d - len(orthogonal_complement(V.differences(V.rows[0]), V.d))


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
    place = {row: j[0] for row, j in V.copies.items()}
    result: list[Weights] = []
    for i, row in enumerate(U.rows):
        if row in place:
            result.append({place[row]: Fraction(1)})
            continue
        answer = _decide_cone(V.rows, row)
        if isinstance(answer, Farkas):
            return Escapes(i, as_vector(primitive(answer.normal[:-1])))
        scale = answer.den * row[-1]
        result.append({j: Fraction(x * V.rows[j][-1], scale) for j, x in sorted(answer.weights.items())})
    return Nested(tuple(result))


def _decide_cone(generators: Sequence[Sequence[int]], target: Sequence[int]) -> Combination | Farkas:
    """`cone_membership`, checked."""
    answer = cone_membership(generators, target)
    if not proves(answer, generators, target):
        raise UnprovedError("the exact simplex method returned no proof")
    return answer


def proves(answer: Combination | Farkas, generators: Sequence[Sequence[int]], target: Sequence[int]) -> bool:
    """Whether `answer` is a proof about target ∈ cone(generators): the inequalities and equations, nothing else."""
    if isinstance(answer, Farkas):
        h = answer.normal
        return dot(h, target) > 0 and all(dot(h, g) <= 0 for g in generators)
    if answer.den <= 0 or any(x <= 0 for x in answer.weights.values()):
        return False
    used = [(x, generators[j]) for j, x in answer.weights.items()]
    return all(answer.den * t == sum([x * g[i] for x, g in used]) for i, t in enumerate(target))


def _relative_interior(directions: Sequence[Sequence[int]]) -> Combination | Farkas:
    """Whether Σ x_j u_j = 0 for some x > 0: such a combination of all u_j, or h with h · u_j ≤ 0, not always 0."""
    target = [-sum(column) for column in zip(*directions, strict=True)]
    answer = _decide_cone(directions, target)
    if isinstance(answer, Farkas):
        return answer
    den = answer.den
    return Combination({j: den + answer.weights.get(j, 0) for j in range(len(directions))}, den)


def _supported(normal: Sequence[int], directions: Sequence[Sequence[int]]) -> Supported:
    """The checked record for a supporting normal."""
    values = [dot(normal, u) for u in directions]
    if max(values) > 0 or not any(normal):
        raise UnprovedError("the normal supports no face")
    return Supported(as_vector(primitive(normal)), tuple([j for j, v in enumerate(values) if v == 0]))


def _weights_of_multiples(
    V: PointSet, row: Sequence[int], directions: Sequence[Sequence[int]], answer: Combination
) -> Weights:
    """Convex weights of s from Σ x_j u_j = 0, where u_j = `directions[j]` is a multiple c_j > 0 of v_j − s."""
    *s, D = row
    scaled: dict[int, Fraction] = {}
    for j, x in answer.weights.items():
        v = V.rows[j]
        raw = gcd(*[D * a - v[-1] * b for a, b in zip(v, s)]) or 1  # noqa: B905 v ends with D_j
        scaled[j] = Fraction(x * D * v[-1], raw)
    total = sum(scaled.values())
    weights = {j: w / total for j, w in scaled.items()}
    residual = [sum(x * directions[j][i] for j, x in answer.weights.items()) for i in range(V.d)]
    if any(residual) or min(weights.values()) <= 0:
        raise UnprovedError("the weights do not reproduce the point")
    return weights


def _weights_over(hull: PointSet, names: Sequence[int], row: Sequence[int]) -> Weights:
    """Convex weights over the vertices `hull`, whose indices are `names`, of a point known to lie in it."""
    answer = _decide_cone(hull.rows, row)
    if isinstance(answer, Farkas):
        raise UnprovedError("a point that is no vertex lies outside the hull of the vertices")
    scale = answer.den * row[-1]
    return {names[j]: Fraction(x * hull.rows[j][-1], scale) for j, x in sorted(answer.weights.items())}


def _outward(V: PointSet, j: int, distinct: Sequence[int]) -> list[int]:
    """A direction from some centre of the distinct points to v_j: a guess, so rows are summed as they are."""
    *v, D = V.rows[j]
    centre = [sum(V.rows[i][c] for i in distinct) for c in range(V.d + 1)]
    return primitive([a * centre[-1] - D * b for a, b in zip(v, centre)])  # noqa: B905 centre ends with its denominator


def _exposes(normal: Sequence[int], V: PointSet, j: int, distinct: Sequence[int]) -> bool:
    """Whether normal · w < normal · v_j for every point w ≠ v_j: exactly, on the distinct points."""
    if not any(normal):
        return False
    v = V.rows[j]
    height, D = dot(normal, v), v[-1]
    return all(i == j or dot(normal, V.rows[i]) * D < height * V.rows[i][-1] for i in distinct)


def _spd_form(A: Matrix, d: int) -> list[list[int]]:
    """A times its common denominator, checked to be symmetric positive definite."""
    if len(A) != d or any(len(row) != d for row in A):
        raise InputError(
            f"A has rows of lengths {[len(row) for row in A]} but the points have {d} coordinates; A must be {d} x {d}"
        )
    rows = PointSet(A).rows
    common = 1
    for row in rows:
        common = common * row[-1] // gcd(common, row[-1])
    form = [[v * (common // row[-1]) for v in row[:-1]] for row in rows]
    if [list(column) for column in zip(*form, strict=True)] != form:
        raise InputError("A is not symmetric; a projection needs A symmetric positive definite")
    work, previous = [row[:] for row in form], 1
    for k in range(d):
        pivot = work[k][k]
        if pivot <= 0:
            raise InputError("A is not positive definite; a projection needs A symmetric positive definite")
        for i in range(k + 1, d):
            work[i] = [(pivot * a - work[i][k] * b) // previous for a, b in zip(work[i], work[k])]  # noqa: B905 rows of one matrix
        previous = pivot
    return form


__all__ = [
    "Escapes",
    "Face",
    "Inside",
    "Interior",
    "Nested",
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
    "proves",
    "supporting_normal",
    "vertices",
]
