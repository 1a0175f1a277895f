"""Whether what a certificate about softmax says is so, by runs of mpmath that share nothing with the checker."""

from fractions import Fraction as Q
from itertools import islice

import mpmath

from hardmax.kernels.exact.configuration import Configuration
from hardmax.kernels.exact.dynamics import Dynamics
from hardmax.kernels.softmax.model import Softmax

from ...kernels.softmax.plain import distance, number, plain_layers, weights

MOST, MORE = 60, 10
"""Layers that are run, and how many of them after the one that a section is about."""


def is_true(document):
    """Whether no run contradicts the certificate."""
    p = document["problem"]
    rows = [[[Q(x) for x in row] for row in p[key]] for key in ("tokens", "A")]
    model = Softmax(rows[1], Q(p["alpha"]), Q(p["beta"]), Q(p["growth"]))
    c = Configuration(rows[0], model, multiplicities=p["multiplicities"])
    sections = (("consensus", consensus), ("metastable", metastable), ("shadow", shadow), ("growing", growing))
    with mpmath.workdps(60):
        return all(check(c, document[key]) for key, check in sections if document[key] is not None)


def run_of(c, layers):
    return list(plain_layers(c, min(layers, MOST)))


def size(Z):
    return max(max(column) - min(column) for column in zip(*Z, strict=True))


def consensus(c, said):
    run = run_of(c, max(said["layer"], said["needed"] or 0) + MORE)
    limit, radius = [Q(x) for x in said["limit"]], number(Q(said["radius"])) * (1 + mpmath.mpf(10) ** -9)
    inside = all(distance(z, limit) <= radius for Z in run[said["layer"] :] for z in Z)
    goal = size(run[0]) / 2 ** said["halvings"]
    reached = next((k for k, Z in enumerate(run) if size(Z) <= goal), None)
    if said["needed"] is not None and said["needed"] < len(run) and reached != said["needed"]:
        return False
    enough = said["enough"]
    return inside and (enough is None or reached is None or reached <= Q(enough))


def metastable(c, said):
    K, T, delta = said["layer"], said["clusters"], number(Q(said["delta"])) * (1 + mpmath.mpf(10) ** -9)
    run = run_of(c, K + min(MORE, int(Q(said["layers"])) + 1))
    for Z in run[K:]:
        for i, z in enumerate(Z):
            own = [run[K][j] for j in range(c.n) if T[j] == T[i]]
            if any(not min(y) - delta <= x <= max(y) + delta for x, y in zip(z, zip(*own, strict=True), strict=True)):
                return False
    return True


def shadow(c, said):
    last = said["stays"] if said["left"] is None else said["left"]
    hard = Dynamics(Configuration(c.tokens, c.model.same_hardmax(), multiplicities=c.multiplicities))
    many = min(last + 1, MOST)
    exact = [layer.tokens() for layer, _ in islice(hard.layers(), many)]
    far = [max(map(distance, Z, tokens)) for Z, tokens in zip(run_of(c, many), exact, strict=True)]
    epsilon = number(Q(said["epsilon"]))
    return max(far[: said["stays"] + 1]) <= epsilon and (said["left"] is None or last >= many or far[last] > epsilon)


def growing(c, said):
    run, f = run_of(c, said["layer"] + MORE), said["follows"]
    leaders, radius = sorted({*f}), number(Q(said["radius"])) * (1 + mpmath.mpf(10) ** -9)
    limits = dict(zip(leaders, [[Q(x) for x in row] for row in said["limits"]], strict=True))
    inside = all(distance(run[-1][i], limits[i]) <= radius for i in leaders)
    P = weights(c, run[-1], len(run) - 1)
    return inside and all(max(range(c.n), key=P[i].__getitem__) == f[i] and P[i][f[i]] > 0.99 for i in range(c.n))
