"""Mattes that are wrong in five ways, and by the same sum of absolute differences: what tells the metrics apart."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from a2u.matting.data import trimap
from a2u.matting.data.composition import alpha_tensor
from a2u.matting.data.synthetic import scene
from a2u.matting.data.synthetic.source import FIRST_SEED
from a2u.matting.measure.metrics import Scores, measure, to_8bit

SIZE = 128
BAND = 26  # pixels to either side of the edge that the trimap leaves unknown: room for every flaw
ALIKE = 0.4  # the SAD of every flaw, in thousands
HOLES, APART, DEEP = 12, 14, 9  # how many holes, their distance from each other, how deep inside


@dataclass(frozen=True)
class Flawed:
    """A matte with one flaw: 8-bit array (H, W), what was done to it in words, and its four metrics."""

    matte: Any
    how: str
    scores: Scores


@cache
def truth() -> tuple[Any, Any]:
    """The true matte, 8-bit (128, 128), and its trimap: one of the scenes with soft and sharp edges."""
    alpha = scene("shapes", FIRST_SEED["test"], SIZE).alpha
    return alpha, trimap.of_width(alpha_tensor(alpha), BAND)[0].numpy()


@cache
def wrong_mattes() -> dict[str, Flawed]:
    """Every flaw, as strong as it takes to reach the same SAD."""
    from scipy.ndimage import gaussian_filter, shift

    alpha, known = truth()
    g, unknown = alpha / 255, known == trimap.UNKNOWN
    holes, blob = _holes(g, unknown), _blob(g, unknown)
    ways: dict[str, tuple[Callable[[float], Any], float, str]] = {
        "blurred": (lambda s: gaussian_filter(g, s, mode="nearest"), 8, "by a Gaussian of σ = {:.1f}"),
        "shifted": (lambda s: shift(g, (0, s), order=1, mode="nearest"), 16, "by {:.1f} pixels to the right"),
        "holes": (lambda s: g * (1 - _discs(holes, s)), 7, f"{HOLES} of radius {{:.1f}}"),
        "blob": (lambda s: np.maximum(g, _discs(blob, s)), 16, "one of radius {:.1f}, off the object"),
        "haze": (lambda s: np.maximum(g, s), 0.5, "at least {:.2f} everywhere"),
    }
    found = {}
    for name, (make, most, words) in ways.items():
        strength = _strength(make, most, g, unknown)
        matte = to_8bit(make(strength))
        found[name] = Flawed(matte, words.format(strength), measure(matte, alpha, known))
    return found


def _strength(make: Callable[[float], Any], most: float, g: Any, unknown: Any) -> float:
    """By bisection, the strength at which Σ_U |p − g| / 1000 is :data:`ALIKE`, for mattes as 8-bit files hold them."""

    def missed(strength: float) -> float:
        return float(np.abs(to_8bit(make(strength)) / 255 - g)[unknown].sum()) / 1000 - ALIKE

    low, high = 0.0, most
    for _ in range(16):
        middle = (low + high) / 2
        low, high = (middle, high) if missed(middle) < 0 else (low, middle)
    return min(low, high, key=lambda strength: abs(missed(strength)))


def _discs(centres: list[tuple[int, int]], radius: float) -> Any:
    """1 inside discs around the centres, with soft rims: float (H, W)."""
    row, column = np.indices((SIZE, SIZE))
    return np.max([np.clip(radius - np.hypot(row - y, column - x) + 0.5, 0, 1) for y, x in centres], axis=0)


def _holes(g: Any, unknown: Any) -> list[tuple[int, int]]:
    """Places in the object's part of the unknown band, one after the other, :data:`APART` from each other."""
    from scipy.ndimage import distance_transform_edt

    depth = distance_transform_edt(g > 0.5)
    best = np.where(unknown & (depth > 0), 1 / (1 + np.abs(depth - DEEP)), 0)
    row, column = np.indices(g.shape)
    centres: list[tuple[int, int]] = []
    for _ in range(HOLES):
        y, x = (int(at) for at in np.unravel_index(best.argmax(), g.shape))
        centres.append((y, x))
        best[np.hypot(row - y, column - x) < APART] = 0
    return centres


def _blob(g: Any, unknown: Any) -> list[tuple[int, int]]:
    """The place outside with the most room on all sides: to the object, to the known background, to the border."""
    from scipy.ndimage import distance_transform_edt

    room = np.minimum(distance_transform_edt(g == 0), distance_transform_edt(np.pad(unknown, 1))[1:-1, 1:-1])
    y, x = np.unravel_index(room.argmax(), g.shape)
    return [(int(y), int(x))]
