"""Lanes: a run among others is the run alone, in order and in time; what goes wrong in one leaves the others alone."""

import json
import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from recorded_graph import RecordedGraph
from tiny_task import TinyTask
from torch import Tensor

from a2u.errors import A2UError
from a2u.training import Run, lanes, read_run
from a2u.training.campaign import Outcome
from a2u.training.captured import Captured
from a2u.training.device import device_words
from a2u.training.graph import NotCaptured
from a2u.training.kept import Kept, kept_in
from a2u.training.lane import Budget, many_streams
from a2u.training.lanes import in_lanes
from a2u.training.loop import Hook, Progress, Turns, finish, in_turns, update

STEPS = 4  # of an epoch of the tiny task


class Task(TinyTask):
    """The tiny task with a seed of its own, and something that happens when a loss is asked for."""

    def __init__(self, job: "Job") -> None:
        super().__init__(job.epochs)
        self.seed, self.job = job.seed, job

    def loss(self, batch: Tensor) -> Tensor:
        self.job.losses += 1
        return super().loss(batch) * self.job.goes_wrong()


@dataclass
class Job:
    """A run of the tiny task. Its random numbers (dropout) are drawn from torch's own generator."""

    folder: Path
    seed: int = 0
    epochs: int = 3  # trained; the config says 3 unless `whole` is another number
    whole: int = 3
    keep_every: int = 1
    steps: int = STEPS
    wrong_at: int = 0  # the how-manieth loss goes wrong
    error: Exception | float = math.nan
    graphs: bool = False  # several steps at once, as on a GPU
    losses: int = 0
    task: Task = field(init=False)
    made: list[RecordedGraph] = field(default_factory=list)

    def __str__(self) -> str:
        return self.folder.name

    @property
    def config(self) -> dict[str, Any]:
        return {"experiment": "tiny", "seed": self.seed, "epochs": self.whole}

    def kept(self) -> Kept:
        return kept_in(self.folder, "tiny", self.config)

    def done(self) -> int:
        return len(self.kept().history)

    def goes_wrong(self) -> float:
        if self.losses != self.wrong_at:
            return 1.0
        if isinstance(self.error, Exception):
            raise self.error
        return self.error

    def turns(self, on_progress: Hook, how: str) -> Turns:
        self.task = Task(self)

        def make(device: torch.device) -> RecordedGraph:
            self.made.append(RecordedGraph(device))
            return self.made[-1]

        if self.graphs:
            self.task.model[3].p = 0.0  # a replay would draw anew
        step: Any = Captured(torch.device("cpu"), graph=make) if self.graphs and how == "auto" else update
        with Run(self.folder, self.config, lanes=2) as run:
            every = 2 if self.graphs else 1
            return (yield from in_turns(self.task, run, on_progress, None, every, step, keep_every=self.keep_every))

    def train(self) -> Any:
        return finish(self.turns(lambda _: None, "auto"))


