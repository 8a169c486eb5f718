r"""The banded matrix product: reassembly and reduction without a compiler, as matrix products over small tiles.

:class:`Tiles` cuts the map into overlapping tiles of 4×4 base positions. Inside a tile every output is a weighted sum
of the same E² inputs (E = 3·step + k), so w becomes a banded matrix and the tile one small matrix product. The band
wastes some multiplications (2.6× for k = 5). It wins all the same: matrix products are what CPUs and GPUs do best, and
tiles copy each input only once more for every tile that overlaps it. :mod:`a2u.paths` says what sizes, steps and phases
are.

The zeros of the band multiply inputs that an output does not see, and 0 · NaN is NaN. So a NaN or an infinity among
the inputs would spread over its whole tile. Two remedies keep it where the formula has it:

- On a CPU one sum shows whether all inputs are finite. If they are not, tiles of one base position are used: their
  band is the kernel itself, without a zero, and the result is that of the formula. They copy more and are slower.
- On a GPU, reading a sum would mean waiting for it, and in a trace there is no value to read. There the product uses
  zeros in place of inputs that are not finite, and NaN is then written to every output that sees such an input (where
  the formula may give infinity).

Inputs are x for the outputs, and the outputs' gradients for the gradient of x. The gradient of w needs no remedy: its
products pair each output with each input and only those of the band are read.
"""

import cmath
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from a2u.paths import HALF, concrete, differentiated, mapped, pad_to_grid, shift, window_start, without_autocast

TILE = 4  # base positions per side; 2 copies more overlap, 8 wastes more of the band (both measured slower)


def banded(x: Tensor, w: Tensor, size: int, step: int, phases: int) -> Tensor:
    """x (N, C, H, W), w (N, G, k², h·phases, w·phases) → (N, C, h·phases, w·phases)."""
    y: Tensor = Tiles.apply(x, w, size, step, phases)
    return y


