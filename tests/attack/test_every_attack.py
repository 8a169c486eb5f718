"""A sample of every attack on files and processes; `make attack` tries them all and prints the figures."""

import os
import sys

import pytest
from processes import python
from project import ROOT

from tests.attack import damage, processes, system_calls
from tests.attack.tally import Tally


def held(tally: Tally, least: int) -> None:
    assert tally.failures == []
    assert tally.tried == tally.held >= least


def test_after_any_failing_system_call_the_work_goes_on_to_the_same_end() -> None:
    for tally in system_calls.attack(every=29):
        held(tally, 7)


@pytest.mark.parametrize("loader", damage.LOADERS, ids=lambda loader: loader.name)
def test_a_damaged_file_is_named_or_gives_the_same_values(loader: damage.Loader) -> None:
    held(damage._attack(loader, every=16), 20)


def test_two_processes_other_threads_and_kills() -> None:
    for tally in processes.attack(short=True):
        held(tally, 3)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="no other system limits the memory of a process so")
def test_with_little_memory_there_is_a_result_or_one_line() -> None:
    """In a process of its own: one that has run other tests is large, and forks of it die for reasons of their own."""
    done = python("-m", "tests.attack.memory", 5, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stdout + done.stderr
    told = [line.split() for line in done.stdout.splitlines()]
    assert [words[:2] for words in told] == [["little", "memory:"]] * 2
    assert all(int(words[-4]) == int(words[-2]) >= 5 for words in told if words[-1] == "held")


def test_a_tally_counts_what_fails() -> None:
    """An attack that could not fail would say nothing."""
    tally = Tally("made up")
    tally.case("right", lambda: None)
    tally.case("wrong", lambda: "other values")
    tally.case("worse", lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    assert (tally.tried, tally.held) == (3, 1)
    assert tally.failures[0] == "made up, wrong: other values"
    assert "ZeroDivisionError" in tally.failures[1]
    assert str(tally).split() == ["made", "up", "3", "tried", "1", "held"]
