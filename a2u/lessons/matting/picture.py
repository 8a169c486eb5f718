"""Images, alphas, trimaps and errors in rows, all at one size, with one place of each enlarged below if wanted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from a2u.errors import A2UError
from a2u.plots import sheet, style
from a2u.plots.sheet import Block

WIDTH = 9.6
# The colours of their titles. Blue, orange and green are left alone: they are z, w and y.
ROLES = {"given": style.MUTED, "truth": style.INK, "made": style.HIGHLIGHT, "error": style.INK}
ERROR_LIMIT = 0.5  # the end of the error scale, which all pictures share
SHADES = 48  # of each channel: photographs in all their shades make files too large
_EDGE, _GAP, _HEAD, _NOTE, _BELOW = 0.1, 0.1, 0.3, 0.22, 0.06


@dataclass(frozen=True)
class Picture:
    """One picture of a strip.

    title: above it. values: (3, H, W), RGB in [0, 1]; or one map (H, W), (1, H, W): in [0, 1], or a trimap as uint8.
    role: "given", "truth", "made" (by a method) or "error", which is drawn in the colours of errors.
    note: a few words below it.
    """

    title: str
    values: Any
    role: str = "given"
    note: str = ""


def strip(
    pictures: Sequence[Picture], *, columns: int | None = None, zoom: tuple[int, int, int] | None = None,
    largest: float = 2.2, foot: str = "",
) -> Figure:  # fmt: skip
    """Pictures in rows of `columns` (all in one row unless told otherwise).

    Args:
        pictures: all of one size (H, W).
        columns: how many stand side by side.
        zoom: (top, left, side) of a square, in pixels, that is framed and enlarged below each picture.
        largest: side of a picture, in hundreds of notebook pixels, where there is room for more.
        foot: one line below everything.

    Raises:
        A2UError: No picture, one that is no picture, sizes that differ, an unknown role, or a zoom outside.
    """
    arrays = [_array(picture) for picture in pictures]
    _check(arrays, zoom)
    columns = columns or len(arrays)
    rows = -(-len(arrays) // columns)
    side = min((WIDTH - 2 * _EDGE - (columns - 1) * _GAP) / columns, largest)
    left = (WIDTH - columns * side - (columns - 1) * _GAP) / 2
    cell = side / max(arrays[0].shape[:2])
    tall = arrays[0].shape[0] * cell
    noted = _NOTE * any(picture.note for picture in pictures)
    step = _HEAD + tall + noted + (side + _GAP if zoom else 0) + _BELOW
    with style.context():
        fig, ax = style.canvas(WIDTH, rows * step + (0.3 if foot else 0.06))
        for place, (picture, array) in enumerate(zip(pictures, arrays, strict=True)):
            x = left + place % columns * (side + _GAP)
            top = place // columns * step + _HEAD
            sheet.label(ax, x + side / 2, top - 0.09, picture.title, ROLES[picture.role], _letters(pictures, side))
            block = Block(x + (side - array.shape[1] * cell) / 2, top, cell, *array.shape[:2])
            _show(ax, block, array, picture.role)
            sheet.note(ax, x + side / 2, block.bottom + 0.17, picture.note, 9)
            if zoom:
                y, z, extent = zoom
                large = Block(x, block.bottom + noted + _GAP, side / extent, extent, extent)
                _show(ax, large, array[y : y + extent, z : z + extent], picture.role)
                sheet.frame(ax, block, y, z, extent, extent, style.HIGHLIGHT, 1.4)
                sheet.outline(ax, large, style.HIGHLIGHT, 1.2)
        sheet.note(ax, left, rows * step + 0.16, foot, ha="left")
    return fig


def _letters(pictures: Sequence[Picture], side: float) -> float:
    """The font size at which the longest title is as wide as a picture."""
    return min(10.5, side * 72 / (0.66 * max(len(picture.title) for picture in pictures)))


def _array(picture: Picture) -> Any:
    """(H, W, 3) or (H, W) in [0, 1]."""
    values = np.asarray(picture.values)
    if values.dtype == np.uint8:
        values = values / 255
    if values.ndim == 3 and values.shape[0] == 1:
        values = values[0]
    if values.ndim == 3 and values.shape[0] == 3:
        values = values.transpose(1, 2, 0)
    elif values.ndim != 2 or not values.size:
        raise A2UError(f"{picture.title!r} is to be (3, H, W), (1, H, W) or (H, W), given {values.shape}.")
    if picture.role not in ROLES:
        raise A2UError(f"{picture.title!r} has the role {picture.role!r}; there are {', '.join(ROLES)}.")
    return values


def _check(arrays: Sequence[Any], zoom: tuple[int, int, int] | None) -> None:
    sizes = {array.shape[:2] for array in arrays}
    if len(sizes) != 1:
        raise A2UError(f"A strip shows at least one picture, all of one size; given {sorted(sizes) or 'none'}.")
    if zoom:
        height, width = arrays[0].shape[:2]
        top, left, side = zoom
        if min(top, left, side - 1) < 0 or top + side > height or left + side > width:
            raise A2UError(f"The zoom (top, left, side) = {zoom} leaves the picture of {height}×{width}.")


def _show(ax: Axes, block: Block, array: Any, role: str) -> None:
    norm = Normalize(0, ERROR_LIMIT if role == "error" else 1)
    shown = array if role == "error" else np.rint(array.clip(0, 1) * SHADES) / SHADES
    extent = (block.left, block.right, block.bottom, block.top)
    cmap = style.ERRORS if role == "error" else "gray"
    ax.imshow(shown, cmap=cmap, norm=norm, extent=extent, aspect="auto", zorder=1, interpolation="nearest")
    sheet.outline(ax, block, style.FAINT, 0.8)
