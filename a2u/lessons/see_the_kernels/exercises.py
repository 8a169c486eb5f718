"""The exercises of lesson 09: a bug hunt, a design task and a measure, with the mistakes that people make."""

import math
from typing import Any

import torch
from torch import Tensor

from a2u.lessons.design import Design, Rule
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


def aside_reference(down: int, right: int) -> Tensor:
    """The nine numbers whose softmax(σ(·)) leans farthest to a side: +50 on it, −50 elsewhere."""
    return torch.tensor([50.0 if i * down + j * right == 1 else -50.0 for i in (-1, 0, 1) for j in (-1, 0, 1)])


def centre(logits: Tensor, down: int, right: int) -> tuple[float, float]:
    """The centre of mass of softmax(σ(logits)), in pixels: towards the side, and across it."""
    w = logits.double().sigmoid().softmax(0).view(3, 3)
    places = torch.tensor([-1.0, 0, 1], dtype=torch.float64)
    below, beside = float(w.sum(1) @ places), float(w.sum(0) @ places)
    return below * down + beside * right, below * right + beside * down


def _logits(generator: torch.Generator, number: int) -> tuple[Any, ...]:
    return (3 * torch.randn(9, 2 + number, 6 - number, generator=generator),)


def _weights(generator: torch.Generator, number: int) -> tuple[Any, ...]:
    taps = (9, 4, 9, 25, 9)[number]
    w = (2 * torch.randn(taps, 2 + number, 5, generator=generator)).softmax(0)
    w[:, 0, 0] = torch.eye(taps)[0]  # a kernel that takes one pixel as it is
    return (w,)


def _side(generator: torch.Generator, number: int) -> tuple[int, int]:
    return ((0, 1), (0, -1), (1, 0), (-1, 0), (0, 1))[number]


def _leaning(near: float, middle: float, far: float) -> Any:
    """An answer that gives one number to the side, one to the middle line, one to the opposite side."""
    numbers = {1: near, 0: middle, -1: far}

    def answer(down: int, right: int) -> Tensor:
        return torch.tensor([numbers[i * down + j * right] for i in (-1, 0, 1) for j in (-1, 0, 1)])

    return answer


def _slanting(down: int, right: int) -> Tensor:
    """Leans to the side, and a little across: one of the three taps has less."""
    numbers = aside_reference(down, right)
    numbers[numbers.argmax()] = 4.0
    return numbers


NORMALISE = Exercise(
    "1 · Find the bug: from nine numbers to a kernel",
    normalise_reference,
    _logits,
    (
        Mistake("softmax alone", lambda x: x.softmax(0),
                "This is the softmax alone. The paper's better variant puts a sigmoid before it."),
        Mistake("sigmoid alone", lambda x: x.sigmoid(),
                "This is the sigmoid alone: the weights of a kernel do not sum to 1 yet."),
        Mistake("other order", lambda x: x.softmax(0).sigmoid(),
                "You take the softmax first. The sigmoid comes first, then the softmax of what it gives."),
        Mistake("columns", lambda x: x.sigmoid().softmax(1),
                "Your softmax runs over positions. The nine weights of one kernel lie along axis 0."),
        Mistake("divided by the sum", lambda x: x.sigmoid() / x.sigmoid().sum(0),
                "You divide by the sum. The softmax divides exp(·) by the sum of exp(·)."),
    ),
    given=lambda x: x.sigmoid().softmax(-1),
)  # fmt: skip

PEAKEDNESS = Exercise(
    "3 · How peaked is a kernel?",
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

ASIDE = Design(
    "2 · Design: a kernel that looks to one side",
    aside_reference,
    _side,
    (
        Rule("nine numbers", lambda x, *side: x.shape == (9,),
             "Return nine numbers in one row, one for each tap, as a tensor (9,).",
             lambda *side: aside_reference(*side).view(3, 3)),
        Rule("leans far enough", lambda x, *side: centre(x, *side)[0] >= 0.36,
             "The centre of mass is less than 0.36 pixels to the side. Only the three taps of that side should have "
             "a sigmoid of nearly 1; a logit of 0 has ½ already.",
             _leaning(50.0, 0.0, -50.0)),
        Rule("does not lean across", lambda x, *side: abs(centre(x, *side)[1]) <= 0.001,
             "It also leans across: the three taps of the side should be alike.",
             _slanting),
    ),
)  # fmt: skip

ALL = (NORMALISE, ASIDE, PEAKEDNESS)
