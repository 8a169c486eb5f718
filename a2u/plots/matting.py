"""Mattes side by side (as in the paper's Figure 4): image, trimap, truth, what each method makes of it, and the errors.

In every matte black is 0, background, and white is 1, foreground. A frame marks the place that is enlarged below; the
errors |matte − truth| of that place share one scale over the whole figure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from a2u.errors import A2UError
from a2u.plots import sheet, style
from a2u.plots.sheet import Block

WIDTH = 9.6
ERROR_LIMIT = 0.5  # the end of the common error scale
_GAP, _MARGIN, _HEAD, _FOOT = 0.07, 0.1, 0.42, 0.62
_LARGEST = 1.5  # side of a column
_TITLE, _NOTE, _BETWEEN = 0.26, 0.2, 0.14  # of one example: its title, its scores, the space below it
_GREY = Normalize(0, 1)


@dataclass(frozen=True)
class Example:
    """One image of the figure.

    title: what it shows: "strands", "glass".
    image: (H, W, 3) or (3, H, W), RGB in [0, 1].
    trimap: (H, W) or (1, H, W) of 0, 128, 255.
    truth: (H, W) or (1, H, W) in [0, 1]; None where it is not known. Where no example has one, its column is left out.
    mattes: by method, arrays like the truth.
    scores: by method, a few words under its matte: "SAD 0.31".
    zoom: (top, left, side) of the enlarged square, in pixels; None: the busiest place, see :func:`busiest`.
    """

    title: str
    image: Any
    trimap: Any
    truth: Any
    mattes: Mapping[str, Any]
    scores: Mapping[str, str] = field(default_factory=dict)
    zoom: tuple[int, int, int] | None = None


def qualitative(examples: Sequence[Example], *, limit: float = ERROR_LIMIT, note: str = "") -> Figure:
    """One block per example: the whole images, below them one place enlarged, below that the errors there.

    Args:
        examples: all with the same methods, in the same order.
        limit: of the error scale, which all errors share; larger ones have its last colour.
        note: what was measured on what; stands at the foot.

    Raises:
        A2UError: No example, no matte, methods that differ between examples, sizes that differ, or a zoom outside.
    """
    shown = [_arrays(example) for example in examples]
    _check(shown)
    known = any(example.truth is not None for example in shown)
    columns = ["image", "trimap", *(["truth"] if known else []), *shown[0].mattes]
    side = min((WIDTH - 2 * _MARGIN - (len(columns) - 1) * _GAP) / len(columns), _LARGEST)
    edge = (WIDTH - len(columns) * (side + _GAP) + _GAP) / 2
    lefts = [edge + number * (side + _GAP) for number in range(len(columns))]
    heights = [_height(example, side) for example in shown]
    height = _HEAD + sum(heights) + _FOOT
    with style.context():
        fig, page = style.canvas(WIDTH, height)
        _headings(page, columns, lefts, side)
        top = _HEAD
        for example, tall in zip(shown, heights, strict=True):
            _draw(page, example, top, lefts, side, limit)
            top += tall
        _foot(fig, page, edge, height, limit if known else None, note)
    return fig


def busiest(alpha: Any, side: int) -> tuple[int, int, int]:
    """(top, left, side) of the square with the most pixels that are neither opaque nor transparent.

    A square that does not fit becomes the largest that does; of equals, the first in reading order.

    >>> busiest(np.pad(np.full((2, 2), 0.5), ((5, 1), (3, 3))), 2)
    (5, 3, 2)
    """
    alpha = _plane(alpha)
    side = min(side, *alpha.shape)
    mixed = np.pad(((alpha > 0.02) & (alpha < 0.98)).astype(np.int64), ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    counts = mixed[side:, side:] - mixed[:-side, side:] - mixed[side:, :-side] + mixed[:-side, :-side]
    top, left = np.unravel_index(counts.argmax(), counts.shape)
    return int(top), int(left), side


def _plane(values: Any) -> Any:
    """A map (H, W), (1, H, W) or (1, 1, H, W), array or tensor, as a float array (H, W)."""
    array = np.asarray(values, dtype=float)
    if array.ndim < 2 or any(length != 1 for length in array.shape[:-2]) or not array.size:
        raise A2UError(f"A matte or a trimap is one map (H, W) or (1, H, W), given {array.shape}.")
    return array.reshape(array.shape[-2:])


def _arrays(example: Example) -> Example:
    """The example with plain arrays in one layout, and its zoom."""
    image = np.asarray(example.image, dtype=float)
    if image.ndim == 3 and image.shape[0] == 3 and image.shape[2] != 3:
        image = image.transpose(1, 2, 0)
    if image.ndim != 3 or image.shape[2] != 3:
        raise A2UError(f"{example.title}: an image is (H, W, 3) or (3, H, W), given {image.shape}.")
    truth = None if example.truth is None else _plane(example.truth)
    mattes = {name: _plane(matte) for name, matte in example.mattes.items()}
    trimap = _plane(example.trimap)
    zoom = example.zoom
    if zoom is None:
        zoom = busiest(np.where(trimap == 128, 0.5, 0) if truth is None else truth, max(min(image.shape[:2]) // 4, 4))
    return Example(example.title, image, trimap, truth, mattes, example.scores, zoom)


def _check(examples: Sequence[Example]) -> None:
    if not examples or not examples[0].mattes:
        raise A2UError("There is nothing to compare: give at least one example with at least one matte.")
    methods = list(examples[0].mattes)
    for example in examples:
        if list(example.mattes) != methods:
            raise A2UError(f"{example.title} has mattes of {list(example.mattes)}, the first example of {methods}.")
        size = example.image.shape[:2]
        maps = {"trimap": example.trimap, "truth": example.truth, **example.mattes}
        for name, values in maps.items():
            if values is not None and values.shape != size:
                raise A2UError(
                    f"{example.title}: {name} is {values.shape}, but the image is {size}: they must be equal."
                )
        assert example.zoom is not None
        top, left, side = example.zoom
        if min(top, left, side - 1) < 0 or top + side > size[0] or left + side > size[1]:
            raise A2UError(f"{example.title}: zoom (top, left, side) = {example.zoom} leaves the image of {size}.")


def _headings(page: Axes, columns: Sequence[str], lefts: Sequence[float], side: float) -> None:
    """What each column shows; all in the size at which the longest line fits, in two lines where one would be tiny."""
    lines = [[title] for title in columns]
    if _letters(side, columns) < 8.5:
        lines = [title.rsplit(" ", 1) for title in columns]
    size = min(10.5, _letters(side, [line for each in lines for line in each]))
    for number, (left, each) in enumerate(zip(lefts, lines, strict=True)):
        colour = style.INK if columns[number] == "truth" else style.MUTED if number < 2 else style.HIGHLIGHT
        for up, line in enumerate(reversed(each)):
            sheet.label(page, left + side / 2, 0.33 - 0.17 * up, line, colour, size)


def _letters(side: float, lines: Sequence[str]) -> float:
    """The font size at which the longest of these lines is as wide as a column."""
    return side * 72 / (0.68 * max(len(line) for line in lines))


def _fit(example: Example, side: float) -> tuple[float, float]:
    """Width and height of a whole image in its column; tall ones end at a quarter more than the column's width."""
    height, width = example.image.shape[:2]
    scale = min(side / width, 1.25 * side / height)
    return width * scale, height * scale


