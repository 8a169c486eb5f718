"""A matting experiment of seconds, for tests; run as a script it trains in this or that way.

    python tests/helpers/tiny_matting.py kill FOLDER      stop in epoch 2, print a line and wait to be killed
    python tests/helpers/tiny_matting.py together FOLDER  under torchrun: write the gradients of one batch, then train

Its data are four flat pictures with soft discs, so that nothing but the network takes time.
"""

import os
import sys
from pathlib import Path

import numpy as np
import torch
from processes import here
from safetensors.torch import save_file
from torch import nn

from a2u.matting import experiment
from a2u.matting.data.composition import Layer
from a2u.matting.data.dataset import Case, TestSet, TrainSet
from a2u.matting.experiment import Experiment
from a2u.matting.settings import Settings, settings
from a2u.training import Progress, Run
from a2u.training.distributed import ALONE, Group, Together


def disc(number: int, size: int) -> Layer:
    """A disc of one colour with a soft rim."""
    y, x = np.mgrid[:size, :size] - size / 2 + number
    alpha = np.clip((size / 3 - np.hypot(y, x)) / 4 + 0.5, 0, 1)
    colour = np.full((size, size, 3), 60 * (number + 1), dtype=np.uint8)
    return Layer(colour, np.rint(alpha * 255).astype(np.uint8))


class Discs:
    """A source of four discs over four grey pictures."""

    describe, foregrounds, backgrounds = "four discs", 4, 4

    def foreground(self, number: int, crop: int) -> Layer:
        return disc(number, 2 * crop)

    def background(self, number: int) -> np.ndarray:
        return np.full((64, 64, 3), 40 * number, dtype=np.uint8)

    def prepare(self, crop: int, context: str | None = None) -> None: ...


def discs_to_test(count: int = 3) -> TestSet:
    """Discs with a ring of unknown pixels."""

    def load(index: int) -> Case:
        layer = disc(index, 32)
        alpha = torch.from_numpy(layer.alpha / np.float32(255))[None]
        known = torch.where(alpha <= 0, 0, torch.where(alpha >= 1, 255, 128)).to(torch.uint8)
        return Case(f"disc-{index}", alpha.expand(3, -1, -1) * 0.7 + 0.1, alpha, known)

    return TestSet("discs", [f"disc-{n}" for n in range(count)], load)


def case(seed: int, height: int = 20, width: int = 24, *, truth: bool = True) -> Case:
    """A soft border over noise, from a seed."""
    generator = torch.Generator().manual_seed(seed)
    alpha = torch.linspace(-0.6, 1.6, width).clamp(0, 1).expand(1, height, width).clone()
    image = (alpha * 0.8 + 0.1 + 0.1 * torch.rand(3, height, width, generator=generator)).clamp(0, 1)
    trimap = torch.full(alpha.shape, 128, dtype=torch.uint8)
    trimap[alpha <= 0], trimap[alpha >= 1] = 0, 255
    return Case(f"case-{seed}", image, alpha if truth else None, trimap)


def small(**changes) -> Settings:
    usual = {"width": 0.125, "crop": 16, "batch": 4, "epochs": 3, "iterations": 2, "milestones": (1, 2)}
    return settings("nearest", "quick", "discs", **{**usual, **changes})


def build(chosen: Settings | None = None, together: Together = ALONE) -> Experiment:
    chosen = chosen or small()
    return Experiment(chosen, TrainSet(Discs(), chosen.crop, chosen.seed), discs_to_test(), together=together)


def fixed(task: Experiment) -> Experiment:
    """With all norms in evaluation mode and no dropout: then parts of a batch are independent."""
    for module in task.model.modules():
        if isinstance(module, nn.BatchNorm2d | nn.Dropout):
            module.eval()
    return task


def gradients(task: Experiment) -> dict[str, torch.Tensor]:
    fixed(task)
    task.loss(next(iter(task.batches(1)))).backward()
    return {name: value.grad.contiguous() for name, value in task.model.named_parameters() if value.grad is not None}


def kill(folder: str) -> None:
    def on_step(progress: Progress) -> None:
        if (progress.epoch, progress.step) == (2, 1):
            here()

    task = build()
    with Run(folder, task.config) as run:
        experiment.train(task, run, on_step)


def together(folder: str) -> None:
    group = Group(torch.device("cpu"))
    save_file(gradients(build(together=group)), Path(folder) / f"gradients-{group.rank}.safetensors")
    task = build(small(epochs=1), group)
    if group.leads:
        with Run(Path(folder) / "run", task.config) as run:
            experiment.train(task, run)
    else:
        experiment.train(task)
    save_file(
        {key: value.contiguous() for key, value in task.model.state_dict().items() if "norm" not in key},
        Path(folder) / f"weights-{group.rank}.safetensors",
    )
    group.close()


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    torch.set_num_threads(1)
    {"kill": kill, "together": together}[sys.argv[1]](sys.argv[2])
