"""The encoder of section 6: the first 11 residual blocks of ResNet-34 at output stride 16, and the ASPP below it.

    image + trimap (4) ─ stem 7×7 (64) ─ D2 ─ D2 ─ stage 1: 3 blocks (64)
                       ─ stage 2: 4 blocks (128), the first goes down ─ stage 3: 4 blocks (256), likewise ─ ASPP (256)

The maps are halved four times. Without a paired operator D2 is 2×2 max pooling and a first block goes down by the
stride of its first convolution. A paired operator takes over all four: every convolution then has stride 1, and the map
before each of the four is the guide of the decoder's upsampling (the shortcut of a first block keeps its stride-2 1×1).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from a2u.errors import A2UError

SLOPE = 0.01  # of every leaky ReLU
BLOCKS = (3, 4, 4)  # of ResNet-34's [3, 4, 6, 3]
DILATIONS = (6, 12, 18)
INPUTS = 4  # red, green, blue, trimap

Down = Callable[[Tensor], Tensor]


class Encoded(NamedTuple):
    """What the decoder reads of the encoder, finest first; with C = 64 · width."""

    skips: tuple[Tensor, ...]  #: input (4, H), pooled stem (C, H/2), stage 1 (C, H/4), stage 2 (2C, H/8)
    guides: tuple[Tensor, ...]  #: the maps before each halving: stem, pooled stem, inside stages 2 and 3; if paired
    bottom: Tensor  #: stage 3 (4C, H/16)


class ConvNorm(nn.Module):
    """A convolution without bias, batch norm, and leaky ReLU 0.01 unless ``activate`` is False.

    Published networks fuse norm and activation in place to save memory; the function is the same.
    """

    def __init__(
        self, inputs: int, outputs: int, size: int = 3, *, stride: int = 1, dilation: int = 1, groups: int = 1,
        activate: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        padding = dilation * (size // 2)
        self.conv = nn.Conv2d(
            inputs, outputs, size, stride=stride, padding=padding, dilation=dilation, groups=groups, bias=False
        )
        self.norm = nn.BatchNorm2d(outputs)
        self.activate = activate

    def forward(self, x: Tensor) -> Tensor:
        """Tensor[N, inputs, H, W] → Tensor[N, outputs, H/stride, W/stride]."""
        y: Tensor = self.norm(self.conv(x))
        return F.leaky_relu(y, SLOPE, inplace=True) if self.activate else y


class ResidualBlock(nn.Module):
    """y = leaky ReLU(f(x) + shortcut(x)), f two 3×3 convolutions of which the last norm has no activation.

    Args:
        inputs, outputs: channels. Where they differ, or the block goes down, the shortcut is a 1×1 and a norm.
        ratio: 2 if the block halves its map.
        paired: an operator halves it between the two convolutions; both then have stride 1.
    """

    def __init__(self, inputs: int, outputs: int, *, ratio: int = 1, paired: bool = False) -> None:
        super().__init__()
        self.first = ConvNorm(inputs, outputs, stride=1 if paired else ratio)
        self.second = ConvNorm(outputs, outputs, activate=False)
        plain = inputs == outputs and ratio == 1
        self.shortcut = nn.Identity() if plain else ConvNorm(inputs, outputs, 1, stride=ratio, activate=False)

    def join(self, inside: Tensor, x: Tensor) -> Tensor:
        """The block from its middle on: the second convolution, and the sum with the shortcut of x."""
        return F.leaky_relu(self.second(inside) + self.shortcut(x), SLOPE, inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """The whole block, if no operator goes down inside it."""
        return self.join(self.first(x), x)


class Encoder(nn.Module):
    """Stem and three stages.

    Args:
        channels: of the stem and the three stages, (64, 64, 128, 256) at width 1.
        paired: the four halvings are an operator's.
    """

    def __init__(self, channels: Sequence[int], paired: bool) -> None:
        super().__init__()
        stem, one, two, three = channels
        self.paired = paired
        self.stem = ConvNorm(INPUTS, stem, 7)
        self.stage1 = self._stage(stem, one, BLOCKS[0], ratio=1)
        self.stage2 = self._stage(one, two, BLOCKS[1], ratio=2)
        self.stage3 = self._stage(two, three, BLOCKS[2], ratio=2)

    def _stage(self, inputs: int, outputs: int, blocks: int, ratio: int) -> nn.ModuleList:
        first = ResidualBlock(inputs, outputs, ratio=ratio, paired=self.paired)
        return nn.ModuleList([first, *(ResidualBlock(outputs, outputs) for _ in range(blocks - 1))])

    def forward(self, x: Tensor, downs: Sequence[Down] = ()) -> Encoded:
        """Encode Tensor[N, 4, H, W], H and W divisible by 16.

        Args:
            downs: the four halvings of a paired operator, finest first; none otherwise.
        """
        stem = self.stem(x)
        pooled = downs[0](stem) if self.paired else F.max_pool2d(stem, 2)
        return self.below(x, pooled, downs, stem)

    def below(self, x: Tensor, pooled: Tensor, downs: Sequence[Down], stem: Tensor | None = None) -> Encoded:
        """Everything below the pooled stem; ``stem`` joins the guides if it is given."""
        y = downs[1](pooled) if self.paired else F.max_pool2d(pooled, 2)
        one = self.blocks(self.stage1, y)
        two, inside2 = self.descend(self.stage2, one, downs[2:3])
        three, inside3 = self.descend(self.stage3, two, downs[3:4])
        guides = [g for g in (stem, pooled, inside2, inside3) if g is not None] if self.paired else []
        return Encoded((x, pooled, one, two), tuple(guides), three)

    def descend(self, stage: nn.ModuleList, x: Tensor, down: Sequence[Down]) -> tuple[Tensor, Tensor | None]:
        """A stage whose first block halves its map; and the map before that, where an operator did it."""
        first = stage[0]
        assert isinstance(first, ResidualBlock)
        if not self.paired:
            return self.blocks(stage, x), None
        inside = first.first(x)
        return self.blocks(stage[1:], first.join(down[0](inside), x)), inside

    @staticmethod
    def blocks(stage: nn.ModuleList, x: Tensor) -> Tensor:
        """One block after the other."""
        for block in stage:
            x = block(x)
        return x


class ASPP(nn.Module):
    """Atrous spatial pyramid pooling: the surroundings at five distances, up to the whole image.

    1×1; three depth-wise separable 3×3 with dilations 6, 12, 18; the mean of the map. Each has C channels, and a 1×1
    convolution brings their 5C back to C; then dropout 0.5.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        c = channels
        self.near = ConvNorm(c, c, 1)
        self.far = nn.ModuleList(
            nn.Sequential(ConvNorm(c, c, 3, dilation=d, groups=c), ConvNorm(c, c, 1)) for d in DILATIONS
        )
        self.whole = ConvNorm(c, c, 1)
        self.join = ConvNorm(5 * c, c, 1)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        """Tensor[N, C, H, W] → the same shape."""
        if self.training and self.whole.norm.training and x.shape[0] == 1:
            raise A2UError(
                "Training needs a batch of at least 2: the mean of the map is one value per channel, and batch norm "
                "cannot normalise a single value. Got 1; for prediction call net.eval() or net.predict."
            )
        mean = self.whole(x.mean(dim=(2, 3), keepdim=True)).expand_as(x)
        parts = [self.near(x), *(far(x) for far in self.far), mean]
        y: Tensor = self.dropout(self.join(torch.cat(parts, dim=1)))
        return y
