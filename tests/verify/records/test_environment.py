"""What a run ran on, and why tokens stay where they are, as records have it."""

import platform
import subprocess
from pathlib import Path

from hardmax import Configuration, prove
from hardmax.verify.records import environment as module
from hardmax.verify.records.environment import _commit, environment
from hardmax.verify.records.findings import result_record, rules_in_words


def test_the_environment_names_versions_processor_and_commit(tmp_path, monkeypatch):
    found = environment()
    assert found["python"] == platform.python_version()
    assert found["numpy"].count(".") >= 1
    assert found["processor"]
    assert _commit(tmp_path) is None
    root = Path(module.__file__).resolve().parents[2]
    if (root / ".git").exists():
        head = subprocess.run(["git", "-C", root, "rev-parse", "HEAD"], capture_output=True, text=True).stdout
        assert head.startswith(found["commit"].rstrip("+"))
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / ".git").mkdir()
    assert _commit(tmp_path) is None, "git is not there"


def test_the_rule_of_each_token_is_told_with_the_leader_that_captures_it():
    c = Configuration([[1, 1], [1, -1], [-1, 0], ["1/2", 0], ["1/3", "1/4"]], alpha="1/2", labels=list("abcde"))
    proved = prove(c)
    rules = rules_in_words(proved.outcome)
    assert rules[:3] == ("leader: follows itself alone",) * 3
    assert rules[3].startswith("R2: captured by the tie of 0 (a), 1 (b), from layer 0 on")
    assert rules[4].startswith("R1: captured by leader 0 (a), from layer 0 on")
    assert result_record(proved, "c", None, None).rules == rules
    spiral = prove(Configuration([[1, 0], [0, 1], [0, -1], [-1, 0]], [[1, 1], [-1, 1]]))
    assert rules_in_words(spiral.outcome) is None
