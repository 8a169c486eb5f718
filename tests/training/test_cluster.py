"""Runs as jobs of a cluster, with submitit's local executor: trained, put back into the queue, failed and told."""

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cluster_work
import pytest
import torch
from cluster_work import plan

from a2u.errors import A2UError
from a2u.training import read_run
from a2u.training.campaign import Outcome
from a2u.training.cluster import PLACE, Cluster, on_cluster

HELPERS = Path(cluster_work.__file__).parent


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """A cluster whose jobs find the helpers of these tests."""
    pytest.importorskip("submitit", reason="needs submitit, the extra [cluster]")
    paths = [str(HELPERS), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    return Cluster("local", tmp_path / "runs" / PLACE, minutes=30)


def ignore(_: object) -> None: ...


def test_every_run_is_a_job(local: Cluster, tmp_path: Path) -> None:
    jobs = plan(tmp_path / "runs", 3, epochs=2)
    jobs[0].train(ignore)
    ended: list[str] = []
    outcomes = on_cluster(jobs, local, 2, lambda outcome: ended.append(str(outcome.job)), ignore, pause=0.05)
    assert [each.status for each in outcomes] == ["complete", "trained", "trained"]
    assert sorted(ended) == ["run 0", "run 1", "run 2"]
    for outcome in outcomes:
        assert [record["epoch"] for record in outcome.history] == [1, 2]
        assert read_run(outcome.job.folder)[1] == outcome.history
    assert len(list(local.folder.glob("*_result.pkl"))) == 2  # what was complete was not submitted


def test_a_job_whose_time_is_up_is_put_back_and_goes_on(local: Cluster, tmp_path: Path) -> None:
    """Its first process trains one epoch and is told to leave; the second trains the rest."""
    jobs = plan(tmp_path / "runs", 1, epochs=3, leave_after=1)
    (outcome,) = on_cluster(jobs, local, 1, ignore, ignore, pause=0.05)
    assert outcome.status == "trained"
    assert [record["epoch"] for record in outcome.history] == [1, 2, 3]
    processes = [record["process"] for record in outcome.history]
    assert processes[0] != processes[1] == processes[2]
    assert "Requeued job" in "".join(path.read_text() for path in local.folder.glob("*_log.out"))


def test_a_job_that_fails_or_dies_is_told_and_the_others_go_on(local: Cluster, tmp_path: Path) -> None:
    jobs = [
        *plan(tmp_path / "runs", 1, epochs=1),
        *plan(tmp_path / "refused", 1, epochs=1, refuse="The loss became nan."),
        *plan(tmp_path / "killed", 1, epochs=1, kill=True),
    ]
    outcomes = {
        str(each.job.folder.parent.name): each for each in on_cluster(jobs, local, 3, ignore, ignore, pause=0.05)
    }
    assert outcomes["runs"].status == "trained"
    assert (outcomes["refused"].status, outcomes["refused"].message) == ("failed", "The loss became nan.")
    killed = outcomes["killed"]
    assert killed.status == "failed"
    assert re.fullmatch(r"Its job \d+ ended without a result \(.*\); its log is .*_log\.err\.", killed.message)


class Handle:
    """A job of a cluster that is not there."""

    def __init__(self, executor: "Executor", call: tuple[Any, ...]) -> None:
        self.executor, self.call, self.looked, self.cancelled = executor, call, 0, False
        self.job_id = f"7_{len(executor.handles)}"

    def done(self) -> bool:
        self.looked += 1
        if self.executor.interrupt:
            raise KeyboardInterrupt
        return self.looked > 1

    def result(self) -> Outcome:
        return Outcome(self.call[0], "trained")

    def cancel(self) -> None:
        self.cancelled = True


class Executor:
    """Takes notice of what is submitted, in batches."""

    def __init__(self, interrupt: bool = False) -> None:
        self.handles: list[Handle] = []
        self.batches: list[int] = []
        self.interrupt, self.most = interrupt, 0

    def batch(self) -> "Executor":
        return self

    def __enter__(self) -> None:
        self.batches.append(0)

    def __exit__(self, *_: object) -> None:
        running = sum(handle.looked < 2 for handle in self.handles)
        self.most = max(self.most, running)

    def submit(self, _: object, *call: Any) -> Handle:
        self.batches[-1] += 1
        self.handles.append(Handle(self, call))
        return self.handles[-1]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Executor]:
    pytest.importorskip("submitit", reason="needs submitit, the extra [cluster]")

    def make(**options: bool) -> Executor:
        executor = Executor(**options)
        monkeypatch.setattr("a2u.training.cluster._executor", lambda *_: executor)
        return executor

    return make


