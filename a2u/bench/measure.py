"""Time and memory of calls that compute the same, side by side.

On a CPU the clock runs for a single call. A GPU works while Python goes on: there the clock is the GPU's own (CUDA
events), and a call is repeated for `LONG_ENOUGH`, its repetitions waiting in line. So what Python needs to start a call
does not count, as long as the call takes the GPU longer than that.
"""

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
LONG_ENOUGH = 20.0  # ms


@dataclass(frozen=True)
class Timing:
    """One candidate of one group, beside the group's baseline."""

    group: str
    candidate: str
    ms: float
    mib: float
    speedup: float  #: baseline's time / this time
    memory: float  #: baseline's peak / this peak
    note: str = ""


def measure(group: str, calls: dict[str, Call], device: torch.device, turns: int, note: str) -> list[Timing]:
    """Time the calls in turns and measure the peak memory of each; the first is the baseline."""
    ms = milliseconds(calls, device, turns)
    mib = {name: peak_memory(call, device) / 2**20 for name, call in calls.items()}
    base = next(iter(calls))
    return [
        Timing(group, name, round(ms[name], 3), round(mib[name], 2), ms[base] / ms[name], mib[base] / mib[name], note)
        for name in calls
    ]


def milliseconds(calls: dict[str, Call], device: torch.device, turns: int) -> dict[str, float]:
    """Milliseconds of one call of each: the calls take turns, and the median of the turns counts."""
    for call in calls.values():  # compile, allocate, choose algorithms
        call()
        call()
    clock = _clock_of_gpu if device.type == "cuda" else _clock_of_cpu
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(turns):
        for name, call in calls.items():
            times[name].append(clock(call, device))
    return {name: statistics.median(values) for name, values in times.items()}


def _clock_of_cpu(call: Call, _: torch.device) -> float:
    start = time.perf_counter()
    call()
    return 1e3 * (time.perf_counter() - start)


def _clock_of_gpu(call: Call, device: torch.device) -> float:
    once = _between_events(call, device, 1)
    return _between_events(call, device, max(1, min(1000, round(LONG_ENOUGH / max(once, 1e-3)))))


def _between_events(call: Call, device: torch.device, repeat: int) -> float:
    """ms of one of `repeat` calls in a row, by the clock of the GPU."""
    with torch.cuda.device(device):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        wait(device)
        start.record()
        for _ in range(repeat):
            call()
        end.record()
        end.synchronize()
        return float(start.elapsed_time(end)) / repeat


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
    """Inside, nothing that is written to the terminal appears, whatever language writes it.

    The profiler's library would announce itself there, in the tables. What Python has buffered is written before.
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
    """Wait until the device has done what it was asked to."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
