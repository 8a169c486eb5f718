r"""The products of :mod:`a2u.cells`: each output as a bag of rows, or one cell of every output after the other.

A table has a row for each sample, cell and group of channels. An output is a bag of T of its rows, and torch's
embedding bag adds them up. Nothing holds T copies of the upsampled map, forward or backward.

Shapes: x N C S (S = H·W), w and cells N G T P (P = H'·W'), y N C P.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from a2u.paths import differentiated, mapped, without_autocast


def _with_outside(x: Tensor, groups: int) -> Tensor:
    """N C S → N G C/G S+1: a cell of zeros at the end, which index −1 names."""
    table: Tensor = F.pad(x, (0, 1)).unflatten(1, (groups, -1))
    return table


def seen(x: Tensor, cells: Tensor) -> Tensor:
    """The z of every output: N G C/G T P."""
    table = _with_outside(x, cells.shape[1])
    flat = torch.where(cells < 0, x.shape[2], cells).flatten(2)  # N G T·P
    z: Tensor = table.gather(3, flat[:, :, None].expand(-1, -1, table.shape[2], -1)).unflatten(3, cells.shape[2:])
    return z


def reference(x: Tensor, w: Tensor, cells: Tensor) -> Tensor:
    """The formula as it stands: gather z, multiply, sum."""
    return (w[:, :, None] * seen(x, cells)).sum(3).flatten(1, 2)


def tap_by_tap(x: Tensor, w: Tensor, cells: Tensor) -> Tensor:
    """One cell of every output after the other."""
    total = w[:, :, None, 0] * seen(x, cells[:, :, :1]).squeeze(3)
    for t in range(1, cells.shape[2]):
        total = total + w[:, :, None, t] * seen(x, cells[:, :, t : t + 1]).squeeze(3)
    return total.flatten(1, 2)


def scored_tap_by_tap(query: Tensor, key: Tensor, cells: Tensor) -> Tensor:
    """The inner products with one cell of every output after the other: N G T P."""
    grouped = query.unflatten(1, (cells.shape[1], -1))  # N G C/G P
    each = [(grouped * seen(key, cells[:, :, t : t + 1]).squeeze(3)).sum(2) for t in range(cells.shape[2])]
    return torch.stack(each, 2)


class _Bags:
    """Outputs as bags of rows: a table has a row for each sample, group and cell, a bag is the T rows of an output.

    Where all samples and groups read the same cells, each is a block of its own with one list of rows for all blocks;
    otherwise everything is one block.
    """

    def __init__(self, cells: Tensor, size: int) -> None:
        self.n, self.g, self.t, self.p = cells.shape
        self.size = size + 1  # cells of a map, with the one outside
        maps = self.n * self.g
        shared = maps > 1 and cells.stride()[:2] == (0, 0)
        self.blocks = maps if shared else 1
        own = cells[:1, :1] if shared else cells
        rows = torch.where(own < 0, size, own)
        if not shared:
            rows = rows + torch.arange(maps, device=cells.device).view(self.n, self.g, 1, 1) * self.size
        small = maps * max(self.size, self.p * self.t) < 2**31
        self.rows = rows.transpose(2, 3).reshape(-1, self.t).to(torch.int32 if small else torch.int64)

    def split(self, x: Tensor) -> Tensor:
        """N C P → blocks × rows × C/G."""
        grouped: Tensor = x.unflatten(1, (self.g, -1)).transpose(2, 3)
        return grouped.reshape(self.blocks, self.n * self.g * x.shape[2] // self.blocks, -1).contiguous()

    def join(self, found: list[Tensor], length: int) -> Tensor:
        """The adjoint of split: for each block rows × C/G → N C length."""
        whole = torch.stack(found).view(self.n, self.g, length, -1)
        return whole.transpose(2, 3).reshape(self.n, -1, length)

    def weights(self, w: Tensor) -> Tensor:
        """N G T P → blocks × bags × T."""
        return w.transpose(2, 3).reshape(self.blocks, -1, self.t)

    def sums(self, x: Tensor, w: Tensor) -> Tensor:
        """The outputs: N C P."""
        pairs = zip(self.split(F.pad(x, (0, 1))), self.weights(w), strict=True)
        found = [F.embedding_bag(self.rows, table, mode="sum", per_sample_weights=each) for table, each in pairs]
        return self.join(found, self.p)

    def products(self, y: Tensor, x: Tensor) -> Tensor:
        """What each bag has in common with each of its rows: N G T P."""
        bag, rows = torch.arange(len(self.rows), device=y.device, dtype=self.rows.dtype), self.rows.flatten()
        starts, owners = bag * self.t, bag.repeat_interleave(self.t)
        product = torch.ops.aten._embedding_bag_per_sample_weights_backward
        pairs = zip(self.split(y), self.split(F.pad(x, (0, 1))), strict=True)
        found = [product(bags, table, rows, starts, owners, 0) for bags, table in pairs]
        return torch.stack(found).view(self.n, self.g, self.p, self.t).transpose(2, 3)

    def spread(self, y: Tensor, w: Tensor) -> Tensor:
        """The adjoint of sums in x: N C S. Bags the other way round: each row collects the outputs that read it."""
        rows, order = self.rows.flatten().sort(stable=True)
        count = self.n * self.g * self.size // self.blocks
        starts = torch.searchsorted(rows, torch.arange(count, device=y.device, dtype=rows.dtype)).to(rows.dtype)
        owners = order.to(rows.dtype).div(self.t, rounding_mode="floor")
        found = [
            F.embedding_bag(owners, bags, starts, mode="sum", per_sample_weights=each.flatten()[order])
            for bags, each in zip(self.split(y), self.weights(w), strict=True)
        ]
        return self.join(found, self.size)[:, :, :-1]


class Gathered(torch.autograd.Function):
    """The sum over listed cells, with a backward that reads the list again."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, w: Tensor, cells: Tensor) -> Tensor:
        """N C P."""
        ctx.save_for_backward(x, w, cells)
        return _Bags(cells, x.shape[2]).sums(x, w)

    @staticmethod
    def backward(ctx: Any, *given: Tensor) -> tuple[Tensor | None, ...]:
        """∂x and ∂w; none of the cells."""
        (x, w, cells), (grad,), needed = ctx.saved_tensors, given, ctx.needs_input_grad[:2]
        with without_autocast(x.device):
            if torch.is_grad_enabled() or mapped(grad):
                return *differentiated(lambda a, b: tap_by_tap(a, b, cells), (x, w), needed, grad), None
            bags = _Bags(cells, x.shape[2])
            return bags.spread(grad, w) if needed[0] else None, bags.products(grad, x) if needed[1] else None, None


class Scored(torch.autograd.Function):
    """Inner products with listed cells. Each derivative is one of the three products of :class:`_Bags`."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, cells: Tensor) -> Tensor:
        """N G T P."""
        ctx.save_for_backward(query, key, cells)
        return _Bags(cells, key.shape[2]).products(query, key)

    @staticmethod
    def backward(ctx: Any, *given: Tensor) -> tuple[Tensor | None, ...]:
        """∂query and ∂key."""
        (query, key, cells), (grad,), needed = ctx.saved_tensors, given, ctx.needs_input_grad[:2]
        with without_autocast(key.device):
            if torch.is_grad_enabled() or mapped(grad):
                return *differentiated(lambda a, b: scored_tap_by_tap(a, b, cells), (query, key), needed, grad), None
            bags = _Bags(cells, key.shape[2])
            return bags.sums(key, grad) if needed[0] else None, bags.spread(query, grad) if needed[1] else None, None
