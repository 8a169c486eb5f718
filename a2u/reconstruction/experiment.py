"""One experiment = one row of Table 1: an auto-encoder learns to reproduce digits.

ℓ1 loss, SGD, a learning rate that falls by 10 at milestones. Four presets:

    paper    100 epochs, batch 100, learning rate 0.01, ÷10 after epochs 50, 70 and 85: for the full sets
    medium   10 epochs of small steps with momentum, of our own: for the full sets where there is no GPU and a night
    reduced  one epoch of the same: for the full sets where there is no GPU
    quick    the same for the embedded sample, on two CPU cores

Numbers of the short presets show an ordering; they are not the paper's numbers, and every output says which
preset and which data made it.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from a2u.data import RESIZES, Digits, load, to_float32x32
from a2u.data.digits import TITLES
from a2u.errors import A2UError, near_match
from a2u.reconstruction.metrics import Totals
from a2u.reconstruction.network import HEADS, AutoEncoder, evaluating
from a2u.reconstruction.rows import Row, row
from a2u.shell import command
from a2u.training import Run, choose_step, read_run
from a2u.training.captured import at_once
from a2u.training.device import choose_device, derive_seed, permutation
from a2u.training.kind import KEY, check_begun
from a2u.training.loop import Hook, Turns, finish, in_turns
from a2u.training.precision import arithmetic, check_precision
from a2u.training.run_folder import History

EXPERIMENT = "table1"  # what a run of it says in its config

PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"epochs": 100, "batch": 100, "lr": 0.01, "momentum": 0.0, "milestones": (0.5, 0.7, 0.85)},
    "medium": {"epochs": 10, "batch": 20, "lr": 0.02, "momentum": 0.9, "milestones": (0.5, 0.7, 0.85)},
    "reduced": {"epochs": 1, "batch": 20, "lr": 0.02, "momentum": 0.9, "milestones": (0.5, 0.7, 0.85)},
    "quick": {"epochs": 2, "batch": 16, "lr": 0.02, "momentum": 0.9, "milestones": (0.67,)},
}


@dataclass(frozen=True)
class Settings:
    """What defines a result, beside the data.

    set: "mnist" or "fashion". milestones: the learning rate is divided by 10 after these parts of all steps.
    weight_decay, head (`AutoEncoder`) and resize (`a2u.data.to_float32x32`) are what the paper leaves open.
    """

    row: str
    set: str
    preset: str
    epochs: int
    batch: int
    lr: float
    momentum: float
    milestones: tuple[float, ...]
    seed: int
    weight_decay: float = 0.0
    head: str = "c1"
    resize: str = "bilinear"

    def __post_init__(self) -> None:
        row(self.row)
        rules = {
            "epochs": (self.epochs >= 1, "at least 1"),
            "batch": (self.batch >= 2, "at least 2, for batch norm"),
            "lr": (0 < self.lr < math.inf, "positive and finite"),
            "momentum": (0 <= self.momentum < 1, "in [0, 1)"),
            "milestones": (
                list(self.milestones) == sorted(set(self.milestones)) and all(0 < part < 1 for part in self.milestones),
                "rising parts of the training between 0 and 1",
            ),
            "weight_decay": (0 <= self.weight_decay < math.inf, "at least 0 and finite"),
            "head": (self.head in HEADS, f"one of {', '.join(HEADS)}"),
            "resize": (self.resize in RESIZES, f"one of {', '.join(RESIZES)}"),
        }
        for key, (kept, rule) in rules.items():
            if not kept:
                raise A2UError(f"{key} must be {rule}, given {getattr(self, key)}.")

    @property
    def title(self) -> str:
        """Which run this is, for people."""
        return f"{row(self.row).title} on {TITLES[self.set]}, seed {self.seed}"

    @property
    def changes(self) -> dict[str, Any]:
        """The settings that are not the preset's."""
        usual = settings(self.row, self.set, self.preset, self.seed)
        return {key: value for key, value in asdict(self).items() if value != getattr(usual, key)}

    def command(self, data: str | None = None, precision: str = "float32") -> str:
        """The `a2u train` that asks for these settings, on the sample or on full sets in the folder `data`."""
        named = {"row": self.row, "set": self.set, "preset": self.preset, "seed": self.seed or None}
        exact = {"precision": None if precision == "float32" else precision}
        return command("a2u train", {**named, **self.changes, **exact, "data": data})


def settings(row: str, data_set: str = "mnist", preset: str = "quick", seed: int = 0, **changes: Any) -> Settings:
    """A preset's settings; `changes` (fields of `Settings`) that are not None take precedence.

    >>> settings("a2u").epochs < settings("a2u", preset="paper").epochs
    True
    """
    if preset not in PRESETS:
        raise A2UError(f"There is no preset {preset!r}. {near_match(preset, list(PRESETS))}")
    chosen = Settings(row=row, set=data_set, preset=preset, seed=seed, **PRESETS[preset])
    changed = {key: value for key, value in changes.items() if value is not None}
    return replace(chosen, **changed)


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
            raise A2UError(f"A batch of {settings.batch} needs as many images, and there are {len(self.images)}.")
        self.steps = len(self.images) // settings.batch
        model = build_model(row(settings.row), settings.seed, settings.head).to(device)
        # Convolutions read a pixel's channels as one run of memory: 1.7 times as fast on a CPU.
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


def config_of(settings: Settings, train: Digits, test: Digits, precision: str = "float32") -> dict[str, Any]:
    """What the run of these settings on these images is known by; arithmetic is named unless it is float32."""
    data = {"data": train.edition, "train_sha256": train.sha256, "test_sha256": test.sha256}
    config = {KEY: EXPERIMENT, **asdict(settings), **data}
    return config if precision == "float32" else {**config, "precision": precision}


def settings_of(config: Mapping[str, Any]) -> Settings:
    """The settings of a run, from its config or from the card of weights that ship."""
    found = {each.name: config[each.name] for each in fields(Settings)}
    return Settings(**{**found, "milestones": tuple(found["milestones"])})


def command_of(config: Mapping[str, Any], data: str = "DIR") -> str:
    """The `a2u train` that made the run with this config; `data` stands for the folder of full sets."""
    full = config["data"] == "full"
    return settings_of(config).command(data if full else None, config.get("precision", "float32"))


def run_name(row: str, data_set: str, preset: str, seed: int = 0) -> str:
    """The name of a run's folder unless the user gives another.

    >>> run_name("a2u", "mnist", "quick"), run_name("a2u", "mnist", "quick", 1)
    ('a2u-mnist-quick', 'a2u-mnist-quick-1')
    """
    return f"{row}-{data_set}-{preset}{f'-{seed}' if seed else ''}"


def evaluate_on(model: nn.Module, images: Tensor, batch: int | None = None) -> dict[str, float]:
    """The four metrics of `model` over `images` (N, 1, 32, 32), see `a2u.reconstruction.metrics`.

    batch: images at a time; by default 2,500 on a GPU, and 250 elsewhere, where the maps of more leave the caches.
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
