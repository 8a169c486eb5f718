"""Training steps as one CUDA graph: forward, loss, backward and optimizer of all of them start with a single launch.

A small network spends its time waiting for Python to start hundreds of GPU kernels. A CUDA graph records them once,
with the addresses they read and write, and starts them together: one step, or 50 in a row. What follows from that:

- Batches are copied into buffers that never move. Batches of another shape or number take the same steps unrecorded.
- The first `WARM_UP` steps run unrecorded, on the stream that will record: cuDNN chooses its algorithms there, and the
  optimizer makes its momentum. They are ordinary steps of the training, so nothing has to be undone.
- A recording would freeze a Python number. So while steps are recorded, and only then, the optimizer's learning rate is
  a tensor, one for each step of the graph, which is filled before each replay with what the scheduler says. The
  optimizer's own state stays numbers, so the checkpoint of a captured run is that of an eager one. Only the fused form
  of SGD reads such a tensor on the device; the other forms would fetch it.
- Gradients live in the graph's memory, and each replay overwrites them: nothing is set to zero, nothing is added up.
- Batch norm's statistics and momentum change in place, where evaluation and checkpoints read them. Loading a model's
  state copies in place as well; loading an optimizer's state puts new tensors there, so the steps are recorded again.

Nothing inside may wait for the GPU or copy from the CPU. The operators of this package were checked for that: their
index operations (max-unpooling's scatter, deconvolution's phases, the bilinear weights) have shapes known beforehand
and indices on the device; max-unpooling scatters, because torch's max_unpool2d may check its indices on the CPU. The
tests find every such operation without a GPU. What only a GPU can show is tested where there is one: that the
recording itself succeeds, and that replayed steps equal eager ones there.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from a2u.errors import A2UError
from a2u.training.graph import CudaGraph, Graph
from a2u.training.loop import Task
from a2u.training.precision import arithmetic, autocast

WARM_UP = 3
AT_ONCE = 50  # steps of one graph: enough that the time between two launches does not matter


def at_once(steps: int) -> int:
    """How many steps one graph takes, so that the same graph serves a whole epoch of `steps`.

    >>> at_once(600), at_once(40), at_once(601)
    (50, 40, 1)
    """
    return max(count for count in range(1, min(steps, AT_ONCE) + 1) if steps % count == 0)


class Captured:
    """A `step` for `a2u.training.fit`: equal to `update`, recorded once and then replayed.

    Called with a batch it takes one step. `many` takes several at once, as one graph.

    Args:
        device: Where model and batches are.
        precision: See `a2u.training.precision`.
        graph: Makes the recorder for a device, a `Graph`.

    Raises:
        A2UError: When called: a batch that is not a tensor on the device, or an optimizer other than SGD.
    """

    def __init__(
        self, device: torch.device, precision: str = "float32", graph: Callable[[torch.device], Graph] = CudaGraph
    ) -> None:
        self.device, self.precision = device, precision
        self._make_graph = graph
        self._forget()

    def _forget(self) -> None:
        self._graph: Graph | None = None
        self._inputs: list[Tensor] = []  # a batch for each step
        self._rates: list[Tensor] = []  # learning rates for each step, (groups,)
        self._known: list[list[float]] = []  # what _rates hold
        self._losses: Tensor | None = None  # of each step, written by each replay
        self._warm = 0
        self._owner: Any = None  # whose addresses the recording holds

    def __call__(self, task: Task, batch: Any) -> Tensor:
        """One step on `batch`; returns the loss, a new tensor that is still on the device."""
        return self._take(task, [batch], lambda: None)[0]

    def many(self, task: Task, batches: Iterator[Any], count: int) -> Tensor:
        """A step on each of the next `count` batches, with the scheduler's step after it; the sum of their losses."""
        return self._take(task, list(islice(batches, count)), task.scheduler.step).double().sum()

    def _take(self, task: Task, batches: Sequence[Any], after_step: Callable[[], None]) -> Tensor:
        """A step on each batch, and `after_step` after each; returns the losses."""
        state = task.optimizer.state  # load_state_dict puts another object there
        if self._owner is not state:
            self._forget()
            self._begin(task, batches)
            self._owner = state
        assert self._graph is not None
        if not self._fits(batches):
            return torch.stack([self._unrecorded(task, batch, after_step) for batch in batches])
        if self._warm < WARM_UP:
            self._warm += len(batches)
            return self._graph.warm(
                lambda: torch.stack([self._unrecorded(task, batch, after_step) for batch in batches]),
            )
        for i, batch in enumerate(batches):
            self._inputs[i].copy_(batch)
            rates = _rates_of(task)
            if rates != self._known[i]:
                self._known[i] = rates
                _fill(self._rates[i], rates)
            after_step()
        if self._losses is None:
            task.optimizer.zero_grad(set_to_none=True)  # so that backward makes gradients in the graph's memory
            self._losses = self._graph.record(lambda: self._all(task))
        self._graph.replay()
        return self._losses.clone()

    def _begin(self, task: Task, batches: Sequence[Any]) -> None:
        for batch in batches:
            if not isinstance(batch, Tensor) or batch.device.type != self.device.type:
                given = f"on {batch.device}" if isinstance(batch, Tensor) else f"a {type(batch).__name__}"
                raise A2UError(f"A captured step takes batches that are a tensor on {self.device}, given {given}.")
        if type(task.optimizer) is not torch.optim.SGD:
            kind = type(task.optimizer).__name__
            raise A2UError(f"A captured step works with the optimizer SGD only, given {kind}. Use `step='eager'`.")
        self._graph = self._make_graph(self.device)
        self._inputs = [torch.empty_like(batch) for batch in batches]  # of the same layout, too
        self._known = [[math.nan] * len(task.optimizer.param_groups) for _ in batches]
        self._rates = [torch.zeros(len(known), dtype=torch.float32, device=self.device) for known in self._known]

    def _fits(self, batches: Sequence[Any]) -> bool:
        return len(batches) == len(self._inputs) and all(
            batch.shape == buffer.shape and batch.dtype == buffer.dtype
            for batch, buffer in zip(batches, self._inputs, strict=True)
        )

    def _all(self, task: Task) -> Tensor:
        return torch.stack([self._body(task, *each) for each in zip(self._inputs, self._rates, strict=True)])

    def _unrecorded(self, task: Task, batch: Any, after_step: Callable[[], None]) -> Tensor:
        rates = torch.empty_like(self._rates[0])
        _fill(rates, _rates_of(task))
        loss = self._body(task, batch, rates)
        after_step()
        return loss

    def _body(self, task: Task, batch: Any, rates: Tensor) -> Tensor:
        with arithmetic(self.precision, benchmark=True):
            with autocast(self.precision, self.device):
                loss = task.loss(batch)
            task.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            with _rates_as_tensors(task.optimizer, rates.unbind()):
                task.optimizer.step()
        return loss.detach()


def _rates_of(task: Task) -> list[float]:
    return [float(group["lr"]) for group in task.optimizer.param_groups]


def _fill(tensor: Tensor, rates: Sequence[float]) -> None:
    for place, rate in zip(tensor.unbind(), rates, strict=True):
        place.fill_(rate)


@contextmanager
def _rates_as_tensors(optimizer: torch.optim.Optimizer, rates: Sequence[Tensor]) -> Iterator[None]:
    """Inside, the optimizer is fused and reads its learning rates from `rates`; afterwards it is as before."""
    keys = ("lr", "fused", "foreach")
    before = [{key: group[key] for key in keys} for group in optimizer.param_groups]
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        group.update(lr=rate, fused=True, foreach=False)
    try:
        yield
    finally:
        for group, old in zip(optimizer.param_groups, before, strict=True):
            group.update(old)
