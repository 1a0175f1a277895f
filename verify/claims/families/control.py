"""Control: which tokens some symmetric positive definite A makes lead, theorems A to F of CONTROL.md.

Each check asks both ways. What a theorem promises is built and handed to the layers; of what it excludes the proof is
checked exactly, and the input's own A, with A = I, must not do it. The layers are those of the model under examination.

Neighbours: `provers.control` answers; its solvers are slow to load, and imported where they are used.
"""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from ....kernels.errors import BugError
from ....kernels.exact.configuration import Configuration, Matrix, Vector, with_changes
from ....kernels.exact.dynamics import Sets
from ....kernels.exact.matrix import dot, identity, is_positive_definite
from ....kernels.exact.step import ConstantStep
from ...geometry.polytopes.polytope import Inside, Separated, convex_weights
from ...provers.control.independent import basis_of, from_flint, prescribed, to_flint
from ...provers.freeze.outcome import Frozen
from ..case import Case
from ..inputs import Drawn
from ..registry import Claim, Finding, Source, assumed

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from ...provers.control.questions import LeadingKind

STEPS = (Fraction(1, 10), Fraction(1), Fraction(7))
"""Values of α at which the leaders have to be the same for ever."""
TITLE = "Control of the leaders by A: theorems A to F, on inputs of their own"


FOUR = Configuration([(1, 0), (0, 1), (Fraction(6, 5), -1), (Fraction(1, 10), Fraction(21, 20))])
"""Each leads for some A, and no A makes the first two lead together."""
INDEPENDENT = Configuration([(1, 1, 0), (-1, 1, 2)], [[2, 1, 0], [1, 3, 0], [0, 0, 1]])
AHEAD = Configuration([(2, 1), (1, 2), (1, 1)])
"""All on one side of a line through the origin."""


def _refuted(message: str, token: int | None = None) -> Finding:
    return Finding("refuted", message, 0, token)


def _sets(c: Configuration, A: Matrix) -> Sets:
    """The follow sets of layer 0 with another A."""
    return next(iter(with_changes(c, A=A).dynamics().layers()))[1]


def _leaders(sets: Sets) -> set[int]:
    return {i for i, C in enumerate(sets) if C == (i,)}


def _own(case: Case) -> list[Sets]:
    """The follow sets of layer 0 for A = I and for the input's own A."""
    c = case.configuration
    return [_sets(c, identity(c.d)), *([case.layers[0][1]] if c.is_spd and c.follow == "largest" else [])]


def check_one_leader(case: Case) -> Finding:
    """Token i leads for some A exactly if z_i ∉ conv({0} ∪ Z without z_i), with the A of the theorem."""
    c, origin = case.configuration, (Fraction(0),) * case.configuration.d
    seen, can = _own(case), 0
    for i, z in enumerate(c.tokens):
        answer = convex_weights(z, [origin, *c.tokens[:i], *c.tokens[i + 1 :]])
        if isinstance(answer, Separated):
            h, can = answer.normal, can + 1
            A = _sum(_outer(h, 1 / dot(h, z)), _outer(z, Fraction(-1)), _scaled(identity(c.d), dot(z, z)))
            if not is_positive_definite(A):
                return _refuted(f"the A of theorem A is not positive definite for token {i}", i)
            if i not in _leaders(_sets(c, A)):
                return _refuted(f"token {i} is a vertex of conv(0, Z) and does not lead with the A of theorem A", i)
        elif any(i in _leaders(sets) for sets in seen):
            return _refuted(f"token {i} is no vertex of conv(0, Z), and leads", i)
    return Finding("verified", f"{can} of {c.n} tokens can lead, each with its A, and no other does")


def check_given_leaders(case: Case) -> Finding:
    """Either an A makes L lead or multipliers exclude it, exactly; what leads with a known A is never excluded."""
    c = case.configuration
    for sets in _own(case):
        L = sorted(_leaders(sets))
        rest = [i for i in range(c.n) if i not in L]
        for wanted in filter(None, (L, [*L, *rest[:1]], rest[:2])):
            finding = _decided(case, "lead", wanted, known=wanted == L)
            if finding.verdict != "verified":
                return finding
    return Finding("verified", "of every set asked for either an A or multipliers are found, exactly")


