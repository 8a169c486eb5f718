"""Joint bilateral upsampling: near values count more, and among them those whose colour in the picture is alike."""

import math

import torch
from torch import Tensor

from a2u.checks import check_positive
from a2u.errors import A2UError
from a2u.operators.contract import Card
from a2u.operators.image_guided import ImageGuided, at_size
from a2u.operators.points import half_pixel, parents
from a2u.operators.registry import register
from a2u.operators.sapa import repeated, without_outside
from a2u.paths import pad_to_grid, window_start


@register(
    Card(
        name="bilateral",
        title="Joint bilateral",
        family="feature",
        order=2,
        kernel="a Gaussian of the distance times a Gaussian of the difference in colour; normalised, never learned",
        window="k×k of one channel, k = 5",
        cost="k², and k²·C_g/C for the kernel",
        source="Kopf et al., Joint Bilateral Upsampling, SIGGRAPH 2007",
        guided_by="image",
        border="taps outside are left out",
        sums_to_one="always",
    )
)
class JointBilateral(ImageGuided):
    """w ∝ exp(−d²/2σ_s²)·exp(−|I(i') − I(t)|²/2σ_r²), over the k×k values around the parent of output i'.

    d is the distance of the output, at (i' + ½)/r − ½, from a value of x, in values of x. I(i') is the image at the
    size of the output and I(t) its average over what the value of x stands for. So w looks at the image alone: the
    operator has no parameters, is linear in x, and serves features of any kind.

    Args:
        channels: C.
        ratio: r.
        guide_channels: channels of the image, 3 if not given.
        kernel_size: k, odd.
        sigma_space: σ_s, in values of x.
        sigma_range: σ_r, in the image's own unit (0.1 for images in [0, 1]).
    """

    def __init__(
        self,
        channels: int,
        ratio: int = 2,
        *,
        guide_channels: int | None = None,
        kernel_size: int = 5,
        sigma_space: float = 0.5,
        sigma_range: float = 0.1,
    ) -> None:
        super().__init__(channels, ratio, guide_channels=guide_channels)
        self.kernel_size = check_positive("kernel_size", kernel_size)
        if self.kernel_size % 2 == 0:
            raise A2UError(f"A bilateral window is centred, so kernel_size must be odd, got {kernel_size}.")
        self.sigma_space = _check_sigma("sigma_space", sigma_space)
        self.sigma_range = _check_sigma("sigma_range", sigma_range)

    def kernel(self, x: Tensor, guide: Tensor | None = None) -> Tensor:
        """Kernels from the image alone: Tensor[N, 1, k², rH, rW]; float32 for images in half precision."""
        self.check(x, guide)
        assert guide is not None
        if 0 in x.shape:
            return self.no_image_kernels(x, 1, self.kernel_size**2)
        height, width = x.shape[-2:]
        image = guide.float() if guide.dtype.itemsize == 2 else guide
        fine = at_size(image, height * self.ratio, width * self.ratio)
        logits = self._of_distance(fine, height, width) + self._of_colour(fine, at_size(fine, height, width))
        return without_outside(logits, height, width, self.kernel_size, self.ratio).softmax(2)

    def _of_distance(self, like: Tensor, height: int, width: int) -> Tensor:
        line = torch.arange(self.kernel_size, device=like.device) - window_start(self.kernel_size)
        rows, columns = (
            (line[:, None] + parents(length, self.ratio, like) - half_pixel(length, self.ratio, like)).square()
            for length in (height, width)
        )  # k r·length each
        square = rows[:, None, :, None] + columns[None, :, None, :]
        return -square.flatten(0, 1)[None, None] / (2 * self.sigma_space**2)

    def _of_colour(self, fine: Tensor, coarse: Tensor) -> Tensor:
        size, (height, width) = self.kernel_size, coarse.shape[-2:]
        padded = pad_to_grid(coarse, size, 1, height, width)
        each = []
        for t in range(size * size):  # one tap after the other: all differences at once would be k² images
            row, column = divmod(t, size)
            other = repeated(padded[:, :, row : row + height, column : column + width], self.ratio)
            each.append((fine - other).square().sum(1, keepdim=True))
        return -torch.stack(each, 2) / (2 * self.sigma_range**2)

    def extra_repr(self) -> str:
        """What print() shows."""
        return f"{super().extra_repr()}, k={self.kernel_size}, σ_s={self.sigma_space}, σ_r={self.sigma_range}"


def _check_sigma(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise A2UError(f"{name} is the width of a Gaussian, a number > 0, got {value!r}.")
    return float(value)
