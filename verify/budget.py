"""How much work a freeze proof may cost. Neighbours: `freeze` keeps to it, `verdict` hands it on."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Budget:
    """How much work one configuration may cost before it is `Undecided`.

    Args:
        steps: layers computed one by one.
        layers: layers in all, jumps included.
        bits: size of the largest denominator.
        seconds: wall-clock time, None for no limit (verdicts then do not depend on the machine).
    """

    steps: int = 4_000
    layers: int = 100_000_000
    bits: int = 8_000_000
    seconds: float | None = None


__all__ = ["Budget"]
