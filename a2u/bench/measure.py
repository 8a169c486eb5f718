"""Time and memory of calls that compute the same, side by side."""

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

Call = Callable[[], Any]


@dataclass(frozen=True)
class Line:
    """One candidate of one group, beside the group's baseline."""

    group: str
    candidate: str
    ms: float
    mib: float
    speedup: float  #: baseline's time / this time
    memory: float  #: baseline's peak / this peak
    note: str = ""


def measure(group: str, calls: dict[str, Call], device: torch.device, turns: int, note: str) -> list[Line]:
    """Time the calls in turns and measure the peak memory of each; the first is the baseline."""
    for call in calls.values():  # compile, allocate, choose algorithms
        call()
        call()
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(turns):
        for name, call in calls.items():
            wait(device)
            start = time.perf_counter()
            call()
            wait(device)
            times[name].append(1e3 * (time.perf_counter() - start))
    ms = {name: statistics.median(values) for name, values in times.items()}
    mib = {name: peak_memory(call, device) / 2**20 for name, call in calls.items()}
    base = next(iter(calls))
    return [
        Line(group, name, round(ms[name], 3), round(mib[name], 2), ms[base] / ms[name], mib[base] / mib[name], note)
        for name in calls
    ]


def peak_memory(call: Call, device: torch.device) -> int:
    """Bytes: the highest sum of live allocations during one call, above where it began."""
    if device.type == "cuda":
        wait(device)
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        call()
        wait(device)
        return max(1, torch.cuda.max_memory_allocated(device) - before)
    from torch.profiler import ProfilerActivity, profile

    with quiet(), profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        call()
    result: Any = profiler.profiler.kineto_results
    changes = sorted((e.start_ns(), e.nbytes()) for e in result.events() if e.name() == "[memory]")
    peak = live = 0
    for _, change in changes:
        live += change
        peak = max(peak, live)
    return max(1, peak)


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing that is written to the terminal inside appears, from whatever language.

    The profiler's library announces itself there, over the tables. What Python has still to write comes out before.
    """
    streams = (sys.stdout, sys.stderr)
    for stream in streams:
        stream.flush()
    kept = [os.dup(number) for number in (1, 2)]
    try:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 (a device)
            for number in (1, 2):
                os.dup2(nowhere.fileno(), number)
        yield
    finally:
        for stream in streams:
            stream.flush()
        for number, copy in zip((1, 2), kept, strict=True):
            os.dup2(copy, number)
            os.close(copy)


def wait(device: torch.device) -> None:
    """Until the device has done what it was asked to."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
