"""Many runs as one job: all of Table 1, or a part, trained one after the other or several at once.

A campaign is a list of jobs, one a run folder. A run that is complete is skipped, one that was stopped goes on, and
what goes wrong in one (a loss that is not finite, a folder in use) is kept for the end while the others go on.
"""

import gc
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal

import torch

from a2u.data import Digits, load
from a2u.data.digits import TITLES
from a2u.errors import A2UError, near_match
from a2u.reconstruction import experiment as experiments
from a2u.reconstruction.experiment import Experiment, Settings, config_of, run_name, settings
from a2u.reconstruction.rows import ROWS
from a2u.training import Progress, Run, choose_device, read_run
from a2u.training.run import History


@dataclass(frozen=True)
class Job:
    """One run to be trained: its settings, where it is kept, and where data and arithmetic are."""

    settings: Settings
    folder: Path
    data: Path | None = None
    download: bool = False
    device: str = "auto"

    def __str__(self) -> str:
        chosen = self.settings
        return f"{ROWS[chosen.row].title} on {TITLES[chosen.set]}, seed {chosen.seed}"


@dataclass(frozen=True)
class Outcome:
    """How a job ended.

    status: "trained"; "complete" (it was before); "memory" (there was not enough, so it may be tried again with
    fewer beside it); "failed". message: why, in the last two cases. history: of the epochs that are kept.
    """

    job: Job
    status: Literal["trained", "complete", "memory", "failed"]
    message: str = ""
    history: History = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Is the run less than complete?"""
        return self.status in ("memory", "failed")


Tell = Callable[[Job, Progress], None]
Attempt = Callable[[Job, Tell], Outcome]


def plan(
    rows: Sequence[str],
    sets: Sequence[str],
    seeds: Sequence[int],
    preset: str,
    runs: Path,
    data: Path | None = None,
    download: bool = False,
    device: str = "auto",
) -> list[Job]:
    """The jobs of a part of Table 1, in the order in which they train: whole tables, one seed after the other.

    Folders are named as `a2u train` names them. Every word is checked here, before anything is trained.

    Raises:
        A2UError: No such row, set, preset or device.
    """
    for given, known, what in ((rows, list(ROWS), "row of Table 1"), (sets, list(TITLES), "data set")):
        for word in given:
            if word not in known:
                raise A2UError(f"There is no {what} {word!r}. {near_match(word, known)}")
    choose_device(device)
    return [
        Job(settings(row, set, preset, seed), runs / run_name(row, set, preset, seed), data, download, device)
        for seed in dict.fromkeys(seeds)
        for set in dict.fromkeys(sets)
        for row in ROWS
        if row in rows
    ]


@lru_cache(maxsize=2)
def images(set: str, data: Path | None, download: bool) -> tuple[Digits, Digits]:
    """Training and test images; the last two sets stay in memory, for the next run on them."""
    return load(set, "train", data, download), load(set, "test", data, download)


def epochs_done(job: Job) -> int:
    """How many epochs the job's folder holds; 0 also for what `attempt` will refuse, so that it is told there."""
    try:
        config, history = read_run(job.folder)
    except A2UError:
        return 0
    wanted = config_of(job.settings, *images(job.settings.set, job.data, job.download))
    return len(history) if config == json.loads(json.dumps(wanted)) else 0


def attempt(job: Job, tell: Tell) -> Outcome:
    """Train one run to its end, from where it is; `tell` hears of steps and epochs.

    What is wrong with this run alone (see `A2UError`, and too little memory) comes back as an outcome.
    """
    try:
        if epochs_done(job) == job.settings.epochs:
            return Outcome(job, "complete", history=read_run(job.folder)[1])
        return Outcome(job, "trained", history=_train(job, tell))
    except A2UError as error:
        return Outcome(job, "failed", str(error))
    except (torch.OutOfMemoryError, MemoryError) as error:
        reason = " ".join(str(error).split())[:200]
        message = f"There is not enough memory ({reason}). Free some, or choose another --device."
    gc.collect()  # what the failed run held; its traceback is gone by now
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return Outcome(job, "memory", message)


def _train(job: Job, tell: Tell) -> History:
    train, test = images(job.settings.set, job.data, job.download)
    experiment = Experiment(job.settings, train, test, choose_device(job.device))
    with Run(job.folder, experiment.config, experiment.device) as run:

        def hook(progress: Progress) -> None:
            tell(job, progress)

        return experiments.train(experiment, run, hook, hook)


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
            steps = len(images(job.settings.set, job.data, job.download)[0]) // job.settings.batch
            done = epochs_done(job)
            if done < job.settings.epochs:
                self._each[job.folder] = steps * job.settings.epochs
                self._done[job.folder] = steps * done
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
