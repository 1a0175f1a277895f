"""Shows with plain fractions that one configuration breaks one claim. Needs Python's standard library only.

`bundle` writes this file, followed by the counterexample, as `repro.py`; it imports nothing of hardmax on purpose.
Exit status 1: the claim fails here, as reported. 0: it does not. 2: this script could not find out; stderr says why.
"""

import io
import json
import os
import shlex
import sys
from fractions import Fraction as F


class Layers:
    """z_i <- z_i + lambda P (mean of C_i - z_i), C_i = all maximisers of <z_i, z_j> = z_i' A z_j; P = I for hardmax."""

    def __init__(self, configuration):
        layered = configuration.get("attention", {}).get("layered", {})
        self.tokens = [[F(x) for x in row] for row in configuration["tokens"]]
        forms = layered.get("forms") or [configuration["A"]]
        self.forms = [[[F(x) for x in row] for row in form] for form in forms]
        self.A = self.forms[0]
        self.P = [[F(x) for x in row] for row in layered["P"]] if "P" in layered else None
        self.w = configuration.get("multiplicities") or [1] * len(self.tokens)
        self.sign = -1 if configuration.get("follow") == "smallest" else 1
        self.alpha = F(configuration["alpha"]) if "alpha" in configuration else None
        self.step = configuration.get("step")

    def rate(self, k):
        if self.alpha is not None:
            return self.alpha / (1 + self.alpha)
        step = self.step
        if step["rule"] == "geometric":
            return F(step["first"]) * F(step["ratio"]) ** k
        if step["rule"] == "listed":
            return F(step["rates"][min(k, len(step["rates"]) - 1)])
        return F(step["numerator"], k + step["offset"])

    def inner(self, x, y):
        return sum(a * v * b for a, row in zip(x, self.A) for v, b in zip(row, y))

    def follow_sets(self, Z, k=0):
        self.A = self.forms[min(k, len(self.forms) - 1)]
        sets = []
        for z in Z:
            scores = [self.sign * self.inner(z, y) for y in Z]
            sets.append([j for j, v in enumerate(scores) if v == max(scores)])
        return sets

    def next(self, Z, sets, k):
        moved = []
        for z, C in zip(Z, sets):
            total = sum(self.w[j] for j in C)
            mean = [sum(self.w[j] * Z[j][c] for j in C) / total for c in range(len(z))]
            way = [self.rate(k) * (m - x) for x, m in zip(z, mean)]
            if self.P is not None:
                way = [sum(p * x for p, x in zip(row, way)) for row in self.P]
            moved.append([x + y for x, y in zip(z, way)])
        return moved

    def run(self, count):
        """[(tokens, follow sets)] of the layers 0 ... count-1."""
        Z, layers = self.tokens, []
        for k in range(count):
            sets = self.follow_sets(Z, k)
            layers.append((Z, sets))
            Z = self.next(Z, sets, k)
        return layers


def short(x):
    """A number exactly if a person can read it, else its first digits."""
    x = F(x)
    bits = max(abs(x.numerator).bit_length(), x.denominator.bit_length())
    if bits <= 200:
        return str(x)
    try:
        return f"about {float(x):.12g} (exactly a fraction of {bits} bits)"
    except OverflowError:
        return f"{'below -' if x < 0 else 'above '}1e308 (exactly a fraction of {bits} bits)"


def show(point):
    return "(" + ", ".join(map(short, point)) + ")"


def combine(weights, points):
    return [sum(w * p[c] for w, p in zip(weights, points)) for c in range(len(points[0]))]


def rank(rows):
    rows, r = [list(row) for row in rows], 0
    for c in range(len(rows[0]) if rows else 0):
        pivot = next((i for i in range(r, len(rows)) if rows[i][c]), None)
        if pivot is None:
            continue
        rows[r], rows[pivot] = rows[pivot], rows[r]
        for i in range(r + 1, len(rows)):
            factor = rows[i][c] / rows[r][c]
            rows[i] = [x - factor * y for x, y in zip(rows[i], rows[r])]
        r += 1
    return r


