"""`a2u figure inspector`: one value of a trained network opens into wᵀz, and the kernel walks across an edge.

The network is `toy/a2u-hybrid-mnist`, which ships: an auto-encoder whose last upsampling stage, A²U, makes a kernel of
nine weights for every pixel of a digit. The animation lasts ten seconds and begins with a moment in which all is there,
so that its first frame, which is also the still picture, needs no motion.
"""

from collections.abc import Iterator
from functools import cache

import numpy as np
import torch

from a2u.commands.opening_picture import Moment, Opened, frame
from a2u.lessons.frame import Drawing
from a2u.plots import style
from a2u.plots.moving import Moving

NETWORK, STAGE = "a2u-hybrid", 2
DIGIT, CHANNEL = 13, 24  # the test digit, a 3, and a channel of its upsampled map in which it can be recognised
PLACE = (23, 14)  # on the upper edge of its lower stroke; all that is written there adds up as it is written
WALK = tuple((row, 14) for row in range(24, 31))  # from there down: into the stroke, over its lower edge, to paper
INK, EDGE = 0.9, 0.5  # a pixel darker than this is inside a stroke; neighbours that differ by more make an edge
TITLE = "A trained A²U kernel on an edge"
STEPS = 6  # frames of a patch that opens


@cache
def opened(row: int, column: int) -> Opened:
    """The value at (row, column) of the upsampled map, from the operator's own witness."""
    from a2u.lessons.see_the_kernels.explorer import images, network
    from a2u.reconstruction.kernels import stage_inputs

    digits = images()[DIGIT : DIGIT + 1]
    op, x, guide = stage_inputs(network(NETWORK), digits)[STAGE]
    with torch.no_grad():
        y = op(x, guide)
        t = op.witness(x, guide, at=(0, CHANNEL, row, column))
    side = round(len(t.w) ** 0.5)
    w, z = (vector.reshape(side, side).numpy() for vector in (t.w, t.z))
    corner = (int(t.where[0, 1]), int(t.where[0, 2]))
    return Opened(digits[0, 0].numpy(), x[0, CHANNEL].numpy(), y[0, CHANNEL].numpy(), w, z, corner,
                  (CHANNEL, row, column))  # fmt: skip


def story() -> Iterator[tuple[Moment, int]]:
    """Every moment of the animation and how many milliseconds it stays: ten seconds in all."""
    value = opened(*PLACE)
    yield Moment(value, "Every upsampled value is wᵀz: a kernel on a window, multiplied and added up."), 1800
    yield Moment(value, "Where does this value come from?", z=0, w=0, products=0), 850
    words = "From its window z, nine values of the small map …"
    for step in range(1, STEPS + 1):
        yield Moment(value, words, z=step / STEPS, w=0, products=0), 750 if step == STEPS else 60
    words = "… and its kernel w, nine weights that the network makes for this place on the edge."
    for step in range(1, STEPS + 1):
        yield Moment(value, words, w=step / STEPS, products=0), 1000 if step == STEPS else 60
    for count in range(1, 10):
        yield Moment(value, "Multiply, and add up.", products=count), 700 if count == 9 else 150
    for row, column in WALK:
        yield Moment(opened(row, column), _where(opened(row, column))), 700 if (row, column) == WALK[-1] else 400


def _where(value: Opened) -> str:
    """Where in the digit a value is, and what its kernel looks like."""
    row, column = value.at[1:]
    around = value.digit[row - 1 : row + 2, column - 1 : column + 2]
    outside = "on an edge" if np.ptp(around) > EDGE else "on blank paper"
    place = "inside the stroke" if value.digit[row, column] > INK else outside
    low, high = (style.number(float(weight)) for weight in (value.w.min(), value.w.max()))
    weights = f"all nine weights are {low}" if low == high else f"weights from {low} to {high}"
    return f"One pixel further down, {place}: {weights}."


def opening() -> Drawing:
    """The first moment: a trained kernel on the edge of a digit, opened into wᵀz, with all that is written there."""
    from a2u import pretrained

    first, _ = next(story())
    value = first.value
    written = {name: " ".join(style.number(float(each)) for each in values.ravel())
               for name, values in (("z", value.z), ("w", value.w), ("w ∘ z", value.products))}  # fmt: skip
    alt = (
        "A handwritten 3 in a trained auto-encoder, one value on the edge of a stroke opened: the 3×3 window z on the "
        "16×16 map, the kernel w that A²U made for this place, their nine products, and their sum "
        f"{style.number(value.value)} in the 32×32 output."
    )
    numbers = ";  ".join(f"{name}: {text}" for name, text in written.items())
    training = pretrained.card(f"toy/{NETWORK}-mnist").training
    return Drawing(frame(first, TITLE), alt, f"{numbers};  sum {style.number(value.value)}\n{training}")


def animation() -> bytes:
    """The whole story as WebP, without loss and without end; equal moments give equal bytes."""
    return Moving([(frame(each, TITLE), stay) for each, stay in story()], 0, opening().alt).webp()
