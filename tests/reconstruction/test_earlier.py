"""Rows of Table 1 that were measured before: they stand in the table, marked, once their run folders are gone."""

import copy
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import table1_work
from command import a2u
from project import ROOT

from a2u.commands.reports import table_1_text
from a2u.errors import A2UError
from a2u.files.outputs import Outputs
from a2u.reconstruction import ROWS, campaign
from a2u.reconstruction.earlier import MARK, config_of_run, fill, is_run_of, read_earlier
from a2u.reconstruction.experiment import Experiment
from a2u.reconstruction.presets import run_name, settings
from a2u.reconstruction.report import collect
from a2u.reconstruction.report_text import to_markdown

STORED = ROOT / "figures" / "table1.json"


def measured(row: str = "nearest", set: str = "mnist", preset: str = "medium", seed: int = 0, **other: Any) -> Any:
    """A run as a report has it."""
    epochs = settings(row, set, preset, seed).epochs
    return {
        "row": row,
        "set": set,
        "seed": seed,
        "run": run_name(row, set, preset, seed),
        "status": "measured",
        **{"psnr": 25.0, "ssim": 0.9, "rmse": 0.05, "mae": 0.02},
        "curve": [20.0] * (epochs - 1) + [25.0],
        "preset": preset,
        "epochs": epochs,
        "changes": {},
        "data": "full",
        "train_sha256": f"train of {set}",
        "test_sha256": f"test of {set}",
        "device": "CPU, 1 threads",
        "torch": "2.15.0",
        "seconds": 100.0,
        "command": "a2u train",
        **other,
    }


def missing(row: str = "nearest", set: str = "mnist", seed: int = 0) -> Any:
    return {"row": row, "set": set, "seed": seed, "run": run_name(row, set, "medium", seed), "status": "not run"}


def write(path: Path, *runs: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"runs": list(runs)}))
    return path


# --- reading ----------------------------------------------------------------------------------------------------


def test_the_report_of_this_repository_is_read() -> None:
    """It may be of any version: settings and train_sha256 were not always in it."""
    found = read_earlier(STORED)
    assert {(run["row"], run["set"]) for run in found} <= {(row, set) for row in ROWS for set in ("mnist", "fashion")}
    assert found
    assert all(run[MARK] is True for run in found)
    run = found[0]
    asked = settings(run["row"], run["set"], run["preset"], run["seed"])
    assert config_of_run(run)["lr"] == asked.lr


DAMAGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no runs": lambda report: report.pop("runs"),
    "runs are text": lambda report: report.update(runs="many"),
    "a run is a number": lambda report: report.update(runs=[1]),
    "no row": lambda report: report["runs"][0].pop("row"),
    "another row": lambda report: report["runs"][0].update(row="lanczos"),
    "another preset": lambda report: report["runs"][0].update(preset="endless"),
    "a NaN": lambda report: report["runs"][0].update(psnr=float("nan")),
    "text for a number": lambda report: report["runs"][0].update(ssim="high"),
    "a curve that ends elsewhere": lambda report: report["runs"][0].update(psnr=47.6),
    "a short curve": lambda report: report["runs"][0]["curve"].pop(),
    "a curve whose end was not measured": lambda report: report["runs"][0]["curve"].__setitem__(-1, None),
    "no curve": lambda report: report["runs"][0].update(curve=[]),
    "other epochs": lambda report: report["runs"][0].update(epochs=1, curve=[25.0]),
    "another run's name": lambda report: report["runs"][0].update(run="a2u-mnist-medium"),
    "no data": lambda report: report["runs"][0].update(data=None),
    "changes are a list": lambda report: report["runs"][0].update(changes=[1]),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_what_is_no_report_is_one_message(name: str, tmp_path: Path) -> None:
    report = {"runs": [measured()]}
    path = tmp_path / "table1.json"
    path.write_text(json.dumps(report))
    assert len(read_earlier(path)) == 1
    DAMAGES[name](report)
    path.write_text(json.dumps(report))
    with pytest.raises(A2UError, match=r"table1.json is (not a report of Table 1, or is )?damaged.*Give a table1"):
        read_earlier(path)


@pytest.mark.parametrize("content", ["", "{", "[]", "3", "\xff"])
def test_a_file_that_is_not_json_is_one_message(content: str, tmp_path: Path) -> None:
    path = tmp_path / "table1.json"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(A2UError, match=r"table1.json .*Give a table1.json that `a2u table1` wrote"):
        read_earlier(path)


def test_a_run_that_was_not_measured_is_no_row(tmp_path: Path) -> None:
    assert read_earlier(write(tmp_path / "table1.json", missing())) == []


# --- which fit --------------------------------------------------------------------------------------------------


