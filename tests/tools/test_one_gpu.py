"""tools/one_gpu.py: its trial writes every file that it promises; killed or moved to another machine it goes on."""

import json
import signal
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from processes import stopped
from project import ROOT
from recorded_graph import RecordedGraph

from a2u.data import load
from a2u.errors import A2UError
from a2u.files.writing import UNFINISHED
from a2u.reconstruction import load_model
from a2u.reconstruction.experiment import Experiment
from a2u.training import read_run
from a2u.training.captured import Captured

sys.path.insert(0, str(ROOT / "tools"))

import one_gpu
import one_gpu_parts as parts
import one_gpu_session
import one_gpu_store
from one_gpu_archive import halved
from one_gpu_store import Store

BUDGET = 1e6  # no test of the trial is about time
PLAN = parts.Plan(("nearest",), (2, 1), 10, 4, 2, "float32", 3, 1)
CPU = torch.device("cpu")


def arguments(folder: Path, only: str = "smoke,queue", rows: str = "nearest", *more: object) -> list[str]:
    words = ["--tiny", "--device", "cpu", "--out", folder / "out", "--runs", folder / "runs", "--budget", BUDGET]
    return [str(word) for word in (*words, "--only", only, "--rows", rows, *more)]


def results(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "out" / "results.json").read_text())


