"""SAPA-D: similarity with decoder features at learned points, so both w and z are learned."""

import torch.nn.functional as F
from torch import Tensor, nn

from a2u.cells import bilinear_cells, scored
from a2u.checks import check_positive
from a2u.errors import A2UError
from a2u.operators.contract import Card
from a2u.operators.listed import ListedUpsampler
from a2u.operators.points import parents, positions
from a2u.operators.registry import register


@register(
    Card(
        name="sapa_d",
        title="SAPA-D",
        family="feature",
        order=2,
        kernel="softmax of the similarity of an encoder feature with the decoder features at n learned points",
        window="n = 9 points, each read of 2×2 cells; a convolution of the map places them",
        cost="4n, and (4n·g·d + (C + C/r²)·g·d + 2·C·g·n)/C for kernel and places; g = 4, d = 32",
        source="Lu et al., On Point Affiliation in Feature Upsampling, arXiv 2307.08198",
        guided_by="encoder map",
        groups="g = 4",
        sums_to_one="inside",
        linear_in_x=False,
    )
)
class SAPAD(ListedUpsampler):
    """Each output asks which of n points of x is like it: w = softmax over points of ⟨q, k(p)⟩, y = Σ w·x(p).

    q = Q·g, k = K·x (1×1 convolutions with biases, to d channels for each of the groups). The points p are the parent's
    position plus offsets O·x (a 1×1 convolution, shuffled to the r² phases), in values of x. k and x are read at p
    bilinearly and are 0 outside the map. At first all points lie by the parent: training starts at nearest neighbour.

    Args:
        channels: C, a multiple of groups.
        ratio: r.
        guide_channels: C_g.
        points: n.
        groups: g, groups of channels with kernels and points of their own.
        embedding: d.

    Parameters: g·d·(C + C_g + 2) + 2·g·n·r²·(C + 1); 544(C + 1) at r = 2.
    """

    local = False  # offsets have no bound

    def __init__(
        self,
        channels: int,
        ratio: int = 2,
        *,
        guide_channels: int | None = None,
        points: int = 9,
        groups: int = 4,
        embedding: int = 32,
    ) -> None:
        super().__init__(channels, ratio, guide_channels=guide_channels)
        self.points, self.groups = check_positive("points", points), check_positive("groups", groups)
        embedding = check_positive("embedding", embedding)
        if self.channels % self.groups:
            raise A2UError(
                f"The groups of SAPA-D must divide the channels, got groups={groups} for {channels} channels. Choose "
                "groups that divide them, 1 if need be."
            )
        self.query = nn.Conv2d(self.guide_channels, self.groups * embedding, 1)
        self.key = nn.Conv2d(self.channels, self.groups * embedding, 1)
        self.offset = nn.Conv2d(self.channels, 2 * self.groups * self.points * self.ratio**2, 1)
        for module in (self.query, self.key, self.offset):
            nn.init.normal_(module.weight, std=0.02)
            nn.init.zeros_(module.bias)  # type: ignore[arg-type]

    def cells(self, x: Tensor, guide: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The cells that all points are read of, with the product of both weights: Tensor[N, g, 4n, rH, rW] each."""
        self.check(x, guide)
        assert guide is not None
        if 0 in x.shape or 0 in guide.shape:
            return self.no_cells(x, self.groups, 4 * self.points)
        height, width = x.shape[-2:]
        moved = positions(F.pixel_shuffle(self.offset(x), self.ratio))
        across, down = moved.unflatten(1, (self.groups, self.points, 2)).unbind(3)  # N g n rH rW
        rows = down + parents(height, self.ratio, down)[:, None]
        columns = across + parents(width, self.ratio, across)
        bilinear, index = bilinear_cells(rows, columns, height, width, "zeros")
        path = "reference" if self.path == "reference" else "auto"
        each = scored(self.query(guide), self.key(x), index, path)  # of cells; a point's score is read of four
        bilinear, each = (of_cells.unflatten(2, (self.points, 4)) for of_cells in (bilinear, each))
        w = (bilinear * each).sum(3, keepdim=True).softmax(2)
        return (w * bilinear).flatten(2, 3), index
