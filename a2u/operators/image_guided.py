"""Operators that look at the picture itself: their guide is an image, and any size of it will do."""

import torch.nn.functional as F
from torch import Tensor

from a2u.checks import check_map, described, empty
from a2u.errors import A2UError
from a2u.operators.contract import Upsampler
from a2u.operators.sizes import Size, is_cut, repeated_edge


class ImageGuided(Upsampler):
    """An operator whose guide is an image of any size, N C_g H_I W_I, brought to the sizes it needs.

    Args:
        channels: C of the map.
        ratio: r.
        guide_channels: channels of the image; 3 if not given.
    """

    def __init__(self, channels: int, ratio: int = 2, *, guide_channels: int | None = None) -> None:
        super().__init__(channels, ratio, guide_channels=3 if guide_channels is None else guide_channels)

    def check(self, x: Tensor, guide: Tensor | None = None) -> None:
        """Raise A2UError unless x and the image are what this operator was built for."""
        super().check(x, guide)
        height, width = x.shape[-2:]
        if 0 < min(height, width) < self.smallest:
            raise A2UError(
                f"{self.card.title} looks at a neighbourhood that this map is too small for: it needs at least "
                f"{self.smallest}×{self.smallest} values, got {height}×{width}. Give a larger map, or build it with a "
                "smaller neighbourhood."
            )

    def _check_beside(self, x: Tensor, guide: Tensor | None) -> None:
        title = self.card.title
        if guide is None:
            raise A2UError(f"{title} needs a guide, the image (N, {self.guide_channels}, any size), got none.")
        guide = self.check_guide(guide)
        if guide.shape[0] != x.shape[0]:
            raise A2UError(
                f"{title} needs an image for each map of the batch, got {guide.shape[0]} images and {x.shape[0]} maps."
            )
        if 0 in guide.shape[2:] and 0 not in x.shape:
            raise A2UError(f"{title} needs an image that has pixels, got {described(guide)}.")
        if guide.device != x.device:
            raise A2UError(f"Map and image must be on one device, got {x.device} and {guide.device}. Use guide.to(x).")

    def whole_guide(self, x: Tensor, guide: Tensor | None, size: Size) -> Tensor | None:
        """The image of a result of this size, as the result at r times the size of x needs it."""
        if guide is None or 0 in check_map("An image", guide).shape[2:] or not is_cut(size, x, self.ratio):
            return guide
        return repeated_edge(guide, size, (x.shape[2] * self.ratio, x.shape[3] * self.ratio))

    def check_guide(self, guide: Tensor | None) -> Tensor:
        """The image; A2UError unless this operator was built for such images."""
        if guide is None:
            raise A2UError(f"{self.card.title} needs a guide, the image, got none.")
        if check_map("An image", guide).shape[1] != self.guide_channels:
            raise A2UError(
                f"{self.card.title} was built for images (N, {self.guide_channels}, any size), got "
                f"{described(guide)}. Give the picture itself, or build it with guide_channels of what you give."
            )
        self._check_arithmetic("An image", guide)
        return guide

    def no_image_kernels(self, x: Tensor, groups: int, taps: int) -> Tensor:
        """Kernels of a map with an axis of 0."""
        size = (x.shape[0], groups, taps, x.shape[2] * self.ratio, x.shape[3] * self.ratio)
        return empty(x, size, *self.parameters())


def at_size(image: Tensor, height: int, width: int) -> Tensor:
    """The image at another size: averaged where it shrinks, bilinear (half-pixel) where it grows."""
    rows, columns = image.shape[-2:]
    if rows >= height and columns >= width:
        return averaged(image, height, width)
    return F.interpolate(image, (height, width), mode="bilinear", align_corners=False).to(image.dtype)


def averaged(image: Tensor, height: int, width: int) -> Tensor:
    """The mean over the part of the image that each of height×width values stands for (adaptive average pooling)."""
    rows, columns = image.shape[-2:]
    if (rows, columns) == (height, width):
        return image
    if rows % height == columns % width == 0:  # whole blocks: the same average, and deterministic on a GPU
        return F.avg_pool2d(image, (rows // height, columns // width))
    return F.adaptive_avg_pool2d(image, (height, width))
