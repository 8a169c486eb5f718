"""Many runs as one campaign, trained one after the other or several at once (`a2u.training.parallel`).

A campaign is a list of jobs, one per run folder. A complete run is skipped, and one that was stopped continues. What
goes wrong in one run (a loss that is not finite, a folder in use) is reported at its end, while the others continue.
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
        """The name of the run, for people."""

    @property
    def epochs(self) -> int:
        """Of the whole run."""


@dataclass(frozen=True)
class Job:
    """One run to be trained; `str(job)` says which, for people.

    settings: what was asked for. folder: where the run is kept. config: identifies the run; a folder is continued only
    if it holds the same. steps: per epoch. train: trains from where the folder is to the end, and calls its argument
    after every step and every epoch; a `functools.partial` of a module-level function, so that it can be sent to
    another process.
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
        """What the folder holds of this run; nothing if `train` will refuse to continue it."""
        return kept_in(self.folder, self.config[KEY], self.config)


@dataclass(frozen=True)
class Outcome:
    """How a job ended.

    status: "trained"; "complete" (it was before); "memory" (there was too little; it may be tried again beside
    fewer others); "stopped" (there was no time left for it); "failed". message: the reason in the last three cases, or
    what a trained run had to do without. history: of a complete run.
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

    Errors of this run alone (`A2UError`, too little memory) come back as an outcome.
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
    """The message of a run that found too little memory."""
    reason = " ".join(str(error).split())[:200]
    return f"There is not enough memory ({reason}). Free some, or choose another `device`."


def free_memory() -> None:
    """Give back memory that no run uses any more."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def one_by_one(jobs: Sequence[Job], on_progress: OnProgress, on_end: OnEnd, work: Attempt = attempt) -> None:
    """Train the jobs in this process, one after the other."""
    for job in jobs:
        on_end(work(job, on_progress))
