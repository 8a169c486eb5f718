"""Every system call of a save fails, or is the last before a kill; afterwards the same command goes on to the same end.

A process is forked for each case. In it the n-th of its calls to open, write, fsync, rename and unlink raises an error
of the system, or the process is killed there, with half of what it was to write on the disk. Then the same work is
done again, undisturbed: all files must agree with each other and with those of a run that nothing ever happened to.
"""

import errno
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save
from tiny_task import CONFIG, TinyTask

from a2u import pretrained
from a2u.errors import A2UError
from a2u.files.outputs import Outputs
from a2u.pretrained.cards import HOME, ModelCard, card
from a2u.pretrained.export import write
from a2u.training import Run, fit, read_run
from tests.attack.tally import Tally

WAYS: dict[str, int | None] = {
    "full disk": errno.ENOSPC,
    "disk fault": errno.EIO,
    "no right": errno.EACCES,
    "kill": None,
}
REFUSED, BROKEN = 3, 4  # how a forked process leaves: an A2UError; anything else


class Trap:
    """Counts system calls, and springs at the n-th: raises an error, or kills the process."""

    def __init__(self, at: int, number: int | None, again: bool = False) -> None:
        self.at, self.number, self.again, self.calls = at, number, again, 0

    def __call__(self, half: Callable[[], object] = lambda: None) -> None:
        """Count one call; `half` is what a kill leaves done of it."""
        self.calls += 1
        if self.calls == self.at or (self.again and self.calls > self.at):
            half()
            if self.number is None:
                os.kill(os.getpid(), signal.SIGKILL)
            raise OSError(self.number, os.strerror(self.number))

    def set(self) -> None:
        """Put it into this process, for the rest of its life."""
        fdopen = os.fdopen
        for name in ("open", "fsync", "replace", "rename", "unlink"):
            setattr(os, name, self._trapped(getattr(os, name)))

        def opened(descriptor: int, mode: str = "r", *how: Any, **more: Any) -> Any:
            file = fdopen(descriptor, mode, *how, **more)
            return _File(file, self) if "w" in mode else file

        os.fdopen = opened  # type: ignore[assignment]

    def _trapped(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def trapped(*given: Any, **more: Any) -> Any:
            self()
            return call(*given, **more)

        return trapped


class _File:
    """A file whose writes are counted, and may end halfway."""

    def __init__(self, file: Any, trap: Trap) -> None:
        self.file, self.trap = file, trap

    def __enter__(self) -> "_File":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)

    def write(self, content: bytes) -> None:
        def half() -> None:
            self.file.write(content[: len(content) // 2])
            self.file.flush()

        self.trap(half)
        self.file.write(content)


def forked(work: Callable[[], object], trap: Trap) -> int:
    """Do the work in a process of its own with the trap set; how that left, -9 if it was killed."""
    child = os.fork()
    if child == 0:
        code = BROKEN
        try:
            trap.set()
            work()
            code = 0
        except A2UError as error:
            code = REFUSED if "\n" not in str(error) else BROKEN
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def count(work: Callable[[], object]) -> int:
    """How many system calls the work makes."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        trap = Trap(0, None)
        try:
            trap.set()
            work()
        finally:
            os.write(writer, str(trap.calls).encode())
            os._exit(0)
    os.close(writer)
    with open(reader) as pipe:  # noqa: PTH123 (a descriptor)
        number = int(pipe.read())
    os.wait()
    return number


def attack(every: int = 1) -> list[Tally]:
    """All scenarios, at every so many of their system calls."""
    torch.set_num_threads(1)
    return [
        _scenario("a training, call by call", _train, _agree, every),
        _scenario("the weights and card of a network", _export, _whole, every),
        _scenario("the results of a command", _results, _listed, every),
    ]


def _scenario(name: str, work: Callable[[Path], Any], agree: Callable[[Path], str | None], every: int) -> Tally:
    tally = Tally(name)
    with tempfile.TemporaryDirectory() as base:
        calls = count(lambda: work(Path(base) / "counted"))
        assert calls > 10, f"only {calls} calls were seen"
        for way, number in WAYS.items():
            for again in (False, True) if number is not None else (False,):
                for at in range(1, calls + 1, every):
                    words = f"{way} at call {at} of {calls}{', and at every later one' if again else ''}"
                    folder, trap = Path(base) / "case", Trap(at, number, again)
                    tally.case(words, lambda f=folder, t=trap: _case(f, work, agree, t))
                    shutil.rmtree(folder, ignore_errors=True)
    return tally


def _case(folder: Path, work: Callable[[Path], Any], agree: Callable[[Path], str | None], trap: Trap) -> str | None:
    code = forked(lambda: work(folder), trap)
    if code not in ((-signal.SIGKILL,) if trap.number is None else (0, REFUSED)):
        return f"the process left with {code}"
    work(folder)
    left = [path.name for path in folder.rglob("*.unfinished")] if folder.exists() else []
    return f"left behind: {left}" if left else agree(folder)


# --- a training of three epochs


def _train(folder: Path) -> None:
    with Run(folder, CONFIG) as run:
        fit(TinyTask(), run, best="error")


def _untimed(history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in record.items() if key != "seconds"} for record in history]


def _agree(folder: Path) -> str | None:
    expected, found = TinyTask(), TinyTask()
    history = fit(expected)
    config, kept = read_run(folder, {"model": found.model, "optimizer": found.optimizer})
    best = load_file(folder / "best.safetensors")
    lowest = min(range(len(history)), key=lambda k: history[k]["error"])
    if lowest == len(history) - 1:
        same = all(torch.equal(best[f"model/{name}"], value) for name, value in expected.model.state_dict().items())
    else:
        same = True
    facts = {
        "the config": config == CONFIG,
        "the history": _untimed(kept) == _untimed(history),
        "metrics.json": json.loads((folder / "metrics.json").read_text()) == kept,
        "the weights": found.bits() == expected.bits(),
        "the best epoch": same,
    }
    wrong = [name for name, right in facts.items() if not right]
    return f"not as it would have been: {', '.join(wrong)}" if wrong else None


# --- weights and their card


def _pieces() -> tuple[ModelCard, bytes]:
    name = "toy/nearest-mnist"
    return card(name), (HOME / f"{name}.safetensors").read_bytes()


def _export(folder: Path) -> None:
    out, (found, content) = Outputs(folder, "an attack", force=True), _pieces()
    out.check([f"{found.name}.safetensors", f"{found.name}.json"])  # as a command does, which removes leftovers
    write(out, found, content)


def _whole(folder: Path) -> str | None:
    model, found = pretrained.load_pretrained("toy/nearest-mnist", folder)
    expected, known = pretrained.load_pretrained("toy/nearest-mnist")
    same = all(torch.equal(value, expected.state_dict()[name]) for name, value in model.state_dict().items())
    return None if same and found == known else "other weights"


# --- a command's results, written twice with other contents


def _contents(turn: int) -> dict[str, bytes]:
    return {f"mattes/{k}.png": save({"a": torch.full((50,), float(turn * 10 + k))}) for k in range(3)}


def _results(folder: Path) -> None:
    for turn in (1, 2):
        out = Outputs(folder, "an attack")
        out.check(list(_contents(turn)))
        for name, content in _contents(turn).items():
            out.write(name, content)


def _listed(folder: Path) -> str | None:
    wrong = [name for name, content in _contents(2).items() if (folder / name).read_bytes() != content]
    return f"other contents: {wrong}" if wrong else None
