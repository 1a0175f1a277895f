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
                layers = map(tuple, checker.softmax_layers.Softmax(problem, bits).layers())
                found[f"{number} {beta} {growth} {bits}"] = str(list(_until_refused(checker, layers)))
    return found | _edges(checker)


def _edges(checker: ModuleType) -> dict[str, str]:
    """Where one unit matters."""
    rounded, exponential = checker.exponential.rounded, checker.exponential.exponential
    found = {
        f"rounded 2^{k} + 1 {up}": str(rounded(Q(2**k + 1), up)) for k in (190, 191, 192, 193) for up in (False, True)
    }
    for x in (Q(-1), Q(100_000), Q(100_000) + Q(1, 2)):
        found[f"e^{x}"] = str(list(_until_refused(checker, (exponential(y, up=True) < 2**200_000 for y in [x]))))
    line = {"tokens": [[Q(3)], [Q(1)]], "A": [[Q(1, 3)]], "alpha": Q(2), "beta": Q(1, 500), "growth": Q(1)}
    for most in (2**61 - 1, 2**61):
        given = line | {"multiplicities": [1, most - 1]}
        found[f"W = {most}"] = str(
            list(_until_refused(checker, (checker.softmax_layers.Softmax(g, 64).W for g in [given])))
        )
    small = checker.softmax_layers.Softmax(line | {"multiplicities": [3, 2]}, 64)
    for radius in (2**50, 2**57, 2**59, 2**62):
        N = [[3 << 64], [1 << 64]]
        balls = (small.next(checker.softmax_layers.Balls(0, N, r)) for r in [radius])
        found[f"radius {radius}"] = str(list(_until_refused(checker, (tuple(b) for b in balls))))
    for weights, blur in (([1000, 400], 1), ([1000, 400], 7), ([30, 1], 3), ([1100, 40], 1000)):
        found[f"deviation {weights} {blur}"] = str(small.deviation(weights, sum(weights), [5, 917], 200, blur))
    return found | _said(checker)


def _said(checker: ModuleType) -> dict[str, str]:
    """What the rules derive at a layer that is hardly known, where every term counts; the refusals have the numbers."""
    rules = checker.softmax
    at = rules.View([[900, 80], [-700, 30], [850, 60], [-600, -20]], 256, Q(1, 64), Q(1600, 256), Q(900, 256))
    wide = at._replace(rho=Q(1, 3))
    given = {"tokens": [[Q(x, 256) for x in row] for row in at.c], "A": [[Q(1), Q(1, 3)], [Q(-1, 5), Q(2)]]}
    given |= {"alpha": Q(1, 2), "multiplicities": [2, 1, 1, 3]}
    slow = checker.softmax_layers.Softmax(given | {"beta": Q(2, 3), "growth": Q(1)}, 64)
    fast = checker.softmax_layers.Softmax(given | {"beta": Q(5), "growth": Q(9, 4)}, 64)
    mild = checker.softmax_layers.Softmax(given | {"beta": Q(1, 1000), "growth": Q(5, 4)}, 64)
    one = {"layer": 0, "limit": [Q(0), Q(1, 8)], "radius": Q(0), "halvings": 3, "enough": None, "needed": None}
    long = {"layer": 0, "clusters": [0, 1, 0, 1], "delta": Q(1, 9), "layers": Q(10**9)}
    many = {"layer": 0, "follows": [0, 1, 0, 1], "eta": Q(0), "limits": [[Q(0), Q(0)], [Q(1), Q(1)]], "radius": Q(0)}
    near = {"epsilon": Q(1, 100), "stays": 0, "left": None}
    asked = [
        (rules.consensus, slow, one),
        (rules.consensus, slow, one | {"radius": Q(9), "enough": Q(1)}),
        (rules.consensus, slow, one | {"radius": Q(9), "needed": 0}),
        (rules.consensus, slow, one | {"radius": Q(9), "halvings": 0, "needed": 0}),
        (rules.consensus, slow, one | {"radius": Q(9)}),
        (rules.consensus, mild, one | {"radius": Q(9)}),
        (rules.consensus, fast, one | {"radius": Q(9)}),
        (rules.metastable, slow, long),
        (rules.metastable, slow, long | {"layers": Q(1)}),
        (rules.metastable, slow, long | {"delta": Q(3)}),
        (rules.growing, fast, many),
        (rules.growing, fast, many | {"eta": Q(1, 500)}),
        (rules.growing, fast, many | {"eta": Q(1, 20)}),
        (rules.growing, fast, many | {"eta": Q(1)}),
        (rules.growing, fast, many | {"follows": [0, 1, 2, 1], "eta": Q(1, 500)}),
        (rules.growing, slow, many),
        (rules.shadow, slow, near),
        (rules.shadow, slow, near | {"epsilon": Q(1)}),
    ]
    found = {}
    for number, (rule, problem, section) in enumerate(asked):
        for name, view in (("near", at), ("wide", wide), ("exact", at._replace(rho=Q(0)))):
            answer = (rule(problem, section, {0: v}) for v in [view])
            found[f"rule {number} {name}"] = str(list(_until_refused(checker, answer)))
    found["gaps"] = str([rules.gaps(slow, view, [(0, 0, 1), (1, 3, 2)]) for view in (at, wide)])
    found["near"] = str(rules.near(at, 2, [Q(1), Q(-3)]))
    found["tails"] = str([rules.tail(Q(x), Q(z)) for x, z in ((1, 1), (3, 2), (5000, 5000))])
    sections = {"consensus": one | {"layer": 4, "needed": 9}, "metastable": long | {"layer": 7}, "growing": None}
    found["layers"] = str(sorted(rules.layers_of(sections | {"shadow": near | {"stays": 2, "left": 12}})))
    found["no layers"] = str(rules.layers_of(dict.fromkeys(("consensus", "metastable", "growing", "shadow"))))
    return found


def _until_refused(checker: ModuleType, layers: Iterator[Any]) -> Iterator[Any]:
    try:
        yield from islice(layers, 6)
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
