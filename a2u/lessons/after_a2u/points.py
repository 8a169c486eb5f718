"""DySample's one point, moved by hand: the four cells that it is read from, their weights, and the output value."""

# ipywidgets has no types of its own.
# mypy: disable-error-code="attr-defined, name-defined, no-untyped-call"

from typing import Any, NamedTuple

import ipywidgets as widgets
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from a2u import cells
from a2u.lessons import shared
from a2u.lessons.frame import Drawing, Panel, slider
from a2u.plots import sheet, style
from a2u.plots.sheet import Block

RATIO = 2
FARTHEST, STEP = 2.0, 0.25  # of the sliders, in cells of the small map
WIDTH, HEIGHT = 9.6, 4.5


class Read(NamedTuple):
    """Where the point of one output is, and what it reads."""

    base: tuple[float, float]  #: row and column, in cells, without the offset
    point: tuple[float, float]  #: with it, moved to the edge if it lies outside
    where: list[tuple[int, int]]  #: row and column of the four cells, row by row
    w: Tensor  #: Tensor[4]
    z: Tensor  #: Tensor[4]

    @property
    def value(self) -> float:
        """The output, wᵀz."""
        return float(self.w @ self.z)


def read(x: Tensor, row: int, column: int, dx: float = 0.0, dy: float = 0.0) -> Read:
    """Read a map, Tensor[H, W], for output (row, column) at its own place plus (dx, dy) cells."""
    height, width = x.shape
    base = ((row + 0.5) / RATIO - 0.5, (column + 0.5) / RATIO - 0.5)
    rows, columns = (torch.full((1, 1, 1, 1, 1), at, dtype=x.dtype) for at in (base[0] + dy, base[1] + dx))
    w, index = cells.bilinear_cells(rows, columns, height, width, "clamp")
    point = (min(max(base[0] + dy, 0.0), height - 1.0), min(max(base[1] + dx, 0.0), width - 1.0))
    found = index.flatten()
    return Read(base, point, [divmod(int(cell), width) for cell in found], w.flatten(), x.flatten()[found])


def explorer(row: int = 7, column: int = 8, dx: float = 0.0, dy: float = 0.0) -> Panel:
    """Choose an output and move its point: dx to the right and dy downwards, in cells of the small map."""
    return Panel(
        draw,
        columns=2,
        row=slider(0, shared.SIZE * RATIO - 1, row, "row"),
        column=slider(0, shared.SIZE * RATIO - 1, column, "column"),
        dx=_offset(dx, "dx"),
        dy=_offset(dy, "dy"),
    )


def _offset(value: float, label: str) -> widgets.FloatSlider:
    return widgets.FloatSlider(value=value, min=-FARTHEST, max=FARTHEST, step=STEP, description=label)


def draw(row: int, column: int, dx: float, dy: float) -> Drawing:
    """The picture of one output whose point was moved."""
    x = shared.small_map(1)[0, 0].double()
    found, still = read(x, row, column, dx, dy), read(x, row, column)
    cell = {where for where, w in zip(found.where, found.w.tolist(), strict=True) if w > 0}
    place = f"row {style.number(found.point[0])}, column {style.number(found.point[1])}"
    alt = (
        f"The small map with the point of output row {row}, column {column}, moved by {dx:g} cells to the right and "
        f"{dy:g} down, to {place}; it is read from {len(cell)} cell{'s' if len(cell) > 1 else ''}, and the value is "
        f"{style.number(found.value, 3)}."
    )
    says = (
        f"point at {place}, weights {', '.join(style.number(float(w), 3) for w in found.w)};  "
        f"y = {style.number(found.value, 3)},  bilinear {style.number(still.value, 3)}"
    )
    return Drawing(_draw(x, found, row, column), alt, says)


def _draw(x: Tensor, found: Read, row: int, column: int) -> Figure:
    values = x.numpy()
    cmap, norm = style.scale("signed", values)
    with style.context():
        fig, ax = style.canvas(WIDTH, HEIGHT)
        block = Block.inside(0.15, 0.62, 3.55, *values.shape)
        sheet.cells(ax, block, values, cmap, norm)
        sheet.label(ax, 1.92, 0.26, "x  small map, ink")
        sheet.note(ax, 1.92, 0.47, "○ place of the output, ● the point that is read")
        for i, j in found.where:
            sheet.frame(ax, block, i, j, 1, 1, style.Z, 1.8)
        _point(ax, block, found)
        for number, (kind, each) in enumerate((("z", found.z), ("w", found.w))):
            small = Block(4.05 + number * 1.6, 0.9, 0.66, 2, 2)
            look = (cmap, norm) if kind == "z" else style.scale("weights", limit=1.0)
            sheet.cells(ax, small, each.view(2, 2).numpy(), *look)
            sheet.numbers(ax, small, each.view(2, 2).numpy(), *look)
            sheet.outline(ax, small, style.COLOURS[kind])
            sheet.label(ax, small.left + 0.66, 0.72, sheet.key(kind), style.COLOURS[kind])
            sheet.arrow(ax, (small.left + 0.66, 2.32), (5.35 + 0.12 * number, 2.86), style.COLOURS[kind])
        sheet.total(ax, 5.41, 3.08)
        sheet.arrow(ax, (5.41, 3.3), (5.41, 3.6), style.Y)
        cell = Block(5.08, 3.64, 0.66, 1, 1)
        sheet.cells(ax, cell, [[found.value]], cmap, norm)
        sheet.numbers(ax, cell, [[found.value]], cmap, norm)
        sheet.outline(ax, cell, style.Y)
        sheet.label(ax, 5.88, 4.02, sheet.key("y"), style.Y, ha="left")
        _picture(ax, row, column)
    return fig


def _point(ax: Axes, block: Block, found: Read) -> None:
    (i, j), (p, q) = found.base, found.point
    start, end = block.centre(i, j), block.centre(p, q)
    if start != end:
        ax.plot(*zip(start, end, strict=True), color=style.HIGHLIGHT, linewidth=2, zorder=7)
    look: dict[str, Any] = {"marker": "o", "markeredgecolor": style.HIGHLIGHT, "zorder": 8, "linestyle": "none"}
    ax.plot(*start, markersize=9, markerfacecolor=style.PAPER, markeredgewidth=2, **look)
    ax.plot(*end, markersize=6, markerfacecolor=style.HIGHLIGHT, **look)


def _picture(ax: Axes, row: int, column: int) -> None:
    """What the output should be: the digit at full size."""
    truth = shared.digit(RATIO * shared.SIZE)[0, 0].numpy()
    block = Block.inside(7.3, 0.9, 2.15, *truth.shape)
    sheet.cells(ax, block, truth, *style.scale("signed", truth))
    sheet.frame(ax, block, row, column, 1, 1, style.Y, 2.4)
    sheet.label(ax, 8.37, 0.72, "the digit itself")
    sheet.note(ax, 8.37, block.bottom + 0.22, f"at ({row}, {column}): {style.number(float(truth[row, column]))}")
