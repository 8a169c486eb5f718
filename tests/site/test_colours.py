"""A stored picture has few colours, and they are those of the original."""

import io

import numpy as np
import pytest
from PIL import Image
from small_site import LESSON

from a2u.lessons import page as lesson_pages
from a2u.site.colours import COLOURS, fewer_colours


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
