"""For every claim at least one wrong kernel, or one wrong outcome, that its checker refutes.

A claim whose checker refutes nothing says nothing. `KILLERS` maps the id of a claim to its killers, each a case that
must be refuted; the case that it was made from must be verified, unless the claim is one that is expected to fail.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction as Q
from functools import cache, cached_property
from types import ModuleType

from hardmax.kernels import Configuration, GeometricStep, HarmonicStep, ListedStep
from hardmax.kernels.errors import BugError
from hardmax.kernels.exact.configuration import Matrix, with_changes
from hardmax.kernels.exact.dynamics import Dynamics, Layer, Sets
from hardmax.kernels.exact.layered import Layered, LayeredDynamics
from hardmax.verify.claims.case import Case
from hardmax.verify.claims.families.curves import CIRCLE
from hardmax.verify.claims.families.curves import ELLIPSE as AXES
from hardmax.verify.claims.registry import Claim, Finding, select_claims
from hardmax.verify.geometry.waves import samples
from hardmax.verify.provers.freeze.outcome import Frozen, Outcome
from hardmax.verify.provers.freeze.prover import Budget

from ...examples import EXAMPLES, SQUARE
from ...kernels import wrong_dynamics as wrong
from . import softmax_killers

QUICK = Budget(steps=40, layers=2_000)

CORNERS = Configuration([*SQUARE, (Q(1, 2), 0), (Q(1, 5), Q(1, 3))])
FORM = Configuration([(1, 0), (0, 1), (-1, -1), (Q(1, 3), Q(1, 3)), (Q(1, 10), Q(-1, 7))], [[2, 1], [1, 3]], Q(3, 2))
SKEW = Configuration([(1, 0), (0, 1), (-1, -1), (2, 1)], [[1, 3], [-2, 1]], Q(1, 3))
LONG = Configuration([(3, 1), (1, 0), (-1, Q(1, 2)), (-2, -1), (Q(1, 2), 1)], [[1, 0], [0, 100]], 3)
WEIGHTS = Configuration([*SQUARE, (Q(1, 2), 0)], multiplicities=[3, 1, 1, 1, 1])
BALANCE = Configuration([[1], [-1], [0]], multiplicities=[2, 1, 1])
TWINS = Configuration([[1], [1], [-1]])
TIE = Configuration([(Q(1, 2), 0), (1, 1), (-1, 0), (1, -1)])  # token 0 follows tokens 1 and 3
STILL = Configuration([[1], [-1]])
MIRROR = Configuration([(2, -1), (4, -2), (-2, 1)])  # on the line that the reflection along (1, 2) leaves as it is
FOOT = Configuration([(0, 1), (-2, 1), (2, 1)], [[3, -1], [-1, 2]])
MOVING = EXAMPLES["tie of moving tokens"].configuration


def smallest(tokens: list[tuple[int, ...]], B: list[list[int]] | None = None) -> Configuration:
    """An input of the Frank–Wolfe theorem."""
    return Configuration(tokens, B, HarmonicStep(2, 2), follow="smallest")


class Scripted(Layered):
    """Tokens are where a script says, whatever they follow; the last layer of it for ever."""

    def __init__(self, forms, script):
        super().__init__(forms, HarmonicStep(2, 2), "smallest")
        object.__setattr__(self, "script", script)

    def dynamics(self, configuration):
        return ScriptedLayers(configuration)


class ScriptedLayers(LayeredDynamics):
    def next_layer(self, layer, sets):
        script = self.model.script
        tokens = script[min(layer.index, len(script) - 1)]
        there = Dynamics(Configuration(tokens)).first
        return replace(there, index=layer.index + 1)


def scripted(ones: int, *script: list[list[int]]) -> Case:
    """Tokens 1, −1, then where the script says, with B = 1 at the first layers and 0 later."""
    return Case(Configuration([[1], [-1]], Scripted([[[1]]] * ones + [[[0]]], script or ([[1], [-1]],))))


class Restarts(Dynamics):
    """From layer 1 on tokens rest at 2, −1, 1, wherever they were."""

    def next_layer(self, layer, sets):
        there = Dynamics(Configuration([[2], [-1], [1]])).first
        return replace(there, index=layer.index + 1)


class LiesLater(Dynamics):
    """Tokens move as they should; from layer 1 on all are said to follow the first."""

    def layers(self):
        for layer, sets in super().layers():
            yield layer, sets if layer.index == 0 else ((0,),) * len(sets)


class LastFollowsFourth(Dynamics):
    """The last token follows token 3, whatever its scores."""

    def follow_sets(self, layer, *rest):
        return (*super().follow_sets(layer, *rest)[:-1], (3,))


SWAP, SQUARE_SMALLEST = smallest([(1,), (-1,)]), smallest([(1, 0), (-1, 0), (0, 1), (0, -1)])
LISTED = Configuration([[1], [-1], [Q(1, 2)]], None, ListedStep([Q(1, 2), Q(1, 3)]))
MEETING = Configuration([[2], [-1]], follow="smallest")  # both at 1/2 at layer 1
BESIDE_A_TIE = Configuration([(1, 0), (-1, 0), (0, 1)], follow="smallest")
INNER_SQUARE = Configuration([*SQUARE, (Q(1, 2), Q(1, 4)), (Q(3, 4), Q(5, 8))])  # the last between token 4 and (1, 1)
NEAR = Configuration([(1, 0), (Q(9, 10), 1), (-1, 0)])
ON_THE_PLANE = Configuration([(1, 0), (1, 1), (-1, 0), (0, -2), (0, 2)])  # (1, 1) scores for (1, 0) as (1, 0) does


def TRIANGLE(*diagonal: Q) -> Configuration:  # noqa: N802
    """The triangle 0, e_1, e_2, where e_1 follows e_2, with P = diag."""
    P = [[diagonal[0], 0], [0, diagonal[1]]]
    return Configuration([(0, 0), (1, 0), (0, 1)], Layered([[[1, 2], [2, 5]]], P=P))


INDEPENDENT = Configuration([(1, 1, 0), (-1, 1, 2)], [[2, 1, 0], [1, 3, 0], [0, 0, 1]])
FOUR = Configuration([(1, 0), (0, 1), (Q(6, 5), -1), (Q(1, 10), Q(21, 20))])  # 0 and 1 do not lead with A = I
AHEAD = Configuration([(2, 1), (1, 2), (1, 1)])  # all in one half-plane
ELLIPSE = samples(AXES, 30)
EMERGING = EXAMPLES["figure 2a"].configuration
LATE = EXAMPLES["late leader"].configuration


class Swap(wrong.FullStep, wrong.Opposite):
    """Two opposite tokens jump to each other's place: both move, no norm changes."""


