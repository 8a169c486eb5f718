"""Which experiment a run belongs to: the key "experiment" of its config. Everything that opens a run asks it here.

Runs of older versions do not have the key. They are known by another key that only runs of their experiment have, and
count as if they had the new one too: such a run is read, compared and continued like any other.
"""

from collections.abc import Mapping, Sized
from pathlib import Path
from typing import Any

from a2u.errors import A2UError

KEY = "experiment"
OLDER = {"head": "table1", "encoder_lr": "matting"}  # a key of an older run's config → its experiment


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
    """The config as a run of today would have it: with its experiment, if that is known."""
    found = experiment_of(config)
    return dict(config) if found is None else {KEY: found, **config}


def check_experiment(config: Mapping[str, Any], wanted: str, place: str | Path) -> None:
    """Raise `UnsuitableRun` unless the run at `place`, which has this config, belongs to the experiment `wanted`."""
    found = experiment_of(config)
    if found != wanted:
        named = "of no known experiment" if found is None else f"of the experiment {found!r}"
        raise UnsuitableRun(place, f"a run {named}", f", and a run of {wanted!r} is needed here.")


def check_begun(history: Sized, place: str | Path) -> None:
    """Raise `UnsuitableRun` if the run at `place` has no complete epoch."""
    if not history:
        raise UnsuitableRun(
            place, "a run without a complete epoch", " so far: the command that began it goes on where it was."
        )
