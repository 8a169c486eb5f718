r"""What kernels look at: the kernels of a whole auto-encoder, how peaked they are, and whether they follow edges.

A kernel w of k² weights that sum to 1 lies between a box filter (all equal) and a choice of one pixel. With its entropy
H(w) = −Σ_t w_t ln w_t,

    peakedness(w) = 1 − H(w) / ln k²        0 for equal weights, 1 for a single one

A 1×1 kernel is one number, a *gate*: there the gate itself is what one can look at. `follows_edges` correlates either
with the gradient magnitude of the input image, over many images, for each stage and sub-pixel phase by itself.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from a2u.errors import A2UError
from a2u.gradient import gradient_length
from a2u.operators import UniversalUpsampler, Upsampler
from a2u.reconstruction.network import AutoEncoder


@dataclass(frozen=True)
class Follows:
    """How far the kernels of one stage follow edges.

    size: of the stage's output, in pixels per side. measure: "peakedness" or "gate". by_phase: the Pearson correlation
    for each of the r² phases, row-major. spread: the standard deviation of the measure, over everything.
    """

    size: int
    measure: str
    by_phase: Tensor
    spread: float

    @property
    def mean(self) -> float:
        """The mean over phases."""
        return float(self.by_phase.mean())


@torch.no_grad()
def stage_inputs(model: AutoEncoder, images: Tensor) -> list[tuple[Upsampler, Tensor, Tensor | None]]:
    """Operator, map and guide of every upsampling stage for these images, from the smallest map to the largest."""
    found: list[tuple[Upsampler, Tensor, Tensor | None]] = []

    def keep(op: Any, arguments: tuple[Any, ...]) -> None:
        found.append((op, *arguments))

    hooks = [op.register_forward_pre_hook(keep) for op in model.up]
    try:
        model(images)
    finally:
        for hook in hooks:
            hook.remove()
    return found


@torch.no_grad()
def stage_kernels(model: AutoEncoder, images: Tensor) -> list[Tensor]:
    """The kernels of every upsampling stage for these images, from the smallest map to the largest.

    Args:
        model: in the mode to be examined; evaluation mode for a trained one.
        images: Tensor[N, 1, H, W].

    Returns:
        Three tensors [N or 1, G, k², size, size], with size = H/4, H/2, H: see `a2u.operators.Upsampler.kernel`.

    Raises:
        A2UError: the operator's kernels are the same everywhere (deconvolution, pixel shuffle): nothing to map.
    """
    if isinstance(model.up[0], UniversalUpsampler):
        raise A2UError("These kernels are the same at every position of every image: there is no map of them to show.")
    return [op.kernel(x, guide) for op, x, guide in stage_inputs(model, images)]


def peakedness(w: Tensor, axis: int = -3) -> Tensor:
    """1 − H(w)/ln k² of kernels whose k² > 1 weights lie along `axis`, which is removed; in float64.

    Raises:
        A2UError: a single weight, or weights that are negative: neither has a meaningful entropy.
    """
    taps = w.shape[axis]
    if taps < 2 or bool((w < 0).any()):
        least = float(w.min())
        raise A2UError(f"Peakedness needs two or more weights ≥ 0 that sum to 1, got {taps}, the least {least}.")
    w = w.double()  # an untrained kernel differs from a box filter in the fifth digit, its entropy in the tenth
    peaked: Tensor = (1 + torch.special.xlogy(w, w).sum(axis) / math.log(taps)).clamp(min=0)  # rounding may give less
    return peaked


def measure(w: Tensor) -> tuple[str, Tensor]:
    """What to measure in kernels [N, G, k², H, W]: "peakedness", or "gate" for k = 1; [N, H, W], mean over groups."""
    if w.shape[2] == 1:
        return "gate", w.mean(dim=(1, 2))
    return "peakedness", peakedness(w).mean(dim=1)


def edges(images: Tensor, size: int | None = None) -> Tensor:
    """Gradient magnitude √(gx² + gy²) by central differences, the border repeated: [N, 1, H, W] → [N, size, size].

    Smaller sizes are block means.
    """
    magnitude = gradient_length(images)
    return magnitude[:, 0] if size is None else F.adaptive_avg_pool2d(magnitude, size)[:, 0]


def correlation(a: Tensor, b: Tensor) -> float:
    """Pearson correlation of two tensors of one shape, in float64; 0 where one of them does not vary."""
    if a.shape != b.shape:
        raise A2UError(f"A correlation needs two tensors of one shape, got {tuple(a.shape)} and {tuple(b.shape)}.")
    a, b = (t.double() - t.double().mean() for t in (a, b))
    size = float((a.square().sum() * b.square().sum()).sqrt())
    return float((a * b).sum()) / size if size > 1e-12 else 0.0


def follows_edges(
    model: AutoEncoder, images: Tensor, batch: int = 250, look: Callable[[Tensor], tuple[str, Tensor]] = measure
) -> list[Follows]:
    """Correlate the kernels of every stage with the edges of the images.

    Phases are kept apart, because each has kernels of its own, and a difference between two phases is not an edge.

    Args:
        model: see :func:`stage_kernels`.
        images: Tensor[N, 1, H, W], taken `batch` at a time.
        look: what to measure in the kernels, :func:`measure` unless given.
    """
    parts = [[look(w) for w in stage_kernels(model, chunk)] for chunk in images.split(batch)]
    results = []
    for stage in range(len(model.up)):
        name = parts[0][stage][0]
        seen = torch.cat([part[stage][1] for part in parts])
        ratio, size = int(model.up[stage].ratio), seen.shape[-1]  # type: ignore[arg-type]
        seen, edge = seen.expand(len(images), -1, -1), edges(images, size)
        pairs = [(i, j) for i in range(ratio) for j in range(ratio)]
        by_phase = [correlation(seen[:, i::ratio, j::ratio], edge[:, i::ratio, j::ratio]) for i, j in pairs]
        results.append(Follows(size, name, torch.tensor(by_phase), float(seen.double().std())))
    return results
