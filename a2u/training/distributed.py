"""One training on several processes, on one machine or many: `torchrun` starts them, and they take every step together.

    torchrun --nproc-per-node 4 -m a2u.commands.cli matting train --row dynamic-cs --preset paper --data DIR

Each process takes its part of every batch, and gradients are averaged before the step, so that all hold the same
weights. How this becomes the training that one process would do:

- The loss is a mean over the unknown pixels of the whole batch, and parts differ in how many they have. With U_p of
  them in process p of P, and mean loss l_p there, each differentiates l_p · P · U_p / Σ U: the mean over processes is
  then Σ U_p l_p / Σ U, the loss of the whole batch.
- Batch norm has the statistics of what it sees. On GPUs it becomes `SyncBatchNorm`, which sees the whole batch. On
  CPUs torch has no such layer: each process normalises by its own part, and the running statistics are those of
  process 0. With frozen norms there is no difference.
- Each process draws its own dropout, from its own seed.
- Only process 0 writes files. It sends the others the state to go on from, since they may not share its disk. Each
  measures a part of the validation images.
"""

import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from a2u.errors import A2UError
from a2u.training.checkpoint import Stateful
from a2u.training.run import Keeper
from a2u.training.run_folder import History

_Item = TypeVar("_Item")
_Net = TypeVar("_Net", bound=nn.Module)
Step = Callable[[Any, Any], Tensor]


class Together:
    """The processes of one training, seen from one of them: `rank` of `world`. Alone, every method is the identity."""

    rank, world = 0, 1

    @property
    def leads(self) -> bool:
        """Is this the process that writes files and prints?"""
        return self.rank == 0

    def share(self, batch: int) -> int:
        """How many samples of a batch are this process's.

        Raises:
            A2UError: They cannot be divided equally.
        """
        if batch % self.world:
            raise A2UError(
                f"A batch of {batch} cannot be divided among {self.world} processes: choose a `batch` that can, such "
                f"as {-(-batch // self.world) * self.world}."
            )
        return batch // self.world

    def prepare(self, net: _Net, device: torch.device) -> _Net:
        """The network as it will be trained; called before the optimizer is made."""
        return net

    def wrap(self, net: nn.Module, device: torch.device) -> Callable[..., Tensor]:
        """The network's forward for training, whose backward averages gradients over the processes."""
        return net

    def weigh(self, loss: Tensor, unknown: Tensor) -> Tensor:
        """The loss, a mean over `unknown` pixels, weighted so that the mean over processes is that of all pixels."""
        return loss

    def step(self, step: Step) -> Step:
        """`step` with the loss of all processes as its result, so that all of them stop at the same NaN."""
        return step

    def gather(self, items: list[_Item]) -> list[_Item]:
        """The items of all processes, those of process 0 first."""
        return items

    def keeper(self, run: Keeper | None) -> Keeper | None:
        """`run` in process 0; in all other processes a stand-in for it."""
        return run


ALONE = Together()


class Group(Together):
    """Several processes that `torchrun` has started.

    Args:
        device: the kind of device, whose library carries the gradients: NCCL for GPUs, Gloo for CPUs.
    """

    def __init__(self, device: torch.device) -> None:
        limit = timedelta(minutes=30)  # how long one may wait for another, which may be measuring
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=limit)
        self.rank, self.world = dist.get_rank(), dist.get_world_size()
        self.device = device

    def prepare(self, net: _Net, device: torch.device) -> _Net:
        """Batch norm over the whole batch, on GPUs."""
        if device.type != "cuda":
            return net
        whole: _Net = nn.SyncBatchNorm.convert_sync_batchnorm(net)
        return whole

    def wrap(self, net: nn.Module, device: torch.device) -> Callable[..., Tensor]:
        """`DistributedDataParallel`."""
        where = [device.index or 0] if device.type == "cuda" else None
        return nn.parallel.DistributedDataParallel(net, device_ids=where)

    def weigh(self, loss: Tensor, unknown: Tensor) -> Tensor:
        """l_p · P · U_p / Σ U."""
        total = unknown.clone()
        dist.all_reduce(total)
        return loss * (self.world * unknown / total.clamp(min=1))

    def step(self, step: Step) -> Step:
        """The same step, and the mean of all losses."""

        def taken(task: Any, batch: Any) -> Tensor:
            loss = step(task, batch).clone()
            dist.all_reduce(loss)
            return loss / self.world

        return taken

    def gather(self, items: list[_Item]) -> list[_Item]:
        """The items of all processes, in every process."""
        parts: list[Any] = [None] * self.world
        dist.all_gather_object(parts, items)
        return [item for part in parts for item in part]

    def keeper(self, run: Keeper | None) -> Keeper:
        """Process 0 reads and writes; all begin with what it read."""
        return _Shared(run if self.leads else None)

    def close(self) -> None:
        """End the group of processes."""
        dist.destroy_process_group()


class _Shared:
    """Stands for the run of process 0 in every process."""

    def __init__(self, run: Keeper | None) -> None:
        self.run = run

    def resume(self, parts: Mapping[str, Stateful]) -> History:
        """Resume all processes from the state of process 0; if it cannot be read, all of them raise the error."""
        message: list[Any] = [None]
        if dist.get_rank() == 0:
            try:
                done = self.run.resume(parts) if self.run else []
                threads = torch.get_num_threads()  # which the run may have set to what it began with
                message = [(done, {name: part.state_dict() for name, part in parts.items()}, threads)]
            except A2UError as error:
                message = [str(error)]
        dist.broadcast_object_list(message)
        if isinstance(message[0], str):
            raise A2UError(message[0])
        history: History
        history, states, threads = message[0]
        for name, part in parts.items():
            if dist.get_rank():
                part.load_state_dict(states[name])
        torch.set_num_threads(threads)
        return history

    def save(self, parts: Mapping[str, Stateful], history: History) -> None:
        """Process 0 writes."""
        if self.run:
            self.run.save(parts, history)

    def save_best(self, model: Stateful, history: History) -> None:
        """Process 0 writes."""
        if self.run:
            self.run.save_best(model, history)


def started_together() -> bool:
    """Has `torchrun` started this process as one of several?"""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1 and "RANK" in os.environ


def own_device(name: str) -> str:
    """The device of this process: of several on one machine, each takes the GPU with its own number."""
    if not started_together() or name not in ("auto", "cuda") or not torch.cuda.is_available():
        return name
    own = f"cuda:{int(os.environ['LOCAL_RANK']) % torch.cuda.device_count()}"
    torch.cuda.set_device(own)
    return own
