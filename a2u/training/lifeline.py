"""A child process that ends with its parent, however the parent ends: even after a kill -9 no process is left.

The parent holds one end of a pipe and never writes; the system closes it when the parent dies. The child waits at the
other end in a thread, so that it notices whatever else it is doing. Nothing is lost: runs are whole at any moment.
"""

import multiprocessing
import os
import threading
from multiprocessing.connection import Connection
from typing import Any


def end_with(parent: "Connection[Any, Any]") -> None:
    """End this process, and those that it has started, as soon as the other end of the pipe is closed."""
    threading.Thread(target=_wait, args=(parent,), daemon=True).start()


def _wait(parent: "Connection[Any, Any]") -> None:
    try:
        parent.recv()  # nothing is ever sent
    except (EOFError, OSError):
        for child in multiprocessing.active_children():  # such as those that prepare samples
            child.kill()
        os._exit(1)  # the main thread may be busy, such as in a long computation of torch
