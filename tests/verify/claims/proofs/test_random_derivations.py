"""Random derivations, true and forged, about a real layer: whatever the checker accepts must hold there.

A layer is drawn first, exactly: tokens with ties, a form, follow sets, members of them and their means, maps, numbers.
What is given are random statements that hold on it, for every member alike. Then steps are drawn without regard to
truth, each accepted one is kept, and each must hold for every choice of members. So a rule that is too generous shows
as an accepted statement that is false.
"""

import re
from dataclasses import dataclass
from fractions import Fraction as Q
from itertools import product
from random import Random
from types import ModuleType
from typing import Any

import pytest

from hardmax.verify.claims.proofs import derivation
from hardmax.verify.claims.proofs.formulas import FormulaError, value_of
from hardmax.verify.claims.proofs.witness import Witness, _compiled, _test, _vector

from ...mutants import Mutant, mutate

Point = tuple[Q, ...]
FORMS = {
    (True, True): (((1,),), ((1, 0), (0, 1)), ((2, 1), (1, 2))),
    (True, False): (((-1,),), ((0,),), ((1, 0), (0, -1)), ((0, 1), (1, 0))),
    (False, True): (((2,),), ((1, 1), (-1, 1)), ((1, 3), (-3, 1))),
    (False, False): (((0, 1), (0, 0)), ((0, 1), (-1, 0)), ((1, 2), (0, -1))),
}


@dataclass
class Instance:
    """A derivation without steps, and every choice of members of which it speaks."""

    parts: dict[str, Any]
    choices: list[Witness]


def instance(random: Random, module: ModuleType) -> Instance:
    """A layer with names for what is in it, and statements that hold."""
    symmetric, definite = kind = random.choice(list(FORMS))
    form = random.choice(FORMS[kind])
    d = len(form)

    def point() -> Point:
        return tuple(Q(random.choice((0, 1, -1, 1, -1, 2))) for _ in range(d))

    def score(u: Point, v: Point) -> Q:
        return sum((s * c * t for s, row in zip(u, form, strict=True) for c, t in zip(row, v, strict=True)), Q(0))

    layer = [point() for _ in range(random.randint(2, 5))]
    x, y = random.choice(layer), random.choice(layer)
    best = {n: [z for z in layer if score(p, z) == max(score(p, t) for t in layer)] for n, p in (("x", x), ("y", y))}
    fixed = {"x": x, "y": y, "v": point()}
    many = {
        "a": random.choices(best["x"], k=3),
        "b": random.choices(best["y"], k=3),
        "u": [point(), point(), (Q(0),) * d],
    }
    if random.random() < 0.3:  # u is the image of a, as in the proof that layers of images are images of layers
        many["u"] = [tuple(2 * c for c in a) for a in many["a"]]
    means = random.choice(
        (({"m": "a"},), ({"m": "a", "n": "u"},), ({"m": "a"}, {"n": "b"}), ({"m": "a"}, {"n": "u"}), ({"m": "u"},), ())
    )
    averaged = {a for group in means for a in group.values()}
    for a in many.keys() - averaged:
        fixed[a] = many[a][0]
    for group in means:
        weights = [Q(w) for w in random.choice(((1, 1, 1), (1, 2, 0), (1, 1, 0), (1, 0, 0)))]
        for p, a in group.items():
            fixed[p] = tuple(
                sum(w * z[i] for w, z in zip(weights, many[a], strict=True)) / sum(weights, Q(0)) for i in range(d)
            )
            many[a] = [z for w, z in zip(weights, many[a], strict=True) if w]
    numbers = {"λ": random.choice((Q(1, 2), Q(1), Q(0), Q(-1), Q(2))), "c": random.choice((Q(1), Q(2), Q(-1)))}
    maps = {"H": tuple(tuple(random.choice((0, 1, -1)) for _ in range(d)) for _ in range(d))}
    choices = []
    for places in product(*(range(len(many[next(iter(group.values()))])) for group in means)):
        chosen = {a: many[a][k] for k, group in zip(places, means, strict=True) for a in group.values()}
        choices.append(Witness(fixed | chosen, form, dict(numbers), maps))  # pyright: ignore[reportArgumentType]
    parts = {
        "shows": "drawn",
        "tokens": ("x", "y"),
        "others": ("v", "u"),
        "members": {"a": "x", "b": "y"},
        "means": means,
        "scalars": ("λ", "c"),
        "maps": ("H",),
        "symmetric": symmetric,
        "definite": definite,
        "let": {"w": vector(random, names(means))},
        "steps": (),
        "given": {},
    }
    found = Instance(parts, choices)
    planted = [_plant(random, found, "c", module), _plant(random, found, "v", module)]
    for text in (*planted, *(_true(random, found, module) for _ in range(5))):
        if text:
            given = {**parts["given"], text: "it holds"}
            try:
                list(module.given_facts(module.Derivation(**{**parts, "given": given})))
            except (FormulaError, module.FormulaError):
                continue  # two groups would be tied together
            parts["given"] = given
    return found


