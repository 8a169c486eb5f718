"""Tasks for the processes of a2u/site/work.py, which import them; and a build that the test kills."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from a2u.errors import A2UError


def write(name: str, *records: Any) -> tuple[dict[str, bytes], Any]:
    """A piece with one file, which says whose work it is; its record counts what it needed."""
    return {f"{name}.txt": str(os.getpid()).encode()}, [name, *records]


def refuse(name: str) -> tuple[dict[str, bytes], Any]:
    raise A2UError(f"{name} cannot be made.")


def die(name: str, *records: Any) -> tuple[dict[str, bytes], Any]:
    os.kill(os.getpid(), signal.SIGKILL)
    return {}, name


def wait(name: str) -> tuple[dict[str, bytes], Any]:
    """Say who waits, and wait for ever."""
    Path(name).write_text(str(os.getpid()))
    while True:
        signal.pause()


if __name__ == "__main__":  # a build of which each process waits
    from site_work import wait as function

    from a2u.site.work import Task, run

    folder = Path(sys.argv[1])
    tasks = [Task("x", "one", f"{k}", function, (str(folder / f"pid-{k}"),)) for k in range(2)]
    run(tasks, folder, 2)
