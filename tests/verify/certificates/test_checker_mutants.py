"""Every condition of the checker is caught by an example: broken checkers do not pass the conformance set."""

from pathlib import Path
from types import ModuleType

import pytest

from hardmax.verify.certificates import checker

from . import suite
from .mutants import mutants, survives

SOURCE = Path(checker.__file__).read_text(encoding="utf-8")

EQUIVALENT = {
    "1 becomes 2: verdicts = check(stream.read(MAX_BYTES + 1).decode())": (
        "reading two bytes more than allowed shows as well as one that a file is too long"
    ),
}
"""Survivors of the mutation run, and why they are no worse than the checker itself."""

MISTAKES = {
    "only the first of tied tokens": ("if x == best])", "if x == best][:1])"),
    "the form is ignored": ("for image in times([row], self.B)", "for image in [row]"),
    "multiplicities are ignored": ("weights = [self.w[j] for j in C]", "weights = [1 for j in C]"),
    "the smallest is followed like the largest": ("[[-x for x in row] for row in self.A]", "self.A"),
    "the step is α": ("p + q if self.constant else q", "q"),
    "twins lead together": ("if C == [i]:", "if i in C:"),
    "a jump proves itself": ("if b > a + 1:", "if b > a + 10**6:"),
    "R2 without its side condition": ('if {S[j] for j in C} == {max(S)} else "R3"', 'if S else "R3"'),
    "every token at its mean is stationary": ("all(j in F or r[j] == r[i] for j in sets[i])", "True"),
    "shifts without multiplicity": ("own[mu] + both[nu] - 1", "1"),
    "a leader's twin is a leader": ("if sets[i] == (i,)", "if i in sets[i]"),
    "weights need not be positive": ("and min(values) > 0", ""),
    "an edge counts as interior": ("must(pivot, where, kind", "must(pivot or c, where, kind"),
    "inner products are not compared": ('constant == (kind != "neither")', "True"),
    "a spiral need not contract": ("None if r is None else r < 1", "True"),
    "the seal is not read": ("seal == hashlib", "seal or hashlib"),
}
"""Mistakes that one could make in writing a checker."""


@pytest.fixture(scope="module")
def costs():
    return suite.costs(checker)


def test_the_unbroken_checker_survives(costs):
    assert survives(checker, costs)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_noticed(mistake, costs):
    old, new = MISTAKES[mistake]
    assert SOURCE.count(old) == 1, f"the checker has changed: {old!r} occurs {SOURCE.count(old)} times"
    module = ModuleType("mistaken")
    exec(compile(SOURCE.replace(old, new), "mistaken", "exec"), module.__dict__)
    assert not survives(module, costs)


@pytest.mark.deep
def test_all_mutants_but_the_equivalent_are_noticed(costs):
    count, survivors = 0, []
    for description, module in mutants(SOURCE):
        count += 1
        if survives(module, costs):
            survivors.append(description.split(", ", 1)[1])
    assert count > 500
    assert sorted(survivors) == sorted(EQUIVALENT), f"{count - len(survivors)} of {count} mutants are noticed"
