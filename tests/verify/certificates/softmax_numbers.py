"""What this checker computes on the way, number by number: whoever changes its arithmetic sees it here.

The conformance set leaves other checkers free to round otherwise. `softmax_numbers.json` has what this one computes,
and `test_softmax_checker` that it is right.
"""

import json
from collections.abc import Iterator
from fractions import Fraction as Q
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

FILE = Path(__file__).parent / "softmax_numbers.json"
PROBLEMS: tuple[dict[str, Any], ...] = (
    {"tokens": [["1", "1/3"], ["-1/12", "1/12"], ["-1", "-1"]], "A": [["1", "2"], ["-1/3", "1"]], "alpha": "1/2"},
    {"tokens": [["3"], ["-7/5"], ["2"], ["2"]], "A": [["1/7"]], "alpha": "3"},
)
VARIANTS = (
    ("2", "1", [1, 1, 1, 1]),
    ("1", "9/4", [1, 2, 3, 4]),
    ("0", "1", [2, 1, 1, 5]),
    ("1000", "1/2", [1, 1, 1, 1]),
)
EXPONENTS = ("0", "1/7", "1/2", "3/2", "17", "1000/3")
DECAYS = (0, 1, 5, 10**18, 2**64, 3 * 2**64 + 12345, 44 * 2**64, 63 * 2**64, 64 * 2**64, 64 * 2**64 + 1, 10**25)


def computed(checker: ModuleType) -> dict[str, str]:
    """{what: the numbers} that a checker computes."""
    found = {f"decay {T}": str(checker.exponential.decay(T, 64)) for T in DECAYS}
    for x in EXPONENTS:
        for up in (False, True):
            found[f"e^{x} {up}"] = str(checker.exponential.exponential(Q(x), up=up))
    for up in (False, True):
        found[f"rounded {up}"] = str([checker.exponential.rounded(Q(1, 3) * Q(2) ** k, up) for k in (-300, 0, 300)])
    for number, given in enumerate(PROBLEMS):
        for beta, growth, w in VARIANTS:
            n = len(given["tokens"])
            problem = {key: [[Q(x) for x in row] for row in given[key]] for key in ("tokens", "A")}
            problem |= {"alpha": Q(given["alpha"]), "beta": Q(beta), "growth": Q(growth), "multiplicities": w[:n]}
            for bits in (64, 97):
                layers = checker.softmax_layers.Softmax(problem, bits).layers()
                found[f"{number} {beta} {growth} {bits}"] = str(list(_until_refused(checker, layers)))
    return found


def _until_refused(checker: ModuleType, layers: Iterator[Any]) -> Iterator[Any]:
    try:
        yield from map(tuple, islice(layers, 6))
    except checker.Refused as refusal:
        yield str(refusal)


def problems(checker: ModuleType) -> Iterator[str]:
    """What a checker computes otherwise; nothing is asked of one that is built otherwise."""
    if hasattr(checker, "softmax_layers"):
        for what, number in computed(checker).items():
            if json.loads(FILE.read_text())[what] != number:
                yield f"{what}: {number}"


def write(checker: ModuleType) -> None:
    """Keep what the checker computes now."""
    FILE.write_text(json.dumps(computed(checker), indent=1) + "\n")
