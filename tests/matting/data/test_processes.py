"""Work shared out among processes: in order, the same anywhere, and told when one dies."""

import multiprocessing
import os
import signal
from functools import partial

import pytest
import torch

from a2u.errors import A2UError
from a2u.matting.data import processes
from a2u.matting.data.processes import cores, deaths_explained, spread


def square(number: int) -> tuple[int, int]:
    return number * number, os.getpid()


def die(home: int, number: int) -> int:
    if number == 3 and os.getpid() != home:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def refuse(number: int) -> int:
    raise A2UError(f"{number} is refused.")


def fail(number: int) -> int:
    raise ValueError("a fault of the program")


@pytest.mark.parametrize("context", ["fork", "spawn", None])
def test_the_work_comes_back_in_order_from_other_processes(context: str | None) -> None:
    found = list(spread(square, 7, 2, context))
    assert [value for value, _ in found] == [0, 1, 4, 9, 16, 25, 36]
    assert os.getpid() not in {process for _, process in found}


@pytest.mark.parametrize(("count", "number"), [(5, 1), (1, 4), (0, 4)])
def test_one_process_or_one_piece_of_work_needs_no_other(count: int, number: int) -> None:
    assert list(spread(square, count, number)) == [(n * n, os.getpid()) for n in range(count)]


def test_where_a_process_may_have_no_children_it_does_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes.current_process(), "_config", {"daemon": True})
    assert multiprocessing.current_process().daemon
    assert {process for _, process in spread(square, 4, 2)} == {os.getpid()}


def test_a_process_that_is_killed_is_one_message() -> None:
    with pytest.raises(A2UError, match=r"A process that prepares samples died: .*Killed|died: .*exited unexpectedly"):
        list(spread(partial(die, os.getpid()), 6, 2))


def test_an_error_of_the_work_is_itself() -> None:
    with pytest.raises(A2UError, match=r"^0 is refused.$"):
        list(spread(refuse, 4, 2))
    with pytest.raises(ValueError, match="a fault of the program"):
        list(spread(fail, 4, 2))


def test_random_numbers_of_the_caller_stay_as_they_are() -> None:
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    list(spread(square, 4, 2))
    assert torch.equal(torch.rand(2), expected)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("(pid 12) is killed by signal: Killed. ", r"died: \(pid 12\) is killed by signal: Killed\. If"),
        ("(pid(s) 12, 13) exited unexpectedly", r"died: \(pid\(s\) 12, 13\) exited unexpectedly\. If"),
        (
            "(pid 9) is killed by signal: Bus error. It is possible that dataloader's workers are out of shared "
            "memory. Please try to raise your shared memory limit.",
            r"died: \(pid 9\) is killed by signal: Bus error\. If .*/dev/shm",
        ),
    ],
)
def test_torchs_words_become_one_line(said: str, told: str) -> None:
    with pytest.raises(A2UError, match=told), deaths_explained():
        raise RuntimeError(f"DataLoader worker {said}")


def test_other_errors_are_not_touched() -> None:
    with pytest.raises(RuntimeError, match="shapes"), deaths_explained():
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")


def test_cores_are_those_that_this_process_may_use() -> None:
    assert 1 <= cores() <= (os.cpu_count() or 1)
