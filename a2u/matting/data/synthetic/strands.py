"""Hair and fur: some thousand strands, each drawn with its own curve, taper and shade."""

from typing import Any

import numpy as np

from a2u.matting.data.synthetic.canvas import Canvas
from a2u.matting.data.synthetic.noise import Random, fractal, grid, hsv, ramp, step

PIECES = 12
HAIR = (
    (0.07, 0.55, 0.16),
    (0.07, 0.6, 0.34),
    (0.09, 0.5, 0.62),
    (0.12, 0.4, 0.85),
    (0.03, 0.75, 0.5),
    (0.6, 0.08, 0.6),
)
FUR = ((0.08, 0.55, 0.55), (0.06, 0.7, 0.4), (0.1, 0.3, 0.85), (0.07, 0.15, 0.3), (0.6, 0.05, 0.8), (0.05, 0.8, 0.7))


def hair(generator: Random, size: int) -> tuple[Any, Any]:
    """Someone seen from behind, or hair alone: straight, wavy or curly, with single hairs that fly away."""
    canvas = Canvas(size)
    centre = np.array([generator.uniform(0.42, 0.58), generator.uniform(0.36, 0.46)])
    radii = np.array([0.15, 0.19]) * generator.uniform(0.85, 1.2)
    if generator.random() < 0.75:
        canvas.textured(_shoulders(centre, radii, generator), _cloth(generator, size))
    curl = generator.choice([0.0, 0.35, 1.0])  # straight, wavy, curly
    length = generator.uniform(0.25, 0.55) * (0.6 if curl == 1 else 1)
    paths = _locks(generator, centre, radii, length, curl, count=1500)
    base = hsv(*HAIR[generator.integers(len(HAIR))])
    canvas.textured(_ellipse(centre, radii * 1.04), np.broadcast_to(base * 0.45, (size, size, 3)))
    shine = generator.uniform(0.2, 0.45)
    for number, path in enumerate(paths):
        front = number / len(paths)  # those behind lie in shadow
        own = base * (0.45 + 0.55 * front) * generator.uniform(0.7, 1.3) + generator.normal(0, 0.015, 3)
        along = np.linspace(0, 1, PIECES)
        light = 0.75 + 0.9 * np.exp(-(((along - shine) / 0.12) ** 2)) + 0.25 * along
        canvas.strand(path, generator.uniform(0.0016, 0.0042), own * light[:, None])
    return canvas.finish()


def _locks(generator: Random, centre: Any, radii: Any, length: float, curl: float, count: int) -> Any:
    """Paths (count, PIECES + 1, 2): out of the scalp, drawn down by their weight, swinging as their lock does."""
    angle = generator.uniform(-np.pi * 1.25, np.pi * 0.25, count)
    depth = np.sqrt(generator.uniform(0, 1, count))
    crown = generator.random(count) < 0.3  # the others fall from there over the back of the head
    angle = np.where(crown, generator.uniform(0, 2 * np.pi, count), angle)
    depth = np.where(crown, 0.4 * depth, depth)
    outward = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    point = centre + outward * radii * depth[:, None]
    lock = np.floor((angle + 4) * generator.uniform(6, 14)).astype(int)
    phase = generator.uniform(0, 2 * np.pi, 200)[lock % 200] + generator.normal(0, 0.35, count)
    turns = generator.uniform(2.0, 4.0) * (1 + 2 * curl)
    stray = generator.random(count) < 0.08
    reach = length * generator.uniform(0.7, 1.1, count) * np.where(stray, 1.15, 1)
    wind = generator.normal(0, 0.25)
    heading = outward * np.where(stray, 1.6, np.where(crown, 0.2, 0.8))[:, None]
    paths = [point]
    for piece in range(PIECES):
        weight = (0.3 if curl < 1 else 0.1) * np.where(stray, 0.35, 1)
        pull = np.stack([np.full(count, 0.08 * wind), weight], axis=-1)
        heading = heading + pull + generator.normal(0, 0.05 + 0.05 * curl, (count, 2))
        heading = heading / np.linalg.norm(heading, axis=-1, keepdims=True)
        swing = np.sin(phase + turns * 2 * np.pi * piece / PIECES) * (0.15 + 1.1 * curl)
        sideways = np.stack([-heading[:, 1], heading[:, 0]], axis=-1) * swing[:, None]
        point = point + (heading + sideways) * (reach / PIECES)[:, None]
        paths.append(point)
    order = np.argsort(depth + generator.normal(0, 0.15, count))[::-1]  # the rim of the head lies behind its middle
    return np.stack(paths, axis=1)[order]


