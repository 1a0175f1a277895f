"""Exact facts about a batch at float speed: floats where the bound proves them, the exact kernel for the rest.

Neighbours: `rounding` derives the bound, `protocol` says what a kernel returns, `dynamics` replays what is left.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..exact.array_values import refuse_flushing
from ..exact.configuration import Configuration
from ..exact.dynamics import Dynamics, Sets
from ..follow_sets import FloatProof, FollowSets, move
from ..protocol import BLOCK_BYTES, Kernel, checked, is_identity, to_numpy
from .rounding import SLACK, captured, decision_bound, layer_error, proved


@dataclass(frozen=True, slots=True, eq=False)
class Certified:
    """Facts about the exact dynamics of a batch: no field but `tokens` depends on rounding.

    Args:
        initial: (B, n, d) the tokens of layer 0, exact as the dyadic rationals they are.
        first: (K, B, n) the smallest j in C_i at layer k; not filled after layer `frozen[b]`.
        frozen: (B,) the first layer at which every token follows one leader (a leader itself; equal tokens count as
            one), so that the sets of that layer are those of every later one (rule R1); −1 if no layer < K is.
        tokens: (B, n, d) tokens after K layers, in the kernel's dtype, within `error` of the exact ones.
        error: (B, d) float64.
        unproved: (B,) how many decisions floats did not prove at the layer at which they gave up; 0 if they proved
            all. Configurations with any were replayed by the exact kernel.
        replayed: the whole itinerary of each of these.
    """

    initial: NDArray[np.floating]
    first: NDArray[np.integer]
    frozen: NDArray[np.integer]
    tokens: NDArray[np.floating]
    error: NDArray[np.float64]
    unproved: NDArray[np.integer]
    replayed: Mapping[int, tuple[Sets, ...]]

    def itinerary(self, b: int) -> tuple[Sets, ...]:
        """The exact follow sets of configuration b at layers 0 … K−1."""
        if b in self.replayed:
            return self.replayed[b]
        K = len(self.first)
        stored = K if self.frozen[b] < 0 else int(self.frozen[b]) + 1
        # What floats prove is one token up to equal ones, so the smallest index and the tokens tell the whole set.
        equal: dict[tuple[float, ...], list[int]] = {}
        for i, row in enumerate(self.initial[b].tolist()):
            equal.setdefault(tuple(row), []).append(i)
        members = [tuple(equal[tuple(row)]) for row in self.initial[b].tolist()]
        sets = tuple(tuple([members[j] for j in row]) for row in self.first[:stored, b].tolist())
        return sets + (sets[-1],) * (K - stored)

    @property
    def limit(self) -> NDArray[np.integer]:
        """(B, n) the leader to whose position token i converges, −1 where `frozen` is −1."""
        last = self.first[np.maximum(self.frozen, 0), np.arange(len(self.frozen))]
        return np.where(self.frozen[:, None] < 0, -1, last)


def certify(
    kernel: Kernel, tokens: NDArray[np.floating], A: NDArray[np.floating] | None, alpha: float, layers: int
) -> Certified:
    """The exact itineraries of a batch for K layers, and where leaders capture all tokens, for ever.

    Args:
        kernel: a kernel with `layer` or `prove` whose arithmetic is that of `rounding`; what it returns is believed, so
            prove only with kernels that pass the conformance suite.
        tokens: (B, n, d) float32 or float64, finite: the configurations are the dyadic rationals that they are.
        A: (d, d) representable in that dtype, exactly; the identity if None.
        alpha: α > 0, a number that float64 holds exactly.
        layers: K ≥ 1.

    Returns:
        `Certified`: what the floats prove, and what the exact kernel says where they do not.

    Raises:
        InputError: values that are not finite or would be rounded, a dtype the kernel does not declare, a kernel
            without sets or with a tie rule of its own, or a process that flushes subnormal numbers.
    """
    values, form = _exact_input(kernel, tokens, A, layers)
    alpha = _exact_float("alpha", alpha)
    if kernel.prove is not None:
        proof = kernel.prove(values, form, alpha, layers)
    else:
        proof = _prove(kernel, values, form, alpha, layers)
    result = Certified(values, *proof, {})
    _refuse_infinite(values, np.flatnonzero(proof.unproved))
    itineraries = {b: _replay(result, b, form, alpha) for b in np.flatnonzero(result.unproved).tolist()}
    return Certified(values, *proof, itineraries)


def _exact_input(
    kernel: Kernel, tokens: NDArray, A: NDArray | None, layers: int
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Tokens and A in the tokens' dtype, refused where that would change a value."""
    if kernel.ties != "all":
        raise InputError(
            f'kernel {kernel.name} declares ties = "{kernel.ties}"; facts need a kernel that keeps all ties'
        )
    if kernel.missing:
        raise InputError(kernel.missing)
    if kernel.layer is None and kernel.prove is None:
        raise InputError(f"kernel {kernel.name} does not return follow sets; a kernel with `layer` is required")
    refuse_flushing()
    values, form = checked(tokens, A, 1.0)
    if form.dtype.kind not in "fiu":
        raise InputError(f"A holds {form.dtype.name} values; give numbers that {values.dtype} holds exactly")
    if str(values.dtype) not in kernel.dtypes:
        raise InputError(f"tokens are {values.dtype}; kernel {kernel.name} computes in {', '.join(kernel.dtypes)}")
    if str(values.dtype) not in ("float32", "float64"):  # in less precision SLACK does not cover a rounded margin
        raise InputError(f"tokens are {values.dtype}; facts are proved in float32 and float64: convert them")
    if isinstance(layers, bool) or not isinstance(layers, int) or layers < 1:
        raise InputError(f"layers is {layers!r}; a whole number >= 1 is required")
    with np.errstate(over="ignore"):
        converted = form.astype(values.dtype)
    # As numbers of Python, because NumPy rounds a large integer before it compares it with a float.
    if not (np.isfinite(form).all() and converted.tolist() == form.tolist()):
        raise InputError(f"A is not representable in {values.dtype}; give tokens in float64, or an A that is")
    if not kernel.supports_A and not is_identity(form):
        raise InputError(f"kernel {kernel.name} declares supports_A = False; give A = identity")
    return values, converted


