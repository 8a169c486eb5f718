"""Pictures of kernels that are generated: from the numbers at one position to r² outputs, and before and after."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from a2u.errors import A2UError
from a2u.plots import sheet, style
from a2u.plots.sheet import Block

SIDE, GAP = 2.7, 0.22  # of r×r kernels drawn together, and between two of them
RING = 2  # cells of zeros around a map
ROW = 2.62  # height of one reading


def generation(logits: Any, w: Any, z: Any) -> Figure:
    """How the k²r² numbers at one position become r² kernels and r² outputs.

    Args:
        logits: array (k², r²), a row for each tap and a column for each phase.
        w: array (k², r²), the kernels made of them.
        z: array (k, k), the one window that all r² outputs share.
    """
    logits, w, z = (np.asarray(a, dtype=float) for a in (logits, w, z))
    taps, phases = logits.shape
    k, r = round(taps**0.5), round(phases**0.5)
    if (k * k, r * r) != logits.shape or w.shape != logits.shape or z.shape != (k, k):
        raise A2UError(
            f"logits and w are (k², r²) and z is (k, k), got {logits.shape}, {w.shape} and {z.shape}. "
            "Pick one position: logits[0, :, i, j].reshape(k * k, r * r)."
        )
    top = 0.95
    middle = top + SIDE / 2
    with style.context():
        fig, ax = style.canvas(9.6, top + SIDE + 0.5)
        column = Block(0.32, top, SIDE / taps, taps, phases)
        signed = style.scale("signed", logits)
        sheet.cells(ax, column, logits, *signed)
        sheet.outline(ax, column, style.MUTED, 1.4)
        _heading(ax, column.left + phases * column.cell / 2, "logits", f"{taps * phases} numbers")
        sheet.note(ax, column.left + phases * column.cell / 2, column.bottom + 0.2, f"{taps} taps ↓")
        sheet.note(ax, column.left + phases * column.cell / 2, column.bottom + 0.37, f"{phases} phases →")
        sheet.arrow(ax, (column.right + 0.1, middle), (1.42, middle), style.MUTED)
        shuffled = _kernels(ax, 1.5, top, logits.T.reshape(-1, k, k), r, signed, style.MUTED)
        _heading(ax, 1.5 + SIDE / 2, "pixel shuffle", f"{phases} times {k}×{k} logits, {sheet.span(logits)}")
        sheet.arrow(ax, (shuffled + 0.08, middle), (shuffled + 0.42, middle), style.W)
        left = shuffled + 0.5
        weights = style.scale("weights", w)
        end = _kernels(ax, left, top, w.T.reshape(-1, k, k), r, weights, style.W)
        _heading(ax, left + SIDE / 2, f"softmax:  {sheet.key('w')}", f"{sheet.span(w)},  each sums to 1", style.W)
        _outputs(ax, end, top, z, (w.T @ z.ravel()).reshape(r, r))
    return fig


def _heading(ax: Axes, x: float, title: str, text: str, colour: str = style.INK) -> None:
    sheet.label(ax, x, 0.33, title, colour)
    sheet.note(ax, x, 0.53, text)


def _kernels(ax: Axes, left: float, top: float, grids: Any, r: int, scale: Any, colour: str) -> float:
    """r² kernels laid out as their outputs lie; weights are numbered where there is room. Returns their right edge."""
    side = (SIDE - GAP * (r - 1)) / r
    for phase, grid in enumerate(grids):
        a, b = divmod(phase, r)
        block = Block.inside(left + b * (side + GAP), top + a * (side + GAP), side, *grid.shape)
        sheet.cells(ax, block, grid, *scale)
        if block.cell > 0.24 and colour == style.W:
            sheet.numbers(ax, block, grid, *scale)
        sheet.outline(ax, block, colour, 1.6)
        sheet.note(ax, block.left + side / 2, block.top - 0.07, f"phase ({a}, {b})")
    return left + SIDE


def _outputs(ax: Axes, end: float, top: float, z: Any, y: Any) -> None:
    """The window, ∑ and the r×r outputs, from top to bottom."""
    left, cell = end + 0.76, 1.04 / len(z)
    window = Block(left, top, cell, *z.shape)
    signed = style.scale("signed", z, y)
    x = left + 0.52
    sheet.cells(ax, window, z, *signed)
    sheet.outline(ax, window, style.Z)
    _heading(ax, x, f"{sheet.key('z')}  one window", f"{len(z)}×{len(z)},  {sheet.span(z)}", style.Z)
    out = Block(x - 0.42, top + SIDE - 0.84, 0.84 / len(y), *y.shape)
    middle = (window.bottom + out.top) / 2
    sheet.arrow(ax, (x, window.bottom + 0.04), (x, middle - 0.2), style.Z)
    sheet.arrow(ax, (end + 0.08, middle), (x - 0.21, middle), style.W)
    sheet.total(ax, x, middle)
    sheet.arrow(ax, (x, middle + 0.2), (x, out.top - 0.03), style.Y)
    sheet.cells(ax, out, y, *signed)
    sheet.numbers(ax, out, y, *signed)
    sheet.outline(ax, out, style.Y)
    sheet.label(ax, x, out.bottom + 0.25, f"{sheet.key('y')}  {y.size} outputs", style.Y)


class Reading(NamedTuple):
    """One output value of one map: what :func:`readings` draws in a row."""

    x: Any  #: (H, W), one channel of the small map
    w: Any  #: (k, k)
    z: Any  #: (k, k)
    y: Any  #: (rH, rW)
    at: tuple[int, int]  #: row and column in y


def readings(rows: Mapping[str, Reading]) -> Figure:
    """The same output value of several maps, one below the other, all on the same scales."""
    if not rows:
        raise A2UError("There is nothing to draw: give at least one title → Reading.")
    every = list(rows.values())
    maps = style.scale("signed", *(r.x for r in every), *(r.y for r in every))
    full = max(
        2 / np.asarray(every[0].w).size, *(float(np.asarray(r.w).max()) for r in every)
    )  # even kernels look even
    weights = style.scale("weights", limit=full)
    with style.context():
        fig, ax = style.canvas(9.6, ROW * len(rows) + 0.42)
        for x, kind, text in ((3.22, "z", "window"), (5.37, "w", "kernel"), (8.58, "y", "upsampled")):
            sheet.label(ax, x, 0.27, f"{sheet.key(kind)}  {text}", style.COLOURS[kind])
        sheet.label(ax, 1.02, 0.27, "x  small map")
        for place, (title, reading) in enumerate(rows.items()):
            _reading(ax, 0.42 + place * ROW, title, reading, maps, weights)
    return fig


def _reading(ax: Axes, top: float, title: str, reading: Reading, maps: Any, weights: Any) -> None:
    x, w, z, y = (np.asarray(a, dtype=float) for a in reading[:4])
    side, k = 1.85, len(w)
    (i, j), r = reading.at, y.shape[0] // x.shape[0]
    whole = Block.inside(0.1, top, side, x.shape[0] + 2 * RING, x.shape[1] + 2 * RING)
    inner = Block(whole.left + RING * whole.cell, whole.top + RING * whole.cell, whole.cell, *x.shape)
    sheet.shade(ax, whole)
    sheet.cells(ax, inner, x, *maps)
    sheet.frame(ax, inner, i // r - k // 2, j // r - k // 2, k, k, style.Z)
    window = Block(
        inner.left + (j // r - k // 2) * inner.cell, inner.top + (i // r - k // 2) * inner.cell, inner.cell, k, k
    )
    blocks = {"z": Block.inside(2.3, top, side, k, k), "w": Block.inside(4.45, top, side, k, k)}
    sheet.zoom(ax, window, blocks["z"], style.Z)
    for kind, values, scale in (("z", z, maps), ("w", w, weights)):
        sheet.cells(ax, blocks[kind], values, *scale)
        sheet.numbers(ax, blocks[kind], values, *scale)
        sheet.outline(ax, blocks[kind], style.COLOURS[kind])
    middle, value = top + side / 2, float((w * z).sum())
    sheet.label(ax, 4.3, middle + 0.04, "∘", style.MUTED, 13)
    sheet.arrow(ax, (6.34, middle), (6.52, middle), style.INK)
    sheet.total(ax, 6.72, middle)
    sheet.arrow(ax, (6.92, middle), (7.06, middle), style.Y)
    cell, large = Block(7.08, middle - 0.26, 0.52, 1, 1), Block.inside(7.65, top, side, *y.shape)
    sheet.cells(ax, large, y, *maps)
    sheet.frame(ax, large, i, j, 1, 1, style.Y)
    sheet.cells(ax, cell, [[value]], *maps)
    sheet.numbers(ax, cell, [[value]], *maps)
    sheet.outline(ax, cell, style.Y, 2.4)
    sheet.label(ax, 0.1, top + side + 0.22, title, ha="left", fontweight="normal")
    sheet.note(ax, 3.22, top + side + 0.22, sheet.span(z))
    sheet.note(ax, 5.37, top + side + 0.22, f"{sheet.span(w)},  sum {style.number(float(w.sum()))}")
    sheet.note(ax, 8.58, top + side + 0.22, sheet.span(y))
