"""What a run ran on: without it nobody can judge, or repeat, what floats did.

Neighbours: `commands.parts.output` writes it into run.json.
"""

import os
import platform
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("hardmax", "numpy", "sympy", "python-flint", "hypothesis", "numba", "torch")
"""Packages whose versions are told, those of them that are installed."""


@cache
def environment() -> dict[str, str]:
    """{what: which}: Python, packages, system, processor, and the commit of a checkout."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    found["system"] = f"{platform.system()} {platform.release()}"
    found["processor"] = _processor()
    commit = _commit(Path(__file__).resolve().parents[2])
    return found if commit is None else {**found, "commit": commit}


def _processor() -> str:
    """The model of the processor as far as the system says it, and how many processes it serves."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines() if sys.platform == "linux" else []
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor() or platform.machine()}, {os.cpu_count()} logical"


def _commit(root: Path) -> str | None:
    """The commit of the checkout that this package lies in, with "+" if files were changed; None if it is none."""
    if not (root / ".git").exists():
        return None
    try:
        state = subprocess.run(
            ["git", "-C", str(root), "describe", "--always", "--abbrev=12", "--dirty=+", "--exclude=*"],
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return state.stdout.strip() or None if state.returncode == 0 else None
