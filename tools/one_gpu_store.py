"""What `one_gpu.py` leaves behind: results, and run folders in archives, each file whole at any moment.

Everything lies flat in one folder: at most `FILES` files, none larger than `LARGEST`. A run folder is packed as it is,
so that it can be unpacked and continued. Finished runs of three kinds are packed smaller, their weights alone in half
precision: those of Fashion-MNIST, of matting networks, and of more seeds. `a2u evaluate` reads them, too.
"""

import json
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from one_gpu_archive import Item, files_of, zipped

from a2u.errors import A2UError
from a2u.files.writing import make_folder, sweep, write_whole

RESULTS = "results.json"
FILES, LARGEST, TOGETHER = 8, 16 * 2**20, 63 * 2**20
JSONS = 3  # results.json, smoke.json, bench.json
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
        sweep(out)  # what a killed process left half-written
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
            raise A2UError(f"{path} is not JSON ({error}): delete it to make it again.") from error
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
        bins: list[list[Item]] = []
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
                write_whole(self.out / name, zipped(each))
                self._packed[name] = marks
        for path in self.out.glob("runs-*.zip"):
            if path.name not in names:
                path.unlink()
        self.results["left_out"] = left_out
        self.results["runs"] = kept_runs(self.runs)
        self.results["archives"] = {name: [item.name for item in each] for name, each in zip(names, bins, strict=True)}
        self.save()
        self._next = time.monotonic() + AGAIN

    def _item(self, config: Path) -> Item | None:
        folder = config.parent
        files = files_of(folder)
        if not files or self._unpacked.get(folder.name) == sum(path.stat().st_size for path in files):
            return None
        return Item.of(folder, files)

    def _take_over(self, before: Path) -> None:
        if not before.is_dir():
            raise A2UError(
                f"--before must name a folder, given {before}. Give the one with results.json of an earlier call."
            )
        for path in sorted(before.glob("*.json")):
            if not (self.out / path.name).exists():
                write_whole(self.out / path.name, path.read_bytes())
        for path in sorted(before.glob("runs-[0-9]*.zip")):
            with zipfile.ZipFile(path) as archive:
                for info in archive.infolist():
                    name, _, file = info.filename.partition("/")
                    if Path(name).name != name or Path(file).name != file or name in ("", "..") or file in ("", ".."):
                        raise A2UError(
                            f"{path} holds {info.filename}, which is not a file of a run: it is not unpacked."
                        )
                    make_folder(self.runs / name)
                    if not (self.runs / name / file).exists():
                        write_whole(self.runs / name / file, archive.read(info))
                    self._unpacked[name] = 0
            self._first = max(self._first, int(path.stem.partition("-")[2]) + 1)
        for name in self._unpacked:
            self._unpacked[name] = sum(path.stat().st_size for path in files_of(self.runs / name))


def kept_runs(runs: Path) -> dict[str, dict[str, Any]]:
    """Of each run folder: what defines it, how many epochs it has, its last metrics, its curve and its seconds."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(runs.glob("*/metrics.json")):
        try:
            document = json.loads(path.with_name("config.json").read_text())
            history = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            found[path.parent.name] = {"error": f"its files cannot be read ({error})"}
            continue
        measured = [each for each in history if "psnr" in each or "sad" in each]
        kept: dict[str, Any] = {
            "config": document["config"],
            "environment": document["environment"],
            "epochs_done": len(history),
            "last": measured[-1] if measured else {},
            "curve": {str(each["epoch"]): each.get("psnr", each.get("sad")) for each in measured},
            "seconds": round(sum(each["seconds"] for each in history), 1),
        }
        test = path.with_name("test.json")
        if test.exists():
            kept["test"] = json.loads(test.read_text()).get("mean")
        found[path.parent.name] = kept
    return found
