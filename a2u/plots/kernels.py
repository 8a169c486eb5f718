"""What kernels look at: their weights as maps over the image, how peaked they are, and the curve they lie on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from a2u.errors import A2UError
from a2u.plots import sheet, style
from a2u.plots.sheet import Block

WIDTH, SIDE, GAP, LEFT = 9.6, 2.1, 0.22, 0.1
SHADES = 48  # of each channel of a photograph
HEAD, FOOT, PITCH = 0.66, 0.3, 2.1 + 0.3 + 0.72  # above and below a row's maps; from one row to the next


@dataclass(frozen=True)
class Look:
    """What one row of the picture shows.

    image: (H, W) in [0, 1], or (H, W, 3) in colour. weights: (k², h, w), one phase's kernels at their places.
    seen: (h, w), how peaked each is (k = 1: the gate of every phase, at their places). edges: (h, w), the gradient
    magnitude of the image.
    """

    image: Any
    weights: Any
    seen: Any
    edges: Any


def kernel_maps(rows: Mapping[str, Look], *, tap: int = 0, shared: bool = False) -> Figure:
    """A row for each network: the image, the weight of one tap, of all taps, and how peaked the kernels are.

    Args:
        rows: by title.
        tap: which weight to draw large; outlined among all of them.
        shared: one colour scale for the kernels of all rows. Otherwise each row has its own, printed below it.

    Weights are coloured by their difference from an even share 1/k²: orange is more, violet is less. A kernel of a
    single weight, a gate, has no share: there the third map is the gate of all phases, and the last the edges.

    Raises:
        A2UError: no row, arrays of other shapes, or a tap that is not there.
    """
    if not rows:
        raise A2UError("There is nothing to draw: give at least one title → Look.")
    for title, look in rows.items():
        taps = np.shape(look.weights)[0] if np.ndim(look.weights) == 3 else 2
        if np.ndim(look.image) not in (2, 3) or np.ndim(look.seen) != 2 or round(taps**0.5) ** 2 != taps:
            raise A2UError(f"{title}: an image (H, W) or (H, W, 3), weights (k², h, w) and a map (h, w) are drawn.")
        if not 0 <= tap < taps:
            raise A2UError(f"{title}: a kernel of {taps} weights has no tap {tap}; count from 0.")
    with style.context():
        fig, ax = style.canvas(WIDTH, HEAD + SIDE + FOOT + PITCH * (len(rows) - 1))
        for place, (title, look) in enumerate(rows.items()):
            among = list(rows.values()) if shared else [look]
            _row(ax, HEAD + place * PITCH, title, look, tap, among)
    return fig


def _row(ax: Axes, top: float, title: str, look: Look, tap: int, among: list[Look]) -> None:
    weights = np.asarray(look.weights, dtype=float)
    lefts = [LEFT + place * (SIDE + GAP + 0.1) for place in range(4)]
    sheet.label(ax, LEFT, top - 0.4, title, style.W, ha="left")
    _image(ax, lefts[0], top, np.asarray(look.image))
    if len(weights) == 1:
        whole = Normalize(-1, 1)
        _panel(ax, lefts[1], top, weights[0], "weights", whole, "gate w, one phase", _range(weights[0]))
        _panel(ax, lefts[2], top, look.seen, "weights", whole, "gate w, all phases", _range(look.seen))
        edge = np.asarray(look.edges)
        _panel(ax, lefts[3], top, edge, "errors", Normalize(0, edge.max() or 1), "edges of the image", _range(edge))
        return
    share = 1 / len(weights)
    limit = max(float(np.abs(np.asarray(each.weights, dtype=float) - share).max()) for each in among) or 1.0
    norm = Normalize(-limit, limit)
    words = f"tap {tap}, {_range(weights[tap])}"
    _panel(ax, lefts[1], top, weights[tap] - share, "weights", norm, "weight of one tap", words)
    _mosaic(ax, lefts[2], top, weights - share, norm, tap)
    sheet.note(
        ax, lefts[2] + SIDE / 2, top + SIDE + 0.2, f"1/{len(weights)} ± {_short(limit)}: orange more, violet less"
    )
    sheet.note(ax, lefts[2] + SIDE / 2, top - 0.1, f"all {len(weights)} weights", size=9.5)
    peak = max(float(np.max(each.seen)) for each in among) or 1.0
    _panel(ax, lefts[3], top, look.seen, "errors", Normalize(0, peak), "peakedness", _range(look.seen))


def _panel(ax: Axes, left: float, top: float, values: Any, kind: str, norm: Normalize, title: str, words: str) -> None:
    values = np.asarray(values, dtype=float)
    block = Block.inside(left, top, SIDE, *values.shape)
    sheet.cells(ax, block, values, style.MAPS[kind], norm)
    sheet.note(ax, left + SIDE / 2, top - 0.1, title, size=9.5)
    sheet.note(ax, left + SIDE / 2, top + SIDE + 0.2, words)


def _image(ax: Axes, left: float, top: float, image: Any) -> None:
    if image.ndim == 2:
        _panel(ax, left, top, image, "signed", Normalize(-1, 1), "image", "white 0 … black 1")
        return
    block = Block.inside(left, top, SIDE, *image.shape[:2])
    extent = (block.left, block.right, block.bottom, block.top)
    shades = np.rint(image.clip(0, 1) * SHADES) / SHADES  # photographs in all their shades make files too large
    ax.imshow(shades, extent=extent, aspect="auto", zorder=1)
    sheet.note(ax, left + SIDE / 2, top - 0.1, "image", size=9.5)
    sheet.note(ax, left + SIDE / 2, top + SIDE + 0.2, f"{image.shape[0]}×{image.shape[1]}, RGB")


def _mosaic(ax: Axes, left: float, top: float, values: Any, norm: Normalize, tap: int) -> None:
    """All taps, each as a small map at its place in the window; the chosen one outlined."""
    k, gap = round(len(values) ** 0.5), 0.06
    side = (SIDE - (k - 1) * gap) / k
    for number, each in enumerate(values):
        row, column = divmod(number, k)
        corner = (left + column * (side + gap), top + row * (side + gap))
        block = Block.inside(*corner, side, *each.shape)
        extent = (block.left, block.right, block.bottom, block.top)
        ax.imshow(each, cmap=style.WEIGHTS, norm=norm, extent=extent, aspect="auto", zorder=1)
        sheet.outline(ax, block, style.W if number == tap else style.FAINT, 2.2 if number == tap else 0.6)


def _short(value: float) -> str:
    return f"{value:.2f}" if value >= 0.01 else f"{value:.1g}"


def _range(values: Any) -> str:
    """The range with as many digits as it takes to tell its ends apart."""
    low, high = float(np.min(values)), float(np.max(values))
    if 0 <= low < high < 1e-4:
        return f"{_power(low) if low > high / 20 else 0} … {_power(high)}"
    digits = 2 if high - low >= 0.01 or high == low else min(10, int(np.ceil(-np.log10(high - low))) + 1)
    return f"{style.number(low, digits)} … {style.number(high, digits)}"


def _power(value: float) -> str:
    """A tiny number in one digit: 2·10⁻⁷."""
    digit, exponent = f"{value:.0e}".split("e")
    return f"{digit}·10{str(int(exponent)).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"


def kernel_curve(affinity: Any, weights: Any, bounds: tuple[float, float], title: str = "") -> Figure:
    """The weights of all kernels of one image and phase against the one number that they are made of.

    Args:
        affinity: (n,), the affinity a of each position (d = 1).
        weights: (k², n), its kernel.
        bounds: the least and the largest weight that the normalisation allows.
    """
    affinity, weights = np.ravel(np.asarray(affinity, dtype=float)), np.asarray(weights, dtype=float)
    if weights.ndim != 2 or weights.shape[1] != len(affinity):
        raise A2UError(f"One kernel (k²,) for each of the {len(affinity)} affinities, got {weights.shape}.")
    order = np.argsort(affinity)
    last, top = order[-1], bounds[1] * 1.08
    places = _apart(weights[:, last], 0.062 * top)
    with style.context():
        fig = style.figure(WIDTH, 3.4)
        ax = fig.add_axes((0.075, 0.15, 0.84, 0.74))
        for number, weight in enumerate(weights):
            colour, stroke = _shade(number, len(weights)), style.STROKES[number % len(style.STROKES)]
            ax.plot(affinity[order], weight[order], color=colour, linestyle=stroke, linewidth=1.4)
            ax.plot(affinity, weight, "o", color=colour, markersize=3)
            ax.annotate(f"tap {number}", (affinity[last], weight[last]), (1.03, places[number]), color=style.INK,
                        textcoords=("axes fraction", "data"), va="center", fontsize=8.5, annotation_clip=False,
                        arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.8})  # fmt: skip
        for bound in bounds:
            ax.axhline(bound, color=style.MUTED, linewidth=1.0, linestyle="dotted")
        where = (0.012, bounds[1] - 0.006)
        ax.annotate(f"no weight can leave {bounds[0]:.3f} … {bounds[1]:.3f}", where, color=style.MUTED, fontsize=8.5,
                    xycoords=("axes fraction", "data"), va="top")  # fmt: skip
        ax.set(title=title, xlabel="affinity a of a position", ylabel="weight of tap t", ylim=(0, top))
    return fig


def _shade(number: int, count: int) -> Any:
    """Weights are orange: one shade of it for each tap, from light to dark."""
    return style.WEIGHTS(0.74 + 0.26 * number / max(count - 1, 1))


def _apart(ends: Any, least: float) -> Any:
    """Where to write beside the ends of curves: in their order, as near as can be, at least this far apart."""
    ends = np.asarray(ends, dtype=float)
    order, placed = np.argsort(ends), np.empty(len(ends))
    groups: list[list[int]] = []
    for number in order:
        groups.append([int(number)])
        while len(groups) > 1 and _middle(ends, groups[-1]) - _middle(ends, groups[-2]) < least * (
            (len(groups[-1]) + len(groups[-2])) / 2
        ):
            groups[-2:] = [groups[-2] + groups[-1]]  # two groups that touch become one, around their common middle
    for group in groups:
        placed[group] = _middle(ends, group) + least * (np.arange(len(group)) - (len(group) - 1) / 2)
    return placed


def _middle(ends: Any, group: list[int]) -> float:
    return float(np.mean(ends[group]))
