"""Surfaces made by code, for foregrounds and backgrounds: marble, stripes, checks, cells, lights out of focus."""

from typing import Any

import numpy as np

from a2u.matting.data.opencv import opencv
from a2u.matting.data.synthetic.noise import Random, fractal, grid, hsv, ramp, warp


def texture(generator: Random, size: int) -> Any:
    """One of the surfaces, in random colours: float32 (size, size, 3) in [0, 1]."""
    makers = (_clouds, _marble, _stripes, _checks, _cells, _lights)
    made: Any = makers[int(generator.integers(len(makers)))](generator, size)
    return np.clip(made, 0, 1).astype(np.float32)


def palette(generator: Random, count: int) -> Any:
    """Colours that go together: neighbouring hues, from dark to light."""
    hue = generator.random()
    values = np.sort(generator.uniform(0.15, 1.0, count))
    return [hsv(hue + generator.normal(0, 0.09), generator.uniform(0.1, 0.8), value) for value in values]


def _clouds(generator: Random, size: int) -> Any:
    return ramp(fractal(generator, size, int(generator.integers(2, 7)), 6, 0.55), palette(generator, 4))


def _marble(generator: Random, size: int) -> Any:
    x, y = grid(size)
    folds = fractal(generator, size, 3, 6)
    veins = 0.5 + 0.5 * np.sin(2 * np.pi * (generator.uniform(1, 5) * x + generator.uniform(1, 5) * y + 3 * folds))
    return ramp(veins**2, palette(generator, 3))


def _stripes(generator: Random, size: int) -> Any:
    x, y = grid(size)
    angle, count = generator.uniform(0, np.pi), generator.uniform(5, 30)
    wave = 0.08 * fractal(generator, size, 3, 2)
    along = np.cos(angle) * x + np.sin(angle) * y + wave
    shade = 0.75 + 0.35 * fractal(generator, size, 4, 5)[..., None]
    return ramp(0.5 + 0.5 * np.tanh(4 * np.sin(2 * np.pi * count * along)), palette(generator, 2)) * shade


def _checks(generator: Random, size: int) -> Any:
    x, y = grid(size)
    count = generator.uniform(4, 16)
    both = np.sin(2 * np.pi * count * x / 2) * np.sin(2 * np.pi * count * y / 2)
    flat = ramp(0.5 + 0.5 * np.tanh(size / 40 * both), palette(generator, 2))
    bend = [0.15 * (fractal(generator, size, 2, 2) - 0.5) for _ in range(2)]
    return warp(flat, *bend) * (0.7 + 0.4 * fractal(generator, size, 3, 5)[..., None])


def _cells(generator: Random, size: int) -> Any:
    """Stones: each pixel has the colour of the nearest of many points, darker towards the next one."""
    cv2 = opencv()
    count = int(generator.integers(40, 160))
    seeds = (generator.random((count, 2)) * size).astype(int)
    apart = np.full((size, size), 255, dtype=np.uint8)
    apart[seeds[:, 0], seeds[:, 1]] = 0
    distance, labels = cv2.distanceTransformWithLabels(apart, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    own = ramp(generator.random(count + 1), palette(generator, 5))[labels % (count + 1)]
    fall = np.clip(1.15 - 1.2 * distance / (size / np.sqrt(count)), 0.25, 1)
    return own * fall[..., None] * (0.8 + 0.3 * fractal(generator, size, 8, 4)[..., None])


def _lights(generator: Random, size: int) -> Any:
    """Lights out of focus at night."""
    cv2 = opencv()
    picture = ramp(fractal(generator, size, 2, 3), palette(generator, 3)) * 0.45
    for _ in range(int(generator.integers(15, 60))):
        centre = tuple(int(c) for c in generator.random(2) * size * 16)
        radius = int(generator.uniform(0.01, 0.06) * size * 16)
        disc = np.zeros((size, size), dtype=np.uint8)
        cv2.circle(disc, centre, radius, 255, -1, cv2.LINE_AA, 4)
        glow = hsv(generator.random(), generator.uniform(0.2, 0.8), generator.uniform(0.3, 0.9))
        picture = picture + generator.uniform(0.2, 0.7) * (disc.astype(np.float32) / 255)[..., None] * glow
    return cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 0.004 * size)
