"""The runs of a campaign as jobs of a cluster, with submitit: one array job, or processes of this machine for a trial.

Each run is one job. When its time is up, or something more urgent needs its machine, Slurm warns it; submitit then puts
it back into the queue, and it continues after its last complete epoch, wherever it starts next. So a run may take
longer than one job is allowed to. Run folders and data must be where every machine of the cluster finds them.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from a2u.errors import A2UError, near_match
from a2u.training.campaign import Attempt, Job, OnEnd, Outcome, attempt

KINDS = ("slurm", "local")
PLACE = ".cluster"  # inside the folder of the runs: what submitit writes, such as the jobs' logs
REQUEUED = 1000  # how often a job may come back because its time was up


@dataclass(frozen=True)
class Cluster:
    """Where jobs run and what each may have.

    kind: "slurm", or "local" for processes of this machine, started as submitit starts a cluster's. folder: for the
    jobs' files. partition: of Slurm; None: its default. minutes: the time limit of a job. gpus: of one job; with 0 it
    sees none.
    """

    kind: str
    folder: Path
    partition: str | None = None
    minutes: int = 240
    gpus: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise A2UError(f"There is no cluster {self.kind!r}. {near_match(self.kind, KINDS)}")
        if self.minutes < 1 or self.gpus < 0:
            raise A2UError(
                f"A cluster job needs minutes ≥ 1 and gpus ≥ 0, given minutes={self.minutes}, gpus={self.gpus}."
            )
        if self.partition is not None and self.kind != "slurm":
            raise A2UError(f"A partition is a part of a Slurm cluster; the cluster {self.kind!r} has none.")


class Requeued:
    """What a cluster job does. When submitit asks it to stop, it asks to be queued again."""

    def __call__(self, job: Job, work: Attempt, threads: int | None) -> Outcome:
        """Train a run from where its folder is to its end."""
        if threads is not None:
            torch.set_num_threads(threads)
        return work(job, lambda job, progress: None)

    def checkpoint(self, *arguments: Any) -> Any:
        """The same call once more: the run's folder knows how far it is."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self, *arguments)


def on_cluster(
    jobs: Sequence[Job],
    cluster: Cluster,
    count: int,
    on_end: OnEnd,
    on_note: Callable[[str], None],
    work: Attempt = attempt,
    pause: float = 1.0,
) -> list[Outcome]:
    """Train the jobs on a cluster, at most `count` at once, and wait for all; returns all outcomes.

    Args:
        jobs: the runs; one that is complete is not submitted.
        cluster: where.
        count: how many at once.
        on_end: called with the outcome of each.
        on_note: called with a sentence for people when jobs were submitted, and when Ctrl-C leaves them to the cluster.
        work: what a job does.
        pause: seconds between two checks of the jobs.

    Raises:
        A2UError: submitit is not installed, or this machine cannot submit.
    """
    executor = _executor(cluster, count)
    outcomes: list[Outcome] = []

    def keep(outcome: Outcome) -> None:
        outcomes.append(outcome)
        on_end(outcome)

    waiting: deque[Job] = deque()
    for job in jobs:
        kept = job.kept()
        if kept.complete:
            keep(Outcome(job, "complete", history=kept.history))
        else:
            waiting.append(job)
    threads = None
    if cluster.kind == "local":
        threads = max(1, torch.get_num_threads() // min(count, len(waiting) or 1))
    running: list[tuple[Job, Any]] = []
    try:
        while waiting or running:
            calls = _next(waiting, len(waiting) if cluster.kind == "slurm" else count - len(running))
            if calls:
                running += _submit(executor, [(Requeued(), job, work, threads) for job in calls])
            if calls and cluster.kind == "slurm":
                on_note(f"{len(calls)} jobs were submitted; their logs are in {cluster.folder}.")
            ended = [each for each in running if each[1].done()]
            for each in ended:
                running.remove(each)
                keep(_outcome(*each))
            if not ended:
                time.sleep(pause)
    except KeyboardInterrupt:
        _leave([handle for _, handle in running], cluster.kind, on_note)
        raise
    return outcomes


def _next(waiting: deque[Job], most: int) -> list[Job]:
    """The runs to submit now. Slurm gets all of them, and limits how many run at once."""
    return [waiting.popleft() for _ in range(min(len(waiting), most))]


def _submit(executor: Any, calls: Sequence[tuple[Any, ...]]) -> list[tuple[Job, Any]]:
    """Each run with its job; on Slurm the jobs form one array job."""
    with executor.batch():
        return [(call[1], executor.submit(*call)) for call in calls]


def _outcome(job: Job, handle: Any) -> Outcome:
    """The outcome of a job; if the job ended without one, a failure that says where to read why."""
    from submitit.core.utils import UncompletedJobError

    try:
        outcome: Outcome = handle.result()
    except UncompletedJobError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        message = (
            f"Its job {handle.job_id} ended without a result ({lines[-1][:200]}); its log is {handle.paths.stderr}."
        )
        return Outcome(job, "failed", message)
    return outcome


def _leave(handles: Sequence[Any], kind: str, on_note: Callable[[str], None]) -> None:
    """Ctrl-C: jobs of a cluster go on, and a message says how to end them; processes of this machine end."""
    if kind == "slurm" and handles:
        names = " ".join(str(handle.job_id) for handle in handles)
        on_note(f"The jobs go on in the cluster; `scancel {names}` ends them.")
    elif kind == "local":
        for handle in handles:
            handle.cancel()


def _executor(cluster: Cluster, count: int) -> Any:
    try:
        import submitit
    except ImportError as error:
        raise A2UError(
            f"Sending runs to a cluster needs submitit, which cannot be imported ({error}): "
            "pip install 'a2u-upsampling[cluster]'."
        ) from error
    try:
        executor = submitit.AutoExecutor(cluster.folder, cluster.kind, **{f"{cluster.kind}_max_num_timeout": REQUEUED})
    except RuntimeError as error:
        raise A2UError(
            f"This machine cannot submit to {cluster.kind} ({error}). Run the command where sbatch and srun are, or "
            "try the cluster 'local'."
        ) from error
    executor.update_parameters(name="a2u", timeout_min=cluster.minutes, gpus_per_node=cluster.gpus)
    if cluster.kind == "slurm":
        executor.update_parameters(slurm_array_parallelism=count, slurm_partition=cluster.partition)
    return executor
