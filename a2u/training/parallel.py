"""Several runs at once, each in its own process. On a GPU they share it; on CPUs they divide the threads.

One process per run, not a pool: when it ends, all of its memory is free again, whatever happened in it. A process that
runs out of memory puts its run back, and fewer run at once from then on.
"""

import multiprocessing
import signal
import time
from collections import deque
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any, cast

import torch

from a2u.training.campaign import Attempt, Job, OnEnd, OnProgress, Outcome, attempt, one_by_one
from a2u.training.lifeline import end_with
from a2u.training.loop import Progress

PAUSE = 0.2  # seconds between two reports of one process
_KILLED = -signal.SIGKILL if hasattr(signal, "SIGKILL") else None  # how a system ends a process when memory runs out

_Running = dict[Any, tuple[SpawnProcess, Job]]
_LIFELINES: dict[int | None, "Connection[Any, Any]"] = {}  # our ends, by process: closed when we die, or it has ended


def train_all(
    jobs: Sequence[Job], count: int, on_progress: OnProgress, on_end: OnEnd, on_note: Callable[[str], None]
) -> list[Outcome]:
    """Train the jobs, one after the other in this process or `count` at once in others; returns all outcomes.

    The functions are called as for :func:`side_by_side`.
    """
    outcomes: list[Outcome] = []

    def keep(outcome: Outcome) -> None:
        outcomes.append(outcome)
        on_end(outcome)

    if count == 1:
        one_by_one(jobs, on_progress, keep)
    else:
        side_by_side(jobs, count, on_progress, keep, on_note)
    return outcomes


def side_by_side(
    jobs: Sequence[Job],
    count: int,
    on_progress: OnProgress,
    on_end: OnEnd,
    on_note: Callable[[str], None],
    work: Attempt = attempt,
) -> None:
    """Train the jobs, at most `count` at once.

    on_note: called with a sentence for people when fewer run at once than were asked for. The other two are called in
    this process, as for `a2u.training.campaign.one_by_one`, but not for every step.

    When this function returns or raises, all its processes have ended; their folders can be continued.
    """
    waiting = deque(jobs)
    limit = min(count, len(jobs))
    threads = max(1, torch.get_num_threads() // max(1, limit))
    running: _Running = {}
    crowded: set[Path] = set()  # runs that have had others beside them: alone, they may find enough memory
    try:
        while waiting or running:
            while waiting and len(running) < limit:
                job = waiting.popleft()
                process, connection = _start(work, job, threads)
                running[connection] = process, job
                crowded.discard(job.folder)
                if len(running) > 1:
                    crowded.update(each.folder for _, each in running.values())
            for ready in wait(list(running)):
                connection = cast("Connection[Any, Any]", ready)
                heard = _hear(connection, running)
                if isinstance(heard, Progress):
                    on_progress(running[connection][1], heard)
                    continue
                del running[connection]
                if heard.status == "memory" and heard.job.folder in crowded:
                    limit = max(1, min(limit - 1, len(running)))
                    waiting.appendleft(heard.job)
                    on_note(f"{heard.job}: {heard.message} It is put back; from now on at most {limit} at once.")
                else:
                    on_end(heard)
    finally:
        for process, _ in running.values():
            process.terminate()
        for process, _ in running.values():
            _join(process)


def _start(work: Attempt, job: Job, threads: int) -> tuple[SpawnProcess, "Connection[Any, Any]"]:
    """A fresh interpreter, since a process that has used a GPU cannot be copied. Ctrl-C is for the parent alone."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    life, held = context.Pipe(duplex=False)
    # Not a daemon, since daemons may have no children: runs may have processes of their own that prepare samples.
    process = context.Process(target=_child, args=(life, theirs, work, job, threads))
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # inherited, so it holds from the first moment
    try:
        process.start()
    finally:
        signal.signal(signal.SIGINT, before)
    _LIFELINES[process.pid] = held
    life.close()
    theirs.close()  # the child has its own end: when it dies, ours reads the end of the file
    return process, ours


def _hear(connection: "Connection[Any, Any]", running: _Running) -> Progress | Outcome:
    """The next message, or for a process that died without one, how it died."""
    process, job = running[connection]
    try:
        heard: Progress | Outcome = connection.recv()
    except EOFError:
        _join(process)
        if process.exitcode == _KILLED:
            return Outcome(job, "memory", "Its process was killed, as systems do when memory runs out.")
        return Outcome(job, "failed", f"Its process ended with exit code {process.exitcode}; its messages are above.")
    if isinstance(heard, Outcome):
        _join(process)
    return heard


def _join(process: SpawnProcess) -> None:
    process.join()
    if process.pid in _LIFELINES:
        _LIFELINES.pop(process.pid).close()


def _child(
    life: "Connection[Any, Any]", connection: "Connection[Any, Any]", work: Attempt, job: Job, threads: int
) -> None:
    end_with(life)
    torch.set_num_threads(threads)
    last = 0.0

    def send(_: Job, progress: Progress) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last > PAUSE or progress.step == progress.steps:
            last = now
            connection.send(progress)

    try:
        connection.send(work(job, send))
    except BrokenPipeError:  # the parent is gone, so nobody waits for this run: its folder keeps what is complete
        return
