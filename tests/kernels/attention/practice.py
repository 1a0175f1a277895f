"""Against today's practice: how tests of attention kernels judge the same answers to the same inputs.

    python -m tests.kernels.attention.practice [--dtype float16 …] [--wrong N] [--right N]

prints, for each dtype, how many of the seeded wrong kernels (those whose output is wrong) each rule catches and how
many of the right ones it blames, on the inputs of the checks that are made for them:

    assert_close    torch.testing.assert_close with its defaults, against the float64 answer rounded to the dtype
    twice           max |out − o| ≤ 2 max |eager − o|, eager being step-by-step attention in the same dtype
    magnitudes      a worst-case tolerance from the largest |q|, |k|, |v| of the whole tensors
    bounds          this project: each element by its own bound

and how large the error of right kernels is, in units of the bound.
"""

import argparse
import warnings
from collections import defaultdict
from dataclasses import replace

import numpy as np
import torch

from hardmax.kernels.attention.truth.floats import enclose
from hardmax.verify.conformance import Options, check_ids, run_conformance
from hardmax.verify.conformance.attention import judged
from hardmax.verify.conformance.attention.examine import Examined
from hardmax.verify.conformance.attention.trial import WrongAnswerError, run

from .defects import RIGHT, WRONG
from .defects.core import DTYPES, Steps

RULES = ("assert_close", "twice", "magnitudes", "bounds")
OUTPUTS = ("values", "scale", "ties", "heads", "mask", "bias", "causal", "window", "softcap", "sizes")
LEFT_OUT = ("mask.padding", "mask.empty", "sizes.nothing")
"""Their answer is no number, or a convention."""


class Eager(Steps):
    """Every step in the dtype of the input, with the diagonal and the order of a problem."""

    def __init__(self, problem):
        self.problem = problem

    def wide(self, x):
        return x

    def diagonal(self, Lq, Lk):
        return super().diagonal(Lq, Lk) - (Lk - Lq) * (self.problem.alignment == "bottom_right")

    def after(self, s, softcap, bias):
        if self.problem.softcap_order == "softcap,bias":
            return super().after(s, softcap, bias)
        return self.capped(self.biased(s, bias, softcap), softcap)


def exact(problem, rows=None):
    """The answer in float64, of some rows or all; NaN where a row has none."""
    count = problem.q.shape[2] if rows is None else len(rows)
    out = np.full((*problem.q.shape[:2], count, problem.v.shape[3]), np.nan)
    for b, h in problem.heads():
        head = problem.head(b, h, rows)
        out[b, h][head.n > 0] = enclose(head).o[head.n > 0]
    return out


def tensors(problem):
    dtype = getattr(torch, problem.dtype)
    bias = None if problem.bias is None else torch.from_numpy(np.array(problem.bias)).to(dtype)
    mask = None if problem.mask is None else torch.from_numpy(np.array(problem.mask))
    arrays = [torch.from_numpy(x).to(dtype) for x in (problem.q, problem.k, problem.v)]
    return *arrays, problem.scale, mask, bias, problem.causal, problem.window, problem.softcap


def tolerance(problem, arithmetic):
    """From the largest numbers of the whole tensors: scores, exp, sums and casts at their worst, as declared."""
    dtype, a = arithmetic.dtype, arithmetic.accumulation.u
    D, L = problem.q.shape[3], problem.k.shape[2]
    q, k, v = (np.abs(x[np.isfinite(x)]).max(initial=0.0) for x in (problem.q, problem.k, problem.v))
    scale = 1 / np.sqrt(max(1, D)) if problem.scale is None else abs(problem.scale)
    bias = 0.0 if problem.bias is None else np.abs(problem.bias[np.isfinite(problem.bias)]).max(initial=0.0)
    score = ((D + 8) * a + arithmetic.s * dtype.u) * (scale * D * q * k + bias)
    with np.errstate(over="ignore"):
        return float(v * (np.expm1(2 * score) + (2 * L + 16) * a + 3 * dtype.u)) + dtype.tiny


