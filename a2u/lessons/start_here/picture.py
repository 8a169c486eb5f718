"""The map of operators: where each one's kernel w comes from, and which window z it meets, as a family tree."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from a2u.errors import A2UError
from a2u.operators import Card
from a2u.plots import sheet, style
from a2u.plots.sheet import Block

WIDTH = 9.6
TOP = 2.12  # where the first row of operators begins
CARD_WIDTH, CARD_HEIGHT, PITCH = 2.24, 1.54, 2.38
GAP = 0.14
ICON = 0.56  # side of a kernel's picture
LINE = 31  # characters of a line on a card


@dataclass(frozen=True)
class Branch:
    """One column of the map: the operators of one family and one order."""

    family: str
    order: int
    heading: str
    remark: str


BRANCHES = (
    Branch("distance", 0, "by distance", "near weighs more than far"),
    Branch("learned", 0, "learned once", "the same w for every image"),
    Branch("feature", 1, "from features", "each looked at by itself"),
    Branch("feature", 2, "from pairs of features", "how alike are two of them?"),
)
FORKS = (
    ("w never looks at the image", (0, 1)),
    ("w follows the image", (2, 3)),
)


def operator_map(cards: Sequence[Card], kernels: Mapping[str, Any] | None = None) -> Figure:
    """The family tree of operators, drawn from their cards.

    Args:
        cards: of the operators, in the order in which they appear.
        kernels: by operator name, the weights of one output value over a square neighbourhood, as an array with odd
            sides; drawn on the operator's card. Operators that are not named get no such picture.

    Raises:
        A2UError: A card's family and order have no place in the tree.
    """
    columns: list[list[Card]] = [[] for _ in BRANCHES]
    for card in cards:
        columns[_branch(card)].append(card)
    rows = max(map(len, columns), default=0)
    free = min(range(len(columns)), key=lambda number: (len(columns[number]), -number))
    rows = max(rows, len(columns[free]) + 1)  # room for the legend below the shortest column
    with style.context():
        fig, ax = style.canvas(WIDTH, _top(rows))
        _tree(ax, [bool(column) for column in columns])
        for number, column in enumerate(columns):
            for row, card in enumerate(column):
                _card(ax, _left(number), _top(row), card, (kernels or {}).get(card.name))
        _legend(ax, _left(free), _top(len(columns[free])), bool(kernels))
    return fig


def _branch(card: Card) -> int:
    for number, branch in enumerate(BRANCHES):
        if (card.family, card.order) == (branch.family, branch.order):
            return number
    known = ", ".join(f"{branch.family} {branch.order}" for branch in BRANCHES)
    raise A2UError(
        f"The map has branches for family and order {known}; {card.name!r} is {card.family} {card.order}. "
        "Add a branch in a2u/lessons/start_here/picture.py."
    )


def _left(column: int) -> float:
    return (WIDTH - 3 * PITCH - CARD_WIDTH) / 2 + column * PITCH


def _top(row: int) -> float:
    return TOP + row * (CARD_HEIGHT + GAP)


def _centre(column: int) -> float:
    return _left(column) + CARD_WIDTH / 2


def _tree(ax: Axes, filled: list[bool]) -> None:
    """From the one formula through two forks to the headings of the columns."""
    middle = WIDTH / 2
    ax.text(middle - 0.52, 0.36, f"{style.GLYPHS['y']} y", color=style.Y, **_BIG, ha="right")
    ax.text(middle - 0.34, 0.36, "=", color=style.INK, **_BIG, ha="center")
    ax.text(middle - 0.1, 0.36, f"{style.GLYPHS['w']} wᵀ", color=style.W, **_BIG, ha="left")
    ax.text(middle + 0.62, 0.36, f"{style.GLYPHS['z']} z", color=style.Z, **_BIG, ha="left")
    sheet.label(ax, middle, 0.68, "Where does the kernel w come from?", size=11, fontweight="normal")
    for text, children in FORKS:
        shown = [child for child in children if filled[child]]
        if not shown:
            continue
        x = sum(map(_centre, shown)) / len(shown)
        _line(ax, (middle, 0.78), (x, 0.98))
        sheet.label(ax, x, 1.16, text, size=11)
        for child in shown:
            _line(ax, (x, 1.26), (_centre(child), 1.48))
    for number, branch in enumerate(BRANCHES):
        if filled[number]:
            sheet.label(ax, _centre(number), 1.7, branch.heading, style.W, size=11)
            sheet.note(ax, _centre(number), 1.89, branch.remark, size=9)
            sheet.note(ax, _centre(number), 2.05, f"order {branch.order}")


_BIG: dict[str, Any] = {"fontsize": 17, "fontweight": "bold", "va": "baseline"}


def _line(ax: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Down, across, down: a branch of the tree."""
    half = (start[1] + end[1]) / 2
    path = np.array([start, (start[0], half), (end[0], half), end])
    ax.plot(*path.T, color=style.MUTED, linewidth=1.3, solid_joinstyle="round", zorder=1)


