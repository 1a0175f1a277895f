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
    "float16 scores are rounded to float16. float64 is left out: its scale passes float32, so that q = [[0, 1]], "
    "k = [[0, 0], [0, 1]], v = [[0], [1]] gives 0.669761554 in place of 0.669761549 (*wrong*). A scale <= 0 is "
    "refused. The diagonal is anchored at the top left, a softcap comes before the mask, rows without keys give 0.",
    "jax-attention": "Through jax.jit. float64 is left out: it is computed in float32, so that the mean of 0, 0, 1 is "
    "0.333333343 (*declared precision class*); XLA has no float16 product on the CPU. Values must be as wide as keys.",
    "torch-flex": "Not compiled. It has no backward pass on the CPU.",
}
"""What else there is to say of a kernel, in words."""


def ran(name, dtype, runs):
    """The report of one run, as JSON values."""
    if runs is not None:
        file = runs / f"{name}.{dtype}.json"
        return json.loads(file.read_text()) if file.exists() and file.stat().st_size else None
    command = [sys.executable, "-m", "hardmax.verify.cli", "kernel", name, "--dtype", dtype, "--json"]
    done = subprocess.run([*command, "--check-seconds", "300"], capture_output=True, text=True, check=False)
    return json.loads(done.stdout)


def section(name, runs):
    """One kernel: what was run, and a row for each failing check and input."""
    kernel, rows, ran_in = load_attention(name), {}, []
    for dtype in kernel.dtypes:
        report = ran(name, dtype, runs)
        if report is None:
            continue
        counts = report["counts"]
        fails = counts["fail"] + counts["known"]
        ran_in.append(f"{dtype}: {counts['pass']} of {len(report['results'])} checks pass, {fails} fail")
        ran_in[-1] += f", {counts['not_tested']} not tested (time)" if counts["not_tested"] else ""
        for result in report["results"]:
            if result["status"] not in ("fail", "known"):
                continue
            message = result["message"].partition(" (known deviation): ")[2] or result["message"]
            message = message.partition(f"; {BLAME}")[0]
            reason = known_deviations(name, (dtype,)).get(result["id"], "new")
            rows.setdefault((result["id"], reason), []).append((dtype, message))
    lines = [f"\n## {name}, {KERNELS[name]} {version(KERNELS[name]).partition('+')[0]}\n", f"{'; '.join(ran_in)}.\n"]
    lines += [f"{NOTES[name]}\n"] if name in NOTES else []
    if not rows:
        return [*lines, "Nothing fails.\n"]
    lines += ["| check | what it is | dtypes | smallest input |", "| --- | --- | --- | --- |"]
    for (check, reason), found in rows.items():
        message = found[0][1].replace("|", "\\|").replace("\n", " ")
        lines.append(f"| `{check}` | {reason} | {', '.join(dtype for dtype, _ in found)} | {message} |")
    return [*lines, ""]


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
