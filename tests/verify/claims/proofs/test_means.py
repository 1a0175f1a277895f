"""The rule for means against real ones: what it lets pass from members to their mean holds for the mean."""

from fractions import Fraction as Q
from random import Random

import pytest

from hardmax.verify.claims.proofs import derivation
from hardmax.verify.claims.proofs.formulas import FormulaError
from hardmax.verify.claims.proofs.witness import Witness, _test

from ...mutants import Mutant, mutate

POINTS = (-1, 1, 2, 0)
VECTORS = ("x", "y", "a", "b", "a", "b", "H a", "(a + x)", "(x − b)", "⟨a, x⟩ y", "⟨x, y⟩ b", "⟨b, y⟩ a", "2 a")


def drawn(random: Random):
    """A statement with a, b and one with their means m, n in their place."""

    def number() -> str:
        u, v = random.choice(VECTORS), random.choice(VECTORS)
        return random.choice((f"⟨{u}, {v}⟩", f"⟨{u}, y⟩", f"⟨x, {v}⟩", f"‖{u}‖²", f"⟨{u}, x⟩²", "1", "0"))

    make = number if random.random() < 0.5 else lambda: random.choice(VECTORS)
    relation = random.choice("≥>=" if make is number else "==≠")
    text = f"{make()} {relation} {make()}"
    if random.random() < 0.1:
        return text, text.replace("≥", ">").replace("a", "m").replace("b", "n")
    to = dict(zip("ab", "mn", strict=True))
    return text, "".join(to.get(c, c) if random.random() < 0.9 else c for c in text)


def accepted_and_false(module, seed: int, tries: int = 60):
    """How many drawn steps are accepted, and those of them that are false on a line, for some members and weights."""
    random, accepted, wrong = Random(seed), 0, []
    for _ in range(tries):
        text, goal = drawn(random)
        d = module.Derivation(
            "drawn",
            tokens=("x", "y"),
            others=("a", "b"),
            means=({"m": "a", "n": "b"},),
            maps=("H",),
            given={text: "it holds"},
            steps=(module.Line(goal, mean=random.choice("mn")),),
        )
        try:
            if module.check(d).fault is not None:
                continue
        except (FormulaError, module.FormulaError):
            continue
        accepted += 1
        known, claimed = (_test(module.statement(t, d.language)) for t in (text, goal))
        for _ in range(60):
            x, y, *members = (random.choice(POINTS) for _ in range(6))
            pairs = list(zip(members[:2], members[2:], strict=True))
            m, n = (Q(sum(column), 2) for column in zip(*pairs, strict=True))
            maps = {"H": ((random.choice((0, 1, -1)),),)}
            choices = [
                Witness({"x": (x,), "y": (y,), "a": (a,), "b": (b,), "m": (m,), "n": (n,)}, ((1,),), {}, maps)  # pyright: ignore[reportArgumentType]
                for a, b in pairs
            ]
            if all(map(known, choices)) and not all(map(claimed, choices)):
                wrong.append((text, goal))
                break
    return accepted, wrong


@pytest.mark.parametrize("seed", range(8))
def test_what_passes_to_means_holds_for_them(seed):
    accepted, wrong = accepted_and_false(derivation, seed)
    assert accepted > 0
    assert wrong == []


@pytest.mark.parametrize(
    "mutant",
    [
        Mutant("everything is affine", "            if not _is_affine(", "            if False and not _is_affine("),
        Mutant("numbers in front of vectors stay", "((number(c), image(name)) for", "((c, image(name)) for"),
        Mutant(
            "weak passes to strict", "if f.relation != goal.relation or f.relation == '≠':", "if f.relation == '≠':"
        ),
        Mutant(
            "inequations pass to means",
            "if f.relation != goal.relation or f.relation == '≠':",
            "if f.relation != goal.relation:",
        ),
    ],
    ids=lambda m: m.what,
)
def test_a_wrong_rule_for_means_is_noticed(mutant):
    wrong = mutate("hardmax.verify.claims.proofs.derivation", mutant)
    assert any(accepted_and_false(wrong, seed)[1] for seed in range(20))
