"""Distance-based operators: w depends only on where the output lies between its reference points.

All three follow torch.nn.functional.interpolate with align_corners=False: output i' sits at source coordinate
s = (i' + ½)/r − ½. Reference points beyond the border repeat the border value, so their weights are added to the
border's: the kernel changes there, the formula does not. Weights along the two axes multiply.

Any number H' of values is made of H as torch makes them: s = (i' + ½)·H/H' − ½, and nearest neighbour reads ⌊i'·H/H'⌋
(torch's mode "nearest"). With align_corners=True, s = i'·(H − 1)/(H' − 1): the first and the last value of both maps
lie on one another.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from a2u import formula
from a2u.cells import gather
from a2u.checks import At, check_flag
from a2u.operators.contract import Card, Upsampler
from a2u.operators.registry import register
from a2u.operators.sizes import Size
from a2u.operators.witness import Witness, cells_witness
from a2u.paths import HALF

CUBIC_A = -0.75  # the free parameter of the cubic convolution kernel, as in torch and OpenCV


def reference_points(
    length: int, target: int, points: int, like: Tensor, align_corners: bool = False
) -> tuple[Tensor, Tensor]:
    """One axis, made as torch makes it: LongTensor and Tensor[target, points], what each output reads, and its weights.

    Args:
        length: size of the source axis.
        target: size of the axis that is made.
        points: 2 reference points (linear: 1 − |d|) or 4 (cubic convolution, a = −0.75).
        like: gives dtype and device.
        align_corners: the first and the last value of both axes lie on one another.

    Points beyond the border are moved to it, so one may stand there more than once.
    """
    dtype = torch.float64 if like.dtype in (torch.float64, torch.complex128) else torch.float32
    place = torch.arange(target, device=like.device).to(dtype)
    if align_corners:
        source = place * ((length - 1) / (target - 1) if target > 1 else 0.0)
    elif length and target % length == 0:
        source = (place + 0.5) / (target // length) - 0.5
    else:
        source = (place + 0.5) * (length / max(target, 1)) - 0.5
    first = source.floor().long() - (points // 2 - 1)
    reference = first[:, None] + torch.arange(points, device=like.device)  # target, points
    distance = (source[:, None] - reference).abs()
    return reference.clamp(0, length - 1), 1 - distance if points == 2 else _cubic(distance)


def axis_weights(length: int, ratio: int, points: int, like: Tensor, align_corners: bool = False) -> Tensor:
    """One axis of a distance kernel: Tensor[r·length, k], the weights of the k window taps of each output.

    Args:
        length, points, like, align_corners: as for :func:`reference_points`.
        ratio: r.

    The window side is k = points + 1: the points lie to the left or to the right of the centre, depending on the
    phase, and one tap stays zero.
    """
    reference, weight = reference_points(length, length * ratio, points, like, align_corners)
    parent = torch.arange(length * ratio, device=like.device) // ratio
    out = torch.zeros(length * ratio, points + 1, dtype=weight.dtype, device=like.device)
    return out.scatter_add(1, reference - parent[:, None] + points // 2, weight)


def distance_kernel(
    height: int, width: int, ratio: int, points: int, like: Tensor, align_corners: bool = False
) -> Tensor:
    """Products of the two axes' weights: Tensor[1, 1, k², rH, rW], the same for every sample and channel.

    Of like's dtype, but float32 where that is half precision: rounded weights would no longer sum to 1.
    """
    rows = axis_weights(height, ratio, points, like, align_corners)  # rH k
    columns = axis_weights(width, ratio, points, like, align_corners)  # rW k
    w = torch.einsum("ia,jb->abij", rows, columns)  # k k rH rW
    return w.flatten(0, 1)[None, None].to(torch.float32 if like.dtype in HALF else like.dtype)


def _cubic(d: Tensor) -> Tensor:
    a = CUBIC_A
    near = ((a + 2) * d - (a + 3)) * d * d + 1  # d ≤ 1
    far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a  # 1 < d < 2
    return torch.where(d <= 1, near, torch.where(d < 2, far, torch.zeros_like(d)))


class Sized(Upsampler):
    """An operator that makes a map of any size as ``F.interpolate`` does; `mode` is torch's name for it."""

    mode: str
    align_corners = False

    def __init__(self, channels: int, ratio: int = 2) -> None:
        super().__init__(channels, ratio)

    def forward(self, x: Tensor, guide: Tensor | None = None, size: Size | None = None) -> Tensor:
        """Upsample x by wᵀz at every position, to r times its size or to the size that is given."""
        if size is None:
            return self.upsample(x, guide)
        size = self._check_target(x, size)
        self.check(x, guide)
        if self.path == "auto" and not (x.is_complex() or 0 in x.shape):
            return self._by_torch(x, size, mode=self.mode)
        w, index = self._cells(x, size)
        return gather(x, w, index, "reference" if self.path == "reference" else "auto")

    @torch.no_grad()
    def witness(self, x: Tensor, guide: Tensor | None = None, *, at: At, size: Size | None = None) -> Witness:
        """The kernel and the window behind output value ``at`` = (sample, channel, row, column)."""
        if size is None:
            return self.open(x, guide, at)
        size = self._check_target(x, size)
        self.check(x, guide)
        return cells_witness(x, *self._cells(x, size), at)

    def _axis(self, length: int, target: int, like: Tensor) -> tuple[Tensor, Tensor]:
        """What each output of an axis reads, and the weights: LongTensor and Tensor[target, points]."""
        raise NotImplementedError

    def _cells(self, x: Tensor, size: Size) -> tuple[Tensor, Tensor]:
        """Weights and cells of a map of this size, as a2u.gather takes them: Tensor and LongTensor[1, 1, T, H', W']."""
        (row, down), (column, across) = (self._axis(x.shape[axis], size[axis - 2], x) for axis in (2, 3))
        cells = row.T[:, None, :, None] * x.shape[3] + column.T[None, :, None]
        w = down.T[:, None, :, None] * across.T[None, :, None]
        return w.flatten(0, 1)[None, None].to(torch.float32 if x.dtype in HALF else x.dtype), cells.flatten(0, 1)[
            None, None
        ]

    def _by_torch(self, x: Tensor, size: Size | None = None, *, scale: int | None = None, mode: str) -> Tensor:
        """torch's own interpolation, in the dtype of x even under autocast."""
        aligned = self.align_corners if mode in ("bilinear", "bicubic") else None
        factor = None if scale is None else float(scale)
        return F.interpolate(x, size, factor, mode, aligned).to(x.dtype)


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
class Nearest(Sized):
    """Nearest neighbour: w = [1], z the one value at (⌊i'/r⌋, ⌊j'/r⌋). The output is copied, not multiplied by 1."""

    mode = "nearest"

    def upsample(self, x: Tensor, guide: Tensor | None = None) -> Tensor:
        """Repeat each value r×r times, which is wᵀz to the bit."""
        self.check(x, guide)
        if self.path != "auto" or x.is_complex() or 0 in x.shape:  # torch cannot interpolate complex or empty maps
            return super().upsample(x, guide)
        return self._by_torch(x, scale=self.ratio, mode="nearest-exact")  # "nearest" is wrong for r = 41, 47, 55, …

    def kernel(self, x: Tensor, guide: Tensor | None = None) -> Tensor:
        """Ones: Tensor[1, 1, 1, rH, rW]."""
        self.check(x)
        return x.new_ones(1, 1, 1, x.shape[2] * self.ratio, x.shape[3] * self.ratio)

    def _axis(self, length: int, target: int, like: Tensor) -> tuple[Tensor, Tensor]:
        line = torch.arange(float(length), device=like.device)[None, None, :, None]
        nearest = F.interpolate(line, (target, 1), mode="nearest").long().view(-1, 1)  # as torch rounds i'·H/H'
        return nearest, torch.ones_like(nearest, dtype=torch.float32)


