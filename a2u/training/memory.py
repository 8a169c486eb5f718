"""The peak memory of a block of code."""

import threading
from pathlib import Path

import torch

_STATM = Path("/proc/self/statm")
_EVERY = 0.01  # seconds


class PeakMemory:
    """Context that finds the peak of memory while it is entered: ``with PeakMemory(device) as peak: …; peak.bytes``.

    On a GPU: the largest amount that torch had allocated. On a CPU: by how much the resident size of the process grew
    above that at the beginning, sampled every 10 ms (Linux; elsewhere, the growth of its maximum).
    """

    def __init__(self, device: torch.device) -> None:
        self.device, self.bytes = device, 0
        self._done = threading.Event()

    def __enter__(self) -> "PeakMemory":
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)
            return self
        self._begin = _resident()
        self._watch = threading.Thread(target=self._look, daemon=True)
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.device.type == "cuda":
            self.bytes = torch.cuda.max_memory_allocated(self.device)
            return
        self._done.set()
        self._watch.join()
        self.bytes = max(self.bytes, _resident() - self._begin)

    def _look(self) -> None:
        while not self._done.wait(_EVERY):
            self.bytes = max(self.bytes, _resident() - self._begin)


def _resident() -> int:
    """Bytes of the process in memory."""
    if _STATM.exists():
        import mmap

        return int(_STATM.read_text().split()[1]) * mmap.PAGESIZE
    try:
        import resource
    except ImportError:  # Windows has no such count
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
