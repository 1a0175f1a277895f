"""The page of findings: what the suite says of attention in torch, onnxruntime and JAX at the pinned versions.

    python -m tests.kernels.attention.findings [--runs DIR] [NAME …]

runs `hardmax kernel NAME --dtype DTYPE --json` for each kernel and dtype (or reads DIR/NAME.DTYPE.json, written so) and
writes reports/examples/attention-findings.md. A failing check that a kernel's list in `adapters/known` lacks is *new*.
"""

import argparse
import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import hardmax.reports
from hardmax.kernels.attention.adapters import CLASSES, known_deviations, load_attention
from hardmax.verify.conformance.failures.explain import BLAME

PAGE = Path(hardmax.reports.__file__).parent / "examples" / "attention-findings.md"
KERNELS = {
    "torch-sdpa": "torch",
    "torch-sdpa-math": "torch",
    "torch-sdpa-flash": "torch",
    "torch-flex": "torch",
    "onnxruntime-attention": "onnxruntime",
    "jax-attention": "jax",
}
"""Kernel → the package whose version is stated."""
HEAD = """# Findings

What `hardmax kernel NAME` says of the attention of other libraries, on the CPU, at the versions of
`constraints.txt`: every failing check with its smallest input, as the suite made it. Each is *wrong*, an *undocumented
choice* (another one would be as good, but users cannot know it) or a *declared precision class*;
`kernels/attention/adapters/known` lists them, so that a run shows only what is new.

Made by `python -m tests.kernels.attention.findings`.
"""
NOTES = {
    "torch-sdpa": "Which back end torch chose stands in the first line of a run: FLASH_ATTENTION on the CPU, also with "
    "a mask, MATH where v is not as wide as k.",
    "torch-sdpa-flash": "What autograd adds up in half precision is a sum over blocks of 32 rows of q: of 256 and 256 "
    "times half of what is rounded away next to it, in blocks, nothing remains.",
    "onnxruntime-attention": "Judged as keeping scores in the dtype (score_roundings = 4, *declared precision class*): "
    "float16 scores are rounded to float16. The adapter does not offer float64. A scale <= 0 is refused. The diagonal "
    "is anchored at the top left, a softcap comes before the mask, rows without keys give 0.",
    "jax-attention": "Through jax.jit, six shapes a check, since XLA compiles each. float64 is computed in float32 and "
    "judged so (accumulates = 'float32', *declared precision class*); XLA has no float16 product on the CPU. Values "
    "must be as wide as keys. Rows without keys give neither 0 nor NaN.",
    "torch-flex": "Not compiled, and not traced (which changes no bit, and takes a hundredth of the time). It has no "
    "backward pass on the CPU.",
}
"""What else there is to say of a kernel, in words."""
BEYOND = {
    "onnxruntime-attention": {"float64": "wrong: the scale passes float32; every one of them shrinks to such an input"}
}
"""Kernel → dtypes that its adapter does not offer, since nearly everything fails there for one reason."""


def ran(name, dtype, runs):
    """The report of one run, as JSON values."""
    if runs is not None:
        file = runs / f"{name}.{dtype}.json"
        return json.loads(file.read_text()) if file.exists() and file.stat().st_size else None
    command = [sys.executable, "-m", "hardmax.verify.cli", "kernel", name, "--dtype", dtype, "--json"]
    done = subprocess.run([*command, "--check-seconds", "300"], capture_output=True, text=True, check=False)
    return json.loads(done.stdout)


def section(name, runs):
    """One kernel: what was run in which dtype, and a row for each failing check."""
    kernel, rows, counted, left_out, others = load_attention(name), {}, [], {}, []
    for dtype in (*kernel.dtypes, *BEYOND.get(name, {})):
        report = ran(name, dtype, runs)
        if report is None:
            continue
        known, failing = known_deviations(name, (dtype,)), []
        for result in report["results"]:
            if result["status"] in ("not_applicable", "not_tested"):
                left_out.setdefault(result["id"], []).append(dtype)
            if result["status"] in ("fail", "known"):
                message = result["message"].partition(" (known deviation): ")[2] or result["message"]
                failing.append((result["id"], message.partition(f"; {BLAME}")[0].replace("|", "\\|")))
        counts = report["counts"]
        new = sum(check not in known for check, _ in failing)
        counted.append(f"| {dtype} | {counts['pass'] + counts['fragile']} | {len(failing) - new} | {new} |")
        for check, message in failing:
            if check in known or dtype in kernel.dtypes:
                rows.setdefault((check, known.get(check, "new")), []).append((dtype, message))
        if dtype not in kernel.dtypes and new:
            first = next((check, message) for check, message in failing if check not in known)
            what = f"`{first[0]}` and {new - 1} others | {BEYOND[name][dtype]}"
            others.append(f"| {what} | {dtype} | {first[1]} |")
    lines = [f"\n## {name}, {KERNELS[name]} {version(KERNELS[name]).partition('+')[0]}\n"]
    lines += ["| dtype | checks that pass | known deviations | new |", "| --- | --- | --- | --- |", *counted, ""]
    lines += [f"{NOTES[name]}\n"] if name in NOTES else []
    by_dtypes = {}
    for check, dtypes in left_out.items():
        by_dtypes.setdefault(", ".join(dtypes), []).append(f"`{check}`")
    for dtypes, checks in by_dtypes.items():
        everywhere = dtypes.count(",") + 1 == len(counted)
        lines.append(f"Did not run{'' if everywhere else f' in {dtypes}'}: {', '.join(checks)}.\n")
    lines += ["| check | what it is | dtypes | smallest input |", "| --- | --- | --- | --- |"]
    for (check, reason), found in rows.items():
        lines.append(f"| `{check}` | {reason} | {', '.join(dtype for dtype, _ in found)} | {found[0][1]} |")
    return [*lines, *others, ""]


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path)
    parser.add_argument("names", nargs="*", default=list(KERNELS))
    options = parser.parse_args(arguments)
    text = [HEAD, *(line for name in options.names for line in section(name, options.runs))]
    PAGE.write_text("\n".join(text).rstrip() + "\n", encoding="utf-8")
    print(f"{PAGE}: classes are {', '.join(CLASSES)}")


if __name__ == "__main__":
    main()
