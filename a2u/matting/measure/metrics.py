"""SAD, MSE, Grad and Conn: how far a matte is from the truth, over the unknown region of its trimap.

All four compare 8-bit mattes, p (predicted) and g (ground truth), as a PNG file holds them, and read them as numbers
in [0, 1] (value / 255). U = {trimap = 128} is the unknown region; pixels outside count in none of them.

    SAD  = Σ_U |p − g| / 1000
    MSE  = Σ_U (p − g)² / |U|
    Grad = Σ_U (‖∇p‖ − ‖∇g‖)² / 1000
    Conn = Σ_U |φ_p − φ_g| / 1000

∇ convolves the whole map, stretched to [0, 1] by its own minimum and maximum, with the two first derivatives of a
Gaussian, σ = 1.4, on 9×9 taps whose squares sum to 1; border values repeat outside the map.

φ = 1 − d·[d ≥ 0.15], where d = alpha − l, asks how far a pixel stands out of the one connected body of the matte.
For t = 0.1, 0.2, … 1 that body Ω_t is the largest 4-connected component of {p ≥ t and g ≥ t}; l is the last
threshold (0 at first) before the pixel is outside for the first time, and 1 if it never is.

The metrics are those of C. Rhemann et al., *A perceptually motivated online benchmark for image matting*, CVPR 2009,
with the constants of its published evaluation, as N. Xu et al. (*Deep Image Matting*, CVPR 2017) and the papers since
report them. Where U is empty there is nothing to get wrong, and all four are 0.
"""

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from a2u.errors import A2UError, near_match
from a2u.matting.data.trimap import UNKNOWN

SIGMA, HALF = 1.4, 4  # of the Gaussian; 2·4 + 1 taps per side, which is where the curve falls below 0.01
LEVELS = 10  # thresholds of Conn
STANDS_OUT = 0.15  # a pixel this far above its body is disconnected
_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], dtype=bool)  # the 4 neighbours

Convention = Literal["skip", "empty"]


@dataclass(frozen=True)
class Scores:
    """The four metrics of one matte, or their means over a set. Lower is better in all."""

    sad: float
    mse: float
    grad: float
    conn: float


def measure(pred: Any, true: Any, trimap: Any, convention: Convention = "skip") -> Scores:
    """All four metrics of one matte; see :func:`conn` for `convention`.

    Args:
        pred, true: uint8 arrays [H, W], 0 … 255.
        trimap: uint8 array [H, W] of 0 (background), 128 (unknown), 255 (foreground).

    Raises:
        A2UError: Another type, three different sizes, or another value in the trimap.
    """
    given = pred, true, trimap
    return Scores(sad(*given), mse(*given), grad(*given), conn(*given, convention=convention))


def sad(pred: Any, true: Any, trimap: Any) -> float:
    """Sum of absolute differences, in thousands of pixels: Σ_U |p − g| / 1000. Arguments as in :func:`measure`."""
    unknown = _unknown(pred, true, trimap)
    difference = pred[unknown].astype(np.int64) - true[unknown]
    return int(np.abs(difference).sum()) / 255 / 1000  # whole numbers add up exactly, in any order


def mse(pred: Any, true: Any, trimap: Any) -> float:
    """Mean squared error of the unknown pixels: Σ_U (p − g)² / |U|; 0 without any. Arguments as in :func:`measure`."""
    unknown = _unknown(pred, true, trimap)
    difference = pred[unknown].astype(np.int64) - true[unknown]
    return int((difference**2).sum()) / 255**2 / max(int(difference.size), 1)


def grad(pred: Any, true: Any, trimap: Any) -> float:
    """Difference of the gradients' lengths: Σ_U (‖∇p‖ − ‖∇g‖)² / 1000. Arguments as in :func:`measure`."""
    unknown = _unknown(pred, true, trimap)
    if not unknown.any():
        return 0.0
    difference = gradient_length(pred)[unknown] - gradient_length(true)[unknown]
    return float((difference**2).sum()) / 1000


def gradient_length(alpha: Any) -> Any:
    """‖∇alpha‖ at every pixel: uint8 [H, W] → float64 [H, W].

    The 9×9 filter g(y)·g′(x) is separable, and so is its norm: each factor is divided by its own. A map of one
    value has no contrast to stretch, and no gradient.
    """
    from scipy.ndimage import convolve1d

    low, high = int(alpha.min()), int(alpha.max())
    stretched = (alpha.astype(np.float64) - low) / max(high - low, 1)
    offsets = np.arange(-HALF, HALF + 1)
    smooth = np.exp(-(offsets**2) / (2 * SIGMA**2))
    slope = -offsets * smooth
    smooth, slope = smooth / np.linalg.norm(smooth), slope / np.linalg.norm(slope)
    along_x = convolve1d(convolve1d(stretched, smooth, axis=0, mode="nearest"), slope, axis=1, mode="nearest")
    along_y = convolve1d(convolve1d(stretched, slope, axis=0, mode="nearest"), smooth, axis=1, mode="nearest")
    return np.hypot(along_x, along_y)


