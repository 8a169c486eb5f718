"""Two animations: a deconvolution that spreads its inputs, then gathers the same outputs; and a pixel shuffle."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from a2u.plots import sheet, style
from a2u.plots.moving import Moving, stage
from a2u.plots.sheet import Block

Z, TAPS, STRIDE, PADDING = (1.0, 3.0, 2.0), (0.5, 1.0, 1.0, 0.5), 2, 1  # K = 4
OUTPUTS = (len(Z) - 1) * STRIDE - 2 * PADDING + len(TAPS)
_CELL, _LEFT, _TOP, _LOWER = 0.72, 0.72, 0.5, 1.84
_LOOK = style.scale("signed", limit=4.0)


def contribution(number: int, output: int) -> float | None:
    """What an input adds to an output, tap t = output + p − s·input; None where that tap does not exist."""
    tap = output + PADDING - STRIDE * number
    return TAPS[tap] * Z[number] if 0 <= tap < len(TAPS) else None


def spread(inputs: int) -> list[float]:
    """The outputs after so many inputs have spread."""
    return [sum(contribution(n, o) or 0.0 for n in range(inputs)) for o in range(OUTPUTS)]


def spread_and_gather() -> Moving:
    """First each input writes to its outputs, then each output reads from its inputs."""
    frames = [
        (_row("A deconvolution spreads: each input adds its taps to the outputs that it reaches.", 0, None), 1500)
    ]
    for number in range(len(Z)):
        words = f"Input {number} has the value {Z[number]:g}. It adds\n{_taps(number)}."
        frames.append((_row(words, number + 1, None, spreading=number), 2600))
    for output in range(OUTPUTS):
        parts = [(n, contribution(n, output)) for n in range(len(Z)) if contribution(n, output) is not None]
        terms = " + ".join(f"{TAPS[output + PADDING - STRIDE * n]:g} · {Z[n]:g}" for n, _ in parts)
        total = spread(len(Z))[output]
        frames.append(
            (_row(f"Read backwards, it gathers:\noutput {output} = {terms} = {total:g}.", None, output), 2200)
        )
    same = ", ".join(f"{value:g}" for value in spread(len(Z)))
    alt = (
        "A deconvolution with four taps, stride 2 and padding 1, on three inputs. First each input in turn adds its "
        "taps, times its value, to the outputs that it reaches. Then each of the six outputs in turn reads the one or "
        "two inputs that reach it: wᵀz gives the same sums."
    )
    return Moving(frames, len(frames) - 2, alt, f"z {Z}, taps {TAPS}: outputs {same}")


def _taps(number: int) -> str:
    found = [(o, contribution(number, o)) for o in range(OUTPUTS)]
    return ", ".join(f"{value:g} to output {o}" for o, value in found if value is not None)


def _row(words: str, done: int | None, output: int | None, spreading: int | None = None) -> Figure:
    """done: inputs that have spread, None where outputs gather; output: the one that gathers."""
    with style.context():
        fig, ax = stage(3.25, "Spread or gather: K = 4, s = 2, p = 1", words)
        values = spread(len(Z) if done is None else done)
        shown = [v if done is not None or output is None or o <= output else None for o, v in enumerate(values)]
        for n, o in [(n, o) for n in range(len(Z)) for o in range(OUTPUTS) if contribution(n, o) is not None]:
            if n == spreading or o == output:
                _tap(ax, n, o, gathers=o == output)
        for n, each in enumerate(Z):
            _cell(ax, _middle(n) - _CELL / 2, _TOP, each, style.Z)
        for o, value in enumerate(shown):
            _cell(ax, _LEFT + o * _CELL, _LOWER, value, style.Y)
        sheet.label(ax, _LEFT - 0.14, _TOP + 0.42, "■ z", style.Z, ha="right")
        sheet.label(ax, _LEFT - 0.14, _LOWER + 0.42, "● y", style.Y, ha="right")
    return fig


def _middle(number: int) -> float:
    """The centre of an input: between the two outputs in its middle."""
    return _LEFT + (STRIDE * number + 1) * _CELL


def _tap(ax: Axes, number: int, output: int, gathers: bool) -> None:
    """The arrow from an input to an output, and its tap on it, where the arrows lie furthest apart."""
    start, end = _middle(number), _LEFT + (output + 0.5) * _CELL
    above, below = _TOP + _CELL + 0.04, _LOWER - 0.04
    sheet.arrow(ax, (start, above), (end, below), style.W)
    along = 0.38 if gathers else 0.52
    x, y = start + along * (end - start), above + along * (below - above)
    ax.add_patch(Rectangle((x - 0.17, y - 0.1), 0.34, 0.2, facecolor=style.PAPER, linewidth=0, zorder=5))
    sheet.label(ax, x, y + 0.055, f"{TAPS[output + PADDING - STRIDE * number]:g}", style.W, 10.5)


def _cell(ax: Axes, left: float, top: float, value: float | None, colour: str) -> None:
    block = Block(left, top, _CELL, 1, 1)
    if value is not None:
        sheet.cells(ax, block, [[value]], *_LOOK)
        ink = style.ink_on(_LOOK[0](_LOOK[1](value)))
        sheet.label(ax, left + _CELL / 2, top + 0.42, f"{value:g}", ink, 11, fontweight="normal")
    corners = [left, block.right, block.right, left, left], [top, top, block.bottom, block.bottom, top]
    ax.plot(*corners, color=colour, linewidth=1.6, solid_joinstyle="miter", zorder=3)


SIDE, _SMALL = 3, 0.33  # of the maps that are shuffled, and their cells
STEPS = 7


def channels() -> Any:
    """Four maps of 3×3, one for each phase: array (4, 3, 3)."""
    return np.arange(4 * SIDE**2).reshape(4, SIDE, SIDE) / (4.0 * SIDE**2)


def shuffled(maps: Any) -> Any:
    """Value (i, j) of map 2a + b goes to row 2i + a, column 2j + b: array (6, 6)."""
    return maps.reshape(2, 2, SIDE, SIDE).transpose(2, 0, 3, 1).reshape(2 * SIDE, 2 * SIDE)


def pixel_shuffle() -> Moving:
    """Four maps become one of twice the size, phase after phase."""
    frames = [(_shuffle([0.0] * 4, "A convolution has made r² = 4 values for each place: four maps."), 2200)]
    for phase in range(4):
        a, b = divmod(phase, 2)
        rows, columns = f"{a}, {a + 2}, {a + 4}", f"{b}, {b + 2}, {b + 4}"
        words = f"Map {phase} is phase ({a}, {b}): it goes to rows {rows} and columns {columns}."
        for step in range(1, STEPS + 1):
            part = 1 - (1 - step / STEPS) ** 2
            state = [1.0 if each < phase else part if each == phase else 0.0 for each in range(4)]
            frames.append((_shuffle(state, words), 1500 if step == STEPS else 70))
    frames.append((_shuffle([1.0] * 4, "Nothing was computed. The numbers have only moved."), 2600))
    alt = (
        "Four maps of 3×3 values. One after the other their values move apart into one map of 6×6: map 0 to the even "
        "rows and columns, map 1 to the odd columns of the even rows, map 2 to the even columns of the odd rows, map 3 "
        "to the rest."
    )
    first = ", ".join(f"{value:.2f}" for value in shuffled(channels())[0])
    return Moving(frames, 2 * STEPS, alt, f"the first row of the result: {first}")


def _shuffle(state: list[float], words: str) -> Figure:
    """state: for each map how far it has gone, from 0 to 1."""
    with style.context():
        fig, ax = stage(3.7, "Pixel shuffle by 2", words)
        look, maps = style.scale("signed", limit=1.0), channels()
        large = Block(3.05, 0.72, _SMALL, 2 * SIDE, 2 * SIDE)
        starts = [Block(0.14 + 1.3 * (p % 2), 0.72 + 1.3 * (p // 2), _SMALL, SIDE, SIDE) for p in range(4)]
        for phase, start in enumerate(starts):
            sheet.outline(ax, start, style.FAINT, 0.8)
            sheet.note(ax, start.left, start.top - 0.07, f"map {phase}", 10, "left")
        sheet.outline(ax, large, style.Y, 1.6)
        for phase in sorted(range(4), key=lambda each: state[each] == 0, reverse=True):
            for (i, j), value in np.ndenumerate(maps[phase]):
                start, part = starts[phase], state[phase]
                x, y = start.left + j * _SMALL, start.top + i * _SMALL
                goal = large.left + (2 * j + phase % 2) * _SMALL, large.top + (2 * i + phase // 2) * _SMALL
                at = Block(x + (goal[0] - x) * part, y + (goal[1] - y) * part, _SMALL, 1, 1)
                sheet.cells(ax, at, [[value]], *look)
                ink = style.ink_on(look[0](look[1](value)))
                sheet.label(ax, at.left + _SMALL / 2, at.top + 0.22, str(phase), ink, 10, fontweight="normal")
    return fig
