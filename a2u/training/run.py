"""A run folder: `config.json`, `metrics.json`, `checkpoint.safetensors`. One writer at a time.

The checkpoint is the truth. `metrics.json` is its history as a file that anyone can read or plot, written
again after each epoch. If a run looks for its best epoch, `best.safetensors` holds the model of that epoch.
"""

import json
import logging
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import torch
from filelock import FileLock, Timeout

from a2u.errors import A2UError
from a2u.files.writing import UNFINISHED, explain, sweep, write_whole
from a2u.training import checkpoint
from a2u.training.checkpoint import Stateful
from a2u.training.run_folder import (
    BEST,
    FILES,
    Config,
    History,
    differences_of,
    history_of,
    read_config,
    read_environment,
)

LOG = logging.getLogger("a2u")


class Keeper(Protocol):
    """Where `fit` finds the state to resume from, and keeps the new one: a `Run`, or a stand-in for one."""

    def resume(self, parts: Mapping[str, Stateful]) -> History:
        """Load the last state into `parts`; returns the records of the epochs already done."""

    def save(self, parts: Mapping[str, Stateful], history: History) -> None:
        """Keep the state after the last epoch of `history`."""

    def save_best(self, model: Stateful, history: History) -> None:
        """Keep the model after the last epoch of `history`: the best so far."""


class Run:
    """One training run on disk; a context manager that holds the folder's lock.

    Args:
        folder: Made if missing. If it already holds a run, that run is continued.
        config: What defines the result (plain JSON). A run never continues under another one.
        device: Where it computes; recorded with the run.
        lanes: How many runs compute there in turns; recorded too, since each takes longer than it would alone.

    Raises:
        A2UError: The folder cannot be written, another process trains in it, or it holds a run with another
            config; each key that differs is named.
    """

    def __init__(
        self, folder: str | Path, config: Config, device: torch.device | str | None = None, lanes: int = 1
    ) -> None:
        self.folder = Path(folder)
        self.config: Config = json.loads(json.dumps(config))  # as it will be read back
        self.checkpoint = self.folder / "checkpoint.safetensors"
        self.best = self.folder / BEST
        self._threads: int | None = None  # this process's own number, while the run uses another
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(self.folder / ".lock")
            self._lock.acquire(blocking=False)
        except Timeout as error:
            raise A2UError(
                f"Another process is training in {self.folder}. Wait until it ends, or keep this "
                "run in another `folder`."
            ) from error
        except OSError as error:
            raise explain(error, self.folder) from error
        try:
            self._begin(device, lanes)
        except OSError as error:
            self._lock.release()
            raise explain(error, self.folder) from error
        except BaseException:
            self._lock.release()
            raise

    def _begin(self, device: torch.device | str | None, lanes: int) -> None:
        sweep(self.folder)
        for name in FILES:  # older versions wrote under these names; none is at work, since the lock is ours
            (self.folder / f"{name}{UNFINISHED}").unlink(missing_ok=True)
        path = self.folder / "config.json"
        if path.exists():
            differences = differences_of(read_config(self.folder), self.config)
            if differences:
                raise A2UError(
                    f"{self.folder} holds a run with another configuration: {'; '.join(differences)}. "
                    f"Use the same configuration to continue it, or keep this run in another `folder`."
                )
            self._threads = keep_threads(read_environment(self.folder), device, self.folder)
        else:
            self._refuse_others()
            machine = environment(device) | ({"lanes": lanes} if lanes > 1 else {})
            _write_json(path, {"config": self.config, "environment": machine})

    def _refuse_others(self) -> None:
        """Without a config the folder holds no run, so files of these names belong to something else."""
        there = [name for name in FILES if os.path.lexists(self.folder / name)]
        if there:
            raise A2UError(
                f"{self.folder} holds {', '.join(there)} and no config.json: it is not a run, and a run would "
                f"replace these files. Keep this run in another `folder`, or move them away."
            )

    def resume(self, parts: Mapping[str, Stateful]) -> History:
        """Load the last checkpoint into `parts`, if there is one; returns the epochs already done."""
        if not self.checkpoint.exists():
            return []
        history = history_of(checkpoint.load(self.checkpoint, parts), self.checkpoint)
        path = self.folder / "metrics.json"
        if not path.is_file() or path.read_bytes() != _json(history):  # killed between the checkpoint and this file
            write_whole(path, _json(history))
        return history

    def save(self, parts: Mapping[str, Stateful], history: History) -> None:
        """Keep the state after the last epoch of `history`."""
        checkpoint.save(self.checkpoint, parts, {"config": self.config, "history": history})
        _write_json(self.folder / "metrics.json", history)

    def save_best(self, model: Stateful, history: History) -> None:
        """Keep the model after the last epoch of `history` beside the last state."""
        checkpoint.save(self.best, {"model": model}, {"config": self.config, "history": history})

    def close(self) -> None:
        """Release the folder to other processes, and give this one its own number of threads back."""
        if self._threads is not None:
            torch.set_num_threads(self._threads)
            self._threads = None
        self._lock.release()

    def __enter__(self) -> "Run":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def environment(device: torch.device | str | None = None) -> dict[str, Any]:
    """What a result may depend on besides its config: recorded with it, never compared."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "device": None if device is None else str(device),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }


def keep_threads(recorded: object, device: torch.device | str | None, folder: Path) -> int | None:
    """Use the number of threads that a run began with: the last bits of its sums depend on it.

    Only on a CPU, and only up to what this machine has; if it has fewer, or nothing is recorded, one line says so.
    Returns the previous number, if it was changed.
    """
    now, most = torch.get_num_threads(), max(os.cpu_count() or 1, torch.get_num_threads())
    begun = recorded.get("threads") if isinstance(recorded, dict) else None
    if begun == now or (device is not None and torch.device(device).type != "cpu"):
        return None
    if not isinstance(begun, int) or not 1 <= begun <= most:
        words = f"{begun} threads" if isinstance(begun, int) else "a number of threads that is not recorded"
        LOG.warning(
            f"{folder} was begun with {words} and goes on with {now}: sums may round differently, so its last bits may "
            f"differ from those of a run that was never stopped."
        )
        return None
    torch.set_num_threads(begun)
    return now


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2) + "\n").encode()


def _write_json(path: Path, value: Any) -> None:
    write_whole(path, _json(value))
