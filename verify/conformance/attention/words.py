"""A failing trial of an attention kernel in words, and the Python that shows it.

Neighbours: `explain` names the mistake, `failures.snippet` loads kernels.
"""

from typing import Any

import numpy as np

from ....kernels.attention.problem import Problem
from ..failures.snippet import literal, loading
from .examine import AttentionFault
from .trial import AttentionTrial

FEW = 12
"""Arrays of so many numbers stand in the message."""
MOST_SHOWN = (24, 64)
"""Rows and components of a picture."""


def in_words(trial: AttentionTrial, fault: AttentionFault, implementation: str = "") -> str:
    """What is wrong, in one line."""
    p = fault.problem or trial.problem
    B, H, Lq, Lk = p.scores
    sizes = {"B": B, "H": H, "Hk": p.k.shape[1], "Lq": Lq, "Lk": Lk, "D": p.q.shape[3], "Dv": p.v.shape[3]}
    hidden = {"B": 1, "H": 1, "Hk": H, "Dv": p.q.shape[3]}
    shown = [f"{name} = {value}" for name, value in sizes.items() if hidden.get(name) != value]
    shown += _options(p)
    shown += [f"{name} {how}" for name, how in trial.memory.items()]
    if trial.before:
        shown.append("with the arrays of the call before, filled anew" if trial.refilled else "after another call")
    if trial.grad_out is not None and fault.kind in ("out", "lse"):
        shown.append("q, k and v require gradients")
    if implementation:
        shown.append(f"by {implementation}")
    place = f"{p.dtype}, {', '.join(shown)}"
    if not fault.place:
        return f"{place}: {fault.detail}"
    numbers = [f"{n} = {_values(x)}" for n, x in _arrays(trial).items() if 0 < x.size]
    numbers = [text for text in numbers if not text.endswith(" = ")]
    given = f" of {'; '.join(numbers)}" if numbers else ""
    where = f"{place}: {fault.kind}[{', '.join(map(str, fault.place))}]{given}"
    many = 0 if fault.levels is None else int((fault.levels > 0).sum())
    others = (
        f" ({many} of {fault.levels.size} elements of the head are wrong)"
        if fault.levels is not None and many > 1
        else ""
    )
    W = f" (within {fault.W:.3g})" if fault.W else ""
    return f"{where} must be {_number(fault.expected)}{W}; the kernel returned {_number(fault.got)}{others}"


