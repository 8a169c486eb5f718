"""The animations of the lessons show what the library computes, with words on every frame."""

import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from project import NOTEBOOKS

from a2u.commands.figures import MOVING, moving
from a2u.lessons.affinity.explorer import pair_weights, rank_errors, truncate
from a2u.lessons.carafe import moving as temperature
from a2u.lessons.editions import compose, editions_of, names, target
from a2u.lessons.indexnet import moving as gates
from a2u.lessons.kernels_learned_once import moving as learned_once
from a2u.lessons.one_formula import moving as half_pixels


@pytest.mark.parametrize("name", MOVING)
def test_it_is_short_small_and_says_in_words_what_it_shows(name: str) -> None:
    found = moving(name)
    assert 5_000 < found.milliseconds < 40_000
    assert len(found.webp()) < 250_000
    assert len(found.alt.split()) > 25
    assert any(letter.isdigit() for letter in found.says)


@cache
def shown() -> list[tuple[Path, str, str, str]]:
    """Of every picture in the text of every edition: where the edition lies, the words, the file, and the next line."""
    return [
        (target(NOTEBOOKS, name, edition), *picture)
        for name in names(NOTEBOOKS)
        for edition in editions_of(NOTEBOOKS, name)
        for cell in compose(NOTEBOOKS, name, edition).cells
        if cell.cell_type == "markdown"
        for picture in re.findall(r"!\[([^]]*)\]\(([^)\s]+)\)\s*(.*)", cell.source)
    ]


@pytest.mark.parametrize("name", MOVING)
def test_it_stands_once_in_every_edition_of_its_lesson_and_in_no_other(name: str) -> None:
    lesson = MOVING[name].split(".")[2]
    (path,) = NOTEBOOKS.glob(f"[0-9][0-9]_{lesson.removesuffix('_operator')}.ipynb")
    expected = [target(NOTEBOOKS, path.stem, edition) for edition in editions_of(NOTEBOOKS, path.stem)]
    found = [where for where, _, file, _ in shown() if Path(file).name == f"{name}.webp"]
    assert found == expected


@pytest.mark.parametrize("name", MOVING)
def test_the_lesson_says_in_words_what_it_shows_and_offers_the_still(name: str) -> None:
    for where, alt, file, caption in shown():
        if Path(file).name == f"{name}.webp":
            assert " ".join(alt.split()) == moving(name).alt
            assert re.match(r"\*\w", caption)
            assert (where.parent / file).with_suffix(".png").is_file()


def test_every_picture_of_every_edition_is_there_and_has_words() -> None:
    assert len(shown()) >= 3 * len(MOVING)
    for where, alt, file, _ in shown():
        assert (where.parent / file).is_file(), f"{where}: {file}"
        assert len(alt.split()) >= 3, f"{where}: {file}"


def test_half_pixels_are_those_of_bilinear_interpolation() -> None:
    z = torch.tensor(half_pixels.VALUES)[None, None]
    expected = F.interpolate(z, scale_factor=2, mode="linear", align_corners=False)[0, 0]
    made = [half_pixels.value(output) for output in range(len(expected))]
    assert made == pytest.approx(expected.tolist(), abs=1e-6)
    assert all(sum(half_pixels.weights(output).values()) == pytest.approx(1) for output in range(len(expected)))


def test_spreading_and_gathering_are_the_deconvolution() -> None:
    z, taps = (torch.tensor(values)[None, None] for values in (learned_once.Z, learned_once.TAPS))
    expected = F.conv_transpose1d(z, taps, stride=learned_once.STRIDE, padding=learned_once.PADDING)[0, 0]
    assert learned_once.spread(len(learned_once.Z)) == pytest.approx(expected.tolist())
    assert len(expected) == learned_once.OUTPUTS


def test_the_shuffle_is_that_of_torch() -> None:
    maps = torch.from_numpy(learned_once.channels())
    assert np.array_equal(learned_once.shuffled(maps.numpy()), F.pixel_shuffle(maps, 2)[0].numpy())


@pytest.mark.parametrize("number", [0, 9, -1])
def test_the_weights_are_a_softmax_at_its_temperature(number: int) -> None:
    t = float(temperature.TEMPERATURES[number])
    expected = torch.softmax(torch.from_numpy(temperature.SCORES).flatten() / t, 0).view(3, 3)
    assert temperature.kernel(t) == pytest.approx(expected.numpy())


def test_the_share_that_is_lost_is_that_of_the_table() -> None:
    from a2u.lessons.affinity.moving import WEIGHTS

    table = pair_weights(WEIGHTS)
    for rank in (1, 4, len(table)):
        lost = (table - truncate(table, rank)).norm() / table.norm()
        assert float(rank_errors(table)[rank]) == pytest.approx(float(lost), abs=1e-6)


def test_the_gates_are_the_trained_networks_own() -> None:
    z, w, y = gates.maps()
    assert np.array_equal(w * z, y)
    assert 0 < w.min() < w.max() < 1
    blocks = z.reshape(16, 2, 16, 2)
    assert np.array_equal(blocks.min((1, 3)), blocks.max((1, 3))), "z is constant inside a block, so w draws the detail"
