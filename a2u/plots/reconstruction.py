"""What an auto-encoder makes of its input: input, copies and errors side by side; Table 1 as a picture."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from a2u.errors import A2UError
from a2u.plots import style

WIDTH = 9.6
ERROR_LIMIT = 0.5  # the end of the common error scale: half the range of a pixel
_GAP, _GROUP, _HEAD, _FOOT = 0.08, 0.22, 0.86, 0.62


def comparison(
    images: Any,
    copies: Mapping[str, Any],
    scores: Mapping[str, Mapping[str, float]] | None = None,
    *,
    limit: float = ERROR_LIMIT,
) -> Figure:
    """One row per image: the input, what each model makes of it, and the errors |copy − input|.

    Args:
        images: array (N, H, W) or (N, 1, H, W), values in [0, 1].
        copies: by title, arrays of the same shape.
        scores: by title, {"psnr": dB, "ssim": …} of the whole test set, for the titles.
        limit: of the error scale, which all error maps share; larger errors have its last colour.

    Raises:
        A2UError: A copy of another shape than the images, or none.
    """
    inputs = as_maps(images)
    outputs = {title: as_maps(maps) for title, maps in copies.items()}
    if not outputs or not len(inputs):
        raise A2UError("There is nothing to compare: give at least one image and one copy.")
    for title, maps in outputs.items():
        if maps.shape != inputs.shape:
            raise A2UError(f"{title} has shape {maps.shape}, but the images have {inputs.shape}: they must be equal.")
    count, columns = len(outputs), 1 + 2 * len(outputs)
    side = (WIDTH - 0.2 - (columns - 3) * _GAP - 2 * _GROUP) / columns
    height = _HEAD + len(inputs) * (side + _GAP) + _FOOT
    lefts = [
        0.1 + n * (side + _GAP) + (n >= 1) * (_GROUP - _GAP) + (n > count) * (_GROUP - _GAP) for n in range(columns)
    ]
    with style.context():
        fig = style.figure(WIDTH, height)
        for row, image in enumerate(inputs):
            panels = [image, *(maps[row] for maps in outputs.values())]
            panels += [np.abs(maps[row] - image) for maps in outputs.values()]
            for column, panel in enumerate(panels):
                top = _HEAD + row * (side + _GAP)
                ax = fig.add_axes((lefts[column] / WIDTH, 1 - (top + side) / height, side / WIDTH, side / height))
                kind, norm = ("errors", Normalize(0, limit)) if column > count else ("signed", Normalize(-1, 1))
                style.show_map(ax, panel, kind=kind, norm=norm)
        _headings(fig, height, lefts, side, list(outputs), scores or {})
        _error_bar(fig, height, lefts[count + 1], side, limit)
    return fig


def as_maps(images: Any) -> Any:
    """Images (N, H, W) or (N, 1, H, W), tensors or arrays, as an array (N, H, W); anything else is an A2UError."""
    array = np.asarray(images, dtype=float)
    if array.ndim == 4 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 3:
        raise A2UError(f"Images are (N, H, W) or (N, 1, H, W), given {array.shape}.")
    return array


def _headings(
    fig: Figure,
    height: float,
    lefts: Sequence[float],
    side: float,
    titles: Sequence[str],
    scores: Mapping[str, Mapping[str, float]],
) -> None:
    """Group headings, then each model's title and scores above its column."""
    count = len(titles)

    def write(x: float, y: float, text: str, **how: Any) -> None:
        fig.text(x / WIDTH, 1 - y / height, text, **({"ha": "center", "va": "baseline"} | how))

    groups = (
        (0, 0, "input", style.INK),
        (1, count, "copy", style.INK),
        (count + 1, 2 * count, "error  |copy − input|", style.HIGHLIGHT),
    )
    for first, last, text, colour in groups:
        middle = (lefts[first] + lefts[last] + side) / 2
        write(middle, 0.26, text, color=colour, fontweight="bold", fontsize=10.5)
    for number, title in enumerate(titles):
        for column in (1 + number, 1 + count + number):
            write(lefts[column] + side / 2, 0.54, title, fontsize=9.5, fontweight="bold")
        if title in scores:
            text = f"{scores[title]['psnr']:.1f} dB, SSIM {scores[title]['ssim']:.2f}"
            write(lefts[1 + number] + side / 2, 0.74, text, fontsize=8.5, color=style.MUTED)


def _error_bar(fig: Figure, height: float, left: float, side: float, limit: float) -> None:
    """One scale for all error maps, under them."""
    width = WIDTH - 0.1 - left
    ax = fig.add_axes((left / WIDTH, 0.36 / height, width / WIDTH, 0.12 / height))
    bar = fig.colorbar(
        ScalarMappable(Normalize(0, limit), style.ERRORS),
        cax=ax,
        orientation="horizontal",
        extend="max",
        extendfrac=0.02,
    )
    bar.outline.set_visible(False)
    bar.set_ticks([0, limit / 2, limit])
    bar.ax.tick_params(length=2, labelsize=8.5)
    fig.text(0.1 / WIDTH, 0.38 / height, "pixels: 0 white … 1 black", fontsize=8.5, color=style.MUTED)
    text = "one error scale for all"
    fig.text((left - _GROUP) / WIDTH, 0.38 / height, text, fontsize=8.5, color=style.MUTED, ha="right")


def table_dots(
    paper: Mapping[str, float], yours: Mapping[str, float] | None = None, *, title: str = "", column: str = "PSNR in dB"
) -> Figure:
    """Table 1 as a picture: a ring for what the paper reports, a disc for what was measured here.

    Args:
        paper: value by row title, drawn from top to bottom in this order.
        yours: the same for some of these rows.

    Raises:
        A2UError: `yours` has a row that the paper does not have.
    """
    yours = yours or {}
    extra = [name for name in yours if name not in paper]
    if extra:
        raise A2UError(f"The table has no row {extra[0]!r}; its rows: {', '.join(paper)}.")
    height = 0.95 + 0.3 * len(paper)
    with style.context():
        fig = style.figure(WIDTH, height)
        ax = fig.add_axes((0.25, 0.5 / height, 0.72, 0.3 * len(paper) / height))
        for row, (name, value) in enumerate(paper.items()):
            ax.plot([0, value], [row, row], color=style.FAINT, linewidth=1, zorder=1)
            ax.plot(
                value, row, "o", markersize=8, markerfacecolor=style.PAPER, color=style.PRINTED, markeredgewidth=1.8
            )
            ax.annotate(
                style.number(value, 1), (value, row), (9, 0), textcoords="offset points", va="center", fontsize=8.5
            )
            if name in yours:
                ax.plot(yours[name], row, "D", markersize=7, color=style.MEASURED, zorder=4)
        _table_axes(ax, list(paper), column, title)
        values = [*paper.values(), *yours.values()]
        ax.set_xlim(5 * np.floor(min(values) / 5 - 0.5), 5 * np.ceil(max(values) / 5))
        ax.plot(
            [], [], "o", markersize=8, markerfacecolor=style.PAPER, color=style.PRINTED, label="the paper, 100 epochs"
        )
        if yours:
            ax.plot([], [], "D", linestyle="", markersize=7, color=style.MEASURED, label="measured here")
        ax.legend(loc="upper right", handlelength=1.2)
    return fig


def _table_axes(ax: Axes, names: list[str], column: str, title: str) -> None:
    ax.set_yticks(range(len(names)), names, color=style.INK)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x")
    ax.set_axisbelow(True)
    ax.set(xlabel=column, title=title)