def _shoulders(centre: Any, radii: Any, generator: Random) -> Any:
    x, neck = centre[0], radii[0] * 0.5
    top, fall = centre[1] + radii[1] * 1.25, generator.uniform(0.1, 0.16)
    half = radii[0] * generator.uniform(1.9, 2.4)
    t = np.linspace(0, np.pi / 2, 24)
    right = np.stack([x + neck + (half - neck) * np.sin(t), top + fall * (1 - np.cos(t))], axis=-1)
    left = right * (-1, 1) + (2 * x, 0)
    start = np.array([[x + neck, centre[1]]])
    foot = np.array([[x + half * 1.15, 1.05], [x - half * 1.15, 1.05]])
    return np.concatenate([start, right, foot, left[::-1], start * (-1, 1) + (2 * x, 0)])


def _cloth(generator: Random, size: int) -> Any:
    """Woven stripes with folds."""
    x, y = grid(size)
    folds = fractal(generator, size, 3, 3)
    colours = [hsv(generator.random(), generator.uniform(0.2, 0.7), generator.uniform(0.3, 0.8)) for _ in range(2)]
    stripes = 0.5 + 0.5 * np.sin(2 * np.pi * (generator.integers(8, 40) * x + generator.integers(0, 20) * y + folds))
    return ramp(stripes, colours) * (0.55 + 0.6 * folds[..., None])


def _ellipse(centre: Any, radii: Any) -> Any:
    t = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    return centre + np.stack([np.cos(t), np.sin(t)], axis=-1) * radii


def fur(generator: Random, size: int) -> tuple[Any, Any]:
    """A furry body: short hairs everywhere on it, combed one way, striped or patched."""
    canvas = Canvas(size)
    centre = generator.uniform(0.42, 0.58, 2)
    outline = _body(generator, centre)
    x, y = grid(96)
    pattern = fractal(generator, 96, int(generator.integers(2, 6)), 3)
    if generator.random() < 0.5:
        pattern = 0.5 + 0.5 * np.sin(2 * np.pi * (generator.integers(4, 9) * (x + 0.3 * y) + 2.5 * pattern))
    pattern = step(pattern, 0.4, 0.6)
    kinds = generator.choice(len(FUR), 2, replace=False)
    coat = ramp(pattern, [hsv(*FUR[kind]) for kind in kinds])
    coat = coat * (1.15 - 0.75 * np.clip(y - centre[1] + 0.3, 0, 1))[..., None]  # lit from above
    canvas.textured(outline, np.asarray(coat) * 0.6)
    inside = _scatter(generator, outline, 3600)
    comb = generator.normal(0, 0.6, 2) + np.array([0, 0.5])
    bend = fractal(generator, 96, 5, 2) * 2 - 1
    length, thick = generator.uniform(0.035, 0.09), generator.uniform(0.0016, 0.0034)
    away = inside - centre
    heading = 0.65 * away / np.linalg.norm(away, axis=-1, keepdims=True).clip(1e-3) + comb
    for place, towards in zip(inside, heading, strict=True):
        column, row = (np.clip(place, 0, 0.999) * 96).astype(int)
        turn = bend[row, column] * 1.4 + generator.normal(0, 0.22)
        c, s = np.cos(turn), np.sin(turn)
        ahead = np.array([c * towards[0] - s * towards[1], s * towards[0] + c * towards[1]])
        ahead = ahead / max(float(np.linalg.norm(ahead)), 1e-3) * length * generator.uniform(0.6, 1.25)
        droop = np.array([0.0, 0.25 * length])
        t = np.linspace(0, 1, 4)[:, None]
        own = coat[row, column] * generator.uniform(0.65, 1.3)
        canvas.strand(place + t * ahead + t**2 * droop, thick, own * (0.7 + 0.5 * t[1:]))
    return canvas.finish()


def _body(generator: Random, centre: Any) -> Any:
    t = np.linspace(0, 2 * np.pi, 160, endpoint=False)
    radius = np.full(160, generator.uniform(0.25, 0.32))
    for wave in range(1, 6):
        radius += generator.normal(0, 0.06 / wave) * np.cos(wave * t + generator.uniform(0, 2 * np.pi))
    stretch = np.array([1, 1]) + generator.uniform(-0.3, 0.3) * np.array([1, -1])
    return centre + radius[:, None] * np.stack([np.cos(t), np.sin(t)], axis=-1) * stretch


def _scatter(generator: Random, outline: Any, count: int) -> Any:
    """Places inside a star-shaped outline, the upper ones first, so that lower hairs lie over them."""
    centre = outline.mean(axis=0)
    along = generator.uniform(0, len(outline), count)
    rim = outline[along.astype(int) % len(outline)]
    places = centre + (rim - centre) * np.sqrt(generator.uniform(0, 1, count))[:, None]
    return places[np.argsort(places[:, 1] + generator.normal(0, 0.02, count))]
