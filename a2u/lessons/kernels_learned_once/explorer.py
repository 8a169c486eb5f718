"""Lesson 03: overlap and checkerboard in an explorer, two ways without a checkerboard, and the exercises.

References of the exercises are plain loops and use nothing of the library, so that they can judge it too.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from a2u.errors import A2UError
from a2u.lessons.exercises import Exercise, Mistake
from a2u.lessons.frame import Drawing, Panel, choice, slider
from a2u.lessons.kernels_learned_once.picture import impossible, overlap
from a2u.plots import style

INPUTS = 5  # along an axis of the explorer's map
WEIGHTS = ("equal", "tent", "random")


def problem(kernel: int, stride: int, padding: int, output_padding: int, n: int = INPUTS) -> str | None:
    """Why a transposed convolution cannot have these settings, or None: N = (n − 1)·s − 2p + K + extra ≥ 1."""
    if output_padding >= stride:
        return (
            f"output_padding must be smaller than the stride: it chooses among the s sizes that a convolution of "
            f"stride s takes to the same small map, and there are only {stride} of them (0 … {stride - 1})."
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


# --- exercises


def parameters_reference(channels: int, out_channels: int, ratio: int, deconv: int, shuffle: int) -> Tensor:
    """Weights of a K×K deconvolution and of a pixel shuffle with a k×k convolution, counted one by one."""
    spread = sum(deconv * deconv for _ in range(channels) for _ in range(out_channels))
    rows = sum(1 for _ in range(out_channels) for _ in range(ratio) for _ in range(ratio))
    return torch.tensor([spread, rows * channels * shuffle * shuffle])


def _sizes(generator: torch.Generator, number: int) -> tuple[int, int, int, int, int]:
    return ((1, 1, 2, 4, 3), (64, 32, 2, 4, 3), (8, 8, 3, 6, 5), (3, 16, 4, 8, 1), (16, 2, 2, 6, 3))[number]


def sorted_reference(weight: Tensor, ratio: int) -> Tensor:
    """Deconvolution (C, C_out, r·k, r·k) of a pixel shuffle (C_out·r², C, k, k): tap a + r·(k − 1 − u) of each axis."""
    return _sorted(weight, ratio)


def _sorted(weight: Tensor, ratio: int, kind: str = "") -> Tensor:
    rows, channels, k, _ = weight.shape
    out = rows // ratio**2
    found = weight.new_zeros(channels, out, ratio * k, ratio * k)
    for o, c, a, b, u, v in torch.cartesian_prod(*map(torch.arange, (out, channels, ratio, ratio, k, k))).tolist():
        row = a * ratio + b if kind != "phases" else b * ratio + a
        row = row * out + o if kind == "slow" else o * ratio**2 + row
        source, target = (u, v) if kind == "flip" else (k - 1 - u, k - 1 - v), (a, b)
        if kind == "mirror":
            target = (ratio - 1 - a, ratio - 1 - b)
        t, s = (source[0] + a * k, source[1] + b * k) if kind == "blocks" else (
            target[0] + ratio * source[0], target[1] + ratio * source[1])  # fmt: skip
        found[(o, c) if kind == "channels" else (c, o)][t, s] = weight[row, c, u, v]
    return found


def _sorted_case(generator: torch.Generator, number: int) -> tuple[Tensor, int]:
    ratio, k, channels = ((2, 3, 2), (2, 1, 3), (3, 3, 2), (2, 5, 2), (3, 1, 2))[number]
    return torch.randn(channels * ratio**2, channels, k, k, generator=generator), ratio


def overlap_reference(n: int, kernel: int, stride: int, padding: int) -> Tensor:
    """How many of n inputs reach each of the (n − 1)·s − 2p + K outputs along an axis."""
    return _overlap(n, kernel, stride, padding, padding)


def _overlap(n: int, kernel: int, stride: int, padding: int, shift: int, endless: bool = False) -> Tensor:
    found = torch.zeros((n - 1) * stride - 2 * padding + kernel)
    for o in range(len(found)):
        for i in range(-kernel, n + kernel) if endless else range(n):
            found[o] += 0 <= o + shift - stride * i < kernel
    return found


def _overlap_case(generator: torch.Generator, number: int) -> tuple[int, int, int, int]:
    return ((5, 3, 2, 1), (4, 4, 2, 1), (6, 5, 3, 2), (4, 2, 3, 0), (5, 7, 2, 2))[number]


PARAMETERS = Exercise(
    "1 · What has to be learned",
    parameters_reference,
    _sizes,
    (
        Mistake("phases twice", lambda c, o, r, d, s: torch.tensor([c * o * d * d * r * r, c * o * s * s * r * r]),
                "A deconvolution's K×K taps already hold all phases: r² belongs to the pixel shuffle alone."),
        Mistake("no phases", lambda c, o, r, d, s: torch.tensor([c * o * d * d, c * o * s * s]),
                "A pixel shuffle has a kernel for each of the r² phases: its convolution has C_out·r² channels."),
        Mistake("ratio once", lambda c, o, r, d, s: torch.tensor([c * o * d * d, c * o * s * s * r]),
                "There are r phases along each axis, so r² of them."),
        Mistake("depth-wise", lambda c, o, r, d, s: torch.tensor([c * d * d, c * s * s * r * r]),
                "That would be one group for each channel. Here every output channel sees every input channel."),
        Mistake("bias", lambda c, o, r, d, s: torch.tensor([c * o * d * d + o, c * o * s * s * r * r + o * r * r]),
                "You count a bias too. These operators have none: y = wᵀz."),
    ),
)  # fmt: skip

SORTED = Exercise(
    "2 · From pixel shuffle to deconvolution",
    sorted_reference,
    _sorted_case,
    (
        Mistake("phases swapped", lambda w, r: _sorted(w, r, "phases"),
                "The phases are swapped: row c'·r² + a·r + b has a down the rows and b along the columns."),
        Mistake("flipped kernel", lambda w, r: _sorted(w, r, "flip"),
                "The window is not turned round. Input i + δ comes through tap a + p − r·δ: larger δ, smaller tap."),
        Mistake("phases mirrored", lambda w, r: _sorted(w, r, "mirror"),
                "You turned the phases round as well. Only the window runs backwards: t = a + r·(k − 1 − u)."),
        Mistake("channels swapped", lambda w, r: _sorted(w, r, "channels"),
                "Input and output channels have changed places: conv_transpose2d wants (C, C_out, K, K)."),
        Mistake("phase before channel", lambda w, r: _sorted(w, r, "slow"),
                "You read the rows as phase, then channel. The channel is slow: row = c'·r² + a·r + b."),
        Mistake("blocks", lambda w, r: _sorted(w, r, "blocks"),
                "You put the phases side by side. They are interleaved: neighbouring taps belong to other phases."),
    ),
)  # fmt: skip

OVERLAP = Exercise(
    "3 · The overlap",
    overlap_reference,
    _overlap_case,
    (
        Mistake("padding forgotten", lambda n, k, s, p: _overlap(n, k, s, 0, 0),
                "You have (n − 1)·s + K outputs. The padding cuts p of them off at each end: (n − 1)·s − 2p + K."),
        Mistake("padding cut off once", lambda n, k, s, p: F.pad(_overlap(n, k, s, p, p), (0, p)),
                "You cut the padding off once. It is cut off at both ends: (n − 1)·s − 2p + K outputs."),
        Mistake("padding cut off at the start only", lambda n, k, s, p: _overlap(n, k, s, 0, 0)[p:],
                "You cut the padding off at the start only. It is cut off at both ends: (n − 1)·s − 2p + K outputs."),
        Mistake("padding at the end", lambda n, k, s, p: _overlap(n, k, s, p, 0),
                "You cut the padding off at the end. It is cut off at both: output o stands at o + p."),
        Mistake("padding added", lambda n, k, s, p: _overlap(n, k, s, p, -p),
                "The padding shifts the other way: t = o + p − s·i."),
        Mistake("no ends", lambda n, k, s, p: _overlap(n, k, s, p, p, endless=True),
                "You count inputs that are not there: only i = 0 … n − 1 exist."),
        Mistake("stride forgotten", lambda n, k, s, p: torch.full_like(_overlap(n, k, s, p, p), float(k)),
                "K is the number of outputs that one input reaches. Asked is how many inputs reach one output."),
    ),
)  # fmt: skip

ALL = (PARAMETERS, SORTED, OVERLAP)
