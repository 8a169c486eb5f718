"""Which experiment a run belongs to: every command says what it wants, and older runs go on as they were."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import small_digits
import tiny_matting
import torch
from command import a2u
from PIL import Image
from safetensors.torch import save_file
from small_digits import write

from a2u.errors import A2UError
from a2u.lessons.train_on_digits.short import measured
from a2u.matting import experiment as matting
from a2u.matting.report import collect as collect_matting
from a2u.pretrained.export import export
from a2u.pretrained.find import load_network
from a2u.reconstruction import experiment as table1
from a2u.reconstruction import settings
from a2u.reconstruction.report import collect as collect_table1
from a2u.training import Run, checkpoint, read_best, read_run
from a2u.training.kept import kept_in
from a2u.training.kind import KEY, UnsuitableRun, check_experiment, experiment_of, with_experiment


def small_table1(**changes: Any) -> table1.Experiment:
    asked = settings("nearest", batch=10, **changes)
    return table1.prepare(asked, Path("data"), device="cpu")


def train_both(runs: Path, epochs: int = 1) -> None:
    """A run of each experiment, named as no other test does."""
    task = small_table1(epochs=epochs)
    with Run(runs / "digits", task.config) as run:
        table1.train(task, run)
    other = tiny_matting.build(tiny_matting.small(epochs=epochs))
    with Run(runs / "mattes", other.config) as run:
        matting.train(other, run)


def make_older(folder: Path) -> None:
    """What the version before the key wrote: config.json and the checkpoints without it."""
    document = json.loads((folder / "config.json").read_text())
    del document["config"][KEY]
    (folder / "config.json").write_text(json.dumps(document, indent=2) + "\n")
    for path in folder.glob("*.safetensors"):
        tensors, state = checkpoint._read(path)
        del state["state"]["config"][KEY]
        text = json.dumps(state)
        metadata = {"format": checkpoint.FORMAT, "document": text, "sha256": checkpoint._digest(tensors, text)}
        save_file(tensors, path, metadata)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """runs/ with a run of each experiment, and what else lies in such a folder."""
    place = tmp_path_factory.mktemp("kinds")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        write(place / "data", patch)
        train_both(place / "runs")
    return place


@pytest.fixture
def here(both: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, for a test to change."""
    shutil.copytree(both, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    small_digits.write(tmp_path / "data", monkeypatch)
    return tmp_path


@pytest.fixture(params=[False, True], ids=["new", "older"])
def runs(here: Path, request: pytest.FixtureRequest) -> Path:
    """The two runs as they are written now, and as a version without the key wrote them."""
    if request.param:
        for folder in (here / "runs").iterdir():
            make_older(folder)
    return Path("runs")


# --- the key


def test_a_config_says_its_experiment(here: Path) -> None:
    assert small_table1().config[KEY] == "table1"
    assert tiny_matting.build().config[KEY] == "matting"


def test_older_configs_are_known_by_their_keys(here: Path) -> None:
    for task, wanted in ((small_table1(), "table1"), (tiny_matting.build(), "matting")):
        older = {key: value for key, value in task.config.items() if key != KEY}
        assert experiment_of(older) == wanted
        assert with_experiment(older) == task.config
    assert experiment_of({"seed": 1}) is None  # of somebody's own task: it is nobody else's
    assert with_experiment({"seed": 1}) == {"seed": 1}


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({KEY: "table1"}, "of the experiment 'table1', and a run of 'matting' is needed"),
        ({KEY: "else", "encoder_lr": 1}, "of the experiment 'else'"),  # the key counts, not the others
        ({"head": "c1"}, "of the experiment 'table1'"),
        ({"row": "a2u"}, "of no known experiment"),
    ],
)
def test_another_experiment_is_refused_in_words(config: dict[str, Any], words: str) -> None:
    with pytest.raises(UnsuitableRun, match=words):
        check_experiment(config, "matting", "runs/x")


# --- going on with runs of a version without the key


