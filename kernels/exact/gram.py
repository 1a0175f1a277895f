"""Tokens known by their inner products alone: the Gram matrix in place of coordinates.

Every layer puts tokens at combinations of the first ones, so coefficients are all that moves: token i starts at the
unit vector e_i of R^n, scores are xᵀGy, and the map e_i → z_i takes these layers to those of the tokens z_i in their
span. Tokens at one place, G_ii = G_ij = G_jj, share the first one's vector, and a token of length 0 is the origin.

Neighbours: `hardmax` is the same with coordinates, `semidefinite` proves that there are such tokens.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

from ..errors import InputError
from .dynamics import Dynamics, Layer
from .hardmax import Hardmax
from .json_values import rows
from .matrix import Matrix, exact_matrix
from .rational_text import short_text
from .semidefinite import Squares, factor
from .step import Exact, Step

if TYPE_CHECKING:
    from .configuration import Configuration


@dataclass(frozen=True, init=False)
class Gram(Hardmax):
    """Hardmax on tokens whose inner products are given: ⟨z_i, z_j⟩ = G_ij.

    Args:
        A: G, (n, n) exact numbers, symmetric and positive semidefinite.
        alpha: an exact α > 0, as for `Hardmax`.
        follow: "largest".
        step: a `Step`, in place of α.

    Raises:
        ExactnessError: a value is a float or of another inexact type.
        InputError: G is not square, not symmetric or not positive semidefinite, or the step not positive.
    """

    kind: ClassVar[str] = "gram"
    keys: ClassVar[tuple[str, ...]] = ("alpha", "step", "gram")
    prover: ClassVar[str] = "hardmax.verify.provers.gram:decide"
    claims: ClassVar[str] = "hardmax.verify.claims.gram:CLAIMS"
    certificate: ClassVar[str | None] = "hardmax.verify.claims.gram:certificate_of"

    factor: Squares = field(init=False, compare=False, repr=False)

    def __init__(
        self,
        A: Iterable[Iterable[Exact]],
        alpha: Step | Exact | None = None,
        follow: str = "largest",
        *,
        step: Step | None = None,
    ) -> None:
        if follow != "largest":
            raise InputError(f"follow is {follow!r}; tokens of a Gram matrix follow the largest inner product")
        G = exact_matrix("gram", A)
        super().__init__(G, alpha, step=step)
        object.__setattr__(self, "factor", _proof(G))

    @classmethod
    def from_json(cls, fields: Mapping[str, Any], d: int) -> "Gram":
        """`gram`, and `alpha` or `step` as for hardmax."""
        if "gram" not in fields:
            raise InputError("gram is missing; give the matrix of the tokens' inner products")
        like = Hardmax.from_json({key: fields[key] for key in ("alpha", "step") if key in fields}, 1)
        return cls(rows("gram", fields["gram"]), like.step)

    def to_json(self) -> dict[str, Any]:
        """What a file says of it."""
        data = super().to_json()
        return {**{key: value for key, value in data.items() if key != "A"}, "gram": data["A"]}

    def tokens(self) -> Matrix:
        """The coefficients with which tokens start: a unit vector for each place, the origin for length 0."""
        G, n, zero, one = self.A, len(self.A), Fraction(0), Fraction(1)
        units = [tuple(one if i == j else zero for j in range(n)) for i in range(n)]
        nothing = (zero,) * n
        first: dict[Fraction, list[int]] = {}
        found = []
        for i, row in enumerate(G):
            of_length = first.setdefault(row[i], [])
            twin = next((j for j in of_length if row[j] == row[i]), None)
            if twin is None:
                of_length.append(i)
            found.append(nothing if row[i] == 0 else units[i if twin is None else twin])
        return tuple(found)

    def dynamics(self, configuration: "Configuration") -> "Combinations":
        """The exact layers, of coefficients."""
        return Combinations(configuration)

    @property
    def has_inner_product(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """True: G is positive definite on the span of the tokens."""
        return True


class Combinations(Dynamics):
    """Layers of coefficients; the scores of layer 0 are read off G."""

    def __init__(self, configuration: "Configuration") -> None:
        super().__init__(configuration)
        support = [[p for p, v in enumerate(row) if v] for row in configuration.tokens]
        unit = all(
            not p or (len(p) == 1 and row[p[0]] == 1) for p, row in zip(support, configuration.tokens, strict=True)
        )
        self._units = [p[0] if p else None for p in support] if unit else None

    def scores(self, layer: Layer, rows: Sequence[int] | None = None) -> list[list[Any]]:
        """As for hardmax."""
        # Proofs ask for scores of rows and of later layers by a `Layer` of their own, with any index.
        if layer.numerators is not self.first.numerators or self._units is None:
            return super().scores(layer, rows)
        G, found = self.form.to_list(), []
        for i in range(len(self._units)) if rows is None else rows:
            p = self._units[i]
            found.append([0 if p is None or q is None else G[p][q] for q in self._units])
        return found


def _proof(G: Matrix) -> Squares:
    """The proof that G is a Gram matrix.

    Raises:
        InputError: it is none.
    """
    n = len(G)
    for i, row in enumerate(G):
        if len(row) != n:
            raise InputError(f"gram[{i}] has {len(row)} numbers, but there are {n} rows; a Gram matrix is square")
    if n == 0:
        raise InputError("gram is empty; give the matrix of the tokens' inner products")
    for i, row in enumerate(G):
        for j in range(i):
            if row[j] != G[j][i]:
                values = f"gram[{i}][{j}] is {short_text(row[j])}, gram[{j}][{i}] is {short_text(G[j][i])}"
                raise InputError(f"{values}; inner products are symmetric")
    return factor(G)
