"""The exercises of lesson 07: kernels from affinities and P, parameters of a preset, IndexNet as a special case.

References are plain loops and sums and use nothing of the library.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from a2u.lessons.exercises import Exercise, Mistake, Numeric, one_kernel

TAPS, ENCODER, RATIO = 9, 5, 2  # s², k_en, r of the paper's matting network


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


def _phase_major(affinity: Tensor, p: Tensor, ratio: int) -> Tensor:
    p = p.unflatten(0, (ratio**2, -1)).transpose(0, 1).flatten(0, 1)
    return kernels_reference(affinity, p, ratio)


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


def parameters_reference(channels: int, mode: str, share: str, pointwise: bool) -> Tensor:
    """Learned numbers of an upsampling A²U with d = 1, s = 3, k_en = 5, r = 2."""
    return _count(channels, mode, share, pointwise)


def _count(channels: int, mode: str, share: str, pointwise: bool, *, bias: int = 1, sides: int = 2,
           rows: int | None = None, sets: int | None = None, pooled: bool = False,
           side: int = ENCODER, of_static: int = 0) -> Tensor:  # fmt: skip
    width = channels if share == "none" else 1
    sets = sets or (RATIO**2 if pointwise else 1)
    rows = rows or TAPS * (1 if pointwise else RATIO**2)
    generated = channels + bias
    filters = sets * width * (generated if mode == "dynamic" else side**2 + of_static)
    if pooled and mode == "dynamic":
        filters = sets * width * ENCODER**2 * generated
    return torch.tensor(sides * filters + rows * (1 if mode == "static" else generated))


def _parameters_case(generator: torch.Generator, number: int) -> tuple[int, str, str, bool]:
    return (
        (64, "static", "none", False),
        (64, "static", "none", True),
        (128, "hybrid", "none", False),
        (256, "dynamic", "none", False),
        (64, "dynamic", "channels", False),
    )[number]


def index_reference(guide: Tensor, v: Tensor) -> Tensor:
    """Holistic indices: guide (C, 2H, 2W), v (4, C, 2, 2), a filter a phase → sigmoid of their responses (2H, 2W)."""
    y = guide.new_zeros(guide.shape[1:])
    for i in range(y.shape[0]):
        for j in range(y.shape[1]):
            top, left, phase = i // 2 * 2, j // 2 * 2, i % 2 * 2 + j % 2
            y[i, j] = (v[phase] * guide[:, top : top + 2, left : left + 2]).sum().sigmoid()
    return y


def _responses(guide: Tensor, v: Tensor) -> Tensor:
    return F.conv2d(guide[None], v, stride=2)[0]


def _sigmoid_first(guide: Tensor, v: Tensor) -> Tensor:
    parts = [F.conv2d(guide[None], f[:, None], stride=2, groups=len(guide))[0].sigmoid().sum(0) for f in v]
    return F.pixel_shuffle(torch.stack(parts), 2)[0]


def _squared(guide: Tensor, v: Tensor) -> Tensor:
    parts = [(F.conv2d(guide[None], f[:, None], stride=2, groups=len(guide))[0] ** 2).sum(0) for f in v]
    return F.pixel_shuffle(torch.stack(parts), 2)[0].sigmoid()


def _index_case(generator: torch.Generator, number: int) -> tuple[Tensor, Tensor]:
    channels = 2 + number
    guide = torch.randn(channels, 6, 4 + 2 * (number % 3), generator=generator, dtype=torch.float64)
    return guide, torch.randn(4, channels, 2, 2, generator=generator, dtype=torch.float64)


KERNELS = Exercise(
    "1 · Kernels from affinities",
    kernels_reference,
    _kernels_case,
    (
        Mistake("shuffle order", _phase_major,
                "Your phases and taps are in the wrong order. Row tap·r² + phase of P makes this tap for this phase: "
                "the phase runs fastest, as F.pixel_shuffle wants it."),
        Mistake("phases swapped", _phases_swapped,
                "The two halves of the phase are swapped: phase = (row mod r)·r + (column mod r)."),
        Mistake("normalised before the shuffle", _too_early,
                "You normalise all s²·r² values of a position together. Each of its r² kernels sums to 1: shuffle "
                "first, then the softmax."),
        Mistake("reshaped", _reshaped,
                "reshape keeps the numbers in their order: a row of your result is filled from one channel. The r² "
                "phases of a position belong into one block: F.pixel_shuffle deals them out so."),
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
)  # fmt: skip

PARAMETERS = Numeric(
    "2 · Count a preset",
    parameters_reference,
    _parameters_case,
    (
        Mistake("forgot the biases", lambda *case: _count(*case, bias=0),
                "The 1×1 convolutions that generate weights have a bias: C + 1 numbers for each weight, not C."),
        Mistake("forgot V", lambda *case: _count(*case, sides=1), "There are two sides, U and V."),
        Mistake("forgot the phases", lambda *case: _count(*case, rows=TAPS, sets=1),
                "r² = 4 kernels belong to each position: 4·s² rows of P, or point-wise 4 sets of U and V."),
        Mistake("one set point-wise", lambda *case: _count(*case, sets=1),
                "Point-wise there are four sets of U and V."),
        Mistake("phases twice", lambda *case: _count(*case, rows=TAPS * RATIO**2),
                "Point-wise, the phases are sets of U and V. P then has s² rows only."),
        Mistake("sharing forgotten", lambda c, m, s, pw: _count(c, m, "none", pw),
                "Channel-shared: one filter a side serves all channels, not one for each."),
        Mistake("hybrid as static", lambda c, m, s, pw: _count(c, "static" if m == "hybrid" else m, s, pw),
                "Hybrid: P is made from the image, C + 1 for each row."),
        Mistake("bias of static filters", lambda *case: _count(*case, of_static=1),
                "The static filters of U and V have no bias: 25 numbers each. Biases belong to the 1×1 convolutions "
                "that make weights from the image."),
        Mistake("share is never cw", lambda c, m, s, pw: _count(c, m, "channels", pw),
                'You count one filter a side in any case. `share` is "none" for channel-wise (cw) and "channels" for '
                'channel-shared (cs); it is never "cw".'),
        Mistake("kernel sizes mixed", lambda *case: _count(*case, side=3),
                "A static filter of U or V has k² = 25 weights. The nine taps (s = 3) are those of the output kernel."),
        Mistake("dynamic filters tap by tap", lambda *case: _count(*case, pooled=True),
                "Dynamic U and V need no output for each tap: the map is pooled to 5×5 and the 1×1 convolution slides "
                "over these 25 places."),
    ),
)  # fmt: skip

INDEX = Exercise(
    "3 · IndexNet as a special case",
    index_reference,
    _index_case,
    (
        Mistake("softmax", lambda g, v: F.pixel_shuffle(_responses(g, v).softmax(dim=0), 2)[0],
                "A softmax over the four phases is index *pooling*, the way down. The way up takes a sigmoid."),
        Mistake("sigmoid, then softmax",
                lambda g, v: F.pixel_shuffle(_responses(g, v).sigmoid().softmax(dim=0), 2)[0],
                "Sigmoid and softmax together are the way down. On the way up the sigmoid stands alone."),
        Mistake("no sigmoid", lambda g, v: F.pixel_shuffle(_responses(g, v), 2)[0], "The sigmoid is missing."),
        Mistake("reshaped", lambda g, v: _responses(g, v).reshape(g.shape[1:]).sigmoid(),
                "reshape puts the four maps one below the other. The four answers of a block belong into this block: "
                "F.pixel_shuffle."),
        Mistake("ReLU", lambda g, v: F.pixel_shuffle(_responses(g, v), 2)[0].relu(),
                "You take a ReLU. A gate lies between 0 and 1: a sigmoid."),
        Mistake("phases swapped", lambda g, v: index_reference(g, v[[0, 2, 1, 3]]),
                "Phases (0, 1) and (1, 0) are swapped: filter 1 is the right neighbour, filter 2 the lower one."),
        Mistake("sigmoid before the sum", _sigmoid_first,
                "The sigmoid comes after the sum over channels, once for each index."),
        Mistake("second order", _squared,
                "You multiply two responses. With the response of U replaced by 1 only V's is left: first order."),
    ),
    kind="w",
)  # fmt: skip

ALL = (KERNELS, PARAMETERS, INDEX)