@pytest.mark.parametrize("name", ["digits", "mattes"])
def test_an_older_run_is_continued_bit_for_bit(here: Path, name: str) -> None:
    def trained(folder: Path, epochs_before: int) -> tuple[dict[str, torch.Tensor], list[dict[str, Any]]]:
        """Stop after an epoch, forget the key, go on."""
        module = table1 if name == "digits" else matting

        def build() -> Any:
            return small_table1(epochs=2) if name == "digits" else tiny_matting.build(tiny_matting.small(epochs=2))

        def stop(progress: Any) -> None:
            if progress.epoch == epochs_before:
                raise KeyboardInterrupt

        if epochs_before:
            task = build()
            with pytest.raises(KeyboardInterrupt), Run(folder, task.config) as run:
                module.train(task, run, None, stop)
            make_older(folder)
        task = build()
        with Run(folder, task.config) as run:
            history = module.train(task, run)
        read_run(folder, experiment=task.config[KEY])  # config.json is as it was, the checkpoint has the key
        return task.model.state_dict(), [{**record, "seconds": 0} for record in history]

    whole, resumed = trained(here / "whole", 0), trained(here / "resumed", 1)
    assert whole[1] == resumed[1]
    assert all(torch.equal(value, resumed[0][key]) for key, value in whole[0].items())
    if name == "mattes":
        read_best(here / "resumed", matting.build_model(tiny_matting.small(epochs=2)))


def test_an_older_run_is_not_continued_with_other_settings(runs: Path) -> None:
    for name, config in (
        ("digits", small_table1(epochs=1, lr=0.5).config),
        ("mattes", tiny_matting.small(epochs=1, lr=0.5).as_config()),
    ):
        with pytest.raises(A2UError, match=r"another configuration: lr is [\d.]+ there, 0.5 here\. "):
            Run(runs / name, config)
    with pytest.raises(A2UError, match="experiment is 'matting' there, 'table1' here"):
        Run(runs / "mattes", small_table1(epochs=1).config)


# --- every command with the kind that it does not want


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["evaluate", "runs/mattes"], "runs/mattes is a run of the experiment 'matting'. `a2u train` makes runs for"),
        (["matting", "evaluate", "runs/digits"], "of the experiment 'table1', and a run of 'matting' is needed"),
        (["matting", "evaluate", "runs/digits/checkpoint.safetensors"], "of the experiment 'table1'"),
        (["matting", "evaluate", "--last", "runs/digits"], "of the experiment 'table1'"),
        (["matting", "predict", "i.png", "t.png", "--weights", "runs/digits"], "of the experiment 'table1'"),
        (
            ["train", "--batch", "10", "--data", "data", "--name", "mattes"],
            "configuration: experiment is 'matting' there, 'table1' here. Use the same",
        ),
        (["matting", "train", "--preset", "quick", "--name", "digits"], "experiment is 'table1' there, 'matting' here"),
        (["table1", "--report-only", "--preset", "quick"], "runs holds no complete run of preset 'quick'"),
        (["matting", "table", "--report-only", "--preset", "quick"], "runs holds no complete run of matting"),
    ],
)
def test_a_run_of_the_other_experiment_is_one_message(words: list[str], message: str, runs: Path) -> None:
    for name in ("nearest-mnist-quick", "matting-nearest-quick"):  # where both tables look
        shutil.copytree(runs / ("mattes" if name.startswith("nearest") else "digits"), runs / name)
    for name in ("i.png", "t.png"):
        Image.new("L", (32, 32), 128).save(name)
    before = (runs / "mattes" / "config.json").read_bytes(), (runs / "digits" / "config.json").read_bytes()
    code, out, err = a2u(*words)
    assert code == 1
    assert out == ""
    assert message in err.strip().splitlines()[-1]
    assert before == ((runs / "mattes" / "config.json").read_bytes(), (runs / "digits" / "config.json").read_bytes())


def test_reports_say_that_a_folder_holds_another_experiment(runs: Path) -> None:
    shutil.copytree(runs / "mattes", runs / "nearest-mnist-quick")
    assert kept_in(runs / "nearest-mnist-quick", "table1").status == (
        "not run: nearest-mnist-quick is a run of the experiment 'matting'"
    )
    shutil.copytree(runs / "digits", runs / "a2u-mnist-quick")
    found = {run["run"]: run["status"] for run in collect_table1(runs, "quick", [0])["runs"]}
    assert found["a2u-mnist-quick"] == "measured"
    assert "of the experiment 'matting'" in found["nearest-mnist-quick"]
    with pytest.raises(A2UError, match="no complete run of matting"):
        collect_matting(runs, "quick", classical=False)


