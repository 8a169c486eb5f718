"""The exercises of lesson 11, each with a reference made of plain loops and the mistakes that people make."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

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


def share_reference(w: Tensor, alpha: Tensor) -> Tensor:
    """The part of each kernel's weight on taps with alpha ≥ ½: (9, 2H, 2W), (H, W) → (2H, 2W), with loops."""
    return _share(w, alpha)


def _share(w: Tensor, alpha: Tensor, least: float | None = 0.5, border: bool = False, turn: bool = False) -> Tensor:
    height, width = alpha.shape
    out = torch.zeros(w.shape[1:])
    for i in range(w.shape[1]):
        for j in range(w.shape[2]):
            for tap in range(9):
                a, b = divmod(tap, 3) if not turn else reversed(divmod(tap, 3))
                row, column = i // 2 + a - 1, j // 2 + b - 1
                if border:
                    row, column = min(max(row, 0), height - 1), min(max(column, 0), width - 1)
                if 0 <= row < height and 0 <= column < width:
                    value = float(alpha[row, column])
                    out[i, j] += float(w[tap, i, j]) * (value if least is None else float(value >= least))
    return out


def _counted(w: Tensor, alpha: Tensor) -> Tensor:
    """The count of such taps in nine: what a box filter has."""
    return _share(torch.full_like(w, 1 / 9), alpha)


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


def _kernels(generator: torch.Generator, number: int) -> tuple[Tensor, Tensor]:
    height, width = 2 + number, 5
    w = (2 * torch.randn(9, 2 * height, 2 * width, generator=generator)).softmax(0)
    return w, torch.rand(height, width, generator=generator)


DISPLAY = Exercise(
    "1 · Maps side by side",
    display_reference,
    _maps,
    (
        Mistake("one range for all", lambda m: _scaled(m, m.amin(), m.amax()),
                "One range for all maps: the one with the largest values decides how the others look. Take each map's "
                "own minimum and maximum."),
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
)  # fmt: skip

CONTRAST = Numeric(
    "2 · Edge contrast",
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

SHARE = Exercise(
    "3 · Whose weight is it?",
    share_reference,
    _kernels,
    (
        Mistake("transposed window", lambda w, a: _share(w, a, turn=True),
                "Rows and columns of your window are swapped: tap 1 is above the centre, tap 3 to its left."),
        Mistake("repeated border", lambda w, a: _share(w, a, border=True),
                "Outside the map there is nothing of the object: its taps count 0, and you repeated the border."),
        Mistake("soft", lambda w, a: _share(w, a, least=None),
                "You weigh with alpha itself. Asked is the weight on taps that belong: alpha ≥ ½."),
        Mistake("counted", _counted,
                "You count the taps. Their weights matter: sum w over those with alpha ≥ ½."),
        Mistake("background", lambda w, a: _share(w, 1 - a - 1e-6),
                "This is the background's share."),
    ),
)  # fmt: skip

ALL = (DISPLAY, CONTRAST, SHARE)
