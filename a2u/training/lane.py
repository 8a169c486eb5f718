"""One lane of `a2u.training.lanes`: a run, the place where it computes, its random numbers, and its time."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor

from a2u.training.campaign import Job, OnProgress
from a2u.training.loop import Hook, Progress, Turns

_QUEUES = "CUDA_DEVICE_MAX_CONNECTIONS"


def many_streams() -> None:
    """Let up to 32 streams run side by side, not 8 as by default. To be called before a GPU is first used."""
    os.environ.setdefault(_QUEUES, "32")


@dataclass(frozen=True)
class JobInTurns(Job):
    """A job whose training pauses, so that others can have a turn.

    turns: `train` as a generator, see `a2u.training.loop.in_turns`; its second argument says how steps are taken, see
    `a2u.training.step.choose_step`.
    """

    turns: Callable[[Hook, str], Turns]


@dataclass
class Budget:
    """How long the lanes may take together.

    seconds: from now on; None: no limit. pace: seconds that a step takes in a lane beside others, if that was measured
    before; None: the first runs start without a check whether they can finish in time.
    """

    seconds: float | None = None
    pace: float | None = None
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._began = self.clock()

    def left(self) -> float:
        """Seconds that are left; infinite without a limit."""
        return float("inf") if self.seconds is None else self.seconds - (self.clock() - self._began)


class Place:
    """Where a lane computes: on a GPU a stream, which the runs in this place use one after the other."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None
        self._done = torch.cuda.Event() if self._stream else None

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Inside, work goes to this place."""
        with torch.cuda.stream(self._stream) if self._stream else nullcontext():
            try:
                yield
            finally:
                if self._done:
                    self._done.record()

    def idle(self) -> bool:
        """Is all work done that was given to this place?"""
        return self._done is None or self._done.query()

    def wait(self) -> None:
        """Wait until it is."""
        if self._stream:
            self._stream.synchronize()


@dataclass
class Waiting:
    """A run that waits for a lane: how it will train, and a note if that is not as it was asked to."""

    job: JobInTurns
    how: str = "auto"
    note: str = ""


class Lane:
    """A run in its lane, from its start there."""

    def __init__(self, run: Waiting, place: Place, on_progress: OnProgress, now: float) -> None:
        self.run, self.place, self.began = run, place, now
        self.steps = 0  # taken since then
        self.crowded = False  # has it had others beside it?
        self._first: int | None = None  # the step at which it began
        self._on_progress = on_progress
        self._random: list[Tensor] | None = None  # its random numbers, between its turns
        self._threads: int | None = None  # of torch: a run keeps the number that it began with
        self._turns = run.job.turns(self._hear, run.how)

    def take(self, steps: int) -> None:
        """Take some turns; raises StopIteration with the history at the end of the run, or what goes wrong in it."""
        with self.place.entered(), self._own_state():
            for _ in range(steps):
                next(self._turns)

    def close(self) -> None:
        """End the run where it is, and release its folder."""
        with self.place.entered(), self._own_state():
            self._turns.close()
        self.place.wait()  # work in progress may still use memory that is given back now

    @contextmanager
    def _own_state(self) -> Iterator[None]:
        """Inside, torch's random numbers and threads are those of this lane; outside they are left alone."""
        device = self.place.device
        outside, threads = _random_state(device), torch.get_num_threads()
        if self._random is not None:
            _set_random_state(self._random, device)
        _set_threads(self._threads or threads)
        try:
            yield
        finally:
            self._random, self._threads = _random_state(device), torch.get_num_threads()
            _set_random_state(outside, device)
            _set_threads(threads)

    def _hear(self, progress: Progress) -> None:
        before = (progress.epoch - 1) * progress.steps
        self._first = before if self._first is None else self._first
        self.steps = before + progress.step - self._first
        self._on_progress(self.run.job, progress)


def _set_threads(count: int) -> None:
    if torch.get_num_threads() != count:
        torch.set_num_threads(count)


def _random_state(device: torch.device) -> list[Tensor]:
    return [torch.get_rng_state(), *([torch.cuda.get_rng_state(device)] if device.type == "cuda" else [])]


def _set_random_state(state: Sequence[Tensor], device: torch.device) -> None:
    torch.set_rng_state(state[0])
    if device.type == "cuda":
        torch.cuda.set_rng_state(state[1], device)
