"""The body of `a2u bench`."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import torch
import typer

from a2u.bench.frontier import frontier_lines
from a2u.bench.gpu import measure_gpu, write
from a2u.bench.gpu_text import to_markdown
from a2u.bench.measure import Timing
from a2u.bench.operators import depthwise_lines, formula_lines, kernels_lines, toy_lines
from a2u.bench.training import BATCH, EPOCHS, IMAGES, TOLERANCE, StepTiming, training_lines
from a2u.commands.tables import text
from a2u.errors import A2UError, near_match
from a2u.training import choose_device

OPERATORS = {
    "formula": formula_lines,
    "kernels": kernels_lines,
    "depthwise": depthwise_lines,
    "frontier": frontier_lines,
    "toy": toy_lines,
}
GROUPS = (*OPERATORS, "toy-training", "gpu")


def bench(
    only: Annotated[
        list[str] | None, typer.Option(help=f"Groups to measure: {', '.join(GROUPS)}. Default: all, gpu on a GPU.")
    ] = None,
    toy: Annotated[bool, typer.Option("--toy", help="The same as --only toy-training.")] = False,
    compile_: Annotated[
        bool, typer.Option("--compile/--no-compile", help="Also measure compiled paths; compiling takes minutes.")
    ] = True,
    device: Annotated[str, typer.Option(help="auto (a GPU if there is one), cpu or cuda.")] = "auto",
    turns: Annotated[int, typer.Option(min=1, help="How often each candidate is timed; the median counts.")] = 7,
    out: Annotated[
        Path | None,
        typer.Option(help="gpu, on a GPU: also write bench-gpu.json and bench-gpu.md into this folder (figures)."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout instead of tables.")] = False,
) -> None:
    """Measure speed and memory side by side on this machine, and print the ratios.

    formula: reassemble, forward and backward, against unfold, multiply and sum (N=2, C=64, 64² → 128², k = 5 and 3),
    and its forward against bilinear interpolation. kernels: dynamic A²U kernels for a batch of 16 against a loop over
    samples (C=64, 64², channels last). depthwise: A²U's encodings of a guide that is channels last, contiguous, or made
    contiguous first. frontier: the operators after A²U against forms that make the z of all taps at once (N=2, C=64,
    32² → 64²). toy: one training step of Table 1's network, batch 100, each row against nearest.
    toy-training: training that network from the images on, as it is usually written and as `a2u train` does it, with
    images per second, the time of the paper's 100 epochs, and how far the two loss curves differ. gpu: the copy rate of
    the device, reassembly as a part of it, kernels of a batch against a loop, and 200 steps of training; on a CPU with
    tiny sizes, which only shows that it runs.
    """
    where = choose_device(device)
    usual = GROUPS if where.type == "cuda" else tuple(name for name in GROUPS if name != "gpu")
    chosen = [*(only or ()), *(["toy-training"] if toy else [])] or usual
    for name in chosen:
        if name not in GROUPS:
            raise A2UError(f"There is no group {name!r} to measure. {near_match(name, GROUPS)}")
    if out is not None and (where.type != "cuda" or "gpu" not in chosen):
        raise A2UError(f"--out is for the group gpu on a GPU, but the device is {where.type}: leave it out.")
    lines: list[Timing | StepTiming] = []
    of_gpu: dict[str, Any] | None = None
    for group in chosen:
        if group == "gpu":
            of_gpu = measure_gpu(where, compiled=compile_, on_part=_say)
            if not as_json:
                print(f"\n{to_markdown(of_gpu)}")
            if out is not None:
                for path in write(of_gpu, out):
                    _say(str(path))
            continue
        _say(f"measuring {group} …")
        if group == "toy-training":
            trained = training_lines(where, compile_, turns)
            lines += trained
            if not as_json:
                show_training(trained)
            continue
        measured = OPERATORS[group](where, compile_, turns)
        lines += measured
        if not as_json:
            show_operators(measured)
    machine = {
        "device": torch.cuda.get_device_name(where) if where.type == "cuda" else "cpu",
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "turns": turns,
    }
    if as_json:
        found = {"machine": machine, "lines": [asdict(line) for line in lines]}
        print(json.dumps(found if of_gpu is None else found | {"gpu": of_gpu}))
    else:
        print("measured on: " + ", ".join(f"{key} {value}" for key, value in machine.items()))


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def show_operators(lines: list[Timing]) -> None:
    """A table for each group, and what limits it."""
    for group in dict.fromkeys(line.group for line in lines):
        own = [line for line in lines if line.group == group]
        print(f"\n{group}\n  limited by: {own[0].note}")
        rows = [
            (line.candidate, f"{line.ms:.2f} ms", f"{line.speedup:.2f}×", f"{line.mib:.1f} MiB", f"{line.memory:.2f}×")
            for line in own
        ]
        print(text(("", ">time", ">faster", ">peak", ">smaller"), rows, indent=2))


def show_training(lines: list[StepTiming]) -> None:
    """A table for each group, and the two ends of the loss curves."""
    heads = ("", ">per step", ">images/s", ">faster", ">projected", "loss curve", "")
    for group in dict.fromkeys(line.group for line in lines):
        print(f"\n{group}: A²U, batch {BATCH}; projected for {EPOCHS} epochs of {IMAGES:,} images")
        rows = []
        for line in (each for each in lines if each.group == group):
            curve = f"{line.losses[0]:.4f} → {line.losses[line.compared - 1]:.4f}"
            verdict = f"{line.difference:.1e} off" if line.agrees else f"{line.difference:.1e} OFF, TOO FAR"
            speed = f"{line.ms:.2f} ms", f"{line.images:,.0f}", f"{line.speedup:.2f}×", f"{line.hours:.2f} h"
            rows.append((line.candidate, *speed, curve, verdict))
        print(text(heads, rows, indent=2))
    for precision, tolerance in TOLERANCE.items():
        if any(line.tolerance == tolerance for line in lines):
            print(f"  {precision}: the first {lines[0].compared} losses may differ by {tolerance:g}, relative")
