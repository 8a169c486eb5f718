"""What the formula reaches on a GPU, as a part of what its memory allows; and the fast paths beside the plain ones.

Reassembly reads every value of the map and of the kernels once and writes every output once: it has little to compute
and much to move. So its yardstick is the rate at which the device copies a large block:

    part of the copy rate = bytes that must be moved / time / copy rate

Bytes that must be moved, of 4-byte values: forward x, w and y; forward and backward x, w and y, then again x, w and the
gradient of y, and the gradients of x and w. What a path moves beyond that lowers its part.

Maps are about 1 GB on a GPU, so that the time to start a kernel does not matter. On a CPU everything is tiny: that
shows that the code runs, and measures the CPU's copy rate.
"""

import gc
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from a2u import formula
from a2u.bench.measure import Call, milliseconds
from a2u.bench.operators import batch_and_loop
from a2u.bench.training import compare, fast, plain
from a2u.data import load
from a2u.errors import A2UError
from a2u.files.outputs import Outputs

NAME = "bench-gpu"
CANDIDATES = ("tiles", "shift", "compiled")  # paths of `a2u.reassemble`


@dataclass(frozen=True)
class Sizes:
    """What is measured.

    copied: bytes of the block that is copied. batch, channels, side: of the map x; y has twice its side. sides: of the
    guides of the kernels, with as many channels and samples. steps, images: of a training, and of its batches.
    turns: how often each candidate is timed; the median counts.
    """

    copied: int
    batch: int
    channels: int
    side: int
    sides: tuple[int, ...]
    steps: int
    images: int
    turns: int


LARGE = Sizes(4 * 2**30, 16, 64, 256, (64, 512), 200, 100, 5)  # y and the larger guide are 1 GB
TINY = Sizes(2**22, 2, 8, 16, (16,), 2, 4, 1)

Part = Callable[[torch.device, Sizes, bool], Any]


