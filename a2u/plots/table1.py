"""Table 1 as pictures: the scores beside the paper's, how they came about epoch by epoch, and gains over a row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from a2u.errors import A2UError
from a2u.plots import sheet, style

WIDTH = 9.6
_ROW = 0.27


@dataclass
class TableColumn:
    """One data set of the table: one value per row, None where a row was not run.

    paper, ours: PSNR in dB. sd: of ours over seeds, None for a single one.
    """

    paper: Sequence[float]
    ours: Sequence[float | None]
    sd: Sequence[float | None] = field(default_factory=list)


def scoreboard(names: Sequence[str], sizes: Sequence[int], sets: Mapping[str, TableColumn], *, label: str) -> Figure:
    """PSNR of every row: a ring for the paper, a diamond for what was measured here, and both as numbers.

    Args:
        names: of the rows, from top to bottom.
        sizes: parameters of each row's network.
        sets: by title of the data set.
        label: what was run here; stands in the title.

    Raises:
        A2UError: A column of another length than `names`.
    """
    _check(names, sets, sizes)
    tall = 0.62 + len(names) * _ROW + 0.3  # of one set
    height = 0.72 + tall * len(sets) + 0.08
    with style.context():
        fig, page = style.canvas(WIDTH, height)
        _heading(page, "Table 1: PSNR of the reconstructions, in dB (higher is better)", label)
        values = [v for s in sets.values() for v in (*s.paper, *s.ours) if v is not None]
        limits = 5 * np.floor(min(values) / 5 - 0.3), 5 * np.ceil(max(values) / 5 + 0.1)
        for number, (title, scores) in enumerate(sets.items()):
            top = 0.72 + number * tall
            _columns(page, top, title, names, sizes, scores)
            box = (3.05 / WIDTH, 1 - (top + 0.62 - _ROW / 2 + len(names) * _ROW) / height, 3.75 / WIDTH)
            ax = fig.add_axes((*box, len(names) * _ROW / height))
            _dots(ax, scores, limits)
    return fig


def _check(names: Sequence[str], sets: Mapping[str, TableColumn], *columns: Sequence[object]) -> None:
    for column in (*columns, *(c for s in sets.values() for c in (s.paper, s.ours))):
        if len(column) != len(names):
            raise A2UError(f"A table of {len(names)} rows needs as many values per column, given {len(column)}.")


def _heading(page: Axes, title: str, label: str) -> None:
    sheet.label(page, 0.1, 0.28, title, size=11.5, ha="left")
    sheet.note(page, 0.1, 0.5, f"here: {label}", size=9, ha="left")


def _columns(
    page: Axes, top: float, title: str, names: Sequence[str], sizes: Sequence[int], scores: TableColumn
) -> None:
    """Everything that is text: names, parameters, numbers."""
    sheet.label(page, 0.1, top + 0.36, title, ha="left")
    for x, text, colour in (
        (2.95, "parameters", style.MUTED),
        (7.75, "here ◆", style.MEASURED),
        (8.55, "paper ○", style.PRINTED),
    ):
        sheet.label(page, x, top + 0.36, text, colour, 8.5, "right", "normal")
    sheet.label(page, 9.5, top + 0.36, "difference", style.MUTED, 8.5, "right", "normal")
    for row, (name, size, paper, ours) in enumerate(zip(names, sizes, scores.paper, scores.ours, strict=True)):
        y = top + 0.66 + row * _ROW
        sheet.label(page, 0.1, y, name, size=9, ha="left", fontweight="normal")
        sheet.note(page, 2.95, y, f"{size:,}", ha="right")
        sheet.label(page, 8.55, y, f"{paper:.2f}", style.PRINTED, 9, "right", "normal")
        if ours is None:
            sheet.note(page, 7.75, y, "not run", ha="right")
            continue
        sd = scores.sd[row] if scores.sd else None
        spread = "" if sd is None else f" ±{sd:.2f}"
        sheet.label(page, 7.75, y, f"{ours:.2f}{spread}", style.MEASURED, 9, "right")
        gap = style.number(ours - paper)
        sheet.label(page, 9.5, y, gap if gap.startswith("−") else f"+{gap}", style.INK, 9, "right", "normal")


def _dots(ax: Axes, scores: TableColumn, limits: tuple[float, float]) -> None:
    for row, (paper, ours) in enumerate(zip(scores.paper, scores.ours, strict=True)):
        if ours is not None:
            ax.plot([paper, ours], [row, row], color=style.FAINT, linewidth=2.5, zorder=1)
            sd = scores.sd[row] if scores.sd else None
            ax.errorbar(
                ours, row, xerr=sd, fmt="D", markersize=6, color=style.MEASURED, elinewidth=1.5, capsize=3, zorder=3
            )
        ax.plot(paper, row, "o", markersize=7.5, markerfacecolor=style.PAPER, color=style.PRINTED, markeredgewidth=1.8)
    ax.set(xlim=limits, ylim=(len(scores.paper) - 0.5, -0.5), yticks=[])
    ax.tick_params(axis="x", labelsize=8, length=2)
    ax.grid(axis="x")
    ax.set_axisbelow(True)
    ax.spines["left"].set_visible(False)


def gains(names: Sequence[str], sets: Mapping[str, TableColumn], base: str, *, label: str) -> Figure:
    """How many dB each row gains over the row `base`, here and in the paper.

    A shortened training lowers every score; differences between rows can still be compared.

    Raises:
        A2UError: No row is called `base`, or a column of another length than `names`.
    """
    _check(names, sets)
    if base not in names:
        raise A2UError(f"There is no row {base!r} to compare with; the rows: {', '.join(names)}.")
    at, height = list(names).index(base), 0.95 + len(names) * 0.42 + 0.5
    with style.context():
        fig, page = style.canvas(WIDTH, height)
        _heading(page, f"Table 1: PSNR gained over {base}, in dB", label)
        sheet.label(page, 7.55, 0.28, "■ here", style.MEASURED, 9, "right")
        sheet.label(page, 9.5, 0.28, "□ the paper, 100 epochs", style.PRINTED, 9, "right", "normal")
        width = (WIDTH - 2.2 - 0.15 * len(sets)) / len(sets)
        for number, (title, scores) in enumerate(sets.items()):
            left = 2.05 + number * (width + 0.15)
            box = (left / WIDTH, 0.45 / height, (width - 0.15) / WIDTH, len(names) * 0.42 / height)
            ax = fig.add_axes(box)
            _bars(ax, scores, at, title)
            if number == 0:
                ax.set_yticks(range(len(names)), names, color=style.INK, fontsize=9)
    return fig


def _bars(ax: Axes, scores: TableColumn, at: int, title: str) -> None:
    start = scores.ours[at]
    rows = np.arange(len(scores.paper))
    theirs = np.asarray(scores.paper) - scores.paper[at]
    ax.barh(rows + 0.19, theirs, 0.34, facecolor=style.PAPER, edgecolor=style.PRINTED, linewidth=1.3)
    shown = [*theirs]
    for row, ours in enumerate(scores.ours):
        if ours is not None and start is not None:
            ax.barh(row - 0.19, ours - start, 0.34, color=style.MEASURED)
            shown.append(ours - start)
        else:
            why = " not run" if ours is None else f" {ours:.1f} dB in all; the base was not run"
            ax.text(0, row - 0.19, why, color=style.MUTED, fontsize=8, va="center")
    room = 0.19 * (max(shown) - min(0, *shown) or 1)
    gained = [None if ours is None or start is None else ours - start for ours in scores.ours]
    for offset, values, colour in ((0.19, list(theirs), style.PRINTED), (-0.19, gained, style.MEASURED)):
        for row, value in enumerate(values):
            if value is not None:
                text = style.number(value, 1)
                x, side = (value + room / 15, "left") if value >= 0 else (value - room / 15, "right")
                ax.text(x, row + offset, text, color=colour, fontsize=8, va="center", ha=side)
    ax.axvline(0, color=style.MUTED, linewidth=0.8)
    ax.set(xlim=(min(0, *shown) - room, max(shown) + room), ylim=(len(rows) - 0.45, -0.6), yticks=[], title=title)
    ax.tick_params(axis="y", length=0)
    ax.tick_params(axis="x", labelsize=8, length=2)
    ax.spines["left"].set_visible(False)


def epochs(curves: Mapping[str, Mapping[str, Sequence[float | None]]], *, label: str) -> Figure:
    """PSNR on test images after every epoch: one panel per data set, one line per row, its name at its end.

    Args:
        curves: by data set, then by row, the PSNR after epochs 1, 2, …, None where it was not measured; at least one
            row in all, of two epochs, the last of them measured.
        label: what was run here.

    Raises:
        A2UError: No curve of two epochs: a single point is not a curve.
    """
    longest = max((len(line) for lines in curves.values() for line in lines.values()), default=0)
    if longest < 2:
        raise A2UError(f"A curve needs at least two epochs, but these runs have {longest}: draw `gains` instead.")
    height, width = 4.9, WIDTH / len(curves)
    names = list(dict.fromkeys(name for lines in curves.values() for name in lines))
    with style.context():
        fig, page = style.canvas(WIDTH, height)
        _heading(page, "Table 1: PSNR on test images after every epoch, in dB", label)
        for number, (title, lines) in enumerate(curves.items()):
            box = ((0.5 + number * width) / WIDTH, 0.11, (width - 2.3) / WIDTH, 0.69)
            ax = fig.add_axes(box)
            if not lines:
                ax.set_axis_off()
                ax.text(0, 1, f"{title}: not run", transform=ax.transAxes, color=style.MUTED, va="bottom")
                continue
            ax.set(title=title, xlabel="epoch", xlim=(1 if longest > 2 else 0.9, longest))
            ax.grid(axis="y")
            ax.set_axisbelow(True)
            ends = {}
            for name, line in lines.items():
                points = [(epoch, psnr) for epoch, psnr in enumerate(line, 1) if psnr is not None]
                ax.plot(*zip(*points, strict=True), **_look(names.index(name)), marker="o" if len(points) < 12 else "")
                ends[name] = points[-1]
            _ends(ax, ends, names)
            if longest < 6:
                ax.set_xticks(range(1, longest + 1))
    return fig


def _look(number: int) -> dict[str, Any]:
    """A colour and a dash for each of up to twenty-four rows: no pair repeats."""
    count = len(style.NETWORKS)
    dash = style.STROKES[(number % count + number // count) % len(style.STROKES)]
    return {
        "color": style.NETWORKS[number % count],
        "linestyle": dash,
        "linewidth": 1.6,
        "markersize": 4,
        "clip_on": False,
    }


def _ends(ax: Axes, ends: Mapping[str, tuple[int, float]], names: Sequence[str]) -> None:
    """Each name beside the end of its line, pushed apart where two would touch, with a thin line between."""
    low, high = ax.get_ylim()
    apart, last = (high - low) * 0.062, -np.inf
    order = sorted(ends, key=lambda name: ends[name][1])
    places = {}
    for name in order:
        places[name] = last = max(ends[name][1], last + apart)
    over = max(0.0, last - high)
    right = ax.get_xlim()[1]
    reach = right - ax.get_xlim()[0]
    below = np.inf
    for name in reversed(order):
        y = below = min(places[name] - over, below - apart)
        colour = str(_look(names.index(name))["color"])
        end = ends[name]
        ax.plot([end[0], right + 0.05 * reach], [end[1], y], color=colour, linewidth=0.7, clip_on=False)
        text = f"{name}  {end[1]:.1f}"
        ax.annotate(text, (right + 0.06 * reach, y), color=colour, fontsize=8.5, va="center", annotation_clip=False)
    ax.set(xlim=(ax.get_xlim()[0], right), ylim=(low, high))
