"""An animation of gates that draw a digit: blocks of a small map, each value times the gate of its pixel."""

from functools import cache
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from a2u.plots import sheet, style
from a2u.plots.moving import Moving, stage
from a2u.plots.sheet import Block

NETWORK = "indexnet-holistic"
DIGIT, STAGE = 13, 2  # a 3, and the last upsampling stage, whose map is as large as the digit
_SIDE = 1.5


@cache
def maps() -> tuple[Any, Any, Any]:
    """z repeated in its blocks, the gates w, and their products y: arrays (32, 32), of the channel most like it."""
    from a2u.lessons.see_the_kernels.explorer import images, network
    from a2u.reconstruction.kernels import stage_inputs

    digit = images()[DIGIT : DIGIT + 1]
    op, x, guide = stage_inputs(network(NETWORK), digit)[STAGE]
    with torch.no_grad():
        y, w = op(x, guide)[0], op.kernel(x, guide)[0, 0, 0]
    alike = torch.corrcoef(torch.cat([digit.flatten(1), y.flatten(1)]))[0, 1:]
    channel = int(alike.nan_to_num(-1).argmax())  # a channel that is 0 everywhere is like nothing
    repeated = x[0, channel].repeat_interleave(2, 0).repeat_interleave(2, 1)
    return repeated.numpy(), w.numpy(), y[channel].numpy()


def moving() -> Moving:
    """Row after row: a blocky map times its gates."""
    z, w, y = maps()
    rows = len(z)
    frames = [(_frame(0, "Nearest neighbour would repeat each value in a block of 2×2."), 2200)]
    for row in range(2, rows, 2):
        frames.append(
            (_frame(row, "The network multiplies each pixel by a gate that it made from the encoder's map."), 260)
        )
    frames.append((_frame(rows, "wᵀz has one term here. The gates say where in its block the ink lies."), 3200))
    inside = np.abs(y - w * z).max()
    alt = (
        "On the left one channel of a small map, each value repeated in a block of 2×2. In the middle the gates of a "
        "trained holistic IndexNet, between 0 and 1: they show a 3. On the right their products appear row by row."
    )
    says = f"z {sheet.span(z)};  w {sheet.span(w)};  y {sheet.span(y)};  largest difference of y and w · z {inside:.0e}"
    return Moving(frames, len(frames) // 2, alt, says)


def _frame(done: int, words: str) -> Figure:
    """done: rows of the result that are there."""
    z, w, y = maps()
    with style.context():
        fig, ax = stage(2.95, "Gates that draw a digit", words)
        norm = style.signed_norm(z, y)
        shown = np.where(np.arange(len(y))[:, None] < done, y, np.nan)
        panels = (
            (0.14, z, (style.SIGNED, norm), style.Z, "■ z, in blocks"),
            (1.85, w, style.scale("weights", limit=1.0), style.W, "◆ w, the gates"),
            (3.56, shown, (style.SIGNED, norm), style.Y, "● y = w · z"),
        )
        for left, values, look, colour, name in panels:
            block = Block(left, 0.74, _SIDE / len(values), *values.shape)
            sheet.cells(ax, block, values, *look)
            sheet.outline(ax, block, colour, 1.4)
            sheet.label(ax, left, 0.64, name, colour, 11, "left")
            if 0 < done < len(y):
                sheet.frame(ax, block, done - 2, 0, 2, len(y), style.HIGHLIGHT, 1.0)
        for x, sign in ((1.745, "×"), (3.455, "=")):
            sheet.label(ax, x, 1.54, sign, style.INK, 13)
    return fig
