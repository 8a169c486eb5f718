"""One of several processes of a training is lost: the others hear of it, say so once, and leave.

`torchrun` ends the others when it sees that one has ended, and closes with a report of its own. What they say must come
before that and stand in the report as well, and no process may wait for one that is gone.
"""

import json
import os
import signal
import sys
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import torch.distributed as dist

from a2u.training.distributed import started_together

# What Gloo and NCCL say when the other end of a connection is gone, or answers no more.
_LOST = ("connection closed by peer", "connection reset", "broken pipe", "timed out", "nccl", "gloo", "socket")


def peer_was_lost(error: BaseException) -> bool:
    """Is this how a process hears that another one of its group has died?"""
    words = str(error).lower()
    return started_together() and (isinstance(error, dist.DistError) or any(word in words for word in _LOST))


def first_to_tell() -> bool:
    """Of several processes that all hear of the same loss, is this the first? It alone speaks."""
    key = f"a2u/lost/{os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}"
    try:
        host, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
        store = dist.TCPStore(host, port, is_master=False, timeout=timedelta(seconds=5))  # type: ignore[attr-defined]
        return bool(store.add(key, 1) == 1)
    except (RuntimeError, KeyError, ValueError):  # the store was that of process 0, and is gone with it
        return os.environ.get("RANK") == "1"


def leave(message: str) -> NoReturn:
    """Say why the training ends, once for all its processes, and leave at once: to end properly is to wait for all."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # torchrun may end this process while it speaks
    line = f"a2u: {' '.join(message.split())}"
    report(line)
    if first_to_tell():
        print(line, file=sys.stderr, flush=True)
    os._exit(1)


def leave_when_told(message: str) -> None:
    """From now on, `leave` when torchrun ends this process: because another one was lost, or because it was stopped."""
    signal.signal(signal.SIGTERM, lambda *_: leave(message))


def report(line: str) -> None:
    """Put the line into torchrun's report, which else says where to read how to get a traceback."""
    place = os.environ.get("TORCHELASTIC_ERROR_FILE")
    if place:
        extra = {"py_callstack": line, "timestamp": str(int(time.time()))}  # the names that torchrun reads
        with suppress(OSError):
            Path(place).write_text(json.dumps({"message": {"message": line, "extraInfo": extra}}), encoding="utf-8")
