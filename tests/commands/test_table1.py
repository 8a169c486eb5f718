"""`a2u table1`: any part of Table 1 trains, goes on and is reported; claims follow from the numbers alone."""

import errno
import json
import math
import os
import re
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import table1_work
import torch
from command import a2u
from filelock import FileLock
from patience import until
from processes import started, stopped

from a2u.commands import table1 as command
from a2u.commands.bar import Meter
from a2u.commands.reports import table_1_text
from a2u.data.digits import TITLES
from a2u.errors import A2UError
from a2u.files.outputs import LIST
from a2u.reconstruction import ROWS, campaign, claims, experiment
from a2u.reconstruction.campaign import plan
from a2u.reconstruction.experiment import Experiment
from a2u.reconstruction.report import IN_FULL, METRICS, collect
from a2u.reconstruction.report_text import to_markdown, value
from a2u.training import Progress, parallel
from a2u.training.campaign import Job, Outcome, attempt
from a2u.training.cluster import on_cluster
from a2u.training.loop import Turns
from a2u.training.parallel import side_by_side

PICTURES = {"table1.png", "table1-curves.png", "table1-reconstructions.png"}


@pytest.fixture(autouse=True)
def without_pictures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are drawn in the tests that look at them."""
    if "pictured" not in request.fixturenames:
        monkeypatch.setattr("a2u.reconstruction.pictures.pictures", lambda *_: {})


@pytest.fixture
def pictured() -> None:
    """Draw them here."""


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    campaign.images.cache_clear()
    yield table1_work.write_digits(tmp_path / "data", monkeypatch)
    campaign.images.cache_clear()


def some(data: Path, rows: str = table1_work.ROWS, sets: str = "mnist", *more: object) -> tuple[object, ...]:
    return ("--rows", rows, "--sets", sets, "--preset", "quick", "--data", data, *more)


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_times(each) for key, each in value.items() if key != "seconds"}
    return [without_times(each) for each in value] if isinstance(value, list) else value


def report() -> dict[str, Any]:
    return json.loads(Path("figures/table1.json").read_text())


def cell(row: str, set: str = "mnist") -> dict[str, Any]:
    return next(each for each in report()["table"] if (each["row"], each["set"]) == (row, set))


# --- training ---------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("pictured")
def test_a_part_of_the_table_is_trained_and_reported(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert a2u("table1", *some(data, "a2u", "fashion,mnist", "--seeds", "0,3")).code == 0
    names = {path.name for path in Path("runs").iterdir()}
    assert names == {f"a2u-{set}-quick{end}" for set in ("mnist", "fashion") for end in ("", "-3")}
    out, err = capsys.readouterr()
    assert "Preset quick; 4 runs in runs/." in err
    assert re.search(r"\[4/4\] MaxPool – A²U on MNIST, seed 3: PSNR [\d.]+ dB", err)
    assert out.count("not run") == 16
    assert {path.name for path in Path("figures").iterdir()} == {"table1.json", "table1.md", LIST, *PICTURES}
    for metric in METRICS:  # mean and standard deviation of the two seeds
        runs = [run[metric] for run in report()["runs"] if (run["row"], run["set"]) == ("a2u", "fashion")]
        mean, sd = cell("a2u", "fashion")[metric].values()
        assert mean == pytest.approx(sum(runs) / 2)
        assert sd == pytest.approx(abs(runs[0] - runs[1]) / math.sqrt(2))
    history = json.loads(Path("runs/a2u-mnist-quick-3/metrics.json").read_text())
    assert history[-1]["psnr"] in [run.get("psnr") for run in report()["runs"]]


def test_what_is_complete_is_not_trained_again(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert a2u("table1", *some(data)).code == 0
    first = report()
    monkeypatch.setattr(Experiment, "loss", lambda *_: pytest.fail("trained again"))
    capsys.readouterr()
    assert a2u("table1", *some(data), "--json").code == 0
    out, err = capsys.readouterr()
    assert err.count("complete already") == 2
    assert json.loads(out) == first == report()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The report of a campaign that was never stopped."""
    folder, here = tmp_path_factory.mktemp("whole"), Path.cwd()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        campaign.images.cache_clear()
        torch.set_num_threads(1)
        assert a2u("table1", *some(table1_work.write_digits(folder / "data", patch))).code == 0
        found = report()
    assert Path.cwd() == here
    return found