def test_slurm_is_given_all_runs_as_one_array(fake: Callable[..., Executor], tmp_path: Path) -> None:
    executor, notes = fake(), []
    cluster = Cluster("slurm", tmp_path / PLACE, "gpu", gpus=1)
    outcomes = on_cluster(plan(tmp_path, 5), cluster, 2, ignore, notes.append, pause=0)
    assert len(outcomes) == 5
    assert executor.batches == [5]
    assert notes == [f"5 jobs were submitted; their logs are in {tmp_path / PLACE}."]
    assert {call[2] for call in (handle.call for handle in executor.handles)} == {None}  # threads are Slurm's matter


def test_on_this_machine_no_more_run_at_once_than_asked_for(fake: Callable[..., Executor], tmp_path: Path) -> None:
    executor = fake()
    outcomes = on_cluster(plan(tmp_path, 5), Cluster("local", tmp_path / PLACE), 2, ignore, ignore, pause=0)
    assert len(outcomes) == 5
    assert executor.most == 2
    assert {handle.call[2] for handle in executor.handles} == {max(1, torch.get_num_threads() // 2)}


def test_ctrl_c_leaves_jobs_to_the_cluster_and_ends_those_of_this_machine(
    fake: Callable[..., Executor], tmp_path: Path
) -> None:
    notes: list[str] = []
    for kind, cancelled in (("slurm", False), ("local", True)):
        executor = fake(interrupt=True)
        with pytest.raises(KeyboardInterrupt):
            on_cluster(plan(tmp_path, 2), Cluster(kind, tmp_path / PLACE), 2, ignore, notes.append, pause=0)
        assert [handle.cancelled for handle in executor.handles] == [cancelled] * 2
    assert notes[-1] == "The jobs go on in the cluster; `scancel 7_0 7_1` ends them."


def test_slurm_hears_what_was_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    submitit = pytest.importorskip("submitit", reason="needs submitit, the extra [cluster]")
    from a2u.training.cluster import REQUEUED, _executor

    for name in ("srun", "sbatch"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    executor = _executor(Cluster("slurm", tmp_path / PLACE, "gpu", 90, 1), 6)
    assert isinstance(executor, submitit.AutoExecutor)
    text = executor._executor._make_submission_file_text("run", "1")
    for line in ("--partition=gpu", "--time=90", "--gpus-per-node=1", "--job-name=a2u"):
        assert f"#SBATCH {line}\n" in text
    assert executor._executor.parameters["array_parallelism"] == 6
    assert executor._executor.max_num_timeout == REQUEUED


def test_without_slurm_the_message_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("submitit", reason="needs submitit, the extra [cluster]")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(A2UError, match=r"cannot submit to slurm .*where sbatch and srun are"):
        on_cluster(plan(tmp_path, 1), Cluster("slurm", tmp_path / PLACE), 1, ignore, ignore)


def test_without_submitit_the_message_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(A2UError, match=r"pip install 'a2u-upsampling\[cluster\]'"):
        on_cluster(plan(tmp_path, 1), Cluster("local", tmp_path / PLACE), 1, ignore, ignore)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "slrum"}, "no cluster 'slrum'.*Did you mean 'slurm'"),
        ({"kind": "local", "partition": "gpu"}, "A partition is a part of a Slurm cluster"),
        ({"kind": "slurm", "minutes": 0}, "minutes=0"),
        ({"kind": "slurm", "gpus": -1}, "gpus=-1"),
    ],
)
def test_a_cluster_that_cannot_be_is_refused(arguments: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(A2UError, match=message):
        Cluster(folder=tmp_path, **arguments)
