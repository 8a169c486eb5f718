"""One frame of the animation of `a2u figure inspector`: z, w → ∑ → y, as far open as the story has come.

The sheet is as wide as a page of a repository shows it, and no text on it is smaller than 11 pixels.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from a2u.plots import sheet, style
from a2u.plots.sheet import Block

WIDTH, HEIGHT = 8.0, 4.02
SMALLEST = 8.5  # of all text, in points: 11.8 pixels on a sheet of this width
TITLE, LABEL = 12.0, 9.5
UPPER, LOWER, MIDDLE = 0.64, 2.3, 2.1  # top edges of the two rows; height of the line from the products to y
SIDE, CELL = 1.28, 0.42  # of the two maps on the left; of the cells of z, w and their products


@dataclass(frozen=True)
class Opened:
    """One output value with all that it is made of.

    digit: (R, R), the image. x: (H, W), one channel of the small map. y: (rH, rW), the same channel upsampled.
    w, z: (k, k). corner: row and column in x of the window's first value. at: channel, row and column of the value.
    """

    digit: Any
    x: Any
    y: Any
    w: Any
    z: Any
    corner: tuple[int, int]
    at: tuple[int, int, int]

    @property
    def products(self) -> Any:
        """w ∘ z, (k, k)."""
        return self.w * self.z

    @property
    def value(self) -> float:
        """The value itself, wᵀz."""
        return float(self.products.sum())


@dataclass(frozen=True)
class Moment:
    """How far a value is open: z and w from 0 (still in their maps) to 1 (in their places), products one by one."""

    value: Opened
    words: str
    z: float = 1.0
    w: float = 1.0
    products: int = 9

    @property
    def shown(self) -> float:
        """The number in the cell of y: the sum of the products so far, and the whole value before the first."""
        return float(self.value.products.ravel()[: self.products].sum()) if self.products else self.value.value


def frame(moment: Moment, title: str) -> Figure:
    """The picture of one moment."""
    value = moment.value
    norm = style.signed_norm(value.x, value.y)  # one scale, so that x, z and y can be compared
    with style.context():
        fig, ax = style.canvas(WIDTH, HEIGHT)
        channel, row, column = value.at
        sheet.label(ax, 0.12, 0.27, title, size=TITLE, ha="left")
        written = f"y[{channel}, {row}, {column}] = wᵀz = {style.number(value.value)}"
        sheet.label(ax, WIDTH - 0.12, 0.27, written, style.Y, size=TITLE, ha="right")
        sheet.label(ax, 0.12, HEIGHT - 0.13, moment.words, size=10.5, ha="left", fontweight="normal")
        _window(ax, moment, norm)
        _kernel(ax, moment)
        _products(ax, moment)
        _target(ax, moment, norm)
    return fig


def _window(ax: Axes, moment: Moment, norm: Any) -> None:
    """x with the window on it, and the window drawn large."""
    value = moment.value
    block = Block(0.12, UPPER, SIDE / len(value.x), *value.x.shape)
    sheet.label(ax, 0.12, UPPER - 0.1, f"x  small map, {_size(value.x)}", size=LABEL, ha="left")
    sheet.cells(ax, block, value.x, style.SIGNED, norm)
    sheet.outline(ax, block, style.FAINT, 0.8)
    if moment.z:
        row, column = value.corner
        small = Block(block.left + column * block.cell, block.top + row * block.cell, block.cell, *value.z.shape)
        sheet.outline(ax, small, style.Z)
        _opening(ax, small, UPPER, moment.z, value.z, (style.SIGNED, norm), "z")


def _kernel(ax: Axes, moment: Moment) -> None:
    """The digit with the place of the value, and the kernel that the network makes there."""
    value = moment.value
    block = Block(0.12, LOWER, SIDE / len(value.digit), *value.digit.shape)
    sheet.label(ax, 0.12, LOWER - 0.1, f"the digit, {_size(value.digit)}", size=LABEL, ha="left")
    sheet.cells(ax, block, value.digit, *style.scale("signed", limit=1.0))
    sheet.outline(ax, block, style.FAINT, 0.8)
    if moment.w:
        _, row, column = value.at
        place = Block(block.left + column * block.cell, block.top + row * block.cell, block.cell, 1, 1)
        sheet.outline(ax, place, style.W)
        # The weight of full colour is twice an even share, so that even kernels look even.
        _opening(ax, place, LOWER, moment.w, value.w, style.scale("weights", limit=2 / value.w.size), "w")


def _opening(ax: Axes, small: Block, top: float, open_: float, values: Any, look: Any, kind: str) -> None:
    """A patch on its way from its place in a map to its place in the formula; its numbers come at the end."""
    left, side = 1.92, CELL * len(values)
    start, end = np.array([small.left, small.top, small.right - small.left]), np.array([left, top, side])
    x, y, width = start + (end - start) * open_
    block = Block(x, y, width / len(values), *values.shape)
    sheet.zoom(ax, small, block, style.COLOURS[kind])
    sheet.cells(ax, block, values, *look)
    sheet.outline(ax, block, style.COLOURS[kind], 2.4)
    if open_ < 1:
        return
    sheet.numbers(ax, block, values, *look)
    name = "window" if kind == "z" else f"kernel, sum {style.number(float(values.sum()))}"
    sheet.label(ax, left, top - 0.1, f"{sheet.key(kind)}  {name}", style.COLOURS[kind], size=LABEL, ha="left")


def _products(ax: Axes, moment: Moment) -> None:
    """The products so far, and ∑."""
    if not moment.products:
        return
    value, products = moment.value, moment.value.products
    block = Block(3.8, MIDDLE - 1.5 * CELL, CELL, *products.shape)
    present = (np.arange(products.size) < moment.products).reshape(products.shape)
    look = style.scale("signed", limit=float(np.abs(value.x).max()) / products.size)  # the same all along the walk
    sheet.label(ax, block.left, block.top - 0.1, "w ∘ z  products", style.MUTED, size=LABEL, ha="left")
    sheet.cells(ax, block, np.where(present, products, np.nan), *look)
    sheet.numbers(ax, block, products, *look, present)
    sheet.outline(ax, block, style.MUTED, 1.4)
    for top, kind in ((UPPER, "z"), (LOWER, "w")):
        middle = top + 1.5 * CELL
        end = MIDDLE + (0.36 if middle > MIDDLE else -0.36)
        sheet.arrow(ax, (block.left - 0.52, middle), (block.left - 0.08, end), style.COLOURS[kind])
    sheet.arrow(ax, (block.right + 0.05, MIDDLE), (5.38, MIDDLE), style.INK)
    sheet.total(ax, 5.58, MIDDLE)
    sheet.arrow(ax, (5.78, MIDDLE), (5.98, MIDDLE), style.Y)


def _target(ax: Axes, moment: Moment, norm: Any) -> None:
    """The value as one large cell, and its place in the upsampled map."""
    value = moment.value
    block = Block(6.62, MIDDLE - SIDE / 2, SIDE / len(value.y), *value.y.shape)
    _, row, column = value.at
    sheet.label(ax, WIDTH - 0.12, block.top - 0.1, f"{sheet.key('y')}  upsampled, {_size(value.y)}", style.Y,
                size=LABEL, ha="right")  # fmt: skip
    sheet.cells(ax, block, value.y, style.SIGNED, norm)
    sheet.outline(ax, block, style.FAINT, 0.8)
    sheet.frame(ax, block, row, column, 1, 1, style.Y)
    cell = Block(6.0, MIDDLE - 0.22, 0.44, 1, 1)
    sheet.cells(ax, cell, [[moment.shown]], style.SIGNED, norm)
    sheet.numbers(ax, cell, [[moment.shown]], style.SIGNED, norm)
    sheet.outline(ax, cell, style.Y, 2.4)
    pixel = Block(block.left + column * block.cell, block.top + row * block.cell, block.cell, 1, 1)
    sheet.zoom(ax, cell, pixel, style.Y)


def _size(values: Any) -> str:
    rows, columns = values.shape
    return f"{rows}×{columns}"
