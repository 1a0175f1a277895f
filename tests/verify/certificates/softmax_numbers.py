"""What this checker computes on the way, number by number: whoever changes its arithmetic sees it here.

The conformance set leaves other checkers free to round otherwise. `softmax_numbers.json` has what this one computes,
and `test_softmax_checker` that it is right.
"""

import json
import re
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
    for digits in (58, 59):  # 64 τ is exactly 1, and twice that
        given = line | {"beta": Q(3 * (2**digits - 2), 5), "multiplicities": [1, 1]}
        exact = checker.softmax_layers.Softmax(given, 64)
        balls = (exact.next(checker.softmax_layers.Balls(0, N, 1)) for N in [[[3 << 64], [1 << 64]]])
        found[f"tau 2^{digits}"] = str(list(_until_refused(checker, (tuple(b) for b in balls))))
    steep = checker.softmax_layers.Softmax(line | {"A": [[Q(7)]], "multiplicities": [1, 1], "beta": Q(1, 2000)}, 64)
    balls = (steep.next(checker.softmax_layers.Balls(0, N, 2**56)) for N in [[[3 << 64], [1 << 64]]])
    found["radius, A = 7"] = str(list(_until_refused(checker, (tuple(b) for b in balls))))
    return found | _said(checker) | _just(checker)


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


