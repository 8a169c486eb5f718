"""The matting network as a picture (the subject of Figure 3): a U of maps, drawn from what a forward pass met."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from a2u.plots import sheet, style

WIDTH, HEIGHT = 9.6, 6.5
TOP, STEP = 1.1, 0.98  # of the five levels
LEFT, RIGHT = 0.62, 7.95  # edges of the first and the last column
TALL = 0.62  # of the finest map; each level below is a little smaller
GUIDES = ("stem", "halved stem", "inside stage 2", "inside stage 3")  # the maps before each halving, finest first
ALPHA = 9.1  # where alpha stands
SKIP, PAIRED = style.MUTED, style.HIGHLIGHT  # green and orange are left to y and w


class Map(NamedTuple):
    """One map of the network: what made it, its channels, and its level (0: full size, 4: 1/16)."""

    name: str
    channels: int
    level: int


class Up(NamedTuple):
    """One upsampling stage: to which level, how many channels, the taps of a kernel, and of the way down if paired."""

    level: int
    channels: int
    guide_channels: int
    taps: int
    down_taps: int | None


def framework(
    title: str, remark: str, encoder: Sequence[Map], bottom: Map, ups: Sequence[Up], decoder: Sequence[Map],
    alpha: Map, guided: bool,
) -> Figure:  # fmt: skip
    """The network from left to right: down the encoder, through the ASPP, up the decoder.

    Args:
        title: of the picture; remark: the line under it.
        encoder: the input, and the map that each skip starts from, finest first; then the coarsest.
        bottom: what the ASPP makes of it.
        ups: the upsampling stages, coarsest first.
        decoder: the map after each of them.
        alpha: what the head makes of the last one.
        guided: the operator looks at the encoder: the guides are drawn.
    """
    with style.context():
        fig, ax = style.canvas(WIDTH, HEIGHT)
        sheet.label(ax, 0.2, 0.32, title, size=13, ha="left")
        sheet.note(ax, 0.2, 0.55, remark, size=9, ha="left")
        for level in range(5):
            middle = _middle(level)
            size = "H × W" if level == 0 else f"H/{2**level} × W/{2**level}"
            sheet.note(ax, 9.5, middle + 0.45, size, size=7.5, ha="right")
            ax.plot([0.2, 9.5], [middle + 0.49] * 2, color=style.FAINT, linewidth=0.6, linestyle=(0, (2, 3)), zorder=0)
        down = [_x(number) for number in range(len(encoder))]
        for x, each in zip(down, encoder, strict=True):
            _map(ax, x, each, style.INK)
        paired = ups[0].down_taps is not None
        for number in range(1, len(encoder)):
            _descend(ax, down[number - 1], encoder[number - 1], down[number], encoder[number], paired)
        _map(ax, 4.85, bottom, style.INK)
        sheet.arrow(ax, (down[-1] + 0.3, _middle(4)), (4.5, _middle(4)), style.INK)
        for up, each in zip(ups, decoder, strict=True):
            _stage(ax, up, each, encoder[each.level], guided, paired)
        sheet.arrow(ax, (RIGHT + 0.32, _middle(0)), (ALPHA - 0.24, _middle(0)), style.INK)
        sheet.note(ax, (RIGHT + ALPHA) / 2 + 0.03, _middle(0) - 0.12, "head", size=8)
        _map(ax, ALPHA, alpha, style.INK)
        _key(ax, ups, guided, paired)
    return fig


def _x(number: int) -> float:
    return LEFT + 0.83 * number


def _up_x(level: int) -> float:
    return RIGHT - 0.83 * level


def _middle(level: int) -> float:
    return TOP + STEP * level + 0.25


def _map(ax: Axes, x: float, each: Map, colour: str) -> None:
    """A box, wider with more channels and lower with a coarser map, its channels inside and its name above."""
    tall, wide = TALL - 0.07 * each.level, _wide(each)
    middle = _middle(each.level)
    look: dict[str, Any] = {"facecolor": style.PAPER, "edgecolor": colour, "linewidth": 1.8, "zorder": 5}
    ax.add_artist(Rectangle((x - wide / 2, middle - tall / 2), wide, tall, **look))
    sheet.label(ax, x, middle + 0.06, f"{each.channels}", colour, size=11)
    sheet.note(ax, x, middle - tall / 2 - 0.07, each.name, size=8)


def _wide(each: Map) -> float:
    return 0.4 + 0.12 * each.channels.bit_length() / 4


def _descend(ax: Axes, x: float, above: Map, to: float, below: Map, paired: bool) -> None:
    """The way from one map of the encoder to the next."""
    colour = PAIRED if paired else style.INK
    start, end = (x, _middle(above.level) + TALL / 2), (to - _wide(below) / 2 - 0.03, _middle(below.level))
    ax.plot([start[0], start[0]], [start[1], end[1]], color=colour, linewidth=1.8, zorder=3)
    sheet.arrow(ax, (start[0], end[1]), end, colour)


def _stage(ax: Axes, up: Up, each: Map, skip: Map, guided: bool, paired: bool) -> None:
    """One step up: the arrow of the operator, the skip that is added, and the map that follows."""
    x, middle = _up_x(each.level), _middle(each.level)
    low = 4.85 if each.level == 3 else _up_x(each.level + 1)
    below = _middle(each.level + 1)
    start = x - 0.83 + 0.42 if each.level < 3 else low + 0.35
    ax.plot([start - 0.12, x], [below, below], color=style.Y, linewidth=1.8, zorder=3)
    sheet.arrow(ax, (x, below), (x, middle + TALL / 2 + 0.02), style.Y)
    sheet.label(ax, x + 0.08, below - 0.16, f"● ↑2  {up.channels}", style.Y, size=8, ha="left")
    sheet.arrow(ax, (_x(skip.level) + 0.36, middle), (x - 0.36, middle), SKIP)
    if guided:  # from the map before it halves, or from the skip's output, to the operator
        look: dict[str, Any] = {"color": style.W, "linewidth": 1.5, "linestyle": "--", "zorder": 3}
        branch, line = x - 0.55, middle + 0.405
        ax.plot(
            *(([_x(skip.level), x - 0.2], [line] * 2) if paired else ([branch, branch, x - 0.2], [middle, line, line])),
            **look,
        )
        sheet.label(ax, x - 0.15, line + 0.045, style.GLYPHS["w"], style.W, size=11)
        if paired:  # such a map has no box of its own: it is seen on its way down
            words = f"{GUIDES[each.level]}: {up.guide_channels}"
            sheet.label(ax, _x(skip.level) + 0.4, line - 0.05, words, style.W, 7.5, "left", "normal")
    _map(ax, x, each, style.INK)


def _key(ax: Axes, ups: Sequence[Up], guided: bool, paired: bool) -> None:
    """What the colours mean."""
    top = HEIGHT - 0.45
    taps = ups[0].taps
    entries = [
        (SKIP, "-", "skip: a 3×3 convolution, added"),
        (style.Y, "-", f"● y, upsampled: wᵀz of {taps} tap{'s' if taps > 1 else ''} per value"),
    ]
    if guided:
        channels = ", ".join(str(up.guide_channels) for up in reversed(ups))
        entries.append((style.W, "--", f"guide: makes ◆ w ({channels} channels)"))
    if paired:
        entries.append((PAIRED, "-", f"goes down, paired: {ups[0].down_taps} taps per value"))
    for number, (colour, stroke, words) in enumerate(entries):
        x, y = 0.2 + 4.7 * (number % 2), top + 0.24 * (number // 2)
        ax.plot([x, x + 0.35], [y - 0.04] * 2, color=colour, linewidth=2, linestyle=stroke)
        sheet.label(ax, x + 0.45, y, words, style.INK, size=8.5, ha="left", fontweight="normal")
