#!/usr/bin/env python3
"""Table 1 at the paper's length, and matting at full width, on one GPU in a quarter of an hour.

    PYTHONPATH=. python tools/one_gpu.py --data DIR --out OUT --budget 540

Run it at the top of this repository, which need not be installed. DIR holds the IDX files of MNIST and Fashion-MNIST
(`MNIST/`, `FashionMNIST/`, plain or .gz). It needs Python 3.11+, torch 2.11+ with CUDA, numpy, safetensors, filelock,
and for matting scipy, OpenCV and scikit-image; what is missing is told before anything starts. On a machine without a
network, get wheels elsewhere (`pip download --no-deps --only-binary=:all: -d wheels NAME`), take them along, and
`pip install --no-index --no-deps --target site wheels/*.whl`; then `PYTHONPATH=.:site`.

What it does, one after the other, each part as far as the budget goes:

    smoke    each row in a CUDA graph against eager steps; one that no graph can hold trains eagerly, last
    bench    copy rate, reassembly as a part of it, kernels of a batch against a loop, plain training against fast
    queue    the rate of nine lanes; the largest of 100, 80, 60, 40 epochs that fits; MNIST's nine rows, then Fashion's
    matting  three networks at full width, when the queue is done
    seeds    A²U and both IndexNets on MNIST with seeds 1 and 2
    float32  two rows in float32, to see how much TF32 changes

Everything is written at once and whole, so that being killed loses nothing: the same command goes on. Where the next
machine is a fresh one, give the folder that came back: `--before FOLDER`. What comes back lies flat in OUT, eight files
of at most 16 MiB: results.json, smoke.json, bench.json and archives of run folders, which `a2u table1 --report-only`,
`a2u evaluate` and `a2u pretrained export` read once they are unpacked into `runs/`.
`--tiny` does the same on a CPU in a minute or two, with the sample inside a2u and a few steps: a trial of every part.
"""

import os

os.environ.setdefault("CUDA_DEVICE_MAX_CONNECTIONS", "32")  # before CUDA starts: as many streams run side by side

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

