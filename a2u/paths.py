r"""Fast ways to compute the products of :mod:`a2u.formula`, all equal to its reference.

Both directions are one problem. Base positions (i, j) lie on an h×w grid; each looks at the k×k window of x that
begins at (i·step − start, j·step − start) and makes phases² outputs from it, each with its own kernel.
Upsampling has step 1 and phases r; downsampling has step r and phases 1.

- :func:`shift` adds up k² shifted copies of the map, one tap after the other, channels last. A compiler fuses it
  into one loop that reads x and w once; in eager mode it suits 1×1 windows.
- :class:`Tiles` cuts the map into overlapping tiles of 4×4 base positions. Inside a tile every output is a
  weighted sum of the same E² inputs (E = 3·step + k), so w becomes a banded matrix and the tile one small matrix
  product. The band wastes some multiplications (2.6× for k = 5) and wins because matrix products are what
  CPUs and GPUs do best: nothing larger than a tile's overlap is ever copied.
"""

import math
from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

TILE = 4  # base positions a side; 2 copies more overlap, 8 wastes more of the band (both measured slower)


def run(path: str, x: Tensor, w: Tensor, size: int, step: int, phases: int) -> Tensor:
    """x (N, C, H, W), w (N, G, k², h·phases, w·phases) → (N, C, h·phases, w·phases) by the named path."""
    if path == "shift":
        return shift(x, w, size, step, phases)
    if path == "compiled":
        h, wd = w.shape[-2] // phases, w.shape[-1] // phases
        # Padded outside: fused into the loop, the padding would be worked out again for each of the k² taps.
        summed: Tensor = _compiled_sum()(pad_channels_last(x, size, step, h, wd), w, size, step, phases)
        return summed
    y: Tensor = Tiles.apply(x, w, size, step, phases)
    return y


def window_start(size: int, ratio: int = 1) -> int:
    """How far a window of ``size`` begins before its block of ``ratio`` positions: ⌈(k − r) / 2⌉.

    For ratio 1 and odd k this centres the window on the position: (k − 1) / 2. For a block of r positions (going
    down) it centres the window on the block; where k − r is odd, the extra tap lies before the block, as in a
    stride-2 3×3 convolution with padding 1.
    """
    return math.ceil((size - ratio) / 2)


def pad_to_grid(x: Tensor, size: int, step: int, h: int, w: int) -> Tensor:
    """Zero-pad (or crop) x so that windows i·step … i·step + k − 1 exist for i < h, and likewise for columns."""
    return F.pad(x, _margins(x, size, step, h, w))


def pad_channels_last(x: Tensor, size: int, step: int, h: int, w: int) -> Tensor:
    """The same as N Hp Wp C. Permuted before it is padded, so that a compiler stores a pixel's channels together."""
    return F.pad(x.permute(0, 2, 3, 1), (0, 0, *_margins(x, size, step, h, w)))


def _margins(x: Tensor, size: int, step: int, h: int, w: int) -> tuple[int, int, int, int]:
    """Left, right, top, bottom; negative to crop."""
    start = window_start(size, step)
    below = (h - 1) * step + size - x.shape[-2] - start
    right = (w - 1) * step + size - x.shape[-1] - start
    return start, right, start, below


def shift(x: Tensor, w: Tensor, size: int, step: int, phases: int) -> Tensor:
    """y = Σ_t w_t ∘ (x shifted to tap t), with x and y channels-last; half precision adds up in float32."""
    c, g = x.shape[1], w.shape[1]
    h, wd = w.shape[-2] // phases, w.shape[-1] // phases
    if size == 1 and step == 1:
        up = x if phases == 1 else F.interpolate(x, scale_factor=float(phases), mode="nearest")
        y: Tensor = (up.unflatten(1, (g, c // g)) * w).flatten(1, 2)  # w is N G 1 rH rW: broadcast over the group
        return y
    return _sum_of_shifts(pad_channels_last(x, size, step, h, wd), w, size, step, phases)


def _sum_of_shifts(padded: Tensor, w: Tensor, size: int, step: int, phases: int) -> Tensor:
    """The loop over taps, from a map that is padded and channels-last already: N Hp Wp C."""
    n, c, dtype = padded.shape[0], padded.shape[-1], padded.dtype
    g, h, wd = w.shape[1], w.shape[-2] // phases, w.shape[-1] // phases
    wide = torch.float32 if dtype in (torch.float16, torch.bfloat16) else dtype
    padded = padded.unflatten(-1, (g, c // g)).to(wide)  # N Hp Wp G C/G
    kernels = w.permute(0, 3, 4, 2, 1).to(wide)  # N rH rW k² G
    kernels = kernels.unflatten(2, (wd, phases)).unflatten(1, (h, phases))  # N h r w r k² G
    total: Tensor | None = None
    for t in range(size * size):
        row, column = divmod(t, size)
        z = padded[:, row : row + (h - 1) * step + 1 : step, column : column + (wd - 1) * step + 1 : step]
        term = kernels[..., t, :, None] * z[:, :, None, :, None]  # N h r w r G C/G
        total = term if total is None else total + term
    assert total is not None
    y = total.reshape(n, h * phases, wd * phases, c).to(dtype)
    return y.permute(0, 3, 1, 2)


@lru_cache(maxsize=1)
def _compiled_sum() -> Any:
    return torch.compile(_sum_of_shifts, dynamic=False)  # a kernel for each shape: several times as fast as one for all


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
