"""Work for tests of `a2u table1` that happens in other processes; run as a script it stops where it is told.

    python tests/helpers/table1_work.py FOLDER MOMENT     MOMENT: step, report, endless

At that moment it prints a line and waits to be killed: in the middle of the second run's second epoch, or with half a
report on the disk. Endless: it trains in other processes, for ever.
"""

import os
import signal
import sys
from pathlib import Path

import pytest
import small_digits
import torch
from patience import pause
from processes import here

from a2u.commands.cli import main
from a2u.data import load
from a2u.reconstruction.experiment import Experiment
from a2u.training import Progress
from a2u.training.campaign import Job, OnProgress, Outcome, attempt

ROWS = "nearest,bilinear"


def write_digits(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """Both sets, small."""
    small_digits.write(folder / "MNIST", patch)
    small_digits.write(folder / "FashionMNIST", patch, name="fashion")
    return folder


def small(job: Job, on_progress: OnProgress) -> Outcome:
    """`attempt` in a process that takes the small sets for the full ones."""
    with pytest.MonkeyPatch.context() as patch:
        write_digits(Path("data").absolute(), patch)
        return attempt(job, on_progress)


def crowded(job: Job, on_progress: OnProgress) -> Outcome:
    """Bilinear is killed at its first try, as by a system short of memory; a2u never has enough."""
    mark = job.folder.with_suffix(".tried")
    if job.settings.row == "bilinear" and not mark.exists():
        mark.parent.mkdir(exist_ok=True)
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if job.settings.row == "a2u":
        return Outcome(job, "memory", "There is not enough memory.")
    return small(job, on_progress)


def with_workers(job: Job, on_progress: OnProgress) -> Outcome:
    """Not a training: counts images that a worker of this process has loaded."""
    batches = torch.utils.data.DataLoader(load("mnist").images, 10, num_workers=1)
    return Outcome(job, "trained", history=[{"images": sum(len(batch) for batch in batches), "seconds": 0.0}])


def endless(job: Job, on_progress: OnProgress) -> Outcome:
    """Train for ever, and say under which number."""
    job.folder.mkdir(parents=True)
    (job.folder / "unfinished").write_text(str(os.getpid()))
    (job.folder / "unfinished").rename(job.folder / "pid")
    while True:
        on_progress(job, Progress(1, 1, 1, 2, 0.5))
        pause()


def stop_at(moment: str) -> None:
    """Make the second run, or the report, stop and wait."""
    original, calls, fsync = Experiment.loss, 0, os.fsync

    def loss(self: Experiment, batch: torch.Tensor) -> torch.Tensor:
        nonlocal calls
        calls += self.settings.row == "bilinear"
        if moment == "step" and calls == 4:  # the last of 2 epochs of 2 steps
            here()
        return original(self, batch)

    def wait_before_it_is_whole(descriptor: int) -> None:
        if moment == "report" and Path(f"/proc/self/fd/{descriptor}").readlink().name.startswith("table1.md"):
            os.ftruncate(descriptor, 1000)
            here()
        fsync(descriptor)

    Experiment.loss, os.fsync = loss, wait_before_it_is_whole  # type: ignore[method-assign]


if __name__ == "__main__":
    torch.set_num_threads(1)
    os.chdir(sys.argv[1])
    data = write_digits(Path("data").absolute(), pytest.MonkeyPatch())
    if sys.argv[2] == "endless":
        from a2u.reconstruction.campaign import plan
        from a2u.training.parallel import side_by_side

        jobs = plan(["nearest"], ["mnist"], [0], "quick", Path("runs"), data)
        side_by_side(jobs, 2, lambda job, progress: None, print, print, endless)
    stop_at(sys.argv[2])
    main(["table1", "--rows", ROWS, "--sets", "mnist", "--preset", "quick", "--data", str(data)])
