"""Derivations: what is proved is, what is false is not, and nothing forged is accepted."""

import re
from dataclasses import replace
from fractions import Fraction as Q

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from hardmax.verify.claims.families import lemmas, metamorphic
from hardmax.verify.claims.proofs.derivation import Derivation, Line, check
from hardmax.verify.claims.proofs.formulas import FormulaError, Language, value_of
from hardmax.verify.claims.proofs.witness import breaking, find_witness
from hardmax.verify.claims.registry import all_claims, derived

from ...mutants import Mutant, mutate

PROVED = {
    "lemmas.follow_norm",
    "lemmas.norm_growth",
    "lemmas.injective",
    "lemmas.leader_persistence",
    "metamorphic.homogeneity",
    "metamorphic.isometry",
    "metamorphic.unnormalised",
}
RESTS_ON = {
    "lemmas.hull_nested",
    "lemmas.equilibrium",
    "frank_wolfe.rate_origin_inside",
    "frank_wolfe.single_leader",
    "frank_wolfe.duality_gap",
    "frank_wolfe.solution",
    "frank_wolfe.exponential_bounded_below",
    "frank_wolfe.cells",
    "frank_wolfe.voronoi",
}
CLAIMS = {claim.id: claim for claim in all_claims() if claim.proof or claim.rests_on}
DERIVATIONS = [(name, d) for name, claim in CLAIMS.items() for d in (*claim.proof, *claim.rests_on)]
IDS = [f"{name}-{d.shows}" for name, d in DERIVATIONS]


@pytest.mark.parametrize("name", CLAIMS)
def test_what_is_proved_and_what_rests_on_an_identity(name):
    result = derived(CLAIMS[name])
    assert result is not None
    assert result.standing == ("proved" if name in PROVED else "rests on")
    assert set(CLAIMS) == PROVED | RESTS_ON


ASSUMED = {
    "λ > 0": (),
    "λ < 1": ("rate_below_one",),
    "c > 0": (),
    "v + w = 1": (),
    "λ (1 + α) = α": ("rate_below_one",),  # α = λ/(1 − λ)
    "x ≠ y": (),  # the statement is about distinct tokens
    "y ≠ z": (),  # what equality excludes
    "z⁺ ≠ z": (),
    "⟨z, z⟩ > ⟨z, y⟩": (),  # a leader's score
    "⟨z, x⟩ > ⟨z, y⟩": (),  # a token that is not followed
    "⟨H z, H y⟩ = ⟨z, y⟩": (),
    "⟨H z, H x⟩ = ⟨z, x⟩": (),
    "y′ = c y": (),
    "y′ = H y": (),
    "⟨x, v⟩ > ⟨x, w⟩": ("vertices_own_cells",),
    "⟨v, v⟩ > ⟨v, w⟩": ("vertices_own_cells",),
    "⟨x, v⟩ ≥ ⟨x, w⟩": (),  # x is in the cell of v
    "⟨y, v⟩ ≥ ⟨y, w⟩": (),
    "⟨v, v⟩ = ⟨w, w⟩": ("equal_energies",),
    "‖x − w‖² ≥ ‖x − v‖²": (),  # v is the nearest vertex
}
"""Everything that a derivation may assume, with the hypothesis of the claim that allows it."""


@pytest.mark.parametrize(("name", "derivation"), DERIVATIONS, ids=IDS)
def test_derivations_assume_what_their_claim_assumes_and_no_more(name, derivation):
    needed = {"spd"} if derivation.symmetric or derivation.definite else set()
    for text in derivation.given:
        needed |= set(ASSUMED[text])
    assumes = set(CLAIMS[name].assumes)
    if "semidefinite" in assumes:  # a form that is symmetric
        needed -= set() if derivation.definite else {"spd"}
    if name == "frank_wolfe.cells":  # λ and 1 − λ are the weights of a point between two others
        needed -= {"rate_below_one"}
    assert needed <= assumes


@pytest.mark.parametrize(("name", "derivation"), DERIVATIONS, ids=IDS)
def test_what_is_given_can_be_met(name, derivation):
    if name != "lemmas.hull_nested":  # two weights that add up to 1, which the search does not try
        assert find_witness(derivation, None) is not None


