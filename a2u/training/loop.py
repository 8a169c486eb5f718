"""The training loop. It knows no model and no data set: a `Task` brings both."""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from a2u.errors import A2UError
from a2u.training.checkpoint import Stateful
from a2u.training.device import derive_seed
from a2u.training.run import History, Keeper


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
        """What sets the learning rate, once a step: a schedule may fall inside an epoch."""

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
    step: Callable[[Task, Any], Tensor] = update,
    best: str | None = None,
) -> History:
    """Train `task` to its last epoch, from `run`'s checkpoint on if it has one; returns all epochs' records.

    A record is {"epoch", "lr", "loss", metrics …, "seconds"}, lr that of its first step. After each epoch the state
    goes to `run`.
    Stopped at any moment, by Ctrl-C, kill or a power cut, the next call goes on from the last complete epoch,
    and on the same CPU and number of threads it ends with the same bits as a run that was never stopped.

    Args:
        task: Model, optimizer, scheduler, batches, loss and metrics.
        run: Where to keep the state, a `Run` for one; None trains in memory only.
        on_step: Called every `report_every` steps and at the last one of an epoch.
        on_epoch: Called after each complete epoch, once it is saved.
        report_every: Reading the loss makes a GPU wait: there, every 50 steps is enough.
        step: What one batch does, if not `update` (a compiled or captured one, say).
        best: A metric, lower is better: the model of the epoch with its lowest value is kept beside the last state.

    Raises:
        A2UError: The loss is not finite any more. The last complete epoch stays saved.
    """
    parts: dict[str, Stateful] = {
        "model": task.model,
        "optimizer": task.optimizer,
        "scheduler": task.scheduler,
    }
    history = run.resume(parts) if run else []
    if run and not history:
        run.save(parts, history)  # stopped in the first epoch, the folder is a run all the same
    with torch.random.fork_rng():  # leaves the caller's random numbers alone
        for epoch in range(len(history) + 1, task.epochs + 1):
            torch.manual_seed(derive_seed(task.seed, "epoch", epoch))
            record = _epoch(task, epoch, history, on_step, report_every, step)
            lowest = best is not None and all(record[best] < earlier[best] for earlier in history)
            history = [*history, record]
            if run and lowest:  # first: killed in between, the run repeats this epoch and finds the same
                run.save_best(parts["model"], history)
            if run:
                run.save(parts, history)
            if on_epoch:
                on_epoch(Progress(epoch, task.epochs, task.steps, task.steps, record["loss"], history))
    return history


def _epoch(
    task: Task,
    epoch: int,
    history: History,
    on_step: Hook | None,
    report_every: int,
    step: Callable[[Task, Any], Tensor],
) -> dict[str, Any]:
    """One pass over the batches, then the metrics: its record."""
    started = time.perf_counter()
    rate = task.scheduler.get_last_lr()[0]
    task.model.train()
    total: Tensor | float = 0.0  # summed on the device, in double precision
    mean = math.nan
    for done, batch in enumerate(task.batches(epoch), start=1):
        total = total + step(task, batch).double()
        task.scheduler.step()
        if done % report_every == 0 or done == task.steps:
            mean = float(total) / done
            if not math.isfinite(mean):
                raise A2UError(
                    f"The loss became {mean} in step {done} of epoch {epoch} (learning rate {rate:g}). Try a "
                    f"smaller learning rate; {f'epoch {epoch - 1} is the last' if epoch > 1 else 'no epoch'} that was "
                    "kept."
                )
            if on_step:
                on_step(Progress(epoch, task.epochs, done, task.steps, mean, history))
    task.model.eval()
    with torch.no_grad():
        metrics = task.evaluate()
    seconds = round(time.perf_counter() - started, 3)
    return {"epoch": epoch, "lr": rate, "loss": mean, **metrics, "seconds": seconds}
