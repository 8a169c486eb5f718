"""Table 2 as a picture: the matting metrics of every row beside the paper's, and an ablation below."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from a2u.errors import A2UError
from a2u.plots import sheet, style

WIDTH = 9.6
_ROW = 0.27
_HERE = (4.83, 5.43, 5.9, 6.57, 7.42)  # right edges of the columns measured here; Conn has two
_PAPER = (8.08, 8.63, 9.08, 9.53)
_HEADS = ("SAD", "MSE", "Grad", "Conn skip", "Conn empty")
_START, _LONG = 2.7, 1.6  # where the axis of SAD begins, and how long it is
_NUMBER = 0.38  # width of a number of five digits
_PLACES = (2, 4, 2, 2, 2)  # of SAD, MSE, Grad, Conn twice


@dataclass(frozen=True)
class TableRow:
    """One row: SAD, MSE, Grad and Conn measured here and in the paper; None where there are none.

    again: SAD measured here with other seeds. empty: Conn measured here by the convention "empty"; the Conn among the
    four is by "skip".
    """

    title: str
    parameters: int | None
    ours: Sequence[float] | None
    paper: Sequence[float] | None
    again: Sequence[float] = ()
    empty: float | None = None


@dataclass(frozen=True)
class Choice:
    """One row of the ablation: which network, which choice, and SAD here and in the paper."""

    network: str
    choice: str
    ours: float | None
    paper: float


def matting_board(lines: Sequence[TableRow], choices: Sequence[Choice], *, label: str, below: str = "") -> Figure:
    """All rows with the metrics measured here and the paper's, SAD as a dot on an axis; below, the ablation.

    The axis goes from just below the least SAD measured here to just above the largest, and its ends are printed: an
    axis from 0 would make all rows look alike. Other seeds are open diamonds. The paper's numbers are of other images:
    they have no dots.

    Args:
        lines: of the table, from top to bottom.
        choices: of the ablation; none leaves it out.
        label: what was run here; stands under the title.
        below: the same for the ablation; "" if it is the label.

    Raises:
        A2UError: No line, or a line without four metrics.
    """
    for line in lines:
        if any(given is not None and len(given) != 4 for given in (line.ours, line.paper)):
            raise A2UError(
                f"{line.title} needs four metrics, SAD, MSE, Grad and Conn; given {line.ours}, {line.paper}."
            )
    if not lines:
        raise A2UError("A table needs at least one line.")
    height = 1.36 + len(lines) * _ROW + (1.05 + len(choices) * _ROW if choices else 0.0)
    with style.context():
        fig, page = style.canvas(WIDTH, height)
        sheet.label(page, 0.1, 0.28, "Table 2: image matting (lower is better)", size=11.5, ha="left")
        sheet.note(page, 0.1, 0.5, f"here: {label}", size=9, ha="left")
        axis = _axis(sad for line in lines if line.ours for sad in (line.ours[0], *line.again))
        _head(page, 0.94, any(line.again for line in lines), axis)
        for number, line in enumerate(lines):
            _line(page, 1.22 + number * _ROW, line, axis)
        if choices:
            _ablation(page, 1.22 + len(lines) * _ROW + 0.3, choices, f"here: {below or label}")
    return fig


class _Axis(NamedTuple):
    """The SADs at both ends of an axis."""

    low: float
    high: float

    def at(self, sad: float) -> float:
        return _START + _LONG * (sad - self.low) / (self.high - self.low)


def _axis(sads: Iterable[float]) -> _Axis:
    """Round numbers around all of them, as near as their spread allows."""
    known = list(sads) or [0.0, 1.0]
    least, most = min(known), max(known)
    step = 10.0 ** math.floor(math.log10(max(most - least, 0.02)))
    low, high = math.floor(least / step) * step, math.ceil(most / step) * step
    return _Axis(low, high if high > low else low + step)


def _head(page: Axes, y: float, several: bool, axis: _Axis) -> None:
    sheet.label(page, 2.45, y, "parameters", style.MUTED, 8.5, "right", "normal")
    key = "SAD here ◆" + "  other seeds ◇" * several
    sheet.label(page, _START, y - 0.22, key, style.MEASURED, 8.5, "left", "normal")
    _ends(page, y, axis)
    for columns, colour, whose in ((_HERE, style.MEASURED, "here"), (_PAPER, style.PRINTED, "paper, other images")):
        names = _HEADS if columns is _HERE else ("SAD", "MSE", "Grad", "Conn")
        for x, name in zip(columns, names, strict=True):
            sheet.label(page, x, y, name, colour, 8.5, "right", "normal")
        middle = (columns[0] - _NUMBER + columns[-1]) / 2
        sheet.label(page, middle, y - 0.22, whose, colour, 8.5)


def _ends(page: Axes, y: float, axis: _Axis) -> None:
    """The numbers at both ends of an axis, which does not begin at 0."""
    for x, sad, side in ((_START, axis.low, "left"), (_START + _LONG, axis.high, "right")):
        sheet.note(page, x, y, f"{sad:g}" if sad == round(sad, 3) else f"{sad:.2g}", ha=side)


def _line(page: Axes, y: float, line: TableRow, axis: _Axis) -> None:
    sheet.label(page, 0.1, y, line.title, size=9, ha="left", fontweight="normal")
    if line.parameters is not None:
        sheet.note(page, 2.45, y, f"{line.parameters:,}", ha="right")
    if line.ours is None:
        sheet.note(page, _HERE[0], y, "not run", ha="right")
        own: tuple[float | None, ...] = ()
    else:
        own = (*line.ours, line.empty)
        _dot(page, y, line.ours[0], axis)
        ends = [axis.at(sad) for sad in line.again]
        look = {"color": style.MEASURED, "markersize": 5, "markerfacecolor": "none"}
        page.plot(ends, [y - 0.045] * len(ends), "D", zorder=4, **look)  # type: ignore[arg-type]
    for values, columns, colour in ((own, _HERE, style.MEASURED), (line.paper or (), _PAPER, style.PRINTED)):
        for place, (value, x) in enumerate(zip(values, columns, strict=False)):
            weight = "bold" if place == 0 and colour == style.MEASURED else "normal"
            words = "–" if value is None else f"{value:.{_PLACES[place]}f}"
            sheet.label(page, x, y, words, colour, 9, "right", weight)


def _dot(page: Axes, y: float, sad: float, axis: _Axis) -> None:
    """A thin line along the axis, with a diamond where the SAD lies."""
    page.plot([_START, _START + _LONG], [y - 0.045] * 2, color=style.FAINT, linewidth=1, zorder=1)
    page.plot(axis.at(sad), y - 0.045, "D", color=style.MEASURED, markersize=5, zorder=3)


def _ablation(page: Axes, top: float, choices: Sequence[Choice], label: str) -> None:
    """Its axis is its own: these runs can be compared only with each other."""
    axis = _axis(choice.ours for choice in choices if choice.ours is not None)
    sheet.label(page, 0.1, top, "The axes of Tables 3 and 4: kernel size and normalisation", size=9.5, ha="left")
    sheet.label(page, _HERE[0], top, "SAD", style.MEASURED, 8.5, "right", "normal")
    sheet.label(page, _PAPER[0], top, "SAD", style.PRINTED, 8.5, "right", "normal")
    sheet.note(page, 0.1, top + 0.22, label, size=9, ha="left")
    _ends(page, top + 0.4, axis)
    for number, choice in enumerate(choices):
        y = top + 0.6 + number * _ROW
        sheet.label(page, 0.1, y, f"{choice.network}, {choice.choice}", size=9, ha="left", fontweight="normal")
        sheet.label(page, _PAPER[0], y, f"{choice.paper:.2f}", style.PRINTED, 9, "right", "normal")
        if choice.ours is None:
            sheet.note(page, _HERE[0], y, "not run", ha="right")
        else:
            _dot(page, y, choice.ours, axis)
            sheet.label(page, _HERE[0], y, f"{choice.ours:.2f}", style.MEASURED, 9, "right")
