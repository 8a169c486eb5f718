r"""The one formula: every upsampled value is g(w, z) = wᵀz (Eq. 1).

A *window* z holds what the low-resolution map shows around one position; a *kernel* w holds one weight for each
of those values; an output value is their inner product. Operators differ only in where w comes from and in which
z it meets, so the product itself is written here once, in three forms:

- :func:`reassemble` goes up: r² outputs for each window of the map, each with a kernel of its own;
- :func:`reduce` goes down: one output for each r×r block;
- :func:`universal` goes up with kernels that span all input channels and are the same at every position
  (deconvolution, pixel shuffle).

:func:`windows` returns the z. Each form has a *reference* path that reads like the formula (gather z, repeat it for
the r² outputs, multiply, sum) and faster paths in :mod:`a2u.paths` that never hold k² copies of the upsampled
map. All paths agree; ``path="auto"`` chooses.

Axes: N batch, C channels, G groups of channels that share a kernel, k² taps of the window in row-major order,
H, W the low-resolution size, r the ratio.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from a2u import paths
from a2u.errors import A2UError, near_match
from a2u.paths import window_start
from a2u.tiles import Tiles

__all__ = ["PATHS", "choose_path", "reassemble", "reduce", "universal", "window_start", "windows"]

PATHS = ("auto", "reference", "shift", "tiles", "compiled")


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
    _check_map(x, size, ratio)
    padded = paths.pad_to_grid(x, size, ratio, x.shape[-2] // ratio, x.shape[-1] // ratio)
    z = padded.unfold(2, size, ratio).unfold(3, size, ratio)  # N C H/r W/r k k
    return z.flatten(-2).movedim(-1, 2)


def reassemble(x: Tensor, w: Tensor, ratio: int, path: str = "auto") -> Tensor:
    r"""Upsample: y[n, c, i', j'] = Σ_t w[n, g(c), t, i', j'] · z[n, c, t, ⌊i'/r⌋, ⌊j'/r⌋] (Eq. 1).

    Args:
        x: Tensor[N, C, H, W], the map to upsample.
        w: Tensor[N or 1, G, k², rH, rW], one kernel of k² weights for each output position. G divides C:
            1 shares a kernel among all channels, C gives each its own. A batch of 1 serves every sample.
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
    k = _check_kernel(x, w, ratio, up=True)
    return _product(x, w, size=k, step=1, phases=ratio, path=path)


