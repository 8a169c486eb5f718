"""Strided depth-wise convolutions with several filters per channel, and their gradients, in a form that suits CPUs.

oneDNN has a fast kernel for one filter per channel, but no fast kernel for the gradients of a strided convolution with
several. Both gradients are written here as convolutions of stride 1 along the map. The gradients of the M responses are
interleaved as rows (row i·M + m is row i of filter m), so one window of M·k' rows sees all filters at once:

- Position r·e + a − start of the map (start: the padding) meets the taps a, a + r, a + 2r, … and no others. The map
  falls into r² such *phases* (a, b). The gradient of a phase is one depth-wise convolution of the rows with the taps
  of that phase, reversed, at stride (M, 1).
- The gradient of those taps is the weight gradient of that same convolution, with the phase of the map in place of
  the output's gradient.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from a2u.paths import differentiated, mapped, to_channels_last, window_start


def pays(x: Tensor, sets: list[Tensor], ratio: int) -> bool:
    """Is :func:`strided` the faster way? A function of shapes, types and the device alone.

    Measured with one thread, U and V together, forward and backward with the product that follows (torch 2.15, a CPU
    with AVX-512), against one grouped convolution:

    - k = 4, r = 2 is 1.3 to 3 times as fast, k = 2 or 3 1.2 to 1.5 times, k = 6 with r = 3 2 to 3 times.
    - More than two taps per phase and axis (k > 2r), one filter per channel, or ratio 1 are no faster, or slower.
    - Fewer than 16 channels do not fill the vectors that these kernels work on, and are slower.
    - Float32 only: under autocast, in half precision and in double precision oneDNN uses other kernels.
    - On CUDA neither form has been measured; there the plain convolution stays.

    :func:`strided` does not take filters that differ by sample, nor a call that torch.vmap maps.
    """
    size, count = sets[0].shape[-1], sum(filters.shape[1] for filters in sets)
    return (
        x.device.type == "cpu"
        and torch.backends.mkldnn.is_available()
        and not torch.is_autocast_enabled("cpu")
        and all(each.dtype == torch.float32 for each in (x, *sets))
        and all(filters.shape[0] == 1 for filters in sets)
        and (count >= 4 and x.shape[1] >= 16 and ratio > 1 and size <= 2 * ratio)
        and x.numel() > 0
        and not mapped()
    )


def strided(x: Tensor, sets: list[Tensor], ratio: int) -> list[Tensor]:
    """The responses of x to each set of filters: y[n, i, m, j, c] = Σ_t filters[m, c, t] · z[n, c, t, i, j].

    Args:
        x: Tensor[N, C, H, W].
        sets: Tensor[M, C, k, k] each, all of one k; C values are stored or expanded.
        ratio: r.

    Returns:
        Tensor[N, ⌊H/r⌋, M, ⌊W/r⌋, C] for each set, contiguous: the layout that the backward reads without a copy.
    """
    start = window_start(sets[0].shape[-1], ratio)
    height, width = x.shape[-2] // ratio, x.shape[-1] // ratio
    if start < 0:  # a window smaller than its block begins inside it
        x = x[..., -start:, -start:]
    return list(_Strided.apply(to_channels_last(x), height, width, ratio, *sets))


class _Strided(torch.autograd.Function):
    @staticmethod
    def forward(x: Tensor, height: int, width: int, ratio: int, *sets: Tensor) -> tuple[Tensor, ...]:
        """One depth-wise convolution per filter, its rows interleaved with those of the others."""
        return tuple(_plain(x, filters, height, width, ratio) for filters in sets)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        """Keep the inputs; nothing else is needed."""
        ctx.size = inputs[1:4]
        ctx.save_for_backward(inputs[0], *inputs[4:])
        ctx.save_for_forward(inputs[0], *inputs[4:])

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """∂x phase by phase, and ∂filters from the same phases."""
        (x, *sets), (height, width, ratio) = ctx.saved_tensors, ctx.size
        needed = [ctx.needs_input_grad[0], *ctx.needs_input_grad[4:]]
        if torch.is_grad_enabled() or mapped(*grads):  # twice, or many at once: differentiate the plain convolutions
            first, *others = differentiated(
                lambda x, *sets: [_plain(x, filters, height, width, ratio) for filters in sets],
                (x, *sets),
                needed,
                grads,
            )
            return first, None, None, None, *others
        rows = torch.cat(grads, dim=2)  # N h M w C
        grad_x, grad_filters = _gradients(x, torch.cat(sets), rows, ratio, needed[0], any(needed[1:]))
        parts = [None] * len(sets) if grad_filters is None else grad_filters.split([f.shape[0] for f in sets])
        return grad_x, None, None, None, *parts

    @staticmethod
    def jvp(ctx: Any, dx: Tensor | None, *tangents: Any) -> tuple[Tensor, ...]:
        """Forward mode: the responses are linear in the map and in the filters."""
        (x, *sets), (height, width, ratio) = ctx.saved_tensors, ctx.size
        results = []
        for filters, change in zip(sets, tangents[3:], strict=True):
            by_x = None if dx is None else _plain(dx, filters, height, width, ratio)
            by_filters = None if change is None else _plain(x, change, height, width, ratio)
            both = [each for each in (by_x, by_filters) if each is not None]
            results.append(sum(both[1:], both[0]) if both else None)
        return tuple(results)  # type: ignore[arg-type]


def _plain(x: Tensor, filters: Tensor, height: int, width: int, ratio: int) -> Tensor:
    padding = max(0, window_start(filters.shape[-1], ratio))
    maps = [
        F.conv2d(x, one[:, None], stride=ratio, padding=padding, groups=x.shape[1])[..., :height, :width]
        for one in filters.unbind()
    ]  # at ratio 1 an even k adds a row and a column
    return torch.stack([y.permute(0, 2, 3, 1) for y in maps], dim=2)


def _gradients(
    x: Tensor, filters: Tensor, rows: Tensor, ratio: int, of_x: bool, of_filters: bool
) -> tuple[Tensor | None, Tensor | None]:
    """∂x and ∂filters, where wanted, from the gradients of all responses, Tensor[N, h, M, w, C]."""
    n, h, m, w, c = rows.shape
    size = filters.shape[-1]
    covered = size >= ratio and x.shape[-2:] == (h * ratio, w * ratio)  # does every position of the map meet a tap?
    grad_x = (torch.empty_like if covered else torch.zeros_like)(x) if of_x else None
    grad_filters = filters.new_empty(filters.shape) if of_filters else None
    between = rows.reshape(n, h * m, w, c).permute(0, 3, 1, 2)  # N C h·M w
    for a in range(min(ratio, size)):
        for b in range(min(ratio, size)):
            taps = filters[:, :, a::ratio, b::ratio].flip(2, 3)  # M C ka kb
            ka, kb = taps.shape[-2:]
            weight = taps.permute(1, 2, 0, 3).reshape(c, 1, ka * m, kb)
            step, padding = (m, 1), (m * (ka - 1), kb - 1)
            in_phase, in_map = zip(
                _positions(x.shape[-2], h + ka - 1, a, size, ratio),
                _positions(x.shape[-1], w + kb - 1, b, size, ratio),
                strict=True,
            )
            if grad_x is not None:
                phase = F.conv2d(between, weight, stride=step, padding=padding, groups=c)
                grad_x[(..., *in_map)] = phase[(..., *in_phase)]
            if grad_filters is not None:
                phase = x.new_zeros(n, h + ka - 1, w + kb - 1, c).permute(0, 3, 1, 2)
                phase[(..., *in_phase)] = x[(..., *in_map)]
                _, grad, _ = torch.ops.aten.convolution_backward(
                    phase, between, weight, None, step, padding, (1, 1), False, (0, 0), c, (False, True, False)
                )
                grad_filters[:, :, a::ratio, b::ratio] = grad.view(c, ka, m, kb).permute(2, 0, 1, 3).flip(2, 3)
    return grad_x, grad_filters


def _positions(length: int, count: int, phase: int, size: int, ratio: int) -> tuple[slice, slice]:
    """Along one axis: which of the `count` positions of a phase lie inside the map, and where in the map they are.

    Position e of phase a is position r·e + a − start of the map; outside the map the phase is zero.
    """
    offset = phase - max(0, window_start(size, ratio))
    first = max(0, -(offset // ratio))
    number = max(0, min(count - first, -((first * ratio + offset - length) // ratio)))
    begin = first * ratio + offset
    return slice(first, first + number), slice(begin, begin + number * ratio, ratio)
