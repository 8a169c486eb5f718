"""One call of `one_gpu.py`: its parts, one after the other, each as far as the time goes."""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import one_gpu_matting as matting
from one_gpu_archive import FLOAT32
from one_gpu_parts import PRESET, Plan, choose_epochs, job, rate, smoke
from one_gpu_store import Store

from a2u.data import Digits
from a2u.errors import A2UError, near_match
from a2u.reconstruction.campaign import images
from a2u.reconstruction.presets import run_name, settings
from a2u.reconstruction.rows import ROWS
from a2u.training.campaign import Job, Outcome
from a2u.training.device import choose_device
from a2u.training.lane import JobInTurns
from a2u.training.lanes import Budget, in_lanes
from a2u.training.loop import Progress
from a2u.training.precision import check_precision
from a2u.training.run import environment

PARTS = ("smoke", "bench", "queue", "matting", "seeds", "float32")
SETS = ("mnist", "fashion")
MORE_SEEDS = ("indexnet-holistic", "indexnet-depthwise", "a2u")
IN_FLOAT32 = ("nearest", "a2u")
RESERVE = 5.0  # seconds for the last packing
TINY_ROWS, TINY_IMAGES = ("nearest", "max_unpool", "a2u"), 100


class Session:
    """One call: what was asked for, where it is kept, and how much time is left."""

    def __init__(self, asked: argparse.Namespace, began: float) -> None:
        self.asked, self.began, self.tiny = asked, began, asked.tiny
        self.only = _known(asked.only, PARTS, "part")
        rows = _known(asked.rows, [*ROWS], "row of Table 1") or (TINY_ROWS if self.tiny else tuple(ROWS))
        self.device = choose_device(asked.device or ("auto" if self.tiny else "cuda"))
        precision = asked.precision or ("tf32" if self.device.type == "cuda" else "float32")
        check_precision(precision, self.device)
        if asked.budget <= 0 or asked.lanes < 1:
            raise A2UError(f"--budget and --lanes must be positive, given {asked.budget:g} and {asked.lanes}.")
        if asked.data is None and not self.tiny:
            raise A2UError("--data must name the folder with the IDX files of MNIST and Fashion-MNIST.")
        lanes = min(asked.lanes, len(rows))
        self.plan = Plan(rows, (100, 80, 60, 40), None, 1000, 20, precision, lanes, 10)
        if self.tiny:
            self.plan = Plan(rows, (2, 1), 10, 4, 2, precision, lanes, 1)
        self.images = {name: images(name, asked.data, False) for name in SETS}
        if self.tiny:
            self.images = {name: (_first(train), _first(test)) for name, (train, test) in self.images.items()}
        self.store = Store(asked.out, asked.runs or Path("runs/one-gpu"), asked.before)
        self._begin(tiny=self.tiny, precision=precision, rows=list(rows))

    def _begin(self, **asked: Any) -> None:
        results = self.store.results
        for key, value in asked.items():
            if results.setdefault(key, value) != value:
                raise A2UError(f"{self.asked.out} was begun with {key} {results[key]}, but now {value} is asked for.")
        results["machine"] = environment(self.device)
        results["calls"].append({"arguments": sys.argv[1:], "budget": self.asked.budget})

    def left(self) -> float:
        """Seconds of the budget."""
        return float(self.asked.budget - RESERVE - (time.monotonic() - self.began))

    def say(self, text: str) -> None:
        """A line with the time."""
        print(f"[{time.monotonic() - self.began:6.1f} s] {text}", flush=True)

    def run(self) -> int:
        """All parts; the exit code."""
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
            print(f"There was no room for the folder of {name}: it is only in {self.store.runs}.")

    def _smoke(self) -> bool:
        found = self.store.read("smoke.json") or {}
        for row in self.plan.rows:
            if row not in found and self.left() > 0:
                found[row] = smoke(row, self.images["mnist"], self.device, self.plan)
                self.store.write("smoke.json", found)
                self.say(f"{row}: {found[row].get('error', 'captured')}, {found[row]['ms']} ms per step")
        return len(found) >= len(self.plan.rows)

    def _bench(self) -> bool:
        if self.store.read("bench.json") is None:
            from a2u.bench.gpu import LARGE, TINY, measure_gpu

            found = measure_gpu(self.device, TINY if self.tiny else LARGE, compiled=False, on_part=self.say)
            self.store.write("bench.json", found)
        return True

    def _queue(self) -> bool:
        results = self.store.results
        if "rate" not in results:
            with self.store.spending("rate"):
                able = [row for row in self.plan.rows if not self._refused(row)] or self.plan.rows
                results["rate"] = rate(able, self.images["mnist"], self.device, self.plan, min(60.0, self.left()))
            self.say(f"{results['rate']['steps_per_second']:.1f} steps per second in {results['rate']['lanes']} lanes")
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
        missing = matting.missing()
        if missing:
            raise A2UError(f"Matting is left out: {', '.join(missing)} is missing here.")
        results, precision = self.store.results, self.plan.precision
        if "iterations" not in results:
            chosen = (self.store.runs, self.device, precision, self.left())
            results["iterations"] = 2 if self.tiny else matting.choose_iterations(*chosen)
            self.store.save()
        jobs = matting.plan_matting(self.store.runs, results["iterations"], self.device, precision, self.tiny)
        return matting.train_matting(jobs, self._ended, self.left, self.store.pack_soon)

    def _jobs(self, rows: Sequence[str], sets: Sequence[str], seeds: Sequence[int], precision: str) -> list[JobInTurns]:
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

    def _train(self, jobs: Sequence[JobInTurns], pace: float | None = None) -> bool:
        """Train in lanes what fits into the time that is left; returns whether all of it is done."""

        def on_progress(_: Job, progress: Progress) -> None:
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

    def _ended(self, outcome: Outcome) -> None:
        """Record how a run ended, and pack it."""
        name, last = outcome.job.folder.name, outcome.history[-1] if outcome.history else {}
        scores = "".join(f", {key} {last[key]:.4g}" for key in ("psnr", "ssim", "sad") if key in last)
        self.say(f"{outcome.job}: {outcome.status}{scores} {outcome.message}".rstrip())
        ended = self.store.results.setdefault("ended", {})
        ended[name] = {"status": outcome.status, "message": outcome.message}
        self.store.pack()


def _known(text: str | None, known: Sequence[str], what: str) -> tuple[str, ...]:
    """The words between commas, each of which must be known."""
    words = [word.strip() for word in (text or "").split(",") if word.strip()]
    for word in words:
        if word not in known:
            raise A2UError(f"There is no {what} {word!r}. {near_match(word, list(known))}")
    return tuple(words)


def _first(digits: Digits) -> Digits:
    """The first images of a set, which say so."""
    count = min(TINY_IMAGES, len(digits))
    return replace(
        digits,
        images=digits.images[:count],
        labels=digits.labels[:count],
        source=f"the first {count} of {digits.source}",
        sha256=f"first {count} of {digits.sha256}",
    )
