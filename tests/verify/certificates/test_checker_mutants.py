"""Every condition of the checker is caught by an example: broken checkers do not pass the conformance set."""

import pytest

from ..mutants import Mutant, changed
from .mutants import FILES, FOLDER, mutants, original, passes, survives

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
    "gram": {
        '0 becomes 1: known = itinerary.follow(layers, certificate["itinerary"], 0)': "no layer has to be kept",
        "0 becomes 1: full = [[*row, *[Fraction(0)] * (m - len(row))] for row in rows]": "it is cut off again",
        "0 becomes 1: beside, diagonal = [0] * n, [0] * n": "the diagonal is set row by row",
        "condition always True: if place == i:": "the first token at a place is found first",
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
            "32 − halvings bits to spare: a squaring doubles an error and multiplies it by a number that falls as fast, "
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
    ("gram", Mutant("limits that are the origin are placed", "layers.scores(s, [s]) > [0]", "True")),
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
    assert sorted(survivors) == sorted(expected), f"{count - len(survivors)} of {count} mutants are noticed"
