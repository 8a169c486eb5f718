"""Many runs as one job, trained one after the other or several at once (`a2u.training.parallel`).

A campaign is a list of jobs, one a run folder. A run that is complete is skipped, one that was stopped goes on, and
what goes wrong in one (a loss that is not finite, a folder in use) is kept for the end while the others go on.
"""

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, Protocol

import torch

from a2u.errors import A2UError, memory_ran_out
from a2u.training.kept import Kept, kept_in
from a2u.training.kind import KEY
from a2u.training.loop import Hook, Progress
from a2u.training.run_folder import Config, History


class Asked(Protocol):
    """The settings of a run that a campaign needs to know."""

    @property
    def title(self) -> str:
        """Which run this is, for people."""

    @property
    def epochs(self) -> int:
        """Of the whole run."""


@dataclass(frozen=True)
class Job:
    """One run to be trained; `str(job)` says which, for people.

    settings: what was asked for. folder: where the run is kept. config: what the run is known by; the folder must
    hold the same to be continued. steps: of an epoch. train: trains to the end from where the folder is, and calls its
    argument after every step and every epoch; a `functools.partial` of a function at the top of a module, so that
    another process can be given it.
    """

    settings: Any  # an Asked: an object of the experiment's own settings class
    folder: Path
    config: Config
    steps: int
    train: Callable[[Hook], History]

    def __str__(self) -> str:
        asked: Asked = self.settings
        return asked.title

    @property
    def epochs(self) -> int:
        """Of the whole run."""
        asked: Asked = self.settings
        return asked.epochs

    def kept(self) -> Kept:
        """What the folder holds of this run; nothing where `train` will refuse to continue."""
        return kept_in(self.folder, self.config[KEY], self.config)


@dataclass(frozen=True)
class Outcome:
    """How a job ended.

    status: "trained"; "complete" (it was before); "memory" (there was not enough, so it may be tried again with
    fewer beside it); "stopped" (there was no time left for it); "failed". message: why, in the last three cases, or
    what a run that was trained had to do without. history: of a complete run.
    """

    job: Job
    status: Literal["trained", "complete", "memory", "stopped", "failed"]
    message: str = ""
    history: History = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Is the run less than complete?"""
        return self.status in ("memory", "stopped", "failed")


OnProgress = Callable[[Job, Progress], None]  # called after every step and every epoch of a run
OnEnd = Callable[[Outcome], None]  # called at the end of each run, complete or not
Attempt = Callable[[Job, OnProgress], Outcome]


def attempt(job: Job, on_progress: OnProgress) -> Outcome:
    """Train one run to its end, from where it is.

    What is wrong with this run alone (see `A2UError`, and too little memory) comes back as an outcome.
    """
    try:
        kept = job.kept()
        if kept.complete:
            return Outcome(job, "complete", history=kept.history)
        return Outcome(job, "trained", history=job.train(partial(on_progress, job)))
    except A2UError as error:
        return Outcome(job, "failed", str(error))
    except (MemoryError, RuntimeError) as error:
        if not memory_ran_out(error):
            raise
        message = too_little_memory(error)
    free_memory()  # what the failed run held; its traceback is gone by now
    return Outcome(job, "memory", message)


def too_little_memory(error: BaseException) -> str:
    """What to say of it."""
    reason = " ".join(str(error).split())[:200]
    return f"There is not enough memory ({reason}). Free some, or choose another `device`."


def free_memory() -> None:
    """Give back what no run holds any more."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def one_by_one(jobs: Sequence[Job], on_progress: OnProgress, on_end: OnEnd, work: Attempt = attempt) -> None:
    """Train the jobs in this process, one after the other."""
    for job in jobs:
        on_end(work(job, on_progress))
