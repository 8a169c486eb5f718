"""An animation: frames of one size, shorter than 40 s, equal bytes for equal frames."""

import io

import pytest
from PIL import Image, ImageSequence

from a2u.errors import A2UError
from a2u.plots import sheet, style
from a2u.plots.moving import Moving


def frames(stays: list[int], width: float = 2.0) -> list:
    found = []
    for number, stay in enumerate(stays):
        figure, ax = style.canvas(width, 1)
        sheet.label(ax, 1, 0.6, f"frame {number}")
        found.append((figure, stay))
    return found


def test_a_file_has_every_frame_for_as_long_as_it_stays_and_plays_without_end() -> None:
    made = Moving(frames([100, 250, 300]), 1, "Three frames.")
    assert made.milliseconds == 650
    with Image.open(io.BytesIO(made.webp())) as image:
        assert image.info["loop"] == 0
        stays = [(each.load(), each.info["duration"])[1] for each in ImageSequence.Iterator(image)]
        assert stays == [100, 250, 300]
    assert made.webp() == Moving(frames([100, 250, 300]), 1, "Three frames.").webp()


@pytest.mark.parametrize(
    ("parts", "still", "message"),
    [
        (frames([20_000, 20_000]), 0, "shorter than 40 s, this one takes 40000 ms"),
        (frames([100]), 1, "one of them is its still picture"),
        ([*frames([100]), *frames([100], width=3.0)], 0, "frames of one size"),
        ([], 0, "frames of one size"),
    ],
)
def test_what_is_no_animation_is_refused(parts: list, still: int, message: str) -> None:
    with pytest.raises(A2UError, match=message):
        Moving(parts, still, "")
