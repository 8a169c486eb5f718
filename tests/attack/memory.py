"""Little memory: the address space ends at some allocation of a call, in torch's allocator or deep inside oneDNN.

Each case is a forked process that may take so many MiB more than it has. An operator then works, or raises what
`memory_ran_out` knows; a command works, or says that memory is what it lacks and ends with its line. No file is left
half written. Now and then torch itself dies of a signal where it does not look whether it got its memory: no code of
ours can catch that, so such a case is counted by itself. Linux alone limits the address space of a process so.

    python -m tests.attack.memory 5    every fifth size, from a process that has done nothing else
"""

import io
import mmap
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from a2u.commands import cli
from a2u.errors import memory_ran_out
from a2u.operators import names
from tests.attack.tally import Tally
from tests.helpers import every

MIB = (0, 0.5, 1, 2, 3, 4, 6, 8, 11, 15, 20, 28, 40, 60)  # more than the process has
ROW = ["matting", "predict", "picture.png", "trimap.png", "--classical", "closed-form", "-o", "out"]


def attack(every: int = 1) -> list[Tally]:
    """Every operator, forward and backward, and a command; `every` thins the sizes."""
    torch.set_num_threads(1)
    if not sys.platform.startswith("linux"):
        return []
    return [_operators(MIB[::every]), _command(MIB[::every])]


def limited(work: Callable[[], str], more: float) -> str:
    """What the work says in a process that may take so many MiB more; how it ended, if it says nothing."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            size = pages * mmap.PAGESIZE + int(more * 2**20)
            resource.setrlimit(resource.RLIMIT_AS, (size, size))
            os.write(writer, work().encode())
        finally:
            os._exit(0)
    os.close(writer)
    with open(reader) as pipe:  # noqa: PTH123 (a descriptor)
        said = pipe.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return said if said and code == 0 else f"it left with {code}, and said {said!r}"


def _operators(sizes: tuple[float, ...]) -> Tally:
    tally = Tally("little memory: operators")
    for name in names():
        op = every.built(name, channels=every.channels_of(name, least=16))
        x, guide = (each.requires_grad_() for each in every.maps(op, 1, 96, 96))

        def work(op: torch.nn.Module = op, x: torch.Tensor = x, guide: torch.Tensor = guide) -> str:
            try:
                op(x, guide).sum().backward()
            except BaseException as error:
                return "held" if memory_ran_out(error) else f"{type(error).__name__}: {error}"[:200]
            return "held"

        for more in sizes:
            tally.case(f"{name} with {more} MiB", lambda w=work, m=more: _judge(tally, limited(w, m)))
    return tally


def _judge(tally: Tally, said: str) -> str | None:
    """What is wrong; a death of torch, in work that has no code of ours to fall back on, is counted."""
    if said.startswith(tuple(f"it left with {-number}," for number in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS))):
        tally.died += 1
        return None
    return _wrong(said)


def _command(sizes: tuple[float, ...]) -> Tally:
    tally = Tally("little memory: a command")
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as base:
        os.chdir(base)
        try:
            levels = np.random.default_rng(0).integers(0, 255, (48, 48, 3)).astype(np.uint8)
            known = np.full((48, 48), 128, dtype=np.uint8)
            known[:, :16], known[:, -16:] = 0, 255
            Image.fromarray(levels).save("picture.png")
            Image.fromarray(known).save("trimap.png")
            tally.case("with all memory", lambda: _wrong(_predict()))  # and what it imports is there for the others
            for more in sizes:
                tally.case(f"with {more} MiB", lambda m=more: _wrong(limited(_predict, m)) or _left())
            tally.case("with all memory again", lambda: _wrong(_predict()))
        finally:
            os.chdir(before)
    return tally


def _predict() -> str:
    errors = io.StringIO()
    try:
        with redirect_stderr(errors), redirect_stdout(io.StringIO()):
            cli.main([*ROW])
    except SystemExit as end:
        lines = errors.getvalue().splitlines()
        told = "emory" in errors.getvalue() and lines[-1].startswith("a2u: ") and "Traceback" not in errors.getvalue()
        return "held" if end.code in (0, None) or (end.code == 1 and told) else f"exit {end.code}: {lines}"[:300]
    except BaseException as error:
        return f"{type(error).__name__}: {error}"[:200]
    return "held"


def _wrong(said: str) -> str | None:
    return None if said == "held" else said


def _left() -> str | None:
    left = [path.name for path in Path("out").rglob("*") if path.suffix == ".unfinished"]
    return f"left behind: {left}" if left else None


if __name__ == "__main__":
    found = attack(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    for each in found:
        print(each, *each.failures, sep="\n")
    sys.exit(any(each.failures for each in found))
