"""The exercises of lesson 12: FADE's gate, SAPA's kernels, DySample's points, and what NAF costs the naive way."""

import torch
import torch.nn.functional as F
from torch import Tensor

from a2u.lessons.after_a2u.answers import (
    BYTES,
    blocks,
    bytes_reference,
    dysample_reference,
    gated_reference,
    logits,
    mixed,
    on_grid,
    read,
    renormalised,
    sapa_reference,
    smooth_gate,
    sums,
    tiled,
    too_much,
    window_of_outputs,
    wrong_way_round,
)
from a2u.lessons.exercises import Exercise, Mistake, Numeric, one_kernel


def _gate_case(generator: torch.Generator, number: int) -> tuple[Tensor, Tensor, Tensor, Tensor, int]:
    channels, height, width, ratio = (1, 2, 3, 2, 1)[number], 2 + number % 2, 4 - number % 3, (2, 2, 3, 2, 3)[number]
    k = (5, 3, 3, 5, 3)[number]
    x = torch.randn(channels, height, width, generator=generator, dtype=torch.float64)
    size = (height * ratio, width * ratio)
    guide = torch.randn(channels, *size, generator=generator, dtype=torch.float64)
    w = torch.randn(k * k, *size, generator=generator, dtype=torch.float64).softmax(0)
    return x, guide, w, 2 * torch.randn(height, width, generator=generator, dtype=torch.float64), ratio


def _sapa_case(generator: torch.Generator, number: int) -> tuple[Tensor, Tensor, int, int]:
    channels, ratio, size = (4, 2, 3, 4, 2)[number], (2, 3, 2, 2, 2)[number], (5, 3, 3, 3, 5)[number]
    height, width = 2 + number % 3, 4 - number % 2
    x = torch.randn(channels, height, width, generator=generator, dtype=torch.float64)
    guide = torch.randn(channels, height * ratio, width * ratio, generator=generator, dtype=torch.float64)
    return x, guide, size, ratio


def _dysample_case(generator: torch.Generator, number: int) -> tuple[Tensor, Tensor]:
    channels, ratio = (1, 2, 3, 2, 1)[number], (2, 2, 3, 2, 4)[number]
    height, width = (4, 5, 3, 6, 4)[number], (5, 4, 5, 3, 3)[number]
    x = torch.randn(channels, height, width, generator=generator, dtype=torch.float64)
    offsets = torch.randn(2, height * ratio, width * ratio, generator=generator, dtype=torch.float64)
    return x, offsets * (0.0 if number == 1 else 0.8)


def _bytes_case(_generator: torch.Generator, number: int) -> tuple[int, int, int, int, int]:
    cases = ((384, 32, 32, 14, 9), (64, 32, 32, 2, 9), (4, 8, 8, 2, 7), (256, 20, 30, 4, 5), (768, 14, 14, 16, 9))
    return cases[number]


GATE = Exercise(
    "1 · Find the bug: a gate",
    gated_reference,
    _gate_case,
    (
        Mistake("weights add up to more than 1", too_much,
                "Your 26 weights sum to 1 + s: the guide comes on top. What the gate gives to the guide it takes from "
                "the window: (1 − s)·wᵀz."),
        Mistake("no sigmoid", lambda x, g, w, s, r: mixed(x, g, w, blocks(s, r), r),
                "You mix with the logits of the gate. A gate lies between 0 and 1: gate.sigmoid()."),
        Mistake("a smooth gate", smooth_gate,
                "You interpolate the gate. All outputs of a block have the gate of their parent: repeat it."),
        Mistake("tiled", lambda x, g, w, s, r: mixed(x, g, w, s.sigmoid().repeat(r, r), r),
                "You tile the map of gates. Each gate belongs to a block of r×r outputs: repeat_interleave."),
        Mistake("no gate", lambda x, g, w, s, r: sums(x, w, r),
                "That is wᵀz alone, the semi-shift kernel. The guide has no part in it."),
        Mistake("the guide alone", lambda x, g, w, s, r: g,
                "That is the guide alone, as if every gate were 1."),
    ),
    kind="y",
    given=wrong_way_round,
)  # fmt: skip

