"""The settings of a run of guided upsampling, and how it is named, identified and started. Two presets:

minute   200 steps of batch 8 on 64 pictures of 96²: some tens of seconds per row on one CPU core
quick    the same, much smaller: to see everything run
"""

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from a2u.checks import check_choice
from a2u.errors import A2UError, near_match
from a2u.guided.pairs import FACTORS, TASKS
from a2u.guided.rows import row
from a2u.shell import command
from a2u.training.kind import KEY

EXPERIMENT = "guided"  # what a run of it says in its config

PRESETS: dict[str, dict[str, Any]] = {
    "minute": {"size": 96, "train": 64, "test": 40, "batch": 8, "epochs": 4, "steps": 50, "lr": 0.005, "channels": 16},
    "quick": {"size": 56, "train": 8, "test": 8, "batch": 4, "epochs": 2, "steps": 3, "lr": 0.005, "channels": 16},
}


@dataclass(frozen=True)
class Settings:
    """What defines a result.

    row: of `a2u.guided.rows`. task, factor: see `a2u.guided.pairs`. train, test: how many pictures. steps: of an
    epoch; the learning rate of Adam falls along half a cosine to 0 at the last step.
    """

    row: str
    task: str
    factor: int
    preset: str
    size: int
    train: int
    test: int
    batch: int
    epochs: int
    steps: int
    lr: float
    channels: int
    seed: int = 0

    def __post_init__(self) -> None:
        row(self.row)
        check_choice("task", self.task, list(TASKS))
        rules = {
            "factor": (self.factor in FACTORS, f"one of {', '.join(map(str, FACTORS))}"),
            "epochs": (self.epochs >= 1, "at least 1"),
            "steps": (self.steps >= 1, "at least 1"),
            "batch": (1 <= self.batch <= self.train, f"between 1 and the {self.train} pictures of training"),
            "lr": (0 < self.lr < math.inf, "positive and finite"),
        }
        for key, (kept, rule) in rules.items():
            if not kept:
                raise A2UError(f"{key} must be {rule}, given {getattr(self, key)}.")

    @property
    def title(self) -> str:
        """The name of the run, for people."""
        found = row(self.row)
        axis = f" ({found.axis})" if found.axis else ""
        return f"{found.title}{axis} on {self.task}, {self.factor}×, seed {self.seed}"

    @property
    def stages(self) -> int:
        """How many times the map is enlarged twice."""
        return self.factor.bit_length() - 1

    @property
    def changes(self) -> dict[str, Any]:
        """The settings that differ from the preset."""
        usual = settings(self.row, self.task, self.factor, self.preset, self.seed)
        return {key: value for key, value in asdict(self).items() if value != getattr(usual, key)}

    def command(self) -> str:
        """The `a2u guided` command that trains this run."""
        named = {"rows": self.row, "tasks": self.task, "factors": self.factor, "seeds": self.seed}
        return command("a2u guided", {**named, "preset": self.preset, **self.changes})

    def as_config(self) -> dict[str, Any]:
        """What a run's config.json holds."""
        found: dict[str, Any] = json.loads(json.dumps({KEY: EXPERIMENT, **asdict(self)}))
        return found


def settings(
    row: str, task: str = "alpha", factor: int = 4, preset: str = "minute", seed: int = 0, **changes: Any
) -> Settings:
    """A preset's settings; `changes` (fields of `Settings`) that are not None take precedence.

    >>> settings("carafe").steps
    50
    """
    if preset not in PRESETS:
        raise A2UError(f"There is no preset {preset!r}. {near_match(preset, list(PRESETS))}")
    changed = {key: value for key, value in changes.items() if value is not None}
    return Settings(row=row, task=task, factor=factor, preset=preset, seed=seed, **{**PRESETS[preset], **changed})


def settings_of(config: Mapping[str, Any]) -> Settings:
    """The settings of a run, from its config."""
    return Settings(**{each.name: config[each.name] for each in dataclasses.fields(Settings)})


def run_name(chosen: Settings) -> str:
    """The name of a run's folder.

    >>> run_name(settings("carafe", seed=1))
    'guided-alpha-4x-carafe-minute-1'
    """
    seed = f"-{chosen.seed}" if chosen.seed else ""
    return f"guided-{chosen.task}-{chosen.factor}x-{chosen.row}-{chosen.preset}{seed}"
