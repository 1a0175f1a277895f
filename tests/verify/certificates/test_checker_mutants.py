"""Every condition of the checker is caught by an example: broken checkers do not pass the conformance set."""

import pytest

from ..mutants import Mutant, changed
from .mutants import FILES, FOLDER, mutants, original, passes, survives

NEVER_0 = "where a sign is not shown to be constant it is refused, and it is not 0"
MORE_SHIFTS = "a table with more shifts asks for more, and proves the same"
ONE_UNIT = "a unit of 2^-80 more is asked for"
ORDER = "shifts = sorted(orders.elements(), key=lambda st: (L * L + L * st[0] * alpha + st[1] * alpha**2, st))"
ORDERS = ["Mult becomes Add", "0 becomes 1", "2 becomes 3"]
RATIONAL_END = "the polynomial of a rational end is a multiple of t: dividing by it changes no root"
EQUIVALENT: dict[str, dict[str, str]] = {
    "reading": {
        "500 becomes 501: PIECE = 500": "any length that `int` takes will do",
        "LtE becomes Lt: if len(digits) <= PIECE:": "the same",
        "2 becomes 3: half = len(digits) // 2": "numbers may be cut anywhere",
    },
    "command": {  # no rule of proof stands here: who runs it, with which limits, and how it ends
        "60 becomes 61: SECONDS, MEMORY = 60, 4096": "any limit will do",
        "4096 becomes 4097: SECONDS, MEMORY = 60, 4096": "the same",
        '20 becomes 21: limit("RLIMIT_AS", memory << 20)': "the same",
        "0 becomes 1: return 0": "nobody asks for the status of a worker that has answered",
        "operand 0 left out: worker = worker or start(seconds, memory)": "a worker for each file answers the same",
        "condition always True: if worker:": "at the end of the program the worker ends by itself",
        "condition always False: if worker:": "the same",
        "left out: stop(worker)": "the same",
        "left out: worker.stdin.close()": "the same",
        "left out: worker.stdout.close()": "the same",
        "left out: worker.kill()": "the same: it ends when nothing more is asked",
        "condition always True: if resource is not None and status == -signal.SIGXCPU:": (
            "in no example a worker ends in another way; only the reason of `not checked` is another"
        ),
        "operand 0 left out: if resource is not None and status == -signal.SIGXCPU:": "where limits can be set",
        "operand 1 left out: if resource is not None and status == -signal.SIGXCPU:": "as for the whole condition",
        "left out: signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who waits for the answers": (
            "nobody presses Ctrl-C here"
        ),
        'left out: limit("RLIMIT_CORE", 0)': "most systems keep no dumps of processes that they end",
        '0 becomes 1: limit("RLIMIT_CORE", 0)': "the same",
        "condition always True: if resource is not None:": "where limits can be set",
        "always the first: resource.setrlimit(what, "
        "(value if most == resource.RLIM_INFINITY else min(value, most), most))": (
            "where who runs it set no limits before"
        ),
    },
    "disc": {"1 becomes 2: SIDE = 1": "any square around the disc will do"},
    "all_matrices": {
        '0 becomes 1: dynamics = Dynamics({**known, "A": [[Fraction(0)] * 2] * 2, "step": step})': "no part of it",
        **dict.fromkeys(  # it can only refuse more; in every example so far tables show what F, R1 and R2 do
            (
                "condition always False: while found := {i for i in resting - F if F >= {*sets[i]} - {i}}:",
                "GtE becomes Gt: while found := {i for i in resting - F if F >= {*sets[i]} - {i}}:",
                "Sub becomes Add: ahead = [product(totals[i][1], "
                "[u - v for u, v in zip(N[C[0]], N[j], strict=True)]) for j in C]",
                "condition always False: if i in F or captured:",
                "operand 0 left out: if i in F or captured:",
                "operand 1 left out: if i in F or captured:",
            ),
            "a table is asked for as well",
        ),
        "GtE becomes Lt: while found := {i for i in resting - F if F >= {*sets[i]} - {i}}:": (
            "no example is known: all leaders would have to be among those at whose mean such a token is"
        ),
        "Lt becomes LtE: while len(layers) < len(shifts):": "a layer more is computed, and not used",
    },
    "gram_layers": {
        **dict.fromkeys(
            (
                f"{what}: held = free | {{i for i in state.scores if until.get(i, 0) >= number}}"
                for what in ("filter dropped", "0 becomes 1")
            ),
            "scores of more tokens are computed, and not looked at",
        ),
        **dict.fromkeys(
            (
                f"{what}: totals = {{i: sum([w[j] for j in C]) for i, C in enumerate(sets) if len(C) > 1}}"
                for what in ("filter dropped", "Gt becomes GtE")
            ),
            "who follows one alone may be reckoned like who follows several",
        ),
    },
    "gram": {
        '0 becomes 1: n, zero, proof = len(G), [[Fraction(0)]], certificate["proof"]': "no part of it",
        "always the second: first = [{} if p is None else {p: 1} for p in places(G)]": "None is no token",
        '0 becomes 1: known = itinerary.follow(layers, certificate["itinerary"], 0)': "no layer has to be kept",
        "0 becomes 1: beside, diagonal = [0] * n, [0] * n": "the diagonal is set row by row",
        "0 becomes 1: largest = max([abs(x) for row in R for x in row], default=0)": "larger digits do as well",
        **dict.fromkeys(
            (
                f"{what}: size = (sum(w) * largest**2).bit_length() // 8 + 1"
                for what in ("FloorDiv becomes Mult", "2 becomes 3", "1 becomes 2")
            ),
            "larger digits do as well",
        ),
        '1 becomes 2: digits = (dot(map(mul, w, row), columns) + halves).to_bytes(size * (i + 1), "little")': (
            "a digit more is 0, and not read"
        ),
        "condition always True: if place == i:": "the first token at a place is found first",
        "Mult becomes Add: return sum([c * d * G[p][q] for p, c in pairs for q, d in pairs])": (
            "of (c + d) G: its sum is 0 where that of c d G is, and no example is known where it is negative"
        ),
        "condition always True: if points is not self._points:": "what is kept is derived again",
        "filter dropped: return [(p, c) for p, c in enumerate(x) if c]": "zeros add nothing",
    },
    "itinerary": {
        "0 becomes 1: tables, leaders, kept, first = SignTables(dynamics), {}, None, 0": "the first phase sets it",
    },
    "constant_sets": {
        "condition always False: if self._last is not None and self._last[:2] == (start, table):": (
            "the table of the layer is derived again"
        ),
        "2 becomes 3: if self._last is not None and self._last[:2] == (start, table):": "the same",
        'condition always False: if rules.names[i] != "R3":': (
            "columns for more tokens ask more than the rules do; nothing is accepted for it"
        ),
        "Lt becomes LtE: while len(layers) < len(shifts):": "a layer more is computed, and not used",
    },
    "exponential": {  # shifts by 0 are the same to both sides, and any whole number within 2 of 2^bits e^(−x) will do
        "Gt becomes GtE: scaled = (a << shift) if shift > 0 else a": "a << 0 is a",
        "Gt becomes GtE: divisor = b if shift > 0 else b << -shift": "b << 0 is b",
        "Gt becomes GtE: return Fraction(whole, 1 << shift) if shift > 0 else Fraction(whole << -shift)": (
            "a fraction over 1 is the whole number"
        ),
        "condition always False: if T > bits << bits:": "2^bits e^(−bits) < 1: the series comes to 0 too, more slowly",
        "Gt becomes GtE: if T > bits << bits:": "the same",
        "0 becomes 1: halvings = max(0, T.bit_length() - bits + 8)": (
            "the series may be summed at any x: what the rounding of a term adds is a series of alternating sign whose "
            "sum is at most that rounding, so the error is at most the number of terms, in units of 2^−B"
        ),
        "Add becomes Sub: halvings = max(0, T.bit_length() - bits + 8)": "the same, with fewer halvings",
        "Sub becomes Add: halvings = max(0, T.bit_length() - bits + 8)": "the same, with more, which B allows for",
        "8 becomes 9: halvings = max(0, T.bit_length() - bits + 8)": "the same",
        "Add becomes Sub: B = bits + halvings + 32": (
            "32 − halvings bits to spare: a squaring doubles an error and multiplies it by what falls as fast, "
            "so what adds up is far below 2 units"
        ),
        "32 becomes 33: B = bits + halvings + 32": "a bit more to spare",
        "0 becomes 1: while term > 0:": "a term of one unit of 2^−B is left out, of the 32 bits to spare",
    },
    "softmax_layers": {
        "0 becomes 1: self.p, self.q = self.hardmax.rate(0)": "the step is constant",
        "0 becomes 1: moved, V = [], 0": "every mean deviation is rounded up to at least 1 unit",
    },
    "softmax": {
        "condition always True: if balls.k in kept:": "more layers are kept, and not used",
        "operand 1 left out: y = problem.beta * ((gamma or 0) - a * delta * (D + 2 * R + 2 * delta))": (
            "with two clusters there are triples, so it is never None"
        ),
        "1 becomes 2: for k in range(last + 1):": "a layer more of hardmax is computed, and compared with nothing",
    },
    "all_steps": {
        "condition always True: if kept.get(i) != C:": "what Lemma 1 gives is checked as well",
        "Gt becomes GtE: holds = not gap if j in C else gap and self.place.sign(gap) > 0": NEVER_0,
        "Gt becomes GtE: must(not gap or (j not in C and self.place.sign(gap) > 0), where, C, "
        'f"the score for {j} is against it")': NEVER_0,
        'LtE becomes Lt: must(resting <= F, where, rules, f"at rest are {sorted(F)}")': (
            "the longest token leads: F is never at rest alone"
        ),
        'condition always True: if "R3" in rules:': "no table is asked for",
        "filter dropped: self.must_stay_by_tables(sets, [i for i, rule in enumerate(rules) "
        'if rule == "R3"], F)': "tables for more tokens ask more than the rules do",
        "1 becomes 2: own[L // self.weight(sets[i]) * self.w[i] if i in sets[i] else 0] += 1": MORE_SHIFTS,
        "Sub becomes Add: orders |= Counter({(s + t, s * t): p + q - 1})": MORE_SHIFTS,
        **{f"{what}: {ORDER}": "any fixed order of the shifts serves" for what in ORDERS},
        "Gt becomes GtE: holds = not F_s[0] or (other not in sets[i] and self.place.sign(F_s[0]) > 0)": NEVER_0,
        "Lt becomes LtE: while len(layers) < len(shifts):": "a layer more is computed, and not used",
    },
    "step_places": {
        "1 becomes 2: unit = math.lcm(a.denominator, 1 if b is None else b.denominator)": "any multiple will do",
        "Sub becomes Add: self._at = sample - a if b is None else (b - sample) / (sample - a)": (
            "without an upper end all that lies above the sample is in the cell"
        ),
        "operand 1 left out: if high is not None and high.low < high.high:": RATIONAL_END,
        "Lt becomes LtE: if high is not None and high.low < high.high:": RATIONAL_END,
        "condition always True: if polynomials.variations(f):": "without a change of sign there is no root",
    },
    "polynomials": {
        "40 becomes 41: DEEP = 40": "any depth will do",
        "condition always True: if x:": "zeros add nothing",
        "Sub becomes Add: for first in range(len(f) - 1):": "the inner range is empty there",
        "Gt becomes GtE: signs = [c > 0 for c in f if c]": "none of them is 0",
        "Gt becomes LtE: signs = [c > 0 for c in f if c]": "all signs turned change as often",
        "condition always True: if top:": "zeros change nothing",
        "operand 1 left out: return divided([c // content for c in f], g) or f": "a primitive divisor always divides",
        "FloorDiv becomes Mult: return divided([c // content for c in f], g) or f": "a multiple has the same roots",
        "0 becomes 1: waiting = [(f, 0)]": "any depth will do",
        "condition always True: if depth == DEEP:  # a multiple root would be halved for ever": (
            "looked for always; the answer is the same"
        ),
        "Eq becomes NotEq: if depth == DEEP:  # a multiple root would be halved for ever": "at all depths but one",
        "Gt becomes GtE: whole = all(c.denominator == 1 for c in p) and len(self.p) == len(p) > 1 and self.p[-1] > 0": (
            "the last one of a trimmed polynomial is not 0"
        ),
        'Lt becomes LtE: must(self.low < self.high, where, interval, "the first is the smaller one")': (
            "equal ends are dealt with before"
        ),
        "1 becomes 2: waiting += [(half, depth + 1) for half in halves]": "any depth will do",
        "0 becomes 1: step = 0": "any depth will do",
        "Lt becomes LtE: while self.low < self.high:": "at a rational number its sign is found either way",
        "condition always True: if step == DEEP:": "common factors are looked for always; the answer is the same",
        "Eq becomes NotEq: if step == DEEP:": "at all steps but one",
        "1 becomes 2: step += 1": "common factors are looked for earlier",
    },
    "small_steps": {
        "12 becomes 13: COARSEST, LONGEST, TRIES = 8, 40, 12": "any limit will do",
        "22 becomes 23: for q in range(1, 22):  # e^(−1/fineness): sums of an alternating series": "a term more",
        "condition always True: if c:": "zeros add nothing",
        "Gt becomes GtE: result = plus(result, (c * low, c * high) if c > 0 else (c * high, c * low))": "c is not 0",
        "0 becomes 1: if self.inner(tube[i], difference(tube[sets[i][0]], tube[other]))[0] > 0:": ONE_UNIT,
        "operand 0 left out: elif gap not in rising or not self.grows(tube, sets, i, sets[i][0], other):": (
            "a gap that was seen to be positive, and grows since, is positive"
        ),
        "0 becomes 1: zero = [(0, 0)] * len(z[0])": "all tokens have as many coordinates",
        "0 becomes 1: return self.growth(z, i, ahead, other, *moves) > 0": ONE_UNIT,
        "0 becomes 1: if min(growths.values()) <= 0:": ONE_UNIT,
        "0 becomes 1: times_needed = [-(min(0, closing[i, rivals[i]]) << BITS) // g + 2 for i, g in growths.items()]": (
            "a rival that is ahead needs no time"
        ),
        "LtE becomes Lt: if needed <= length:": ONE_UNIT,
        "0 becomes 1: pulls = scaled((0, length), difference(target, T[i]))": "the box before the pull is in the hull",
        "0 becomes 1: beaten = any(self.inner(T[i], difference(T[j], T[other]))[0] > 0 for j in own)": ONE_UNIT,
    },
    "radius": {
        "condition always True: if own or step:": "zeros add nothing",
        "GtE becomes Gt: far = side >= 0 and side * side >= 4 * eps * eps * ((u - x) ** 2 + (v - y) ** 2)": (
            "on the hull's edge only a radius of 0 is claimed, which says nothing"
        ),
    },
}
"""Survivors of the mutation run by file, and why they are no worse than the checker itself."""