def picture(fault: AttentionFault) -> tuple[str, ...] | None:
    """Where the error sits in a head (`CheckResult.errors`); of too many rows or components, the worst of several."""
    if fault.levels is None or fault.levels.size < 2:
        return None
    levels = fault.levels
    for axis, most in enumerate(MOST_SHOWN):
        every = -(-levels.shape[axis] // most)
        levels = np.maximum.reduceat(levels, np.arange(0, levels.shape[axis], every), axis=axis)
    return tuple("".join("-.123456789"[level + 1] for level in row) for row in levels.tolist())


def _options(p: Problem) -> list[str]:
    found = [] if p.scale is None else [f"scale {p.scale:.9g}"]
    if p.causal:
        found.append("causal" + (f" ({p.alignment.replace('_', ' ')})" if p.depends_on_alignment else ""))
    found += [f"window {p.window}"] if p.window is not None else []
    found += [f"softcap {p.softcap:g}"] if p.softcap is not None else []
    found += [f"{int((~p.mask).sum())} of {p.mask.size} scores masked"] if p.mask is not None else []
    return found


def _arrays(trial: AttentionTrial) -> dict[str, Any]:
    p = trial.problem
    arrays = {"q": p.q, "k": p.k, "v": p.v, "bias": p.bias, "mask": p.mask, "grad_out": trial.grad_out}
    return {name: x for name, x in arrays.items() if x is not None}


def _values(x: Any) -> str:
    """An array without its outer axes of size 1, or how often which numbers occur; nothing if there are too many."""
    if x.size > FEW:
        values, counts = np.unique(x, return_counts=True)
        several = (
            [f"{c} times {_number(float(v))}" for v, c in zip(values, counts, strict=True)] if len(values) < 4 else []
        )
        return ", ".join(several)
    while x.ndim > 2 and x.shape[0] == 1:
        x = x[0]
    return _nested(x.tolist(), _number if x.dtype != np.bool_ else str)


def _nested(values: Any, text: Any) -> str:
    return f"[{', '.join(_nested(v, text) for v in values)}]" if isinstance(values, list) else text(values)


def _number(x: float) -> str:
    return f"{x:.9g}"


def snippet(kernel: Any, spec: str, trial: AttentionTrial, fault: AttentionFault) -> str:
    """Python that a person pastes to see it: it ends in an assertion that fails, or in what the kernel raises."""
    p = fault.problem or trial.problem
    plain = not (trial.memory or trial.before or trial.grad_out is not None or fault.kind in ("raised", "returned"))
    imports = ["from hardmax.kernels.attention.problem import Problem"]
    if not plain:
        imports.append("from hardmax.verify.conformance.attention import AttentionTrial, run")
    lines = loading(kernel, spec, *imports, by="load_any")
    for number, earlier in enumerate(trial.before):
        lines.append(f"before{number} = {_problem(earlier)}")
    lines.append(f"problem = {_problem(p)}")
    if plain:
        lines.append("out, lse = kernel(problem)")
    else:
        given = [f"memory={dict(trial.memory)!r}"] if trial.memory else []
        given += [f"before=({' '.join(f'before{n},' for n in range(len(trial.before)))})"] if trial.before else []
        given += ["refilled=True"] if trial.refilled else []
        given += [f"grad_out={array_text(trial.grad_out)}"] if trial.grad_out is not None else []
        lines.append(f"answer = run(kernel, AttentionTrial({', '.join(['problem', *given])}))")
        lines.append("out, lse = answer.out, answer.lse")
    if fault.place:
        name = fault.kind if fault.kind in ("out", "lse") else f"answer.gradients[{fault.kind!r}]"
        got = f"{name}{list(fault.place)}"
        if np.isfinite(fault.expected) and fault.W:
            lines.append(f"error = abs({got} - {literal(fault.expected)})")
            lines.append(
                f'assert error <= {fault.W!r}, f"off by {{error}}: {{{got}}} in place of {fault.expected:.17g}"'
            )
        else:
            wanted = f"np.isclose({got}, {literal(fault.expected)}, rtol=1e-3, equal_nan=True)"
            lines.append(f'assert {wanted}, f"{{{got}}} in place of {fault.expected:.17g}"')
    return "\n".join(lines) + "\n"


def _problem(p: Problem) -> str:
    given = [f"q={array_text(p.q)}", f"k={array_text(p.k)}", f"v={array_text(p.v)}", f"dtype={p.dtype!r}"]
    for name in ("mask", "bias"):
        if getattr(p, name) is not None:
            given.append(f"{name}={array_text(getattr(p, name))}")
    for name, usual in (
        ("scale", None),
        ("causal", False),
        ("window", None),
        ("softcap", None),
        ("alignment", "top_left"),
        ("softcap_order", "softcap,bias"),
    ):
        if getattr(p, name) != usual:
            given.append(f"{name}={getattr(p, name)!r}")
    return "Problem(\n    " + ",\n    ".join(given) + ",\n)"


def array_text(x: Any) -> str:
    """An array of numbers or booleans as Python text."""
    if x.dtype == np.bool_:
        return f"np.array({x.tolist()})"
    if not x.size:
        return f"np.zeros({x.shape})"
    if np.isfinite(x).all() and (x == x.ravel()[0]).all() and x.size > 4:
        return f"np.full({x.shape}, {literal(float(x.ravel()[0]))})"
    return f"np.array({_nested(x.tolist(), literal)})"
