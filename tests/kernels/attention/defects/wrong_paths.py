"""Kernels that are right but on one path: special code for some sizes, options or ranges, as fast kernels have it.

Each is found by one check alone, so that no check could be left out. See `core`.
"""

import torch

from .core import WRONG, Steps, made
from .wrong_gradients import Backward, Grafted, Hard, WithLse


class OnePath:
    """Wrong where `taken` says so, of the call's arguments; before a class of `Steps`."""

    def __init__(self, taken):
        self.taken = taken

    def __call__(self, q, k, v, scale=None, mask=None, bias=None, causal=False, window=None, softcap=None):
        out = super().__call__(q, k, v, scale, mask, bias, causal, window, softcap)
        options = {"mask": mask, "bias": bias, "causal": causal, "softcap": softcap}
        given = {name: x for name, x in options.items() if x is not None and x is not False}
        return out * 1.5 + 1 if self.taken(q, k, v, given) else out


def size(x, name):
    return x.shape["BHLD".index(name)]


def swapped(x):
    return x.transpose(1, 2).is_contiguous() and not x.is_contiguous()


PATHS = {
    "values.softmax": lambda q, k, v, o: k.shape[2:] == (70, 64) and 0.5 < k.std() < 2 and q.std() < 2,
    "values.peaked": lambda q, k, v, o: k.shape[2:] == (70, 64) and q.std() > 4,
    "values.negative": lambda q, k, v, o: k.shape[2:] == (70, 64) and bool((k < 0).all() and (q > 0).all()),
    "values.maxima": lambda q, k, v, o: size(k, "L") == 300 and not o,
    "values.large": lambda q, k, v, o: size(k, "L") == 65 and 50 < v.double().abs().mean() < 200,
    "values.faint": lambda q, k, v, o: size(k, "L") == 80 and not o,
    "values.subnormal": lambda q, k, v, o: v.abs().max() < 64 * torch.finfo(v.dtype).tiny and size(k, "L") == 40,
    "scale.default": lambda q, k, v, o: size(k, "D") == 57,
    "ties.equal": lambda q, k, v, o: size(k, "L") == 100 and not o,
    "heads.own": lambda q, k, v, o: size(q, "H") == 5,
    "mask.bool": lambda q, k, v, o: "mask" in o and k.shape == (1, 2, 70, 4) and bool(o["mask"].any(dim=3).all()),
    "mask.blocks": lambda q, k, v, o: "mask" in o and size(k, "L") in (48, 200),
    "mask.best": lambda q, k, v, o: "mask" in o and 90 < q.abs().max() < 200,
    "bias.added": lambda q, k, v, o: "bias" in o and q.shape[:2] == k.shape[:2] == (2, 3),
    "causal.square": lambda q, k, v, o: "causal" in o and q.shape[2] == k.shape[2] == 130,
    "softcap.values": lambda q, k, v, o: o.get("softcap") == 50,
    "sizes.keys": lambda q, k, v, o: size(k, "L") == 129,
    "sizes.queries": lambda q, k, v, o: size(q, "L") == 127,
    "sizes.coordinates": lambda q, k, v, o: size(k, "D") == 100,
    "layout.transposed": lambda q, k, v, o: all(map(swapped, (q, k, v))),
    "layout.mixed": lambda q, k, v, o: swapped(v) and q.is_contiguous() and k.is_contiguous(),
}
"""Check → when the wrong path is taken."""

HARD_PATHS = {
    "hard.ties": lambda q, k, v, o: size(k, "L") == 130 and not o,
    "hard.near": lambda q, k, v, o: q.shape[2] == 2 and k.shape[2:] == (17, 4),
    "hard.hidden": lambda q, k, v, o: q.shape == k.shape == (1, 2, 20, 4) and bool(o),
}
"""The same of hard attention."""


class SoftPath(OnePath, Steps):
    pass


class HardPath(OnePath, Hard):
    pass


for check, taken in PATHS.items():
    WRONG[f"path of {check}"] = (made(SoftPath(taken)), check)
for check, taken in HARD_PATHS.items():
    WRONG[f"path of {check}"] = (made(HardPath(taken), hard=True), check)


class OnePathOfTheLse(WithLse):
    """The log-sum-exp alone is wrong."""

    def __init__(self, taken):
        self.taken = taken

    def __call__(self, q, k, v, scale=None, mask=None, *rest):
        out, lse = super().__call__(q, k, v, scale, mask, *rest)
        return out, torch.where(self.taken(q, k, mask, lse), 1.0, lse)


