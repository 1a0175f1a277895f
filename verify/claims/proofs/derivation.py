"""Derivations: proofs for all inputs that the machine checks line by line.

A derivation speaks of vectors of a real vector space, of real numbers and of a bilinear form ⟨·, ·⟩, all arbitrary but
for what is given. Its steps are statements L ≥ R, L > R, L = R or u ≠ v between formulas, and it proves that each of
them holds whenever all that is given holds. What is given:

- `given`: statements, and that the form is symmetric or positive definite where that is declared;
- a ∈ C(x): the member a of the follow set of the token x scores ⟨x, a⟩ ≥ ⟨x, t⟩ for every token t of the derivation;
- p, a mean of such a: p = Σ_j w_j a_j with w_j ≥ 0, Σ_j w_j = 1 over any finite number of members a_j, everything else
  the same for all of them. Whatever is given about a is given about every member.

A step is accepted by one of two rules. Facts are what is given and the steps before; never the step itself.

**Sum.** L − R and the sum beside the step are the same polynomial (SymPy expands their difference to 0), and the
signs of the summands follow from their factors: a positive rational; a factor that is the difference of the sides of a
fact; ‖v‖², if the form is positive definite, ≥ 0 and > 0 if v ≠ 0 is a fact; a square of a real number; zero, if it
is the difference of the sides of an equation. A product is 0 if one factor is (only then may it be subtracted), else
≥ 0 if all factors are, and > 0 if all are. For L ≥ R every summand must be ≥ 0, for L > R one of them > 0 besides, for
L = R all must be 0. u ≠ v follows from ⟨w, u − v⟩ > 0 for a vector w that the step names: ⟨w, 0⟩ = 0 for any form.

**Mean.** The step is a fact F with p in place of a. F must be affine in a: F((1−t) u + t v) = (1−t) F(u) + t F(v) as
polynomials, u, v and t being new. Then by induction on the number of members F(Σ w_j a_j) = Σ w_j F(a_j), so that ≥ 0,
> 0 and = 0 pass from members to means. No member that is averaged owns a follow set, or that set would vary with it.
Members that are averaged together, with the same weights, are one group, and nothing given ties two groups together; a
linear map of a mean is the mean of its values.

Where a step is refused, small rational vectors, forms and numbers are tried that satisfy everything given: if one of
them breaks the statement, no derivation of it exists.

Neighbours: `formulas` reads the text; `lemmas`, `metamorphic` and `frank_wolfe` state derivations as data.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import sympy

from .formulas import NAME, Factor, FormulaError, Language, Scalar, Term, Terms, combined, sides, terms_of, value_of

ZERO, WEAK, STRICT = "= 0", "≥ 0", "> 0"
_SWAPPED = {"≤": "≥", "<": ">"}


@dataclass(frozen=True)
class Line:
    """One statement and what it follows from.

    Args:
        text: the statement.
        by: the sum that the larger side minus the smaller one equals; nothing if both sides are the same.
        mean: in place of `by`: the mean to which a fact about its member passes.
        along: where the statement is u ≠ v: the vector w for which `by` is ⟨w, u − v⟩.
    """

    text: str
    by: str = ""
    mean: str = ""
    along: str = ""


@dataclass(frozen=True, eq=False)
class Derivation:
    """A proof for all inputs, as data; `check` decides whether it is one.

    Args:
        shows: what its steps say, in words.
        tokens: names of tokens.
        steps: the statements, in order.
        given: what is assumed, each with its reason in words.
        members: a → x: a is any member of the follow set of the token x.
        means: groups of p → a: p is a convex combination of such a; one group shares its weights.
        let: name → the vector that it abbreviates.
        others: names of vectors about which nothing is known but what is given.
        scalars: names of real numbers.
        maps: names of linear maps.
        symmetric: whether the form is symmetric.
        definite: whether ⟨v, v⟩ > 0 for every v ≠ 0.
    """

    shows: str
    tokens: tuple[str, ...]
    steps: tuple[Line, ...]
    given: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, str] = field(default_factory=dict)
    means: tuple[Mapping[str, str], ...] = ()
    let: Mapping[str, str] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    scalars: tuple[str, ...] = ()
    maps: tuple[str, ...] = ()
    symmetric: bool = False
    definite: bool = False

    @property
    def named_tokens(self) -> tuple[str, ...]:
        """The tokens, members of follow sets included."""
        return tuple(dict.fromkeys((*self.tokens, *self.members)))

    @property
    def language(self) -> Language:
        """The names that the formulas may use.

        Raises:
            FormulaError: a name stands for two things, or a mean is none.
        """
        averages = [(p, a) for group in self.means for p, a in group.items()]
        vectors = (*self.named_tokens, *self.others, *(p for p, _ in averages))
        names = [*vectors, *self.let, *self.scalars, *self.maps]
        for name in names:
            if not re.fullmatch(NAME, name):
                raise FormulaError(f"{name!r} is no name: one letter, with ⁺ or ′ after it")
        if len(set(names)) < len(names):
            raise FormulaError(f"a name stands for two things: {', '.join(names)}")
        for p, a in averages:
            if a not in (*self.members, *self.others) or a in self.members.values():
                raise FormulaError(f"{p} is no mean: {a} is no member, or owns a follow set itself")
        if len({a for _, a in averages}) < len(averages):
            raise FormulaError("a member is averaged twice")
        if not set(self.members.values()) <= set(self.tokens):
            raise FormulaError("follow sets belong to tokens that are fixed")
        language = Language(vectors, self.scalars, self.maps, self.symmetric)
        for name, text in self.let.items():
            value = value_of(text, language)
            if not isinstance(value, dict):
                raise FormulaError(f"{name} abbreviates {text!r}, which is no vector")
            language = replace(language, definitions={**language.definitions, name: value})
        return language


@dataclass(frozen=True)
class Fact:
    """`value` ≥ 0, > 0, = 0 or ≠ 0; a vector is only = 0 or ≠ 0."""

    text: str
    relation: str
    value: Scalar | Terms


@dataclass(frozen=True)
class Checked:
    """What became of a derivation.

    Args:
        lines: the proof, to be read.
        fault: where it breaks and why, None if it holds.
        at: the number of the step that breaks.
    """

    lines: tuple[str, ...]
    fault: str | None = None
    at: int | None = None


def statement(text: str, language: Language) -> Fact:
    """A statement as a fact: its larger side minus its smaller one, and the relation to 0."""
    left, relation, right = sides(text)
    if relation in _SWAPPED:
        left, relation, right = right, _SWAPPED[relation], left
    value = _minus(value_of(left, language), value_of(right, language))
    if relation not in ("=≠" if isinstance(value, dict) else "=≥>"):
        raise FormulaError(f"{text!r}: vectors are = or ≠, numbers are =, ≥ or >")
    return Fact(text, relation, value)


def _minus(left: Scalar | Terms, right: Scalar | Terms) -> Scalar | Terms:
    if isinstance(left, dict) and isinstance(right, dict):
        return combined((sympy.Integer(1), left), (sympy.Integer(-1), right))
    if isinstance(left, dict) or isinstance(right, dict):
        raise FormulaError("a vector is compared with a number")
    return sympy.expand(left - right)


def same(left: Scalar | Terms, right: Scalar | Terms) -> bool:
    """Whether two values are the same polynomial, or the same combination."""
    return isinstance(left, dict) == isinstance(right, dict) and not _is_nonzero(_minus(left, right))


def names_in(value: Scalar | Terms) -> set[str]:
    """The named vectors that occur in a value, under linear maps too."""
    if not isinstance(value, dict):
        return {part for s in value.free_symbols for part in re.findall(r"[^⟨⟩, ]+", str(s))}
    return {part for name in value for part in name.split()} | {n for c in value.values() for n in names_in(c)}


def _is_nonzero(value: Scalar | Terms) -> bool:
    return bool(value) if isinstance(value, dict) else value != 0


def given_facts(derivation: Derivation) -> Iterator[Fact]:
    """Everything that the derivation may assume."""
    language = derivation.language
    for text in derivation.given:
        fact = statement(text, language)
        if sum(bool(names_in(fact.value) & set(group.values())) for group in derivation.means) > 1:
            raise FormulaError(f"{text} ties members of two groups together, which are averaged each on its own")
        yield fact
    for a, x in derivation.members.items():
        for t in derivation.named_tokens:
            if t != a:
                yield statement(f"⟨{x}, {a}⟩ ≥ ⟨{x}, {t}⟩", language)


def check(derivation: Derivation) -> Checked:
    """Whether every step follows, with the proof to be read, or the first step that does not and why.

    Raises:
        FormulaError: the derivation is not even well-formed.
    """
    language, lines = derivation.language, list(_preamble(derivation))
    if not derivation.steps:
        raise FormulaError(f"{derivation.shows}: a derivation without steps shows nothing")
    facts = list(given_facts(derivation))
    assumed = len(derivation.given)
    for number, step in enumerate(derivation.steps):
        goal = statement(step.text, language)
        if any(goal.relation == f.relation and same(goal.value, f.value) for f in facts[:assumed]):
            return Checked(tuple(lines), f"{step.text} is given, not shown", number)
        rule = _by_mean if step.mean else _by_sum
        shown = rule(step, goal, facts, derivation)
        if isinstance(shown, str):
            return Checked(tuple(lines), f"{step.text} does not follow: {shown}", number)
        lines += [f"{number + 1}. {step.text}", *(f"     {line}" for line in shown)]
        facts.append(goal)
    return Checked(tuple(lines))


def _preamble(d: Derivation) -> Iterator[str]:
    yield f"{d.shows}:"
    form = [w for w, holds in (("symmetric", d.symmetric), ("positive definite", d.definite)) if holds]
    kinds = {"tokens": d.tokens, "vectors": d.others, "real numbers": d.scalars, "linear maps": d.maps}
    all_of = ", ".join(f"any {kind} {', '.join(names)}" for kind, names in kinds.items() if names)
    yield f"for {all_of}{' and ' if all_of else ''}any form ⟨·, ·⟩{' that is ' + ' and '.join(form) if form else ''}"
    for a, x in d.members.items():
        yield f"  {a} ∈ C({x}): ⟨{x}, {a}⟩ ≥ ⟨{x}, t⟩ for every token t"
    for text, why in d.given.items():
        yield f"  {text}: {why}"
    for group in d.means:
        weights = ", with the same weights" if len(group) > 1 else ""
        yield f"  {' and '.join(f'{p} a convex combination of such {a}' for p, a in group.items())}{weights}"
        yield f"    (all that is given about {', '.join(group.values())} holds for each, with everything else the same)"
    for name, text in d.let.items():
        yield f"  {name} = {text}"


# -- the two rules ----------------------------------------------------------------------------------------------------


def _by_sum(step: Line, goal: Fact, facts: list[Fact], d: Derivation) -> list[str] | str:
    """The lines that show the goal, or why the sum does not."""
    terms = terms_of(step.by, d.language)
    rest, relation, what = goal.value, goal.relation, "the difference"
    if relation == "≠":
        along = value_of(step.along, d.language)
        if not isinstance(along, dict) or not isinstance(rest, dict):
            raise FormulaError(f"{step.text}: {step.along!r} is no vector")
        rest, relation, what = d.language.inner(along, rest), ">", f"⟨{step.along}, difference⟩ > 0: it"
    for term in terms:
        value = term.value
        if isinstance(value, dict) != isinstance(rest, dict):
            return "a vector and a number are added"
        rest = _minus(rest, value)
    if _is_nonzero(rest):
        return f"the two sides differ by {_shown(rest)}"
    signs, lines = [], []
    for term in terms:
        sign, why = _term_sign(term, facts, d)
        if sign is None:
            return why
        signs.append(sign)
        lines.append(f"{'−' if term.negative else '+'} {term.text}   {sign}{': ' + why if why else ''}")
    if relation == ">" and STRICT not in signs:
        return "no summand is known to be > 0"
    if relation == "=" and set(signs) - {ZERO}:
        return "not every summand is known to be 0"
    return [f"{what} is{'' if lines else ' 0, both sides are the same'}", *(f"  {line}" for line in lines)]


def _term_sign(term: Term, facts: list[Fact], d: Derivation) -> tuple[str | None, str]:
    """The sign of a summand with the facts that it rests on, or None and the reason."""
    signs = [_factor_sign(factor, facts, d) for factor in term.factors]
    zero = [why for sign, why in signs if sign == ZERO]
    if zero:
        return ZERO, zero[0]
    for factor, (sign, _) in zip(term.factors, signs, strict=True):
        if sign is None:
            return None, f"{factor.text} is not known to be ≥ 0"
    if term.negative:
        return None, f"{term.text} is subtracted, and not known to be 0"
    reasons = ", ".join(dict.fromkeys(why for _, why in signs if why))
    return (STRICT if all(sign == STRICT for sign, _ in signs) else WEAK), reasons


def _factor_sign(factor: Factor, facts: list[Fact], d: Derivation) -> tuple[str | None, str]:
    base = factor.base
    if not _is_nonzero(base):
        return ZERO, ""
    known = [f for f in facts if f.relation == "=" and (same(base, f.value) or same(base, _negative(f.value)))]
    if known:
        return ZERO, known[0].text
    if isinstance(base, dict):
        return None, ""
    if base.is_Rational:
        return (STRICT, "") if base > 0 or factor.squared else (None, "")
    for relation, sign in ((">", STRICT), ("≥", WEAK)):
        matching = [f for f in facts if f.relation == relation and same(base, f.value)]
        if matching and (sign == STRICT or not factor.squared):
            return sign, matching[0].text
    if factor.norm is not None and d.definite:
        apart = [f for f in facts if f.relation == "≠"]
        for f in apart:
            if same(factor.norm, f.value) or same(factor.norm, _negative(f.value)):
                return STRICT, f.text
        return WEAK, ""
    return (WEAK, "") if factor.squared else (None, "")


def _negative(value: Scalar | Terms) -> Scalar | Terms:
    return combined((sympy.Integer(-1), value)) if isinstance(value, dict) else sympy.expand(-value)


def _by_mean(step: Line, goal: Fact, facts: list[Fact], d: Derivation) -> list[str] | str:
    """The lines that show the goal as a fact about members, or why there is none."""
    group = next((group for group in d.means if step.mean in group), None)
    if group is None:
        return f"{step.mean} is no mean"
    language = d.language
    one = sympy.Integer(1)
    to_means: dict[str, Terms] = {a: {p: one} for p, a in group.items()}
    for f in facts:
        if f.relation != goal.relation or f.relation == "≠":
            continue
        if same(substituted(f.value, to_means, language), goal.value):
            members = ", ".join(group.values())
            if not _is_affine(f.value, tuple(group.values()), language):
                return f"{f.text} is not affine in {members}, so it need not pass to means"
            return [f"the mean over {members} of {f.text}"]
    return f"no fact about {', '.join(group.values())} says so"


def _is_affine(value: Scalar | Terms, members: tuple[str, ...], language: Language) -> bool:
    t, one = sympy.Symbol("t#"), sympy.Integer(1)
    first: dict[str, Terms] = {a: {f"{a}#1": one} for a in members}
    second: dict[str, Terms] = {a: {f"{a}#2": one} for a in members}
    between = {a: combined((1 - t, first[a]), (t, second[a])) for a in members}
    u, v, w = (substituted(value, way, language) for way in (first, second, between))
    if isinstance(u, dict) and isinstance(v, dict):
        return same(w, combined((1 - t, u), (t, v)))
    assert not isinstance(u, dict)
    assert not isinstance(v, dict)
    return same(w, sympy.expand((1 - t) * u + t * v))


def substituted(value: Scalar | Terms, ways: Mapping[str, Terms], language: Language) -> Scalar | Terms:
    """A value with vectors in place of named ones, under linear maps and in the coefficients of vectors too."""

    def image(name: str) -> Terms:
        linear, _, rest = name.partition(" ")
        if rest:
            return {f"{linear} {n}": c for n, c in image(rest).items()}
        return ways.get(name, {name: sympy.Integer(1)})

    def number(c: Scalar) -> Scalar:
        pairs = {s: str(s)[1:-1].split(", ") for s in c.free_symbols if str(s).startswith("⟨")}
        return sympy.expand(c.xreplace({s: language.inner(image(a), image(b)) for s, (a, b) in pairs.items()}))

    if isinstance(value, dict):
        return combined(*((number(c), image(name)) for name, c in value.items()))
    return number(value)


def _shown(value: Scalar | Terms) -> str:
    return " + ".join(f"({c}) {name}" for name, c in value.items()) if isinstance(value, dict) else str(value)
