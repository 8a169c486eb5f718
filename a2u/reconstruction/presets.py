"""The settings of an experiment of Table 1, and how a run of it is named, identified and started. Four presets:

    paper    100 epochs, batch 100, learning rate 0.01, ÷10 after epochs 50, 70 and 85: for the full sets
    medium   10 epochs of small steps with momentum, of our own: for the full sets without a GPU, overnight
    reduced  one epoch of the same: for the full sets without a GPU
    quick    the same for the embedded sample, on two CPU cores

Numbers of the short presets are not the paper's, and rows that lie close together may change places: a short training
shows what it shows. Every output says which preset and which data made it.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from a2u.data import RESIZES, Digits
from a2u.data.digits import TITLES
from a2u.errors import A2UError, near_match
from a2u.reconstruction.network import HEADS
from a2u.reconstruction.rows import row
from a2u.shell import command
from a2u.training.kind import KEY

EXPERIMENT = "table1"  # what a run of it says in its config

PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"epochs": 100, "batch": 100, "lr": 0.01, "momentum": 0.0, "milestones": (0.5, 0.7, 0.85)},
    "medium": {"epochs": 10, "batch": 20, "lr": 0.02, "momentum": 0.9, "milestones": (0.5, 0.7, 0.85)},
    "reduced": {"epochs": 1, "batch": 20, "lr": 0.02, "momentum": 0.9, "milestones": (0.5, 0.7, 0.85)},
    "quick": {"epochs": 2, "batch": 16, "lr": 0.02, "momentum": 0.9, "milestones": (0.67,)},
}


@dataclass(frozen=True)
class Settings:
    """What defines a result, besides the data.

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
        """The name of the run, for people."""
        return f"{row(self.row).title} on {TITLES[self.set]}, seed {self.seed}"

    @property
    def changes(self) -> dict[str, Any]:
        """The settings that differ from the preset."""
        usual = settings(self.row, self.set, self.preset, self.seed)
        return {key: value for key, value in asdict(self).items() if value != getattr(usual, key)}

    def command(self, data: str | None = None, precision: str = "float32") -> str:
        """The `a2u train` command with these settings, on the sample or on full sets in the folder `data`."""
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


def config_of(settings: Settings, train: Digits, test: Digits, precision: str = "float32") -> dict[str, Any]:
    """The config that identifies a run: settings, images, and the precision unless it is float32."""
    data = {"data": train.edition, "train_sha256": train.sha256, "test_sha256": test.sha256}
    config = {KEY: EXPERIMENT, **asdict(settings), **data}
    return config if precision == "float32" else {**config, "precision": precision}


def settings_of(config: Mapping[str, Any]) -> Settings:
    """The settings of a run, from its config or from the card of weights that ship."""
    found = {each.name: config[each.name] for each in fields(Settings)}
    return Settings(**{**found, "milestones": tuple(found["milestones"])})


def command_of(config: Mapping[str, Any], data: str = "DIR") -> str:
    """The `a2u train` command that made the run with this config; `data` stands for the folder of full sets."""
    full = config["data"] == "full"
    return settings_of(config).command(data if full else None, config.get("precision", "float32"))


def run_name(row: str, data_set: str, preset: str, seed: int = 0) -> str:
    """The name of a run's folder unless the user gives another.

    >>> run_name("a2u", "mnist", "quick"), run_name("a2u", "mnist", "quick", 1)
    ('a2u-mnist-quick', 'a2u-mnist-quick-1')
    """
    return f"{row}-{data_set}-{preset}{f'-{seed}' if seed else ''}"
