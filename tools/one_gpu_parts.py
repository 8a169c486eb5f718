"""Before the queue of `one_gpu.py`: which rows a graph can hold here, how fast lanes are, how long they can train."""

import gc
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import torch

from a2u.data import Digits
from a2u.errors import A2UError
from a2u.reconstruction.campaign import ByIndex
from a2u.reconstruction.experiment import turns
from a2u.reconstruction.presets import Settings, config_of, settings
from a2u.training.captured import Captured
from a2u.training.kept import NOT_RUN, Kept
from a2u.training.lane import Budget, JobInTurns
from a2u.training.lanes import in_lanes
from a2u.training.loop import Hook, Progress, Turns, finish
from a2u.training.memory import PeakMemory
from a2u.training.run import Run
from a2u.training.step import Eager

PRESET = "paper"
IN_A_GRAPH = 5  # steps of a graph that is tried
TOLERANCE = {"float32": 1e-3, "tf32": 1e-2, "bf16": 5e-2}  # of the mean loss of those steps, relative
MARGIN = 1.15  # what measuring, saving and packing take on top of the steps
Images = tuple[Digits, Digits]


@dataclass(frozen=True)
class Plan:
    """What is trained, and on how much.

    choices: numbers of epochs. batch: None for the preset's. timed: steps of each lane by which the rate is measured.
    replays: of a graph that is tried. keep_every: see `a2u.training.fit`.
    """

    rows: tuple[str, ...]
    choices: tuple[int, ...]
    batch: int | None
    timed: int
    replays: int
    precision: str
    lanes: int
    keep_every: int


def smoke(
    row: str, images: Images, device: torch.device, plan: Plan, graphed: Captured | None = None
) -> dict[str, Any]:
    """One row: steps in a graph against eager steps on the same batches.

    graphed: takes the steps in a graph; None: made here, if the device is a GPU.

    Returns:
        captured: can its steps be recorded, and are they the eager ones? error: why not. difference: of the mean loss,
        relative. ms: of a step, replayed if they can be, else eager. peak_mib: memory at the highest point.
    """
    with PeakMemory(device) as peak:
        if graphed is None and device.type == "cuda":
            graphed = Captured(device, plan.precision)
        found = _try(row, images, device, plan, graphed)
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    return {"row": row, **found, "peak_mib": round(peak.bytes / 2**20, 1)}


def _try(row: str, images: Images, device: torch.device, plan: Plan, graphed: Captured | None) -> dict[str, Any]:
    asked = settings(row, preset=PRESET, epochs=1, batch=plan.batch)
    eager, task = (ByIndex(asked, *images, device, plan.precision) for _ in range(2))
    step = Eager(device, plan.precision)
    batches = cycle(eager.order(1))
    expected = []  # mean losses of three times as many steps as a graph has
    for _ in range(3):
        losses, began = [], _now(device)
        for _ in range(IN_A_GRAPH):
            losses.append(step(eager, next(batches)))
            eager.scheduler.step()
        eager_ms = round(1e3 * (_now(device) - began) / IN_A_GRAPH, 3)
        expected.append(float(torch.stack(losses).double().mean()))
    if graphed is None:
        return {"captured": False, "error": "no graphs without a GPU", "ms": eager_ms}
    batches = cycle(task.order(1))
    try:
        found = [float(graphed.many(task, batches, IN_A_GRAPH)) / IN_A_GRAPH for _ in range(3)]  # the first warms up
        began = _now(device)
        for _ in range(plan.replays):
            graphed.many(task, batches, IN_A_GRAPH)
        ms = round(1e3 * (_now(device) - began) / (plan.replays * IN_A_GRAPH), 3)
    except (A2UError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:1000]
        return {"captured": False, "error": f"{type(error).__name__}: {reason}", "ms": eager_ms}
    difference = max(abs(a - b) / b for a, b in zip(found, expected, strict=True))
    if not difference <= TOLERANCE[plan.precision]:
        means = ", ".join(f"{each:.6f}" for each in found), ", ".join(f"{each:.6f}" for each in expected)
        why = f"Replayed steps are not the eager ones: mean losses {means[0]} instead of {means[1]}."
        return {"captured": False, "error": why, "difference": difference, "ms": eager_ms}
    return {"captured": True, "difference": difference, "ms": ms, "eager_ms": eager_ms}


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


