"""Proofs about all layers against plain stepping: every fault of an outcome that a finite run can show.

`faults` takes nothing from the prover but the outcome itself, and steps with the exact kernel, which is held against
`sympy.Matrix` elsewhere. Limits are checked rigorously: sets that are constant make the layers affine, so limits are
the fixed point of that map, and the distance to it must shrink as the rule says.
"""

from collections.abc import Iterator
from fractions import Fraction as Q
from itertools import islice, pairwise

from hardmax.kernels import ConstantStep
from hardmax.kernels.exact.configuration import Configuration, Matrix, Vector
from hardmax.kernels.exact.dynamics import Dynamics, Sets
from hardmax.verify.provers.freeze.outcome import Frozen, Outcome, Phase, SelfSimilar

from ...kernels.oracle import rate


def faults(outcome: Outcome, beyond: int = 12) -> list[str]:
    """What is wrong with an outcome, as far as its own layers and `beyond` more can show; [] if nothing is.

    Args:
        outcome: of `freeze.decide`.
        beyond: layers to step past the last one that the outcome speaks of.
    """
    if not outcome.phases:
        return ["there is no phase"]
    last = outcome.phases[-1]
    stated = last.first + last.layers
    run = _run(outcome.configuration, stated + beyond)
    found = [*_phase_faults(outcome.phases), *_itinerary_faults(outcome.phases, run)]
    if isinstance(outcome, Frozen):
        found += [*_frozen_faults(outcome, run), *_limit_faults(outcome, run), *_weight_faults(outcome, run)]
    elif isinstance(outcome, SelfSimilar):
        found += _repetition_faults(outcome, _run(outcome.configuration, stated + 3 * outcome.period + beyond))
    elif not outcome.reason:
        found.append("undecided without a reason")
    if not isinstance(outcome, Frozen | SelfSimilar):
        return found
    first = _first_leads(sets for _, sets in run)
    if dict(outcome.leaders) != first:
        found.append(f"leaders are {dict(outcome.leaders)}, stepping shows {first}")
    return found


Run = list[tuple[Matrix, Sets]]


def _run(configuration: Configuration, layers: int) -> Run:
    return [(layer.tokens(), sets) for layer, sets in islice(Dynamics(configuration).layers(), layers)]


def _first_leads(itinerary: Iterator[Sets]) -> dict[int, int]:
    first: dict[int, int] = {}
    for k, sets in enumerate(itinerary):
        for i, C in enumerate(sets):
            if C == (i,):
                first.setdefault(i, k)
    return first


def _phase_faults(phases: tuple[Phase, ...]) -> Iterator[str]:
    if phases[0].first != 0:
        yield f"the first phase begins at layer {phases[0].first}"
    for phase in phases:
        if phase.layers < 1:
            yield f"{phase} has no layer"
        offsets = phase.jumps
        if offsets and not (len(offsets) > 1 and offsets[0] >= 0 and offsets[-1] == phase.layers - 1):
            yield f"{phase} has jumps that do not span it"
        if any(a >= b for a, b in pairwise(offsets)):
            yield f"{phase} has jumps that do not ascend"
    for before, after in pairwise(phases):
        if before.first + before.layers != after.first:
            yield f"a gap or an overlap before layer {after.first}"
        if before.sets == after.sets:
            yield f"no set changes at layer {after.first}"


def _itinerary_faults(phases: tuple[Phase, ...], run: Run) -> Iterator[str]:
    for phase in phases:
        for k in range(phase.first, phase.first + phase.layers):
            if run[k][1] != phase.sets:
                yield f"the sets of layer {k} are {run[k][1]}, the outcome says {phase.sets}"
                return


def _frozen_faults(outcome: Frozen, run: Run) -> Iterator[str]:
    c, K = outcome.configuration, outcome.layer
    last = outcome.phases[-1]
    if last.first + last.layers - 1 != K:
        yield f"the rules are applied at layer {K}, the last phase ends at {last.first + last.layers - 1}"
    if rate(c, K) >= 1:
        yield "the rules need a step below 1"
    if outcome.state.index != K or outcome.tokens != run[K][0]:
        yield f"the state is not layer {K}"
    for k, (_, sets) in enumerate(run[outcome.freeze_layer :], outcome.freeze_layer):
        if sets != outcome.sets:
            yield f"a set changes at layer {k}, after the freeze at {outcome.freeze_layer}"
            break
    if outcome.freeze_layer and run[outcome.freeze_layer - 1][1] == outcome.sets:
        yield f"the sets were the same before the freeze layer {outcome.freeze_layer}"
    for i, rule in enumerate(outcome.rules):
        C = outcome.sets[i]
        holds = {
            "leader": C == (i,),
            "stationary": C != (i,) and _at_rest(run, K, i),
            "R1": len(C) == 1 and outcome.rules[C[0]] == "leader" and C != (i,),
            "R2": i not in C and all(_at_rest(run, K, j) for j in C),
            "R3": C != (i,),
        }[rule]
        if not holds:
            yield f"rule {rule} cannot be that of token {i}, which follows {C}"


def _at_rest(run: Run, K: int, i: int) -> bool:
    return all(Z[i] == run[K][0][i] for Z, _ in run[K:])


