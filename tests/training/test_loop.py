"""The loop: it learns, reports and measures; killed at any moment it resumes to the same bits."""

import json
import math
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from processes import stopped
from tiny_task import CONFIG, TinyTask

from a2u.errors import A2UError
from a2u.training import Progress, Run, fit, read_best, read_run


def without_times(history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in record.items() if key != "seconds"} for record in history]


# --- the loop ---------------------------------------------------------------------------------------------------


def test_the_loop_learns_and_reports() -> None:
    task = TinyTask(epochs=3)
    steps: list[tuple[int, int]] = []
    epochs: list[int] = []

    def on_step(progress: Progress) -> None:
        steps.append((progress.epoch, progress.step))
        assert (progress.epochs, progress.steps) == (3, 4)
        assert len(progress.history) == progress.epoch - 1

    history = fit(task, on_step=on_step, on_epoch=lambda p: epochs.append(len(p.history)))
    assert steps == [(epoch, step) for epoch in (1, 2, 3) for step in (1, 2, 3, 4)]
    assert epochs == [1, 2, 3]
    assert [record["epoch"] for record in history] == [1, 2, 3]
    assert [record["lr"] for record in history] == [0.1, 0.05, 0.025]
    assert history[-1]["loss"] < history[0]["loss"]
    assert set(history[0]) == {"epoch", "lr", "loss", "error", "seconds"}


def test_report_every_thins_the_steps_but_keeps_the_last() -> None:
    steps: list[int] = []
    fit(TinyTask(epochs=1), on_step=lambda p: steps.append(p.step), report_every=3)
    assert steps == [3, 4]


def test_the_reported_loss_is_the_mean_so_far() -> None:
    task, losses, reported = TinyTask(epochs=1), [], []
    original = task.loss

    def loss(batch: torch.Tensor) -> torch.Tensor:
        value = original(batch)
        losses.append(float(value.detach()))
        return value

    task.loss = loss  # type: ignore[method-assign]
    fit(task, on_step=lambda p: reported.append(p.loss))
    assert reported == pytest.approx([sum(losses[: i + 1]) / (i + 1) for i in range(4)])


@pytest.mark.parametrize(("every", "measured"), [(1, [1, 2, 3, 4, 5]), (2, [2, 4, 5]), (10, [5])])
def test_keep_every_measures_and_saves_less_often_and_at_the_end(
    tmp_path: Path, every: int, measured: list[int]
) -> None:
    saved: list[int] = []
    with Run(tmp_path, CONFIG) as run:
        history = fit(
            task := TinyTask(5), run, on_epoch=lambda p: saved.append(len(read_run(tmp_path)[1])), keep_every=every
        )
    assert saved == measured == [record["epoch"] for record in history if "error" in record]
    assert [record["epoch"] for record in history] == [1, 2, 3, 4, 5]
    assert all({"loss", "lr", "seconds"} <= set(record) for record in history)
    every_epoch = TinyTask(5)
    fit(every_epoch)
    assert task.bits() == every_epoch.bits()


def test_with_keep_every_a_stopped_run_goes_on_from_what_it_kept(tmp_path: Path) -> None:
    def stop(progress: Progress) -> None:
        if progress.epoch == 4:
            raise KeyboardInterrupt

    with Run(tmp_path, CONFIG) as run, pytest.raises(KeyboardInterrupt):
        fit(TinyTask(5), run, stop, keep_every=2)
    assert len(read_run(tmp_path)[1]) == 2
    resumed, never_stopped = TinyTask(5), TinyTask(5)
    with Run(tmp_path, CONFIG) as run:
        history = fit(resumed, run, keep_every=2)
    assert without_times(history) == without_times(fit(never_stopped, keep_every=2))
    assert resumed.bits() == never_stopped.bits()


