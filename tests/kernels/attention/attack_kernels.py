"""Right attention kernels of many kinds, drawn at random, in emulated arithmetic; shares nothing with `bank`."""

import argparse
import math

import numpy as np

FORMATS = {  # digits, least exponent of normal numbers, largest number
    "float16": (11, -14, 65504.0),
    "bfloat16": (8, -126, float.fromhex("0x1.fep127")),
    "float32": (24, -126, float(np.finfo(np.float32).max)),
    "float64": (53, -1022, float(np.finfo(np.float64).max)),
}
ACCUMULATIONS = {
    "float16": ["float32"] * 6 + ["float16", "float64"],
    "bfloat16": ["float32"] * 6 + ["bfloat16", "float64"],
    "float32": ["float32"] * 5 + ["float64"],
    "float64": ["float64"] * 3 + ["float32"],
}


def near(x, name):
    """x rounded to the nearest number of a format, by the arithmetic of its own."""
    digits, least, largest = FORMATS[name]
    x = np.asarray(x, dtype=float)
    if name == "float64":
        return x
    if name in ("float16", "float32"):
        with np.errstate(over="ignore"):
            return x.astype(name).astype(float)
    step = np.ldexp(1.0, np.maximum(np.frexp(np.where(np.isfinite(x), x, 0))[1] - 1, least) - digits + 1)
    y = np.where(np.isfinite(x), np.rint(x / step) * step, x)
    return np.where(np.abs(y) > largest, np.copysign(np.inf, y), y)


class Kind:
    """What a kernel does, drawn at random, and how it computes."""

    def __init__(self, rng, dtype):
        self.rng, self.dtype = rng, dtype
        self.acc = str(rng.choice(ACCUMULATIONS[dtype]))
        self.order = str(rng.choice(["forward", "reverse", "pairs"]))
        self.base2, self.block = bool(rng.random() < 0.5), int(rng.choice([1, 4, 16, 64]))
        self.scale_on = str(rng.choice(["q", "k", "both", "score", "capped"]))
        self.way = str(rng.choice(["online", "online", "eager", "split", "second", "lag", "shift"]))
        self.s = 4 if rng.random() < (0.5 if self.way == "eager" else 0.15) else 0
        self.cast = [False, True, "both"][rng.choice(3, p=[0.4, 0.4, 0.2])]
        self.cast = bool(self.cast) if self.way in ("second", "eager") else self.cast
        self.lag = float(rng.choice([1.0, 6.0, 12.0])) if self.way == "lag" else 0.0
        self.block = 1 if self.lag and rng.random() < 0.5 else self.block
        self.flushes = bool(rng.random() < 0.2) and self.acc != "float64"
        self.E, self.reciprocal = float(rng.choice([0.5, 2.0, 8.0])), bool(rng.random() < 0.5)
        self.lse_dtype = str(rng.choice([self.acc, self.acc, "float16"]))
        self.scale_dS, self.delta_from_P = bool(rng.random() < 0.5), bool(rng.random() < 0.3)
        self.u = 2.0 ** -FORMATS[self.acc][0]

    def declared(self, order):
        return {
            "dtypes": (self.dtype,),
            "accumulates": self.acc,
            "weights_cast": self.cast,
            "score_roundings": self.s,
            "exp_ulps": max(1.0, self.E),
            "block": self.block,
            "shift_rounded": self.way == "shift",
            "lag": self.lag,
            "split_keys": self.way == "split",
            "normalised_by_lse": self.way == "second",
            "flushes": self.flushes,
            "lse": "log2" if self.base2 else "natural",
            "lse_dtype": self.lse_dtype,
            "softcap_order": order,
            "causal_alignment": "top_left",
        }

    def f(self, x):
        """Rounded to the accumulation."""
        y = near(x, self.acc)
        return np.where(np.abs(y) < 2.0 ** FORMATS[self.acc][1], 0.0, y) if self.flushes else y

    def half(self, x, really=True):
        """Rounded to the dtype."""
        y = near(x, self.dtype)
        flushes = self.flushes and really
        y = np.where(np.abs(y) < 2.0 ** FORMATS[self.dtype][1], 0.0, y) if flushes else y
        return y if really else np.asarray(x, dtype=float)

    def kept(self, x):
        """Scores and what becomes of them: rounded to the dtype if they are kept in it."""
        return self.half(x, self.s > 0)

    def exp(self, x):
        y = np.exp2(x) if self.base2 else np.exp(x)
        if self.E > 0.5 and self.acc != "float64":
            sign = self.rng.choice([-1.0, 1.0], size=y.shape) if self.rng.random() < 0.6 else 1.0
            y = np.where((x == 0) | (y == 0), y, y * (1 + (self.E - 0.55) * self.u * sign))
        return self.f(y)

    def sum(self, x, axis):
        x = np.moveaxis(x, axis, 0)
        x = x[::-1] if self.order == "reverse" else x
        if self.order != "pairs":
            total = np.zeros(x.shape[1:])
            for y in x:
                total = self.f(total + y)
            return total
        while len(x) > 1:
            x = np.concatenate([x, np.zeros((len(x) % 2, *x.shape[1:]))])
            x = self.f(x[::2] + x[1::2])
        return x[0] if len(x) else np.zeros(x.shape[1:])

    def product(self, a, b):
        return self.sum(self.f(a[:, :, None] * b[None]), 1)


