r"""The product that makes kernels of similarity: a query at each output meets the keys of its window.

s[n, g, t, i', j'] = Σ_c query[n, c, i', j'] · z[n, c, t, ⌊i'/r⌋, ⌊j'/r⌋], z the windows of the keys, zeros outside.

It is the partner of reassembly: ⟨query, reassemble(key, w)⟩ = ⟨w, scores⟩. So the banded matrix product computes it
and its gradients, and no tensor holds k² copies of a map. While torch traces or transforms the call, one tap is
computed after the other.
"""

from typing import Any

import torch
from torch import Tensor

from a2u.paths import HALF, concrete, differentiated, mapped, pad_to_grid, traced, without_autocast
from a2u.tiles import banded, gradients


def window_scores(query: Tensor, key: Tensor, size: int, ratio: int, groups: int = 1, path: str = "auto") -> Tensor:
    """The inner products of every query with the keys of its parent's window.

    Args:
        query: Tensor[N, C, rH, rW].
        key: Tensor[N, C, H, W].
        size: k, the side of the window.
        ratio: r.
        groups: G groups of channels, each with scores of its own.
        path: "auto", or "reference" for the sum as it stands.

    Returns:
        Tensor[N, G, k², rH, rW], float32 for half precision.
    """
    with without_autocast(key.device):
        wide = torch.float32 if key.dtype in HALF else key.dtype
        q, k = query.to(wide), key.to(wide)
        if path == "reference" or traced() or not (concrete(q) and concrete(k)):
            return _tap_by_tap(q, k, size, ratio, groups)
        found: Tensor = _Scores.apply(q, k, size, ratio, groups)
        return found


def _tap_by_tap(query: Tensor, key: Tensor, size: int, ratio: int, groups: int) -> Tensor:
    height, width = key.shape[-2:]
    padded = pad_to_grid(key, size, 1, height, width)
    blocks = query.unflatten(3, (width, ratio)).unflatten(2, (height, ratio))  # N C H r W r
    each = []
    for t in range(size * size):
        row, column = divmod(t, size)
        z = padded[:, :, row : row + height, None, column : column + width, None]
        each.append((blocks * z).unflatten(1, (groups, -1)).sum(2).flatten(4, 5).flatten(2, 3))
    return torch.stack(each, 2)


def _like_kernels(query: Tensor, size: int, groups: int) -> Tensor:
    """Kernels without values, for their shape alone."""
    return query.new_empty(()).expand(query.shape[0], groups, size * size, *query.shape[-2:])


class _Scores(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, size: int, ratio: int, groups: int) -> Tensor:
        ctx.save_for_backward(query, key)
        ctx.geometry = size, ratio, groups
        _, found = gradients(key, _like_kernels(query, size, groups), query, (False, True), size, 1, ratio)
        assert found is not None
        return found

    @staticmethod
    def backward(ctx: Any, *given: Tensor) -> tuple[Tensor | None, ...]:
        (query, key), (grad,), needed = ctx.saved_tensors, given, ctx.needs_input_grad[:2]
        size, ratio, _ = ctx.geometry
        with without_autocast(key.device):
            if torch.is_grad_enabled() or mapped(grad):
                again = differentiated(lambda a, b: _tap_by_tap(a, b, *ctx.geometry), (query, key), needed, grad)
                return *again, None, None, None
            to_query = banded(key, grad, size, 1, ratio) if needed[0] else None
            to_key = gradients(key, grad, query, (True, False), size, 1, ratio)[0] if needed[1] else None
            return to_query, to_key, None, None, None
