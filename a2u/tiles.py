r"""The banded matrix product: reassembly and reduction without a compiler, as matrix products over small tiles.

:class:`Tiles` cuts the map into overlapping tiles of 4×4 base positions. Inside a tile every output is a weighted sum
of the same E² inputs (E = 3·step + k), so w becomes a banded matrix and the tile one small matrix product. The band
wastes some multiplications (2.6× for k = 5) and wins because matrix products are what CPUs and GPUs do best: nothing
larger than a tile's overlap is ever copied. What sizes, steps and phases are, says :mod:`a2u.paths`.
"""

from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from a2u.paths import pad_to_grid, shift, window_start

TILE = 4  # base positions a side; 2 copies more overlap, 8 wastes more of the band (both measured slower)


class Tiles(torch.autograd.Function):
    """The banded matrix product over tiles, with a backward that rebuilds tiles instead of storing them."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, w: Tensor, size: int, step: int, phases: int) -> Tensor:
        """One matrix product a tile and group: band (outputs × E²) · tile (E² × channels)."""
        grid = _Grid(x, w, size, step, phases)
        ctx.save_for_backward(x, w)
        ctx.grid = grid
        return grid.join(torch.bmm(grid.band(w), grid.cut(x)), like=x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor | None, None, None, None]:
        """∂x: the transposed band, its tiles added up. ∂w: outputs times inputs, read along the band."""
        (x, w), grid, (grad,) = ctx.saved_tensors, ctx.grid, grads
        if torch.is_grad_enabled():  # a second derivative is wanted: differentiate the shift path instead
            with torch.enable_grad():
                y = shift(x, w, grid.size, grid.step, grid.phases)
            needed = [t for t, need in zip((x, w), ctx.needs_input_grad, strict=False) if need]
            found = iter(torch.autograd.grad(y, needed, grad, create_graph=True))
            first, second = (next(found) if need else None for need in ctx.needs_input_grad[:2])
            return first, second, None, None, None
        tiles = grid.split(grad)
        grad_x = grad_w = None
        if ctx.needs_input_grad[0]:
            grad_x = grid.uncut(torch.bmm(grid.band(w).transpose(1, 2), tiles))
        if ctx.needs_input_grad[1]:
            grad_w = grid.unband(torch.bmm(tiles, grid.cut(x).transpose(1, 2)))
        return grad_x, grad_w, None, None, None


class _Grid:
    """The geometry of one tiling: how maps, kernels and outputs become batches of matrices and return.

    In the shapes, B = N·tiles·G is the batch of matrices, E² the inputs of a tile, T² its base positions, r =
    phases.
    """

    def __init__(self, x: Tensor, w: Tensor, size: int, step: int, phases: int) -> None:
        self.size, self.step, self.phases = size, step, phases
        self.n, self.c, self.height, self.width = x.shape
        self.g, self.h, self.w = w.shape[1], w.shape[-2] // phases, w.shape[-1] // phases
        self.rows, self.columns = -(-self.h // TILE), -(-self.w // TILE)  # tiles, the last ones ragged
        self.side = (TILE - 1) * step + size  # E
        self.index = _band_index(size, step, str(x.device)).view(1, 1, 1, 1, TILE, 1, TILE, 1, size * size)

    def cut(self, x: Tensor) -> Tensor:
        """N C H W → B E² C/G: overlapping tiles of the zero-padded map."""
        padded = pad_to_grid(x, self.size, self.step, self.rows * TILE, self.columns * TILE)
        hop = TILE * self.step
        z = padded.unflatten(1, (self.g, -1)).unfold(3, self.side, hop).unfold(4, self.side, hop)
        z = z.permute(0, 3, 4, 1, 5, 6, 2)  # N rows columns G E E C/G
        tiles: Tensor = z.reshape(-1, self.side**2, self.c // self.g)
        return tiles

    def uncut(self, z: Tensor) -> Tensor:
        """The adjoint of cut: B E² C/G → N C H W, overlaps added."""
        hop = TILE * self.step
        z = z.view(self.n, self.rows, self.columns, self.g, self.side, self.side, self.c // self.g)
        reach = -(-self.side // hop)  # how many hops a tile spans
        rows, columns = self.rows + reach - 1, self.columns + reach - 1
        out = z.new_zeros(self.n, rows, hop, columns, hop, self.g, self.c // self.g)
        for a in range(reach):
            for b in range(reach):
                part = z[..., a * hop : (a + 1) * hop, b * hop : (b + 1) * hop, :].permute(0, 1, 4, 2, 5, 3, 6)
                out[:, a : a + self.rows, : part.shape[2], b : b + self.columns, : part.shape[4]] += part
        start = window_start(self.size, self.step)
        flat = out.view(self.n, rows * hop, columns * hop, self.c).permute(0, 3, 1, 2)
        # Crop the padding; a negative start (a window smaller than its block) pads the columns it skipped.
        below, right = self.height + start - rows * hop, self.width + start - columns * hop
        return F.pad(flat, (-start, right, -start, below))

    def band(self, w: Tensor) -> Tensor:
        """N G k² rh rw → B (T·r)² E²: each kernel written into the row of its output."""
        r = self.phases
        w = F.pad(w, (0, (self.columns * TILE - self.w) * r, 0, (self.rows * TILE - self.h) * r))
        w = w.view(self.n, self.g, self.size**2, self.rows, TILE, r, self.columns, TILE, r)
        w = w.permute(0, 3, 6, 1, 4, 5, 7, 8, 2)  # N rows columns G T r T r k²
        out = w.new_zeros(*w.shape[:-1], self.side**2)
        out.scatter_(-1, self.index.expand_as(w), w)
        return out.view(-1, (TILE * r) ** 2, self.side**2)

    def unband(self, band: Tensor) -> Tensor:
        """The adjoint of band: the entries that belong to a kernel, in the kernels' layout."""
        r = self.phases
        band = band.view(self.n, self.rows, self.columns, self.g, TILE, r, TILE, r, self.side**2)
        w = band.gather(-1, self.index.expand(*band.shape[:-1], -1))
        w = w.permute(0, 3, 8, 1, 4, 5, 2, 6, 7)  # N G k² rows T r columns T r
        w = w.reshape(self.n, self.g, self.size**2, self.rows * TILE * r, self.columns * TILE * r)
        return w[..., : self.h * r, : self.w * r]

    def join(self, tiles: Tensor, like: Tensor) -> Tensor:
        """B (T·r)² C/G → N C rh rw, in the memory format of the input."""
        edge = TILE * self.phases
        y = tiles.view(self.n, self.rows, self.columns, self.g, edge, edge, self.c // self.g)
        height, width = self.h * self.phases, self.w * self.phases
        if like.is_contiguous(memory_format=torch.channels_last) and not like.is_contiguous():
            y = y.permute(0, 1, 4, 2, 5, 3, 6).reshape(self.n, self.rows * edge, self.columns * edge, self.c)
            return y[:, :height, :width].contiguous().permute(0, 3, 1, 2)
        y = y.permute(0, 3, 6, 1, 4, 2, 5).reshape(self.n, self.c, self.rows * edge, self.columns * edge)
        return y[:, :, :height, :width].contiguous()

    def split(self, y: Tensor) -> Tensor:
        """The adjoint of join: N C rh rw → B (T·r)² C/G."""
        edge = TILE * self.phases
        y = F.pad(y, (0, self.columns * edge - y.shape[-1], 0, self.rows * edge - y.shape[-2]))
        y = y.reshape(self.n, self.g, self.c // self.g, self.rows, edge, self.columns, edge)
        return y.permute(0, 3, 5, 1, 4, 6, 2).reshape(-1, edge * edge, self.c // self.g)


@lru_cache(maxsize=64)
def _band_index(size: int, step: int, device: str) -> Tensor:
    """T T k²: where in the E×E tile the taps of base position (a, b) lie."""
    line = torch.arange(TILE, device=device)[:, None] * step + torch.arange(size, device=device)  # T k
    return (line[:, None, :, None] * ((TILE - 1) * step + size) + line[None, :, None, :]).flatten(-2)
