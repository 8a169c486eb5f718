"""Damaged files before every loader: an A2UError that names the file, or the very values that were in it.

Each file is cut, flipped bit by bit, emptied, zeroed, replaced by rubbish, by JSON of every other shape, by a folder, a
pipe, a socket, a device, a link to itself. What carries a digest must give the same values or be refused. What carries
none (JPEG, lists, reports, which people may edit) may give other values, but of the right form, and never another
error. What hangs, hangs the attack.
"""

import contextlib
import io
import json
import os
import random
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from project import ROOT
from tiny_task import CONFIG, TinyTask

from a2u import pretrained
from a2u.data import idx
from a2u.data.digits import SAMPLE, load
from a2u.errors import A2UError
from a2u.lessons.reports import find_report
from a2u.matting import campaign
from a2u.matting.data.files import read_alpha, read_image, read_trimap
from a2u.matting.data.headers import size_of
from a2u.matting.data.listing import listed
from a2u.pretrained.cards import HOME
from a2u.pretrained.foreign import open_checkpoint
from a2u.reconstruction.earlier import read_earlier
from a2u.training import Run, fit, read_best, read_run
from tests.attack.tally import Tally

NAME = "toy/nearest-mnist"
SHAPES: tuple[Any, ...] = (None, 3, "text", [], [[]], {}, {"config": None}, {"config": [], "environment": 1}, [{}])


@dataclass
class Loader:
    """name: of what is loaded. make: writes the files; returns the one to damage. use: loads; its value is compared.

    proven: has it a digest, so that other values are a failure?
    """

    name: str
    make: Callable[[Path], Path]
    use: Callable[[Path], Any]
    proven: bool = True


# --- what is loaded


def _weights(folder: Path, ending: str) -> Path:
    (folder / "toy").mkdir()
    for each in (".safetensors", ".json"):
        shutil.copy(HOME / f"{NAME}{each}", folder / f"{NAME}{each}")
    return folder / f"{NAME}{ending}"


def _load_weights(path: Path) -> Any:
    model, card = pretrained.load_pretrained(NAME, path.parents[1])
    return _bytes(model.state_dict()), card.name, card.metrics, card.settings


def _run(folder: Path, name: str) -> Path:
    with Run(folder, CONFIG) as run:
        fit(TinyTask(1), run, best="error")
    return folder / name


def _load_run(path: Path) -> Any:
    task = TinyTask(1)
    return read_run(path.parent, {"model": task.model, "optimizer": task.optimizer}), task.bits()


def _load_best(path: Path) -> Any:
    task = TinyTask(1)
    return read_best(path.parent, task.model), _bytes(task.model.state_dict())


def _resume(path: Path) -> Any:
    with Run(path.parent, CONFIG) as run:
        history = run.resume({})
    return history, json.loads(path.read_text())


def _saved(folder: Path, old: bool) -> Path:
    torch.save(
        {"state_dict": dict(TinyTask(1).model.state_dict())}, folder / "w.pth", _use_new_zipfile_serialization=not old
    )
    return folder / "w.pth"


def _idx(folder: Path, zipped: bool) -> Path:
    shutil.copytree(SAMPLE / "MNIST", folder / "MNIST")
    path = folder / "MNIST" / "t10k-labels-idx1-ubyte.gz"
    if zipped:
        return path
    path.with_suffix("").write_bytes(idx.read_content(path))
    path.unlink()
    return path.with_suffix("")


def _load_idx(path: Path) -> Any:
    digits = load("mnist", "test", path.parents[1])
    return digits.labels.tolist(), digits.sha256


def _picture(folder: Path, name: str, grey: bool = False) -> Path:
    levels = np.random.default_rng(0).integers(0, 255, (24, 24, 3)).astype(np.uint8)
    if grey:
        levels = np.full((24, 24), 128, dtype=np.uint8)
        levels[:, :8], levels[:, -8:] = 0, 255
    Image.fromarray(levels).save(folder / name)
    return folder / name


def _values(read: Callable[[Path], torch.Tensor]) -> Callable[[Path], Any]:
    return lambda path: (tuple((found := read(path)).shape), found.numpy().tobytes())


def _names(folder: Path) -> Path:
    (folder / "names.txt").write_text("dog.png\ncat.png\n")
    return folder / "names.txt"


def _report(folder: Path, name: str) -> Path:
    (folder / "figures").mkdir()
    shutil.copy(ROOT / "figures" / name, folder / "figures" / name)
    return folder / "figures" / name


def _scores(folder: Path) -> Path:
    mean = {"sad": 1.0, "mse": 0.1, "grad": 1.0, "conn": 1.0}
    found = {"epoch": 1, "method": "m", "data": "d", "mean": mean, "scored": 1, "failed": {}, "conn_convention": "skip"}
    found |= {"mean_conns": {"skip": 1.0, "empty": 1.0}, "without_foreground": 0}
    (folder / campaign.SCORES_FILE).write_text(json.dumps({**found, "each": [{"name": "a", "scores": mean}]}))
    return folder / campaign.SCORES_FILE


