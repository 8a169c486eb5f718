"""Training as its user sees it, on stderr: a bar for a run and a line an epoch, or one bar for many runs."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from a2u.training.campaign import Job, Meter, Outcome, Tell, one_by_one
from a2u.training.loop import Hook, Progress
from a2u.training.parallel import side_by_side
from a2u.training.run import History


def say(text: str) -> None:
    """A line on stderr, above the progress bar."""
    from tqdm import tqdm

    tqdm.write(text, file=sys.stderr)


def train_one(
    train: Callable[[Hook, Hook], History],
    folder: Path,
    epochs: int,
    steps: int,
    reached: Callable[[dict[str, Any]], str],
    shown: Callable[[dict[str, Any]], dict[str, str]],
) -> History:
    """Train one run under a bar; Ctrl-C says how to go on, and leaves with 130.

    Args:
        train: what trains, given the hooks for steps and epochs.
        folder: where the run is kept.
        epochs, steps: of the run, and of an epoch.
        reached: what an epoch's line says of its metrics, from its record.
        shown: what stands beside the bar of the last complete epoch.
    """
    from tqdm import tqdm

    done = 0
    with tqdm(total=epochs * steps, unit="step", leave=False, disable=None) as bar:

        def on_step(progress: Progress) -> None:
            nonlocal done
            done = progress.epoch - 1
            bar.n = done * progress.steps + progress.step
            last = shown(progress.history[-1]) if progress.history else {}
            bar.set_description(f"epoch {progress.epoch}/{progress.epochs}", refresh=False)
            bar.set_postfix({"loss": f"{progress.loss:.4f}", **last})

        def on_epoch(progress: Progress) -> None:
            nonlocal done
            done = progress.epoch
            last = progress.history[-1]
            say(f"epoch {done}/{epochs}: loss {last['loss']:.4f}, {reached(last)}, {last['seconds']:.0f} s")

        try:
            history = train(on_step, on_epoch)
        except KeyboardInterrupt:
            bar.close()
            kept = f"epoch {done} of {epochs}" if done else "the initial state"
            say(f"a2u: stopped. {folder} keeps {kept}; the same command goes on from there.")
            sys.exit(130)
    if not done:  # no step was taken
        say(f"{folder} was complete already.")
    return history


Train = Callable[[Sequence[Any], Tell, Callable[[Outcome], None]], None]


def processes(jobs: int) -> Train:
    """How to train: one run after the other in this process, or `jobs` at once, each in a process of its own."""
    if jobs == 1:
        return one_by_one
    return lambda planned, tell, ended: side_by_side(planned, jobs, tell, ended, say)


def train_all(planned: Sequence[Job], train: Train, reached: Callable[[History], str]) -> list[Outcome]:
    """Train under one bar for all runs; returns those that failed. Ctrl-C says how to go on, and leaves with 130.

    Args:
        planned: the runs, in this order.
        train: trains them, one after the other or several at once.
        reached: what a run's last line says of its metrics, from its history.
    """
    from tqdm import tqdm

    meter = Meter(planned)
    outcomes: list[Outcome] = []
    layout: dict[str, Any] = {
        "total": meter.total,
        "initial": meter.initial,
        "unit": "step",
        "leave": False,
        "disable": None,
    }
    with tqdm(**layout) as bar:

        def tell(job: Job, progress: Progress) -> None:
            meter.step(job, progress)
            bar.total, bar.n = meter.total, meter.done
            bar.set_description(f"{len(outcomes)} of {len(planned)} runs", refresh=False)
            now = f"{job.folder.name}: epoch {progress.epoch}/{progress.epochs}, loss {progress.loss:.4f}"
            bar.set_postfix_str(now)

        def ended(outcome: Outcome) -> None:
            meter.end(outcome)
            outcomes.append(outcome)
            verdict = _verdict(outcome, reached)
            say(f"[{len(outcomes)}/{len(planned)}] {outcome.job}: {verdict}{_time_left(meter)}")

        try:
            train(planned, tell, ended)
        except KeyboardInterrupt:
            bar.close()
            complete = sum(not outcome.failed for outcome in outcomes)
            say(
                f"a2u: stopped. {complete} of {len(planned)} runs are complete, and every other keeps its last "
                f"complete epoch; the same command goes on from there. --report-only writes the table as it is."
            )
            sys.exit(130)
    return [outcome for outcome in outcomes if outcome.failed]


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


def _time_left(meter: Meter) -> str:
    """ " About 2 h 05 min left.", rounded up to minutes."""
    seconds = meter.left()
    if not seconds:
        return ""
    hours, minutes = divmod(int(seconds // 60) + 1, 60)
    return f" About {f'{hours} h {minutes:02} min' if hours else f'{minutes} min'} left."
