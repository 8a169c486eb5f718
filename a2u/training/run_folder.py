"""What a run folder holds, read with care: `config.json`, `metrics.json`, `checkpoint.safetensors`, `best.safetensors`.

`a2u.training.run` writes it. A run's config is read only here: keys that older versions did not write are filled in.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from a2u.errors import A2UError
from a2u.files.reading import fault, read_json
from a2u.training import checkpoint
from a2u.training.checkpoint import Stateful
from a2u.training.kind import KEY, UnsuitableRun, check_experiment, with_experiment

Config = dict[str, Any]
History = list[dict[str, Any]]
BEST = "best.safetensors"
FILES = ("config.json", "metrics.json", "checkpoint.safetensors", BEST)
RECORD = {"epoch": int, "loss": float, "seconds": float}  # what every record of a history has, besides its metrics
LONGEST = 200  # bytes of a run's name: file systems take 255, and temporary names are longer


def read_run(
    folder: str | Path, parts: Mapping[str, Stateful] | None = None, experiment: str | None = None
) -> tuple[Config, History]:
    """The config and history of a finished or stopped run; also loads its checkpoint into `parts` if given.

    experiment: the one that the run must belong to; None accepts any.

    Raises:
        UnsuitableRun: Not a run folder, or a run of another experiment.
        A2UError: Damaged files, or files that do not belong together.
    """
    folder = Path(folder)
    if not is_run(folder):
        missing = (
            "it has no config.json" if folder.is_dir() else "it is a file" if folder.exists() else "it is not there"
        )
        remedy = "Give the folder that a training wrote, such as runs/NAME."
        raise UnsuitableRun(folder, "not a run", f": {missing}. {remedy}")
    config = read_config(folder)
    if experiment is not None:
        check_experiment(config, experiment, folder)
    path = folder / "checkpoint.safetensors"
    state = checkpoint.load(path, parts or {})
    history = history_of(state, path)
    differences = differences_of(state["config"], config)
    if differences:
        raise A2UError(f"{folder}: config.json is not its checkpoint's: {'; '.join(differences)}.")
    return config, history


def read_best(folder: str | Path, model: Stateful) -> dict[str, Any]:
    """Load the model of a run's best epoch into `model`; returns the record of that epoch.

    Raises:
        A2UError: There is none, or it is damaged, or it belongs to another run.
    """
    config = read_config(Path(folder))
    state = checkpoint.load(Path(folder) / BEST, {"model": model})
    history = history_of(state, Path(folder) / BEST)
    if not history:
        raise A2UError(f"{Path(folder) / BEST} has no complete epoch. {checkpoint.REMEDY}")
    differences = differences_of(state["config"], config)
    if differences:
        raise A2UError(f"{folder}: config.json is not that of {BEST}: {'; '.join(differences)}.")
    return history[-1]


def is_run(folder: Path) -> bool:
    """Is there a run in this folder, finished or not?"""
    return (folder / "config.json").is_file()


def check_name(name: str) -> str:
    """Check the name of a run's folder, which is a single part of a path, and return it.

    Raises:
        A2UError: It has a separator or a NUL, is empty, "." or "..", or longer than a file system takes.
    """
    if not name.strip() or name in (".", "..") or any(each in name for each in "/\\\0"):
        raise A2UError(
            f"A run's name is that of one folder, without / and \\; given {name!r}. Choose its place with `runs`."
        )
    if len(os.fsencode(name)) > LONGEST:
        raise A2UError(f"A run's name has at most {LONGEST} bytes, but {name[:40]!r}… has {len(os.fsencode(name))}.")
    return name


def read_environment(folder: str | Path) -> dict[str, Any]:
    """What a run recorded of the machine on which it began, see `environment`; empty for the oldest runs."""
    found: dict[str, Any] = _read_document(Path(folder)).get("environment") or {}
    return found


def read_config(folder: Path) -> Config:
    """The config of a run, with the keys that older versions did not write filled in."""
    return with_experiment(_read_document(folder)["config"])


def _read_document(folder: Path) -> dict[str, Any]:
    """What config.json holds: "config" and, in all but the oldest runs, "environment"."""
    remedy = "Put back a copy; without one, delete the run's folder to start it again."
    path = folder / "config.json"
    found: dict[str, Any] = read_json(path, {"config": dict}, remedy)
    wrong = fault(found.get("environment"), (dict, type(None)), "its environment")
    if wrong:
        raise A2UError(f"{path} is damaged or of another kind: {wrong}. {remedy}")
    return found


def history_of(state: dict[str, Any], path: Path) -> History:
    """Check the form of a checkpoint's state, and return its records."""
    wrong = fault(state, {"config": dict, "history": [RECORD]}, "its state")
    if wrong:
        raise A2UError(f"{path} is not a checkpoint of a run: {wrong}. {checkpoint.REMEDY}")
    history: History = state["history"]
    return history


def differences_of(old: Config, new: Config) -> list[str]:
    """Each key in which two configs differ, with both values; for two experiments, only that key."""
    old, new = with_experiment(old), with_experiment(new)
    absent = "(not set)"
    keys = [*old, *(key for key in new if key not in old)]
    if old.get(KEY) != new.get(KEY):
        keys = [KEY]  # between two experiments everything differs
    return [
        f"{key} is {old.get(key, absent)!r} there, {new.get(key, absent)!r} here"
        for key in keys
        if old.get(key, absent) != new.get(key, absent)
    ]