@pytest.mark.parametrize(("name", "derivation"), DERIVATIONS, ids=IDS)
def test_no_witness_speaks_against_what_is_shown(name, derivation):
    assert breaking(replace(derivation, steps=derivation.steps[-1:]), 0) is None


def test_the_factor_of_the_unnormalised_layer_stays_positive_as_its_induction_needs():
    assert "c > 0" in metamorphic.UNNORMALISED.given
    assert "c (1 + α) > 0" in [step.text for step in metamorphic.UNNORMALISED.steps]


def test_a_proof_says_what_its_names_are():
    lines = check(metamorphic.ISOMETRY[2]).lines
    assert lines[1] == "for any tokens z, any vectors y′, any real numbers λ, any linear maps H and any form ⟨·, ·⟩"
    assert "    (all that is given about y, y′ holds for each, with everything else the same)" in lines


# -- mutated lemmas ---------------------------------------------------------------------------------------------------


def without(d, *texts, **more):
    """Without some of what is given, or with other things given in their place."""
    return replace(
        d, given={**{t: why for t, why in d.given.items() if t not in texts}, **more.pop("given", {})}, **more
    )


def last(d, text, by=None):
    """With another last step."""
    return replace(d, steps=(*d.steps[:-1], replace(d.steps[-1], text=text, by=d.steps[-1].by if by is None else by)))


L, M = lemmas, metamorphic
ANY = {"symmetric": False, "definite": False}
AT_MOST_ONE = {"given": {"λ ≤ 1": "too weak"}}
FALSE = {
    "follow_norm: sign": last(L.FOLLOW_NORM, "‖y‖² ≤ ‖z‖²"),
    "follow_norm: strict": last(L.FOLLOW_NORM, "‖y‖² > ‖z‖²"),
    "follow_norm: y need not be elsewhere": without(L.FOLLOW_NORM_STRICTLY, "y ≠ z"),
    "follow_norm: y need not be followed": replace(L.FOLLOW_NORM, members={}, others=("y",)),
    "follow_norm: any A": replace(L.FOLLOW_NORM, **ANY),
    "follow_norm: A not symmetric": replace(L.FOLLOW_NORM, symmetric=False),
    "follow_norm: A not definite": replace(L.FOLLOW_NORM_STRICTLY, definite=False),
    "norm_growth: sign": last(L.NORM_GROWTH, "‖z⁺‖² ≤ ‖z‖²"),
    "norm_growth: strict": last(L.NORM_GROWTH, "‖z⁺‖² > ‖z‖²"),
    "norm_growth: a step backwards": replace(L.NORM_GROWTH, let={"z⁺": "z − λ (m − z)"}),
    "norm_growth: any step": without(L.NORM_GROWTH, "λ > 0"),
    "norm_growth: z need not move": without(L.NORM_GROWTH_STRICTLY, "z⁺ ≠ z"),
    "norm_growth: any A": replace(L.NORM_GROWTH, **ANY),
    "norm_growth: A not symmetric": replace(L.NORM_GROWTH, symmetric=False),
    "norm_growth: A not definite": replace(L.NORM_GROWTH, definite=False),
    "injective: λ ≤ 1": without(L.INJECTIVE, "λ < 1", **AT_MOST_ONE),
    "injective: no bound on λ": without(L.INJECTIVE, "λ < 1"),
    "injective: λ of any sign": without(L.INJECTIVE, "λ > 0"),
    "injective: x = y": without(L.INJECTIVE, "x ≠ y"),
    "injective: any A": replace(L.INJECTIVE, **ANY),
    "injective: they meet": last(L.INJECTIVE, "x⁺ = y⁺"),
    "injective: a is not followed": replace(L.INJECTIVE, members={"b": "y"}, others=("a",)),
    "leader_persistence: λ ≤ 1": without(L.LEADER_PERSISTENCE, "λ < 1", **AT_MOST_ONE),
    "leader_persistence: no bound on λ": without(L.LEADER_PERSISTENCE, "λ < 1"),
    "leader_persistence: λ of any sign": without(L.LEADER_PERSISTENCE, "λ > 0"),
    "leader_persistence: sign": last(L.LEADER_PERSISTENCE, "⟨z⁺, z⁺⟩ < ⟨z⁺, y⁺⟩"),
    "leader_persistence: z ties": without(
        L.LEADER_PERSISTENCE, "⟨z, z⟩ > ⟨z, y⟩", given={"⟨z, z⟩ ≥ ⟨z, y⟩": "too weak"}
    ),
    "leader_persistence: z does not lead": replace(L.LEADER_PERSISTENCE, members={"a": "y"}),
    "homogeneity: c = 0 too": without(M.SCALING[1], "c > 0", given={"c ≥ 0": "too weak"}),
    "homogeneity: sign": last(M.SCALING[0], "⟨c z, c y⟩ ≤ ⟨c z, c x⟩"),
    "homogeneity: strict": last(M.SCALING[0], "⟨c z, c y⟩ > ⟨c z, c x⟩"),
    "homogeneity: y is not followed": replace(M.SCALING[0], members={}, others=("y",)),
    "homogeneity: another factor": last(M.HOMOGENEITY, "c z + λ (n − c z) = c c (z + λ (m − z))"),
    "homogeneity: the mean is not scaled": without(M.HOMOGENEITY, "y′ = c y"),
    "isometry: sign": last(M.ISOMETRY[0], "⟨H z, H y⟩ ≤ ⟨H z, H x⟩"),
    "isometry: strict": last(M.ISOMETRY[0], "⟨H z, H y⟩ > ⟨H z, H x⟩"),
    "isometry: any H": without(M.ISOMETRY[1], "⟨H z, H y⟩ = ⟨z, y⟩"),
    "isometry: H on one side": last(M.ISOMETRY[2], "z + λ (n − z) = H (z + λ (m − z))"),
    "unnormalised: λ = α": without(M.UNNORMALISED, "λ (1 + α) = α", given={"λ = α": "wrong"}),
    "unnormalised: factor α": last(M.UNNORMALISED, "c z + α n = c α (z + λ (m − z))"),
}


