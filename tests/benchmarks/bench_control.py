"""Control of the leaders: how long exact answers take, how often they are found, and how large certificates are.

    python tests/benchmarks/bench_control.py [INSTANCES [TEXT]]

Each line is one kind of question on random tokens, Gaussian or heavy-tailed (Gaussian times |t_2|), rounded to three
decimals; the tokens asked for are drawn at random. "infeasible" keeps the questions of which no token is excluded by
itself and that turn out not to be possible: the share proved impossible, and not left undecided, is what counts. Only
lines with TEXT in their name are run, "exactly" or "d = 16" for instance. Times are of the processor.
"""

import random
import sys
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from statistics import median
from time import process_time

import numpy as np

from hardmax.kernels.exact.configuration import Configuration
from hardmax.verify.certificates import checker
from hardmax.verify.certificates.writer import to_text
from hardmax.verify.provers.control.answers import ControlAnswer, ask
from hardmax.verify.provers.control.linear import can_lead
from hardmax.verify.provers.control.questions import LeadingKind


def tokens(rng: np.random.Generator, n: int, d: int, heavy: bool) -> Configuration:
    """Random tokens."""
    Z = rng.standard_normal((n, d)) * (np.abs(rng.standard_t(2, (n, 1))) if heavy else 1)
    return Configuration([[Fraction(round(1000 * x), 1000) for x in z] for z in Z.tolist()])


def line(name: str, text: str, answers: Iterator[tuple[ControlAnswer, float]]) -> None:
    """Print verdicts, times, condition numbers, sizes of certificates and time to check, if the text is in the name."""
    if text not in name:
        return
    found = list(answers)
    counts = Counter(answer.verdict for answer, _ in found)
    times = sorted(seconds for _, seconds in found)
    conditions = [answer.condition for answer, _ in found if answer.condition]
    texts = [to_text(answer.document) for answer, _ in found if answer.document]
    checks = []
    for text in texts:
        start = process_time()
        checker.check(text)
        checks.append(process_time() - start)
    parts = [f"{counts[v]:4}" for v in ("possible", "impossible", "undecided")]
    parts += [f"{median(times):7.2f} s {times[-1]:7.2f} s", f"{median(conditions or [0]):9.3g}"]
    parts.append(f"{max(map(len, texts), default=0) / 1000:7.1f} kB {max(checks, default=0):6.2f} s")
    print(f"{name:44}", *parts, flush=True)


def timed(kind: LeadingKind, c: Configuration, L: list[int]) -> tuple[ControlAnswer, float]:
    """An answer, and its seconds."""
    start = process_time()
    return ask(kind, [c], L), process_time() - start


def random_questions(
    kind: LeadingKind, n: int, d: int, size: int, heavy: bool, count: int
) -> Iterator[tuple[ControlAnswer, float]]:
    """Random questions."""
    rng = np.random.default_rng(n + (size if kind == "lead" else d))
    for _ in range(count):
        c = tokens(rng, n, d, heavy)
        yield timed(kind, c, sorted(rng.choice(n, size, replace=False).tolist()))


def infeasible_questions(n: int, d: int, heavy: bool, count: int) -> Iterator[tuple[ControlAnswer, float]]:
    """Questions in which each token can lead by itself and all of them together cannot."""
    rng, chooser = np.random.default_rng(n), random.Random(n)
    for _ in range(40 * count):
        c = tokens(rng, n, d, heavy)
        able = can_lead(c)
        if len(able) < 2:
            continue
        answer, seconds = timed("lead", c, sorted(chooser.sample(able, chooser.randint(2, len(able)))))
        if answer.verdict != "possible":
            yield answer, seconds
            count -= 1
        if not count:
            break


def main(count: int = 12, text: str = "") -> None:
    """Print the table."""
    ask("lead", [tokens(np.random.default_rng(0), 6, 3, False)], [0, 1, 2, 3])  # loads cvxpy
    print(f"{'':44} poss. imp. und.   median     worst    condition   certificate, checked")
    tails = {False: "Gaussian", True: "heavy-tailed"}
    for n, d, size in ((30, 8, 1), (30, 8, 2), (30, 8, 4), (128, 16, 4)):
        for heavy, tail in tails.items():
            name = f"lead |L| = {size}, n = {n}, d = {d}, {tail}"
            line(name, text, random_questions("lead", n, d, size, heavy, count))
    for n, d in ((8, 2), (12, 3), (20, 4)):
        for heavy, tail in tails.items():
            line(f"infeasible lead, n = {n}, d = {d}, {tail}", text, infeasible_questions(n, d, heavy, 4 * count))
    for n, d in ((12, 8), (20, 8), (30, 8), (30, 16), (16, 4)):
        for size in (2, 4):
            for heavy, tail in tails.items():
                name = f"exactly |L| = {size}, n = {n}, d = {d}, {tail}"
                line(name, text, random_questions("exactly", n, d, size, heavy, count))


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 12, *sys.argv[2:3])