@pytest.mark.parametrize("moment", ["step", "report"])  # the others within a run: tests/training/test_loop.py
def test_killed_it_goes_on_to_the_same_table(data: Path, tmp_path: Path, moment: str, whole: dict[str, Any]) -> None:
    with stopped("table1_work.py", tmp_path, moment) as process:
        process.kill()
        assert process.wait() == -signal.SIGKILL
    assert not Path("figures/table1.md").exists()
    assert a2u("table1", *some(data)).code == 0
    assert without_times(report()) == without_times(whole)
    assert {path.name for path in Path("figures").iterdir()} == {"table1.json", "table1.md", LIST}


def test_ctrl_c_says_how_to_go_on(
    data: Path, whole: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    original = Experiment.loss

    def loss(self: Experiment, batch: torch.Tensor) -> torch.Tensor:
        if self.settings.row == "bilinear":
            signal.raise_signal(signal.SIGINT)
        return original(self, batch)

    with monkeypatch.context() as patch:
        patch.setattr(Experiment, "loss", loss)
        assert a2u("table1", *some(data)).code == 130
    err = capsys.readouterr().err
    assert "stopped. 1 of 2 runs are complete" in err
    assert "the same command goes on" in err
    assert a2u("table1", *some(data)).code == 0
    assert without_times(report()) == without_times(whole)


@pytest.mark.parametrize("wrong", ["nan", "memory", "lock"])
def test_one_run_fails_and_the_others_go_on(
    data: Path, wrong: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    original = Experiment.loss

    def loss(self: Experiment, batch: torch.Tensor) -> torch.Tensor:
        if self.settings.row == "bilinear" and wrong == "memory":
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return original(self, batch) * (math.nan if self.settings.row == "bilinear" and wrong == "nan" else 1)

    monkeypatch.setattr(Experiment, "loss", loss)
    Path("runs/bilinear-mnist-quick").mkdir(parents=True)
    lock = FileLock("runs/bilinear-mnist-quick/.lock")
    if wrong == "lock":
        lock.acquire()
    assert a2u("table1", *some(data, "nearest,bilinear,a2u")).code == 1
    lock.release()
    says = {
        "nan": "The loss became nan",
        "memory": "There is not enough memory",
        "lock": "Another process is training in",
    }
    err = capsys.readouterr().err
    assert f"Conv/2 – Bilinear on MNIST, seed 0: FAILED. {says[wrong]}" in err
    last = err.strip().splitlines()[-1]
    assert last.startswith("a2u: 1 of 3 runs are not complete. runs/bilinear-mnist-quick: ")
    assert says[wrong] in last
    assert [cell(row)["runs"] for row in ("nearest", "bilinear", "a2u")] == [1, 0, 1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rows", "nearest,bilnear"], "Did you mean 'bilinear'"),
        (["--rows", "a2u-hybrid"], "There is no row of Table 1 'a2u-hybrid'"),
        (["--sets", "mnits"], "Did you mean 'mnist'"),
        (["--seeds", "0,x"], "--seeds takes whole numbers separated by commas"),
        (["--seeds", ""], "--seeds takes whole numbers"),
        (["--rows", ","], "--rows names nothing"),
        (["--preset", "papr"], "Did you mean 'paper'"),
        (["--device", "cuda"], "needs an NVIDIA GPU"),
        (
            ["--precision", "tf32", "--device", "cpu"],
            "the device is cpu. Use --precision float32.",
        ),
        (["--precision", "fp8"], "There is no precision 'fp8'"),
        (
            ["--jobs", "2", "--lanes", "9"],
            "--jobs 2 starts processes, but --lanes 9 trains in this process: give one of them",
        ),
        (["--data", "nowhere"], "does not exist"),
        (["--cluster", "slrum"], "Did you mean 'slurm'"),
        (["--gpus", "1"], "--partition and --gpus are for jobs of a cluster"),
        (["--report-only"], "holds no complete run of preset 'quick'"),
    ],
)
def test_what_cannot_be_done_is_told_before_anything_is_trained(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert a2u("table1", *arguments).code == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err.strip().splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("full", "device", "expected"), [(False, "cuda", "quick"), (True, "cpu", "reduced"), (True, "cuda", "paper")]
)
def test_the_preset_follows_from_data_and_device(
    full: bool, device: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "choose_device", lambda _: torch.device(device))
    assert command._default_preset(full, "auto", gpus=0) == expected
    assert command._default_preset(full, "auto", gpus=1) == ("paper" if full else "quick")


def test_the_time_left_follows_from_the_steps_made(data: Path) -> None:
    now = 100.0
    jobs = plan(["nearest", "bilinear"], ["mnist"], [0], "quick", Path("runs"), data)
    meter = Meter(jobs, clock=lambda: now)
    assert (meter.total, meter.done, meter.left()) == (8, 0, None)  # 2 runs of 2 epochs of 2 steps
    now += 30
    meter.step(jobs[0], Progress(2, 2, 1, 2, 0.1))  # 3 steps in 30 s
    assert meter.left() == 50
    meter.end(Outcome(jobs[1], "failed", "NaN"))
    assert meter.left() == 10
    meter.end(Outcome(jobs[0], "trained"))
    assert (meter.total, meter.done) == (4, 4)


def test_every_command_trains_through_one_function(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def turns(task: Experiment, *_: object, **__: object) -> Turns:
        seen.append(task.settings.row)
        yield
        return [{"seconds": 1}]

    monkeypatch.setattr(experiment, "turns", turns)
    jobs = plan(["nearest"], ["mnist"], [0], "quick", Path("runs"), data)
    assert attempt(jobs[0], lambda *_: None).history == [{"seconds": 1}]
    images = campaign.images("mnist", data, False)
    assert experiment.train(Experiment(jobs[0].settings, *images)) == [{"seconds": 1}]
    assert seen == ["nearest"] * 2


# --- several at once --------------------------------------------------------------------------------------------


def test_processes_train_the_same_and_fewer_run_when_memory_is_short(
    data: Path, whole: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(parallel, "side_by_side", partial(side_by_side, work=table1_work.crowded))
    assert a2u("table1", *some(data, "bilinear,a2u"), "--jobs", 2).code == 1
    err = capsys.readouterr().err
    for row, reason in (("Bilinear", "was killed, as systems do"), ("A²U", "There is not enough memory")):
        assert re.search(f"{row} on MNIST, seed 0: .*{reason}.* It is put back; from now on at most 1 at once", err)
    assert "A²U on MNIST, seed 0: FAILED. There is not enough memory" in err
    assert cell("a2u")["runs"] == 0
    expected = next(each for each in whole["table"] if (each["row"], each["set"]) == ("bilinear", "mnist"))
    assert cell("bilinear") == expected


def test_a_process_may_start_workers_that_load_its_samples() -> None:
    outcomes: list[Outcome] = []
    jobs = plan(["nearest"], ["mnist"], [0], "quick", Path("runs"))
    side_by_side(jobs, 2, print, outcomes.append, print, table1_work.with_workers)
    assert [outcome.history[0]["images"] for outcome in outcomes] == [4000]


def test_jobs_of_a_cluster_train_the_same(data: Path, whole: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("submitit", reason="needs submitit, the extra [cluster]")
    paths = [str(Path(table1_work.__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    monkeypatch.setattr(command, "on_cluster", partial(on_cluster, work=table1_work.small, pause=0.05))
    left = a2u("table1", *some(data), "--cluster", "local", "--jobs", 2)
    assert left.code == 0
    assert without_times(report()) == without_times(whole)
    assert "[2/2]" in left.err
    assert a2u("table1", *some(data), "--cluster", "local").err.count("complete already") == 2


def test_processes_end_with_ctrl_c(data: Path) -> None:
    def stop(job: Job, progress: Progress) -> None:
        raise KeyboardInterrupt

    jobs = plan(["nearest"], ["mnist"], [0], "quick", Path("runs"), data)
    with pytest.raises(KeyboardInterrupt):
        side_by_side(jobs, 2, stop, print, print, table1_work.endless)
    assert not Path(f"/proc/{(jobs[0].folder / 'pid').read_text()}").exists()


def test_processes_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    pid = tmp_path / "runs" / "nearest-mnist-quick" / "pid"
    with started("table1_work.py", tmp_path, "endless") as process:
        assert until(lambda: pid.exists() or process.poll() is not None)
        child = Path("/proc", pid.read_text())
    if not until(lambda: not child.exists()):
        os.kill(int(child.name), signal.SIGKILL)
        pytest.fail("the child trains on for nobody")


# --- in lanes ---------------------------------------------------------------------------------------------------


def test_lanes_give_the_same_table(data: Path, whole: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    torch.set_num_threads(1)
    assert a2u("table1", *some(data), "--lanes", 2).code == 0
    err = capsys.readouterr().err
    assert re.search(r"\[2/2\] Conv/2 – .* on MNIST, seed 0: PSNR [\d.]+ dB", err)
    found = report()
    for run in (each for each in found["runs"] if each["status"] == "measured"):
        assert run["device"].endswith(", 2 runs at once")
        assert run["curve"][:-1] == [None]  # measured every 10 epochs and at the last
    ignored = {"device", "curve", "seconds", "config_sha256"}
    for one, other in zip(found["runs"], whole["runs"], strict=True):
        assert {k: v for k, v in one.items() if k not in ignored} == {
            k: v for k, v in other.items() if k not in ignored
        }
    assert [each["psnr"] for each in found["table"]] == [each["psnr"] for each in whole["table"]]


def test_one_lane_fails_and_the_others_go_on(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = Experiment.loss

    def loss(self: Experiment, batch: torch.Tensor) -> torch.Tensor:
        return original(self, batch) * (math.nan if self.settings.row == "bilinear" else 1)

    monkeypatch.setattr(Experiment, "loss", loss)
    assert a2u("table1", *some(data, "nearest,bilinear,a2u"), "--lanes", 3).code == 1
    assert [cell(row)["runs"] for row in ("nearest", "bilinear", "a2u")] == [1, 0, 1]


def test_precision_and_epochs_are_part_of_what_is_asked(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert a2u("table1", *some(data, "nearest", "mnist", "--precision", "bf16", "--epochs", 1)).code == 0
    (run,) = (each for each in report()["runs"] if each["status"] == "measured")
    assert run["changes"] == {"epochs": 1, "precision": "bf16"}
    assert report()["command"] == "a2u table1 --preset quick --epochs 1 --precision bf16 --data DIR"
    assert "--precision bf16" in run["command"]
    for differs in ({"precision": "bf16"}, {"epochs": 1}, {}):
        (job,) = plan(["nearest"], ["mnist"], [0], "quick", Path("runs"), data, **differs)  # type: ignore[arg-type]
        assert not job.kept().complete
    (job,) = plan(["nearest"], ["mnist"], [0], "quick", Path("runs"), data, precision="bf16", epochs=1)
    assert job.kept().complete
    capsys.readouterr()
    assert a2u("table1", *some(data, "nearest", "mnist", "--epochs", 1)).code == 1
    assert "precision is 'bf16' there, '(not set)' here" in capsys.readouterr().err


# --- the report -------------------------------------------------------------------------------------------------


def test_markdown_says_what_json_says(whole: dict[str, Any]) -> None:
    text = to_markdown(whole)
    rows = [re.split(r" \| ", line.strip("| ")) for line in text.splitlines() if line.startswith("| ")]
    for each in whole["table"]:
        found = [row for row in rows if row[0] == each["title"]]
        row = found[list(TITLES).index(each["set"])]
        assert row[1] == f"{each['parameters']:,}"
        assert row[2] == (value(each, "psnr") if each["runs"] else "not run")
        assert row[3] == f"{each['paper']['psnr']:.2f}"
    for claim in whole["claims"]:
        assert f"| {claim['claim']} | {TITLES[claim['set']]} | **{claim['verdict']}** | {claim['numbers']} |" in text
    for run in whole["runs"]:
        assert f"| {run['run']} | " in text
        if run["status"] == "measured":
            assert (
                f"`{run['command']}` | {run['epochs']} | {run['data']} | 0 | {run['device']} | {run['torch']}" in text
            )


def test_a_shortened_run_is_labelled_everywhere(whole: dict[str, Any]) -> None:
    label = "quick preset: 2 of the paper's 100 epochs over 60,000 training images per set, CPU"
    assert (whole["label"], whole["full"], whole["in_full"]) == (label, False, IN_FULL)
    assert label[1:] in to_markdown(whole).splitlines()[2]
    assert IN_FULL in to_markdown(whole)
    assert label in table_1_text(whole).splitlines()[0]
    assert table_1_text(whole).endswith(IN_FULL)


def test_no_output_knows_this_machine(whole: dict[str, Any], tmp_path: Path) -> None:
    assert not re.search(r"/(tmp|home|root|work)\b", json.dumps(whole) + to_markdown(whole))


def test_stopped_and_damaged_runs_are_said_to_be_missing(data: Path) -> None:
    assert a2u("table1", *some(data)).code == 0
    assert a2u("table1", *some(data, "a2u", "mnist", "--seeds", "1")).code == 0
    Path("runs/bilinear-mnist-quick/checkpoint.safetensors").write_bytes(b"")
    config = Path("runs/a2u-mnist-quick-1/config.json")
    found = collect(Path("runs"), "quick", [0, 1])
    states = {run["run"]: run["status"] for run in found["runs"]}
    assert states["nearest-mnist-quick"] == states["a2u-mnist-quick-1"] == "measured"
    assert states["bilinear-mnist-quick"].startswith("not run: its files cannot be read")
    assert states["a2u-mnist-quick"] == states["carafe-fashion-quick"] == "not run"
    assert not found["complete"]
    text = to_markdown(found)
    assert "MaxPool – A²U: 1 of 2 runs; seed 0 not run." in text
    config.unlink()
    assert len([r for r in collect(Path("runs"), "quick", [0, 1])["runs"] if r["status"] == "measured"]) == 1


def test_a_run_stopped_half_way_is_not_measured(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(self: Experiment) -> dict[str, float]:
        if self.scheduler.last_epoch == 4:  # the end of the second epoch
            raise KeyboardInterrupt
        return {"psnr": 1.0, "ssim": 1.0, "rmse": 1.0, "mae": 1.0}

    assert a2u("table1", *some(data, "nearest")).code == 0
    monkeypatch.setattr(Experiment, "evaluate", stop)
    assert a2u("table1", *some(data, "a2u")).code == 130
    run = next(run for run in collect(Path("runs"), "quick", [0])["runs"] if run["run"] == "a2u-mnist-quick")
    assert run["status"] == "not run: stopped after epoch 1 of 2"


def test_other_settings_are_told(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = ["--epochs", "1", "--batch", "20"]
    assert a2u("train", "--row", "a2u", "--preset", "quick", "--data", data, *other).code == 0
    assert a2u("table1", *some(data)).code == 0
    found = report()
    assert found["warnings"] == ["The runs do not share their settings: a2u-mnist-quick (epochs 1, batch 20)."]
    assert found["warnings"][0] in to_markdown(found)
    run = next(run for run in found["runs"] if run["run"] == "a2u-mnist-quick")
    assert run["command"] == "a2u train --row a2u --set mnist --preset quick --epochs 1 --batch 20 --data DIR"
    assert a2u("table1", *some(data, "a2u")).code == 1
    assert "epochs is 1 there, 2 here" in capsys.readouterr().err.splitlines()[-1]


def test_the_report_takes_the_longest_preset_there_is(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert a2u("table1", "--rows", "nearest", "--sets", "mnist", "--data", data, "--device", "cpu").code == 0
    assert "Preset reduced, since none was given" in capsys.readouterr().err
    assert a2u("table1", "--report-only").code == 0
    assert report()["label"].startswith("reduced preset: 1 of the paper's 100 epochs over")


def test_a_full_disk_is_one_message_and_leaves_the_old_report(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert a2u("table1", *some(data, "nearest")).code == 0
    old = {path: path.read_bytes() for path in Path("figures").iterdir()}

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert a2u("table1", "--report-only", "--runs", "runs").code == 1
    assert "The disk is full" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in Path("figures").iterdir()} == old


# --- the claims -------------------------------------------------------------------------------------------------

PAPER = {name: row.paper["mnist"].psnr for name, row in ROWS.items()}
FEATURES, MATTERS, HOLISTIC, DEPTHWISE = range(4)


def verdicts(**changes: float | None) -> list[str]:
    psnr = {name: changes.get(name.replace("-", "_"), number) for name, number in PAPER.items()}
    measured = {name: number for name, number in psnr.items() if number is not None}
    return [claim["verdict"] for claim in claims.check({"mnist": measured})]


def test_the_groups_follow_from_the_operators() -> None:
    assert claims.groups() == {
        "distance": ["nearest", "bilinear"],
        "features": ["max_unpool", "carafe", "indexnet-holistic", "indexnet-depthwise", "a2u"],
        "learned guide": ["indexnet-holistic", "indexnet-depthwise", "a2u"],
        "indexnet": ["indexnet-holistic", "indexnet-depthwise"],
        "a2u": ["a2u"],
    }


def test_from_the_papers_own_mnist_numbers_all_hold_but_the_one_that_counts_too_few() -> None:
    """A²U has twice the parameters of the holistic IndexNet with a linear context, whatever either reaches."""
    assert verdicts() == ["holds", "holds", "does not hold", "holds"]


@pytest.mark.parametrize(
    ("claim", "changes"),
    [
        (FEATURES, {"max_unpool": 28.53}),
        (FEATURES, {"bilinear": 28.72}),
        (MATTERS, {"indexnet_holistic": 31.8}),
        (MATTERS, {"a2u": 20.0}),
        (MATTERS, {"deconvolution": 46.0}),
        (DEPTHWISE, {"a2u": 47.13}),
        (DEPTHWISE, {"indexnet_depthwise": 48.0}),
    ],
)
def test_one_number_turns_a_claim(claim: int, changes: dict[str, float]) -> None:
    assert verdicts()[claim] == "holds"
    assert verdicts(**changes)[claim] == "does not hold"


def test_fewer_parameters_are_counted_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "parameters", lambda name: (0, 10 if name == "a2u" else 11))
    assert verdicts()[HOLISTIC] == "holds"
    monkeypatch.setattr(claims, "parameters", lambda name: (0, 11))
    assert verdicts()[DEPTHWISE] == "does not hold"


def test_what_was_not_measured_is_not_claimed() -> None:
    assert verdicts(carafe=None)[FEATURES] == "not measured"
    assert verdicts(carafe=None, max_unpool=20.0)[FEATURES] == "does not hold"
    assert verdicts(a2u=None)[DEPTHWISE] == "not measured"


def test_fashion_contradicts_a_claim_by_the_papers_own_numbers() -> None:
    found = claims.check({"fashion": {}})[FEATURES]
    assert (found["verdict"], found["paper"]) == ("not measured", "does not hold")
    assert "CARAFE 25.17 ≤ Nearest 25.58 dB" in found["paper_numbers"]


def test_an_unknown_word_is_refused_by_the_plan_too() -> None:
    with pytest.raises(A2UError, match="Did you mean 'carafe'"):
        plan(["caraffe"], ["mnist"], [0], "quick", Path("runs"))