def _exact_float(name: str, value: object) -> float:
    """A positive number as the float64 that it is, refused where it is none."""
    try:
        number = float(value)  # type: ignore[arg-type]
        same = not isinstance(value, str) and Fraction(value) == Fraction(number)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{name} is {value!r}; a positive float64 is required") from None
    if not same:
        raise InputError(f"{name} is {value!r}, which no float64 is exactly; give the float that is meant")
    if not number > 0:
        raise InputError(f"{name} is {value!r}; a step must be positive")
    return number


def _refuse_infinite(values: NDArray[np.floating], unproved: NDArray[np.integer]) -> None:
    """Refuse values that are not finite: these are among the `unproved`, since no bound holds for them."""
    found = np.argwhere(~np.isfinite(values[unproved]))
    if len(found):
        b, i, c = int(unproved[found[0, 0]]), *found[0, 1:].tolist()
        raise InputError(f"tokens[{b}][{i}][{c}] is {values[b, i, c]}; every value must be finite")


def _prove(
    kernel: Kernel, values: NDArray[np.floating], A: NDArray[np.floating], alpha: float, layers: int
) -> FloatProof:
    """What floats prove, by any kernel with `layer`: configurations leave the batch once decided or given up."""
    B, n, d = values.shape
    dtype = str(values.dtype)
    first = np.zeros((layers, B, n), dtype=np.int32)
    frozen, unproved = np.full(B, -1), np.zeros(B, dtype=np.int64)
    tokens, error = values.copy(), np.zeros((B, d))
    active = np.arange(B)
    native_A = kernel.arrays_for(A, dtype)
    for k in range(layers):
        if not len(active):
            break
        assert kernel.layer is not None
        current, E = tokens[active], error[active]
        native, sets = kernel.layer(kernel.arrays_for(current, dtype), native_A, alpha)
        bound = decision_bound(current, A, E)
        certain = proved(sets, bound, values[active])
        for row in np.flatnonzero(~certain.all(axis=1)).tolist():
            _prove_equal(sets, certain, row, bound[row], current[row], values[active[row]], A)
        unproved[active] = n - certain.sum(axis=1)
        keep = np.flatnonzero(unproved[active] == 0)
        active, sets, current, E = active[keep], sets.select(keep), current[keep], E[keep]
        first[k, active] = sets.first
        tokens[active], error[active] = to_numpy(native)[keep], layer_error(current, sets.count, alpha, E)
        done = captured(sets, values[active])
        frozen[active[done]] = k
        rest, sets = active[done], sets.select(np.flatnonzero(done))
        for _ in range(k + 1, layers):
            error[rest] = layer_error(tokens[rest], sets.count, alpha, error[rest])
            tokens[rest] = move(tokens[rest], sets, alpha)
        active = active[~done]
    return FloatProof(first, frozen, tokens, error, unproved)


