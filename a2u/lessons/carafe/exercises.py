"""The exercises of lesson 04, each with a reference made of plain loops and the mistakes that people make."""

import math

import torch
from torch import Tensor

from a2u.lessons.design import Design, Rule
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


def pays_reference(ratio: int, k: int, k_enc: int, compressed: int) -> Tensor:
    """The smallest C with fewer learned values in two steps than in one, both counted layer by layer."""
    outputs, channels = k * k * ratio * ratio, 1
    while count(channels, outputs, k_enc, compressed) >= (channels * k_enc * k_enc + 1) * outputs:
        channels += 1
    return torch.tensor(channels)


def count(channels: int, outputs: int, k_enc: int, compressed: int) -> int:
    """The learned values of both convolutions of CARAFE: weights, and a bias for each output."""
    return (channels + 1) * compressed + (compressed * k_enc * k_enc + 1) * outputs


def _pays(ratio: int, k: int, k_enc: int, compressed: int, *, bias: int = 1, area: int | None = None) -> Tensor:
    """The same, from the inequality: C > (C_m + C_m·K·k_enc²) / (K·k_enc² − C_m) with K = k²r²."""
    each = k * k * ratio * ratio * (k_enc * k_enc if area is None else area)
    return torch.tensor((bias * compressed + compressed * each) // (each - compressed) + 1)


def _pays_case(generator: torch.Generator, number: int) -> tuple[int, int, int, int]:
    return ((2, 5, 3, 64), (2, 1, 1, 3), (3, 3, 3, 16), (2, 5, 1, 16), (2, 3, 3, 24))[number]


def normalise_reference(logits: Tensor) -> Tensor:
    """Twice the softmax minus the box: sums to 1, and is negative where the softmax is below half the box."""
    weights = [math.exp(float(v - logits.max())) for v in logits]
    return torch.tensor([2 * v / sum(weights) - 1 / len(weights) for v in weights])


def _normalise_case(generator: torch.Generator, number: int) -> tuple[Tensor]:
    return (torch.randn((9, 25, 4, 9, 16)[number], generator=generator) * (3, 2, 4, 0, 3)[number],)


def _in_order(w: Tensor, logits: Tensor) -> bool:
    larger = logits[:, None] > logits[None, :]
    return bool((w[:, None] - w[None, :])[larger].ge(-1e-6).all())


def _one_hot(logits: Tensor) -> Tensor:
    w = torch.zeros_like(logits)
    w[logits.argmax()] = 1
    return w


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
    "position belong into one block: F.pixel_shuffle puts them there."
)

KERNELS = Exercise(
    "1 · Find the bug",
    kernels_reference,
    _kernels_case,
    (
        Mistake("taps and phases mixed", lambda g, r: _kernels(g, r, order="phase"),
                "Taps and phases are mixed up: channel t·r² + a·r + b holds tap t of phase (a, b), so the r² phases of "
                "one tap are neighbours. You read them as if the k² taps of one phase were."),
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
    given=lambda logits, ratio: _kernels(logits, ratio, over="channels"),
)  # fmt: skip

PAYS = Numeric(
    "2 · When does compressing pay?",
    pays_reference,
    _pays_case,
    (
        Mistake("biases forgotten", lambda r, k, e, m: _pays(r, k, e, m, bias=0),
                "The compressing convolution also has C_m biases; one step does without them."),
        Mistake("last that does not", lambda r, k, e, m: pays_reference(r, k, e, m) - 1,
                "That is the last C for which it does not pay. Asked is the first for which it does."),
        Mistake("not compressed", lambda r, k, e, m: m + 1,
                "Having fewer channels between the steps is not yet a saving: count both convolutions."),
        Mistake("encoder 1×1", lambda r, k, e, m: _pays(r, k, e, m, area=1),
                "The second convolution is k_enc×k_enc, and so is the single one: both have k_enc² weights for each "
                "pair of channels."),
        Mistake("no phases", lambda r, k, e, m: _pays(1, k, e, m) if k * k * e * e > m else torch.tensor(-1),
                "Each position makes a kernel for each of its r² outputs: k²r² numbers, not k²."),
    ),
)  # fmt: skip

SHARP = Design(
    "3 · Weights that can sharpen",
    normalise_reference,
    _normalise_case,
    (
        Rule("size", lambda w, logits: w.shape == logits.shape,
             "There is a weight for each logit: return a tensor of the same shape.",
             lambda logits: logits.softmax(0)[:-1]),
        Rule("the sum is 1", lambda w, logits: abs(float(w.sum()) - 1) < 1e-4,
             "The weights must add up to 1, so that a flat map stays flat.",
             lambda logits: 2 * logits.softmax(0)),
        Rule("in order", _in_order,
             "A larger logit must not get a smaller weight.",
             lambda logits: (-logits).softmax(0)),
        Rule("equal logits, equal weights",
             lambda w, logits: bool((logits != logits[0]).any()) or bool(torch.allclose(w, w[:1].expand_as(w))),
             "Where all logits are equal, all weights must be equal too: 1/n each.",
             _one_hot),
        Rule("some are negative", lambda w, logits: float(w.min()) < -1e-3 or float(logits.max() - logits.min()) < 2,
             "No weight is below zero: this is an average, and averages cannot overshoot. Logits that differ clearly "
             "must give some negative weights.",
             lambda logits: logits.softmax(0)),
    ),
    kind="w",
)  # fmt: skip

VALUE = Exercise(
    "4 · One value of every channel",
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

ALL = (KERNELS, PAYS, SHARP, VALUE)
