"""The clustering theorem, in its four parts, on one configuration.

For nonzero distinct tokens and A symmetric positive definite there are a convex polytope K and a finite set S ⊂ ∂K such
that tokens converge to points of S and the vertices of K are the leaders. `vertices` leaves no choice for K: it is the
convex hull of the leaders, empty where there is none.

Source: arXiv:2407.01602, main theorem.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import wraps
from importlib.resources import as_file, files
from itertools import islice
from math import lcm

from ....kernels.exact.configuration import Configuration
from ....kernels.exact.configuration_file import read_configuration
from ....kernels.exact.rational_text import rational_text, show
from ...certificates.evidence import Interior, Neither, Outside, Place
from ...provers.freeze.budget import OutOfBudgetError, product
from ...provers.freeze.outcome import Frozen, SelfSimilar, Undecided
from ..case import Case
from ..inputs import Every, Listed
from ..places import case_places
from ..registry import MOST_LAYERS, Claim, Finding, Shown, Source, assumed

SOURCE = Source("arXiv:2407.01602", "SIAM J. Math. Data Sci. 7(3), 2025", "main theorem")
HYPOTHESES = ("nonzero", "distinct", "spd", "constant_step")
NO_LEADER = "no token is ever a leader, so no polytope K has the leaders as its vertices"


def _undecided(case: Case) -> Finding | None:
    outcome = case.outcome
    return Finding("undecided", outcome.reason) if isinstance(outcome, Undecided) else None


def check_convergence(case: Case) -> Finding:
    """Every token converges: frozen itineraries have exact limits; repeating ones contract, or a token cycles.

    Limits are checked once more against the sets that hold for ever: a token that never moves again tends to where it
    is, every other one to the mean of the limits of its follow set.
    """
    undecided = _undecided(case)
    if undecided:
        return undecided
    outcome = case.outcome
    if isinstance(outcome, Frozen):
        fault = _limit_fault(outcome)
        if fault:
            return Finding("refuted", fault, outcome.layer)
        return Finding(
            "verified",
            f"every token has an exact limit; all follow sets are constant from layer {outcome.freeze_layer} on",
            trivial=outcome.limits == outcome.configuration.tokens,  # nothing ever moves
        )
    assert isinstance(outcome, SelfSimilar)
    if outcome.contraction is not None and outcome.contraction < 1:
        return Finding(
            "verified", f"every {outcome.period} layers turn and shrink all tokens, so all tend to the origin"
        )
    moving = moving_token(outcome)
    if moving is None:
        return Finding("verified", f"no token moves from layer {outcome.layer} on")
    if outcome.contraction is not None:
        where = f"the layers repeat from layer {outcome.layer} on without shrinking"
        return Finding("refuted", f"token {moving} moves for ever: {where}", outcome.layer)
    return Finding("undecided", "the layers repeat up to a linear map that is no multiple of an isometry")


def _limit_fault(outcome: Frozen) -> str | None:
    """The first limit that does not follow from the sets, None if all do: follow graphs have no cycle, so they must."""
    w, s = outcome.configuration.multiplicities, outcome.limits
    rows, D = outcome.state.numerators.to_list(), int(outcome.state.denominator)
    for i, (C, rule) in enumerate(zip(outcome.sets, outcome.rules, strict=True)):
        if rule in ("leader", "stationary"):
            if any(x.numerator * D != int(v) * x.denominator for x, v in zip(s[i], rows[i], strict=True)):
                return f"token {i} never moves again, but {show(s[i])} is not its place"
        elif len(C) == 1:
            if s[i] != s[C[0]]:
                return f"token {i} follows token {C[0]} for ever, but {show(s[i])} is not where that one tends"
        else:
            total = sum(w[j] for j in C)
            if any(total * x != sum(w[j] * s[j][c] for j in C) for c, x in enumerate(s[i])):
                return f"token {i} follows {list(C)} for ever, but {show(s[i])} is not the mean of their limits"
    return None


def moving_token(outcome: SelfSimilar) -> int | None:
    """The first token that moves in the repeating layers; where Q Qᵀ = r I with r ≥ 1 it does not converge."""
    configuration = outcome.configuration
    run = islice(configuration.dynamics().layers(), outcome.layer, outcome.layer + outcome.period + 1)
    places = [layer.tokens() for layer, _ in run]
    return next((i for i in range(configuration.n) if len({Z[i] for Z in places}) > 1), None)


def check_vertices(case: Case) -> Finding:
    """The leaders' positions are the vertices of K, distinct ones for distinct leaders.

    Leader l is exposed by the normal z_lᵀB: ⟨z_l, z_l⟩ > ⟨z_l, z_j⟩ for every other token j, checked here once more.
    """
    undecided = _undecided(case)
    if undecided:
        return undecided
    outcome = case.outcome
    assert isinstance(outcome, Frozen | SelfSimilar)
    layer = outcome.layer
    unnoticed = [i for i, C in enumerate(outcome.phases[-1].sets) if C == (i,) and i not in outcome.leaders]
    if unnoticed:
        return Finding("refuted", f"token {unnoticed[0]} follows itself alone, but does not count as a leader", layer)
    if not outcome.leaders:
        return Finding("refuted", NO_LEADER)
    frozen = isinstance(outcome, Frozen)
    rows = outcome.state.numerators.to_list() if frozen else outcome.tokens
    bits = int(outcome.state.denominator).bit_length() if frozen else 64
    for l in outcome.leaders:  # noqa: E741 the paper's index
        # A leader's place in lowest terms: short where it led soon.
        place = outcome.limits[l] if frozen else outcome.tokens[l]
        D = lcm(*(x.denominator for x in place))
        z = [x.numerator * (D // x.denominator) for x in place]
        case.work.do(len(rows) * len(z) * product(max(map(abs, z)).bit_length(), bits))
        normal = [sum([x * a for x, a in zip(z, column, strict=True)]) for column in zip(*case.form, strict=True)]
        heights = [sum([h * x for h, x in zip(normal, row, strict=True)]) for row in rows]
        for j, height in enumerate(heights):
            if height >= heights[l] and j != l and not (rows[j] == rows[l] and _may_land(case, j, l)):
                return Finding(
                    "refuted", f"leader {l} is no vertex of its own: token {j} scores as high at layer {layer}", layer
                )
    alone = len(set(map(tuple, rows))) == 1
    return Finding("verified", "each leader is exposed by its own normal and never moves again", trivial=alone)


def _may_land(case: Case, j: int, l: int) -> bool:  # noqa: E741 the paper's index
    """Whether token j may have come to rest on leader l: by a full first step, λ_0 = 1, from somewhere else."""
    c = case.configuration
    return c.step.rate(0) == 1 and c.tokens[j] != c.tokens[l]


def _check_places(case: Case, bad: tuple[type[Place], ...], verified: str) -> Finding:
    """Refuted by the first cluster point whose place is one of `bad`."""
    undecided = _undecided(case)
    if undecided:
        return undecided
    outcome = case.outcome
    if not getattr(outcome, "leaders", None):
        return Finding("refuted", NO_LEADER)
    if not isinstance(outcome, Frozen):
        convergence = case.finding(CLAIMS[0])
        if convergence.verdict == "refuted":
            return convergence
        return Finding("undecided", "the limits of a repeating itinerary with leaders are not computed")
    for s, place in case_places(case).items():
        if isinstance(place, bad):
            token = outcome.limits.index(s)
            label = "" if case.configuration.labels is None else f" ({case.configuration.labels[token]})"
            return Finding("refuted", f"token {token}{label} tends to {show(s)}, {_WHERE[type(place)]}")
    corners = {outcome.limits[i] for i in outcome.leaders}
    return Finding("verified", verified, trivial=corners.issuperset(outcome.limits))  # `vertices` speaks of those


_WHERE: dict[type[Place], str] = {
    Interior: "an interior point of K = conv(leaders)",
    Outside: "which is not in K = conv(leaders)",
    Neither: "which is neither a vertex of K nor the projection of the origin on a face of K",
}


def check_boundary(case: Case) -> Finding:
    """Every limit lies on the boundary of K in R^d."""
    return _check_places(case, (Interior, Outside), "every limit lies on the boundary of K")


def check_cluster_points(case: Case) -> Finding:
    """Every limit is a vertex of K or the projection of the origin on a face (K itself only where dim K < d)."""
    return _check_places(
        case, (Interior, Outside, Neither), "every limit is a vertex of K or the projection of the origin on a face"
    )


def failing_conclusion(case: Case) -> tuple[Claim, Finding] | None:
    """The first of the four claims that this case refutes."""
    findings = ((claim, case.finding(claim)) for claim in CLAIMS)
    return next(((claim, finding) for claim, finding in findings if finding.verdict == "refuted"), None)


def conclusion_shown(case: Case, _: Finding) -> Shown | None:
    """How a failure of the theorem's conclusion is shown: a limit at the wrong place, a cycle, or no leader."""
    outcome, fails = case.outcome, failing_conclusion(case)
    if isinstance(outcome, Undecided) or fails is None:
        return None
    claim, finding = fails
    last = max(outcome.phases[-1].first + outcome.phases[-1].layers, (finding.layer or 0) + 2)
    layers = min(MOST_LAYERS, last)
    if not outcome.leaders and claim.id != "clustering.convergence":
        return Shown("no leader", layers, certified=True, fails=fails)
    if isinstance(outcome, SelfSimilar):
        moving = moving_token(outcome)
        if moving is None:
            return Shown(None, layers, certified=True, fails=fails)
        end = outcome.layer + outcome.period
        evidence = {"token": moving, "first": outcome.layer, "last": end}
        return Shown("cycle", end + 1, evidence, certified=True, fails=fails)
    for s, place in case_places(case).items() if outcome.leaders else ():
        if isinstance(place, Interior | Outside | Neither):
            token = outcome.limits.index(s)
            evidence = {"kind": type(place).__name__.lower(), "token": token, "point": list(map(rational_text, s))}
            if isinstance(place, Interior | Neither):
                evidence["weights"] = {str(i): rational_text(x) for i, x in place.weights.items()}
            elif place.normal is not None:
                evidence["normal"] = list(map(rational_text, place.normal))
            by = "place" if last <= MOST_LAYERS else None  # the leaders must be known at the last layer
            return Shown(by, layers, evidence, token=token, certified=True, fails=fails)
    return Shown(None, layers, certified=True, fails=fails)