class Heard:
    """Everything that the lanes say."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, int, int]] = []
        self.outcomes: dict[str, Outcome] = {}
        self.notes: list[str] = []

    def on_progress(self, job: Any, progress: Progress) -> None:
        self.steps.append((str(job), progress.epoch, progress.step))

    def on_end(self, outcome: Outcome) -> None:
        assert str(outcome.job) not in self.outcomes, "a run ends once"
        self.outcomes[str(outcome.job)] = outcome

    def train(self, jobs: list[Job], count: int = 2, budget: Budget | None = None) -> "Heard":
        outcomes = in_lanes(jobs, count, self.on_progress, self.on_end, self.notes.append, budget=budget)  # type: ignore[arg-type]
        assert outcomes == [*self.outcomes.values()]
        return self

    @property
    def statuses(self) -> list[str]:
        return [outcome.status for outcome in self.outcomes.values()]


@pytest.fixture(autouse=True)
def short_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "TURN", 3)  # neither an epoch nor a part of one


def jobs_in(folder: Path, count: int = 3, **changes: Any) -> list[Job]:
    return [Job(folder / f"run {seed}", seed, **changes) for seed in range(count)]


def without_times(history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in record.items() if key != "seconds"} for record in history]


def assert_as_alone(job: Job, alone: Job) -> None:
    expected = alone.train()
    assert without_times(read_run(job.folder)[1]) == without_times(expected)
    assert job.task.bits() == alone.task.bits()


# --- a lane is the run alone ------------------------------------------------------------------------------------


@pytest.mark.parametrize("keep_every", [1, 2])
def test_a_run_among_others_is_the_run_alone_to_the_same_bits(tmp_path: Path, keep_every: int) -> None:
    found = Heard().train(jobs := jobs_in(tmp_path / "lanes", keep_every=keep_every))
    assert found.statuses == ["trained"] * 3
    for job, alone in zip(jobs, jobs_in(tmp_path / "alone", keep_every=keep_every), strict=True):
        assert_as_alone(job, alone)


def test_lanes_leave_the_callers_random_numbers_alone(tmp_path: Path) -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    Heard().train(jobs_in(tmp_path))
    assert torch.equal(torch.rand(2), expected)


def test_many_steps_in_one_graph_are_the_same_training(tmp_path: Path) -> None:
    jobs = jobs_in(tmp_path / "lanes", graphs=True)
    found = Heard().train(jobs)
    assert found.statuses == ["trained"] * 3
    for job, alone in zip(jobs, jobs_in(tmp_path / "alone", graphs=True), strict=True):
        (graph,) = job.made
        assert (graph.warmed, graph.recorded, graph.replayed) == (2, 1, 4)  # of 2 steps each, 12 in all
        assert_as_alone(job, alone)


def test_the_lanes_take_turns_in_order_and_the_next_run_begins_where_one_ends(tmp_path: Path) -> None:
    steps = Heard().train(jobs_in(tmp_path, 3, epochs=1, whole=1)).steps
    names = [name for name, _, _ in steps]
    # Three steps a turn, of which the last is heard of when the next turn reads its loss.
    assert names == ["run 0"] * 2 + ["run 1"] * 2 + ["run 0"] * 2 + ["run 1"] * 2 + ["run 2"] * 4


def test_what_is_complete_is_not_trained_again(tmp_path: Path) -> None:
    first = Heard().train(jobs_in(tmp_path)).outcomes
    again = Heard().train(jobs_in(tmp_path, 4))
    assert again.statuses == ["complete"] * 3 + ["trained"]
    assert [again.outcomes[name].history for name in first] == [each.history for each in first.values()]


def test_stopped_the_lanes_go_on_to_the_same_bits(tmp_path: Path) -> None:
    def stop(job: Any, progress: Progress) -> None:
        if (str(job), progress.epoch, progress.step) == ("run 1", 2, 3):
            raise KeyboardInterrupt

    heard = Heard()
    with pytest.raises(KeyboardInterrupt):
        in_lanes(jobs_in(tmp_path / "lanes"), 3, stop, heard.on_end, heard.notes.append)
    assert [job.done() for job in jobs_in(tmp_path / "lanes")] == [2, 1, 1]  # of 9, 7 and 6 steps
    jobs = jobs_in(tmp_path / "lanes")
    assert heard.train(jobs).statuses == ["trained"] * 3  # the folders were let go
    for job, alone in zip(jobs, jobs_in(tmp_path / "alone"), strict=True):
        assert_as_alone(job, alone)


# --- what goes wrong in one lane --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (math.nan, "The loss became nan in step 2 of epoch 2"),
        (A2UError("Nobody can do that."), "Nobody can do that."),
        (KeyError("a fault of the program"), "KeyError: 'a fault of the program'"),
    ],
)
def test_one_lane_fails_and_the_others_go_on(tmp_path: Path, error: Exception | float, says: str) -> None:
    jobs = jobs_in(tmp_path / "lanes")
    jobs[1].wrong_at, jobs[1].error = STEPS + 2, error
    found = Heard().train(jobs, 3)
    assert {name: each.status for name, each in found.outcomes.items()} == {
        "run 1": "failed",
        "run 0": "trained",
        "run 2": "trained",
    }
    assert found.outcomes["run 1"].message.startswith(says)
    assert jobs[1].done() == 1
    for index in (0, 2):
        assert_as_alone(jobs[index], Job(tmp_path / f"alone {index}", index))
    again = jobs_in(tmp_path / "lanes")
    assert Heard().train(again).statuses == ["complete", "complete", "trained"]
    assert_as_alone(again[1], Job(tmp_path / "alone 1", 1))


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory."), MemoryError("none left")])
def test_without_memory_a_run_is_put_back_and_fewer_run_at_once(tmp_path: Path, error: Exception) -> None:
    jobs = jobs_in(tmp_path / "lanes")
    jobs[0].wrong_at, jobs[0].error = STEPS + 1, error
    found = Heard().train(jobs)
    assert found.statuses == ["trained"] * 3
    (note,) = found.notes
    assert note.startswith("run 0: There is not enough memory")
    assert note.endswith("It is put back; from now on at most 1 at once.")
    names = [name for name, _, _ in found.steps]
    after = names[len(names) - names[::-1].index("run 1") :]
    assert after == ["run 0"] * 8 + ["run 2"] * 12  # run 0 from the epoch that it had kept
    assert_as_alone(jobs[0], Job(tmp_path / "alone", 0))


def test_without_memory_for_a_run_alone_it_is_told_once(tmp_path: Path) -> None:
    jobs = jobs_in(tmp_path, 1, wrong_at=2, error=torch.OutOfMemoryError("CUDA out of memory."))
    found = Heard().train(jobs)
    assert found.statuses == ["memory"]
    assert "CUDA out of memory." in found.outcomes["run 0"].message
    assert found.notes == []


def test_what_no_graph_can_hold_trains_eagerly_after_all_others_and_says_why(tmp_path: Path) -> None:
    jobs = jobs_in(tmp_path / "lanes", 4, graphs=True)
    jobs[1].wrong_at, jobs[1].error = 5, NotCaptured("It waits for the GPU.")
    found = Heard().train(jobs)
    assert found.statuses == ["trained"] * 4
    assert [*found.outcomes][-1] == "run 1"
    assert found.outcomes["run 1"].message == "It waits for the GPU."
    assert found.notes == ["run 1: It waits for the GPU. It is put back, and trains eagerly after all others."]
    first = next(i for i, each in enumerate(found.steps) if each == ("run 1", 2, 2) or each[0] == "run 3")
    assert first < max(i for i, each in enumerate(found.steps) if each[0] == "run 1")
    eager = Job(tmp_path / "alone", 1, graphs=True)
    expected = finish(eager.turns(lambda _: None, "eager"))
    assert without_times(found.outcomes["run 1"].history) == without_times(expected)


# --- time -------------------------------------------------------------------------------------------------------


class Clock:
    """Every step of any lane takes a second."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock, original = Clock(), TinyTask.loss

    def loss(self: TinyTask, batch: Tensor) -> Tensor:
        clock.now += 1
        return original(self, batch)

    monkeypatch.setattr(TinyTask, "loss", loss)
    return clock


