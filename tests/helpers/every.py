"""Every registered operator with maps that it takes: channels that its groups divide, sides that hold its window."""

import functools

import torch
from torch import Tensor

import a2u
from a2u import A2UError, formula
from a2u.operators import FADE, UniversalUpsampler, Upsampler, card, names, presets
from a2u.operators.listed import ListedUpsampler

EVERY = [name + suffix for name in names() for suffix in ["", *(f":{p}" for p in presets(name))]]
SMALL = {"naf": {"features": 16, "kernel_size": 3}, "lda_aqu": {"reduction": 2}}  # options for a quick test


def options_of(name: str) -> dict[str, int]:
    return SMALL.get(name, {})


def card_of(name: str):
    return card(name.partition(":")[0])


@functools.cache
def channels_of(name: str, ratio: int = 2, least: int = 4) -> int:
    """The first number of channels, from `least` on, that the operator can be built with."""
    for channels in range(least, 300):
        try:
            a2u.build(name, channels, ratio, **options_of(name))
        except A2UError:
            continue
        return channels
    raise AssertionError(f"{name} takes no number of channels")


def built(name: str, ratio: int = 2, channels: int | None = None, seed: int = 7) -> Upsampler:
    """The operator with seeded weights, in evaluation mode."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return a2u.build(name, channels or channels_of(name, ratio), ratio, **options_of(name)).eval()


def side(op: Upsampler, wanted: int) -> int:
    """A side of the map: as wanted, but for operators whose window needs more; 0 stays 0."""
    return max(wanted, op.smallest) if wanted else 0


def maps(op: Upsampler, n: int, height: int, width: int, dtype=torch.float32, seed: int = 0) -> tuple[Tensor, Tensor]:
    """x and a guide of r times its size; at least as large as the operator needs."""
    rng, (height, width), r = torch.Generator().manual_seed(seed), (side(op, height), side(op, width)), op.ratio
    x = torch.randn(n, op.channels, height, width, generator=rng, dtype=torch.float64)
    channels = op.guide_channels if op.card.needs_guide else op.channels
    return x.to(dtype), torch.randn(n, channels, height * r, width * r, generator=rng, dtype=torch.float64).to(dtype)


def rebuilt(op: Upsampler, x: Tensor, guide: Tensor) -> Tensor:
    """What forward must give, by the reference form of the product and what the operator says of its kernel."""
    if isinstance(op, ListedUpsampler):
        w, index = op.cells(x, guide)
        return a2u.gather(x, w, index, "reference")
    w = op.kernel(x, guide)
    if isinstance(op, FADE):
        return formula.reassemble(x, w, op.ratio, "reference") + op.weights(x, guide)[1] * guide
    if isinstance(op, UniversalUpsampler):
        return formula.universal(x, w, op.ratio, "reference")
    return formula.reassemble(x, w, op.ratio, "reference")
