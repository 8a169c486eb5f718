"""A sample of every attack on files and processes; `make attack` tries them all and prints the figures."""

import sys

import pytest

from tests.attack import damage, memory, processes, system_calls
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
    for tally in memory.attack(every=5):
        held(tally, 5)


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
