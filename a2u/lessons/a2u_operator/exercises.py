"""The exercises of lesson 07: kernels from affinities and P, how far they reach, a P that leans.

References are plain loops and sums and use nothing of the library.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from a2u.lessons.design import Design, Rule
from a2u.lessons.exercises import Exercise, Mistake, Numeric, one_kernel

TAPS, RATIO = 9, 2  # s² and r of the paper's matting network


def kernels_reference(affinity: Tensor, p: Tensor, ratio: int) -> Tensor:
    """softmax(σ(P·affinity)) by phases. affinity (d, H, W), p (s²·r², d), row tap·r² + phase → (s², rH, rW)."""
    taps = len(p) // ratio**2
    w = affinity.new_zeros(taps, affinity.shape[1] * ratio, affinity.shape[2] * ratio)
    for i in range(w.shape[1]):
        for j in range(w.shape[2]):
            phase, seen = i % ratio * ratio + j % ratio, affinity[:, i // ratio, j // ratio]
            odds = [math.exp(1 / (1 + math.exp(-float(p[t * ratio**2 + phase] @ seen)))) for t in range(taps)]
            for t in range(taps):
                w[t, i, j] = odds[t] / sum(odds)
    return w


def _logits(affinity: Tensor, p: Tensor) -> Tensor:
    return torch.einsum("md,dhw->mhw", p, affinity)


def _phases_swapped(affinity: Tensor, p: Tensor, ratio: int) -> Tensor:
    p = p.unflatten(0, (-1, ratio, ratio)).transpose(1, 2).flatten(0, 2)
    return kernels_reference(affinity, p, ratio)


def _too_early(affinity: Tensor, p: Tensor, ratio: int) -> Tensor:
    return F.pixel_shuffle(_logits(affinity, p).sigmoid().softmax(dim=0), ratio)


def _reshaped(affinity: Tensor, p: Tensor, ratio: int) -> Tensor:
    logits = _logits(affinity, p).reshape(len(p) // ratio**2, affinity.shape[1] * ratio, -1)
    return logits.sigmoid().softmax(dim=0)


def _over_rows(affinity: Tensor, p: Tensor, ratio: int) -> Tensor:
    return F.pixel_shuffle(_logits(affinity, p), ratio).sigmoid().softmax(dim=1)


def _no_sigmoid(affinity: Tensor, p: Tensor, ratio: int) -> Tensor:
    return F.pixel_shuffle(_logits(affinity, p), ratio).softmax(dim=0)


def _no_softmax(affinity: Tensor, p: Tensor, ratio: int) -> Tensor:
    return F.pixel_shuffle(_logits(affinity, p), ratio).sigmoid()


def _kernels_case(generator: torch.Generator, number: int) -> tuple[Tensor, Tensor, int]:
    d, ratio, s = (2, 2, 3, 2, 2)[number], (2, 3, 2, 2, 3)[number], (3, 3, 2, 5, 3)[number]
    affinity = torch.randn(d, 2 + number % 2, 4 - number % 3, generator=generator, dtype=torch.float64)
    return affinity, torch.randn(s * s * ratio**2, d, generator=generator, dtype=torch.float64), ratio


def _phases_first(affinity: Tensor, p: Tensor, ratio: int) -> Tensor:
    """The code that the learner is handed: it reads row phase·s² + tap of P."""
    p = p.unflatten(0, (ratio**2, -1)).transpose(0, 1).flatten(0, 1)
    return kernels_reference(affinity, p, ratio)


def reach_reference(ones: int, taps: int) -> Tensor:
    """The largest Σ w of `ones` taps when w = softmax(σ(·)) over `taps`: their sigmoids at 1, all others at 0."""
    odds = [math.e] * ones + [1.0] * (taps - ones)
    return torch.tensor(sum(odds[:ones]) / sum(odds), dtype=torch.float64)


def _reach_case(_generator: torch.Generator, number: int) -> tuple[int, int]:
    return ((3, 9), (6, 9), (1, 9), (10, 25), (2, 4))[number]


def lean_reference(strength: float) -> Tensor:
    """P (36,), row tap·4 + phase, whose kernels lean to the side on which their output lies."""
    del strength
    found = torch.zeros(TAPS, RATIO**2, dtype=torch.float64)
    for tap in range(TAPS):
        for phase in range(RATIO**2):
            (row, column), (a, b) = divmod(tap, 3), divmod(phase, RATIO)
            found[tap, phase] = (row - 1) * (2 * a - 1) + (column - 1) * (2 * b - 1)
    return found.flatten()


def _lean_case(_generator: torch.Generator, number: int) -> tuple[float]:
    return ((1.0, 0.5, 2.0, 4.0, 0.1)[number],)


def _made(p: Tensor, strength: float) -> Tensor:
    """The kernels of the four phases (2a + b): Tensor[4, 3, 3]."""
    return (strength * p.view(TAPS, RATIO**2)).sigmoid().softmax(dim=0).T.reshape(RATIO**2, 3, 3)


def _means(p: Tensor, strength: float, axis: int) -> Tensor:
    """Mean row (axis 1) or column (axis 2) of each kernel, from −1 to 1: Tensor[4]."""
    kernels = _made(p, strength)
    return (kernels.sum(dim=3 - axis) * torch.tensor([-1.0, 0.0, 1.0], dtype=kernels.dtype)).sum(dim=1)


def _mirrored(p: Tensor, strength: float) -> bool:
    w = _made(p, strength).unflatten(0, (RATIO, RATIO))  # a, b, rows, columns
    upright = torch.allclose(w[0], w[1].flip(1), atol=1e-7)
    return bool(upright and torch.allclose(w[:, 0], w[:, 1].flip(2), atol=1e-7))


def _rows_only() -> Tensor:
    """Leans up or down, and not to a side."""
    found = torch.zeros(3, 3, RATIO, RATIO, dtype=torch.float64)
    found[0, :, 0], found[2, :, 1] = 1.0, 1.0
    return found.flatten()


def _uneven(strength: float) -> Tensor:
    """Phase (0, 0) leans more than the others."""
    return (lean_reference(strength).view(TAPS, RATIO**2) * torch.tensor([2.0, 1.0, 1.0, 1.0])).flatten()


KERNELS = Exercise(
    "1 · Find the bug: kernels from affinities",
    kernels_reference,
    _kernels_case,
    (
        Mistake("phases swapped", _phases_swapped,
                "The two halves of the phase are swapped: phase = (row mod r)·r + (column mod r)."),
        Mistake("normalised before the shuffle", _too_early,
                "You normalise all s²·r² values of a position together. Each of its r² kernels sums to 1: shuffle "
                "first, then the softmax."),
        Mistake("reshaped", _reshaped,
                "reshape keeps the numbers in their order: a row of your result is filled from one channel. The r² "
                "phases of a position belong in one block: F.pixel_shuffle puts them there."),
        Mistake("wrong axis", _over_rows,
                "Your softmax runs over the rows of the map. It runs over the taps of one kernel: dim=0."),
        Mistake("no sigmoid", _no_sigmoid, "The sigmoid before the softmax is missing."),
        Mistake("no softmax", _no_softmax, "The softmax is missing: the weights of a kernel should add up to 1."),
        Mistake("softmax first", lambda a, p, r: F.pixel_shuffle(_logits(a, p), r).softmax(dim=0).sigmoid(),
                "The order is the other way round: first the sigmoid, then the softmax, so that a kernel sums to 1."),
        Mistake("divided by the sum", lambda a, p, r: F.normalize(_no_softmax(a, p, r), p=1, dim=0),
                "You divide the sigmoids by their sum. The softmax divides exp(·) by the sum of exp(·)."),
        Mistake("forgot the sum over ranks", lambda a, p, r: kernels_reference(a[:1], p[:, :1], r),
                "You use the first affinity only. P mixes all d of them: a sum over the rank."),
    ),
    kind="w",
    view=one_kernel,
    given=_phases_first,
)  # fmt: skip

REACH = Numeric(
    "2 · Estimate, then measure: how white does white stay?",
    reach_reference,
    _reach_case,
    (
        Mistake("nearest neighbour", lambda m, n: 1.0,
                "That is what nearest neighbour or a softmax alone can reach. With the sigmoid before it, every tap "
                "keeps some weight."),
        Mistake("plain mean", lambda m, n: m / n,
                "That is the output for equal weights, at an affinity of 0. Let the ones weigh more."),
        Mistake("one tap", lambda m, n: math.e / (math.e + n - 1),
                "That is the largest weight of a single tap. All the ones may have a large weight together."),
        Mistake("sum of single limits", lambda m, n: m * math.e / (math.e + n - 1),
                "You add up the limit of a single tap. The taps cannot all reach it at once: the weights sum to 1."),
        Mistake("zeros favoured", lambda m, n: m / (m + math.e * (n - m)),
                "That is the smallest output: the zeros have the sigmoids of 1."),
        Mistake("one half", lambda m, n: m * math.e**0.5 / (m * math.e**0.5 + n - m),
                "You compare sigmoids of 1 and ½. Large logits of both signs give 1 and 0."),
    ),
)  # fmt: skip

LEAN = Design(
    "3 · Design a P that leans",
    lean_reference,
    _lean_case,
    (
        Rule("36 finite numbers", lambda p, strength: p.numel() == TAPS * RATIO**2 and bool(p.isfinite().all()),
             "P has nine taps for each of four phases: 36 numbers.",
             lambda strength: lean_reference(strength)[:TAPS]),
        Rule("rows lean", lambda p, strength: bool(
            (_means(p, strength, 1)[:2] < 0).all() and (_means(p, strength, 1)[2:] > 0).all()),
             "The mean row should lie above the centre for phases 0 and 1 (a = 0), and below it for phases 2 and 3. "
             "Is the phase the index that runs fastest in your P?",
             lambda strength: -lean_reference(strength)),
        Rule("columns lean", lambda p, strength: bool(
            (_means(p, strength, 2)[::2] < 0).all() and (_means(p, strength, 2)[1::2] > 0).all()),
             "The mean column should lie left of the centre for phases 0 and 2 (b = 0), and right of it for 1 and 3.",
             lambda strength: _rows_only()),
        Rule("mirror images", _mirrored,
             "Reverse the rows of a kernel of a = 0: that should be the kernel of a = 1 with the same b; and the same "
             "for columns and b.",
             _uneven),
    ),
)  # fmt: skip

ALL = (KERNELS, REACH, LEAN)