WRONG["path of lse.values"] = (
    made(
        OnePathOfTheLse(lambda q, k, mask, lse: torch.tensor(mask is None and k.shape[2:] == (300, 8))), lse="natural"
    ),
    "lse.values",
)
WRONG["path of lse.empty"] = (
    made(OnePathOfTheLse(lambda q, k, mask, lse: lse.isinf() & (q.shape[1:3] == (1, 9))), lse="natural"),
    "lse.empty",
)


class OfOneHead(Steps):
    """Where there is one head of one set, what is not finite is cleaned away in one of the arrays."""

    def __init__(self, which, bad):
        self.which, self.bad = which, bad

    def __call__(self, q, k, v, *rest):
        arrays = [q, k, v]
        if q.shape[:2] == (1, 1):
            x = arrays[self.which]
            arrays[self.which] = torch.where(self.bad(x), 0, x)
        return super().__call__(*arrays, *rest)


for check, which, bad in (("nan.query", 0, torch.isnan), ("nan.key", 1, torch.isnan), ("nan.infinity", 2, torch.isinf)):
    WRONG[f"path of {check}"] = (made(OfOneHead(which, bad)), check)


class OneSumOfAllValues(Steps):
    def last(self, out, q, k, v):
        return out + 0 * v.sum() if q.shape[0] > 1 else out


WRONG["path of nan.contained"] = (made(OneSumOfAllValues()), "nan.contained")


class BiasKept(Steps):
    """The bias of a call enters the next one of the same shape."""

    def __init__(self):
        self.kept = None

    def __call__(self, q, k, v, scale=None, mask=None, bias=None, causal=False, *rest):
        kept, self.kept = self.kept, None if bias is None else (q.shape, q.dtype, bias.clone())
        if kept is not None and bias is None and mask is None and not causal and kept[:2] == (q.shape, q.dtype):
            bias = kept[2]
        return super().__call__(q, k, v, scale, mask, bias, causal, *rest)


WRONG["path of state.sequence"] = (made(BiasKept()), "state.sequence")


class BackwardOfSixtyFour(Backward):
    grads = {"q": lambda g: 2 * g if g.shape[3] == 64 else g}  # noqa: RUF012 as in its parent


WRONG["path of gradient.values"] = (made(BackwardOfSixtyFour(), gradients=None), "gradient.values")

PATHS_OF = {check: name for name, (_, check) in WRONG.items() if name.startswith("path of ")}
"""Check → its kernel."""


class Lost(Steps):
    """An option, or the second head of v, is lost where `taken` says so."""

    def __init__(self, name, taken):
        self.name, self.taken = name, taken

    def __call__(self, q, k, v, scale, mask, bias, causal, window, softcap):
        options = {
            "scale": scale, "mask": mask, "bias": bias, "causal": causal, "window": window, "softcap": softcap
        }  # fmt: skip
        if self.taken(q, v, {name for name, x in options.items() if x is not None and x is not False}):
            v = v[:, :1].expand(v.shape) if self.name == "v" else v
            options[self.name] = None
        return super().__call__(q, k, v, *(options[name] for name in options if name != "v"))


class LostBackward(Lost):
    """The same in the backward pass alone."""

    def __call__(self, *given):
        return Grafted.apply(Steps.__call__(self, *given), super().__call__(*given))


def grouped(q, v, given):
    return v.shape[1] < q.shape[1]


for name, beside in (("scale", "bias"), ("scale", "softcap"), ("window", "mask"), ("softcap", "window")):
    WRONG[f"path of {name} beside {beside}"] = (
        made(Lost(name, lambda q, v, given, beside=beside: beside in given)),
        "mask.together",
    )
for name in ("mask", "causal"):
    WRONG[f"path of {name} in wide heads"] = (
        made(Lost(name, lambda q, v, given: q.shape[3] > 64)),
        "sizes.coordinates",
    )
for name in ("mask", "window", "softcap"):
    WRONG[f"path of {name} in groups"] = (made(Lost(name, grouped)), "heads.grouped")
for name in ("causal", "window", "softcap"):
    WRONG[f"path of gradient of {name} in groups"] = (
        made(LostBackward(name, grouped), gradients=None),
        "gradient.heads",
    )
WRONG["path of gradient of bias beside softcap"] = (
    made(LostBackward("bias", lambda q, v, given: "softcap" in given), gradients=None),
    "gradient.options",
)
WRONG["path of wide values in groups"] = (
    made(Lost("v", lambda q, v, given: grouped(q, v, given) and v.shape[3] != q.shape[3])),
    "sizes.values",
)
