"""The exercises of lesson 09, each with a reference made of plain loops and the mistakes that people make."""

import math
from typing import Any

import torch
from torch import Tensor

from a2u.lessons.exercises import Exercise, Mistake


def normalise_reference(logits: Tensor) -> Tensor:
    """softmax(σ(l)) over nine taps: (9, H, W) → (9, H, W), with loops over positions."""
    w = torch.zeros_like(logits)
    for i in range(logits.shape[1]):
        for j in range(logits.shape[2]):
            e = [math.exp(1 / (1 + math.exp(-float(v)))) for v in logits[:, i, j]]
            w[:, i, j] = torch.tensor([v / sum(e) for v in e])
    return w


def peakedness_reference(w: Tensor) -> Tensor:
    """1 − H/ln k² of kernels (k², H, W) → (H, W), with loops; 0 · ln 0 is 0."""
    return _peakedness(w)


def _peakedness(w: Tensor, base: float | None = None, flip: bool = False, sign: float = -1.0) -> Tensor:
    taps, height, width = w.shape
    out = torch.zeros(height, width)
    for i in range(height):
        for j in range(width):
            entropy = sign * sum(float(v) * math.log(float(v)) for v in w[:, i, j] if v > 0)
            even = entropy / math.log(base or taps)
            out[i, j] = even if flip else 1 - even
    return out


def correlation_reference(a: Tensor, b: Tensor) -> Tensor:
    """Pearson correlation with loops: (H, W) twice → a number in [−1, 1]."""
    x, y = a.flatten().tolist(), b.flatten().tolist()
    mx, my = sum(x) / len(x), sum(y) / len(y)
    together = sum((p - mx) * (q - my) for p, q in zip(x, y, strict=True))
    alone = sum((p - mx) ** 2 for p in x) * sum((q - my) ** 2 for q in y)
    return torch.tensor(together / math.sqrt(alone))


def _logits(generator: torch.Generator, number: int) -> tuple[Any, ...]:
    return (3 * torch.randn(9, 2 + number, 6 - number, generator=generator),)


def _weights(generator: torch.Generator, number: int) -> tuple[Any, ...]:
    taps = (9, 4, 9, 25, 9)[number]
    w = (2 * torch.randn(taps, 2 + number, 5, generator=generator)).softmax(0)
    w[:, 0, 0] = torch.eye(taps)[0]  # a kernel that takes one pixel as it is
    return (w,)


def _two_maps(generator: torch.Generator, number: int) -> tuple[Tensor, Tensor]:
    a, noise = (torch.rand(3 + number, 5, generator=generator) for _ in range(2))
    return a + 1, (0.5 - number / 4) * a + noise


NORMALISE = Exercise(
    "1 · From nine numbers to a kernel",
    normalise_reference,
    _logits,
    (
        Mistake("softmax alone", lambda x: x.softmax(0),
                "This is the softmax alone. The paper's better variant puts a sigmoid before it."),
        Mistake("sigmoid alone", lambda x: x.sigmoid(),
                "This is the sigmoid alone: the weights of a kernel do not sum to 1 yet."),
        Mistake("other order", lambda x: x.softmax(0).sigmoid(),
                "You take the softmax first. The sigmoid comes first, then the softmax of what it gives."),
        Mistake("wrong axis", lambda x: x.sigmoid().softmax(-1),
                "Your softmax runs over positions. The nine weights of one kernel lie along axis 0."),
        Mistake("divided by the sum", lambda x: x.sigmoid() / x.sigmoid().sum(0),
                "You divide by the sum. The softmax divides exp(·) by the sum of exp(·)."),
    ),
)  # fmt: skip

PEAKEDNESS = Exercise(
    "2 · How peaked is a kernel?",
    peakedness_reference,
    _weights,
    (
        Mistake("zero times infinity", lambda w: 1 + (w * w.log()).sum(0) / math.log(len(w)),
                "Where a weight is 0, 0 · log 0 became NaN. It counts as 0: torch.special.xlogy(w, w) knows that."),
        Mistake("evenness", lambda w: _peakedness(w, flip=True),
                "This is large for even kernels. Peakedness is one minus it."),
        Mistake("not scaled", lambda w: _peakedness(w, base=math.e),
                "The entropy of k² equal weights is ln k². Divide by it, so that they get exactly 0."),
        Mistake("always nine", lambda w: _peakedness(w, base=9.0),
                "You divide by ln 9 whatever the kernel. How many weights it has is len(w)."),
        Mistake("sign", lambda w: _peakedness(w, sign=1.0),
                "Entropy is minus the sum of w ln w: your sign is the other one."),
    ),
)  # fmt: skip

CORRELATION = Exercise(
    "3 · Do two maps rise and fall together?",
    correlation_reference,
    _two_maps,
    (
        Mistake("means left in", lambda a, b: (a * b).sum() / (a.square().sum() * b.square().sum()).sqrt(),
                "You forgot to subtract the means: two positive maps are then always alike."),
        Mistake("covariance", lambda a, b: ((a - a.mean()) * (b - b.mean())).mean(),
                "This is the covariance. Divide by both standard deviations, so that scale does not matter."),
        Mistake("absolute", lambda a, b: correlation_reference(a, b).abs(),
                "The sign is lost: a map that falls where the other rises has a negative correlation."),
        Mistake("squared", lambda a, b: correlation_reference(a, b) ** 2,
                "This is the square of the correlation, which has no sign any more."),
    ),
)  # fmt: skip

ALL = (NORMALISE, PEAKEDNESS, CORRELATION)
