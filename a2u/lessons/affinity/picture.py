"""Pictures of affinity: small tables side by side, pairs of pixels in a window, and what a rank keeps of a matrix."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from a2u.errors import A2UError
from a2u.plots import sheet, style
from a2u.plots.sheet import Block

WIDTH, HEIGHT = 9.6, 6.55
SIDE = 2.1  # of a map, a window or a matrix
UPPER, LOWER = 0.72, 3.78  # where the two rows of blocks begin
CELL = 0.39  # of a feature vector
RING = 2  # cells of zeros drawn around the map
NUMBERED = 0.3


def tables(panels: Sequence[tuple[str, Any, str]], *, width: float = WIDTH, height: float = 2.9) -> Figure:
    """Arrays in a row, each on a scale of its own with its size and range below.

    Args:
        panels: (title, array (H, W), kind "signed", "weights" or "errors").

    Raises:
        A2UError: no panel, or an array that is not two-dimensional.
    """
    arrays = [np.asarray(values, dtype=float) for _, values, _ in panels]
    if not arrays or any(values.ndim != 2 or not values.size for values in arrays):
        raise A2UError(f"Tables are arrays (height, width), got {[a.shape for a in arrays] or 'none'}.")
    gap = 0.4
    side = min((width - gap * (len(arrays) - 1) - 0.2) / len(arrays), height - 0.75)
    left = (width - len(arrays) * side - (len(arrays) - 1) * gap) / 2
    with style.context():
        fig, ax = style.canvas(width, height)
        for place, ((title, _, kind), values) in enumerate(zip(panels, arrays, strict=True)):
            corner = left + place * (side + gap)
            block = Block.inside(corner, 0.4, side, *values.shape)
            cmap, norm = style.scale(kind, values)
            sheet.cells(ax, block, values, cmap, norm)
            if block.cell >= NUMBERED:
                sheet.numbers(ax, block, values, cmap, norm)
            if kind == "weights":
                sheet.outline(ax, block, style.W, 1.4)
            sheet.label(ax, corner + side / 2, 0.26, title)
            size = f"{values.shape[0]}×{values.shape[1]},  {sheet.span(values)}"
            sheet.note(ax, corner + side / 2, block.bottom + 0.22, size)
    return fig


def rank_curves(curves: Mapping[str, Any]) -> Figure:
    """What is lost at each rank: title → array of shares (0 … 1) for d = 0, 1, …"""
    with style.context():
        fig = style.figure(WIDTH, 3.3)
        ax = fig.subplots()
        fig.subplots_adjust(left=0.075, right=0.79, bottom=0.17, top=0.95)
        for number, (title, lost) in enumerate(curves.items()):
            colour, stroke = style.SERIES[number], style.STROKES[number]
            ax.plot(range(len(lost)), lost, color=colour, linestyle=stroke, label=title)
        ax.set(xlabel="rank d", ylabel="lost, as a share of ‖A‖", ylim=(-0.02, 1.05), xlim=(0, None))
        ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), handlelength=3.2)
    return fig


def affinity_window(
    ink: Any,
    features: Any,
    where: Any,
    pair: tuple[int, int],
    a: Any,
    kept: Any,
    lost: Any,
    *,
    channels: Sequence[str],
    weights: str,
) -> Figure:
    """Two pixels of a window and their similarity; below, all pairs, their weights, and what rank d keeps of these.

    Args:
        ink: array (H, W), the channel of the map that is shown.
        features: array (C, N), the window; its first channel is the one of ``ink``. N is a square.
        where: integers (N, 2), row and column of each position; those outside the map are hatched.
        pair: the positions i and j.
        a, kept: arrays (N, N), the weights of all pairs and their approximation.
        lost: array (N + 1,), the share lost at rank 0 … N; ``kept`` is marked where the two agree best.
        channels: C names.
        weights: the name of ``a``.
    """
    ink, features, where, a, kept = (np.asarray(v, dtype=float) for v in (ink, features, where, a, kept))
    where = where.astype(int)
    with style.context():
        fig, ax = style.canvas(WIDTH, HEIGHT)
        norm = style.signed_norm(ink, features)
        _window(ax, ink, features[0], where, pair, norm)
        _pair(ax, features, pair, channels, norm)
        similarity = features.T @ features
        _matrices(ax, similarity, a, kept, pair, weights)
        rank = int(np.argmin(np.abs(np.asarray(lost) - np.linalg.norm(a - kept) / np.linalg.norm(a))))
        rank = max(rank, int(np.linalg.matrix_rank(kept)))
        _loss(fig, lost, rank)
    return fig


def _window(ax: Axes, ink: Any, first: Any, where: Any, pair: tuple[int, int], norm: Any) -> None:
    """The map with the frame of the window, and the window large with its two pixels."""
    k = round(len(first) ** 0.5)
    top, left = where.min(axis=0)
    whole = Block.inside(0.28, UPPER, SIDE, ink.shape[0] + 2 * RING, ink.shape[1] + 2 * RING)
    edge = RING * whole.cell
    block = Block(whole.left + edge, whole.top + edge, whole.cell, *ink.shape)
    sheet.shade(ax, whole)
    sheet.cells(ax, block, ink, style.SIGNED, norm)
    sheet.frame(ax, block, top, left, k, k, style.Z)
    sheet.label(ax, 0.28 + SIDE / 2, 0.3, "encoder map")
    sheet.note(ax, 0.28 + SIDE / 2, 0.5, f"{ink.shape[0]}×{ink.shape[1]}, first channel; zeros outside")
    large = Block.inside(2.85, UPPER, SIDE, k, k)
    sheet.cells(ax, large, first.reshape(k, k), style.SIGNED, norm)
    outside = ((where < 0) | (where >= np.array(ink.shape))).any(axis=1)
    sheet.hatch(ax, large, outside.reshape(k, k))
    sheet.outline(ax, large, style.Z)
    small = Block(block.left + left * block.cell, block.top + top * block.cell, block.cell, k, k)
    sheet.zoom(ax, small, large, style.Z)
    sheet.label(ax, 2.85 + SIDE / 2, 0.3, f"{sheet.key('z')[0]} window X", style.Z)
    sheet.note(ax, 2.85 + SIDE / 2, 0.5, f"{k}×{k}, positions 0 … {k * k - 1} row by row")
    for name, position, colour in zip("ij", pair, (style.Z, style.HIGHLIGHT), strict=True):
        row, column = divmod(position, k)
        sheet.frame(ax, large, row, column, 1, 1, colour, 2.6)
        x, y = large.centre(row, column)
        shift = 0 if pair[0] != pair[1] else (-0.09 if name == "i" else 0.09)
        ink_there = style.ink_on(style.SIGNED(norm(first[position])))
        sheet.label(ax, x + shift, y + 0.05, name, ink_there, size=12)


def _pair(ax: Axes, features: Any, pair: tuple[int, int], channels: Sequence[str], norm: Any) -> None:
    """The feature vectors of the two pixels, their products and the sum."""
    top = UPPER + 0.22
    vectors = [features[:, pair[0]], features[:, pair[1]], features[:, pair[0]] * features[:, pair[1]]]
    looks = [("xᵢ", style.Z), ("xⱼ", style.HIGHLIGHT), ("xᵢ ∘ xⱼ", style.MUTED)]
    for place, (values, (title, colour)) in enumerate(zip(vectors, looks, strict=True)):
        block = Block(6.5 + place * 0.66, top, CELL, len(values), 1)
        sheet.cells(ax, block, values[:, None], style.SIGNED, norm)
        sheet.numbers(ax, block, values[:, None], style.SIGNED, norm)
        sheet.outline(ax, block, colour, 1.8)
        sheet.label(ax, block.left + CELL / 2, top - 0.12, title, colour)
    for number, name in enumerate(channels[: len(features)]):
        sheet.note(ax, 6.4, top + (number + 0.5) * CELL + 0.04, name, ha="right")
    middle = top + len(features) * CELL / 2
    sheet.arrow(ax, (8.3, middle), (8.52, middle), style.INK)
    sheet.total(ax, 8.72, middle)
    cell = Block(9.0, middle - 0.23, 0.46, 1, 1)
    value = [[vectors[2].sum()]]
    sheet.cells(ax, cell, value, style.SIGNED, norm)
    sheet.numbers(ax, cell, value, style.SIGNED, norm)
    sheet.outline(ax, cell, style.INK, 1.8)
    sheet.label(ax, 9.23, cell.top - 0.12, "xᵢᵀxⱼ")
    sheet.label(ax, 7.6, 0.3, "how alike are two pixels?")
    sheet.note(ax, 7.6, 0.5, "multiply their features channel by channel, add up")


def _matrices(ax: Axes, similarity: Any, a: Any, kept: Any, pair: tuple[int, int], weights: str) -> None:
    n = len(a)
    rank = int(np.linalg.matrix_rank(kept))
    shared = style.weight_norm(a, kept)
    panels = [
        ("S = XᵀX", "all pairs: row i, column j", similarity, style.SIGNED, style.signed_norm(similarity), ""),
        (f"◆ A  {weights}", "how much each pair counts", a, style.WEIGHTS, shared, f"w = {_sum(a, similarity)}"),
        (f"◆ A, rank {rank}", f"the best sum of {rank} products u vᵀ", kept, style.WEIGHTS, shared,
         f"w = {_sum(kept, similarity)}"),
    ]  # fmt: skip
    for place, (title, remark, values, cmap, norm, result) in enumerate(panels):
        block = Block(0.28 + place * 2.42, LOWER, SIDE / n, n, n)
        sheet.cells(ax, block, values, cmap, norm)
        colour = style.INK if place == 0 else style.W
        sheet.outline(ax, block, colour, 1.4)
        if place == 0:
            sheet.frame(ax, block, pair[0], 0, 1, n, style.Z, 1.0)
            sheet.frame(ax, block, 0, pair[1], n, 1, style.HIGHLIGHT, 1.0)
        middle = block.left + SIDE / 2
        sheet.label(ax, middle, LOWER - 0.36, title, colour)
        sheet.note(ax, middle, LOWER - 0.15, remark)
        sheet.note(ax, middle, block.bottom + 0.22, f"{n}×{n},  {sheet.span(values)}")
        if result:
            sheet.label(ax, middle, block.bottom + 0.47, result, style.W)
    sheet.note(ax, 0.28 + SIDE / 2, LOWER + SIDE + 0.47, "w = Σ A ∘ S, over all pairs", size=9)


def _sum(a: Any, similarity: Any) -> str:
    return style.number(float((a * similarity).sum()), 3)


def _loss(fig: Figure, lost: Any, rank: int) -> None:
    """What each rank loses of A, and the one chosen."""
    left, bottom = 7.98, HEIGHT - LOWER - SIDE
    ax = fig.add_axes((left / WIDTH, bottom / HEIGHT, 1.5 / WIDTH, SIDE / HEIGHT))
    ax.plot(range(len(lost)), lost, color=style.W)
    ax.plot(rank, lost[rank], "D", color=style.W, markersize=8, markeredgecolor=style.PAPER, clip_on=False, zorder=5)
    ax.set(xlim=(0, len(lost) - 1), ylim=(0, 1.03), xlabel="rank d", yticks=[0, 0.5, 1], title="share of A lost")
    share = f"{style.number(100 * float(lost[rank]), 1)} %"
    shift, side = ((7, 6), "left") if rank < 17 else ((6, 14), "right")
    ax.annotate(share, (rank, lost[rank]), shift, textcoords="offset points", color=style.W, ha=side, weight="bold")