SAPA = Exercise(
    "2 · Build SAPA's kernels",
    sapa_reference,
    _sapa_case,
    (
        Mistake("scaled", lambda x, g, k, r: (logits(x, g, k, r) / len(x) ** 0.5).softmax(0),
                "You divide by √C, as attention does. SAPA does not."),
        Mistake("renormalised", renormalised,
                "Your taps outside the map get no weight. As published, features outside are 0, so such a tap has the "
                "logit 0 and takes part in the softmax."),
        Mistake("asks the map itself", lambda x, g, k, r: logits(x, blocks(x, r), k, r).softmax(0),
                "Your query is the small map's own feature at the parent, so all outputs of a block ask the same. In "
                "SAPA the guide's feature at the output asks."),
        Mistake("a mean of the guide", lambda x, g, k, r: logits(
            x, blocks(F.avg_pool2d(g[None], r)[0], r), k, r).softmax(0),
                "You average the guide over each block. Every output asks with the guide's feature at its own place."),
        Mistake("windows of outputs", window_of_outputs,
                "Your windows lie in the enlarged map. They are windows of the small map, around the parent (i'//r, "
                "j'//r), the same for all outputs of a block."),
        Mistake("tiled", tiled,
                "You tile the windows. Each window serves a block of r×r outputs: repeat_interleave."),
        Mistake("no softmax", logits, "These are the similarities. The softmax over the taps is missing."),
        Mistake("wrong axis", lambda x, g, k, r: logits(x, g, k, r).softmax(1),
                "Your softmax runs over the rows of the map. It runs over the taps of a kernel: dim=0."),
        Mistake("divided by the sum", lambda x, g, k, r: F.normalize(logits(x, g, k, r).abs(), p=1, dim=0),
                "You divide by the sum of absolute values. The softmax divides exp(·) by the sum of exp(·)."),
    ),
    kind="w",
    view=one_kernel,
)  # fmt: skip

DYSAMPLE = Exercise(
    "3 · Build DySample's reading",
    dysample_reference,
    _dysample_case,
    (
        Mistake("rows and columns swapped", lambda x, o: dysample_reference(x, o.flip(0)),
                "You add offsets[0] to the rows. It moves along the columns (x), and offsets[1] along the rows (y)."),
        Mistake("from the parent", lambda x, o: read(x, o, lambda at, r, _: at // r),
                "Your points start at the parent, i'//r. An output lies at (i' + ½)/r − ½, between the cells."),
        Mistake("corners aligned", lambda x, o: read(x, o, lambda at, r, n: at * (n - 1) / (n * r - 1)),
                "You lay corner on corner (align_corners=True). Here pixels have an extent: (i' + ½)/r − ½."),
        Mistake("half a pixel forgotten", lambda x, o: read(x, o, lambda at, r, _: at / r),
                "Your outputs lie at i'/r. With the half pixels it is (i' + ½)/r − ½."),
        Mistake("no offsets", lambda x, o: dysample_reference(x, torch.zeros_like(o)),
                "That is bilinear interpolation: the offsets have no effect yet."),
        Mistake("zeros outside", lambda x, o: on_grid(x, o, padding="zeros"),
                "Outside the map you read zeros. DySample moves such a point to the edge: padding_mode='border', or a "
                "clamp."),
        Mistake("offsets in output pixels", lambda x, o: dysample_reference(x, o * x.shape[1] / o.shape[1]),
                "You divide the offsets by r. They count cells of the small map already."),
        Mistake("a quarter", lambda x, o: dysample_reference(x, o / 4),
                "You multiply by ¼ here. These are the offsets after that factor."),
        Mistake("to the other side", lambda x, o: dysample_reference(x, -o),
                "Your points move to the other side: add the offsets."),
        Mistake("the nearest cell", lambda x, o: on_grid(x, o, mode="nearest"),
                "You copy the nearest cell. A point is read bilinearly, from the four cells around it."),
    ),
    kind="y",
)  # fmt: skip

BYTES_OF_NAF = Numeric(
    "4 · Estimate, then measure: NAF the naive way",
    bytes_reference,
    _bytes_case,
    (
        Mistake("numbers", lambda c, h, w, r, k: c * h * w * r**2 * k**2,
                "You count numbers. Each of them takes 4 bytes."),
        Mistake("one window per parent", lambda c, h, w, r, k: BYTES * c * h * w * k**2,
                "You count a window for each cell of the small map. The naive form has r² copies of it."),
        Mistake("the ratio once", lambda c, h, w, r, k: BYTES * c * h * w * r * k**2,
                "The output is r times larger along both axes: r²."),
        Mistake("a side of the window", lambda c, h, w, r, k: BYTES * c * h * w * r**2 * k,
                "A window of side k has k² values."),
        Mistake("one channel", lambda c, h, w, r, k: BYTES * h * w * r**2 * k**2,
                "That is what one channel takes. Every channel has its own values."),
        Mistake("the output alone", lambda c, h, w, r, k: BYTES * c * h * w * r**2,
                "That is the output itself. Before the sum each of its values is k² products."),
    ),
)  # fmt: skip

ALL = (GATE, SAPA, DYSAMPLE, BYTES_OF_NAF)