def conn(pred: Any, true: Any, trimap: Any, convention: Convention = "skip") -> float:
    """Difference of the connectivities: Σ_U |φ_p − φ_g| / 1000. Arguments as in :func:`measure`.

    Published evaluators differ where the two mattes share no pixel of alpha t or more:

    - "skip": the threshold says nothing, and pixels still inside keep l = 1. The one published with A²U.
    - "empty": the body is empty, so pixels still inside leave it there.

    The difference is largest for a matte that misses its object altogether: a black matte shares nothing at any
    threshold, so "skip" calls every pixel connected and gives it Conn 0, while "empty" makes its Conn the sum of the
    true alphas that are 0.15 or more, in thousands.
    """
    known = get_args(Convention)
    if convention not in known:
        raise A2UError(f"Conn has no convention {convention!r}. {near_match(str(convention), list(known))}")
    return conns(pred, true, trimap)[convention]


def conns(pred: Any, true: Any, trimap: Any) -> dict[Convention, float]:
    """Conn by each convention, {"skip": …, "empty": …}, for the work of one. Arguments as in :func:`measure`."""
    unknown = _unknown(pred, true, trimap)
    if not unknown.any():
        return dict.fromkeys(get_args(Convention), 0.0)
    levels, last = _body(pred, true)
    found: dict[Convention, float] = {}
    for convention in get_args(Convention):
        reached = _settled(levels, last, convention)[unknown]
        phi_p, phi_g = (_phi(alpha[unknown], reached) for alpha in (pred, true))
        found[convention] = float(np.abs(phi_p - phi_g).sum()) / 1000
    return found


def body_levels(pred: Any, true: Any, convention: Convention = "skip") -> Any:
    """l, in tenths: int64 [H, W] of 0 … 10, the last level before each pixel first leaves the connected body."""
    return _settled(*_body(pred, true), convention)


def _body(pred: Any, true: Any) -> tuple[Any, int]:
    """The last level at which each pixel was in the body, −1 if it never left; and the last with a body at all.

    p ≥ k/10 in float32 is the same as 10·value ≥ 255·k in whole numbers: value / 255 and k / 10 are rounded once
    each, so equal fractions stay equal, and different ones are at least 1/510 apart.
    """
    both = 10 * np.minimum(pred, true).astype(np.int64)  # p ≥ t and g ≥ t
    levels = np.full(both.shape, -1)
    for k in range(1, LEVELS + 1):
        body = _largest_component(both >= 255 * k)
        if not body.any():
            return levels, k - 1  # nothing reaches a higher threshold either
        levels[(levels < 0) & ~body] = k - 1
    return levels, LEVELS


def _settled(levels: Any, last: int, convention: Convention) -> Any:
    """l of the pixels that never left: the end of the scale with "skip", with "empty" the last level with a body."""
    return np.where(levels < 0, LEVELS if convention == "skip" else last, levels)


def _largest_component(mask: Any) -> Any:
    """The largest 4-connected component, the first in reading order of those equally large; empty if there is none."""
    from scipy.ndimage import label

    numbers, count = label(mask, structure=_CROSS)
    if count == 0:
        return np.zeros_like(mask)
    sizes = np.bincount(numbers.ravel())
    sizes[0] = 0  # the background is not a component
    return numbers == sizes.argmax()


def _phi(alpha: Any, levels: Any) -> Any:
    stands_out = alpha / 255 - levels / LEVELS
    return 1 - stands_out * (stands_out >= STANDS_OUT)


def _unknown(pred: Any, true: Any, trimap: Any) -> Any:
    """Check the arguments, and return the mask U."""
    arrays = {"pred": pred, "true": true, "trimap": trimap}
    for name, array in arrays.items():
        kind = getattr(array, "dtype", type(array).__name__)
        if not isinstance(array, np.ndarray) or kind != np.uint8 or array.ndim != 2 or not array.size:
            shape = getattr(array, "shape", "")
            raise A2UError(
                f"Metrics compare 8-bit mattes, uint8 arrays [height, width]; {name} is {kind} {tuple(shape)}. "
                f"to_8bit() turns an alpha in [0, 1] into one."
            )
    if not pred.shape == true.shape == trimap.shape:
        sizes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise A2UError(
            f"Matte, truth and trimap must have one size, given {sizes}. Do not rescale them: get files of one size."
        )
    values = np.flatnonzero(np.bincount(trimap.ravel(), minlength=256))
    wrong = [int(value) for value in values if value not in (0, UNKNOWN, 255)]
    if wrong:
        raise A2UError(f"A trimap holds 0 (background), 128 (unknown) and 255 (foreground), given also {wrong[:8]}.")
    return trimap == UNKNOWN


def to_8bit(alpha: Any) -> Any:
    """An alpha in [0, 1], tensor or array with H and W last (leading axes of 1 are dropped), as a uint8 array [H, W].

    Clips, then rounds to the nearest of the 256 steps; this is what is written as PNG, and what is measured.
    """
    values = np.asarray(alpha.detach().cpu().float() if hasattr(alpha, "detach") else alpha, dtype=np.float32)
    if values.ndim < 2 or any(side != 1 for side in values.shape[:-2]) or not np.isfinite(values).all():
        raise A2UError(f"One alpha is finite and of shape [H, W] or [1, H, W], given {values.shape}.")
    return np.rint(values.reshape(values.shape[-2:]).clip(0, 1) * np.float32(255)).astype(np.uint8)
