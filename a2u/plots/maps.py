"""Small maps side by side, on one scale: what an operator made, what it should have made, and where they differ."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from a2u.errors import A2UError
from a2u.plots import sheet, style
from a2u.plots.sheet import Block

GAP = 0.42
SAME = 1e-3  # differences far below this are rounding
NUMBERED = 0.3  # cells of at least this size show their numbers


def side_by_side(maps: Mapping[str, Any], *, kind: str = "signed", width: float = 9.6, height: float = 2.9) -> Figure:
    """Draw maps in a row, all on one colour scale and each with its size and range below.

    Args:
        maps: title → array (H, W).
        kind: "signed", "weights" or "errors".
        width, height: of the figure, in hundreds of notebook pixels.

    Raises:
        A2UError: no map, or one that is not two-dimensional.
    """
    arrays = {title: np.asarray(values, dtype=float) for title, values in maps.items()}
    wrong = {title: values.shape for title, values in arrays.items() if values.ndim != 2 or not values.size}
    if not arrays or wrong:
        raise A2UError(f"Maps to draw are arrays (height, width), got {wrong or 'none'}. Pick a sample and a channel.")
    cmap, norm = style.scale(kind, *arrays.values())
    side = min((width - GAP * (len(arrays) - 1) - 0.2) / len(arrays), height - 0.75)
    left = (width - len(arrays) * side - (len(arrays) - 1) * GAP) / 2
    with style.context():
        fig, ax = style.canvas(width, height)
        for place, (title, values) in enumerate(arrays.items()):
            corner = left + place * (side + GAP)
            block = Block.inside(corner, 0.38, side, *values.shape)
            sheet.cells(ax, block, values, cmap, norm)
            if block.cell >= NUMBERED:
                sheet.numbers(ax, block, values, cmap, norm)
            sheet.label(ax, corner + side / 2, 0.25, title)
            size = f"{values.shape[0]}×{values.shape[1]}"
            sheet.note(ax, corner + side / 2, 0.38 + side + 0.2, f"{size},  {sheet.span(values)}")
    return fig


def comparison(target: Any, yours: Any, kind: str = "", name: str = "") -> Figure:
    """Target, yours, and by how much yours is larger (positive) or smaller (negative): zero is white.

    Args:
        target, yours: arrays of one shape; see :func:`flat` for those that are not pictures.
        kind: what they are, "z", "w" or "y", drawn in its colours; "" for anything else.
        name: of what is shown, if it is a part of the whole.
    """
    target, yours = flat(target), flat(yours)
    difference = yours - target
    cell = min(2.95 / target.shape[1], 2.4 / target.shape[0], 0.55)
    most = max(SAME, float(np.nanmax(np.abs(difference), initial=0)))  # rounding stays white
    shared = style.scale("weights" if kind == "w" else "signed", target, yours)
    panels = {
        "target": (target, shared, kind),
        "yours": (yours, shared, kind),
        "yours − target": (difference, style.scale("signed", limit=most), ""),
    }
    with style.context():
        fig, ax = style.canvas(9.6, target.shape[0] * cell + 0.75)
        for place, (title, (values, (cmap, norm), what)) in enumerate(panels.items()):
            block = Block(0.1 + place * 3.22, 0.4, cell, *values.shape)
            sheet.cells(ax, block, values, cmap, norm)
            if cell >= NUMBERED:
                sheet.numbers(ax, block, values, cmap, norm, ~np.isnan(values))
            sheet.outline(ax, block, style.COLOURS.get(what, style.MUTED), 1.6 if what else 1.0)
            words = f"{sheet.key(what)}  {title}" if what else title
            words += f", {name}" if name and not place else ""
            sheet.label(ax, block.left, 0.27, words, style.COLOURS.get(what, style.INK), ha="left")
            sheet.note(ax, block.left, block.bottom + 0.24, sheet.span(values[~np.isnan(values)]), ha="left")
    return fig


def flat(values: Any) -> Any:
    """Any array as a picture: a vector of k² values as k×k, a stack of pictures side by side with gaps (NaN) between.

    Up to three pictures stand in a row, more in rows and columns.
    """
    values = np.asarray(values, dtype=float)
    if values.ndim <= 1:
        side = round(values.size**0.5)
        return values.reshape(side, side) if side * side == values.size else values.reshape(1, -1)
    while values.ndim > 2:
        count = len(values)
        columns = count if count <= 3 else int(np.ceil(count**0.5))
        rows = -(-count // columns)
        grid = np.full((rows * columns, *values.shape[1:-2], values.shape[-2] + 1, values.shape[-1] + 1), np.nan)
        grid[:count, ..., :-1, :-1] = values
        lines = [np.concatenate(list(grid[row * columns : (row + 1) * columns]), axis=-1) for row in range(rows)]
        values = np.concatenate(lines, axis=-2)[..., :-1, :-1]
    return values
