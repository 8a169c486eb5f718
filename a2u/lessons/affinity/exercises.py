"""The exercises of lesson 06: the bilinear form in low rank and as convolutions, a question to a window, its cost.

References are plain loops or sums and use nothing of the library, so that they can judge it too.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from a2u.lessons.design import Design, Rule
from a2u.lessons.exercises import Exercise, Mistake, Numeric


def low_rank_reference(x: Tensor, u: Tensor, v: Tensor, p: Tensor) -> Tensor:
    """Eq. (3) with P for 1: w_t = Σ_m p_mt Σ_c (u_cmᵀx_c)(v_cmᵀx_c). x (C, N), u, v (C, N, d), p (d, s²) → (s²,)."""
    w = x.new_zeros(p.shape[1])
    for tap in range(p.shape[1]):
        for r in range(p.shape[0]):
            for k in range(len(x)):
                by_u = sum(u[k, i, r] * x[k, i] for i in range(x.shape[1]))
                by_v = sum(v[k, i, r] * x[k, i] for i in range(x.shape[1]))
                w[tap] += p[r, tap] * by_u * by_v
    return w


def _sides(x: Tensor, u: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """u_cmᵀx_c and v_cmᵀx_c: Tensor[C, d] each."""
    return torch.einsum("knr,kn->kr", u, x), torch.einsum("knr,kn->kr", v, x)


def _sum_first(x: Tensor, u: Tensor, v: Tensor, p: Tensor) -> Tensor:
    by_u, by_v = _sides(x, u, v)
    return p.T @ (by_u.sum(0) * by_v.sum(0))


def _no_channel_sum(x: Tensor, u: Tensor, v: Tensor, p: Tensor) -> Tensor:
    by_u, by_v = _sides(x, u, v)
    return (by_u * by_v) @ p


def _no_p(x: Tensor, u: Tensor, v: Tensor, p: Tensor) -> Tensor:
    by_u, by_v = _sides(x, u, v)
    return (by_u * by_v).sum().expand(p.shape[1])


def _ranks_crossed(x: Tensor, u: Tensor, v: Tensor, p: Tensor) -> Tensor:
    by_u, by_v = _sides(x, u, v)
    return torch.einsum("rs,kr,kq->s", p, by_u, by_v)


def _reshaped(x: Tensor, u: Tensor, v: Tensor, p: Tensor) -> Tensor:
    (c, n), d = x.shape, p.shape[0]
    u, v = (f.reshape(c, d, n).transpose(1, 2) for f in (u, v))
    return low_rank_reference(x, u, v, p)


def _low_rank_case(generator: torch.Generator, number: int) -> tuple[Tensor, ...]:
    channels, taps, d, s = (2, 3, 4, 3, 2)[number], (4, 5, 4, 6, 9)[number], (2, 3, 2, 1, 3)[number], 3
    shapes = ((channels, taps), (channels, taps, d), (channels, taps, d), (d, s * s))
    return tuple(torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes)


def affinity_reference(x: Tensor, u: Tensor, v: Tensor, ratio: int) -> Tensor:
    """The affinity of Eq. (4) for d = 1 at every position: x (C, H, W), u, v (C, k, k), k odd, → (H/r, W/r).

    Position (i, j) sees the k×k window centred on pixel (r·i, r·j) of x, zeros outside.
    """
    channels, height, width = x.shape
    y = x.new_zeros(height // ratio, width // ratio)
    for i in range(y.shape[0]):
        for j in range(y.shape[1]):
            for k in range(channels):
                y[i, j] += _inner(x[k], u[k], i * ratio, j * ratio) * _inner(x[k], v[k], i * ratio, j * ratio)
    return y


def _inner(x: Tensor, f: Tensor, row: int, column: int) -> float:
    """Σ f·z over the window centred on (row, column)."""
    total, half = 0.0, len(f) // 2
    for a in range(len(f)):
        for b in range(len(f)):
            p, q = row + a - half, column + b - half
            if 0 <= p < x.shape[0] and 0 <= q < x.shape[1]:
                total += float(f[a, b] * x[p, q])
    return total


def _responses(x: Tensor, f: Tensor, stride: int, padding: int) -> Tensor:
    return F.conv2d(x[None], f[:, None], stride=stride, padding=padding, groups=len(x))[0]


def _product(x: Tensor, u: Tensor, v: Tensor, stride: int, padding: int) -> Tensor:
    return (_responses(x, u, stride, padding) * _responses(x, v, stride, padding)).sum(0)


def _dense(x: Tensor, u: Tensor, v: Tensor, ratio: int) -> Tensor:
    pad = u.shape[-1] // 2
    return _responses(x, u, ratio, pad).sum(0) * _responses(x, v, ratio, pad).sum(0)


def _edge(x: Tensor, u: Tensor, v: Tensor, ratio: int) -> Tensor:
    padded = F.pad(x[None], (u.shape[-1] // 2,) * 4, mode="replicate")[0]
    return _product(padded, u, v, ratio, 0)


def _late(x: Tensor, u: Tensor, v: Tensor, ratio: int) -> Tensor:
    return _product(x, u, v, 1, u.shape[-1] // 2)[ratio - 1 :: ratio, ratio - 1 :: ratio]


def _affinity_case(generator: torch.Generator, number: int) -> tuple[Tensor, Tensor, Tensor, int]:
    channels, k, half = (2, 3, 4, 2, 3)[number], (3, 5, 3, 5, 7)[number], 4 + number % 3
    x = torch.randn(channels, 2 * half, 20 - 2 * half, generator=generator, dtype=torch.float64)
    u, v = torch.randn(2, channels, k, k, generator=generator, dtype=torch.float64)
    return x, u, v, 2


def question_reference(size: int) -> Tensor:
    """Pair weights (size², size²) that ask whether the upper half of a window is like the lower half."""
    a = torch.outer(*_halves(size))
    return (a + a.T) / (2 * a.sum())


def _halves(size: int) -> tuple[Tensor, Tensor]:
    """Ones above the middle row, and ones below it: Tensor[size²] each, float64."""
    row = torch.arange(size**2) // size
    return (row < size // 2).double(), (row > size // 2).double()


def _across(size: int) -> Tensor:
    """The pairs that have one pixel in each half: bool Tensor[size², size²]."""
    above, below = _halves(size)
    return (torch.outer(above, below) + torch.outer(below, above)) > 0


def _mirrored(size: int) -> Tensor:
    """Each pixel with its mirror image in the other half: all rules but the rank."""
    a = torch.zeros(size**2, size**2, dtype=torch.float64)
    for i in range(size**2):
        row, column = divmod(i, size)
        a[i, (size - 1 - row) * size + column] = float(row != size // 2)
    return a / a.sum()


def _question_case(_generator: torch.Generator, number: int) -> tuple[int]:
    return ((5, 3, 7, 5, 3)[number],)


def pairs_reference(height: int, width: int, k: int, ratio: int) -> Tensor:
    """How many times more numbers all pairs of a map have than the pairs in its windows."""
    windows = (height // ratio) * (width // ratio)
    return torch.tensor((height * width) ** 2 / (windows * k**4), dtype=torch.float64)


def _pairs_case(_generator: torch.Generator, number: int) -> tuple[int, int, int, int]:
    return ((512, 512, 5, 2), (16, 16, 5, 2), (64, 32, 3, 2), (120, 60, 5, 3), (1024, 768, 7, 4))[number]


LOW_RANK = Exercise(
    "1 · Find the bug: the low-rank form",
    low_rank_reference,
    _low_rank_case,
    (
        Mistake("sum before product", _sum_first,
                "You sum over channels before the product ∘. The product comes first, channel by channel; then Σ_c."),
        Mistake("forgot the sum over channels", _no_channel_sum,
                "You have a kernel for each channel. Eq. (3) adds the channels up: Σ_c, after the product."),
        Mistake("forgot P", _no_p,
                "All your kernel values are equal: the d affinities are added up (the 1 of Eq. (3)). P weighs them, "
                "differently for each of the s² taps."),
        Mistake("one rank", lambda x, u, v, p: low_rank_reference(x, u[..., :1], v[..., :1], p[:1]),
                "You use the first column of U and V only. The sum over the terms of the rank is missing."),
        Mistake("reshaped, not transposed", _reshaped,
                "U_cᵀ is a transpose, (N, d) → (d, N). reshape keeps the order of the numbers and mixes positions with "
                "ranks; use .transpose(1, 2) or einsum."),
    ),
    given=_ranks_crossed,
)  # fmt: skip

QUESTION = Design(
    "2 · Design a question to a window",
    question_reference,
    _question_case,
    (
        Rule("the shape", lambda a, size: a.shape == (size**2, size**2),
             "A has a row and a column for each of the size² pixels.",
             lambda size: _halves(size)[0]),
        Rule("symmetric", lambda a, size: bool(torch.allclose(a, a.T)),
             "A is not symmetric: above with below must count as much as below with above. Add the transpose.",
             lambda size: torch.outer(*_halves(size))),
        Rule("pairs of both halves only", lambda a, size: bool((a[~_across(size)] == 0).all()),
             "A pair counts that does not have one pixel above the middle row and one below it.",
             lambda size: torch.ones(size**2, size**2)),
        Rule("rank 2 at most", lambda a, size: int(torch.linalg.matrix_rank(a, rtol=1e-5)) <= 2,
             "The rank of your A is larger than 2. Make it of one outer product and its transpose.",
             _mirrored),
        Rule("1 in a window of ones", lambda a, size: bool((a.sum() - 1).abs() < 1e-6),
             "In a window of ones every similarity is 1, so the answer is the sum of A. Divide by it.",
             lambda size: size**4 * question_reference(size)),
    ),
    kind="w",
)  # fmt: skip

PAIRS = Numeric(
    "3 · Estimate, then measure: all pairs, or pairs in windows",
    pairs_reference,
    _pairs_case,
    (
        Mistake("one window", lambda h, w, k, r: (h * w) ** 2 / k**4,
                "You count a single window. There is one for each position of the small map."),
        Mistake("windows at full size", lambda h, w, k, r: h * w / k**4,
                "You have a window for each pixel of the encoder map. There are (H/r)·(W/r) positions."),
        Mistake("pixels instead of pairs", lambda h, w, k, r: h * w * r**2 / k**2,
                "You count pixels of a window, k². A table has a number for each pair: k⁴."),
        Mistake("ratio once", lambda h, w, k, r: h * w * r / k**4,
                "The small map is r times smaller along both axes: r² fewer positions."),
        Mistake("the other way round", lambda h, w, k, r: k**4 / (h * w * r**2),
                "That is how much smaller the tables of the windows are: 1 over the factor."),
        Mistake("all pairs", lambda h, w, k, r: float((h * w) ** 2),
                "That is the number of all pairs. Divide it by the numbers of all windows."),
    ),
)  # fmt: skip

AFFINITY = Exercise(
    "4 · As depth-wise convolutions",
    affinity_reference,
    _affinity_case,
    (
        Mistake("sum before product", _dense,
                "Your convolution sums over the channels before the product. Use groups=C: one filter, one channel."),
        Mistake("forgot the sum over channels",
                lambda x, u, v, r: _responses(x, u, r, u.shape[-1] // 2) * _responses(x, v, r, u.shape[-1] // 2),
                "You have one map for each channel. The affinity is their sum: .sum over the channel axis."),
        Mistake("forgot the stride", lambda x, u, v, r: _product(x, u, v, 1, u.shape[-1] // 2),
                "You have an affinity for every pixel of the encoder map. One for each position of the small map is "
                "wanted: stride=ratio."),
        Mistake("forgot the padding", lambda x, u, v, r: _product(x, u, v, r, 0),
                "Windows at the border look at zeros outside the map: padding=k // 2."),
        Mistake("wrong border", _edge,
                "At the border you repeat the edge. Here what lies outside the map counts as zero."),
        Mistake("wrong pixel of the block", _late,
                "Your windows are centred on the last pixel of each block. A position looks around pixel "
                "(r · row, r · column), the first one: that is what a stride gives."),
        Mistake("flipped filter", lambda x, u, v, r: affinity_reference(x, u.flip(1, 2), v.flip(1, 2), r),
                "Your filters run backwards, as in a textbook convolution. uᵀx pairs the first weight with the first "
                "value: no flip."),
    ),
)  # fmt: skip

ALL = (LOW_RANK, QUESTION, PAIRS, AFFINITY)
