"""Everything that needs a CUDA device, in one go: `make gpu`, in under five minutes on a card.

    python -m tests.gpu [--out gpu.json] [--dry-run]

runs the tests marked gpu, the suite on torch's fused back ends and on the Triton kernel, and the benchmarks of layers,
and writes one record: the device, versions, and for each step its command, status, counts and seconds. `--dry-run` does
the same on the CPU, with few checks, so that the script itself is tested; what needs CUDA then says so.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import torch

BUDGET = 290.0
"""Seconds for all steps; what is left over then is not run, and said so."""
TRITON = "hardmax.kernels.attention.adapters.triton_attention:kernel"


def steps(dry):
    """(name, arguments of Python) of each step."""
    kernel = ["-m", "hardmax.verify.cli", "kernel"]
    device = ["--device", "cpu"] if dry else ["--device", "cuda"]
    few = ["--checks", "call.*,values.softmax"] if dry else ["--check-seconds", "30"]
    pytest = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0"]
    found = [("tests", [*pytest, "-m", "gpu", "tests/kernels", *(["--collect-only"] if dry else [])])]
    names = ("torch-sdpa-flash", "torch-sdpa-efficient", "torch-sdpa-cudnn", "torch-sdpa")
    for name in names[::2] if dry else names:
        halves = ["--dtype", "bfloat16", "--dtype", "float16"]
        found.append((name, [*kernel, name, *device, *halves, *few, "--json"]))
    found.append(("triton-attention", [*kernel, TRITON, *device, "--dtype", "bfloat16", *few, "--json"]))
    found.append(("benchmarks", ["tests/benchmarks/bench_kernels.py", "layer"]))
    return found


def ran(arguments, seconds):
    """Status, counts and what was said of one step."""
    began = time.monotonic()
    try:
        done = subprocess.run(
            [sys.executable, *arguments], capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return {"status": None, "said": f"was ended after {seconds:.0f} s", "seconds": round(seconds, 1)}
    result = {"status": done.returncode, "seconds": round(time.monotonic() - began, 1)}
    try:
        report = json.loads(done.stdout)
    except ValueError:
        said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        return result | {"said": said[-1] if said else "", "lines": said}
    failing = {r["id"]: r["message"] for r in report["results"] if r["status"] in ("fail", "known")}
    return result | {"counts": report["counts"], "failing": failing}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("gpu.json"))
    parser.add_argument("--dry-run", action="store_true")
    options = parser.parse_args(arguments)
    if not options.dry_run and not torch.cuda.is_available():
        print(f"torch {torch.__version__} sees no CUDA device: use another machine, or give --dry-run", file=sys.stderr)
        return 2
    device = "cpu" if options.dry_run else torch.cuda.get_device_name()
    record = {"device": device, "torch": torch.__version__, "dry_run": options.dry_run, "steps": []}
    ends = time.monotonic() + BUDGET
    for name, command in steps(options.dry_run):
        left = ends - time.monotonic()
        found = ran(command, left) if left > 5 else {"status": None, "said": "no time was left", "seconds": 0.0}
        record["steps"].append({"name": name, "command": ["python", *command], **found})
        print(
            f"{name:24}status {found['status']}  {found['seconds']:6.1f} s  {found.get('said') or found.get('counts')}"
        )
        options.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
