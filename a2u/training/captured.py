"""A whole training step as one CUDA graph: forward, loss, backward and optimizer start with a single launch.

A small network spends its time waiting for Python to start hundreds of GPU kernels. A CUDA graph records them once,
with the addresses they read and write, and starts them together. What follows from that:

- A batch is copied into a buffer that never moves. Batches of another shape take the same step unrecorded.
- The first `WARM_UP` steps run unrecorded, on the stream that will record: cuDNN chooses its algorithms there, and the
  optimizer makes its momentum. They are steps of the training like any other, so nothing has to be undone.
- A number of Python would be frozen. So while a step is recorded, and only then, the optimizer's learning rate is a
  tensor, which is filled anew when the scheduler has changed the number. The optimizer's own state stays numbers, and
  a checkpoint of a captured run is that of an eager one. SGD reads such a tensor on the device in its fused form alone;
  the others would fetch it.
- Gradients live in the graph's memory and are written anew at each replay: nothing is set to zero, nothing is added up.
- Batch norm's statistics and momentum change in place, where evaluation and checkpoints read them. Loading a model's
  state copies in place as well; loading an optimizer's state puts new tensors there, so the step is recorded again.

Nothing inside may wait for the GPU or copy from the CPU. The networks of section 5 were gone through for that: their
index operations (max-unpooling's scatter, deconvolution's phases, the bilinear weights) have shapes known beforehand
and indices on the device; max-unpooling scatters, because torch's max_unpool2d may check its indices on the CPU. The
tests find every such operation without a GPU. What only a GPU can show is tested where there is one: that the
recording itself succeeds, and that replayed steps equal eager ones there.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import torch
from torch import Tensor

from a2u.errors import A2UError
from a2u.training.loop import Task
from a2u.training.precision import arithmetic, autocast

WARM_UP = 3
Body = Callable[[], Tensor]


class Graph(Protocol):
    """What records a step: a CUDA graph, or in tests its likeness on a CPU."""

    def warm(self, body: Body) -> Tensor:
        """Run `body` once, as it will be recorded; returns its result."""

    def record(self, body: Body) -> Tensor:
        """Record `body`; returns the tensor that each replay writes its result into."""

    def replay(self) -> None:
        """Do once more what was recorded."""


class CudaGraph:
    """`torch.cuda.CUDAGraph` with a stream of its own, for warming up as for recording."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._stream = torch.cuda.Stream(device)
        self._graph = torch.cuda.CUDAGraph()

    def warm(self, body: Body) -> Tensor:
        """Run `body` on the stream that will record it: workspaces belong to a stream."""
        with torch.cuda.device(self.device):
            current = torch.cuda.current_stream()
            self._stream.wait_stream(current)
            with torch.cuda.stream(self._stream):
                result = body()
            current.wait_stream(self._stream)
        return result

    def record(self, body: Body) -> Tensor:
        """Record `body`; nothing is computed yet.

        Raises:
            A2UError: Something in it waits for the GPU, or copies from the CPU.
        """
        gc.collect()  # now, since releasing what lies in dead cycles is not allowed while recording
        try:
            with torch.cuda.device(self.device), torch.cuda.graph(self._graph, stream=self._stream):
                return body()
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            reason = " ".join(str(error).split())[:300]
            raise A2UError(f"This training step cannot be captured ({reason}). Use `step='eager'`.") from error

    def replay(self) -> None:
        """Start all recorded kernels on the current stream."""
        self._graph.replay()


class Captured:
    """A `step` for `a2u.training.fit`: equal to `update`, recorded once and then replayed.

    Args:
        device: Where model and batches are.
        precision: See `a2u.training.precision`.
        graph: Makes what records: a `Graph` for a device.

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
        self._input: Tensor | None = None
        self._loss: Tensor | None = None  # written by each replay
        self._rates: list[Tensor] = []
        self._known: list[float] = []  # what _rates hold
        self._warm = 0
        self._owner: Any = None  # whose addresses the recording holds

    def __call__(self, task: Task, batch: Any) -> Tensor:
        """One step on `batch`; returns the loss, still on the device, a tensor of its own."""
        state = task.optimizer.state  # load_state_dict puts another object there
        if self._owner is not state:
            self._forget()
            self._begin(task, batch)
            self._owner = state
        assert self._input is not None
        assert self._graph is not None
        self._follow(task)
        if batch.shape != self._input.shape or batch.dtype != self._input.dtype:
            return self._body(task, batch).clone()
        self._input.copy_(batch)
        if self._warm < WARM_UP:
            self._warm += 1
            return self._graph.warm(lambda: self._body(task, self._input)).clone()
        if self._loss is None:
            task.optimizer.zero_grad(set_to_none=True)  # so that backward makes gradients in the graph's memory
            self._loss = self._graph.record(lambda: self._body(task, self._input))
        self._graph.replay()
        return self._loss.clone()

    def _begin(self, task: Task, batch: Any) -> None:
        if not isinstance(batch, Tensor) or batch.device.type != self.device.type:
            given = f"on {batch.device}" if isinstance(batch, Tensor) else f"a {type(batch).__name__}"
            raise A2UError(f"A captured step takes batches that are a tensor on {self.device}, given {given}.")
        if type(task.optimizer) is not torch.optim.SGD:
            kind = type(task.optimizer).__name__
            raise A2UError(f"A captured step knows the optimizer SGD, given {kind}. Use `step='eager'`.")
        self._graph = self._make_graph(self.device)
        self._input = torch.empty_like(batch)  # its layout too
        self._known = [float(group["lr"]) for group in task.optimizer.param_groups]
        self._rates = [torch.tensor(rate, dtype=torch.float32, device=self.device) for rate in self._known]

    def _follow(self, task: Task) -> None:
        """Bring the tensors up to the learning rates that the scheduler has set."""
        for i, group in enumerate(task.optimizer.param_groups):
            if group["lr"] != self._known[i]:
                self._known[i] = float(group["lr"])
                self._rates[i].fill_(self._known[i])

    def _body(self, task: Task, batch: Any) -> Tensor:
        with arithmetic(self.precision, benchmark=True):
            with autocast(self.precision, self.device):
                loss = task.loss(batch)
            task.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            with _rates_as_tensors(task.optimizer, self._rates):
                task.optimizer.step()
        return loss.detach()


@contextmanager
def _rates_as_tensors(optimizer: torch.optim.Optimizer, rates: list[Tensor]) -> Iterator[None]:
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
