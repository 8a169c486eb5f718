"""One stage of FeatUp: a joint bilateral filter with a learned range, over the bicubic guess; one kernel on the map."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from a2u.checks import check_flag, check_positive
from a2u.operators.contract import Card
from a2u.operators.distance import axis_weights
from a2u.operators.image_guided import ImageGuided, at_size
from a2u.operators.registry import register
from a2u.scores import window_scores

KEY = 32  # channels of what the range compares
REPAIR = 0.1  # how much of the network's correction is added to the kernel


@register(
    Card(
        name="featup",
        title="FeatUp stage",
        family="feature",
        order=2,
        kernel="softmax of the likeness in the picture times a Gaussian, corrected by a network; then bicubic",
        window="k×k of one channel; k = 7 at r = 2",
        cost="k², and (2·49² + 32·49)/C for the kernel",
        source="Fu et al., FeatUp: A Model-Agnostic Framework for Features at Any Resolution, ICLR 2024, "
        "arXiv 2403.10516",
        guided_by="image",
        border="reflected in the output, folded onto the edge in the map",
    )
)
class FeatUpStage(ImageGuided):
    """Filter the bicubic guess with weights that the picture gives; both steps are linear in x, so they are one kernel.

    κ ∝ softmax₄₉(τ⟨p(i'), p(i' + t)⟩)·exp(−|t|²/2σ²) over the 7×7 output pixels around each output. The edge of these
    pixels lies at ±1 in t; p is a network of two 1×1 convolutions over the image at the output's size; τ = exp θ within
    [1e-4, 1e4]. Then κ + 0.1·MLP([κ; image]). The picture is reflected at its borders. With w = κ folded with the
    bicubic weights, y = wᵀz on values of x. Weights may be negative, and with the correction they do not sum to 1.

    Args:
        channels: C.
        ratio: r; four stages of 2 make the published network of 16.
        guide_channels: channels of the image, 3 if not given.
        radius: the 2·radius + 1 output pixels of a side that are filtered.
        fixup: the correction by a network. Without it the weights sum to 1.

    Parameters, with T = (2·radius + 1)²: 1,186 + (T + 3)T + T + T² + T: 6,233, whatever C is.

    The authors drop out a tenth of the features while they train; this operator does not.
    """

    def __init__(
        self,
        channels: int,
        ratio: int = 2,
        *,
        guide_channels: int | None = None,
        radius: int = 3,
        fixup: bool = True,
    ) -> None:
        super().__init__(channels, ratio, guide_channels=guide_channels)
        self.radius = check_positive("radius", radius)
        self.smallest = -(-(self.radius + 1) // self.ratio)  # torch reflects no further than a side, less one
        self.reach = _reach(self.radius, self.ratio)
        self.kernel_size = 2 * self.reach + 1
        taps = (2 * self.radius + 1) ** 2
        self.project = nn.Sequential(nn.Conv2d(self.guide_channels, KEY, 1), nn.GELU(), nn.Conv2d(KEY, KEY, 1))
        self.log_scale = nn.Parameter(torch.zeros(()))
        self.sigma = nn.Parameter(torch.ones(()))
        self.fixup = (
            nn.Sequential(nn.Conv2d(taps + self.guide_channels, taps, 1), nn.GELU(), nn.Conv2d(taps, taps, 1))
            if check_flag("fixup", fixup)
            else None
        )

    def _filters(self, image: Tensor) -> Tensor:
        """κ, the filter of each pixel of an image that has the output's size: Tensor[N, (2·radius + 1)², rH, rW]."""
        side, edge = 2 * self.radius + 1, self.radius
        seen = self.project(image)
        beyond = F.pad(seen, (edge,) * 4, mode="reflect")
        path = "reference" if self.path == "reference" else "auto"
        scores = window_scores(F.pad(seen, (edge,) * 4), beyond, side, 1, path=path)[:, 0, :, edge:-edge, edge:-edge]
        near = (self.log_scale.exp().clamp(1e-4, 1e4) * scores).softmax(1)
        line = torch.linspace(-1, 1, side, device=image.device, dtype=near.dtype).square()
        distance = (line[:, None] + line).flatten()[:, None, None]
        kernel: Tensor = near * torch.exp(-distance / (2 * self.sigma.square()))
        kernel = kernel / kernel.sum(1, keepdim=True).clamp(min=1e-7)
        if self.fixup is None:
            return kernel
        correction: Tensor = self.fixup(torch.cat([kernel.to(image.dtype), image], 1))
        return kernel + REPAIR * correction

    def kernel(self, x: Tensor, guide: Tensor | None = None) -> Tensor:
        """Filter and bicubic weights as one kernel on x: Tensor[N, 1, k², rH, rW]."""
        self.check(x, guide)
        assert guide is not None
        if 0 in x.shape:
            return self.no_image_kernels(x, 1, self.kernel_size**2)
        height, width = x.shape[-2:]
        side = 2 * self.radius + 1
        taps = self._filters(at_size(guide, height * self.ratio, width * self.ratio))
        rows, columns = (self._folding(length, taps) for length in (height, width))
        taps = taps.unflatten(1, (side, side))  # N u v rH rW
        taps = torch.einsum("nuvij,iua->navij", taps, rows)
        return torch.einsum("navij,jvb->nabij", taps, columns).flatten(1, 2)[:, None]

    def _folding(self, length: int, like: Tensor) -> Tensor:
        """Along one axis: what each of the pixels around an output is made of, in taps of its parent's window.

        Tensor[r·length, 2·radius + 1, k]. The bicubic weights of a pixel stand in a window of five around its parent.
        """
        bicubic = axis_weights(length, self.ratio, 4, like).to(like.dtype)  # r·length 5
        outputs = torch.arange(length * self.ratio, device=like.device)
        beside = outputs[:, None] + torch.arange(-self.radius, self.radius + 1, device=like.device)
        last = length * self.ratio - 1
        beside = last - (last - beside.abs()).abs()  # reflected at both ends
        tap = beside[:, :, None] // self.ratio + torch.arange(-2, 3, device=like.device)
        tap = tap - (outputs // self.ratio)[:, None, None] + self.reach
        zeros = bicubic.new_zeros(*beside.shape, self.kernel_size)
        return zeros.scatter_add(2, tap.clamp(0, self.kernel_size - 1), bicubic[beside])


def _reach(radius: int, ratio: int) -> int:
    """How far from its parent an output sees: its pixels, and what bicubic interpolation reads for them."""
    furthest = 0
    for place in range(-radius, ratio + radius):
        first = place // ratio - 1 - (2 * (place % ratio) + 1 < ratio)
        furthest = max(furthest, -first, first + 3)
    return furthest
