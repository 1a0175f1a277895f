"""A run of `hardmax verify` that found counterexamples: the gallery's, which its own test compares with the command."""

import shutil
from pathlib import Path

from hardmax import reports

DROPPED = Path(reports.__file__).parent / "examples" / "dropped-hypotheses"
"""What `hardmax verify --claims 'necessity.*' --out DIR --report` writes."""


def copy_of_a_run(folder: str = "out") -> None:
    shutil.copytree(DROPPED, folder)
