"""The pictures of an explorer on a page: one for each combination, with the colours of the original."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from bs4 import BeautifulSoup
from PIL import Image
from small_site import LESSON

from a2u.lessons import page as lesson_pages
from a2u.site.frames import COLOURS, fewer_colours


def test_the_explorer_has_one_picture_for_each_combination(site: Path, pages: dict[str, BeautifulSoup]) -> None:
    explorer = pages[f"{LESSON}.html"].select_one("[data-explorer]")
    data = json.loads(explorer.script.string)
    assert data["sizes"] == [2, 3]
    assert len(data["frames"]) == 6
    assert len({tuple(frame) for frame in data["frames"]}) == 6, "every combination shows something else"
    for file, width, height in data["pictures"]:
        assert (site / file).is_file()
        assert width == 960
        assert height > 200
    start = data["frames"][1]  # bilinear, column 7: where the lesson starts
    assert explorer.img["src"] == data["pictures"][start[0]][0]
    assert explorer.img["alt"] == data["texts"][start[1]]
    assert "explorer(" in explorer.find_previous(class_="input").get_text(), "it stands where the lesson opens it"
    assert [label.get_text() for label in explorer.select("label")] == ["operator", "column"]
    assert all(explorer.find(id=label["for"]) for label in explorer.select("label"))
    note = " ".join(explorer.select_one(".note").get_text().split())
    assert "Here the ratio stays 2, the channel 0 and the row 5; for questions about them open the lesson in" in note


@pytest.mark.parametrize("operator", ["bicubic", "pixel_shuffle"])  # whose maps turned violet where nothing is negative
def test_a_stored_picture_keeps_the_colours_of_areas_and_greys_stay_grey(operator: str) -> None:
    panel = lesson_pages.pages()[LESSON].panel()
    panel.set(operator=operator)
    with Image.open(io.BytesIO(panel.image.value)) as opened:
        pixels = np.asarray(opened.convert("RGB"))
    stored = fewer_colours(pixels)
    assert len(np.unique(stored.reshape(-1, 3), axis=0)) <= COLOURS
    found, counts = np.unique(pixels.reshape(-1, 3), axis=0, return_counts=True)
    for colour in found[counts > 1000]:
        assert (stored[(pixels == colour).all(axis=2)] == colour).all()
    apart = np.abs(stored.astype(int) - pixels)
    assert apart.mean() < 0.5
    neutral = np.ptp(pixels.astype(int), axis=2) <= 4
    assert neutral.sum() > 10_000
    tint = np.ptp(stored.astype(int)[neutral], axis=1)
    assert tint.max() <= 12  # and that only at a rim, where a few pixels lie between two colours
    assert (tint > 8).sum() < 20


def test_a_ramp_of_greys_keeps_no_tint_and_a_violet_stays_violet() -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    violet = np.stack([ramp[::-1, 0], np.full(256, 32, np.uint8), np.full(256, 255, np.uint8)], axis=1)
    stored = fewer_colours(np.stack([ramp, violet])).astype(int)
    assert np.ptp(stored[0], axis=1).max() <= 5
    assert (stored[1, :192, 1] < stored[1, :192, [0, 2]].min(axis=0)).all()
