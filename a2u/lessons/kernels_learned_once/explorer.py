"""Lesson 03: overlap and checkerboard in an explorer, and two ways without a checkerboard."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from a2u.errors import A2UError
from a2u.lessons.frame import Drawing, Panel, choice, slider
from a2u.lessons.kernels_learned_once.picture import impossible, overlap
from a2u.plots import style

INPUTS = 5  # along an axis of the explorer's map
WEIGHTS = ("equal", "tent", "random")


def problem(kernel: int, stride: int, padding: int, output_padding: int, n: int = INPUTS) -> str | None:
    """Why a transposed convolution cannot have these settings, or None: N = (n − 1)·s − 2p + K + extra ≥ 1."""
    if output_padding >= stride:
        return (
            f"output_padding must be smaller than the stride: here 0 … {stride - 1}. A convolution of stride s makes "
            "maps of s different sizes equally small, and output_padding says to which of them to go back."
        )
    size = (n - 1) * stride - 2 * padding + kernel + output_padding
    if size < 1:
        return (
            f"The padding cuts off everything: ({n} − 1)·{stride} − 2·{padding} + {kernel} + {output_padding} = {size} "
            "outputs. Take a smaller padding or a larger kernel."
        )
    return None


def weights(kind: str, kernel: int, stride: int) -> Tensor:
    """K×K weights that sum to s², so that outputs of a map of ones are 1 on average: one of WEIGHTS."""
    if kind not in WEIGHTS:
        raise A2UError(f"The weights are one of {', '.join(WEIGHTS)}, got {kind!r}.")
    if kind == "random":
        w = torch.rand(kernel, kernel, generator=torch.Generator().manual_seed(0))
    else:
        place = torch.arange(kernel) - (kernel - 1) / 2
        line = 1 - place.abs() / (kernel / 2) if kind == "tent" else torch.ones(kernel)
        w = torch.outer(line, line)
    return w * stride**2 / w.sum()


def phase_sums(w: Tensor, stride: int, padding: int) -> Tensor:
    """Tensor[s, s]: the sum of the weights that meet in an output of phase (a, b), far from the border."""
    sums = torch.zeros(stride, stride)
    for t in range(len(w)):
        for u in range(len(w)):
            sums[(t - padding) % stride, (u - padding) % stride] += w[t, u]
    return sums


def explorer(kernel: int = 3, stride: int = 2, padding: int = 1, output_padding: int = 1) -> Panel:
    """Kernel, stride and paddings of a transposed convolution; settings that cannot be turn red and say why."""
    controls = {
        "kernel": slider(1, 8, kernel, "kernel K"),
        "stride": slider(1, 4, stride, "stride s"),
        "padding": slider(0, 4, padding, "padding p"),
        "output_padding": slider(0, 3, output_padding, "out. pad."),
        "kind": choice(WEIGHTS, "equal", "weights"),
    }
    return Panel(picture, **controls)


def picture(kernel: int, stride: int, padding: int, output_padding: int, kind: str) -> Drawing:
    """The overlap of one setting on a 5×5 map of ones."""
    why = problem(kernel, stride, padding, output_padding)
    if why is not None:
        setting = {"kernel": kernel, "stride": stride, "padding": padding, "output padding": output_padding}
        alt = f"A red frame: kernel {kernel}, stride {stride}, padding {padding}, output padding {output_padding}."
        return Drawing(impossible(setting, why), f"{alt} {why}", f"✕ This cannot be. {why}")
    w, ones = weights(kind, kernel, stride), torch.ones(1, 1, INPUTS, INPUTS)
    how = {"stride": stride, "padding": padding, "output_padding": output_padding}
    count = F.conv_transpose2d(ones, torch.ones(1, 1, kernel, kernel), **how)[0, 0]  # type: ignore[arg-type]
    response = F.conv_transpose2d(ones, w[None, None], **how)[0, 0]  # type: ignore[arg-type]
    sums, size = phase_sums(w, stride, padding), len(count)
    title = f"K = {kernel},  s = {stride}:  {INPUTS} inputs reach {size} outputs along each axis"
    fig = overlap(INPUTS, kernel, stride, padding, count, response, sums, title=title)
    taps = sorted({len(range(phase, kernel, stride)) for phase in range(stride)})
    even = f"{taps[0]} everywhere: even" if len(taps) == 1 else f"{taps[0]} or {taps[1]}: uneven"
    gaps = "; some outputs receive nothing" if taps[0] == 0 else ""
    low, high = (style.number(float(v)) for v in (sums.min(), sums.max()))
    flat = "a flat map stays flat" if low == high else "a flat map gets a pattern"
    formula = f"N = ({INPUTS} − 1)·{stride} − 2·{padding} + {kernel} + {output_padding} = {size}"
    exact = "= s·n" if size == INPUTS * stride else f"not s·n = {INPUTS * stride}"
    alt = (
        f"Transposed convolution with kernel {kernel}, stride {stride}, padding {padding}, output padding "
        f"{output_padding}, {kind} weights: taps along an axis inside {even}; phase sums {low} to {high}."
    )
    says = f"{formula} ({exact});  taps along an axis, far from the border: {even}{gaps}"
    return Drawing(fig, alt, f"{says}\n{kind} weights: sums of the phases {low} … {high}: {flat}")


def unevenness(op: Callable[[Tensor], Tensor], channels: int = 1, margin: int = 4) -> float:
    """Largest minus smallest output for a 12×12 map of ones, `margin` outputs away from the border: 0 is none."""
    with torch.no_grad():
        y = op(torch.ones(1, channels, 12, 12))[..., margin:-margin, margin:-margin]
    return float((y.amax((2, 3)) - y.amin((2, 3))).max())


def make_phases_alike(weight: Tensor, ratio: int) -> Tensor:
    """Weights of a pixel shuffle, (C_out·r², C, k, k), with those of phase 0 for all r² phases of a channel."""
    return weight[:: ratio**2].repeat_interleave(ratio**2, dim=0)


def resize_kernel(weight: Tensor) -> Tensor:
    """Nearest ×2, then a 3×3 convolution, as universal kernels: (C_out, C, 3, 3) → (C_out·4, C·9).

    Along one axis, phase 0 sees [w₀, w₁ + w₂, 0] of the small map and phase 1 [0, w₀ + w₁, w₂].
    """
    fold = torch.tensor([[[1.0, 0, 0], [0, 1, 1], [0, 0, 0]], [[0, 0, 0], [1, 1, 0], [0, 0, 1]]])  # phase tap weight
    return torch.einsum("ocuv,asu,btv->oabcst", weight, fold, fold).reshape(4 * len(weight), -1)
