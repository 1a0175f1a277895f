"""The claims of the family `control` can fail: wrong checkers are noticed, each by its own killers."""

import pytest

from ...mutants import Mutant, mutate
from ..killers import unnoticed

MISTAKES = [
    ("one_leader", Mutant("who leads is not looked at", "if i not in _leaders(_sets(c, A)):", "if False:")),
    (
        "one_leader",
        Mutant("who is excluded is not looked at", "i in _leaders(sets) for sets in seen", "False for _ in seen"),
    ),
    (
        "one_leader",
        Mutant(
            "the origin is no vertex",
            "[origin, *c.tokens[:i], *c.tokens[i + 1:]]",
            "[*c.tokens[:i], *c.tokens[i + 1:]]",
        ),
    ),
    ("independent", Mutant("all tokens lead", "i if i in L else L[i % len(L)]", "i")),
    ("all_follow", Mutant("follow sets are not compared", "or set(_sets(c, answer)) != {(i,)}", "")),
    ("not_symmetric", Mutant("who leads is not looked at", "if not set(L) <= _leaders(_sets(c, A)):", "if False:")),
]


@pytest.mark.parametrize(("name", "mutant"), MISTAKES, ids=lambda value: getattr(value, "what", value))
def test_a_wrong_checker_is_noticed(name, mutant):
    wrong = mutate("hardmax.verify.claims.families.control", mutant)
    (claim,) = (c for c in wrong.CLAIMS if c.id == f"control.{name}")
    try:
        found = next(unnoticed(claim), None)
    except Exception as error:  # a wrong checker may break in any way
        found = repr(error)
    assert found is not None
