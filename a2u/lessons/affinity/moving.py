"""An animation of low rank: a table of pair weights, rebuilt from more and more products of a column and a row."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from a2u.lessons.affinity.explorer import pair_weights, rank_errors, truncate
from a2u.plots import sheet, style
from a2u.plots.moving import Moving, stage
from a2u.plots.sheet import Block

WEIGHTS = "near pairs"
_SIDE = 1.62


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
    n, share = len(table), float(lost[rank])
    words = f"d = {rank}: {2 * n * rank:,} numbers in U and V, {n * n:,} in A.\n"
    words += f"{share:.0%} of A is lost, measured by the norm." if share > 1e-6 else "Nothing is lost."
    with style.context():
        fig, ax = stage(3.15, "From a table to low rank: A ≈ U Vᵀ", words)
        look = style.scale("signed", table)
        for left, values, name in ((0.14, table, "A, all pairs"), (1.9, kept, f"A at rank {rank}")):
            block = Block(left, 0.74, _SIDE / len(values), *values.shape)
            sheet.cells(ax, block, values, *look)
            sheet.outline(ax, block, style.MUTED, 1.2)
            sheet.label(ax, left, 0.64, name, style.INK, 11, "left")
        _curve(ax, np.asarray(lost), rank)
    return fig


def _curve(ax: Any, lost: Any, rank: int) -> None:
    """The share that is lost over d, with the present rank marked."""
    left, right, top, bottom = 3.86, 5.05, 0.8, 2.14

    def place(d: int) -> tuple[float, float]:
        return left + (right - left) * d / (len(lost) - 1), bottom - (bottom - top) * float(lost[d])

    sheet.label(ax, left - 0.06, 0.64, "share lost", style.INK, 11, "left")
    ax.plot([left, left, right], [top, bottom, bottom], color=style.MUTED, linewidth=1)
    ax.plot(*zip(*(place(d) for d in range(len(lost))), strict=True), color=style.MUTED, linewidth=1.4)
    ax.plot(*place(rank), "D", color=style.W, markersize=7)
    sheet.note(ax, left - 0.07, top + 0.1, "1", 10, "right")
    sheet.note(ax, left - 0.07, bottom + 0.04, "0", 10, "right")
    sheet.note(ax, left, bottom + 0.22, "0", 10)
    sheet.note(ax, right, bottom + 0.22, f"d = {len(lost) - 1}", 10, "right")
