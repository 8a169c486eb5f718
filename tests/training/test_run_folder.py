"""A run folder read from outside: its name, its config, and a folder that is no run."""

import os
from pathlib import Path

import pytest
from tiny_task import CONFIG, TinyTask

from a2u.errors import A2UError
from a2u.training import Run, fit, read_run
from a2u.training.run_folder import check_name


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


@pytest.mark.parametrize("name", ["", " ", ".", "..", "a/b", "../a", "/a", "a\\b", "a\0b", "n" * 201, "ü" * 101])
def test_what_is_no_name_of_a_run(name: str) -> None:
    with pytest.raises(A2UError, match="A run's name"):
        check_name(name)


@pytest.mark.parametrize("name", ["a", "a b", "..a", "matting-a2u-kernel_size=5", "n" * 200, os.fsdecode(b"\xff")])
def test_names_of_runs(tmp_path: Path, name: str) -> None:
    with Run(tmp_path / check_name(name), CONFIG) as run:
        fit(TinyTask(1), run)
    assert len(read_run(tmp_path / name)[1]) == 1