PARTS = ("smoke", "bench", "queue", "matting", "seeds", "float32")
NEEDS = ("torch", "numpy", "safetensors", "filelock")
SETS = ("mnist", "fashion")
MORE_SEEDS = ("indexnet-holistic", "indexnet-depthwise", "a2u")
IN_FLOAT32 = ("nearest", "a2u")
RESERVE = 5.0  # seconds for the last packing
TINY_IMAGES = 100


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0 when all is done, 3 when the time was over, 1 for bad input."""
    asked = _arguments(arguments)
    missing = [name for name in NEEDS if find_spec(name) is None]
    if missing:
        return _refuse(f"These packages are missing here: {', '.join(missing)}. See the beginning of {__file__}.")
    from a2u.errors import A2UError

    try:
        session = _Session(asked)
        return session.run()
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
    parser.add_argument("--only", default=",".join(PARTS), help=f"some of {','.join(PARTS)}")
    parser.add_argument("--rows", help="some rows of Table 1 [all]")
    parser.add_argument("--precision", default=None, help="float32, tf32 or bf16 [tf32; float32 for --tiny on a CPU]")
    parser.add_argument("--lanes", type=int, default=9, help="runs at once [9]")
    parser.add_argument("--device", default=None, help="[cuda; auto for --tiny]")
    parser.add_argument("--tiny", action="store_true", help="a trial of everything, on any machine")
    return parser.parse_args(arguments)


class _Session:
    """One call: what was asked for, where it is kept, and how much time is left."""

    def __init__(self, asked: argparse.Namespace) -> None:
        import one_gpu_parts as parts
        from one_gpu_store import Store

        from a2u.errors import A2UError, near_match
        from a2u.reconstruction.rows import ROWS
        from a2u.training.device import choose_device
        from a2u.training.precision import check_precision
        from a2u.training.run import environment

        self.began, self.asked, self.tiny = time.monotonic(), asked, asked.tiny
        self.only = [word.strip() for word in asked.only.split(",")]
        for word, known, what in (
            *((each, list(PARTS), "part") for each in self.only),
            *((each, list(ROWS), "row of Table 1") for each in _words(asked.rows)),
        ):
            if word not in known:
                raise A2UError(f"There is no {what} {word!r}. {near_match(word, known)}")
        self.device = choose_device(asked.device or ("auto" if asked.tiny else "cuda"))
        precision = asked.precision or ("tf32" if self.device.type == "cuda" else "float32")
        check_precision(precision, self.device)
        if asked.data is None and not asked.tiny:
            raise A2UError("--data must name the folder with the IDX files of MNIST and Fashion-MNIST.")
        if asked.budget <= 0 or asked.lanes < 1:
            raise A2UError(f"--budget and --lanes must be positive, given {asked.budget:g} and {asked.lanes}.")
        rows = tuple(_words(asked.rows) or (("nearest", "max_unpool", "a2u") if asked.tiny else ROWS))
        self.plan = (
            parts.Plan(rows, (2, 1), 10, 4, 2, precision, min(asked.lanes, len(rows)), 1)
            if asked.tiny
            else parts.Plan(rows, (100, 80, 60, 40), None, 1000, 20, precision, asked.lanes, 10)
        )
        self.images = {name: self._load(name) for name in SETS}
        self.store = Store(asked.out, asked.runs or Path("runs/one-gpu"), asked.before)
        results = self.store.results
        same = {"precision": precision, "tiny": asked.tiny, "rows": list(rows)}
        for key, value in same.items():
            if results.setdefault(key, value) != value:
                raise A2UError(f"{asked.out} was begun with {key} {results[key]}, and now {value} is asked for.")
        results["machine"] = environment(self.device)
        results["calls"].append({"arguments": sys.argv[1:], "budget": asked.budget})

    def _load(self, name: str) -> Any:
        from a2u.reconstruction.campaign import images

        found = images(name, self.asked.data, False)
        return tuple(map(_first, found)) if self.tiny else found

    def left(self) -> float:
        """Seconds of the budget."""
        return float(self.asked.budget - RESERVE - (time.monotonic() - self.began))

    def say(self, text: str) -> None:
        """A line with the time."""
        print(f"[{time.monotonic() - self.began:6.1f} s] {text}", flush=True)

    def run(self) -> int:
        """All parts; the exit code."""
        from a2u.errors import A2UError

        parts: dict[str, Callable[[], bool]] = {name: getattr(self, f"_{name}") for name in PARTS}
        done, failure = True, None
        try:
            for name in (part for part in PARTS if part in self.only):
                if self.left() <= 0:
                    self.say(f"{name}: no time is left for it.")
                    done = False
                    continue
                self.say(f"{name} …")
                with self.store.spending(name):
                    try:
                        done &= parts[name]()
                    except A2UError as error:
                        failure = failure or error
                        self.store.results["notes"].append(f"{name}: {error}")
                        self.say(f"{name}: {error}")
        finally:
            self.store.results["calls"][-1]["seconds"] = round(time.monotonic() - self.began, 1)
            with self.store.spending("packing"):
                self.store.pack()
            self._tell()
        if failure:
            raise failure
        return 0 if done else 3

    def _tell(self) -> None:
        for what, seconds in self.store.results["spent"].items():
            print(f"{what:>10} {seconds:8.1f} s, in all calls")
        for name in self.store.results["left_out"]:
            print(f"There was no room for the folder of {name}: it is in {self.store.runs} alone.")

    def _smoke(self) -> bool:
        from one_gpu_parts import smoke

        found = self.store.read("smoke.json") or {}
        for row in self.plan.rows:
            if row not in found and self.left() > 0:
                found[row] = smoke(row, self.images["mnist"], self.device, self.plan)
                self.store.write("smoke.json", found)
                self.say(f"{row}: {found[row].get('error', 'captured')}, {found[row]['ms']} ms a step")
        return len(found) >= len(self.plan.rows)

    def _bench(self) -> bool:
        if self.store.read("bench.json") is None:
            from a2u.bench.gpu import LARGE, TINY, measure_gpu

            found = measure_gpu(self.device, TINY if self.tiny else LARGE, compiled=False, say=self.say)
            self.store.write("bench.json", found)
        return True

    def _queue(self) -> bool:
        from one_gpu_parts import choose_epochs, rate

        results = self.store.results
        if "rate" not in results:
            with self.store.spending("rate"):
                able = [row for row in self.plan.rows if not self._refused(row)] or self.plan.rows
                results["rate"] = rate(able, self.images["mnist"], self.device, self.plan, min(60.0, self.left()))
            self.say(f"{results['rate']['steps_per_second']:.1f} steps a second in {results['rate']['lanes']} lanes")
        steps = len(self.images["mnist"][0]) // (self.plan.batch or 100)
        if "epochs" not in results:
            per_second = results["rate"]["steps_per_second"]
            results["epochs"] = choose_epochs(self.plan.choices, len(self.plan.rows), steps, per_second, self.left())
            self.store.save()
        self.say(f"{results['epochs']} epochs")
        jobs = self._jobs(self.plan.rows, SETS, [0], self.plan.precision)
        return self._train(jobs, results["rate"]["pace"])

    def _seeds(self) -> bool:
        rows = [row for row in MORE_SEEDS if row in self.plan.rows]
        if "epochs" not in self.store.results or not rows:
            return False
        return self._train(self._jobs(rows, SETS[:1], [1, 2], self.plan.precision))

    def _float32(self) -> bool:
        rows = [row for row in IN_FLOAT32 if row in self.plan.rows]
        if self.plan.precision == "float32" or not rows:
            return True
        if "epochs" not in self.store.results:
            return False
        return self._train(self._jobs(rows, SETS[:1], [0], "float32"))

    def _matting(self) -> bool:
        import one_gpu_matting as matting

        from a2u.errors import A2UError

        missing = matting.missing()
        if missing:
            raise A2UError(f"Matting is left out: {', '.join(missing)} is missing here.")
        results, precision = self.store.results, self.plan.precision
        if "iterations" not in results:
            chosen = (self.store.runs, self.device, precision, self.left())
            results["iterations"] = 2 if self.tiny else matting.choose_iterations(*chosen)
            self.store.save()
        jobs = matting.plan_matting(self.store.runs, results["iterations"], self.device, precision, self.tiny)
        ended: list[Any] = []
        matting.train_matting(jobs, lambda each: ended.append(self._ended(each)), self.left, self.store.pack_soon)
        return not any(outcome.failed for outcome in ended)

    def _jobs(self, rows: Any, sets: Any, seeds: list[int], precision: str) -> Any:
        from one_gpu_parts import PRESET, job
        from one_gpu_store import FLOAT32

        from a2u.reconstruction.experiment import run_name, settings

        plan = replace(self.plan, precision=precision)
        end = "" if precision == self.plan.precision else FLOAT32
        jobs = []
        for seed in seeds:
            for name in sets:
                for row in rows:
                    asked = settings(row, name, PRESET, seed, epochs=self.store.results["epochs"], batch=plan.batch)
                    folder = self.store.runs / f"{run_name(row, name, PRESET, seed)}{end}"
                    jobs.append(job(asked, folder, self.images[name], self.device, plan))
        return jobs

    def _train(self, jobs: Any, pace: float | None = None) -> bool:
        """Train in lanes what fits into the time that is left; is all of it done?"""
        from a2u.training.lanes import Budget, in_lanes

        def on_progress(_: Any, progress: Any) -> None:
            if progress.step == progress.steps:
                self.store.pack_soon()

        refused = {row: self._refused(row) for row in self.plan.rows}
        able = [each for each in jobs if not refused[each.settings.row]]
        later = [(each, refused[each.settings.row]) for each in jobs if refused[each.settings.row]]
        budget = Budget(self.left(), pace)
        outcomes = in_lanes(able, self.plan.lanes, on_progress, self._ended, self.say, self.device, budget, later)
        return not any(outcome.failed for outcome in outcomes)

    def _refused(self, row: str) -> str:
        """Why this row cannot be captured, if it cannot."""
        if self.device.type != "cuda":
            return ""
        found = (self.store.read("smoke.json") or {}).get(row, {"captured": True})
        return "" if found["captured"] else str(found["error"])

    def _ended(self, outcome: Any) -> Any:
        """Take down how a run ended, and pack it."""
        name, last = outcome.job.folder.name, outcome.history[-1] if outcome.history else {}
        scores = "".join(f", {key} {last[key]:.4g}" for key in ("psnr", "ssim", "sad") if key in last)
        self.say(f"{outcome.job}: {outcome.status}{scores} {outcome.message}".rstrip())
        ended = self.store.results.setdefault("ended", {})
        ended[name] = {"status": outcome.status, "message": outcome.message}
        self.store.pack()
        return outcome


def _words(text: str | None) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()] if text else []


def _first(digits: Any) -> Any:
    """The first images of a set, which say so."""
    count = min(TINY_IMAGES, len(digits))
    return replace(
        digits,
        images=digits.images[:count],
        labels=digits.labels[:count],
        source=f"the first {count} of {digits.source}",
        sha256=f"first {count} of {digits.sha256}",
    )


if __name__ == "__main__":
    sys.exit(main())
