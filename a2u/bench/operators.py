"""The operators under the clock: reassembly, the kernels of A²U, one training step of section 5's network."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from a2u import formula
from a2u.bench.measure import Call, Line, measure
from a2u.operators import build
from a2u.operators.affinity import A2U, normalize


def formula_lines(device: torch.device, compiled: bool, turns: int) -> list[Line]:
    """Reassembly against unfold, multiply, sum, and against bilinear interpolation."""
    lines = []
    for k in (5, 3):
        torch.manual_seed(0)
        x = torch.randn(2, 64, 64, 64, device=device, requires_grad=True)
        w = torch.rand(2, 1, k * k, 128, 128, device=device, requires_grad=True)
        seed = torch.randn(2, 64, 128, 128, device=device)

        def both(function: Callable[[Tensor, Tensor], Tensor], x: Tensor = x, w: Tensor = w, s: Tensor = seed) -> Call:
            return lambda: torch.autograd.grad(function(x, w), (x, w), s)

        calls = {
            "unfold, multiply, sum": both(unfold_multiply_sum),
            "tiles (no compiler)": both(lambda x, w: formula.reassemble(x, w, 2, "tiles")),
        }
        if compiled:
            calls["shift, compiled"] = both(lambda x, w: formula.reassemble(x, w, 2, "compiled"))
        note = "tiles: copies into and out of the tiles take half the time; compiled: the backward's reads of w and y"
        lines += measure(f"formula: k={k}, forward and backward", calls, device, turns, note)

        def forward(function: Callable[[Tensor, Tensor], Tensor], x: Tensor = x, w: Tensor = w) -> Call:
            def call() -> None:
                with torch.no_grad():
                    function(x, w)

            return call

        calls = {
            "F.interpolate, bilinear": forward(lambda x, _: F.interpolate(x, scale_factor=2.0, mode="bilinear")),
            "tiles (no compiler)": forward(lambda x, w: formula.reassemble(x, w, 2, "tiles")),
        }
        if compiled:
            calls["shift, compiled"] = forward(lambda x, w: formula.reassemble(x, w, 2, "compiled"))
        note = f"bilinear has 4 fixed weights where this reads {k * k} for each output"
        lines += measure(f"formula: k={k}, forward", calls, device, turns, note)
    return lines


def unfold_multiply_sum(x: Tensor, w: Tensor) -> Tensor:
    """The usual pure-PyTorch reassembly: k² copies of the upsampled map, weighted and summed."""
    n, c, height, width = x.shape
    k2, ratio = w.shape[2], w.shape[-1] // width
    z = F.unfold(x, round(k2**0.5), padding=round(k2**0.5) // 2).view(n, c * k2, height, width)
    z = F.interpolate(z, scale_factor=float(ratio), mode="nearest").view(n, c, k2, height * ratio, width * ratio)
    return (w * z).sum(2)


def kernels_lines(device: torch.device, compiled: bool, turns: int) -> list[Line]:
    """Dynamic kernels of A²U for a batch, against a loop over its samples."""
    lines = []
    for preset in ("dynamic-cs", "dynamic-cw"):
        torch.manual_seed(0)
        op, fused = build(f"a2u:{preset}", 64).to(device), build(f"a2u:{preset}", 64).to(device)
        assert isinstance(op, A2U)
        assert isinstance(fused, A2U)
        fused.path = "compiled"
        guide = torch.randn(16, 64, 64, 64, device=device).to(memory_format=torch.channels_last)

        def call(function: Callable[[Tensor], Tensor], guide: Tensor = guide) -> Call:
            def run() -> None:
                with torch.no_grad():
                    function(guide)

            return run

        def batched(guide: Tensor, op: A2U = op) -> Tensor:
            return op.kernel(None, guide)

        def looped(guide: Tensor, op: A2U = op) -> Tensor:
            return torch.cat([op.kernel(None, one) for one in guide.split(1)])

        def tuned(guide: Tensor, op: A2U = op) -> Tensor:
            return kernels_one_by_one(op, guide)

        def compiled_kernels(guide: Tensor, op: A2U = fused) -> Tensor:
            return op.kernel(None, guide)

        calls = {"one sample after the other": call(looped), "the same, tuned": call(tuned), "one batch": call(batched)}
        if compiled:
            calls["one batch, compiled"] = call(compiled_kernels)
        note = "CPU: 2·25 taps a value in any loop; compiled: reading the map three times. A GPU: starting kernels"
        lines += measure(f"kernels: {preset}, batch 16, C=64, 64²", calls, device, turns, note)
    return lines


def kernels_one_by_one(op: A2U, guide: Tensor) -> Tensor:
    """Eq. (4) for each sample alone, written for nothing else: the best loop over a batch."""
    kernels = []
    for one in guide.split(1):
        c, k = op.guide_channels, op.encoder_kernel
        assert op.u is not None
        pooled, mean = F.adaptive_avg_pool2d(one, k), F.adaptive_avg_pool2d(one, 1)
        u, v = (
            F.conv2d(one, f(pooled)[0, 0].expand(c, -1, -1)[:, None], stride=op.ratio, padding=k // 2, groups=c)
            for f in (op.u, op.v)
        )
        logits = F.pixel_shuffle(op.p((u * v).sum(1, keepdim=True), mean), op.ratio)
        kernels.append(normalize(logits, op.normalization)[:, None])
    return torch.cat(kernels)


def toy_lines(device: torch.device, compiled: bool, turns: int) -> list[Line]:
    """One training step of section 5's network, by operator."""
    from a2u.reconstruction.experiment import build_model
    from a2u.reconstruction.rows import row

    def step(name: str) -> Call:
        model = build_model(row(name)).to(device).to(memory_format=torch.channels_last)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        images = torch.rand(100, 1, 32, 32, device=device)

        def run() -> None:
            optimizer.zero_grad()
            F.l1_loss(model(images), images).backward()
            optimizer.step()

        return run

    calls = {name: step(name) for name in ("nearest", "a2u", "indexnet-holistic", "indexnet-depthwise")}
    note = "a2u: the backward of a stride-2 depth-wise convolution with eight filters a channel"
    return measure("toy: one training step, batch 100", calls, device, turns, note)