def bad_place(case, model, layers):
    """A limit in the interior of K = conv(leaders), outside K, or on no projection: the evidence, recomputed."""
    e = case["evidence"]
    Z, sets = layers[-1]
    i, s = e["token"], [F(x) for x in e["point"]]
    leaders = {j: Z[j] for j, C in enumerate(sets) if C == [j]}
    print(f"leaders at layer {len(layers) - 1}:", ", ".join(f"{j} at {show(z)}" for j, z in leaders.items()))
    print(f"token {i} is at {show(Z[i])} and follows {sets[i]}; its limit is {show(s)}")
    now = [x - y for x, y in zip(Z[i], s)]
    then = [x - y for x, y in zip(model.next(Z, sets, len(layers) - 1)[i], s)]
    rate = model.rate(len(layers) - 1)
    if any(now):
        steady = then == [(1 - rate) * x for x in now]
        print(f"one layer multiplies its way to the limit by {short(1 - rate)}:" if steady else "on its way:", steady)
    weights, inside = {}, False
    if "weights" in e:
        weights = {int(j): F(w) for j, w in e["weights"].items()}
        inside = (
            min(weights.values()) > 0
            and sum(weights.values()) == 1
            and set(weights) <= set(leaders)
            and combine(list(weights.values()), [Z[j] for j in weights]) == s
        )
        print(
            "the limit is a convex combination of leaders with weights",
            {j: short(w) for j, w in weights.items()},
            inside,
        )
    if e["kind"] == "interior":
        spread = rank([[x - y for x, y in zip(Z[j], s)] for j in weights])
        print(
            f"all weights are positive and these leaders span {spread} of {len(s)} dimensions: an interior point of K"
        )
        return inside and spread == len(s)
    if e["kind"] == "outside":
        h = [F(x) for x in e["normal"]]
        dot = lambda v: sum(a * b for a, b in zip(h, v))  # noqa: E731
        print(f"the hyperplane with normal {show(h)} has the limit at {short(dot(s))}, every leader below:", end=" ")
        print({j: short(dot(z)) for j, z in leaders.items()})
        return all(dot(z) < dot(s) for z in leaders.values())
    heights = {j: model.inner(s, Z[j]) + model.inner(Z[j], s) for j in weights}
    print("leaders that carry the limit have different <s, v>:", {j: short(v) for j, v in heights.items()})
    return inside and len(set(heights.values())) > 1


def no_leader(case, model, layers):
    """No token is the only maximiser of its own scores at any of these layers; the certificate proves the rest."""
    print("tokens with C_i = {i}:", [i for Z, sets in layers for i, C in enumerate(sets) if C == [i]] or "none")
    return all(C != [i] for Z, sets in layers for i, C in enumerate(sets))


def cycle(case, model, layers):
    """A token moves within layers that repeat for ever without shrinking, as the certificate proves."""
    i, first, last = case["evidence"]["token"], case["evidence"]["first"], case["evidence"]["last"]
    places = [Z[i] for Z, sets in layers[first : last + 1]]
    print(f"token {i} from layer {first} on:", " ".join(map(show, places)))
    return len({tuple(z) for z in places}) > 1


LEMMAS = ("follow_norm", "norm_growth", "injective", "leader_persistence", "equilibrium")


def lemma(case, model, layers):
    """A lemma about one layer or one step: every statement in plain fractions."""
    name, faults = case["claim"].split(".")[1], []
    if name not in LEMMAS:
        raise NotImplementedError(f"{case['claim']} is not tested here: use hardmax replay")
    norm = lambda z: model.inner(z, z)  # noqa: E731
    for k, ((Z, sets), (Y, after)) in enumerate(zip(layers, layers[1:])):
        for i, C in enumerate(sets):
            if name == "follow_norm":
                faults += [
                    (k, i, j) for j in C if norm(Z[j]) < norm(Z[i]) or (norm(Z[j]) == norm(Z[i]) and Z[j] != Z[i])
                ]
            if name == "norm_growth" and (norm(Y[i]) < norm(Z[i]) or (norm(Y[i]) == norm(Z[i]) and Y[i] != Z[i])):
                faults.append((k, i))
            if name == "injective":
                faults += [(k, i, j) for j in range(i) if Y[i] == Y[j] and Z[i] != Z[j]]
            if name == "leader_persistence" and C == [i] and (after[i] != [i] or Y[i] != Z[i]):
                faults.append((k, i))
        if name == "equilibrium" and Y == Z:
            faults += [(k, i) for i, z in enumerate(Z) if any(model.inner(z, y) > norm(z) for y in Z)]
    print("(layer, tokens) at which it fails:", faults or "none")
    return bool(faults)


