"""The exercises of lesson 11: a bug hunt, a design task and a measure, with the mistakes that people make."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from a2u.lessons.design import Design, Rule
from a2u.lessons.exercises import Exercise, Mistake, Numeric


def display_reference(maps: Tensor) -> Tensor:
    """Each map's own range becomes 0 … 1, a flat map 0: (n, H, W) → (n, H, W), with loops."""
    out = torch.zeros_like(maps)
    for number, each in enumerate(maps.tolist()):
        values = [value for line in each for value in line]
        low, high = min(values), max(values)
        if high > low:
            out[number] = torch.tensor([[(value - low) / (high - low) for value in line] for line in each])
    return out


def contrast_reference(energy: Tensor, band: Tensor) -> Tensor:
    """Mean gradient magnitude on the band over that off it: (H, W), bool (H, W) → a number, with loops."""
    on, off = _slopes(energy, band)
    return torch.tensor((sum(on) / len(on)) / (sum(off) / len(off)))


def _slopes(energy: Tensor, band: Tensor, half: float = 0.5, euclid: bool = True) -> tuple[list[float], list[float]]:
    height, width = energy.shape
    found: tuple[list[float], list[float]] = ([], [])
    for i in range(height):
        for j in range(width):
            up, down = energy[max(i - 1, 0), j], energy[min(i + 1, height - 1), j]
            left, right = energy[i, max(j - 1, 0)], energy[i, min(j + 1, width - 1)]
            a, b = half * float(down - up), half * float(right - left)
            found[0 if band[i, j] else 1].append((a * a + b * b) ** 0.5 if euclid else abs(a) + abs(b))
    return found


def even_reference(w: Tensor) -> Tensor:
    """Every kernel becomes the mean kernel of its phase: (9, 2H, 2W) → the same shape, with loops."""
    out = torch.empty_like(w)
    for a in range(2):
        for b in range(2):
            places = [(i, j) for i in range(a, w.shape[1], 2) for j in range(b, w.shape[2], 2)]
            for tap in range(len(w)):
                mean = sum(float(w[tap, i, j]) for i, j in places) / len(places)
                for i, j in places:
                    out[tap, i, j] = mean
    return out


def _still(w: Tensor) -> bool:
    """Has each of the four phases the same kernel at all places?"""
    phases = [w[:, a::2, b::2] for a in (0, 1) for b in (0, 1)]
    return all(float((each.amax((1, 2)) - each.amin((1, 2))).max()) < 1e-6 for each in phases)


def _l1(energy: Tensor, band: Tensor) -> Tensor:
    on, off = _slopes(energy, band, euclid=False)
    return torch.tensor((sum(on) / len(on)) / (sum(off) / len(off)))


def _zero_border(energy: Tensor, band: Tensor) -> Tensor:
    padded = F.pad(energy, (1, 1, 1, 1))
    slope = ((padded[1:-1, 2:] - padded[1:-1, :-2]) ** 2 + (padded[2:, 1:-1] - padded[:-2, 1:-1]) ** 2).sqrt()
    return slope[band].mean() / slope[~band].mean()


def _sums(energy: Tensor, band: Tensor) -> Tensor:
    on, off = _slopes(energy, band)
    return torch.tensor(sum(on) / sum(off))


def _share_of_all(energy: Tensor, band: Tensor) -> Tensor:
    on, off = _slopes(energy, band)
    return torch.tensor((sum(on) / len(on)) / (sum(on + off) / len(on + off)))


def _scaled(maps: Tensor, low: Tensor, high: Tensor) -> Tensor:
    return (maps - low) / torch.where(high > low, high - low, 1)


def _maps(generator: torch.Generator, number: int) -> tuple[Any, ...]:
    maps = torch.rand(3, 3 + number, 6, generator=generator)
    maps = maps * torch.tensor([1.0, 40.0, 0.1])[:, None, None] + torch.tensor([0.0, 5.0, -2.0])[:, None, None]
    maps[2 if number else 0] = 3.0  # a map that does not vary
    return (maps,)


