"""The questions that are linear programmes, by the exact simplex method: one leader, and one token that all follow.

Token i leads for some A exactly if it is a vertex of conv({0} ∪ Z); all follow i for some A exactly if some h has
h·z_l > 0 for all l and h·z_i > h·z_l for l ≠ i (CONTROL.md, theorems A and D). Either way there is a proof: A, or
multipliers in the form of theorem B.
"""

from collections.abc import Sequence
from fractions import Fraction

from ....kernels.exact.configuration import Configuration, Matrix, Vector
from ....kernels.exact.matrix import dot
from ...geometry.polytopes.cone import decide
from ...geometry.polytopes.exact_lp import Farkas
from .questions import Excluded, Leading, Multiplier, Wish, outer, primitive


def may_lead(question: Leading, c: int, i: int) -> Matrix | Excluded:
    """A for which token i leads, or multipliers that exclude it.

    If z_i = Σ y_l z_l with y ≥ 0, Σ y_l ≤ 1, then Σ y_l sym(z_i (z_i − z_l)ᵀ) = −(1 − Σ y_l) z_i z_iᵀ.

    Args:
        question: has the configurations.
        c: the configuration.
        i: a token of it, not the origin.
    """
    tokens = question.configurations[c].tokens
    z, one = tokens[i], Fraction(1)
    others = [p for p in range(len(tokens)) if p != i]
    rays = [primitive([*tokens[p], one]) for p in others]
    target, unit = primitive([*z, one])
    answer = decide([*(ray for ray, _ in rays), [0] * len(z) + [1]], target)
    if isinstance(answer, Farkas):  # h·z_i > −h_0 ≥ h·z_l, 0
        h = tuple(Fraction(v) for v in answer.normal[:-1])
        spread, length = outer(h, h, 1 / dot(h, z)), dot(z, z)
        flat = outer(z, z, Fraction(-1))
        return tuple(
            tuple(spread[a][b] + flat[a][b] + (length if a == b else 0) for b in range(len(z))) for a in range(len(z))
        )
    weights = [(k, Fraction(x, answer.den) * unit / rays[k][1]) for k, x in answer.weights.items() if k < len(others)]
    return Excluded({}, tuple(Multiplier(Wish(c, i, i, others[k]), y) for k, y in weights))


def can_lead(configuration: Configuration) -> tuple[int, ...]:
    """The tokens of which each by itself leads at layer 0 for some A.

    Args:
        configuration: of distinct tokens.
    """
    nonzero = [i for i, z in enumerate(configuration.tokens) if any(z)]
    questions = {i: Leading("lead", (configuration,), ((i,),)) for i in nonzero}
    return tuple(i for i, question in questions.items() if not isinstance(may_lead(question, 0, i), Excluded))


def all_follow(question: Leading, c: int, i: int) -> Matrix | Excluded:
    """A for which every token follows token i alone, or multipliers that exclude it.

    If Σ u_l z_l + Σ v_p (z_i − z_p) = 0 with u, v ≥ 0, not all 0, then u_l for z_lᵀA(z_i − z_l) > 0 and v_p for
    z_iᵀA(z_i − z_p) > 0 give −Σ y sym(…) = Σ u_l z_l z_lᵀ.

    Args:
        question: has the configurations.
        c: the configuration.
        i: a token of it, not the origin.
    """
    tokens = question.configurations[c].tokens
    z, n = tokens[i], len(tokens)
    others = [p for p in range(n) if p != i]
    ahead = [tuple(a - b for a, b in zip(z, tokens[p], strict=True)) for p in others]
    # Each ray v is put as (v, 1) up to a positive factor: a combination of weight 1 that is 0 is sought.
    rays = [primitive([*v, Fraction(1)]) for v in (*tokens, *ahead)]
    answer = decide([ray for ray, _ in rays], [0] * len(z) + [1])
    if isinstance(answer, Farkas):
        h = tuple(Fraction(-v) for v in answer.normal[:-1])  # h·v ≥ h_0 > 0 for every ray
        return _spread(h, tokens, others, z)
    y: dict[Wish, Fraction] = {}
    for k, x in answer.weights.items():
        wish = Wish(c, k, i, k) if k < n else Wish(c, i, i, others[k - n])
        if wish.p != i:
            y[wish] = y.get(wish, Fraction(0)) + Fraction(x, answer.den) / rays[k][1]
    return Excluded({}, tuple(Multiplier(wish, value) for wish, value in y.items()))


def _spread(h: Vector, tokens: Matrix, others: Sequence[int], z: Vector) -> Matrix:
    """h hᵀ + ε I with half the ε of theorem D."""
    bounds = [
        dot(h, t) * (dot(h, z) - dot(h, tokens[p])) / lost
        for t in tokens
        for p in others
        if (lost := dot(t, tokens[p]) - dot(t, z)) > 0
    ]
    epsilon = min(bounds, default=dot(h, h)) / 2
    return tuple(tuple(a * b + (epsilon if k == m else 0) for m, b in enumerate(h)) for k, a in enumerate(h))