def definite(M):
    """Whether a symmetric matrix is positive definite: all pivots of the elimination are positive."""
    M = [list(row) for row in M]
    for k, head in enumerate(M):
        if head[k] <= 0:
            return False
        for i in range(k + 1, len(M)):
            factor = M[i][k] / head[k]
            M[i] = [x - factor * y for x, y in zip(M[i], head)]
    return True


def rate(case, model, layers):
    """<z, z>/2 <= 2 lambda_max(B) diam^2 / (k + more) fails: lambda_max(B) < r exactly if r I - B is definite."""
    i, layer, more = (case["evidence"][key] for key in ("token", "layer", "more"))
    points = layers[0][0]
    diameter = max(sum((x - y) ** 2 for x, y in zip(p, q)) for p in points for q in points)
    k = min(len(layers) - 1, len(layers) - 1 if layer is None else layer)
    z = layers[k][0][i]
    energy = model.inner(z, z) / 2
    print(f"diam^2 is {short(diameter)}; token {i} is at {show(z)} at layer {k}, with energy {short(energy)}")
    if layer is None:
        print("the certificate proves that its limit has positive energy, and the bound tends to 0")
        return energy > 0
    if layer > k:
        print(f"not moved since layer {k - 1}: {layers[k - 1][0][i] == z}; the certificate proves that it never will")
    r = energy * (layer + more) / (2 * diameter)
    broken = definite([[r * (a == b) - x for b, x in enumerate(row)] for a, row in enumerate(model.A)])
    print(
        f"with that energy the bound at layer {layer} would need lambda_max(B) >= {short(r)}:",
        "false" if broken else "true",
    )
    return broken and (layer <= k or layers[k - 1][0][i] == z)


def dot(x, y):
    return sum(a * b for a, b in zip(x, y))


def outside(case, model, layers):
    """A token leaves the hull of the layer before: a hyperplane has it on one side, all tokens before on the other."""
    e = case["evidence"]
    h, k, i = [F(x) for x in e["normal"]], e["layer"], e["token"]
    there, before = dot(h, layers[k][0][i]), [dot(h, z) for z in layers[k - 1][0]]
    print(
        f"along {show(h)}: token {i} at layer {k} is at {short(there)}, all tokens before at most {short(max(before))}"
    )
    return there > max(before)


def singular(case, model, layers):
    """Nobody ties, so near this input the layer is one linear map of all tokens; its matrix is singular."""
    k = case["evidence"]["layer"]
    sets, r = layers[k][1], model.rate(k)
    M = [[(1 - r) * (i == j) + r * (C == [j]) for j in range(len(sets))] for i, C in enumerate(sets)]
    print(f"layer {k}: follow sets {sets}, a matrix of rank {rank(M)} for {len(sets)} tokens")
    return all(len(C) == 1 for C in sets) and rank(M) < len(sets)


def stalls(case, model, layers):
    """Vertices own their cells, so a token keeps the part prod(1 - lambda_k) of its way; that stays above a bound."""
    (Z, sets), e = layers[0], case["evidence"]
    leaders = [i for i, C in enumerate(sets) if C == [i]]
    inside = True
    for i, weights in e["inside"].items():  # every other token lies between leaders, so that they are the vertices
        w = [F(x) for x in weights]
        inside &= min(w) >= 0 and sum(w) == 1 and combine(w, [Z[j] for j in leaders]) == Z[int(i)]
    others = {i for i in range(len(Z)) if i not in leaders}
    own = inside and others == set(map(int, e["inside"])) and all(len(C) == 1 and C[0] in leaders for C in sets)
    print(f"leaders {leaders} are the vertices, and each token has one of them as its only best:", own)
    first, ratio, part, k = F(model.step["first"]), F(model.step["ratio"]), F(1), 0
    while first * ratio**k / (1 - ratio) >= F(1, 2):
        part, k = part * (1 - first * ratio**k), k + 1
    left = part * (1 - first * ratio**k / (1 - ratio))
    print(f"of the way of token {e['token']} at least the part {short(left)} is left at every layer")
    return own and e["token"] in others and model.step["rule"] == "geometric" and 0 < left and first < 1


