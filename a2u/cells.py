r"""Weighted sums of listed cells: y = Σ_t w_t · x[index_t], and the product that makes such weights.

A window is the same few cells around every position. Operators that move z (points that are read bilinearly) or look at
a whole neighbourhood list their cells: for each output T of them, as positions in H·W, −1 for "outside, where z is 0".

- :func:`gather` is the sum over the list; its backward reads the list again instead of storing what it found.
- :func:`gathered` is the same for arguments that are known to fit.
- :func:`scored` is its partner: the inner product of a query at the output with a key in each listed cell. Weights of
  attention are made of it.
- :func:`bilinear_cells` turns a fractional position into four cells and their weights.

The fast form of both products is that of :mod:`a2u.bags`: no tensor holds T copies of the upsampled map. While torch
traces or transforms the call, and for complex numbers, one cell is added after the other.

Axes: N batch, G groups of channels, T cells of an output, H', W' the size of the output.
"""

import torch
from torch import Tensor

from a2u.bags import Gathered, Scored, reference, scored_tap_by_tap, seen, tap_by_tap
from a2u.checks import check_cells, check_choice, empty
from a2u.paths import HALF, concrete, traced, without_autocast

PATHS = ("auto", "reference", "taps", "bags")


def gather(x: Tensor, w: Tensor, index: Tensor, path: str = "auto") -> Tensor:
    r"""Sum listed cells: y[n, c, i', j'] = Σ_t w[n, g(c), t, i', j'] · x[n, c, index[n, g(c), t, i', j']].

    For operators that move z or look at a whole neighbourhood; where z is a window, :func:`reassemble` is faster.

    Args:
        x: Tensor[N, C, H, W], floating point or complex.
        w: Tensor[N or 1, G or 1, T, H', W'], T weights for each output, of any size H'×W'. G divides C.
        index: LongTensor[N or 1, G or 1, T, H', W'], the cell that each weight meets: row · W + column, or −1 for
            "outside", where z is 0. A cell may be listed twice.
        path: "auto"; "bags" (each output is a bag of rows: the fastest, and nothing holds T copies of a map); "taps"
            (one cell of every output after the other; auto takes it for complex numbers and while torch traces or
            transforms the call); or "reference" (the sum as it stands).

    Returns:
        Tensor[N, C, H', W'] of x's dtype; sums of half precision are made in float32. Gradients reach x and w; those
        of positions come through the weights that :func:`bilinear_cells` makes of them.

    Raises:
        A2UError: shapes, dtypes or devices that do not fit, an index outside the map, an unknown path.

    Example:
        >>> x = torch.arange(6.0).view(1, 1, 2, 3)
        >>> index = torch.tensor([[4, 5], [-1, 0]]).view(1, 1, 2, 1, 2)  # two cells for each of 1×2 outputs
        >>> gather(x, torch.ones(1, 1, 2, 1, 2), index).tolist()
        [[[[4.0, 5.0]]]]
    """
    check_cells(x, w, index)
    check_choice("path", path, PATHS)
    if 0 in x.shape or 0 in w.shape:
        return empty(x, (*x.shape[:2], *w.shape[-2:]), w)
    return gathered(x, w, index, path)


def gathered(x: Tensor, w: Tensor, index: Tensor, path: str = "auto") -> Tensor:
    """y[n, c, i', j'] = Σ_t w[n, g(c), t, i', j'] · x[n, c, index[n, g(c), t, i', j']], 0 where the index is −1.

    Args:
        x: Tensor[N, C, H, W].
        w: Tensor[N or 1, G or 1, T, H', W'].
        index: LongTensor[N or 1, G or 1, T, H', W'].
        path: "auto", "bags", "taps" or "reference".

    Returns:
        Tensor[N, C, H', W'] of x's dtype, sums of half precision in float32.
    """
    groups, size = max(w.shape[1], index.shape[1]), w.shape[-2:]
    with without_autocast(x.device):
        wide = torch.float32 if x.dtype in HALF else x.dtype
        seen = x.to(wide).flatten(2)  # N C S
        shape = (x.shape[0], groups, w.shape[2], -1)
        weights = w.to(wide).flatten(3).expand(shape)  # N G T P
        cells = index.flatten(3).expand(shape)
        if path == "reference":
            y = reference(seen, weights, cells)  # N C P
        else:
            y = Gathered.apply(seen, weights, cells) if _in_bags(path, seen) else tap_by_tap(seen, weights, cells)
        return y.view(*y.shape[:2], *size).to(x.dtype)


def scored(query: Tensor, key: Tensor, index: Tensor, path: str = "auto") -> Tensor:
    """s[n, g, t, i', j'] = Σ_c query[n, c, i', j'] · key[n, c, index[n, g, t, i', j']] over the channels of group g.

    Args:
        query: Tensor[N, C, H', W'].
        key: Tensor[N, C, H, W].
        index: LongTensor[N or 1, G, T, H', W'].
        path: as for :func:`gathered`.

    Returns:
        Tensor[N, G, T, H', W'], float32 for half precision.
    """
    with without_autocast(key.device):
        wide = torch.float32 if key.dtype in HALF else key.dtype
        cells = index.flatten(3).expand(key.shape[0], -1, -1, -1)
        q, k = query.to(wide).flatten(2), key.to(wide).flatten(2)
        if path == "reference":
            found: Tensor = (q.unflatten(1, (cells.shape[1], -1))[:, :, :, None] * seen(k, cells)).sum(2)
        else:
            found = Scored.apply(q, k, cells) if _in_bags(path, k) else scored_tap_by_tap(q, k, cells)
        return found.view(*found.shape[:3], *index.shape[-2:])


def bilinear_cells(rows: Tensor, columns: Tensor, height: int, width: int, border: str) -> tuple[Tensor, Tensor]:
    """Points that are read bilinearly, as cells: four of them for each point, with their weights.

    Args:
        rows, columns: Tensor[N, G, T, H', W'], positions in cells; 0 is the middle of the first one. Of float32 at
            least: in half precision positions beyond some hundred cells have no fraction.
        height, width: of the map.
        border: "clamp" moves a point outside the map to its edge, so weights sum to 1; with "zeros" the map is 0
            outside, so weight is lost.

    Returns:
        w, index: Tensor and LongTensor[N, G, 4·T, H', W'], the four cells of a point side by side, row-major. The
        weights carry gradients to the positions.
    """
    if border == "clamp":
        rows, columns = rows.clamp(0, height - 1), columns.clamp(0, width - 1)
    top, left = rows.detach().floor(), columns.detach().floor()
    down, right = rows - top, columns - left
    # A position that is not a number makes its weights so; as an index it would be undefined.
    top, left = (edge.nan_to_num(-9.0, -9.0, -9.0).clamp(-9, size) for edge, size in ((top, height), (left, width)))
    weights, cells = [], []
    for a, along in ((0, 1 - down), (1, down)):
        for b, across in ((0, 1 - right), (1, right)):
            weights.append(along * across)
            i, j = top.long() + a, left.long() + b
            if border == "clamp":
                i, j = i.clamp(0, height - 1), j.clamp(0, width - 1)
            inside = (i >= 0) & (i < height) & (j >= 0) & (j < width)
            cells.append(torch.where(inside, i * width + j, -1))
    return torch.stack(weights, 3).flatten(2, 3), torch.stack(cells, 3).flatten(2, 3)


def _in_bags(path: str, x: Tensor) -> bool:
    return path != "taps" and concrete(x) and not traced() and not x.is_complex()
