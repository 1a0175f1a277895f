"""Certificates about softmax layers (CERTIFICATE.md, section 13): what the enclosed layers prove by S2, S4 and S5."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import islice
from math import ceil, floor
from typing import Any, NamedTuple

from .exact import dot, integers, times
from .exponential import exponential
from .reading import POINT, OrNull, must, shown
from .softmax_layers import Balls, Softmax

CONSENSUS, METASTABLE, SHADOW = "softmax.consensus", "softmax.metastable", "softmax.shadow"
LIMITS, ROWS, VERTICES = "glpr.limits", "glpr.rows", "glpr.vertices"
CLAIMS = (CONSENSUS, METASTABLE, SHADOW, LIMITS, ROWS, VERTICES)
SHAPE = {
    "problem": {
        "tokens": [POINT],
        "A": [POINT],
        "alpha": Fraction,
        "multiplicities": [int],
        "beta": Fraction,
        "growth": Fraction,
    },
    "claims": dict.fromkeys(CLAIMS, OrNull({"verified", "refuted"})),
    "bits": int,
    "consensus": OrNull(
        {
            "layer": int,
            "limit": POINT,
            "radius": Fraction,
            "halvings": int,
            "enough": OrNull(Fraction),
            "needed": OrNull(int),
        }
    ),
    "metastable": OrNull({"layer": int, "clusters": [int], "delta": Fraction, "layers": Fraction}),
    "shadow": OrNull({"epsilon": Fraction, "stays": int, "left": OrNull(int)}),
    "growing": OrNull({"layer": int, "follows": [int], "eta": Fraction, "limits": [POINT], "radius": Fraction}),
}
SECTIONS = ("consensus", "metastable", "shadow", "growing")


class View(NamedTuple):
    """A layer: centres over 2^bits, the radius ρ, the diameter D and the largest coordinate R of the centres."""

    c: list[list[int]]
    one: int
    rho: Fraction
    D: Fraction
    R: Fraction


def derive(certificate: dict[str, Any]) -> dict[str, bool | None]:
    """Whether each claim holds, None where nothing is shown; refused if a section is not so."""
    problem = Softmax(certificate["problem"], certificate["bits"])
    sections = {name: certificate[name] for name in SECTIONS}
    wanted = layers_of(sections)
    kept = dict.fromkeys(wanted)
    for balls in islice(problem.layers(), max(wanted, default=-1) + 1):
        if balls.k in kept:
            kept[balls.k] = view(problem, balls)
    rules = {"consensus": consensus, "metastable": metastable, "shadow": shadow, "growing": growing}
    proved: dict[str, bool | None] = dict.fromkeys(CLAIMS)
    for name, section in sections.items():
        if section is not None:
            proved |= rules[name](problem, section, kept)
    return proved


def layers_of(sections: dict[str, Any]) -> set[int]:
    """The layers that the sections speak about."""
    wanted = {section["layer"] for section in sections.values() if section is not None and "layer" in section}
    if sections["consensus"] is not None and sections["consensus"]["needed"] is not None:
        needed = sections["consensus"]["needed"]
        wanted |= {needed, max(needed, 1) - 1}
    if sections["shadow"] is not None:
        wanted |= {*range(sections["shadow"]["stays"] + 1)} | {sections["shadow"]["left"] or 0}
    return wanted


def view(problem: Softmax, balls: Balls) -> View:
    """The balls with their sizes."""
    one, columns = 1 << problem.bits, [*zip(*balls.N, strict=True)]
    D = max([max(column) - min(column) for column in columns])
    R = max([abs(x) for column in columns for x in column])
    return View(balls.N, one, Fraction(balls.radius, one), Fraction(D, one), Fraction(R, one))


def norm(problem: Softmax) -> Fraction:
    """a = Σ |A_bc|."""
    return Fraction(problem.norm, problem.unit)


def gaps(problem: Softmax, at: View, triples: Iterable[tuple[int, int, int]]) -> Fraction | None:
    """A lower bound of z_iᵀA(z_k − z_j) over triples (i, k, j) of tokens inside the balls; None without triples."""
    images = times(at.c, problem.A)
    scores = [[dot(image, x) for x in at.c] for image in images]
    values = [scores[i][k] - scores[i][j] for i, k, j in triples]
    if not values:
        return None
    least = Fraction(min(values), problem.unit * at.one**2)
    return least - norm(problem) * at.rho * (at.D + 2 * at.R + 2 * at.rho)


def near(at: View, token: int, point: Sequence[Fraction]) -> tuple[Fraction, Fraction]:
    """Bounds of |z_token − point| from below and from above."""
    far = max([abs(Fraction(x, at.one) - y) for x, y in zip(at.c[token], point, strict=True)])
    return far - at.rho, far + at.rho


def consensus(problem: Softmax, section: dict[str, Any], layers: dict[int, Any]) -> dict[str, bool | None]:
    """Theorem S2: one limit, how many layers are enough for a diameter, and how many it takes."""
    at: View = layers[section["layer"]]
    g, rate, a = problem.growth, Fraction(problem.p, problem.q), norm(problem)
    exponent = problem.beta_at(section["layer"]) * a * (at.R + at.rho) * (at.D + 2 * at.rho)
    gq = g * (1 - rate / exponential(exponent, up=True)) if not problem.bounded else Fraction(0)
    must(gq <= 1, "consensus", f"a growth of {shown(g)}", "g q is more than 1")
    integers([section["limit"]], 1, problem.d, "consensus, limit")
    for i in range(problem.n):
        _, far = near(at, i, section["limit"])
        must(
            far <= section["radius"],
            "consensus, radius",
            about(section["radius"]),
            f"token {i} is as far as {about(far)}",
        )

    halvings, D0, R0 = section["halvings"], size(problem), largest(problem)
    goal = D0 / 2**halvings
    if section["enough"] is not None:
        must(problem.bounded, "consensus, enough", section["enough"], "beta grows")
        parts = [exponential(problem.beta * a * R0 * D0 / 2**m, up=True) for m in range(halvings)]
        enough = sum([ceil(Fraction(7, 10) * part / rate) for part in parts])
        must(section["enough"] >= enough, "consensus, enough", section["enough"], f"{shown(enough)} is proved")
    if section["needed"] is not None:
        k = section["needed"]
        must(
            layers[k].D + 2 * layers[k].rho <= goal,
            "consensus, needed",
            k,
            f"tokens are further apart than {about(goal)}",
        )
        before = layers[max(k, 1) - 1]
        must(k == 0 or before.D - 2 * before.rho > goal, "consensus, needed", k, "fewer layers may do")
    rows = False if gq < 1 and problem.n > 1 else None
    return {CONSENSUS: True, LIMITS: True, ROWS: rows}


def size(problem: Softmax) -> Fraction:
    """The diameter of layer 0."""
    return max([max(column) - min(column) for column in zip(*problem.tokens, strict=True)])


def largest(problem: Softmax) -> Fraction:
    """The largest coordinate of layer 0."""
    return max([abs(x) for row in problem.tokens for x in row])


def metastable(problem: Softmax, section: dict[str, Any], layers: dict[int, Any]) -> dict[str, bool | None]:
    """Theorem S4: tokens stay near the hull of their cluster for so many layers."""
    at: View = layers[section["layer"]]
    T, delta, m = section["clusters"], section["delta"], section["layers"]
    must(problem.growth == 1, "metastable", f"a growth of {shown(problem.growth)}", "a constant beta is needed")
    named = len(T) == problem.n and len({*T}) > 1 and all(t <= i and T[t] == t for i, t in enumerate(T))
    must(named, "metastable, clusters", T, "each token names the first of its cluster, and there are two")
    must(
        delta > 0 and m >= 1 and m.denominator == 1, "metastable", f"{shown(m)} layers", "a whole number, and delta > 0"
    )
    tokens = range(problem.n)
    inside = [(i, k) for i in tokens for k in tokens if T[i] == T[k]]
    gamma = gaps(problem, at, [(i, k, j) for i, k in inside for j in tokens if T[i] != T[j]])
    a, D, R = norm(problem), at.D + 2 * at.rho, at.R + at.rho
    y = problem.beta * ((gamma or 0) - a * delta * (D + 2 * R + 2 * delta))
    must(y >= 0, "metastable, delta", delta, f"the exponent is {about(y)}")
    own = {t: sum([w for w, s in zip(problem.w, T, strict=True) if s == t]) for t in T}
    N = max([Fraction(problem.W - w, w) for w in own.values()])
    most = floor(delta * exponential(small(y), up=False) * problem.q / (problem.p * N * (D + 2 * delta)))
    must(m <= most, "metastable, layers", m, f"{shown(most)} are proved")
    return {METASTABLE: True}


def shadow(problem: Softmax, section: dict[str, Any], layers: dict[int, Any]) -> dict[str, bool | None]:
    """How long the tokens stay within epsilon of those of hardmax, and when one of them has left."""
    epsilon, stays, left = section["epsilon"], section["stays"], section["left"]
    must(left is None or left > stays, "shadow", left, f"it is within epsilon up to {stays}")
    hard = problem.hardmax
    layer, last = hard.first, stays if left is None else left
    for k in range(last + 1):
        rows = [[Fraction(x, layer.D) for x in row] for row in layer.N]
        if k <= stays:
            far = max([near(layers[k], i, row)[1] for i, row in enumerate(rows)])
            must(far <= epsilon, "shadow, stays", stays, f"a token is as far as {about(far)} at layer {k}")
        if k == left:
            least = max([near(layers[k], i, row)[0] for i, row in enumerate(rows)])
            must(least > epsilon, "shadow, left", left, f"no token is shown to be further than {about(least)}")
        scores = [hard.scores(row, layer.N) for row in layer.N]
        sets = [tuple([j for j, x in enumerate(row) if x == max(row)]) for row in scores]
        layer = hard.next(layer, sets)
    return {SHADOW: True}


def growing(problem: Softmax, section: dict[str, Any], layers: dict[int, Any]) -> dict[str, bool | None]:
    """Theorem S5: several limits, for ever."""
    at: View = layers[section["layer"]]
    f, eta, n = section["follows"], section["eta"], problem.n
    s, g, B = 1 + problem.alpha, problem.growth, problem.beta_at(section["layer"])
    must(g > s and B > 0, "growing", f"a growth of {shown(g)}", f"it has to exceed {shown(s)}, and beta 0")
    idempotent = len(f) == n and all(leader < n and f[leader] == leader for leader in f)
    must(idempotent, "growing, follows", f, "each token follows one that follows itself")
    must(eta >= 0, "growing, eta", eta, "it has to be >= 0")
    leaders, tokens = sorted({*f}), range(n)
    a, D, R = norm(problem), at.D + 2 * at.rho, at.R + at.rho
    inner = gaps(problem, at, [(i, f[i], j) for i in tokens for j in tokens if f[i] == f[j] != j])
    outer = gaps(problem, at, [(i, f[i], j) for i in tokens for j in tokens if f[i] != f[j]])
    offsets = [abs(x - y) for i in tokens for x, y in zip(at.c[i], at.c[f[i]], strict=True)]
    E = Fraction(max(offsets), at.one) + 2 * at.rho
    w = problem.w
    own = {i: sum([w[j] for j in tokens if f[j] == i != j]) for i in leaders}
    S = Fraction(0)
    if inner is not None:
        x = B * (inner - a * eta * (R + 2 * E + 2 * eta))
        must(x > 0, "growing, eta", eta, f"x is {about(x)}, not > 0")
        N_in = max([Fraction(own[i], w[i]) for i in leaders])
        S += N_in * (E + eta) * tail(x, (g / s - 1) * x)
    if outer is not None:
        y = B * (outer - a * eta * (2 * D + 3 * R + 6 * eta))
        must(y > 1, "growing, eta", eta, f"y is {about(y)}, not > 1")
        N_out = max([Fraction(problem.W - own[i] - w[i], w[i]) for i in leaders])
        S += N_out * (D + 3 * eta) * tail(y, (g - 1) * (y - 1))
    must(2 * problem.alpha * S <= eta, "growing, eta", eta, f"S(eta) is {about(2 * problem.alpha * S)}")

    integers(section["limits"], len(leaders), problem.d, "growing, limits")
    for i, point in zip(leaders, section["limits"], strict=True):
        far = near(at, i, point)[1] + eta / (2 * s)
        must(
            far <= section["radius"],
            "growing, radius",
            about(section["radius"]),
            f"leader {i} is as far as {about(far)}",
        )
    return {LIMITS: True, ROWS: True, VERTICES: True}


def tail(x: Fraction, z: Fraction) -> Fraction:
    """At least e^(−x) / (1 − e^(−z)), x and z > 0."""
    must(small(z) > 0, "growing, eta", f"an exponent of {about(z)}", "it is too small")
    return 1 / exponential(small(x), up=False) / (1 - 1 / exponential(small(z), up=False))


def small(x: Fraction) -> Fraction:
    """A number ≤ x, short and not beyond 1,000: for lower bounds of e^x, x ≥ 0."""
    return min(Fraction(floor(x * 2**32), 2**32), Fraction(1000))


def about(x: Fraction) -> str:
    """The number with twelve decimals, for messages."""
    return f"{shown(round(x * 10**12))}e-12"