class Tiles(torch.autograd.Function):
    """The banded matrix product over tiles, with a backward that rebuilds tiles instead of storing them."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, w: Tensor, size: int, step: int, phases: int) -> Tensor:
        """One matrix product per tile and group: band (outputs × E²) · tile (E² × channels)."""
        ctx.save_for_backward(x, w)
        ctx.geometry = size, step, phases
        finite = all_finite(x)
        grid = _Grid(x, w, size, step, phases, tile=1 if finite is False else TILE)
        seen = x if finite is not None else x.where(x.isfinite(), 0)
        y = grid.join(torch.bmm(grid.band(w), grid.cut(seen)), like=x)
        return y if finite is not None else y + grid.nan_where_seen(x)

    @staticmethod
    def backward(ctx: Any, *given: Tensor) -> tuple[Tensor | None, ...]:
        """∂x: the transposed band, its tiles added up. ∂w: outputs times inputs, read along the band."""
        (x, w), (grad,), needed = ctx.saved_tensors, given, ctx.needs_input_grad[:2]
        with without_autocast(x.device):
            if torch.is_grad_enabled() or mapped(grad):  # twice, or many at once: differentiate the shift path instead
                again = differentiated(lambda a, b: shift(a, b, *ctx.geometry), (x, w), needed, grad)
                return *again, None, None, None
            return *gradients(x, w, grad, needed, *ctx.geometry), None, None, None


def gradients(
    x: Tensor, w: Tensor, grad: Tensor, needed: tuple[bool, bool], size: int, step: int, phases: int
) -> tuple[Tensor | None, Tensor | None]:
    """∂x and ∂w of ``banded``, where needed. ∂w reads of w its shape alone, and ∂x of x."""
    finite = all_finite(grad) if needed[0] else True
    grid = _Grid(x, w, size, step, phases, tile=1 if finite is False else TILE)
    tiles, grad_x, grad_w = grid.split(grad), None, None
    if needed[1]:
        grad_w = grid.unband(torch.bmm(tiles, grid.cut(x).mH))
    if needed[0]:
        seen = tiles if finite is not None else tiles.where(tiles.isfinite(), 0)
        grad_x = grid.uncut(torch.bmm(grid.band(w).mH, seen))
        grad_x = grad_x if finite is not None else grad_x + grid.nan_where_seen_by(grad)
    return grad_x, grad_w


def all_finite(x: Tensor) -> bool | None:
    """Whether every value is finite; None where looking would wait for a device, or where there are no values.

    A sum that overflows counts as not finite: the path for such input is slower and equally correct.
    """
    if x.device.type != "cpu" or not concrete(x):
        return None
    return cmath.isfinite(x.sum().item())


def _poison(x: Tensor) -> Tensor:
    """Real zeros, NaN where x is not finite."""
    zeros = torch.zeros_like(x, dtype=x.dtype.to_real())
    return zeros.masked_fill(x.isfinite().logical_not(), torch.nan)


class _Grid:
    """The geometry of one tiling: how maps, kernels and outputs become batches of matrices and return.

    In the shapes, T is the number of base positions per side of a tile, B = N·tiles·G the batch of matrices, E² the
    inputs of a tile, r = phases.
    """

    def __init__(self, x: Tensor, w: Tensor, size: int, step: int, phases: int, tile: int) -> None:
        self.size, self.step, self.phases, self.tile = size, step, phases, tile
        self.n, self.c, self.height, self.width = x.shape
        self.g, self.h, self.w = w.shape[1], w.shape[-2] // phases, w.shape[-1] // phases
        self.rows, self.columns = -(-self.h // tile), -(-self.w // tile)  # tiles, the last ones ragged
        self.side = (tile - 1) * step + size  # E

    def cut(self, x: Tensor) -> Tensor:
        """N C H W → B E² C/G: overlapping tiles of the zero-padded map."""
        padded = pad_to_grid(x, self.size, self.step, self.rows * self.tile, self.columns * self.tile)
        hop = self.tile * self.step
        z = padded.unflatten(1, (self.g, -1)).unfold(3, self.side, hop).unfold(4, self.side, hop)
        z = z.permute(0, 3, 4, 1, 5, 6, 2)  # N rows columns G E E C/G
        tiles: Tensor = z.reshape(-1, self.side**2, self.c // self.g)
        return tiles

    def uncut(self, z: Tensor) -> Tensor:
        """The adjoint of cut: B E² C/G → N C H W, overlaps added; those of half precision in float32."""
        hop = self.tile * self.step
        z = z.view(self.n, self.rows, self.columns, self.g, self.side, self.side, self.c // self.g)
        reach = -(-self.side // hop)  # how many hops a tile spans
        rows, columns = self.rows + reach - 1, self.columns + reach - 1
        wide = torch.float32 if z.dtype in HALF else z.dtype
        out = z.new_zeros(self.n, rows, hop, columns, hop, self.g, self.c // self.g, dtype=wide)
        for a in range(reach):
            for b in range(reach):
                part = z[..., a * hop : (a + 1) * hop, b * hop : (b + 1) * hop, :].permute(0, 1, 4, 2, 5, 3, 6)
                out[:, a : a + self.rows, : part.shape[2], b : b + self.columns, : part.shape[4]] += part
        start = window_start(self.size, self.step)
        flat = out.to(z.dtype).view(self.n, rows * hop, columns * hop, self.c).permute(0, 3, 1, 2)
        # Crop the padding; a negative start (a window smaller than its block) pads the columns it skipped.
        below, right = self.height + start - rows * hop, self.width + start - columns * hop
        return F.pad(flat, (-start, right, -start, below))

    def band(self, w: Tensor) -> Tensor:
        """N G k² rh rw → B (T·r)² E²: each kernel written into the row of its output."""
        t, r, k = self.tile, self.phases, self.size
        w = F.pad(w, (0, (self.columns * t - self.w) * r, 0, (self.rows * t - self.h) * r))
        w = w.view(self.n, self.g, k, k, self.rows, t, r, self.columns, t, r)
        out = w.new_zeros(self.n, self.rows, self.columns, self.g, t, r, t, r, self.side, self.side)
        self._taps(out).copy_(w.permute(0, 4, 7, 1, 5, 6, 8, 9, 2, 3))
        return out.view(-1, (t * r) ** 2, self.side**2)

    def unband(self, band: Tensor) -> Tensor:
        """The adjoint of band: the entries that belong to a kernel, in the kernels' layout."""
        t, r, k = self.tile, self.phases, self.size
        band = band.view(self.n, self.rows, self.columns, self.g, t, r, t, r, self.side, self.side)
        w = self._taps(band).contiguous()  # gathering rows of k² first is twice as fast
        w = w.permute(0, 3, 8, 9, 1, 4, 5, 2, 6, 7)  # N G k k rows T r columns T r
        w = w.reshape(self.n, self.g, k * k, self.rows * t * r, self.columns * t * r)
        return w[..., : self.h * r, : self.w * r]

    def _taps(self, band: Tensor) -> Tensor:
        """N rows columns G T r T r E E → N rows columns G T r T r k k, a view: position (a, b) sees window (a, b)."""
        stride = list(band.stride())
        stride[4] += self.step * stride[8]  # one base position down, the window moves down too
        stride[6] += self.step * stride[9]
        return band.as_strided((*band.shape[:8], self.size, self.size), stride)

    def join(self, tiles: Tensor, like: Tensor) -> Tensor:
        """B (T·r)² C/G → N C rh rw, in the memory format of the input."""
        edge = self.tile * self.phases
        y = tiles.view(self.n, self.rows, self.columns, self.g, edge, edge, self.c // self.g)
        height, width = self.h * self.phases, self.w * self.phases
        if like.is_contiguous(memory_format=torch.channels_last) and not like.is_contiguous():
            y = y.permute(0, 1, 4, 2, 5, 3, 6).reshape(self.n, self.rows * edge, self.columns * edge, self.c)
            return y[:, :height, :width].contiguous().permute(0, 3, 1, 2)
        y = y.permute(0, 3, 6, 1, 4, 2, 5).reshape(self.n, self.c, self.rows * edge, self.columns * edge)
        return y[:, :, :height, :width].contiguous()

    def split(self, y: Tensor) -> Tensor:
        """The adjoint of join: N C rh rw → B (T·r)² C/G."""
        edge = self.tile * self.phases
        y = F.pad(y, (0, self.columns * edge - y.shape[-1], 0, self.rows * edge - y.shape[-2]))
        y = y.reshape(self.n, self.g, self.c // self.g, self.rows, edge, self.columns, edge)
        return y.permute(0, 3, 5, 1, 4, 6, 2).reshape(-1, edge * edge, self.c // self.g)

    def nan_where_seen(self, x: Tensor) -> Tensor:
        """N C H W → N C rh rw: NaN for the outputs whose window has a value of x that is not finite, 0 for others."""
        seen = F.avg_pool2d(pad_to_grid(_poison(x), self.size, self.step, self.h, self.w), self.size, self.step)
        return seen.repeat_interleave(self.phases, -2).repeat_interleave(self.phases, -1)

    def nan_where_seen_by(self, y: Tensor) -> Tensor:
        """N C rh rw → N C H W: NaN for the inputs that lie in the window of a value of y that is not finite."""
        k, step = self.size, self.step
        base = F.avg_pool2d(_poison(y), self.phases)  # N C h w
        spread = base.new_zeros(self.n, self.c, self.h, step, self.w, step)
        spread[:, :, :, 0, :, 0] = base  # each at the first input of its window, less the margin
        before = k - 1 - window_start(k, step)
        below, right = (
            size + k - 1 - before - count * step for size, count in ((self.height, self.h), (self.width, self.w))
        )
        padded = F.pad(spread.view(self.n, self.c, self.h * step, self.w * step), (before, right, before, below))
        return F.avg_pool2d(padded, k, 1)
