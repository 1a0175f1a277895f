"""The softmax layer from its formula, in mpmath with many digits: it shares nothing with the package."""

import random
from fractions import Fraction as Q

import mpmath
from mpmath import mpf

from hardmax.kernels import Configuration
from hardmax.kernels.softmax.model import Softmax

DIGITS = 150


def number(x):
    return mpf(x.numerator) / x.denominator


def weights(c, Z, k):
    """p_ij of layer k."""
    n, d = range(c.n), range(c.d)
    A, beta = [[number(v) for v in row] for row in c.A], number(c.model.beta_at(k))
    rows = []
    for i in n:
        scores = [beta * sum(Z[i][a] * A[a][b] * Z[j][b] for a in d for b in d) for j in n]
        top = max(scores)
        terms = [w * mpmath.exp(s - top) for w, s in zip(c.multiplicities, scores, strict=True)]
        rows.append([t / sum(terms) for t in terms])
    return rows


def plain_layers(c, layers):
    """Layers 0 … layers − 1, lists of rows of mpf."""
    with mpmath.workdps(DIGITS):
        Z = [[number(v) for v in row] for row in c.tokens]
        for k in range(layers):
            yield Z
            P, rate = weights(c, Z, k), number(c.step.rate(k))
            Z = [
                [(1 - rate) * z + rate * sum(p * x[a] for p, x in zip(row, Z, strict=True)) for a, z in enumerate(own)]
                for own, row in zip(Z, P, strict=True)
            ]


def random_configuration(seed, *, growing=False, n=None, betas=(0, 1, 4, 16)):
    """Tokens in thousandths, A symmetric or not, multiplicities 1 to 3."""
    r = random.Random(seed)
    n, d = n or r.randint(2, 6), r.randint(1, 3)
    tokens = [[Q(r.randint(-1000, 1000), 1000) for _ in range(d)] for _ in range(n)]
    A = [[Q(r.randint(-10, 10), 10) + (a == b) for b in range(d)] for a in range(d)]
    if r.random() < 0.4:
        A = [[Q(a == b) for b in range(d)] for a in range(d)]
    alpha = r.choice([Q(1, 2), Q(1), Q(1, 5)])
    growth = r.choice([(1 + alpha) ** 2, (1 + alpha) ** 2, Q(6, 5) * (1 + alpha)]) if growing else 1
    model = Softmax(A, alpha, 1 if growing else r.choice(betas), growth)
    return Configuration(tokens, model, multiplicities=[r.randint(1, 3) for _ in range(n)])


def distance(row, point):
    """|x − y| in the largest coordinate."""
    return max(abs(x - number(y)) for x, y in zip(row, point, strict=True))
