"""`a2u figure`: every picture of the README can be remade, and the stored ones are what the command makes."""

from pathlib import Path

import numpy as np
import pytest
from command import a2u
from PIL import Image, ImageSequence
from project import ROOT

from a2u.commands.figures import FIGURES, files

STORED = ROOT / "figures"


def pixels(path: Path) -> np.ndarray:
    """All frames of a picture, (frames, height, width, 3)."""
    with Image.open(path) as image:
        return np.stack([np.asarray(each.convert("RGB"), dtype=float) for each in ImageSequence.Iterator(image)])


@pytest.mark.parametrize("name", FIGURES)
def test_stored_pictures_are_those_of_the_command(name, tmp_path):
    left = a2u("figure", name, "--folder", tmp_path / "new")
    assert left.code == 0
    assert sorted(path.name for path in (tmp_path / "new").glob("*.*") if path.name[0] != ".") == sorted(files(name))
    assert all(file in left.out for file in files(name))
    for file in (each for each in files(name) if not each.endswith(".md")):
        new, stored = (pixels(folder / file) for folder in (tmp_path / "new", STORED))
        assert new.shape == stored.shape
        assert np.abs(new - stored).mean() < 1  # of 255: letters may be set a little differently elsewhere
        assert stored.std() > 20  # not blank


def test_an_unknown_figure_is_named(tmp_path):
    left = a2u("figure", "inspecter", "--folder", tmp_path)
    assert left.code == 1
    assert "Did you mean 'inspector'" in left.err
    assert not list(tmp_path.iterdir())