LOADERS = [
    Loader("weights that ship", lambda f: _weights(f, ".safetensors"), _load_weights),
    Loader("their card", lambda f: _weights(f, ".json"), _load_weights),
    Loader("a checkpoint", lambda f: _run(f, "checkpoint.safetensors"), _load_run),
    Loader("the best epoch", lambda f: _run(f, "best.safetensors"), _load_best),
    Loader("config.json", lambda f: _run(f, "config.json"), _load_run),
    Loader("metrics.json", lambda f: _run(f, "metrics.json"), _resume),
    Loader("a published checkpoint", lambda f: _saved(f, False), lambda p: _bytes(open_checkpoint(p).state)),
    Loader("an older published one", lambda f: _saved(f, True), lambda p: _bytes(open_checkpoint(p).state), False),
    Loader("IDX", lambda f: _idx(f, False), _load_idx),
    Loader("IDX, gzipped", lambda f: _idx(f, True), _load_idx),
    Loader("PNG", lambda f: _picture(f, "a.png"), _values(read_image), False),
    Loader("PNG, its header", lambda f: _picture(f, "a.png"), size_of, False),
    Loader("JPEG", lambda f: _picture(f, "a.jpg"), _values(read_image), False),
    Loader("TIFF", lambda f: _picture(f, "a.tif"), _values(read_image), False),
    Loader("an alpha", lambda f: _picture(f, "a.png", True), _values(read_alpha), False),
    Loader("a trimap", lambda f: _picture(f, "a.png", True), _values(read_trimap), False),
    Loader("a list of names", _names, lambda p: listed(p.parent, p.name), False),
    Loader("table1.json", lambda f: _report(f, "table1.json"), read_earlier, False),
    Loader(
        "matting.json", lambda f: _report(f, "matting.json"), lambda p: find_report("matting", "x", p.parents[1]), False
    ),
    Loader("test.json", _scores, lambda p: campaign._kept(p.parent, "d", 1), False),
]


# --- what is done to them


def damages(content: bytes, every: int, seed: str) -> Iterator[tuple[str, Callable[[Path], object]]]:
    """Each in words, and what does it to a file with this content."""
    draw = random.Random(seed)

    def put(found: bytes) -> Callable[[Path], object]:
        return lambda path: path.write_bytes(found)

    places = sorted(
        {*range(0, min(len(content), 64), max(1, every // 2)), *draw.sample(range(len(content)), min(48, len(content)))}
    )
    for place in places[:: max(1, every // 4)]:
        bit = 1 << draw.randrange(8)
        yield f"bit {bit} of byte {place}", put(content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :])
    for part in (0, 1, 7, len(content) // 2, len(content) - 1)[:: max(1, every // 4)]:
        yield f"cut after {part} bytes", put(content[:part])
    yield "twice", put(content * 2)
    yield "zeros", put(bytes(len(content)))
    yield "rubbish", put(draw.randbytes(len(content)))
    yield "spaces", put(b" " * 100)
    for shape in SHAPES[:: max(1, every // 4)]:
        yield f"JSON {shape!r}", put(json.dumps(shape).encode())
    yield "JSON without end", put(b"[" * 200_000)
    if content[:1] in b"{[":
        yield from _fields(content, every, put)
    yield "gone", Path.unlink
    yield "a folder", lambda path: (path.unlink(), path.mkdir())
    yield "a pipe", lambda path: (path.unlink(), os.mkfifo(path))
    yield "a socket", _socket
    yield "a device", lambda path: (path.unlink(), path.symlink_to("/dev/zero"))
    yield "a link to itself", lambda path: (path.unlink(), path.symlink_to(path))


def _fields(content: bytes, every: int, put: Callable[[bytes], Any]) -> Iterator[tuple[str, Any]]:
    """Every key gone, renamed, and with a value of another kind."""
    document = json.loads(content)
    inner = document.get("config", document) if isinstance(document, dict) else document[0]
    for key in list(inner)[:: max(1, every // 2)]:
        value = inner.pop(key)
        yield f"{key!r} gone", put(json.dumps(document).encode())
        for other in ([], "text", -1, None):
            if other != value:
                inner[key] = other
                yield f"{key!r} is {other!r}", put(json.dumps(document).encode())
        inner.pop(key, None)
        inner[f"{key}x"] = value
        yield f"{key!r} renamed", put(json.dumps(document).encode())
        del inner[f"{key}x"]
        inner[key] = value


def _socket(path: Path) -> None:
    path.unlink()
    with socket.socket(socket.AF_UNIX) as opened, tempfile.TemporaryDirectory(dir="/tmp") as short:
        opened.bind(f"{short}/s")
        Path(f"{short}/s").rename(path)


def attack(every: int = 1) -> list[Tally]:
    """All loaders, each before its damages; `every` thins them."""
    return [_attack(loader, every) for loader in LOADERS]


def _attack(loader: Loader, every: int) -> Tally:
    tally = Tally(f"damage: {loader.name}")
    with tempfile.TemporaryDirectory() as base:
        whole = Path(base) / "whole"
        whole.mkdir()
        path = loader.make(whole).relative_to(whole)
        expected, content = _quietly(lambda: loader.use(whole / path)), (whole / path).read_bytes()
        for words, spoil in damages(content, every, loader.name):
            folder = Path(base) / "case"
            shutil.copytree(whole, folder)
            spoil(folder / path)
            tally.case(words, lambda: _case(loader, folder / path, expected))  # noqa: B023 (called at once)
            shutil.rmtree(folder)
    return tally


def _case(loader: Loader, path: Path, expected: Any) -> str | None:
    try:
        found = _quietly(lambda: loader.use(path))
    except A2UError as error:
        text = str(error)
        named = path.name in text or path.parent.name in text or path.stem in text
        return None if named and "\n" not in text else f"not one line that names the file: {text[:200]}"
    if found == expected or (not loader.proven and type(found) in (type(expected), type(None))):
        return None
    return "other values, without a word"


def _quietly(call: Callable[[], Any]) -> Any:
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        return call()


def _bytes(state: Any) -> dict[str, bytes]:
    return {name: value.contiguous().numpy().tobytes() for name, value in state.items()}
