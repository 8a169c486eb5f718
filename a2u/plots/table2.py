"""Table 2 as a picture: the four matting metrics of every row beside the paper's, and an ablation below."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from a2u.errors import A2UError
from a2u.plots import sheet, style

WIDTH = 9.6
_ROW = 0.27
_HERE = (5.35, 5.98, 6.61, 7.24)  # right edges of the columns measured here
_PAPER = (7.95, 8.5, 9.02, 9.5)
_BAR = 1.75  # length of the longest bar
_NUMBER = 0.38  # width of a number of five digits
_PLACES = (2, 4, 2, 2)  # of SAD, MSE, Grad, Conn


@dataclass(frozen=True)
class TableRow:
    """One row: SAD, MSE, Grad and Conn measured here and in the paper; None where there are none.

    again: SAD measured here with other seeds.
    """

    title: str
    parameters: int | None
    ours: Sequence[float] | None
    paper: Sequence[float] | None
    again: Sequence[float] = ()


@dataclass(frozen=True)
class Choice:
    """One row of the ablation: which network, which choice, and SAD here and in the paper."""

    network: str
    choice: str
    ours: float | None
    paper: float


def matting_board(lines: Sequence[TableRow], choices: Sequence[Choice], *, label: str, below: str = "") -> Figure:
    """All rows with the metrics measured here and the paper's, SAD as a bar; below, the ablation.

    Bars have the scale of the SAD measured here, from 0; other seeds are open diamonds on them. The paper's numbers are
    of other images: they have no bars.

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
    height = 1.36 + len(lines) * _ROW + (0.95 + len(choices) * _ROW if choices else 0.0)
    with style.context():
        fig, page = style.canvas(WIDTH, height)
        sheet.label(page, 0.1, 0.28, "Table 2: image matting (lower is better)", size=11.5, ha="left")
        sheet.note(page, 0.1, 0.5, f"here: {label}", size=9, ha="left")
        _head(page, 0.94, any(line.again for line in lines))
        largest = max((sad for line in lines if line.ours for sad in (line.ours[0], *line.again)), default=1.0)
        for number, line in enumerate(lines):
            _line(page, 1.22 + number * _ROW, line, largest)
        if choices:
            _ablation(page, 1.22 + len(lines) * _ROW + 0.3, choices, f"here: {below or label}")
    return fig


def _head(page: Axes, y: float, several: bool) -> None:
    sheet.label(page, 2.75, y, "parameters", style.MUTED, 8.5, "right", "normal")
    sheet.label(page, 2.95, y, "SAD here ◆" + "  other seeds ◇" * several, style.W, 8.5, "left", "normal")
    for columns, colour, whose in ((_HERE, style.W, "here"), (_PAPER, style.Z, "paper, other images")):
        for x, name in zip(columns, ("SAD", "MSE", "Grad", "Conn"), strict=True):
            sheet.label(page, x, y, name, colour, 8.5, "right", "normal")
        middle = (columns[0] - _NUMBER + columns[-1]) / 2
        sheet.label(page, middle, y - 0.22, whose, colour, 8.5)


def _line(page: Axes, y: float, line: TableRow, largest: float) -> None:
    sheet.label(page, 0.1, y, line.title, size=9, ha="left", fontweight="normal")
    if line.parameters is not None:
        sheet.note(page, 2.75, y, f"{line.parameters:,}", ha="right")
    if line.ours is None:
        sheet.note(page, _HERE[0], y, "not run", ha="right")
    else:
        _bar(page, y, line.ours[0], largest)
        ends = [2.95 + _BAR * sad / largest for sad in line.again]
        page.plot(ends, [y - 0.045] * len(ends), "D", color=style.W, markersize=5, markerfacecolor="none", zorder=4)
    for values, columns, colour in ((line.ours, _HERE, style.W), (line.paper, _PAPER, style.Z)):
        for place, (value, x) in enumerate(zip(values or (), columns, strict=False)):
            weight = "bold" if place == 0 and colour == style.W else "normal"
            sheet.label(page, x, y, f"{value:.{_PLACES[place]}f}", colour, 9, "right", weight)


def _bar(page: Axes, y: float, value: float, largest: float) -> None:
    """A bar from 2.95 on, with its diamond at the end."""
    end = 2.95 + _BAR * value / largest
    page.plot([2.95, end], [y - 0.045] * 2, color=style.FAINT, linewidth=5, solid_capstyle="butt", zorder=1)
    page.plot(end, y - 0.045, "D", color=style.W, markersize=5, zorder=3)


def _ablation(page: Axes, top: float, choices: Sequence[Choice], label: str) -> None:
    """Its bars have a scale of their own: these runs can be compared only with each other."""
    largest = max((choice.ours for choice in choices if choice.ours is not None), default=1.0)
    sheet.label(page, 0.1, top, "The axes of Tables 3 and 4: kernel size and normalisation", size=9.5, ha="left")
    sheet.label(page, _HERE[0], top, "SAD", style.W, 8.5, "right", "normal")
    sheet.label(page, _PAPER[0], top, "SAD", style.Z, 8.5, "right", "normal")
    sheet.note(page, 0.1, top + 0.22, label, size=9, ha="left")
    for number, choice in enumerate(choices):
        y = top + 0.5 + number * _ROW
        sheet.label(page, 0.1, y, f"{choice.network}, {choice.choice}", size=9, ha="left", fontweight="normal")
        sheet.label(page, _PAPER[0], y, f"{choice.paper:.2f}", style.Z, 9, "right", "normal")
        if choice.ours is None:
            sheet.note(page, _HERE[0], y, "not run", ha="right")
        else:
            _bar(page, y, choice.ours, largest)
            sheet.label(page, _HERE[0], y, f"{choice.ours:.2f}", style.W, 9, "right")
