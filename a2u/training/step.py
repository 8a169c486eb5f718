"""How a training step runs: eagerly, in a CUDA graph, or compiled."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from a2u.errors import A2UError, near_match
from a2u.training.captured import Captured
from a2u.training.loop import Task, update
from a2u.training.precision import arithmetic, autocast, check_precision

STEPS = ("auto", "eager", "captured", "compiled")
Step = Callable[[Task, Any], Tensor]


class Eager:
    """`update` in a given precision."""

    def __init__(self, device: torch.device, precision: str = "float32") -> None:
        self.device, self.precision = device, precision

    def loss(self, task: Task, batch: Any) -> Tensor:
        """The loss to differentiate."""
        return task.loss(batch)

    def __call__(self, task: Task, batch: Any) -> Tensor:
        """One step; returns the loss, still on the device."""
        with arithmetic(self.precision):
            with autocast(self.precision, self.device):
                loss = self.loss(task, batch)
            task.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            task.optimizer.step()
        return loss.detach()


class Compiled(Eager):
    """`update` with loss and gradients compiled by `torch.compile`; on a GPU replayed as graphs, too.

    The first step compiles, for a minute or so, and needs a compiler. It adds in another order than eager mode,
    so results agree up to rounding.
    """

    _task: Task | None = None
    _compiled: Any = None

    def loss(self, task: Task, batch: Any) -> Tensor:
        """The loss from compiled code, which is made for `task` at the first call."""
        if self._task is not task:
            mode = "reduce-overhead" if self.device.type == "cuda" else None
            self._task, self._compiled = task, torch.compile(task.loss, mode=mode, dynamic=False)
        torch.compiler.cudagraph_mark_step_begin()
        loss: Tensor = self._compiled(batch)
        return loss

    def __call__(self, task: Task, batch: Any) -> Tensor:
        """One step; returns the loss, still on the device."""
        return super().__call__(task, batch).clone()  # the next replay overwrites it


def choose_step(device: torch.device | str, how: str = "auto", precision: str = "float32") -> Step:
    """The `step` for `fit` on `device`.

    how: "eager" is `update`; "captured" replays it, alone or with others, in a CUDA graph (:class:`Captured`);
    "compiled" compiles it; "auto" captures on a GPU and is eager elsewhere. All take the same steps: in float32 they
    differ by the order of sums, as two GPUs do, so this choice is not part of a run's config. `precision` changes
    results more, so it is.

    Raises:
        A2UError: An unknown name, a captured step without a GPU, or TF32 without one.
    """
    device = torch.device(device)
    if how not in STEPS:
        raise A2UError(f"There is no step {how!r}. {near_match(how, STEPS)}")
    check_precision(precision, device)
    if how == "captured" and device.type != "cuda":
        raise A2UError(f"A captured step is a CUDA graph, but the device is {device.type}. Use `step='auto'`.")
    if how == "compiled":
        return Compiled(device, precision)
    if device.type == "cuda":
        return Eager(device, precision) if how == "eager" else Captured(device, precision)
    return update if precision == "float32" else Eager(device, precision)
