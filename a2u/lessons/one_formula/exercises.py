"""The exercises of lesson 01, each with a reference made of plain loops and the mistakes that people make.

References use nothing of the library, so that they can judge it too.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from a2u.lessons.exercises import Exercise, Mistake


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


def bilinear_reference(a: int, b: int, ratio: int) -> Tensor:
    """The 3×3 kernel of phase (a, b): products of max(0, 1 − |s − δ|), s = (a + ½)/r − ½, δ ∈ {−1, 0, 1}."""
    return _hat(a, ratio)[:, None] * _hat(b, ratio)[None, :]


def _hat(phase: int, ratio: int, half: float = 0.5) -> Tensor:
    s = (phase + half) / ratio - half
    return torch.tensor([max(0.0, 1 - abs(s - delta)) for delta in (-1, 0, 1)])


def _kernel_at(a: float, b: float) -> Tensor:
    """The kernel of an output at the distances a and b from the centre of its pixel."""
    down, along = (torch.tensor([max(0.0, 1 - abs(s - delta)) for delta in (-1, 0, 1)]) for s in (a, b))
    return torch.outer(down, along)


def _line(phase: int, ratio: int, minus: float = 0.5) -> Tensor:
    s = (phase + 0.5) / ratio - minus
    return torch.tensor([1 - abs(s - delta) for delta in (-1, 0, 1)])


def _distances(phase: int, ratio: int) -> Tensor:
    s = (phase + 0.5) / ratio - 0.5
    return torch.tensor([abs(s - delta) if abs(s - delta) < 1 else 0.0 for delta in (-1, 0, 1)])


def _bilinear_case(generator: torch.Generator, number: int) -> tuple[int, int, int]:
    return ((0, 1, 2), (1, 2, 3), (3, 0, 4), (0, 0, 1), (2, 4, 5))[number]


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
LARGE = "You read the large map's coordinates in the small map: divide row and column by ratio."
SWAPPED = "Row and column of the centre have changed places."
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
                "Your window lies too far up and to the left: a ring of k // 2 zeros is enough, not k."),
    ),
    kind="z",
)  # fmt: skip

BILINEAR = Exercise(
    "2 · The bilinear kernel",
    bilinear_reference,
    _bilinear_case,
    (
        Mistake("phases swapped", lambda a, b, r: bilinear_reference(b, a, r),
                "The phases are swapped: a moves the output down the rows, b along the columns."),
        Mistake("wrong centre", lambda a, b, r: _hat(a, r, 0.0)[:, None] * _hat(b, r, 0.0),
                "You measure from pixel corners. Values sit at pixel centres: s = (a + ½)/r − ½."),
        Mistake("mirrored", lambda a, b, r: bilinear_reference(a, b, r).flip(0, 1),
                "Your kernel is mirrored: the first tap is δ = −1, above and to the left."),
        Mistake("distance as weight", lambda a, b, r: _distances(a, r)[:, None] * _distances(b, r),
                "You weigh by the distance itself. Near points weigh more: 1 − |distance|."),
        Mistake("axes added", lambda a, b, r: (_hat(a, r)[:, None] + _hat(b, r)) / 2,
                "The weights of the two axes are multiplied, not added."),
        Mistake("not clamped", lambda a, b, r: _line(a, r)[:, None] * _line(b, r),
                "Some of your weights are negative: a tap further away than 1 counts 0, not 1 − distance."),
        Mistake("half of the phase forgotten", lambda a, b, r: _kernel_at(a / r - 0.5, b / r - 0.5),
                "You forgot the first half: s = (a + ½)/r − ½, because the output's own centre is at a + ½."),
        Mistake("half forgotten",
                lambda a, b, r: _line(a, r, 0.0).clamp(min=0)[:, None] * _line(b, r, 0.0).clamp(min=0),
                "You forgot the last half: s = (a + ½)/r − ½, because pixel 0 has its centre at ½."),
    ),
    kind="w",
)  # fmt: skip

UPSAMPLE = Exercise(
    "3 · The formula",
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
        Mistake("kernel of the wrong place", lambda x, w, r: _upsample(x, w, r, base="kernel"),
                "Every output has a kernel of its own: take w[:, i, j] of the output, not of the window's centre."),
        Mistake("kernel of the phase", lambda x, w, r: _upsample(x, w, r, base="kernel of the phase"),
                "You take the kernel of the phase; every output has one of its own."),
        Mistake("window in the large map", lambda x, w, r: _upsample(x, w, r, base="large"), WINDOW_LARGE),
        Mistake("window in an enlarged map", _enlarged, WINDOW_LARGE),
        Mistake("window beyond the small map", _sliced, WINDOW_LARGE),
        Mistake("window beyond the small map, product", lambda x, w, r: _sliced(x, w, r, product=True), WINDOW_LARGE),
        Mistake("phases swapped", lambda x, w, r: _upsample(x, w, r, base="phase"),
                "⌊i / r⌋ says where the window is, i % r which of its r outputs this is. You use the remainder "
                "where the quotient is meant."),
    ),
    kind="y",
)  # fmt: skip

ALL = (WINDOW, BILINEAR, UPSAMPLE)
