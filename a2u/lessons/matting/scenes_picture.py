"""Scenes for matting, a column each: the picture, its trimap, its alpha, and the foreground over another background."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from a2u.errors import A2UError
from a2u.plots import sheet, style
from a2u.plots.sheet import Block

WIDTH = 9.6
ROWS = ("image", "trimap", "alpha", "over another\nbackground")
_LEFT, _TOP, _GAP, _FOOT = 1.0, 0.72, 0.06, 0.34
_GREY = Normalize(0, 1)
SHADES = 48  # of each channel
_BEHIND = np.array([0.30, 0.52, 0.72])  # one flat colour, on which every wrong edge would show


@dataclass(frozen=True)
class Scene:
    """One column.

    title: what it is. image, colour: (3, H, W), RGB in [0, 1]; colour is the foreground's, defined everywhere.
    alpha: (1, H, W) in [0, 1]. trimap: (1, H, W) of 0, 128 and 255.
    """

    title: str
    image: Any
    colour: Any
    alpha: Any
    trimap: Any


def contact_sheet(scenes: Sequence[Scene], title: str, note: str = "") -> Figure:
    """All scenes at one size.

    Args:
        scenes: at least one.
        title: of the whole.
        note: one line at the foot: which data these are.

    Raises:
        A2UError: No scene, or one whose parts differ in size.
    """
    if not scenes:
        raise A2UError("There is nothing to show: give at least one scene.")
    side = (WIDTH - _LEFT - 0.1 - (len(scenes) - 1) * _GAP) / len(scenes)
    height = _TOP + len(ROWS) * (side + _GAP) + _FOOT
    with style.context():
        fig, ax = style.canvas(WIDTH, height)
        sheet.label(ax, 0.1, 0.28, title, ha="left")
        for row, name in enumerate(ROWS):
            top = _TOP + row * (side + _GAP)
            for line, part in enumerate(name.split("\n")):
                sheet.note(ax, _LEFT - 0.1, top + side / 2 + 0.05 + 0.16 * line, part, ha="right", size=9)
        for column, scene in enumerate(scenes):
            left = _LEFT + column * (side + _GAP)
            sheet.label(ax, left + side / 2, _TOP - 0.1, scene.title, size=9.5)
            for row, picture in enumerate(_pictures(scene)):
                _show(ax, left, _TOP + row * (side + _GAP), side, picture)
        sheet.note(ax, _LEFT, height - 0.12, note, ha="left", size=8.5)
    return fig


def _pictures(scene: Scene) -> list[Any]:
    """The four pictures of a column, (H, W, 3) or (H, W) in [0, 1]."""
    image, colour = (np.moveaxis(np.asarray(each, dtype=float), 0, -1) for each in (scene.image, scene.colour))
    alpha, trimap = np.asarray(scene.alpha, dtype=float)[0], np.asarray(scene.trimap, dtype=float)[0]
    shapes = {each.shape[:2] for each in (image, colour, alpha, trimap)}
    if len(shapes) > 1:
        raise A2UError(f"The parts of {scene.title!r} must have one size, given {sorted(shapes)}.")
    cover = alpha[..., None]
    return [image, trimap / 255, alpha, cover * colour + (1 - cover) * _BEHIND]


def _show(ax: Axes, left: float, top: float, side: float, picture: Any) -> None:
    block = Block.inside(left, top, side, *picture.shape[:2])
    extent = (block.left, block.right, block.bottom, block.top)
    shown = np.rint(picture.clip(0, 1) * SHADES) / SHADES  # photographs in all their shades make files too large
    ax.imshow(shown, cmap="gray", norm=_GREY, extent=extent, aspect="auto", zorder=1, interpolation="nearest")
    sheet.outline(ax, block, style.FAINT, 0.8)