def _card(ax: Axes, left: float, top: float, card: Card, kernel: Any) -> None:
    look: dict[str, Any] = {
        "boxstyle": "round,pad=0,rounding_size=0.06",
        "facecolor": "#F7F8FA",
        "edgecolor": style.FAINT,
    }
    ax.add_patch(FancyBboxPatch((left, top), CARD_WIDTH, CARD_HEIGHT, zorder=1, **look))
    right = left + CARD_WIDTH - 0.13
    sheet.label(ax, left + 0.1, top + 0.25, card.title, size=9.3, ha="left")
    width = LINE
    if kernel is not None:
        _kernel(ax, Block.inside(right - ICON, top + 0.1, ICON, *np.shape(kernel)), kernel)
        width = LINE - 10
    _say(ax, left + 0.1, top + 0.45, "z", style.Z, _window(card), width, 2)
    _say(ax, left + 0.1, top + 0.99, "w", style.W, card.kernel, LINE, 4)
    if card.needs_guide:
        sheet.label(ax, right - ICON - 0.1, top + 0.25, "▲", style.HIGHLIGHT, 9, ha="right")


def _window(card: Card) -> str:
    """The first half of the card's window: which z, without the details."""
    return card.window.partition(";")[0].replace(" = ", "\u00a0=\u00a0")


def _say(ax: Axes, left: float, y: float, letter: str, colour: str, text: str, width: int, lines: int) -> float:
    """A glyph and a few wrapped lines after it; returns where the next line would be."""
    sheet.label(ax, left, y, style.GLYPHS[letter], colour, size=7.5, ha="left")
    wrapped = textwrap.wrap(text, width, max_lines=lines, placeholder=" …")
    for line in wrapped:
        sheet.label(ax, left + 0.15, y, line, size=8.2, ha="left", fontweight="normal")
        y += 0.155
    return y


def _kernel(ax: Axes, block: Block, kernel: Any) -> None:
    """The weights, white at zero; the middle of the neighbourhood is where the output value lies."""
    sheet.cells(ax, block, kernel, style.WEIGHTS, style.weight_norm(kernel))
    sheet.outline(ax, block, style.W, 1.0)
    used = np.asarray(kernel)[np.asarray(kernel) != 0] if np.any(kernel) else [0.0]
    sheet.note(ax, block.left + ICON / 2, block.bottom + 0.14, sheet.span(used), size=7.5)


def _legend(ax: Axes, left: float, top: float, pictured: bool) -> None:
    """How to read a card, in a free place of the map."""
    sheet.label(ax, left + 0.1, top + 0.25, "How to read a card", style.MUTED, size=9.5, ha="left")
    y = _say(ax, left + 0.1, top + 0.48, "w", style.W, "where the kernel w comes from", LINE, 1)
    y = _say(ax, left + 0.1, y + 0.03, "z", style.Z, "the window z it meets", LINE, 1)
    sheet.label(ax, left + 0.1, y + 0.03, "▲", style.HIGHLIGHT, size=7.5, ha="left")
    sheet.label(ax, left + 0.25, y + 0.03, "needs a guide: a map or an image", size=8.2, ha="left", fontweight="normal")
    if pictured:
        block = Block(left + 0.1, y + 0.14, 0.065, 1, 1)
        sheet.outline(ax, block, style.W, 1.0)
        text = "the weights of one output value over x, and the range of those in use; violet is negative"
        for number, line in enumerate(textwrap.wrap(text, LINE)):
            sheet.label(ax, left + 0.25, y + 0.21 + 0.155 * number, line, size=8.2, ha="left", fontweight="normal")
