"""Pictures of pooling and unpooling: where each maximum was, and what comes back of a block."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from a2u.errors import A2UError
from a2u.plots import sheet, style
from a2u.plots.sheet import Block

WIDTH, HEIGHT = 9.6, 5.35
SIDE, GAP, TOP = 2.1, 0.333, 0.98  # of the four maps
LOW, PATCH = 3.72, 1.3  # upper edge and side of the blocks drawn large
SUM = LOW + PATCH / 2  # height of the line from z and w to y


def round_trip(x: Any, low: Any, index: Any, w: Any, y: Any, at: tuple[int, int], *, title: str = "") -> Figure:
    """One channel on its way down and up again, and one output value of it in large.

    Args:
        x: array (rH, rW), the map before pooling.
        low: array (H, W), the pooled map.
        index: integers (H, W): where in its block each maximum was, a·r + b for row a and column b; None where the
            way down remembers no place.
        w: array (rH, rW), the 1×1 kernel of every output.
        y: array (rH, rW), the map after unpooling.
        at: (row, column) of the output value.
        title: the two operators' names.

    Raises:
        A2UError: maps whose sizes do not belong together.
    """
    x, low, w, y = (np.asarray(a, dtype=float) for a in (x, low, w, y))
    ratio = x.shape[0] // low.shape[0] if x.ndim == low.ndim == 2 else 0
    if (low.shape[0] * ratio, low.shape[1] * ratio) != x.shape or not x.shape == w.shape == y.shape:
        raise A2UError(
            f"x, w and y have one size, r times that of the pooled map; got {x.shape}, {w.shape}, {y.shape} and "
            f"{low.shape}. Crop x to a multiple of the ratio first."
        )
    (i, j), (p, q) = at, (at[0] // ratio, at[1] // ratio)
    norm = style.signed_norm(x, low)
    with style.context():
        fig, ax = style.canvas(WIDTH, HEIGHT)
        sheet.label(ax, 0.1, 0.27, title, size=12.5, ha="left")
        value = f"y[{i}, {j}] = wᵀz = {style.number(w[i, j] * low[p, q], 3)}"
        sheet.label(ax, WIDTH - 0.1, 0.27, value, style.Y, size=12.5, ha="right")
        large = _map(ax, 0, x, norm, "x  before pooling")
        _marks(ax, large, index, ratio)
        sheet.frame(ax, large, p * ratio, q * ratio, ratio, ratio, style.INK)
        _places(ax, low.shape, index, (p, q), ratio)
        small = _map(ax, 2, low, norm, f"{sheet.key('z')}  pooled", style.Z)
        sheet.frame(ax, small, p, q, 1, 1, style.Z)
        result = _map(ax, 3, y, norm, f"{sheet.key('y')}  upsampled ×{ratio}", style.Y)
        sheet.frame(ax, result, i, j, 1, 1, style.Y)
        _block(ax, x, low, w, y, at, norm)
    return fig


def _map(ax: Axes, place: int, values: Any, norm: Any, title: str, colour: str = style.INK) -> Block:
    left = 0.1 + place * (SIDE + GAP)
    block = Block.inside(left, TOP, SIDE, *values.shape)
    sheet.cells(ax, block, values, style.SIGNED, norm)
    sheet.label(ax, left + SIDE / 2, 0.66, title, colour)
    sheet.note(ax, left + SIDE / 2, 0.85, f"{values.shape[0]}×{values.shape[1]},  {sheet.span(values)}")
    return block


def _marks(ax: Axes, block: Block, index: Any, ratio: int) -> None:
    """A diamond on every maximum."""
    if index is None:
        return
    row, column = np.indices(index.shape)
    row, column = row * ratio + index // ratio, column * ratio + index % ratio
    x, y = (np.ravel(each) for each in block.centre(row, column))
    look: dict[str, Any] = {"markersize": 4.2, "markeredgecolor": style.PAPER, "markeredgewidth": 0.6, "zorder": 3}
    ax.plot(x, y, "D", color=style.W, **look)


def _places(ax: Axes, size: tuple[int, ...], index: Any, chosen: tuple[int, int], ratio: int) -> None:
    """The place of each maximum in its block, as a number."""
    left = 0.1 + SIDE + GAP
    block = Block.inside(left, TOP, SIDE, *size)
    sheet.label(ax, left + SIDE / 2, 0.66, "index in the block")
    if index is None:
        sheet.note(ax, left + SIDE / 2, 0.85, "an average has no place")
        sheet.shade(ax, block)
        return
    sheet.note(ax, left + SIDE / 2, 0.85, f"{size[0]}×{size[1]},  0 … {ratio**2 - 1}")
    sheet.cells(ax, block, np.zeros(size), style.SIGNED, style.signed_norm(limit=1.0))
    font = min(11.0, block.cell * 34)
    for row, column in np.ndindex(*size):
        x, y = block.centre(row, column)
        here = (row, column) == chosen
        look: dict[str, Any] = {"colour": style.W if here else style.INK, "fontweight": "bold" if here else "normal"}
        sheet.label(ax, x, y + sheet.DIGIT / 2 * font / 72, str(int(index[row, column])), size=font, **look)
    sheet.frame(ax, block, *chosen, 1, 1, style.INK)


def _block(ax: Axes, x: Any, low: Any, w: Any, y: Any, at: tuple[int, int], norm: Any) -> None:
    """The block of x, its kernels, the one z; z and w meet and give y."""
    (i, j), ratio = at, x.shape[0] // low.shape[0]
    p, q = i // ratio, j // ratio
    rows, columns = slice(p * ratio, (p + 1) * ratio), slice(q * ratio, (q + 1) * ratio)
    weights = style.scale("weights", limit=1.0)
    parts = [
        (0.1, x[rows, columns], (style.SIGNED, norm), "this block of x", style.INK),
        (2.5, w[rows, columns], weights, f"{sheet.key('w')}  one for each output", style.W),
        (8.0, y[rows, columns], (style.SIGNED, norm), f"{sheet.key('y')}  this block", style.Y),
    ]
    inside = i % ratio, j % ratio
    for left, values, (cmap, scale), title, colour in parts:
        block = Block(left, LOW, PATCH / ratio, ratio, ratio)
        sheet.cells(ax, block, values, cmap, scale)
        sheet.numbers(ax, block, values, cmap, scale)
        sheet.outline(ax, block, colour, 1.4)
        sheet.label(ax, left + PATCH / 2, LOW - 0.16, title, colour)
        if colour != style.INK:
            sheet.frame(ax, block, *inside, 1, 1, colour, 2.8)
    sheet.note(ax, 0.1 + PATCH / 2, LOW + PATCH + 0.2, f"block ({p}, {q})")
    sheet.note(ax, 2.5 + PATCH / 2, LOW + PATCH + 0.2, f"sum {style.number(float(w[rows, columns].sum()))}")
    _meet(ax, w[i, j], low[p, q], norm)


def _meet(ax: Axes, w: float, z: float, norm: Any) -> None:
    """The two numbers and their product."""
    cell, weights = 0.56, style.scale("weights", limit=1.0)
    for left, middle, value, kind, (cmap, scale) in (
        (4.75, LOW + 0.2, z, "z", (style.SIGNED, norm)),
        (4.75, LOW + PATCH - 0.2, w, "w", weights),
        (6.95, SUM, w * z, "y", (style.SIGNED, norm)),
    ):
        block = Block(left, middle - cell / 2, cell, 1, 1)
        sheet.cells(ax, block, [[value]], cmap, scale)
        sheet.numbers(ax, block, [[value]], cmap, scale)
        sheet.outline(ax, block, style.COLOURS[kind], 2.4)
        name = sheet.key(kind)
        if kind == "y":
            sheet.label(ax, left + cell / 2, middle - cell / 2 - 0.12, name, style.Y)
        else:
            sheet.label(ax, left - 0.12, middle + 0.05, name, style.COLOURS[kind], ha="right")
            sheet.arrow(ax, (left + cell + 0.08, middle), (6.02, SUM + (middle - SUM) * 0.35), style.COLOURS[kind])
    sheet.total(ax, 6.22, SUM, sign="×")  # one weight, one value: nothing is added up
    sheet.arrow(ax, (6.44, SUM), (6.87, SUM), style.Y)
    sheet.arrow(ax, (7.59, SUM), (7.92, SUM), style.Y)
