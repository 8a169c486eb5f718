"""An animation of low rank: a table of pair weights, rebuilt from fewer and fewer products of a column and a row."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from a2u.lessons.affinity.explorer import pair_weights, rank_errors, truncate
from a2u.plots import sheet, style
from a2u.plots.moving import Moving
from a2u.plots.sheet import Block

WIDTH, HEIGHT = 7.6, 3.3
WEIGHTS = "near pairs"
_SIDE = 2.1


def moving() -> Moving:
    """From rank 1 up to the full rank: what each further product adds, and what is still lost."""
    table = pair_weights(WEIGHTS)
    lost = rank_errors(table)
    full = int((lost > 1e-6).sum())
    ranks = [rank for rank in range(1, full + 1) if rank <= 9 or rank % 4 == 0 or rank == full]
    frames = [(_frame(table.numpy(), truncate(table, rank).numpy(), rank, lost), 1300) for rank in ranks]
    frames[-1] = (frames[-1][0], 3000)
    shares = ", ".join(f"{float(lost[rank]):.2f} at d = {rank}" for rank in ranks[:5])
    alt = (
        f"A table A of pair weights, {len(table)} by {len(table)}, on the left; in the middle the sum of its d largest "
        "products of a column and a row, d rising step by step; on the right a curve of the share that is lost, "
        "falling to 0 at the full rank."
    )
    return Moving(frames, min(3, len(frames) - 1), alt, f"lost: {shares}; nothing at d = {full}")


def _frame(table: Any, kept: Any, rank: int, lost: Any) -> Figure:
    with style.context():
        fig, ax = style.canvas(WIDTH, HEIGHT)
        sheet.label(ax, 0.1, 0.25, "From a table to low rank: A ≈ U Vᵀ", size=11.5, ha="left")
        look = style.scale("signed", table)
        for left, values, name in ((0.15, table, "A, a weight for each pair"), (2.6, kept, f"A at rank {rank}")):
            block = Block(left, 0.7, _SIDE / len(values), *values.shape)
            sheet.cells(ax, block, values, *look)
            sheet.outline(ax, block, style.MUTED, 1.2)
            sheet.label(ax, left, 0.6, name, style.INK, 9.5, "left")
        _curve(ax, np.asarray(lost), rank)
        n = len(table)
        words = (
            f"d = {rank}: {2 * n * rank:,} numbers in U and V instead of {n * n:,} in A; "
            f"{float(lost[rank]):.0%} of A is lost"
        )
        sheet.label(ax, 0.1, HEIGHT - 0.15, words, size=10, ha="left", fontweight="normal")
    return fig


def _curve(ax: Any, lost: Any, rank: int) -> None:
    """The share that is lost over d, with the present rank marked."""
    left, right, top, bottom = 5.15, 7.4, 0.75, 2.65

    def place(d: int) -> tuple[float, float]:
        return left + (right - left) * d / (len(lost) - 1), bottom - (bottom - top) * float(lost[d])

    ax.plot([left, left, right], [top, bottom, bottom], color=style.MUTED, linewidth=1)
    ax.plot(*zip(*(place(d) for d in range(len(lost))), strict=True), color=style.MUTED, linewidth=1.2)
    ax.plot(*place(rank), "D", color=style.W, markersize=6)
    sheet.note(ax, left + 0.08, top + 0.02, "lost, 1 … 0", ha="left")
    sheet.note(ax, right, bottom + 0.2, f"d, 0 … {len(lost) - 1}", ha="right")
