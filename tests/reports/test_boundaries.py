"""Reports know plain records only: the folder imports nothing of the others and starts no process."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import hardmax.reports

FOLDER = Path(hardmax.reports.__file__).parent
ALLOWED = {"jinja2", "markupsafe", "msgspec", "numpy", "rich", "scipy"}
FORBIDDEN = {
    "subprocess",
    "socket",
    "urllib.request",
    "http",
    "multiprocessing",
    "webbrowser",
    "random",
    "time",
    "datetime",
}


def imports(source: str) -> set[str]:
    """What a module imports, relative names with their dots."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
    return found


def offences(source: str, depth: int = 0) -> set[str]:
    """Imports that leave the folder, are no declared dependency, or could make a page depend on more than records.

    `depth` is how many rooms below the folder the module lies.
    """
    return {
        name
        for name in imports(source)
        if name.startswith("." * (depth + 2))
        or name.partition(".")[0] == "hardmax"
        or name in FORBIDDEN
        or not (name.startswith(".") or name.partition(".")[0] in ALLOWED | sys.stdlib_module_names)
    }


MODULES = sorted(p for p in FOLDER.rglob("*.py") if "examples" not in p.parts)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.name)
def test_reports_import_neither_the_other_folders_nor_anything_that_runs(path):
    assert not offences(path.read_text("utf-8"), len(path.relative_to(FOLDER).parts) - 1)


@pytest.mark.parametrize(
    "line", ["from ..kernels import Configuration", "import hardmax.verify", "import subprocess", "import torch"]
)
def test_an_import_that_breaks_the_rule_is_seen(line):
    assert offences(line)


def test_importing_reports_loads_nothing_of_the_other_folders():
    code = "import sys, hardmax.reports; print([m for m in sys.modules if m[:8] == 'hardmax.' and 'reports' not in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