def reduce(x: Tensor, w: Tensor, ratio: int, path: str = "auto") -> Tensor:
    r"""Downsample: y[n, c, i, j] = Σ_t w[n, g(c), t, i, j] · z[n, c, t, i, j], one window a block of r×r.

    Args:
        x: Tensor[N, C, H, W], the map to downsample; r divides H and W.
        w: Tensor[N or 1, G, k², H/r, W/r]; k = r covers each block exactly; a larger window
            overlaps its neighbours and is centred on the block (:func:`window_start`).
        ratio: r ≥ 1, an integer.
        path: as for :func:`reassemble`.

    Returns:
        Tensor[N, C, H/r, W/r].

    Raises:
        A2UError: as for :func:`reassemble`; also when r does not divide H and W.
    """
    k = _check_kernel(x, w, ratio, up=False)
    return _product(x, w, size=k, step=ratio, phases=1, path=path)


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
    _check_map(x, 1, 1)
    _check_ratio(ratio)
    channels = x.shape[1]
    if w.dim() != 2 or w.shape[0] % ratio**2 or w.shape[1] % channels:
        raise A2UError(
            f"universal kernels must be (C_out·r², C·k²) with C={channels} and r={ratio}, got {tuple(w.shape)}. "
            "Give one row for each output channel and phase, one column for each input channel and tap."
        )
    k = _side(w.shape[1] // channels)
    _check_same(x, w)
    if path == "reference":
        z = windows(x, k).flatten(1, 2)  # N C·k² H W
        return F.pixel_shuffle(torch.einsum("oz,nzhw->nohw", w, z), ratio)
    if path != "auto":
        raise A2UError(f"universal has the paths 'auto' and 'reference', got {path!r}.")
    padded = x if k % 2 else paths.pad_to_grid(x, k, 1, *x.shape[-2:])
    return F.pixel_shuffle(F.conv2d(padded, w.view(-1, channels, k, k), padding=k // 2 * (k % 2)), ratio)


def choose_path(x: Tensor, w: Tensor) -> str:
    """The path that ``path="auto"`` takes: a pure function of shapes, so a run is reproducible.

    - ``shift`` (k² fused multiply-adds of shifted maps) while torch.compile or torch.export traces, because
      the compiler fuses it into one loop; for 1×1 windows, where it is a single product; and for kernels
      shared by fewer than four channels, where a matrix product has nothing to batch.
    - ``tiles`` (a batched matrix product over 4×4 tiles) everywhere else: the fastest without a compiler.

    ``compiled`` is never chosen: it compiles ``shift`` on first use, which takes from seconds to a minute and
    needs a C++ compiler. Ask for it where the same shape is used many times. ``reference`` is for reading.
    """
    shared_by = x.shape[1] // max(1, w.shape[1])
    if torch.compiler.is_compiling() or w.shape[2] == 1 or shared_by < 4:
        return "shift"
    return "tiles"


def _product(x: Tensor, w: Tensor, size: int, step: int, phases: int, path: str) -> Tensor:
    if path not in PATHS:
        raise A2UError(f"Unknown path {path!r}. {near_match(path, PATHS)}")
    if path == "auto":
        path = choose_path(x, w)
    if path == "reference":
        return _reference(x, w, size, step, phases)
    if w.shape[0] == 1 and x.shape[0] > 1 and w.shape[1] == 1:
        # One kernel map serves the whole batch: samples are then just more channels of one sample.
        n, c, h, wd = x.shape
        y = _run(path, x.reshape(1, n * c, h, wd), w, size, step, phases)
        return y.reshape(n, c, *y.shape[-2:])
    return _run(path, x, w.expand(x.shape[0], -1, -1, -1, -1), size, step, phases)


def _run(path: str, x: Tensor, w: Tensor, size: int, step: int, phases: int) -> Tensor:
    """x (N, C, H, W), w (N, G, k², h·phases, w·phases) → (N, C, h·phases, w·phases) by the named path."""
    if path == "shift":
        return paths.shift(x, w, size, step, phases)
    if path == "compiled":
        return paths.compiled(x, w, size, step, phases)
    y: Tensor = Tiles.apply(x, w, size, step, phases)
    return y


def _reference(x: Tensor, w: Tensor, size: int, step: int, phases: int) -> Tensor:
    """Eq. (1) as it stands: gather z, repeat it for the r² outputs of its position, multiply, sum."""
    z = windows(x, size, step)  # N C k² H W
    z = z.repeat_interleave(phases, dim=-2).repeat_interleave(phases, dim=-1)  # N C k² rH rW
    w = w.repeat_interleave(x.shape[1] // w.shape[1], dim=1) if w.shape[1] else w  # N C k² rH rW
    return (w * z).sum(dim=2)  # N C rH rW


def _check_ratio(ratio: int) -> None:
    if not isinstance(ratio, int) or isinstance(ratio, bool) or ratio < 1:
        raise A2UError(f"ratio must be an integer ≥ 1, got {ratio!r}.")


def _check_map(x: Tensor, size: int, ratio: int) -> None:
    if x.dim() != 4:
        raise A2UError(
            f"A map must have four axes (N, C, H, W), got shape {tuple(x.shape)}. "
            "Add a batch axis with x[None] or a channel axis with x[:, None]."
        )
    _check_ratio(ratio)
    if size < 1:
        raise A2UError(f"A window needs a side k ≥ 1, got k={size}.")
    if x.shape[-2] % ratio or x.shape[-1] % ratio:
        raise A2UError(
            f"Going down by {ratio} needs a height and width that {ratio} divides, got "
            f"{x.shape[-2]}×{x.shape[-1]}. Pad or crop the map first."
        )


def _check_kernel(x: Tensor, w: Tensor, ratio: int, up: bool) -> int:
    """Check that w fits x and return the window's side k."""
    _check_map(x, 1, ratio if not up else 1)
    _check_ratio(ratio)
    n, c, h, wd = x.shape
    size = (h * ratio, wd * ratio) if up else (h // ratio, wd // ratio)
    if w.dim() != 5:
        raise A2UError(f"Kernels must have five axes (N, G, k², height, width), got shape {tuple(w.shape)}.")
    if tuple(w.shape[-2:]) != size:
        raise A2UError(
            f"Kernels must cover every output position: a {h}×{wd} map {'up' if up else 'down'} by {ratio} "
            f"gives {size[0]}×{size[1]}, got kernels for {w.shape[-2]}×{w.shape[-1]}."
        )
    if w.shape[0] not in (1, n):
        raise A2UError(f"Kernels need a batch of {n} (or 1, shared by all samples), got {w.shape[0]}.")
    if w.shape[1] < 1 or c % w.shape[1]:
        raise A2UError(
            f"The number of kernel groups must divide the channels, got G={w.shape[1]} for C={c}. "
            "Use 1 to share a kernel among all channels or C for one each."
        )
    _check_same(x, w)
    return _side(w.shape[2])


def _check_same(x: Tensor, w: Tensor) -> None:
    if x.dtype != w.dtype or x.device != w.device:
        raise A2UError(
            f"Map and kernels must have one dtype and device, got {x.dtype} on {x.device} and {w.dtype} on "
            f"{w.device}. Convert with w.to(x)."
        )


def _side(taps: int) -> int:
    k = math.isqrt(taps)
    if k < 1 or k * k != taps:
        raise A2UError(f"A kernel must have k² taps (1, 4, 9, 16, 25, …) for a square window, got {taps}.")
    return k
