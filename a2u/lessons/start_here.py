"""The exercise of lesson 00."""

import torch
from torch import Tensor

from a2u.lessons.exercises import Exercise, Mistake


def nearest_reference(x: Tensor) -> Tensor:
    """Nearest neighbour ×2 with loops: (H, W) → (2H, 2W)."""
    y = x.new_zeros(2 * x.shape[0], 2 * x.shape[1])
    for row in range(y.shape[0]):
        for column in range(y.shape[1]):
            y[row, column] = x[row // 2, column // 2]
    return y


def _spread(x: Tensor) -> Tensor:
    y = x.new_zeros(2 * x.shape[0], 2 * x.shape[1])
    y[::2, ::2] = x
    return y


def _nearest_case(generator: torch.Generator, number: int) -> tuple[Tensor]:
    return (torch.rand(2 + number, 5 - number // 2, generator=generator),)


NEAREST = Exercise(
    "1 · Nearest neighbour, ×2",
    nearest_reference,
    _nearest_case,
    (
        Mistake("tiled", lambda x: x.repeat(2, 2),
                "You put four copies of the whole map side by side. Repeat each value where it stands instead."),
        Mistake("holes", _spread,
                "You put each value into one corner of its 2×2 block and left zeros. All four places take its value."),
        Mistake("blended", lambda x: torch.nn.functional.interpolate(
                    x[None, None], scale_factor=2, mode="bilinear", align_corners=False)[0, 0],
                "You blend neighbours, which is bilinear. Nearest neighbour only copies."),
    ),
)  # fmt: skip
