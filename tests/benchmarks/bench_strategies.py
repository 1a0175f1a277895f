"""What one configuration costs to draw, by family: CPU time a draw inside `@given`, and how many times the bare list
of places that every family draws first.

Run: python tests/benchmarks/bench_strategies.py [examples]
"""

import sys
from time import process_time

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy

from hardmax.strategies import FAMILIES, configurations
from hardmax.strategies.families.family import places


def milliseconds(strategy: SearchStrategy[object], examples: int) -> float:
    """CPU milliseconds a draw, Hypothesis' own work included."""
    drawn = 0

    @settings(
        max_examples=examples,
        database=None,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def draw(_: object) -> None:
        nonlocal drawn
        drawn += 1

    start = process_time()
    draw()
    return (process_time() - start) / drawn * 1_000


def main() -> None:
    examples = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    bare = milliseconds(places(144, 1, 12), examples)
    print(f"{'bare list of places':22}{bare:7.2f} ms")
    for name in FAMILIES:
        cost = milliseconds(configurations(families=[name]), examples)
        print(f"{name:22}{cost:7.2f} ms {cost / bare:6.1f} times the bare list")


if __name__ == "__main__":
    main()
