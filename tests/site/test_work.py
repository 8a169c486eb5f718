"""Pieces made by several processes: in the order of their needs, kept when finished, and never twice."""

import os
from pathlib import Path

import pytest
import site_work
from patience import until
from processes import started

from a2u.errors import A2UError
from a2u.site import kept
from a2u.site.work import Task, run


def task(name: str, make=site_work.write, needs: tuple[Task, ...] = ()) -> Task:
    return Task("x", name, kept.digest(name), make, (name,), needs)


def test_a_piece_gets_the_records_of_what_it_needs(tmp_path: Path) -> None:
    one, two = task("one"), task("two")
    both = task("both", needs=(one, two))
    found = run([one, two, both], tmp_path, 1)
    assert found[both.place].record == ["both", ["one"], ["two"]]


def test_what_is_kept_is_not_made_again_but_counts_as_done(tmp_path: Path) -> None:
    run([task("one")], tmp_path, 1)
    done: list[str] = []
    run([task("one", site_work.refuse), task("two")], tmp_path, 1, lambda each: done.append(each.name))
    assert done == ["one", "two"]


def test_a_fault_stops_and_what_was_finished_stays(tmp_path: Path) -> None:
    with pytest.raises(A2UError, match=r"^bad cannot be made\.$"):
        run([task("one"), task("bad", site_work.refuse), task("two")], tmp_path, 1)
    assert kept.find(tmp_path, *task("one").place) is not None


def test_to_the_end_all_faults_are_named_and_what_needs_them_is_left_out(tmp_path: Path) -> None:
    bad, worse = task("bad", site_work.refuse), task("worse", site_work.refuse)
    with pytest.raises(A2UError, match=r"^bad cannot be made\.\nworse cannot be made\.$"):
        run([bad, task("needs it", needs=(bad,)), worse, task("one")], tmp_path, 1, to_the_end=True)
    assert kept.find(tmp_path, *task("one").place) is not None
    assert kept.find(tmp_path, *task("needs it").place) is None


def test_processes_share_the_work_and_one_that_is_killed_is_explained(tmp_path: Path) -> None:
    tasks = [task(f"{k}") for k in range(4)]
    last, more = task("last", site_work.die, tuple(tasks)), task("more", needs=tuple(tasks))
    with pytest.raises(A2UError, match=r"process that draws was killed.*What is finished is kept"):
        run([*tasks, last, more], tmp_path, 2)
    pieces = [kept.find(tmp_path, *each.place) for each in tasks]
    makers = {(piece.folder / piece.files[0]).read_text() for piece in pieces}
    assert str(os.getpid()) not in makers


@pytest.mark.skipif(os.name != "posix", reason="processes are looked up as on Linux")
def test_no_process_stays_behind_a_build_that_is_killed(tmp_path: Path) -> None:
    files = [tmp_path / f"pid-{k}" for k in range(2)]
    with started("site_work.py", tmp_path) as build:
        assert until(lambda: all(file.is_file() and file.read_text() for file in files), seconds=60)
        build.kill()
    workers = [int(file.read_text()) for file in files]
    assert until(lambda: not any(_lives(pid) for pid in workers))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"
