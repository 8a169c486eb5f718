"""What light passes through: glass, bubbles, smoke; and things with hard and soft edges. Alpha by formula."""

from typing import Any

import numpy as np

from a2u.matting.data.opencv import opencv
from a2u.matting.data.synthetic.canvas import Canvas
from a2u.matting.data.synthetic.noise import Random, extend, fractal, grid, hsv, ramp, step, warp
from a2u.matting.data.synthetic.textures import texture


class Glaze:
    """Layers of colour and alpha, one over the other: α·F and α of all of them."""

    def __init__(self, size: int) -> None:
        self.colour = np.zeros((size, size, 3), dtype=np.float32)  # α·F
        self.alpha = np.zeros((size, size), dtype=np.float32)

    def over(self, colour: Any, alpha: Any, here: Any = slice(None)) -> None:
        """Lay one more layer over the part `here`."""
        cover = np.clip(alpha, 0, 1).astype(np.float32)
        self.colour[here] = cover[..., None] * colour + (1 - cover[..., None]) * self.colour[here]
        self.alpha[here] = cover + (1 - cover) * self.alpha[here]

    def finish(self) -> tuple[Any, Any]:
        """Colour, defined everywhere, and alpha."""
        return extend(self.colour, self.alpha), self.alpha


def glass(generator: Random, size: int) -> tuple[Any, Any]:
    """A glass, a bottle or a vase: more opaque where the wall is seen edge-on, with a drink and reflections."""
    x, y = grid(size)
    top, foot = generator.uniform(0.08, 0.16), generator.uniform(0.86, 0.95)
    t = np.clip((y - top) / (foot - top), 0, 1)  # 0 at the brim, 1 at the foot
    half = _profile(generator, t)
    centre = generator.uniform(0.44, 0.56)
    u = (x - centre) / np.maximum(half, 1e-3)
    inside = np.clip((half - np.abs(x - centre)) * size + 0.5, 0, 1)
    inside = inside * np.clip((y - top) * size + 0.5, 0, 1) * np.clip((foot - y) * size + 0.5, 0, 1)
    rim = (
        np.clip(1 / np.sqrt(np.maximum(1 - np.clip(np.abs(u), 0, 0.995) ** 2, 1e-4)) - 1, 0, 6) / 6
    )  # wall seen edge-on
    tint = hsv(generator.random(), generator.uniform(0.02, 0.5), generator.uniform(0.45, 0.9))
    glaze = Glaze(size)
    glaze.over(tint, inside * (generator.uniform(0.06, 0.22) + 0.75 * rim**0.8))
    if generator.random() < 0.6:
        level, bottom = generator.uniform(0.25, 0.45), 0.62
        within = np.clip((half * 0.9 - np.abs(x - centre)) * size + 0.5, 0, 1) * step(t, level - 0.004, level + 0.004)
        within = within * (1 - step(t, bottom, bottom + 0.02))
        drink = hsv(generator.choice([0.98, 0.1, 0.14, 0.3, 0.6]), 0.8, generator.uniform(0.4, 0.8))
        glaze.over(drink * (0.75 + 0.4 * t[..., None]), within * generator.uniform(0.35, 0.8))
    dark = np.exp(-(((np.abs(u) - 0.9) / 0.06) ** 2))
    glaze.over(tint * 0.25, 0.55 * inside * dark)
    wobble = 0.05 * (fractal(generator, size, 3, 2) - 0.5)
    for place, width, strength in ((-0.62, 0.09, 0.85), (-0.45, 0.025, 0.6), (0.7, 0.05, 0.65)):
        streak = np.exp(-(((u + wobble - place) / width) ** 4)) * step(t, 0.05, 0.12) * (1 - step(t, 0.45, 0.6))
        glaze.over(np.float32(1.0), strength * inside * streak)
    brim = np.abs(np.hypot((x - centre) / np.maximum(half[0].max(), 1e-3), (y - top) / 0.018) - 1)
    glaze.over(np.float32(0.95), 0.7 * np.clip(1.6 - brim * size * 0.012, 0, 1) * (np.abs(u) < 1.05))
    return glaze.finish()


def _profile(generator: Random, t: Any) -> Any:
    """Half the width at height t, of one of three vessels."""
    wide = generator.uniform(0.17, 0.25)
    kind = generator.integers(3)
    if kind == 0:  # wine: a bowl, a stem, a foot
        bowl = wide * np.sqrt(np.clip(1 - ((t - 0.25) / 0.37) ** 2, 0, 1)) * (1 - step(t, 0.6, 0.63))
        foot = 0.75 * wide * step(t, 0.9, 0.985) ** 1.5
        return np.maximum(np.maximum(bowl, np.where(t > 0.55, 0.014, 0)), foot)
    if kind == 1:  # a bottle: neck, shoulder, body
        return 0.05 + (wide * 0.75 - 0.05) * step(t, 0.2, 0.42)
    return wide * (0.75 + 0.25 * np.cos(2.4 * t + generator.uniform(-1, 1)))  # a tumbler or a vase


