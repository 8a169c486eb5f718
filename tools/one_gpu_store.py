"""What `one_gpu.py` leaves behind: results, and run folders in archives, each file whole at any moment.

Everything lies flat in one folder: at most `FILES` files, none larger than `LARGEST`. A run folder is packed as it is,
so that it can be unpacked and continued. Finished runs of three kinds are packed smaller, their weights alone in half
precision: those of Fashion-MNIST, of matting networks, and of more seeds. `a2u evaluate` reads them, too.
"""

import io
import json
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from a2u.errors import A2UError
from a2u.training import checkpoint
from a2u.training.files import UNFINISHED, make_folder, write_whole
from a2u.training.run import BEST

RESULTS = "results.json"
FILES, LARGEST, TOGETHER = 8, 16 * 2**20, 63 * 2**20
JSONS = 3  # results.json, smoke.json, bench.json
FLOAT32 = "-float32"  # the end of the names of runs in float32 beside others
AGAIN = 30.0  # seconds between two times that unfinished runs are packed


class Store:
    """The folder of what comes back, and the folder of the runs.

    Args:
        out: What comes back.
        runs: Run folders, which stay.
        before: What an earlier call gave back, perhaps on another machine: this one goes on from there.
    """

    def __init__(self, out: Path, runs: Path, before: Path | None = None) -> None:
        self.out, self.runs = out, runs
        make_folder(out)
        make_folder(runs)
        for leftover in out.glob(f"*{UNFINISHED}"):  # of a process that was killed while it wrote
            leftover.unlink()
        self._unpacked: dict[str, int] = {}  # runs that came from `before`: bytes of their files
        self._packed: dict[str, list[tuple[str, int, int]]] = {}  # by archive: its runs, and what they were like
        self._next = 0.0
        self._first = 1  # number of the first archive
        if before is not None:
            self._take_over(before)
        self.results: dict[str, Any] = self.read(RESULTS) or {"calls": [], "spent": {}, "runs": {}, "notes": []}

    def read(self, name: str) -> dict[str, Any] | None:
        """A JSON file of the folder; None if it is not there."""
        path = self.out / name
        if not path.exists():
            return None
        try:
            found: dict[str, Any] = json.loads(path.read_text())
        except ValueError as error:
            raise A2UError(f"{path} is no JSON ({error}): delete it to make it again.") from error
        return found

    def write(self, name: str, content: Any) -> None:
        """Write a JSON file."""
        write_whole(self.out / name, (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode())

    def save(self) -> None:
        """Write results.json as it is now."""
        self.write(RESULTS, self.results)

    @contextmanager
    def spending(self, what: str) -> Iterator[None]:
        """Count the seconds inside for `what`, over all calls; kept at the end, however it ends."""
        began, before = time.monotonic(), self.results["spent"].get(what, 0.0)
        try:
            yield
        finally:
            self.results["spent"][what] = round(before + time.monotonic() - began, 1)
            self.save()

    def pack_soon(self) -> None:
        """Pack what has changed, if that was not done just now."""
        if time.monotonic() >= self._next:
            self.pack()

    def pack(self) -> None:
        """Put the run folders into archives: finished ones first, then those that can be continued."""
        items = sorted(
            filter(None, map(self._item, sorted(self.runs.glob("*/config.json")))), key=lambda each: each.key
        )
        bins: list[list[_Item]] = []
        left_out = []
        for item in items:
            room = next((each for each in bins if sum(i.size for i in each) + item.size <= LARGEST), None)
            together = item.size + sum(i.size for each in bins for i in each)
            if room is None and len(bins) < FILES - JSONS and together <= TOGETHER and item.size <= LARGEST:
                bins.append(room := [])
            if room is None or together > TOGETHER:
                left_out.append(item.name)
            else:
                room.append(item)
        names = [f"runs-{self._first + number}.zip" for number in range(len(bins))]
        for name, each in zip(names, bins, strict=True):
            marks = [item.mark for item in each]
            if self._packed.get(name) != marks:
                write_whole(self.out / name, _zip(each))
                self._packed[name] = marks
        for path in self.out.glob("runs-*.zip"):
            if path.name not in names:
                path.unlink()
        self.results["left_out"] = left_out
        self.results["runs"] = kept_runs(self.runs)
        self.results["archives"] = {name: [item.name for item in each] for name, each in zip(names, bins, strict=True)}
        self.save()
        self._next = time.monotonic() + AGAIN

    def _item(self, config: Path) -> "_Item | None":
        folder = config.parent
        files = _files(folder)
        if not files or self._unpacked.get(folder.name) == sum(path.stat().st_size for path in files):
            return None
        return _Item.of(folder, files)

    def _take_over(self, before: Path) -> None:
        if not before.is_dir():
            raise A2UError(f"--before names no folder: {before}. Give the one with results.json of an earlier call.")
        for path in sorted(before.glob("*.json")):
            if not (self.out / path.name).exists():
                write_whole(self.out / path.name, path.read_bytes())
        for path in sorted(before.glob("runs-[0-9]*.zip")):
            with zipfile.ZipFile(path) as archive:
                for info in archive.infolist():
                    name, _, file = info.filename.partition("/")
                    if Path(name).name != name or Path(file).name != file or name in ("", "..") or file in ("", ".."):
                        raise A2UError(f"{path} holds {info.filename}, which is no file of a run: it is not unpacked.")
                    make_folder(self.runs / name)
                    if not (self.runs / name / file).exists():
                        write_whole(self.runs / name / file, archive.read(info))
                    self._unpacked[name] = 0
            self._first = max(self._first, int(path.stem.partition("-")[2]) + 1)
        for name in self._unpacked:
            self._unpacked[name] = sum(path.stat().st_size for path in _files(self.runs / name))


def _files(folder: Path) -> list[Path]:
    """What is kept of a run; of a complete matting run the best epoch, not the last state of its optimizer."""
    names = ["config.json", "metrics.json", "test.json", BEST, "checkpoint.safetensors"]
    found = [folder / name for name in names if (folder / name).exists()]
    has_scores = (folder / "test.json").exists()
    return [path for path in found if not (has_scores and path.name == "checkpoint.safetensors")]


@dataclass(frozen=True)
class _Item:
    """A run folder, as it goes into an archive.

    rank: what is packed first. half: its weights alone, in half precision. changed: when its files did, nanoseconds.
    """

    folder: Path
    files: tuple[Path, ...]
    rank: int
    half: bool
    size: int
    changed: int

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def key(self) -> tuple[int, str]:
        return self.rank, self.name

    @property
    def mark(self) -> tuple[str, int, int]:
        return self.name, self.size, self.changed

    @staticmethod
    def of(folder: Path, files: Sequence[Path]) -> "_Item":
        rank = _rank(folder)
        half = rank in HALVED
        stats = [path.stat() for path in files]
        sizes = [
            _half_of(path, each.st_size) if half else each.st_size for path, each in zip(files, stats, strict=True)
        ]
        changed = max(each.st_mtime_ns for each in stats)
        return _Item(folder, tuple(files), rank, half, sum(sizes) + 1024 * len(files), changed)


def _half_of(path: Path, size: int) -> int:
    """Bytes of a file when its weights are halved: of a checkpoint at most this."""
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


def _zip(items: Sequence[_Item]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:  # weights do not get smaller by packing
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
    """A checkpoint with the model alone, in half precision."""
    weights = _Weights()
    state = checkpoint.load(path, {"model": weights})
    made = path.with_name(f"half{UNFINISHED}")
    try:
        checkpoint.save(made, {"model": weights}, state)
        return made.read_bytes()
    finally:
        made.unlink(missing_ok=True)


def kept_runs(runs: Path) -> dict[str, dict[str, Any]]:
    """Of each run folder: what defines it, how many epochs it has, its last metrics, its curve and its seconds."""
    found = {}
    for path in sorted(runs.glob("*/metrics.json")):
        try:
            document = json.loads(path.with_name("config.json").read_text())
            history = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            found[path.parent.name] = {"error": f"its files cannot be read ({error})"}
            continue
        measured = [each for each in history if "psnr" in each or "sad" in each]
        found[path.parent.name] = {
            "config": document["config"],
            "environment": document["environment"],
            "epochs_done": len(history),
            "last": measured[-1] if measured else {},
            "curve": {str(each["epoch"]): each.get("psnr", each.get("sad")) for each in measured},
            "seconds": round(sum(each["seconds"] for each in history), 1),
        }
        test = path.with_name("test.json")
        if test.exists():
            found[path.parent.name]["test"] = json.loads(test.read_text()).get("mean")
    return found
