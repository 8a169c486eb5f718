"""Pictures of a transposed convolution: which input reaches which output, how often, and what that does."""

import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from a2u.errors import A2UError
from a2u.plots import sheet, style
from a2u.plots.sheet import Block

WIDTH, HEIGHT = 9.6, 6.2
STOP = "#B00020"  # what cannot be; words always say it too
LEFT, CELL = 1.3, 0.3  # where the output axis begins, and its cells at most
LOW, SIDE = 3.7, 2.2  # the three maps below


def overlap(
    n: int, kernel: int, stride: int, padding: int, count: Any, response: Any, phases: Any, *, title: str = ""
) -> Figure:
    """Who reaches whom along one axis, and in two dimensions: the number of taps, the response to a constant map.

    Args:
        n: inputs along an axis.
        kernel, stride, padding: K, s and p; input i reaches output o through tap t = o + p − s·i, 0 ≤ t < K.
        count: array (N, N), how many taps meet in each output.
        response: array (N, N), what a map of ones becomes.
        phases: array (s, s), the sum of the weights of each phase.
        title: above the picture.

    Raises:
        A2UError: count and response of different sizes, or phases that are not s×s.
    """
    count, response, phases = (np.asarray(a, dtype=float) for a in (count, response, phases))
    if count.shape != response.shape or phases.shape != (stride, stride):
        raise A2UError(
            f"count and response have one size and phases are {stride}×{stride}, got {count.shape}, {response.shape} "
            f"and {phases.shape}."
        )
    with style.context():
        fig, ax = style.canvas(WIDTH, HEIGHT)
        sheet.label(ax, 0.1, 0.27, title, size=12.5, ha="left")
        line = np.rint(count[:, np.argmax(count.sum(axis=0))] / max(1.0, _most(count)))
        _axis(ax, n, kernel, stride, padding, line)
        limit = float(max(count.max(), 1.0))
        maps: list[tuple[str, str, Any, str, float, str]] = [
            ("taps in each output", "counts", count, "signed", limit, style.INK),
            (f"{sheet.key('y')}  from a map of ones", "", response, "signed", float(np.abs(response).max()), style.Y),
            (f"{sheet.key('w')}  sum of each phase", "", phases, "weights", float(np.abs(phases).max()), style.W),
        ]
        for place, (name, kind, values, scale, top, colour) in enumerate(maps):
            _map(ax, 0.35 + place * 3.3, name, values, style.scale(scale, limit=top or 1.0), colour, kind == "counts")
    return fig


def _most(count: Any) -> float:
    """The most taps along one axis: the square root of the most in two dimensions."""
    return float(np.sqrt(count.max()))


def _axis(ax: Axes, n: int, kernel: int, stride: int, padding: int, line: Any) -> None:
    """A row for each input, with the numbers of its taps above the outputs that they reach; their number below."""
    size = len(line)
    length = max((n - 1) * stride + kernel, padding + size)
    cell = min(CELL, (WIDTH - LEFT - 0.15) / length)
    top = 0.72
    rows = Block(LEFT, top, cell, n, length)
    for first, last in ((0, padding), (padding + size, length)):  # what the padding cuts off, and nothing else
        if last > first:
            sheet.shade(ax, Block(LEFT + first * cell, top, cell, n, last - first))
    sheet.cells(ax, Block(LEFT + padding * cell, top, cell, n, size), np.zeros((n, size)), *style.scale("signed"))
    font = min(10.0, cell * 34)
    ready = style.scale("weights", limit=1.0)
    for i in range(n):
        start = LEFT + i * stride * cell
        taps = Block(start, top + i * cell, cell, 1, kernel)
        kept = [0 <= i * stride + t - padding < size for t in range(kernel)]
        sheet.cells(ax, taps, [[0.35 if inside else np.nan for inside in kept]], *ready)
        y = top + (i + 0.5) * cell + sheet.DIGIT / 2 * font / 72
        sheet.label(ax, LEFT - 0.12, y, f"■ z[{i}]", style.Z, size=9.0, ha="right")
        for t, inside in enumerate(kept):
            colour = style.INK if inside else style.MUTED
            sheet.label(ax, start + (t + 0.5) * cell, y, str(t), colour, font, fontweight="normal")
    counted = Block(LEFT + padding * cell, rows.bottom + 0.14, cell, 1, size)
    cmap, norm = style.scale("signed", limit=float(max(line.max(), 1.0)) * 1.6)
    sheet.cells(ax, counted, line[None], cmap, norm)
    for o, value in enumerate(line):
        x, y = counted.centre(0, o)
        ink = STOP if value == 0 else style.ink_on(cmap(norm(value)))
        sheet.label(ax, x, y + sheet.DIGIT / 2 * font / 72, str(int(value)), ink, font)
    sheet.outline(ax, counted, style.Y, 1.8)
    y = counted.top + cell / 2 + 0.04
    sheet.label(ax, LEFT - 0.12, y, "● taps of y", style.Y, size=9.0, ha="right")
    words = "each row: the outputs that one input reaches, and through which tap t;  hatched: cut off by the padding"
    sheet.note(ax, LEFT, 0.6, words, ha="left")


