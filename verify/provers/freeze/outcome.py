"""What the freeze prover returns: an itinerary that is known for every layer, or the reason why it is not.

Plain frozen records without behaviour of their own: `prover` fills them, `claims` reads them, `writer` writes
them to a file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, Literal

from ....kernels.exact.configuration import Configuration, Matrix
from ....kernels.exact.dynamics import Layer, Sets

Rule = Literal["leader", "stationary", "R1", "R2", "R3"]
"""Why a token's follow set never changes again (CERTIFICATE.md §5): it is a leader; it sits at the mean of stationary
tokens; it is captured by a leader (R1) or by a tie (R2); or its sign table is nonnegative (R3)."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A run of layers with the same follow sets.

    Args:
        first: the first layer of the run.
        layers: how many layers the run has, ≥ 1 (in the last phase of a `Frozen`: up to the layer of its rules).
        sets: the follow sets at each of them.
        jumps: () if every layer of the run was computed. Otherwise ascending offsets o_0 < … < o_t from `first`,
            o_t = layers − 1: layers up to o_0 were computed; between o_i and o_{i+1} nothing was computed, and the
            sets there are proved by sign tables at both ends (`sign_table.SignTable`).
    """

    first: int
    layers: int
    sets: Sets
    jumps: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Frozen:
    """Proof that the itinerary is constant from `freeze_layer` on, with every limit exactly.

    Args:
        configuration: the input.
        phases: the whole itinerary, layer 0 first, no gap; neighbouring phases have different sets.
        layer: the layer K at which the rules were applied, the last layer of the last phase.
        rules: for each token the rule that keeps its follow set constant from layer K on.
        state: layer K.
        limits: lim z_i^k for each token i.
        weights: for each token i the exact convex weights of its limit over tokens that never move again: a map
            {token: weight}, weights positive with sum 1; over leaders only, wherever the follow graph leads to them.
        leaders: {token: first layer k with C_i(Z^k) = {i}}.
    """

    configuration: Configuration
    phases: tuple[Phase, ...]
    layer: int
    rules: tuple[Rule, ...]
    state: Layer
    limits: Matrix
    weights: tuple[Mapping[int, Fraction], ...]
    leaders: Mapping[int, int]

    def __repr__(self) -> str:
        return f"<Frozen from layer {self.freeze_layer} on, leaders {dict(self.leaders)}>"

    @property
    def tokens(self) -> Matrix:
        """Z^K in the configuration's units."""
        return self.state.tokens()

    @property
    def freeze_layer(self) -> int:
        """The first layer from which all follow sets are constant."""
        return self.phases[-1].first

    @property
    def sets(self) -> Sets:
        """The follow sets of every layer from `freeze_layer` on."""
        return self.phases[-1].sets


@dataclass(frozen=True, slots=True, repr=False)
class SelfSimilar:
    """Proof that the layers repeat up to a linear map: Z^{k+period} = π(Z^k) Q with Q A Qᵀ = c A, c > 0.

    The follow sets then repeat (relabelled by π) for ever, so z^{k + m·period} follows exactly from Z^k and Q^m.
    Covers exact cycles (Q = I: no convergence) and spirals (no leader, tokens shrink to the origin).

    Args:
        configuration: the input.
        phases: the itinerary of layers 0 … layer + period − 1.
        layer: the layer k at which the repetition starts.
        period: the number of layers after which it repeats, ≥ 1.
        permutation: π as indices: row i of Z^{k+period} is row permutation[i] of Z^k, times Q.
        Q: (d, d) exact; tokens are rows.
        scale: c.
        contraction: r with Q Qᵀ = r I (None if Q is no multiple of an orthogonal matrix); r < 1 proves z → 0.
        tokens: Z^k in the configuration's units.
        leaders: {token: first layer k with C_i(Z^k) = {i}}.
    """

    configuration: Configuration
    phases: tuple[Phase, ...]
    layer: int
    period: int
    permutation: tuple[int, ...]
    Q: Matrix
    scale: Fraction
    contraction: Fraction | None
    tokens: Matrix
    leaders: Mapping[int, int]

    freeze_layer: ClassVar[None] = None

    def __repr__(self) -> str:
        return f"<SelfSimilar, period {self.period} from layer {self.layer} on, leaders {dict(self.leaders)}>"

    @property
    def limits(self) -> Matrix | None:
        """The origin for every token where Q contracts, None where the tokens do not converge or that is not known."""
        if self.contraction is None or self.contraction >= 1:
            return None
        return ((Fraction(0),) * self.configuration.d,) * self.configuration.n


@dataclass(frozen=True, slots=True, repr=False)
class Enclosed:
    """Proof that every token converges, with its limit up to a radius; of models whose layers are no rationals.

    Args:
        configuration: the input.
        limits: (n, d), the middle of the enclosure of each limit.
        radius: each coordinate of each limit is within this of its middle.
        layer: the layer that shows it.
        leaders: {token: the layer from which on it is proved to be the limit's vertex}; None if none is known to be.
        evidence: what shows it, as the room of that model has it.
    """

    configuration: Configuration
    limits: Matrix
    radius: Fraction
    layer: int
    leaders: Mapping[int, int] | None
    evidence: Any

    phases: ClassVar[tuple[Phase, ...]] = ()
    freeze_layer: ClassVar[None] = None

    def __repr__(self) -> str:
        return f"<Enclosed: {len(set(self.limits))} limits, up to {float(self.radius):.1e}>"


@dataclass(frozen=True, slots=True, repr=False)
class Undecided:
    """Nothing is claimed about k → ∞: the budget ended, or no rule applies.

    What a `Frozen` says of k → ∞ is None here.

    Args:
        configuration: the input.
        phases: the itinerary as far as it was followed.
        reason: which budget ended, in words.
    """

    configuration: Configuration
    phases: tuple[Phase, ...]
    reason: str

    layer: ClassVar[None] = None
    rules: ClassVar[None] = None
    state: ClassVar[None] = None
    limits: ClassVar[None] = None
    weights: ClassVar[None] = None
    leaders: ClassVar[None] = None
    tokens: ClassVar[None] = None
    freeze_layer: ClassVar[None] = None
    sets: ClassVar[None] = None

    def __repr__(self) -> str:
        return f"<Undecided: {self.reason}>"


Outcome = Frozen | SelfSimilar | Enclosed | Undecided
