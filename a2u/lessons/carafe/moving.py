"""An animation of the softmax: nine logits, divided by a falling temperature, turn a box into nearest neighbour."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from a2u.plots import sheet, style
from a2u.plots.moving import Moving
from a2u.plots.sheet import Block

WIDTH, HEIGHT = 7.6, 3.0
SCORES = np.array([[0.2, 0.9, -0.4], [1.1, 2.0, 0.6], [-0.8, 1.4, 0.1]])
TEMPERATURES = np.geomspace(8, 0.1, 24)
STILL = 11
_CELL = 0.56


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
        fig, ax = style.canvas(WIDTH, HEIGHT)
        sheet.label(ax, 0.1, 0.25, "Softmax: the further apart the logits, the fewer taps a kernel uses", size=11.5,
                    ha="left")  # fmt: skip
        left, right = Block(0.6, 0.72, _CELL, 3, 3), Block(4.6, 0.72, _CELL, 3, 3)
        for block, values, kind, name in ((left, SCORES, "signed", "logits"), (right, weights, "weights", "◆ w")):
            look = style.scale(kind, limit=2.0 if kind == "signed" else 1.0)
            sheet.cells(ax, block, values, *look)
            sheet.numbers(ax, block, values, *look)
            sheet.outline(ax, block, style.MUTED if kind == "signed" else style.W, 1.6)
            sheet.label(ax, block.left, 0.62, name, style.MUTED if kind == "signed" else style.W, 10, "left")
        sheet.arrow(ax, (left.right + 0.15, 1.55), (right.left - 0.15, 1.55), style.W)
        sheet.label(ax, (left.right + right.left) / 2, 1.4, f"softmax(logits / {temperature:.2f})", style.W, 10)
        x = right.right + 0.25
        share = float(-(weights * np.log(np.maximum(weights, 1e-12))).sum())
        sheet.note(ax, x, 1.1, "like a mean over", ha="left")
        sheet.label(ax, x, 1.4, f"{np.exp(share):.1f} taps", style.INK, 11, "left")
        where = "near a box" if np.exp(share) > 8 else "near one tap" if np.exp(share) < 1.5 else "in between"
        words = f"T = {temperature:.2f}: {where}; largest weight {weights.max():.2f}, sum {weights.sum():.2f}"
        sheet.label(ax, 0.1, HEIGHT - 0.15, words, size=10, ha="left", fontweight="normal")
    return fig
