"""The trusted checker of certificates, written from CERTIFICATE.md: python -I checker.py a.cert.json folder/"""

import hashlib
import json
import math
import re
import sys
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from itertools import chain, pairwise
from operator import add, mul, sub
from pathlib import Path
from typing import Any

__all__ = ["Refused", "check", "main"]
MAX_BYTES, MAX_DIGITS, MAX_WORK, PRIME = 4 << 20, 100_000, 10**9, 2**61 - 1


class Refused(Exception):  # noqa: N818 a verdict, not an error
    """The certificate is no proof: the message names the rule, what was claimed and what was derived."""


def must(holds, rule, claimed, *derived):
    if not holds:
        raise Refused(f"{rule}: the certificate has {str(claimed)[:200]}, but {' '.join(map(str, derived))[:200]}")


def ascending(values, where):
    must(all(a < b for a, b in pairwise(values)), where, f"{len(values)} entries", "they have to ascend strictly")


def dot(x, y):
    return sum(map(mul, x, y))


def times(X, Y):
    return [[dot(row, column) for column in zip(*Y, strict=True)] for row in X]


def scaled(c, X):
    return [[c * x for x in row] for row in X]


def rational(value, where):
    match: Any = re.fullmatch("(-?(?:0|[1-9][0-9]*))(?:/([1-9][0-9]*))?", value) if type(value) is str else None
    must(match and len(value) <= MAX_DIGITS, where, value, f'a string like "-22/7" is needed, up to {MAX_DIGITS} long')
    upper, lower = (int(Decimal(part)) for part in match.groups("1"))  # int(str) has a limit on digits
    canonical = (result := Fraction(upper, lower)).denominator == lower and (lower > 1 or not match[2])
    must(canonical and match[1] != "-0", where, value, "that is not in canonical form")
    return result


def read(value: Any, pattern: Any, where) -> Any:
    """The value, with rationals as Fractions, if it fits: see the patterns below."""
    if type(pattern) is tuple:
        fits = value.keys() if type(value) is dict else value
        pattern = next((p for p in pattern if (p.keys() if type(p) is dict else p) == fits), pattern[-1])
    if pattern is None or pattern is Fraction:
        return pattern and rational(value, where)
    kind = {type: pattern, set: str}.get(type(pattern), type(pattern))
    must(type(value) is kind, where, value, "it has to be like", pattern)
    if kind is dict:
        must(value.keys() == pattern.keys(), where, f"the keys {[*value]}", f"they have to be {[*pattern]}")
        return {key: read(value[key], part, f"{where}, {key}") for key, part in pattern.items()}
    if kind is list:
        must(len(pattern) in (1, len(value)), where, value, "it has to be like", pattern)
        return [read(x, pattern[i % len(pattern)], where) for i, x in enumerate(value)]
    must(type(pattern) is type or value in pattern, where, value, "it has to be in", pattern)
    return value


# A type, a set of words, an object by its keys, [p] of any length, [p, q] of that length, or a tuple of alternatives.
POINT, WEIGHTS, RULES = [Fraction], [[int, Fraction]], [{"leader", "stationary", "R1", "R2", "R3"}]
STEPS = ({"rule": {"harmonic"}, "numerator": int, "offset": int}, {"rule": {"constant"}, "alpha": Fraction})
PROBLEM = {"tokens": [POINT], "A": [POINT], "step": STEPS, "multiplicities": [int], "follow": {"largest", "smallest"}}
FROZEN = {"kind": {"frozen"}, "freeze_layer": int, "layer": int, "rules": RULES, "limits": [int], "weights": [WEIGHTS]}
SIMILAR = {"kind": {"self-similar"}, "layer": int, "period": int, "permutation": [int], "Q": [POINT]}
SIMILAR |= {"scale": Fraction, "contraction": (None, Fraction)}
VERTEX, INTERIOR = {"kind": {"vertex"}, "leader": int}, {"kind": {"interior"}, "weights": WEIGHTS}
SUPPORTED = {"kind": {"projection", "neither"}, "weights": WEIGHTS, "normal": (None, POINT)}
PLACES = (None, VERTEX, INTERIOR, SUPPORTED, {"kind": {"outside"}, "normal": (None, POINT)})
CLAIMS = ("clustering.convergence", "clustering.vertices", "clustering.boundary", "clustering.cluster_points")
CERTIFICATE = {"format": {"hardmax certificate"}, "version": int, "problem": PROBLEM, "seal": str}
CERTIFICATE |= {"claims": dict.fromkeys(CLAIMS, (None, {"verified", "refuted"})), "proof": (FROZEN, SIMILAR)}
CERTIFICATE |= {"itinerary": [{"first": int, "layers": int, "sets": [[int, [int]]], "jumps": [int]}]}
CERTIFICATE |= {"leaders": [{"token": int, "layer": int}], "cluster_points": [{"point": POINT, "place": PLACES}]}


