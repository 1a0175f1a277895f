"""How much work one configuration may cost, counted in operations so that a verdict does not depend on the machine.

One operation is a product of two 64-bit words, or what takes as long, about a nanosecond. Before a piece of work is
done its operations are counted by what they depend on, the number of products and the bits of their factors:

    product of x and y words, x ≤ y:  CALL + y min(x, 16 log₂ x)       (schoolbook, then a fast transform)
    greatest common factor:           2 log₂ x products of x words

CALL is what Python and SymPy spend on any product. Measured with python-flint, in nanoseconds of processor time an
operation: layers one by one until DEFAULT is spent 0.8 to 1.0; jumps over 10^4 to 4·10^5 layers, to numbers of 10^5 to
8·10^6 bits, with limits 0.3 to 1.0; first layers of 60 to 300 tokens 0.8 to 1.2. So DEFAULT is about ten seconds; only
proofs that end within a millisecond take more time than their operations say. Without python-flint no sign comes from
balls: a proof that jumps far then counts, and takes, more.

Neighbours: `prover`, `sign_table`, `large_layers` and `balls` count here, `conclusion` hands a budget on.
"""

from dataclasses import dataclass
from time import monotonic

from ....kernels.errors import HardmaxError

DEFAULT = 10_000_000_000
"""Operations that one configuration may cost: about ten seconds."""
CALL = 100
"""Operations that Python spends on one product of any size."""


class OutOfBudgetError(HardmaxError):
    """The budget does not allow the next piece of work, which was not begun."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How much work one configuration may cost before it is `Undecided`.

    Args:
        operations: as counted above; None for no limit.
        seconds: wall-clock time, None for no limit (verdicts then do not depend on the machine).
        steps: layers computed one by one, None for no limit; as the next two, for searches that want simple inputs.
        layers: layers in all, jumps included.
        bits: size of the largest denominator.
    """

    operations: int | None = DEFAULT
    seconds: float | None = None
    steps: int | None = None
    layers: int | None = None
    bits: int | None = None

    @classmethod
    def unlimited(cls, seconds: float | None = None) -> "Budget":
        """No limit but, if given, that of the clock."""
        return cls(operations=None, seconds=seconds)


class Work:
    """The work done on one configuration.

    Args:
        budget: what ends it.

    Attributes:
        spent: operations so far.
    """

    def __init__(self, budget: Budget) -> None:
        self.budget, self.spent = budget, 0
        self._started = monotonic()

    def do(self, operations: int) -> None:
        """Count work that is about to be done.

        Raises:
            OutOfBudgetError: it would exceed the budget, or the time is up.
        """
        budget = self.budget
        if budget.seconds is not None and monotonic() - self._started > budget.seconds:
            raise OutOfBudgetError(f"{budget.seconds:g} seconds have passed")
        if not self.allows(operations):
            raise OutOfBudgetError(self.exhausted)
        self.spent += operations

    @property
    def exhausted(self) -> str:
        """Why nothing more is done: what was spent, and how to give more."""
        return (
            f"the next piece of work exceeds the budget of {self.budget.operations:,} operations, of which "
            f"{self.spent:,} are spent (more: --seconds S, in Python Budget.unlimited(seconds=S))"
        )

    def allows(self, operations: int) -> bool:
        """Whether the budget has so many operations left."""
        limit = self.budget.operations
        return limit is None or self.spent + operations <= limit


def product(x: int, y: int) -> int:
    """The operations of a product of integers of x and y bits."""
    short, long = (x >> 6) + 1, (y >> 6) + 1
    if short > long:
        short, long = long, short
    return CALL + long * min(short, 16 * short.bit_length())


def common_factor(bits: int) -> int:
    """The operations of a greatest common factor of two integers of so many bits."""
    return 2 * (bits >> 6).bit_length() * product(bits, bits)


def fraction(bits: int) -> int:
    """The operations of a product of two of Python's fractions: its common factors are quadratic."""
    return 20 * CALL + 5 * ((bits >> 6) + 1) ** 2