def names(means: tuple[dict[str, str], ...]) -> list[str]:
    return ["x", "y", "v", "a", "b", "u", *(p for group in means for p in group)]


def vector(random: Random, known: list[str], depth: int = 1) -> str:
    """A formula of a vector."""
    kind = random.randrange(8) if depth else 0
    if kind < 3:
        return random.choice(known)
    inner = [vector(random, known, depth - 1) for _ in range(2)]
    if kind == 3:
        return f"({inner[0]} + {inner[1]})"
    if kind == 4:
        return f"({inner[0]} − {inner[1]})"
    if kind == 5:
        return f"H {inner[0]}" if " " not in inner[0] or inner[0][0] == "(" else f"H ({inner[0]})"
    factor = random.choice(("λ", "2", "(1 − λ)", "c")) if kind == 6 else number(random, known, 0)
    return f"({factor} {inner[0]})"


def number(random: Random, known: list[str], depth: int = 1) -> str:
    """A formula of a number."""
    kind = random.randrange(7)
    if kind == 0 or (kind > 4 and not depth):
        return random.choice(("0", "1", "2", "λ", "c", "λ²", "(1 − λ)", "(0 − 1)", "(1 − λ)²"))
    if kind < 3:
        return f"⟨{vector(random, known, depth)}, {vector(random, known, depth)}⟩"
    if kind == 3:
        return f"‖{vector(random, known, depth)}‖²"
    if kind == 4:
        return f"⟨{vector(random, known, depth)}, {vector(random, known, depth)}⟩²"
    return f"({number(random, known, 0)} − {number(random, known, 0)})"


def holds(text: str, found: Instance, module: ModuleType) -> bool:
    """Whether a statement holds for every choice of members."""
    test = _test(module.statement(text, module.Derivation(**found.parts).language))
    return all(test(choice) for choice in found.choices)


def _plant(random: Random, found: Instance, name: str, module: ModuleType) -> str | None:
    """An equation that holds because what it names is chosen so: a formula that is the same for every member."""
    known = [n for n in names(found.parts["means"]) if n != "v"]
    language = module.Derivation(**{**found.parts, "let": {}}).language
    for _ in range(10):
        text = vector(random, known) if name == "v" else number(random, known)
        if name in text or not any(a in text for group in found.parts["means"] for a in group.values()):
            continue
        values = [value(value_of(text, language), choice) for choice in found.choices]
        if any(v != values[0] for v in values):
            continue
        for choice in found.choices:
            (choice.vectors if name == "v" else choice.numbers)[name] = values[0]  # pyright: ignore
        return f"{text} = {name}"
    return None


def _true(random: Random, found: Instance, module: ModuleType) -> str | None:
    known = [*names(found.parts["means"]), "w"]
    for _ in range(12):
        make = vector if random.random() < 0.5 else number
        left, right = make(random, known), random.choice((make(random, known), "0" if make is number else "(v − v)"))
        for relation in "=≠" if make is vector else "=>≥<≤":
            text = f"{left} {relation} {right}"
            if (relation != "≠" or random.random() < 0.3) and holds(text, found, module):
                return text
    return None


def value(of: Any, choice: Witness) -> Any:
    """The value of a formula for one choice: a number, or a vector."""
    if not isinstance(of, dict):
        return _compiled(of)(choice)
    columns = [[_compiled(c)(choice) * x for x in _vector(name, choice)] for name, c in of.items()]
    return tuple(map(sum, zip(*columns, strict=True))) if columns else (Q(0),) * len(choice.form)


