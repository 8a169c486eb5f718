"""CARAFE: content-aware reassembly of features; each position generates its kernel from the map itself."""

import torch.nn.functional as F
from torch import Tensor, nn

from a2u.checks import check_logits, check_positive, empty
from a2u.operators.contract import Card, Upsampler
from a2u.operators.registry import register


def carafe_kernel(logits: Tensor, ratio: int) -> Tensor:
    """Shuffle k²·r² channels into kernels and normalise them: w = softmax over the k² taps.

    Args:
        logits: Tensor[N, k²·r², H, W], tap-major.
        ratio: r.

    Returns:
        Tensor[N, 1, k², rH, rW]; the taps of each kernel sum to 1, so with k = 1 the operator is nearest neighbour.
    """
    logits, ratio = check_logits(logits, ratio)
    if 0 in logits.shape:
        n, c, height, width = logits.shape
        return empty(logits, (n, 1, c // ratio**2, height * ratio, width * ratio))
    return F.pixel_shuffle(logits, ratio).softmax(dim=1)[:, None]


@register(
    Card(
        name="carafe",
        title="CARAFE",
        family="feature",
        order=1,
        kernel="softmax of a convolution of the decoder map; shared by all channels",
        window="k×k of one channel, k = 5",
        cost="k², and (C·C_m + 9·C_m·k²r²)/(C·r²) for the kernel",
        source="A²U paper, section 3, feature-based upsampling ii)",
        sums_to_one="inside",
        linear_in_x=False,
    )
)
class CARAFE(Upsampler):
    """Compress the map to C_m channels (1×1), encode k²·r² kernel values (k_enc×k_enc), softmax, reassemble.

    Args:
        channels: C.
        ratio: r.
        kernel_size: k of the reassembly.
        encoder_kernel: k_enc, odd.
        compressed: C_m.

    Parameters: C·C_m + C_m + C_m·k²r²·k_enc² + k²r².
    """

    def __init__(
        self, channels: int, ratio: int = 2, *, kernel_size: int = 5, encoder_kernel: int = 3, compressed: int = 64
    ) -> None:
        super().__init__(channels, ratio)
        self.kernel_size = check_positive("kernel_size", kernel_size)
        self.encoder_kernel = check_positive("encoder_kernel", encoder_kernel)
        compressed = check_positive("compressed", compressed)
        self.compress = nn.Conv2d(self.channels, compressed, 1)
        self.encode = nn.Conv2d(compressed, self.kernel_size**2 * self.ratio**2, self.encoder_kernel, padding="same")
        # Small weights: training starts from a nearly uniform kernel, a box filter.
        nn.init.normal_(self.encode.weight, std=1e-3)
        nn.init.zeros_(self.encode.bias)  # type: ignore[arg-type]

    def kernel(self, x: Tensor, guide: Tensor | None = None) -> Tensor:
        """Softmax kernels generated from x: Tensor[N, 1, k², rH, rW]."""
        self.check(x)
        if 0 in x.shape:
            return self.no_kernels(x, 1, self.kernel_size**2)
        return carafe_kernel(self.encode(self.compress(x)), self.ratio)
