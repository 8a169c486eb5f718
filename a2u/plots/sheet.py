"""Pieces of a picture on one sheet (:func:`a2u.plots.style.canvas`): cells with numbers, frames, labels, arrows, ∑.

Positions are in hundreds of notebook pixels from the top left corner of the sheet.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.colors import Colormap, Normalize
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Circle, FancyArrowPatch, PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.textpath import TextPath

from a2u.plots import style

DIGIT = 0.73  # height of a digit of the font, in units of its size
WIDEST = 0.92  # how much of its cell a number may fill


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
    """Colour the cells of a block, NaN left out; thin lines separate them while they are large enough."""
    values = np.asarray(values, dtype=float)
    if block.cell < 0.07:
        extent = (block.left, block.right, block.bottom, block.top)
        ax.imshow(values, cmap=cmap, norm=norm, extent=extent, aspect="auto", zorder=1)
        return
    row, column = (index.reshape(-1, 1) for index in np.indices(values.shape))
    x = block.left + (column + np.array([0, 1, 1, 0])) * block.cell  # cells 4
    y = block.top + (row + np.array([0, 0, 1, 1])) * block.cell
    present = ~np.isnan(values.ravel())
    squares = PolyCollection(
        list(np.stack([x, y], axis=-1)[present]),
        facecolors=cmap(norm(values.ravel()[present])),
        edgecolors=style.FAINT,
        linewidths=0.5 if block.cell > 0.15 else 0.25,
        zorder=1,
    )
    ax.add_collection(squares, autolim=False)


def numbers(ax: Axes, block: Block, values: Any, cmap: Colormap, norm: Normalize, present: Any = True) -> None:
    """Write each value that is present into its cell, readable on its colour; zeros stay pale.

    Where numbers would touch their neighbours, as in small cells, all are written without their zero: .25 for 0.25.
    """
    values = np.asarray(values, dtype=float)
    size = min(11.0, block.cell * 23)
    backgrounds = cmap(norm(values))
    places = np.argwhere(np.broadcast_to(present, values.shape))
    texts = [style.number(values[row, column], 0 if abs(values[row, column]) >= 100 else 2) for row, column in places]
    tight = block.cell < 0.4 or max(map(_width, texts), default=0) * size / 72 > WIDEST * block.cell
    paths, colours = [], []
    for (row, column), written in zip(places, texts, strict=True):
        value, text, colour = values[row, column], written, style.ink_on(backgrounds[row, column])
        if tight:
            text = re.sub(r"^(−?)0\.", r"\1.", text)
        if value == 0:
            text, colour = "0", style.MUTED
        x, y = block.centre(row, column)
        paths.append(_placed(text, x, y + DIGIT / 2 * size / 72, size, "center"))
        colours.append(colour)
    ax.add_collection(PathCollection(paths, facecolors=colours, linewidths=0, zorder=4), autolim=False)


def _placed(text: str, x: float, y: float, size: float, align: str, weight: str = "normal") -> Path:
    """The outlines of a text with its baseline at y, from x on ("left"), around it ("center") or up to it ("right")."""
    glyphs = _glyphs(text, weight)
    vertices = np.asarray(glyphs.vertices)
    left, right = vertices[:, 0].min(), vertices[:, 0].max()
    anchor = {"left": left, "center": (left + right) / 2, "right": right}[align]
    return Path((vertices - (anchor, 0)) * (size / 72, -size / 72) + (x, y), glyphs.codes)


def _width(text: str) -> float:
    """The width of a text one unit high."""
    return float(np.ptp(np.asarray(_glyphs(text, "normal").vertices)[:, 0]))


def lines(text: str, width: float, size: float) -> list[str]:
    """A text cut at its blanks into lines of at most this width, in letters of ``size`` points."""
    found = [""]
    for word in text.split(" "):
        longer = f"{found[-1]} {word}".lstrip()
        if found[-1] and _width(longer) * size / 72 > width:
            found.append(word)
        else:
            found[-1] = longer
    return found


@lru_cache(maxsize=1024)
def _glyphs(text: str, weight: str) -> Path:
    """A text as outlines, one unit high: drawing them again is several times quicker than setting the text anew."""
    return TextPath((0, 0), text, size=1, prop=FontProperties(family="DejaVu Sans", weight=weight))


def hatch(ax: Axes, block: Block, where: Any) -> None:
    """Hatch the cells of a block that lie outside the map."""
    for row, column in np.argwhere(np.asarray(where)):
        shade(ax, Block(block.left + column * block.cell, block.top + row * block.cell, block.cell, 1, 1), zorder=1.5)


def shade(ax: Axes, block: Block, zorder: float = 0.5) -> None:
    """The ground of a block that lies outside the map, hatched."""
    look: dict[str, Any] = {"facecolor": "#F6F7F9", "edgecolor": style.FAINT, "hatch": "////", "linewidth": 0}
    ax.add_artist(
        Rectangle((block.left, block.top), block.right - block.left, block.bottom - block.top, zorder=zorder, **look)
    )


def frame(
    ax: Axes, block: Block, row: float, column: float, rows: float, columns: float, colour: str, width: float = 2.2
) -> None:
    """Outline some cells of a block, with a white rim so that it is seen on any colour."""
    left, top = block.left + column * block.cell, block.top + row * block.cell
    right, bottom = left + columns * block.cell, top + rows * block.cell
    box = [(left, top), (right, top), (right, bottom), (left, bottom)]
    edges = PolyCollection(
        [box, box],
        facecolors="none",
        edgecolors=[style.PAPER, colour],
        linewidths=[width + 2.0, width],
        joinstyle="miter",
        zorder=5,
    )
    ax.add_collection(edges, autolim=False)


def outline(ax: Axes, block: Block, colour: str, width: float = 2.2) -> None:
    """Outline a whole block."""
    frame(ax, block, 0, 0, block.rows, block.columns, colour, width)


def label(
    ax: Axes,
    x: float,
    y: float,
    text: str,
    colour: str = style.INK,
    size: float = 10.5,
    ha: str = "center",
    fontweight: str = "bold",
) -> None:
    """Text with its baseline at y; bold unless told otherwise. ``ha`` says which part of it is at x."""
    _write(ax, x, y, text, colour, size, ha, fontweight)


def note(ax: Axes, x: float, y: float, text: str, size: float = 8.5, ha: str = "center") -> None:
    """Small grey text."""
    _write(ax, x, y, text, style.MUTED, size, ha, "normal")


def _write(ax: Axes, x: float, y: float, text: str, colour: str, size: float, ha: str, weight: str) -> None:
    if text.strip():
        ax.add_artist(PathPatch(_placed(text, x, y, size, ha, weight), facecolor=colour, linewidth=0, zorder=6))


def arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float], colour: str, bend: float = 0.0) -> None:
    """An arrow in the colour of what it carries."""
    look: dict[str, Any] = {"color": colour, "linewidth": 1.8, "zorder": 4, "mutation_scale": 13, "joinstyle": "miter"}
    curve = f"arc3,rad={bend}"
    ax.add_artist(FancyArrowPatch(start, end, connectionstyle=curve, arrowstyle="-|>", shrinkA=0, shrinkB=0, **look))


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


def total(ax: Axes, x: float, y: float, radius: float = 0.19, sign: str = "∑") -> None:
    """The ∑ in its circle; another sign where nothing is added up."""
    ax.add_artist(Circle((x, y), radius, facecolor=style.PAPER, edgecolor=style.INK, linewidth=1.6, zorder=5))
    _write(ax, x, y + 0.066, sign, style.INK, 13, "center", "normal")


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
