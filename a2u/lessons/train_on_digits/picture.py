"""A whole network and one of its values in one picture: what it copies, and the last upsampling, opened."""

from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from a2u.errors import A2UError
from a2u.plots import sheet, style, witness
from a2u.plots.reconstruction import ERROR_LIMIT
from a2u.plots.sheet import Block

WIDTH, SIDE, TOP, UPPER = 9.6, 1.35, 0.5, 2.0  # UPPER: height of the row of images
LEFTS = (0.1, 2.5, 4.9, 7.3)  # of the images; their words stand at the right of each
LINE = 0.18  # height of a line of these words


class OpenedValue(NamedTuple):
    """One output value of an upsampler: its maps (C, h, w) and (C, rh, rw), its kernel and window, its place.

    where: integers (len, 3), channel, row and column of each tap in x. at: channel, row, column in y.
    """

    x: Any
    y: Any
    w: Any
    z: Any
    where: Any
    at: tuple[int, int, int]


def copied(image: Any, copy: Any, guide: Any, value: OpenedValue, *, title: str, score: str) -> Figure:
    """Above: an image, its copy by a network, the error, the encoder's map. Below: one value of the last upsampling.

    Args:
        image, copy: arrays (H, W), values in [0, 1].
        guide: array (H, W), the encoder's map that the operator asks; None if it asks none.
        value: the value to open; its place is marked in all images.
        title: of the network.
        score: of the copy, in words.

    Raises:
        A2UError: images of different shapes.
    """
    image, copy = (np.asarray(a, dtype=float) for a in (image, copy))
    if image.shape != copy.shape or image.ndim != 2:
        raise A2UError(f"An image and its copy are (H, W) both, got {image.shape} and {copy.shape}.")
    height = UPPER + witness.HEIGHT
    with style.context():
        fig, ax = style.canvas(WIDTH, height)
        sheet.label(ax, 0.1, 0.27, title, size=12.5, ha="left")
        sheet.label(ax, WIDTH - 0.1, 0.27, score, size=12.5, ha="right")
        error = np.abs(copy - image)
        ink, wrong = Normalize(-1, 1), Normalize(0, ERROR_LIMIT)
        place = (value.at[1], value.at[2])
        _panel(ax, 0, image, "signed", ink, "input", "white 0 …\nblack 1", place)
        _panel(ax, 1, copy, "signed", ink, "copy", sheet.span(copy), place)
        words = f"|copy − input|\nblack 0 …\nyellow {ERROR_LIMIT},\nlargest {style.number(error.max())}"
        _panel(ax, 2, error, "errors", wrong, "error", words, place, style.HIGHLIGHT)
        _guide(ax, guide, place)
        lower = fig.add_axes((0, 0, 1, witness.HEIGHT / height), frameon=False, xlim=(0, WIDTH))
        lower.set_ylim(witness.HEIGHT, 0)
        lower.set_autoscale_on(False)
        lower.set_axis_off()
        witness.draw(lower, *value, title="The last upsampling, opened at the marked place")
    return fig


def _panel(
    ax: Axes,
    number: int,
    values: Any,
    kind: str,
    norm: Normalize,
    title: str,
    words: str,
    place: tuple[int, int],
    colour: str = style.INK,
) -> None:
    values = np.asarray(values, dtype=float)
    left, (row, column) = LEFTS[number], place
    block = Block.inside(left, TOP, SIDE, *values.shape)
    sheet.cells(ax, block, values, style.MAPS[kind], norm)
    sheet.outline(ax, block, style.FAINT, 0.8)
    sheet.frame(ax, block, row, column, 1, 1, style.HIGHLIGHT, 1.8)
    _words(ax, number, title, words, colour)


def _words(ax: Axes, number: int, title: str, words: str, colour: str = style.INK) -> None:
    """Title and words at the right of an image: above it they would make the picture too high for a screen."""
    x = LEFTS[number] + SIDE + 0.12
    sheet.label(ax, x, TOP + LINE, title, colour, ha="left")
    for line, text in enumerate(words.splitlines(), start=2):
        sheet.note(ax, x, TOP + line * LINE, text, ha="left")


def _guide(ax: Axes, guide: Any, place: tuple[int, int]) -> None:
    if guide is not None:
        guide = np.asarray(guide, dtype=float)
        _panel(ax, 3, guide, "signed", style.signed_norm(guide), "guide", "the encoder's\nmap, this\nchannel", place)
        return
    sheet.shade(ax, Block(LEFTS[3], TOP, SIDE, 1, 1))
    _words(ax, 3, "no guide", "w does not\nask the\nencoder")
