"""Run folders as they go into the archives of `one_gpu_store.py`: which files, in which order, and how small."""

import io
import json
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from a2u.training import checkpoint
from a2u.training.run_folder import BEST

FLOAT32 = "-float32"  # the end of the names of runs in float32 beside others


def files_of(folder: Path) -> list[Path]:
    """What is kept of a run; of a complete matting run the best epoch, not the last state of its optimizer."""
    names = ["config.json", "metrics.json", "test.json", BEST, "checkpoint.safetensors"]
    found = [folder / name for name in names if (folder / name).exists()]
    has_scores = (folder / "test.json").exists()
    return [path for path in found if not (has_scores and path.name == "checkpoint.safetensors")]


@dataclass(frozen=True)
class Item:
    """A run folder, as it goes into an archive.

    rank: low ranks are packed first. half: only its weights, in half precision. changed: when its files last changed,
    in nanoseconds.
    """

    folder: Path
    files: tuple[Path, ...]
    rank: int
    half: bool
    size: int
    changed: int

    @property
    def name(self) -> str:
        """The name of the folder."""
        return self.folder.name

    @property
    def key(self) -> tuple[int, str]:
        """The sort key."""
        return self.rank, self.name

    @property
    def mark(self) -> tuple[str, int, int]:
        """A value that differs after each change."""
        return self.name, self.size, self.changed

    @staticmethod
    def of(folder: Path, files: Sequence[Path]) -> "Item":
        """A run folder with these files."""
        rank = _rank(folder)
        half = rank in HALVED
        stats = [path.stat() for path in files]
        sizes = [
            _half_of(path, each.st_size) if half else each.st_size for path, each in zip(files, stats, strict=True)
        ]
        changed = max(each.st_mtime_ns for each in stats)
        return Item(folder, tuple(files), rank, half, sum(sizes) + 1024 * len(files), changed)


def _half_of(path: Path, size: int) -> int:
    """The most bytes that a file has once its weights are halved."""
    return size // 2 + 65_536 if path.suffix == ".safetensors" else size


WHOLE, FASHION, MATTING, MORE, UNDONE = range(5)  # finished runs first, and of those the ones that nothing repeats
HALVED = (FASHION, MATTING, MORE)


def _rank(folder: Path) -> int:
    try:
        config = json.loads((folder / "config.json").read_text())["config"]
        done = len(json.loads((folder / "metrics.json").read_text()))
    except (OSError, ValueError):
        return UNDONE
    if done < config["epochs"]:
        return UNDONE
    if (folder / "test.json").exists():
        return MATTING
    if config["seed"] or folder.name.endswith(FLOAT32):
        return MORE
    return FASHION if config.get("set") == "fashion" else WHOLE


def zipped(items: Sequence[Item]) -> bytes:
    """An archive of these run folders."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:  # weights do not compress
        for item in items:
            for path in item.files:
                data = halved(path) if item.half and path.suffix == ".safetensors" else path.read_bytes()
                archive.writestr(f"{item.name}/{path.name}", data)
    return content.getvalue()


class _Weights:
    """The model of a checkpoint in half precision."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {}

    def state_dict(self) -> dict[str, Any]:
        return self.state

    def load_state_dict(self, state_dict: dict[str, Any], /) -> None:
        self.state = {
            name: value.half() if isinstance(value, torch.Tensor) and value.is_floating_point() else value
            for name, value in state_dict.items()
        }


def halved(path: Path) -> bytes:
    """A checkpoint with only the model, in half precision."""
    weights = _Weights()
    state = checkpoint.load(path, {"model": weights})
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / path.name
        checkpoint.save(made, {"model": weights}, state)
        return made.read_bytes()