def check_independent(case: Case) -> Finding:
    """Independent tokens: every L with every map σ into it, by the A of the theorem."""
    c = case.configuration
    if basis_of(c.tokens) is None:
        return Finding("vacuous", "the tokens are not linearly independent")
    for L in {(0,), (c.n - 1,), tuple(range((c.n + 1) // 2)), tuple(range(c.n))}:
        follows = [i if i in L else L[i % len(L)] for i in range(c.n)]
        A, wanted = prescribed(c.tokens, follows), tuple((j,) for j in follows)
        if A is None or not is_positive_definite(A) or _sets(c, A) != wanted:
            return _refuted(f"with the A of theorem C the follow sets are not {wanted}")
        if (finding := _for_ever(case, A, L)) is not None:
            return finding
    return Finding("verified", "every set of leaders that was asked for is the one for ever")


def check_all_follow(case: Case) -> Finding:
    """All follow i for some A exactly if the linear programme has an h; for some i exactly if 0 ∉ conv Z."""
    from ...provers.control.linear import all_follow
    from ...provers.control.questions import Excluded, Leading

    c, seen, can = case.configuration, _own(case), 0
    for i in range(c.n):
        question = Leading("alone", (c,), ((i,),))
        answer = all_follow(question, 0, i)
        if not isinstance(answer, Excluded):
            can += 1
            if not is_positive_definite(answer) or set(_sets(c, answer)) != {(i,)}:
                return _refuted(f"not every token follows token {i} with the A of theorem D", i)
        elif not question.excludes(answer.multipliers):
            return _refuted(f"the multipliers that exclude token {i} are none", i)
        elif any(set(sets) == {(i,)} for sets in seen):
            return _refuted(f"every token follows token {i}, which is excluded", i)
    inside = isinstance(convex_weights((Fraction(0),) * c.d, c.tokens), Inside)
    if (can > 0) == inside:
        return _refuted(f"all can follow one of {can} tokens, and 0 is {'' if inside else 'not '}in conv Z")
    return Finding("verified", f"all follow one of {can} tokens for some A; 0 is {'' if inside else 'not '}in conv Z")


def check_not_symmetric(case: Case) -> Finding:
    """A not symmetric: independent tokens L all lead for some A exactly if each is a vertex of conv Z."""
    c, normals = case.configuration, {}
    for i, z in enumerate(c.tokens):
        answer = convex_weights(z, [*c.tokens[:i], *c.tokens[i + 1 :]]) if c.n > 1 else Separated(z)
        if isinstance(answer, Separated):
            normals[i] = answer.normal
        elif any(i in _leaders(sets) for sets in _own(case)):
            return _refuted(f"token {i} is no vertex of conv Z, and leads", i)
    L: list[int] = []
    for i in normals:
        if basis_of([c.tokens[k] for k in (*L, i)]) is not None:
            L.append(i)
    if not L:
        return _refuted("no token is a vertex of conv Z")
    basis = basis_of([c.tokens[i] for i in L])
    assert basis is not None
    wanted = [*(normals[i] for i in L), *([(Fraction(0),) * c.d] * (c.d - len(L)))]
    A = from_flint(to_flint(basis).inv() * to_flint(wanted))  # z_iᵀA = h_i for i in L
    if not set(L) <= _leaders(_sets(c, A)):
        return _refuted(f"the independent vertices {L} do not lead with the A of theorem E")
    return Finding("verified", f"the independent vertices {L} lead with an A that need not be symmetric")


def check_exactly(case: Case) -> Finding:
    """Where L leads and all others follow it at layer 0, L are the leaders for ever, at every step; else exclusions."""
    c = case.configuration
    for L in {(0,), tuple(range(min(2, c.n))), tuple(sorted(_leaders(_own(case)[0])))} - {()}:
        finding = _decided(case, "exactly", L)
        if finding.verdict != "verified":
            return finding
    return Finding("verified", "of every set asked for either an A or exclusions of all maps are found, exactly")


def _decided(case: Case, kind: "LeadingKind", wanted: Sequence[int], known: bool = False) -> Finding:
    """What the search says of a question, checked: by the layers, or by the independent checker and by known A.

    Args:
        case: the configuration.
        kind: of the question.
        wanted: the tokens that are to lead.
        known: whether an A is known that does it.
    """
    from ...certificates.self_check import answer_to
    from ...provers.control.answers import ask

    c = with_changes(case.configuration, follow="largest")
    if not all(any(c.tokens[i]) for i in wanted):
        return Finding("vacuous", "the origin, whose scores are all 0, never leads")
    try:
        answer = ask(kind, [c], sorted(wanted))
    except BugError as error:  # search and prover contradict each other
        return _refuted(str(error))
    if answer.verdict == "undecided":
        return Finding("undecided", answer.reason)
    if answer.A is not None:
        sets = _sets(c, answer.A)
        right = set(wanted) <= _leaders(sets) and (kind == "lead" or set(sets) == {(i,) for i in wanted})
        if not is_positive_definite(answer.A) or not right:
            return _refuted(f"{wanted} do not lead with the A that was found")
        bad = None if kind == "lead" else _for_ever(case, answer.A, wanted)
        return bad or Finding("verified", "an A is found")
    word, _ = answer_to(answer.document or {})
    if known or word != "accepted":
        return _refuted(f"{wanted} lead with a known A, and are excluded" if known else "the exclusion is no proof")
    for sets in _own(case):
        if set(wanted) <= _leaders(sets) and (kind == "lead" or set(sets) == {(i,) for i in wanted}):
            return _refuted(f"{wanted} lead, and are excluded")
    return Finding("verified", "multipliers are found")


def _for_ever(case: Case, A: Matrix, L: Iterable[int]) -> Finding | None:
    """What is wrong with the leaders being L for ever, from layer 0 on, at every step."""
    for alpha in STEPS:
        outcome = Case(with_changes(case.configuration, A=A, step=ConstantStep(alpha)), case.work.budget).outcome
        if not isinstance(outcome, Frozen) or set(outcome.leaders) != set(L) or outcome.freeze_layer != 0:
            return _refuted(f"the leaders at α = {alpha} are not {sorted(L)} from layer 0 on, for ever")
    return None


# -- exact matrices ---------------------------------------------------------------------------------------------------


def _outer(h: Vector, factor: Fraction) -> Matrix:
    return tuple(tuple(factor * a * b for b in h) for a in h)


def _scaled(M: Matrix, factor: Fraction) -> Matrix:
    return tuple(tuple(factor * v for v in row) for row in M)


def _sum(*matrices: Matrix) -> Matrix:
    return tuple(tuple(sum(v, Fraction(0)) for v in zip(*rows, strict=True)) for rows in zip(*matrices, strict=True))


def inputs(n: tuple[int, int] = (1, 7), d: tuple[int, int] = (1, 3)) -> "Callable[[], SearchStrategy[Configuration]]":
    """Configurations of every family, degenerate ones too, small enough for an exact answer in milliseconds."""

    def strategy() -> "SearchStrategy[Configuration]":
        from ....strategies import configurations

        return configurations(n=n, d=d)

    return strategy


def independent_inputs() -> "SearchStrategy[Configuration]":
    """No more tokens than dimensions."""
    from hypothesis import strategies as st

    from ....strategies import configurations

    return st.integers(1, 4).flatmap(lambda n: configurations(n=n, d=(n, 5)))


def _claim(
    name: str,
    theorem: str,
    statement: str,
    check: Callable[[Case], Finding],
    strategy: "Callable[[], SearchStrategy[Configuration]]",
    example: Configuration,
) -> Claim:
    return Claim(
        f"control.{name}",
        statement,
        assumed("nonzero", "distinct", "spd", "constant_step"),
        Source("hardmax", "this version", f"CONTROL.md, theorem {theorem}"),
        "theorem",
        check,
        may_stay_open=Fraction(1, 50),
        inputs=(Drawn(TITLE, strategy, 30),),
        example=example,
    )


CLAIMS = (
    _claim(
        "one_leader",
        "A",
        "token i leads at layer 0 for some symmetric positive definite A if and only if z_i is a vertex of "
        "conv({0} ∪ Z)",
        check_one_leader,
        inputs(),
        FOUR,
    ),
    _claim(
        "given_leaders",
        "B",
        "all of L lead at layer 0 for some symmetric positive definite A if and only if no y ≥ 0, y ≠ 0, has "
        "−Σ y_il sym(z_i (z_i − z_l)ᵀ) positive semidefinite",
        check_given_leaders,
        inputs(),
        FOUR,
    ),
    _claim(
        "independent",
        "C",
        "of linearly independent tokens every nonempty L is the set of leaders for ever, at every step, for some A",
        check_independent,
        independent_inputs,
        INDEPENDENT,
    ),
    _claim(
        "all_follow",
        "D",
        "all tokens follow i alone at layer 0 for some symmetric positive definite A if and only if some h has "
        "h·z_l > 0 for all l and h·z_i > h·z_l for l ≠ i; for some i if and only if 0 is not in conv Z",
        check_all_follow,
        inputs(),
        AHEAD,
    ),
    _claim(
        "not_symmetric",
        "E",
        "linearly independent tokens all lead at layer 0 for some A, symmetric or not, if and only if each is a "
        "vertex of conv Z",
        check_not_symmetric,
        inputs(),
        INDEPENDENT,
    ),
    _claim(
        "exactly",
        "F",
        "if at layer 0 all of L lead and every other token follows one of them alone, the leaders are L for ever, at "
        "every step; for each map σ an A or multipliers decide whether that can be",
        check_exactly,
        inputs((1, 5), (1, 3)),
        AHEAD,
    ),
)
