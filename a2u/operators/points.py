"""Places that outputs read: where an output lies in the small map, and points around it that a network moves."""

import torch
from torch import Tensor

from a2u.errors import A2UError
from a2u.paths import concrete


def half_pixel(length: int, ratio: int, like: Tensor) -> Tensor:
    """Where each of r·length outputs lies, in cells of the small map: (i' + ½)/r − ½, as a column of like's dtype.

    like: a tensor of positions, float32 at least.
    """
    return (torch.arange(length * ratio, device=like.device).to(like.dtype) + 0.5) / ratio - 0.5


def parents(length: int, ratio: int, like: Tensor) -> Tensor:
    """The parent of each of r·length outputs: ⌊i'/r⌋."""
    return (torch.arange(length * ratio, device=like.device) // ratio).to(like.dtype)


def positions(offsets: Tensor) -> Tensor:
    """Offsets as positions are computed: float32 at least, since half precision has no fractions beyond 1024 cells.

    Raises:
        A2UError: an offset that is not finite (seen on a CPU; elsewhere such an output is NaN).
    """
    wide = offsets.float() if offsets.dtype.itemsize == 2 else offsets
    if wide.device.type == "cpu" and concrete(wide) and not bool(wide.isfinite().all()):
        raise A2UError(
            "An offset says how many cells a point is moved, and must be finite, got NaN or infinity. Look for values "
            "of the map or weights that are not finite: a learning rate may be too large."
        )
    return wide