def test_the_last_epoch_that_was_kept_is_told(tmp_path: Path) -> None:
    task = TinyTask(5)
    original, calls = task.loss, 0

    def loss(batch: torch.Tensor) -> torch.Tensor:
        nonlocal calls
        calls += 1
        return original(batch) * (math.nan if calls == 14 else 1)

    task.loss = loss  # type: ignore[method-assign]
    with Run(tmp_path, CONFIG) as run, pytest.raises(A2UError, match=r"in step 2 of epoch 4.*epoch 2 is the last that"):
        fit(task, run, keep_every=2)


def test_with_keep_every_the_best_of_the_measured_epochs_is_kept(tmp_path: Path) -> None:
    errors = iter([3.0, 1.0, 2.0])
    task = TinyTask(5)
    task.evaluate = lambda: {"error": next(errors)}  # type: ignore[method-assign]
    with Run(tmp_path, CONFIG) as run:
        fit(task, run, best="error", keep_every=2)
    assert read_best(tmp_path, TinyTask().model)["epoch"] == 4


def test_training_leaves_the_callers_random_numbers_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    fit(TinyTask(epochs=1))
    assert torch.equal(torch.rand(2), expected)


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_last_good_epoch(tmp_path: Path) -> None:
    task = TinyTask()
    original, calls = task.loss, 0

    def loss(batch: torch.Tensor) -> torch.Tensor:
        nonlocal calls
        calls += 1
        return original(batch) * (math.nan if calls == 6 else 1)

    task.loss = loss  # type: ignore[method-assign]
    with Run(tmp_path, CONFIG) as run, pytest.raises(A2UError, match=r"nan in step 2 of epoch 2.*smaller learning"):
        fit(task, run)
    _, history = read_run(tmp_path)
    assert len(history) == 1


# --- stopping and going on --------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["step", "writing", "written"])
def test_killed_it_resumes_to_the_same_bits(tmp_path: Path, moment: str) -> None:
    never_stopped = TinyTask()
    expected = fit(never_stopped)

    with stopped("tiny_task.py", tmp_path, moment) as process:
        process.kill()
        assert process.wait() == -signal.SIGKILL
    assert len(read_run(tmp_path)[1]) == (2 if moment == "written" else 1)

    resumed = TinyTask()
    with Run(tmp_path, CONFIG) as run:
        history = fit(resumed, run)
    assert without_times(history) == without_times(expected)
    assert resumed.bits() == never_stopped.bits()
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith(".")) == [
        "checkpoint.safetensors",
        "config.json",
        "metrics.json",
    ]
    assert without_times(json.loads((tmp_path / "metrics.json").read_text())) == without_times(expected)


def test_ctrl_c_leaves_a_run_that_goes_on(tmp_path: Path) -> None:
    def on_step(progress: Progress) -> None:
        if (progress.epoch, progress.step) == (3, 2):
            signal.raise_signal(signal.SIGINT)

    with Run(tmp_path, CONFIG) as run, pytest.raises(KeyboardInterrupt):
        fit(TinyTask(), run, on_step)
    assert len(read_run(tmp_path)[1]) == 2
    resumed, never_stopped = TinyTask(), TinyTask()
    with Run(tmp_path, CONFIG) as run:
        fit(resumed, run)
    fit(never_stopped)
    assert resumed.bits() == never_stopped.bits()


def test_stopped_in_the_first_epoch_it_is_a_run_all_the_same(tmp_path: Path) -> None:
    def on_step(_: Progress) -> None:
        raise KeyboardInterrupt

    with Run(tmp_path, CONFIG) as run, pytest.raises(KeyboardInterrupt):
        fit(TinyTask(), run, on_step)
    model = TinyTask().model
    assert read_run(tmp_path, {"model": model}) == (CONFIG, [])


def test_a_complete_run_is_not_trained_again(tmp_path: Path) -> None:
    with Run(tmp_path, CONFIG) as run:
        first = fit(TinyTask(), run)
    with Run(tmp_path, CONFIG) as run:
        assert fit(TinyTask(), run, on_step=lambda _: pytest.fail("trained again")) == first
