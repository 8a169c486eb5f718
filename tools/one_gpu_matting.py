"""After the queue of `one_gpu.py`: three matting networks at full width, on scenes drawn from seeds.

They show what the narrow networks could not. They are trained one after the other, in as many iterations as the time
that is left allows for all three; the number is part of each run's config, and of every output.
"""

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from a2u.errors import A2UError
from a2u.training.campaign import Job, Outcome, attempt
from a2u.training.loop import Progress

NEEDS = ("scipy", "cv2", "skimage")
ROWS = ("nearest", "dynamic-cs", "dynamic-cs-d-norm")
EPOCHS = 6
CHOICES = (1800, 1200, 600, 300)  # iterations of each
MEASURE = 25.0  # seconds for the validation and the test of one network
TIMED = 20  # steps by which the rate is measured, after as many to warm up
# The narrow preset with every size times two and all channels: a crop of 256 is a quarter of the paper's area.
WIDE: dict[str, Any] = {"width": 1.0, "crop": 256, "batch": 16, "test_size": 320, "kernels": (1, 18), "validation": 24}
TINY: dict[str, Any] = {"width": 0.125, "crop": 32, "batch": 2, "test_size": 48, "kernels": (1, 3), "validation": 2}


def missing() -> list[str]:
    """The packages that matting needs and this machine lacks."""
    return [name for name in NEEDS if find_spec(name) is None]


def plan_matting(runs: Path, iterations: int, device: torch.device, precision: str, tiny: bool) -> list[Job]:
    """The networks, each trained for so many iterations."""
    from a2u.matting.campaign import plan

    epochs = 1 if tiny else EPOCHS
    changes = {**(TINY if tiny else WIDE), "epochs": epochs, "iterations": iterations // epochs}
    changes |= {"milestones": () if tiny else (4, 5), "precision": precision}
    rows = ROWS[:1] if tiny else ROWS
    workers = 0 if tiny else _workers()
    return plan(rows, "narrow", runs, ablation=False, device=str(device), workers=workers, **changes)


def _workers() -> int:
    return max(1, min(14, (os.cpu_count() or 1) - 2))


def choose_iterations(runs: Path, device: torch.device, precision: str, left: float) -> int:
    """The largest of `CHOICES` that all three networks can have, by the speed of the slowest one.

    Raises:
        A2UError: Not even the smallest.
    """
    job = plan_matting(runs, CHOICES[0], device, precision, tiny=False)[-1]
    seconds = _seconds_of_a_step(job, device)
    for iterations in CHOICES:
        needs = len(ROWS) * (iterations * seconds + MEASURE)
        if needs <= left:
            return iterations
    raise A2UError(
        f"Matting needs about {needs:.0f} s for {CHOICES[-1]} iterations, but {max(0, left):.0f} s are left."
    )


def _seconds_of_a_step(job: Job, device: torch.device) -> float:
    from a2u.matting.experiment import prepare, train

    times: list[float] = []

    class Enough(Exception):
        """The steps are timed."""

    def on_step(progress: Progress) -> None:
        times.append(time.monotonic())
        if progress.step >= 2 * TIMED:
            raise Enough

    experiment = prepare(job.settings, str(device), _workers())
    with contextlib.suppress(Enough):
        train(experiment, None, on_step)
    half = len(times) // 2
    each = max(1, 2 * TIMED // len(times))  # steps between two calls
    return (times[-1] - times[half - 1]) / ((len(times) - half) * each)


def train_matting(
    jobs: Sequence[Job], on_end: Callable[[Outcome], None], left: Callable[[], float], on_epoch: Callable[[], None]
) -> bool:
    """Train and measure them one after the other, until the time runs out; returns whether all are complete."""

    def on_progress(_: Job, progress: Progress) -> None:
        if left() <= 0:
            raise A2UError("The time ran out; the last complete epoch is kept.")
        if progress.step == progress.steps:
            on_epoch()

    complete = True
    for job in jobs:
        outcome = attempt(job, on_progress)
        on_end(outcome)
        complete &= not outcome.failed
    return complete
