"""The exercises of lesson 04, each with a reference made of plain loops and the mistakes that people make."""

import math

import torch
from torch import Tensor

from a2u.lessons.exercises import Exercise, Mistake, Numeric


def kernels_reference(logits: Tensor, ratio: int) -> Tensor:
    """w[t, r·i + a, r·j + b] = softmax over t of logits[t·r² + a·r + b, i, j]. (k²r², H, W) → (k², rH, rW)."""
    return _kernels(logits, ratio)


def _kernels(
    logits: Tensor, ratio: int, *, order: str = "tap", over: str = "taps", phases: str = "", taps: str = ""
) -> Tensor:
    channels, height, width = logits.shape
    r2 = ratio * ratio
    k2 = channels // r2
    k = math.isqrt(k2)
    if over == "channels":  # before the shuffle, over everything at a position
        logits = logits.softmax(dim=0)
    w = torch.zeros(k2, height * ratio, width * ratio)
    for t in range(k2):
        source = (t % k) * k + t // k if taps == "columns" else t
        for i in range(height * ratio):
            for j in range(width * ratio):
                a, b = (j % ratio, i % ratio) if phases == "swapped" else (i % ratio, j % ratio)
                phase = a * ratio + b
                channel = source * r2 + phase if order == "tap" else phase * k2 + source
                w[t, i, j] = logits[channel, i // ratio, j // ratio]
    if over == "taps":
        w = (w - w.amax(dim=0)).exp()
        w = w / w.sum(dim=0)
    elif over == "space":
        w = w.flatten(1).softmax(dim=1).view_as(w)
    elif over == "sigmoid":
        w = w.sigmoid()
    return w


def _kernels_case(generator: torch.Generator, number: int) -> tuple[Tensor, int]:
    ratio, k = (2, 2, 3, 2, 3)[number], (3, 5, 3, 2, 1)[number]
    return 2 * torch.randn(k * k * ratio**2, 2 + number % 2, 3, generator=generator), ratio


def count_reference(channels: int, ratio: int, k: int, k_enc: int, compressed: int) -> Tensor:
    """Learned values, counted layer by layer: weights, then biases."""
    outputs = k * k * ratio * ratio
    total = 0
    for inputs, made, side in ((channels, compressed, 1), (compressed, outputs, k_enc)):
        for _output in range(made):
            total += inputs * side * side
            total += 1  # its bias
    return torch.tensor(total)


def _count_case(generator: torch.Generator, number: int) -> tuple[int, int, int, int, int]:
    return ((64, 2, 5, 3, 64), (256, 2, 5, 3, 64), (32, 2, 1, 3, 16), (8, 3, 3, 1, 4), (128, 4, 5, 5, 32))[number]


def value_reference(x: Tensor, w: Tensor, ratio: int, i: int, j: int) -> Tensor:
    """Output (i, j) of every channel with loops: x (C, H, W), w (k², rH, rW) → (C,)."""
    return _value(x, w, ratio, i, j)


def _value(
    x: Tensor, w: Tensor, ratio: int, i: int, j: int, *, taps: str = "", clamp: bool = False, base: str = ""
) -> Tensor:
    (channels, height, width), k = x.shape, math.isqrt(len(w))
    p, q = (i, j) if base == "no ratio" else (i // ratio, j // ratio)
    at = (i // ratio, j // ratio) if base == "kernel" else (i, j)
    start = 0 if base == "corner" else k // 2
    y = torch.zeros(channels)
    for c in range(channels):
        for t in range(k * k):
            a, b = (t % k, t // k) if taps == "columns" else (t // k, t % k)
            row, column = p + a - start, q + b - start
            if clamp:
                row, column = min(max(row, 0), height - 1), min(max(column, 0), width - 1)
            if 0 <= row < height and 0 <= column < width:
                y[c] += w[t, at[0], at[1]] * x[c, row, column]
    return y


def _value_case(generator: torch.Generator, number: int) -> tuple[Tensor, Tensor, int, int, int]:
    ratio, k, channels = (2, 2, 3, 2, 2)[number], (3, 5, 3, 5, 3)[number], (4, 9, 4, 1, 3)[number]
    height, width = 5, 6
    x = torch.rand(channels, height, width, generator=generator)
    w = torch.randn(k * k, height * ratio, width * ratio, generator=generator).softmax(dim=0)
    return x, w, ratio, *((5, 6), (0, 3), (14, 17), (9, 1), (4, 11))[number]


RESHAPED = (
    "reshape keeps the numbers in their order: a row of your result is filled from one channel. The r² phases of a "
    "position belong into one block: F.pixel_shuffle deals them out so."
)

KERNELS = Exercise(
    "1 · From logits to kernels",
    kernels_reference,
    _kernels_case,
    (
        Mistake("taps and phases mixed", lambda g, r: _kernels(g, r, order="phase"),
                "Taps and phases are mixed up: channel t·r² + a·r + b holds tap t of phase (a, b), so the r² phases of "
                "one tap are neighbours. You read them as if the k² taps of one phase were."),
        Mistake("softmax before the shuffle", lambda g, r: _kernels(g, r, over="channels"),
                "You take the softmax over all k²r² channels at a position, so the r² kernels share one sum of 1. Sort "
                "them into kernels first, then take the softmax of each."),
        Mistake("softmax over the wrong axis", lambda g, r: _kernels(g, r, over="space"),
                "Your softmax runs over positions. What must sum to 1 are the k² taps of one output: dim 0."),
        Mistake("taps transposed", lambda g, r: _kernels(g, r, taps="columns"),
                "Your kernels are transposed: tap t is row t // k and column t % k of the window."),
        Mistake("phases swapped", lambda g, r: _kernels(g, r, phases="swapped"),
                "The phases are swapped: a counts down the rows, b along the columns."),
        Mistake("reshaped", lambda g, r: g.reshape(len(g) // r**2, g.shape[1] * r, -1).softmax(0), RESHAPED),
        Mistake("no softmax", lambda g, r: _kernels(g, r, over="nothing"),
                "The logits are in their places. Now make weights of them: a softmax over the taps."),
        Mistake("sigmoid", lambda g, r: _kernels(g, r, over="sigmoid"),
                "A sigmoid keeps each weight between 0 and 1, but does not make them sum to 1. Take a softmax."),
    ),
)  # fmt: skip

COUNT = Numeric(
    "2 · What CARAFE has to learn",
    count_reference,
    _count_case,
    (
        Mistake("bias forgotten", lambda c, r, k, e, m: torch.tensor(c * m + m * k * k * r * r * e * e),
                "The weights are right. Each of the two convolutions also has a bias for each of its outputs."),
        Mistake("one bias", lambda c, r, k, e, m: torch.tensor(c * m + m * k * k * r * r * (e * e) + k * k * r * r),
                "The bias of the compressing convolution is missing: C_m values more."),
        Mistake("no phases", lambda c, r, k, e, m: torch.tensor(c * m + m + m * k * k * e * e + k * k),
                "Each position makes a kernel for each of its r² outputs: k²r² values, not k²."),
        Mistake("not compressed", lambda c, r, k, e, m: torch.tensor(c * m + m + (c * e * e + 1) * k * k * r * r),
                "The encoder looks at the C_m compressed channels, not at all C."),
        Mistake("1×1 encoder", lambda c, r, k, e, m: torch.tensor(c * m + m + m * k * k * r * r + k * k * r * r),
                "The encoder is a k_enc×k_enc convolution: its weights come k_enc² times."),
    ),
)  # fmt: skip

VALUE = Exercise(
    "3 · One value of every channel",
    value_reference,
    _value_case,
    (
        Mistake("taps transposed", lambda x, w, r, i, j: _value(x, w, r, i, j, taps="columns"),
                "Your window or your kernel is transposed: tap t is row t // k and column t % k."),
        Mistake("wrong border", lambda x, w, r, i, j: _value(x, w, r, i, j, clamp=True),
                "At the border you repeat the edge. Here what lies outside the map counts as zero."),
        Mistake("kernel of the wrong place", lambda x, w, r, i, j: _value(x, w, r, i, j, base="kernel"),
                "Kernels live at the output's size: take w[:, i, j], not that of the window's centre."),
        Mistake("no ratio", lambda x, w, r, i, j: _value(x, w, r, i, j, base="no ratio"),
                "The window lies in the small map. Divide the output's row and column by the ratio first."),
        Mistake("wrong centre", lambda x, w, r, i, j: _value(x, w, r, i, j, base="corner"),
                "Your window begins at the centre. It should reach k // 2 to each side of it."),
        Mistake("first channel only", lambda x, w, r, i, j: _value(x[:1], w, r, i, j).expand(len(x)),
                "You give the value of channel 0 to all. The kernel is shared; each channel has a window of its own."),
    ),
)  # fmt: skip

ALL = (KERNELS, COUNT, VALUE)