def _just(checker: ModuleType) -> dict[str, str]:
    """What is derived where a bound is met exactly, and where it is missed by the least that the message shows."""
    rules, exponential = checker.softmax, checker.exponential.exponential
    rho, tiny = Q(1, 64), Q(1, 10**9)
    at = rules.View([[900], [-700], [850], [40]], 256, rho, Q(1600, 256), Q(900, 256))
    tied = rules.View([[256], [-256], [0], [0]], 256, Q(0), Q(2), Q(1))
    line = {
        "tokens": [[Q(2)], [Q(-2)], [Q(1)], [Q(0)]],
        "A": [[Q(1)]],
        "alpha": Q(1, 2),
        "multiplicities": [2, 1, 1, 3],
    }

    def problem(beta: Q, growth: Q, **other: Any) -> Any:
        return checker.softmax_layers.Softmax(line | {"beta": beta, "growth": growth} | other, 64)

    found: dict[str, str] = {}

    def ask(what: str, rule: Any, given: Any, section: dict[str, Any], views: dict[int, Any]) -> None:
        answer = (rule(given, section, views) for _ in [0])
        found[what] = str(list(_until_refused(checker, answer)))

    one = {"layer": 0, "limit": [Q(0)], "radius": Q(9), "halvings": 3, "enough": None, "needed": None}
    beta = Q(1, 100)
    q = 1 - Q(1, 3) / exponential(beta * (at.R + rho) * (at.D + 2 * rho), up=True)
    for more in (0, tiny, -tiny):
        ask(f"growth {more}", rules.consensus, problem(beta, 1 / q + more), one, {0: at})
    for more in (0, -tiny):
        ask(f"radius {more}", rules.consensus, problem(beta, Q(1)), one | {"radius": Q(900, 256) + rho + more}, {0: at})
    goal = Q(1, 2)
    for before, after in ((2, -2), (Q(5, 2), -2), (2, -1), (-2, -2)):  # radii that diameters are off the goal
        views = {0: at._replace(D=goal + before * rho), 1: at._replace(D=goal + after * rho)}
        ask(f"needed {before} {after}", rules.consensus, problem(beta, Q(1)), one | {"needed": 1}, views)
    plane = {"tokens": [[Q(0), Q(1)]] * 4, "A": [[Q(1), Q(1, 3)], [Q(-1, 5), Q(2)]]}
    corners = at._replace(c=[[900, 0], [-700, 30], [0, 800], [850, 20]], rho=Q(1, 1000))
    zero = at._replace(c=[[256, 0], [-256, 0], [0, 0], [0, 0]], rho=Q(0), D=Q(2), R=Q(1))
    for what, beta_here, view, T in (
        ("three clusters", Q(3), corners, [0, 1, 2, 0]),
        ("beta 0", Q(0), zero, [0, 1, 0, 0]),
        ("a small exponent", Q(1, 9), corners, [0, 1, 2, 0]),
        ("no gap", Q(10), zero, [0, 1, 0, 0]),
    ):
        given = problem(beta_here, Q(1), **plane, alpha=Q(1, 10**4))
        long = {"layer": 0, "clusters": T, "delta": Q(1, 90), "layers": Q(10**40)}
        ask(f"layers, {what}", rules.metastable, given, long, {0: view})
        most = re.search(r"but (\d+) are proved", found[f"layers, {what}"])
        if most:
            ask(f"exactly so many, {what}", rules.metastable, given, long | {"layers": Q(most[1])}, {0: view})
    near = {"epsilon": Q(900, 256) - 2 + rho, "stays": 0, "left": None}
    views = {0: at._replace(c=[[900], [-512], [256], [0]]), 1: at._replace(c=[[900], [-512], [256], [0]])}
    for more in (0, tiny, -tiny):
        for left in (None, 0, 1):
            section = near | {"epsilon": near["epsilon"] + more, "left": left}
            ask(f"stays {more} {left}", rules.shadow, problem(beta, Q(1)), section, views)
    far = abs(Q(1800, 256) - 2) - rho  # of token 0, which leads and stays at 2 under hardmax
    views[1] = at._replace(c=[[1800], [-512], [256], [0]])
    for more in (0, tiny, -tiny, rho):
        section = near | {"epsilon": far + more, "left": 1}
        ask(f"left {more}", rules.shadow, problem(beta, Q(1)), section, views)
    few = {"tokens": [[Q(1)]] * 3, "multiplicities": [1, 2, 3]}
    for follows in ([0, 1, 0], [0, 1, 2], [0, 0, 0]):
        for eta in (Q(0), Q(1, 1000), Q(1, 50)):
            for b in (Q(3, 10), Q(10)):
                view = at._replace(c=[[900], [-700 if follows[1] else 700], [800]])
                section = {"layer": 0, "follows": follows, "eta": eta, "radius": Q(0)}
                section |= {"limits": [[Q(x)] for x in sorted({*follows})]}
                ask(f"S {follows} {eta} {b}", rules.growing, problem(b, Q(4), **few), section, {0: view})
    pair = {"tokens": [[Q(1)], [Q(-1)]], "multiplicities": [1, 1], "alpha": Q(1, 1000)}
    two = {"layer": 0, "follows": [0, 1], "eta": Q(0), "limits": [[Q(10)], [Q(-10)]], "radius": Q(9)}
    one_leader = {"follows": [0, 0], "limits": [[Q(10)]]}
    apart = tied._replace(c=[[2560], [-2560]], D=Q(20), R=Q(10))  # the gap between is 200, that inside 25
    inside = tied._replace(c=[[2560], [1280]], D=Q(5), R=Q(10))
    still = problem(Q(1), Q(4), **pair, A=[[Q(0)]])
    ask("x is 0", rules.growing, still, two | one_leader, {0: inside})
    for least in (Q(1), Q(3, 2)):
        for eta in (Q(0), Q(1, 50)):
            ask(
                f"y is {least} {eta}",
                rules.growing,
                problem(least / 200, Q(1000), **pair),
                two | {"eta": eta},
                {0: apart},
            )
    ask(
        "x is 1/2", rules.growing, problem(Q(1, 50), Q(1000), **pair), two | one_leader | {"eta": Q(1, 50)}, {0: inside}
    )
    lone = {"tokens": [[Q(1)]], "multiplicities": [1]}
    section = two | {"follows": [0], "limits": [[Q(1)]]}
    for radius in (rho, rho - tiny):
        view = at._replace(c=[[256]], D=Q(0))
        ask(
            f"one leader {radius}",
            rules.growing,
            problem(Q(1, 2), Q(4), **lone),
            section | {"radius": radius},
            {0: view},
        )
    found["short tails"] = str(list(_until_refused(checker, (rules.tail(Q(1), z) for z in [Q(1, 2**40)]))))
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
