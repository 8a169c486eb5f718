"""The two encodings of A²U: depth-wise responses of the encoder map, and the summaries that weights are generated from.

``responses`` is gpconv of Eq. (4), for filters that may differ by sample (dynamic) and may be shared by all channels
(channel-shared). A batch is one convolution whatever the filters: samples become groups.
"""

from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from a2u.operators.strided import pays, strided
from a2u.paths import channels_last, pad_channels_last, to_channels_last, two_columns, window_start

NORMALIZATIONS = ("sigmoid+softmax", "softmax", "sigmoid", "none")


def normalize(logits: Tensor, how: str) -> Tensor:
    """Kernel values over the tap axis 1 of Tensor[N, taps, H, W]: see NORMALIZATIONS; Table 4 compares two."""
    if "sigmoid" in how:
        logits = logits.sigmoid()
    return logits.softmax(dim=1) if "softmax" in how else logits


def responses_to(x: Tensor, sets: list[Tensor], ratio: int) -> list[Tensor]:
    """The :func:`responses` of one map to several sets of filters, of one size, in one pass over the map."""
    if not torch.compiler.is_compiling() and pays(x, sets, ratio):
        filters = [each[0].expand(-1, x.shape[1], -1, -1) for each in sets]
        return [y.permute(0, 2, 4, 1, 3) for y in strided(x, filters, ratio)]
    together = responses(x, torch.cat(sets, dim=1), ratio)
    return list(together.split([each.shape[1] for each in sets], dim=1))


