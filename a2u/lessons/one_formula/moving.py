"""An animation of half pixels: where an output lies among the inputs, and the two weights that follow from it."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from a2u.plots import sheet, style
from a2u.plots.moving import Moving, stage
from a2u.plots.sheet import Block

HEIGHT = 2.9
LEFT, CELL, BAR = 0.5, 1.14, 0.5  # of the inputs; an output cell is half as wide
VALUES = (0.2, 0.8, 0.4, 1.0)
TOP, LOWER = 0.5, 1.68


def place(output: int) -> float:
    """Where the centre of an output lies among the inputs' centres: (o + ½)/2 − ½."""
    return (output + 0.5) / 2 - 0.5


def weights(output: int) -> dict[int, float]:
    """Input → weight: 1 − distance for the two neighbours; one beyond the end gives its weight to the last."""
    at, found = place(output), dict.fromkeys(range(len(VALUES)), 0.0)
    low = int(at // 1)
    for each in (low, low + 1):
        found[min(max(each, 0), len(VALUES) - 1)] += 1 - abs(at - each)
    return {each: weight for each, weight in found.items() if weight}


def value(output: int) -> float:
    """The output itself."""
    return sum(weight * VALUES[each] for each, weight in weights(output).items())


def moving() -> Moving:
    """Eight outputs, one after the other."""
    count = 2 * len(VALUES)
    frames = [(_frame(output), 1800) for output in range(count)]
    made = ", ".join(style.number(value(output)) for output in range(count))
    alt = (
        "Four inputs in a row, eight outputs of half their width below. A line goes up from the centre of each output "
        "in turn: it meets the inputs at (o + ½)/2 − ½, a quarter of an input beside a centre. The two nearest inputs "
        "get the weights 0.75 and 0.25, and at both ends one input gets all."
    )
    return Moving(frames, 3, alt, f"inputs {', '.join(map(style.number, VALUES))}; outputs {made}")


def _frame(output: int) -> Figure:
    terms = " + ".join(f"{style.number(w)} · {style.number(VALUES[each])}" for each, w in weights(output).items())
    words = (
        f"Output {output} lies at ({output} + ½)/2 − ½ = {style.number(place(output))}.\n{terms} = {value(output):.2f}"
    )
    with style.context():
        fig, ax = stage(HEIGHT, "Half pixels: bilinear by 2, along one axis", words)
        look = style.scale("signed", limit=1.0)
        for number, each in enumerate(VALUES):
            _bar(ax, Block(LEFT + number * CELL, TOP, CELL, BAR / CELL, 1), each, look)
        sheet.outline(ax, Block(LEFT, TOP, CELL, BAR / CELL, len(VALUES)), style.Z, 1.6)
        sheet.label(ax, LEFT - 0.09, TOP + 0.32, "■ z", style.Z, ha="right")
        for number in range(output + 1):
            _bar(ax, Block(LEFT + number * CELL / 2, LOWER, CELL / 2, 2 * BAR / CELL, 1), value(number), look)
        sheet.outline(ax, Block(LEFT, LOWER, CELL / 2, 2 * BAR / CELL, 2 * len(VALUES)), style.Y, 1.6)
        sheet.label(ax, LEFT - 0.09, LOWER + 0.32, "● y", style.Y, ha="right")
        _rays(ax, output)
    return fig


def _bar(ax: Axes, cell: Block, number: float, look: tuple[Any, Any]) -> None:
    cmap, norm = look
    left, right, top = cell.left, cell.right, cell.top
    ax.fill([left, right, right, left], [top, top, top + BAR, top + BAR], color=cmap(norm(number)), zorder=1)
    ink = style.ink_on(cmap(norm(number)))
    sheet.label(ax, (left + right) / 2, top + 0.32, style.number(number), ink, 11, fontweight="normal")


def _rays(ax: Axes, output: int) -> None:
    """From the output's centre to the centres of the inputs that have a weight; thick where it is large."""
    x, top = LEFT + (output + 0.5) * CELL / 2, TOP + BAR
    ax.plot([x, x], [LOWER, top], "--", color=style.MUTED, linewidth=1, zorder=2)
    for each, weight in weights(output).items():
        end = LEFT + (each + 0.5) * CELL
        ax.plot([x, end], [LOWER, top], color=style.W, linewidth=1 + 4 * weight, solid_capstyle="round", zorder=3)
        side, ha = (0.12, "left") if end >= x else (-0.12, "right")
        sheet.label(ax, (x + end) / 2 + side, (LOWER + top) / 2 + 0.06, style.number(weight), style.W, 10.5, ha)
