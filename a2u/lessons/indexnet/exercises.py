"""The exercises of lesson 05, each with a reference made of plain loops and the mistakes that people make."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from a2u.lessons.design import Design, Rule
from a2u.lessons.exercises import Exercise, Mistake, Numeric


def _deal(logits: Tensor, ratio: int) -> Tensor:
    """Every logit at its output; the channel of map g and phase p is g·r² + p."""
    channels, height, width = logits.shape
    groups = channels // ratio**2
    w = torch.zeros(groups, height * ratio, width * ratio)
    for g in range(groups):
        for i in range(height * ratio):
            for j in range(width * ratio):
                p = i % ratio * ratio + j % ratio
                w[g, i, j] = logits[g * ratio**2 + p, i // ratio, j // ratio]
    return w


def pool_reference(guide: Tensor, logits: Tensor, ratio: int) -> Tensor:
    """Index pooling with loops: (C, rH, rW) and (G·r², H, W), G = 1 or C → (C, H, W)."""
    return _pool(guide, logits, ratio)


def _pool(guide: Tensor, logits: Tensor, ratio: int, how: str = "") -> Tensor:
    r2, (_, height, width) = ratio**2, logits.shape
    groups, pooled = len(logits) // r2, torch.zeros(len(guide), height, width)
    for c in range(len(guide)):
        g = 0 if groups == 1 or how == "first group" else c
        for i in range(height):
            for j in range(width):
                rows = [p * groups + g for p in range(r2)] if how == "phase major" else range(g * r2, (g + 1) * r2)
                weights = _weights([float(logits[row, i, j]) for row in rows], how)
                for p, weight in enumerate(weights):
                    a, b = (p % ratio, p // ratio) if how == "swapped" else (p // ratio, p % ratio)
                    pooled[c, i, j] += weight * guide[c, i * ratio + a, j * ratio + b]
    return pooled


def _weights(logits: list[float], how: str) -> list[float]:
    """Sigmoid, then softmax, of one block; or what else people do."""
    if how == "given":
        return logits
    plain = how in ("softmax alone", "softmax first")
    values = logits if plain else [1 / (1 + math.exp(-v)) for v in logits]
    if how in ("sigmoid alone", "divided"):
        return [v / (sum(values) if how == "divided" else 1) for v in values]
    if how == "hard":
        return [float(p == values.index(max(values))) for p in range(len(values))]
    shares = [math.exp(v) for v in values]
    shares = [v / sum(shares) for v in shares]
    return [1 / (1 + math.exp(-v)) for v in shares] if how == "softmax first" else shares


def _over(guide: Tensor, logits: Tensor, ratio: int, axis: str) -> Tensor:
    """Index pooling whose softmax runs over groups, or over positions, instead of a block."""
    index = logits.sigmoid().unflatten(0, (-1, ratio**2))  # G r² H W
    w = index.softmax(dim=0) if axis == "groups" else index.flatten(2).softmax(dim=2).view_as(index)
    upright = _deal(w.flatten(0, 1), ratio)  # G rH rW
    return _blocks(upright * guide, ratio).sum(dim=-1)


def _blocks(x: Tensor, ratio: int) -> Tensor:
    """(C, rH, rW) → (C, H, W, r²)."""
    return x.unfold(1, ratio, ratio).unfold(2, ratio, ratio).flatten(-2)


def _pool_case(generator: torch.Generator, number: int) -> tuple[Tensor, Tensor, int]:
    ratio, channels = (2, 2, 3, 2, 2)[number], (3, 2, 2, 4, 3)[number]
    groups = (channels, 1, channels, channels, 1)[number]
    height, width = 2 + number % 2, 3
    guide = torch.rand(channels, height * ratio, width * ratio, generator=generator)
    return guide, 2 * torch.randn(groups * ratio**2, height, width, generator=generator), ratio


def _phases_first(guide: Tensor, logits: Tensor, ratio: int) -> Tensor:
    """The code that the learner is handed: it splits the channels as if the maps of one phase were neighbours."""
    return _pool(guide, logits, ratio, "phase major")


def largest_reference(ratio: int) -> Tensor:
    """The largest weight of a softmax over r² sigmoids: the limit for logits +τ at one place and −τ at all others."""
    return torch.tensor(_weights([100.0, *[-100.0] * (ratio**2 - 1)], "")[0], dtype=torch.float64)


def _largest_case(_generator: torch.Generator, number: int) -> tuple[int]:
    return ((2, 3, 4, 8, 5)[number],)


def shared_reference(guide: Tensor, ratio: int) -> Tensor:
    """One gate for all channels: sums of values over sums of maxima. (C, rH, rW) → (rH, rW)."""
    return guide.sum(dim=0) / _largest(guide, ratio).sum(dim=0).clamp(min=1e-9)


def _largest(guide: Tensor, ratio: int) -> Tensor:
    """The maximum of each block at all places of the block."""
    return F.interpolate(F.max_pool2d(guide[None], ratio), scale_factor=float(ratio))[0]


def _shares(guide: Tensor, ratio: int) -> Tensor:
    return guide / _largest(guide, ratio).clamp(min=1e-9)


def _shared_case(generator: torch.Generator, number: int) -> tuple[Tensor, int]:
    """Three parts side by side: channels that mostly agree, and a block of zeros; twice that; the channels reversed."""
    ratio, channels = (2, 2, 3, 2, 2)[number], (3, 4, 3, 2, 5)[number]
    size = 3 * ratio, 2 * ratio
    shape = torch.rand(1, *size, generator=generator) ** 3  # the stroke that all channels see
    strength = 0.2 + torch.rand(channels, 1, 1, generator=generator)
    part = shape * strength * (0.8 + 0.4 * torch.rand(channels, *size, generator=generator))
    part[:, :ratio, :ratio] = 0
    return torch.cat([part, 2 * part, part.flip(0)], dim=2), ratio


def _parts(w: Tensor) -> tuple[Tensor, ...]:
    return w.chunk(3, dim=-1)


def _alike(a: Tensor, b: Tensor) -> bool:
    return bool(torch.allclose(a, b, atol=1e-5))


def _closer(w: Tensor, guide: Tensor, ratio: int) -> bool:
    nearest = _largest(guide, ratio).double()
    error, of_nearest = ((y - guide).square().mean().sqrt() for y in (w * nearest, nearest))
    return bool(error <= 2 / 3 * of_nearest)


POOL = Exercise(
    "1 · Find the bug: index pooling",
    pool_reference,
    _pool_case,
    (
        Mistake("softmax missing", lambda x, s, r: _pool(x, s, r, "sigmoid alone"),
                "The softmax is missing: your weights do not sum to 1, so the pooled map has the wrong brightness."),
        Mistake("sigmoid missing", lambda x, s, r: _pool(x, s, r, "softmax alone"),
                "The sigmoid is missing: take it first, and then the softmax of the result."),
        Mistake("sigmoid after softmax", lambda x, s, r: _pool(x, s, r, "softmax first"),
                "The order is the other way round: first the sigmoid, then the softmax, so that the sum is 1."),
        Mistake("divided by the sum", lambda x, s, r: _pool(x, s, r, "divided"),
                "You divide the sigmoids by their sum. The softmax divides exp(·) by the sum of exp(·)."),
        Mistake("softmax over maps", lambda x, s, r: _over(x, s, r, "groups"),
                "Your softmax runs over the index maps. It belongs to the r² places of one block of one map."),
        Mistake("softmax over positions", lambda x, s, r: _over(x, s, r, "positions"),
                "Your softmax runs over the whole map. It belongs to the r² places of one block."),
        Mistake("phases swapped", lambda x, s, r: _pool(x, s, r, "swapped"),
                "The phases are swapped: the weight of phase a·r + b belongs to row a and column b of the block."),
        Mistake("one map for all", lambda x, s, r: _pool(x, s, r, "first group"),
                "You pool all channels with the first index map. Where there are C maps, channel c has map c."),
        Mistake("maximum", lambda x, s, r: _blocks(x, r).amax(dim=-1),
                "This is max-pooling. The logits say how much each place counts."),
        Mistake("mean", lambda x, s, r: _blocks(x, r).mean(dim=-1),
                "This is average-pooling. The logits say how much each place counts."),
        Mistake("mean of the products", lambda x, s, r: _pool(x, s, r) / r**2,
                "You take the mean of the products. The weights sum to 1 already: take the sum."),
        Mistake("softmax over all", lambda x, s, r: _pool(x, s.sigmoid().softmax(dim=0), r, "given"),
                "Your softmax runs over all maps and places together. Split the logits map by map first."),
        Mistake("hard", lambda x, s, r: _pool(x, s, r, "hard"),
                "You keep the place of the largest logit only. Index pooling blends the whole block."),
    ),
    kind="y",
    given=_phases_first,
)  # fmt: skip

LARGEST = Numeric(
    "2 · Estimate, then measure: the largest weight",
    largest_reference,
    _largest_case,
    tuple(
        Mistake(name, compute, hint)
        for name, compute, hint in (
            ("softmax alone", lambda r: 1.0,
             "That is the limit of a softmax alone. Here its inputs come from a sigmoid and differ by less than 1."),
            ("r for r²", lambda r: math.e / (math.e + r - 1),
             "You count r places. A block has r·r of them."),
            ("one place too many", lambda r: math.e / (math.e + r**2),
             "Do not count the place itself among the others: there are only r² − 1 others."),
            ("one other place", lambda r: math.e / (math.e + 1),
             "That is one place against a single other. A block has r² − 1 others."),
            ("sigmoid against one half", lambda r: math.exp(0.5) / (math.exp(0.5) + r**2 - 1),
             "You let the others have gates of ½, as on blank paper. Very negative logits take them to 0."),
            ("smallest", lambda r: 1 / (1 + (r**2 - 1) * math.e),
             "That is the smallest weight: one place at 0 and all others at 1."),
            ("plain mean", lambda r: 1 / r**2,
             "That is the weight when all logits are equal."),
        )
    ),
)  # fmt: skip

SHARED = Design(
    "3 · Design a shared gate",
    shared_reference,
    _shared_case,
    (
        Rule("one map", lambda w, x, r: w.shape == x.shape[1:],
             "One gate map serves all channels: its shape is (rH, rW).",
             _shares),
        Rule("between 0 and 1", lambda w, x, r: bool((w >= 0).all() and (w <= 1 + 1e-6).all()),
             "A gate lies between 0 and 1. What makes yours larger, negative, or NaN (0/0, in a block that is 0 in all "
             "channels)?",
             lambda x, r: _shares(x, r).sum(dim=0)),
        Rule("shut on blank paper", lambda w, x, r: bool((w[:r, :r] == 0).all()),
             "In the first block of each test the guide is 0 in all channels, and your gates are not 0 there.",
             lambda x, r: _shares(x, r).mean(dim=0).clamp(min=0.1)),
        Rule("twice the guide", lambda w, x, r: _alike(*_parts(w)[:2]),
             "The middle third of the test's guide is twice its left third, and your gates differ there. A share does "
             "not depend on the contrast.",
             lambda x, r: x.mean(dim=0).clamp(max=1)),
        Rule("the order of the channels", lambda w, x, r: _alike(*_parts(w)[::2]),
             "The right third of the test's guide is its left third with the channels reversed, and your gates differ "
             "there. Treat all channels alike.",
             lambda x, r: _shares(x, r)[0]),
        Rule("closer than nearest neighbour", _closer,
             "Gate times max-pooled guide is still too far from the guide: more than two thirds of the error of "
             "nearest neighbour. Where a value is a small share of its maximum, its gate must be small.",
             lambda x, r: (x.sum(dim=0) > 0).float()),
    ),
    kind="w",
)  # fmt: skip

ALL = (POOL, LARGEST, SHARED)