@pytest.mark.parametrize("name", FALSE)
def test_a_false_lemma_is_not_proved_and_a_witness_shows_where(name):
    checked = check(FALSE[name])
    assert checked.fault is not None
    assert checked.at is not None
    found = breaking(FALSE[name], checked.at)
    assert found is not None, "it may be true"
    statement, witness = found
    assert statement in [step.text for step in FALSE[name].steps[checked.at :]]
    assert "A = " in str(witness)


def test_the_fault_names_the_step_and_the_witness_the_numbers():
    (claim,) = [c for c in all_claims() if c.id == "lemmas.injective"]
    result = derived(replace(claim, proof=(FALSE["injective: λ ≤ 1"],)))
    assert result is not None
    assert result.standing == "refuted"
    assert result.lines[-1].startswith(
        "x⁺ ≠ y⁺ does not follow: no summand is known to be > 0; x⁺ ≠ y⁺ is false for x = ("
    )
    assert "λ = 1, A = [[1]]" in result.lines[-1]


def test_a_true_lemma_with_a_wrong_proof_has_no_witness():
    wrong = last(L.FOLLOW_NORM, "‖y‖² ≥ ‖z‖²", by="(⟨z, y⟩ − ⟨z, z⟩) + ‖y − z‖²")
    checked = check(wrong)
    assert checked.fault is not None
    assert "the two sides differ by" in checked.fault
    assert breaking(wrong, 0) is None


# -- forged derivations -----------------------------------------------------------------------------------------------


def forged(*steps, **parts):
    return Derivation("forged", **({"tokens": ("x", "y"), "scalars": ("λ",), "steps": steps} | parts))