def test_a_run_folder_comes_before_an_earlier_report() -> None:
    here = measured(psnr=26.0, curve=[20.0] * 9 + [26.0])
    assert fill([here], [measured()], "medium") == ([here], [])


def test_an_earlier_run_fills_a_hole() -> None:
    run = measured("a2u")
    assert fill([measured(), missing("a2u")], [run], "medium") == ([measured(), run], [])


@pytest.mark.parametrize(
    "odd",
    [
        {"changes": {"momentum": 0.5}},
        {"changes": {"precision": "tf32"}},
        {"data": "sample"},
        {"test_sha256": "other digits"},
        {"settings": {"lr": 0.5}},  # the preset was another one then
    ],
)
def test_other_settings_or_data_are_left_out(odd: dict[str, Any]) -> None:
    details = [measured(), missing("a2u")]
    assert fill(details, [measured("a2u", **odd)], "medium") == (details, ["a2u-mnist-medium"])
    good = measured("a2u", device="another")
    assert fill(details, [measured("a2u", **odd), good], "medium") == ([details[0], good], [])


def test_another_preset_or_seed_fills_nothing() -> None:
    details = [missing()]
    assert fill(details, [measured(preset="reduced"), measured(seed=1)], "medium") == (details, [])


def test_without_any_run_folder_the_earlier_runs_agree_among_themselves() -> None:
    tf32 = {"changes": {"precision": "tf32"}}
    runs = [measured("nearest", **tf32), measured("bilinear"), measured("a2u", **tf32)]
    filled, refused = fill([missing("nearest"), missing("bilinear"), missing("a2u")], runs, "medium")
    assert [each["status"] for each in filled] == ["measured", "not run", "measured"]
    assert refused == ["bilinear-mnist-medium"]


def test_a_run_is_the_one_that_was_asked_for_in_every_key() -> None:
    run = measured()
    config = {**config_of_run(run), "milestones": (0.5, 0.7, 0.85)}  # as code has it, before JSON
    assert is_run_of(run, config)
    for key in config:
        assert not is_run_of(run, {**config, key: "another"}), key
    assert not is_run_of(run, {**config, "precision": "tf32"})
    del run["train_sha256"]  # as older reports
    assert is_run_of(run, config)


# --- the report -------------------------------------------------------------------------------------------------


def test_a_part_of_medium_says_what_it_is_and_what_is_missing(tmp_path: Path) -> None:
    runs = [measured(row, seed=seed) for row in ROWS if row != "carafe" for seed in ((0, 1) if row == "a2u" else (0,))]
    path = write(tmp_path / "table1-medium.json", *runs, measured("a2u", "fashion", "reduced"))
    found = collect(tmp_path / "runs", "medium", [0], read_earlier(path))
    label = "medium preset: 10 of the paper's 100 epochs over 60,000 training images per set, CPU"
    assert (found["label"], found["full"], found["complete"], found["seeds"]) == (label, False, False, [0, 1])
    assert [(each["set"], each["row"]) for each in found["missing"]] == [
        ("mnist", "carafe"),
        *(("fashion", row) for row in ROWS),
    ]
    text, words = to_markdown(found), table_1_text(found)
    for each in (text, words):
        assert label[1:] in each
        assert "MNIST: CARAFE; Fashion-MNIST: all rows." in each
        assert "9 of 9 runs come from an earlier report" in each
    assert text.count(" (measured before) | `a2u train` | 10 | full") == 9
    assert "batch 20, learning rate 0.02, momentum 0.9; the paper: batch 100, learning rate 0.01, momentum 0." in text


def test_seeds_have_their_differences_in_the_report(tmp_path: Path) -> None:
    def run(row: str, seed: int, psnr: float) -> Any:
        return measured(row, seed=seed, psnr=psnr, curve=[20.0] * 9 + [psnr])

    runs = [
        run("a2u", 0, 39.0),
        run("a2u", 1, 39.3),
        run("indexnet-depthwise", 0, 38.5),
        run("indexnet-depthwise", 1, 38.9),
    ]
    found = collect(tmp_path, "medium", [0], read_earlier(write(tmp_path / "table1.json", *runs)))
    row = "| MNIST | A²U − IndexNet, depth-wise | 2 | +0.45 | 0.05 | 0.07 | 0: +0.50, 1: +0.40 |"
    assert row in to_markdown(found)
    claim = next(each for each in found["claims"] if "depth-wise" in each["claim"] and each["set"] == "mnist")
    assert json.loads(json.dumps(claim)) == claim  # keys are text
    assert (claim["verdict"], claim["over_seeds"]["decision"]) == ("holds", "cannot be told")
    assert "cannot be told: A²U − IndexNet, depth-wise: +0.45 ± 0.05 dB (n = 2) is within" in to_markdown(found)


