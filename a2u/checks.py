"""Checks of the arguments of the formula and its operators.

Every refusal reads the same: the rule, what was given, and what to do. A value in another accepted form (a NumPy
integer) is returned in the usual form.
"""

import math
import operator
from collections.abc import Sequence

import torch
from torch import Tensor

from a2u.errors import A2UError, near_match
from a2u.paths import HALF, autocasts, concrete

At = tuple[int, int, int, int]

REAL = (*HALF, torch.float32, torch.float64)
DTYPES = (*REAL, torch.complex64, torch.complex128)


def check_positive(name: str, value: object) -> int:
    """The value as an int; A2UError unless it is a Python or NumPy integer ≥ 1. True does not count as 1."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    number = 0
    if not isinstance(value, bool | Tensor):
        try:
            number = operator.index(value)  # type: ignore[arg-type]
        except TypeError:
            number = 0
    if number < 1:
        raise A2UError(f"{name} must be an integer ≥ 1, got {value!r}.")
    return number


def check_choice(name: str, value: object, known: Sequence[str]) -> None:
    """Raise A2UError, with the closest known word, unless value is one of the known words."""
    if not isinstance(value, str) or value not in known:
        raise A2UError(f"Unknown {name} {value!r}. {near_match(str(value), list(known))}")


def check_flag(name: str, value: object) -> bool:
    """The value; A2UError unless it is True or False."""
    if not isinstance(value, bool):
        raise A2UError(f"{name} is a switch: True or False, got {value!r}.")
    return value


def check_tensor(name: str, value: object, axes: str) -> Tensor:
    """The value, a dense tensor with as many axes as the words of ``axes``; A2UError otherwise."""
    count = len(axes.split(", "))
    if not isinstance(value, Tensor):
        raise A2UError(f"{name} must be a torch.Tensor ({axes}), got {described(value)}. Try torch.as_tensor.")
    check_dense(name, value)
    if value.dim() != count:
        counts = {2: "two", 4: "four", 5: "five"}
        raise A2UError(f"{name} must have {counts[count]} axes ({axes}), got shape {described(value)}.")
    return value


def check_dense(name: str, x: Tensor) -> None:
    """Raise A2UError for sparse and nested tensors."""
    if x.layout is not torch.strided or x.is_nested:
        kind = "a nested tensor" if x.is_nested else f"the layout {x.layout}"
        raise A2UError(f"{name} must be a dense tensor, got {kind}. Convert it, a sparse one with to_dense().")


def check_map(name: str, x: object) -> Tensor:
    """The value, a tensor N C H W; otherwise an A2UError that says how to add a missing axis."""
    try:
        return check_tensor(name, x, "N, C, H, W")
    except A2UError as error:
        missing = isinstance(x, Tensor) and x.dim() == 3
        advice = " Add a batch axis with x[None] or a channel axis with x[:, None]." if missing else ""
        raise A2UError(f"{error}{advice}") from None


def check_dtype(name: str, x: Tensor, known: tuple[torch.dtype, ...] = DTYPES) -> None:
    """Raise A2UError unless x holds numbers that can be weighted: floating point, or complex where ``known`` has it."""
    if x.dtype not in known:
        kinds = "floating-point or complex numbers" if known == DTYPES else "floating-point numbers"
        advice = "its real and imaginary parts one by one" if x.is_complex() else "x.float() instead"
        raise A2UError(f"{name} must hold {kinds}, got {x.dtype}. Give {advice}.")


def check_arithmetic(name: str, what: str, weight: Tensor, seen: Tensor) -> None:
    """Raise A2UError unless weights and input can meet: one device, and one dtype but for what autocast lowers.

    ``name`` has the weights, and ``what`` says what to convert, and how.
    """
    lowered = autocasts(seen.device) and weight.dtype == torch.float32 and seen.dtype != torch.float64
    if weight.device != seen.device or not (weight.dtype == seen.dtype or lowered):
        raise A2UError(
            f"{name} and its input must have one dtype and device, got {weight.dtype} on {weight.device} and "
            f"{seen.dtype} on {seen.device}. Convert {what}."
        )


def described(value: object) -> str:
    """How a message describes what was given: the shape of a tensor, otherwise the type."""
    if value is None:
        return "none"
    return str(tuple(value.shape)) if isinstance(value, Tensor) else type(value).__name__


def check_ratio(x: Tensor, ratio: int, up: bool) -> int:
    """Check a map and its ratio, and return the ratio as an int."""
    check_map("A map", x)
    ratio = check_positive("ratio", ratio)
    if not up and (x.shape[-2] % ratio or x.shape[-1] % ratio):
        raise A2UError(
            f"Going down by {ratio} needs a height and width that {ratio} divides, got "
            f"{x.shape[-2]}×{x.shape[-1]}. Pad or crop the map first."
        )
    return ratio


def check_logits(logits: Tensor, ratio: int) -> tuple[Tensor, int]:
    """Check what becomes kernels of r² phases: real numbers N C H W, C a multiple of r². Return it and the ratio."""
    ratio = check_ratio(logits, ratio, up=True)
    check_dtype("Logits", logits, REAL)
    if logits.shape[1] % ratio**2:
        raise A2UError(
            f"Logits need a channel for each of the r² = {ratio**2} phases of every kernel value, got "
            f"{logits.shape[1]} channels. Give a multiple of {ratio**2}."
        )
    return logits, ratio


def check_kernel(x: Tensor, w: Tensor, ratio: int, up: bool) -> int:
    """Check that w fits x and return the window's side k."""
    check_tensor("Kernels", w, "N, G, k², height, width")
    n, c, h, wd = x.shape
    size = (h * ratio, wd * ratio) if up else (h // ratio, wd // ratio)
    if tuple(w.shape[-2:]) != size:
        raise A2UError(
            f"Kernels must cover every output position: a {h}×{wd} map {'up' if up else 'down'} by {ratio} "
            f"gives {size[0]}×{size[1]}, got kernels for {w.shape[-2]}×{w.shape[-1]}."
        )
    if w.shape[0] not in (1, n):
        raise A2UError(f"Kernels need a batch of {n} (or 1, shared by all samples), got {w.shape[0]}.")
    if w.shape[1] < 1 or c % w.shape[1]:
        raise A2UError(
            f"The number of kernel groups must divide the channels, got G={w.shape[1]} for C={c}. "
            "Use 1 to share a kernel among all channels or C for one each."
        )
    check_same(x, w)
    return check_side(w.shape[2])


def check_cells(x: Tensor, w: Tensor, index: Tensor) -> None:
    """Check that weights and cells fit x: shapes, groups, dtypes, and that every index is −1 or a cell of the map."""
    check_map("A map", x)
    check_tensor("Weights", w, "N, G, T, height, width")
    check_tensor("An index", index, "N, G, T, height, width")
    n, c, height, width = x.shape
    if w.shape[2:] != index.shape[2:] or not w.shape[2]:
        raise A2UError(
            "Weights and index must list the same cells, T ≥ 1 of them for each output, got "
            f"{described(w)} and {described(index)}."
        )
    groups = max(w.shape[1], index.shape[1])
    if {w.shape[0], index.shape[0]} - {1, n} or {w.shape[1], index.shape[1]} - {1, groups}:
        raise A2UError(
            f"Weights and index need a batch of {n} (or 1, shared by all samples) and G groups (or 1, shared by all), "
            f"got {described(w)} and {described(index)}."
        )
    if groups < 1 or c % groups:
        raise A2UError(f"The number of groups must divide the channels, got G={groups} for C={c}.")
    check_same(x, w)
    if index.dtype != torch.int64 or index.device != x.device:
        raise A2UError(
            f"An index must hold whole numbers of torch.int64 on the map's device, got {index.dtype} on "
            f"{index.device}. Convert with index.long().to(x.device)."
        )
    if concrete(index) and index.numel():
        low, high = (int(edge) for edge in index.aminmax())
        if low < -1 or high >= height * width:
            wrong = low if low < -1 else high
            raise A2UError(
                f"An index names a cell of the {height}×{width} map, 0 to {height * width - 1} (row · {width} + "
                f"column), or −1 for outside, got {wrong}."
            )


def check_same(x: Tensor, w: Tensor) -> None:
    """Raise A2UError unless map and kernels share device and dtype; float32 kernels may meet a half-precision map."""
    check_dtype("A map", x)
    wide = x.dtype in HALF and w.dtype == torch.float32
    if (x.dtype != w.dtype and not wide) or x.device != w.device:
        raise A2UError(
            f"Map and kernels must have one dtype and device, got {x.dtype} on {x.device} and {w.dtype} on "
            f"{w.device}. Convert with w.to(x)."
        )


def check_side(taps: int) -> int:
    """The side k of a window of k² taps; A2UError if there is none."""
    k = math.isqrt(taps)
    if k < 1 or k * k != taps:
        raise A2UError(f"A kernel must have k² taps (1, 4, 9, 16, 25, …) for a square window, got {taps}.")
    return k


def check_window(size: int) -> int:
    """The side of a window as an int; A2UError unless it is an integer ≥ 1."""
    try:
        return check_positive("size", size)
    except A2UError:
        raise A2UError(f"A window needs a side k ≥ 1, got k={size!r}.") from None


def check_at(at: At, shape: tuple[int, ...]) -> At:
    """The place as integers; A2UError unless at = (sample, channel, row, column) names a value inside shape."""
    try:
        place = tuple(operator.index(a) for a in at)
    except TypeError:
        place = ()
    if len(place) != 4 or not all(0 <= a < s for a, s in zip(place, shape, strict=True)):
        raise A2UError(f"at names one output value (sample, channel, row, column) inside {tuple(shape)}, got {at}.")
    return place[0], place[1], place[2], place[3]


def empty(x: Tensor, size: Sequence[int], *others: Tensor) -> Tensor:
    """A tensor of this size (with an axis of 0) in x's dtype, connected to all arguments: their gradients are zeros."""
    nothing = x.new_zeros(tuple(size))
    for each in (x, *others):
        nothing = nothing + each.reshape(-1)[:0].sum().to(x.dtype)
    return nothing
