"""The picture of one output value: z, w → ∑ → y (Eq. 1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from a2u.errors import A2UError
from a2u.plots import sheet, style
from a2u.plots.sheet import Block

WIDTH, HEIGHT = 9.6, 4.75
RING = 2  # cells of zeros drawn around the map, more if a window reaches further
NUMBERED = 25  # windows of up to this many taps show their numbers
TOP, SUM = 0.98, 3.82  # upper edge of the maps; height of the line from the products to the output
PATCH = 1.66  # side of a window drawn large
SHOWN = 9  # channels of a window that spans channels; those with the largest products


@dataclass(frozen=True)
class Taps:
    """The taps of a witness as one k×k array for each channel that they lie in; missing taps are NaN in ``w``."""

    channels: list[int]  # shown, in order
    all_channels: int
    top: int
    left: int
    w: Any  # channels k k
    z: Any  # channels k k
    outside: Any  # k k, True where the tap lies outside the map


def arrange(w: Any, z: Any, where: Any, height: int, width: int) -> Taps:
    """Sort the vectors of a witness into windows; of many channels keep those with the largest Σ|w∘z|."""
    w, z, where = (np.asarray(a) for a in (w, z, where))
    if where.shape != (len(w), 3) or len(z) != len(w) or not len(w):
        raise A2UError(
            "A witness has w and z of one length and a (channel, row, column) for each, got "
            f"{w.shape}, {z.shape} and {where.shape}."
        )
    found = np.unique(where[:, 0])
    weight = [np.abs((w * z)[where[:, 0] == c]).sum() for c in found]
    channels = sorted(int(found[i]) for i in np.argsort(weight)[::-1][:SHOWN])
    top, left = int(where[:, 1].min()), int(where[:, 2].min())
    rows, columns = int(where[:, 1].max()) - top + 1, int(where[:, 2].max()) - left + 1
    grids = np.full((2, len(channels), rows, columns), np.nan)
    for number, channel in enumerate(channels):
        mine = where[:, 0] == channel
        row, column = where[mine, 1] - top, where[mine, 2] - left
        grids[0, number, row, column], grids[1, number, row, column] = w[mine], z[mine]
    row, column = np.ogrid[top : top + rows, left : left + columns]
    outside = (row < 0) | (row >= height) | (column < 0) | (column >= width)
    return Taps(channels, len(found), top, left, w=grids[0], z=grids[1], outside=outside)


def witness(
    x: Any,
    y: Any,
    w: Any,
    z: Any,
    where: Any,
    at: tuple[int, int, int],
    *,
    title: str = "",
    guide: Sequence[tuple[float, float]] = (),
) -> Figure:
    """Draw how one output value comes about.

    Args:
        x: array (C, H, W), the low-resolution map.
        y: array (C_out, rH, rW), the upsampled map.
        w: vector, the kernel.
        z: vector, the window.
        where: integers (len, 3): channel, row and column in x of each tap; outside the map z is 0.
        at: (channel, row, column) of the value in y.
        title: the operator's name.
        guide: (w, z) of a tap that reads the guide instead of x.
    """
    with style.context():
        fig, ax = style.canvas(WIDTH, HEIGHT)
        draw(ax, x, y, w, z, where, at, title, guide)
    return fig


def draw(
    ax: Axes,
    x: Any,
    y: Any,
    w: Any,
    z: Any,
    where: Any,
    at: tuple[int, int, int],
    title: str = "",
    guide: Sequence[tuple[float, float]] = (),
) -> None:
    """What :func:`witness` shows, on a sheet of WIDTH × HEIGHT that may be a part of a larger picture."""
    x, y, w, z = (np.asarray(a, dtype=float) for a in (x, y, w, z))
    taps = arrange(w, z, where, *x.shape[1:])
    shown = taps.channels[int(np.nanargmax(np.nansum(np.abs(taps.w * taps.z), axis=(1, 2))))]
    c, i, j = at
    sheet.label(ax, 0.1, 0.27, title, size=12.5, ha="left")
    total = float(w @ z) + sum(weight * seen for weight, seen in guide)
    value = f"y[{c}, {i}, {j}] = wᵀz = {style.number(total, 3)}"
    sheet.label(ax, WIDTH - 0.1, 0.27, value, style.Y, size=12.5, ha="right")
    used = x[taps.channels]  # channels that have no part in the value must not decide how its own look
    norm = style.signed_norm(used)
    window = _source(ax, x[shown], taps, norm, _channel(shown, x.shape[0]))
    patch = _patches(ax, taps, norm, (2.98, TOP), "z")
    sheet.zoom(ax, window, patch, style.Z)
    kernel = _patches(ax, taps, style.weight_norm(w, limit=_full(w)), (4.93, TOP), "w", float(w.sum()))
    products = _patches(ax, taps, _product_norm(used, w, z), (3.42, 3.02), "wz")
    sheet.arrow(ax, (3.7, patch.bottom + 0.08), (products.left + 0.3, products.top - 0.08), style.Z)
    sheet.arrow(ax, (5.25, kernel.bottom + 0.08), (products.right - 0.1, products.top - 0.08), style.W)
    sheet.arrow(ax, (products.right + 0.08, SUM), (5.41, SUM), style.INK)
    sheet.total(ax, 5.62, SUM, sign="∑" if len(w) + len(guide) > 1 else "=")  # a single product is not added up
    sheet.arrow(ax, (5.82, SUM), (6.06, SUM), style.Y)
    for tap in guide:
        _guide_tap(ax, *tap, norm)
    _target(ax, y[c], (i, j), total, _channel(c, y.shape[0]), y.shape[1] // x.shape[1])


def _full(w: Any) -> float:
    """The weight of full colour: the largest, but at least twice an even share, so that even kernels look even."""
    return float(max(np.abs(w).max(), 2 / len(w)))


def _product_norm(x: Any, w: Any, z: Any) -> Any:
    """Full colour for the largest product, but never for one that is small beside an even share of the map."""
    return style.signed_norm(limit=float(max(np.abs(w * z).max(), np.abs(x).max() / len(w))) or 1.0)


def _channel(channel: int, channels: int) -> str:
    return f"channel {channel} of {channels}" if channels > 1 else "one channel"


def _named(taps: Taps) -> str:
    if len(taps.channels) == taps.all_channels:
        return f"channels {taps.channels[0]}–{taps.channels[-1]}"
    return f"{len(taps.channels)} of {taps.all_channels} channels"


def _source(ax: Axes, x: Any, taps: Taps, norm: Any, which: str) -> Block:
    """The map with its ring of zeros and the window on it; returns the window's block."""
    height, width = x.shape
    rows, columns = taps.outside.shape
    ring = max(RING, -taps.top, -taps.left, taps.top + rows - height, taps.left + columns - width)
    if max(height, width) > 32:
        ring = max(0, ring - RING) and ring
    whole = Block.inside(0.1, TOP, 2.65, height + 2 * ring, width + 2 * ring)
    inner = Block(whole.left + ring * whole.cell, whole.top + ring * whole.cell, whole.cell, height, width)
    sheet.shade(ax, whole)
    sheet.cells(ax, inner, x, style.SIGNED, norm)
    sheet.frame(ax, whole, ring + taps.top, ring + taps.left, rows, columns, style.Z)
    sheet.label(ax, 1.425, 0.66, "x  low-resolution map")
    sheet.note(ax, 1.425, 0.85, f"{height}×{width}, {which}")
    sheet.note(ax, 1.425, whole.bottom + 0.2, f"{sheet.span(x)},  zeros outside (hatched)")
    corner = (inner.left + taps.left * inner.cell, inner.top + taps.top * inner.cell)
    return Block(*corner, inner.cell, rows, columns)