def measure_gpu(
    device: torch.device,
    sizes: Sizes | None = None,
    compiled: bool = True,
    on_part: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Measure all parts on this device.

    Args:
        device: a GPU; on a CPU `sizes` are tiny, unless given.
        sizes: what is measured.
        compiled: also the compiled path, which takes up to a minute to compile.
        on_part: called before each part with a line for people.

    Returns:
        machine; copy, reassembly, kernels and training, each with what :func:`copy_rate` and its neighbours return, or
        {"error": why} where one failed, so that the others are still reported; and the seconds spent on each.
    """
    chosen = sizes or (LARGE if device.type == "cuda" else TINY)
    report: dict[str, Any] = {
        "machine": {
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU",
            "torch": torch.__version__,
            "precision": "float32",
        },
        "tiny": chosen == TINY,
        "sizes": {**asdict(chosen), "sides": list(chosen.sides)},  # as JSON has it
    }
    seconds = {}
    for name, part in PARTS.items():
        on_part(f"measuring {name} on {report['machine']['device']} …")
        started = time.perf_counter()
        try:
            report[name] = part(device, chosen, compiled)
        except (A2UError, RuntimeError) as error:  # too little memory, too
            report[name] = {"error": " ".join(str(error).split())[:300]}
        seconds[name] = round(time.perf_counter() - started, 1)
        _free(device)
    _add_parts_of_the_copy_rate(report)
    return report | {"seconds": seconds}


def copy_rate(device: torch.device, sizes: Sizes, compiled: bool = False) -> dict[str, float]:
    """bytes that are read and written when a block is copied, ms, and the rate in GB/s (10⁹)."""
    source = torch.ones(sizes.copied // 4, device=device)
    target = torch.empty_like(source)
    ms = milliseconds({"copy": lambda: target.copy_(source)}, device, sizes.turns)["copy"]
    moved = 2 * source.numel() * source.element_size()
    return {"bytes": moved, "ms": ms, "gb_per_s": moved / ms / 1e6}


def reassembly(device: torch.device, sizes: Sizes, compiled: bool = True) -> list[dict[str, Any]]:
    """Each path, k = 3 and 5, forward and forward with backward: bytes that must be moved, and ms or an error."""
    found: list[dict[str, Any]] = []
    n, c, side = sizes.batch, sizes.channels, sizes.side
    for k in (3, 5):
        torch.manual_seed(0)
        x = torch.randn(n, c, side, side, device=device, requires_grad=True)
        w = torch.rand(n, 1, k * k, 2 * side, 2 * side, device=device, requires_grad=True)
        seed = torch.randn(n, c, 2 * side, 2 * side, device=device)
        forward = sum(each.numel() * each.element_size() for each in (x, w, seed))
        for path in CANDIDATES if compiled else CANDIDATES[:-1]:
            calls = {"forward": (_forward(x, w, path), forward), "forward and backward": (_both(x, w, seed, path), 0)}
            for name, (call, needed) in calls.items():
                both = 2 * forward + sum(each.numel() * each.element_size() for each in (x, w))
                line: dict[str, Any] = {"k": k, "pass": name, "path": path, "bytes": needed or both}
                try:
                    line["ms"] = milliseconds({path: call}, device, sizes.turns)[path]
                except (A2UError, RuntimeError) as error:  # no compiler, or too little memory
                    line["error"] = " ".join(str(error).split())[:200]
                found.append(line)
                _free(device)
    return found


def _forward(x: Tensor, w: Tensor, path: str) -> Call:
    def call() -> None:
        with torch.no_grad():
            formula.reassemble(x, w, 2, path)

    return call


def _both(x: Tensor, w: Tensor, seed: Tensor, path: str) -> Call:
    return lambda: torch.autograd.grad(formula.reassemble(x, w, 2, path), (x, w), seed)


def kernels(device: torch.device, sizes: Sizes, compiled: bool = False) -> list[dict[str, Any]]:
    """A²U's dynamic kernels of a batch, against two loops over its samples: ms, and how much faster than the first."""
    found = []
    for side in sizes.sides:
        for preset in ("dynamic-cs", "dynamic-cw"):
            calls = batch_and_loop(preset, device, sizes.batch, sizes.channels, side)
            ms = milliseconds(calls, device, sizes.turns)
            first = next(iter(ms.values()))
            found += [
                {"preset": preset, "side": side, "candidate": name, "ms": each, "faster": first / each}
                for name, each in ms.items()
            ]
            _free(device)
    return found


def training(device: torch.device, sizes: Sizes, compiled: bool = False) -> list[dict[str, Any]]:
    """Section 5's training with A²U as it is usually written, and as `a2u train` does it: see `a2u.bench.training`."""
    train, batch = load("mnist", "train"), sizes.images
    ways = {"plain": plain(train, device, batch=batch), "fast": fast(train, device, "auto", batch=batch)}
    lines = compare("training", ways, device, 1, sizes.steps, "float32", batch)
    keys = ("candidate", "ms", "images", "speedup", "hours", "difference", "tolerance")
    return [{key: getattr(line, key) for key in keys} for line in lines]


PARTS: dict[str, Part] = {"copy": copy_rate, "reassembly": reassembly, "kernels": kernels, "training": training}


def _free(device: torch.device) -> None:
    """Give back what a part has used, so that the next one finds room."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()


def _add_parts_of_the_copy_rate(report: dict[str, Any]) -> None:
    rate = report["copy"].get("gb_per_s")
    if rate and isinstance(report["reassembly"], list):
        for line in report["reassembly"]:
            if "ms" in line:
                line["of_copy_rate"] = line["bytes"] / line["ms"] / 1e6 / rate


def write(report: dict[str, Any], out: Path) -> list[Path]:
    """Write bench-gpu.json and bench-gpu.md into `out`; their paths.

    Raises:
        A2UError: The report is not of a GPU at full size, or a file cannot be written, or is not one of `a2u bench`.
    """
    from a2u.bench.gpu_text import to_markdown

    if report["tiny"] or report["machine"]["device"] == "CPU":
        raise A2UError(
            f"{NAME} holds what a GPU reaches at full size, but this was measured on a {report['machine']['device']} "
            f"{'with tiny sizes' if report['tiny'] else ''}, so it is not written. Run it on a GPU."
        )
    content = json.dumps(report, indent=2, ensure_ascii=False) + "\n"
    files = {f"{NAME}.json": content.encode(), f"{NAME}.md": to_markdown(report).encode()}
    outputs = Outputs(out, "a2u bench")
    outputs.check(list(files))
    return [outputs.write(name, each) for name, each in files.items()]
