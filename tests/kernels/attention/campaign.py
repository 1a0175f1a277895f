"""Right kernels must never be blamed: random problems of every family, by the thousand, for each dtype.

    python -m tests.kernels.attention.campaign [--count N] [--seed S] [--dtype float16 …]

prints, for each dtype, how many elements were judged, the largest error over W that a right kernel reached (by name and
family) and the median; exit status 1 if a right kernel was blamed, with the call that shows it.
"""

import argparse
import sys
from collections import defaultdict

import numpy as np

from hardmax.kernels.attention.problem import FORMATS
from hardmax.kernels.attention.verdict import judge

from . import bank, inputs


def trial(seed, dtype):
    """(name, family, judgement) of one right kernel on one problem."""
    rng = np.random.default_rng([seed, list(FORMATS).index(dtype)])
    while True:
        name = str(rng.choice(list(bank.RIGHT)))
        plan = bank.at(name, bank.RIGHT[name], dtype)
        if plan is not None:
            break
    family = str(rng.choice(inputs.FAMILIES))
    problem = inputs.problem(rng, family, dtype, softcap=rng.random() < 0.2)
    out, lse = bank.run(plan, problem)
    kernel = bank.kernel(plan, lse="natural", causal_alignment=problem.alignment)
    return name, family, judge(kernel, problem, out, lse)


def campaign(count, seed, dtypes):
    """How many right kernels were blamed; prints a table."""
    blamed = 0
    for dtype in dtypes:
        totals, ratios, top = defaultdict(int), [], (0.0, "", "", 0)
        for number in range(seed, seed + count):
            name, family, found = trial(number, dtype)
            for verdict, many in found.counts.items():
                totals[verdict] += many
            good = np.isfinite(found.W) & (found.codes != 5) & (found.W > 0)
            ratio = float((found.error[good] / found.W[good]).max(initial=0.0))
            ratios.append(ratio)
            top = max(top, (ratio, name, family, number))
            if found.verdict == "fail":
                blamed += 1
                print(f"BLAMED trial({number}, {dtype!r}): {name} on {family}: {found.counts} {found.worst(1)}")
        print(f"{dtype}: {dict(totals)}; worst error/W of a trial: median {np.median(ratios):.3f}, largest {top}")
    return blamed


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--dtype", nargs="*", default=list(FORMATS), choices=list(FORMATS))
    options = parser.parse_args(arguments)
    return 1 if campaign(options.count, options.seed, options.dtype) else 0


if __name__ == "__main__":
    sys.exit(main())
