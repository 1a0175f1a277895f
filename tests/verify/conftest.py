"""What the tests of several rooms share: the command line, a user's kernel, a small corpus with a known answer."""

import csv
from pathlib import Path

import numpy as np
import pytest

from hardmax.verify.cli import main

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


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Run `hardmax …` in an empty folder: (status, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            main([str(a) for a in arguments])
        return caught.value.code, *capsys.readouterr()

    return call


GOOD = ("wonderful", "excellent", "lovely", "brilliant")
BAD = ("awful", "boring", "dreadful", "stupid")
PLAIN = tuple(f"{a}{b}" for a in ("film", "plot", "actor", "scene", "music") for b in ("one", "two", "three", "four"))


def synthetic_rows(count: int, seed: int = 0) -> list[tuple[str, int, str]]:
    """Reviews of plain words with two or three words of their class."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(count):
        label = i % 2
        words = [*rng.choice(PLAIN, rng.integers(4, 12)), *rng.choice(GOOD if label else BAD, rng.integers(2, 4))]
        rows.append((" ".join(rng.permutation(words)), label, "imdb"))
    return rows


def write_csv(path: Path, rows: list[tuple[str, int, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "label", "source"))
        writer.writerows(rows)
    return path


@pytest.fixture(scope="session")
def corpus_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(tmp_path_factory.mktemp("corpus") / "reviews.csv", synthetic_rows(240))