def test_no_run_begins_that_cannot_end(tmp_path: Path, clock: Clock) -> None:
    """A run has 12 steps, and alone takes 12 s: two end in 30 s, and a third would need until 36."""
    found = Heard().train(jobs_in(tmp_path), 1, Budget(30, clock=clock))
    assert found.statuses == ["trained", "trained", "stopped"]
    message = found.outcomes["run 2"].message
    assert message == "It needs about 12 s more, but only 6 s are left; 0 of 3 epochs are kept."
    assert not (tmp_path / "run 2").exists()


def test_a_rate_that_was_measured_before_counts_from_the_first_run_on(tmp_path: Path, clock: Clock) -> None:
    found = Heard().train(jobs_in(tmp_path), 3, Budget(10, pace=1.0, clock=clock))
    assert found.statuses == ["stopped"] * 3
    assert found.steps == []


def test_a_shorter_rest_may_fit_where_a_whole_run_does_not(tmp_path: Path, clock: Clock) -> None:
    Job(tmp_path / "run 1", 1, epochs=2).train()
    found = Heard().train(jobs_in(tmp_path, 2), 1, Budget(6, pace=1.0, clock=clock))
    assert found.outcomes["run 0"].status == "stopped"
    assert found.outcomes["run 1"].status == "trained"


def test_when_time_is_over_all_lanes_end_and_keep_what_they_saved(tmp_path: Path, clock: Clock) -> None:
    jobs = jobs_in(tmp_path / "lanes", 3)
    found = Heard().train(jobs, 2, Budget(14, clock=clock))
    assert found.statuses == ["stopped"] * 3
    assert {name: each.message for name, each in found.outcomes.items()} == {
        "run 0": "The time ran out; 2 of 3 epochs are kept.",  # 9 of the 15 steps
        "run 1": "The time ran out; 1 of 3 epochs are kept.",
        "run 2": "The time ran out; 0 of 3 epochs are kept.",
    }
    again = jobs_in(tmp_path / "lanes", 3)
    assert Heard().train(again).statuses == ["trained"] * 3
    for job, alone in zip(again, jobs_in(tmp_path / "alone"), strict=True):
        assert_as_alone(job, alone)


# --- a GPU ------------------------------------------------------------------------------------------------------


def test_streams_get_queues_of_their_own_unless_someone_chose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_DEVICE_MAX_CONNECTIONS", raising=False)
    many_streams()
    assert os.environ["CUDA_DEVICE_MAX_CONNECTIONS"] == "32"
    monkeypatch.setenv("CUDA_DEVICE_MAX_CONNECTIONS", "16")
    many_streams()
    assert os.environ["CUDA_DEVICE_MAX_CONNECTIONS"] == "16"


def test_a_runs_folder_says_how_many_shared_the_machine(tmp_path: Path) -> None:
    Heard().train(jobs_in(tmp_path, 1))
    found = json.loads((tmp_path / "run 0" / "config.json").read_text())["environment"]
    assert device_words(found).endswith(", 2 runs at once")


def test_each_lane_has_the_number_of_threads_that_its_run_began_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.raises(A2UError):
        Job(tmp_path / "run 0", 0, wrong_at=STEPS + 1, error=A2UError("Stopped.")).train()
    torch.set_num_threads(2)
    seen: dict[int, set[int]] = {0: set(), 1: set()}
    original = Task.loss

    def loss(self: Task, batch: Tensor) -> Tensor:
        seen[self.seed].add(torch.get_num_threads())
        return original(self, batch)

    monkeypatch.setattr(Task, "loss", loss)
    try:
        Heard().train(jobs_in(tmp_path, 2))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert seen == {0: {1}, 1: {2}}