def bubbles(generator: Random, size: int) -> tuple[Any, Any]:
    """Soap bubbles: almost nothing in the middle, thin-film colours towards the rim, two reflected windows."""
    glaze = Glaze(size)
    x, y = grid(size)
    film = fractal(generator, size, 4, 3)
    for _ in range(int(generator.integers(5, 16))):
        radius = 0.03 + 0.19 * generator.random() ** 2
        cx, cy = generator.uniform(0.08, 0.92, 2)
        low, high = (np.array([cy, cx]) - radius - 0.01) * size, (np.array([cy, cx]) + radius + 0.01) * size
        rows = slice(max(int(low[0]), 0), min(int(high[0]) + 2, size))
        columns = slice(max(int(low[1]), 0), min(int(high[1]) + 2, size))
        here = rows, columns
        dx, dy = (x[here] - cx) / radius, (y[here] - cy) / radius
        r = np.hypot(dx, dy)
        inside = np.clip((1 - r) * radius * size + 0.5, 0, 1)
        hue = 0.9 * film[here] + 1.2 * r**3 + generator.random()
        swirl = 0.62 + 0.38 * np.cos(2 * np.pi * (hue[..., None] + np.array([0, 1 / 3, 2 / 3])))
        glaze.over(swirl, inside * (0.05 + 0.6 * np.clip(r, 0, 1) ** 6), here)
        for px, py, part in ((-0.42, -0.45, 0.16), (0.5, 0.5, 0.08)):
            spot = np.exp(-((np.abs((dx - px) / part) ** 3) + np.abs((dy - py) / (1.3 * part)) ** 3))
            glaze.over(np.float32(1.0), 0.9 * inside * spot, here)
    return glaze.finish()


def smoke(generator: Random, size: int) -> tuple[Any, Any]:
    """Smoke, steam, dust or flame: α = 1 − exp(−density), with the light falling off inside."""
    x, y = grid(size)
    swirl = [fractal(generator, size, 3, 4) - 0.5 for _ in range(2)]
    strength = generator.uniform(0.15, 0.4)
    billow = warp(fractal(generator, size, 4, 6, 0.58), strength * swirl[0], strength * swirl[1])
    lean, spread = generator.normal(0, 0.12), generator.uniform(0.1, 0.2)
    if generator.random() < 0.6:  # a plume from below, wider as it rises
        rise = 1 - y
        axis = 0.5 + lean * rise + 0.12 * np.sin(2 * np.pi * rise + generator.uniform(0, 6)) * rise
        place = np.exp(-(((x - axis + 0.15 * swirl[0]) / (0.04 + spread * 1.4 * rise)) ** 2)) * (1 - 0.75 * rise)
    else:
        place = np.exp(-(((np.hypot(x - 0.5, y - 0.5) + 0.25 * swirl[1]) / 0.3) ** 3))
    density = generator.uniform(2.5, 7) * place * step(billow, 0.2, 0.95)
    alpha = (1 - np.exp(-density)).astype(np.float32)
    palette = [
        [(0.35, 0.36, 0.4), (0.85, 0.86, 0.88), (1, 1, 1)],
        [(0.1, 0.1, 0.1), (0.3, 0.28, 0.27), (0.55, 0.52, 0.5)],
        [(0.5, 0.1, 0.02), (0.98, 0.45, 0.08), (1, 0.95, 0.6)],
        [hsv(generator.random(), 0.7, 0.3), hsv(generator.random(), 0.6, 0.8), (1, 1, 1)],
    ][generator.choice(4, p=[0.45, 0.15, 0.2, 0.2])]
    soft = opencv().GaussianBlur(billow, (0, 0), 0.012 * size)
    lit = soft - warp(soft, np.float32(0.02), np.float32(0.035))  # from the upper left
    light = np.clip(0.35 + 1.6 * lit + 0.4 * soft, 0, 1)
    return ramp(light, palette), np.where(alpha < 0.004, np.float32(0), alpha)


def shapes(generator: Random, size: int) -> tuple[Any, Any]:
    """Textured things, sharp or out of focus: the nearer ones in front, each with its own blur."""
    cv2 = opencv()
    glaze = Glaze(size)
    for _ in range(int(generator.integers(1, 4))):
        canvas = Canvas(size)
        canvas.textured(_outline(generator), texture(generator, size))
        colour, alpha = canvas.finish()
        blur = generator.choice([0.0, 0.0, 0.006, 0.02, 0.045])
        if blur:
            alpha = cv2.GaussianBlur(alpha, (0, 0), blur * size)
            colour = cv2.GaussianBlur(colour, (0, 0), 0.5 * blur * size)
        glaze.over(colour, alpha)
    return glaze.finish()


def _outline(generator: Random) -> Any:
    """A blob, a star or a polygon."""
    kind = generator.integers(3)
    centre, size = generator.uniform(0.3, 0.7, 2), generator.uniform(0.15, 0.32)
    points = 160 if kind == 0 else int(generator.integers(4, 8)) * 2
    t = np.linspace(0, 2 * np.pi, points, endpoint=False) + generator.uniform(0, 2 * np.pi)
    radius = np.full(points, size)
    if kind == 0:
        for wave in range(2, 7):
            radius += size * generator.normal(0, 0.3 / wave) * np.cos(wave * t + generator.uniform(0, 6))
    elif kind == 1:
        radius[::2] *= generator.uniform(0.4, 0.75)
    else:
        radius *= generator.uniform(0.75, 1.15, points)
    return centre + radius[:, None] * np.stack([np.cos(t), np.sin(t)], axis=-1)
