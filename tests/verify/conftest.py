"""What the tests of several rooms share: a folder with a user's kernel file."""

from pathlib import Path

import pytest

FIRST = """
import numpy as np

def step(tokens, A, alpha):
    scores = tokens @ A @ tokens.transpose(0, 2, 1)
    target = np.take_along_axis(tokens, scores.argmax(axis=2)[:, :, None], axis=1)
    return tokens + alpha / (1 + alpha) * (target - tokens)
"""


@pytest.fixture
def first(tmp_path: Path) -> str:
    """The SPEC of a kernel that takes the first of several maximisers and does not say so."""
    (tmp_path / "first.py").write_text(FIRST)
    return f"{tmp_path / 'first.py'}:step"
