"""What an operator costs at a place: the multiply-adds of its convolutions and of wᵀz."""

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from a2u.operators.contract import UniversalUpsampler
from a2u.swapping.plugged import Plugged


def multiply_adds(plugged: Plugged, before: torch.Size, guide: Tensor | None) -> int:
    """Multiply-adds of one run on a map of this shape.

    Counted are convolutions and matrix products, by torch, and the taps of wᵀz, by the shape of w. Not counted are
    pooling, softmax, and the comparison of pairs in SAPA, NAF and their like, which their cards give.
    """
    op = plugged.op
    x = torch.zeros(before, dtype=torch.float32)
    small = torch.device("cpu")
    copied = _light(plugged, small)
    beside = None if guide is None else torch.zeros(guide.shape)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        if copied.project is not None:
            x = copied.project(x)
        if beside is not None and op.card.guided_by != "image":
            height, width = x.shape[2] * op.ratio, x.shape[3] * op.ratio
            beside = torch.zeros(*beside.shape[:2], height, width)
        w = copied.op.kernel(x, beside)
    made = int(counter.get_total_flops()) // 2
    if isinstance(op, UniversalUpsampler):
        return made + w.numel() * x.shape[0] * x.shape[2] * x.shape[3]
    taps = w.shape[2]
    return made + taps * x.shape[0] * op.channels * x.shape[2] * x.shape[3] * op.ratio**2


def _light(plugged: Plugged, device: torch.device) -> Plugged:
    """A copy in float32 on the CPU, so that counting changes nothing and needs no kernels of another device."""
    import copy

    return copy.deepcopy(plugged).to(device=device, dtype=torch.float32).eval()
