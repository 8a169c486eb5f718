"""What answers the exercises of lesson 12, right and wrong: FADE's gate, SAPA's kernels, DySample's points.

The right ones, `…_reference`, are plain loops and use nothing of the library, so that they can judge it too. The others
are what learners write.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

BYTES = 4  # of a number in float32


def gated_reference(x: Tensor, guide: Tensor, w: Tensor, gate: Tensor, ratio: int) -> Tensor:
    """y = s·g + (1 − s)·wᵀz with s = σ(gate) of the parent. x (C, H, W), w (k², rH, rW), gate (H, W) → (C, rH, rW)."""
    y = torch.zeros_like(guide)
    for i in range(guide.shape[1]):
        for j in range(guide.shape[2]):
            s = 1 / (1 + math.exp(-float(gate[i // ratio, j // ratio])))
            for c in range(len(x)):
                y[c, i, j] = s * guide[c, i, j] + (1 - s) * (w[:, i, j] @ _window(x[c], i // ratio, j // ratio, len(w)))
    return y


def _window(x: Tensor, row: int, column: int, taps: int) -> Tensor:
    """The window around (row, column) of one channel, zeros outside: Tensor[k²]."""
    size = round(taps**0.5)
    z = x.new_zeros(taps)
    for t in range(taps):
        p, q = row + t // size - size // 2, column + t % size - size // 2
        if 0 <= p < x.shape[0] and 0 <= q < x.shape[1]:
            z[t] = x[p, q]
    return z


def blocks(x: Tensor, ratio: int) -> Tensor:
    """Each value of the last two axes in a block of ratio×ratio."""
    return x.repeat_interleave(ratio, -2).repeat_interleave(ratio, -1)


def sums(x: Tensor, w: Tensor, ratio: int) -> Tensor:
    """wᵀz of every output: Tensor[C, rH, rW]."""
    return gated_reference(x, x.new_zeros(len(x), *w.shape[1:]), w, torch.full(x.shape[1:], -1e2).to(x), ratio)


def mixed(x: Tensor, guide: Tensor, w: Tensor, s: Tensor, ratio: int) -> Tensor:
    """s·g + (1 − s)·wᵀz, with s as it is given."""
    return s * guide + (1 - s) * sums(x, w, ratio)


def wrong_way_round(x: Tensor, guide: Tensor, w: Tensor, gate: Tensor, ratio: int) -> Tensor:
    """The code that the learner is handed."""
    return mixed(x, guide, w, blocks((-gate).sigmoid(), ratio), ratio)


def too_much(x: Tensor, guide: Tensor, w: Tensor, gate: Tensor, ratio: int) -> Tensor:
    """Weights that sum to 1 + s."""
    return sums(x, w, ratio) + blocks(gate.sigmoid(), ratio) * guide


def smooth_gate(x: Tensor, guide: Tensor, w: Tensor, gate: Tensor, ratio: int) -> Tensor:
    """The gates interpolated between the parents."""
    s = F.interpolate(gate.sigmoid()[None, None], scale_factor=ratio, mode="bilinear", align_corners=False)[0, 0]
    return mixed(x, guide, w, s, ratio)


def sapa_reference(x: Tensor, guide: Tensor, size: int, ratio: int) -> Tensor:
    """Kernels of SAPA-I: softmax over the parent's window of ⟨guide, x⟩, outside logit 0: (size², rH, rW)."""
    taps, (channels, height, width) = size**2, guide.shape
    w = guide.new_zeros(taps, height, width)
    for i in range(height):
        for j in range(width):
            near = torch.stack([_window(x[c], i // ratio, j // ratio, taps) for c in range(channels)])
            found = [float(guide[:, i, j] @ near[:, t]) for t in range(taps)]
            total = sum(math.exp(each) for each in found)
            for t in range(taps):
                w[t, i, j] = math.exp(found[t]) / total
    return w


def logits(x: Tensor, guide: Tensor, size: int, ratio: int) -> Tensor:
    """⟨guide, x⟩ over the parent's window, 0 outside: Tensor[size², rH, rW]."""
    half = size // 2
    near = F.pad(x, (half,) * 4).unfold(1, size, 1).unfold(2, size, 1).flatten(-2).movedim(-1, 1)  # C k² H W
    return torch.einsum("chw,cthw->thw", guide, blocks(near, ratio))


def window_of_outputs(x: Tensor, guide: Tensor, size: int, ratio: int) -> Tensor:
    """Kernels over windows of the enlarged map."""
    return logits(blocks(x, ratio), guide, size, 1).softmax(0)


def tiled(x: Tensor, guide: Tensor, size: int, ratio: int) -> Tensor:
    """Windows laid side by side instead of in blocks."""
    half = size // 2
    near = F.pad(x, (half,) * 4).unfold(1, size, 1).unfold(2, size, 1).flatten(-2).movedim(-1, 1)
    return torch.einsum("chw,cthw->thw", guide, near.repeat(1, 1, ratio, ratio)).softmax(0)


def renormalised(x: Tensor, guide: Tensor, size: int, ratio: int) -> Tensor:
    """Kernels that give no weight to what lies outside."""
    inside = logits(torch.ones_like(x[:1]), torch.ones_like(guide[:1]), size, ratio) > 0
    return logits(x, guide, size, ratio).masked_fill(~inside, -math.inf).softmax(0)


def dysample_reference(x: Tensor, offsets: Tensor) -> Tensor:
    """x (C, H, W) read bilinearly at (i' + ½)/r − ½ plus an offset, (2, rH, rW), columns first; clamped to the map."""
    return read(x, offsets, lambda at, ratio, _: (at + 0.5) / ratio - 0.5)


def read(x: Tensor, offsets: Tensor, base: object) -> Tensor:
    """The loops of the reference, with another place where each output lies: base(i', r, length of x)."""
    assert callable(base)
    height, width = x.shape[1:]
    ratio = offsets.shape[1] // height
    y = x.new_zeros(len(x), *offsets.shape[1:])
    for i in range(y.shape[1]):
        for j in range(y.shape[2]):
            row = min(max(base(i, ratio, height) + float(offsets[1, i, j]), 0), height - 1)
            column = min(max(base(j, ratio, width) + float(offsets[0, i, j]), 0), width - 1)
            top, left = min(int(row), height - 2), min(int(column), width - 2)
            for a, down in ((0, 1 - (row - top)), (1, row - top)):
                for b, across in ((0, 1 - (column - left)), (1, column - left)):
                    y[:, i, j] += down * across * x[:, top + a, left + b]
    return y


def on_grid(x: Tensor, offsets: Tensor, mode: str = "bilinear", padding: str = "border") -> Tensor:
    """The same by F.grid_sample, with another mode or padding."""
    (height, width), size = x.shape[1:], offsets.shape[1:]
    rows, columns = (
        (torch.arange(new, dtype=x.dtype) + 0.5) * old / new - 0.5
        for new, old in zip(size, (height, width), strict=True)
    )
    across, down = columns + offsets[0], rows[:, None] + offsets[1]
    grid = torch.stack([(2 * across + 1) / width - 1, (2 * down + 1) / height - 1], -1)
    return F.grid_sample(x[None], grid[None], mode=mode, padding_mode=padding, align_corners=False)[0]


def bytes_reference(channels: int, height: int, width: int, ratio: int, k: int) -> Tensor:
    """Bytes of all windows of all outputs, k×k float32 values for each of C·rH·rW outputs."""
    outputs = channels * height * ratio * width * ratio
    return torch.tensor(float(outputs * k * k * BYTES), dtype=torch.float64)
