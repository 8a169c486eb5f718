"""The parts of all scenes: smooth noise, palettes, colour beyond the silhouette. Lengths are fractions of the picture.

Random numbers are drawn on grids that do not depend on the size of the picture, so a seed gives the same scene at any
size, only finer.
"""

import colorsys
from typing import Any

import numpy as np

from a2u.matting.data.opencv import opencv

Random = np.random.Generator


def fractal(generator: Random, size: int, cells: int = 4, octaves: int = 5, roughness: float = 0.5) -> Any:
    """Smooth noise in [0, 1], float32 (size, size): octave o has cells·2ᵒ cells per side and weighs roughnessᵒ."""
    cv2 = opencv()
    total = np.zeros((size, size), dtype=np.float32)
    for octave in range(octaves):
        count = cells * 2**octave + 3
        grid = generator.random((count, count), dtype=np.float32)
        if count <= 2 * size:  # finer cells than pixels would only alias
            total += np.float32(roughness**octave) * cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC)
    low, high = float(total.min()), float(total.max())
    return (total - low) / max(high - low, 1e-6)


def grid(size: int) -> tuple[Any, Any]:
    """x and y of the pixel centres, both float32 (size, size) in (0, 1)."""
    line = (np.arange(size, dtype=np.float32) + 0.5) / size
    return np.broadcast_to(line, (size, size)), np.broadcast_to(line[:, None], (size, size))


def warp(values: Any, dx: Any, dy: Any) -> Any:
    """values (size, size[, 3]) read at places moved by dx and dy (fractions of its side), mirrored at the borders."""
    cv2 = opencv()
    size = len(values)
    x, y = grid(size)
    column, row = ((x + dx) * size - 0.5).astype(np.float32), ((y + dy) * size - 0.5).astype(np.float32)
    return cv2.remap(values, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)


def hsv(hue: float, saturation: float, value: float) -> Any:
    """One colour as RGB in [0, 1], float32 (3,); hue in turns."""
    clipped = min(max(saturation, 0.0), 1.0), min(max(value, 0.0), 1.0)
    return np.array(colorsys.hsv_to_rgb(hue % 1.0, *clipped), dtype=np.float32)


def ramp(values: Any, colours: Any) -> Any:
    """values in [0, 1] through evenly spaced colours (n, 3): float32 (..., 3)."""
    places = np.linspace(0, 1, len(colours))
    channels = [np.interp(values, places, np.asarray(colours)[:, c]) for c in range(3)]
    return np.stack(channels, axis=-1).astype(np.float32)


def step(values: Any, low: float, high: float) -> Any:
    """0 below low, 1 above high, smooth between."""
    t = np.clip((values - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def extend(premultiplied: Any, alpha: Any) -> Any:
    """The colour everywhere, from α·F (H, W, 3) and α (H, W): F where α > 0, its surroundings' average elsewhere.

    Push and pull: the map is halved until one pixel is left, and each level fills what the finer one does not know. A
    colour that is cut off at the silhouette would leak black into every resampled edge.
    """
    cv2 = opencv()
    height, width = alpha.shape
    known = np.clip(alpha, 0, 1)[..., None]
    colour = premultiplied / np.maximum(alpha, 1e-4)[..., None]
    if max(height, width) == 1:
        return colour
    half = (max(width // 2, 1), max(height // 2, 1))
    coarse = extend(
        cv2.resize(premultiplied, half, interpolation=cv2.INTER_AREA),
        cv2.resize(alpha, half, interpolation=cv2.INTER_AREA).reshape(half[1], half[0]),
    )
    behind = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR).reshape(height, width, 3)
    trust = np.minimum(known * 8, 1)  # an eighth of a pixel's cover is enough for its colour
    filled: Any = trust * colour + (1 - trust) * behind
    return filled.astype(np.float32)
