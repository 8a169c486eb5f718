"""The decoder of section 6: four times upsample, add what the encoder remembers at that size, and two residual blocks.

    256 ─ U2 ─ + skip ─ blocks ─ 128 ─ U2 ─ + skip ─ blocks ─ 64 ─ U2 ─ + skip ─ blocks ─ 64 ─ U2 ─ + skip ─ blocks ─ 32

U2 is the operator under study; the head turns the last 32 channels into alpha.
"""

from torch import Tensor, nn

from a2u.matting.network.encoder import ConvNorm, ResidualBlock


class DecoderStage(nn.Module):
    """One step up, except for the operator itself: the skip and what follows the sum.

    Args:
        skip: channels of the encoder's map.
        inputs: channels of the upsampled map, to which the skip's 3×3 convolution brings the encoder's.
        outputs: channels of the result.
    """

    def __init__(self, skip: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.skip = ConvNorm(skip, inputs)
        self.blocks = nn.Sequential(ResidualBlock(inputs, outputs), ResidualBlock(outputs, outputs))

    def forward(self, upsampled: Tensor, skipped: Tensor) -> Tensor:
        """Blocks over the sum of the upsampled map and the skip's output, both Tensor[N, inputs, H, W]."""
        y: Tensor = self.blocks(upsampled + skipped)
        return y


class Head(nn.Module):
    """3×3 convolution to one channel with norm and activation, then a 3×3 convolution without bias; no sigmoid."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.reduce = ConvNorm(channels, 1)
        self.alpha = nn.Conv2d(1, 1, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Tensor[N, C, H, W] → alpha, Tensor[N, 1, H, W], not clipped."""
        y: Tensor = self.alpha(self.reduce(x))
        return y