SPD = {"symmetric": True, "definite": True}
FORGED = {
    "a step that rests on itself": forged(Line("⟨x, y⟩ ≥ 0", by="⟨x, y⟩")),
    "a step that rests on a later one": forged(Line("2 ⟨x, y⟩ ≥ 0", by="2 ⟨x, y⟩"), Line("⟨x, y⟩ ≥ 0", by="⟨x, y⟩")),
    "the conclusion is given": forged(Line("⟨x, y⟩ ≥ 0", by="⟨x, y⟩"), given={"⟨x, y⟩ ≥ 0": "?"}),
    "the conclusion is given, turned round": forged(Line("⟨x, y⟩ ≥ 0", by="⟨x, y⟩"), given={"0 ≤ ⟨x, y⟩": "?"}),
    "a negative number": forged(Line("0 ≥ ‖x‖²", by="(0 − 1) ‖x‖²"), **SPD),
    "a summand that is subtracted": forged(Line("0 ≥ ‖x‖²", by="−‖x‖²"), **SPD),
    "a factor of unknown sign": forged(Line("λ ‖x‖² ≥ 0", by="λ ‖x‖²"), **SPD),
    "1 − λ without a bound on λ": forged(Line("(1 − λ) ‖x‖² ≥ 0", by="(1 − λ) ‖x‖²"), given={"λ > 0": ""}, **SPD),
    "λ ≤ 1 for λ < 1": forged(Line("(1 − λ) ‖x‖² > 0", by="(1 − λ) ‖x‖²"), given={"λ ≤ 1": "", "x ≠ y − y": ""}, **SPD),
    "strict from what is not": forged(Line("‖x‖² > 0", by="‖x‖²"), **SPD),
    "strict from a square of a number": forged(Line("λ² > 0", by="λ²")),
    "strict from the wrong vector": forged(Line("‖x‖² > 0", by="‖x‖²"), given={"x ≠ y": ""}, **SPD),
    "strict from no summand": forged(Line("⟨x, y⟩ > ⟨x, y⟩", by="")),
    "unequal from the same vector": forged(Line("x ≠ x", by="", along="y")),
    "a square without a definite form": forged(Line("‖x‖² ≥ 0", by="‖x‖²"), symmetric=True),
    "⟨x, y⟩ for ⟨y, x⟩": forged(Line("⟨x, y⟩ = ⟨y, x⟩", by="")),
    "⟨x, y⟩ for ⟨y, x⟩, where A is definite": forged(Line("⟨x, y⟩ = ⟨y, x⟩", by=""), definite=True),
    "⟨y, x⟩ for the score ⟨x, y⟩": forged(
        Line("⟨y, x⟩ ≥ ⟨x, x⟩", by="(⟨x, y⟩ − ⟨x, x⟩)"), tokens=("x",), members={"y": "x"}
    ),
    "an equation from an inequality": forged(Line("⟨x, y⟩ = 0", by="⟨x, y⟩"), given={"⟨x, y⟩ ≥ 0": ""}),
    "an equation from an inequation": forged(Line("x = y", by="x − y"), given={"x ≠ y": ""}),
    "the reverse inequality": forged(Line("0 ≥ 2 ⟨x, y⟩", by="2 (0 − ⟨x, y⟩)"), given={"⟨x, y⟩ ≥ 0": ""}),
    "a polynomial that is another": forged(Line("2 ‖x‖² ≥ ‖y‖²", by="‖x − y‖²"), **SPD),
    "a vector and a number": forged(Line("x = y", by="λ"), given={"λ = 0": ""}),
    "a square passes to means": forged(
        Line("1 ≥ ‖m‖²", mean="m"),
        given={"1 ≥ ‖a‖²": ""},
        members={"a": "x"},
        means=({"m": "a"},),
    ),
    "the reverse of a square passes to means": forged(
        Line("‖m‖² ≥ 1", mean="m"), given={"‖a‖² ≥ 1": ""}, members={"a": "x"}, means=({"m": "a"},), **SPD
    ),
    "an inequation passes to means": forged(
        Line("m ≠ y", mean="m"), given={"a ≠ y": ""}, members={"a": "x"}, means=({"m": "a"},)
    ),
    "a fact about another vector passes to the mean": forged(
        Line("⟨y, m⟩ ≥ ⟨y, y⟩", mean="m"), members={"a": "x"}, means=({"m": "a"},)
    ),
    "weak passes to strict means": forged(Line("⟨x, m⟩ > ⟨x, y⟩", mean="m"), members={"a": "x"}, means=({"m": "a"},)),
    "a vector passes to means, the number in front of it does not": forged(  # false for x = z = 1, a = ±1, m = 0
        Line("⟨a, x⟩ m = z", mean="m"),
        tokens=("x", "z"),
        others=("a",),
        means=({"m": "a"},),
        given={"⟨a, x⟩ a = z": ""},
    ),
    "a vector passes to means together with the number in front of it": forged(
        Line("⟨m, x⟩ m = z", mean="m"),
        tokens=("x", "z"),
        others=("a",),
        means=({"m": "a"},),
        given={"⟨a, x⟩ a = z": ""},
    ),
    "the mean passes to the member": forged(
        Line("⟨y, a⟩ ≥ 0", mean="m"), given={"⟨y, m⟩ ≥ 0": ""}, members={"a": "x"}, means=({"m": "a"},)
    ),
    "a token is no mean": forged(Line("⟨x, y⟩ ≥ ⟨x, x⟩", mean="y"), members={"a": "x"}),
    "an outsider may score higher": forged(
        Line("⟨x, a⟩ ≥ ⟨x, u⟩", by="(⟨x, a⟩ − ⟨x, u⟩)"), members={"a": "x"}, others=("u",)
    ),
    "a token that is not followed": forged(Line("⟨x, y⟩ ≥ ⟨x, x⟩", by="(⟨x, y⟩ − ⟨x, x⟩)"), members={"a": "x"}),
    "a map is not an isometry by itself": forged(Line("⟨H x, H y⟩ = ⟨x, y⟩", by=""), maps=("H",)),
}
MALFORMED = {
    "no step": forged(),
    "two meanings of a name": forged(Line("x = x"), others=("x",)),
    "an abbreviation of itself": forged(Line("x = x"), let={"u": "u + x"}),
    "an abbreviation of a token": forged(Line("x = y"), let={"x": "y"}),
    "an abbreviation of a number": forged(Line("x = x"), let={"u": "λ"}),
    "a vector called like an image": forged(Line("H x = x"), tokens=("x", "H x"), maps=("H",)),
    "a vector of two names": forged(Line("x = x"), tokens=("x", "x, x")),
    "an unknown name": forged(Line("x = u")),
    "no relation": forged(Line("x")),
    "two relations": forged(Line("0 ≤ λ ≤ 1")),
    "a member of a member's set is averaged over both": forged(
        Line("⟨a, b⟩ ≥ ⟨a, m⟩", mean="m"), members={"a": "x", "b": "a"}, means=({"m": "a"},)
    ),
    "a follow set of a moving owner": forged(
        Line("⟨m, b⟩ ≥ ⟨m, y⟩", mean="m"),
        tokens=("x", "y", "a"),
        members={"a": "x", "b": "a"},
        means=({"m": "a"},),
    ),
    "a token is averaged": forged(Line("x = x"), means=({"m": "y"},)),
    "a member is averaged twice": forged(Line("x = x"), members={"a": "x"}, means=({"m": "a"}, {"n": "a"})),
    "two groups that are tied together": forged(
        Line("m = b", mean="m"), given={"a = b": ""}, members={"a": "x", "b": "y"}, means=({"m": "a"}, {"n": "b"})
    ),
    "vectors in order": forged(Line("x ≥ y", by="")),
    "unequal numbers": forged(Line("λ ≠ 0", by="")),
    "a vector compared with a number": forged(Line("x = λ", by="")),
    "unequal along nothing": forged(Line("x ≠ y", by="‖x − y‖²")),
}


