"""Universal kernels: learned once, the same at every position, one for each output channel and sub-pixel phase.

Both operators are one convolution to C_out·r² channels followed by a pixel shuffle. They differ in how the weights
are stored: pixel shuffle stores that convolution; deconvolution stores what one input value spreads onto the
output, and reading it from the output's side sorts its taps into r² phases.

With random initial weights each phase mixes the channels in its own way, and a network has to learn that neighbouring
outputs belong together before it learns anything else. With ``phases="alike"`` it starts from there: a pixel shuffle
begins as a convolution followed by nearest neighbour, a deconvolution as a random mixture of channels interpolated
bilinearly. Training moves the phases apart where that helps.
"""

import torch
from torch import Tensor, nn

from a2u.checks import check_choice, check_positive
from a2u.errors import A2UError
from a2u.operators.contract import Card, UniversalUpsampler
from a2u.operators.registry import register
from a2u.paths import autocasts, window_start

PHASES = ("random", "alike")


def phase_taps(size: int, ratio: int, device: torch.device | None = None) -> tuple[int, Tensor]:
    """Which deconvolution tap meets which window tap, along one axis.

    Output r·i + a receives input i + δ through tap a + p − r·δ of the deconvolution kernel, with padding
    p = ⌈(K − r)/2⌉. Taps outside [0, K) do not exist.

    Args:
        size: K, side of the deconvolution kernel.
        ratio: r, its stride.
        device: where the taps are made; torch's default if not given.

    Returns:
        The window side k (odd) and LongTensor[r, k]: the tap for phase a and window tap δ + k // 2, or K (one past
        the end) where there is none.
    """
    padding = -((ratio - size) // 2)
    reach = max((ratio - 1 + padding) // ratio, (size - 1 - padding) // ratio)
    delta = torch.arange(-reach, reach + 1, device=device)
    tap = torch.arange(ratio, device=device)[:, None] + padding - ratio * delta
    return 2 * reach + 1, torch.where((tap >= 0) & (tap < size), tap, size)


@register(
    Card(
        name="deconvolution",
        title="Deconvolution",
        family="learned",
        order=0,
        kernel="learned, one for each phase and output channel; the same for every input",
        window="k×k over all input channels; K = 4, r = 2: 3×3 with 2×2 taps in use",
        cost="C·⌈K/r⌉²",
        source="A²U paper, section 3, universal kernels; Eq. (1)",
        groups="C_out",
    )
)
class Deconvolution(UniversalUpsampler):
    """Transposed convolution without bias, output exactly r times the input.

    ``forward`` is ``conv_transpose2d(x, weight, stride=r, padding=⌈(K − r)/2⌉, output_padding=(K − r) mod 2)``: the
    sums that :meth:`kernel` makes, without the taps that are zero in each phase (for K = 4, r = 2 five of nine).

    Args:
        channels: C.
        ratio: r, the stride.
        out_channels: C_out.
        kernel_size: K ≥ r; smaller ones would leave outputs that nothing reaches. Where r does not divide K, the
            outputs receive different numbers of taps: the checkerboard.
        phases: initial weights, "random" as torch draws them or "alike": v ⊗ t ⊗ t with random v for each pair of
            channels and the triangle t_i = max(0, 1 − |i − (K − 1)/2| / r).

    Parameters: C·C_out·K².
    """

    def __init__(
        self,
        channels: int,
        ratio: int = 2,
        *,
        out_channels: int | None = None,
        kernel_size: int | None = None,
        phases: str = "random",
    ) -> None:
        super().__init__(channels, ratio, out_channels=out_channels)
        channels, ratio = self.channels, self.ratio
        kernel_size = check_positive("kernel_size", 2 * ratio if kernel_size is None else kernel_size)
        if kernel_size < ratio:
            raise A2UError(
                f"A deconvolution needs kernel_size ≥ ratio, got {kernel_size} < {ratio}: some outputs would receive "
                "nothing. Use a multiple of the ratio to give every output the same number of taps."
            )
        self.kernel_size = kernel_size
        self.weight = nn.Parameter(torch.empty(channels, self.out_channels, kernel_size, kernel_size))
        check_choice("phases", phases, PHASES)
        nn.init.kaiming_uniform_(self.weight.transpose(0, 1), a=5**0.5)  # as ConvTranspose2d of torch scales it
        if phases == "alike":
            mixture = torch.empty(channels, self.out_channels, 1, 1)
            nn.init.kaiming_uniform_(mixture.transpose(0, 1), a=5**0.5)  # the scale of a 1×1 Conv2d of torch
            t = (1 - (torch.arange(kernel_size) - (kernel_size - 1) / 2).abs() / ratio).clamp(min=0)
            self.weight.data = mixture * torch.outer(t, t)

    def upsample(self, x: Tensor, guide: Tensor | None = None) -> Tensor:
        """Upsample x by wᵀz, z spanning all channels; a guide is accepted and ignored."""
        self.check(x, guide)
        # torch takes no output_padding at ratio 1 and no empty map, and autocast would round w and z.
        if self.path != "auto" or self.ratio == 1 or x.numel() == 0 or autocasts(x.device):
            return super().upsample(x, guide)
        return nn.functional.conv_transpose2d(
            x,
            self.weight.to(x.dtype),
            stride=self.ratio,
            padding=window_start(self.kernel_size, self.ratio),
            output_padding=(self.kernel_size - self.ratio) % 2,
        )

    def kernel(self, x: Tensor | None = None, guide: Tensor | None = None) -> Tensor:
        """The stored weights sorted by phase: Tensor[C_out·r², C·k²]."""
        w = nn.functional.pad(self.weight, (0, 1, 0, 1))  # C C_out K+1 K+1: the tap that does not exist is zero
        taps = phase_taps(self.kernel_size, self.ratio, w.device)[
            1
        ]  # computed on each call: no buffer to save or to lose
        w = w[:, :, taps[:, :, None, None], taps]  # C C_out r k r k
        return w.permute(1, 2, 4, 0, 3, 5).reshape(self.out_channels * self.ratio**2, -1)


@register(
    Card(
        name="pixel_shuffle",
        title="Pixel shuffle",
        family="learned",
        order=0,
        kernel="learned, one for each phase and output channel; the same for every input",
        window="k×k over all input channels",
        cost="C·k²",
        source="A²U paper, section 3, universal kernels; Eq. (1)",
        groups="C_out",
    )
)
class PixelShuffle(UniversalUpsampler):
    """A k×k convolution without bias to C_out·r² channels, shuffled into r×r blocks.

    Args:
        channels: C.
        ratio: r.
        out_channels: C_out.
        kernel_size: k.
        phases: initial weights, "random" for each phase, or "alike": one random convolution for all phases of a channel
            (A. Aitken et al., *Checkerboard artifact free sub-pixel convolution*, 2017).

    Parameters: C·C_out·r²·k².
    """

    def __init__(
        self,
        channels: int,
        ratio: int = 2,
        *,
        out_channels: int | None = None,
        kernel_size: int = 3,
        phases: str = "random",
    ) -> None:
        super().__init__(channels, ratio, out_channels=out_channels)
        channels, ratio = self.channels, self.ratio
        self.kernel_size = kernel_size = check_positive("kernel_size", kernel_size)
        self.weight = nn.Parameter(torch.empty(self.out_channels * ratio**2, channels, kernel_size, kernel_size))
        check_choice("phases", phases, PHASES)
        nn.init.kaiming_uniform_(self.weight, a=5**0.5)
        if phases == "alike":
            self.weight.data = self.weight.data[:: ratio**2].repeat_interleave(ratio**2, dim=0)

    def kernel(self, x: Tensor | None = None, guide: Tensor | None = None) -> Tensor:
        """The stored weights: Tensor[C_out·r², C·k²]."""
        return self.weight.flatten(1)
