"""Section 5's training from the images on: as it is usually written, and as `a2u train` does it.

Both train the A²U row from the same initial weights on the same batches of 100, in turns, and report the loss of every
step. *Plain* keeps uint8 images on the CPU, a DataLoader resizes them one by one and makes batches (on a GPU with four
workers and pinned memory), and the loss is read after each step. *Fast* keeps the resized images on the device, in
channels-last layout, and reads the loss once per turn; on a GPU each step is one CUDA graph.

The two curves may differ by what the order of sums changes, which training amplifies from step to step: at most
`TOLERANCE`, relative to the loss, over the first `COMPARED` steps; larger for TF32 and bfloat16, which round more.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from a2u.bench.measure import wait
from a2u.data import Digits, load, to_float32x32
from a2u.reconstruction.experiment import Experiment, build_model
from a2u.reconstruction.presets import settings
from a2u.reconstruction.rows import row
from a2u.training import choose_step
from a2u.training.device import permutation
from a2u.training.precision import arithmetic, autocast

ROW, BATCH, RATE, SEED = "a2u", 100, 0.01, 0
WARM = 5  # steps before the clock runs: workers start, algorithms are chosen, a graph is recorded
COMPARED = 100
TOLERANCE = {"float32": 1e-2, "tf32": 3e-2, "bf16": 1e-1}
IMAGES, EPOCHS = 60_000, 100  # of the paper's training

Turn = Callable[[int], list[float]]


@dataclass(frozen=True)
class StepTiming:
    """One way to train, beside the plain one of the same precision."""

    group: str
    candidate: str
    ms: float  #: of one step
    images: float  #: per second
    speedup: float  #: plain time / this time
    hours: float  #: of 100 epochs of 60,000 images, at this speed
    difference: float  #: the largest relative difference of a loss from plain's
    tolerance: float
    compared: int  #: steps
    losses: list[float] = field(repr=False)

    @property
    def agrees(self) -> bool:
        """Is the curve plain's, within the tolerance?"""
        return self.difference <= self.tolerance


class Files(Dataset[Tensor]):
    """Images as they are stored on a disk, resized when they are asked for."""

    def __init__(self, digits: Digits) -> None:
        self.digits = digits

    def __len__(self) -> int:
        return len(self.digits)

    def __getitem__(self, index: int) -> Tensor:
        return to_float32x32(self.digits.images[index : index + 1])[0]


def plain(train: Digits, device: torch.device, precision: str = "float32", batch: int = BATCH) -> Turn:
    """Training as it is usually written: a function that takes some more steps and returns their losses."""
    model = build_model(row(ROW), SEED).to(device)
    optimizer = torch.optim.SGD(model.parameters(), RATE)
    on_gpu = device.type == "cuda"

    def batches() -> Iterator[Tensor]:
        epoch = 0
        while True:
            epoch += 1
            yield from DataLoader(
                Files(train),
                batch,
                sampler=permutation(len(train), SEED, epoch).tolist(),
                drop_last=True,
                num_workers=4 if on_gpu else 0,
                pin_memory=on_gpu,
            )

    source = batches()
    model.train()

    def turn(steps: int) -> list[float]:
        losses = []
        with arithmetic(precision):
            for _ in range(steps):
                images = next(source).to(device, non_blocking=True)
                optimizer.zero_grad()
                with autocast(precision, device):
                    loss = F.l1_loss(model(images), images)
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
        return losses

    return turn


def fast(train: Digits, device: torch.device, how: str, precision: str = "float32", batch: int = BATCH) -> Turn:
    """What `a2u train` does between two epochs; how: see `choose_step`."""
    chosen = settings(ROW, preset="paper", seed=SEED, batch=batch, lr=RATE)
    task = Experiment(chosen, train, train, device, precision)
    step = choose_step(device, how, precision)

    def batches() -> Iterator[Tensor]:
        epoch = 0
        while True:
            epoch += 1
            yield from task.batches(epoch)

    source = batches()
    task.model.train()

    def turn(steps: int) -> list[float]:
        losses = []
        for _ in range(steps):
            losses.append(step(task, next(source)))
            task.scheduler.step()
        return [float(loss) for loss in torch.stack(losses).cpu()]

    return turn


def training_lines(device: torch.device, compiled: bool, turns: int) -> list[StepTiming]:
    """Every way on this device, precision by precision, on the images inside a2u."""
    train = load("mnist", "train")
    on_gpu = device.type == "cuda"
    lines = []
    for precision in ("float32", "tf32", "bf16") if on_gpu else ("float32",):
        ways = {"plain": plain(train, device, precision)}
        for how in ["eager", *(["captured"] if on_gpu else []), *(["compiled"] if on_gpu and compiled else [])]:
            ways[f"fast, {how}"] = fast(train, device, how, precision)
        lines += compare(f"toy training, {precision}", ways, device, turns, 50 if on_gpu else 2, precision)
    return lines


def compare(
    group: str, ways: dict[str, Turn], device: torch.device, turns: int, steps: int, precision: str, batch: int = BATCH
) -> list[StepTiming]:
    """Let the ways take turns of `steps` steps each; the first is the baseline."""
    losses = {name: turn(WARM) for name, turn in ways.items()}
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(turns):
        for name, turn in ways.items():
            wait(device)
            start = time.perf_counter()
            losses[name] += turn(steps)
            wait(device)
            times[name].append((time.perf_counter() - start) / steps)
    base = next(iter(ways))
    seconds = {name: statistics.median(each) for name, each in times.items()}
    compared = min(COMPARED, len(losses[base]))
    return [
        StepTiming(
            group=group,
            candidate=name,
            ms=round(1e3 * seconds[name], 3),
            images=round(batch / seconds[name], 1),
            speedup=seconds[base] / seconds[name],
            hours=seconds[name] * EPOCHS * IMAGES / batch / 3600,
            difference=curve_difference(losses[base][:compared], losses[name][:compared]),
            tolerance=TOLERANCE[precision],
            compared=compared,
            losses=losses[name],
        )
        for name in ways
    ]


def curve_difference(one: list[float], other: list[float]) -> float:
    """The largest relative difference of two loss curves."""
    return max(abs(a - b) / abs(a) for a, b in zip(one, other, strict=True))
