"""A task of a second, for tests of the training loop; run as a script it trains and stops where it is told.

    python tests/helpers/tiny_task.py FOLDER MOMENT     MOMENT: step, writing, written

At that moment of epoch 2 it prints a line and waits to be killed: in the middle of the epoch; with half a
checkpoint on the disk; or with the checkpoint written and metrics.json not yet.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from processes import here
from torch import Tensor, nn

from a2u.training import Progress, Run, fit, run
from a2u.training.device import permutation

CONFIG = {"task": "tiny", "lr": 0.1}


class TinyTask:
    """Denoises random images: convolution, batch norm, dropout (random numbers!), momentum, channels last."""

    def __init__(self, epochs: int = 3, lr: float = 0.1) -> None:
        generator = torch.Generator().manual_seed(1)
        self.seed, self.epochs, self.steps = 7, epochs, 4
        self.images = torch.rand(16, 1, 8, 8, generator=generator)
        with torch.random.fork_rng():
            torch.manual_seed(2)
            model = nn.Sequential(
                nn.Conv2d(1, 8, 3, padding=1),
                nn.BatchNorm2d(8),
                nn.ReLU(),
                nn.Dropout(0.3),
                nn.Conv2d(8, 1, 3, padding=1),
            )
        self.model = model.to(memory_format=torch.channels_last)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr, momentum=0.9)
        self.scheduler = torch.optim.lr_scheduler.LambdaLR(self.optimizer, lambda step: 0.5 ** (step // 4))

    def batches(self, epoch: int) -> Iterator[Tensor]:
        yield from self.images[permutation(16, self.seed, epoch)].split(4)

    def loss(self, batch: Tensor) -> Tensor:
        return F.l1_loss(self.model(batch), batch)

    def evaluate(self) -> dict[str, float]:
        return {"error": float(F.l1_loss(self.model(self.images), self.images))}

    def bits(self) -> list[bytes]:
        """Everything that training changed, byte for byte."""
        buffers = [state["momentum_buffer"] for state in self.optimizer.state.values()]
        return [tensor.contiguous().numpy().tobytes() for tensor in (*self.model.state_dict().values(), *buffers)]


def main(folder: str, moment: str) -> None:
    epoch = 0

    def on_step(progress: Progress) -> None:
        nonlocal epoch
        epoch = progress.epoch
        if moment == "step" and (progress.epoch, progress.step) == (2, 2):
            here()

    if moment == "writing":
        fsync = os.fsync

        def wait_before_it_is_whole(descriptor: int) -> None:
            if epoch == 2:
                os.ftruncate(descriptor, 1000)  # as if only so much had reached the disk
                here()
            fsync(descriptor)

        os.fsync = wait_before_it_is_whole
    elif moment == "written":
        write_json = run._write_json

        def wait_first(path: Path, value: object) -> None:
            if epoch == 2 and path.name == "metrics.json":
                here()
            write_json(path, value)

        run._write_json = wait_first
    torch.set_num_threads(1)
    with Run(folder, CONFIG) as opened:
        fit(TinyTask(), opened, on_step)


if __name__ == "__main__":
    main(*sys.argv[1:])