def _step(random: Random, found: Instance, so_far: list[str], module: ModuleType) -> Any:
    """A step that may be anything."""
    means = found.parts["means"]
    known = [*names(means), "w"]
    if means and so_far and random.random() < 0.5:
        group = random.choice(means)
        text = random.choice([t for t in so_far if any(a in t for a in group.values())] or so_far)
        share = random.choice((1.0, 1.0, 0.6))
        for p, a in group.items():
            text = re.sub(a, lambda match, p=p: p if random.random() < share else match[0], text)
        if random.random() < 0.1:
            text = text.replace("≥", ">")
        return module.Line(text, mean=random.choice(list(group)))
    if random.random() < 0.15:
        u, v = vector(random, known, 1), vector(random, known, 1)
        w = random.choice((f"{u} − {v}", vector(random, known, 1)))
        return module.Line(f"{u} ≠ {v}", by=random.choice((f"⟨{w}, {u} − {v}⟩", f"‖{u} − {v}‖²")), along=w)
    terms = []
    vectors = random.random() < 0.25
    for _ in range(random.randint(1, 3)):
        factors = [_factor(random, known, so_far) for _ in range(random.randint(1, 2))]
        if vectors:
            sides = [re.split("[=≠]", t) for t in so_far if re.search("[=≠]", t)]
            ends = random.choice(sides) if sides else (vector(random, known), vector(random, known))
            factors.append(f"({ends[0]} − {ends[1]})")
        terms.append(" ".join(factors))
    by = terms[0]
    for term in terms[1:]:
        by += f" {random.choice('++−')} {term}"
    relation = "=" if vectors else random.choice("≥≥>=")
    return module.Line(f"{by} {relation} {'v − v' if vectors else '0'}", by=by)


def _factor(random: Random, known: list[str], so_far: list[str]) -> str:
    if so_far and random.random() < 0.6:
        left, relation, right = re.split("([=≥>≤<≠])", random.choice(so_far))
        if relation == "≠":
            return f"‖{left} − {right}‖²"
        if relation in "≤<":
            left, right = right, left
        return f"({left} − {right})" + ("²" if random.random() < 0.1 else "")
    return number(random, known)


def accepted(random: Random, module: ModuleType, tries: int = 12) -> tuple[int, str | None]:
    """How many steps of a random derivation are accepted, and the first of them that is false."""
    found = instance(random, module)
    scores = [f"⟨{x}, {a}⟩ ≥ ⟨{x}, {t}⟩" for a, x in found.parts["members"].items() for t in ("x", "y", "a", "b")]
    steps: tuple[Any, ...] = ()
    for _ in range(tries):
        step = _step(random, found, [*found.parts["given"], *scores, *(s.text for s in steps)], module)
        try:
            checked = module.check(module.Derivation(**{**found.parts, "steps": (*steps, step)}))
        except (FormulaError, module.FormulaError):
            continue
        if checked.fault is None:
            steps += (step,)
            if not holds(step.text, found, module):
                return len(steps), step.text
    return len(steps), None


def test_what_is_accepted_holds():
    counts, wrong = zip(*(accepted(Random(seed), derivation) for seed in range(25)), strict=True)
    assert sum(counts) > 25
    assert set(wrong) == {None}


@pytest.mark.parametrize(
    ("mutant", "seeds"),
    [
        (Mutant("one strict factor is enough", "STRICT if all((sign ==", "STRICT if any((sign =="), range(20, 30)),
        (
            Mutant(
                "everything is affine", "            if not _is_affine(", "            if False and not _is_affine("
            ),
            [14],
        ),
        (Mutant("subtraction is addition", "    if term.negative:\n", "    if False:\n"), range(80)),
    ],
    ids=lambda x: getattr(x, "what", ""),
)
def test_a_wrong_checker_accepts_what_is_false(mutant, seeds):
    wrong = mutate("hardmax.verify.claims.proofs.derivation", mutant)
    assert any(accepted(Random(seed), wrong)[1] for seed in seeds)
