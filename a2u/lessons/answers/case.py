"""One call that a check made, and what it means that two results are equal."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

TOLERANCE = 1e-5


@dataclass(frozen=True)
class Case:
    """One call that was checked: the arguments, the right result and the learner's, both in double precision."""

    arguments: tuple[Any, ...]
    target: Tensor
    own: Tensor
    dtype: torch.dtype = torch.float32  # of the learner's result, before it was converted

    @property
    def wrong(self) -> bool:
        """Do they differ by more than the tolerance of the checks?"""
        return not same(self.target, self.own)


def same(a: Tensor, b: Tensor, nan: bool = False) -> bool:
    """Equal within the tolerance of the checks; `nan`: NaN equals NaN, as where a mistake makes them."""
    return a.shape == b.shape and bool(torch.allclose(a, b, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=nan))


def fits(made: Tensor, own: Tensor, tolerance: float = 1e-4) -> bool:
    """Equal within a part of the largest value: a slip may have made all values small. NaN and infinity fit nothing."""
    if made.shape != own.shape or not made.isfinite().all() or not own.isfinite().all():
        return False
    largest = float(made.abs().max()) if made.numel() else 0.0
    return float((made - own).abs().max()) <= tolerance * largest if largest else not own.any()


def as_numbers(result: Any) -> tuple[Tensor, torch.dtype]:
    """A result as real numbers in double precision, and the number type that it had.

    Raises:
        ValueError: it is nothing of the kind.
    """
    if result is None:
        raise ValueError("your function returns nothing (None). Is there a `return`?")
    many = isinstance(result, list | tuple) and any(isinstance(each, Tensor) and each.dim() for each in result)
    try:
        if many:
            raise TypeError
        made = torch.as_tensor(result).detach()
    except (TypeError, ValueError, RuntimeError):
        inside = f" of {len(result)}: torch.stack makes one tensor of several" if many else ""
        raise ValueError(f"return a tensor, got {type(result).__name__}{inside}.") from None
    if made.is_complex():
        raise ValueError(f"return real numbers, got {made.dtype}.")
    return made.cpu().double(), made.dtype


def alike(a: Any, b: Any) -> bool:
    """Equal values, NaN included, as where a mistake makes them; or one and the same error."""
    if isinstance(a, BaseException) or isinstance(b, BaseException):
        return type(a) is type(b) and str(a) == str(b)
    return same(torch.as_tensor(a).double(), torch.as_tensor(b).double(), nan=True)
