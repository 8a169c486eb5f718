"""Pictures of how A²U is put together: kernel generation (the subject of Figure 2), modes side by side, the curves."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from a2u.plots import sheet, style
from a2u.plots.sheet import Block

WIDTH = 9.6
LEAST, FULL = 0.044, 0.254  # the weights that a softmax of sigmoids can give to one of nine taps
MIDDLE = 2.35  # height of the line from the product to the kernels


def generation(
    x: Any, by_u: Any, by_v: Any, affinity: Any, p: Sequence[Any], w: Sequence[Any], at: tuple[int, int]
) -> Figure:
    """From the encoder map to the r² kernels of one position, d = 1 (Figure 2, Eq. (4)).

    Args:
        x: array (rH, rW), one channel of the encoder map.
        by_u, by_v: arrays (H, W), responses of U and V in that channel.
        affinity: array (H, W), their product summed over all channels.
        p, w: four arrays (s, s) each: the rows of P and the kernels of the phases (0, 0), (0, 1), (1, 0), (1, 1).
        at: (row, column) of the position whose kernels are shown.
    """
    with style.context():
        fig, ax = style.canvas(WIDTH, 4.9)
        source = Block(0.15, 1.5, 1.7 / len(x), *np.shape(x))
        sheet.cells(ax, source, x, style.SIGNED, style.signed_norm(x))
        sheet.frame(ax, source, 2 * at[0] - 2, 2 * at[1] - 2, 5, 5, style.Z, 1.8)
        _head(ax, source, "encoder map X", "C×2H×2W; a 5×5 window")
        for top, values, name in ((0.72, by_u, "U"), (2.92, by_v, "V")):
            block = Block(2.65, top, 1.2 / len(values), *np.shape(values))
            sheet.cells(ax, block, values, style.SIGNED, style.signed_norm(by_u, by_v))
            sheet.frame(ax, block, *at, 1, 1, style.INK, 1.4)
            _head(ax, block, f"gpconv({name}, X)", "C×H×W")
            sheet.arrow(ax, (1.92, MIDDLE), (2.58, top + 0.6), style.Z)
            sheet.arrow(ax, (3.92, top + 0.6), (4.27, 2.2 if name == "U" else 2.5), style.INK)
        _middle(ax, affinity, at)
        _phases(ax, (5.58, 3.72), 0.52, p, "P", "conv P: 4 phases × s² rows")
        sheet.arrow(ax, (6.8, 3.95), (7.55, 3.05), style.W)
        sheet.arrow(ax, (6.82, MIDDLE), (7.55, MIDDLE), style.INK)
        sheet.note(ax, 7.17, 1.98, "shuffle,")
        sheet.note(ax, 7.17, 2.2, "σ, softmax")
        _phases(ax, (7.65, 1.45), 0.86, w, f"{sheet.key('w')}  four kernels", "s×s each, they sum to 1", numbers=True)
        _routes(ax)
    return fig


def _middle(ax: Axes, affinity: Any, at: tuple[int, int]) -> None:
    """∘ → ∑ → the affinity map."""
    circle: dict[str, Any] = {"facecolor": style.PAPER, "edgecolor": style.INK, "linewidth": 1.6, "zorder": 5}
    ax.add_artist(Circle((4.4, MIDDLE), 0.19, **circle))
    sheet.label(ax, 4.4, 2.4, "∘", size=13)
    sheet.arrow(ax, (4.6, MIDDLE), (4.84, MIDDLE), style.INK)
    sheet.total(ax, 5.03, MIDDLE)
    sheet.note(ax, 5.03, 2.75, "channels c")
    sheet.arrow(ax, (5.23, MIDDLE), (5.48, MIDDLE), style.INK)
    table = Block(5.55, 1.75, 1.2 / len(affinity), *np.shape(affinity))
    sheet.cells(ax, table, affinity, style.SIGNED, style.signed_norm(affinity))
    sheet.frame(ax, table, *at, 1, 1, style.INK, 1.4)
    _head(ax, table, "affinity", "1×H×W  (d = 1)")
    sheet.note(ax, 6.15, table.bottom + 0.2, f"framed: {style.number(float(affinity[at]))}")


def _head(ax: Axes, block: Block, title: str, remark: str) -> None:
    middle = (block.left + block.right) / 2
    sheet.label(ax, middle, block.top - 0.26, title, size=9.8)
    sheet.note(ax, middle, block.top - 0.08, remark, size=8)


def _phases(
    ax: Axes, corner: tuple[float, float], side: float, tables: Sequence[Any], title: str, remark: str,
    numbers: bool = False,
) -> None:  # fmt: skip
    """Four small tables as the 2×2 phases of one position."""
    cmap, norm = style.scale("weights", *tables)
    for phase, values in enumerate(tables):
        row, column = divmod(phase, 2)
        left, top = corner[0] + column * (side + 0.06), corner[1] + row * (side + 0.06)
        block = Block(left, top, side / len(values), *np.shape(values))
        sheet.cells(ax, block, values, cmap, norm)
        if numbers:
            sheet.numbers(ax, block, values, cmap, norm)
        sheet.outline(ax, block, style.W, 1.2)
    middle = corner[0] + side + 0.03
    sheet.label(ax, middle, corner[1] - 0.26, title, style.W, size=9.8)
    sheet.note(ax, middle, corner[1] - 0.09, remark, size=8)
    if numbers:
        sheet.note(ax, middle, corner[1] + 2 * side + 0.28, sheet.span(np.stack(tables)))


def _routes(ax: Axes) -> None:
    """The dashed ways from the map to the weights: what hybrid and dynamic add."""
    look: dict[str, Any] = {"color": style.HIGHLIGHT, "linewidth": 1.4}
    ax.plot([1.0, 1.0, 5.5], [3.35, 4.62, 4.62], linestyle="--", **look)
    ax.plot([1.0, 1.0, 2.6], [1.05, 0.15, 0.15], linestyle=":", **look)
    for x, y, pooled in ((1.1, 4.54, "1×1, 1×1 conv: makes P (hybrid, dynamic)"),
                         (2.68, 0.18, "5×5, 1×1 conv: makes U and V (dynamic)")):  # fmt: skip
        sheet.label(ax, x, y, f"average pool to {pooled}", style.HIGHLIGHT, 8.5, "left", fontweight="normal")


def modes(images: Mapping[str, Any], found: Sequence[Mapping[str, Mapping[str, Any]]], at: tuple[int, int]) -> Figure:
    """U, P and the kernel w of one output, for two images (rows) and every mode (columns).

    Args:
        images: title → array (rH, rW); two of them.
        found: for each image: mode → {"U": (k, k), "P": (s, s), "w": (s, s)}.
        at: the output's (row, column).
    """
    with style.context():
        fig, ax = style.canvas(WIDTH, 4.45)
        for column, mode in enumerate(found[0]):
            sheet.label(ax, 2.05 + column * 2.55 + 1.2, 0.3, mode, size=11.5)
        for line, ((title, image), each) in enumerate(zip(images.items(), found, strict=True)):
            top = 0.95 + line * 1.9
            block = Block(0.15, top - 0.1, 1.4 / len(image), *np.shape(image))
            sheet.cells(ax, block, image, style.SIGNED, style.signed_norm(*images.values()))
            sheet.frame(ax, block, *at, 1, 1, style.Y, 2.0)
            sheet.label(ax, 0.85, top - 0.2, title, size=9.5)
            for column, mode in enumerate(each):
                for place, name in enumerate(("U", "P", "w")):
                    left = 2.05 + column * 2.55 + place * 0.82
                    _table(ax, left, top, name, each[mode][name], [other[mode][name] for other in found])
    return fig


def _table(ax: Axes, left: float, top: float, name: str, values: Any, all_values: Sequence[Any]) -> None:
    """One table on a scale that both images share; marked where it is not that of the first image."""
    block = Block(left, top + 0.1, 0.74 / len(values), *np.shape(values))
    sheet.cells(ax, block, values, *style.scale("weights", *all_values, limit=FULL if name == "w" else None))
    changed = not np.allclose(values, all_values[0], atol=1e-9)
    sheet.outline(ax, block, style.HIGHLIGHT if changed else style.W, 2.0 if changed else 1.0)
    sheet.label(ax, left + 0.37, top, sheet.key("w") if name == "w" else name, style.W)
    low, high = (style.number(float(limit)) for limit in (np.min(values), np.max(values)))
    sheet.note(ax, left + 0.37, block.bottom + 0.19, f"{low}…{high}", size=7.5)
    if changed:
        sheet.label(ax, left + 0.37, block.bottom + 0.36, "changed", style.HIGHLIGHT, size=8)


def kernel_curves(affinities: Any, w: Any, met: Any) -> Figure:
    """The weights of one phase as functions of the affinity: a panel for each tap, at its place in the kernel.

    Args:
        affinities: array (n,), rising.
        w: array (n, s²), the kernel at each of them.
        met: the affinities that an image has, marked below the curves.
    """
    affinities, w = np.asarray(affinities, dtype=float), np.asarray(w, dtype=float)
    side = round(w.shape[1] ** 0.5)
    with style.context():
        fig = style.figure(WIDTH, 5.6)
        panels = fig.subplots(side, side, sharex=True, sharey=True, squeeze=False)
        fig.subplots_adjust(left=0.075, right=0.985, bottom=0.1, top=0.95, hspace=0.28, wspace=0.07)
        for tap, ax in enumerate(panels.flat):
            for limit in (LEAST, FULL):
                ax.axhline(limit, color=style.MUTED, linewidth=0.8, linestyle="dotted")
            ax.plot(affinities, w, color=style.FAINT, linewidth=0.8)  # the other taps, to compare with
            ax.plot(affinities, w[:, tap], color=style.W, linewidth=2.2)
            ax.plot(met, np.full(len(met), 0.02), "|", color=style.INK, markersize=7)
            ax.set_title(f"tap {tap}, row {tap // side}, column {tap % side}", fontsize=9)
            ax.set(xlim=(affinities[0], affinities[-1]), ylim=(0, 0.29), yticks=[LEAST, 1 / w.shape[1], FULL])
            ax.set_yticklabels([f"{LEAST}", f"1/{w.shape[1]}", f"{FULL}"])
        panels[-1, side // 2].set_xlabel("affinity (marks: met in the image)")
        panels[side // 2, 0].set_ylabel("weight w")
    return fig
