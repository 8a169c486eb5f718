"""The formula of compositing, and what it does with two foregrounds.

    image = α·F + (1 − α)·B

Training pictures are made by this formula, so α, F and B are known exactly. Two foregrounds, the first in front of the
second, are again one foreground: what passes the first, 1 − α₁, passes the second with 1 − α₂, so

    α = 1 − (1 − α₁)(1 − α₂),   α·F = α₁·F₁ + (1 − α₁)·α₂·F₂
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from a2u.errors import A2UError


@dataclass(frozen=True)
class Layer:
    """One foreground as it is stored: what 8-bit files hold, and what the scenes of the synthetic set are rounded to.

    colour: uint8 array (H, W, 3), RGB, defined everywhere. alpha: uint8 array (H, W). name: for messages and pictures.
    """

    colour: Any
    alpha: Any
    name: str = ""


def compose(foreground: Tensor, background: Tensor, alpha: Tensor) -> Tensor:
    """α·F + (1 − α)·B.

    Args:
        foreground, background: RGB in [0, 1], Tensor[..., 3, H, W].
        alpha: Tensor[..., 1, H, W].

    Raises:
        A2UError: Shapes that do not belong together.
    """
    _check(foreground, alpha, "foreground")
    _check(background, alpha, "background")
    return alpha * foreground + (1 - alpha) * background


def combine(front: tuple[Tensor, Tensor], behind: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Two foregrounds (F, α) as one: (F, α) with α = 1 − (1 − α₁)(1 − α₂).

    Composing the result over any background equals composing the one behind first and the front one over that.
    Where α is 0 any colour will do; that of the front one stays.

    Raises:
        A2UError: Shapes that do not belong together.
    """
    (f1, a1), (f2, a2) = front, behind
    _check(f1, a1, "the front colour")
    _check(f2, a1, "the colour behind")
    _check(f1, a2, "the alpha behind and the front colour")
    alpha = 1 - (1 - a1) * (1 - a2)
    share = torch.where(alpha > 0, a1 / alpha.clamp(min=1e-6), torch.ones_like(a1))  # of the front one in what is seen
    return share * f1 + (1 - share) * f2, alpha


def image_tensor(pixels: Any) -> Tensor:
    """uint8 (H, W, 3) or float (H, W, 3) in [0, 1] → float32 Tensor[3, H, W] in [0, 1]."""
    return _float(pixels).permute(2, 0, 1).contiguous()


def alpha_tensor(levels: Any) -> Tensor:
    """uint8 (H, W) or float (H, W) in [0, 1] → float32 Tensor[1, H, W] in [0, 1]."""
    return _float(levels)[None]


def to_bytes(values: Tensor) -> Any:
    """Tensor[3, H, W] or Tensor[1, H, W] in [0, 1] → uint8 array (H, W, 3) or (H, W), rounded to nearest."""
    levels = (values.detach().cpu().float().clamp(0, 1) * 255).round().to(torch.uint8)
    return levels[0].numpy() if len(levels) == 1 else levels.permute(1, 2, 0).contiguous().numpy()


def _float(values: Any) -> Tensor:
    tensor = torch.from_numpy(values)
    return tensor.float() / 255 if tensor.dtype == torch.uint8 else tensor.float()


def _check(colour: Tensor, alpha: Tensor, name: str) -> None:
    if colour.dim() < 3 or colour.shape[-3] != 3 or alpha.shape != (*colour.shape[:-3], 1, *colour.shape[-2:]):
        raise A2UError(
            f"A colour is (…, 3, H, W) and its alpha (…, 1, H, W); {name}: given {tuple(colour.shape)} "
            f"and alpha {tuple(alpha.shape)}."
        )
