"""The exercises of lesson 05, each with a reference made of plain loops and the mistakes that people make."""

import math
from functools import partial

import torch
from torch import Tensor

from a2u.lessons.exercises import Exercise, Mistake, Numeric


def gates_reference(logits: Tensor, ratio: int) -> Tensor:
    """w[g, r·i + a, r·j + b] = σ(logits[g·r² + a·r + b, i, j]): (G·r², H, W) → (G, rH, rW)."""
    return _deal(logits, ratio).sigmoid()


def _deal(logits: Tensor, ratio: int, *, order: str = "group", phases: str = "") -> Tensor:
    """Every logit at its output; the channel of group g and phase p is g·r² + p, or ("phase") p·G + g."""
    channels, height, width = logits.shape
    groups = channels // ratio**2
    w = torch.zeros(groups, height * ratio, width * ratio)
    for g in range(groups):
        for i in range(height * ratio):
            for j in range(width * ratio):
                a, b = (j % ratio, i % ratio) if phases == "swapped" else (i % ratio, j % ratio)
                p = a * ratio + b
                channel = g * ratio**2 + p if order == "group" else p * groups + g
                w[g, i, j] = logits[channel, i // ratio, j // ratio]
    return w


def _tiled(logits: Tensor, ratio: int) -> Tensor:
    """The maps of all phases side by side instead of interleaved."""
    parts = logits.unflatten(0, (-1, ratio, ratio))  # G a b H W
    upright: Tensor = parts.permute(0, 1, 3, 2, 4).flatten(3, 4).flatten(1, 2)
    return upright


def _gates_case(generator: torch.Generator, number: int) -> tuple[Tensor, int]:
    ratio, groups = (2, 2, 3, 2, 3)[number], (3, 1, 2, 4, 1)[number]
    return 2 * torch.randn(groups * ratio**2, 2 + number % 2, 3, generator=generator), ratio


def _softmax_of_blocks(logits: Tensor, ratio: int) -> Tensor:
    """Softmax over the r² phases of each group, dealt out to the outputs."""
    weights = logits.unflatten(0, (-1, ratio**2)).softmax(dim=1)
    return _deal(weights.flatten(0, 1), ratio)


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


def count_reference(channels: int, ratio: int, kind: str, context: bool, nonlinear: bool) -> Tensor:
    """Learned values of one index block, layer by layer; channels of guide and map are equal."""
    return _count(channels, ratio, kind, context, nonlinear)


def _count(channels: int, ratio: int, kind: str, context: bool, nonlinear: bool, how: str = "") -> Tensor:
    side = 2 * ratio if context and how != "no context" else ratio
    phases = 1 if how == "no phases" else ratio**2
    sees = 1 if kind == "depthwise-o2o" and how != "all see all" else channels
    maps = 1 if kind == "holistic" and how != "a map each" else channels
    if not nonlinear or how == "linear":
        biases = maps * phases if how == "biases" else 0
        return torch.tensor(maps * phases * sees * side**2 + biases)
    hidden = channels if how == "narrow" else 2 * sees
    blocks = 1 if kind == "holistic" else phases * (channels if kind == "depthwise-o2o" else 1)
    blocks = 1 if how == "one hidden layer" else blocks
    norm = {"no norm": 0, "running": 4}.get(how, 2) * hidden
    last = hidden * maps * phases // blocks  # each block has its share of the outputs
    last = 0 if how == "no second layer" else last
    biases = hidden + maps * phases // blocks if how == "biases" else 0
    return torch.tensor(blocks * (hidden * sees * side**2 + norm + last + biases))


def _count_case(generator: torch.Generator, number: int) -> tuple[int, int, str, bool, bool]:
    return (
        (32, 2, "holistic", True, False),
        (64, 2, "depthwise-o2o", False, False),
        (8, 3, "depthwise-m2o", True, False),
        (64, 2, "depthwise-m2o", True, True),
        (16, 2, "holistic", False, True),
    )[number]


RESHAPED = (
    "reshape keeps the numbers in their order: a row of your result is filled from one channel. The r² phases of a "
    "position belong into one block: F.pixel_shuffle deals them out so."
)

GATES = Exercise(
    "1 · From logits to gates",
    gates_reference,
    _gates_case,
    (
        Mistake("groups and phases mixed", lambda x, r: _deal(x, r, order="phase").sigmoid(),
                "Groups and phases are mixed up: channel g·r² + a·r + b holds phase (a, b) of index map g, so the r² "
                "phases of one map are neighbours. You read them as if the maps of one phase were."),
        Mistake("phases swapped", lambda x, r: _deal(x, r, phases="swapped").sigmoid(),
                "The phases are swapped: a counts down the rows, b along the columns."),
        Mistake("no sigmoid", lambda x, r: _deal(x, r),
                "The logits are in their places. A gate lies between 0 and 1: take the sigmoid."),
        Mistake("softmax", _softmax_of_blocks,
                "You take a softmax over each block. That is the way down; on the way up each gate stands alone."),
        Mistake("sigmoid, then softmax", lambda x, r: _softmax_of_blocks(x.sigmoid(), r),
                "This is the gate of the way down, with its softmax over the block. The way up has the sigmoid only."),
        Mistake("ReLU", lambda x, r: _deal(x, r).relu(),
                "You take a ReLU, which lets values above 1 through and shuts half of all gates. A gate is a sigmoid."),
        Mistake("tanh", lambda x, r: _deal(x, r).tanh(),
                "A tanh gives values between −1 and 1. A gate lies between 0 and 1: a sigmoid."),
        Mistake("clamped", lambda x, r: _deal(x, r).clamp(0, 1),
                "You cut the logits off at 0 and 1. The sigmoid takes any number into (0, 1), and keeps their order."),
        Mistake("reshaped", lambda x, r: x.reshape(len(x) // r**2, x.shape[1] * r, -1).sigmoid(), RESHAPED),
        Mistake("reshaped, no sigmoid", lambda x, r: x.reshape(len(x) // r**2, x.shape[1] * r, -1), RESHAPED),
        Mistake("tiled", lambda x, r: _tiled(x, r).sigmoid(),
                "You put the r² maps side by side. They are interleaved: the four gates of a block are neighbours. "
                "F.pixel_shuffle does that."),
        Mistake("softmax over maps", lambda x, r: _deal(x, r).softmax(dim=0),
                "You take a softmax over the index maps. Each gate stands alone: a sigmoid of its own logit."),
        Mistake("sigmoid twice", lambda x, r: _deal(x, r).sigmoid().sigmoid(),
                "You take the sigmoid twice: all your gates lie above one half."),
        Mistake("hard", lambda x, r: (_deal(x, r) > 0).float(),
                "You made it hard again: 0 or 1. The learned index is what lies between."),
    ),
    kind="w",
)  # fmt: skip

POOL = Exercise(
    "2 · Index pooling",
    pool_reference,
    _pool_case,
    (
        Mistake("softmax missing", lambda x, s, r: _pool(x, s, r, "sigmoid alone"),
                "The softmax is missing: your weights do not sum to 1, so bright maps grow on the way down."),
        Mistake("sigmoid missing", lambda x, s, r: _pool(x, s, r, "softmax alone"),
                "The sigmoid is missing: take it first, and the softmax of what it gives."),
        Mistake("sigmoid after softmax", lambda x, s, r: _pool(x, s, r, "softmax first"),
                "The order is the other way round: first the sigmoid, then the softmax, so that the sum is 1."),
        Mistake("divided by the sum", lambda x, s, r: _pool(x, s, r, "divided"),
                "You divide the sigmoids by their sum. The softmax divides exp(·) by the sum of exp(·)."),
        Mistake("softmax over maps", lambda x, s, r: _over(x, s, r, "groups"),
                "Your softmax runs over the index maps. It belongs to the r² places of one block of one map."),
        Mistake("softmax over positions", lambda x, s, r: _over(x, s, r, "positions"),
                "Your softmax runs over the whole map. It belongs to the r² places of one block."),
        Mistake("phases swapped", lambda x, s, r: _pool(x, s, r, "swapped"),
                "The phases are swapped: the weight of phase a·r + b meets row a and column b of the block."),
        Mistake("groups and phases mixed", lambda x, s, r: _pool(x, s, r, "phase major"),
                "Groups and phases are mixed up: the r² logits of map g are g·r² to g·r² + r² − 1."),
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
)  # fmt: skip

COUNT = Numeric(
    "3 · What an index block has to learn",
    count_reference,
    _count_case,
    tuple(
        Mistake(name, partial(_count, how=how), hint)
        for name, how, hint in (
            ("biases", "biases", "You count biases. The convolutions of an index block have none."),
            ("nonlinear ignored", "linear", "Nonlinear: there is a hidden layer with its batch norm, and a second "
             "layer after it. You count the linear block in any case."),
            ("context forgotten", "no context", "With context the window is 2r×2r, not r×r."),
            ("no phases", "no phases", "r² is missing: each block of the map needs r² indices, one for each of its "
             "places."),
            ("one-to-one sees all", "all see all",
             "One-to-one: each index map sees a single channel, so its filters have k² weights, not C·k²."),
            ("a map each", "a map each", "Holistic: one index map serves all channels. You count one for each."),
            ("batch norm forgotten", "no norm", "The batch norm of the nonlinear block learns too: two values a "
             "hidden channel."),
            ("running statistics", "running", "You count four values a hidden channel for the batch norm. Its running "
             "mean and variance are measured, not learned: two."),
            ("second layer forgotten", "no second layer", "The nonlinear block has a second layer: 1×1, from the "
             "hidden channels to the outputs."),
            ("narrow", "narrow", "The hidden layer has 2C channels, twice as many as the map."),
            ("one hidden layer", "one hidden layer", "Many-to-one, nonlinear: each of the r² phases has a hidden layer "
             "of its own."),
        )
    ),
)  # fmt: skip

ALL = (GATES, POOL, COUNT)