def _limit_faults(outcome: Frozen, run: Run) -> Iterator[str]:
    """Limits are the fixed point of the constant map, and distances shrink: to 1 − λ of them for R1 and R2."""
    c, s, K = outcome.configuration, outcome.limits, outcome.layer
    for i, (C, rule) in enumerate(zip(outcome.sets, outcome.rules, strict=True)):
        path = [Z[i] for Z, _ in run[K:]]
        if rule in ("leader", "stationary"):
            if any(z != s[i] for z in path):
                yield f"token {i} is at rest, but not at {s[i]}"
            continue
        if s[i] != _mean(c, C, s):
            yield f"the limit of token {i} is not the mean of those it follows"
        if rule in ("R1", "R2"):
            for k, (now, then) in enumerate(pairwise(path), K):
                kept = 1 - rate(c, k)
                if any(y - t != kept * (x - t) for x, y, t in zip(now, then, s[i], strict=True)):
                    yield f"token {i} does not approach its limit at rate 1 − λ from layer {k}"
                    break
    if "R3" in outcome.rules:
        yield from _r3_faults(outcome)


def _r3_faults(outcome: Frozen) -> Iterator[str]:
    """After so many layers that the slowest geometric rate alone leaves 1/1000, the farthest token came that near."""
    c = outcome.configuration
    assert isinstance(c.step, ConstantStep)
    own = max(
        Q(
            sum(c.multiplicities[j] for j in C if outcome.tokens[j] == outcome.tokens[i]),
            sum(c.multiplicities[j] for j in C),
        )
        for i, C in enumerate(outcome.sets)
        if outcome.rules[i] == "R3"
    )
    slowest = float(1 - c.step.rate(0) * (1 - own))
    more = 1
    while slowest**more * (1 + more) ** (c.n - 1) > 1e-3 and more < 400:
        more += 1
    dynamics, layer = Dynamics(c), outcome.state
    before = _farthest(outcome.limits, outcome.tokens)
    for _ in range(more):
        sets = dynamics.follow_sets(layer)
        if sets != outcome.sets:
            yield f"a set changes at layer {layer.index}"
            return
        layer = dynamics.next_layer(layer, sets)
    if more < 400 and _farthest(outcome.limits, layer.tokens()) > before / 10:
        yield f"tokens do not approach their limits within {more} layers"


def _farthest(limits: Matrix, tokens: Matrix) -> Q:
    return max(abs(x - t) for z, s in zip(tokens, limits, strict=True) for x, t in zip(z, s, strict=True))


def _weight_faults(outcome: Frozen, run: Run) -> Iterator[str]:
    K = outcome.layer
    for i, weights in enumerate(outcome.weights):
        if sum(weights.values()) != 1 or min(weights.values()) <= 0:
            yield f"the weights of token {i} are not convex"
        if any(not _at_rest(run, K, j) for j in weights):
            yield f"the weights of token {i} are on tokens that move"
        point = tuple(sum(x * outcome.tokens[j][c] for j, x in weights.items()) for c in range(len(outcome.limits[i])))
        if point != outcome.limits[i]:
            yield f"the weights of token {i} do not give its limit"


def _repetition_faults(outcome: SelfSimilar, run: Run) -> Iterator[str]:
    c, k, p, order = outcome.configuration, outcome.layer, outcome.period, outcome.permutation
    sign = -1 if c.follow == "smallest" else 1
    B = tuple(tuple(sign * v for v in row) for row in c.A)
    if p < 1 or outcome.scale <= 0:
        yield "period or scale is not positive"
    if outcome.tokens != run[k][0]:
        yield f"the tokens are not those of layer {k}"
    if sorted(order) != list(range(c.n)) or any(c.multiplicities[order[i]] != c.multiplicities[i] for i in range(c.n)):
        yield "the permutation does not fit"
    Q_ = outcome.Q
    if _times(_times(Q_, B), _transposed(Q_)) != tuple(tuple(outcome.scale * v for v in row) for row in B):
        yield "Q B Qᵀ is not c B"
    square = _times(Q_, _transposed(Q_))
    r = square[0][0]
    multiple = square == tuple(tuple(r if a == b else Q(0) for b in range(c.d)) for a in range(c.d))
    if outcome.contraction != (r if multiple else None):
        yield f"the contraction is {r if multiple else None}, the outcome says {outcome.contraction}"
    for t in range(k, len(run) - p):
        images = tuple(_times((run[t][0][order[i]],), Q_)[0] for i in range(c.n))
        if images != run[t + p][0]:
            yield f"layer {t + p} is not the image of layer {t}"
            return
    computed = [phase for phase in outcome.phases if phase.first + phase.layers > k]
    if any(o > k - phase.first and o - a > 1 for phase in computed for a, o in pairwise(phase.jumps)):
        yield "a jump passes over repeating layers"


def _times(X: Matrix, Y: Matrix) -> Matrix:
    return tuple(
        tuple(sum(a * b for a, b in zip(row, column, strict=True)) for column in zip(*Y, strict=True)) for row in X
    )


def _transposed(X: Matrix) -> Matrix:
    return tuple(zip(*X, strict=True))


def _mean(c: Configuration, C: tuple[int, ...], places: Matrix) -> Vector:
    total = sum(c.multiplicities[j] for j in C)
    return tuple(sum(c.multiplicities[j] * places[j][x] for j in C) / total for x in range(c.d))
