"""`make gpu` on a machine without a card: the script runs all its steps and writes its record."""

import json

import pytest

torch = pytest.importorskip("torch")

from tests import gpu  # noqa: E402


def test_the_dry_run_writes_one_record_of_all_steps(tmp_path, capsys):
    out = tmp_path / "gpu.json"
    assert gpu.main(["--dry-run", "--out", str(out)]) == 0
    record = json.loads(out.read_text())
    found = {step["name"]: step for step in record["steps"]}
    assert list(found) == [name for name, _ in gpu.steps(True)]
    assert (record["device"], record["dry_run"]) == ("cpu", True)
    assert found["torch-sdpa-flash"]["counts"]["pass"] == 2
    assert found["torch-sdpa-flash"]["failing"] == {}
    assert found["tests"]["status"] in (0, 5)  # pytest: collected, or nothing to collect
    if not torch.cuda.is_available():
        assert found["torch-sdpa-cudnn"]["status"] == 2
        assert "CUDA" in found["torch-sdpa-cudnn"]["said"]
        assert found["triton-attention"]["status"] == 2
    assert "torch-sdpa-flash" in capsys.readouterr().out


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_a_card_one_line_says_what_to_do(tmp_path, capsys):
    assert gpu.main(["--out", str(tmp_path / "gpu.json")]) == 2
    assert "sees no CUDA device: use another machine, or give --dry-run" in capsys.readouterr().err
    assert not (tmp_path / "gpu.json").exists()
