"""What goes into the matting network and what comes out: checks, sizes that it can halve, and known pixels."""

import torch
from torch import Tensor

from a2u.checks import check_tensor
from a2u.errors import A2UError


def settle(alpha: Tensor, trimap: Tensor) -> Tensor:
    """Clip alpha to [0, 1], and set it to 0 and 1 where the trimap is 0 and 255."""
    alpha = alpha.clamp(0, 1)
    return torch.where(trimap == 0, 0.0, torch.where(trimap == 255, 1.0, alpha))


def check_pair(image: Tensor, trimap: Tensor) -> None:
    """Raise A2UError unless image is float (N, 3, H, W) and trimap uint8 (N, 1, H, W) of the same size."""
    for each, title, axes in ((image, "The image", "N, 3, H, W"), (trimap, "The trimap", "N, 1, H, W")):
        check_tensor(title, each, axes)
    if image.shape[1] != 3 or not image.is_floating_point() or image.numel() == 0:
        raise A2UError(
            f"The network takes images as floats (N, 3, H, W), RGB in [0, 1], got {image.dtype} {tuple(image.shape)}. "
            "Divide 8-bit images by 255, and add a batch axis with image[None]."
        )
    wanted = (image.shape[0], 1, *image.shape[2:])
    if tuple(trimap.shape) != wanted or trimap.dtype != torch.uint8:
        raise A2UError(
            f"The trimap of these images must be uint8 {wanted} of 0 (background), 128 (unknown) and 255 (foreground), "
            f"got {trimap.dtype} {tuple(trimap.shape)}."
        )
    if trimap.device != image.device:
        raise A2UError(f"Image and trimap must be on one device, got {image.device} and {trimap.device}.")


def reflect_to_multiple(x: Tensor, multiple: int) -> Tensor:
    """Continue x below and to the right up to the next multiples, mirrored at its last row and column.

    A map shorter than what is missing is mirrored back and forth (as numpy's "reflect"); a single row repeats.
    """
    for axis in (2, 3):
        size = x.shape[axis]
        missing = -size % multiple
        if missing:
            period = max(1, 2 * (size - 1))
            phase = torch.arange(size, size + missing, device=x.device) % period
            x = torch.cat([x, x.index_select(axis, torch.minimum(phase, period - phase))], dim=axis)
    return x
