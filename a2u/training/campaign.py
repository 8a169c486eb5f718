"""Many runs as one job, trained one after the other or several at once (`a2u.training.parallel`).

A campaign is a list of jobs, one a run folder. A run that is complete is skipped, one that was stopped goes on, and
what goes wrong in one (a loss that is not finite, a folder in use) is kept for the end while the others go on.
"""

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import torch

from a2u.errors import A2UError, memory_ran_out
from a2u.training.loop import Progress
from a2u.training.run import History, read_run


class Job(Protocol):
    """One run to be trained; `str(job)` says which, for people."""

    @property
    def folder(self) -> Path:
        """Where the run is kept."""

    @property
    def epochs(self) -> int:
        """Of the whole run."""

    @property
    def steps(self) -> int:
        """Of an epoch."""

    def done(self) -> int:
        """How many epochs the folder holds; 0 also for what `train` will refuse, so that it is told there."""

    def train(self, tell: "Tell") -> History:
        """Train to the end, from where the folder is."""


@dataclass(frozen=True)
class Outcome:
    """How a job ended.

    status: "trained"; "complete" (it was before); "memory" (there was not enough, so it may be tried again with
    fewer beside it); "failed". message: why, in the last two cases. history: of the epochs that are kept.
    """

    job: Any  # a Job
    status: Literal["trained", "complete", "memory", "failed"]
    message: str = ""
    history: History = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Is the run less than complete?"""
        return self.status in ("memory", "failed")


Tell = Callable[[Any, Progress], None]
Attempt = Callable[[Any, Tell], Outcome]


def attempt(job: Job, tell: Tell) -> Outcome:
    """Train one run to its end, from where it is; `tell` hears of steps and epochs.

    What is wrong with this run alone (see `A2UError`, and too little memory) comes back as an outcome.
    """
    try:
        if job.done() == job.epochs:
            return Outcome(job, "complete", history=read_run(job.folder)[1])
        return Outcome(job, "trained", history=job.train(tell))
    except A2UError as error:
        return Outcome(job, "failed", str(error))
    except (MemoryError, RuntimeError) as error:
        if not memory_ran_out(error):
            raise
        reason = " ".join(str(error).split())[:200]
        message = f"There is not enough memory ({reason}). Free some, or choose another --device."
    gc.collect()  # what the failed run held; its traceback is gone by now
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return Outcome(job, "memory", message)


def one_by_one(jobs: Sequence[Job], tell: Tell, ended: Callable[[Outcome], None], work: Attempt = attempt) -> None:
    """Train the jobs in this process; `ended` hears the outcome of each."""
    for job in jobs:
        ended(work(job, tell))


class Meter:
    """How far a campaign is, in steps over all its runs, and how long the rest will take.

    total: steps of all runs that are not complete; done: those made, before and now.
    """

    def __init__(self, jobs: Sequence[Job], clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._started = clock, clock()
        self._each: dict[Path, int] = {}
        self._done: dict[Path, int] = {}
        for job in jobs:
            done = job.done()
            if done < job.epochs:
                self._each[job.folder] = job.steps * job.epochs
                self._done[job.folder] = job.steps * done
        self.total, self.initial = sum(self._each.values()), sum(self._done.values())

    @property
    def done(self) -> int:
        """Steps made."""
        return sum(self._done.values())

    def step(self, job: Job, progress: Progress) -> None:
        """Take notice of a step."""
        self._done[job.folder] = (progress.epoch - 1) * progress.steps + progress.step

    def end(self, outcome: Outcome) -> None:
        """Take notice of the end of a run: a failed one leaves nothing to be done."""
        folder = outcome.job.folder
        if folder in self._each and outcome.status != "memory":
            if outcome.failed:
                self.total -= self._each[folder] - self._done[folder]
            else:
                self._done[folder] = self._each[folder]

    def left(self) -> float | None:
        """Seconds until all is done, at the speed so far; None before the first step."""
        made = self.done - self.initial
        return (self._clock() - self._started) / made * (self.total - self.done) if made > 0 else None
