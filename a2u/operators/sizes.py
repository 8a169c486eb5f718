"""Any size: what an operator of ratio r makes where the target is not r times its input.

The rule, for a map of H×W and a target of H'×W':

- Where r(H − 1) < H' ≤ rH, and the same for the width, the result is the first H' rows and W' columns of the map at
  r times the size. This is how convolutions with a stride shrink: 65 becomes 33, and 33 becomes 65 again.
- Any other target is read from the map at r times the size, bilinearly, as ``F.interpolate(…, size=…)`` does it.
- A guide has the target's size. It is extended to r times the size of the input by repeating its last row and column
  (first case), or resized bilinearly (second case).

Either way each value is still wᵀz: of the map itself, or of at most four of its values. Nearest neighbour, bilinear and
bicubic do not need the rule: they follow torch at every size (`a2u.operators.distance`).
"""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from a2u.checks import At, check_at, check_positive, described, empty
from a2u.errors import A2UError
from a2u.operators.witness import Witness
from a2u.paths import HALF, without_autocast

Size = tuple[int, int]


def check_size(size: object) -> Size:
    """The target size; A2UError unless it is two integers of at least 1: rows and columns."""
    if isinstance(size, str | bytes) or not isinstance(size, Sequence) or len(size) != 2:
        given = described(size) if isinstance(size, Tensor) else repr(size)
        raise A2UError(f"A target size is two integers, rows and columns, like size=(65, 65), got {given}.")
    return check_positive("rows of the target size", size[0]), check_positive("columns of the target size", size[1])


def check_source(x: Tensor, size: Size) -> None:
    """Raise A2UError where a map has no values of which any size could be made."""
    if 0 in x.shape[2:]:
        raise A2UError(f"A map without rows or columns cannot be upsampled to {size[0]}×{size[1]}, got {described(x)}.")


def is_cut(size: Size, x: Tensor, ratio: int) -> bool:
    """Is a result of this size the beginning of the map at r times the size of x?"""
    return all(ratio * (n - 1) < target <= ratio * n for n, target in zip(x.shape[2:], size, strict=True))


def fitted(whole: Tensor, x: Tensor, size: Size, ratio: int) -> Tensor:
    """The map at r times the size of x, brought to the target size: Tensor[N, C, H', W']."""
    if is_cut(size, x, ratio):
        return whole[..., : size[0], : size[1]]
    return resized(whole, size)


def extended(guide: Tensor, size: Size, x: Tensor, ratio: int) -> Tensor:
    """An encoder map of the target's size, brought to r times the size of x: Tensor[N, C_guide, rH, rW]."""
    whole = x.shape[2] * ratio, x.shape[3] * ratio
    return repeated_edge(guide, size, whole) if is_cut(size, x, ratio) else resized(guide, whole)


def repeated_edge(guide: Tensor, size: Size, whole: Size) -> Tensor:
    """A guide of what `size` shows, with its last row and column repeated until it shows what `whole` shows.

    An image of a finer grid than `size` keeps its grid and grows by the same share, rounded up.
    """
    more = [
        -(-(full - target) * length // target)
        for full, target, length in zip(whole, size, guide.shape[2:], strict=True)
    ]
    if not any(more):
        return guide
    if 0 in guide.shape:
        return empty(guide, (*guide.shape[:2], *(n + m for n, m in zip(guide.shape[2:], more, strict=True))), guide)
    return F.pad(guide, (0, more[1], 0, more[0]), mode="replicate")


def resized(x: Tensor, size: Size) -> Tensor:
    """The map read bilinearly at another size, as torch does it (align_corners=False); half precision in float32."""
    if 0 in x.shape:
        return empty(x, (*x.shape[:2], *size), x)
    with without_autocast(x.device):
        if x.is_complex():
            return torch.complex(resized(x.real, size), resized(x.imag, size))
        wide = x.float() if x.dtype in HALF else x
        return F.interpolate(wide, size, mode="bilinear", align_corners=False).to(x.dtype)


def fitted_witness(
    opened: Callable[[At], Witness], at: At, x: Tensor, channels: int, size: Size, ratio: int
) -> Witness:
    """The w and the z behind value ``at`` of a result of the target size; ``opened`` opens the map at r times x's."""
    n, c, i, j = at = check_at(at, (x.shape[0], channels, *size))
    if is_cut(size, x, ratio):
        return opened(at)._replace(at=at)
    rows, columns = (
        _points(place, length * ratio, target) for place, length, target in zip((i, j), x.shape[2:], size, strict=True)
    )
    found = [(a * b, opened((n, c, row, column))) for row, a in rows for column, b in columns]
    return _merged(found, at)


def _points(place: int, length: int, target: int) -> list[tuple[int, float]]:
    """Which of `length` values the target's value at `place` is read from, and with which weights."""
    source = max((place + 0.5) * length / target - 0.5, 0.0)
    first = min(int(source), length - 1)
    share = source - first
    return [(first, 1 - share), (min(first + 1, length - 1), share)] if share else [(first, 1.0)]


def _merged(found: list[tuple[float, Witness]], at: At) -> Witness:
    """The weighted sum of several values as one: a z that several of them meet appears once, with the sum of its w."""
    w = torch.cat([share * witness.w for share, witness in found])
    z = torch.cat([witness.z for _, witness in found])
    place = torch.cat([torch.cat([one.source[:, None].cpu(), one.where.cpu()], 1) for _, one in found])
    place, number = place.unique(dim=0, return_inverse=True)
    number = number.to(w.device)
    kernel = w.new_zeros(len(place)).index_add(0, number, w)
    window = z.new_zeros(len(place)).index_copy(0, number, z)
    return Witness(kernel, window, place[:, 1:], at, place[:, 0])
