"""Lesson 02: the round trip through pooling that you can open anywhere, what it keeps, and the exercises.

References of the exercises are plain loops and use nothing of the library, so that they can judge it too.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from a2u import formula
from a2u.errors import A2UError, near_match
from a2u.lessons import shared
from a2u.lessons.exercises import Exercise, Mistake
from a2u.lessons.frame import Drawing, Panel, choice, slider
from a2u.lessons.pooling_remembers.picture import round_trip
from a2u.operators.unpooling import max_unpool_kernel
from a2u.plots import style

TRIPS = {
    "max_unpool": "Max-pool, then max-unpool",
    "max_nearest": "Max-pool, then nearest",
    "average_nearest": "Average-pool, then nearest",
}
RATIOS = (2, 4)


def trip(name: str, x: Tensor, ratio: int = 2) -> tuple[Tensor, Tensor, Tensor]:
    """Down and up again by one of :data:`TRIPS`: x is Tensor[N, C, rH, rW].

    Returns:
        The pooled map (N, C, H, W), the kernel of the way up (N, C or 1, 1, rH, rW), and y = wᵀz (N, C, rH, rW).

    Raises:
        A2UError: There is no such trip, or r does not divide the map.
    """
    if name not in TRIPS:
        raise A2UError(f"There is no trip {name!r}. {near_match(name, list(TRIPS))}")
    if x.shape[-2] % ratio or x.shape[-1] % ratio:
        raise A2UError(f"A round trip needs sides that r={ratio} divides, got {tuple(x.shape)}. Crop or pad the map.")
    low = F.avg_pool2d(x, ratio) if name == "average_nearest" else F.max_pool2d(x, ratio)
    w = max_unpool_kernel(x, ratio) if name == "max_unpool" else torch.ones_like(x[:, :1])[:, :, None]
    return low, w, formula.reassemble(low, w, ratio)


def kept(x: Tensor, y: Tensor) -> dict[str, float]:
    """How good a copy y is of x: the root mean square error, and its energy beside that of x, Σy² / Σx²."""
    return {"rmse": float((y - x).square().mean().sqrt()), "energy": float(y.square().sum() / x.square().sum())}


def place_in_block(x: Tensor, ratio: int) -> Tensor:
    """Where in its block each maximum is: LongTensor[N, C, H, W], a·r + b for row a and column b of the block."""
    flat = F.max_pool2d(x, ratio, return_indices=True)[1]
    row, column = flat // x.shape[-1], flat % x.shape[-1]
    return row % ratio * ratio + column % ratio


def explorer(operator: str = "max_unpool", ratio: int = 2, row: int = 9, column: int = 5) -> Panel:
    """The shared maps down and up again, with sliders for the output value."""
    x = shared.encoder_map(2)
    side = x.shape[-1] - 1

    def draw(operator: str, ratio: int, channel: int, row: int, column: int) -> Drawing:
        return picture(operator, x[:, channel : channel + 1], ratio, (row, column))

    controls = {
        "operator": choice([(title, name) for name, title in TRIPS.items()], operator, "operator"),
        "ratio": choice(RATIOS, ratio, "ratio"),
        "channel": slider(0, len(shared.CHANNELS) - 1, 0, "channel"),
        "row": slider(0, side, row, "row"),
        "column": slider(0, side, column, "column"),
    }
    return Panel(draw, **controls)


def picture(operator: str, x: Tensor, ratio: int, at: tuple[int, int]) -> Drawing:
    """One output value of a round trip of x, Tensor[1, 1, H, W], with the index, the w and the z behind it."""
    low, w, y = trip(operator, x, ratio)
    remembers = operator != "average_nearest"
    index = place_in_block(x, ratio)[0, 0] if remembers else None
    (i, j), (p, q) = at, (at[0] // ratio, at[1] // ratio)
    fig = round_trip(
        *(x[0, 0], low[0, 0], None if index is None else index.numpy(), w[0, 0, 0], y[0, 0], at), title=TRIPS[operator]
    )
    weight, z, value = (style.number(float(t), 3) for t in (w[0, 0, 0, i, j], low[0, 0, p, q], y[0, 0, i, j]))
    says = f"y[{i}, {j}] = {weight} × {z} = {value}"
    where = "the average of its block has no place"
    if index is not None:
        a, b = p * ratio + int(index[p, q]) // ratio, q * ratio + int(index[p, q]) % ratio
        flat = a * x.shape[-1] + b
        where = f"the maximum of block ({p}, {q}) is at ({a}, {b}): index {int(index[p, q])} in the block, {flat} flat"
    measured = kept(x, y)
    alt = (
        f"{TRIPS[operator]}, ratio {ratio}: output row {i}, column {j} meets z = {z} of the pooled map with w = "
        f"{weight} and becomes {value}; {where}."
    )
    quality = f"whole map: RMSE {measured['rmse']:.3f}, energy {100 * measured['energy']:.1f} % of x's"
    return Drawing(fig, alt, f"{says};  {where}\n{quality}")


# --- exercises


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


def unpool_reference(z: Tensor, index: Tensor, height: int, width: int) -> Tensor:
    """Each value at its own flat index, zeros elsewhere: z, index (N, C, H, W) → (N, C, height, width)."""
    return _unpool(z, index, height, width)


def _unpool(z: Tensor, index: Tensor, height: int, width: int, kind: str = "") -> Tensor:
    y = z.new_zeros(*z.shape[:2], height, width)
    for n, c, p, q in _blocks(z, 1):
        source = {"channel": index[n, 0], "sample": index[0, c]}.get(kind, index[n, c])
        flat = int(source[p, q])
        row, column = flat // width, flat % width
        if kind == "columns":
            row, column = flat % height, flat // height
        y[n, c, row, column] = z[n, c, p, q]
    return y


def _unpool_case(generator: torch.Generator, number: int) -> tuple[Tensor, Tensor, int, int]:
    ratio, (h, w) = (2, 3, 2, 2, 4)[number], ((2, 3), (2, 1), (3, 2), (1, 4), (1, 2))[number]
    guide = torch.randn(2, 2 + number % 2, h * ratio, w * ratio, generator=generator)
    index = torch.stack([torch.stack([_indices(c, ratio) for c in sample]) for sample in guide]).long()
    return torch.randn(index.shape, generator=generator), index, h * ratio, w * ratio


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
    "2 · The kernel",
    kernel_reference,
    _kernel_case,
    (
        Mistake("all ties", lambda x, r: (x == _spread(F.max_pool2d(x, r), r)).to(x.dtype),
                "Where values tie you mark them all. Each block has exactly one 1, at its first maximum."),
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
)  # fmt: skip

UNPOOL = Exercise(
    "3 · Unpooling by indices",
    unpool_reference,
    _unpool_case,
    (
        Mistake("top left", lambda z, i, h, w: _corner(z, h // z.shape[2]),
                "You put each value at the top left of its block. The index says where it belongs."),
        Mistake("nearest", lambda z, i, h, w: _spread(z, h // z.shape[2]),
                "You repeat the value in its whole block, which is nearest neighbour. The other places are zero."),
        Mistake("averaging", lambda z, i, h, w: _spread(z, h // z.shape[2]) / (h // z.shape[2]) ** 2,
                "You share each value out over its block. Unpooling puts all of it at one place."),
        Mistake("rows and columns swapped", lambda z, i, h, w: _unpool(z, i, h, w, "columns"),
                "Row and column have changed places: row = index // width, column = index % width."),
        Mistake("channel ignored", lambda z, i, h, w: _unpool(z, i, h, w, "channel"),
                "You use the indices of the first channel for all. Every channel has its own."),
        Mistake("sample ignored", lambda z, i, h, w: _unpool(z, i, h, w, "sample"),
                "You use the indices of the first sample for the whole batch. Every sample has its own."),
    ),
)  # fmt: skip

ALL = (INDICES, KERNEL, UNPOOL)
