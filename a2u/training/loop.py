"""The training loop. It does not know the model or the data set: a `Task` brings both.

`fit` trains one task to its end. `in_turns` is the same training as a generator that pauses between steps, so that
several can be trained side by side in one process (`a2u.training.lanes`).
"""

import math
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from a2u.errors import A2UError
from a2u.training.checkpoint import Stateful
from a2u.training.device import derive_seed
from a2u.training.run import Keeper
from a2u.training.run_folder import History


class Task(Protocol):
    """What is to be learned. `fit` calls these and nothing else.

    batches(epoch) must follow from the task's seed and `epoch` alone, or a resumed run would differ.
    """

    seed: int
    epochs: int
    steps: int  # batches in an epoch

    @property
    def model(self) -> nn.Module:
        """What learns; on the device already."""

    @property
    def optimizer(self) -> torch.optim.Optimizer:
        """What changes the model's parameters."""

    @property
    def scheduler(self) -> torch.optim.lr_scheduler.LRScheduler:
        """What sets the learning rate, once per step, because a schedule may change it within an epoch."""

    def batches(self, epoch: int) -> Iterable[Any]:
        """The batches of one epoch, in order."""

    def loss(self, batch: Any) -> Tensor:
        """The scalar to be minimised."""

    def evaluate(self) -> dict[str, float]:
        """Metrics of the model as it is now."""


@dataclass(frozen=True)
class Progress:
    """Where training is, for hooks: `on_step` sees a running loss, `on_epoch` the whole record of the epoch.

    epoch and step count from 1; loss: mean over the epoch so far; history: the records of complete epochs.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    history: History = field(default_factory=list)


Hook = Callable[[Progress], None]
Step = Callable[[Task, Any], Tensor]
Turns = Generator[None, None, History]  # a training that pauses; what it returns is the history


def update(task: Task, batch: Any) -> Tensor:
    """One step of gradient descent; returns the loss, still on the device."""
    loss = task.loss(batch)
    task.optimizer.zero_grad(set_to_none=True)
    loss.backward()
    task.optimizer.step()
    return loss.detach()


def fit(
    task: Task,
    run: Keeper | None = None,
    on_step: Hook | None = None,
    on_epoch: Hook | None = None,
    report_every: int = 1,
    step: Step = update,
    best: str | None = None,
    keep_every: int = 1,
) -> History:
    """Train `task` to its last epoch, from `run`'s checkpoint on if it has one; returns all epochs' records.

    A record is {"epoch", "lr", "loss", metrics …, "seconds"}, lr that of its first step. After each epoch the state
    goes to `run`.
    If it is stopped at any moment, by Ctrl-C, kill or a power cut, the next call goes on from the last epoch that was
    kept, and on the same CPU and number of threads it ends with the same bits as a run that was never stopped.

    Args:
        task: Model, optimizer, scheduler, batches, loss and metrics.
        run: Where to keep the state, a `Run` for one; None trains in memory only.
        on_step: Called every `report_every` steps and at the last one of an epoch.
        on_epoch: Called after each epoch that is kept, once it is saved.
        report_every: Reading the loss makes a GPU wait: there, every 50 steps is enough.
        step: How to take a step, if not by `update`, such as a compiled or captured one. A step that can take several
            batches at once has a method `many` and gets `report_every` of them, see `a2u.training.captured`.
        best: A metric, lower is better: the model of the epoch with its lowest value is kept beside the last state.
        keep_every: Measure and save only every so many epochs, and the last. The records of the others have no
            metrics.

    Raises:
        A2UError: The loss is no longer finite. The last epoch that was kept stays saved.
    """
    return finish(in_turns(task, run, on_step, on_epoch, report_every, step, best, keep_every))


def finish(turns: Turns) -> History:
    """Take all the turns of one training; returns its history. The caller's random numbers are left alone."""
    with torch.random.fork_rng():
        while True:
            try:
                next(turns)
            except StopIteration as end:
                history: History = end.value
                return history


def in_turns(
    task: Task,
    run: Keeper | None = None,
    on_step: Hook | None = None,
    on_epoch: Hook | None = None,
    report_every: int = 1,
    step: Step = update,
    best: str | None = None,
    keep_every: int = 1,
) -> Turns:
    """`fit` as a generator that pauses after every `report_every` steps; arguments and errors as there.

    It pauses before it reads the loss, so a GPU may have finished the steps when the next turn comes. It draws from
    torch's random numbers, and seeds them at each epoch: a caller that alternates between several trainings must give
    each its own.
    """
    parts: dict[str, Stateful] = {
        "model": task.model,
        "optimizer": task.optimizer,
        "scheduler": task.scheduler,
    }
    history = run.resume(parts) if run else []
    if run and not history:
        run.save(parts, history)  # so the folder is a run even if it is stopped in the first epoch
    saved = len(history)  # epochs that a later start will find
    for epoch in range(len(history) + 1, task.epochs + 1):
        torch.manual_seed(derive_seed(task.seed, "epoch", epoch))
        started = time.perf_counter()
        record = yield from _epoch(task, epoch, history, saved, on_step, report_every, step)
        kept = epoch % keep_every == 0 or epoch == task.epochs
        if kept:
            record |= _measure(task)
        record["seconds"] = round(time.perf_counter() - started, 3)
        lowest = best is not None and kept and all(record[best] < each[best] for each in history if best in each)
        history = [*history, record]
        if run and lowest:  # first: if killed in between, the run repeats this epoch and finds the same
            run.save_best(parts["model"], history)
        if run and kept:
            run.save(parts, history)
        saved = epoch if kept else saved
        if on_epoch and kept:
            on_epoch(Progress(epoch, task.epochs, task.steps, task.steps, record["loss"], history))
    return history


def _epoch(
    task: Task, epoch: int, history: History, saved: int, on_step: Hook | None, report_every: int, step: Step
) -> Generator[None, None, dict[str, Any]]:
    """One pass over the batches: its record, without metrics."""
    rate = task.scheduler.get_last_lr()[0]
    task.model.train()
    batches = iter(task.batches(epoch))
    total: Tensor | float = 0.0  # summed on the device, in double precision
    mean, done = math.nan, 0
    while done < task.steps:
        count = min(report_every, task.steps - done)
        total = total + _take(step, task, batches, count)
        done += count
        yield
        mean = float(total) / done
        if not math.isfinite(mean):
            raise A2UError(
                f"The loss became {mean} in step {done} of epoch {epoch} (learning rate {rate:g}). Try a smaller "
                f"learning rate; {f'epoch {saved} is the last' if saved else 'no epoch'} that was kept."
            )
        if on_step:
            on_step(Progress(epoch, task.epochs, done, task.steps, mean, history))
    return {"epoch": epoch, "lr": rate, "loss": mean}


def _take(step: Step, task: Task, batches: Iterator[Any], count: int) -> Tensor | float:
    """Take `count` steps, the scheduler's step after each; returns the sum of losses, still on the device."""
    many = getattr(step, "many", None)
    if many is not None:
        total: Tensor | float = many(task, batches, count)
        return total
    total = 0.0
    for batch in islice(batches, count):
        total = total + step(task, batch).double()
        task.scheduler.step()
    return total


def _measure(task: Task) -> dict[str, float]:
    task.model.eval()
    with torch.no_grad():
        return task.evaluate()
