"""Two processes at one file or one run; other numbers of threads; a parent that is killed."""

import os
import random
import shutil
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from patience import until
from tiny_task import CONFIG, TinyTask

from a2u.errors import A2UError
from a2u.files.outputs import Outputs
from a2u.files.writing import sweep, write_whole
from a2u.training import Progress, Run, fit, read_run
from tests.attack.tally import Tally


def attack(short: bool = False) -> list[Tally]:
    """All of them."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as base:
        return [
            _writers(Path(base) / "file", 40 if short else 400),
            _kills(Path(base) / "run", 6 if short else 60),
            _trainers(Path(base) / "two", 2 if short else 10),
            # More threads than the machine has processors are not kept: a line says so instead.
            _threads(Path(base) / "threads", tuple(range(1, 1 + min(2 if short else 4, os.cpu_count() or 1)))),
        ]


def _fork(work: Callable[[], object]) -> int:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return child


def _end(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _writers(folder: Path, count: int) -> Tally:
    """Three processes write one file again and again, and sweep; every reading is one of the whole contents."""
    tally = Tally("two writers, one file: readings")
    folder.mkdir()
    path, contents = folder / "file", [bytes([65 + k]) * 300_000 for k in range(3)]

    def write(content: bytes) -> None:
        while True:
            write_whole(path, content)
            sweep(folder)

    write_whole(path, contents[0])
    children = [_fork(lambda c=content: write(c)) for content in contents]
    for number in range(count):
        tally.case(f"reading {number}", lambda: None if path.read_bytes() in contents else "torn")
    for child in children:
        os.kill(child, signal.SIGKILL)
    tally.case("the writers", lambda: None if {_end(child) for child in children} == {-9} else "one ended by itself")
    sweep(folder)
    left = [each.name for each in folder.iterdir()]
    tally.case("what is left", lambda: None if left == ["file"] else str(left))
    return tally


def _kills(folder: Path, count: int) -> Tally:
    """A training is killed at random steps and begun again; it ends with the bits of one that never was."""
    tally = Tally("killed at random, and continued")
    expected = TinyTask(8)
    history = fit(expected)
    draw = random.Random(0)

    def work(last: int = -1) -> None:
        """Train; at this step of this process, die."""
        steps = iter(range(1_000))

        def on_step(_: Progress) -> None:
            if next(steps) == last:
                os.kill(os.getpid(), signal.SIGKILL)

        with Run(folder, CONFIG) as run:
            fit(TinyTask(8), run, on_step)

    for number in range(count):
        for _ in range(4):
            last = draw.randrange(16)
            _end(_fork(lambda: work(last)))  # noqa: B023 (called at once)
        tally.case(f"training {number}", lambda: _same(folder, work, expected, len(history)))
        shutil.rmtree(folder)
    return tally


def _same(folder: Path, work: Callable[[], None], expected: TinyTask, epochs: int) -> str | None:
    work()
    found = TinyTask(8)
    _, kept = read_run(folder, {"model": found.model, "optimizer": found.optimizer})
    left = [path.name for path in folder.glob("*.unfinished")]
    if left or len(kept) != epochs:
        return f"{len(kept)} epochs, and {left} left behind"
    return None if found.bits() == expected.bits() else "other bits"


def _trainers(folder: Path, count: int) -> Tally:
    """While one process trains in a folder, the next is told so, and the first is not disturbed."""
    tally = Tally("two trainers, one run")

    def hold() -> None:
        with Run(folder, CONFIG):
            (folder.parent / "held").touch()
            signal.pause()

    for number in range(count):
        child = _fork(hold)
        tally.case(f"holding {number}", lambda: None if until((folder.parent / "held").exists) else "not begun")
        tally.case(f"time {number}", lambda: _refused(folder))
        os.kill(child, signal.SIGKILL)
        _end(child)
        (folder.parent / "held").unlink()
        tally.case(f"after {number}", lambda: Run(folder, CONFIG).close())
    out = Outputs(folder.parent / "out", "an attack")
    other = Outputs(folder.parent / "out", "an attack")
    out.write("a", b"1")
    other.write("a", b"2")  # the same command in two processes: each knows what the other wrote
    tally.case("one command twice", lambda: None if (folder.parent / "out" / "a").read_bytes() == b"2" else "lost")
    return tally


def _refused(folder: Path) -> str | None:
    try:
        Run(folder, CONFIG).close()
    except A2UError as error:
        return None if "Another process is training" in str(error) else str(error)
    return "not refused"


def _threads(folder: Path, numbers: tuple[int, ...]) -> Tally:
    """A run that was begun with one number of threads ends with its bits, whatever number its later parts are given."""
    tally = Tally("other threads")
    for begun in numbers:
        torch.set_num_threads(begun)
        whole = TinyTask(2)
        fit(whole)
        for later in numbers:
            torch.set_num_threads(begun)
            with Run(folder, CONFIG) as run:
                fit(TinyTask(1), run)
            torch.set_num_threads(later)
            tally.case(f"{begun}, then {later}", lambda: _bits(folder, whole))  # noqa: B023 (called at once)
            shutil.rmtree(folder)
    torch.set_num_threads(1)
    return tally


def _bits(folder: Path, whole: TinyTask) -> str | None:
    found = TinyTask(2)
    with Run(folder, CONFIG) as run:
        fit(found, run)
    return None if found.bits() == whole.bits() else "other bits"
