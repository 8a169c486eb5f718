"""The w and the z behind one output value, and where each z comes from."""

from typing import NamedTuple

import torch
from torch import Tensor

from a2u import formula
from a2u.checks import At, check_at
from a2u.paths import window_start

MAP, GUIDE = 0, 1  # the sources of a z


class Witness(NamedTuple):
    """The w and the z behind one output value: value = wᵀz (Eq. 1)."""

    w: Tensor  #: the kernel, a vector
    z: Tensor  #: the window, a vector of the same length
    where: Tensor  #: LongTensor[len, 3]: channel, row, column of each z in the map it comes from; outside of it z is 0
    at: At  #: the output value: sample, channel, row, column
    source: Tensor  #: LongTensor[len]: which map that is, 0 the decoder map x, 1 the guide

    @property
    def value(self) -> Tensor:
        """The inner product wᵀz."""
        return self.w @ self.z

    def compact(self) -> "Witness":
        """The same value from the taps that matter: those with a weight other than zero, at least one."""
        keep = self.w != 0
        if not keep.any():
            keep[0] = True
        return Witness(self.w[keep], self.z[keep], self.where[keep], self.at, self.source[keep])


def window_positions(size: int, step: int, i: int, j: int, channels: range) -> Tensor:
    """LongTensor[len(channels)·k², 3]: (channel, row, column) of each tap of the window of base position (i, j)."""
    line = torch.arange(size) - window_start(size, step)
    return torch.cartesian_prod(torch.tensor(list(channels)), line + i * step, line + j * step).view(-1, 3)


def up_witness(x: Tensor, w: Tensor, ratio: int, at: At) -> Witness:
    """The w and z behind value ``at`` of ``reassemble(x, w, ratio)``."""
    n, c, i, j = check_at(at, (*x.shape[:2], *w.shape[-2:]))
    k = round(w.shape[2] ** 0.5)
    z = formula.windows(x[n : n + 1, c : c + 1], k)[0, 0, :, i // ratio, j // ratio]
    kernel = w[n if w.shape[0] > 1 else 0, c * w.shape[1] // x.shape[1], :, i, j]
    where = window_positions(k, 1, i // ratio, j // ratio, range(c, c + 1))
    return Witness(kernel, z, where, at, torch.full((len(z),), MAP))


def down_witness(guide: Tensor, w: Tensor, ratio: int, at: At, align: str = "block") -> Witness:
    """The w and z behind value ``at`` of ``reduce(guide, w, ratio, align=align)``."""
    n, c, i, j = check_at(at, (*guide.shape[:2], *w.shape[-2:]))
    k = round(w.shape[2] ** 0.5)
    where = window_positions(k, ratio, i, j, range(c, c + 1))
    if align == "stride":
        where[:, 1:] += window_start(k, ratio) - window_start(k)
    kernel = w[n if w.shape[0] > 1 else 0, c * w.shape[1] // guide.shape[1], :, i, j]
    return Witness(kernel, values_at(guide[n], where), where, at, torch.full((len(where),), GUIDE))


def cells_witness(x: Tensor, w: Tensor, index: Tensor, at: At) -> Witness:
    """The w and z behind value ``at`` of ``gather(x, w, index)``; a cell that is listed several times appears once.

    All that lies outside the map is one tap at (−1, −1).
    """
    n, c, i, j = check_at(at, (*x.shape[:2], *w.shape[-2:]))
    weights, cells = (
        each[n if each.shape[0] > 1 else 0, c * each.shape[1] // x.shape[1], :, i, j] for each in (w, index)
    )
    found, number = cells.unique(return_inverse=True)
    kernel = weights.new_zeros(len(found)).index_add(0, number, weights).to(x.dtype)
    width = x.shape[3]
    places = torch.stack([torch.full_like(found, c), found // width, found % width], 1)
    where = torch.where(found[:, None] < 0, places.new_tensor([c, -1, -1]), places)
    return Witness(kernel, values_at(x[n], where), where.cpu(), at, torch.full((len(where),), MAP))


def values_at(x: Tensor, where: Tensor) -> Tensor:
    """The values of a map, Tensor[C, H, W], at (channel, row, column); 0 outside."""
    c, i, j = where.unbind(1)
    inside = (i >= 0) & (i < x.shape[1]) & (j >= 0) & (j < x.shape[2])
    z = x.new_zeros(len(where))
    z[inside] = x[c[inside], i[inside], j[inside]]
    return z
