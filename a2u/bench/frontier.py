"""Timings of the operators after A²U: each against its naive form, which makes the z of all taps at once."""

import torch

from a2u.bench.measure import Call, Timing, measure
from a2u.operators import Upsampler, build

LIMITS = {  # what most of the time goes to, where it is not the naive form
    "sapa": "matrix products over tiles: scores, values, and a backward of each",
    "fade": "matrix products over tiles, and the 3×3 convolution of the encoder map",
    "naf": "half of it the network over the image; then rows of 81 cells, and their sorting for the backward",
    "lda_aqu": "rows of 36 cells for scores and values, and their sorting for the backward",
    "sapa_d": "rows of 36 cells in four groups for scores and values, and their sorting for the backward",
    "dysample": "rows of 4 cells: as little work as the naive form has, which holds them only four times",
    "bilateral": "matrix products over tiles, and 25 differences of the image",
    "featup": "matrix products over tiles, and folding 49 pixels with bicubic weights",
}


def frontier_lines(device: torch.device, compiled: bool, turns: int, side: int = 32) -> list[Timing]:
    """Forward and backward of each operator at N = 2, C = 64, from side² to twice that, to the map and all weights."""
    lines = []
    for name, limit in LIMITS.items():
        group = f"frontier: {name}, forward and backward, {side}² → {2 * side}²"
        lines += measure(group, both_forms(name, device, side), device, turns, limit)
    return lines


def both_forms(name: str, device: torch.device, side: int) -> dict[str, Call]:
    """Calls that give the result and the gradients of an operator by all taps at once, and as it is."""
    torch.manual_seed(0)
    op = build(name, 64).to(device)
    x = torch.randn(2, 64, side, side, device=device, requires_grad=True)
    channels = op.guide_channels if op.card.needs_guide else 64
    guide = torch.rand(2, channels, 2 * side, 2 * side, device=device)
    seed = torch.randn(2, 64, 2 * side, 2 * side, device=device)
    leaves = [x, *op.parameters()]

    def call(path: str) -> Call:
        def run() -> list[torch.Tensor]:
            op.path = path
            y = _forward(op, x, guide)
            return [y.detach(), *torch.autograd.grad(y, leaves, seed)]

        return run

    return {"all taps at once": call("reference"), "as it is": call("auto")}


def _forward(op: Upsampler, x: torch.Tensor, guide: torch.Tensor) -> torch.Tensor:
    y: torch.Tensor = op(x, guide if op.card.needs_guide else None)
    return y
