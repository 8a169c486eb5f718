"""A sheet to draw on, three times as fine as the picture: lines and polygons, each over what is there already.

The sheet holds RGBA multiplied by alpha. OpenCV draws an antialiased shape by blending all four channels with its
coverage c, new = c·(F, 1) + (1 − c)·old, which is the formula of compositing. So alpha is what the shapes cover,
however many overlap, and after the average over 3×3 it has well over 255 levels.
"""

from typing import Any

import numpy as np

from a2u.matting.data.opencv import opencv
from a2u.matting.data.synthetic.noise import extend

FINER = 3
SHIFT = 4  # fractional bits of a coordinate


class Canvas:
    """A square sheet; points and widths are fractions of its side, colours RGB in [0, 1]."""

    def __init__(self, size: int) -> None:
        self.size, self.side = size, size * FINER
        self.sheet = np.zeros((self.side, self.side, 4), dtype=np.uint8)

    def line(self, points: Any, width: float, colour: Any) -> None:
        """A line through points (n, 2) as (x, y)."""
        cv2 = opencv()
        thickness = max(1, round(width * self.side))
        cv2.polylines(self.sheet, [self._fixed(points)], False, _rgba(colour), thickness, cv2.LINE_AA, SHIFT)

    def strand(self, points: Any, width: float, colours: Any) -> None:
        """A line that tapers: points (n, 2), colours (n − 1, 3) of its pieces; full width to the middle, then fine."""
        pieces = len(points) - 1
        together = max(1, pieces // 6)  # six widths and shades are enough for the eye
        for number in range(0, pieces, together):
            along = number / pieces
            self.line(points[number : number + together + 1], width * min(1.0, 1.6 * (1 - along)), colours[number])

    def polygon(self, points: Any, colour: Any) -> None:
        """A filled polygon (n, 2)."""
        cv2 = opencv()
        cv2.fillPoly(self.sheet, [self._fixed(points)], _rgba(colour), cv2.LINE_AA, SHIFT)

    def hole(self, points: Any) -> None:
        """A polygon cut out, so that the background shows."""
        cv2 = opencv()
        cv2.fillPoly(self.sheet, [self._fixed(points)], (0, 0, 0, 0), cv2.LINE_AA, SHIFT)

    def textured(self, points: Any, texture: Any) -> None:
        """A polygon (n, 2) filled from a picture float (size, size, 3) in [0, 1] that lies under the whole sheet."""
        cv2 = opencv()
        mask = np.zeros((self.side, self.side), dtype=np.uint8)
        cv2.fillPoly(mask, [self._fixed(points)], 255, cv2.LINE_AA, SHIFT)
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        if not len(rows):
            return
        here = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        levels = (np.clip(texture, 0, 1) * 255).astype(np.uint8)
        large = cv2.resize(levels, (self.side, self.side), interpolation=cv2.INTER_LINEAR)[here]
        cover = mask[here][..., None].astype(np.uint16)
        new = np.concatenate([large, np.full((*large.shape[:2], 1), 255, dtype=np.uint8)], axis=-1)
        self.sheet[here] = ((new * cover + self.sheet[here] * (255 - cover) + 127) // 255).astype(np.uint8)

    def finish(self) -> tuple[Any, Any]:
        """Colour float32 (size, size, 3), defined everywhere, and alpha float32 (size, size)."""
        cv2 = opencv()
        fine = self.sheet.astype(np.float32) / 255
        small = cv2.resize(fine, (self.size, self.size), interpolation=cv2.INTER_AREA)
        alpha = np.ascontiguousarray(small[..., 3])
        return extend(np.ascontiguousarray(small[..., :3]), alpha), alpha

    def _fixed(self, points: Any) -> Any:
        """Fractions of the side → fixed-point pixels, where the centre of the first pixel is 0."""
        return np.rint((np.asarray(points) * self.side - 0.5) * 2**SHIFT).astype(np.int32)[:, None]


def _rgba(colour: Any) -> tuple[float, float, float, float]:
    red, green, blue = (float(min(max(c, 0.0), 1.0)) * 255 for c in colour)
    return red, green, blue, 255.0
