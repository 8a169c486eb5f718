"""Pieces of a picture on one sheet (:func:`a2u.plots.style.canvas`): cells with numbers, frames, labels, arrows, ∑.

Positions are in hundreds of notebook pixels from the top left corner of the sheet.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import Colormap, Normalize
from matplotlib.patches import Circle, FancyArrowPatch, Rectangle

from a2u.plots import style


@dataclass(frozen=True)
class Block:
    """Rows × columns of square cells with its left top corner at (left, top)."""

    left: float
    top: float
    cell: float
    rows: float
    columns: float

    @classmethod
    def inside(cls, left: float, top: float, side: float, rows: int, columns: int, largest: float = 9.9) -> "Block":
        """The largest block, centred, that fits a square of this side with cells of at most ``largest``."""
        cell = min(side / max(rows, columns), largest)
        return cls(left + (side - columns * cell) / 2, top + (side - rows * cell) / 2, cell, rows, columns)

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.left + self.columns * self.cell

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.top + self.rows * self.cell

    def centre(self, row: float, column: float) -> tuple[float, float]:
        """The middle of a cell."""
        return self.left + (column + 0.5) * self.cell, self.top + (row + 0.5) * self.cell


def cells(ax: Axes, block: Block, values: Any, cmap: Colormap, norm: Normalize) -> None:
    """Colour the cells of a block; thin lines separate them while they are large enough."""
    values = np.asarray(values, dtype=float)
    if block.cell < 0.07:
        extent = (block.left, block.right, block.bottom, block.top)
        ax.imshow(values, cmap=cmap, norm=norm, extent=extent, aspect="auto", zorder=1)
        return
    row, column = (index.reshape(-1, 1) for index in np.indices(values.shape))
    x = block.left + (column + np.array([0, 1, 1, 0])) * block.cell  # cells 4
    y = block.top + (row + np.array([0, 0, 1, 1])) * block.cell
    colours = cmap(norm(values.ravel()))
    squares = PolyCollection(
        list(np.stack([x, y], axis=-1)),
        facecolors=colours,
        edgecolors=style.FAINT,
        linewidths=0.5 if block.cell > 0.15 else 0.25,
        zorder=1,
    )
    ax.add_collection(squares, autolim=False)


def numbers(ax: Axes, block: Block, values: Any, cmap: Colormap, norm: Normalize, present: Any = True) -> None:
    """Write each value that is present into its cell, readable on its colour; zeros stay pale."""
    values = np.asarray(values, dtype=float)
    size = min(11.0, block.cell * 23)
    colours = cmap(norm(values))
    for (row, column), value in np.ndenumerate(values):
        if not np.broadcast_to(present, values.shape)[row, column]:
            continue
        text, colour = style.number(value), style.ink_on(colours[row, column])
        if block.cell < 0.4:  # small cells: .25 instead of 0.25
            text = text.replace("0.", ".", 1)
        if value == 0:
            text, colour = "0", style.MUTED
        ax.text(*block.centre(row, column), text, ha="center", va="center", fontsize=size, color=colour, zorder=4)


def hatch(ax: Axes, block: Block, where: Any) -> None:
    """Hatch the cells of a block that lie outside the map."""
    for row, column in np.argwhere(np.asarray(where)):
        shade(ax, Block(block.left + column * block.cell, block.top + row * block.cell, block.cell, 1, 1), zorder=1.5)


def shade(ax: Axes, block: Block, zorder: float = 0.5) -> None:
    """The ground of a block that lies outside the map, hatched."""
    look: dict[str, Any] = {"facecolor": "#F6F7F9", "edgecolor": style.FAINT, "hatch": "////", "linewidth": 0}
    ax.add_patch(
        Rectangle((block.left, block.top), block.right - block.left, block.bottom - block.top, zorder=zorder, **look)
    )


def frame(
    ax: Axes, block: Block, row: float, column: float, rows: float, columns: float, colour: str, width: float = 2.2
) -> None:
    """Outline some cells of a block, with a white rim so that it is seen on any colour."""
    corner = (block.left + column * block.cell, block.top + row * block.cell)
    size = (columns * block.cell, rows * block.cell)
    for edge, thickness in ((style.PAPER, width + 2.0), (colour, width)):
        look: dict[str, Any] = {
            "fill": False,
            "edgecolor": edge,
            "linewidth": thickness,
            "joinstyle": "miter",
            "zorder": 5,
        }
        ax.add_patch(Rectangle(corner, *size, **look))


def outline(ax: Axes, block: Block, colour: str, width: float = 2.2) -> None:
    """Outline a whole block."""
    frame(ax, block, 0, 0, block.rows, block.columns, colour, width)


def label(ax: Axes, x: float, y: float, text: str, colour: str = style.INK, size: float = 10.5, **how: Any) -> None:
    """Text with its baseline at y; bold unless told otherwise."""
    how = {"ha": "center", "va": "baseline", "fontweight": "bold"} | how
    ax.text(x, y, text, color=colour, fontsize=size, zorder=6, **how)


def note(ax: Axes, x: float, y: float, text: str, **how: Any) -> None:
    """Small grey text."""
    look: dict[str, Any] = {"colour": style.MUTED, "size": 8.5, "fontweight": "normal"} | how
    label(ax, x, y, text, **look)


def arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float], colour: str, bend: float = 0.0) -> None:
    """An arrow in the colour of what it carries."""
    look: dict[str, Any] = {"color": colour, "linewidth": 1.8, "zorder": 4, "mutation_scale": 13, "joinstyle": "miter"}
    curve = f"arc3,rad={bend}"
    ax.add_patch(FancyArrowPatch(start, end, connectionstyle=curve, arrowstyle="-|>", shrinkA=0, shrinkB=0, **look))


def zoom(ax: Axes, small: Block, large: Block, colour: str) -> None:
    """Thin lines from the right corners of one block to the left corners of another: the same cells, enlarged."""
    lines = [
        [(small.right, small.top), (large.left, large.top)],
        [(small.right, small.bottom), (large.left, large.bottom)],
    ]
    ax.add_collection(
        LineCollection(lines, colors=colour, linewidths=0.9, linestyles="dashed", alpha=0.7, zorder=3),
        autolim=False,
    )


def total(ax: Axes, x: float, y: float, radius: float = 0.19) -> None:
    """The ∑ in its circle."""
    ax.add_patch(Circle((x, y), radius, facecolor=style.PAPER, edgecolor=style.INK, linewidth=1.6, zorder=5))
    ax.text(x, y, "∑", ha="center", va="center_baseline", fontsize=13, color=style.INK, zorder=6)


def key(kind: str) -> str:
    """Glyph and letter of the window, the kernel or the output: "■ z"."""
    return f"{style.GLYPHS[kind]} {kind}"


def span(values: Any) -> str:
    """The range of some values: "0.00 … 0.56"."""
    values = np.asarray(values, dtype=float)
    if values.size == 0:
        return "empty"
    low, high = (style.number(float(v)) for v in (values.min(), values.max()))
    return low if low == high else f"{low} … {high}"
