"""An attack on the bound: right kernels of many kinds in emulated arithmetic, against 320-bit truth.

    python -m tests.kernels.attention.attack [--count N] [--seed S] [--dtype float16 …]

Nothing here is shared with the code under test or with `bank` but what a kernel declares: rounding, scores, weights,
sums, gradients and the truth are written again. Every trial draws arithmetic, order, placement of the scale, softcap,
kind of softmax and inputs near the ends of the formats. Exit status 1 if a right kernel was beyond W anywhere.
"""

import argparse
import math
import sys
from collections import defaultdict

import flint
import numpy as np

from hardmax.kernels.attention.gradients import gradients
from hardmax.kernels.attention.problem import Problem
from hardmax.kernels.attention.protocol import declare_attention
from hardmax.kernels.attention.truth.floats import enclose
from hardmax.kernels.attention.verdict import VERDICTS, judge

from .attack_inputs import allowed, inputs
from .attack_kernels import FORMATS, Kind, attention, backward


def truth(P, q, k, v, bias, on, dO):
    """(o, lse, [dq, dk, dv]) in 320 bits, from the formulas."""
    arb, (R, L) = flint.arb, on.shape
    matrix = lambda x: flint.arb_mat(*x.shape, [arb(float(y)) for y in x.ravel()])  # noqa: E731
    scale, dots = 1 / arb(q.shape[1]).sqrt() if P.scale is None else arb(P.scale), matrix(q) * matrix(k.T)
    weights, dS, lse = flint.arb_mat(R, L), flint.arb_mat(R, L), [None] * R
    dP = matrix(dO) * matrix(v.T)
    for i in range(R):
        keys = np.flatnonzero(on[i]).tolist()
        t, slope = {}, {}
        for j in keys:
            x, b = dots[i, j] * scale, arb(0 if bias is None else float(bias[i, j]))
            x = x + b if P.softcap_order == "bias,softcap" else x
            slope[j] = arb(1)
            if P.softcap:
                th = (x / arb(P.softcap)).tanh()
                x, slope[j] = arb(P.softcap) * th, 1 - th * th
            t[j] = x if P.softcap_order == "bias,softcap" else x + b
        if not keys:
            continue
        top = max(t.values(), key=lambda y: float(y.mid()))
        total = sum(((t[j] - top).exp() for j in keys), arb(0))
        lse[i] = top + total.log()
        for j in keys:
            weights[i, j] = (t[j] - lse[i]).exp()
        delta = sum((weights[i, j] * dP[i, j] for j in keys), arb(0))
        for j in keys:
            dS[i, j] = scale * weights[i, j] * (dP[i, j] - delta) * slope[j]
    return weights * matrix(v), lse, [dS * matrix(k), dS.transpose() * matrix(q), weights.transpose() * matrix(dO)]


def apart(exact, got):
    """A lower bound of |got − exact|."""
    return float(abs(exact - flint.arb(float(got))).lower()) if math.isfinite(got) else math.inf


def trial(seed, dtype):
    """(what was beyond W, {quantity: largest error over W}, elements that were judged and that were above T)."""
    rng = np.random.default_rng([seed, list(FORMATS).index(dtype), 101])
    m = Kind(rng, dtype)
    family, q, k, v, options, dO = inputs(rng, dtype, m.acc)
    on, bias = allowed(options, len(q), len(k)), options.get("bias")
    P = Problem(*(x[None, None] for x in (q, k, v)), dtype=dtype, **options)
    seen = on.any(axis=0)[:, None]
    k, v = np.where(seen, k, 0.0), np.where(seen, v, 0.0)  # keys that no row may see are not read
    kernel = declare_attention(lambda q, k, v: None, **m.declared(P.softcap_order))
    beyond, ratios, counts = [], defaultdict(float), np.zeros(3, dtype=int)
    with np.errstate(all="ignore"), flint.ctx.workprec(320):
        out, lse, kept_lse, s, scale = attention(m, P, q, k, v, bias, on)
        exact, exact_lse, exact_gradients = truth(P, q, k, v, bias, on, dO)
        found, known = judge(kernel, P, out[None, None], lse[None, None]), enclose(P.head(0, 0))
        some = on.any(axis=1)
        for (i, d), got in np.ndenumerate(out):
            if some[i]:
                W, T = found.W[0, 0, i, d], found.T[0, 0, i, d]
                off = apart(exact[i, d], got)
                counts += (1, np.isfinite(W), off > T)
                ratios["out"] = max(ratios["out"], off / W)
                if apart(exact[i, d], known.o[i, d]) > known.o_error[i, d]:
                    beyond.append(f"enclosure {i} {d}")
                if (off > W and np.isfinite(W)) or VERDICTS[found.codes[0, 0, i, d]] == "beyond":
                    beyond.append(f"out {i} {d}: {off} > {W}")
        for i in np.flatnonzero(some):
            if apart(exact_lse[i], known.lse[i]) > known.lse_error[i]:
                beyond.append(f"enclosure of lse {i}")
            if VERDICTS[found.lse[0, 0, i]] == "beyond":
                beyond.append(f"lse {i}: {lse[i]} {known.lse[i]}")
        if m.way not in ("eager",) and some.all() and m.cast != "both":
            got = backward(m, P, q, k, v, bias, on, out, kept_lse, s, scale, dO)
            bounds = gradients(P, kernel.arithmetic(dtype), dO[None, None])
            for name, x, right in zip(bounds, got, exact_gradients, strict=True):
                value, error, W, T = (y[0, 0] for y in bounds[name])
                for at, y in np.ndenumerate(x):
                    off = apart(right[at], y)
                    counts += (1, np.isfinite(W[at]), off > T[at])
                    ratios[name] = max(ratios[name], off / W[at])
                    if np.isfinite(error[at]) and apart(right[at], value[at]) > error[at]:
                        beyond.append(f"enclosure of {name} {at}")
                    if off > W[at] and np.isfinite(W[at]):
                        beyond.append(f"{name} {at}: {off} > {W[at]}")
    what = {x: y for x, y in vars(m).items() if x != "rng" and y}
    return [f"trial({seed}, {dtype!r}) {family} {options} {what}: {x}" for x in beyond[:2]], ratios, counts


def attack(count, seed, dtypes):
    """How many trials broke the bound; prints them, and the largest ratios."""
    broken = 0
    for dtype in dtypes:
        largest, totals = defaultdict(float), np.zeros(3, dtype=int)
        for number in range(seed, seed + count):
            beyond, ratios, counts = trial(number, dtype)
            broken += bool(beyond)
            totals += counts
            for line in beyond:
                print(line, flush=True)
            for name, x in ratios.items():
                largest[name] = max(largest[name], x)
        shown = {name: round(float(x), 3) for name, x in largest.items()}
        print(f"{dtype}: {count} trials, elements, bounded, above T: {totals.tolist()}; largest error/W {shown}")
    return broken


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--dtype", nargs="*", default=list(FORMATS), choices=list(FORMATS))
    options = parser.parse_args(arguments)
    return 1 if attack(options.count, options.seed, options.dtype) else 0


if __name__ == "__main__":
    sys.exit(main())
