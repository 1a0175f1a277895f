"""How-to pages do what they say: their files are written, their commands run, their output is what is printed.

A block of Python whose first line names a file is that file; of a block `console`, lines that begin with "$ " are run
and what follows is their output, where "…" stands for any text, and alone on its line for any lines.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```(python|console)\n(.*?)^```$", re.M | re.S)


def run_page(page: Path, folder: Path) -> int:
    """Do in a folder what a page says; how many commands there were."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    commands = 0
    for kind, text in BLOCK.findall(page.read_text(encoding="utf-8")):
        named = re.match(r"# (\w+\.py)\n", text)
        if kind == "python" and named:
            (folder / named[1]).write_text(text, encoding="utf-8")
        for step in re.split(r"^\$ ", text, flags=re.M)[1:] if kind == "console" else ():
            command, _, expected = step.partition("\n")
            done = subprocess.run(
                ["sh", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False
            )
            found = done.stdout + done.stderr
            shown = "".join(line for line in done.stdout.splitlines(keepends=True) if line.strip())
            assert re.fullmatch(pattern(expected), shown), f"{page.name}: $ {command}\n{found}"
            commands += 1
    return commands


def pattern(expected: str) -> str:
    """The output that a page shows, as a regular expression; empty lines are left out of both."""
    lines = [
        r"(?:.*\n)*?" if line.strip() == "…" else ".*".join(map(re.escape, line.split("…"))) + r"\n"
        for line in expected.splitlines()
        if line.strip()
    ]
    return "".join(lines)


@pytest.mark.parametrize(
    ("page", "commands"),
    [
        ("reports/POINT_CLOUD.md", 5),
        ("verify/claims/own/README.md", 3),
        ("verify/conformance/ATTENTION_KERNEL.md", 2),
        ("README.md", 5),
    ],
)
def test_a_page_does_what_it_says(page, commands, tmp_path):
    if "ATTENTION" in page:
        pytest.importorskip("torch", reason="torch is not installed")
    assert run_page(ROOT / page, tmp_path) == commands
    text = (ROOT / page).read_text(encoding="utf-8")
    assert page == "README.md" or len(text.splitlines()) <= 60, "a how-to page is one screen"


@pytest.mark.parametrize("text", ["$ echo a\nb\n", "$ echo a; echo b\na\n", "$ true\n…\na…\n", "$ exit 3\nx\n"])
def test_output_that_is_not_printed_is_noticed(text, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"```console\n{text}```\n")
    with pytest.raises(AssertionError):
        run_page(page, tmp_path)
