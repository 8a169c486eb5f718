"""LDA-AQU: attention without an encoder; the query is the bilinear guess itself, and the keys lie at learned points."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from a2u.cells import bilinear_cells, scored
from a2u.checks import check_positive
from a2u.errors import A2UError
from a2u.operators.contract import Card
from a2u.operators.listed import ListedUpsampler
from a2u.operators.points import positions
from a2u.operators.registry import register
from a2u.operators.sapa import ChannelNorm

SIDE = 3  # points of an output, before they are moved: 3×3 output pixels
POINTS = SIDE**2
REACH = 11.0  # output pixels by which a point is moved at most


@register(
    Card(
        name="lda_aqu",
        title="LDA-AQU",
        family="feature",
        order=2,
        kernel="softmax of the similarity of the map, interpolated, with itself at 9 learned points",
        window="9 points, each read of 2×2 cells; two convolutions of the query place them",
        cost="36, and about (36·C/4 + 9·18·C/4)/C for kernel and places",
        source="Du et al., LDA-AQU: Adaptive Query-guided Upsampling via Local Deformable Attention, ACM MM 2024, "
        "arXiv 2411.19585",
        groups="2, by their places",
        sums_to_one="inside",
        linear_in_x=False,
    )
)
class LDAAQU(ListedUpsampler):
    """Each output compares a query with keys at nine points: w = softmax₉(⟨q, k(p_t) + β_t⟩/√d), y = Σ w·x(p_t).

    q = Q·LN(x), interpolated bilinearly to the output's size, and k = K·LN(x), both 1×1 to C/reduction channels without
    bias. The points of an output are the 3×3 output pixels around it, moved by 11·tanh of a small network of q (depth-
    wise 3×3, layer norm, GELU, 3×3 to nine pairs of row and column), the same network for each group of channels. As
    published, corners are aligned: output pixel P lies at P·(H − 1)/(rH − 1) in the map, which is 0 outside.

    Args:
        channels: C, a multiple of reduction·groups.
        ratio: r.
        reduction: how much fewer channels query and key have.
        groups: groups of channels whose points lie elsewhere.
        heads: groups of channels with weights of their own; one of heads and groups divides the other.

    Parameters: C²/2 + 207C/8 + 18.
    """

    local = False  # with corners aligned, a place depends on the size of the whole map

    def __init__(self, channels: int, ratio: int = 2, *, reduction: int = 4, groups: int = 2, heads: int = 1) -> None:
        super().__init__(channels, ratio)
        reduction, self.groups = check_positive("reduction", reduction), check_positive("groups", groups)
        self.heads = check_positive("heads", heads)
        parts = max(self.groups, self.heads)
        if parts % min(self.groups, self.heads) or self.channels % (reduction * parts):
            raise A2UError(
                f"LDA-AQU splits C/reduction channels among groups and among heads, one of which divides the other, "
                f"got {channels} channels, reduction={reduction}, groups={groups} and heads={heads}. Give a multiple "
                "of reduction·groups channels, or choose other groups."
            )
        inner = self.channels // reduction
        self.norm = ChannelNorm(self.channels)
        self.query = nn.Conv2d(self.channels, inner, 1, bias=False)
        self.key = nn.Conv2d(self.channels, inner, 1, bias=False)
        own = inner // self.groups
        self.place = nn.Sequential(
            nn.Conv2d(own, own, 3, padding=1, groups=own, bias=False),
            ChannelNorm(own),
            nn.GELU(),
            nn.Conv2d(own, 2 * POINTS, 3, padding=1),
        )
        self.bias = nn.Parameter(torch.empty(POINTS, inner))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.xavier_uniform_(module.weight)
        last = self.place[-1]
        assert isinstance(last, nn.Conv2d)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)  # type: ignore[arg-type]
        nn.init.trunc_normal_(self.bias, std=0.02)

    def cells(self, x: Tensor, guide: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The cells that all points are read of, with the product of both weights: Tensor[N, parts, 36, rH, rW]."""
        self.check(x)
        parts = max(self.groups, self.heads)
        if 0 in x.shape:
            return self.no_cells(x, parts, 4 * POINTS)
        (height, width), normed = x.shape[-2:], self.norm(x)
        size = height * self.ratio, width * self.ratio
        query = F.interpolate(self.query(normed), size, mode="bilinear", align_corners=True)
        rows, columns = self._points(query, height, width)  # N groups 9 rH rW
        bilinear, index = (
            each.repeat_interleave(parts // self.groups, 1)
            for each in bilinear_cells(rows, columns, height, width, "zeros")
        )
        path = "reference" if self.path == "reference" else "auto"
        each = scored(query, self.key(normed), index, path)
        each = (bilinear * each).unflatten(2, (POINTS, 4)).sum(3)  # N parts 9 rH rW
        by_head = each.unflatten(1, (self.heads, -1)).sum(2) + self._biases(query)
        w = (by_head / (query.shape[1] // self.heads) ** 0.5).softmax(2).repeat_interleave(parts // self.heads, 1)
        return (w[:, :, :, None] * bilinear.unflatten(2, (POINTS, 4))).flatten(2, 3), index

    def _points(self, query: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
        """Where each output's points lie, in cells of the map."""
        n, c = query.shape[:2]
        moved: Tensor = self.place(query.reshape(n * self.groups, c // self.groups, *query.shape[2:]))
        moved = positions(moved).tanh() * REACH
        moved = moved.unflatten(1, (POINTS, 2)).unflatten(0, (n, self.groups))  # N groups 9 2 rH rW
        tap = torch.arange(POINTS, device=query.device)
        down, across = moved.unbind(3)
        rows = self._line(height, down)[:, None] + (tap // SIDE - 1)[:, None, None] + down
        columns = self._line(width, across) + (tap % SIDE - 1)[:, None, None] + across
        return rows * self._scale(height), columns * self._scale(width)

    def _line(self, length: int, like: Tensor) -> Tensor:
        return torch.arange(length * self.ratio, device=like.device).to(like.dtype)

    def _scale(self, length: int) -> float:
        """Values of the map for each output pixel, with corners aligned; a single output pixel is the map's."""
        return (length - 1) / (length * self.ratio - 1) if length * self.ratio > 1 else 1.0

    def _biases(self, query: Tensor) -> Tensor:
        """⟨q, β_t⟩ of each head: N heads 9 rH rW."""
        q = query.unflatten(1, (self.heads, -1))
        return torch.einsum("nhcij,thc->nhtij", q, self.bias.view(POINTS, self.heads, -1).to(q.dtype))
