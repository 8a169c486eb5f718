"""Pictures with few colours, so that their files are half as large: none of them looks other than it did."""

from typing import Any

import numpy as np
from PIL import Image

from a2u.plots import style

COLOURS = 256  # of a stored picture: told from the original by no eye, and half its size
AREAS = 128  # of them: the most frequent ones, those of cells, kept as they are
GREYS = 28  # of them on each of two ramps: without a tint, and with the faint one of positive values
TINT = 5  # levels of a channel by which a colour may miss these


def fewer_colours(pixels: Any) -> Any:
    """The picture (H, W, 3), in bytes, with at most COLOURS colours.

    Violet says that a value is negative, so no grey may turn violet on its way, nor a violet grey. The colours of areas
    stay as they are; between them, where letters and edges are smooth, greys choose among greys and areas, and only
    what is left chooses among colours made for this picture.
    """
    height, width = pixels.shape[:2]
    red, green, blue = np.moveaxis(pixels.astype(np.int32), 2, 0)
    packed = (red << 16 | green << 8 | blue).ravel()
    # Neighbours are mostly equal, so runs of equal pixels are counted: ten times fewer than pixels.
    begins = np.flatnonzero(np.concatenate([[True], packed[1:] != packed[:-1]]))
    lengths = np.diff(np.append(begins, packed.size))
    known, which = np.unique(packed[begins], return_inverse=True)
    count = np.bincount(which, weights=lengths)
    colours = np.stack([known >> 16, known >> 8 & 255, known & 255], axis=1).astype(np.int64)
    areas = colours[np.argsort(-count, kind="stable")[:AREAS]]
    palette = np.concatenate([areas, _ramps()])
    chosen = _nearest(colours, palette)
    other = np.abs(chosen - colours).max(axis=1) > TINT
    if other.any():
        left = other[which]
        line = Image.fromarray(np.repeat(colours[which[left]].astype(np.uint8), lengths[left], axis=0)[None])
        few = line.quantize(COLOURS - len(palette), method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        made = np.asarray(few.convert("RGB"))[0].astype(np.int64)
        chosen[other] = _nearest(colours[other], np.concatenate([palette, np.unique(made, axis=0)]))
    return np.repeat(chosen.astype(np.uint8)[which], lengths, axis=0).reshape(height, width, 3)


def _ramps() -> Any:
    """Greys from black to white without a tint, and those of positive values."""
    steps = np.linspace(0, 1, GREYS)
    neutral = np.repeat(steps[:, None], 3, axis=1)
    positive = style.SIGNED(0.5 + steps / 2)[:, :3]
    return np.round(255 * np.concatenate([neutral, positive])).astype(np.int64)


def _nearest(colours: Any, palette: Any) -> Any:
    """For each colour the one of the palette that is most like it; a tint counts more than brightness."""
    ours, theirs = _tinted(colours), _tinted(palette)
    # ‖a − b‖² without ‖a‖², which is the same for all b; whole numbers far below 2²⁴, so float32 is exact.
    apart = (theirs**2).sum(axis=1) - 2 * ours @ theirs.T
    return palette[apart.argmin(axis=1)]


def _tinted(colours: Any) -> Any:
    red, green, blue = colours.T
    return np.stack([green, 2 * (red - green), 2 * (blue - green)], axis=1).astype(np.float32)
