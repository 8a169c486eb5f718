"""`a2u figure`: every picture of the README can be remade, and the stored ones are what the command makes."""

import numpy as np
import pytest
from command import a2u
from PIL import Image
from project import ROOT

from a2u.commands.figures import FIGURES

STORED = ROOT / "figures"


@pytest.mark.parametrize("name", FIGURES)
def test_stored_pictures_are_those_of_the_command(name, tmp_path):
    left = a2u("figure", name, "--folder", tmp_path / "new")
    assert left.code == 0
    assert f"{name}.png: " in left.out
    new, stored = (np.asarray(Image.open(folder / f"{name}.png").convert("RGB"), dtype=float)
                   for folder in (tmp_path / "new", STORED))  # fmt: skip
    assert new.shape == stored.shape
    assert np.abs(new - stored).mean() < 1  # of 255: letters may be set a little differently elsewhere
    assert stored.std() > 20  # not blank


def test_an_unknown_figure_is_named(tmp_path):
    left = a2u("figure", "inspecter", "--folder", tmp_path)
    assert left.code == 1
    assert "Did you mean 'inspector'" in left.err
    assert not list(tmp_path.iterdir())
