"""The products in plain torch and float64, written without a line of a2u: what the attacked library is held to."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def product(x: Tensor, w: Tensor, step: int, phases: int, block: int | None = None) -> Tensor:
    """Tap after tap: y[n, c, i, j] += w[n, g, t, i, j] · x[n, c, row, column], with x = 0 outside the map.

    Windows are centred on blocks of `step` values, or of `block`.
    """
    n, c = x.shape[:2]
    k = math.isqrt(w.shape[2])
    start = math.ceil((k - (block or step)) / 2)
    padded = F.pad(x, (k, k + step, k, k + step))
    i, j = torch.arange(w.shape[3]) // phases * step - start + k, torch.arange(w.shape[4]) // phases * step - start + k
    w = w.repeat_interleave(c // w.shape[1], dim=1)
    y = torch.zeros(n, c, *w.shape[3:], dtype=x.dtype)
    for t in range(k * k):
        y = y + w[:, :, t] * padded[:, :, (i + t // k)[:, None], j + t % k]
    return y


def upsampled(x: Tensor, w: Tensor, ratio: int) -> Tensor:
    """What reassemble computes."""
    return product(x, w, 1, ratio)


def downsampled(x: Tensor, w: Tensor, ratio: int, align: str = "block") -> Tensor:
    """What reduce computes."""
    return product(x, w, ratio, 1, 1 if align == "stride" else None)


def universal(x: Tensor, w: Tensor, ratio: int) -> Tensor:
    """Kernels that are the same everywhere and span all channels."""
    n, c, height, width = x.shape
    k = math.isqrt(w.shape[1] // c)
    start = math.ceil((k - 1) / 2)
    padded = F.pad(x, (k, k, k, k))
    kernels = w.view(-1, c, k, k)
    y = torch.zeros(n, w.shape[0], height, width, dtype=x.dtype)
    for a in range(k):
        for b in range(k):
            top, left = k - start + a, k - start + b
            y = y + torch.einsum("oc,nchw->nohw", kernels[:, :, a, b], padded[:, :, top:, left:][..., :height, :width])
    y = y.view(n, len(w) // ratio**2, ratio, ratio, height, width).permute(0, 1, 4, 2, 5, 3)
    return y.reshape(n, len(w) // ratio**2, height * ratio, width * ratio)


def listed(x: Tensor, w: Tensor, index: Tensor) -> Tensor:
    """What gather computes: cell after cell, 0 where the index is −1."""
    n, c = x.shape[:2]
    groups, size = max(w.shape[1], index.shape[1]), w.shape[2:]
    w = w.expand(n, groups, *size).repeat_interleave(c // groups, dim=1)
    index = index.expand(n, groups, *size).repeat_interleave(c // groups, dim=1)
    y = torch.zeros(n, c, *size[1:], dtype=x.dtype)
    if 0 in x.shape or 0 in w.shape:
        return y + 0 * (x.sum() + w.sum())
    for t in range(size[0]):
        z = x.flatten(2).gather(2, index[:, :, t].clamp(min=0).flatten(2)).view_as(y)
        y = y + w[:, :, t] * torch.where(index[:, :, t] < 0, 0, z)
    return y


def operator(name: str, op: torch.nn.Module, x: Tensor, guide: Tensor) -> Tensor:
    """An operator by torch's own function where there is one, else its kernels in float64 under the plain product."""
    r = op.ratio
    if x.is_complex() and name in ("nearest", "bilinear", "bicubic", "max_unpool"):
        return torch.complex(operator(name, op, x.real, guide), operator(name, op, x.imag, guide))
    if name in ("nearest", "bilinear", "bicubic"):
        mode = "nearest-exact" if name == "nearest" else name
        return F.interpolate(x, scale_factor=r, mode=mode)
    if name == "max_unpool":
        return F.max_unpool2d(x, F.max_pool2d(guide, r, return_indices=True)[1], r)
    if name == "deconvolution":
        start = math.ceil((op.kernel_size - r) / 2)
        y = F.pad(F.conv_transpose2d(x, op.weight, stride=r), (0, 1, 0, 1))
        return y[:, :, start : start + x.shape[2] * r, start : start + x.shape[3] * r]
    if name == "pixel_shuffle":
        return F.pixel_shuffle(F.conv2d(x, op.weight, padding=op.kernel_size // 2), r)
    if hasattr(op, "cells"):
        return listed(x, *op.cells(x, guide))
    if name == "fade":
        w, gate = op.weights(x, guide)
        return upsampled(x, w, r) + gate * guide
    return upsampled(x, op.kernel(x, guide), r)
