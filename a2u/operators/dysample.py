"""DySample: the weights are those of bilinear interpolation, and what is learned is where each output reads."""

import torch.nn.functional as F
from torch import Tensor, nn

from a2u.cells import bilinear_cells
from a2u.checks import check_choice, check_flag, check_positive
from a2u.errors import A2UError
from a2u.operators.contract import Card
from a2u.operators.listed import ListedUpsampler
from a2u.operators.points import half_pixel, positions
from a2u.operators.registry import register

STYLES = ("lp", "pl")
STATIC, DYNAMIC = 0.25, 0.5  # how far a point moves for an offset of 1; twice as far at most, and as far at first


@register(
    Card(
        name="dysample",
        title="DySample",
        family="feature",
        order=1,
        kernel="bilinear weights of one point, which a 1×1 convolution of the map moves",
        window="2×2 cells around that point; they move, not w",
        cost="4, and 2·C·g/C for the place",
        source="Liu et al., Learning to Upsample by Learning to Sample, ICCV 2023, arXiv 2308.15085",
        groups="g = 4",
        border="points are moved to the edge",
        sums_to_one="always",
        linear_in_x=False,
        presets={
            "plus": {"dynamic": True},
            "s": {"style": "pl", "groups": 8},
            "s-plus": {"style": "pl", "groups": 8, "dynamic": True},
        },
    )
)
class DySample(ListedUpsampler):
    """Each output reads one point bilinearly: its own place in the small map, (i' + ½)/r − ½, plus a learned offset.

    Args:
        channels: C, a multiple of groups (and of r², with style "pl").
        ratio: r.
        style: "lp": a 1×1 convolution makes the offsets of all r² phases, then they are shuffled. "pl": the map is
            shuffled first, so the convolution sees C/r² channels.
        dynamic: offsets are multiplied by ½·sigmoid of another convolution ('+'), otherwise by ¼.
        groups: g, groups of channels that each read places of their own.

    Offsets count cells of the small map. With offsets of 0, near which training starts, this is bilinear interpolation.

    Parameters: lp 2gr²(C + 1), dynamic 2gr²(2C + 1); pl 2g(C/r² + 1), dynamic 2g(2C/r² + 1).
    """

    local = False  # offsets have no bound

    def __init__(
        self, channels: int, ratio: int = 2, *, style: str = "lp", dynamic: bool = False, groups: int = 4
    ) -> None:
        super().__init__(channels, ratio)
        check_choice("style of DySample", style, STYLES)
        self.style, self.dynamic, self.groups = style, check_flag("dynamic", dynamic), check_positive("groups", groups)
        phases = self.ratio**2
        if self.channels % self.groups:
            raise A2UError(
                f"The groups of DySample must divide the channels, got groups={self.groups} for {self.channels} "
                "channels. Choose groups that divide them, 1 if need be."
            )
        if style == "pl" and self.channels % phases:
            raise A2UError(
                f"DySample of style 'pl' shuffles channels into {self.ratio}×{self.ratio} pixels, so {phases} must "
                f"divide them, got {self.channels}. Use style='lp'."
            )
        seen, made = (self.channels, 2 * self.groups * phases) if style == "lp" else (
            self.channels // phases, 2 * self.groups)  # fmt: skip
        self.offset = nn.Conv2d(seen, made, 1)
        nn.init.normal_(self.offset.weight, std=1e-3)
        nn.init.zeros_(self.offset.bias)  # type: ignore[arg-type]
        self.scope = nn.Conv2d(seen, made, 1, bias=False) if dynamic else None
        if self.scope is not None:
            nn.init.zeros_(self.scope.weight)

    def offsets(self, x: Tensor) -> Tensor:
        """How far each output's point is moved: Tensor[N, 2, g, rH, rW], columns (x) first, in cells of the map."""
        self.check(x)
        n, _, height, width = x.shape
        if 0 in x.shape:
            return self.no_kernels(x, 2, self.groups)
        seen = x if self.style == "lp" else F.pixel_shuffle(x, self.ratio)
        moved: Tensor = self.offset(seen)
        moved = moved * STATIC if self.scope is None else moved * (DYNAMIC * self.scope(seen).sigmoid())
        if self.style == "lp":
            moved = F.pixel_shuffle(moved, self.ratio)
        return moved.view(n, 2, self.groups, height * self.ratio, width * self.ratio)

    def cells(self, x: Tensor, guide: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The four cells of each output's point, by bilinear weights: Tensor[N, g, 4, rH, rW] each."""
        self.check(x)
        if 0 in x.shape:
            return self.no_cells(x, self.groups, 4)
        height, width = x.shape[-2:]
        across, down = positions(self.offsets(x))[:, :, :, None].unbind(1)  # N g 1 rH rW
        rows = down + half_pixel(height, self.ratio, down)[:, None]
        columns = across + half_pixel(width, self.ratio, across)
        return bilinear_cells(rows, columns, height, width, "clamp")
