"""NAF: each output compares its place in the picture with the places of a neighbourhood of values, by attention."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from a2u.cells import scored
from a2u.checks import check_positive
from a2u.errors import A2UError
from a2u.operators.contract import Card
from a2u.operators.image_guided import ImageGuided, averaged
from a2u.operators.listed import ListedUpsampler
from a2u.operators.registry import register

NORM_GROUPS = 8
LONGEST_PERIOD = 100.0  # of the rotations, in halves of the picture
LARGER = 4  # an image is looked at in at most so many times the size of the output


class Branch(nn.Sequential):
    """A convolution and two blocks (group norm, SiLU, convolution, twice), without skips; borders are reflected."""

    def __init__(self, channels: int, features: int, size: int) -> None:
        def convolution(inputs: int) -> nn.Conv2d:
            return nn.Conv2d(inputs, features, size, padding=size // 2, padding_mode="reflect")

        layers: list[nn.Module] = [convolution(channels)]
        for _ in range(4):
            layers += [nn.GroupNorm(NORM_GROUPS, features), nn.SiLU(), convolution(features)]
        super().__init__(*layers)


def rotated(x: Tensor, heads: int) -> Tensor:
    """Turn pairs of channels by angles that follow from the position (rotary encoding): N C H W, within each head.

    The two halves of a head's channels are the two coordinates that are turned. The first half of the angles goes with
    the row, the second with the column, at 2π·u/100^(2j/m) for the pixel centre u in (−1, 1), j = 0, 1, … and m angles.
    """
    n, c, height, width = x.shape
    count = c // heads // 4  # angles of an axis
    like = torch.arange(count, device=x.device).to(x.dtype)
    frequency = 2 * math.pi * LONGEST_PERIOD ** (-like / count)
    rows, columns = (
        frequency[:, None] * ((2 * torch.arange(length, device=x.device).to(x.dtype) + 1) / length - 1)
        for length in (height, width)
    )  # angles × length
    angle = torch.cat([rows[:, :, None].expand(-1, -1, width), columns[:, None].expand(-1, height, -1)])
    first, second = x.view(n, heads, 2, 2 * count, height, width).unbind(2)
    turned = torch.stack([first * angle.cos() - second * angle.sin(), second * angle.cos() + first * angle.sin()], 2)
    return turned.view(n, c, height, width)


def neighbourhood(height: int, width: int, size: int, ratio: int, device: torch.device) -> Tensor:
    """The size×size cells around the parent of each output, moved inside the map: LongTensor[1, 1, size², rH, rW]."""
    tap, lines = torch.arange(size, device=device), []
    for length in (height, width):
        first = (torch.arange(length * ratio, device=device) // ratio - size // 2).clamp(0, length - size)
        lines.append(first + tap[:, None])  # size r·length
    cells = lines[0][:, None, :, None] * width + lines[1][None, :, None]
    return cells.flatten(0, 1)[None, None]


@register(
    Card(
        name="naf",
        title="NAF",
        family="feature",
        order=2,
        kernel="softmax of the likeness of two places of the picture, seen by a small network; a kernel per head",
        window="k×k cells around the parent, k = 9, moved inside the map",
        cost="k², and k²·2F/C for the kernel, F = 128, besides the network over the image",
        source="Chambon et al., NAF: Zero-Shot Feature Upsampling via Neighborhood Attention Filtering, "
        "arXiv 2511.18452",
        guided_by="image",
        groups="4, one per head",
        border="the window is moved inside the map",
        sums_to_one="always",
    )
)
class NAF(ImageGuided, ListedUpsampler):
    """Attention between places of the picture, with raw values of x: w_h = softmax₈₁(⟨q_h, k_h⟩/√d) for each head h.

    q at an output is what a network sees there of the image, averaged to the output's size and rotated by position. k
    at a cell is the mean of q over what the cell stands for. The channels of x are split among the heads. The operator
    does not look at x to make its weights, so it is linear in x and serves features that it was not trained with.

    Args:
        channels: C, a multiple of heads.
        ratio: r.
        guide_channels: channels of the image, 3 if not given.
        kernel_size: k, odd; a map must have at least k rows and columns.
        features: F, channels of each of the two branches of the network; 1×1 convolutions in one, 3×3 in the other.
        heads: they divide C and 2F, into multiples of 4.

    Parameters: 2(C_g·5 + 1)F + 4·2(5F + 1)F + 16F: 662,528 for F = 128 and C_g = 3, whatever C is.

    The authors draw the scale of the coordinates at random while they train; this operator does not.
    """

    local = False  # its norms and angles see the whole image

    def __init__(
        self,
        channels: int,
        ratio: int = 2,
        *,
        guide_channels: int | None = None,
        kernel_size: int = 9,
        features: int = 128,
        heads: int = 4,
    ) -> None:
        super().__init__(channels, ratio, guide_channels=guide_channels)
        self.kernel_size, self.heads = check_positive("kernel_size", kernel_size), check_positive("heads", heads)
        features = check_positive("features", features)
        if self.kernel_size % 2 == 0:
            raise A2UError(f"NAF's neighbourhood is centred, so kernel_size must be odd, got {kernel_size}.")
        if self.channels % self.heads:
            raise A2UError(
                f"NAF splits the channels among its heads, so heads must divide them, got heads={heads} for "
                f"{channels} channels. Choose heads that divide both."
            )
        if features % NORM_GROUPS or 2 * features % (4 * self.heads):
            raise A2UError(
                f"NAF's features must be a multiple of {NORM_GROUPS}, and 2·features one of 4·heads, got "
                f"features={features} and heads={heads}."
            )
        self.smallest = self.kernel_size
        self.pixel, self.surround = (Branch(self.guide_channels, features, size) for size in (1, 3))

    def _queries(self, image: Tensor, height: int, width: int) -> Tensor:
        """What the network sees at each of height×width outputs: Tensor[N, 2F, height, width], float32 at least."""
        size = min(image.shape[2], LARGER * height), min(image.shape[3], LARGER * width)
        if size != tuple(image.shape[2:]):
            image = F.interpolate(image, size, mode="bilinear", align_corners=False)
        seen = averaged(torch.cat([self.pixel(image), self.surround(image)], 1), height, width)
        return rotated(seen.float() if seen.dtype.itemsize == 2 else seen, self.heads)

    def cells(self, x: Tensor, guide: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Weights of each head and the cells around each parent: Tensor[N, heads, k², rH, rW], LongTensor[1, 1, …]."""
        self.check(x, guide)
        assert guide is not None
        if 0 in x.shape:
            return self.no_cells(x, self.heads, self.kernel_size**2)
        height, width = x.shape[-2:]
        query = self._queries(guide, height * self.ratio, width * self.ratio)
        key = averaged(query, height, width)
        index = neighbourhood(height, width, self.kernel_size, self.ratio, x.device)
        path = "reference" if self.path == "reference" else "auto"
        logits = scored(query, key, index.expand(-1, self.heads, -1, -1, -1), path)
        return (logits / (query.shape[1] // self.heads) ** 0.5).softmax(2), index

    def extra_repr(self) -> str:
        """What print() shows."""
        return f"{super().extra_repr()}, k={self.kernel_size}, heads={self.heads}"
