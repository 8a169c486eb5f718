"""Max-unpooling: put each value back where its maximum was, and zeros elsewhere."""

import torch.nn.functional as F
from torch import Tensor

from a2u.checks import REAL, check_dtype, check_ratio, empty
from a2u.errors import A2UError
from a2u.operators.contract import Card, Upsampler
from a2u.operators.registry import register


def max_unpool_kernel(guide: Tensor, ratio: int) -> Tensor:
    """w ∈ {0, 1}: 1 where the guide has the maximum of its r×r block (the first one on a tie), for each channel.

    Args:
        guide: Tensor[N, C, rH, rW], the encoder map before max-pooling.
        ratio: r.

    Returns:
        Tensor[N, C, 1, rH, rW].
    """
    ratio = check_ratio(guide, ratio, up=False)
    check_dtype("A guide", guide, REAL)
    if 0 in guide.shape:
        return empty(guide, (*guide.shape[:2], 1, *guide.shape[2:]))
    _, index = F.max_pool2d(guide.detach(), ratio, return_indices=True)  # N C H W, flat positions in the guide
    flat = guide.new_zeros(*guide.shape[:2], guide.shape[2] * guide.shape[3])
    return flat.scatter(2, index.flatten(2), 1.0).view_as(guide)[:, :, None]


@register(
    Card(
        name="max_unpool",
        title="Max-unpooling",
        family="feature",
        order=1,
        kernel="1 at the encoder's maximum of each r×r block, 0 elsewhere; per channel",
        window="1×1",
        cost="1, and r² comparisons a block",
        source="A²U paper, section 3, feature-based upsampling i)",
        groups="C",
        border="never beyond the map",
        guided_by="encoder map",
        pairs_down=True,
    )
)
class MaxUnpool(Upsampler):
    """Max-unpooling by the positions that max-pooling of the guide would remember.

    The guide is the encoder map itself, not its indices: w is derived from it, so that this operator takes the
    same two inputs as every other. Guide and map have the same channels.
    """

    def __init__(self, channels: int, ratio: int = 2, *, guide_channels: int | None = None) -> None:
        super().__init__(channels, ratio, guide_channels=guide_channels)
        if self.guide_channels != self.channels:
            raise A2UError(
                "Max-unpooling remembers one position for each channel, so guide and map must have the same "
                f"channels, got channels={channels} and guide_channels={self.guide_channels}."
            )

    def kernel(self, x: Tensor, guide: Tensor | None = None) -> Tensor:
        """Zeros and ones: Tensor[N, C, 1, rH, rW]."""
        guide = self.check_guide(guide)
        return max_unpool_kernel(guide, self.ratio)

    def downsample(self, guide: Tensor) -> Tensor:
        """Max-pooling, the other half of the pair: Tensor[N, C, H, W]. The same w picks the same values."""
        guide = self.check_guide(guide)
        if 0 in guide.shape:
            return empty(guide, (*guide.shape[:2], guide.shape[2] // self.ratio, guide.shape[3] // self.ratio))
        return F.max_pool2d(guide, self.ratio)
