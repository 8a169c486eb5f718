"""An animation of the softmax: nine logits, divided by a falling temperature, turn a box into nearest neighbour."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from a2u.plots import sheet, style
from a2u.plots.moving import Moving, stage
from a2u.plots.sheet import Block

SCORES = np.array([[0.2, 0.9, -0.4], [1.1, 2.0, 0.6], [-0.8, 1.4, 0.1]])
TEMPERATURES = np.geomspace(8, 0.1, 24)
STILL = 11
_CELL = 0.62


def kernel(temperature: float) -> Any:
    """softmax(scores / T): array (3, 3)."""
    powers = np.exp((SCORES - SCORES.max()) / temperature)
    return powers / powers.sum()


def moving() -> Moving:
    """From a high temperature to a low one, with a rest at T = 8, 1 and 0.1."""
    middle = int(np.abs(np.log(TEMPERATURES)).argmin())
    rests = {0: 2200, middle: 2400, len(TEMPERATURES) - 1: 3000}
    frames = [(_frame(float(t)), rests.get(number, 240)) for number, t in enumerate(TEMPERATURES)]
    first, last = kernel(float(TEMPERATURES[0])), kernel(float(TEMPERATURES[-1]))
    alt = (
        "Nine logits on the left stay as they are. On the right are the nine weights that a softmax makes of them "
        "while the logits are divided by a temperature that falls from 8 to 0.1: nearly even weights, a box, become "
        "a weight of nearly 1 at the largest logit, in the middle: nearest neighbour. Their sum is 1 all the time."
    )
    says = f"largest weight {first.max():.2f} at T = 8, {kernel(1.0).max():.2f} at T = 1, {last.max():.2f} at T = 0.1"
    return Moving(frames, STILL, alt, says)


def _frame(temperature: float) -> Figure:
    weights = kernel(temperature)
    with style.context():
        fig, ax = stage(3.4, "Softmax: the same logits, another temperature", _words(temperature))
        left, right = Block(0.14, 0.78, _CELL, 3, 3), Block(3.2, 0.78, _CELL, 3, 3)
        for block, values, kind, name in ((left, SCORES, "signed", "logits"), (right, weights, "weights", "◆ w")):
            look = style.scale(kind, limit=2.0 if kind == "signed" else 1.0)
            sheet.cells(ax, block, values, *look)
            sheet.numbers(ax, block, values, *look)
            sheet.outline(ax, block, style.MUTED if kind == "signed" else style.W, 1.6)
            sheet.label(ax, block.left, 0.68, name, style.MUTED if kind == "signed" else style.W, 11, "left")
        middle, y = (left.right + right.left) / 2, (left.top + left.bottom) / 2
        sheet.arrow(ax, (left.right + 0.13, y), (right.left - 0.13, y), style.W)
        sheet.label(ax, middle, y - 0.13, f"÷ {temperature:.2f}", style.W, 11)
        sheet.label(ax, middle, y + 0.27, "softmax", style.W, 11)
    return fig


def _words(temperature: float) -> str:
    """The temperature, and how far the kernel spreads: the exponential of its entropy counts its taps."""
    weights = kernel(temperature)
    taps = float(np.exp(-(weights * np.log(np.maximum(weights, 1e-12))).sum()))
    where = "nearly a box" if taps > 8.5 else "nearly one tap" if taps < 1.5 else "in between"
    first = f"T = {temperature:.2f}: {where}, as spread out as {taps:.1f} even taps."
    return f"{first}\nLargest weight {weights.max():.2f}, sum {weights.sum():.2f}"
