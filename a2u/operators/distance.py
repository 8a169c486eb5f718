"""Distance-based operators: w depends only on where the output lies between its reference points.

All three follow torch.nn.functional.interpolate with align_corners=False: output i' sits at source coordinate
s = (i' + ½)/r − ½. Reference points beyond the border repeat the border value, so their weights are added to the
border's: the kernel changes there, the formula does not. Weights along the two axes multiply.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from a2u import formula
from a2u.operators.contract import Card, Upsampler
from a2u.operators.registry import register
from a2u.paths import HALF

CUBIC_A = -0.75  # the free parameter of the cubic convolution kernel, as in torch and OpenCV


def axis_weights(length: int, ratio: int, points: int, like: Tensor) -> Tensor:
    """One axis of a distance kernel: Tensor[r·length, k], the weights of the k window taps of each output.

    Args:
        length: size of the source axis.
        ratio: r.
        points: 2 reference points (linear: 1 − |d|) or 4 (cubic convolution, a = −0.75).
        like: gives dtype and device.

    The window side is k = points + 1: the points lie to the left or to the right of the centre, depending on the
    phase, and one tap stays zero.
    """
    dtype = torch.float64 if like.dtype in (torch.float64, torch.complex128) else torch.float32
    target = torch.arange(length * ratio, device=like.device)
    source = (target.to(dtype) + 0.5) / ratio - 0.5
    first = source.floor().long() - (points // 2 - 1)
    reference = first[:, None] + torch.arange(points, device=like.device)  # r·length, points
    distance = (source[:, None] - reference).abs()
    weight = 1 - distance if points == 2 else _cubic(distance)
    tap = reference.clamp(0, length - 1) - (target // ratio)[:, None] + points // 2
    out = torch.zeros(length * ratio, points + 1, dtype=dtype, device=like.device)
    return out.scatter_add(1, tap, weight)


def distance_kernel(height: int, width: int, ratio: int, points: int, like: Tensor) -> Tensor:
    """Products of the two axes' weights: Tensor[1, 1, k², rH, rW], the same for every sample and channel.

    Of like's dtype, but float32 where that is half precision: rounded weights would no longer sum to 1.
    """
    rows = axis_weights(height, ratio, points, like)  # rH k
    columns = axis_weights(width, ratio, points, like)  # rW k
    w = torch.einsum("ia,jb->abij", rows, columns)  # k k rH rW
    return w.flatten(0, 1)[None, None].to(torch.float32 if like.dtype in HALF else like.dtype)


def _cubic(d: Tensor) -> Tensor:
    a = CUBIC_A
    near = ((a + 2) * d - (a + 3)) * d * d + 1  # d ≤ 1
    far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a  # 1 < d < 2
    return torch.where(d <= 1, near, torch.where(d < 2, far, torch.zeros_like(d)))


_SOURCE = "A²U paper, section 3, distance-based upsampling; Eq. (1)"


@register(
    Card(
        name="nearest",
        title="Nearest neighbour",
        family="distance",
        order=0,
        kernel="the constant [1]",
        window="1×1, the nearest source value",
        cost="1",
        source=_SOURCE,
        border="never beyond the map",
        sums_to_one="always",
    )
)
class Nearest(Upsampler):
    """Nearest neighbour: w = [1], z the one value at (⌊i'/r⌋, ⌊j'/r⌋). The output is copied, not multiplied by 1."""

    def __init__(self, channels: int, ratio: int = 2) -> None:
        super().__init__(channels, ratio)

    def forward(self, x: Tensor, guide: Tensor | None = None) -> Tensor:
        """Repeat each value r×r times, which is wᵀz to the bit."""
        self.check(x, guide)
        if self.path != "auto" or x.is_complex() or 0 in x.shape:  # torch cannot interpolate complex or empty maps
            return super().forward(x, guide)
        return _interpolate(x, self.ratio, "nearest-exact")  # "nearest" rounds i'/r, and is wrong for r = 41, 47, 55, …

    def kernel(self, x: Tensor, guide: Tensor | None = None) -> Tensor:
        """Ones: Tensor[1, 1, 1, rH, rW]."""
        self.check(x)
        return x.new_ones(1, 1, 1, x.shape[2] * self.ratio, x.shape[3] * self.ratio)


class _Distance(Upsampler):
    points: int

    def __init__(self, channels: int, ratio: int = 2) -> None:
        super().__init__(channels, ratio)

    def kernel(self, x: Tensor, guide: Tensor | None = None) -> Tensor:
        """Products of distances in a (points + 1)² window: Tensor[1, 1, k², rH, rW]; float32 for half precision."""
        self.check(x)
        return distance_kernel(x.shape[2], x.shape[3], self.ratio, self.points, x)

    def forward(self, x: Tensor, guide: Tensor | None = None) -> Tensor:
        """Upsample x by wᵀz, the weights of a half-precision map in float32."""
        return formula.reassemble(x, self.kernel(x, guide), self.ratio, self.path)


def _interpolate(x: Tensor, ratio: int, mode: str) -> Tensor:
    """torch's own interpolation, in the dtype of x even under autocast."""
    return F.interpolate(x, scale_factor=float(ratio), mode=mode).to(x.dtype)


@register(
    Card(
        name="bilinear",
        title="Bilinear",
        family="distance",
        order=0,
        kernel="products of (1 − distance) to 2×2 reference points",
        window="3×3, four of its taps in use",
        cost="4",
        source=_SOURCE,
        border="folded onto the edge",
        sums_to_one="always",
    )
)
class Bilinear(_Distance):
    """Bilinear: w = (1 − |dy|)(1 − |dx|) over 2×2 reference points."""

    points = 2

    def forward(self, x: Tensor, guide: Tensor | None = None) -> Tensor:
        """Upsample x by wᵀz at every position; on a CPU by torch's own bilinear interpolation, which is equal to it.

        There it takes a tenth of the time: it builds no kernel and reads four taps where the window has nine. On
        CUDA torch's backward adds in an order that differs from run to run, so the formula stays. It stays for
        bicubic as well: torch's is slower on a CPU, forward and backward.
        """
        self.check(x, guide)
        if self.path != "auto" or x.device.type != "cpu" or x.is_complex() or 0 in x.shape:
            return super().forward(x, guide)
        return _interpolate(x, self.ratio, "bilinear")


@register(
    Card(
        name="bicubic",
        title="Bicubic",
        family="distance",
        order=0,
        kernel="products of cubic functions of the distances to 4×4 reference points, some negative",
        window="5×5, sixteen of its taps in use",
        cost="16",
        source=_SOURCE + "; cubic convolution with a = −0.75",
        border="folded onto the edge",
        sums_to_one="always",
    )
)
class Bicubic(_Distance):
    """Bicubic convolution over 4×4 reference points, a = −0.75."""

    points = 4
