"""Weights that ship: what their cards promise, what packing loses, and every way a file can be wrong."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from command import a2u as run_a2u
from matting_folders import distinctions

import a2u
from a2u import pretrained
from a2u.data import load, to_float32x32
from a2u.errors import A2UError
from a2u.matting import campaign
from a2u.matting import experiment as matting_experiment
from a2u.matting import settings as matting
from a2u.pretrained.cards import HOME
from a2u.pretrained.export import LIMIT, export
from a2u.pretrained.packing import STORAGES, pack, unpack
from a2u.reconstruction import Experiment, evaluate_on, load_model, reconstruct, settings
from a2u.training import Run, fit


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two tiny epochs, tested on the whole embedded test set."""
    test = load("mnist", "test")
    few = replace(test, images=test.images[:20], labels=test.labels[:20])
    task = Experiment(settings("a2u", epochs=2, batch=4), few, test)
    folder = tmp_path_factory.mktemp("runs") / "a2u-mnist-quick"
    with Run(folder, task.config) as kept:
        fit(task, kept)
    return folder


@pytest.fixture(scope="module")
def exported(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    export(run, home=folder)
    return folder


@pytest.fixture
def home(exported: Path, tmp_path: Path) -> Path:
    """The run's weights and their card, to be changed and damaged."""
    return shutil.copytree(exported, tmp_path / "weights")


# --- what ships


@pytest.mark.parametrize("name", [name for name in pretrained.names() if name.startswith("toy/")])
def test_what_ships_loads_and_keeps_what_its_card_says(name: str) -> None:
    model, card = a2u.load_pretrained(name)
    assert not model.training
    assert card.name == name == f"toy/{card.row}-{card.set}"
    assert card.bytes == (HOME / f"{name}.safetensors").stat().st_size
    assert (card.edition, card.test) == ("full", "10,000 test images")
    full, stored = card.metrics["full"], card.metrics["stored"]
    assert full["psnr"] - stored["psnr"] < LIMIT
    images = to_float32x32(load(card.set, "test"))[:100]
    assert evaluate_on(model, images)["psnr"] == pytest.approx(stored["psnr"], abs=1.5)  # of 100 of the 10,000


def test_the_weights_of_the_lesson_ship_and_all_stay_small() -> None:
    assert {"toy/a2u-mnist", "toy/a2u-hybrid-mnist"} <= set(pretrained.names())
    assert sum(path.stat().st_size for path in HOME.rglob("*.safetensors")) < 25_000_000


# --- packing


@pytest.mark.parametrize("storage", STORAGES)
def test_no_value_is_off_by_more_than_half_a_step(storage: str) -> None:
    generator = torch.Generator().manual_seed(0)
    state = {
        "large": torch.randn(256, 128, 3, 3, generator=generator) * torch.logspace(-3, 1, 256).view(-1, 1, 1, 1),
        "small": torch.randn(8, 3, generator=generator),
        "count": torch.tensor(7),
        "zero": torch.zeros(128, 128),
    }
    back = unpack(pack(state, storage))
    assert back["count"] == 7
    assert torch.equal(back["zero"], state["zero"])
    assert torch.allclose(back["small"], state["small"], rtol=2**-11, atol=2**-24)
    largest = state["large"].flatten(1).abs().amax(1).view(-1, 1, 1, 1)
    step = largest / 127 if "int8" in storage else largest / 2**10
    assert bool(((back["large"] - state["large"]).abs() <= 0.63 * step.clamp(min=2**-14)).all())


def test_storages_run_from_small_to_exact() -> None:
    state = {"w": torch.randn(256, 128, 3, 3), "v": torch.randn(128, 129)}
    sizes = [sum(t.numel() * t.element_size() for t in pack(state, storage).values()) for storage in STORAGES]
    assert sizes == sorted(sizes)
    assert sizes[0] < 0.6 * sizes[-1]


def test_what_float16_cannot_hold_is_refused() -> None:
    with pytest.raises(A2UError, match="float16 cannot"):
        pack({"w": torch.tensor([1e6])}, "float16")
    with pytest.raises(A2UError, match="Did you mean 'float16'"):
        pack({}, "float 16")


# --- export and load


def test_exported_weights_are_the_runs_own_within_the_limit(run: Path, home: Path) -> None:
    model, card = pretrained.load_pretrained("toy/a2u-mnist", home)
    trained = load_model(run)[0]
    images = to_float32x32(load("mnist", "test"))[:8]
    assert torch.allclose(reconstruct(model, images), reconstruct(trained, images), atol=0.02)
    whole = to_float32x32(load("mnist", "test"))
    assert card.metrics["stored"]["psnr"] == pytest.approx(evaluate_on(model, whole)["psnr"], abs=1e-3)
    assert card.metrics["full"]["psnr"] == pytest.approx(evaluate_on(trained, whole)["psnr"], abs=1e-3)
    assert card.command == "a2u train --row a2u --set mnist --preset quick --batch 4"
    assert card.torch == torch.__version__
    assert card.training.startswith("Trained with the quick preset: 2 passes over 4,000 MNIST images;")


def test_exporting_again_gives_the_same_bytes(run: Path, home: Path) -> None:
    before = {path.name: path.read_bytes() for path in home.rglob("*.*")}
    with pytest.raises(A2UError, match=r"a2u-mnist\.safetensors and .*a2u-mnist\.json would be replaced.*`force=True`"):
        export(run, home=home)
    assert {path.name: path.read_bytes() for path in home.rglob("*.*")} == before
    export(run, home=home, force=True)
    assert {path.name: path.read_bytes() for path in home.rglob("*.*")} == before


def test_an_unfinished_run_is_refused(run: Path, tmp_path: Path) -> None:
    test = load("mnist", "test")
    task = Experiment(settings("a2u", epochs=3, batch=4), replace(test, images=test.images[:8]), test)
    with Run(tmp_path / "half", task.config) as kept:
        kept.save({"model": task.model}, [])
    with pytest.raises(A2UError, match="half is not finished: 0 of 3 epochs"):
        export(tmp_path / "half", home=tmp_path / "weights")
    assert not (tmp_path / "weights").exists()


def test_metrics_are_of_the_runs_own_test_images(run: Path, tmp_path: Path, monkeypatch) -> None:
    other = replace(load("mnist", "test"), sha256="0" * 64)
    monkeypatch.setattr("a2u.pretrained.export.load", lambda *_: other)
    with pytest.raises(A2UError, match=r"tested on other images.*as `data`"):
        export(run, home=tmp_path)


def damage(path: Path, where: int) -> None:
    content = bytearray(path.read_bytes())
    content[where] ^= 1
    path.write_bytes(bytes(content))


def test_every_fault_of_a_file_is_named(home: Path) -> None:
    weights, card = home / "toy/a2u-mnist.safetensors", home / "toy/a2u-mnist.json"
    good = card.read_text()
    damage(weights, -1)
    with pytest.raises(A2UError, match=r"damaged: SHA-256 [0-9a-f]{64} expected, [0-9a-f]{64} found"):
        pretrained.load_pretrained("toy/a2u-mnist", home)
    weights.unlink()
    with pytest.raises(A2UError, match=r"is not there.*a2u pretrained export"):
        pretrained.load_pretrained("toy/a2u-mnist", home)
    for text in ("{", "[]", json.dumps({**json.loads(good), "more": 1}), good.replace("toy/a2u", "toy/b2u")):
        card.write_text(text)
        with pytest.raises(A2UError, match=r"a2u-mnist\.json is damaged or of another"):
            pretrained.card("toy/a2u-mnist", home)


def test_weights_of_another_network_are_named(home: Path) -> None:
    card = home / "toy/a2u-mnist.json"
    card.write_text(json.dumps({**json.loads(card.read_text()), "row": "carafe", "digest": ""}))
    with pytest.raises(A2UError, match="do not fit the network of MaxPool – CARAFE"):
        pretrained.load_pretrained("toy/a2u-mnist", home)


def test_an_unknown_name_gives_the_near_match(home: Path) -> None:
    with pytest.raises(A2UError, match="Did you mean 'toy/a2u-mnist'"):
        a2u.load_pretrained("toy/a2u-mnits", home)
    with pytest.raises(A2UError, match="a2u pretrained export"):
        pretrained.card("toy/a2u-mnist", home / "empty")


# --- matting


def test_a_run_over_other_backgrounds_ships_as_it_was_tested(tmp_path: Path) -> None:
    distinctions(tmp_path / "set")
    (tmp_path / "set" / "bg").rename(tmp_path / "photographs")
    changes = {"width": 0.125, "crop": 16, "batch": 2, "epochs": 1, "iterations": 1, "lr": 0.004}
    behind = str(tmp_path / "photographs")
    asked = matting.settings("nearest", "quick", tmp_path / "set", backgrounds=behind, **changes)
    task, folder = matting_experiment.prepare(asked, "cpu"), tmp_path / "run"
    with Run(folder, task.config) as kept:
        matting_experiment.train(task, kept)

    card = export(folder, home=tmp_path / "weights")
    assert card.name == "matting/nearest-set"
    tested = campaign.measure(folder, "cpu")["mean"]
    assert card.metrics["full"] == {key: pytest.approx(value, abs=1e-5) for key, value in tested.items()}
    assert str(tmp_path) not in card.as_json().decode()
    assert (card.settings["data"], card.settings["backgrounds"]) == ("set", "photographs")
    for written in ("--epochs 1", "--lr 0.004", "--crop 16", "--data DIR", "--backgrounds PICTURES"):
        assert written in card.command

    (tmp_path / "set").rename(tmp_path / "moved")
    (tmp_path / "photographs").rename(tmp_path / "elsewhere")
    with pytest.raises(A2UError):
        export(folder, home=tmp_path / "weights")
    again = export(folder, tmp_path / "moved", tmp_path / "again", backgrounds=tmp_path / "elsewhere")
    assert again.metrics == card.metrics


# --- the command


def test_the_command_lists_and_exports(run: Path, tmp_path: Path) -> None:
    assert run_a2u("pretrained", "--folder", tmp_path)[:2] == (
        0,
        "0 sets of weights, 0.0 MB. a2u.load_pretrained(NAME) loads one.\n",
    )
    code, out, err = run_a2u("pretrained", "export", run, "--folder", tmp_path, "--json")
    assert code == 0
    assert json.loads(out)["name"] == "toy/a2u-mnist"
    assert "toy/a2u-mnist written" in err
    assert "toy/a2u-mnist" in run_a2u("pretrained", "list", "--folder", tmp_path)[1]


def test_a_run_that_cannot_be_exported_does_not_stop_the_others(run: Path, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    shutil.copytree(run, tmp_path / "cut")
    (tmp_path / "cut" / "checkpoint.safetensors").write_bytes(b"")
    given = tmp_path / "none", tmp_path / "cut", run
    code, out, err = run_a2u("pretrained", "export", *given, "--folder", tmp_path / "w")
    assert code == 1
    assert f"Left out: {tmp_path / 'none'} is not a run." in err
    assert "a2u: 1 of 2 runs failed." in err.splitlines()[-1]
    assert "1 set of weights" in out
    assert pretrained.names(tmp_path / "w") == ["toy/a2u-mnist"]


@pytest.mark.parametrize(("words", "message"), [(["exprot"], "list and export"), (["export"], "needs run folders")])
def test_misuse_of_the_command_is_explained(words: list[str], message: str) -> None:
    code, _, err = run_a2u("pretrained", *words)
    assert code == 1
    assert message in err
