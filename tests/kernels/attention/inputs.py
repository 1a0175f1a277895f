"""Inputs that are hard for attention: peaked scores, outliers, masks, subnormals, one key, no coordinates."""

import numpy as np

from hardmax.kernels.attention.problem import FORMATS, Problem, rounded

FAMILIES = (
    "plain",
    "peaked",
    "outlier",
    "equal",
    "huge_v",
    "mean_v",
    "subnormal",
    "negative",
    "bias",
    "masked",
    "causal",
    "grouped",
    "window",
    "rising",
    "cancelling",
    "small",
)


def problem(rng, family, dtype, softcap=False, square=False):
    """One problem of a family: at most 12 rows, 48 keys, 24 coordinates (`square`: of v as of k, at least one)."""
    form = FORMATS[dtype]
    L, D, Dv = (int(rng.integers(1, n)) for n in (48, 24, 6))
    Lq, H, Hk = int(rng.integers(1, 12)), 1, 1
    options = {}
    if family == "small":
        L, D, Lq = int(rng.integers(1, 3)), int(rng.integers(0, 3)), int(rng.integers(1, 4))
    if square:
        D = Dv = max(1, D)
    if family == "grouped":
        H, Hk = 4, 2
    q, k, v = (rng.standard_normal(s) for s in ((1, H, Lq, D), (1, Hk, L, D), (1, Hk, L, Dv)))
    match family:
        case "peaked":
            q *= 2.0 ** rng.integers(1, 6)
        case "outlier":
            k[..., 0] *= 30
        case "equal":
            k[:] = k[:, :, :1]
        case "huge_v":
            v *= 2.0 ** (form.top - 12) * (1 if dtype == "float16" else 2.0**-20)
        case "mean_v":
            v += 100.0
        case "subnormal":
            q *= form.tiny * 2.0 ** rng.integers(-6, 4)
            v *= form.tiny * 2.0 ** rng.integers(-6, 4)
        case "negative":
            q, k = np.abs(q) + 1, -np.abs(k) - 2
            options["scale"] = 1.0
        case "bias":
            b = 2 * rng.standard_normal((Lq, L))
            b[rng.random((Lq, L)) < 0.2] = -1e9 if dtype != "float16" else -6e4
            b[rng.random((Lq, L)) < 0.2] = -np.inf
            options["bias"] = rounded(b, dtype)
        case "masked":
            options["mask"] = rng.random((1, H, Lq, L)) < 0.4
        case "causal":
            options |= {"causal": True, "alignment": str(rng.choice(["top_left", "bottom_right"]))}
        case "window":
            options |= {"window": (int(rng.integers(-1, 6)), int(rng.integers(-1, 6)))}
        case "rising":
            q = np.abs(q)
            k = np.abs(k) * np.linspace(0.1, 4, L)[None, None, :, None] ** (1 if rng.random() < 0.5 else -1)
        case "cancelling":
            half = D // 2
            q[..., half : 2 * half], k[..., half : 2 * half] = q[..., :half], -k[..., :half]
            q[..., : 2 * half] *= 8
        case _:
            pass
    if rng.random() < 0.3:
        options.setdefault("scale", float(rng.choice([1.0, 0.3, -0.7, 2.0])))
    if softcap:
        options |= {
            "softcap": float(rng.choice([0.5, 3.0, 30.0])),
            "softcap_order": str(rng.choice(["softcap,bias", "bias,softcap"])),
        }
    return Problem(*(rounded(x, dtype) for x in (q, k, v)), dtype=dtype, **options)