def on_the_side(case, model, layers):
    """A vertex lies in its own cell, and a neighbour lies on the tangent hyperplane, so on neither side of it."""
    Z, e = layers[0][0], case["evidence"]
    v, w, h = Z[e["token"]], Z[e["neighbour"]], [F(x) for x in e["normal"]]
    edge = dot(h, v) == dot(h, w) and all(dot(h, z) < dot(h, v) for z in Z if z not in (v, w))
    own = all(model.inner(v, z) <= model.inner(v, v) for z in Z)
    tie = model.inner(v, w) == model.inner(v, v) and v != w and any(v)
    print(f"{show(v)} and {show(w)} are neighbours, by the normal {show(h)}:", edge)
    print(f"{show(v)} lies in its own cell: {own}; {show(w)} lies on the hyperplane: {tie}")
    return edge and own and tie


SHOWN_BY = {
    "place": bad_place,
    "no leader": no_leader,
    "cycle": cycle,
    "lemma": lemma,
    "rate": rate,
    "outside": outside,
    "singular": singular,
    "stalls": stalls,
    "on the side": on_the_side,
}


def exactly(point):
    return "(" + ", ".join(str(F(x)) for x in point) + ")"


def main(case):
    """Print the layers and the violation; return the exit status."""
    test = SHOWN_BY.get(case["shown_by"])
    text = exactly if test is None else show
    model = Layers(case["configuration"])
    layers = model.run(case["layers"])
    print(f"{case['claim']}: {case['statement']}\n")
    shown = layers if len(layers) <= 6 or test is None else layers[:3] + layers[-2:]
    for k, (Z, sets) in enumerate(layers):
        if any(Z is other for other, _ in shown):
            print(f"layer {k}")
            for i, (z, C) in enumerate(zip(Z, sets)):
                print(f"  token {i} at {text(z)} follows {C}")
    print()
    if test is None:
        print(f"reported: {case['because']}")
        folder = os.path.dirname(os.path.abspath(sys.argv[0]))
        print(
            f"These are exact layers, but no test for this claim: hardmax replay {shlex.quote(folder)}", file=sys.stderr
        )
        return 2
    broken = test(case, model, layers)
    print("\nThe claim fails on this configuration." if broken else "\nThe claim does not fail here.")
    return 1 if broken else 0


def status(text):
    """The exit status for a case as JSON: that of `main`, and 2 for any error, which Python by itself ends with 1."""
    try:
        if hasattr(sys, "set_int_max_str_digits"):
            sys.set_int_max_str_digits(0)  # numbers may have more digits than Python converts by default
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")  # a terminal may not know every letter of the claim
        return main(json.loads(text))
    except Exception as error:
        print(f"This script could not find out whether the claim fails: {error!r}", file=sys.stderr)
        return 2


CASE = '{\n "claim": "frank_wolfe.hulls_preconditioned",\n "statement": "conv Z^{k+1} \\u2282 conv Z^k for the layer x + P (mean \\u2212 x) with P diagonal, entries in (0, 1)",\n "because": "token 0 goes from (1, 0) to (6/5, 2/5), outside the hull, at layer 1",\n "configuration": {\n  "tokens": [\n   [\n    "1",\n    "0"\n   ],\n   [\n    "3",\n    "2"\n   ]\n  ],\n  "step": {\n   "rule": "listed",\n   "rates": [\n    "1"\n   ]\n  },\n  "attention": {\n   "layered": {\n    "forms": [\n     [\n      [\n       "1",\n       "0"\n      ],\n      [\n       "0",\n       "1"\n      ]\n     ]\n    ],\n    "P": [\n     [\n      "1/10",\n      "0"\n     ],\n     [\n      "0",\n      "1/5"\n     ]\n    ]\n   }\n  }\n },\n "layers": 2,\n "shown_by": "outside",\n "evidence": {\n  "token": 0,\n  "layer": 1,\n  "normal": [\n   "-1",\n   "1"\n  ]\n }\n}'

if __name__ == '__main__':
    raise SystemExit(status(CASE))