class _Distance(Sized):
    points: int

    def __init__(self, channels: int, ratio: int = 2, *, align_corners: bool = False) -> None:
        super().__init__(channels, ratio)
        self.align_corners = check_flag("align_corners", align_corners)

    def kernel(self, x: Tensor, guide: Tensor | None = None) -> Tensor:
        """Products of distances in a (points + 1)² window: Tensor[1, 1, k², rH, rW]; float32 for half precision."""
        self.check(x)
        return distance_kernel(x.shape[2], x.shape[3], self.ratio, self.points, x, self.align_corners)

    def upsample(self, x: Tensor, guide: Tensor | None = None) -> Tensor:
        """Upsample x by wᵀz, the weights of a half-precision map in float32."""
        return formula.reassemble(x, self.kernel(x, guide), self.ratio, self.path)

    def _axis(self, length: int, target: int, like: Tensor) -> tuple[Tensor, Tensor]:
        return reference_points(length, target, self.points, like, self.align_corners)

    def extra_repr(self) -> str:
        """What print() shows."""
        return super().extra_repr() + (", align_corners=True" if self.align_corners else "")


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
    """Bilinear: w = (1 − |dy|)(1 − |dx|) over 2×2 reference points.

    Args:
        channels: C.
        ratio: r.
        align_corners: as in torch; False places outputs half a pixel in, as every other operator here does.
    """

    points, mode = 2, "bilinear"

    def upsample(self, x: Tensor, guide: Tensor | None = None) -> Tensor:
        """Upsample x by wᵀz at every position; on a CPU by torch's own bilinear interpolation, which is equal to it.

        There it takes a tenth of the time: it builds no kernel and reads four taps where the window has nine. On
        CUDA torch's backward adds in an order that differs from run to run, so the formula stays. It stays for
        bicubic as well: torch's is slower on a CPU, forward and backward.
        """
        self.check(x, guide)
        if self.path != "auto" or x.device.type != "cpu" or x.is_complex() or 0 in x.shape:
            return super().upsample(x, guide)
        return self._by_torch(x, scale=self.ratio, mode=self.mode)


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
    """Bicubic convolution over 4×4 reference points, a = −0.75.

    Args:
        channels: C.
        ratio: r.
        align_corners: as in torch; False places outputs half a pixel in, as every other operator here does.
    """

    points, mode = 4, "bicubic"
