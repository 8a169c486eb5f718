"""The auto-encoder of section 5: three times down, three times up, the operator under study in between.

With C(k) a 3×3 convolution to k channels, batch norm and ReLU, D2 and U2 down- and upsampling by 2:

    C(32) ─ D2 ─ C(64) ─ D2 ─ C(128) ─ D2 ─ C(256) ─ C(128) ─ U2 ─ C(64) ─ U2 ─ C(32) ─ U2 ─ C(1)
      │            │             └─────────────────────────────┘            │            │
      │            └────────────────────────────────────────────────────────┘            │
      └──────────────────────────────────── guides ──────────────────────────────────────┘

The map before each D2 has the channels and the size that U2 makes at its level, so it can guide that operator.
An operator that an image guides sees the image itself in all three. There are no skip connections: whatever the decoder
learns of the encoder's maps passes through the operator.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from a2u.checks import check_arithmetic, check_choice, check_map
from a2u.errors import A2UError
from a2u.operators import build, card
from a2u.operators.registry import free_options
from a2u.training.evaluating import evaluating

LEVELS = (32, 64, 128)  # channels before each D2
DOWNS = ("conv", "max", "paired")
HEADS = ("c1", "linear")


def block(in_channels: int, out_channels: int, stride: int = 1) -> nn.Sequential:
    """C(k): 3×3 convolution, batch norm (which makes a bias unnecessary), ReLU."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )


class AutoEncoder(nn.Module):
    """Images (N, 1, H, W) → reconstructions (N, 1, H, W); H and W divisible by 8.

    Args:
        operator: Any registered upsampling operator, "name" or "name:preset".
        down: "conv": a stride-2 C(k), as Table 1's rows without guides have it. "max": 2×2 max pooling, so that
            the map before it can be a guide. "paired": the operator's own downsampling.
        options: Passed on to the operator.
        head: The last layer. "c1": C(1) with its batch norm and ReLU, as the paper writes it. "linear": the
            convolution alone, with a bias.

    Raises:
        A2UError: Unknown operator, `down` or `head`, or "paired" with an operator that has no downsampling.
    """

    def __init__(
        self, operator: str, down: str = "max", options: dict[str, Any] | None = None, head: str = "c1"
    ) -> None:
        super().__init__()
        check_choice("downsampling", down, DOWNS)
        check_choice("head", head, HEADS)
        a, b, c = LEVELS
        self.down = down
        self.encoder = nn.ModuleList([block(1, a), block(a, b), block(b, c)])
        self.strided = nn.ModuleList([block(k, k, stride=2) for k in LEVELS] if down == "conv" else [])
        self.bottom = nn.Sequential(block(c, 2 * c), block(2 * c, c))
        options = free_options(options)
        guided_by = card(str(operator).partition(":")[0]).guided_by
        self.guided, self.sees_image = guided_by != "nothing", guided_by == "image"
        self.up = nn.ModuleList(
            build(operator, channels=k, ratio=2, guide_channels=1 if self.sees_image else None, **options)
            for k in (c, b, a)
        )
        last = block(a, 1) if head == "c1" else nn.Conv2d(a, 1, 3, padding=1)
        self.decoder = nn.ModuleList([block(c, b), block(b, a), last])
        if down == "paired" and not card(str(operator).partition(":")[0]).pairs_down:
            raise A2UError(f"{operator} has no downsampling of its own: use down='max' or 'conv'.")

    def forward(self, images: Tensor) -> Tensor:
        """Reconstruct `images`; training mode uses the batch's own statistics."""
        self._check(images)
        x, guides = images, []
        for level, convolve in enumerate(self.encoder):
            x = convolve(x)  # N k H/2ˡ W/2ˡ
            guides.append(x)
            x = self._downsample(x, level)
        x = self.bottom(x)  # N 128 H/8 W/8
        for up, convolve in zip(self.up, self.decoder, strict=True):
            guide = images if self.sees_image else guides.pop()
            x = convolve(up(x, guide if self.guided else None))  # N k 2H 2W
        return x  # type: ignore[no-any-return]

    def _downsample(self, x: Tensor, level: int) -> Tensor:
        if self.down == "conv":
            return self.strided[level](x)  # type: ignore[no-any-return]
        if self.down == "paired":
            return self.up[len(LEVELS) - 1 - level].downsample(x)  # type: ignore[no-any-return, operator]
        return F.max_pool2d(x, 2)

    def _check(self, images: Tensor) -> None:
        n, c, height, width = check_map("The images", images).shape
        if c != 1 or height % 8 or width % 8 or not images.numel():
            raise A2UError(
                f"The auto-encoder takes (N, 1, H, W) with H and W divisible by 8, given {tuple(images.shape)}. "
                f"28×28 digits go through a2u.data.to_float32x32 first."
            )
        check_arithmetic("The auto-encoder", "the images with images.to(dtype)", next(self.parameters()), images)
        if self.training and n * height * width == 8 * 8:
            raise A2UError(
                "While it trains, batch norm needs more than one value of each channel, and one image of 8×8 has one "
                "at the bottom of the auto-encoder. Give more images or larger ones, or call eval() first."
            )


def reconstruct(model: nn.Module, images: Tensor, batch: int = 250) -> Tensor:
    """What `model` makes of `images` (N, 1, H, W): float32 on the CPU, in evaluation mode, without gradients.

    The model's mode is as it was afterwards. For plots, put the two side by side: `images` and the result.
    """
    check_map("The images", images)
    with evaluating(model) as device:
        return torch.cat([model(chunk.to(device)).cpu() for chunk in images.split(batch)])
