"""Progress as a user sees it, on stderr: a bar on a terminal, and lines that stay.

Nothing here trains. `progress` and `progress_of_all` give hooks, which a command passes to the training:

    with progress(folder, epochs, steps, reached, shown) as hooks:
        train(experiment, run, hooks.on_step, hooks.on_epoch)
"""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.console import Console

from a2u.commands.options import as_options
from a2u.training.campaign import Job, OnEnd, OnProgress, Outcome
from a2u.training.loop import Hook, Progress
from a2u.training.run_folder import History

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

STDERR = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)


def say(text: str) -> None:
    """A line on stderr, above the bar."""
    STDERR.print(as_options(text))


class Bar:
    """A bar on a terminal; elsewhere nothing. Use `bar`, which also removes it."""

    def __init__(self, drawn: "RichProgress", total: int, done: int, unit: str) -> None:
        self._drawn = drawn
        self._task = drawn.add_task("", total=total, completed=done, unit=unit, words="")

    def show(self, done: int, title: str = "", words: str = "", total: int | None = None) -> None:
        """`title` stands before the bar, `words` behind it; total: if it has changed."""
        self._drawn.update(self._task, completed=done, description=title, words=words, total=total)


@contextmanager
def bar(total: int, unit: str, done: int = 0) -> Iterator[Bar]:
    """A bar of `total` steps, images or the like (`unit`); it disappears when the block ends, however it ends."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}", markup=False),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[words]}", markup=False),
    )
    with RichProgress(*columns, console=STDERR, transient=True, disable=not sys.stderr.isatty()) as drawn:
        yield Bar(drawn, total, done, unit)


class Hooks(NamedTuple):
    """For `a2u.training.fit`."""

    on_step: Hook
    on_epoch: Hook


@contextmanager
def progress(
    folder: Path,
    epochs: int,
    steps: int,
    reached: Callable[[dict[str, Any]], str],
    shown: Callable[[dict[str, Any]], str],
) -> Iterator[Hooks]:
    """Hooks that show the training of one run: a bar, and a line after each epoch.

    Ctrl-C in the block says how to go on, and leaves with 130.

    Args:
        folder: where the run is kept.
        epochs, steps: of the run, and of an epoch.
        reached: what an epoch's line says of its metrics, from its record.
        shown: what stands behind the bar of the last complete epoch, from its record.
    """
    done = 0
    with bar(epochs * steps, "steps") as drawn:

        def on_step(now: Progress) -> None:
            nonlocal done
            done = now.epoch - 1
            last = f", {shown(now.history[-1])}" if now.history else ""
            drawn.show(done * now.steps + now.step, f"epoch {now.epoch}/{epochs}", f"loss {now.loss:.4f}{last}")

        def on_epoch(now: Progress) -> None:
            nonlocal done
            done = now.epoch
            last = now.history[-1]
            say(f"epoch {done}/{epochs}: loss {last['loss']:.4f}, {reached(last)}, {last['seconds']:.0f} s")

        try:
            yield Hooks(on_step, on_epoch)
        except KeyboardInterrupt:
            kept = f"epoch {done} of {epochs}" if done else "the initial state"
            say(f"a2u: stopped. {folder} keeps {kept}; the same command goes on from there.")
            sys.exit(130)
    if not done:  # no step was taken
        say(f"{folder} was complete already.")


class HooksOfAll(NamedTuple):
    """For `a2u.training.parallel.train_all`."""

    on_progress: OnProgress
    on_end: OnEnd
    on_note: Callable[[str], None]


@contextmanager
def progress_of_all(planned: Sequence[Job], reached: Callable[[History], str]) -> Iterator[HooksOfAll]:
    """Hooks that show the training of many runs: one bar for all of them, and a line when one ends.

    Ctrl-C in the block says how to go on, and leaves with 130.

    Args:
        planned: the runs.
        reached: what a run's line says of its metrics, from its history.
    """
    meter = Meter(planned)
    outcomes: list[Outcome] = []
    with bar(meter.total, "steps", meter.initial) as drawn:

        def on_progress(job: Job, now: Progress) -> None:
            meter.step(job, now)
            words = f"{job.folder.name}: epoch {now.epoch}/{now.epochs}, loss {now.loss:.4f}"
            drawn.show(meter.done, f"{len(outcomes)} of {len(planned)} runs", words, meter.total)

        def on_end(outcome: Outcome) -> None:
            meter.end(outcome)
            outcomes.append(outcome)
            verdict = _verdict(outcome, reached)
            say(f"[{len(outcomes)}/{len(planned)}] {outcome.job}: {verdict}{_time_left(meter)}")

        try:
            yield HooksOfAll(on_progress, on_end, say)
        except KeyboardInterrupt:
            complete = sum(not outcome.failed for outcome in outcomes)
            say(
                f"a2u: stopped. {complete} of {len(planned)} runs are complete, and every other keeps its last "
                f"complete epoch; the same command goes on from there. --report-only writes the table as it is."
            )
            sys.exit(130)


def blame(failed: Sequence[Outcome], count: int) -> str:
    """One message for all that failed, of `count` runs."""
    reasons = " ".join(f"{outcome.job.folder}: {outcome.message}" for outcome in failed)
    return f"{len(failed)} of {count} runs are not complete. {reasons} The same command tries them again."


def _verdict(outcome: Outcome, reached: Callable[[History], str]) -> str:
    if outcome.failed:
        return f"FAILED. {outcome.message}"
    without = f" {outcome.message}" if outcome.message else ""
    seconds = sum(record["seconds"] for record in outcome.history)
    before = "complete already; " if outcome.status == "complete" else ""
    return f"{before}{reached(outcome.history)}, {seconds:,.0f} s.{without}"


class Meter:
    """How far a campaign is, in steps over all its runs, and how long the rest will take.

    total: steps of all runs that are not complete; done: those taken, before and now.
    """

    def __init__(self, jobs: Sequence[Job], clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._started = clock, clock()
        self._each: dict[Path, int] = {}
        self._done: dict[Path, int] = {}
        for job in jobs:
            kept = job.kept()
            if not kept.complete:
                self._each[job.folder] = job.steps * job.epochs
                self._done[job.folder] = job.steps * len(kept.history)
        self.total, self.initial = sum(self._each.values()), sum(self._done.values())

    @property
    def done(self) -> int:
        """Steps taken."""
        return sum(self._done.values())

    def step(self, job: Job, progress: Progress) -> None:
        """Count a step."""
        self._done[job.folder] = (progress.epoch - 1) * progress.steps + progress.step

    def end(self, outcome: Outcome) -> None:
        """Count the end of a run. The remaining steps of a run that failed will not be done."""
        folder = outcome.job.folder
        if folder in self._each and outcome.status != "memory":
            if outcome.failed:
                self.total -= self._each[folder] - self._done[folder]
            else:
                self._done[folder] = self._each[folder]

    def left(self) -> float | None:
        """Seconds until all is done, at the speed so far; None before the first step."""
        made = self.done - self.initial
        return (self._clock() - self._started) / made * (self.total - self.done) if made > 0 else None


def _time_left(meter: Meter) -> str:
    """ " About 2 h 05 min left.", rounded up to minutes."""
    seconds = meter.left()
    if not seconds:
        return ""
    hours, minutes = divmod(int(seconds // 60) + 1, 60)
    return f" About {f'{hours} h {minutes:02} min' if hours else f'{minutes} min'} left."