def accepts(check, derivation):
    """Whether the checker takes it for a proof; a wrong checker may break in any way."""
    try:
        return check(derivation).fault is None
    except Exception:
        return False


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_derivation_is_refused(name):
    checked = check(FORGED[name])
    assert checked.fault is not None
    assert checked.at is not None


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_derivation_is_an_error(name):
    with pytest.raises(FormulaError):
        check(MALFORMED[name])


ENGINE = [
    Mutant(
        "steps rest on themselves", "        rule = _by_mean", "        facts.append(goal)\n        rule = _by_mean"
    ),
    Mutant("what is given is shown", "for f in facts[:assumed]", "for f in facts[:0]"),
    Mutant("any sum will do", "    if _is_nonzero(rest):\n", "    if False:\n"),
    Mutant("strict from weak summands", "if relation == '>' and STRICT not in signs:", "if False:"),
    Mutant("equations from weak summands", "if relation == '=' and set(signs) - {ZERO}:", "if False:"),
    Mutant("subtraction is addition", "    if term.negative:\n", "    if False:\n"),
    Mutant(
        "unknown signs are nonnegative",
        "        if sign is None:\n            return (None, f",
        "        if False:\n            return (None, f",
    ),
    Mutant("squares of any form", "factor.norm is not None and d.definite:", "factor.norm is not None:"),
    Mutant(
        "squares are positive",
        "                return (STRICT, f.text)\n        return (WEAK, '')",
        "                return (STRICT, f.text)\n        return (STRICT, '')",
    ),
    Mutant(
        "squares of numbers are positive",
        "return (WEAK, '') if factor.squared",
        "return (STRICT, '') if factor.squared",
    ),
    Mutant("negative numbers are positive", "(STRICT, '') if base > 0 or factor.squared", "(STRICT, '') if base != 0"),
    Mutant("weak facts are strict", "in (('>', STRICT), ('≥', WEAK)):", "in (('>', STRICT), ('≥', STRICT)):"),
    Mutant(
        "inequalities are equations",
        "known = [f for f in facts if f.relation == '='",
        "known = [f for f in facts if f.relation != '>'",
    ),
    Mutant(
        "inequalities hold both ways",
        "f.relation == relation and same(base, f.value)]",
        "f.relation == relation and (same(base, f.value) or same(base, _negative(f.value)))]",
    ),
    Mutant("one strict factor is enough", "STRICT if all((sign == STRICT for", "STRICT if any((sign == STRICT for"),
    Mutant("numbers in front of vectors stay", "((number(c), image(name)) for", "((c, image(name)) for"),
    Mutant("everything is affine", "            if not _is_affine(", "            if False and not _is_affine("),
    Mutant(
        "inequations pass to means",
        "if f.relation != goal.relation or f.relation == '≠':",
        "if f.relation != goal.relation:",
    ),
    Mutant("weak passes to strict", "if f.relation != goal.relation or f.relation == '≠':", "if f.relation == '≠':"),
    Mutant(
        "every form is symmetric",
        "language = Language(vectors, self.scalars, self.maps, self.symmetric)",
        "language = Language(vectors, self.scalars, self.maps, True)",
    ),
    Mutant(
        "all outsiders are followed",
        "        for t in derivation.named_tokens:\n            if t != a:\n",
        "        for t in (*derivation.named_tokens, *derivation.others):\n            if t != a:\n",
    ),
]


