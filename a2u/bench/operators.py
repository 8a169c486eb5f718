"""Timings of the operators: reassembly, the kernels and encodings of A²U, one step of section 5's network."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from a2u import formula
from a2u.bench.measure import Call, Timing, measure
from a2u.operators import build
from a2u.operators.affinity import A2U
from a2u.operators.encoding import normalize, responses
from a2u.operators.strided import strided


def formula_lines(device: torch.device, compiled: bool, turns: int) -> list[Timing]:
    """Reassembly against unfold, multiply, sum, and against bilinear interpolation; on a GPU maps of 134 MB."""
    lines = []
    side = 256 if device.type == "cuda" else 64  # the k² copies that the baseline makes must fit, too
    for k in (5, 3):
        torch.manual_seed(0)
        x = torch.randn(2, 64, side, side, device=device, requires_grad=True)
        w = torch.rand(2, 1, k * k, 2 * side, 2 * side, device=device, requires_grad=True)
        seed = torch.randn(2, 64, 2 * side, 2 * side, device=device)

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


def kernels_lines(device: torch.device, compiled: bool, turns: int) -> list[Timing]:
    """Dynamic kernels of A²U for a batch, against a loop over its samples."""
    lines = []
    for preset in ("dynamic-cs", "dynamic-cw"):
        calls = batch_and_loop(preset, device, 16, 64, 64, compiled)
        note = "CPU: 2·25 taps per value in any loop; compiled: reading the map three times. A GPU: starting kernels"
        lines += measure(f"kernels: {preset}, batch 16, C=64, 64²", calls, device, turns, note)
    return lines


def batch_and_loop(
    preset: str, device: torch.device, batch: int, channels: int, side: int, compiled: bool = False
) -> dict[str, Call]:
    """Calls that compute the kernels of A²U for a batch of guides (channels last), sample by sample and at once."""
    torch.manual_seed(0)
    op, fused = (build(f"a2u:{preset}", channels).to(device) for _ in range(2))
    assert isinstance(op, A2U)
    assert isinstance(fused, A2U)
    fused.path = "compiled"
    guide = torch.randn(batch, channels, side, side, device=device).to(memory_format=torch.channels_last)

    def call(function: Callable[[Tensor], Tensor]) -> Call:
        def run() -> None:
            with torch.no_grad():
                function(guide)

        return run

    calls = {
        "one sample after the other": call(lambda guide: torch.cat([op.kernel(None, one) for one in guide.split(1)])),
        "the same, tuned": call(lambda guide: kernels_one_by_one(op, guide)),
        "one batch": call(lambda guide: op.kernel(None, guide)),
    }
    if compiled:
        calls["one batch, compiled"] = call(lambda guide: fused.kernel(None, guide))
    return calls


def kernels_one_by_one(op: A2U, guide: Tensor) -> Tensor:
    """Eq. (4) sample by sample, in code written for this alone: the best loop over a batch."""
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


def depthwise_lines(device: torch.device, compiled: bool, turns: int) -> list[Timing]:
    """A²U's encodings, forward and backward: the guide channels last, or contiguous, or made contiguous first.

    Which is fastest depends on the device, so it is measured where the bench runs. For filters that all samples share,
    the convolutions of :mod:`a2u.operators.strided` are measured as well, whether or not A²U takes them there.
    """
    lines = []
    for group, shape, filters in (
        ("depthwise: 8 filters of 4×4, batch 100, C=32, 32²", (100, 32, 32, 32), (1, 4, 32, 4, 4)),
        ("depthwise: 2 filters of 5×5 per sample, batch 16, C=64, 64²", (16, 64, 64, 64), (16, 1, 64, 5, 5)),
    ):
        torch.manual_seed(0)
        contiguous = torch.randn(shape, device=device)
        last = contiguous.to(memory_format=torch.channels_last)
        u, v = (torch.randn(filters, device=device).requires_grad_() for _ in range(2))
        calls = {
            "channels last": encodings(grouped, last, u, v),
            "made contiguous first": encodings(lambda x, u, v: grouped(x.contiguous(), u, v), last, u, v),
            "contiguous": encodings(grouped, contiguous, u, v),
        }
        if filters[0] == 1:
            calls["rows, channels last"] = encodings(rows, last, u, v)
        note = "gradients of strided depth-wise convolutions; rows: those of a2u.operators.strided"
        lines += measure(group, calls, device, turns, note)
    return lines


Encoder = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, ...]]


def grouped(x: Tensor, u: Tensor, v: Tensor) -> tuple[Tensor, ...]:
    """Both responses as one grouped convolution: Tensor[N, M, C, H/2, W/2] each."""
    both = responses(x, torch.cat([u, v], dim=1), 2)
    return both[:, : u.shape[1]], both[:, u.shape[1] :]


def rows(x: Tensor, u: Tensor, v: Tensor) -> tuple[Tensor, ...]:
    """The same by :mod:`a2u.operators.strided`, on any device."""
    return tuple(y.permute(0, 2, 4, 1, 3) for y in strided(x, [u[0], v[0]], 2))


def encodings(encoder: Encoder, guide: Tensor, u: Tensor, v: Tensor) -> Call:
    """A call that makes the affinity of one guide from both responses, and all gradients."""
    guide = guide.detach().requires_grad_()

    def call() -> tuple[Tensor, ...]:
        by_u, by_v = encoder(guide, u, v)
        return torch.autograd.grad((by_u * by_v).sum(2).square().sum(), (guide, u, v))

    return call


def toy_lines(device: torch.device, compiled: bool, turns: int) -> list[Timing]:
    """One training step of section 5's network, for each row of Table 1."""
    from a2u.reconstruction.experiment import build_model
    from a2u.reconstruction.rows import ROWS, row

    def step(name: str) -> Call:
        model = build_model(row(name)).to(device).to(memory_format=torch.channels_last)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        images = torch.rand(100, 1, 32, 32, device=device)

        def run() -> None:
            optimizer.zero_grad()
            F.l1_loss(model(images), images).backward()
            optimizer.step()

        return run

    calls = {name: step(name) for name in ROWS}
    note = "the network's own convolutions; a2u: eight responses per channel, and their products and sigmoids"
    return measure("toy: one training step, batch 100", calls, device, turns, note)
