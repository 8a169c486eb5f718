"""Foliage and nets: many small gaps through which the background shows."""

from typing import Any

import numpy as np

from a2u.matting.data.synthetic.canvas import Canvas
from a2u.matting.data.synthetic.noise import Random, fractal, hsv


def foliage(generator: Random, size: int) -> tuple[Any, Any]:
    """Branches with leaves: each leaf has two halves, a midrib and veins; some are eaten."""
    canvas = Canvas(size)
    hue, shape = generator.uniform(0.18, 0.36), generator.uniform(0.25, 0.5)
    if generator.random() < 0.2:
        hue = generator.uniform(0.0, 0.12)  # autumn
    length = generator.uniform(0.07, 0.14)
    holes = []
    for depth in (0.55, 0.8, 1.0):  # the branches behind are darker
        for _ in range(int(generator.integers(2, 5))):
            stem = _branch(generator)
            width = generator.uniform(0.004, 0.01)
            for piece in range(len(stem) - 1):
                bark = hsv(0.08, 0.45, 0.35 * depth * generator.uniform(0.8, 1.2))
                canvas.line(stem[piece : piece + 2], width * (1 - 0.8 * piece / len(stem)), bark)
            for number in range(4, len(stem) - 1):
                side = 1 if number % 2 else -1
                ahead = stem[number + 1] - stem[number]
                angle = np.arctan2(ahead[1], ahead[0]) + side * generator.uniform(0.5, 1.1)
                own = hsv(
                    hue + generator.normal(0, 0.015),
                    generator.uniform(0.45, 0.8),
                    depth * generator.uniform(0.4, 0.75),
                )
                tip = 1 - 0.5 * number / len(stem)
                _leaf(canvas, generator, stem[number], angle, length * tip * generator.uniform(0.7, 1.2), shape, own)
                if generator.random() < 0.06:
                    holes.append(stem[number] + 0.45 * length * tip * np.array([np.cos(angle), np.sin(angle)]))
    for place in holes:
        t = np.linspace(0, 2 * np.pi, 14, endpoint=False)
        radius = generator.uniform(0.004, 0.014) * generator.uniform(0.6, 1.2, (14, 1))
        canvas.hole(place + radius * np.stack([np.cos(t), np.sin(t)], axis=-1))
    return canvas.finish()


def _branch(generator: Random) -> Any:
    """A path (n, 2) that grows in from a side and bends to the light."""
    side = generator.integers(3)
    start = [(-0.05, generator.uniform(0.3, 1)), (1.05, generator.uniform(0.3, 1)), (generator.uniform(0.2, 0.8), 1.05)]
    point = np.array(start[side])
    target = generator.uniform(0.2, 0.8, 2) * (1, 0.8)
    heading = (target - point) / np.linalg.norm(target - point)
    path = [point]
    for _ in range(int(generator.integers(14, 24))):
        heading = heading + generator.normal(0, 0.12, 2) + (0, -0.05)
        heading = heading / np.linalg.norm(heading)
        path.append(path[-1] + 0.045 * heading)
    return np.stack(path)


def _leaf(canvas: Canvas, generator: Random, root: Any, angle: float, length: float, shape: float, colour: Any) -> None:
    """One leaf from its root, its halves lit differently."""
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-along[1], along[0]]) * generator.uniform(0.55, 1.0)  # turned out of the picture's plane
    t = np.linspace(0, 1, 15)[:, None]
    bend = generator.normal(0, 0.12) * t**2
    rib = root + length * (t * along + bend * across)
    half = length * shape * np.sin(np.pi * t**0.8) ** 1.1 * (1 - 0.15 * t)
    for side, light in ((1, 1.12), (-1, 0.82)):
        canvas.polygon(np.concatenate([rib, (rib + side * half * across)[::-1]]), colour * light)
    pale = colour * 1.35 + 0.05
    for number in range(2, 13, 2):
        for side in (1, -1):
            towards = min(number + 2, 14)
            vein = np.stack([rib[number], rib[towards] + side * 0.8 * half[towards] * across])
            canvas.line(vein, 0.0011, colour * 1.18)
    canvas.line(rib, 0.0022, pale)


def net(generator: Random, size: int) -> tuple[Any, Any]:
    """A net, a fence or a lattice: cords in two directions, bent and sagging, torn in places."""
    canvas = Canvas(size)
    cells = int(generator.integers(6, 15))
    nodes = _nodes(generator, cells)
    width = generator.uniform(0.07, 0.22) / cells
    twisted = generator.random() < 0.5
    base = hsv(generator.random(), generator.uniform(0.0, 0.6), generator.uniform(0.35, 0.95))
    torn = generator.random((2, *nodes.shape[:2])) < (generator.uniform(0, 0.07) if generator.random() < 0.6 else 0.0)
    rows, columns = nodes.shape[:2]
    for direction, (down, right) in enumerate(((0, 1), (1, 0))):
        for row in range(rows - down):
            for column in range(columns - right):
                if not torn[direction, row, column]:
                    ends = nodes[row, column], nodes[row + down, column + right]
                    over = (row + column + direction) % 2
                    _cord(canvas, generator, ends, width, base * (1.0 if over else 0.85), twisted)
    for place in nodes.reshape(-1, 2):
        if twisted:
            canvas.line(np.stack([place - 0.2 * width, place + 0.2 * width]), 1.7 * width, base * 0.8)
    return canvas.finish()


def _nodes(generator: Random, cells: int) -> Any:
    """Crossings (n, n, 2) of a grid that is turned, bent by noise and sags."""
    line = np.linspace(-0.35, 1.35, round(1.7 * cells))
    x, y = np.meshgrid(line, line)
    angle = generator.uniform(-0.25, 0.25) + (np.pi / 4 if generator.random() < 0.5 else 0.0)
    u, v = x - 0.5, y - 0.5
    places = np.stack([np.cos(angle) * u - np.sin(angle) * v, np.sin(angle) * u + np.cos(angle) * v], axis=-1) + 0.5
    bent = np.stack([fractal(generator, 64, 2, 2) - 0.5 for _ in range(2)], axis=-1) * generator.uniform(0.05, 0.2)
    row, column = (np.clip(places, 0, 0.999) * 64).astype(int).transpose(2, 0, 1)[::-1]
    return places + bent[row, column] + generator.normal(0, 0.04 / cells, places.shape)


def _cord(canvas: Canvas, generator: Random, ends: Any, width: float, colour: Any, twisted: bool) -> None:
    """A cord between two crossings: its shaded side, its body, a highlight, and the turns of its yarn."""
    t = np.linspace(0, 1, 7)[:, None]
    path = ends[0] + t * (ends[1] - ends[0])
    path = path + np.array([0, 1]) * 0.1 * width * generator.uniform(0, 4) * (4 * t * (1 - t))
    canvas.line(path, width, colour * 0.55)
    canvas.line(path - 0.12 * width, 0.68 * width, colour)
    canvas.line(path - 0.22 * width, 0.22 * width, colour * 0.6 + 0.4)
    if twisted:
        along = (ends[1] - ends[0]) / max(float(np.linalg.norm(ends[1] - ends[0])), 1e-6)
        across = np.array([-along[1], along[0]])
        for turn in np.linspace(0.08, 0.92, 8):
            place = ends[0] + turn * (ends[1] - ends[0])
            slant = 0.35 * width * (across + 0.6 * along)
            canvas.line(np.stack([place - slant, place + slant]), 0.12 * width, colour * 0.45)
