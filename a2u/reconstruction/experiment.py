"""One experiment = one row of Table 1: an auto-encoder learns to reproduce digits.

ℓ1 loss, SGD, a learning rate that is divided by 10 at milestones; `a2u.reconstruction.presets` has what can be chosen.
"""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from a2u.data import Digits, load, to_float32x32
from a2u.errors import A2UError
from a2u.reconstruction.metrics import Totals
from a2u.reconstruction.network import AutoEncoder
from a2u.reconstruction.presets import EXPERIMENT, Settings, config_of
from a2u.reconstruction.rows import Row, row
from a2u.training import Run, choose_step, read_run
from a2u.training.captured import at_once
from a2u.training.device import choose_device, derive_seed, permutation
from a2u.training.evaluating import evaluating
from a2u.training.kind import check_begun
from a2u.training.loop import Hook, Turns, finish, in_turns
from a2u.training.precision import arithmetic, check_precision
from a2u.training.run_folder import History


def build_model(row: Row, seed: int = 0, head: str = "c1") -> AutoEncoder:
    """The row's auto-encoder with the initial weights of `seed`; the caller's random numbers stay as they are."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "model"))
        return AutoEncoder(row.operator, row.down, row.options, head)


class Experiment:
    """The task that `a2u.training.fit` trains. The images live on the device, resized once.

    precision: see `a2u.training.precision`. It changes results, so any but float32 is part of the run's config.
    """

    def __init__(
        self,
        settings: Settings,
        train: Digits,
        test: Digits,
        device: torch.device | str = "cpu",
        precision: str = "float32",
    ) -> None:
        self.settings, self.device, self.precision = settings, torch.device(device), precision
        check_precision(precision, self.device)
        self.seed, self.epochs = settings.seed, settings.epochs
        self.train, self.test = train, test
        self.images = _on_device(train, settings.resize, self.device)  # N 1 32 32
        self.test_images = _on_device(test, settings.resize, self.device)
        if len(self.images) < settings.batch:
            raise A2UError(f"A batch of {settings.batch} needs as many images, but there are {len(self.images)}.")
        self.steps = len(self.images) // settings.batch
        model = build_model(row(settings.row), settings.seed, settings.head).to(device)
        # Convolutions read a pixel's channels as one run of memory, which was faster on the CPUs tried.
        self.model = model.to(memory_format=torch.channels_last)
        self.optimizer = torch.optim.SGD(
            self.model.parameters(), settings.lr, momentum=settings.momentum, weight_decay=settings.weight_decay
        )
        self.scheduler = torch.optim.lr_scheduler.LambdaLR(self.optimizer, self._decay)

    @property
    def config(self) -> dict[str, Any]:
        """Everything that a run must agree on to be continued."""
        return config_of(self.settings, self.train, self.test, self.precision)

    def batches(self, epoch: int) -> Iterator[Tensor]:
        """The images in the order of (seed, epoch); a last incomplete batch is left out."""
        return map(self.gather, self.order(epoch))

    def order(self, epoch: int) -> Iterator[Tensor]:
        """Which images the batches hold: int64 (batch,), on the device."""
        order = permutation(len(self.images), self.seed, epoch).to(self.device)
        return iter(order[: self.steps * self.settings.batch].split(self.settings.batch))

    def gather(self, which: Tensor) -> Tensor:
        """The batch of these images."""
        batch = self.images[which]
        # With one channel both layouts are the same in memory; say which one the convolutions should take.
        return torch.empty_like(batch, memory_format=torch.channels_last).copy_(batch)

    def loss(self, batch: Tensor) -> Tensor:
        """ℓ1: the mean absolute difference of reconstruction and image."""
        return F.l1_loss(self.model(batch), batch)

    def evaluate(self) -> dict[str, float]:
        """PSNR, SSIM, RMSE and MAE over the test images."""
        return evaluate_on(self.model, self.test_images)

    def _decay(self, step: int) -> float:
        total = self.epochs * self.steps
        return float(0.1 ** sum(step >= round(part * total) for part in self.settings.milestones))


@lru_cache(maxsize=4)
def _on_device(digits: Digits, resize: str, device: torch.device) -> Tensor:
    """Both splits of two sets stay where they are used: experiments that train side by side share them."""
    return to_float32x32(digits, resize).to(device)


def evaluate_on(model: nn.Module, images: Tensor, batch: int | None = None) -> dict[str, float]:
    """The four metrics of `model` over `images` (N, 1, 32, 32), see `a2u.reconstruction.metrics`.

    batch: images at a time; by default 2,500 on a GPU, and 250 elsewhere, so that the maps fit into the caches.
    """
    scores = Totals()
    with arithmetic("float32"), evaluating(model) as device:  # however it was trained: 47 dB is an error of 0.004
        for chunk in images.split(batch or (2500 if device.type == "cuda" else 250)):
            here = chunk.to(device)
            scores.update(model(here), here)
    return scores.compute()


def prepare(
    settings: Settings,
    data: str | Path | None = None,
    download: bool = False,
    device: str = "auto",
    precision: str = "float32",
) -> Experiment:
    """Load the data that `settings` name and build the experiment; arguments as in `a2u.data.load`."""
    chosen = choose_device(device)
    train, test = (load(settings.set, split, data, download) for split in ("train", "test"))
    return Experiment(settings, train, test, chosen, precision)


def train(
    experiment: Experiment,
    run: Run | None = None,
    on_step: Hook | None = None,
    on_epoch: Hook | None = None,
    how: str = "auto",
) -> History:
    """Train `experiment` to its end and keep it in `run`: the way that every command trains.

    Run and hooks as in `fit`; how: as in `choose_step`, on a GPU one CUDA graph for up to 50 steps.
    """
    return finish(turns(experiment, run, on_step, on_epoch, how))


def turns(
    experiment: Experiment,
    run: Run | None = None,
    on_step: Hook | None = None,
    on_epoch: Hook | None = None,
    how: str = "auto",
    keep_every: int = 1,
) -> Turns:
    """`train` as a generator that pauses, see `a2u.training.loop.in_turns`."""
    report_every = at_once(experiment.steps) if experiment.device.type == "cuda" else 1  # reading makes a GPU wait
    step = choose_step(experiment.device, how, experiment.precision)
    return in_turns(experiment, run, on_step, on_epoch, report_every, step, keep_every=keep_every)


def load_model(folder: str | Path) -> tuple[AutoEncoder, dict[str, Any], History]:
    """The trained model of a run, its config and the records of its epochs; on the CPU, in evaluation mode.

    Raises:
        UnsuitableRun: Not a run, one of another experiment, or one without a complete epoch.
        A2UError: Files that are damaged.
    """
    config, history = read_run(folder, experiment=EXPERIMENT)
    check_begun(history, folder)
    model = build_model(row(config["row"]), config["seed"], config["head"])
    read_run(folder, {"model": model})
    return model.eval(), config, history
