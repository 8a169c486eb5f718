"""CARAFE++: CARAFE, and the same sentence on the way down with a strided convolution."""

import torch
from torch import Tensor, nn

from a2u import formula
from a2u.checks import At, check_positive, empty
from a2u.operators.carafe import CARAFE
from a2u.operators.contract import Card
from a2u.operators.registry import register
from a2u.operators.witness import Witness, down_witness
from a2u.paths import two_columns


@register(
    Card(
        name="carafe_plus",
        title="CARAFE++",
        family="feature",
        order=1,
        kernel="softmax of a convolution of the decoder map; going down, of the encoder map; shared by all channels",
        window="k×k of one channel, k = 5",
        cost="k², and (C·C_m + 9·C_m·k²r²)/(C·r²) for the kernel",
        source="Wang et al., CARAFE++: Unified Content-Aware ReAssembly of FEatures, TPAMI 2021, arXiv 2012.04733",
        sums_to_one="inside",
        linear_in_x=False,
        pairs_down=True,
    )
)
class CARAFEPlus(CARAFE):
    """CARAFE with a way down: w = softmax₂₅(3×3 convolution, stride r, of a 1×1 convolution), z the window at r·i, r·j.

    Args:
        channels: C of the map to upsample.
        ratio: r.
        guide_channels: channels of the map that goes down; C if not given.
        kernel_size, encoder_kernel, compressed: of the way up, as for CARAFE.
        down_kernel_size: k of the way down, odd or even.
        down_compressed: C_m of the way down.

    Parameters: CARAFE's and, going down, 16C_g + 16 + 3,600 + 25 = 16C_g + 3,641.

    No code was published for the way down; like CARAFE's it has no batch norm, and zeros outside.
    """

    def __init__(
        self,
        channels: int,
        ratio: int = 2,
        *,
        guide_channels: int | None = None,
        kernel_size: int = 5,
        encoder_kernel: int = 3,
        compressed: int = 64,
        down_kernel_size: int = 5,
        down_compressed: int = 16,
    ) -> None:
        super().__init__(channels, ratio, kernel_size=kernel_size, encoder_kernel=encoder_kernel, compressed=compressed)
        if guide_channels is not None:
            self.guide_channels = check_positive("guide_channels", guide_channels)
        self.down_kernel_size = check_positive("down_kernel_size", down_kernel_size)
        down_compressed = check_positive("down_compressed", down_compressed)
        self.down_compress = nn.Conv2d(self.guide_channels, down_compressed, 1)
        self.down_encode = nn.Conv2d(down_compressed, self.down_kernel_size**2, 3, self.ratio, padding=1)
        nn.init.normal_(self.down_encode.weight, std=1e-3)
        nn.init.zeros_(self.down_encode.bias)  # type: ignore[arg-type]

    def down_kernel(self, guide: Tensor) -> Tensor:
        """Kernels of the way down: Tensor[N, 1, k², H, W] for a map (N, C_g, rH, rW)."""
        guide = self.check_guide(guide)
        if 0 in guide.shape:
            size = (guide.shape[2] // self.ratio, guide.shape[3] // self.ratio)
            return empty(guide, (len(guide), 1, self.down_kernel_size**2, *size), *self.parameters())
        width = guide.shape[-1] // self.ratio
        logits: Tensor = self.down_encode(two_columns(self.down_compress(guide), self.ratio))[..., :width]
        return logits.softmax(1)[:, None]

    def downsample(self, guide: Tensor) -> Tensor:
        """Downsample a map by its own kernels: Tensor[N, C_g, H, W]."""
        w = self.down_kernel(guide)
        return formula.reduce(guide, w.to(guide.dtype), self.ratio, self.path, align="stride")

    @torch.no_grad()
    def witness_down(self, guide: Tensor, *, at: At) -> Witness:
        """The kernel and the window behind one value of ``downsample``."""
        return down_witness(guide, self.down_kernel(guide).to(guide.dtype), self.ratio, at, align="stride")
