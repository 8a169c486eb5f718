"""How long a test waits before it says that something hangs: by the speed that this machine has just shown.

A time-out is there so that what hangs gets a name. It must not judge how fast a machine is, so no test writes a
time-out of its own: it asks `patience` how long an idle laptop's seconds may take here and now.
"""

import functools
import subprocess
import sys
import time
from collections.abc import Callable

USUAL = 2.0  # seconds in which an idle laptop starts Python and imports torch
MARGIN = 5  # times as long as that speed promises: a machine may become busier than it was when it was measured
FRESH = 600  # seconds after which the speed is measured again
MOMENT = 0.05  # seconds between two looks at a condition


def patience(seconds: float) -> float:
    """Seconds to wait on this machine for what takes an idle laptop at most `seconds`: five times as many or more."""
    return seconds * MARGIN * max(1.0, slowness(int(time.monotonic() // FRESH)))


@functools.cache
def slowness(_: int = 0) -> float:
    """How many times as long as an idle laptop this machine needs for a fixed job, which uses processor and disk."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import torch"], check=True)
    return (time.monotonic() - began) / USUAL


def until(condition: Callable[[], object], seconds: float = 30, every: float = MOMENT) -> bool:
    """Look at a condition every so many seconds until it holds; False if patience ends first."""
    end = time.monotonic() + patience(seconds)
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(every)
    return True


def pause() -> None:
    """A moment for others, in what goes on for ever."""
    time.sleep(MOMENT)
