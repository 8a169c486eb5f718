"""What epochs are compared on: which images, how large ones are computed, and what the result says of them."""

from pathlib import Path

import pytest
from matting_folders import distinctions
from tiny_matting import build, small

from a2u.commands import matting_train as command
from a2u.errors import A2UError
from a2u.matting import experiment
from a2u.matting.experiment import prepare
from a2u.matting.settings import settings, settings_of


def test_large_images_are_computed_in_tiles_with_the_same_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    task = build()
    whole = task.evaluate()
    asked, predict_large = [], experiment.predict_large

    def in_tiles(*given):
        asked.append(given)
        return predict_large(*given, tile=16)

    monkeypatch.setattr(experiment, "WHOLE", 100)
    monkeypatch.setattr(experiment, "predict_large", in_tiles)
    monkeypatch.setattr(task.model, "predict", None)
    assert task.evaluate() == pytest.approx(whole, rel=1e-3)
    assert len(asked) == len(task.validation)


def test_the_result_says_how_many_images_it_is_of() -> None:
    every, two = build(), build(small(validation=2))
    assert (every.measured, every.measured_on) == (3, "discs")
    assert (two.measured, two.measured_on) == (2, "the first 2 of 3 images of: discs")
    result = command.as_result(two, [{"epoch": 1, "sad": 1.0, "mse": 0.1, "seconds": 0.0}], Path("run"))
    assert result["validation_data"] == two.measured_on


def test_backgrounds_are_part_of_a_result_where_they_are_given(tmp_path: Path) -> None:
    distinctions(tmp_path / "set")
    (tmp_path / "set" / "bg").rename(tmp_path / "photographs")
    changes = {"epochs": 1, "iterations": 1}
    without = settings("nearest", "quick", tmp_path / "set", **changes)
    with pytest.raises(A2UError, match=r"no backgrounds to train over.*`backgrounds`"):
        prepare(without)
    given = settings("nearest", "quick", tmp_path / "set", backgrounds=str(tmp_path / "photographs"), **changes)
    task = prepare(given, "cpu")
    assert str(tmp_path / "photographs") in task.train.describe
    assert task.config["backgrounds"] == str(tmp_path / "photographs")
    assert settings_of(task.config) == given
    assert given.command().endswith("--data DIR --backgrounds PICTURES")
    with pytest.raises(A2UError, match="synthetic set has its own backgrounds"):
        settings("nearest", "quick", backgrounds="photographs")


def test_runs_without_backgrounds_keep_their_configuration() -> None:
    chosen = settings("nearest", "quick")
    assert "backgrounds" not in chosen.as_config()
    assert settings_of(chosen.as_config()) == chosen


def test_the_precision_follows_from_the_device_unless_it_is_given() -> None:
    assert command.choose_precision("auto", "cuda") == "bf16"
    assert command.choose_precision("auto", "cpu") == "float32"
    assert command.choose_precision("tf32", "cuda") == "tf32"