def rules_of(kernel, trial, problem, out):
    """Rule → whether it refuses `out` as the answer of `kernel` to `problem`."""
    rows = None if trial.rows is None else list(trial.rows)
    wanted, rows = exact(problem, rows), slice(None) if rows is None else rows
    there = np.isfinite(wanted).all(axis=3)
    got, good = out[:, :, rows][there], wanted[there]
    dtype = getattr(torch, problem.dtype)
    with torch.no_grad():
        eager = Eager(problem)(*tensors(problem)).double().numpy()[:, :, rows][there]
    try:
        with np.errstate(all="ignore"):
            torch.testing.assert_close(torch.from_numpy(got).to(dtype), torch.from_numpy(good).to(dtype))
        refused = False
    except AssertionError:
        refused = True
    with np.errstate(invalid="ignore", over="ignore"):
        error, usual = np.abs(got - good), np.abs(eager - good)
    most = float(np.nanmax(usual, initial=0.0)) if np.isfinite(usual).all() else np.inf
    return {
        "assert_close": refused,
        "twice": bool(~(error <= 2 * most).all()),
        "magnitudes": bool(~(error <= tolerance(problem, kernel.arithmetic(problem.dtype))).all()),
    }


def judged_by_all(kernel, checks, dtype):
    """(rules that refuse some answer of the checks, ratios of error to bound)."""
    refused, ratios, original = set(), [], judged.examine

    def examine(tested, trial):
        found = original(tested, trial)
        if found.fault is not None:
            refused.add("bounds")
        ratios.append(found.ratio)
        try:
            out = run(tested, trial).out
        except WrongAnswerError:
            return Examined(None)
        problem = trial.problem
        if found.alignments:
            problem = replace(problem, alignment=found.alignments[0])
        elif found.fault is not None:
            problem = found.fault.problem or problem
        if not refused >= set(RULES[:3]):
            refused.update(rule for rule, no in rules_of(tested, trial, problem, out).items() if no)
        return Examined(None, {"within": 1}, 0.0, 1.0, found.alignments)

    judged.examine = examine
    try:
        run_conformance(kernel, only=checks, options=Options(overrides={"dtypes": (dtype,)}))
    finally:
        judged.examine = original
    return refused, ratios


def of_output(check):
    return check.partition(".")[0] in OUTPUTS and check not in LEFT_OUT


def counted():
    """(kernel, its check) of wrong output; those that are wrong on one path only are not counted."""
    return [one for name, one in WRONG.items() if of_output(one[1]) and not name.startswith("path of ")]


def table(dtypes=DTYPES, most_wrong=None, most_right=None):
    """{dtype: {"wrong": n, "right": n, "caught": {rule: n}, "blamed": {rule: n}, "tight": ratios}}"""
    checks = [check for check in check_ids("attention") if of_output(check)]
    result = {}
    for dtype in dtypes:
        caught, blamed, ratios = defaultdict(int), defaultdict(int), []
        wrong = [(k, c) for k, c in counted() if dtype in k.dtypes][:most_wrong]
        for kernel, check in wrong:
            for rule in judged_by_all(kernel, [check], dtype)[0]:
                caught[rule] += 1
        soft = [k for k in RIGHT.values() if dtype in k.dtypes and not getattr(k, "hard", False)][:most_right]
        for kernel in soft:
            refused, found = judged_by_all(kernel, checks, dtype)
            ratios += found
            for rule in refused:
                blamed[rule] += 1
        result[dtype] = {
            "wrong": len(wrong),
            "right": len(soft),
            "caught": {rule: caught[rule] for rule in RULES},
            "blamed": {rule: blamed[rule] for rule in RULES},
            "tight": ratios,
        }
    return result


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dtype", nargs="*", default=list(DTYPES), choices=DTYPES)
    parser.add_argument("--wrong", type=int, help="so many wrong kernels only")
    parser.add_argument("--right", type=int, help="so many right kernels only")
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    print(f"{'':10}{'':12}" + "".join(f"{rule:>14}" for rule in RULES))
    for dtype, found in table(options.dtype, options.wrong, options.right).items():
        for what, of in (("caught", "wrong"), ("blamed", "right")):
            cells = "".join(f"{found[what][rule]:>8} of {found[of]:<3}" for rule in RULES)
            print(f"{dtype:10}{what:12}{cells}")
        ratios = [x for x in found["tight"] if x > 0] or [0.0]
        print(f"{dtype:10}error/bound of right kernels: median {np.median(ratios):.3g}, largest {max(ratios):.3g}")


if __name__ == "__main__":
    main()
