"""The exercises of lesson 00: copy values, and make the four outputs of a block from their window and kernels."""

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


def block_reference(z: Tensor, w: Tensor) -> Tensor:
    """The four outputs of a 2×2 block with loops: window (n,), kernels (4, n) in reading order → (2, 2)."""
    y = z.new_zeros(2, 2)
    for phase in range(4):
        for tap in range(len(z)):
            y[phase // 2, phase % 2] += w[phase, tap] * z[tap]
    return y


def _spread(x: Tensor) -> Tensor:
    y = x.new_zeros(2 * x.shape[0], 2 * x.shape[1])
    y[::2, ::2] = x
    return y


def _nearest_case(generator: torch.Generator, number: int) -> tuple[Tensor]:
    return (torch.rand(2 + number, 5 - number // 2, generator=generator),)


def _block_case(generator: torch.Generator, number: int) -> tuple[Tensor, Tensor]:
    taps = (4, 1, 9, 16, 25)[number]
    return torch.rand(taps, generator=generator), torch.randn(4, taps, generator=generator)


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

BLOCK = Exercise(
    "2 · One block, opened",
    block_reference,
    _block_case,
    (
        Mistake("products", lambda z, w: (w * z).view(2, 2, -1),
                "These are the products. Each output is the sum of those of its kernel."),
        Mistake("mean", lambda z, w: (w * z).mean(dim=1).view(2, 2),
                "You take the mean of the products. wᵀz is their sum: the weights say how much each value counts."),
        Mistake("columns", lambda z, w: (w @ z).view(2, 2).T,
                "You fill the block column by column. The second kernel belongs to the upper right output."),
        Mistake("one kernel", lambda z, w: (w[0] @ z).expand(2, 2),
                "All four outputs use the first kernel, so the block is flat. Each output has a row of its own in w."),
        Mistake("a list", lambda z, w: w @ z,
                "The four values are right, in a row. Lay them out as a block: two rows of two."),
    ),
)  # fmt: skip

ALL = (NEAREST, BLOCK)
