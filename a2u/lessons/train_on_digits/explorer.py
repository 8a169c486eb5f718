"""Lesson 08: the nine networks of Table 1 after one pass over MNIST, what they copy, and one value of each, opened."""

import math
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

from a2u import pretrained
from a2u.data import load, to_float32x32
from a2u.lessons.frame import Drawing, Panel, choice, slider
from a2u.lessons.train_on_digits.picture import OpenedValue, copied
from a2u.operators import Upsampler
from a2u.plots import style
from a2u.reconstruction import ROWS
from a2u.reconstruction.kernels import stage_inputs

IMAGES, CHANNELS = 24, 32  # test digits to look at; channels of the last upsampling
WIDE = 860  # pixels: the picture is as high as fits a laptop's screen together with its controls


class Seen(NamedTuple):
    """What one network makes of all digits: copies, and its last upsampling with its input, guide and output."""

    copies: Tensor  # N 1 32 32
    op: Upsampler
    x: Tensor  # N C 16 16
    guide: Tensor | None  # N C 32 32
    y: Tensor  # N C 32 32
    channels: list[int]  # from the one that varies most to the one that varies least


def available() -> list[str]:
    """The rows of Table 1 whose MNIST weights are installed."""
    return [name for name in ROWS if f"toy/{name}-mnist" in pretrained.names()]


@cache
def images() -> Tensor:
    """The first test digits, Tensor[24, 1, 32, 32]; no network has trained on them."""
    return to_float32x32(load("mnist", "test"))[:IMAGES]


@cache
def seen(name: str) -> Seen:
    """The network of one row, and everything in it that the pictures need."""
    model = pretrained.load_pretrained(f"toy/{name}-mnist")[0]
    op, x, guide = stage_inputs(model, images())[-1]
    with torch.no_grad():
        copies, y = model(images()), op(x, guide)
    order = y.std(dim=(0, 2, 3)).argsort(descending=True)
    return Seen(copies, op, x, guide if op.card.needs_guide else None, y, order.tolist())


def psnr(name: str, image: int) -> float:
    """PSNR of one digit's copy, in dB: of the mean squared error over its 32×32 pixels."""
    error = (seen(name).copies[image] - images()[image]).double().square().mean()
    return -10 * math.log10(float(error))


def weights(name: str, image: int, row: int, column: int, channel: int = 0) -> Tensor:
    """w of one value of the last upsampling; channels are numbered from the busiest to the quietest."""
    return _opened(name, image, row, column, channel)[0]


def _opened(name: str, image: int, row: int, column: int, channel: int) -> tuple[Tensor, Tensor, Tensor]:
    all_ = seen(name)
    t = all_.op.witness(all_.x, all_.guide, at=(image, all_.channels[channel], row, column))
    return t.w.detach(), t.z.detach(), t.where


def explorer(operator: str = "a2u", image: int = 0, row: int = 9, column: int = 12) -> Panel:
    """What each network copies, and one value of its last upsampling."""

    def draw(operator: str, image: int, channel: int, row: int, column: int) -> Drawing:
        found = seen(operator)
        w, z, where = _opened(operator, image, row, column, channel)
        c = found.channels[channel]
        title, score = ROWS[operator].title, f"{psnr(operator, image):.1f} dB"
        guide = None if found.guide is None else found.guide[image, c % found.guide.shape[1]]
        value = OpenedValue(found.x[image], found.y[image], w, z, where.numpy().astype(int), (c, row, column))
        fig = copied(images()[image, 0], found.copies[image, 0], guide, value, title=title, score=f"this digit {score}")
        taps = "one weight" if len(w) == 1 else f"{len(w)} weights"
        low, high, total = (style.number(float(v)) for v in (w.min(), w.max(), w.sum()))
        alt = (
            f"{title}: digit {image}, its copy at {score}, the error, what the encoder hands over; below, the value "
            f"in channel {c}, row {row}, column {column} of the last upsampling, the sum of {taps} times a window."
        )
        span = f"w = {low}" if len(w) == 1 else f"{taps}, {low} … {high}, sum {total}"
        y = style.number(float(w @ z), 3)
        card = pretrained.card(f"toy/{operator}-mnist")
        says = f"This digit {score}. {card.training}\ny[{c}, {row}, {column}] = wᵀz = {y};  w: {span}"
        return Drawing(fig, alt, says)

    controls = {
        "operator": choice([(ROWS[name].title, name) for name in available()], operator, "operator"),
        "image": slider(0, IMAGES - 1, image, "digit"),
        "channel": slider(0, CHANNELS - 1, 0, "channel"),
        "row": slider(0, 31, row, "row"),
        "column": slider(0, 31, column, "column"),
    }
    return Panel(draw, width=WIDE, **controls)