def test_full_length_on_a_gpu_names_the_gpu_and_its_arithmetic(tmp_path: Path) -> None:
    runs = [measured(row, preset="paper", device="NVIDIA H100", changes={"precision": "tf32"}) for row in ROWS]
    found = collect(tmp_path, "paper", [0], read_earlier(write(tmp_path / "table1.json", *runs)))
    label = "the paper's schedule: 100 epochs over 60,000 training images per set, NVIDIA H100 (tf32)"
    assert (found["label"], found["full"]) == (label, True)
    assert "a shortened run" not in to_markdown(found)
    shorter = [copy.deepcopy(run) for run in runs]
    for run in shorter:
        run.update(epochs=80, curve=[25.0] * 80, changes={"precision": "tf32", "epochs": 80})
    found = collect(tmp_path, "paper", [0], read_earlier(write(tmp_path / "table1.json", *shorter)))
    assert found["label"].startswith("paper preset: 80 of the paper's 100 epochs over 60,000")
    assert not found["full"]


# --- the command ------------------------------------------------------------------------------------------------


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("a2u.reconstruction.pictures.pictures", lambda *_: {})
    campaign.images.cache_clear()
    yield table1_work.write_digits(tmp_path / "data", monkeypatch)
    campaign.images.cache_clear()


def part(data: Path, rows: str, *more: object) -> tuple[object, ...]:
    return ("--rows", rows, "--sets", "mnist", "--preset", "quick", "--data", data, *more)


def marks() -> dict[str, bool]:
    runs = json.loads(Path("figures/table1.json").read_text())["runs"]
    return {run["row"]: run.get(MARK, False) for run in runs if run["status"] == "measured"}


def test_a_row_outlives_its_run_folder(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert a2u("table1", *part(data, "nearest")).code == 0
    first = json.loads(Path("figures/table1.json").read_text())
    assert marks() == {"nearest": False}
    shutil.rmtree("runs")

    assert a2u("table1", *part(data, "bilinear")).code == 0  # the next sitting: the report that stands keeps the row
    assert marks() == {"nearest": True, "bilinear": False}
    shutil.copy("figures/table1.json", "kept.json")
    shutil.rmtree("runs")

    monkeypatch.setattr(Experiment, "loss", lambda *_: pytest.fail("trained again"))
    capsys.readouterr()
    assert a2u("table1", *part(data, "nearest,bilinear", "--keep", "kept.json", "--out", "new")).code == 0
    out, err = capsys.readouterr()
    assert err.count("measured before, so it is not trained again") == 2
    assert "2 of 2 runs come from an earlier report" in out
    cells = [
        next(cell for cell in report["table"] if cell["row"] == "nearest")
        for report in (first, json.loads(Path("new/table1.json").read_text()))
    ]
    assert cells[0] == cells[1]

    # No runs, no preset: all from there.
    assert a2u("table1", "--report-only", "--keep", "kept.json", "--out", "again").code == 0
    assert Path("again/table1.md").read_text() == Path("new/table1.md").read_text()
    assert a2u("table1", "--report-only", "--out", "new").code == 0
    assert Path("again/table1.json").read_text() == Path("new/table1.json").read_text()


def test_what_this_command_asks_for_otherwise_is_trained(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert a2u("table1", *part(data, "nearest")).code == 0
    report = json.loads(Path("figures/table1.json").read_text())
    for run in report["runs"]:
        run.update({"train_sha256": "other images"} if run["status"] == "measured" else {})
    Path("kept.json").write_text(json.dumps(report))
    shutil.rmtree("runs")
    assert a2u("table1", *part(data, "nearest", "--keep", "kept.json", "--out", "new")).code == 0
    assert "not trained again" not in capsys.readouterr().err
    assert Path("runs/nearest-mnist-quick/checkpoint.safetensors").exists()


def test_asked_for_without_keep_a_row_is_trained_again(data: Path) -> None:
    assert a2u("table1", *part(data, "nearest")).code == 0
    shutil.rmtree("runs")
    assert a2u("table1", *part(data, "nearest")).code == 0
    assert marks() == {"nearest": False}


def test_a_damaged_report_that_stands_is_told_and_replaced(data: Path) -> None:
    Outputs("figures", "a2u table1").write("table1.json", b'{"runs": [{"status": "measured"}]}')
    left = a2u("table1", *part(data, "nearest"))
    assert left.code == 0
    assert "Nothing is kept from the report that is there: figures/table1.json is not a report" in left.err
    assert marks() == {"nearest": False}


def test_a_file_to_keep_that_is_not_there_is_told_before_anything_is_trained(data: Path) -> None:
    left = a2u("table1", *part(data, "nearest", "--keep", "table.json"))
    assert left.code == 1
    assert "table.json is not there" in left.err
    assert not Path("runs").exists()
