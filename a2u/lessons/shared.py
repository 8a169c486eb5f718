"""The one small image and feature map that the lessons share: a real handwritten 2, and what an encoder may see in it.

The encoder map has four channels: the ink itself, how it changes from left to right, how it changes from top to
bottom, and where a pixel differs from its surroundings. The low-resolution map is its 2×2 max-pooling, so an operator
that remembers positions can put values back where they came from.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from a2u.data import load

SIZE = 8  # of the low-resolution map
INDEX = 1  # of the digit in MNIST's test images
CHANNELS = ("ink", "left-right change", "up-down change", "centre minus surround")


def digit(size: int = 2 * SIZE) -> Tensor:
    """The middle 24×24 pixels of the digit, resized to size × size: float32 Tensor[1, 1, size, size] in [0, 1]."""
    pixels = load("mnist", "test").images[INDEX, 2:26, 2:26].to(torch.float32)[None, None] / 255
    return F.interpolate(pixels, size=(size, size), mode="bilinear", antialias=True, align_corners=False)


def encoder_map(ratio: int = 2, channels: int = len(CHANNELS)) -> Tensor:
    """The guide for ``ratio``: Tensor[1, channels, 8·ratio, 8·ratio], the first of :data:`CHANNELS`."""
    return encode(digit(SIZE * ratio), channels)


def encode(image: Tensor, channels: int = len(CHANNELS)) -> Tensor:
    """What the encoder sees in any image: Tensor[N, 1, H, W] → Tensor[N, channels, H, W]; the edge is repeated."""
    ink = F.pad(image, (1, 1, 1, 1), mode="replicate")
    across = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]) / 8
    spot = torch.tensor([[-1.0, -1.0, -1.0], [-1.0, 8.0, -1.0], [-1.0, -1.0, -1.0]]) / 8
    centre = torch.zeros(3, 3)
    centre[1, 1] = 1.0
    filters = torch.stack([centre, across, across.T, spot])[:channels, None]  # channels 1 3 3
    return F.conv2d(ink, filters)


def small_map(channels: int = 1) -> Tensor:
    """The low-resolution map: Tensor[1, channels, 8, 8], max-pooled from ``encoder_map(2)``."""
    return F.max_pool2d(encoder_map(2, channels), 2)
