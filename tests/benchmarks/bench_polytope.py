"""Exact polytope certificates against a fresh cvxpy problem for the same question, in one run.

    python tests/benchmarks/bench_polytope.py

Each line asks one question about random polytopes of one shape. "exact" is the time of the exact, checked answer from
plain Fractions; "prepared" the same where points and A were made a `PointSet` and an `InnerProduct` once for many
questions; "cvxpy" that of building and solving one cvxpy problem from float arrays, whose floats prove nothing yet.
Medians over the questions, each the best of five, and the ratios to cvxpy.
"""

import random
import warnings
from collections.abc import Callable
from fractions import Fraction
from statistics import median
from time import perf_counter

import cvxpy as cp
import numpy as np

from hardmax.verify.polytope import (
    InnerProduct,
    Inside,
    PointSet,
    Separated,
    convex_weights,
    face_of,
    projection_of_origin,
    supporting_normal,
    vertices,
)

SHAPES = [(6, 2), (12, 4), (20, 8), (100, 16)]
QUESTIONS = 12


def cloud(rng: random.Random, n: int, d: int) -> list[tuple[Fraction, ...]]:
    """Dyadic points in [−8, 8]^d, as float tokens are."""
    return [tuple(Fraction(rng.randint(-128, 128), 16) for _ in range(d)) for _ in range(n)]


def mean(points: list[tuple[Fraction, ...]]) -> tuple[Fraction, ...]:
    return tuple(sum(column, Fraction(0)) / len(points) for column in zip(*points, strict=True))


def cvxpy_membership(s: np.ndarray, V: np.ndarray) -> None:
    x = cp.Variable(len(V), nonneg=True)
    cp.Problem(cp.Minimize(0), [V.T @ x == s, cp.sum(x) == 1]).solve(solver=cp.CLARABEL)


def cvxpy_separation(s: np.ndarray, V: np.ndarray) -> None:
    h, t = cp.Variable(V.shape[1]), cp.Variable()
    cp.Problem(cp.Maximize(t), [(V - s) @ h <= -t, h <= 1, h >= -1]).solve(solver=cp.CLARABEL)


def cvxpy_face(s: np.ndarray, V: np.ndarray) -> None:
    h, y = cp.Variable(V.shape[1]), cp.Variable(len(V))
    cp.Problem(cp.Maximize(cp.sum(y)), [(V - s) @ h <= -y, y >= 0, y <= 1]).solve(solver=cp.CLARABEL)


def cvxpy_projection(s: np.ndarray, V: np.ndarray) -> None:
    x = cp.Variable(len(V), nonneg=True)
    cp.Problem(cp.Minimize(cp.sum_squares(V.T @ x)), [cp.sum(x) == 1]).solve(solver=cp.CLARABEL)


def timed(call: Callable[[], object]) -> float:
    start = perf_counter()
    call()
    return perf_counter() - start


def best(call: Callable[[], object], repeats: int = 5) -> float:
    """The least of a few repetitions: what the call costs when nothing else interferes."""
    return min(timed(call) for _ in range(repeats))


def main() -> None:
    """Prints the table."""
    rng = random.Random(20240701)
    print(f"{'question':34} {'|V|':>4} {'d':>3} {'exact':>9} {'prepared':>9} {'cvxpy':>9}   ratio  prepared")
    for n, d in SHAPES:
        A = tuple(tuple(Fraction(int(i == j)) for j in range(d)) for i in range(d))
        rows: dict[str, list[tuple[float, float, float]]] = {}

        def record(name, ask, V, fresh, s, A=A, rows=rows):
            prepared, product = PointSet(V), InnerProduct(A)
            floats, point = np.array(V, dtype=float), np.array(s, dtype=float)
            times = best(lambda: ask(V, A)), best(lambda: ask(prepared, product)), best(lambda: fresh(point, floats))
            rows.setdefault(name, []).append(times)

        for _ in range(QUESTIONS):
            V = cloud(rng, n, d)
            inside = mean(rng.sample(V, min(n, d + 1)))
            outside = tuple(3 * x for x in max(V, key=lambda v: sum(x * x for x in v)))
            face = mean(V[:2])
            apart = [(v[0] + 9, *v[1:]) for v in V]
            assert isinstance(convex_weights(inside, V), Inside)
            assert isinstance(convex_weights(outside, V), Separated)
            record("member: convex weights", lambda P, A, s=inside: convex_weights(s, P), V, cvxpy_membership, inside)
            record("not a member: normal", lambda P, A, s=outside: convex_weights(s, P), V, cvxpy_separation, outside)
            record("vertex: supporting normal", lambda P, A, s=V[0]: supporting_normal(s, P), V, cvxpy_face, V[0])
            record("minimal face of a midpoint", lambda P, A, s=face: face_of(s, P), V, cvxpy_face, face)
            record("projection of the origin", lambda P, A: projection_of_origin(A, P), apart, cvxpy_projection, V[0])
            if n <= 20:
                prepared, floats = PointSet(V), np.array(V, dtype=float)
                hulls = best(lambda P=V: vertices(P), 3) / n, best(lambda P=prepared: vertices(P), 3) / n
                fresh = best(lambda f=floats: cvxpy_separation(f[0], f[1:]), 3)
                rows.setdefault("all vertices, per point", []).append((*hulls, fresh))
        for name, times in rows.items():
            exact, prepared, fresh = (median(column) for column in zip(*times, strict=True))
            print(
                f"{name:34} {n:4} {d:3} {exact * 1e6:6.0f} µs {prepared * 1e6:6.0f} µs {fresh * 1e6:6.0f} µs"
                f"   1/{fresh / exact:<5.1f} 1/{fresh / prepared:.1f}"
            )


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # cvxpy on inaccurate solutions: its floats are not used
    main()
