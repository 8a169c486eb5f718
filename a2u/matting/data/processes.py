"""Work shared among processes with torch's DataLoader, which notices when a process or its parent dies."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import current_process
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from a2u.errors import A2UError

_DIED = "DataLoader worker"  # how torch's message begins


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def spread(work: Callable[[int], Any], count: int, processes: int, context: str | None = None) -> Iterator[Any]:
    """work(0), work(1), … work(count − 1), in this order, computed in several processes.

    Args:
        work: gives the same wherever it runs; a function of a module, or `functools.partial` of one.
        count: how many.
        processes: the most to use; with one, or where this process may not start others, all is done here.
        context: how processes start, "fork" or "spawn"; None: as Python does on this machine.

    Raises:
        A2UError: One that `work` raises, or a process was killed.
    """
    processes = min(processes, count)
    if processes < 2 or current_process().daemon:
        yield from map(work, range(count))
        return
    loader = DataLoader(
        Calls(work),
        batch_size=None,
        sampler=range(count),
        num_workers=processes,
        collate_fn=_unchanged,
        generator=torch.Generator(),  # a loader draws a random number, and must not take one from the caller
        multiprocessing_context=context,
    )
    with deaths_explained():
        yield from map(raised, loader)


class Calls(Dataset[Any]):
    """The data set that DataLoader asks: `work` of an index. An A2UError comes back as a value, to be raised."""

    def __init__(self, work: Callable[[Any], Any]) -> None:
        self.work = work

    def __getitem__(self, index: Any) -> Any:
        try:
            return self.work(index)
        except A2UError as error:
            return error


def raised(value: Any) -> Any:
    """The value; an A2UError is raised."""
    if isinstance(value, A2UError):
        raise value
    return value


def _unchanged(value: Any) -> Any:
    return value


@contextmanager
def deaths_explained() -> Iterator[None]:
    """Inside, the death of a DataLoader process gives one message; torch may raise it anywhere.

    Raises:
        A2UError: One died.
    """
    try:
        yield
    except RuntimeError as error:
        if _DIED not in str(error):
            raise
        reason = str(error).partition(_DIED)[2].strip().splitlines()[0].partition(". ")[0].rstrip(".")
        raise A2UError(
            f"A process that prepares samples died: {reason}. If the memory of the machine, or its shared memory "
            "(/dev/shm), is full, use fewer workers. What was complete is kept."
        ) from error
