"""A run folder: whose files it takes, which threads it keeps, and what becomes of runs of older versions."""

import errno
import json
import logging
import os
import resource
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from processes import stopped
from project import HELPERS
from tiny_task import CONFIG, TinyTask

from a2u.errors import A2UError
from a2u.files import reading
from a2u.files.reading import Unreadable
from a2u.training import Run, fit, read_best, read_run
from a2u.training.kind import with_experiment
from a2u.training.run_folder import FILES, read_environment


def trained(folder: Path, epochs: int = 2) -> Path:
    with Run(folder, CONFIG) as run:
        fit(TinyTask(epochs), run, best="error")
    return folder


def edit(path: Path, change: Any) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


# --- whose files


@pytest.mark.parametrize("name", [name for name in FILES if name != "config.json"])
def test_a_folder_with_other_files_of_these_names_is_no_run(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(A2UError, match=rf"holds {name} and no config.json.*another `folder`"):
        Run(tmp_path, CONFIG)
    assert (tmp_path / name).read_text() == "mine"
    (tmp_path / name).unlink()
    Run(tmp_path, CONFIG).close()  # and the refusal released the folder


def test_a_run_in_a_folder_whose_name_is_no_text_is_read_and_continued(tmp_path: Path) -> None:
    folder = trained(tmp_path / os.fsdecode(b"r\xe9sultats"), 1)
    with Run(folder, CONFIG) as run:
        assert len(fit(TinyTask(2), run)) == 2


def test_leftovers_of_older_versions_go_and_other_files_stay(tmp_path: Path) -> None:
    trained(tmp_path, 1)
    for name in ("checkpoint.safetensors.unfinished", "notes.unfinished"):
        (tmp_path / name).write_text("half")
    Run(tmp_path, CONFIG).close()
    assert not (tmp_path / "checkpoint.safetensors.unfinished").exists()
    assert (tmp_path / "notes.unfinished").exists()


# --- one process, one config, one disk


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


# --- threads


def test_a_resumed_run_keeps_its_number_of_threads(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """On it depend the last bits of its sums."""
    trained(tmp_path, 1)
    torch.set_num_threads(2)
    with Run(tmp_path, CONFIG) as run:
        assert torch.get_num_threads() == 1
        fit(TinyTask(2), run)
    assert torch.get_num_threads() == 2
    assert caplog.text == ""
    torch.set_num_threads(1)
    whole, resumed = TinyTask(2), TinyTask(2)
    fit(whole)
    read_run(tmp_path, {"model": resumed.model, "optimizer": resumed.optimizer})
    assert resumed.bits() == whole.bits()


@pytest.mark.parametrize("recorded", [10_000, None, "2"])
def test_threads_that_cannot_be_kept_are_said_in_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, recorded: object
) -> None:
    trained(tmp_path, 1)
    edit(tmp_path / "config.json", lambda found: found["environment"].update(threads=recorded))
    with caplog.at_level(logging.WARNING), Run(tmp_path, CONFIG):
        assert torch.get_num_threads() == 1
    assert len(caplog.messages) == 1
    assert "goes on with 1: sums may round differently" in caplog.messages[0]
    assert "\n" not in caplog.messages[0]


def test_on_a_gpu_threads_do_not_matter(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Run(tmp_path, CONFIG, "cuda").close()
    torch.set_num_threads(2)
    with Run(tmp_path, CONFIG, "cuda"):
        assert torch.get_num_threads() == 2
    assert caplog.text == ""


# --- metrics.json


@pytest.mark.parametrize("found", ["older", "gone", "torn"])
def test_metrics_are_the_checkpoints_history_as_soon_as_a_run_resumes(tmp_path: Path, found: str) -> None:
    """Killed between the two files, metrics.json is an epoch behind."""
    trained(tmp_path)
    path = tmp_path / "metrics.json"
    good = path.read_bytes()
    {"older": lambda: path.write_text("[]\n"), "gone": path.unlink, "torn": lambda: path.write_bytes(good[:9])}[found]()
    with Run(tmp_path, CONFIG) as run:
        run.resume({})
    assert path.read_bytes() == good


# --- damage


@pytest.mark.parametrize(
    "config", ["", "{", "[]", "null", "3", '{"confih": {}}', '{"config": []}', '{"config": {}, "environment": 3}']
)
def test_a_config_of_any_shape(tmp_path: Path, config: str) -> None:
    trained(tmp_path, 1)
    (tmp_path / "config.json").write_text(config)
    for use in (
        lambda: Run(tmp_path, CONFIG),
        lambda: read_run(tmp_path),
        lambda: read_best(tmp_path, TinyTask().model),
        lambda: read_environment(tmp_path),
    ):
        with pytest.raises(A2UError, match=r"config\.json is damaged or of another kind"):
            use()


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.EMFILE])
def test_a_run_that_cannot_be_read_now_is_not_to_be_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    trained(tmp_path, 1)
    opened = os.open

    def fail(path: Any, *how: Any, **more: Any) -> int:
        if str(path).endswith((".json", ".safetensors")):
            raise OSError(number, os.strerror(number))
        return opened(path, *how, **more)

    with monkeypatch.context() as patch:
        patch.setattr(reading.os, "open", fail)
        for use in (lambda: read_run(tmp_path), lambda: Run(tmp_path, CONFIG)):
            with pytest.raises(Unreadable) as error:
                use()
            assert "elete" not in str(error.value)
            assert "damaged" not in str(error.value)
    assert len(read_run(tmp_path)[1]) == 1


# --- older versions


OLDER = HELPERS / "older_versions"


@pytest.mark.parametrize("form", sorted(path.name for path in OLDER.iterdir() if path.suffix == ".json"))
def test_configs_of_every_released_form_count_as_todays(form: str) -> None:
    """Settings that came later are what they were before anybody could choose."""
    document = json.loads((OLDER / form).read_text())
    found = with_experiment(document["config"])
    assert {**document["config"], **document["means"]} == found


def test_a_run_of_an_older_version_goes_on(tmp_path: Path) -> None:
    """Of the first: no experiment, fewer settings, no environment but what was there."""
    old = json.loads((OLDER / "table1-1.json").read_text())["config"]
    with Run(tmp_path, old) as run:
        fit(TinyTask(1), run)
    edit(tmp_path / "config.json", lambda found: found.update(config=old, environment={"threads": 1}))
    with Run(tmp_path, with_experiment(old)) as run:
        assert len(fit(TinyTask(2), run)) == 2
    assert read_run(tmp_path)[0]["head"] == "c1"
    with pytest.raises(A2UError, match="head is 'c1' there, 'linear' here"):
        Run(tmp_path, {**with_experiment(old), "head": "linear"})
    shutil.rmtree(tmp_path)
