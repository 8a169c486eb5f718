"""Pictures of learned indices: one index block with its two gates, and index maps with the output they let through."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from a2u.errors import A2UError
from a2u.formula import window_start
from a2u.plots import sheet, style
from a2u.plots.sheet import Block

WIDTH = 9.6
SIDE = 2.1  # of a map
SMALL = 1.08  # of a block drawn large
UPPER, LOWER = 1.25, 3.3  # middle lines of the two gates


def two_gates(guide: Any, logits: Any, up: Any, down: Any, z: float, at: tuple[int, int], size: int) -> Figure:
    """What the index block makes of one place: r×r logits, the gates of the way up, the weights of the way down.

    Args:
        guide: array (rH, rW), the channel of the encoder map that is shown.
        logits, up, down: arrays (r, r).
        z: the value of the small map that all r² outputs share.
        at: row and column of the block.
        size: side of the index block's window.

    Raises:
        A2UError: blocks that are not all of one size r×r, or a place outside the map.
    """
    guide, logits, up, down = (np.asarray(a, dtype=float) for a in (guide, logits, up, down))
    r = len(logits)
    inside = guide.ndim == 2 and all(0 <= p < side // r for p, side in zip(at, guide.shape, strict=True))
    if not logits.shape == up.shape == down.shape == (r, r) or not inside:
        raise A2UError(
            f"logits, up and down are (r, r) at a block inside the guide (rH, rW), got {logits.shape}, {up.shape}, "
            f"{down.shape} and block {at} of {guide.shape}. Pick one group and one place."
        )
    (p, q), start = at, window_start(size, r)
    block = guide[p * r : p * r + r, q * r : q * r + r]
    norm = style.signed_norm(guide, [z])
    with style.context():
        fig, ax = style.canvas(WIDTH, 4.2)
        large = Block.inside(0.1, (UPPER + LOWER - 2.3) / 2, 2.3, *guide.shape)
        _head(ax, 1.25, large.top, "guide, the encoder's map", f"{guide.shape[0]}×{guide.shape[1]}, its first channel")
        sheet.cells(ax, large, guide, style.SIGNED, norm)
        sheet.frame(ax, large, p * r - start, q * r - start, size, size, style.HIGHLIGHT, 1.8)
        if size != r:
            sheet.frame(ax, large, p * r, q * r, r, r, style.INK, 1.4)
        sheet.note(ax, 1.25, large.bottom + 0.22, f"{size}×{size} places of all channels")
        middle = (UPPER + LOWER) / 2
        _square(ax, 3.3, middle, SMALL, logits, "signed", style.scale("signed", logits), style.MUTED)
        _head(ax, 3.3, middle - SMALL / 2, "logits", f"{r * r} numbers of any size")
        sheet.arrow(ax, (2.45, middle), (2.72, middle), style.MUTED)
        for line, values, words in ((UPPER, up, "sigmoid"), (LOWER, down, "sigmoid, then softmax")):
            bend, y = (0.22, UPPER + 0.1) if line == UPPER else (-0.22, LOWER - 0.1)
            sheet.arrow(ax, (3.9, middle + (y - middle) * 0.12), (4.72, y), style.W, bend)
            _square(ax, 5.32, line, SMALL, values, "weights", style.scale("weights", limit=1.0), style.W)
            _head(ax, 5.32, line - SMALL / 2, sheet.key("w"), words, style.W)
            sheet.note(ax, 5.32, line + SMALL / 2 + 0.22, f"sum {style.number(values.sum())}")
            sheet.label(ax, 6.06, line + 0.06, "×" if line == UPPER else "∘", style.MUTED, 13)
        signed = (style.SIGNED, norm)
        _half(ax, UPPER, [[z]], z * up, signed, "way up", "of the small map", f"{r * r} outputs")
        _half(ax, LOWER, block, [[(down * block).sum()]], signed, "way down", "block of guide", "one output")
    return fig


def _head(ax: Axes, x: float, top: float, title: str, text: str, colour: str = style.INK) -> None:
    sheet.label(ax, x, top - 0.3, title, colour)
    sheet.note(ax, x, top - 0.11, text)


def _square(ax: Axes, x: float, y: float, side: float, values: Any, kind: str, scale: Any, colour: str) -> None:
    """A block of numbers around (x, y)."""
    values = np.asarray(values, dtype=float)
    block = Block.inside(x - side / 2, y - side / 2, side, *values.shape)
    sheet.cells(ax, block, values, *scale)
    sheet.numbers(ax, block, values, *scale)
    sheet.outline(ax, block, colour, 2.0)


def _half(ax: Axes, line: float, z: Any, y: Any, signed: Any, words: str, of_z: str, of_y: str) -> None:
    """Window and output of one way; where several products become one, the ∑ between them."""
    for x, values, kind, text in ((6.8, z, "z", of_z), (8.9, y, "y", of_y)):
        side = SMALL if np.size(values) > 1 else 0.56
        _square(ax, x, line, side, values, "signed", signed, style.COLOURS[kind])
        _head(ax, x, line - side / 2, sheet.key(kind), text, style.COLOURS[kind])
    start = 7.4 if np.size(z) > 1 else 7.14
    end = 8.31 if np.size(y) > 1 else 8.57
    if np.size(z) == 1:  # each output is one product: nothing is added up
        sheet.arrow(ax, (start, line), (end, line), style.Y)
    else:
        sheet.arrow(ax, (start, line), (7.58, line), style.INK)
        sheet.total(ax, 7.79, line)
        sheet.arrow(ax, (8.0, line), (end, line), style.Y)
    sheet.note(ax, 7.79, line + 0.42, words)


def in_a_row(panels: Sequence[tuple[str, str, Any]], *, height: float = 2.95) -> Figure:
    """Index maps and what passes through them: gates on the scale from 0 to 1, all other maps on one scale.

    Args:
        panels: (kind, title, array (H, W)); the kind is "z", "w", "y", or "" for another map.

    Raises:
        A2UError: no panel, another kind, or an array that is not two-dimensional.
    """
    arrays = [np.asarray(values, dtype=float) for _, _, values in panels]
    if not panels or any(a.ndim != 2 for a in arrays) or {kind for kind, _, _ in panels} - {"", *style.GLYPHS}:
        given = [(kind, values.shape) for (kind, _, _), values in zip(panels, arrays, strict=True)]
        raise A2UError(f'Panels are ("z", "w", "y" or "", title, array (H, W)), got {given or "none"}.')
    signed = style.scale("signed", *(a for (kind, _, _), a in zip(panels, arrays, strict=True) if kind != "w"))
    gap = 0.3
    side = min((WIDTH - 0.2 - gap * (len(panels) - 1)) / len(panels), height - 0.85)
    left = (WIDTH - side * len(panels) - gap * (len(panels) - 1)) / 2
    with style.context():
        fig, ax = style.canvas(WIDTH, height)
        for place, ((kind, title, _), values) in enumerate(zip(panels, arrays, strict=True)):
            x = left + place * (side + gap)
            block = Block.inside(x, 0.45, side, *values.shape)
            sheet.cells(ax, block, values, *(style.scale("weights", limit=1.0) if kind == "w" else signed))
            name = f"{sheet.key(kind)}  {title}" if kind else title
            sheet.label(ax, x + side / 2, 0.28, name, style.COLOURS.get(kind, style.INK))
            words = f"{values.shape[0]}×{values.shape[1]},  {sheet.span(values)}"
            sheet.note(ax, x + side / 2, block.bottom + 0.22, words)
    return fig


class Gate(NamedTuple):
    """One index map and what passes through it."""

    w: Any  #: (rH, rW), in [0, 1]
    y: Any  #: (rH, rW)


def index_maps(guide: Any, z: Any, gates: Mapping[str, Gate], at: tuple[int, int]) -> Figure:
    """Index maps of the same guide, one below the other, and one output value of each: y = w · z.

    Args:
        guide: array (rH, rW), one channel of the encoder map.
        z: array (H, W), the map to upsample, the same for all gates.
        gates: by title, two of them.
        at: (row, column) of the output value.

    Raises:
        A2UError: not two gates, or maps whose sizes do not belong together.
    """
    guide, z = np.asarray(guide, dtype=float), np.asarray(z, dtype=float)
    r = guide.shape[0] // z.shape[0] if guide.ndim == z.ndim == 2 else 0
    every = [np.shape(part) for gate in gates.values() for part in gate]
    if (z.shape[0] * r, z.shape[1] * r) != guide.shape or len(gates) != 2 or set(every) != {guide.shape}:
        raise A2UError(
            f"Two gates with w and y of the guide's size, r times that of z, are drawn; got {every}, {guide.shape} "
            f"and {z.shape}."
        )
    (i, j), (p, q) = at, (at[0] // r, at[1] // r)
    signed = style.scale("signed", z, *(gate.y for gate in gates.values()))
    tops = (0.98, 4.08)
    with style.context():
        fig, ax = style.canvas(WIDTH, 6.35)
        _map(ax, 0.1, tops[0], guide, style.scale("signed", guide), "guide", (p * r, q * r, r), style.INK)
        _map(ax, 0.1, tops[1], z, signed, f"{sheet.key('z')}  map to upsample", (p, q, 1), style.Z)
        for top, (title, gate) in zip(tops, gates.items(), strict=True):
            w, y = (np.asarray(a, dtype=float) for a in gate)
            sheet.label(ax, 2.55, top - 0.68, title, ha="left", size=11.5)
            sheet.label(ax, 0.1, top - 0.68, "the same for both", ha="left", size=11.5)
            weights = style.scale("weights", limit=1.0)
            _map(ax, 2.55, top, w, weights, f"{sheet.key('w')}  index map", (i, j, 1), style.W)
            _map(ax, 7.4, top, y, signed, f"{sheet.key('y')}  upsampled ×{r}", (i, j, 1), style.Y)
            _meet(ax, top + SIDE / 2, w[i, j], z[p, q], signed)
    return fig


def _map(ax: Axes, left: float, top: float, values: Any, scale: Any, title: str, cell: Any, colour: str) -> None:
    """A map with its range, and a frame of some cells a side at a row and a column."""
    row, column, side = cell
    block = Block.inside(left, top, SIDE, *values.shape)
    sheet.cells(ax, block, values, *scale)
    sheet.frame(ax, block, row, column, side, side, colour)
    sheet.label(ax, left + SIDE / 2, top - 0.32, title, colour)
    sheet.note(ax, left + SIDE / 2, top - 0.12, f"{values.shape[0]}×{values.shape[1]},  {sheet.span(values)}")


def _meet(ax: Axes, line: float, w: float, z: float, signed: Any) -> None:
    """One weight, one value, their product: w and z → × → y."""
    weights = style.scale("weights", limit=1.0)
    for y, value, kind, scale in ((line - 0.55, w, "w", weights), (line + 0.55, z, "z", signed)):
        _square(ax, 5.22, y, 0.56, [[value]], kind, scale, style.COLOURS[kind])
        sheet.label(ax, 5.22, y - 0.37, sheet.key(kind), style.COLOURS[kind])
        sheet.arrow(ax, (5.56, y), (5.86, line + (y - line) * 0.28), style.COLOURS[kind])
    sheet.total(ax, 6.04, line, sign="×")
    sheet.arrow(ax, (6.25, line), (6.44, line), style.Y)
    _square(ax, 6.76, line, 0.56, [[w * z]], "y", signed, style.Y)
    sheet.label(ax, 6.76, line - 0.37, sheet.key("y"), style.Y)