def scores(m, P, q, k, bias, on):
    """Computed scores in units of 1 or log 2, −∞ where hidden; the scale."""
    f, kept, cap = m.f, m.kept, P.softcap
    scale = f(1 / f(np.sqrt(float(q.shape[1])))) if P.scale is None else f(P.scale)
    unit = f(math.log2(math.e)) if m.base2 else 1.0
    c = f(cap) if cap else None
    inner = unit if cap is None else (f(1 / c) if m.scale_on == "capped" else 1.0)
    factor = f(scale * inner)
    if m.scale_on in ("q", "capped"):
        s = m.product(kept(f(q * factor)), k.T)
    elif m.scale_on == "k":
        s = m.product(q, kept(f(k * factor)).T)
    elif m.scale_on == "both" and factor > 0:
        s = m.product(kept(f(q * f(np.sqrt(factor)))), kept(f(k * f(np.sqrt(factor)))).T)
    else:
        s = f(factor * kept(m.product(q, k.T)))
    s = kept(s)
    b = None if bias is None else np.where(on, bias, 0)
    if cap:
        if b is not None and P.softcap_order == "bias,softcap":
            s, b = kept(f(s + (f(b * inner) if m.scale_on == "capped" else b))), None
        s = kept(f(c * f(np.tanh(s if m.scale_on == "capped" else f(s / c)))))
        s = f(s * unit) if m.base2 else s
    if b is not None:
        s = kept(f(s + (f(b * unit) if m.base2 else b)))
    return np.where(on, s, -np.inf), scale