def _prove_equal(
    sets: FollowSets,
    certain: NDArray[np.bool_],
    row: int,
    bound: NDArray[np.float64],
    tokens: NDArray[np.floating],
    initial: NDArray[np.floating],
    A: NDArray[np.floating],
) -> None:
    """Prove what `proved` could not in configuration `row` because rounding told equal tokens apart.

    If all tokens whose scores, computed here, come within the bound of the largest are one token, then C_i is that
    token; the kernel has averaged some of its copies, which changes nothing but `first`. Scores are formed in blocks.
    """
    open_ = np.flatnonzero(~certain[row] & np.isfinite(bound))
    tied = sets.tied[slice(*np.searchsorted(sets.tied[:, 0], [row, row + 1]))]
    begin, end = (np.searchsorted(tied[:, 1], open_, side=side) for side in ("left", "right"))
    width = max(1, BLOCK_BYTES // (tokens.itemsize * len(tokens)))
    for start in range(0, len(open_), width):
        block = open_[start : start + width]
        scores = (tokens[block] if is_identity(A) else tokens[block] @ A) @ tokens.T
        near = ~(scores < scores.max(axis=1, keepdims=True) - bound[block, None])
        for at, (i, candidates) in enumerate(zip(block.tolist(), near, strict=True), start):
            averaged = tied[begin[at] : end[at], 2]
            involved = np.r_[np.flatnonzero(candidates), sets.first[row, i], averaged]
            if (initial[involved] == initial[involved[0]]).all():
                certain[row, i], sets.first[row, i] = True, involved[0]


def _replay(result: Certified, b: int, A: NDArray[np.floating], alpha: float) -> tuple[Sets, ...]:
    """The exact itinerary of configuration b; its row of every array of `result` is filled from the exact kernel."""
    tokens = result.initial[b]
    configuration = Configuration.from_array(tokens, None if is_identity(A) else A, float(alpha))
    dynamics = Dynamics(configuration)
    place = {row: i for i, row in reversed(list(enumerate(configuration.tokens)))}
    merged = [place[row] for row in configuration.tokens]  # the first of the tokens equal to token i
    layer, itinerary = dynamics.first, []
    K, final = len(result.first), None
    result.frozen[b] = -1
    while final is None:
        k, sets = layer.index, dynamics.follow_sets(layer)
        itinerary.append(sets)
        result.first[k, b] = [C[0] for C in sets]
        single = [len({merged[j] for j in C}) == 1 for C in sets]
        leader = [single[i] and i in C for i, C in enumerate(sets)]
        if all(single[i] and leader[C[0]] for i, C in enumerate(sets)):
            # For ever: z_i moves to its leader s by the factor ρ = 1/(1 + α) a layer, with no further layer computed.
            result.frozen[b] = k
            rows, rest = layer.tokens(), (1 + Fraction(float(alpha))) ** (k - K)
            final = [[s + rest * (x - s) for x, s in zip(rows[i], rows[C[0]], strict=True)] for i, C in enumerate(sets)]
            itinerary += [sets] * (K - k - 1)
        else:
            layer = dynamics.next_layer(layer, sets)
            final = layer.tokens() if layer.index == K else None
    result.tokens[b] = [[float(v) for v in row] for row in final]
    info = np.finfo(tokens.dtype)
    R = np.abs(result.tokens[b].astype(np.float64)).max(axis=0)
    result.error[b] = SLACK * (float(info.eps) * R + float(info.tiny))
    return tuple(itinerary)
