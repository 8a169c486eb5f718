"""The same few images through every network: reconstructions and errors, one row per network."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from a2u.errors import A2UError
from a2u.plots import sheet, style
from a2u.plots.reconstruction import as_maps

WIDTH = 9.6
LIMIT = 0.5  # the end of the common error scale: half the range of a pixel
_LEFT, _TOP, _GAP, _PAIR, _FOOT = 2.15, 0.95, 0.05, 0.2, 0.6


def gallery(
    images: Any,
    rows: Mapping[str, Any],
    notes: Mapping[str, str] | None = None,
    *,
    heads: Sequence[str] = (),
    label: str = "",
    limit: float = LIMIT,
    absent: str = "not run",
) -> Figure:
    """The input above; below, for every network, each reconstruction and beside it |reconstruction − input|.

    Args:
        images: array (N, H, W) or (N, 1, H, W), values in [0, 1].
        rows: by title of the network, an array of the same shape; single images that are missing are NaN, and None
            stands for a network that was not run at all.
        notes: by title, small text under it.
        heads: a word above each image.
        label: what was run; stands in the title.
        limit: of the error scale, shared by all panels; larger errors have its last colour.
        absent: what stands in the place of a missing image.

    Raises:
        A2UError: An array of another shape than the images, or no image at all.
    """
    inputs = as_maps(images)
    outputs = {title: None if maps is None else as_maps(maps) for title, maps in rows.items()}
    for title, maps in outputs.items():
        if maps is not None and maps.shape != inputs.shape:
            raise A2UError(f"{title} has shape {maps.shape}, but the images have {inputs.shape}: they must be equal.")
    if not len(inputs):
        raise A2UError("There is nothing to show: give at least one image.")
    count = len(inputs)
    side = (WIDTH - _LEFT - 0.1 - count * _GAP - (count - 1) * _PAIR) / (2 * count)
    lefts = [_LEFT + n * (2 * side + _GAP + _PAIR) for n in range(count)]
    height = _TOP + (1 + len(outputs)) * (side + _GAP) + 0.1 + _FOOT
    with style.context():
        fig, ax = style.canvas(WIDTH, height)
        sheet.label(ax, 0.1, 0.28, "Reconstructions and their errors, on images that no network has seen", ha="left")
        sheet.note(ax, 0.1, 0.5, label, size=9, ha="left")
        cell = side / max(inputs.shape[1:])
        for number, left in enumerate(lefts):
            if heads:
                sheet.note(ax, left + side / 2, _TOP - 0.1, heads[number])
            sheet.note(ax, left + side + _GAP + side / 2, _TOP + side - 0.08, "error")
            _panel(ax, left, _TOP, cell, inputs[number], "signed", 1.0, absent)
        sheet.label(ax, _LEFT - 0.15, _TOP + side / 2, "input", style.Z, ha="right")
        for row, (title, maps) in enumerate(outputs.items()):
            top = _TOP + 0.1 + (row + 1) * (side + _GAP)
            _title(ax, top + side / 2, title, (notes or {}).get(title, ""))
            for number, left in enumerate(lefts):
                shown = np.full(inputs.shape[1:], np.nan) if maps is None else maps[number]
                error = np.abs(shown - inputs[number])
                _panel(ax, left, top, cell, shown, "signed", 1.0, absent)
                _panel(ax, left + side + _GAP, top, cell, error, "errors", limit, absent)
        _bar(fig, height, limit)
    return fig


def _panel(ax: Axes, left: float, top: float, cell: float, values: Any, kind: str, limit: float, absent: str) -> None:
    """One map, or hatched ground where there is none."""
    block = sheet.Block(left, top, cell, *values.shape)
    if np.isnan(values).all():
        sheet.shade(ax, block)
        sheet.note(ax, (block.left + block.right) / 2, (block.top + block.bottom) / 2 + 0.04, absent, size=8)
    else:
        sheet.cells(ax, block, values, *style.scale(kind, limit=limit))
    sheet.outline(ax, block, style.FAINT, 0.8)


def _title(ax: Axes, y: float, title: str, note: str) -> None:
    first, _, second = title.partition(" – ")
    sheet.label(ax, _LEFT - 0.15, y - 0.02, second or first, size=9.5, ha="right")
    sheet.note(ax, _LEFT - 0.15, y + 0.16, note or (first if second else ""), ha="right")


def _bar(fig: Figure, height: float, limit: float) -> None:
    """One scale for all error maps."""
    ax = fig.add_axes((6.3 / WIDTH, 0.36 / height, 3.0 / WIDTH, 0.12 / height))
    bar = fig.colorbar(
        ScalarMappable(Normalize(0, limit), style.ERRORS),
        cax=ax,
        orientation="horizontal",
        extend="max",
        extendfrac=0.02,
    )
    bar.outline.set_visible(False)
    bar.set_ticks([0, limit / 2, limit])
    bar.ax.tick_params(length=2, labelsize=8.5)
    text = "one scale for all errors  |reconstruction − input|"
    fig.text(6.15 / WIDTH, 0.38 / height, text, fontsize=8.5, color=style.MUTED, ha="right")
