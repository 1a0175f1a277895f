"""Exact polytope certificates against a fresh cvxpy problem for the same question, in one run.

    python tests/benchmarks/bench_polytope.py

Each line asks one question about random polytopes of one shape. "exact" is the time of the exact, checked answer from
plain Fractions; "prepared" the same where the points were made a `PointSet` once for many questions; "cvxpy" that of
building and solving one cvxpy problem from float arrays, whose floats prove nothing yet. Medians over the questions,
each the best of five, and the ratios to cvxpy.
"""

import random
import warnings
from collections.abc import Callable
from fractions import Fraction
from statistics import median
from time import perf_counter

import cvxpy as cp
import numpy as np

from hardmax.verify.geometry.polytopes.answers import Inside, Separated
from hardmax.verify.geometry.polytopes.point_set import PointSet
from hardmax.verify.geometry.polytopes.polytope import convex_weights, face_of

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
        rows: dict[str, list[tuple[float, float, float]]] = {}

        def record(name, ask, V, fresh, s, rows=rows):
            prepared, floats, point = PointSet(V), np.array(V, dtype=float), np.array(s, dtype=float)
            times = best(lambda: ask(s, V)), best(lambda: ask(s, prepared)), best(lambda: fresh(point, floats))
            rows.setdefault(name, []).append(times)

        for _ in range(QUESTIONS):
            V = cloud(rng, n, d)
            inside = mean(rng.sample(V, min(n, d + 1)))
            outside = tuple(3 * x for x in max(V, key=lambda v: sum(x * x for x in v)))
            assert isinstance(convex_weights(inside, V), Inside)
            assert isinstance(convex_weights(outside, V), Separated)
            record("member: convex weights", convex_weights, V, cvxpy_membership, inside)
            record("not a member: normal", convex_weights, V, cvxpy_separation, outside)
            record("smallest face of a vertex", face_of, V, cvxpy_face, V[0])
            record("smallest face of a midpoint", face_of, V, cvxpy_face, mean(V[:2]))
        for name, times in rows.items():
            exact, prepared, fresh = (median(column) for column in zip(*times, strict=True))
            print(
                f"{name:34} {n:4} {d:3} {exact * 1e6:6.0f} µs {prepared * 1e6:6.0f} µs {fresh * 1e6:6.0f} µs"
                f"   1/{fresh / exact:<5.1f} 1/{fresh / prepared:.1f}"
            )


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # cvxpy on inaccurate solutions: its floats are not used
    main()
