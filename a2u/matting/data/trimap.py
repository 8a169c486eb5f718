"""Trimaps: what is surely background (0), surely foreground (255), and the band between that is to be found (128).

All three makers begin with the alpha in 8 bits, a = round(255·α): surely foreground is {a = 255}, surely background
{a = 0}, and everything between is unknown whatever its neighbours are. Then both sure regions shrink:

- :func:`trimap_of` erodes each with an ellipse, whose size is drawn anew for each training sample
  (:func:`random_trimap`). One pixel is known if the whole ellipse around it lies in the sure region.
- :func:`of_width` keeps the pixels that are farther than `width` from everything that is not sure; one number for
  a slider, and both sides shrink alike.

What lies outside the picture is taken to continue it: an object that is cut by the border is sure up to there.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from a2u.errors import A2UError
from a2u.matting.data.opencv import opencv

BACKGROUND, UNKNOWN, FOREGROUND = 0, 128, 255
VALUES = (BACKGROUND, UNKNOWN, FOREGROUND)
SIZES = (1, 29)  # the kernels of training, both ends included
TEST_SIZES = (5, 29)  # those of validation and test, at 512²; in proportion at other sizes


def trimap_of(alpha: Tensor, fg_size: int = 15, bg_size: int = 15) -> Tensor:
    """The trimap of an alpha by erosion with elliptic kernels: uint8, of the shape of alpha.

        foreground = {a = 255} ⊖ ellipse(fg_size),  background = {a = 0} ⊖ ellipse(bg_size)

    Args:
        alpha: in [0, 1], Tensor[1, H, W] or Tensor[N, 1, H, W].
        fg_size, bg_size: width and height of the kernels in pixels; 1 erodes nothing.

    Raises:
        A2UError: Another shape, values outside [0, 1], a size below 1.
    """
    for name, size in (("fg_size", fg_size), ("bg_size", bg_size)):
        if size < 1:
            raise A2UError(f"{name} is the size of a kernel in pixels, at least 1; given {size}.")
    return _each(alpha, lambda levels: erode(levels, fg_size, bg_size))


def check_unknown(trimap: Tensor, what: object) -> None:
    """Raise A2UError unless a trimap leaves something to be found; `what` names it.

    Where nothing is unknown, every method gives the trimap back, and every score over the unknown region is 0.
    """
    if bool((trimap == UNKNOWN).any()):
        return
    values = [name for value, name in ((BACKGROUND, "0"), (FOREGROUND, "255")) if bool((trimap == value).any())]
    raise A2UError(
        f"{what} leaves nothing to be found: it holds {' and '.join(values) or 'nothing'} only, and no {UNKNOWN}, "
        f"which is unknown. A mask is not a trimap: mark a band of {UNKNOWN} where its border may be (trimap_of does, "
        f"see a2u.matting.data.trimap)."
    )


def random_trimap(alpha: Tensor, generator: np.random.Generator, sizes: tuple[int, int] = SIZES) -> Tensor:
    """:func:`trimap_of` with two sizes drawn from `sizes`, both ends included."""
    fg_size, bg_size = random_sizes(generator, sizes)
    return trimap_of(alpha, fg_size, bg_size)


def random_sizes(generator: np.random.Generator, sizes: tuple[int, int] = SIZES) -> tuple[int, int]:
    """Two kernel sizes, each uniform over `sizes`."""
    first, second = generator.integers(sizes[0], sizes[1] + 1, size=2)
    return int(first), int(second)


def of_width(alpha: Tensor, width: float) -> Tensor:
    """The trimap whose unknown band reaches `width` pixels to either side of what is not sure: uint8, as alpha.

        foreground = {p : ‖p − q‖ > width for all q with a(q) < 255},  background likewise with a(q) > 0

    Width 0 leaves exactly the mixed pixels, 0 < a < 255, unknown; an edge without mixed pixels is then known.

    Raises:
        A2UError: Another shape, values outside [0, 1], a negative width.
    """
    if not width >= 0:
        raise A2UError(f"The width of the unknown band is counted in pixels, 0 or more; given {width}.")
    return _each(alpha, lambda levels: _by_distance(levels, width))


def erode(levels: Any, fg_size: int, bg_size: int) -> Any:
    """:func:`trimap_of` for arrays: uint8 alpha (H, W) → uint8 trimap (H, W)."""
    cv2 = opencv()
    known = []
    for sure, size in ((levels == 255, fg_size), (levels == 0, bg_size)):
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
        known.append(cv2.erode(sure.astype(np.uint8), kernel) > 0)
    return _paint(*known)


def _by_distance(levels: Any, width: float) -> Any:
    cv2 = opencv()
    known = []
    for sure in (levels == 255, levels == 0):
        if sure.all():
            known.append(sure)
        else:
            distance = cv2.distanceTransform(sure.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
            known.append(sure & (distance > width + 1e-3))  # distances are float32 roots of whole numbers
    return _paint(*known)


def _paint(foreground: Any, background: Any) -> Any:
    trimap = np.full(foreground.shape, UNKNOWN, dtype=np.uint8)
    trimap[foreground] = FOREGROUND
    trimap[background] = BACKGROUND
    return trimap


def _each(alpha: Tensor, make: Any) -> Tensor:
    if alpha.dim() not in (3, 4) or alpha.shape[-3] != 1:
        raise A2UError(f"An alpha is (1, H, W) or (N, 1, H, W), given {tuple(alpha.shape)}.")
    values = alpha.detach().cpu().float()
    if values.numel() and not (values.min() >= 0 and values.max() <= 1):
        raise A2UError(
            f"An alpha lies in [0, 1], given values from {values.min():.4g} to {values.max():.4g}. "
            f"Divide 8-bit values by 255; clamp what a network predicts."
        )
    levels = (values * 255).round().to(torch.uint8)
    flat = levels.reshape(-1, *levels.shape[-2:]).numpy()
    made = [torch.from_numpy(make(np.ascontiguousarray(each))) for each in flat]
    return torch.stack(made).reshape(levels.shape).to(alpha.device) if made else levels.to(alpha.device)