def test_the_lessons_comparison_takes_its_own_runs(runs: Path) -> None:
    (runs / "empty").mkdir()
    assert list(measured(runs)) == ["Conv/2 – Nearest"]
    shutil.rmtree(runs / "digits")
    with pytest.raises(A2UError, match="holds no run on 'mnist'"):
        measured(runs)


def test_weights_are_exported_of_known_experiments(here: Path) -> None:
    with Run("runs/own", {"seed": 1, "epochs": 1}) as run:
        run.save({}, [{"epoch": 1, "lr": 0.1, "loss": 0.5, "seconds": 1.0}])
    with pytest.raises(UnsuitableRun, match="of no known experiment"):
        export("runs/own", home=here / "home")
    assert not (here / "home").exists()


# --- folders in which all kinds lie side by side


def test_a_mixed_folder_is_measured_as_far_as_it_can_be(runs: Path) -> None:
    (runs / "empty").mkdir()
    (runs / "matting-knn-160").mkdir()
    (runs / "matting-knn-160" / "test.json").write_text("{}")  # what `a2u matting table` keeps of a classical method
    (runs / "notes.txt").write_text("mine")
    task = small_table1(epochs=3, seed=5)
    with Run(runs / "begun", task.config) as run:
        run.save({"model": task.model}, [])
    shutil.copytree(runs / "mattes", runs / "mattes-2")
    code, out, err = a2u("evaluate", *sorted(runs.iterdir()), "--data", "data", "--json")
    assert code == 0
    assert [json.loads(line)["run"] for line in out.splitlines()] == ["runs/digits"]
    lines = sorted(line for line in err.splitlines() if line.startswith("Left out: "))
    assert len(lines) == 3
    assert "runs/begun is a run without a complete epoch." in lines[0]
    assert "runs/empty, runs/matting-knn-160, runs/notes.txt are each not a run." in lines[1]
    assert "runs/mattes, runs/mattes-2 are each a run of the experiment 'matting'." in lines[2]
    assert all("`a2u matting evaluate RUN`" in line for line in lines)


def test_a_damaged_run_fails_at_the_end_and_the_others_are_measured(runs: Path) -> None:
    shutil.copytree(runs / "digits", runs / "broken")
    (runs / "broken" / "checkpoint.safetensors").write_bytes(b"cut")
    code, out, err = a2u("evaluate", *sorted(runs.iterdir()), "--data", "data")
    assert code == 1
    assert out.count("Conv/2 – Nearest") == 1
    assert "Left out: runs/mattes" in err
    last = err.strip().splitlines()[-1]
    assert last.startswith("a2u: 1 of 2 runs failed. runs/broken/checkpoint.safetensors is damaged")


@pytest.mark.parametrize("command", [["evaluate"], ["matting", "evaluate"]])
@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("empty", "not a run"),
        ("notes.txt", r"not a run|holds no weights"),
        ("foreign", "not that of a run|damaged or of another kind"),
        ("nowhere", "There (is|are) no"),
    ],
)
def test_what_is_no_run_is_one_message(command: list[str], place: str, words: str, here: Path) -> None:
    Path("empty").mkdir()
    Path("notes.txt").write_text("mine")
    Path("foreign").mkdir()
    Path("foreign/config.json").write_text('{"model_type": "somebody else\'s"}')
    code, out, err = a2u(*command, place)
    assert code == 1
    assert out == ""
    assert re.search(words, err.strip().splitlines()[-1])


def test_both_experiments_load_by_name(runs: Path) -> None:
    assert table1.load_model(runs / "digits")[1][KEY] == "table1"
    assert load_network(runs / "mattes").title.startswith("Nearest, quick preset")
    assert load_network(runs / "mattes" / "best.safetensors").title.startswith("Nearest, quick preset")
