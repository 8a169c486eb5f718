"""`a2u matting table`: rows train, are measured once on the same test images, and are written beside the paper's."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from command import a2u
from rendered import pixels
from tiny_matting import Discs, discs_to_test

from a2u import pretrained
from a2u.errors import A2UError
from a2u.matting import campaign, experiment, settings
from a2u.matting.data import sources
from a2u.matting.pictures import board
from a2u.matting.report import collect
from a2u.matting.rows import ROWS
from a2u.pretrained.export import SAD_LIMIT, export

TINY = {
    "width": 0.125, "crop": 16, "batch": 2, "epochs": 2, "iterations": 1, "lr": 0.003, "encoder_lr": 0.003,
    "milestones": (1,), "pretrained": False, "freeze": False, "test_size": 32,
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def tiny_data():
    """The quick preset is tiny, and its data are discs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(settings.PRESETS, "quick", TINY)
        patch.setattr(sources, "open_train", lambda spec, backgrounds=None: Discs())
        patch.setattr(sources, "open_test", lambda spec, part, size, backgrounds=None: discs_to_test())
        yield


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the command makes of two rows."""
    folder = tmp_path_factory.mktemp("table")
    table(folder)
    return folder


def table(folder: Path, *more: str) -> None:
    words = ["matting", "table", "--preset", "quick", "--rows", "nearest,dynamic-cs", "--no-ablation", "--no-classical"]
    assert a2u(*words, "--runs", folder / "runs", "--out", folder / "figures", *more).code == 0


def test_the_report_has_every_row_and_says_what_was_run(made: Path) -> None:
    report = json.loads((made / "figures" / "matting.json").read_text())
    assert [each["row"] for each in report["rows"]] == list(ROWS)
    assert report["label"] == (
        "quick preset: the synthetic set, crops 16², width 0.125, random encoder, 2 iterations of batch 2, seed 0"
    )
    rows = {each["row"]: each for each in report["rows"]}
    for name in ("nearest", "dynamic-cs"):
        assert rows[name]["status"] == "measured"
        assert rows[name]["images"] == 3
        assert all(rows[name][score] >= 0 for score in ("sad", "mse", "grad", "conn"))
        assert rows[name]["paper"]["sad"] == ROWS[name].paper.sad
        assert rows[name]["conn_convention"] == "skip"
        assert rows[name]["conn_empty"] >= 0
    assert report["without_foreground"] == rows["nearest"]["without_foreground"]
    assert rows["bilinear"]["status"] == "not run"
    assert rows["dynamic-cs-d-norm"]["parameters"] > rows["dynamic-cs-d"]["parameters"]
    assert rows["dynamic-cs"]["parameters"] > rows["nearest"]["parameters"]
    same = next(v for v in report["ablation"] if (v["row"], v["value"]) == ("dynamic-cs", "3"))
    assert (same["sad"], same["paper_sad"]) == (rows["dynamic-cs"]["sad"], 35.86)


def test_the_markdown_is_labelled_and_the_picture_is_there(made: Path) -> None:
    text = (made / "figures" / "matting.md").read_text()
    assert "**Here: quick preset: the synthetic set, crops 16²" in text
    assert "These are not the numbers of the paper's experiment" in text
    assert "| Conn, skip | Conn, empty | paper SAD |" in text
    assert "a black one scores 0" in text
    assert "a2u matting train --row nearest --preset quick" in text
    assert (made / "figures" / "matting.png").read_bytes().startswith(b"\x89PNG")


def test_nothing_is_trained_or_measured_twice(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("again")

    monkeypatch.setattr(experiment, "train", never)
    monkeypatch.setattr(campaign, "evaluate", never)
    before = (made / "figures" / "matting.json").read_bytes()
    table(made)
    assert (made / "figures" / "matting.json").read_bytes() == before


def test_other_seeds_say_how_much_a_seed_changes(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    before = json.loads((made / "figures" / "matting.json").read_text())
    assert before["spread"] == []
    table(tmp_path, "--seeds", "0,3,5")
    report = json.loads((tmp_path / "figures" / "matting.json").read_text())
    assert report["rows"] == before["rows"]  # the table is of the first seed
    assert [each["row"] for each in report["spread"]] == ["nearest", "dynamic-cs"]
    for each in report["spread"]:
        first = next(row for row in report["rows"] if row["row"] == each["row"])
        sads = each["sads"]
        assert list(sads) == ["0", "3", "5"]
        assert sads["0"] == first["sad"]
        assert len({*sads.values()}) == 3
        assert [run["sad"] for run in each["runs"]] == [sads["3"], sads["5"]]
        assert each["mean"] == pytest.approx(np.mean([*sads.values()]))
        assert each["sd"] == pytest.approx(np.std([*sads.values()], ddof=1))
    text = (tmp_path / "figures" / "matting.md").read_text()
    assert "| network | SAD, seed 0 | SAD, seed 3 | SAD, seed 5 | mean ± standard deviation |" in text
    assert (
        "`a2u matting table --preset quick --rows nearest,dynamic-cs --no-ablation --seeds 0,3,5 --precision float32`"
        in text
    )
    assert "`a2u matting train --row dynamic-cs --preset quick --seed 5 --precision float32`" in text


def test_a_row_of_one_seed_is_not_in_the_spread(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    table(tmp_path, "--seeds", "0,3", "--rows", "nearest")
    report = json.loads((tmp_path / "figures" / "matting.json").read_text())
    assert [each["row"] for each in report["spread"]] == ["nearest"]
    assert {each["row"]: each["status"] for each in report["rows"]}["dynamic-cs"] == "measured"
    assert pixels(board(report)).shape == pixels(board(report | {"spread": []})).shape
    assert not np.array_equal(pixels(board(report)), pixels(board(report | {"spread": []})))


def test_a_run_with_other_settings_is_not_taken_for_the_presets(made: Path) -> None:
    with pytest.raises(A2UError, match="no complete run"):
        collect(made / "runs", "quick", classical=False, lr=0.1)


def test_the_picture_tells_what_was_not_run(made: Path) -> None:
    report = json.loads((made / "figures" / "matting.json").read_text())
    height = board(report).get_figheight()
    report["ablation"] = []
    assert board(report).get_figheight() < height


def test_trained_rows_ship_as_small_files(made: Path, tmp_path: Path) -> None:
    card = export(made / "runs" / "matting-dynamic-cs-quick", home=tmp_path)
    assert card.name == "matting/dynamic-cs"
    net, loaded = pretrained.load_pretrained("matting/dynamic-cs", tmp_path)
    assert loaded == replace(card, digest=card.seal())
    assert not net.training
    full, stored = card.metrics["full"], card.metrics["stored"]
    assert stored["sad"] < (1 + SAD_LIMIT) * full["sad"] or card.storage == "float16"
    assert card.title == ROWS["dynamic-cs"].title
    assert "width 0.125, 2 iterations of batch 2 on the synthetic set, crops 16²" in card.training
    case = discs_to_test()[0]
    assert net.predict(case.image, case.trimap).shape == case.alpha.shape


def test_a_classical_method_says_which_images_it_could_not_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it refuses is left out of its means, and counted where they are read."""
    from a2u.matting.measure.evaluate import Evaluation, Measured
    from a2u.matting.measure.metrics import Scores
    from a2u.matting.report import _classical

    scored = Measured("hair-0", 8, 8, 64, Scores(2.0, 0.25, 4.0, 8.0), 0.1, None, {"skip": 8.0, "empty": 8.5})
    found = Evaluation(
        "Closed-form", "three scenes", "skip", [scored], {"net-0": "nothing is known", "net-1": "the same"}
    )
    monkeypatch.setattr(campaign, "evaluate", lambda *_, **__: found)
    row = _classical(tmp_path, "closed-form", settings.settings("nearest", "quick"))
    assert row["title"].endswith(", 1 of 3")
    assert (row["sad"], row["conn_empty"], row["images"]) == (2.0, 8.5, 1)
    found.measured.clear()
    again = _classical(tmp_path / "other", "closed-form", settings.settings("nearest", "quick"))
    assert "nothing is known" in again["status"]