MISTAKES = [
    ("itinerary", Mutant("only the first of tied tokens", "if x == best]", "if x == best][:1]")),
    ("dynamics", Mutant("the form is ignored", "times([x], self.B)", "[x]")),
    ("dynamics", Mutant("multiplicities are ignored", "weights = [self.w[j] for j in C]", "weights = [1 for j in C]")),
    (
        "dynamics",
        Mutant("the smallest is taken for the largest", "[[-x for x in row] for row in self.A]", "self.A"),
    ),
    ("dynamics", Mutant("the step is α", "self._p, self._q = p, p + q", "self._p, self._q = (p, q)")),
    ("itinerary", Mutant("twins lead together", "if sets[i] == (i,)", "if i in sets[i]")),
    ("itinerary", Mutant("a jump proves itself", "end.k > start.k + 1", "end.k > start.k + 10**6")),
    ("constant_sets", Mutant("R2 without its condition", "{scores[j] for j in C} == {max(scores)}", "scores")),
    (
        "constant_sets",
        Mutant("every token at its mean is stationary", "all(j in F or r[j] == r[i] for j in sets[i])", "True"),
    ),
    ("constant_sets", Mutant("shifts without multiplicity", "p + q - 1", "1")),
    ("constant_sets", Mutant("a leader's twin is a leader", "if C == (i,)}", "if i in C}")),
    ("exact", Mutant("weights need not be positive", "and min(numerators) > 0", "")),
    ("places", Mutant("an edge counts as interior", "if row is None:", "if row is None and c == 0:")),
    ("places", Mutant("inner products are not compared", "constant == (kind == 'projection')", "True")),
    ("self_similar", Mutant("a spiral need not contract", "None if r is None else r < 1", "True")),
    ("no_a", Mutant("forms are not in the sum", "[[a + b for a, b in zip(x, y", "[[a for a, b in zip(x, y")),
    ("no_a", Mutant("cases are not looked at", "must(semidefinite(less(N, ahead)),", "must(True,")),
    ("no_a", Mutant("a case may be missing", "known and len(cases) == len(leaders[c])", "known")),
    (
        "no_a",
        Mutant("cases are of one leader", "zip(leaders[c], cases, strict=True)", "zip([leaders[c][0]] * 9, cases)"),
    ),
    ("no_a", Mutant("a case needs no multiplier", "must(case,", "must(True,")),
    ("no_a", Mutant("what is fixed is free as well", "(c, i) not in wanted", "True")),
    ("no_a", Mutant("a token enters twice", "ascending([one['token'] for one in free], 'whomever')", "")),
    ("no_a", Mutant("units are forgotten", "Fraction(x, unit)", "Fraction(x)")),
    ("no_a", Mutant("multipliers may be negative", "known and y > 0", "known")),
    ("gram", Mutant("the factor may be negative", "all(w > 0 for w in weights)", "True")),
    ("gram", Mutant("what the factor leaves is not looked at", "rest >= beside[i]", "True")),
    ("gram", Mutant("limits that are the origin are placed", "square(G, s) > 0", "True")),
    ("gram", Mutant("digits that overflow", "(sum(w) * largest ** 2).bit_length() // 8 + 1", "4")),
    ("gram", Mutant("a token that follows none of the leaders has a limit", "must(not known.free,", "must(True,")),
    ("gram_layers", Mutant("what is captured may change its set", "must(i in free,", "must(True,")),
    ("gram_layers", Mutant("a whole step captures", "a == b or not captured(sets, i)", "not captured(sets, i)")),
    (
        "gram_layers",
        Mutant(
            "every token with one follower is captured", "sets[i] == sets[leader] == (leader,)", "len(sets[i]) == 1"
        ),
    ),
    (
        "gram_layers",
        Mutant(
            "scores move by the left alone",
            "keep * x + pull * row[h] for x, h in zip(row, heads",
            "x for x, h in zip(row, heads",
        ),
    ),
    ("gram_layers", Mutant("ties follow their first", "for t, mixed in shared.items()", "for t, mixed in ()")),
    ("formats", Mutant("the seal is not read", "certificate['seal'] == seal", "seal")),
]
"""Mistakes that one could make in writing a checker."""


def test_the_unbroken_checker_survives():
    assert passes(original())


@pytest.mark.parametrize(("file", "mistake"), MISTAKES, ids=lambda value: getattr(value, "what", value))
def test_a_mistake_is_noticed(file, mistake):
    source = (FOLDER / f"{file}.py").read_text(encoding="utf-8")
    assert not passes({**original(), file: changed(source, mistake, file)})


@pytest.mark.deep
@pytest.mark.parametrize("file", FILES)
def test_all_mutants_but_the_equivalent_are_noticed(file):
    count, survivors = 0, []
    for description, tree in mutants(file):
        count += 1
        if survives(file, tree):
            survivors.append(description.split(", ", 2)[2])
    assert count >= (5 if file == "command" else 0)
    expected = EQUIVALENT.get(file, {})
    assert {*survivors} == {*expected}, f"{count - len(survivors)} of {count} mutants are noticed"
