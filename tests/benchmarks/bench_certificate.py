"""What checking a certificate costs, next to proving and writing it, in one run.

    python tests/benchmarks/bench_certificate.py

Lattice configurations (n ≤ 12, d ≤ 4), reviews of 128 tokens with two float32 coordinates, and one late leader whose
certificate has jumps. Medians over the inputs, each the best of three, and the ratio of checking to proving. The
checker runs on plain integers of the standard library, the prover on FLINT's.
"""

import random
from fractions import Fraction
from statistics import median
from time import perf_counter

import numpy as np

from hardmax.kernels import Configuration
from hardmax.verify.certificates import checker
from hardmax.verify.certificates.writer import to_text
from hardmax.verify.claims.case import Case
from hardmax.verify.claims.certified import certificate_of


def lattice(rng: random.Random) -> Configuration:
    d = rng.randint(1, 4)
    tokens = {tuple(rng.randint(-3, 3) for _ in range(d)) for _ in range(rng.randint(2, 12))} - {(0,) * d}
    return Configuration(sorted(tokens) or [(1,) * d], None, Fraction(rng.choice([1, 2]), rng.choice([1, 2, 3])))


def review(rng: random.Random) -> Configuration:
    words = np.random.default_rng(rng.randrange(1 << 30)).normal(size=(128, 2)).astype(np.float32)
    return Configuration.from_array(words, None, np.float32(rng.choice([0.1, 0.5, 1.0])))


def late_leader(rise: int) -> Configuration:
    return Configuration([(rise + 3, rise - 1), (-rise - 3, rise - 1), (0, 1), (1, rise), (-1, rise)])


def seconds(action) -> float:
    times = []
    for _ in range(3):
        start = perf_counter()
        action()
        times.append(perf_counter() - start)
    return min(times)


def main() -> None:
    rng = random.Random(7)
    inputs = {
        "lattice, n <= 12, d <= 4": [lattice(rng) for _ in range(300)],
        "review, 128 tokens, d = 2, float32": [review(rng) for _ in range(12)],
        "late leader, layer 3000": [late_leader(3001)],
    }
    print(f"{'':36}{'prove':>10}{'write':>10}{'check':>10}{'slowest':>10}{'check/prove':>13}{'largest':>10}")
    for name, configurations in inputs.items():
        rows = []
        for configuration in configurations:
            case = Case(configuration)
            text = to_text(certificate_of(case))
            prove = seconds(lambda configuration=configuration: Case(configuration).outcome)
            write = seconds(lambda case=case: to_text(certificate_of(case)))
            rows.append((prove, write, seconds(lambda text=text: checker.check(text)), len(text)))
        prove, write, check, _ = (median(column) for column in zip(*rows, strict=True))
        slowest, largest = max(row[2] for row in rows), max(row[3] for row in rows)
        print(
            f"{name:36}{prove * 1e3:7.2f} ms{write * 1e3:7.2f} ms{check * 1e3:7.2f} ms{slowest * 1e3:7.1f} ms"
            f"{check / prove:13.1f}{largest / 1e3:7.1f} kB"
        )


if __name__ == "__main__":
    main()