def scores(folder: Path) -> dict[str, Any]:
    """What the runs reached, without what depends on the clock."""
    return {
        name: {"psnr": run["last"]["psnr"], "loss": run["last"]["loss"], "curve": run["curve"]}
        for name, run in results(folder)["runs"].items()
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a trial that was never stopped."""
    folder = tmp_path_factory.mktemp("whole")
    torch.set_num_threads(1)
    assert one_gpu.main(arguments(folder)) == 0
    return folder


# --- what it writes ---------------------------------------------------------------------------------------------


def test_the_trial_writes_every_file_that_the_script_promises(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert one_gpu.main(arguments(tmp_path, one_gpu.PARTS, "nearest,a2u")) == 0
    out = capsys.readouterr().out
    names = {path.name: path.stat().st_size for path in (tmp_path / "out").iterdir()}
    assert {"results.json", "smoke.json", "bench.json", "runs-1.zip"} <= set(names)
    assert len(names) <= one_gpu_store.FILES
    assert max(names.values()) <= one_gpu_store.LARGEST
    found = results(tmp_path)
    for part in (*one_gpu.PARTS.split(","), "rate"):
        assert found["spent"][part] >= 0
        assert f"{part} " in out
    assert found["notes"] == []
    assert found["epochs"] == 2
    assert found["rate"]["steps_per_second"] > 0
    expected = [f"{row}-{set}-paper" for set in ("mnist", "fashion") for row in ("nearest", "a2u")]
    assert {*expected, "a2u-mnist-paper-1", "a2u-mnist-paper-2", "matting-nearest-narrow"} == set(found["runs"])
    assert {name for packed in found["archives"].values() for name in packed} == set(found["runs"])
    assert found["runs"]["matting-nearest-narrow"]["test"]["sad"] > 0
    assert {
        row: each["captured"] for row, each in json.loads((tmp_path / "out" / "smoke.json").read_text()).items()
    } == {
        "nearest": False,
        "a2u": False,
    }


def test_the_session_and_the_command_line_name_the_same_parts() -> None:
    assert ",".join(one_gpu_session.PARTS) == one_gpu.PARTS


def test_archives_hold_runs_that_a2u_reads(whole: Path, tmp_path: Path) -> None:
    for archive in (whole / "out").glob("*.zip"):
        zipfile.ZipFile(archive).extractall(tmp_path)
    for name, half in (("nearest-mnist-paper", False), ("nearest-fashion-paper", True)):
        model, config, history = load_model(tmp_path / name)
        kept, _, _ = load_model(whole / "runs" / name)
        assert len(history) == config["epochs"] == 2
        for (key, value), other in zip(model.state_dict().items(), kept.state_dict().values(), strict=True):
            if half:
                torch.testing.assert_close(value, other, rtol=1e-3, atol=1e-4, msg=key)
            else:
                assert torch.equal(value, other)
    small, large = (
        (folder / "nearest-fashion-paper" / "checkpoint.safetensors").stat().st_size
        for folder in (tmp_path, whole / "runs")
    )
    assert small < 0.6 * large


# --- going on ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["training", "packing"])
def test_killed_it_goes_on_to_the_same_results(whole: Path, tmp_path: Path, moment: str) -> None:
    words = arguments(tmp_path)
    with stopped("one_gpu_work.py", moment, *words) as process:
        process.kill()
        assert process.wait() == -signal.SIGKILL
    assert all(zipfile.is_zipfile(path) for path in (tmp_path / "out").glob("*.zip"))
    before = results(tmp_path)
    assert "nearest-mnist-paper" in before["runs"] or moment == "packing"
    assert one_gpu.main(words) == 0
    assert scores(tmp_path) == scores(whole)
    assert results(tmp_path)["rate"] == before["rate"]  # measured once
    assert len(results(tmp_path)["calls"]) == 2
    assert not list((tmp_path / "out").glob(f"*{UNFINISHED}"))


def test_on_a_fresh_machine_it_goes_on_from_what_came_back(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Experiment, "loss", lambda *_: pytest.fail("trained again"))
    assert one_gpu.main(arguments(tmp_path, "smoke,queue", "nearest", "--before", whole / "out")) == 0
    assert scores(tmp_path) == scores(whole)
    assert {each["status"] for each in results(tmp_path)["ended"].values()} == {"complete"}
    assert not list((tmp_path / "out").glob("*.zip")), "what came from there need not go back"


def test_a_run_that_was_not_complete_goes_on_there(whole: Path, tmp_path: Path) -> None:
    """Half of the queue came back: one run after its first epoch, the other not begun."""
    store = Store(tmp_path / "came back", tmp_path / "elsewhere")
    store.results |= {key: results(whole)[key] for key in ("rate", "epochs", "tiny", "precision", "rows")}
    images = [one_gpu_session._first(load("mnist", split)) for split in ("train", "test")]
    asked = parts.settings("nearest", preset="paper", epochs=2, batch=10)
    job = parts.job(asked, store.runs / "nearest-mnist-paper", (images[0], images[1]), CPU, PLAN)
    turns = job.turns(lambda _: None, "auto")
    while len(job.kept().history) < 1:
        next(turns)
    turns.close()
    store.pack()
    torch.set_num_threads(1)
    words = arguments(tmp_path, "smoke,queue", "nearest", "--before", tmp_path / "came back")
    assert one_gpu.main(words) == 0
    assert scores(tmp_path) == scores(whole)
    assert [path.name for path in sorted((tmp_path / "out").glob("*.zip"))] == ["runs-2.zip"]


def test_a_file_outside_its_folder_is_not_unpacked(tmp_path: Path) -> None:
    (tmp_path / "before").mkdir()
    for bad in ("../evil/config.json", "run/../../config.json", "/run/config.json", "run/a/b"):
        with zipfile.ZipFile(tmp_path / "before" / "runs-1.zip", "w") as archive:
            archive.writestr(bad, "x")
        with pytest.raises(A2UError, match="is not a file of a run"):
            Store(tmp_path / "out", tmp_path / "runs", tmp_path / "before")
        assert not (tmp_path / "evil").exists()


def test_another_question_is_not_answered_with_the_results_of_the_first(
    whole: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert one_gpu.main(arguments(whole, "queue", "nearest,a2u")) == 1
    assert "was begun with rows ['nearest'], but now ['nearest', 'a2u'] is asked for" in capsys.readouterr().err


# --- time and room ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("left", "expected"), [(1e9, 100), (311, 100), (310, 80), (200, 60), (125, 40)])
def test_the_longest_training_that_fits_is_chosen(left: float, expected: int) -> None:
    """Nine rows of 600 steps at 2,000 a second: 2.7 s an epoch, and 15 % for what is not a step."""
    assert parts.choose_epochs((100, 80, 60, 40), 9, 600, 2000.0, left) == expected


def test_a_budget_too_small_for_the_shortest_training_is_one_clear_line() -> None:
    with pytest.raises(
        A2UError, match=r"too small: 9 rows of 40 epochs need about 124 s at 2000 steps .* 100 s are left"
    ):
        parts.choose_epochs((100, 40), 9, 600, 2000.0, 100.0)


def test_without_time_nothing_begins_and_the_exit_code_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = arguments(tmp_path)
    words[words.index("--budget") + 1] = "1"
    assert one_gpu.main(words) == 3
    assert "smoke: no time is left for it." in capsys.readouterr().out
    assert results(tmp_path)["runs"] == {}


def test_archives_stay_below_their_limit_and_what_has_no_room_is_told(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    largest = max(path.stat().st_size for path in (whole / "runs").rglob("*.safetensors")) + 50_000
    monkeypatch.setattr(one_gpu_store, "LARGEST", largest)
    monkeypatch.setattr(one_gpu_store, "FILES", one_gpu_store.JSONS + 1)
    store = Store(tmp_path, whole / "runs")
    store.pack()
    assert store.results["archives"] == {"runs-1.zip": ["nearest-mnist-paper"]}
    assert store.results["left_out"] == ["nearest-fashion-paper"]
    assert (tmp_path / "runs-1.zip").stat().st_size <= largest


def test_only_archives_that_change_are_written_again(whole: Path, tmp_path: Path) -> None:
    store = Store(tmp_path, whole / "runs")
    store.pack()
    (tmp_path / "runs-1.zip").unlink()
    store.pack()
    assert not (tmp_path / "runs-1.zip").exists()


def test_half_the_weights_are_a_checkpoint_that_proves_itself(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    source = whole / "runs" / "nearest-mnist-paper"
    (folder / "config.json").write_bytes((source / "config.json").read_bytes())
    (folder / "checkpoint.safetensors").write_bytes(halved(source / "checkpoint.safetensors"))
    assert read_run(folder) == read_run(source)


# --- the smoke test ---------------------------------------------------------------------------------------------


def small() -> tuple[Any, Any]:
    return one_gpu_session._first(load("mnist", "train")), one_gpu_session._first(load("mnist", "test"))


def test_a_row_whose_replays_are_the_eager_steps_is_captured() -> None:
    found = parts.smoke("nearest", small(), CPU, PLAN, Captured(CPU, graph=RecordedGraph))
    assert found["captured"]
    assert found["difference"] < 1e-5
    assert found["ms"] > 0


def test_a_row_whose_replays_are_not_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Wrong(RecordedGraph):
        def replay(self) -> None:
            """Leaves everything as it is."""

    found = parts.smoke("nearest", small(), CPU, PLAN, Captured(CPU, graph=Wrong))
    assert not found["captured"]
    assert found["error"].startswith("Replayed steps are not the eager ones: mean losses")


def test_a_row_that_cannot_be_recorded_is_refused_with_its_error(monkeypatch: pytest.MonkeyPatch) -> None:
    original = Experiment.loss

    def loss(self: Experiment, batch: torch.Tensor) -> torch.Tensor:
        value = original(self, batch)
        return value * (1.0 if value.item() else 0.0)  # waits for the GPU

    monkeypatch.setattr(Experiment, "loss", loss)
    found = parts.smoke("nearest", small(), CPU, PLAN, Captured(CPU, graph=RecordedGraph))
    assert not found["captured"]
    assert "not permitted when stream is capturing" in found["error"]


# --- bad input --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--data", "nowhere", "--device", "cpu"], "nowhere"),
        (["--device", "cpu"], "--data must name the folder with the IDX files"),
        (["--device", "cuda", "--data", "nowhere"], "needs an NVIDIA GPU"),
        (["--tiny", "--device", "cpu", "--precision", "tf32"], "TF32 is arithmetic of NVIDIA GPUs"),
        (["--tiny", "--device", "cpu", "--only", "smoke,quue"], "Did you mean 'queue'"),
        (["--tiny", "--device", "cpu", "--rows", "a2v"], "Did you mean 'a2u'"),
        (["--tiny", "--device", "cpu", "--lanes", "0"], "--budget and --lanes must be positive"),
        (["--tiny", "--device", "cpu", "--before", "nowhere"], "--before must name a folder"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_trained(
    words: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert one_gpu.main(["--out", "out", "--budget", "60", *words]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.strip().splitlines()
    assert line.startswith("one_gpu: ")
    assert message in line
    assert not (tmp_path / "out" / "results.json").exists()


def test_a_card_without_tf32_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(one_gpu_session, "choose_device", lambda _: torch.device("cuda"))
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (7, 5))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "Tesla T4")
    assert one_gpu.main(["--tiny", "--out", str(tmp_path), "--budget", "60"]) == 1
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "TF32 needs a GPU of compute capability 8.0 or more, but Tesla T4 has less" in line


def test_missing_packages_are_named_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(one_gpu, "find_spec", lambda name: None if name in ("filelock", "safetensors") else name)
    assert one_gpu.main(arguments(tmp_path)) == 1
    assert "These packages are missing here: safetensors, filelock." in capsys.readouterr().err


def test_without_mattings_packages_only_matting_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("one_gpu_matting.find_spec", lambda name: None if name == "cv2" else name)
    assert one_gpu.main(arguments(tmp_path, "matting,smoke")) == 1
    assert (tmp_path / "out" / "smoke.json").exists()
    assert "Matting is left out: cv2 is missing here." in capsys.readouterr().err
