"""What the first lesson shows of every operator: the kernel it uses for one and the same output value."""

from typing import Any

import numpy as np
import torch

from a2u.lessons.frame import Drawing
from a2u.lessons.inspector import example
from a2u.lessons.start_here.picture import operator_map
from a2u.operators import card, names
from a2u.operators.witness import MAP

SIDE = 5  # of the neighbourhood that is shown
AT = (0, 0, 8, 6)  # sample, channel, row and column: on the stroke of the shared digit, and a maximum of its block


def example_kernels(at: tuple[int, int, int, int] = AT) -> dict[str, Any]:
    """By operator, the weights behind one value of the shared map upsampled ×2: arrays 5×5 around its source value.

    Operators that learn have random weights. Of a kernel that spans all channels, the taps in the output's own
    channel are shown, and of a larger one its middle.
    """
    found = {}
    for name in names():
        op, x, guide, _ = example(name, 2)
        witness = op.witness(x, guide, at=at)
        grid = np.zeros((SIDE, SIDE))
        offsets = witness.where - torch.tensor([at[1], at[2] // 2 - SIDE // 2, at[3] // 2 - SIDE // 2])
        mine = witness.source == MAP  # a tap on the guide has no place among those on x
        for weight, (channel, row, column) in zip(witness.w[mine].tolist(), offsets[mine].tolist(), strict=True):
            if channel == 0 and 0 <= row < SIDE and 0 <= column < SIDE:
                grid[row, column] = weight
        found[name] = grid
    return found


def overview() -> Drawing:
    """The map of all registered operators with the kernel of each."""
    cards = [card(name) for name in names()]
    alt = "A tree from y = wᵀz to every operator, sorted by where its kernel w comes from: " + "; ".join(
        f"{family}, order {order}: "
        + ", ".join(each.title for each in cards if (each.family, each.order) == (family, order))
        for family, order in dict.fromkeys((each.family, each.order) for each in cards)
    )
    return Drawing(operator_map(cards, example_kernels()), alt + ".")
