"""The four metrics of a whole data set, from those of its images.

Published tables are means over images: an image with a wide unknown region has a large SAD, Grad and Conn, and so
weighs more in those three, but its MSE weighs as much as any other's. So here:

    SAD, Grad, Conn, MSE of a set = mean over its images of the image's own value

An image without unknown pixels scores 0 and counts as an image. The other convention for MSE, all unknown pixels of
the set in one mean, weighs images by |U|; :meth:`Totals.pooled_mse` has it. Sums are rounded once, at their end
(``math.fsum``), so neither the order of the images nor how they were divided among processes changes a digit.
"""

import math
from dataclasses import astuple
from typing import Any

from a2u.errors import A2UError
from a2u.matting.data.trimap import UNKNOWN
from a2u.matting.measure.metrics import Convention, Scores, measure


class Totals:
    """Scores image by image, and their means.

    >>> import numpy as np
    >>> totals, unknown = Totals(), np.full((20, 50), 128, np.uint8)
    >>> for value in (51, 255):
    ...     scores = totals.update(np.full((20, 50), value, np.uint8), np.zeros((20, 50), np.uint8), unknown)
    >>> totals.compute()
    Scores(sad=0.6, mse=0.52, grad=0.0, conn=0.0)
    """

    def __init__(self, convention: Convention = "skip") -> None:
        self.convention = convention
        self.images: list[tuple[Scores, int]] = []  # and how many pixels were unknown

    def update(self, pred: Any, true: Any, trimap: Any) -> Scores:
        """Measure one matte, add it, and return its own scores; arguments as in :func:`metrics.measure`."""
        scores = measure(pred, true, trimap, self.convention)
        self.images.append((scores, int((trimap == UNKNOWN).sum())))
        return scores

    def merge(self, other: "Totals") -> None:
        """Add the images of another process.

        Raises:
            A2UError: It measured Conn by the other convention.
        """
        if other.convention != self.convention:
            raise A2UError(f"Conn by {self.convention!r} and by {other.convention!r} have no common mean: choose one.")
        self.images += other.images

    def compute(self) -> Scores:
        """Means over all images added so far."""
        if not self.images:
            raise A2UError("There are no metrics of zero images: call update first.")
        columns = zip(*(astuple(scores) for scores, _ in self.images), strict=True)
        return Scores(*(math.fsum(column) / len(self.images) for column in columns))

    def pooled_mse(self) -> float:
        """Σ (p − g)² / Σ |U|, both over all images; 0 where nothing is unknown."""
        pixels = sum(unknown for _, unknown in self.images)
        return math.fsum(scores.mse * unknown for scores, unknown in self.images) / max(pixels, 1)