class InMemory(JobInTurns):
    """A training that no folder keeps, to see how fast the lanes are."""

    def kept(self) -> Kept:
        """Nothing is kept."""
        return Kept(NOT_RUN)


def job(asked: Settings, folder: Path | None, images: Images, device: torch.device, plan: Plan) -> JobInTurns:
    """A run of section 5 on these images, kept in a folder or nowhere."""
    turns = partial(_turns, asked, folder, images, device, plan)
    kind = InMemory if folder is None else JobInTurns
    config = config_of(asked, *images, plan.precision)
    steps = len(images[0]) // asked.batch
    return kind(asked, folder or Path(), config, steps, lambda hook: finish(turns(hook, "auto")), turns)


def _turns(
    asked: Settings,
    folder: Path | None,
    images: Images,
    device: torch.device,
    plan: Plan,
    on_progress: Hook,
    how: str,
) -> Turns:
    task = ByIndex(asked, *images, device, plan.precision)
    if folder is None:
        return (yield from turns(task, None, on_progress, None, how, keep_every=task.epochs))
    with Run(folder, task.config, device, plan.lanes) as run:
        return (yield from turns(task, run, on_progress, on_progress, how, plan.keep_every))


def rate(rows: Sequence[str], images: Images, device: torch.device, plan: Plan, seconds: float) -> dict[str, Any]:
    """How fast rows train side by side; they stop when each has made the steps that are timed.

    Returns:
        steps_per_second: of all lanes together. pace: seconds that a step takes in one of them.

    Raises:
        A2UError: Not even one step was timed within `seconds`.
    """
    asked = [settings(row, preset=PRESET, batch=plan.batch) for row in rows[: plan.lanes]]
    jobs = [job(each, None, images, device, plan) for each in asked]
    made: dict[str, int] = dict.fromkeys((str(job) for job in jobs), 0)
    first: dict[str, int] = {}
    began, steps = 0.0, 0
    budget = Budget(seconds)

    def on_progress(job: Any, progress: Progress) -> None:
        nonlocal began, steps
        made[str(job)] = (progress.epoch - 1) * progress.steps + progress.step
        late = budget.left() < seconds / 2 and any(made.values())  # one that never begins must not hold up the others
        if not first and (all(made.values()) or late):  # all have been recorded, or have warmed up
            first.update({name: steps for name, steps in made.items() if steps})
            began = time.monotonic()
        elif first:
            each = [made[name] - first[name] for name in first]
            steps = sum(each)
            if min(each) >= plan.timed:
                budget.seconds = 0.0

    outcomes = in_lanes(jobs, len(jobs), on_progress, lambda _: None, print, device, budget)
    took = time.monotonic() - began
    failed = [outcome for outcome in outcomes if outcome.status not in ("stopped", "trained")]
    if not steps or failed:
        why = failed[0].message if failed else f"no step was timed in {seconds:.0f} s"
        raise A2UError(f"The rate of {plan.lanes} lanes cannot be measured: {why}")
    per_second = steps / took
    return {
        "lanes": len(first),
        "steps": steps,
        "seconds": round(took, 2),
        "steps_per_second": per_second,
        "pace": len(first) / per_second,
    }


def choose_epochs(choices: Sequence[int], rows: int, steps: int, per_second: float, left: float) -> int:
    """The largest number of epochs that `rows` runs of `steps` per epoch can have in the seconds that are left.

    Raises:
        A2UError: Not even the smallest.
    """
    for epochs in sorted(choices, reverse=True):
        if MARGIN * rows * steps * epochs / per_second <= left:
            return epochs
    least = min(choices)
    needs = MARGIN * rows * steps * least / per_second
    raise A2UError(
        f"The budget is too small: {rows} rows of {least} epochs need about {needs:.0f} s at {per_second:.0f} steps "
        f"per second, but {max(0, left):.0f} s are left. Give a larger --budget, or fewer --rows."
    )
