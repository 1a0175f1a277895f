"""Inputs near the ends of the formats, for right kernels of many kinds; shares nothing with `inputs`."""

import math

import numpy as np

from .attack_kernels import FORMATS, near

FAMILIES = (
    *("plain", "peaked", "big", "huge_v", "tiny_v", "subnormal_v", "subnormal_qk", "outlier", "equal", "cancelling"),
    *("constant_v", "low_p", "tiny_scale", "huge_scale", "mixed", "falling", "overflowing", "climbing"),
)


def inputs(rng, dtype, acc):
    """(family, q, k, v, options, dO)."""
    R, L = int(rng.integers(1, 4)), int(rng.choice([1, 2, 3, 5, 17, 33, 70]))
    D, Dv = int(rng.choice([1, 2, 3, 8, 16])), int(rng.choice([1, 2, 4]))
    digits, least, largest = FORMATS[dtype]
    reach, half = min(math.log10(largest), math.log10(FORMATS[acc][2])), dtype == "float16"
    family = str(rng.choice(FAMILIES))
    q, k, v = (rng.standard_normal(x) for x in ((R, D), (L, D), (L, Dv)))
    scale = [None, 1.0, -1.0, 0.3, -1 / math.sqrt(D), 2.5][rng.integers(6)]
    match family:
        case "peaked":
            q *= 20
        case "big":
            q, k = 8 * q, 8 * k
        case "huge_v":
            v *= 10 ** (reach - 2.5)
        case "tiny_v":
            v *= 2.0 ** (least - 1)
        case "subnormal_v":
            v = rng.integers(-6, 7, size=v.shape) * 2.0 ** (least - digits + 1)
        case "subnormal_qk":
            q = rng.integers(-6, 7, size=q.shape) * 2.0 ** (least - digits + 1)
            k, scale = k * (1e4 if half else 10 ** (min(reach, -least * math.log10(2)) - 2)), 1.0
        case "outlier":
            k[:, 0], q[:, 0] = k[:, 0] + 30, np.abs(q[:, 0]) + 3
        case "equal":
            k[:] = k[0]
        case "cancelling" if D > 1:
            q[:, 1], k[:, 0] = q[:, 0], 300 * k[:, 0]
            k[:, 1] = -k[:, 0] * (1 + 2.0**-6 * rng.standard_normal())
        case "constant_v":
            v[:] = v[0]
        case "low_p":
            v[0], k[0] = 1e3 * v[0], -3 * q[0] / max(1e-9, (q[0] ** 2).sum()) * rng.uniform(0, 8)
        case "tiny_scale":
            scale = float(10.0 ** rng.uniform(-8 if half else -44, -3))
            q, k = (x * 10 ** (min(reach, 30) / 2 - 1) for x in (q, k))
        case "huge_scale":
            scale, q, k = float(10.0 ** rng.uniform(2, 3 if half else 6)), q / 100, k / 100
        case "mixed":
            v, k = v * 10.0 ** rng.uniform(-6, 2, size=v.shape), k * 10.0 ** rng.uniform(-2, 0.5, size=(L, 1))
        case "overflowing":  # scores, dP or sums near the largest number of the accumulation
            size = 10 ** (math.log10(FORMATS[acc][2]) * rng.uniform(0.42, 0.58))
            q, k, scale = q * min(size, largest / 8), k * min(size, largest / 8), float(2 * size**-2)
            v = v * 10 ** (reach * rng.uniform(0.5, 0.98))
        case "climbing":  # as far above the first score as a maximum may lag
            q[:], k[:], scale = 0.0, 0.0, 1.0
            q[:, 0], k[1:, 0] = 1.0, 12 * rng.uniform(0.9, 0.98, size=L - 1)
        case "falling":
            k[:, 0] = np.abs(k[:, 0]) * np.linspace(6, 0.1, L) ** rng.choice([-1, 1])
        case _:
            pass
    q, k, v = (near(np.clip(near(x, dtype), -largest / 4, largest / 4), dtype) for x in (q, k, v))
    options = {"scale": scale}
    if rng.random() < 0.3:
        options["mask"] = rng.random((R, L)) < 0.6
    if rng.random() < 0.3:
        b = near(rng.standard_normal((R, L)) * rng.choice([0.1, 3, 30]), dtype)
        some = rng.random((R, L)) < 0.3
        b[some] = -np.inf if rng.random() < 0.5 else near(-1e4 if half else -1e9, dtype)
        options["bias"] = b
    if rng.random() < 0.2:
        options["window"] = (int(rng.integers(0, 9)), int(rng.integers(0, 20)))
    options["causal"] = bool(rng.random() < 0.15)
    if rng.random() < 0.3:
        options["softcap"] = float(rng.choice([0.5, 5.0, 30.0, 0.37, 1e-3]))
        options["softcap_order"] = str(rng.choice(["softcap,bias", "bias,softcap"]))
    dO = near(rng.standard_normal((R, Dv)) * float(rng.choice([1, 1e-3, 30, 1e4])), dtype)
    return family, q, k, v, options, dO


def allowed(options, R, L):
    place, on = np.arange(L)[None] - np.arange(R)[:, None], np.ones((R, L), dtype=bool)
    if options["causal"]:
        on &= place <= 0
    if "window" in options:
        left, right = options["window"]
        on &= (place >= -left) & (place <= right)
    on = on & options.get("mask", True)
    return on & ~np.isneginf(options["bias"]) if "bias" in options else on
