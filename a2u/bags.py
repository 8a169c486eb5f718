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
    """Outputs as bags of rows: a table has a row for each sample, cell and group, a bag is the T rows of an output."""

    def __init__(self, cells: Tensor, size: int) -> None:
        self.n, self.g, self.t, self.p = cells.shape
        self.size = size + 1  # cells of a sample, with the one outside
        sample = torch.arange(self.n, device=cells.device).view(-1, 1, 1, 1) * self.size
        group = torch.arange(self.g, device=cells.device).view(1, -1, 1, 1)
        rows = (torch.where(cells < 0, size, cells) + sample) * self.g + group
        small = self.n * self.g * max(self.size, self.p * self.t) < 2**31
        self.rows = rows.permute(0, 3, 1, 2).reshape(-1, self.t).to(torch.int32 if small else torch.int64)  # N·P·G T

    def table(self, x: Tensor) -> Tensor:
        """N C S → N·(S+1)·G C/G."""
        return _with_outside(x, self.g).permute(0, 3, 1, 2).reshape(self.n * self.size * self.g, -1)

    def untable(self, table: Tensor) -> Tensor:
        """The adjoint of table."""
        whole = table.view(self.n, self.size, self.g, -1)[:, :-1]
        return whole.permute(0, 2, 3, 1).reshape(self.n, -1, self.size - 1)

    def bags(self, y: Tensor) -> Tensor:
        """N C P → N·P·G C/G."""
        grouped: Tensor = y.unflatten(1, (self.g, -1)).permute(0, 3, 1, 2)
        return grouped.reshape(self.n * self.p * self.g, -1)

    def unbags(self, bags: Tensor) -> Tensor:
        """N·P·G C/G → N C P."""
        return bags.view(self.n, self.p, -1).permute(0, 2, 1)

    def weights(self, w: Tensor) -> Tensor:
        """N G T P → N·P·G T."""
        return w.permute(0, 3, 1, 2).reshape(-1, self.t)

    def sums(self, x: Tensor, w: Tensor) -> Tensor:
        """The outputs: N C P."""
        found = F.embedding_bag(self.rows, self.table(x), mode="sum", per_sample_weights=self.weights(w))
        return self.unbags(found)

    def products(self, y: Tensor, x: Tensor) -> Tensor:
        """What each bag has in common with each of its rows: N G T P."""
        bag = torch.arange(len(self.rows), device=y.device, dtype=self.rows.dtype)
        found: Tensor = torch.ops.aten._embedding_bag_per_sample_weights_backward(
            self.bags(y).contiguous(), self.table(x).contiguous(), self.rows.flatten(),
            bag * self.t, bag.repeat_interleave(self.t), 0,
        )  # fmt: skip
        return found.view(self.n, self.p, self.g, self.t).permute(0, 2, 3, 1)

    def spread(self, y: Tensor, w: Tensor) -> Tensor:
        """The adjoint of sums in x: N C S. Bags the other way round: each row collects the outputs that read it."""
        rows, order = self.rows.flatten().sort(stable=True)
        count = self.n * self.size * self.g
        ends = torch.searchsorted(rows, torch.arange(count, device=y.device, dtype=rows.dtype))
        found = F.embedding_bag(
            (order // self.t).to(rows.dtype), self.bags(y), ends.to(rows.dtype), mode="sum",
            per_sample_weights=self.weights(w).flatten()[order],
        )  # fmt: skip
        return self.untable(found)


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
