"""How far a sharp map is from the true one: on its boundaries, away from them, and as a boundary.

The boundary band is every pixel within BAND pixels of a place where the true map crosses ½ (of several maps: where
another one is the largest). The network has to place these edges; away from them the coarse map nearly says it all.
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from a2u.checks import check_map
from a2u.errors import A2UError

BAND = 2  # pixels on either side of a boundary
SCORES = ("band", "inside", "sad", "f")
REACH = 1  # pixels by which a boundary may be off and still be found


def regions(maps: Tensor) -> Tensor:
    """Which region each pixel belongs to: int64 Tensor[N, H, W]; of one map above ½ or not, else the largest."""
    check_map("Maps", maps)
    return (maps[:, 0] > 0.5).long() if maps.shape[1] == 1 else maps.argmax(1)


def boundary(maps: Tensor) -> Tensor:
    """Pixels with a neighbour, along an axis, in another region: bool Tensor[N, H, W]."""
    found = regions(maps)
    edges = torch.zeros_like(found, dtype=torch.bool)
    down, right = found[:, 1:] != found[:, :-1], found[:, :, 1:] != found[:, :, :-1]
    edges[:, 1:] |= down
    edges[:, :-1] |= down
    edges[:, :, 1:] |= right
    edges[:, :, :-1] |= right
    return edges


def near(edges: Tensor, reach: int) -> Tensor:
    """Pixels at most `reach` pixels, along each axis, from one of `edges`: bool Tensor[N, H, W]."""
    return F.max_pool2d(edges[:, None].float(), 2 * reach + 1, stride=1, padding=reach)[:, 0] > 0


def scores(made: Tensor, true: Tensor) -> dict[str, float]:
    """Four scores over a set of images, Tensor[N, K, H, W] each; what was made is clipped to [0, 1] first.

    Returns:
        band: mean |made − true| over the boundary bands of all images. inside: the same over all other pixels.
        sad: Σ |made − true| of an image, its mean over images, in thousands. f: the boundary F score, 2PR/(P + R): P
        is the share of the made boundary that lies within REACH of the true one, R the share of the true one that
        lies within REACH of the made one; the mean over the images whose truth has a boundary. The errors are means
        over the K maps. NaN where there is no such pixel or image.

    Raises:
        A2UError: Shapes that differ.
    """
    if made.shape != true.shape:
        raise A2UError(f"Maps are compared with maps of one shape, given {tuple(made.shape)} and {tuple(true.shape)}.")
    made = made.detach().clamp(0, 1)
    error = (made - true).abs().mean(1).double()  # N H W
    edges = boundary(true)
    band = near(edges, BAND)
    return {
        "band": error[band].mean().item(),
        "inside": error[~band].mean().item(),
        "sad": error.sum(dim=(1, 2)).mean().item() / 1000,
        "f": _mean([_f(*pair) for pair in zip(boundary(made), edges, strict=True) if pair[1].any()]),
    }


def _f(made: Tensor, true: Tensor) -> float:
    if not made.any():
        return 0.0
    precision = (made & near(true[None], REACH)[0]).sum().item() / made.sum().item()
    recall = (true & near(made[None], REACH)[0]).sum().item() / true.sum().item()
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan
