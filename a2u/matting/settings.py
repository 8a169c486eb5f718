"""The settings of a matting experiment: a row, its data, and a preset with any of its settings changed.

Presets:

    paper   crops 512, batch 16, 30 epochs of 6,000 iterations, learning rate 0.01, encoder 1e-4 from ImageNet's weights
            with its batch norms fixed, ÷10 after epochs 20 and 26, trimaps of 1-29 pixels: for a GPU and the data sets
    narrow  a quarter of everything that has a size (channels, crops of 128, trimaps of 1-9), no pretrained weights:
            some minutes on one CPU core
    brief   narrow, for a sixth of its iterations: for the ablation, which compares its runs only with each other
    quick   the same, smaller and shorter still: to see everything run

Numbers of the short presets are not the paper's: every output says which preset and which data made it.
"""

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from a2u.errors import A2UError, near_match
from a2u.matting.data import trimap
from a2u.matting.rows import row
from a2u.shell import command
from a2u.training.kind import KEY, check_experiment, with_experiment
from a2u.training.run_folder import check_name

SYNTHETIC = "synthetic"  # data that are drawn from seeds
WIDEST = 8  # times the channels of the paper's network; more can only be a typing mistake
EXPERIMENT = "matting"  # what a run of it says in its config

PRESETS: dict[str, dict[str, Any]] = {
    "paper": {
        "width": 1.0, "crop": 512, "batch": 16, "epochs": 30, "iterations": 6000, "lr": 0.01, "encoder_lr": 1e-4,
        "milestones": (20, 26), "pretrained": True, "freeze": True, "test_size": 512, "kernels": (1, 29),
    },
    "narrow": {
        "width": 0.25, "crop": 128, "batch": 8, "epochs": 6, "iterations": 200, "lr": 0.005, "encoder_lr": 0.005,
        "milestones": (4, 5), "pretrained": False, "freeze": False, "test_size": 160, "kernels": (1, 9),
    },
    "brief": {
        "width": 0.25, "crop": 128, "batch": 8, "epochs": 2, "iterations": 100, "lr": 0.005, "encoder_lr": 0.005,
        "milestones": (1,), "pretrained": False, "freeze": False, "test_size": 160, "kernels": (1, 9),
    },
    "quick": {
        "width": 0.125, "crop": 64, "batch": 4, "epochs": 2, "iterations": 15, "lr": 0.003, "encoder_lr": 0.003,
        "milestones": (1,), "pretrained": False, "freeze": False, "test_size": 80, "kernels": (1, 5), "validation": 8,
    },
}  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """What defines a result, besides the machine.

    data: "synthetic", or the folder of a data set. crop: side of the squares trained on. batch: of all processes
    together. iterations: of an epoch. encoder_lr: of the encoder; lr: of everything else, the operators included.
    milestones: both are divided by 10 after these epochs. freeze: the encoder's batch norms stay as they are.
    options: of the operator, over those of its row. validation: images measured after an epoch; 0: all there are.
    test_size: side of the synthetic scenes to validate and test on. kernels: the smallest and the largest ellipse of
    the trimaps trained on, in pixels. backgrounds: a folder to compose over, for data that hold none.
    """

    row: str
    preset: str
    data: str
    width: float
    crop: int
    batch: int
    epochs: int
    iterations: int
    lr: float
    encoder_lr: float
    milestones: tuple[int, ...]
    pretrained: bool
    freeze: bool
    seed: int = 0
    validation: int = 0
    test_size: int = 512
    kernels: tuple[int, int] = trimap.SIZES
    precision: str = "float32"
    options: dict[str, Any] = field(default_factory=dict)
    backgrounds: str | None = None

    def __post_init__(self) -> None:
        row(self.row)
        rules = {
            "width": (0 < self.width <= WIDEST, f"positive and at most {WIDEST}, which is {WIDEST} times the paper's"),
            "crop": (self.crop >= 16, "at least 16 pixels: one position of the coarsest map"),
            "batch": (self.batch >= 2, "at least 2, for batch norm"),
            "epochs": (self.epochs >= 1, "at least 1"),
            "iterations": (self.iterations >= 1, "at least 1"),
            "lr": (0 < self.lr < math.inf, "positive and finite"),
            "encoder_lr": (0 < self.encoder_lr < math.inf, "positive and finite"),
            "validation": (self.validation >= 0, "at least 0"),
            "test_size": (self.test_size >= 16, "at least 16"),
            "kernels": (
                len(self.kernels) == 2 and 1 <= self.kernels[0] <= self.kernels[1],
                "two sizes of at least 1, the smaller first",
            ),
        }
        for key, (kept, rule) in rules.items():
            if not kept:
                raise A2UError(f"{key} must be {rule}, given {getattr(self, key)}.")
        if self.pretrained and self.width != 1:
            raise A2UError(
                f"ImageNet's weights fit the network of width 1, given {self.width:g}: leave out one of the two."
            )
        if self.backgrounds is not None and self.data == SYNTHETIC:
            raise A2UError(
                f"The synthetic set has its own backgrounds, given {self.backgrounds}: leave out `backgrounds`."
            )

    @property
    def title(self) -> str:
        """The name of the run, for people."""
        extra = "".join(f", {key} {value}" for key, value in sorted(self.options.items()))
        return f"{row(self.row).title}{extra}, seed {self.seed}"

    @property
    def changes(self) -> dict[str, Any]:
        """The settings that differ from the preset; `settings` with these changes gives the same settings again."""
        usual = settings(self.row, self.preset, self.data, self.seed)
        found = {key: value for key, value in asdict(self).items() if value != getattr(usual, key)}
        if "pretrained" in found:  # what `settings` freezes follows from it
            found["freeze"] = self.freeze
        return found

    @property
    def where(self) -> str:
        """ "synthetic", or the name of the data's folder, without its path on this machine."""
        return self.data if self.data == SYNTHETIC else Path(self.data).absolute().name

    def command(self, data: str = "DIR", backgrounds: str = "PICTURES") -> str:
        """The `a2u matting train` command with these settings; the two names stand for the user's folders.

        The precision is always given, since its default depends on the machine.
        """
        last = {"seed": self.seed or None, "precision": self.precision, **self.folders(data, backgrounds)}
        changes = {key: value for key, value in self.changes.items() if key not in last}
        return command("a2u matting train", {"row": self.row, "preset": self.preset, **changes, **last})

    def folders(self, data: str = "DIR", backgrounds: str = "PICTURES") -> dict[str, str | None]:
        """The options of every command that name the user's folders, by these names; None where there is none."""
        return {
            "data": None if self.data == SYNTHETIC else data,
            "backgrounds": None if self.backgrounds is None else backgrounds,
        }

    def as_config(self) -> dict[str, Any]:
        """What a run's config.json holds; backgrounds only where they are given, so that older runs can go on."""
        found: dict[str, Any] = json.loads(json.dumps({KEY: EXPERIMENT, **asdict(self)}))  # lists for tuples
        if self.backgrounds is None:
            del found["backgrounds"]
        return found


