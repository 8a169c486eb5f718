"""One output value under eight operators: which cells each of them reads, and with which weights."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from a2u.lessons import shared
from a2u.lessons.frame import Drawing
from a2u.lessons.inspector import example
from a2u.operators.witness import MAP
from a2u.plots import sheet, style
from a2u.plots.sheet import Block

SHOWN = {
    "bilinear": "Bilinear",
    "a2u:static-cw": "A²U static-cw",
    "bilateral": "Joint bilateral",
    "sapa:b": "SAPA-B",
    "fade": "FADE",
    "dysample": "DySample",
    "naf": "NAF",
}
RATIO = 2
LEAST = 0.01  # a smaller weight is not counted
RING = 2  # cells of zeros drawn around the map: a window of five reaches so far
WIDTH, SIDE, STEP = 9.6, 1.95, 2.38


@dataclass(frozen=True)
class Reading:
    """What one operator reads for one output.

    Attributes:
        weights: (H + 2·RING, W + 2·RING), of the cells of the map and of the ring; NaN where it does not read.
        guide: the weight of the guide's own value, or None.
    """

    title: str
    weights: NDArray[np.float64]
    guide: float | None

    @property
    def words(self) -> str:
        """How many cells, how many of them count, and the largest weight."""
        found = self.weights[~np.isnan(self.weights)]
        counts = f"{int((np.abs(found) >= LEAST).sum())} of {len(found)} cells"
        beside = "" if self.guide is None else f", guide {style.number(self.guide)}"
        return f"{counts}, up to {style.number(float(found.max()))}{beside}"


def read(name: str, row: int, column: int) -> Reading:
    """The weights of the first channel of one output of an operator of the inspector (random, but fixed, weights)."""
    op, x, guide, _ = example(name, RATIO)
    found = op.witness(x, guide, at=(0, 0, row, column))
    weights = np.full((shared.SIZE + 2 * RING,) * 2, np.nan)
    mine = (found.source == MAP) & (found.where[:, 1:] >= -RING).all(1)
    for (_, i, j), w in zip(found.where[mine].tolist(), found.w[mine].tolist(), strict=True):
        weights[i + RING, j + RING] = w
    others = found.w[found.source != MAP].tolist()
    return Reading(SHOWN.get(name, op.card.title), weights, others[0] if others else None)


def portrait(row: int = 5, column: int = 10) -> Drawing:
    """The picture that lesson 12 begins with."""
    readings = [read(name, row, column) for name in SHOWN]
    words = [f"{each.title:16} {each.words}" for each in readings]
    alt = (
        f"Output row {row}, column {column} of the digit, and seven small maps with the cells that an operator reads "
        "for it, coloured by weight: four cells, nine, a window of 25, a moved point, a neighbourhood of 49."
    )
    return Drawing(_draw(readings, row, column), alt, "\n".join(words))


def _draw(readings: list[Reading], row: int, column: int) -> Figure:
    with style.context():
        fig, ax = style.canvas(WIDTH, 5.55)
        block = Block.inside(0.22, 0.55, SIDE, 2 * shared.SIZE, 2 * shared.SIZE)
        picture = shared.digit()[0, 0].numpy()
        sheet.cells(ax, block, picture, *style.scale("signed", picture))
        sheet.frame(ax, block, row, column, 1, 1, style.Y, 2.4)
        sheet.label(ax, 0.22 + SIDE / 2, 0.36, "● y  which cells, how much?", style.Y, 9.5)
        sheet.note(ax, 0.22 + SIDE / 2, block.bottom + 0.22, f"the picture, output ({row}, {column})")
        for number, reading in enumerate(readings, start=1):
            down, across = divmod(number, 4)
            _map(ax, reading, 0.22 + across * STEP, 0.55 + down * 2.7)
    return fig


def _map(ax: Axes, reading: Reading, left: float, top: float) -> None:
    size = shared.SIZE + 2 * RING
    whole = Block.inside(left, top, SIDE, size, size)
    inner = Block(whole.left + RING * whole.cell, whole.top + RING * whole.cell, whole.cell, shared.SIZE, shared.SIZE)
    sheet.shade(ax, whole)
    sheet.cells(ax, inner, np.zeros((shared.SIZE, shared.SIZE)), *style.scale("signed", limit=1.0))
    seen = np.nan_to_num(reading.weights)
    sheet.cells(ax, whole, reading.weights, *style.scale("weights", seen, limit=max(0.2, float(np.abs(seen).max()))))
    rows, columns = np.nonzero(~np.isnan(reading.weights))
    height, width = int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1
    sheet.frame(ax, whole, int(rows.min()), int(columns.min()), height, width, style.Z, 1.6)
    sheet.label(ax, left + SIDE / 2, top - 0.16, reading.title)
    sheet.note(ax, left + SIDE / 2, whole.bottom + 0.22, reading.words)
