"""Several runs at once in one process: each has a lane, and the lanes take turns.

A run alone leaves most of a GPU idle, and several processes on one GPU do not compute at the same time. So one process
trains them all. In its turn a lane starts one graph of many steps (`a2u.training.captured`) on a stream of its own and
does not wait for it; its next turn comes when that graph has ended. On a CPU a turn is `TURN` steps, taken one by one.

A lane computes what its run would compute alone, on a CPU to the same bits: each has its own random numbers, and they
share nothing but the images. If one lane fails, its outcome says so at the end, and the others go on:

- too little memory: the run is put back, and fewer run at once from then on;
- steps that no graph can hold: the run is taken up again when all others have ended, and trains eagerly;
- no time left: a run begins only if it can finish at the rate measured so far. One that does not keeps what it saved.
"""

import time
import traceback
from collections import deque
from collections.abc import Callable, Sequence

import torch

from a2u.errors import A2UError, memory_ran_out
from a2u.training.campaign import Job, OnEnd, OnProgress, Outcome, free_memory, too_little_memory
from a2u.training.graph import NotCaptured
from a2u.training.lane import Budget, JobInTurns, Lane, Place, Waiting, many_streams

__all__ = ["Budget", "in_lanes", "many_streams"]

TURN = 10  # steps of a turn on a CPU
_PAUSE = 0.0005  # seconds between two checks while all lanes are computing


def in_lanes(
    jobs: Sequence[JobInTurns],
    count: int,
    on_progress: OnProgress,
    on_end: OnEnd,
    on_note: Callable[[str], None],
    device: torch.device | str = "cpu",
    budget: Budget | None = None,
    later: Sequence[tuple[JobInTurns, str]] = (),
) -> list[Outcome]:
    """Train the jobs in this process, at most `count` at once; returns all outcomes.

    When this function returns or raises, no lane computes any more; their folders can be continued.

    Args:
        jobs: The runs; they begin in this order, each as soon as a place is free.
        count: How many at once.
        on_progress: Called after every step and every epoch of a run; on a GPU it is not called for every step.
        on_end: Called at the end of each run, complete or not.
        on_note: Called with a sentence for people when a run is put back.
        device: Where they compute.
        budget: How much time they have.
        later: More runs, whose steps are known not to fit into a graph, each with the reason.
    """
    lanes = _Lanes(count, on_progress, on_end, on_note, torch.device(device), budget or Budget())
    try:
        lanes.run(jobs, later)
    finally:
        lanes.close()
    return lanes.outcomes


