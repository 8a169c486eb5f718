"""The exercises of lesson 00: copy values, mend the sum behind a block, and design a kernel."""

import torch
from torch import Tensor

from a2u.lessons.design import Design, Rule
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


def kernel_reference() -> Tensor:
    """[1, 2, 1] along both axes, divided by 16."""
    return torch.tensor([[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]) / 16


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
    "2 · Find the bug",
    block_reference,
    _block_case,
    (
        Mistake("products", lambda z, w: (w * z).view(2, 2, -1),
                "These are the products. Each output is the sum of those of its kernel."),
        Mistake("columns", lambda z, w: (w @ z).view(2, 2).T,
                "You fill the block column by column. The second kernel belongs to the upper right output."),
        Mistake("one kernel", lambda z, w: (w[0] @ z).expand(2, 2),
                "All four outputs use the first kernel, so the block is flat. Each output has a row of its own in w."),
        Mistake("a list", lambda z, w: w @ z,
                "The four values are right, in a row. Lay them out as a block: two rows of two."),
    ),
    given=lambda z, w: (w * z).mean(dim=1).view(2, 2),
)  # fmt: skip

KERNEL = Design(
    "3 · A kernel of your own",
    kernel_reference,
    lambda generator, number: (),
    (
        Rule("size", lambda w: w.shape == (3, 3),
             "The kernel has three rows and three columns.",
             lambda: torch.full((9,), 1 / 9)),
        Rule("the sum is 1", lambda w: abs(float(w.sum()) - 1) < 1e-4,
             "The nine weights add up to 1, so that a flat map stays flat. Divide them by their sum.",
             lambda: 16 * kernel_reference()),
        Rule("nothing negative", lambda w: bool((w >= 0).all()),
             "No weight is below zero.",
             lambda: torch.tensor([[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]])),
        Rule("the middle is largest", lambda w: bool((w[1, 1] > w.flatten()[[0, 1, 2, 3, 5, 6, 7, 8]]).all()),
             "The weight in the middle is larger than every other one.",
             lambda: torch.full((3, 3), 1 / 9)),
        Rule("symmetric", lambda w: bool(torch.allclose(w, w.flip(0)) and torch.allclose(w, w.flip(1))),
             "Flipped upside down or left to right, the kernel must stay the same.",
             lambda: torch.tensor([[0.2, 0, 0], [0, 0.8, 0], [0, 0, 0]])),
    ),
    kind="w",
)  # fmt: skip

ALL = (NEAREST, BLOCK, KERNEL)
