"""Lesson 02: the round trip through pooling that you can open anywhere, and what it keeps."""

import torch
import torch.nn.functional as F
from torch import Tensor

from a2u import formula
from a2u.errors import A2UError, near_match
from a2u.lessons import shared
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
