"""Training: killed at any moment it resumes to the same bits; what cannot be trusted or written is told once."""

import errno
import json
import math
import os
import resource
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from processes import stopped
from tiny_task import CONFIG, TinyTask
from torch import nn

from a2u.errors import A2UError
from a2u.files.writing import write_whole
from a2u.training import Progress, Run, checkpoint, choose_device, fit, read_best, read_run
from a2u.training.device import derive_seed, permutation


def without_times(history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in record.items() if key != "seconds"} for record in history]


def parts_of(task: TinyTask) -> dict[str, Any]:
    return {"model": task.model, "optimizer": task.optimizer, "scheduler": task.scheduler}


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


def test_the_order_follows_from_seed_and_epoch_alone() -> None:
    assert torch.equal(permutation(50, 1, 2), permutation(50, 1, 2))
    assert sorted(permutation(50, 1, 2).tolist()) == list(range(50))
    assert not torch.equal(permutation(50, 1, 2), permutation(50, 1, 3))
    assert not torch.equal(permutation(50, 1, 2), permutation(50, 2, 2))
    assert derive_seed(0, "order", 1) == 1332101017241992705  # on every machine, in every version


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


def test_a_second_process_is_told_and_the_first_goes_on(tmp_path: Path) -> None:
    with stopped("tiny_task.py", tmp_path, "step") as process:
        with pytest.raises(A2UError, match=r"Another process is training in .*another `folder`"):
            Run(tmp_path, CONFIG)
        assert process.poll() is None
        process.stdout.close()
    Run(tmp_path, CONFIG).close()  # a dead process holds no lock


def test_a_different_config_is_told_key_by_key(tmp_path: Path) -> None:
    Run(tmp_path, {"lr": 0.1, "batch": 20, "seed": 0}).close()
    with pytest.raises(A2UError) as error:
        Run(tmp_path, {"lr": 0.2, "batch": 20, "momentum": 0.9})
    assert "lr is 0.1 there, 0.2 here" in str(error.value)
    assert "seed is 0 there, '(not set)' here" in str(error.value)
    assert "momentum is '(not set)' there, 0.9 here" in str(error.value)
    assert "batch" not in str(error.value)
    Run(tmp_path, {"lr": 0.1, "batch": 20, "seed": 0}).close()  # and the refusal released the folder


def test_a_config_survives_json(tmp_path: Path) -> None:
    config = {"milestones": (0.5, 0.7), "lr": 1e-3, "name": "A²U"}
    Run(tmp_path, config).close()
    Run(tmp_path, config).close()
    environment = json.loads((tmp_path / "config.json").read_text())["environment"]
    assert environment["torch"] == torch.__version__


# --- checkpoints ------------------------------------------------------------------------------------------------


def test_a_checkpoint_holds_every_optimizer_and_scheduler(tmp_path: Path) -> None:
    def make() -> dict[str, Any]:
        torch.manual_seed(0)
        model = nn.Linear(3, 2)
        optimizer = torch.optim.AdamW(model.parameters(), betas=(0.8, 0.9))
        return {
            "model": model,
            "optimizer": optimizer,
            "scheduler": torch.optim.lr_scheduler.MultiStepLR(optimizer, [1, 3]),
        }

    def step(parts: dict[str, Any]) -> None:
        parts["optimizer"].zero_grad()
        parts["model"](torch.ones(1, 3)).sum().backward()
        parts["optimizer"].step()
        parts["scheduler"].step()

    parts, again = make(), make()
    step(parts)
    checkpoint.save(tmp_path / "c.safetensors", parts, {"epoch": 1})
    assert checkpoint.load(tmp_path / "c.safetensors", again) == {"epoch": 1}
    assert again["optimizer"].param_groups[0]["betas"] == (0.8, 0.9)
    for _ in range(3):
        step(parts)
        step(again)
    assert torch.equal(parts["model"].weight, again["model"].weight)
    assert parts["scheduler"].get_last_lr() == again["scheduler"].get_last_lr()


