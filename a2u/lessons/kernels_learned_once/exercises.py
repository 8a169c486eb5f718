"""The exercises of lesson 03: a measurement foretold, a kernel to design, a conversion with a bug in it.

References are plain loops and use nothing of the library, so that they can judge it too.
"""

import torch
from torch import Tensor

from a2u.lessons.design import Design, Rule
from a2u.lessons.exercises import Exercise, Mistake, Numeric

# --- 1


def unevenness_reference(w: Tensor, stride: int) -> Tensor:
    """Largest minus smallest sum of the weights of one phase: what a deconvolution makes of a map of ones."""
    return _spread(_sums(w, stride))


def _sums(w: Tensor, stride: int) -> Tensor:
    sums = w.new_zeros(stride, stride)
    for t in range(len(w)):
        for u in range(len(w)):
            sums[t % stride, u % stride] += w[t, u]
    return sums


def _spread(sums: Tensor) -> Tensor:
    return sums.max() - sums.min()


def _blocks(w: Tensor, stride: int) -> Tensor:
    """The sums of s×s blocks of neighbours, where those of one phase lie s apart."""
    k = -(-len(w) // stride)
    parts = [w[a * k : (a + 1) * k, b * k : (b + 1) * k].sum() for a in range(stride) for b in range(stride)]
    return torch.stack(parts)


def _unevenness_case(generator: torch.Generator, number: int) -> tuple[Tensor, int]:
    kernel, stride = ((3, 2), (4, 2), (5, 3), (6, 2), (7, 3))[number]
    return torch.rand(kernel, kernel, generator=generator).round(decimals=2), stride


UNEVENNESS = Numeric(
    "1 · Foretell the pattern",
    unevenness_reference,
    _unevenness_case,
    (
        Mistake("counts", lambda w, s: _spread(_sums(torch.ones_like(w), s)),
                "You compare how many weights each phase has. A map of ones becomes their sum, not their number."),
        Mistake("weights", lambda w, s: w.max() - w.min(),
                "You compare single weights. Several of them meet in one output: add up those of each phase first."),
        Mistake("blocks", lambda w, s: _spread(_blocks(w, s)),
                "You add up neighbours. The weights of one phase lie s apart: w[a::s, b::s]."),
        Mistake("one axis", lambda w, s: _spread(torch.stack([w[a::s].sum() for a in range(s)])),
                "You take phases along the rows only. There are s phases along each axis, so s² of them."),
        Mistake("diagonal", lambda w, s: _spread(torch.stack([w[a::s, a::s].sum() for a in range(s)])),
                "You take the same phase for rows and columns. All pairs (a, b) count, s² of them."),
        Mistake("means", lambda w, s: _spread(torch.stack([w[a::s, b::s].mean() for a in range(s) for b in range(s)])),
                "You take means. What arrives in an output is the sum of its phase's weights."),
        Mistake("ratio", lambda w, s: _sums(w, s).max() / _sums(w, s).min(),
                "You divide. The exercise asks for the difference: largest minus smallest."),
    ),
)  # fmt: skip

# --- 2


def flat_reference(ratio: int) -> Tensor:
    """The tent: one minus the distance along each axis, K = 2r."""
    line = _tent(ratio)
    return torch.outer(line, line)


def _tent(ratio: int) -> Tensor:
    place = torch.arange(2 * ratio) - (2 * ratio - 1) / 2
    return 1 - place.abs() / ratio


def _near(a: Tensor, b: Tensor | float) -> bool:
    return bool(torch.allclose(a, torch.as_tensor(b, dtype=a.dtype).expand_as(a), atol=1e-4))


def _falls(w: Tensor, ratio: int) -> bool:
    right = w[:, ratio:]  # from the middle outwards
    return bool((right.diff(dim=1) <= 1e-6).all()) and float(w[ratio, ratio] - w[0, 0]) > 1e-3


def _one_sided(ratio: int) -> Tensor:
    line = torch.cat([torch.ones(ratio), torch.zeros(ratio)])
    return torch.outer(line, line)


FLAT = Design(
    "2 · First weights without a checkerboard",
    flat_reference,
    lambda generator, number: ((2, 3, 4, 2, 5)[number],),
    (
        Rule("size", lambda w, ratio: w.shape == (2 * ratio, 2 * ratio),
             "The kernel has K = 2r rows and columns: return a tensor (2r, 2r).",
             lambda ratio: torch.ones(ratio, ratio)),
        Rule("every phase sums to 1", lambda w, ratio: _near(_sums(w, ratio), 1.0),
             "A map of ones must become ones: the weights w[a::r, b::r] of each phase (a, b) add up to 1.",
             lambda ratio: flat_reference(ratio) / ratio**2),
        Rule("symmetric", lambda w, ratio: _near(w, w.flip(0)) and _near(w, w.flip(1)),
             "Flipped upside down or left to right, the kernel must stay the same. Yours pulls to one side.",
             _one_sided),
        Rule("falls off", _falls,
             "A pixel must count less, the further away an output lies: from the middle to the right no weight grows, "
             "and a corner is smaller than the middle.",
             lambda ratio: torch.full((2 * ratio, 2 * ratio), 0.25)),
    ),
    kind="w",
)  # fmt: skip

# --- 3


def sorted_reference(weight: Tensor, ratio: int) -> Tensor:
    """Deconvolution (C, C_out, r·k, r·k) of a pixel shuffle (C_out·r², C, k, k): tap a + r·(k − 1 − u) of each axis."""
    return _sorted(weight, ratio)


def _sorted(weight: Tensor, ratio: int, kind: str = "") -> Tensor:
    rows, channels, k, _ = weight.shape
    out = rows // ratio**2
    found = weight.new_zeros(channels, out, ratio * k, ratio * k)
    for o, c, a, b, u, v in torch.cartesian_prod(*map(torch.arange, (out, channels, ratio, ratio, k, k))).tolist():
        row = a * ratio + b if kind != "phases" else b * ratio + a
        row = row * out + o if kind == "slow" else o * ratio**2 + row
        source, target = (u, v) if kind == "flip" else (k - 1 - u, k - 1 - v), (a, b)
        if kind == "mirror":
            target = (ratio - 1 - a, ratio - 1 - b)
        t, s = (source[0] + a * k, source[1] + b * k) if kind == "blocks" else (
            target[0] + ratio * source[0], target[1] + ratio * source[1])  # fmt: skip
        found[(o, c) if kind == "channels" else (c, o)][t, s] = weight[row, c, u, v]
    return found


def _sorted_case(generator: torch.Generator, number: int) -> tuple[Tensor, int]:
    ratio, k, channels = ((2, 3, 2), (2, 1, 3), (3, 3, 2), (2, 5, 2), (3, 1, 2))[number]
    return torch.randn(channels * ratio**2, channels, k, k, generator=generator), ratio


SORTED = Exercise(
    "3 · Find the bug",
    sorted_reference,
    _sorted_case,
    (
        Mistake("phases swapped", lambda w, r: _sorted(w, r, "phases"),
                "The phases are swapped: row c'·r² + a·r + b has a down the rows and b along the columns."),
        Mistake("phases mirrored", lambda w, r: _sorted(w, r, "mirror"),
                "You turned the phases round as well. Only the window runs backwards: t = a + r·(k − 1 − u)."),
        Mistake("channels swapped", lambda w, r: _sorted(w, r, "channels"),
                "Input and output channels have changed places: conv_transpose2d wants (C, C_out, K, K)."),
        Mistake("phase before channel", lambda w, r: _sorted(w, r, "slow"),
                "You read the rows as phase, then channel. The channel is slow: row = c'·r² + a·r + b."),
        Mistake("blocks", lambda w, r: _sorted(w, r, "blocks"),
                "You put the phases side by side. They are interleaved: neighbouring taps belong to other phases."),
        Mistake("one axis turned", lambda w, r: _sorted(w.flip(3), r, "flip"),
                "You turned the window round along one axis only. Both of its axes run backwards."),
    ),
    given=lambda weight, ratio: _sorted(weight, ratio, "flip"),
)  # fmt: skip

ALL = (UNEVENNESS, FLAT, SORTED)
