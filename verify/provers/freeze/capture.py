"""Rules F, R1 and R2: tokens whose follow sets are proved constant from one layer alone (CERTIFICATE.md §5).

*Stationary* tokens F: leaders, C_i = {i}; and i with C_i ⊂ F ∪ {tokens at z_i} whose weighted mean is z_i. They never
    move again.
*R1*: C_i = {l}, l a leader. *R2*: C_i ⊂ F, i itself not in F, and with m the mean of C_i the score ⟨m, z_j⟩ is the
    same for all j ∈ C_i and the largest of all. Then C_i is constant for ever: z_i keeps to the segment from z_i to m,
    and a token outside C_i keeps weight 1 − λ > 0 on its place, hence a strictly lower score.

Neighbours: `prover` asks at every layer; `sign_table` is rule R3, for all tokens that are left.
"""

from collections.abc import Sequence
from typing import Any

from ....kernels.exact.configuration import Configuration
from ....kernels.exact.dynamics import Dynamics, Layer
from .budget import Work, product
from .outcome import Rule


class Capture:
    """Which tokens are captured so far, and by which rule.

    Args:
        configuration: with means by its multiplicities.
        dynamics: its layers and scores.
        work: where operations are counted.
    """

    def __init__(self, configuration: Configuration, dynamics: Dynamics, work: Work) -> None:
        self.dynamics, self.work, self.multiplicities = dynamics, work, configuration.multiplicities
        self.rules: list[Rule | None] = [None] * configuration.n
        self.stationary: set[int] = set()
        # Tokens can share a position only if they start so, or if the map is not injective (THEORY.md §3.4).
        injective = configuration.has_inner_product and configuration.step.rate(0) < 1
        self.may_meet = not (injective and configuration.is_distinct)
        self.representative: Sequence[int] = range(configuration.n)

    def still_open(self, layer: Layer, sets: Sequence[tuple[int, ...]], tokens: Sequence[int], bits: int) -> list[int]:
        """Apply the rules at one layer, whose rate is below 1; the tokens that none captures.

        Args:
            layer: the layer.
            sets: the follow sets of all tokens there.
            tokens: those that no rule has captured before.
            bits: a bound on the size of the numerators of the layer.
        """
        if self.may_meet:
            places: dict[tuple[Any, ...], int] = {}
            rows = layer.numerators.to_list()
            self.representative = [places.setdefault(tuple(row), i) for i, row in enumerate(rows)]
        rules, stationary, r = self.rules, self.stationary, self.representative
        candidates = []
        for i in tokens:
            if sets[i] == (i,):
                rules[i] = "leader"
                stationary.add(i)
            elif len(sets[i]) > 1:
                candidates.append(i)
        grown = bool(candidates)
        while grown:
            grown = False
            for i in candidates:
                if (
                    rules[i] is None
                    and all(j in stationary or r[j] == r[i] for j in sets[i])
                    and self._is_mean(layer, i, sets[i])
                ):  # fmt: skip
                    rules[i] = "stationary"
                    stationary.add(i)
                    grown = True
        for i in tokens:
            if rules[i] is None and stationary.issuperset(sets[i]):
                if len(sets[i]) == 1:  # then that one leads: a mean of others never scores above all of them
                    rules[i] = "R1"
                elif self._is_captured_by_tie(layer, sets[i], bits):
                    rules[i] = "R2"
        return [i for i in tokens if rules[i] is None]

    def _is_mean(self, layer: Layer, i: int, C: tuple[int, ...]) -> bool:
        """Whether z_i is the weighted mean of its follow set C."""
        w, N = self.multiplicities, layer.numerators.to_list()
        total = sum([w[j] for j in C])
        return all(total * N[i][c] == sum([w[j] * N[j][c] for j in C]) for c in range(len(N[i])))

    def _is_captured_by_tie(self, layer: Layer, C: tuple[int, ...], bits: int) -> bool:
        """The side condition of R2, given that C is stationary: then its follower is not in it, or F would hold it."""
        w = self.multiplicities
        n, d = layer.numerators.shape
        self.work.do(len(C) * n * d * product(bits, bits))
        columns = zip(*self.dynamics.scores(layer, C), strict=True)
        of_mean = [sum([w[j] * s for j, s in zip(C, column, strict=True)]) for column in columns]
        best = max(of_mean)
        return all(of_mean[j] == best for j in C)