def _map(ax: Axes, left: float, name: str, values: Any, scale: Any, colour: str, whole: bool) -> None:
    block = Block.inside(left, LOW, SIDE, values.shape[0], values.shape[1], largest=0.7)
    sheet.cells(ax, block, values, *scale)
    if block.cell >= 0.3 and not whole:
        sheet.numbers(ax, block, values, *scale)
    if block.cell >= 0.16 and whole:
        cmap, norm = scale
        font = min(10.0, block.cell * 34)
        for row, column in np.ndindex(*values.shape):
            x, y = block.centre(row, column)
            ink = style.ink_on(cmap(norm(values[row, column])))
            text = str(int(values[row, column]))
            sheet.label(ax, x, y + sheet.DIGIT / 2 * font / 72, text, ink, font, fontweight="normal")
    sheet.label(ax, left + SIDE / 2, LOW - 0.34, name, colour)
    low, high = values.min(), values.max()
    span = f"{low:.0f} … {high:.0f}" if whole else sheet.span(values)
    sheet.note(ax, left + SIDE / 2, LOW - 0.14, f"{values.shape[0]}×{values.shape[1]},  {span}")


def impossible(setting: Mapping[str, int], why: str) -> Figure:
    """A setting that cannot be, in red, and the reason."""
    with style.context():
        fig, ax = style.canvas(WIDTH, HEIGHT)
        block = Block(0.3, 0.5, 1.0, 2.6, 9.0)
        sheet.shade(ax, block)
        sheet.outline(ax, block, STOP, 3.0)
        sheet.label(ax, 0.6, 1.05, "✕  This cannot be", STOP, 15, ha="left")
        values = ",   ".join(f"{name} {value}" for name, value in setting.items())
        sheet.label(ax, 0.6, 1.5, values, STOP, 11, ha="left")
        for number, line in enumerate(textwrap.wrap(why, 88)):
            sheet.label(ax, 0.6, 1.95 + 0.26 * number, line, style.INK, 11, ha="left", fontweight="normal")
    return fig


def consultation(pictures: Mapping[str, Any], spectra: Mapping[str, Any]) -> Figure:
    """Pictures in a row on one scale, and below each the logarithm of its spectrum, zero frequency in the middle.

    Args:
        pictures: title → array (H, W).
        spectra: the same titles → array (H, W) of energies; a range of 10⁵ is shown, dark where there is little.
    """
    gap, left = 0.22, 0.1
    side = min(
        (WIDTH - 2 * left - gap * (len(pictures) - 1)) / len(pictures), 2.2
    )  # cells too small for lines between them
    left = (WIDTH - len(pictures) * side - gap * (len(pictures) - 1)) / 2
    top, below = 0.38, 0.38 + side + 0.36
    cmap, norm = style.scale("signed", limit=0.7)  # few steps of training draw pale digits
    with style.context():
        fig, ax = style.canvas(WIDTH, below + side + 0.1)
        for place, (name, values) in enumerate(pictures.items()):
            corner = left + place * (side + gap)
            shown, energy = np.asarray(values, dtype=float), np.asarray(spectra[name], dtype=float)
            sheet.cells(ax, Block.inside(corner, top, side, *shown.shape), shown, cmap, norm)
            sheet.label(ax, corner + side / 2, 0.25, name, size=10)
            levels = np.log10(np.maximum(energy / energy.max(), 1e-5))
            block = Block.inside(corner, below, side, *levels.shape)
            sheet.cells(ax, block, levels + 5, *style.scale("errors", limit=5.0))
        sheet.note(
            ax, WIDTH / 2, below - 0.12, "energy at each frequency: slow changes in the middle, fast ones outside"
        )
    return fig
