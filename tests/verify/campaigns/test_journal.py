import json

import pytest

from hardmax.kernels.errors import InputError
from hardmax.verify.campaigns.journal import FORMAT, Journal, key_of

BEGUN = FORMAT + b"44136fa355b3678a {}\n"
TASKS = [1, 2, 3, 4, 5]
KEYS = [key_of("square", n) for n in TASKS]


def square(n):
    return {"square": n * n}


def unexpected(n):
    raise AssertionError(f"{n} is known already")


@pytest.fixture
def path(tmp_path):
    """A journal of the squares of 1 … 5."""
    path = tmp_path / "journal"
    assert Journal(path).run(square, KEYS, TASKS) == [square(n) for n in TASKS]
    return path


def test_what_is_known_is_not_computed_again(path):
    assert Journal(path).run(unexpected, KEYS[::-1], TASKS[::-1]) == [square(n) for n in TASKS[::-1]]
    with pytest.raises(AssertionError, match="1 is known already"):
        Journal(path).run(unexpected, [key_of("cube", 1)], [1])


def test_every_result_is_written_as_it_ends(tmp_path):
    def stop(n):
        if n == 4:
            raise KeyboardInterrupt
        return square(n)

    with pytest.raises(KeyboardInterrupt):
        Journal(tmp_path / "journal").run(stop, KEYS, TASKS)
    done = []
    Journal(tmp_path / "journal").run(square, KEYS, TASKS, progress=done.append)
    assert done == [3, 4, 5]


def test_a_journal_cut_anywhere_is_gone_on_from(path):
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        Journal(path).run(square, KEYS, TASKS)
        assert path.read_bytes() == whole


def test_a_line_that_was_changed_is_refused_and_kept(path):
    changed = path.read_bytes().replace(b'{"square": 9}', b'{"square": 8}')
    path.write_bytes(changed)
    with pytest.raises(InputError, match=r"journal is damaged \(line 4\); delete it to start anew"):
        Journal(path)
    path.write_bytes(BEGUN + b"\n")
    with pytest.raises(InputError, match="line 2"):
        Journal(path)


def test_any_byte_that_is_damaged_is_noticed(path):
    path.unlink()
    Journal(path, {"seed": 1}).add("key", {"square": 9})
    whole = path.read_bytes()
    for at, byte in enumerate(whole[:-1]):
        for other in {byte ^ 1, ord("\n"), ord("\r")} - {byte}:
            changed = whole[:at] + bytes([other]) + whole[at + 1 :]
            path.write_bytes(changed)
            with pytest.raises(InputError, match=r"is damaged|is no journal"):
                Journal(path)
            assert path.read_bytes() == changed
    path.write_bytes(whole.replace(b"\n", b"\r\n"))
    with pytest.raises(InputError, match="line 1"):
        Journal(path)


@pytest.mark.parametrize("content", [b"some notes", b"some notes\n", FORMAT[:-2] + b"9 {}\n", b'{"model": "abc"}\n'])
def test_other_files_are_refused_and_kept(tmp_path, content):
    (tmp_path / "notes").write_bytes(content)
    with pytest.raises(InputError, match="notes is no journal, or one of an earlier version"):
        Journal(tmp_path / "notes")
    assert (tmp_path / "notes").read_bytes() == content


@pytest.mark.parametrize("chunk", [1, 2])
def test_two_processes_give_what_one_gives(tmp_path, chunk):
    Journal(tmp_path / "two").run(json.dumps, KEYS, TASKS, jobs=2, chunk=chunk)
    assert Journal(tmp_path / "two").run(unexpected, KEYS, TASKS) == Journal().run(json.dumps, KEYS, TASKS)


def test_a_mean_over_nothing_is_one_line(tmp_path):
    with pytest.raises(InputError, match="too few reviews"):
        Journal(tmp_path / "journal").run(lambda n: float("nan"), KEYS, TASKS)
    assert (tmp_path / "journal").read_bytes() == BEGUN
