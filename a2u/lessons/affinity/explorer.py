"""Affinity inside a window: how alike two pixels are, all pairs at once, and what rank d keeps of their weights.

The window is one of those that A²U looks at: 5×5 of the shared encoder map, centred on pixel (2i, 2j) for position
(i, j) of the 8×8 map. Everything is float64.
"""

from functools import cache

import torch
from torch import Tensor

from a2u import formula
from a2u.errors import A2UError, near_match
from a2u.lessons import shared
from a2u.lessons.affinity.picture import affinity_window
from a2u.lessons.frame import Drawing, Panel, choice, slider
from a2u.operators.witness import window_positions
from a2u.plots import style

SIZE = 5  # of the window
RATIO = 2
TAPS = SIZE**2
SEED = 0
WIDE = 930  # pixels: the picture is as high as fits a laptop's screen together with its controls


@cache
def _encoded() -> tuple[Tensor, Tensor]:
    guide = shared.encoder_map(RATIO).double()
    return guide, formula.windows(guide, SIZE, RATIO)


def window(row: int, column: int) -> Tensor:
    """X of position (row, column) of the 8×8 map: Tensor[4 channels, 25 positions], float64, zeros outside."""
    return _encoded()[1][0, :, :, row, column].clone()


def pair_weights(name: str) -> Tensor:
    """A matrix A of weights a_ij for the 25×25 pairs of a 5×5 window, by the question that it asks.

    Raises:
        A2UError: there is no such matrix.
    """
    if name not in WEIGHTS:
        raise A2UError(f"There is no matrix {name!r}. {near_match(name, list(WEIGHTS))}")
    return WEIGHTS[name].clone()


def _grid() -> Tensor:
    """(row, column) of each tap: Tensor[25, 2]."""
    line = torch.arange(SIZE, dtype=torch.float64)
    return torch.cartesian_prod(line, line)


def _centre_with_all() -> Tensor:
    a = torch.zeros(TAPS, TAPS, dtype=torch.float64)
    a[TAPS // 2] = 1
    return a


def _left_with_right() -> Tensor:
    column = _grid()[:, 1]
    left, right = (column < SIZE // 2).double(), (column > SIZE // 2).double()
    return torch.outer(left, right) + torch.outer(right, left)


def _near_pairs() -> Tensor:
    near: Tensor = torch.exp(-(torch.cdist(_grid(), _grid()) ** 2) / 2)
    return near


def _random() -> Tensor:
    return torch.randn(TAPS, TAPS, generator=torch.Generator().manual_seed(SEED), dtype=torch.float64)


WEIGHTS = {
    "centre with all": _centre_with_all(),
    "left with right": _left_with_right(),
    "near pairs": _near_pairs(),
    "random": _random(),
    "each with itself": torch.eye(TAPS, dtype=torch.float64),
}


def truncate(a: Tensor, rank: int) -> Tensor:
    """The nearest matrix of this rank (Eckart and Young): the first ``rank`` terms σ u vᵀ of the SVD."""
    left, sigma, right = torch.linalg.svd(a)
    kept: Tensor = left[:, :rank] @ (sigma[:rank, None] * right[:rank])
    return kept


def rank_errors(a: Tensor) -> Tensor:
    """What is lost at rank d = 0 … N, as a share of ‖A‖: √(Σ_{r>d} σ_r² / Σ_r σ_r²)."""
    power = torch.linalg.svdvals(a) ** 2
    lost = torch.cat([power.flip(0).cumsum(0).flip(0), power.new_zeros(1)])
    return (lost / lost[0]).sqrt()


def explorer(
    row: int = 3, column: int = 4, i: int = 12, j: int = 8, weights: str = "near pairs", rank: int = 3
) -> Panel:
    """Choose a window and two of its pixels, a matrix of weights, and how many terms of it to keep."""
    controls = {
        "row": slider(0, shared.SIZE - 1, row, "row"),
        "column": slider(0, shared.SIZE - 1, column, "column"),
        "weights": choice(list(WEIGHTS), weights, "weights A"),
        "i": slider(0, TAPS - 1, i, "pixel i"),
        "j": slider(0, TAPS - 1, j, "pixel j"),
        "rank": slider(1, TAPS, rank, "rank d"),
    }
    return Panel(draw, width=WIDE, **controls)


def draw(row: int, column: int, weights: str, i: int, j: int, rank: int) -> Drawing:
    """The picture of one choice, with its description and its numbers."""
    x, a = window(row, column), pair_weights(weights)
    kept, lost = truncate(a, rank), rank_errors(a)
    similarity = x.T @ x
    where = window_positions(SIZE, RATIO, row, column, range(1))[:, 1:]
    fig = affinity_window(
        _encoded()[0][0, 0].numpy(), x.numpy(), where.numpy(), (i, j), a.numpy(), kept.numpy(), lost.numpy(),
        channels=shared.CHANNELS, weights=weights,
    )  # fmt: skip
    full, part = float((a * similarity).sum()), float((kept * similarity).sum())
    own, loss = style.number(float(similarity[i, j]), 3), style.number(100 * float(lost[rank]), 1)
    alt = (
        f"The 5×5 window around position ({row}, {column}): the similarity of pixels {i} and {j} is {own}, one cell "
        f"of a 25×25 matrix of all pairs. Beside it the weights '{weights}', what rank {rank} keeps of them (lost: "
        f"{loss} % of the norm), and the curve of this loss over the rank."
    )
    says = (
        f"x_iᵀx_j = {own}    w = Σ A∘S = {style.number(full, 3)}    with rank {rank}: {style.number(part, 3)}\n"
        f"numbers to learn: A has {TAPS * TAPS}, U and V have 2·{TAPS}·{rank} = {2 * TAPS * rank}"
    )
    return Drawing(fig, alt, says)