def load(text):
    """The JSON value, without repeated keys, floats, negative or long numbers."""

    def members(pairs):
        must(len(dict(pairs)) == len(pairs), "JSON", [key for key, _ in pairs], "keys must not repeat")
        return dict(pairs)

    def number(digits):
        must(re.fullmatch("[0-9]{1,15}", digits), "JSON", digits, "numbers are whole, >= 0, of at most 15 digits")
        return int(digits)

    must(len(text) <= MAX_BYTES, "limits", f"{len(text)} characters", f"at most {MAX_BYTES} are read")
    try:
        return json.loads(text, object_pairs_hook=members, parse_int=number, parse_float=number, parse_constant=number)
    except (json.JSONDecodeError, RecursionError) as error:
        raise Refused(f"JSON: {error}") from None


class Run:
    """One problem and all that is derived from it. A layer is (k, rows of integers N, D) with Z^k = N / D."""

    def __init__(self, problem):
        tokens, A, step, self.w, follow = problem.values()
        must(tokens and tokens[0], "tokens", f"{len(tokens)} tokens", "one with one coordinate is the least")
        self.n, self.d, self.size, self.left = len(tokens), len(tokens[0]), 0, MAX_WORK
        self.first = 0, *self.integers(tokens, self.n, self.d, "tokens")
        self.A = self.integers(A, self.d, self.d, "A")[0]
        self.B = self.A if follow == "largest" else [[-x for x in row] for row in self.A]
        self.size = max(abs(x) for row in self.first[1] + self.A for x in row).bit_length()
        must(len(self.w) == self.n and min(self.w) > 0, "multiplicities", self.w, f"{self.n} numbers >= 1 are needed")
        self.constant = "alpha" in step
        p, q = step["alpha"].as_integer_ratio() if self.constant else (step["numerator"], step["offset"])
        p, q = p, p + q if self.constant else q  # λ = α / (1 + α)
        must(0 < p <= q, "step", step["rule"], "it has to be positive and at most 1")
        self.rate = lambda layer: (p, q) if self.constant else Fraction(p, q + layer[0]).as_integer_ratio()

    def pay(self, operations, bits=0, factor=None, kept=0):
        """Section 9: operations, with factors as long as the numbers or shorter, and memory are paid for before."""
        t, s = (bits + self.size) // 64, bits + self.size if factor is None else factor
        self.left -= 99 + operations * (8 + t * max(1, math.isqrt(s)) // 8) + kept * (32 + 8 * t)
        must(self.left >= 0, "limits", f"more than {MAX_WORK} units of work", "this checker does no more")

    def integers(self, rows, n, d, where):
        """n rows of d rationals as integers over one denominator. Gcds take quadratic time."""
        sizes, denominators = [len(row) for row in rows], {x.denominator for row in rows for x in row}
        must(sizes == [d] * n, where, f"rows of {sizes}", f"{n} rows of {d} are needed")
        self.pay(n * d + math.isqrt(bits := sum([x.bit_length() for x in denominators])) // 16, bits, kept=n * d)
        D = math.lcm(*denominators)
        return [tuple([x.numerator * (D // x.denominator) for x in row]) for row in rows], D

    def scores(self, row, N):
        """A positive multiple of score(row, l) for every token l."""
        return [dot(image, z) for image in times([row], self.B) for z in N]

    def total(self, N, C):
        """W = Σ w_j and Σ w_j N_j over j ∈ C."""
        weights = [self.w[j] for j in C]
        return sum(weights), [dot(weights, column) for column in zip(*[N[j] for j in C], strict=True)]

    def next(self, layer, sets):
        """Layer k + 1: N ← (b − a) L N + a (L / W) Σ w N and D ← b L D."""
        (k, N, D), (a, b) = layer, self.rate(layer)
        growth = (b * (L := math.lcm(*[sum([self.w[j] for j in C]) for C in sets]))).bit_length()
        self.pay(self.d * (self.n + sum(map(len, sets))) + 1, D.bit_length() + growth, growth)
        totals = [self.total(N, C) for C in sets]
        keep, rows = (b - a) * L, zip(N, [a * L // W for W, _ in totals], totals, strict=True)
        return k + 1, [tuple([keep * x + u * y for x, y in zip(z, t, strict=True)]) for z, u, (_, t) in rows], b * L * D

    def visit(self, layer):
        """Compare the follow sets of a layer with `sets`."""
        k, N, D = self.last = layer
        self.pay(self.n * self.d * (self.n + self.d), D.bit_length())
        for i, C in enumerate(self.sets):
            best = max(scores := self.scores(N[i], N))
            derived = tuple([j for j, x in enumerate(scores) if x == best])
            must(C == derived, f"itinerary, layer {k}, follow set of token {i}", C, f"it is {derived}")
        self.kept = (layer, [*self.sets]) if k == self.keep else self.kept

    def follow(self, phases, keep):
        """Verify all phases. Keeps the last layer and its sets, and layer `keep` with its sets if it is visited."""
        nothing: Any = None
        self.sets, self.last, self.kept, self.known = [nothing] * self.n, nothing, nothing, (nothing, nothing)
        self.leaders, self.keep = {}, keep
        for phase in phases:
            first, layers, sets, jumps = phase.values()
            self.freeze_layer, layer = first, self.next(self.last, self.sets) if self.last else self.first
            must(first == layer[0], "itinerary", f"a phase from layer {first}", f"layer {layer[0]} comes next")
            must(layers and sets, "itinerary", f"a phase from layer {first}", "it has no layer or changes no set")
            ascending([i for i, _ in sets] + [self.n], "itinerary, tokens of sets")
            for i, C in sets:
                must(self.sets[i] != tuple(C), "itinerary", f"{C} for token {i} at layer {first}", "it is no change")
                self.sets[i] = tuple(C)
                if C == [i]:
                    self.leaders[i] = first
            ascending(jumps, "itinerary, jumps")
            must(not jumps or (jumps[1:] and jumps[-1] == layers - 1), "itinerary", jumps, f"{layers - 1} is the end")
            self.visit(layer)
            for a, b in pairwise(chain(range(jumps[0] if jumps else layers), jumps)):
                start = layer
                for _ in range(b - a):
                    layer = self.next(layer, self.sets)
                self.visit(layer)
                if b > a + 1:
                    self.prove(start, layer)
        must(self.last, "itinerary", "no phase", "there is one at least")

    def rules(self, layer):
        """The first of leader, stationary, R1, R2 that applies to each token (else R3), its class, and the set F."""
        (_, N, D), sets, places, everyone = layer, self.sets, {}, range(self.n)
        r = [places.setdefault(row, i) for i, row in enumerate(N)]
        totals = [self.total(N, C) for C in sets]
        resting = [i for i in everyone if totals[i][1] == [totals[i][0] * x for x in N[i]]]
        F, rules = {i for i in everyone if sets[i] == (i,)}, ["R3"] * self.n
        while found := {i for i in resting if i not in F and all(j in F or r[j] == r[i] for j in sets[i])}:
            self.pay(sum([len(sets[i]) for i in resting]))
            F |= found
        for i, C in enumerate(sets):
            if i in F:
                rules[i] = "leader" if C == (i,) else "stationary"
            elif F.issuperset(C):
                self.pay(self.d * (self.n + self.d), D.bit_length())
                S = self.scores(totals[i][1], N)
                rules[i] = "R1" if sets[C[0]] == C[:1] == C else "R2" if {S[j] for j in C} == {max(S)} else "R3"
        return rules, r, F

    def columns(self, layer):
        """The columns (i, j_0, l, whether it is a tie, shifts) of the sign tables at a layer."""
        must(self.constant, "sign tables", "a step that depends on the layer", "they need a constant one")
        (rules, r, F), sets, (a, b) = self.rules(layer), self.sets, self.rate(layer)
        totals = [sum([self.w[j] for j in C]) for C in sets]
        bits, columns = (b * (L := math.lcm(*totals))).bit_length(), []
        annihilators, follows = {i: Counter([b * L]) for i in F}, {i: {r[j] for j in sets[i]} - {i} for i in {*r} - F}
        while waiting := follows.keys() - annihilators.keys():
            self.pay(sum([len(follows[i]) for i in waiting]))
            ready = [i for i in waiting if follows[i] <= annihilators.keys()]
            must(ready, "sign tables", "a follow graph with a cycle", "they need one without")
            for i in ready:
                self.pay(count := sum([len(annihilators[j]) for j in follows[i]]), bits, kept=count)
                annihilators[i] = own = Counter()
                for mu, p in chain.from_iterable([annihilators[j].items() for j in follows[i]]):
                    own[mu] = max(own[mu], p)
                own[(b - a) * L + a * L // totals[i] * sum([self.w[j] for j in sets[i] if r[j] == i])] += 1
        for i in [i for i in follows if rules[i] == "R3"]:
            first, own, tied = r[sets[i][0]], annihilators[i], {r[j] for j in sets[i]}
            for l in {*r} - {first}:  # noqa: E741 the paper's index
                both, orders = annihilators[first] | annihilators[l], Counter()
                count = len(own) * both.total() + own.total() * len(both)
                self.pay(99 + count, 2 * bits, bits, 4 * count)
                for sigma, p in ((mu * nu, own[mu] + both[nu] - 1) for mu in own for nu in both):
                    orders[sigma] = max(orders[sigma], p)
                columns.append((i, first, l, l in tied, sorted(orders.elements())))
        return columns

    def table(self, columns, layer):
        """F_1(0), …, F_r(0) for each column."""
        history, result = [layer], []
        for i, first, l, _, sigmas in columns:  # noqa: E741
            while len(history) < len(sigmas):
                history.append(self.next(history[-1], self.sets))
                self.pay(0, history[-1][2].bit_length(), kept=self.n * self.d)
            bits, r, values = history[-1][2].bit_length(), len(sigmas), []
            self.pay(r * self.d, bits, kept=2 * r)
            self.pay(r * (r + self.d**2), 2 * bits, max(sigmas).bit_length())
            F = [x for _, N, _ in history[:r] for x in self.scores(N[i], [[*map(sub, N[first], N[l])]])]
            for sigma in sigmas:
                values.append(F[0])
                F = [after - sigma * before for before, after in pairwise(F)]
            result.append(values)
        return result

    def prove(self, start, last=None):
        """The sets stay what they are from the layer `start` to the layer `last`, or for ever."""
        columns, end = self.columns(start), last and last[0] - start[0] + 1
        before = self.known[1] if self.known[0] == (start, columns) else self.table(columns, start)
        after = self.table(columns, last) if last else [[*map(abs, values)] for values in before]
        self.known = (last, columns), after
        for (i, first, l, tie, _), x, y in zip(columns, before, after, strict=True):  # noqa: E741
            rule = f"{'jump' if last else 'R3'}: scores of token {i} for {first} and {l} from layer {start[0]} on"
            holds = not any(x[:end]) if tie else all(s * t >= 0 for s, t in zip(x, y, strict=True))
            must(holds, rule, "a tie" if tie else f"{first} ahead", "the table does not show it")

    def convex(self, weights, positions, point, where):
        """The weights are convex, over tokens that have a position, and give the point."""
        tokens, values = [i for i, _ in weights], [x for _, x in weights]
        ascending(tokens, where)
        must(positions.keys() >= {*tokens}, where, tokens, "only these count:", [*positions])
        (values,), unit = self.integers([values], 1, len(values), where)
        self.pay(len(weights) * self.d, unit.bit_length())
        must(sum(values) == unit and min(values) > 0, where, "weights", "their sum is not 1 or one is not positive")
        image = times([values], [positions[i] for i in tokens])
        must(image == scaled(unit, [point]), where, "weights", "they give another point")

    def frozen(self, proof, points, unit):
        """Section 5: whether all tokens converge, to `points` / unit, and {leader: position}."""
        (k, N, D), sets, limits, (rules, r, F) = self.last, self.sets, proof["limits"], self.rules(self.last)
        layers, true, (a, b) = (proof["freeze_layer"], proof["layer"]), (self.freeze_layer, k), self.rate(self.last)
        must(layers == true and a < b, "layers", layers, true, "is right, with a step below 1")
        must(proof["rules"] == rules, "rules", proof["rules"], f"they are {rules}")
        if "R3" in rules:
            self.prove(self.last)
        must(len(limits) == self.n and {*limits} == {*range(len(points))}, "limits", limits, "that is no numbering")
        self.pay(self.d * sum(map(len, sets)), D.bit_length())
        positions = [points[p] for p in limits]
        for i, x in enumerate(positions):
            W, sums = (D, [unit * y for y in N[i]]) if i in F else self.total(positions, sets[i])
            must(sums == [W * y for y in x], "limits", f"{limits[i]} for token {i}", "it is another point")
        at_rest = {i: positions[i] for i in F if r[i] == i}
        must(len(proof["weights"]) == len(points), "weights", len(proof["weights"]), f"{len(points)} are needed")
        for p, weights in enumerate(proof["weights"]):
            self.convex(weights, at_rest, points[p], f"weights of cluster point {p}")
        return True, {i: positions[i] for i in self.leaders}

    def self_similar(self, proof, points, _):
        """Section 6: whether all tokens converge (None: not decided), to `points`, and {leader: position}."""
        k, p, pi, c = proof["layer"], proof["period"], proof["permutation"], proof["scale"]
        must(self.constant and self.kept and self.last[0] == k + p - 1, "self-similar", (k, p), "these are unknown")
        must(sorted(pi) == [*range(self.n)] and [self.w[j] for j in pi] == self.w, "permutation", pi, "it is none of w")
        (_, first, D), (_, second, E) = self.kept[0], self.next(*self.kept)
        (_, end, F), (Q, q) = self.next(self.last, self.sets), self.integers(proof["Q"], self.d, self.d, "Q")
        longest = max(abs(x) for row in Q for x in row) * D * F * q * max(abs(c).as_integer_ratio())
        self.pay((self.n + 3 * self.d) * self.d**2, longest.bit_length())
        must(scaled(F, times([first[j] for j in pi], Q)) == scaled(D * q, end), "self-similar", "Q", "it is no image")
        form = [[c.denominator * dot(x, y) for y in Q] for x in times(Q, self.B)]
        must(c > 0 and form == scaled(c.numerator * q**2, self.B), "self-similar", "scale", "the scores differ")
        gram, r = [[dot(x, y) for y in Q] for x in Q], dot(Q[0], Q[0])
        r = Fraction(r, q**2) if gram == [[r * (i == j) for j in range(self.d)] for i in range(self.d)] else None
        must(proof["contraction"] == r, "self-similar", "contraction", "Q has another or none")
        must(scaled(E, first) != scaled(D, second), "self-similar", f"layer {k}", "no token moves: use a frozen proof")
        converges = None if r is None else r < 1
        must(points == [(0,) * self.d] * bool(converges), "cluster points", len(points), "limits are others")
        return converges, {i: end[i] for i in self.leaders}

    def place(self, entry, s, leaders, where):
        """Section 7: the place of the cluster point s."""
        must(entry, where, "no place", "there are leaders, so it needs one")
        kind, weights = entry["kind"], entry.get("weights")
        if kind == "vertex":
            must(leaders.get(entry["leader"]) == s, where, f"vertex {entry['leader']}", "there is no such leader")
        if "weights" in entry:
            self.convex(weights, leaders, s, where)
        if kind == "interior":
            self.pay(len(weights) * self.d * (self.d + 99))
            rows = [[x % PRIME for x in map(sub, leaders[i], leaders[weights[0][0]])] for i, _ in weights]
            for c in range(self.d):
                pivot = next(([pow(row[c], -1, PRIME) * x for x in row] for row in rows if row[c]), [])
                must(pivot, where, kind, f"its leaders lie in a hyperplane modulo {PRIME}")  # else they are independent
                rows = [[(x - row[c] * y) % PRIME for x, y in zip(row, pivot, strict=True)] for row in rows]
        if "normal" in entry:
            h = times([s], self.B)[0] if entry["normal"] is None else entry["normal"]
            (h,), _ = self.integers([h], 1, self.d, where)
            must(any(h), where, "a normal", "its coordinates must be not all 0")
            self.pay((len(leaders) + 3 * self.d) * self.d, max(map(abs, h)).bit_length())
            heights = {i: dot(h, map(sub, v, s)) for i, v in leaders.items()}
            must(max(heights.values()) < (kind != "outside"), where, kind, "the normal shows something else")
            g = [*map(add, times([s], self.A)[0], [dot(row, s) for row in self.A])]
            face = [i for i, _ in weights] if kind == "neither" else [i for i in leaders if heights[i] == 0]
            constant = not any(dot(g, map(sub, leaders[i], s)) for i in face)
            must(constant == (kind != "neither"), where, kind, "the inner products on the face show the contrary")


def check(text):
    """The verdicts {claim: verdict} of a certificate that proves all of them; of any other, `Refused` is raised."""
    document = load(text)
    must(type(document) is dict and document.get("version") == 1, "version", "another version or none", "1 is known")
    certificate = read(document, CERTIFICATE, "certificate")
    run = Run(certificate["problem"])
    seal, proof, entries = document.pop("seal"), certificate["proof"], certificate["cluster_points"]
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"))
    must(seal == hashlib.sha256(canonical.encode()).hexdigest(), "seal", seal, "that is not the content's")
    run.follow(certificate["itinerary"], proof["layer"])
    derived = [{"token": i, "layer": k} for i, k in sorted(run.leaders.items())]
    must(certificate["leaders"] == derived, "leaders", certificate["leaders"], f"they are {derived}")
    points, unit = run.integers([entry["point"] for entry in entries], len(entries), run.d, "cluster points")
    run.size += max([unit, *[abs(x) for row in points for x in row]]).bit_length()
    ascending(points, "cluster points")
    converges, leaders = (run.self_similar if "period" in proof else run.frozen)(proof, points, unit)
    for p, entry in enumerate(entries if leaders else ()):
        run.place(entry["place"], points[p], leaders, f"place of cluster point {p}")
    kinds = {entry["place"]["kind"] for entry in entries if entry["place"]}
    must(leaders or not kinds, "places", kinds, "there is no leader")
    good = {"vertex", "projection", "neither"}, {"vertex", "projection"}
    proved = [converges, bool(leaders), *[bool(leaders) and converges and kinds <= ok for ok in good]]
    for (claim, verdict), holds in zip(certificate["claims"].items(), proved, strict=True):
        word = {True: "verified", False: "refuted", None: "nothing"}[holds]
        must(verdict in (None, word), claim, verdict, f"proved is {word}")
    must(any(certificate["claims"].values()), "claims", "none", "there has to be one")
    return {claim: verdict for claim, verdict in certificate["claims"].items() if verdict}


def main(argv=None):
    """Check files and folders, one line a file: 0 if all are accepted, 1 if one is refused, 2 if one is unreadable."""
    counts, names = Counter(), sys.argv[1:] if argv is None else argv
    for name in names:
        for path in sorted(Path(name).rglob("*.cert.json")) or [Path(name)]:
            try:
                with path.open("rb") as stream:
                    verdicts = check(stream.read(MAX_BYTES + 1).decode())
                status, detail = "accepted", ", ".join(map(" ".join, verdicts.items()))
            except OSError as error:
                status, detail = "unreadable", f"{error.strerror}: give certificates, or folders with *.cert.json files"
            except Exception as error:  # a fault of this program accepts nothing and hides no other file
                status, detail = "refused", str(error) if type(error) is Refused else repr(error)
            counts[status] += 1
            print(f"{status:10} " + "".join(c if c.isprintable() else "?" for c in f"{path}: {detail}"))
    print(", ".join(f"{counts[status]} {status}" for status in ("accepted", "refused", "unreadable")))
    return 1 if counts["refused"] else 2 if counts["unreadable"] or not names else 0


if __name__ == "__main__":
    sys.exit(main())
