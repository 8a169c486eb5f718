"""Other processes in a test: one that runs to its end, and one that stops at a moment and waits to be killed."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence

from patience import patience
from project import HELPERS

HERE = "here"


def run(words: Sequence[object], seconds: float = 60, **how) -> "subprocess.CompletedProcess[str]":
    """Run a program to its end; `seconds` is what an idle laptop would need at most."""
    return subprocess.run([*map(str, words)], capture_output=True, text=True, timeout=patience(seconds), **how)


def python(*arguments: object, **how) -> "subprocess.CompletedProcess[str]":
    """Run this Python with arguments to its end."""
    return run([sys.executable, *arguments], **how)


@contextlib.contextmanager
def stopped(script: str, *arguments: object) -> "Iterator[subprocess.Popen[str]]":
    """A script of this folder that has said `here()` and waits; what is left of it at the end is killed."""
    with started(script, *arguments) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said == f"{HERE}\n", f"{script} ended before it came to its place; it said: {said!r}"
        yield process


@contextlib.contextmanager
def started(script: str, *arguments: object) -> "Iterator[subprocess.Popen[str]]":
    """A script of this folder, running; what is left of it at the end is killed."""
    words = [sys.executable, str(HELPERS / script), *map(str, arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def here() -> None:
    """Called by such a script: say that it is there, and wait to be killed, or until nobody is left who would."""
    print(HERE, flush=True)
    sys.stdin.read()
    raise SystemExit("The test is gone.")
