"""An A, or a proof that there is none: linear programmes first, then semidefinite ones, then a search over σ.

For a question of kind "exactly" a map σ says whom each other token follows. What is fixed of σ is first excluded
whomever the rest follow (theorem G), which ends most searches at the root. Where that fails a completion is solved; if
it is excluded, only the tokens in the support of the multipliers need another choice. So each exclusion counts for all
σ that agree on its support, and when every branch ends in one, every σ is excluded.

Neighbours: `questions` says what is exact, `linear` and `rounding` answer.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np

from ....kernels.exact.configuration import Configuration, Matrix, identity
from ...geometry.second_route.frame import FloatArray
from . import linear
from .independent import prescribed
from .proposals import SOLVERS, relaxed, roundest, widest
from .questions import At, Excluded, Follows, Leading, Wish
from .rounding import FloatRows, multipliers_on_a_face, short_form, short_multipliers, whomever_multipliers

BUDGET = 4e8
"""Operations that the semidefinite programmes of one question may cost, about ten seconds of them."""
_OVERHEAD = 3e5
"""Operations of the smallest programme."""
_NEAR = 1e-6
"""Largest margins that may be 0."""
_SHARE = 1 / 8
"""Of the margin of the widest A, what the one of least condition number keeps."""
_ROUNDS = 6
"""Alternations between A and σ from one start."""


@dataclass(frozen=True, slots=True)
class Possible:
    """A symmetric positive definite A, and whom each other token follows, for a question of kind "exactly"."""

    A: Matrix
    follows: Follows


@dataclass(frozen=True, slots=True)
class Impossible:
    """There is no A at layer 0: of every σ one of these exclusions holds."""

    excluded: tuple[Excluded, ...]


@dataclass(frozen=True, slots=True)
class Open:
    """Neither was found, and why."""

    reason: str


Settled = Possible | Impossible | Open


def settle(question: Leading, seconds: float | None = None, *, each_can: bool = False) -> Settled:
    """Decide a question, exactly.

    Args:
        question: which tokens are to lead.
        seconds: a time limit for the search, in place of `BUDGET` operations.
        each_can: whether each of the tokens is known to be possible by itself.
    """
    if (found := _at_identity(question)) is not None:
        return found
    search = _Programmes(question, seconds)
    if (built := _independent(question)) is not None:
        solved = search.solve(built.follows, possible=True)  # often of a smaller condition number
        return Possible(solved, built.follows) if isinstance(solved, tuple) else built
    spare: Matrix | None = None
    test = linear.all_follow if question.kind == "alone" else linear.may_lead
    for c, L in () if each_can else enumerate(question.leaders):
        for i in L:
            answer = test(question, c, i)
            if isinstance(answer, Excluded):
                return Impossible((answer,))
            spare = answer
    solved = search.solve({})
    if isinstance(solved, Excluded):
        return Impossible((solved,))
    if question.kind != "exactly":
        if solved is not None:
            return Possible(solved, {})
        if spare is not None and question.holds(spare, question.wishes()):
            return Possible(spare, {})
        return Open(search.why)
    return search.over_maps(solved)


def _at_identity(question: Leading) -> Possible | None:
    """A = I, if it does."""
    A = identity(question.d)
    if question.kind != "exactly":
        return Possible(A, {}) if question.holds(A, question.wishes()) else None
    follows = completed(question, np.eye(question.d))
    return Possible(A, follows) if question.holds(A, question.wishes(follows)) else None


def _independent(question: Leading) -> Possible | None:
    """The A of theorem C, if all tokens of all configurations together are linearly independent."""
    tokens = [z for configuration in question.configurations for z in configuration.tokens]
    if len(tokens) > question.d:
        return None
    follows, targets = {} if question.kind == "lead" else completed(question, np.eye(question.d)), []
    for c, configuration in enumerate(question.configurations):
        targets += [len(targets) + follows.get((c, i), i) for i in range(configuration.n)]
    A = prescribed(tokens, targets)
    return None if A is None else Possible(A, follows)


def completed(question: Leading, A: FloatArray, fixed: Follows | None = None) -> dict[At, int]:
    """σ: what is fixed, and else the leader of best score under A."""
    follows = dict(fixed or {})
    for c, configuration in enumerate(question.configurations):
        tokens = _floats(configuration)
        L = list(question.leaders[c])
        best = (tokens @ A @ tokens[L].T).argmax(axis=1)
        for i in range(configuration.n):
            if i not in L:
                follows.setdefault((c, i), L[best[i]])
    return follows


def _floats(c: Configuration) -> FloatArray:
    """The tokens as floats, in units of the largest coordinate."""
    size = max(abs(v) for z in c.tokens for v in z) or 1
    return np.array([[float(v / size) for v in z] for z in c.tokens])


@dataclass
class _Programmes:
    """The programmes of one question, and what they have excluded."""

    question: Leading
    seconds: float | None
    why: str = ""
    excluded: list[Excluded] = field(default_factory=list)
    near: FloatArray | None = None
    """The last proposal of an A, whatever became of it."""
    hint: Follows = field(default_factory=dict)
    """For the tokens of the last relaxation the leader of the largest part of A."""
    spent: float = 0
    begun: float = field(default_factory=perf_counter)

    @property
    def over(self) -> bool:
        """Whether the budget is spent; `why` then says so."""
        over = self.spent >= BUDGET if self.seconds is None else perf_counter() - self.begun > self.seconds
        if over:
            self.why = f"the budget ended after {len(self.excluded)} exclusions of maps σ; give more --seconds"
        return over

    def may_spend(self, rows: int, blocks: int = 0) -> bool:
        """Whether a programme with so many rows, and matrices besides A, may be solved; if so it is put on the bill."""
        unknowns = self.question.d * (self.question.d + 1) // 2
        cost = (rows + 5 * blocks**2) * unknowns**2 + _OVERHEAD
        if self.over or (blocks and cost > BUDGET):
            return False
        self.spent += cost
        return True

    def _rows(self, wishes: Iterable[Wish]) -> FloatRows:
        """The different rows of inequalities."""
        return FloatRows(self.question, list({self.question.row(wish): wish for wish in wishes}.values()))

    def solve(self, follows: Follows, *, possible: bool = False) -> Matrix | Excluded | None:
        """An A for the question with this part of σ, or the exclusion, or None: see `why`.

        Args:
            follows: what of σ is fixed.
            possible: whether it is known that there is an A.
        """
        question = self.question
        if not question.wishes(follows):
            return identity(question.d)
        rows = self._rows(question.wishes(follows))
        if not self.may_spend(len(rows.wishes)):
            return None
        self.why = "no solver proposes anything: the tokens may be of too different sizes for floats"
        for solver in SOLVERS:
            proposal = widest(rows.floats, question.d, solver)
            if proposal is None:
                continue
            self.near = proposal.A
            if proposal.t > -_NEAR and (A := self._form(rows, proposal.A, solver)) is not None:
                return A
            if proposal.t < _NEAR and not possible:
                group = _place if question.kind == "exactly" else None
                y = short_multipliers(rows, proposal.y, group)
                if y is None and proposal.t > -_NEAR:
                    y = multipliers_on_a_face(rows, proposal.A, proposal.y)
                if y is not None:
                    used = {_place(m.wish) for m in y}
                    return Excluded({place: j for place, j in follows.items() if place in used}, y)
            self.why = (
                f"the largest margin is about {proposal.t:.1e}, too near to 0 for an exact answer: neither a rational "
                "A nor rational multipliers were found"
            )
        return None

    def _form(self, rows: FloatRows, widest_A: FloatArray, solver: str) -> Matrix | None:
        """An exact A: of small condition number where that can be had, else near the widest."""
        least = float(np.linalg.eigvalsh(widest_A)[0])
        upper = widest_A[np.triu_indices(self.question.d)]
        share = _SHARE * float((rows.floats @ upper).min()) / least if least > 0 else 0.0
        better = roundest(rows.floats, self.question.d, share, solver) if share > 0 else None
        for proposal in (better, widest_A):
            if proposal is not None and (A := short_form(rows, proposal)) is not None:
                return A
        return None

    def over_maps(self, start: Matrix | None) -> Settled:
        """Search for σ: alternation between A and σ from several starts, then branch by branch."""
        for A in self._starts(start):
            follows, solved = self._alternate(A, {})
            if isinstance(solved, tuple):
                return Possible(solved, follows)
        return self._branches()

    def _alternate(self, A: FloatArray, fixed: Follows) -> tuple[Follows, Matrix | Excluded | None]:
        """Alternation between A and σ, from A and the hint: a σ that has an A, else the first σ with its exclusion."""
        found: list[tuple[Follows, Matrix | Excluded | None]] = []
        hint = self.hint
        for _ in range(_ROUNDS):
            follows, hint = completed(self.question, A, {**hint, **fixed}), {}
            known = self._known(follows)
            found.append((follows, known or self.solve(follows)))
            solved = found[-1][1]
            if isinstance(solved, tuple):
                return follows, solved
            if known or self.near is None:
                break
            if isinstance(solved, Excluded):
                self.excluded.append(solved)
            A = self.near
        return found[0]

    def _starts(self, start: Matrix | None) -> Iterator[FloatArray]:
        """From the leads alone, from projections on the leaders, and from A = I."""
        d = self.question.d
        if start is not None:
            yield np.array(start, dtype=float)
        asked = zip(self.question.configurations, self.question.leaders, strict=True)
        leaders = np.vstack([_floats(c)[list(L)] for c, L in asked if L])
        dual = np.linalg.pinv(leaders, rcond=1e-9)
        yield dual @ dual.T + 1e-3 * np.linalg.norm(dual) ** 2 / d * np.eye(d)
        yield np.eye(d)

    def _known(self, follows: Follows) -> Excluded | None:
        """An exclusion of all σ that agree with this one on its support."""
        return next((e for e in self.excluded if e.follows.items() <= follows.items()), None)

    def _branches(self) -> Settled:
        """Every σ, from what is fixed where a token has one leader only to follow."""
        question, complete = self.question, True
        at = {(c, i): L for c, L in enumerate(question.leaders) for i in range(question.configurations[c].n)}
        cases: list[Follows] = [{(c, i): L[0] for (c, i), L in at.items() if len(L) == 1 and i not in L}]
        while cases:
            if self.over:
                return Open(self.why)
            fixed = cases.pop()
            if self._known(fixed):
                continue
            if (exclusion := self._whomever(fixed)) is not None:
                self.excluded.append(exclusion)
                continue
            near = np.eye(question.d) if self.near is None else self.near
            follows, solved = self._alternate(near, fixed)
            if isinstance(solved, tuple):
                return Possible(solved, follows)
            if solved is None:
                complete = False
                continue
            path, others = dict(fixed), []
            for place in _heaviest_first(solved):
                if place not in fixed:
                    others += [{**path, place: j} for j in at[place] if j != follows[place]]
                    path[place] = follows[place]
            cases += reversed(others)
        return Impossible(tuple(_needed(self.excluded, question))) if complete else Open(self.why)

    def _whomever(self, fixed: Follows) -> Excluded | None:
        """An exclusion of every σ that agrees with what is fixed, or None; then `near` is an A in the relaxation.

        Tokens enter it once they follow no leader under the A of the relaxation before.
        """
        question, blocks, self.hint = self.question, {}, {}
        rows = self._rows(question.wishes(fixed))
        while new := self._astray(fixed, blocks)[: max(2, len(blocks))]:
            for c, i in new:
                n = question.configurations[c].n
                blocks[c, i] = [
                    FloatRows(question, [Wish(c, i, j, p) for p in range(n) if p != j]) for j in question.leaders[c]
                ]
            of_all = [of for block in blocks.values() for of in block]
            if not self.may_spend(len(rows.wishes) + sum(len(of.wishes) for of in of_all), len(of_all)):
                return None
            floats = [[of.floats for of in block] for block in blocks.values()]
            proposal = relaxed(rows.floats, floats, question.d, SOLVERS[0])
            if proposal is None:
                return None
            self.near = proposal.A
            self.hint = {
                at: question.leaders[at[0]][int(np.argmax(parts))]
                for at, parts in zip(blocks, proposal.shares, strict=True)
            }
            if proposal.t < -_NEAR and (found := whomever_multipliers(rows, [*blocks.values()], proposal)) is not None:
                multipliers, whomever = found
                used = {_place(m.wish) for m in multipliers}
                return Excluded({at: j for at, j in fixed.items() if at in used}, multipliers, whomever)
        return None

    def _astray(self, fixed: Follows, known: Iterable[At]) -> list[At]:
        """The tokens that follow no leader under `near`, those farthest from it first, but for these."""
        A, behind = np.eye(self.question.d) if self.near is None else self.near, {}
        for c, configuration in enumerate(self.question.configurations):
            tokens, L = _floats(configuration), list(self.question.leaders[c])
            scores = tokens @ A @ tokens.T
            lost = np.delete(scores, L, axis=1).max(axis=1, initial=-np.inf) - scores[:, L].max(axis=1)
            lost = lost / np.linalg.norm(tokens, axis=1).clip(1e-300)
            behind |= {(c, i): lost[i] for i in range(configuration.n) if i not in L and lost[i] >= 0}
        return sorted((at for at in behind if at not in fixed and at not in known), key=lambda at: -behind[at])


def _needed(excluded: Sequence[Excluded], question: Leading) -> list[Excluded]:
    """Of exclusions of every σ some that are enough for that, in their order."""
    used: set[int] = set()
    cases: list[tuple[Follows, Sequence[Excluded]]] = [({}, excluded)]
    while cases:
        fixed, before = cases.pop()
        agreeing = [e for e in before if all(fixed.get(place, j) == j for place, j in e.follows.items())]
        enough = next((e for e in agreeing if e.follows.items() <= fixed.items()), None)
        if enough is not None:
            used.add(id(enough))
            continue
        place = next(place for place in agreeing[0].follows if place not in fixed)
        cases += [({**fixed, place: j}, agreeing) for j in question.leaders[place[0]]]
    return [e for e in excluded if id(e) in used]


def _place(wish: Wish) -> At:
    return wish.c, wish.i


def _heaviest_first(exclusion: Excluded) -> Iterable[At]:
    """The tokens that an exclusion is about, those of most multipliers first."""
    weight = dict.fromkeys(exclusion.follows, 0)
    for m in exclusion.multipliers:
        if _place(m.wish) in weight:
            weight[_place(m.wish)] += 1
    return sorted(weight, key=lambda place: -weight[place])