def _energy(generator: torch.Generator, number: int) -> tuple[Tensor, Tensor]:
    energy = torch.rand(5 + number, 7, generator=generator) + 1
    band = torch.zeros(5 + number, 7, dtype=torch.bool)
    band[:, 2:4] = True
    return energy, band


def _kernels(generator: torch.Generator, number: int) -> tuple[Tensor]:
    """Kernels that look; every second time, four that do not."""
    height, width = 2 + number, 5
    if number % 2:
        four = (2 * torch.randn(9, 2, 2, generator=generator)).softmax(0)
        return (four.repeat(1, height, width),)
    return ((2 * torch.randn(9, 2 * height, 2 * width, generator=generator)).softmax(0),)


DISPLAY = Exercise(
    "1 · Find the bug: maps side by side",
    display_reference,
    _maps,
    (
        Mistake("divided by the maximum", lambda m: m / m.amax((1, 2), keepdim=True),
                "You divide by the maximum. Subtract the minimum first, then divide by maximum − minimum."),
        Mistake("line by line", lambda m: _scaled(m, m.amin(2, keepdim=True), m.amax(2, keepdim=True)),
                "Each line got a range of its own, so that lines cannot be compared any more. Take both axes, (1, 2)."),
        Mistake("across maps", lambda m: _scaled(m, m.amin(0, keepdim=True), m.amax(0, keepdim=True)),
                "Your range runs over the maps, at each position. Axis 0 is the one to keep."),
        Mistake("flat map", lambda m: (m - m.amin((1, 2), keepdim=True))
                / (m.amax((1, 2), keepdim=True) - m.amin((1, 2), keepdim=True)),
                "A map that does not vary became NaN: 0/0. It should become 0 everywhere."),
    ),
    given=lambda m: _scaled(m, m.amin(), m.amax()),
)  # fmt: skip

CONTRAST = Numeric(
    "3 · Edge contrast",
    contrast_reference,
    _energy,
    (
        Mistake("upside down", lambda e, b: 1 / contrast_reference(e, b),
                "This is off over on. More at the boundary should give a larger number."),
        Mistake("energy itself", lambda e, b: e[b].mean() / e[~b].mean(),
                "You compare the energy itself. An edge is where it changes: take its gradient magnitude first."),
        Mistake("sums of moduli", _l1,
                "|∂x| + |∂y| is longer for slanted edges. The magnitude is the root of the sum of squares."),
        Mistake("zeros outside", _zero_border,
                "At the border you met zeros, which make an edge that is not there. Repeat the border instead."),
        Mistake("sums", _sums,
                "You compare sums, so that a wide band wins. Compare means."),
        Mistake("over everything", _share_of_all,
                "Below the line is the mean over the whole map. Leave the band out there."),
    ),
)  # fmt: skip

EVEN = Design(
    "2 · Design: kernels that no longer look",
    even_reference,
    _kernels,
    (
        Rule("the same shape", lambda e, w: e.shape == w.shape,
             "Return kernels for every place, as many as there were: (9, 2H, 2W).",
             lambda w: w[:, :2, :2]),
        Rule("one kernel for all places of a phase", lambda e, w: _still(e),
             "Two places of one phase still have different kernels. Phase (a, b) is w[:, a::2, b::2].",
             lambda w: w),
        Rule("weights are at least 0 and sum to 1",
             lambda e, w: bool((e >= -1e-9).all()) and bool(((e.sum(0) - 1).abs() < 1e-5).all()),
             "The weights of a kernel must be at least 0 and sum to 1.",
             lambda w: 2 * even_reference(w)),
        Rule("kernels that did not look stay as they are",
             lambda e, w: not _still(w) or bool(torch.allclose(e, w.double(), atol=1e-5)),
             "These kernels were the same at all places of a phase, and you changed them. A mean over all phases, or a "
             "box filter, takes more away than looking.",
             lambda w: w.mean((1, 2), keepdim=True).expand_as(w).contiguous()),
    ),
    "w",
)  # fmt: skip

ALL = (DISPLAY, EVEN, CONTRAST)
