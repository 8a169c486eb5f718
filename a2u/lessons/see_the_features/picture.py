"""Feature maps of networks side by side, as in the paper's Figure 1, and one upsampled value with its kernel."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from a2u.errors import A2UError
from a2u.plots import sheet, style
from a2u.plots.sheet import Block

WIDTH = 9.6
SHADES = 48  # of each channel: photographs and maps in all their shades make files too large
_EDGE, _GAP, _HEAD, _NOTE, _FOOT = 0.1, 0.12, 0.4, 0.26, 0.42
_WHOLE = Normalize(0, 1)


def side_by_side(
    image: Any,
    maps: Mapping[str, Any],
    zoom: tuple[int, int, int],
    notes: Mapping[str, str],
    foot: str = "",
    where: Any = None,
) -> Figure:
    """An image and the feature maps of several networks, all on one scale, with one place enlarged below each.

    Args:
        image: (H, W, 3) in [0, 1].
        maps: title → (H, W), each stretched to 0 … 1.
        zoom: (top, left, side) of the enlarged square, in pixels.
        notes: title → a few words under the map.
        foot: what was measured on what.
        where: bool (H, W), the places of the maps that count; the others stay grey. None for all.

    Raises:
        A2UError: no map, sizes that differ, a map that leaves 0 … 1, or a zoom outside.
    """
    image = np.asarray(image, dtype=float)
    arrays = {title: np.asarray(values, dtype=float) for title, values in maps.items()}
    size = image.shape[:2]
    for title, values in arrays.items():
        if values.shape != size or values.min() < -1e-6 or values.max() > 1 + 1e-6:
            raise A2UError(f"{title}: a map has the image's size {size} and lies in 0 … 1, given {values.shape}.")
    top, left, extent = zoom
    if not arrays or min(top, left, extent - 1) < 0 or top + extent > size[0] or left + extent > size[1]:
        raise A2UError(f"Give at least one map, and a zoom (top, left, side) inside the image of {size}, not {zoom}.")
    columns = 1 + len(arrays)
    side = (WIDTH - 2 * _EDGE - (columns - 1) * _GAP) / columns
    with style.context():
        fig, ax = style.canvas(WIDTH, _HEAD + 2 * side + _NOTE + _FOOT)
        for place, (title, values) in enumerate({"image": image, **arrays}.items()):
            x = _EDGE + place * (side + _GAP)
            block = Block.inside(x, _HEAD, side, *size)
            large = Block(x, _HEAD + side + _NOTE, side / extent, extent, extent)
            sheet.label(ax, x + side / 2, 0.28, title, style.Y if place else style.INK)
            if place and where is not None:
                values = np.where(where, values, np.nan)
            _show(ax, block, values)
            _show(ax, large, values[top : top + extent, left : left + extent])
            sheet.frame(ax, block, top, left, extent, extent, style.HIGHLIGHT, 1.4)
            sheet.outline(ax, large, style.HIGHLIGHT, 1.2)
            sheet.note(ax, x + side / 2, _HEAD + side + 0.18, notes.get(title, ""), 9)
        bottom = _HEAD + 2 * side + _NOTE
        sheet.note(ax, _EDGE, bottom + 0.26, foot, ha="left")
        known = "" if where is None else "; grey: known"
        _scale(fig, f"energy, own range each{known}", bottom + _FOOT)
    return fig


def _show(ax: Axes, block: Block, values: Any) -> None:
    shown = np.rint(values.clip(0, 1) * SHADES) / SHADES
    extent = (block.left, block.right, block.bottom, block.top)
    cmap = style.ERRORS.with_extremes(bad=style.FAINT)
    ax.imshow(shown, cmap=cmap, norm=_WHOLE, extent=extent, aspect="auto", interpolation="nearest", zorder=1)


def _scale(fig: Figure, words: str, height: float) -> None:
    bar_ax = fig.add_axes(((WIDTH - 2.0) / WIDTH, 0.2 / height, 1.8 / WIDTH, 0.09 / height))
    bar = fig.colorbar(ScalarMappable(_WHOLE, style.ERRORS), cax=bar_ax, orientation="horizontal")
    bar.outline.set_visible(False)
    bar.set_ticks([0, 0.5, 1])
    bar.ax.tick_params(length=2, labelsize=8, pad=1)
    sheet.note(fig.axes[0], WIDTH - 2.1, height - 0.16, words, ha="right")


def place(
    image: Any, values: Any, at: tuple[int, int], w: Any, z: Any, value: float | None, *, title: str, kind: str
) -> Figure:
    """An image, one upsampled map, its surroundings of one position enlarged, and the kernel (and window) there.

    Args:
        image: (H, W, 3) in [0, 1].
        values: (h, w), the upsampled map.
        at: (row, column) in it.
        w: (k, k), the kernel at this position.
        z: (k, k), the window that it meets; None where the map is an energy, made of many windows.
        value: wᵀz, or None.
        title: above all.
        kind: "errors" for what is never negative, "signed" otherwise.
    """
    image, values, w = (np.asarray(each, dtype=float) for each in (image, values, w))
    side, top, gap = 2.2, 0.72, 0.26
    lefts = [0.1 + number * (side + gap) for number in range(4)]
    i, j = at
    scale = values.shape[0] / image.shape[0]
    cmap, norm = style.scale(kind, values)
    with style.context():
        fig, ax = style.canvas(WIDTH, top + side + 0.36)
        sheet.label(ax, 0.1, 0.28, title, ha="left", size=12)
        whole = Block.inside(lefts[0], top, side, *image.shape[:2])
        _show(ax, whole, image)
        sheet.frame(ax, whole, i / scale, j / scale, 1 / scale, 1 / scale, style.Y, 1.6)
        _words(ax, lefts[0], side, top, "image", f"{image.shape[0]}×{image.shape[1]}")
        block = Block.inside(lefts[1], top, side, *values.shape)
        sheet.cells(ax, block, values, cmap, norm)
        r0, c0, extent = _around(at, values.shape)
        sheet.frame(ax, block, r0, c0, extent, extent, style.HIGHLIGHT, 1.4)
        _words(ax, lefts[1], side, top, "● y  upsampled map", f"{values.shape[0]}×{values.shape[1]},  {_range(values)}")
        large = Block(lefts[2], top, side / extent, extent, extent)
        sheet.cells(ax, large, values[r0 : r0 + extent, c0 : c0 + extent], cmap, norm)
        sheet.outline(ax, large, style.HIGHLIGHT, 1.2)
        sheet.frame(ax, large, i - r0, j - c0, 1, 1, style.Y, 2.2)
        _words(ax, lefts[2], side, top, "there, enlarged", f"row {i}, column {j}")
        _kernel(ax, lefts[3], top, side, w, z, value)
    return fig


def _words(ax: Axes, left: float, side: float, top: float, title: str, below: str) -> None:
    sheet.label(ax, left + side / 2, top - 0.12, title, style.Y if title.startswith("●") else style.INK, 10)
    sheet.note(ax, left + side / 2, top + side + 0.22, below)


def _around(at: tuple[int, int], shape: tuple[int, ...]) -> tuple[int, int, int]:
    """(top, left, side) of a square around a position, moved into the map at its borders."""
    extent = min(16, *shape)
    row, column = (min(max(0, a - extent // 2), size - extent) for a, size in zip(at, shape, strict=True))
    return row, column, extent


def _kernel(ax: Axes, left: float, top: float, side: float, w: Any, z: Any, value: float | None) -> None:
    """The kernel alone, or the window above it and their inner product."""
    limit = max(float(np.abs(w).max()), 2 / w.size)
    cmap, norm = style.scale("weights", limit=limit)
    if z is None:
        block = Block.inside(left, top, side, len(w), len(w), largest=0.65)
        sheet.cells(ax, block, w, cmap, norm)
        sheet.numbers(ax, block, w, cmap, norm)
        sheet.outline(ax, block, style.W)
        _words(ax, left, side, top, "", "mean over channels")
        sheet.label(ax, left + side / 2, top - 0.12, "◆ w  kernel there", style.W, 10)
        return
    half = (side - 0.34) / 2
    for number, (values, colour, words) in enumerate(((z, style.Z, "■ z"), (w, style.W, "◆ w"))):
        block = Block.inside(left + 0.5, top + number * (half + 0.34), half, len(w), len(w), largest=0.5)
        shades = (cmap, norm) if number else style.scale("signed", values)
        sheet.cells(ax, block, values, *shades)
        sheet.numbers(ax, block, values, *shades)
        sheet.outline(ax, block, colour)
        sheet.label(ax, left + 0.42, block.top + (block.bottom - block.top) / 2 + 0.05, words, colour, 10, ha="right")
    text = f"● y = wᵀz = {style.number(value or 0.0, 3)}"
    sheet.label(ax, left + 0.5 + half / 2, top + side + 0.24, text, style.Y, 10)


def _range(values: Any) -> str:
    return sheet.span(values)