@pytest.mark.parametrize("mutant", ENGINE, ids=lambda m: m.what)
def test_a_wrong_checker_is_noticed(mutant):
    wrong = mutate("hardmax.verify.claims.proofs.derivation", mutant)
    rebuilt = (_rebuilt(wrong, d) for d in (*FORGED.values(), *MALFORMED.values(), *FALSE.values()))
    assert any(accepts(wrong.check, d) for d in rebuilt), "it accepts nothing that is forged"


def _rebuilt(module, d):
    """The same data in the classes of another copy of the module."""
    fields = {name: getattr(d, name) for name in module.Derivation.__dataclass_fields__}
    return module.Derivation(**fields)


# -- formulas ---------------------------------------------------------------------------------------------------------

ANY_FORM = Language(("a", "b", "c"), ("λ",), ("H",), symmetric=False)
numbers = st.integers(-3, 3)
vectors = st.recursive(
    st.sampled_from(["a", "b", "c"]),
    lambda v: st.one_of(
        st.tuples(v, v).map(lambda t: f"({t[0]} + {t[1]})"),
        st.tuples(v, v).map(lambda t: f"({t[0]} − 2 {t[1]})"),
        v.map(lambda t: f"(1/2 λ {t})"),
        v.map(lambda t: f"H {t}"),
    ),
    max_leaves=4,
)
scalars = st.recursive(
    st.one_of(
        st.sampled_from(["λ", "3", "1/2", "λ²"]),
        st.tuples(vectors, vectors).map(lambda t: f"⟨{t[0]}, {t[1]}⟩"),
        vectors.map(lambda t: f"‖{t}‖²"),
    ),
    lambda s: st.one_of(
        st.tuples(s, s).map(lambda t: f"({t[0]} + {t[1]})"),
        st.tuples(s, s).map(lambda t: f"({t[0]} − {t[1]})²"),
        st.tuples(s, s).map(lambda t: f"{t[0]} · {t[1]}"),
    ),
    max_leaves=3,
)


