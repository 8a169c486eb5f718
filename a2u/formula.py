r"""The one formula: every upsampled value is g(w, z) = wᵀz (Eq. 1).

A *window* z holds what the low-resolution map shows around one position; a *kernel* w holds one weight for each
of those values; an output value is their inner product. Operators differ only in where w comes from and in which
z it meets, so the product itself is written here once, in four forms:

- :func:`reassemble` goes up: r² outputs for each window of the map, each with a kernel of its own;
- :func:`reduce` goes down: one output for each r×r block;
- :func:`a2u.cells.gather` goes anywhere: each output has a list of cells of its own, in place of a window;
- :func:`universal` goes up with kernels that span all input channels and are the same at every position
  (deconvolution, pixel shuffle).

:func:`windows` returns the z. Each form has a *reference* path that reads like the formula (gather z, repeat it for
the r² outputs, multiply, sum) and faster paths in :mod:`a2u.paths` that never hold k² copies of the upsampled
map. All paths agree; ``path="auto"`` chooses.

Axes: N batch, C channels, G groups of channels that share a kernel, k² taps of the window in row-major order,
H, W the low-resolution size, r the ratio. An axis of 0 gives an empty result, and zeros as gradients.

Arithmetic, the same for every path of :func:`reassemble` and :func:`reduce`, forward and backward:

- float16 and bfloat16 are multiplied and added up in float32, and the result is rounded once. (On a GPU, tiles round
  their gradients twice: after each tile, and where tiles overlap.) Kernels may stay float32 beside such a map.
- Autocast changes nothing: the result has the dtype of x. :func:`universal` is a convolution, and autocast lowers it
  as it lowers those of torch.
- Gradients of complex maps are those of torch: conjugated.
- NaN and infinity reach the outputs whose window contains them, and no others, whatever their weights: 0 · NaN is NaN.
  Outside the map z is 0, so an infinite weight makes NaN there. (On a GPU, tiles give NaN in place of infinity.)
- Integers and booleans are refused, since they cannot hold a weighted sum.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from a2u import paths
from a2u.checks import (
    check_choice,
    check_kernel,
    check_ratio,
    check_same,
    check_side,
    check_tensor,
    check_window,
    described,
    empty,
)
from a2u.errors import A2UError
from a2u.paths import HALF, window_start
from a2u.tiles import banded

__all__ = ["PATHS", "choose_path", "reassemble", "reduce", "universal", "window_start", "windows"]

PATHS = ("auto", "reference", "shift", "tiles", "compiled")
ALIGNMENTS = ("block", "stride")


def windows(x: Tensor, size: int, ratio: int = 1) -> Tensor:
    """The windows z of a map: what each position (or each r×r block) sees, zeros outside the map.

    Args:
        x: Tensor[N, C, H, W], the map.
        size: k, the side of the window; an even window begins one tap earlier than it ends (:func:`window_start`).
        ratio: r, the step between windows. H and W must be multiples of it.

    Returns:
        Tensor[N, C, k², H/r, W/r]; tap t is row t // k and column t % k of the window.

    Raises:
        A2UError: wrong rank, a size below 1, or a map that ``ratio`` does not divide.

    Example:
        >>> windows(torch.arange(1.0, 5).view(1, 1, 2, 2), 3)[0, 0, :, 0, 0].tolist()
        [0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 0.0, 3.0, 4.0]
    """
    size, ratio = check_window(size), check_ratio(x, ratio, up=False)
    n, c, h, w = x.shape[0], x.shape[1], x.shape[2] // ratio, x.shape[3] // ratio
    if 0 in x.shape:
        return empty(x, (n, c, size**2, h, w))
    padded = paths.pad_to_grid(x, size, ratio, h, w)
    z = padded.unfold(2, size, ratio).unfold(3, size, ratio)  # N C H/r W/r k k
    return z.flatten(-2).movedim(-1, 2)


def reassemble(x: Tensor, w: Tensor, ratio: int, path: str = "auto") -> Tensor:
    r"""Upsample: y[n, c, i', j'] = Σ_t w[n, g(c), t, i', j'] · z[n, c, t, ⌊i'/r⌋, ⌊j'/r⌋] (Eq. 1).

    Args:
        x: Tensor[N, C, H, W], the map to upsample: floating point or complex.
        w: Tensor[N or 1, G, k², rH, rW], one kernel of k² weights for each output position. G divides C:
            1 shares a kernel among all channels, C gives each its own. A batch of 1 serves every sample. Its
            dtype is that of x; beside half precision it may be float32.
        ratio: r ≥ 1, an integer.
        path: "auto", "reference", "shift", "tiles" or "compiled"; see :func:`choose_path`.

    Returns:
        Tensor[N, C, rH, rW].

    Raises:
        A2UError: shapes that do not fit, dtypes or devices that differ, taps that are not a square, an unknown path.

    Example:
        >>> x, w = torch.randn(2, 8, 5, 7), torch.rand(2, 1, 9, 10, 14)
        >>> reassemble(x, w, ratio=2).shape
        torch.Size([2, 8, 10, 14])
    """
    ratio = check_ratio(x, ratio, up=True)
    k = check_kernel(x, w, ratio, up=True)
    return _product(x, w, size=k, step=1, phases=ratio, path=path)


def reduce(x: Tensor, w: Tensor, ratio: int, path: str = "auto", align: str = "block") -> Tensor:
    r"""Downsample: y[n, c, i, j] = Σ_t w[n, g(c), t, i, j] · z[n, c, t, i, j], one window per r×r block.

    Args:
        x: Tensor[N, C, H, W], the map to downsample; r divides H and W.
        w: Tensor[N or 1, G, k², H/r, W/r]; k = r covers each block exactly; a larger window
            overlaps its neighbours and is centred on the block (:func:`window_start`).
        ratio: r ≥ 1, an integer.
        path: as for :func:`reassemble`.
        align: "block" centres windows on r×r blocks. "stride" centres them on the values r·i, r·j, as a strided
            convolution does: then r need not divide H and W, and there are ⌈H/r⌉×⌈W/r⌉ kernels. For odd windows both
            are the same at r = 2.

    Returns:
        Tensor[N, C, H/r, W/r], rounded up.

    Raises:
        A2UError: as for :func:`reassemble`; also when r does not divide H and W, with windows centred on blocks.
    """
    check_choice("align", align, ALIGNMENTS)
    if align == "stride":
        return _reduce_by_stride(x, w, ratio, path)
    ratio = check_ratio(x, ratio, up=False)
    k = check_kernel(x, w, ratio, up=False)
    return _product(x, w, size=k, step=ratio, phases=1, path=path)


def _reduce_by_stride(x: Tensor, w: Tensor, ratio: int, path: str) -> Tensor:
    """Windows centred on r·i: windows of blocks over a map that begins a little earlier and ends a block later."""
    ratio = check_ratio(x, ratio, up=True)
    height, width = (-(-length // ratio) for length in x.shape[-2:])
    k = check_kernel(F.pad(x, (0, width * ratio - x.shape[-1], 0, height * ratio - x.shape[-2])), w, ratio, up=False)
    if 0 in x.shape:
        return empty(x, (*x.shape[:2], height, width), w)
    early = window_start(k) - window_start(k, ratio)
    later = [(length + 1) * ratio - size - early for length, size in ((width, x.shape[-1]), (height, x.shape[-2]))]
    y = _product(F.pad(x, (early, later[0], early, later[1])), F.pad(w, (0, 1, 0, 1)), k, ratio, 1, path)
    return y[..., :height, :width]


def universal(x: Tensor, w: Tensor, ratio: int, path: str = "auto") -> Tensor:
    r"""Upsample with kernels that are the same everywhere and span all channels (deconvolution, pixel shuffle).

    y[n, c', r·i + a, r·j + b] = Σ_{c,t} w[c'·r² + a·r + b, c·k² + t] · z[n, c, t, i, j]

    Args:
        x: Tensor[N, C, H, W].
        w: Tensor[C_out·r², C·k²]: a row for each output channel and sub-pixel phase, a column for each input
            channel and tap.
        ratio: r ≥ 1.
        path: "auto" (a convolution and a pixel shuffle) or "reference" (the formula as it stands).

    Returns:
        Tensor[N, C_out, rH, rW].

    Raises:
        A2UError: wrong rank, a column count that is not C·k², rows that r² does not divide.
    """
    ratio = check_ratio(x, ratio, up=True)
    check_tensor("Universal kernels", w, "C_out·r², C·k²")
    channels = x.shape[1]
    if w.shape[0] % ratio**2 or not channels or w.shape[1] % channels:
        raise A2UError(
            f"Universal kernels must be (C_out·r², C·k²) with C={channels} and r={ratio}, got {described(w)}. "
            "Give one row for each output channel and phase, one column for each input channel and tap."
        )
    k = check_side(w.shape[1] // channels)
    check_same(x, w)
    if path not in ("auto", "reference"):
        raise A2UError(f"universal has the paths 'auto' and 'reference', got {path!r}.")
    if 0 in x.shape or not w.shape[0]:
        return empty(x, (x.shape[0], w.shape[0] // ratio**2, x.shape[2] * ratio, x.shape[3] * ratio), w)
    if path == "reference":
        return _universal_reference(x, w, ratio, k)
    padded = x if k % 2 else paths.pad_to_grid(x, k, 1, *x.shape[-2:])
    return F.pixel_shuffle(F.conv2d(padded, w.reshape(-1, channels, k, k), padding=k // 2 * (k % 2)), ratio)


def choose_path(x: Tensor, w: Tensor) -> str:
    """The path that ``path="auto"`` takes: a pure function of shapes, so a run is reproducible.

    - ``shift`` (k² fused multiply-adds of shifted maps) for 1×1 windows, where it is a single product; and for
      kernels shared by fewer than four channels, where a matrix product has nothing to batch.
    - ``tiles`` (a batched matrix product over 4×4 tiles) everywhere else: the fastest without a compiler.

    While torch traces or transforms the call (torch.compile, torch.export, torch.func, forward-mode derivatives),
    ``tiles`` and ``compiled`` run ``shift`` instead: a compiler fuses it into one loop, and every transform supports
    its operations. ``compiled`` also runs ``shift`` for tensors without values (meta device, FakeTensorMode).

    ``compiled`` is never chosen: it compiles ``shift`` on first use, which takes from seconds to a minute and
    needs a C++ compiler. Ask for it where the same shape is used many times. ``reference`` is for reading.
    """
    check_tensor("A map", x, "N, C, H, W")
    check_tensor("Kernels", w, "N, G, k², height, width")
    shared_by = x.shape[1] // max(1, w.shape[1])
    if paths.traced() or w.shape[2] == 1 or shared_by < 4:
        return "shift"
    return "tiles"


def _universal_reference(x: Tensor, w: Tensor, ratio: int, k: int) -> Tensor:
    wide = torch.float32 if x.dtype in HALF else x.dtype
    z = windows(x.to(wide), k).flatten(1, 2)  # N C·k² H W
    y: Tensor = torch.einsum("oz,nzhw->nohw", w.to(wide), z)
    return F.pixel_shuffle(y if paths.autocasts(x.device) else y.to(x.dtype), ratio)


def _product(x: Tensor, w: Tensor, size: int, step: int, phases: int, path: str) -> Tensor:
    check_choice("path", path, PATHS)
    if 0 in x.shape:
        return empty(x, (*x.shape[:2], *w.shape[-2:]), w)
    if path == "auto":
        path = choose_path(x, w)
    elif (path == "tiles" and paths.traced()) or (path == "compiled" and not paths.concrete(x)):
        path = "shift"
    with paths.without_autocast(x.device):
        on_cpu = x.device.type == "cpu"
        if x.dtype in HALF and (w.dtype == torch.float32 or path == "reference" or (path == "tiles" and on_cpu)):
            return _run(path, x.float(), w.float(), size, step, phases).to(x.dtype)
        return _run(path, x, w, size, step, phases)


def _run(path: str, x: Tensor, w: Tensor, size: int, step: int, phases: int) -> Tensor:
    """x (N, C, H, W), w (N or 1, G, k², h·phases, w·phases) → (N, C, h·phases, w·phases) by the named path."""
    if path == "reference":
        return _reference(x, w, size, step, phases)
    way = {"shift": paths.shift, "compiled": paths.compiled, "tiles": banded}[path]
    n, c, h, wd = x.shape
    if w.shape[0] == 1 and n > 1:
        w = w.to(torch.float32 if x.dtype in HALF and path != "tiles" else w.dtype)  # samples' gradients add up
    if w.shape[0] == 1 and n > 1 and w.shape[1] == 1:
        # One kernel map serves the whole batch: samples are then just more channels of one sample.
        y = way(x.reshape(1, n * c, h, wd), w, size, step, phases)
        return y.reshape(n, c, *y.shape[-2:])
    return way(x, w.expand(n, -1, -1, -1, -1), size, step, phases)


def _reference(x: Tensor, w: Tensor, size: int, step: int, phases: int) -> Tensor:
    """Eq. (1) as it stands: gather z, repeat it for the r² outputs of its position, multiply, sum."""
    z = windows(x, size, step)  # N C k² H W
    z = z.repeat_interleave(phases, dim=-2).repeat_interleave(phases, dim=-1)  # N C k² rH rW
    w = w.repeat_interleave(x.shape[1] // w.shape[1], dim=1)  # N C k² rH rW
    return (w * z).sum(dim=2)  # N C rH rW
