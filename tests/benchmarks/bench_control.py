"""Control of the leaders: how long exact answers take, how often they are found, and how large certificates are.

    python tests/benchmarks/bench_control.py [INSTANCES]

Each line is one kind of question on random tokens, Gaussian or heavy-tailed (Gaussian times |t_2|), rounded to three
decimals; the tokens asked for are drawn at random. "infeasible" keeps the questions of which no token is excluded by
itself and that turn out not to be possible: the share proved impossible, and not left undecided, is what counts.
"""

import random
import sys
from collections import Counter
from fractions import Fraction
from statistics import median
from time import perf_counter

import numpy as np

from hardmax.kernels.exact.configuration import Configuration
from hardmax.verify.certificates import checker
from hardmax.verify.certificates.writer import to_text
from hardmax.verify.provers.control.answers import ControlAnswer, LeadingKind, ask
from hardmax.verify.provers.control.linear import can_lead


def tokens(rng: np.random.Generator, n: int, d: int, heavy: bool) -> Configuration:
    """Random tokens."""
    Z = rng.standard_normal((n, d)) * (np.abs(rng.standard_t(2, (n, 1))) if heavy else 1)
    return Configuration([[Fraction(round(1000 * x), 1000) for x in z] for z in Z.tolist()])


def line(name: str, answers: list[tuple[ControlAnswer, float]]) -> None:
    """Print verdicts, times, condition numbers, sizes of certificates and the time to check them."""
    counts = Counter(answer.verdict for answer, _ in answers)
    times = sorted(seconds for _, seconds in answers)
    conditions = [answer.condition for answer, _ in answers if answer.condition]
    texts = [to_text(answer.document) for answer, _ in answers if answer.document]
    checks = []
    for text in texts:
        start = perf_counter()
        checker.check(text)
        checks.append(perf_counter() - start)
    parts = [f"{counts[v]:4}" for v in ("possible", "impossible", "undecided")]
    parts += [f"{median(times):7.2f} s {times[-1]:7.2f} s", f"{median(conditions or [0]):9.3g}"]
    parts.append(f"{max(map(len, texts), default=0) / 1000:7.1f} kB {max(checks, default=0):6.2f} s")
    print(f"{name:44}", *parts, flush=True)


def timed(kind: LeadingKind, c: Configuration, L: list[int]) -> tuple[ControlAnswer, float]:
    """An answer, and its seconds."""
    start = perf_counter()
    return ask(kind, [c], L), perf_counter() - start


def random_questions(kind: LeadingKind, n: int, d: int, size: int, heavy: bool, count: int, seed: int) -> None:
    """One line for random questions."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        c = tokens(rng, n, d, heavy)
        found.append(timed(kind, c, sorted(rng.choice(n, size, replace=False).tolist())))
    line(f"{kind} |L| = {size}, n = {n}, d = {d}, {'heavy-tailed' if heavy else 'Gaussian'}", found)


def infeasible_questions(n: int, d: int, heavy: bool, count: int, seed: int) -> None:
    """One line for questions in which each token can lead by itself and all of them together cannot."""
    rng, chooser, found = np.random.default_rng(seed), random.Random(seed), []
    for _ in range(40 * count):
        c = tokens(rng, n, d, heavy)
        able = can_lead(c)
        if len(able) < 2:
            continue
        answer, seconds = timed("lead", c, sorted(chooser.sample(able, chooser.randint(2, len(able)))))
        if answer.verdict != "possible":
            found.append((answer, seconds))
        if len(found) == count:
            break
    line(f"infeasible lead, n = {n}, d = {d}, {'heavy-tailed' if heavy else 'Gaussian'}", found)


def main(count: int = 12) -> None:
    """Print the table."""
    ask("lead", [tokens(np.random.default_rng(0), 6, 3, False)], [0, 1, 2, 3])  # loads cvxpy
    print(f"{'':44} poss. imp. und.   median     worst    condition   certificate, checked")
    for n, d, size in ((30, 8, 1), (30, 8, 2), (30, 8, 4), (128, 16, 4)):
        for heavy in (False, True):
            random_questions("lead", n, d, size, heavy, count, seed=n + size)
    for n, d in ((8, 2), (12, 3), (20, 4)):
        for heavy in (False, True):
            infeasible_questions(n, d, heavy, 4 * count, seed=n)
    for n, d in ((12, 8), (20, 8), (30, 8), (30, 16), (16, 4)):
        for size in (2, 4):
            for heavy in (False, True):
                random_questions("exactly", n, d, size, heavy, count, seed=n + d)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
