r"""Fast ways to compute the products of :mod:`a2u.formula`, all equal to its reference.

Both directions are one problem. Base positions (i, j) lie on an h×w grid; each looks at the k×k window of x that
begins at (i·step − start, j·step − start) and makes phases² outputs from it, each with its own kernel.
Upsampling has step 1 and phases r; downsampling has step r and phases 1.

- :func:`shift` adds up k² shifted copies of the map, one tap after the other, channels last. A compiler fuses it
  into one loop that reads x and w once; in eager mode it suits 1×1 windows.
- :func:`compiled` is that loop, compiled on first use.
- :class:`a2u.tiles.Tiles` is a batch of small matrix products, the fastest without a compiler.
"""

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import forward_ad
from torch.utils._python_dispatch import is_in_torch_dispatch_mode

HALF = (torch.float16, torch.bfloat16)


def autocasts(device: torch.device) -> bool:
    """Whether autocast is on for this device."""
    return torch.amp.is_autocast_available(device.type) and torch.is_autocast_enabled(device.type)


def without_autocast(device: torch.device) -> AbstractContextManager[object]:
    """A context in which autocast lowers nothing on this device: the formula keeps the precision it is given."""
    return torch.autocast(device.type, enabled=False) if autocasts(device) else nullcontext()


def traced() -> bool:
    """Whether torch records or transforms what is called: torch.compile, export, torch.func, forward derivatives."""
    return (
        torch.compiler.is_compiling()
        or torch._C._functorch.peek_interpreter_stack() is not None
        or forward_ad._current_level >= 0
    )


def mapped(*seen: Tensor) -> bool:
    """Whether torch.vmap runs this call for many samples at once, or ``is_grads_batched`` for many gradients.

    What is mapped can neither be looked at nor written into a tensor that is not, and has no memory format.
    """
    levels = torch._C._functorch.get_interpreter_stack() or ()
    if any(level.key() == torch._C._functorch.TransformType.Vmap for level in levels):
        return True
    return any(torch._C._functorch.is_legacy_batchedtensor(each) for each in seen)


def differentiated(
    function: Callable[..., Tensor | Sequence[Tensor]], inputs: Sequence[Tensor], needed: Sequence[bool], grads: Any
) -> list[Tensor | None]:
    """The gradients of function(*inputs), where needed, by autograd: for a backward that is differentiated or mapped.

    Each input counts as if it stood alone. A kernel may have been made from the map that it meets: what flows to the
    map through the kernel is added by whoever asked for this backward, so it must not be added here as well.
    """
    again = torch.is_grad_enabled()
    with torch.enable_grad():
        alone = [each.view_as(each) for each in inputs]
        outputs = function(*alone)
    wanted = [each for each, need in zip(alone, needed, strict=True) if need]
    found = iter(torch.autograd.grad(outputs, wanted, grads, create_graph=again))
    return [next(found) if need else None for need in needed]


def concrete(x: Tensor) -> bool:
    """Whether x has values that can be looked at: no meta tensor, FakeTensor or other subclass, nothing recorded."""
    plain = type(x) in (Tensor, torch.nn.Parameter) and x.device.type != "meta"
    return plain and not is_in_torch_dispatch_mode() and not traced()


def channels_last(x: Tensor) -> bool:
    """Whether the channels of a pixel lie together: ``is_contiguous`` of that format, which torch.vmap refuses to say.

    Read from the strides, where axes of one place count for nothing.
    """
    _, c, h, w = x.shape
    return all(
        size == 1 or stride == usual
        for size, stride, usual in zip(x.shape, x.stride(), (h * w * c, 1, w * c, c), strict=True)
    )


def to_channels_last(x: Tensor) -> Tensor:
    """The map with the channels of a pixel together; under torch.vmap as well."""
    return x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)


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


def two_columns(x: Tensor, ratio: int) -> Tensor:
    """The map, with a block of zeros added on the right if it is only one block wide; callers crop the result.

    On CPUs with AMX, a strided convolution in bfloat16 whose result has one column reads beyond its input (oneDNN 3.13,
    torch 2.15): it gives NaN, or values that depend on unrelated memory.
    """
    narrow = ratio > 1 and x.device.type == "cpu" and not traced() and x.shape[-1] == ratio
    return F.pad(x, (0, ratio)) if narrow else x


def shift(x: Tensor, w: Tensor, size: int, step: int, phases: int) -> Tensor:
    """y = Σ_t w_t ∘ (x shifted to tap t), with x and y channels-last; half precision adds up in float32."""
    c, g = x.shape[1], w.shape[1]
    h, wd = w.shape[-2] // phases, w.shape[-1] // phases
    if size == 1 and step == 1:
        wide = torch.float32 if x.dtype in HALF else x.dtype  # forward is one product, but gradients are sums
        up = _repeat(x.to(wide), phases)
        y: Tensor = (up.unflatten(1, (g, c // g)) * w.to(wide)).flatten(1, 2)  # N G 1 rH rW: the same for a group
        return y.to(x.dtype)
    return _sum_of_shifts(pad_channels_last(x, size, step, h, wd), w, size, step, phases)


def _repeat(x: Tensor, times: int) -> Tensor:
    """Repeat every value in a block of times×times."""
    if times == 1:
        return x
    if x.is_complex():
        return x.repeat_interleave(times, dim=-2).repeat_interleave(times, dim=-1)
    # In float32, "nearest" rounds some positions wrongly from ratio 41 on. "nearest-exact" does not, but its backward
    # is slower.
    return F.interpolate(x, scale_factor=float(times), mode="nearest" if times <= 40 else "nearest-exact")


def _sum_of_shifts(padded: Tensor, w: Tensor, size: int, step: int, phases: int) -> Tensor:
    """The loop over taps, from a map that is padded and channels-last already: N Hp Wp C."""
    n, c, dtype = padded.shape[0], padded.shape[-1], padded.dtype
    g, h, wd = w.shape[1], w.shape[-2] // phases, w.shape[-1] // phases
    wide = torch.float32 if dtype in HALF else dtype
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


def compiled(x: Tensor, w: Tensor, size: int, step: int, phases: int) -> Tensor:
    """The same as one compiled loop. It needs a C++ compiler; the first use of a shape takes seconds to a minute."""
    h, wd = w.shape[-2] // phases, w.shape[-1] // phases
    # Padded outside: fused into the loop, the padding would be computed again for each of the k² taps.
    summed: Tensor = _compiled_sum()(pad_channels_last(x, size, step, h, wd), w, size, step, phases)
    return summed


@lru_cache(maxsize=1)
def _compiled_sum() -> Any:
    return torch.compile(_sum_of_shifts, dynamic=False)  # one kernel per shape: several times as fast as one for all
