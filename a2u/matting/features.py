r"""What an upsampled feature map shows, in numbers: its energy, the contrast of its edges, and what it is made of.

The energy of a map y of C channels is the root mean square over them, one number per position:

    e[i, j] = √( Σ_c y[c, i, j]² / C )

Networks that were trained separately share no unit, so an energy is shown after its range was stretched to 0 … 1.
The *edge contrast* says how much of its change lies at the boundary of the object: the mean gradient magnitude on the
band B where the true alpha varies, divided by the mean off it, both over the places W that count,

    contrast = mean_{W and B} ‖∇e‖ / mean_{W, not B} ‖∇e‖

1: edges are anywhere; 10: ten times as much at the boundary. Adding a constant to a map or stretching its range changes
nothing. For a matting network W is the unknown region: the loss looks nowhere else, so what a map holds outside matters
only as far as later convolutions carry it in. The rim of W does not count: a gradient there would read across it.
`ablated` removes from a network one source of a decoder stage's detail: the variation over places of its kernels, or
that of its skip.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from a2u import formula
from a2u.errors import A2UError, near_match
from a2u.gradient import gradient_length
from a2u.matting.network.network import MattingNet
from a2u.operators import Upsampler
from a2u.operators.contract import UniversalUpsampler

REACH, LEAST = 2, 0.2  # a boundary: alpha varies by LEAST within REACH pixels each way
PARTS = ("kernels", "skip")


def energy(y: Tensor) -> Tensor:
    """√(mean over channels of y²): Tensor[..., C, H, W] → Tensor[..., H, W]."""
    return y.square().mean(-3).sqrt()


def stretch(values: Tensor, where: Tensor | None = None) -> Tensor:
    """Each map's own range becomes 0 … 1: Tensor[..., H, W]; a map that does not vary becomes 0.

    where: a bool Tensor[H, W]; the range is then that of these places without the lowest and the highest hundredth,
    so that a few pixels do not decide how all others look; values beyond it are clipped.
    """
    if where is None:
        low, high = values.amin((-2, -1), keepdim=True), values.amax((-2, -1), keepdim=True)
    else:
        low, high = (values[..., where].quantile(q, dim=-1)[..., None, None] for q in (0.01, 0.99))
    return ((values - low) / torch.where(high > low, high - low, 1)).clamp(0, 1)


def gradient(values: Tensor) -> Tensor:
    """‖∇‖ by central differences, the border repeated: Tensor[H, W] → Tensor[H, W]."""
    return gradient_length(values[None, None])[0, 0]


def boundary(alpha: Tensor, reach: int = REACH, least: float = LEAST) -> Tensor:
    """Where alpha varies by `least` or more within a window of 2·reach + 1: Tensor[1, H, W] or [H, W] → bool [H, W]."""
    values, size = alpha.reshape(1, 1, *alpha.shape[-2:]), 2 * reach + 1
    high, low = F.max_pool2d(values, size, 1, reach), -F.max_pool2d(-values, size, 1, reach)
    return (high - low >= least)[0, 0]


def within(where: Tensor, rim: int = 1) -> Tensor:
    """The places whose surroundings of 2·rim + 1 are all in `where`: bool Tensor[H, W] → the same.

    What is beyond the map does not count as outside.
    """
    return F.max_pool2d((~where)[None, None].float(), 2 * rim + 1, 1, rim)[0, 0] == 0


def edge_contrast(values: Tensor, band: Tensor, where: Tensor | None = None) -> float:
    """Mean gradient magnitude of a map on a band over that off it; 1 for a map that does not vary at all.

    Args:
        values: Tensor[H, W], an energy or any other map.
        band: bool Tensor[H, W], as :func:`boundary` finds it.
        where: bool Tensor[H, W], the places that count, if all their neighbours do; None for all.

    Returns:
        A number of 0 or more; infinite where nothing changes off the band.

    Raises:
        A2UError: sizes that differ, or a band that covers all or none of the places that count.
    """
    if values.dim() != 2 or values.shape != band.shape or band.dtype != torch.bool:
        raise A2UError(
            f"Edge contrast needs a map (H, W) and a bool band of its size, got {tuple(values.shape)} and {band.dtype} "
            f"{tuple(band.shape)}. Take one image's energy, and the band of its alpha at the same size."
        )
    counts = torch.ones_like(band) if where is None else within(where)
    if not ((counts & band).any() and (counts & ~band).any()):
        raise A2UError("The band covers everything or nothing, so there is nothing to compare.")
    slope = gradient(stretch(values.double()))
    on, off = float(slope[counts & band].mean()), float(slope[counts & ~band].mean())
    if off == 0:
        return float("inf") if on > 0 else 1.0
    return on / off


def variation(w: Tensor, ratio: int) -> float:
    """How much kernels differ from place to place: standard deviation over the places of a phase, mean over the rest.

    Args:
        w: Tensor[G, k², rH, rW].
        ratio: r.

    Returns:
        0 for kernels that are the same everywhere.
    """
    groups, taps, height, width = w.shape
    cells = w.reshape(groups, taps, height // ratio, ratio, width // ratio, ratio)
    return float(cells.std((2, 4), correction=0).mean())


def even_kernels(w: Tensor, ratio: int) -> Tensor:
    """Every kernel becomes the mean kernel of its phase: [N, G, k², rH, rW] → the same shape.

    What the kernels are on average stays; that they differ from place to place is gone.
    """
    n, groups, taps, height, width = w.shape
    cells = w.reshape(n, groups, taps, height // ratio, ratio, width // ratio, ratio)
    return cells.mean((3, 5), keepdim=True).expand_as(cells).reshape(w.shape)


@contextmanager
def ablated(net: MattingNet, part: str, stages: Sequence[int] = (3,)) -> Iterator[MattingNet]:
    """The network without one source of detail in some decoder stages, for as long as the block lasts.

    Args:
        net: a matting network.
        part: "kernels": each upsampling kernel becomes its phase's mean over all places (:func:`even_kernels`).
            "skip": what the skip adds to the upsampled map becomes its mean over all places, channel by channel; the
            kernels still see the whole guide.
        stages: which, 0 the coarsest.

    Raises:
        A2UError: another part, or kernels that are the same everywhere already by construction (deconvolution).
    """
    if part not in PARTS:
        raise A2UError(f"A decoder stage has no part {part!r}. {near_match(part, PARTS)}")

    def even(op: Any, given: tuple[Any, ...], _result: Tensor) -> Tensor:
        x, guide = given
        return formula.reassemble(x, even_kernels(op.kernel(x, guide), op.ratio).to(x.dtype), op.ratio)

    def flat(_stage: Any, given: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        upsampled, skipped = given
        return upsampled, skipped.mean((2, 3), keepdim=True).expand_as(skipped)

    hooks = []
    try:
        for number in stages:
            op = net.ups[number]
            if part == "skip":
                hooks.append(net.decoder[number].register_forward_pre_hook(flat))
            elif isinstance(op, UniversalUpsampler) or not isinstance(op, Upsampler):
                raise A2UError("These kernels are the same at every position already: there is nothing to even out.")
            else:
                hooks.append(op.register_forward_hook(even))
        yield net
    finally:
        for hook in hooks:
            hook.remove()
