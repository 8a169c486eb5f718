"""The exercises of lesson 02: the indices, a kernel with a bug, a fair unpooling to design, an error foretold.

References are plain loops and use nothing of the library, so that they can judge it too.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from a2u.lessons.design import Design, Rule
from a2u.lessons.exercises import Exercise, Mistake, Numeric


def _argmax(x: Tensor, ratio: int, p: int, q: int, *, last: bool = False, sign: int = 1) -> tuple[int, int]:
    """(row, column) in x of the maximum of block (p, q): the first in reading order on a tie, or the last."""
    best = (p * ratio, q * ratio)
    for i in range(p * ratio, (p + 1) * ratio):
        for j in range(q * ratio, (q + 1) * ratio):
            value, champion = sign * float(x[i, j]), sign * float(x[best])
            if value > champion or (last and value == champion):
                best = (i, j)
    return best


def indices_reference(x: Tensor, ratio: int) -> Tensor:
    """Flat index row·W + column of the maximum of each block, the first on a tie: (rH, rW) → (H, W)."""
    return _indices(x, ratio)


def _indices(x: Tensor, ratio: int, kind: str = "", **how: int) -> Tensor:
    height, width = x.shape
    found = torch.zeros(height // ratio, width // ratio)
    for p in range(found.shape[0]):
        for q in range(found.shape[1]):
            i, j = _argmax(x, ratio, p, q, last=how.get("last", 0) > 0, sign=how.get("sign", 1))
            by_kind = {"block": i % ratio * ratio + j % ratio, "columns": j * height + i, "height": i * height + j}
            found[p, q] = by_kind.get(kind, i * width + j)
    return found


def _indices_case(generator: torch.Generator, number: int) -> tuple[Tensor, int]:
    ratio, (h, w) = (2, 2, 3, 4, 2)[number], ((3, 4), (4, 2), (2, 3), (2, 1), (3, 5))[number]
    x = torch.randn(h * ratio, w * ratio, generator=generator)
    return x.round().clamp(-1, 1) if number % 2 else x, ratio  # values in steps of one tie


def kernel_reference(x: Tensor, ratio: int) -> Tensor:
    """w ∈ {0, 1}, one 1 in each r×r block of each channel, at the first maximum: (N, C, rH, rW) → the same."""
    w = torch.zeros_like(x)
    for n, c, p, q in _blocks(x, ratio):
        w[n, c][_argmax(x[n, c], ratio, p, q)] = 1
    return w


def _blocks(x: Tensor, ratio: int) -> list[tuple[int, int, int, int]]:
    n, c, height, width = x.shape
    ranges = (torch.arange(size) for size in (n, c, height // ratio, width // ratio))
    return [(int(a), int(b), int(p), int(q)) for a, b, p, q in torch.cartesian_prod(*ranges).tolist()]


def _spread(low: Tensor, ratio: int) -> Tensor:
    return low.repeat_interleave(ratio, -2).repeat_interleave(ratio, -1)


def _corner(low: Tensor, ratio: int) -> Tensor:
    y = torch.zeros_like(_spread(low, ratio))
    y[..., ::ratio, ::ratio] = low
    return y


def _kernel_case(generator: torch.Generator, number: int) -> tuple[Tensor, int]:
    ratio, (h, w) = (2, 2, 3, 2, 4)[number], ((2, 3), (3, 2), (2, 1), (1, 4), (1, 2))[number]
    x = torch.randn(1 + number % 2, 2 + number % 3, h * ratio, w * ratio, generator=generator)
    return x.round().clamp(-1, 1) if number % 2 else x, ratio


def fair_reference(guide: Tensor, ratio: int) -> Tensor:
    """A softmax over each r×r block: (rH, rW) → the same; equal values share their weight."""
    return _per_block(guide, ratio, lambda block: (4 * block).softmax(dim=0))


def _per_block(x: Tensor, ratio: int, weigh: Callable[[Tensor], Tensor]) -> Tensor:
    w = torch.zeros_like(x)
    for p in range(0, x.shape[0], ratio):
        for q in range(0, x.shape[1], ratio):
            block = x[p : p + ratio, q : q + ratio]
            w[p : p + ratio, q : q + ratio] = weigh(block.reshape(-1)).view(ratio, ratio)
    return w


def _first(block: Tensor) -> Tensor:
    w = torch.zeros_like(block)
    w[block.tolist().index(max(block.tolist()))] = 1
    return w


def _every_block(w: Tensor, guide: Tensor, ratio: int, holds: Callable[[Tensor, Tensor], bool]) -> bool:
    """Does a rule hold of the weights and the values of every block?"""
    size = range(0, guide.shape[0], ratio), range(0, guide.shape[1], ratio)
    parts = [(slice(p, p + ratio), slice(q, q + ratio)) for p in size[0] for q in size[1]]
    return all(holds(w[part].reshape(-1), guide[part].reshape(-1).to(w.dtype)) for part in parts)


def _equal_share(w: Tensor, x: Tensor) -> bool:
    same = x[:, None] == x[None, :]
    return bool(((w[:, None] - w[None, :]).abs()[same] < 1e-4).all())


def _clear(w: Tensor, x: Tensor) -> bool:
    return bool((w[x == x.max()].min() > w[x < x.max()].max() + 1e-4) if (x < x.max()).any() else True)


def _fair_case(generator: torch.Generator, number: int) -> tuple[Tensor, int]:
    ratio, (h, w) = (2, 2, 3, 4, 2)[number], ((2, 3), (3, 2), (2, 1), (1, 2), (3, 3))[number]
    return torch.randint(0, 3, (h * ratio, w * ratio), generator=generator).float(), ratio


def gain_reference(block: Tensor) -> Tensor:
    """Squared error of averaging a block, minus that of unpooling it: m² − (Σx)²/n. Positive: unpooling is better."""
    values = block.flatten().tolist()
    mean, largest = sum(values) / len(values), max(values)
    unpooled = sum(x * x for x in values) - largest * largest
    return torch.tensor(sum((x - mean) ** 2 for x in values) - unpooled)


def _gain_case(generator: torch.Generator, number: int) -> tuple[Tensor]:
    ratio = (2, 3, 2, 4, 2)[number]
    return ((torch.rand(ratio, ratio, generator=generator) * (2 if number % 2 else 1) - number % 2).round(decimals=2),)


INDICES = Exercise(
    "1 · The indices",
    indices_reference,
    _indices_case,
    (
        Mistake("relative to the block", lambda x, r: _indices(x, r, "block"),
                "You count inside the block. The flat index counts in the whole map: row · width + column."),
        Mistake("rows and columns swapped", lambda x, r: _indices(x, r, "columns"),
                "You count down the columns. The flat index goes along the rows: row · width + column."),
        Mistake("height for width", lambda x, r: _indices(x, r, "height"),
                "You multiply the row by the height. One row further is one width further: row · width + column."),
        Mistake("last on a tie", lambda x, r: _indices(x, r, last=1),
                "On a tie you keep the last maximum. The first one in reading order wins: compare with >, not >=."),
        Mistake("minimum", lambda x, r: _indices(x, r, sign=-1),
                "You found the smallest value of each block."),
    ),
)  # fmt: skip

KERNEL = Exercise(
    "2 · Find the bug",
    kernel_reference,
    _kernel_case,
    (
        Mistake("top left", lambda x, r: _corner(torch.ones_like(x[..., ::r, ::r]), r),
                "Your 1 is always at the top left of its block. It belongs where the maximum is."),
        Mistake("averaging", lambda x, r: torch.full_like(x, 1 / r**2),
                "You give every pixel of a block the same share. Unpooling selects: one 1, the rest 0."),
        Mistake("everywhere", lambda x, r: torch.ones_like(x),
                "With w = 1 everywhere this is nearest neighbour. Only the maximum's place has a 1."),
        Mistake("channel ignored", lambda x, r: kernel_reference(x[:, :1], r).expand_as(x),
                "You use the maxima of the first channel for all. Every channel has its own."),
        Mistake("sample ignored", lambda x, r: kernel_reference(x[:1], r).expand_as(x),
                "You use the maxima of the first sample for the whole batch. Every sample has its own."),
        Mistake("values", lambda x, r: kernel_reference(x, r) * x,
                "You put the values themselves there. They are z's part; w only says where: 1."),
    ),
    given=lambda guide, ratio: (guide == _spread(F.max_pool2d(guide, ratio), ratio)).to(guide.dtype),
)  # fmt: skip

FAIR = Design(
    "3 · A fair unpooling",
    fair_reference,
    _fair_case,
    (
        Rule("size", lambda w, guide, r: w.shape == guide.shape,
             "There is a weight for each output: the result has the shape of the guide.",
             lambda guide, r: guide[::r, ::r]),
        Rule("each block sums to 1",
             lambda w, guide, r: _every_block(w, guide, r, lambda w, x: abs(float(w.sum()) - 1) < 1e-4),
             "The r² weights of each block add up to 1.",
             lambda guide, r: (guide == _spread(F.max_pool2d(guide[None], r)[0], r)).float() + 0.5),
        Rule("nothing negative", lambda w, guide, r: bool((w >= -1e-6).all()),
             "No weight is below zero.",
             lambda guide, r: 5 * fair_reference(guide, r) - 4 / r**2),
        Rule("equal values, equal weights", lambda w, guide, r: _every_block(w, guide, r, _equal_share),
             "In a tie nobody may win by standing first: equal values of a block get equal weights.",
             lambda guide, r: _per_block(guide, r, _first)),
        Rule("the largest counts most", lambda w, guide, r: _every_block(w, guide, r, _clear),
             "Where the values of a block differ, the largest must get more weight than every smaller one.",
             lambda guide, r: torch.full_like(guide, 1 / r**2)),
    ),
    kind="w",
)  # fmt: skip

GAIN = Numeric(
    "4 · Who copies better?",
    gain_reference,
    _gain_case,
    (
        Mistake("other way round", lambda block: -gain_reference(block),
                "Your sign is reversed: it is the error of averaging minus that of unpooling."),
        Mistake("no squares", lambda block: block.max() - len(block) * block.mean(),
                "You compare m with r·μ. That says who wins; the errors differ by m² − r²·μ²."),
        Mistake("mean once", lambda block: block.max() ** 2 - block.mean() ** 2,
                "Averaging writes μ into all r² places: it keeps the energy r²·μ²."),
        Mistake("r once", lambda block: block.max() ** 2 - len(block) * block.mean() ** 2,
                "A block has r² values, r along each axis: averaging keeps r²·μ²."),
        Mistake("largest size", lambda block: block.abs().max() ** 2 - block.numel() * block.mean() ** 2,
                "You take the value that lies furthest from zero. Max-pooling takes the largest, with its sign."),
        Mistake("per pixel", lambda block: gain_reference(block) / block.numel(),
                "You divide by the number of values. The exercise asks for the sums of the squared errors."),
    ),
)  # fmt: skip

ALL = (INDICES, KERNEL, FAIR, GAIN)