class AlongTheLine(wrong.Drift):
    """Tokens drift along the line that the reflection along (1, 2) leaves as it is."""

    shift = (Q(1, 50), Q(-1, 100))


@dataclass(frozen=True)
class Killer:
    """A case that a checker must refute, and the right one beside it."""

    what: str
    right: Callable[[], Case]
    wrong: Callable[[], Case]


def finding(case: Case, claim: Claim) -> Finding:
    """What a claim finds; a certificate of our own that the checker refuses, where one is asked for, ends as loudly."""
    try:
        return case.finding(claim)
    except BugError as error:
        return Finding("refuted", str(error))


@cache
def decided(configuration: Configuration) -> Case:
    return Case(configuration, QUICK)


class Known(Case):
    """A case without findings whose outcome and layers, which no checker makes, are computed once for all checkers."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration, QUICK)

    @property
    def layers(self) -> list[tuple[Layer, Sets]]:
        return decided(self.configuration).layers

    @cached_property
    def outcome(self) -> Outcome:
        return decided(self.configuration).outcome


def kernel(dynamics: type[Dynamics], configuration: Configuration) -> Killer:
    """A model with wrong layers on a configuration."""
    bad = wrong.with_layers(configuration, dynamics)
    return Killer(dynamics.__name__, lambda: Known(configuration), lambda: Known(bad))


def outcome(what: str, configuration: Configuration, change: Callable[[Frozen], Outcome]) -> Killer:
    """A wrong outcome of the right kernel."""

    def damaged() -> Case:
        case = Known(configuration)
        assert isinstance(case.outcome, Frozen)
        case.outcome = change(case.outcome)
        return case

    return Killer(what, lambda: Known(configuration), damaged)


def dropped(configuration: Configuration) -> Killer:
    """A configuration that breaks one hypothesis and the conclusion."""
    return Killer("the hypothesis is dropped", lambda: Known(CORNERS), lambda: Known(configuration))


def tends_to(i: int, *point: int | Q) -> Callable[[Frozen], Frozen]:
    """The limit of token i is put elsewhere."""

    def change(o: Frozen) -> Frozen:
        limits, weights = list(o.limits), list(o.weights)
        limits[i], weights[i] = tuple(map(Q, point)), {i: Q(1)}
        return replace(o, limits=tuple(limits), weights=tuple(weights))

    return change


def alone(outcome: Outcome) -> Outcome:
    """The outcome with the first token of each set alone."""
    phases = [replace(p, sets=tuple(C[:1] for C in p.sets)) for p in outcome.phases]
    return replace(outcome, phases=tuple(phases))


def doubled(points: Matrix) -> Matrix:
    return tuple(tuple(2 * x for x in row) for row in points)


def figure_killers(panel: Configuration) -> tuple[Killer, ...]:
    """Another leader, another layer of a leader, another limit, another lasting tie."""

    def no_ties(o: Frozen) -> Frozen:
        last = o.phases[-1]
        ties = any(len(C) > 1 for C in last.sets)
        sets = tuple(C[:1] if ties else (*C, (C[0] + 1) % o.configuration.n) for C in last.sets)
        return replace(o, phases=(*o.phases[:-1], replace(last, sets=sets)))

    return (
        outcome("a leader is missing", panel, lambda o: replace(o, leaders=dict(list(o.leaders.items())[:-1]))),
        outcome("a leader leads later", panel, lambda o: replace(o, leaders={**o.leaders, 1: o.leaders[1] + 1})),
        outcome("a token tends elsewhere", panel, tends_to(panel.n - 1, 0, Q(1, 1000))),
        outcome("other lasting ties", panel, no_ties),
    )


TURNING = Configuration([(1, 0), (0, 1), (0, -1), (-1, 0)], [(1, 1), (-1, 1)], 1)
"""Its layers repeat up to a rotation."""
KILLERS: dict[str, tuple[Killer, ...]] = {
    "clustering.convergence": (
        outcome("a leader tends elsewhere", EXAMPLES["captured"].configuration, tends_to(1, -2)),
        outcome("a leader leaves its followers", CORNERS, tends_to(0, 1, 2)),
        outcome("a captured token stops halfway", CORNERS, tends_to(5, Q(1, 2), Q(1, 2))),
        outcome("a tied token tends to one side", CORNERS, tends_to(4, 1, Q(1, 3))),
        outcome("a mean of moving tokens is missed", MOVING, tends_to(2, 1, Q(1, 9))),
        outcome(
            "a weighted mean is taken for a plain one",
            EXAMPLES["weighted tie of corners"].configuration,
            tends_to(2, -2, Q(1, 2)),
        ),
    ),
    "clustering.boundary": (
        outcome("an interior point", CORNERS, tends_to(4, Q(1, 2), 0)),
        outcome("the centre", CORNERS, tends_to(4, 0, 0)),
        outcome("a point outside", CORNERS, tends_to(4, 2, 0)),
        outcome("hardly inside", CORNERS, tends_to(4, 1 - Q(1, 10**20), 0)),
        outcome("no leader is known", CORNERS, lambda o: replace(o, leaders={})),
    ),
    "clustering.vertices": (
        kernel(wrong.FirstMaximiser, TWINS),
        kernel(wrong.Opposite, FORM),
        kernel(wrong.Second, LONG),
        kernel(wrong.SelfOnly, CORNERS),
        kernel(wrong.FullStep, LONG),
        outcome("a captured token counts as leader", CORNERS, lambda o: replace(o, leaders={**o.leaders, 5: 0})),
        outcome("a tied token counts as leader", CORNERS, lambda o: replace(o, leaders={**o.leaders, 4: 0})),
        outcome("a leader is missing", CORNERS, lambda o: replace(o, leaders={0: 0, 1: 0, 2: 0})),
        outcome("the emerging leader is missing", EMERGING, lambda o: replace(o, leaders={0: 0, 2: 0})),
        outcome("no leader is known", CORNERS, lambda o: replace(o, leaders={})),
    ),
    "clustering.cluster_points": (
        kernel(wrong.IgnoresA, FOOT),
        kernel(wrong.IgnoresA, FORM),
        kernel(wrong.NoMultiplicities, WEIGHTS),
        outcome("a boundary point that is no foot", CORNERS, tends_to(4, 1, Q(1, 3))),
        outcome("an interior point", CORNERS, tends_to(4, 0, 0)),
        outcome("a point outside", CORNERS, tends_to(4, 2, 0)),
    ),
    "lemmas.follow_norm": (
        kernel(wrong.Tolerant, CORNERS),
        kernel(wrong.Second, CORNERS),
        kernel(wrong.NoSelf, CORNERS),
        kernel(wrong.Opposite, FORM),
        kernel(wrong.Opposite, STILL),
    ),
    "lemmas.norm_growth": (
        kernel(Swap, STILL),
        kernel(wrong.Away, CORNERS),
        kernel(wrong.Opposite, FORM),
        kernel(wrong.Drift, MOVING),
        kernel(wrong.Rounding, EMERGING),
    ),
    "lemmas.hull_nested": (
        kernel(wrong.StepTwice, CORNERS),
        kernel(wrong.InPlace, MOVING),
        kernel(wrong.StaleSets, EMERGING),
        kernel(wrong.NoMultiplicities, WEIGHTS),
        kernel(wrong.AlphaForLambda, CORNERS),
        kernel(wrong.OneMinusLambda, FORM),
        kernel(wrong.FullStep, CORNERS),
        kernel(wrong.Away, CORNERS),
        kernel(wrong.Drift, CORNERS),
        kernel(wrong.Rounding, CORNERS),
    ),
    "lemmas.injective": (
        kernel(wrong.FullStep, CORNERS),
        kernel(wrong.Rounding, CORNERS),
        kernel(wrong.Opposite, CORNERS),
    ),
    "lemmas.leader_persistence": (
        kernel(wrong.Tolerant, CORNERS),
        kernel(wrong.FullStep, CORNERS),
        kernel(wrong.Drift, CORNERS),
        kernel(wrong.StaleSets, EMERGING),
    ),
    "lemmas.equilibrium": (
        kernel(wrong.NoMultiplicities, BALANCE),
        kernel(wrong.Drift, CORNERS),
        kernel(wrong.Second, LONG),
        kernel(wrong.SelfOnly, CORNERS),
        outcome(
            "a moving token counts as resting",
            CORNERS,
            lambda o: replace(
                o,
                rules=(*o.rules[:4], "stationary", "stationary"),
                limits=(*o.limits[:4], (Q(1, 2), Q(0)), (Q(1, 5), Q(1, 3))),
            ),
        ),
    ),
    "metamorphic.homogeneity": (
        kernel(wrong.Tolerant, CORNERS),
        kernel(wrong.Drift, CORNERS),
        kernel(wrong.Rounding, CORNERS),
    ),
    "metamorphic.permutation": (
        kernel(wrong.FirstMaximiser, CORNERS),
        kernel(wrong.FirstMaximiser, TIE),
        kernel(wrong.Misreports, CORNERS),
        kernel(wrong.InPlace, MOVING),
    ),
    "metamorphic.isometry": (
        kernel(AlongTheLine, MIRROR),
        kernel(wrong.IgnoresA, FORM),
        kernel(wrong.Drift, CORNERS),
        kernel(wrong.Rounding, CORNERS),
    ),
    "metamorphic.unnormalised": (
        kernel(wrong.AlphaForLambda, CORNERS),
        kernel(wrong.OneMinusLambda, FORM),
        kernel(wrong.StepTwice, CORNERS),
        kernel(wrong.InPlace, MOVING),
        kernel(wrong.StaleSets, EMERGING),
        kernel(wrong.NoMultiplicities, WEIGHTS),
        kernel(wrong.FirstMaximiser, CORNERS),
        kernel(wrong.IgnoresA, FORM),
        kernel(wrong.Opposite, FORM),
        kernel(wrong.Misreports, CORNERS),
        kernel(wrong.Drift, CORNERS),
        kernel(wrong.Rounding, CORNERS),
    ),
    "routes.polytope": (
        outcome("a leader is missing", CORNERS, lambda o: replace(o, leaders={0: 0, 1: 0, 2: 0})),
        outcome("a captured token counts as leader", CORNERS, lambda o: replace(o, leaders={**o.leaders, 5: 0})),
        outcome("other weights", CORNERS, lambda o: replace(o, weights=(*o.weights[:4], {0: Q(1)}, o.weights[5]))),
    ),
    "routes.certificate": (
        kernel(wrong.FirstMaximiser, CORNERS),
        kernel(wrong.Tolerant, FORM),
        kernel(wrong.IgnoresA, FORM),
        kernel(wrong.Transposed, SKEW),
        kernel(wrong.OneLayerOff, EMERGING),
        kernel(wrong.StepTwice, EMERGING),
        kernel(wrong.InPlace, MOVING),
        kernel(wrong.NoMultiplicities, WEIGHTS),
        outcome("a layer too late", EMERGING, lambda o: replace(o, leaders={**o.leaders, 1: 2})),
        outcome("a captured token stops halfway", CORNERS, tends_to(5, Q(1, 2), Q(1, 2))),
    ),
    "control.one_leader": (
        kernel(wrong.Second, CORNERS),
        kernel(wrong.SelfOnly, CORNERS),
        kernel(wrong.IgnoresA, FOUR),
        kernel(wrong.Second, AHEAD),
        kernel(wrong.Opposite, STILL),
    ),
    "control.given_leaders": (
        kernel(wrong.SelfOnly, CORNERS),
        kernel(wrong.Second, AHEAD),
        kernel(wrong.NoSelf, CORNERS),
        kernel(wrong.Opposite, AHEAD),
    ),
    "control.independent": (
        kernel(wrong.SelfOnly, INDEPENDENT),
        kernel(wrong.IgnoresA, INDEPENDENT),
        kernel(wrong.Second, INDEPENDENT),
    ),
    "control.all_follow": (
        kernel(wrong.IgnoresA, AHEAD),
        kernel(wrong.SelfOnly, AHEAD),
        kernel(wrong.Opposite, AHEAD),
    ),
    "control.not_symmetric": (
        kernel(wrong.Second, AHEAD),
        kernel(wrong.SelfOnly, CORNERS),
        kernel(wrong.Transposed, FOUR),
    ),
    "control.exactly": (
        kernel(wrong.SelfOnly, CORNERS),
        kernel(wrong.IgnoresA, AHEAD),
        kernel(wrong.Second, AHEAD),
    ),
    "curves.leaders": (
        kernel(wrong.SelfOnly, ELLIPSE),
        kernel(wrong.Second, ELLIPSE),
        kernel(wrong.Opposite, ELLIPSE),
        kernel(LastFollowsFourth, samples(CIRCLE, 12)),
    ),
    "necessity.nonzero": (dropped(Configuration([[1], [-1], [0]])),),
    "necessity.distinct": (dropped(TWINS),),
    "necessity.positive_definite": (dropped(Configuration([[1], [-1]], [[-1]])),),
    "necessity.definite": (dropped(Configuration([(0, 1), (0, -1)], [[1, 0], [0, -1]])),),
    "necessity.strictly_definite": (dropped(Configuration([(1, 0), (0, 1)], [[1, 1], [1, 1]])),),
    "necessity.symmetric": (
        dropped(Configuration([(1, 0), (0, 1), (-1, 0), (0, -1)], [[1, 3], [-3, 1]])),
        dropped(Configuration([(1, 0), (0, 1), (0, -1), (-1, 0)], [[1, 1], [-1, 1]])),
    ),
    "frank_wolfe.rate": (
        Killer("the origin leaves the hull", lambda: Case(SWAP), lambda: Case(smallest([(3,), (-1,)]))),
        Killer(
            "B is not the identity",
            lambda: Case(smallest([(1, 0), (-1, 0)], [[100, 0], [0, 1]])),
            lambda: Case(smallest([(1, 0), (-3, 0)], [[5, 0], [0, 1]])),
        ),
        Killer(
            "a token is on its way to a limit",
            lambda: Case(SWAP),
            lambda: Case(smallest([(1, 0), (-1, 1), (0, -2)])),
        ),
        Killer(
            "the largest inner product is followed",
            lambda: Case(SWAP),
            lambda: Known(wrong.with_layers(smallest([(20,), (-1,)]), wrong.Opposite)),
        ),
    ),
    "frank_wolfe.rate_origin_inside": (
        kernel(wrong.Opposite, SQUARE_SMALLEST),
        kernel(wrong.Away, SQUARE_SMALLEST),
        # Tokens that rest at 1, −1 have energy 1/2, as the bound 8/(k + 1) has at layer 15.
        Killer("energy stays a layer longer", lambda: scripted(15), lambda: scripted(16)),
        Killer("the origin leaves later", lambda: scripted(99, [[1], [1]]), lambda: scripted(99, *[[[1], [-1]]] * 17)),
    ),
    "frank_wolfe.hulls_preconditioned": (
        Killer(
            "P is no multiple of I", lambda: Case(TRIANGLE(Q(1, 2), Q(1, 2))), lambda: Case(TRIANGLE(Q(3, 5), Q(7, 10)))
        ),
    ),
    "frank_wolfe.single_leader": (
        kernel(wrong.Tolerant, NEAR),
        Killer(
            "a form is singular", lambda: Case(MEETING), lambda: Case(Configuration([(1, 0), (1, 1)], [[1, 0], [0, 0]]))
        ),
    ),
    "frank_wolfe.null_sets": (
        Killer("tokens meet", lambda: Case(EMERGING, QUICK), lambda: Case(MEETING)),
        Killer("tokens meet beside a tie", lambda: Case(BESIDE_A_TIE), lambda: Case(MEETING)),
    ),
    "frank_wolfe.duality_gap": (
        kernel(wrong.SelfOnly, Configuration([[2], [-1], [1]], None, Q(1, 5))),
        kernel(Restarts, Configuration([[2], [-1], [0]], None, Q(1, 7))),
        Killer(
            "the gap is nearly as large as the bound",
            lambda: Case(Configuration([[2], [-1], [1]], None, 8)),
            lambda: kernel(wrong.SelfOnly, Configuration([[2], [-1], [1]], None, 8)).wrong(),
        ),
    ),
    "frank_wolfe.solution": (
        kernel(wrong.StepTwice, LISTED),
        kernel(LiesLater, LISTED),
        kernel(wrong.OneMinusLambda, Configuration(LISTED.tokens, None, 2)),
    ),
    "frank_wolfe.exponential": (
        Killer(
            "a finite sum",
            lambda: Case(LISTED),
            lambda: Case(with_changes(LISTED, step=GeometricStep(Q(1, 2), Q(1, 2)))),
        ),
        Killer(
            "steps that tend to 0", lambda: Case(LISTED), lambda: Case(with_changes(LISTED, step=HarmonicStep(1, 2)))
        ),
        kernel(wrong.StepTwice, LISTED),
    ),
    "frank_wolfe.exponential_bounded_below": (
        kernel(wrong.OneMinusLambda, Configuration(LISTED.tokens, None, 2)),
        kernel(wrong.Drift, LISTED),
    ),
    "frank_wolfe.polytope_condition": (
        Killer("a neighbour is on the hyperplane", lambda: Case(INNER_SQUARE), lambda: Case(ON_THE_PLANE)),
        kernel(wrong.Opposite, INNER_SQUARE),
    ),
    "frank_wolfe.polytope_condition_alone": (
        Killer("a near tie counts as one", lambda: Case(ON_THE_PLANE), kernel(wrong.Tolerant, NEAR).wrong),
        kernel(wrong.Opposite, INNER_SQUARE),
    ),
    "frank_wolfe.cells": (kernel(wrong.SelfOnly, INNER_SQUARE), kernel(LastFollowsFourth, INNER_SQUARE)),
    "frank_wolfe.voronoi": (
        kernel(wrong.Opposite, INNER_SQUARE),
        kernel(wrong.FirstMaximiser, Configuration([*SQUARE, (Q(1, 2), 0)])),
    ),
    "freezing.without_ties": (
        outcome("rule R3 without a tie", FORM, lambda found: replace(found, rules=("R3",) * len(found.rules))),
        outcome("a limit beside the leaders", FORM, lambda found: replace(found, limits=found.tokens)),
        outcome("the layers turn for ever", FORM, lambda _: alone(decided(TURNING).outcome)),
    ),
    "freezing.generic": (kernel(wrong.Tolerant, FORM),),
    "freezing.at_rest": (
        outcome("a leader still moves", CORNERS, lambda found: replace(found, limits=doubled(found.limits))),
    ),
    "freezing.every_itinerary": (outcome("the layers turn for ever", CORNERS, lambda _: decided(TURNING).outcome),),
    **{claim.id: figure_killers(claim.example) for claim in select_claims("panels.*")},
    **dict(softmax_killers.killers(Killer)),
}

INPUTS_OF_THEIR_OWN = ("softmax", "glpr", "frank_wolfe", "panels", "control", "curves")
"""Families whose claims do not speak about each of the following configurations."""
VERIFIED = (CORNERS, FORM, LONG, WEIGHTS, BALANCE, FOOT, MOVING, EMERGING)
"""Configurations of the clustering theorem, on which every claim about it is verified."""


def unnoticed(claim: Claim) -> Iterator[str]:
    """What the checker of a claim gets wrong: killers that it lets live, right cases that it refutes."""
    for killer in KILLERS.get(claim.id, ()):
        found = finding(killer.wrong(), claim)
        if found.verdict != "refuted":
            yield f"{claim.id} lets {killer.what} live: {found}"
        found = killer.right().finding(claim)
        if found.verdict != "verified":
            yield f"{claim.id} is not verified on the right case beside {killer.what}: {found}"
    for configuration in () if claim.family in INPUTS_OF_THEIR_OWN else VERIFIED:
        found = Known(configuration).finding(claim)
        if found.verdict != "verified":
            yield f"{claim.id} is not verified where it holds: {found}"


def faults_of(module: ModuleType) -> Iterator[str]:
    """What the checkers of a family get wrong, on killers, on right cases and on the table of examples."""
    for claim in module.CLAIMS:
        yield from unnoticed(claim)
    if module.__name__.endswith(".clustering"):
        for name, example in EXAMPLES.items():
            case = Known(example.configuration)
            found = "".join(case.finding(claim).verdict[0] for claim in module.CLAIMS)
            if found != example.verdicts:
                yield f"{name}: {found}, not {example.verdicts}"