def _patches(ax: Axes, taps: Taps, norm: Any, corner: tuple[float, float], kind: str, sum_w: float = 0.0) -> Block:
    """One window for each channel, together in a square with its left top corner there; returns what they fill."""
    values = {"z": taps.z, "w": taps.w, "wz": taps.w * taps.z}[kind]
    colour = {"z": style.Z, "w": style.W, "wz": style.MUTED}[kind]
    cmap = style.WEIGHTS if kind == "w" else style.SIGNED
    count, rows, columns = values.shape
    per_row = int(np.ceil(count**0.5))
    gap = 0.0 if count == 1 else 0.1
    side = (PATCH - gap * (per_row - 1)) / per_row
    left, top = corner
    blocks = []
    for number, grid in enumerate(values):
        down, across = divmod(number, per_row)
        place = (left + across * (side + gap), top + down * (side + gap))
        block = Block.inside(*place, side, rows, columns, largest=0.62)
        blocks.append(block)
        present = ~np.isnan(grid)
        sheet.cells(ax, block, np.nan_to_num(grid), cmap, norm)
        if kind == "z":
            sheet.hatch(ax, block, taps.outside)
        if count * rows * columns <= NUMBERED:
            sheet.numbers(ax, block, np.nan_to_num(grid), cmap, norm, present)
        sheet.outline(ax, block, colour, 2.4 if kind != "wz" else 1.4)
    middle = left + PATCH / 2
    if kind == "wz":
        sheet.label(ax, blocks[0].left - 0.14, SUM - 0.03, "w ∘ z", colour, ha="right")
        sheet.note(ax, blocks[0].left - 0.14, SUM + 0.16, "products", ha="right")
    else:
        sheet.label(ax, middle, 0.66, f"{sheet.key(kind)}  {'window' if kind == 'z' else 'kernel'}", colour)
        many = f" in {_named(taps)}" if taps.all_channels > 1 else ""
        span = sheet.span(values[~np.isnan(values)])
        sheet.note(
            ax, middle, 0.85, f"{rows}×{columns}{many}" if kind == "z" else f"{span},  sum {style.number(sum_w)}"
        )
    first, last = blocks[0], blocks[-1]
    width = max(block.right for block in blocks) - first.left
    height = last.bottom - first.top
    return Block(first.left, first.top, height, 1, width / height)