def one_part(m, s, v):
    """(shift, Σ w, Σ w v) of a range of keys, block by block."""
    f, (R, L) = m.f, s.shape
    top, total, acc = np.full(R, -np.inf), np.zeros(R), np.zeros((R, v.shape[1]))
    size = L if m.way in ("second", "eager") else m.block
    lag = f(m.lag * math.log2(math.e) if m.base2 else m.lag) * (1 - 2.0**-6)
    for low in range(0, L, size):
        part = s[:, low : low + size]
        new = np.maximum(top, part.max(axis=1))
        new = np.where(new - top > lag, new, top) if m.lag else new
        safe = np.where(np.isneginf(new), 0, new)
        rescale = np.where(np.isneginf(top) | (top == new), 1.0, m.exp(f(np.where(np.isneginf(top), 0, top) - safe)))
        shift = safe
        if m.way == "shift":  # an exact product within a fused multiply-add, next to a rounded one
            shift = safe * (1 + m.u * 0.99 * (-1.0) ** (low // size))
        w = np.where(np.isneginf(part), 0, m.exp(m.kept(f(part - shift[:, None]))))
        met = m.half(w) if m.cast else w
        own, sums = m.sum(met if m.cast == "both" else w, 1), m.product(met, v[low : low + size])
        total, acc = (f(f(total * rescale) + own), f(f(acc * rescale[:, None]) + sums)) if low else (own, sums)
        top = new
    return np.where(np.isneginf(top), 0, top), total, acc


def attention(m, P, q, k, v, bias, on):
    """(out, lse returned, lse kept, scores, scale)."""
    f, wide = m.f, FORMATS[m.dtype][0] > FORMATS[m.acc][0] or m.flushes
    if wide:
        q, k, v, bias = f(q), f(k), f(v), None if bias is None else f(bias)
    s, scale = scores(m, P, q, k, bias, on)
    log = np.log2 if m.base2 else np.log
    if m.way == "split" and s.shape[1] > 3:
        cut = s.shape[1] // 2
        parts = [one_part(m, s[:, x], v[x]) for x in (slice(0, cut), slice(cut, None))]
        lses = [np.where(x > 0, f(t + f(log(np.where(x > 0, x, 1)))), -np.inf) for t, x, _ in parts]
        top = np.maximum(*lses)
        top = np.where(np.isneginf(top), 0, top)
        w = [np.where(np.isneginf(x), 0, m.exp(f(x - top))) for x in lses]
        total = f(w[0] + w[1])
        outs = [f(acc / np.where(x > 0, x, 1)[:, None]) for _, x, acc in parts]
        acc = f(f(w[0][:, None] * outs[0]) + f(w[1][:, None] * outs[1]))
    else:
        top, total, acc = one_part(m, s, v)
    total = np.where(on.any(axis=1), total, 1)
    lse = f(top + f(log(total)))
    if m.way == "eager":
        w = np.where(on, m.exp(m.kept(f(s - top[:, None]))), 0)
        p = m.half(m.kept(f(w / m.kept(m.sum(w, 1) + ~on.any(axis=1))[:, None])), bool(m.cast))
        acc = m.product(p, v)
    elif m.way == "second":
        w = np.where(on, m.exp(f(s - lse[:, None])), 0)
        acc = m.product(m.half(w) if m.cast else w, v)
    elif m.reciprocal:
        acc = f(acc * f(1 / total)[:, None])
    else:
        acc = f(acc / total[:, None])
    out_lse = near(lse, m.lse_dtype)
    return m.half(acc), np.where(on.any(axis=1), out_lse, -np.inf), lse, s, scale


def backward(m, P, q, k, v, bias, on, out, lse, s, scale, dO):
    f, c = m.f, P.softcap
    if FORMATS[m.dtype][0] > FORMATS[m.acc][0] or m.flushes:
        q, k, v, dO = f(q), f(k), f(v), f(dO)
    cast = lambda x: m.half(x, bool(m.cast) or m.s > 0)  # noqa: E731
    p = np.where(on, m.exp(m.kept(f(s - lse[:, None]))), 0)
    dP = cast(m.product(dO, v.T))
    if m.delta_from_P:
        p = np.where(on, f(p / np.where(on.any(axis=1), m.sum(p, 1), 1)[:, None]), 0)
        delta = m.sum(f(p * dP), 1)
    else:
        delta = m.sum(f(dO * out), 1)
    dS = m.kept(f(p * m.kept(f(dP - delta[:, None]))))
    if c:
        b = 0.0 if bias is None or P.softcap_order == "bias,softcap" else np.where(on, f(bias), 0)
        s = np.where(on, s, 0)
        capped = f(f(s * f(math.log(2)) if m.base2 else s) - b) if m.base2 or np.any(b) else s
        if np.any(b):  # the capped score is kept before the bias is added
            again = argparse.Namespace(**{x: getattr(P, x) for x in ("softcap", "scale", "softcap_order")})
            base2, m.base2 = m.base2, False
            capped, _ = scores(m, again, q, k, None, on)
            m.base2 = base2
            capped = np.where(on, capped, 0)
        t = m.kept(f(capped / f(c)))
        dS = m.kept(f(dS * m.kept(f(1 - m.kept(f(t * t))))))
    if m.scale_dS:
        dS = cast(f(dS * scale))
        dq, dk = m.product(dS, k), m.product(dS.T, q)
    else:
        dS = cast(dS)
        if m.scale_on == "both" and scale > 0:  # q and k were multiplied by a root of the scale
            r = f(np.sqrt(scale))
            dq, dk = (m.kept(m.product(x, m.kept(f(y * r)))) for x, y in ((dS, k), (dS.T, q)))
            return [m.half(x) for x in (f(r * dq), f(r * dk), m.product(cast(p).T, dO))]
        dq, dk = f(scale * m.kept(m.product(dS, k))), f(scale * m.kept(m.product(dS.T, q)))
    return [m.half(x) for x in (dq, dk, m.product(cast(p).T, dO))]