class _Lanes:
    """The lanes, and the queue before them."""

    def __init__(
        self,
        count: int,
        on_progress: OnProgress,
        on_end: OnEnd,
        on_note: Callable[[str], None],
        device: torch.device,
        budget: Budget,
    ) -> None:
        self.on_progress, self.on_end, self.on_note, self.budget = on_progress, on_end, on_note, budget
        self.waiting: deque[Waiting] = deque()
        self.later: deque[Waiting] = deque()  # for when the queue is empty: they are slow, and keep Python busy
        self.lanes: deque[Lane] = deque()
        self.free = [Place(device) for _ in range(count)]
        self.limit = count
        self.turn = 1 if device.type == "cuda" else TURN
        self.taken: dict[str, tuple[float, float]] = {}  # by how they trained: seconds in a lane, steps
        self.outcomes: list[Outcome] = []

    def run(self, jobs: Sequence[JobInTurns], later: Sequence[tuple[JobInTurns, str]]) -> None:
        """Train until every job has ended."""
        self.waiting.extend(Waiting(job) for job in jobs)
        self.later.extend(Waiting(job, "eager", reason) for job, reason in later)
        while self.waiting or self.lanes or self.later:
            if not self.waiting and not self.lanes:
                self.waiting, self.later = self.later, deque()
            while self.waiting and len(self.lanes) < self.limit:
                self._begin(self.waiting.popleft())
            if self.budget.left() <= 0:
                self._stop()
            elif self.lanes:
                self._next()

    def close(self) -> None:
        """End all lanes where they are."""
        while self.lanes:
            self._leave(self.lanes[0])

    def _begin(self, run: Waiting) -> None:
        job = run.job
        kept = job.kept()
        if kept.complete:
            self._finish(Outcome(job, "complete", history=kept.history))
            return
        pace, left = self._pace(run.how), self.budget.left()
        needs = (job.epochs - len(kept.history)) * job.steps * pace if pace else 0.0
        if left <= 0 or needs > left:
            self._no_time(job, f"It needs about {needs:.0f} s more, but only {max(0, left):.0f} s are left")
            return
        self.lanes.append(Lane(run, self.free.pop(), self.on_progress, self.budget.clock()))
        if len(self.lanes) > 1:
            for each in self.lanes:
                each.crowded = True

    def _pace(self, how: str) -> float | None:
        """Seconds per step in a lane, while the others work beside it."""
        seconds, steps = self.taken.get(how, (0.0, 0.0))
        for lane in self.lanes:
            if lane.run.how == how:
                seconds, steps = seconds + self.budget.clock() - lane.began, steps + lane.steps
        return seconds / steps if steps else self.budget.pace

    def _next(self) -> None:
        """Give a turn to the first lane whose last turn has ended, and move it to the end of the queue."""
        for lane in self.lanes:
            if lane.place.idle():
                self.lanes.remove(lane)
                self.lanes.append(lane)
                outcome = self._take(lane)
                if outcome:
                    self._leave(lane)
                    self._end(lane, outcome)
                return
        time.sleep(_PAUSE)

    def _take(self, lane: Lane) -> "Outcome | NotCaptured | None":
        """Give this lane a turn; returns how its run ended, if it did."""
        job = lane.run.job
        try:
            lane.take(self.turn)
            return None
        except StopIteration as end:
            return Outcome(job, "trained", lane.run.note, end.value)
        except NotCaptured as error:
            return error.with_traceback(None)
        except A2UError as error:
            return Outcome(job, "failed", str(error))
        except Exception as error:  # a fault of one run must not cost the others what they have done
            if memory_ran_out(error):
                return Outcome(job, "memory", too_little_memory(error))
            self.on_note(traceback.format_exc())
            return Outcome(job, "failed", f"{type(error).__name__}: {' '.join(str(error).split())[:500]}")

    def _end(self, lane: Lane, outcome: Outcome | NotCaptured) -> None:
        job = lane.run.job
        if isinstance(outcome, NotCaptured):
            self.later.append(Waiting(job, "eager", str(outcome)))
            self.on_note(f"{job}: {outcome} It is put back, and trains eagerly after all others.")
        elif outcome.status == "memory" and lane.crowded:
            free_memory()
            self.limit = max(1, min(self.limit - 1, len(self.lanes)))
            self.waiting.appendleft(lane.run)
            self.on_note(f"{job}: {outcome.message} It is put back; from now on at most {self.limit} at once.")
        else:
            self._finish(outcome)

    def _leave(self, lane: Lane) -> None:
        """Close the lane; its place becomes free."""
        self.lanes.remove(lane)
        lane.close()
        seconds, steps = self.taken.get(lane.run.how, (0.0, 0.0))
        self.taken[lane.run.how] = seconds + self.budget.clock() - lane.began, steps + lane.steps
        self.free.append(lane.place)

    def _stop(self) -> None:
        """End everything: the time has run out."""
        for lane in [*self.lanes]:
            self._leave(lane)
            self._no_time(lane.run.job, "The time ran out")
        for run in (*self.waiting, *self.later):
            self._no_time(run.job, "The time ran out")
        self.waiting.clear()
        self.later.clear()

    def _no_time(self, job: Job, why: str) -> None:
        done = len(job.kept().history)
        self._finish(Outcome(job, "stopped", f"{why}; {done} of {job.epochs} epochs are kept."))

    def _finish(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        self.on_end(outcome)