def settings(row: str, preset: str = "narrow", data: str | Path = SYNTHETIC, seed: int = 0, **changes: Any) -> Settings:
    """A preset's settings; `changes` (fields of `Settings`) that are not None take precedence.

    Without ImageNet's weights the encoder's batch norms have nothing worth keeping, and are not frozen unless asked.

    >>> settings("dynamic-cs").width
    0.25
    """
    if preset not in PRESETS:
        raise A2UError(f"There is no preset {preset!r}. {near_match(preset, list(PRESETS))}")
    changed = {key: value for key, value in changes.items() if value is not None}
    known = [each.name for each in dataclasses.fields(Settings)]
    for key in changed:
        if key not in known:
            raise A2UError(f"A matting experiment has no setting {key!r}. {near_match(key, known)}")
    chosen = {**PRESETS[preset], **changed}
    if "freeze" not in changed and not chosen["pretrained"]:
        chosen["freeze"] = False
    return Settings(row=row, preset=preset, data=str(data), seed=seed, **chosen)


def settings_of(config: Mapping[str, Any]) -> Settings:
    """The settings of a run, from its config or from the card of weights that ship."""
    check_experiment(config, EXPERIMENT, "a config of matting")
    found = with_experiment(config)
    known = [each.name for each in dataclasses.fields(Settings)]
    for key in found:
        if key not in known and key != KEY:
            raise A2UError(f"A matting experiment has no setting {key!r}. {near_match(key, known)}")
    tuples: dict[str, Any] = {key: tuple(found[key]) for key in ("milestones", "kernels")}
    return Settings(**{key: value for key, value in {**found, **tuples}.items() if key != KEY})


def run_name(settings: Settings) -> str:
    """The name of a run's folder unless the user gives another.

    >>> run_name(settings("dynamic-cs", options={"kernel_size": 5}))
    'matting-dynamic-cs-kernel_size=5-narrow'
    """
    extra = "".join(f"-{key}={value}" for key, value in sorted(settings.options.items()))
    data = "" if settings.data == SYNTHETIC else f"-{settings.where}"
    name = f"matting-{settings.row.replace(':', '-')}{extra}{data}-{settings.preset}"
    return check_name(name + (f"-{settings.seed}" if settings.seed else ""))