def _within_budget(check: Callable[[Case], Finding]) -> Callable[[Case], Finding]:
    """The check, which rests on the certificate of the case; undecided where the work exceeds its budget."""

    @wraps(check)
    def examined(case: Case) -> Finding:
        try:
            return replace(check(case), certified=True)
        except OutOfBudgetError as error:
            return Finding("undecided", str(error))

    return examined


def figures() -> Iterator[tuple[str, Configuration]]:
    """The configurations of the paper's Figure 2, shipped as files."""
    for entry in sorted((files("hardmax.verify.claims") / "figures").iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".json"):
            with as_file(entry) as path:
                yield entry.name.removesuffix(".json"), read_configuration(path)


EXAMPLE = Configuration([(1, 1), (1, -1), (-1, 1), (-1, -1), (Fraction(1, 2), 0), (Fraction(1, 5), Fraction(1, 3))])
"""Four leaders, a lasting tie of two of them and a captured token: it meets all hypotheses, and nothing is trivial."""
INPUTS = (Listed("The paper's configurations", figures), Every())


def _claim(name: str, statement: str, check: Callable[[Case], Finding]) -> Claim:
    return Claim(
        f"clustering.{name}",
        statement,
        assumed(*HYPOTHESES),
        SOURCE,
        "theorem",
        _within_budget(check),
        shown=conclusion_shown,
        inputs=INPUTS,
        example=EXAMPLE,
    )


CLAIMS = (
    _claim("convergence", "every token z_i^k converges as k → ∞", check_convergence),
    _claim("boundary", "every limit lies on the boundary of the polytope K = conv(leaders)", check_boundary),
    _claim(
        "vertices",
        "the vertices of K are exactly the leaders (each becomes one after finitely many layers, no two at one vertex)",
        check_vertices,
    ),
    _claim(
        "cluster_points",
        "every limit is a vertex of K or the projection of the origin on a face of K in the A-norm",
        check_cluster_points,
    ),
)