def responses(x: Tensor, filters: Tensor, ratio: int) -> Tensor:
    """Stride-r depth-wise convolution: y[n, m, c, i, j] = Σ_t filters[n, m, c, t] · z[n, c, t, i, j].

    Args:
        x: Tensor[N, C, rH, rW].
        filters: Tensor[N or 1, M, C or 1, k, k]: M filters, for each sample or for all, for each channel or for all.
        ratio: r, the stride.

    Returns:
        Tensor[N, M, C, H, W].
    """
    if torch.compiler.is_compiling():
        return _shifted(x, filters, ratio)
    n, c, height, width = x.shape
    m, k = filters.shape[1], filters.shape[-1]
    start, groups = window_start(k, ratio), c
    if filters.shape[0] > 1 and channels_last(x) and x.device.type == "cpu":
        # As channels of one image the batch would have to be copied to another layout; one sample fits in the cache.
        return torch.cat([responses(*one, ratio) for one in zip(x.split(1), filters.split(1), strict=True)])
    x = two_columns(x, ratio)
    if start < 0:  # a window smaller than its block begins inside it
        x, start = x[..., -start:, -start:], 0
    if filters.shape[0] > 1:  # per sample: the batch becomes channels of one image
        x, groups = x.reshape(1, n * c, *x.shape[-2:]), n * c
    elif x.device.type == "cpu" and m > 2:  # several filters per channel: 2× to 3× faster in this layout
        x = to_channels_last(x)
    weights = filters.transpose(1, 2).expand(-1, c, -1, -1, -1).reshape(groups, m, 1, k, k)
    if m <= 2:  # one filter per channel has a fast kernel of its own on CPUs; more are faster together
        parts = [F.conv2d(x, weights[:, i], stride=ratio, padding=start, groups=groups) for i in range(m)]
        y = torch.stack([p.view(n, c, *p.shape[-2:]) for p in parts], dim=1)
    else:
        y = F.conv2d(x, weights.flatten(0, 1), stride=ratio, padding=start, groups=groups)
        y = y.reshape(n, c, m, *y.shape[-2:]).transpose(1, 2)
    return y[..., : height // ratio, : width // ratio]  # at ratio 1 an even k adds a row and a column


def compiled_affinity(x: Tensor, u: Tensor, v: Tensor, ratio: int, u_sigmoid: bool = False) -> Tensor:
    """Σ_c response(U)_c · response(V)_c in one compiled loop over the map, which stores neither response.

    Shapes as in :func:`responses`; → Tensor[N, M, H, W]. The first call for a shape compiles, for up to a minute, and
    needs a C++ compiler.
    """
    n, c, height, width = x.shape
    h, w = height // ratio, width // ratio
    # Padded outside, as in paths.compiled: inside, the padding would be computed again for each of the k² taps.
    padded = pad_channels_last(x, u.shape[-1], ratio, h, w)
    u, v = (f.flatten(3).transpose(2, 3).expand(n, -1, -1, c).contiguous() for f in (u, v))  # N M k² C, to read along C
    y: Tensor = _compiled_affinity()(padded, u, v, ratio, h, w, u_sigmoid)
    return y


def _affinity_of_shifts(padded: Tensor, u: Tensor, v: Tensor, ratio: int, h: int, w: int, u_sigmoid: bool) -> Tensor:
    k = padded.shape[1] - (h - 1) * ratio
    maps = []
    for m in range(u.shape[1]):
        by_u: Tensor | None = None
        by_v: Tensor | None = None
        for t in range(k * k):
            row, column = divmod(t, k)
            z = padded[:, row : row + (h - 1) * ratio + 1 : ratio, column : column + (w - 1) * ratio + 1 : ratio]
            term_u, term_v = u[:, m, t, None, None] * z, v[:, m, t, None, None] * z  # N h w C
            by_u = term_u if by_u is None else by_u + term_u
            by_v = term_v if by_v is None else by_v + term_v
        assert by_u is not None
        assert by_v is not None
        maps.append(((by_u.sigmoid() if u_sigmoid else by_u) * by_v).sum(-1))
    return torch.stack(maps, dim=1)


@lru_cache(maxsize=1)
def _compiled_affinity() -> Any:
    return torch.compile(_affinity_of_shifts, dynamic=False)


def descriptors(x: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """The summaries of the input that weights come from: adaptive average pooling to size×size, and the mean.

    Tensor[N, C, H, W] → Tensor[N, C, size, size], Tensor[N, C, 1, 1]. Both axes are pooled by matrix products, one
    row of weights per bin: one pass over the map gives both results, and the backward is deterministic on GPUs.
    """
    rows, columns = (bins(length, size, x) for length in x.shape[-2:])  # size+1 H, size+1 W
    across = (
        (columns @ x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2) if channels_last(x) else x @ columns.T
    )  # N C H size+1
    pooled = rows @ across  # N C size+1 size+1, the last row and column over everything
    return pooled[..., :size, :size], pooled[..., size:, size:]


def bins(length: int, size: int, like: Tensor) -> Tensor:
    """Adaptive average pooling of one axis as a matrix: bin b averages ⌊bL/s⌋ … ⌈(b+1)L/s⌉ − 1; the last row all."""
    position = torch.arange(length, device=like.device)
    b = torch.arange(size, device=like.device)[:, None]
    inside = (position >= b * length // size) & (position < -(-(b + 1) * length // size))
    inside = torch.cat([inside, torch.ones_like(inside[:1])]).to(like.dtype)
    return inside / inside.sum(1, keepdim=True)


def _shifted(x: Tensor, filters: Tensor, ratio: int) -> Tensor:
    """The same as a sum over taps, which a compiler fuses with what follows: no response is ever stored."""
    k, h, w = filters.shape[-1], x.shape[-2] // ratio, x.shape[-1] // ratio
    padded = pad_channels_last(x, k, ratio, h, w)[:, None]  # N 1 Hp Wp C
    total: Tensor | None = None
    for t in range(k * k):
        row, column = divmod(t, k)
        z = padded[:, :, row : row + (h - 1) * ratio + 1 : ratio, column : column + (w - 1) * ratio + 1 : ratio]
        term = filters[..., row, column][:, :, None, None] * z  # N M H W C
        total = term if total is None else total + term
    assert total is not None
    return total.movedim(-1, 2)


class Filters(nn.Module):
    """M depth-wise k×k filters: parameters, or generated from the input.

    Static: a parameter, without bias. Dynamic: adaptive average pooling of the map to k×k and a 1×1 convolution with
    bias, so every sample gets its own.

    Args:
        channels: C of the map they act on.
        count: M.
        size: k.
        shared: one filter for all channels instead of one each.
        dynamic: generate them from the input.
        summed: how many channels' responses are added up afterwards, if they are: static filters then begin with the
            bound of a convolution over all of them, ±1/(k·√summed), which keeps the sum from saturating what follows.

    Parameters: M·C·k² (shared: M·k²) static; M·C·(C + 1) (shared: M·(C + 1)) dynamic.
    """

    def __init__(self, channels: int, count: int, size: int, *, shared: bool, dynamic: bool, summed: int = 1) -> None:
        super().__init__()
        self.count, self.size, self.dynamic = count, size, dynamic
        self.width = 1 if shared else channels
        if dynamic:
            self.generate = nn.Conv2d(channels, count * self.width, 1)
        else:
            self.weight = nn.Parameter(torch.empty(count, self.width, size, size))
            bound = 1 / (size * summed**0.5)  # torch's own bound for a Conv2d with as many inputs
            nn.init.uniform_(self.weight, -bound, bound)

    def forward(self, pooled: Tensor | None) -> Tensor:
        """The map pooled to Tensor[N, C, k, k] (static: ignored) → Tensor[N or 1, M, C or 1, k, k]."""
        if not self.dynamic:
            return self.weight[None]
        filters: Tensor = self.generate(pooled).unflatten(1, (self.count, self.width))
        return filters


class EncodingNorm(nn.Sequential):
    """Group norm, groups within each of the M responses, and leaky ReLU 0.01 of Tensor[N, M, C, H, W] (†).

    Args:
        count: M.
        channels: C.
        groups: of each response; they divide C.

    Parameters: 2·M·C.
    """

    def __init__(self, count: int, channels: int, groups: int) -> None:
        super().__init__(nn.GroupNorm(groups * count, count * channels), nn.LeakyReLU(0.01))

    def forward(self, response: Tensor) -> Tensor:
        """Normalise and activate; channels are flattened for the norm."""
        flat = response.flatten(1, 2)  # N M·C H W
        if flat.shape[0] == 1 and flat.shape[2:].numel() == 1:
            # Its groups may hold a single value, which torch refuses in a batch of 1.
            flat = flat.expand(2, -1, -1, -1)
        group, activation = self
        y: Tensor = activation(group(flat))
        return y[: len(response)].view_as(response)


class Projection(nn.Module):
    """P of Eq. (4): d affinities to ``rows`` kernel values at each position.

    Static: a parameter, without bias. From the input (hybrid, dynamic): global average pooling and a 1×1 convolution
    with bias to rows·d weights.

    Args:
        channels: C of the map that generates it.
        rows: kernel values made of each position's affinities.
        rank: d.
        dynamic: generate it from the input.

    Parameters: rows·d static; rows·d·(C + 1) dynamic.
    """

    def __init__(self, channels: int, rows: int, rank: int, *, dynamic: bool) -> None:
        super().__init__()
        self.rows, self.rank, self.dynamic = rows, rank, dynamic
        if dynamic:
            self.generate = nn.Conv2d(channels, rows * rank, 1)
        else:
            self.weight = nn.Parameter(torch.ones(rows, rank))
            if rows > 1:  # the taps of a kernel must begin different; a single value passes its affinities on
                nn.init.uniform_(self.weight, -(rank**-0.5), rank**-0.5)  # the scale of a 1×1 Conv2d of torch

    def forward(self, affinity: Tensor, mean: Tensor | None) -> Tensor:
        """Affinity Tensor[N, d, H, W] and the map's mean Tensor[N, C, 1, 1] (static: ignored) → N rows H W."""
        if not self.dynamic:
            return F.conv2d(affinity, self.weight[:, :, None, None])
        weights = self.generate(mean).view(-1, self.rows, self.rank)
        y: Tensor = torch.bmm(weights, affinity.flatten(2)).unflatten(2, affinity.shape[-2:])
        return y