def _guide_tap(ax: Axes, weight: float, value: float, norm_of_z: Any) -> None:
    """One more tap, that reads the guide: its z, on the scale of the others, and its w, with an arrow to the sum."""
    sheet.note(ax, 6.05, 2.88, "and the guide's own value")
    for left, number, colour, cmap, norm in (
        (5.36, value, style.Z, style.SIGNED, norm_of_z),
        (5.98, weight, style.W, style.WEIGHTS, style.weight_norm(np.array([weight]), limit=1.0)),
    ):
        block = Block(left, 2.98, 0.46, 1, 1)
        sheet.cells(ax, block, [[number]], cmap, norm)
        sheet.numbers(ax, block, [[number]], cmap, norm)
        sheet.outline(ax, block, colour, 1.8)
    sheet.arrow(ax, (5.88, 3.48), (5.7, SUM - 0.16), style.INK)


def _target(ax: Axes, y: Any, at: tuple[int, int], value: float, which: str, ratio: int) -> None:
    """The sum as one large cell, and the same cell in the upsampled map."""
    block = Block.inside(6.85, TOP, 2.65, *y.shape)
    norm = style.signed_norm(y)
    sheet.cells(ax, block, y, style.SIGNED, norm)
    sheet.frame(ax, block, *at, 1, 1, style.Y, 2.6)
    sheet.label(ax, 8.175, 0.66, f"{sheet.key('y')}  upsampled ×{ratio}", style.Y)
    sheet.note(ax, 8.175, 0.85, f"{y.shape[0]}×{y.shape[1]}, {which}")
    sheet.note(ax, 8.175, block.bottom + 0.2, sheet.span(y))
    cell = Block(6.08, SUM - 0.31, 0.62, 1, 1)
    sheet.cells(ax, cell, [[value]], style.SIGNED, norm)
    sheet.numbers(ax, cell, [[value]], style.SIGNED, norm)
    sheet.outline(ax, cell, style.Y, 2.6)
    row, column = at
    pixel = Block(block.left + column * block.cell, block.top + row * block.cell, block.cell, 1, 1)
    sheet.zoom(ax, cell, pixel, style.Y)
