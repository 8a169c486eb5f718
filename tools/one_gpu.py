#!/usr/bin/env python3
"""Table 1 at the paper's length, and matting at full width, on one GPU in a quarter of an hour.

    PYTHONPATH=. python tools/one_gpu.py --data DIR --out OUT --budget 540

Run it at the top of this repository, which need not be installed. DIR holds the IDX files of MNIST and Fashion-MNIST
(`MNIST/`, `FashionMNIST/`, plain or .gz). It needs Python 3.11+, torch 2.11+ with CUDA, numpy, safetensors, filelock,
and for matting scipy, OpenCV and scikit-image; missing packages are reported before anything starts. On a machine
without a network, get wheels elsewhere (`pip download --no-deps --only-binary=:all: -d wheels NAME`), take them along,
and `pip install --no-index --no-deps --target site wheels/*.whl`; then `PYTHONPATH=.:site`.

What it does, one after the other, each part as far as the budget goes:

    smoke    each row in a CUDA graph against eager steps; one that no graph can hold trains eagerly, last
    bench    copy rate, reassembly as a part of it, kernels of a batch against a loop, plain training against fast
    queue    the rate of nine lanes; the largest of 100, 80, 60, 40 epochs that fits; MNIST's nine rows, then Fashion's
    matting  three networks at full width, when the queue is done
    seeds    A²U and both IndexNets on MNIST with seeds 1 and 2
    float32  two rows in float32, to see how much TF32 changes

Everything is written at once and whole, so a kill loses nothing: the same command goes on. If the next machine is a new
one, give the folder that came back: `--before FOLDER`. What comes back is in OUT, without sub-folders, at most eight
files of at most 16 MiB: results.json, smoke.json, bench.json and archives of run folders, which
`a2u table1 --report-only`, `a2u evaluate` and `a2u pretrained export` read once they are unpacked into `runs/`.
`--tiny` does the same on a CPU in a minute or two, with the sample inside a2u and a few steps: a trial of every part.
"""

import os

os.environ.setdefault("CUDA_DEVICE_MAX_CONNECTIONS", "32")  # before CUDA starts: as many streams run side by side

import argparse
import sys
import time
from importlib.util import find_spec
from pathlib import Path

PARTS = "smoke,bench,queue,matting,seeds,float32"
NEEDS = ("torch", "numpy", "safetensors", "filelock")


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0 when all is done, 3 when something is left to do, 1 for bad input."""
    began = time.monotonic()  # loading torch counts, too
    asked = _arguments(arguments)
    missing = [name for name in NEEDS if find_spec(name) is None]
    if missing:
        return _refuse(f"These packages are missing here: {', '.join(missing)}. See the beginning of {__file__}.")
    from one_gpu_session import Session

    from a2u.errors import A2UError

    try:
        return Session(asked, began).run()
    except A2UError as error:
        return _refuse(str(error))


def _refuse(message: str) -> int:
    print(f"one_gpu: {' '.join(message.split())}", file=sys.stderr)
    return 1


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Table 1 and matting on one GPU: see the beginning of the file.")
    parser.add_argument("--data", type=Path, help="folder with the IDX files of both sets; not needed with --tiny")
    parser.add_argument("--out", type=Path, required=True, help="folder for what comes back")
    parser.add_argument("--budget", type=float, required=True, help="seconds that this call may take")
    parser.add_argument("--runs", type=Path, help="folder for run folders [runs/one-gpu]")
    parser.add_argument("--before", type=Path, help="folder that came back from an earlier call, to go on from")
    parser.add_argument("--only", default=PARTS, help=f"some of {PARTS}")
    parser.add_argument("--rows", help="some rows of Table 1 [all]")
    parser.add_argument("--precision", default=None, help="float32, tf32 or bf16 [tf32; float32 for --tiny on a CPU]")
    parser.add_argument("--lanes", type=int, default=9, help="runs at once [9]")
    parser.add_argument("--device", default=None, help="[cuda; auto for --tiny]")
    parser.add_argument("--tiny", action="store_true", help="a trial of everything, on any machine")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
