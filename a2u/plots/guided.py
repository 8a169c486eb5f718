"""The guided table as a picture: the band error of every row with each seed, and one edge as the networks draw it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from a2u.errors import A2UError
from a2u.plots import sheet, style
from a2u.plots.sheet import Block

WIDTH = 9.6
_ROW = 0.27
_LEFT, _RIGHT = 3.35, 6.35  # of the scale
_COLUMNS = (7.3, 8.35)  # right edges of two columns of numbers; the verdict stands right of them
_GAP, _MARGIN = 0.08, 0.1


@dataclass(frozen=True)
class Line:
    """One row. seeds: the band error (× 1000) of each. words: mean, difference and verdict, as they are printed."""

    title: str
    parameters: str
    seeds: Sequence[float]
    words: tuple[str, str, str]


@dataclass(frozen=True)
class Drawn:
    """What one network makes of the example.

    result: (h, w), the place that is shown. kernel: (k, k), the weights behind the framed output value, NaN where a
    cell has none; None where they are not a square.
    """

    title: str
    result: Any
    kernel: Any


@dataclass(frozen=True)
class Edge:
    """One place of a test picture.

    picture: (h, w, 3) in [0, 1]. coarse, truth: (h, w); the coarse map with each value repeated. at: the row and the
    column, in this place, of the output value whose kernels are shown.
    """

    picture: Any
    coarse: Any
    truth: Any
    at: tuple[int, int]
    drawn: Sequence[Drawn]


def guided_board(lines: Sequence[Line], edge: Edge | None, *, title: str, label: str) -> Figure:
    """A dot for each seed of each row and a diamond for their mean; below, the example.

    The scale need not begin at 0: dots mark places, not lengths.

    Args:
        lines: from top to bottom; the dashed line goes through the mean of the row called "Bilinear", if there is one.
        edge: None leaves the example out.
        title: the task. label: how the networks were trained.

    Raises:
        A2UError: There is no line.
    """
    if not lines:
        raise A2UError("A table needs at least one line.")
    table = 1.32 + len(lines) * _ROW
    columns = 3 + len(edge.drawn) if edge else 1
    side = min((WIDTH - 2 * _MARGIN - (columns - 1) * _GAP) / columns, 1.3)
    height = table + (0.75 + 3 * (side + _GAP) + 0.1 if edge else 0.0)
    with style.context():
        fig, page = style.canvas(WIDTH, height)
        sheet.label(page, _MARGIN, 0.28, f"Guided upsampling: {title}", size=11.5, ha="left")
        sheet.note(page, _MARGIN, 0.5, label, size=9, ha="left")
        _table(page, lines)
        if edge:
            _example(page, edge, table + 0.15, side)
    return fig


def _table(page: Axes, lines: Sequence[Line]) -> None:
    values = [value for line in lines for value in line.seeds]
    low, high = min(values), max(values)
    step = _step(high - low)
    low, high = np.floor(low / step) * step, (np.floor(high / step) + 1) * step

    def place(value: float) -> float:
        return float(_LEFT + (_RIGHT - _LEFT) * (value - low) / (high - low))

    top, bottom = 0.98, 1.1 + len(lines) * _ROW
    for tick in np.arange(low, high + step / 2, step):
        page.plot([place(tick)] * 2, [top + 0.04, bottom], color=style.FAINT, linewidth=0.8, zorder=0)
        sheet.note(page, place(tick), top - 0.03, f"{tick:g}")
    sheet.label(page, _LEFT, 0.74, "band error × 1000: seeds ○, mean ◆", style.W, 8.5, "left", "normal")
    heads = ("parameters", "mean ± sd", "difference")
    for x, head in zip((_LEFT - 0.35, *_COLUMNS), heads, strict=True):
        sheet.label(page, x, top - 0.03, head, style.MUTED, 8.5, "right", "normal")
    bilinear = next((line.seeds for line in lines if line.title == "Bilinear"), None)
    if bilinear:
        page.plot([place(float(np.mean(bilinear)))] * 2, [top + 0.04, bottom], "--", color=style.MUTED, linewidth=1)
    for number, line in enumerate(lines):
        y = 1.22 + number * _ROW
        sheet.label(page, _MARGIN, y, line.title, size=9, ha="left", fontweight="normal")
        sheet.note(page, _LEFT - 0.35, y, line.parameters, ha="right")
        places = [place(value) for value in line.seeds]
        page.plot(places, [y - 0.045] * len(places), "o", color=style.W, markersize=4, markerfacecolor="none")
        page.plot(place(float(np.mean(line.seeds))), y - 0.045, "D", color=style.W, markersize=5, zorder=3)
        mean, gap, verdict = line.words
        sheet.label(page, _COLUMNS[0], y, mean, style.W, 9, "right", "normal")
        sheet.label(page, _COLUMNS[1], y, gap, style.INK, 9, "right", "normal")
        sheet.note(page, _COLUMNS[1] + 0.12, y, verdict, ha="left")


def _step(width: float) -> float:
    """A round step that cuts a range into about five."""
    rough = max(width, 1e-9) / 5
    power = 10.0 ** np.floor(np.log10(rough))
    return float(next(power * each for each in (1, 2, 5, 10) if power * each >= rough))


def _example(page: Axes, edge: Edge, top: float, side: float) -> None:
    """Three bands: what goes in and what comes out, the errors, the kernels."""
    sheet.label(page, _MARGIN, top + 0.1, "One edge of a test picture, first seed", size=9.5, ha="left")
    top += 0.45
    bands = [top + number * (side + _GAP) for number in range(3)]
    lefts = [_MARGIN + number * (side + _GAP) for number in range(3 + len(edge.drawn))]
    titles = ("picture", "coarse map", "truth", *(each.title for each in edge.drawn))
    maps = (edge.picture, edge.coarse, edge.truth, *(each.result for each in edge.drawn))
    size = min(9.0, side * 72 / (0.62 * max(map(len, titles))))
    for left, title, values in zip(lefts, titles, maps, strict=True):
        sheet.label(page, left + side / 2, top - 0.07, title, size=size)
        block = _whole(left, bands[0], side, edge)
        _image(page, block, values)
        sheet.frame(page, block, *edge.at, 1, 1, style.HIGHLIGHT, 1.2)
    for line, text in enumerate(("error", "|made − truth|, 0 … 1")):
        sheet.note(page, lefts[2] + side, bands[1] + side / 2 + 0.18 * line, text, ha="right")
    for line, text in enumerate(("w behind the framed", "value, last stage")):
        sheet.note(page, lefts[2] + side, bands[2] + side / 2 + 0.18 * line, text, ha="right")
    kernels = [each.kernel for each in edge.drawn if each.kernel is not None]
    cmap, norm = style.scale("weights", *kernels)
    for left, each in zip(lefts[3:], edge.drawn, strict=True):
        error = np.abs(each.result.clip(0, 1) - edge.truth)
        _image(page, _whole(left, bands[1], side, edge), error, style.ERRORS)
        if each.kernel is None:
            sheet.note(page, left + side / 2, bands[2] + side / 2, "not a square")
            continue
        block = Block.inside(left, bands[2], side, *each.kernel.shape)
        sheet.cells(page, block, each.kernel, cmap, norm)
        sheet.numbers(page, block, np.nan_to_num(each.kernel), cmap, norm, ~np.isnan(each.kernel))


def _whole(left: float, top: float, side: float, edge: Edge) -> Block:
    rows, columns = edge.truth.shape
    return Block(left, top, side / max(rows, columns), rows, columns)


def _image(page: Axes, block: Block, values: Any, cmap: Any = "gray") -> None:
    extent = (block.left, block.right, block.bottom, block.top)
    page.imshow(
        np.asarray(values).clip(0, 1),
        cmap=cmap,
        norm=Normalize(0, 1),
        extent=extent,
        aspect="auto",
        interpolation="nearest",
    )
