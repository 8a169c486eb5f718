"""The exercises of lesson 06: one bilinear form, written as a sum over pairs, in low rank, and as convolutions.

References are plain loops or sums and use nothing of the library, so that they can judge it too.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from a2u.lessons.exercises import Exercise, Mistake


def bilinear_reference(x: Tensor, y: Tensor, a: Tensor, q: Tensor, t: Tensor) -> Tensor:
    """Eq. (2): Σ_k Σ_i Σ_j a_ij q_k t_k x_ki y_kj. x (C, N), y (C, M), a (N, M), q and t (C,) → a number."""
    total = x.new_zeros(())
    for k in range(len(x)):
        for i in range(x.shape[1]):
            for j in range(y.shape[1]):
                total = total + a[i, j] * q[k] * t[k] * x[k, i] * y[k, j]
    return total


def _crossed(x: Tensor, y: Tensor, a: Tensor, q: Tensor, t: Tensor) -> Tensor:
    """The channels summed in each window before the product."""
    return (q @ x) @ a @ (t @ y)


def _forms(x: Tensor, y: Tensor, a: Tensor, q: Tensor, t: Tensor) -> Tensor:
    """One number a channel."""
    return torch.stack([q[k] * t[k] * (x[k] @ a @ y[k]) for k in range(len(x))])


def _bilinear_case(generator: torch.Generator, number: int) -> tuple[Tensor, ...]:
    channels, taps = (3, 2, 4, 5, 2)[number], (4, 9, 5, 4, 6)[number]  # N = M, so that a transposed A fits too
    shapes: tuple[tuple[int, ...], ...] = ((channels, taps), (channels, taps), (taps, taps), (channels,), (channels,))
    return tuple(torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes)


def low_rank_reference(x: Tensor, u: Tensor, v: Tensor, p: Tensor) -> Tensor:
    """Eq. (3) with P for 1: w_s = Σ_r p_rs Σ_k (u_krᵀx_k)(v_krᵀx_k). x (C, N), u, v (C, N, d), p (d, s²) → (s²,)."""
    w = x.new_zeros(p.shape[1])
    for tap in range(p.shape[1]):
        for r in range(p.shape[0]):
            for k in range(len(x)):
                by_u = sum(u[k, i, r] * x[k, i] for i in range(x.shape[1]))
                by_v = sum(v[k, i, r] * x[k, i] for i in range(x.shape[1]))
                w[tap] += p[r, tap] * by_u * by_v
    return w


def _sides(x: Tensor, u: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """u_krᵀx_k and v_krᵀx_k: Tensor[C, d] each."""
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


BILINEAR = Exercise(
    "1 · The bilinear form",
    bilinear_reference,
    _bilinear_case,
    (
        Mistake("forgot the sum over channels", _forms,
                "You have one number for each channel. The similarity of two pixels sums over channels: Σ_k too."),
        Mistake("sum before product", _crossed,
                "You sum over the channels of each window first and multiply then. That also multiplies channel 0 of "
                "one pixel with channel 1 of the other. Multiply within a channel, then sum."),
        Mistake("transposed A", lambda x, y, a, q, t: bilinear_reference(x, y, a.T, q, t),
                "Your A is transposed: its rows belong to the positions of x, its columns to those of y."),
        Mistake("only equal positions", lambda x, y, a, q, t: bilinear_reference(x, y, a * torch.eye(len(a)), q, t),
                "You pair each position with itself only (i = j). Every i meets every j: N·M pairs."),
        Mistake("one embedding", lambda x, y, a, q, t: bilinear_reference(x, y, a, q, torch.ones_like(t)),
                "One of the two embeddings is missing: x is scaled by q, y by t."),
    ),
)  # fmt: skip

LOW_RANK = Exercise(
    "2 · The low-rank form",
    low_rank_reference,
    _low_rank_case,
    (
        Mistake("sum before product", _sum_first,
                "You sum over channels before the product ∘. The product comes first, channel by channel; then Σ_k."),
        Mistake("forgot the sum over channels", _no_channel_sum,
                "You have a kernel for each channel. Eq. (3) adds the channels up: Σ_k, after the product."),
        Mistake("forgot P", _no_p,
                "All your kernel values are equal: the d affinities are added up (the 1 of Eq. (3)). P weighs them, "
                "differently for each of the s² taps."),
        Mistake("ranks crossed", _ranks_crossed,
                "You pair every column of U with every column of V. The product ∘ goes rank by rank: column r with "
                "column r."),
        Mistake("reshaped, not transposed", _reshaped,
                "U_kᵀ is a transpose, (N, d) → (d, N). reshape keeps the order of the numbers and mixes positions with "
                "ranks; use .transpose(1, 2) or einsum."),
    ),
)  # fmt: skip

AFFINITY = Exercise(
    "3 · As depth-wise convolutions",
    affinity_reference,
    _affinity_case,
    (
        Mistake("sum before product", _dense,
                "Your convolution sums over the channels before the product. Use groups=C: one filter, one channel."),
        Mistake("forgot the sum over channels",
                lambda x, u, v, r: _responses(x, u, r, u.shape[-1] // 2) * _responses(x, v, r, u.shape[-1] // 2),
                "You have one map for each channel. The affinity is their sum: .sum over the channel axis."),
        Mistake("forgot the stride", lambda x, u, v, r: _product(x, u, v, 1, u.shape[-1] // 2),
                "You have an affinity for every pixel of the encoder map. One a position of the small map is wanted: "
                "stride=ratio."),
        Mistake("forgot the padding", lambda x, u, v, r: _product(x, u, v, r, 0),
                "Windows at the border look at zeros outside the map: padding=k // 2."),
        Mistake("wrong border", _edge,
                "At the border you repeat the edge. Here what lies outside the map counts as zero."),
        Mistake("wrong pixel of the block", _late,
                "Your windows are centred on the last pixel of each block. Position (i, j) looks around pixel "
                "(r·i, r·j), the first one: that is what a stride gives."),
        Mistake("flipped filter", lambda x, u, v, r: affinity_reference(x, u.flip(1, 2), v.flip(1, 2), r),
                "Your filters run backwards, as in a textbook convolution. uᵀx pairs the first weight with the first "
                "value: no flip."),
    ),
)  # fmt: skip

ALL = (BILINEAR, LOW_RANK, AFFINITY)