def test_any_changed_byte_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    checkpoint.save(path, {"model": nn.Linear(3, 2)}, {"history": []})
    good = path.read_bytes()
    fresh = nn.Linear(3, 2)
    before = fresh.weight.clone()
    for at in (len(good) - 1, len(good) // 2, 20, 0):
        path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        with pytest.raises(A2UError, match=rf"{path.name} (is damaged|is not)"):
            checkpoint.load(path, {"model": fresh})
    for cut in (len(good) - 1, 100, 0):
        path.write_bytes(good[:cut])
        with pytest.raises(A2UError, match=r"is damaged, or not a safetensors file.*Delete it"):
            checkpoint.load(path, {"model": fresh})
    assert torch.equal(fresh.weight, before)
    with pytest.raises(A2UError, match="There is no checkpoint"):
        checkpoint.load(tmp_path / "other", {})


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_nan_is_refused_on_the_way_in_and_out(tmp_path: Path, bad: float, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "c.safetensors"
    model = nn.Linear(3, 2)
    checkpoint.save(path, {"model": model}, {})
    good = path.read_bytes()
    with torch.no_grad():
        model.bias[1] = bad
    with pytest.raises(A2UError, match=r"not written.*a NaN or an infinity in model/bias"):
        checkpoint.save(path, {"model": model}, {})
    assert path.read_bytes() == good
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "refuse_nan", lambda *_: None)
        checkpoint.save(path, {"model": model}, {})
    with pytest.raises(A2UError, match=rf"{path.name} holds a NaN or an infinity in model/bias"):
        checkpoint.load(path, {"model": nn.Linear(3, 2)})


def test_a_checkpoint_of_another_model_is_told(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    checkpoint.save(path, {"model": nn.Linear(3, 2)}, {})
    with pytest.raises(A2UError, match=r"belongs to a different model.*weight"):
        checkpoint.load(path, {"model": nn.Linear(4, 2)})
    with pytest.raises(A2UError, match="no state for optimizer; it has model"):
        checkpoint.load(path, {"optimizer": torch.optim.SGD(nn.Linear(1, 1).parameters(), 1.0)})


def test_a_checkpoint_takes_no_objects(tmp_path: Path) -> None:
    class Strange:
        def state_dict(self) -> dict[str, Any]:
            return {"thing": object()}

        def load_state_dict(self, state_dict: dict[str, Any], /) -> None: ...

    with pytest.raises(A2UError, match="strange/thing is a object"):
        checkpoint.save(tmp_path / "c", {"strange": Strange()}, {})
    assert list(tmp_path.iterdir()) == []


def test_momentum_gets_its_layout_back(tmp_path: Path) -> None:
    task, again = TinyTask(epochs=1), TinyTask(epochs=1)
    with Run(tmp_path, CONFIG) as run:
        fit(task, run)
    read_run(tmp_path, parts_of(again))
    for before, after in zip(task.optimizer.state.values(), again.optimizer.state.values(), strict=True):
        assert before["momentum_buffer"].stride() == after["momentum_buffer"].stride()


# --- folders and disks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(errno.ENOSPC, "disk is full"), (errno.EROFS, "read-only"), (errno.EACCES, "may not write there")],
)
def test_a_failing_disk_gives_one_message_and_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, remedy: str
) -> None:
    path = tmp_path / "file"
    write_whole(path, b"old")

    def fail(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(A2UError, match=rf"file cannot be written \(.*{remedy}"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_fills_up_in_the_middle_of_a_checkpoint(tmp_path: Path) -> None:
    """For real: the system refuses the bytes beyond a limit."""
    with Run(tmp_path, CONFIG) as run:
        fit(TinyTask(epochs=1), run)
        before = run.checkpoint.read_bytes()
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
        try:
            with pytest.raises(A2UError, match=r"checkpoint.safetensors cannot be written"):
                fit(TinyTask(epochs=2), run)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert run.checkpoint.read_bytes() == before
    assert not list(tmp_path.glob("*.unfinished"))
    assert len(read_run(tmp_path)[1]) == 1


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(A2UError, match=r"cannot be written.*is a file, not a folder"):
        Run(tmp_path / "file" / "run", CONFIG)


def test_a_read_only_folder() -> None:
    """No one, root included, may make a folder in /sys; where there is none, the root folder is read-only."""
    with pytest.raises(A2UError, match=r"cannot be written.*choose another folder"):
        Run("/sys/a2u-test", CONFIG)


def test_what_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(A2UError, match=r"is not a run: it has no config.json"):
        read_run(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(A2UError, match=r"config.json is damaged or of another kind"):
        read_run(tmp_path)


def test_a_config_edited_behind_the_checkpoints_back_is_told(tmp_path: Path) -> None:
    with Run(tmp_path, CONFIG) as run:
        fit(TinyTask(epochs=1), run)
    path = tmp_path / "config.json"
    path.write_text(path.read_text().replace('"lr": 0.1', '"lr": 0.3'))
    with pytest.raises(A2UError, match=r"is not its checkpoint's: lr is 0.1 there, 0.3 here"):
        read_run(tmp_path)


# --- devices ----------------------------------------------------------------------------------------------------


def test_auto_is_whatever_there_is() -> None:
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert choose_device("cpu") == torch.device("cpu")


def test_a_gpu_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(A2UError, match=r"needs an NVIDIA GPU.*`device='cpu'`"):
        choose_device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert choose_device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(A2UError, match=r"this machine has 2 GPU"):
        choose_device("cuda:2")


@pytest.mark.parametrize("name", ["gpu", "cudda", "cpu:0", "cuda:x", "cuda:-1", ""])
def test_an_unknown_device(name: str) -> None:
    with pytest.raises(A2UError, match="There is no device"):
        choose_device(name)
