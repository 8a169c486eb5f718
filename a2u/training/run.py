"""A run folder: `config.json`, `metrics.json`, `checkpoint.safetensors`. One writer at a time.

The checkpoint is the truth. `metrics.json` is its history as a file that anyone can read or plot, written
again after each epoch. Where a run looks for its best epoch, `best.safetensors` holds that epoch's model.
"""

import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import torch
from filelock import FileLock, Timeout

from a2u.errors import A2UError
from a2u.files.writing import UNFINISHED, explain, write_whole
from a2u.training import checkpoint
from a2u.training.checkpoint import Stateful

Config = dict[str, Any]
History = list[dict[str, Any]]
BEST = "best.safetensors"


class Keeper(Protocol):
    """Where `fit` finds the state to go on from, and leaves the new one: a `Run`, or what stands for one."""

    def resume(self, parts: Mapping[str, Stateful]) -> History:
        """Put the last state into `parts`; the epochs already done."""

    def save(self, parts: Mapping[str, Stateful], history: History) -> None:
        """Keep the state after the last epoch of `history`."""

    def save_best(self, model: Stateful, history: History) -> None:
        """Keep the model after the last epoch of `history`: the best so far."""


class Run:
    """One training run on disk; a context manager that holds the folder's lock.

    Args:
        folder: Made if missing. If it already holds a run, that run is continued.
        config: What defines the result (plain JSON). A run never continues under another one.
        device: Where it computes, to be recorded with it.

    Raises:
        A2UError: The folder cannot be written, another process trains in it, or it holds a run with another
            config; each key that differs is named.
    """

    def __init__(self, folder: str | Path, config: Config, device: torch.device | str | None = None) -> None:
        self.folder = Path(folder)
        self.config: Config = json.loads(json.dumps(config))  # as it will be read back
        self.checkpoint = self.folder / "checkpoint.safetensors"
        self.best = self.folder / BEST
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(self.folder / ".lock")
            self._lock.acquire(blocking=False)
        except Timeout as error:
            raise A2UError(
                f"Another process is training in {self.folder}. Wait until it ends, or keep this "
                f"run elsewhere, with --name or --runs."
            ) from error
        except OSError as error:
            raise explain(error, self.folder) from error
        try:
            self._begin(device)
        except BaseException:
            self._lock.release()
            raise

    def _begin(self, device: torch.device | str | None) -> None:
        for leftover in self.folder.glob(f"*{UNFINISHED}"):  # of a process killed while it wrote
            leftover.unlink(missing_ok=True)
        path = self.folder / "config.json"
        if path.exists():
            differences = _differences(_read_json(path)["config"], self.config)
            if differences:
                raise A2UError(
                    f"{self.folder} holds a run with another configuration: {'; '.join(differences)}. "
                    f"Ask for the same to continue it, or keep this run elsewhere, with --name or --runs."
                )
        else:
            _write_json(path, {"config": self.config, "environment": environment(device)})

    def resume(self, parts: Mapping[str, Stateful]) -> History:
        """Load the last checkpoint into `parts`, if there is one; returns the epochs already done."""
        if not self.checkpoint.exists():
            return []
        history: History = checkpoint.load(self.checkpoint, parts)["history"]
        return history

    def save(self, parts: Mapping[str, Stateful], history: History) -> None:
        """Keep the state after the last epoch of `history`."""
        checkpoint.save(self.checkpoint, parts, {"config": self.config, "history": history})
        _write_json(self.folder / "metrics.json", history)

    def save_best(self, model: Stateful, history: History) -> None:
        """Keep the model after the last epoch of `history` beside the last state."""
        checkpoint.save(self.best, {"model": model}, {"config": self.config, "history": history})

    def close(self) -> None:
        """Let other processes use the folder."""
        self._lock.release()

    def __enter__(self) -> "Run":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_run(folder: str | Path, parts: Mapping[str, Stateful] | None = None) -> tuple[Config, History]:
    """The config and history of a finished or stopped run; also loads its checkpoint into `parts` if given.

    Raises:
        A2UError: Not a run folder, or files that cannot be trusted.
    """
    folder = Path(folder)
    if not (folder / "config.json").is_file():
        raise A2UError(
            f"{folder} is not a run: it has no config.json. `a2u train` and `a2u matting train` make runs, in "
            "runs/<name>/."
        )
    config: Config = _read_json(folder / "config.json")["config"]
    state = checkpoint.load(folder / "checkpoint.safetensors", parts or {})
    differences = _differences(state["config"], config)
    if differences:
        raise A2UError(f"{folder}: config.json is not its checkpoint's: {'; '.join(differences)}.")
    return config, state["history"]


def read_best(folder: str | Path, model: Stateful) -> dict[str, Any]:
    """Load the model of a run's best epoch into `model`; returns the record of that epoch.

    Raises:
        A2UError: There is none, or it is damaged, or it belongs to another run.
    """
    config: Config = _read_json(Path(folder) / "config.json")["config"]
    state = checkpoint.load(Path(folder) / BEST, {"model": model})
    differences = _differences(state["config"], config)
    if differences:
        raise A2UError(f"{folder}: config.json is not that of {BEST}: {'; '.join(differences)}.")
    record: dict[str, Any] = state["history"][-1]
    return record


def environment(device: torch.device | str | None = None) -> dict[str, Any]:
    """What a result may depend on beside its config: recorded with it, never compared."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "device": None if device is None else str(device),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }


def _differences(old: Config, new: Config) -> list[str]:
    absent = "(not set)"
    keys = [*old, *(key for key in new if key not in old)]
    return [
        f"{key} is {old.get(key, absent)!r} there, {new.get(key, absent)!r} here"
        for key in keys
        if old.get(key, absent) != new.get(key, absent)
    ]


def _write_json(path: Path, value: Any) -> None:
    write_whole(path, (json.dumps(value, indent=2) + "\n").encode())


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise A2UError(f"{path} cannot be read ({error}). Delete the run's folder to start it again.") from error
