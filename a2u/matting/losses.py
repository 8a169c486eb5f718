"""The training loss of section 6: half an alpha loss, half a composition loss, over the unknown region.

With U = {trimap = 128}, p the predicted alpha, g the true one, F and B the foreground and background that made the
image I = g·F + (1 − g)·B, and ρ(d) = √(d² + 10⁻¹²), a smooth |d|:

    alpha       = Σ_U ρ(p − g) / |U|
    composition = Σ_U Σ_c ρ(p·F_c + (1 − p)·B_c − I_c) / (3·|U|)
    loss        = ½ alpha + ½ composition

Both are means: the first over the unknown pixels of the whole batch (|U| counts them all, so an image with a wide
unknown band weighs more than one with a narrow band), the second over those pixels and the three colours. A batch
without an unknown pixel has loss 0 and gradient 0. The losses are those of N. Xu et al., *Deep Image Matting*, CVPR
2017, section 4.2. Half precision is widened to float32 first, where 10⁻¹² does not vanish.
"""

import torch
from torch import Tensor

from a2u.errors import A2UError
from a2u.matting.data.trimap import UNKNOWN

EPSILON = 1e-12


def matting_loss(
    pred: Tensor, alpha: Tensor, image: Tensor, foreground: Tensor, background: Tensor, trimap: Tensor
) -> Tensor:
    """½ alpha loss + ½ composition loss: a scalar.

    Args:
        pred, alpha: predicted (need not be in [0, 1]) and true alpha, Tensor[N, 1, H, W].
        image, foreground, background: RGB in [0, 1], Tensor[N, 3, H, W]; image = α·foreground + (1 − α)·background.
        trimap: uint8 Tensor[N, 1, H, W] of 0, 128 (unknown) and 255.

    Raises:
        A2UError: Other shapes than these.
    """
    return (alpha_loss(pred, alpha, trimap) + composition_loss(pred, image, foreground, background, trimap)) / 2


def alpha_loss(pred: Tensor, alpha: Tensor, trimap: Tensor) -> Tensor:
    """Σ_U ρ(p − g) / |U|: a scalar. Arguments as in :func:`matting_loss`."""
    _check(pred, {"pred": (pred, 1), "alpha": (alpha, 1), "trimap": (trimap, 1)})
    return _mean_over_unknown(_wide(pred) - _wide(alpha), trimap)


def composition_loss(pred: Tensor, image: Tensor, foreground: Tensor, background: Tensor, trimap: Tensor) -> Tensor:
    """Σ_U Σ_c ρ(p·F_c + (1 − p)·B_c − I_c) / (3·|U|): a scalar. Arguments as in :func:`matting_loss`."""
    rgb = {"image": (image, 3), "foreground": (foreground, 3), "background": (background, 3)}
    _check(pred, {"pred": (pred, 1), "trimap": (trimap, 1), **rgb})
    p, f, b = _wide(pred), _wide(foreground), _wide(background)
    return _mean_over_unknown(p * f + (1 - p) * b - _wide(image), trimap)


def _mean_over_unknown(difference: Tensor, trimap: Tensor) -> Tensor:
    """ρ(difference), N C H W, averaged over the unknown pixels and C; 0 without any, and then so are all gradients."""
    unknown = (trimap == UNKNOWN).to(difference)  # N 1 H W
    size = torch.sqrt(difference.square() + EPSILON)
    total = (size * unknown).sum()
    return total / (unknown.sum() * difference.shape[1]).clamp(min=1)


def _wide(values: Tensor) -> Tensor:
    return values.float() if values.dtype in (torch.float16, torch.bfloat16) else values


def _check(pred: Tensor, given: dict[str, tuple[Tensor, int]]) -> None:
    if pred.dim() != 4:
        raise A2UError(f"pred must be a batch of alphas (N, 1, H, W), given {tuple(pred.shape)}.")
    n, _, height, width = pred.shape
    for name, (tensor, channels) in given.items():
        if tuple(tensor.shape) != (n, channels, height, width):
            raise A2UError(
                f"{name} must be {(n, channels, height, width)}, as pred has {n} maps of {height}×{width}; "
                f"given {tuple(tensor.shape)}."
            )