@given(scalars, st.lists(numbers, min_size=10, max_size=10), st.lists(numbers, min_size=4, max_size=4))
def test_a_formula_has_the_value_of_real_vectors_forms_and_maps(text, entries, hs):
    A, H = sympy.Matrix(2, 2, entries[:4]), sympy.Matrix(2, 2, hs)
    named = dict(
        zip("abc", (sympy.Matrix(entries[4:6]), sympy.Matrix(entries[6:8]), sympy.Matrix(entries[8:])), strict=True)
    )

    def vector(name):
        linear, _, rest = name.partition(" ")
        return H * vector(rest) if rest else named[linear]

    lam = sympy.Rational(2, 3)
    value = value_of(text, ANY_FORM)
    symbols = [s for s in value.free_symbols if s.name != "λ"]
    grams = {s: (vector(s.name[1:-1].split(", ")[0]).T * A * vector(s.name[1:-1].split(", ")[1]))[0] for s in symbols}
    assert value.subs({**grams, sympy.Symbol("λ"): lam}) == Reader(text, named, A, H, lam).scalar()


class Reader:
    """A second reading of the formulas above, fully bracketed but for products, by another method: Python's `eval`."""

    def __init__(self, text, named, A, H, lam):
        self.text, self.named, self.A, self.H, self.lam = text, named, A, H, lam

    def scalar(self):
        code = re.sub(r"1/2", "(half)", self.text).replace("−", "-").replace("·", "*")
        code = re.sub(r"λ²", "(λ*λ)", code).replace("H ", "H*")
        code = re.sub(r"\(half\) λ ", "half*λ*", code).replace("- 2 ", "- 2*")
        code = re.sub(r"‖([^‖]*)‖²", r"inner(\1, \1)", code)
        code = code.replace("⟨", "inner(").replace("⟩", ")").replace("²", "**2")
        names = {"half": sympy.Rational(1, 2), "λ": self.lam, "H": self.H, **self.named}
        return sympy.sympify(eval(code, {"inner": lambda u, v: (u.T * self.A * v)[0]}, names))


@pytest.mark.parametrize(
    "text",
    [
        "a b",
        "‖a‖",
        "a²",
        "⟨a⟩",
        "⟨a, b",
        "(a",
        "a)",
        "2 +",
        "k",
        "a + 1",
        "⟨2, a⟩",
        "H 2",
        "λ ^ 2",
        "‖a‖²²",
        "+",
        "a ⟩",
        "1/0",
        "²",
        "2 ·",
        "2 · · λ",
        "1 1/2",
        "3/2²",
    ],
)
def test_what_is_no_formula_is_refused(text):
    with pytest.raises(FormulaError):
        value_of(text, ANY_FORM)


def test_products_may_be_written_with_dots():
    assert value_of("2 · 1/2 · λ (3/2)²", ANY_FORM) == value_of("9/4 λ", ANY_FORM)


def test_the_two_orders_are_one_symbol_only_for_symmetric_forms():
    assert value_of("⟨a, b⟩ − ⟨b, a⟩", ANY_FORM) != 0
    assert value_of("⟨a, b⟩ − ⟨b, a⟩", replace(ANY_FORM, symmetric=True)) == 0


def test_witnesses_are_exact():
    found = find_witness(FALSE["follow_norm: A not symmetric"], "‖y‖² ≥ ‖z‖²")
    assert found is not None
    y, z, A = found.vectors["y"], found.vectors["z"], found.form

    def inner(u, v):
        return sum(Q(a) * c * b for a, row in zip(u, A, strict=True) for c, b in zip(row, v, strict=True))

    assert inner(z, y) >= inner(z, z)
    assert inner(y, y) < inner(z, z)
