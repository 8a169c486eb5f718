"""Speed and memory, measured side by side in one run: what `a2u bench` prints are ratios, not promises.

The candidates of a group take turns, so that a busy machine slows all of them alike; the median of the turns counts.
Memory is the peak of what one call allocates on top of its inputs.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import torch
import torch.nn.functional as F
import typer
from torch import Tensor

from a2u import formula
from a2u.errors import A2UError
from a2u.operators import build
from a2u.operators.affinity import A2U, normalize

GROUPS = ("formula", "kernels", "toy")
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


def bench(
    only: Annotated[
        list[str] | None, typer.Option(help=f"Groups to measure: {', '.join(GROUPS)}. Default: all.")
    ] = None,
    compile_: Annotated[
        bool, typer.Option("--compile/--no-compile", help="Also measure compiled paths; compiling takes minutes.")
    ] = True,
    device: Annotated[str, typer.Option(help="auto (a GPU if there is one), cpu or cuda.")] = "auto",
    turns: Annotated[int, typer.Option(min=1, help="How often each candidate is timed; the median counts.")] = 7,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout instead of tables.")] = False,
) -> None:
    """Measure speed and memory side by side on this machine, and print the ratios.

    formula: reassemble, forward and backward, against unfold, multiply and sum (N=2, C=64, 64² → 128², k = 5 and 3),
    and its forward against bilinear interpolation. kernels: dynamic A²U kernels for a batch of 16 against a loop over
    samples (C=64, 64², channels last). toy: one training step of Table 1's network, batch 100, A²U against nearest.
    """
    from a2u.errors import near_match
    from a2u.training import choose_device

    where = choose_device(device)
    for name in only or ():
        if name not in GROUPS:
            raise A2UError(f"There is no group {name!r} to measure. {near_match(name, GROUPS)}")
    lines: list[Line] = []
    for group in only or GROUPS:
        print(f"measuring {group} …", file=sys.stderr)
        measured = {"formula": _formula, "kernels": _kernels, "toy": _toy}[group](where, compile_, turns)
        lines += measured
        if not as_json:
            _show(measured)
    machine = {
        "device": torch.cuda.get_device_name(where) if where.type == "cuda" else "cpu",
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "turns": turns,
    }
    if as_json:
        print(json.dumps({"machine": machine, "lines": [asdict(line) for line in lines]}))
    else:
        print("measured on: " + ", ".join(f"{key} {value}" for key, value in machine.items()))


def _formula(device: torch.device, compiled: bool, turns: int) -> list[Line]:
    lines = []
    for k in (5, 3):
        torch.manual_seed(0)
        x = torch.randn(2, 64, 64, 64, device=device, requires_grad=True)
        w = torch.rand(2, 1, k * k, 128, 128, device=device, requires_grad=True)
        seed = torch.randn(2, 64, 128, 128, device=device)

        def both(function: Callable[[Tensor, Tensor], Tensor], x: Tensor = x, w: Tensor = w, s: Tensor = seed) -> Call:
            return lambda: torch.autograd.grad(function(x, w), (x, w), s)

        calls = {
            "unfold, multiply, sum": both(unfold_multiply_sum),
            "tiles (no compiler)": both(lambda x, w: formula.reassemble(x, w, 2, "tiles")),
        }
        if compiled:
            calls["shift, compiled"] = both(lambda x, w: formula.reassemble(x, w, 2, "compiled"))
        note = "tiles: copies into and out of the tiles take half the time; compiled: the backward's reads of w and y"
        lines += _measure(f"formula: k={k}, forward and backward", calls, device, turns, note)

        def forward(function: Callable[[Tensor, Tensor], Tensor], x: Tensor = x, w: Tensor = w) -> Call:
            def call() -> None:
                with torch.no_grad():
                    function(x, w)

            return call

        calls = {
            "F.interpolate, bilinear": forward(lambda x, _: F.interpolate(x, scale_factor=2.0, mode="bilinear")),
            "tiles (no compiler)": forward(lambda x, w: formula.reassemble(x, w, 2, "tiles")),
        }
        if compiled:
            calls["shift, compiled"] = forward(lambda x, w: formula.reassemble(x, w, 2, "compiled"))
        note = f"bilinear has 4 fixed weights where this reads {k * k} for each output"
        lines += _measure(f"formula: k={k}, forward", calls, device, turns, note)
    return lines


def unfold_multiply_sum(x: Tensor, w: Tensor) -> Tensor:
    """The usual pure-PyTorch reassembly: k² copies of the upsampled map, weighted and summed."""
    n, c, height, width = x.shape
    k2, ratio = w.shape[2], w.shape[-1] // width
    z = F.unfold(x, round(k2**0.5), padding=round(k2**0.5) // 2).view(n, c * k2, height, width)
    z = F.interpolate(z, scale_factor=float(ratio), mode="nearest").view(n, c, k2, height * ratio, width * ratio)
    return (w * z).sum(2)


def _kernels(device: torch.device, compiled: bool, turns: int) -> list[Line]:
    lines = []
    for preset in ("dynamic-cs", "dynamic-cw"):
        torch.manual_seed(0)
        op, fused = build(f"a2u:{preset}", 64).to(device), build(f"a2u:{preset}", 64).to(device)
        assert isinstance(op, A2U)
        assert isinstance(fused, A2U)
        fused.path = "compiled"
        guide = torch.randn(16, 64, 64, 64, device=device).to(memory_format=torch.channels_last)

        def call(function: Callable[[Tensor], Tensor], guide: Tensor = guide) -> Call:
            def run() -> None:
                with torch.no_grad():
                    function(guide)

            return run

        def batched(guide: Tensor, op: A2U = op) -> Tensor:
            return op.kernel(None, guide)

        def looped(guide: Tensor, op: A2U = op) -> Tensor:
            return torch.cat([op.kernel(None, one) for one in guide.split(1)])

        def tuned(guide: Tensor, op: A2U = op) -> Tensor:
            return kernels_one_by_one(op, guide)

        def compiled_kernels(guide: Tensor, op: A2U = fused) -> Tensor:
            return op.kernel(None, guide)

        calls = {"one sample after the other": call(looped), "the same, tuned": call(tuned), "one batch": call(batched)}
        if compiled:
            calls["one batch, compiled"] = call(compiled_kernels)
        note = "CPU: 2·25 taps a value, whoever loops; compiled: reading the map three times. A GPU: starting kernels"
        lines += _measure(f"kernels: {preset}, batch 16, C=64, 64²", calls, device, turns, note)
    return lines


def kernels_one_by_one(op: A2U, guide: Tensor) -> Tensor:
    """Eq. (4) for each sample alone, written for nothing else: the best loop over a batch."""
    kernels = []
    for one in guide.split(1):
        c, k = op.guide_channels, op.encoder_kernel
        assert op.u is not None
        pooled, mean = F.adaptive_avg_pool2d(one, k), F.adaptive_avg_pool2d(one, 1)
        u, v = (
            F.conv2d(one, f(pooled)[0, 0].expand(c, -1, -1)[:, None], stride=op.ratio, padding=k // 2, groups=c)
            for f in (op.u, op.v)
        )
        logits = F.pixel_shuffle(op.p((u * v).sum(1, keepdim=True), mean), op.ratio)
        kernels.append(normalize(logits, op.normalization)[:, None])
    return torch.cat(kernels)


def _toy(device: torch.device, compiled: bool, turns: int) -> list[Line]:
    from a2u.reconstruction.experiment import build_model
    from a2u.reconstruction.rows import row

    def step(name: str) -> Call:
        model = build_model(row(name)).to(device).to(memory_format=torch.channels_last)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        images = torch.rand(100, 1, 32, 32, device=device)

        def run() -> None:
            optimizer.zero_grad()
            F.l1_loss(model(images), images).backward()
            optimizer.step()

        return run

    calls = {name: step(name) for name in ("nearest", "a2u", "indexnet-holistic", "indexnet-depthwise")}
    note = "a2u: the backward of a stride-2 depth-wise convolution with eight filters a channel"
    return _measure("toy: one training step, batch 100", calls, device, turns, note)


def _measure(group: str, calls: dict[str, Call], device: torch.device, turns: int, note: str) -> list[Line]:
    """Time the calls in turns and measure the peak memory of each; the first is the baseline."""
    for call in calls.values():  # compile, allocate, choose algorithms
        call()
        call()
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(turns):
        for name, call in calls.items():
            _wait(device)
            start = time.perf_counter()
            call()
            _wait(device)
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
        _wait(device)
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        call()
        _wait(device)
        return max(1, torch.cuda.max_memory_allocated(device) - before)
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        call()
    result: Any = profiler.profiler.kineto_results
    changes = sorted((e.start_ns(), e.nbytes()) for e in result.events() if e.name() == "[memory]")
    peak = live = 0
    for _, change in changes:
        live += change
        peak = max(peak, live)
    return max(1, peak)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _show(lines: list[Line]) -> None:
    group = ""
    for line in lines:
        if line.group != group:
            group = line.group
            print(f"\n{group}")
            print(f"  limited by: {line.note}")
            print(f"  {'':28s}{'time':>12s}{'faster':>10s}{'peak':>12s}{'smaller':>10s}")
        print(f"  {line.candidate:28s}{line.ms:9.2f} ms{line.speedup:9.2f}×{line.mib:8.1f} MiB{line.memory:9.2f}×")
