"""Which experiment a run belongs to: the key "experiment" of its config. Everything that opens a run asks it here.

Runs of older versions lack this key, and settings that were added later. They are recognised by another key that only
runs of their experiment have, and they get the later settings with the values that held before those could be chosen.
So such a run is read, compared and continued like any other.
"""

from collections.abc import Mapping, Sized
from pathlib import Path
from typing import Any

from a2u.errors import A2UError
from a2u.files.reading import fault

KEY = "experiment"
# A key of an older run's config → its experiment.
OLDER = {"head": "table1", "train_sha256": "table1", "encoder_lr": "matting"}
# What a run of an experiment was made with if its config does not say.
DEFAULTS: dict[str, dict[str, Any]] = {
    "table1": {"weight_decay": 0.0, "head": "c1", "resize": "bilinear"},
    "matting": {"test_size": 512, "kernels": [1, 29], "precision": "float32", "options": {}, "validation": 0},
}
# What must be in the config of a run of an experiment, with older ones completed; see `a2u.files.reading.fault`.
SHAPES: dict[str, dict[str, Any]] = {
    "table1": {
        **dict.fromkeys(("row", "set", "preset", "head", "resize", "data", "train_sha256", "test_sha256"), str),
        **dict.fromkeys(("epochs", "batch", "seed"), int),
        **dict.fromkeys(("lr", "momentum", "weight_decay"), float),
        "milestones": [float],
    },
    "matting": {
        **dict.fromkeys(("row", "preset", "data", "precision"), str),
        **dict.fromkeys(("crop", "batch", "epochs", "iterations", "seed", "validation", "test_size"), int),
        **dict.fromkeys(("width", "lr", "encoder_lr"), float),
        **dict.fromkeys(("pretrained", "freeze"), bool),
        **{"milestones": [int], "kernels": [int], "options": dict},
    },
    "guided": {
        **dict.fromkeys(("row", "task", "preset"), str),
        **dict.fromkeys(("factor", "size", "train", "test", "batch", "epochs", "steps", "channels", "seed"), int),
        "lr": float,
    },
}


class UnsuitableRun(A2UError):
    """Nothing is wrong with this folder, but it holds no run that can be used here.

    reason: why, in a few words that fit several folders, such as "not a run" or "of the experiment 'matting'".
    """

    def __init__(self, place: str | Path, reason: str, more: str) -> None:
        super().__init__(f"{place} is {reason}{more}")
        self.reason = reason


def experiment_of(config: Mapping[str, Any]) -> str | None:
    """The experiment that a run with this config belongs to; None if the config does not say."""
    if KEY in config:
        return str(config[KEY])
    return next((experiment for key, experiment in OLDER.items() if key in config), None)


def with_experiment(config: Mapping[str, Any]) -> dict[str, Any]:
    """The config in today's form: with its experiment, if that is known, and with settings that were added later."""
    found = experiment_of(config)
    return dict(config) if found is None else {KEY: found, **DEFAULTS.get(found, {}), **config}


def check_experiment(config: Mapping[str, Any], wanted: str, place: str | Path) -> None:
    """Raise `UnsuitableRun` unless the run at `place`, which has this config, belongs to the experiment `wanted`.

    Raise A2UError if it does but its config lacks what such a run must say.
    """
    found = experiment_of(config)
    if found != wanted:
        named = "of no known experiment" if found is None else f"of the experiment {found!r}"
        raise UnsuitableRun(place, f"a run {named}", f", and a run of {wanted!r} is needed here.")
    wrong = fault(with_experiment(config), SHAPES.get(wanted, {}), "its config")
    if wrong:
        raise A2UError(f"{place} cannot be used: {wrong}. Was it made by another version, or changed by hand?")


def check_begun(history: Sized, place: str | Path) -> None:
    """Raise `UnsuitableRun` if the run at `place` has no complete epoch."""
    if not history:
        raise UnsuitableRun(place, "a run without a complete epoch", " so far: the command that began it continues it.")
