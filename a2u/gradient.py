"""How fast a map changes from place to place."""

import torch.nn.functional as F
from torch import Tensor


def gradient_length(values: Tensor) -> Tensor:
    """√(gx² + gy²) by central differences, the border repeated: Tensor[N, C, H, W] → the same shape."""
    padded = F.pad(values, (1, 1, 1, 1), mode="replicate")
    across = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) / 2
    down = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) / 2
    return (across.square() + down.square()).sqrt()