def _height(example: Example, side: float) -> float:
    errors = 0 if example.truth is None else side + _GAP
    return _TITLE + _fit(example, side)[1] + _NOTE + side + _GAP + errors + _BETWEEN


def _draw(page: Axes, example: Example, top: float, lefts: Sequence[float], side: float, limit: float) -> None:
    """Three bands: whole images, enlarged places, errors there."""
    assert example.zoom is not None
    y, x, extent = example.zoom
    sheet.label(page, lefts[0], top + 0.17, example.title, ha="left", size=9.5)
    width, tall = _fit(example, side)
    cell = width / example.image.shape[1]
    first = top + _TITLE
    second = first + tall + _NOTE
    third = second + side + _GAP
    truth = (
        [example.truth] if len(lefts) == 3 + len(example.mattes) else []
    )  # the column is left out where no example has one
    panels = [example.image, example.trimap / 255, *truth, *example.mattes.values()]
    for left, panel in zip(lefts, panels, strict=True):
        block = Block(left + (side - width) / 2, first, cell, *example.image.shape[:2])
        large = Block(left, second, side / extent, extent, extent)
        if panel is None:
            sheet.shade(page, block)
            sheet.shade(page, large)
            sheet.note(page, left + side / 2, first + tall / 2, "not known")
            continue
        _show(page, block, panel, "auto")
        sheet.frame(page, block, y, x, extent, extent, style.HIGHLIGHT, 1.4)
        _show(page, large, panel[y : y + extent, x : x + extent], "nearest")
        sheet.outline(page, large, style.HIGHLIGHT, 1.0)
    for left, (name, matte) in zip(lefts[2 + len(truth) :], example.mattes.items(), strict=True):
        sheet.note(page, left + side / 2, first + tall + 0.14, example.scores.get(name, ""))
        if example.truth is not None:
            error = np.abs(matte - example.truth)[y : y + extent, x : x + extent]
            block = Block(left, third, side / extent, extent, extent)
            _show(page, block, error, "nearest", style.ERRORS, Normalize(0, limit))
    if example.truth is not None:
        for line, text in enumerate(("error", "|matte − truth|")):
            sheet.note(page, lefts[3] - 0.12, third + side / 2 - 0.02 + 0.18 * line, text, ha="right")


def _show(page: Axes, block: Block, values: Any, how: str, cmap: Any = "gray", norm: Normalize = _GREY) -> None:
    extent = (block.left, block.right, block.bottom, block.top)
    page.imshow(
        values.clip(norm.vmin, norm.vmax), cmap=cmap, norm=norm, extent=extent, aspect="auto", interpolation=how
    )


def _foot(fig: Figure, page: Axes, edge: float, height: float, limit: float | None, note: str) -> None:
    """The two scales, and what was measured, between the columns' outer edges; limit None: there are no errors."""
    sheet.note(page, edge, height - 0.36, "mattes: black 0 (background) … white 1 (foreground)", ha="left")
    sheet.note(page, edge, height - 0.14, note, ha="left")
    if limit is None:
        return
    sheet.note(page, WIDTH - edge - 2.5, height - 0.36, "one error scale for all", ha="right")
    ax = fig.add_axes(((WIDTH - edge - 2.4) / WIDTH, 0.36 / height, 2.35 / WIDTH, 0.11 / height))
    mappable = ScalarMappable(Normalize(0, limit), style.ERRORS)
    bar = fig.colorbar(mappable, cax=ax, orientation="horizontal", extend="max", extendfrac=0.02)
    bar.outline.set_visible(False)
    bar.set_ticks([0, limit / 2, limit])
    bar.ax.tick_params(length=2, labelsize=8)
