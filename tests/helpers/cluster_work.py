"""Runs for tests of clusters: they count epochs in a run folder, and leave, fail or die where they are told."""

import os
import signal
from functools import partial
from pathlib import Path
from typing import Any

import torch

from a2u.errors import A2UError
from a2u.training import Run
from a2u.training.campaign import Job
from a2u.training.kind import KEY
from a2u.training.loop import Hook
from a2u.training.run_folder import History


class Counting:
    """The settings of such a run."""

    def __init__(self, number: int, epochs: int) -> None:
        self.title, self.epochs = f"run {number}", epochs


class Nothing:
    """What has no state."""

    def state_dict(self) -> dict[str, Any]:
        return {"nothing": torch.zeros(1)}

    def load_state_dict(self, state: dict[str, Any]) -> None: ...


def plan(runs: Path, count: int, epochs: int = 1, **how: Any) -> list[Job]:
    """Runs that count to `epochs`; see `count_to`."""
    jobs = []
    for number in range(count):
        folder, config = runs / f"run-{number}", {KEY: "counting", "epochs": epochs, "number": number}
        jobs.append(Job(Counting(number, epochs), folder, config, 1, partial(count_to, folder, config, **how)))
    return jobs


def count_to(
    folder: Path,
    config: dict[str, Any],
    on_progress: Hook,
    leave_after: int | None = None,
    refuse: str | None = None,
    kill: bool = False,
) -> History:
    """Count, an epoch a step, from where the folder is.

    leave_after: after this epoch the process is told that its time is up, as Slurm tells it. refuse: with this message.
    kill: the process dies.
    """
    if refuse:
        raise A2UError(refuse)
    if kill:
        os.kill(os.getpid(), signal.SIGKILL)
    parts = {"model": Nothing()}
    with Run(folder, config) as run:
        history = run.resume(parts)
        for epoch in range(len(history) + 1, config["epochs"] + 1):
            record = {"epoch": epoch, "lr": 0.1, "loss": 1.0, "seconds": 0.0, "process": os.getpid()}
            history = [*history, record]
            run.save(parts, history)
            if epoch == leave_after:
                signal.raise_signal(signal.SIGUSR2)
    return history
