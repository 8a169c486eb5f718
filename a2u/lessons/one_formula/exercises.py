"""The exercises of lesson 01, each with a reference made of plain loops and the mistakes that people make.

References use nothing of the library, so that they can judge it too.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from a2u.lessons.design import Design, Rule
from a2u.lessons.exercises import Exercise, Mistake, Numeric


def window_reference(x: Tensor, row: int, column: int, ratio: int, k: int) -> Tensor:
    """z of output (row, column): the k×k values around (⌊row/r⌋, ⌊column/r⌋), zeros outside. (H, W) → (k, k)."""
    return _gather(x, row // ratio, column // ratio, k)


def _gather(x: Tensor, i: int, j: int, k: int, *, clamp: bool = False, begin: int | None = None) -> Tensor:
    height, width = x.shape
    z = x.new_zeros(k, k)
    start = k // 2 if begin is None else begin
    for a in range(k):
        for b in range(k):
            p, q = i + a - start, j + b - start
            if clamp:
                p, q = min(max(p, 0), height - 1), min(max(q, 0), width - 1)
            if 0 <= p < height and 0 <= q < width:
                z[a, b] = x[p, q]
    return z


def _cut(x: Tensor, i: int, j: int, k: int, *, pad: bool = False) -> Tensor:
    """The k×k values from (i, j) on as a slice: what lies beyond the edge is cut off, negative places begin anew."""
    x = F.pad(x, (k // 2,) * 4) if pad else x
    return x[i : i + k, j : j + k]


def _window_case(generator: torch.Generator, number: int) -> tuple[Tensor, int, int, int, int]:
    ratio, k = (2, 3, 2, 4, 3)[number], (3, 3, 5, 3, 1)[number]
    height, width = 4 + number, 9 - number
    x = torch.rand(height, width, generator=generator)
    corner = (height * ratio - 1, 1), (1, width * ratio - 2), (height, width), (2, 5), (ratio, ratio)
    return x, *corner[number], ratio, k


def softer_reference(ratio: int) -> Tensor:
    """A tent of twice the width, for the taps −2 … 2 of each phase: (r, 5)."""
    w = torch.stack([torch.tensor([max(0.0, 1 - abs(s - t) / 2) for t in range(-2, 3)]) for s in _places(ratio)])
    return w / w.sum(dim=1, keepdim=True)


def _places(ratio: int, half: float = 0.5) -> list[float]:
    """Where the outputs of each phase lie from the centre of their pixel."""
    return [(phase + half) / ratio - half for phase in range(ratio)]


def _tent(ratio: int, *, shift: float = 0.0, floor: float = 0.0) -> Tensor:
    """Bilinear weights (r, 5), moved by `shift` or with `floor` for each tap that is zero."""
    rows = [[max(floor, 1 - abs(s + shift - t)) for t in range(-2, 3)] for s in _places(ratio)]
    w = torch.tensor(rows)
    return w / w.sum(dim=1, keepdim=True)


def _near(a: Tensor, b: Tensor) -> bool:
    return bool(torch.allclose(a, b.to(a.dtype), atol=1e-4))


def _ratio_case(generator: torch.Generator, number: int) -> tuple[int]:
    return ((2, 3, 4, 8, 5)[number],)


def overshoot_reference(ratio: int) -> Tensor:
    """By how much bicubic exceeds 1 where a map steps from 0 to 1: its largest output − 1."""
    return torch.tensor(_overshoot(_places(ratio)))


def _overshoot(places: list[float], a: float = -0.75) -> float:
    largest = 0.0
    for s in places:
        weights = [_cubic(abs(s - t), a) for t in range(-2, 4)]
        for first in range(len(weights)):  # the step lies before this tap
            largest = max(largest, sum(weights[first:]))
    return largest - 1


def _cubic(d: float, a: float) -> float:
    if d <= 1:
        return (a + 2) * d**3 - (a + 3) * d**2 + 1
    return a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a if d < 2 else 0.0


def upsample_reference(x: Tensor, w: Tensor, ratio: int) -> Tensor:
    """Eq. (1) with loops: x (H, W), w (k², rH, rW) → (rH, rW)."""
    return _upsample(x, w, ratio)


def _upsample(x: Tensor, w: Tensor, ratio: int, *, taps: str = "rows", clamp: bool = False, base: str = "") -> Tensor:
    k = math.isqrt(len(w))
    y = x.new_zeros(w.shape[1:])
    for i in range(y.shape[0]):
        for j in range(y.shape[1]):
            phase, centre, own = (i % ratio, j % ratio), (i // ratio, j // ratio), (i, j)
            p, q = {"phase": phase, "large": own}.get(base, centre)
            z = _gather(x, p, q, k, clamp=clamp)
            p, q = {"kernel": centre, "kernel of the phase": phase}.get(base, own)
            kernel = w[:, p, q]
            z = z.T if taps == "columns" else z.flip(0, 1) if taps == "flipped" else z
            y[i, j] = (kernel * z.reshape(-1)).sum()
    return y


def _enlarged(x: Tensor, w: Tensor, ratio: int) -> Tensor:
    """Windows in the map that nearest neighbour has made large already."""
    return _upsample(x.repeat_interleave(ratio, 0).repeat_interleave(ratio, 1), w, 1)


def _sliced(x: Tensor, w: Tensor, ratio: int, *, product: bool = False) -> Tensor:
    """Large coordinates in the padded small map: slices end at its edge, and the sum stops with an error."""
    k = math.isqrt(len(w))
    y, padded = x.new_zeros(w.shape[1:]), F.pad(x, (k // 2,) * 4)
    for i in range(y.shape[0]):
        for j in range(y.shape[1]):
            z = _cut(padded, i, j, k).flatten()
            y[i, j] = (w[:, i, j] * z).sum() if product else w[:, i, j] @ z
    return y


def _upsample_case(generator: torch.Generator, number: int) -> tuple[Tensor, Tensor, int]:
    ratio, k = (2, 2, 3, 2, 1)[number], (3, 1, 3, 5, 3)[number]
    height, width = 3 + number, 6 - number
    x = torch.rand(height, width, generator=generator)
    return x, torch.rand(k * k, height * ratio, width * ratio, generator=generator), ratio


CUT = "Your window is cut off at the edge of the map. Pad x with k // 2 zeros on each side first."
LARGE = "You use coordinates of the large map in the small map: divide row and column by ratio."
SWAPPED = "The row and the column of the centre are swapped."
WINDOW_LARGE = "Your window lies in the large map. z comes from the small one."

WINDOW = Exercise(
    "1 · The window",
    window_reference,
    _window_case,
    (
        Mistake("transposed window", lambda x, i, j, r, k: window_reference(x, i, j, r, k).T,
                "Your window is transposed: the first index goes down the rows, the second along the columns."),
        Mistake("wrong centre", lambda x, i, j, r, k: _gather(x, i // r, j // r, k, begin=0),
                "Your window begins at the centre. It should reach k // 2 to each side of it."),
        Mistake("wrong border", lambda x, i, j, r, k: _gather(x, i // r, j // r, k, clamp=True),
                "At the border you repeat the edge. Here what lies outside the map counts as zero."),
        Mistake("no ratio", lambda x, i, j, r, k: _gather(x, i, j, k), LARGE),
        Mistake("no ratio, sliced", lambda x, i, j, r, k: _cut(x, i, j, k, pad=True), LARGE),
        Mistake("rows and columns swapped", lambda x, i, j, r, k: _gather(x, j // r, i // r, k), SWAPPED),
        Mistake("rows and columns swapped, sliced", lambda x, i, j, r, k: _cut(x, j // r, i // r, k, pad=True),
                SWAPPED),
        Mistake("no padding", lambda x, i, j, r, k: _cut(x, i // r - k // 2, j // r - k // 2, k), CUT),
        Mistake("no padding, to the edge", lambda x, i, j, r, k: x[max(0, i // r - k // 2) : i // r + k // 2 + 1,
                                                                   max(0, j // r - k // 2) : j // r + k // 2 + 1], CUT),
        Mistake("no padding, flattened", lambda x, i, j, r, k: _cut(x, i // r - k // 2, j // r - k // 2, k).flatten(),
                CUT),
        Mistake("no padding, from the centre", lambda x, i, j, r, k: _cut(x, i // r, j // r, k), CUT),
        Mistake("remainder", lambda x, i, j, r, k: _gather(x, i % r, j % r, k),
                "You use the remainder, the phase. The pixel that an output lies in is the quotient: ⌊row / r⌋."),
        Mistake("padded too far", lambda x, i, j, r, k: _gather(x, i // r, j // r, k, begin=k),
                "Your window lies too far up and left: pad with a ring of k // 2 zeros, not of k."),
    ),
    kind="z",
)  # fmt: skip

SOFTER = Design(
    "2 · A softer kernel of your own",
    softer_reference,
    _ratio_case,
    (
        Rule("size", lambda w, r: w.shape == (r, 5),
             "A row for each of the r phases, a column for each of the five taps −2 … 2: return (ratio, 5).",
             lambda r: softer_reference(r).T if r != 5 else softer_reference(r)[None]),
        Rule("each row sums to 1", lambda w, r: _near(w.sum(dim=1), torch.ones(r)),
             "A flat map must stay flat: the five weights of each phase add up to 1.",
             lambda r: 2 * softer_reference(r)),
        Rule("mirrored", lambda w, r: _near(w, w.flip(0, 1)),
             "Phases a and r − 1 − a lie on opposite sides of the centre: the weights of one are those of the other, "
             "read backwards.",
             lambda r: _tent(r, shift=0.2)),
        Rule("a ramp stays a ramp", lambda w, r: _near(w @ torch.arange(-2.0, 3.0).to(w.dtype),
                                                       torch.tensor(_places(r))),
             "On a ramp the output must be its own place s = (a + ½)/r − ½: the sum of weight times tap is s.",
             lambda r: _tent(r, floor=0.1)),
        # With this rule a row is an average around s, and of these bilinear is the narrowest: no row can sharpen.
        Rule("not negative", lambda w, r: bool((w >= -1e-6).all()),
             "Some of your weights are negative. Such a kernel can overshoot and sharpen, as bicubic does. Make it an "
             "average.",
             lambda r: 2 * _tent(r) - softer_reference(r)),
        Rule("softer than bilinear", lambda w, r: bool(((w > 1e-3).sum(dim=1) >= 3).all()),
             "This is bilinear, or something as narrow: at least three weights of each row must be larger than 0.001.",
             lambda r: _tent(r)),
    ),
    kind="w",
)  # fmt: skip

OVERSHOOT = Numeric(
    "3 · How far does bicubic overshoot?",
    overshoot_reference,
    _ratio_case,
    (
        Mistake("the value itself", lambda r: 1 + overshoot_reference(r),
                "That is the largest output. The question is by how much it exceeds 1."),
        Mistake("other cubic", lambda r: _overshoot(_places(r), -0.5),
                "You take a = −½, the value in Keys' paper. PyTorch takes a = −¾."),
        Mistake("halves forgotten", lambda r: _overshoot([phase / r for phase in range(r)]),
                "You forgot the half pixels: outputs lie at s = (a + ½)/r − ½."),
        Mistake("first phase", lambda r: _overshoot(_places(r)[:1]),
                "You look at the first phase alone. Another one overshoots more: try all of them."),
        Mistake("middle phase", lambda r: _overshoot(_places(r)[r // 2 : r // 2 + 1]),
                "You look at one phase in the middle. Others overshoot more: try all of them."),
        Mistake("both sides", lambda r: 2 * overshoot_reference(r),
                "You count both negative weights. At the largest output, only one of these taps is left of the step."),
        Mistake("sign", lambda r: -overshoot_reference(r),
                "Your number is negative: subtracting a negative weight adds to 1."),
    ),
)  # fmt: skip

UPSAMPLE = Exercise(
    "4 · Find the bug",
    upsample_reference,
    _upsample_case,
    (
        Mistake("transposed window", lambda x, w, r: _upsample(x, w, r, taps="columns"),
                "Your window is transposed: tap t is row t // k and column t % k."),
        Mistake("flipped window", lambda x, w, r: _upsample(x, w, r, taps="flipped"),
                "Your window runs backwards, as in a textbook convolution. wᵀz pairs the first weight with the first "
                "value: no flip."),
        Mistake("wrong border", lambda x, w, r: _upsample(x, w, r, clamp=True),
                "At the border you repeat the edge. Here what lies outside the map counts as zero."),
        Mistake("kernel of the phase", lambda x, w, r: _upsample(x, w, r, base="kernel of the phase"),
                "You take the kernel of the phase; every output has one of its own."),
        Mistake("window in the large map", lambda x, w, r: _upsample(x, w, r, base="large"), WINDOW_LARGE),
        Mistake("window in an enlarged map", _enlarged, WINDOW_LARGE),
        Mistake("window beyond the small map", _sliced, WINDOW_LARGE),
        Mistake("window beyond the small map, product", lambda x, w, r: _sliced(x, w, r, product=True), WINDOW_LARGE),
        Mistake("phases swapped", lambda x, w, r: _upsample(x, w, r, base="phase"),
                "⌊i / r⌋ says where the window is; i % r says which of its r outputs this is. You use the remainder "
                "where you need the quotient."),
    ),
    kind="y",
    given=lambda x, w, ratio: _upsample(x, w, ratio, base="kernel"),
)  # fmt: skip

ALL = (WINDOW, SOFTER, OVERSHOOT, UPSAMPLE)
