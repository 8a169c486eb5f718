"""`a2u train` and `a2u evaluate` as a user meets them: results, resuming, and one message for bad input."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest
import small_digits
import torch
from command import a2u

from a2u.reconstruction.experiment import Experiment, load_model

SMALL = ["--batch", "10", "--epochs", "2", "--preset", "quick"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return small_digits.write(tmp_path / "data", monkeypatch)


def records(run: Path) -> list[dict[str, Any]]:
    history = json.loads((run / "metrics.json").read_text())
    return [{key: value for key, value in record.items() if key != "seconds"} for record in history]


def test_train_and_evaluate_agree(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert a2u("train", "--row", "indexnet-holistic", "--data", folder, *SMALL, "--json").code == 0
    out, err = capsys.readouterr()
    result = json.loads(out)  # one line, nothing beside it
    assert result["row"] == "indexnet-holistic"
    assert (result["preset"], result["epochs"]) == ("quick", 2)
    assert "the full MNIST: 20 test images from" in result["source"]
    assert result["paper"]["psnr"] == 45.51
    assert "epoch 2/2: loss" in err

    assert a2u("evaluate", result["run"], "--data", folder, "--json").code == 0
    again = json.loads(capsys.readouterr().out)
    for key in ("psnr", "ssim", "rmse", "mae"):
        assert again[key] == pytest.approx(result[key], rel=1e-5)
    assert again["test_sha256"] == result["test_sha256"]

    assert a2u("evaluate", result["run"]).code == 0  # other data, and it says so
    assert "the embedded sample: 1,000 of MNIST's 10,000 test images" in capsys.readouterr().out

    model, config, history = load_model(result["run"])
    assert not model.training
    assert config["row"] == "indexnet-holistic"
    assert len(history) == 2


def test_ctrl_c_leaves_130_and_the_same_command_goes_on(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["train", "--row", "nearest", "--data", folder, *SMALL]
    assert a2u(*command, "--name", "whole").code == 0
    original, calls = Experiment.loss, 0

    def loss(self: Experiment, batch: torch.Tensor) -> torch.Tensor:
        nonlocal calls
        calls += 1
        if calls == 6:  # in the second epoch
            signal.raise_signal(signal.SIGINT)
        return original(self, batch)

    with monkeypatch.context() as patch:
        patch.setattr(Experiment, "loss", loss)
        capsys.readouterr()
        assert a2u(*command, "--name", "stopped").code == 130
    assert "stopped. runs/stopped keeps epoch 1 of 2; the same command goes on" in capsys.readouterr().err
    assert len(records(Path("runs/stopped"))) == 1
    assert a2u("evaluate", "runs/stopped", "--data", folder).code == 0

    assert a2u(*command, "--name", "stopped").code == 0
    assert records(Path("runs/stopped")) == records(Path("runs/whole"))
    capsys.readouterr()
    assert a2u(*command, "--name", "stopped").code == 0
    assert "was complete already" in capsys.readouterr().err


def test_another_seed_is_another_run(folder: Path) -> None:
    for seed in (0, 3):
        assert a2u("train", "--row", "nearest", "--data", folder, *SMALL, "--seed", seed).code == 0
    assert sorted(path.name for path in Path("runs").iterdir()) == ["nearest-mnist-quick", "nearest-mnist-quick-3"]
    assert records(Path("runs/nearest-mnist-quick")) != records(Path("runs/nearest-mnist-quick-3"))


def test_all_rows_make_one_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert a2u("train", "--row", "all", "--data", folder, "--batch", 20, "--epochs", 1, "--preset", "quick").code == 0
    out = capsys.readouterr().out
    assert out.count("Conv/2 – ") == 4
    assert out.count("MaxPool – ") == 5
    assert "Preset: quick, 1 epoch." in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "--row", "bilnear"], "Did you mean 'bilinear'"),
        (["train", "--set", "mnits"], "Did you mean 'mnist'"),
        (["train", "--data", "."], "holds no MNIST file"),
        (["train", "--data", "nowhere"], "does not exist"),
        (["train", "--epochs", "0"], "epochs must be at least 1"),
        (["train", "--device", "cuda"], "needs an NVIDIA GPU"),
        (["train", "--device", "tpu"], "There is no device 'tpu'"),
        (["train", "--row", "all", "--name", "x"], "cannot name them"),
        (["train", "--runs", "/sys/a2u-test"], "choose another folder"),
        (["evaluate", "nowhere"], "There is no nowhere. Give run folders"),
    ],
)
def test_bad_input_gets_one_line_and_exit_code_1(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert a2u(*arguments).code == 1
    out, err = capsys.readouterr()
    assert out == ""
    last = err.strip().splitlines()[-1]
    assert last.startswith("a2u: ")
    assert message in last
    assert list(tmp_path.iterdir()) == []  # nothing half-written


def test_a_changed_setting_is_told_and_the_run_stays(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert a2u("train", "--row", "nearest", "--data", folder, *SMALL).code == 0
    before = records(Path("runs/nearest-mnist-quick"))
    assert a2u("train", "--row", "nearest", "--data", folder, *SMALL, "--lr", "0.5").code == 1
    assert "lr is 0.02 there, 0.5 here" in capsys.readouterr().err
    assert records(Path("runs/nearest-mnist-quick")) == before


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_help_is_worth_reading(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert a2u(command, "--help").code == 0
    out = capsys.readouterr().out
    assert "Examples:" in out
    assert "--data" in out
