"""No command writes over what it reads, nor over what it did not write: refused before the work, with the name."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from command import a2u
from PIL import Image
from project import ROOT

from a2u.commands import figures, table1, table2
from a2u.files.outputs import Outputs

CLASSICAL = ["--classical", "closed-form"]


def run(*words: object) -> int:
    return a2u(*words).code


def picture(path: Path, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (24, 24, 3)).astype(np.uint8)).save(path)
    return path


def trimap(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    known = np.full((24, 24), 128, dtype=np.uint8)
    known[:, :8], known[:, -8:] = 0, 255
    Image.fromarray(known).save(path)
    return path


def contents(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two photographs, one of which has the name of a result of the other."""
    picture(tmp_path / "img" / "a.png"), picture(tmp_path / "img" / "a-alpha.png", 1)
    trimap(tmp_path / "tri" / "a.png"), trimap(tmp_path / "tri" / "a-alpha.png")
    return tmp_path


@pytest.mark.parametrize("out", ["img", "tri", "link", "linked file", "hard link"])
def test_predict_replaces_no_photograph_and_no_trimap(
    photos: Path, capsys: pytest.CaptureFixture[str], out: str
) -> None:
    target = photos / out
    if out == "link":
        target.symlink_to(photos / "img")
    if out in ("linked file", "hard link"):
        target.mkdir()
        make = os.link if out == "hard link" else os.symlink
        make(photos / "img" / "a.png", target / "a-alpha.png")
    if out == "tri":
        shutil.copy(photos / "tri" / "a.png", photos / "tri" / "a-cutout.png")
    before = contents(photos)
    assert run("matting", "predict", photos / "img", photos / "tri", *CLASSICAL, "-o", target) == 1
    said = capsys.readouterr()
    assert "a-alpha.png" in said.err
    assert said.out == ""
    assert contents(photos) == before


def test_predict_repeats_itself_and_refuses_what_was_edited(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["matting", "predict", photos / "img" / "a.png", photos / "tri" / "a.png", *CLASSICAL, "-o", photos / "out"]
    assert run(*words) == 0
    first = contents(photos / "out")
    assert run(*words) == 0
    assert contents(photos / "out") == first
    picture(photos / "out" / "a-cutout.png", 7)
    edited = contents(photos / "out")
    capsys.readouterr()
    assert run(*words) == 1
    assert "a-cutout.png is there already, and `a2u matting predict` did not write it" in capsys.readouterr().err
    assert contents(photos / "out") == edited


def test_predict_says_what_a_mask_is(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A trimap without unknown pixels would come back as it is."""
    mask = np.zeros((24, 24), dtype=np.uint8)
    mask[:, 12:] = 255
    Image.fromarray(mask).save(photos / "tri" / "a.png")
    words = ["matting", "predict", photos / "img" / "a.png", photos / "tri" / "a.png", *CLASSICAL, "-o", photos / "out"]
    assert run(*words) == 1
    assert "holds 0 and 255 only, and no 128" in capsys.readouterr().err
    assert contents(photos / "out") == {}


@pytest.fixture
def measured(tmp_path: Path) -> tuple[Path, list[str | Path]]:
    """A small set, and mattes of another program in the folder where results would go."""
    picture(tmp_path / "data" / "image" / "a.png"), trimap(tmp_path / "data" / "trimap" / "a.png")
    trimap(tmp_path / "data" / "alpha" / "a.png")
    trimap(tmp_path / "X" / "mattes" / "a.png")
    return tmp_path, ["matting", "evaluate", "--data", tmp_path / "data", "--mattes", tmp_path / "X" / "mattes"]


def test_evaluate_replaces_no_matte_that_it_measures(
    measured: tuple[Path, list[str | Path]], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, words = measured
    before = contents(folder)
    assert run(*words, "-o", folder / "X") == 1
    assert "a.png is read by this command" in capsys.readouterr().err
    assert contents(folder) == before
    assert run(*words, "-o", folder / "Y") == 0
    assert run(*words, "-o", folder / "Y") == 0  # its own
    own = [*words[:-1], folder / "Y" / "mattes"]
    after = contents(folder)
    assert run(*own, "-o", folder / "Y") == 1  # its own, but read
    assert contents(folder) == after


@pytest.mark.parametrize("name", ["scores.json", "scores.csv", "scores.txt"])
def test_evaluate_replaces_no_notes(measured: tuple[Path, list[str | Path]], name: str) -> None:
    folder, words = measured
    (folder / "Y").mkdir()
    (folder / "Y" / name).write_text("mine")
    assert run(*words, "-o", folder / "Y") == 1
    assert contents(folder / "Y") == {name: b"mine"}


@pytest.mark.parametrize(
    ("words", "name"),
    [
        *((["figure", "inspector", "--folder"], name) for name in ["inspector.png"]),
        *((["table1", "--report-only", "--out"], name) for name in table1.FILES),
        *((["matting", "table", "--report-only", "--out"], name) for name in table2.FILES),
    ],
)
def test_reports_and_figures_replace_nothing_of_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], name: str
) -> None:
    (tmp_path / name).write_text("mine")
    assert run(*words, tmp_path) == 1
    assert f"{name} is there already" in capsys.readouterr().err
    assert contents(tmp_path) == {name: b"mine"}


def test_the_figures_of_this_project_are_the_commands_own() -> None:
    """In a fresh clone `a2u figure`, `a2u table1` and `a2u matting table` may make them anew.

    Made otherwise, they are adopted by making them again with the command: move them away first.
    """
    names = {
        "a2u figure": [f"{name}.png" for name in figures.FIGURES],
        "a2u table1": table1.FILES,
        "a2u matting table": table2.FILES,
    }
    for command, files in names.items():
        Outputs(ROOT / "figures", command).check(files)
