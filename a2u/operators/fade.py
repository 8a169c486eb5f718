"""FADE: encoder and decoder write the kernel together, and a gate takes a part of the encoder's own value."""

import torch
from torch import Tensor, nn

from a2u import formula
from a2u.checks import At, check_at, check_flag, check_positive
from a2u.errors import A2UError
from a2u.operators.contract import Card, Upsampler
from a2u.operators.registry import register
from a2u.operators.sapa import repeated
from a2u.operators.witness import GUIDE, Witness, up_witness


@register(
    Card(
        name="fade",
        title="FADE",
        family="feature",
        order=1,
        kernel="softmax of convolutions of the encoder map, at each output, and of the decoder map, at its parent; "
        "one more weight, the gate, is a sigmoid of the decoder map",
        window="k×k of one channel, k = 5; one more tap is the guide's own value",
        cost="k² + 1, and (C + C/r² + (1 + 1/r²)·9·k²)·C_m/C for the kernel, C_m = 64",
        source="Lu et al., FADE: Fusing the Assets of Decoder and Encoder for Task-Agnostic Upsampling, ECCV 2022, "
        "arXiv 2207.10392; Lite: IJCV 2024, arXiv 2407.13500",
        guided_by="encoder map",
        sums_to_one="inside",
        linear_in_x=False,
        presets={"lite": {"lite": True}},
    )
)
class FADE(Upsampler):
    """The kernel is a softmax of two terms, w = softmax(K(A·g) + K(B·x) at the parent); a gate mixes in the guide.

    A and B are 1×1 convolutions (A with a bias), K is one 3×3 convolution with a bias that both share: it slides over
    the guide output by output and over the map parent by parent, which the paper calls semi-shift. With a gate
    s = sigmoid(1×1 convolution of x) at the parent, y = s·g + (1 − s)·wᵀz: the gate is a 26th tap that reads the guide.

    Args:
        channels: C.
        ratio: r; the published code has 2 only.
        guide_channels: C_g; with the gate it must be C.
        lite: A and B give a channel for each of the k² taps, and K is depth-wise.
        gated: without the gate the operator is semi-shift alone, and the guide may have other channels.
        kernel_size: k of the window.
        encoder_kernel: the side of K, odd.
        compressed: C_m, the channels that A and B give; not used by lite.

    Parameters: (C_g + 1 + C)·C_m + (9·C_m + 1)·k² and C + 1 of the gate: 129C + 14,490. Lite: 51C + 276.
    """

    def __init__(
        self,
        channels: int,
        ratio: int = 2,
        *,
        guide_channels: int | None = None,
        lite: bool = False,
        gated: bool = True,
        kernel_size: int = 5,
        encoder_kernel: int = 3,
        compressed: int = 64,
    ) -> None:
        super().__init__(channels, ratio, guide_channels=guide_channels)
        self.kernel_size = check_positive("kernel_size", kernel_size)
        self.encoder_kernel = check_positive("encoder_kernel", encoder_kernel)
        taps, compressed = self.kernel_size**2, check_positive("compressed", compressed)
        if self.encoder_kernel % 2 == 0:
            raise A2UError(f"FADE's 3×3 convolution is centred, so encoder_kernel must be odd, got {encoder_kernel}.")
        if check_flag("gated", gated) and self.guide_channels != self.channels:
            raise A2UError(
                "FADE's gate adds the guide's own value to each channel, so guide and map must have the same channels, "
                f"got channels={channels} and guide_channels={guide_channels}. Bring the guide to {channels} channels "
                "by a 1×1 convolution, or use gated=False."
            )
        self.lite = check_flag("lite", lite)
        inner = taps if lite else compressed
        self.from_guide = nn.Conv2d(self.guide_channels, inner, 1)
        self.from_map = nn.Conv2d(self.channels, inner, 1, bias=False)
        self.encode = nn.Conv2d(inner, taps, self.encoder_kernel, padding="same", groups=taps if lite else 1)
        self.gate = nn.Conv2d(self.channels, 1, 1) if gated else None
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def weights(self, x: Tensor, guide: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """The k² weights that meet x, Tensor[N, 1, k², rH, rW], and that of the guide's value, Tensor[N, 1, rH, rW]."""
        self.check(x, guide)
        assert guide is not None
        if 0 in x.shape or 0 in guide.shape:
            none = self.no_kernels(guide, 1, self.kernel_size**2)
            return none, None if self.gate is None else self.no_kernels(guide, 1, 1)[:, 0]
        logits = self.encode(self.from_guide(guide)) + repeated(self.encode(self.from_map(x)), self.ratio)
        w = logits.softmax(1)[:, None]
        if self.gate is None:
            return w, None
        gate = repeated(self.gate(x).sigmoid(), self.ratio)
        return (1 - gate)[:, None] * w, gate

    def kernel(self, x: Tensor, guide: Tensor | None = None) -> Tensor:
        """The weights that meet x; they sum to what the gate leaves: Tensor[N, 1, k², rH, rW]."""
        return self.weights(x, guide)[0]

    def upsample(self, x: Tensor, guide: Tensor | None = None) -> Tensor:
        """Upsample x by wᵀz at every position, the guide's own value among the z."""
        w, gate = self.weights(x, guide)
        y = formula.reassemble(x, w.to(x.dtype), self.ratio, self.path)
        return y if gate is None or guide is None else y + (gate * guide).to(x.dtype)

    def open(self, x: Tensor, guide: Tensor | None, at: At) -> Witness:
        """The kernel and the window behind output value ``at``; the last tap reads the guide at the output's place."""
        w, gate = self.weights(x, guide)
        found = up_witness(x, w.to(x.dtype), self.ratio, at)
        if gate is None or guide is None:
            return found
        n, c, i, j = check_at(at, (*x.shape[:2], *w.shape[-2:]))
        return Witness(
            torch.cat([found.w, gate[n, 0, i, j].view(1).to(x.dtype)]),
            torch.cat([found.z, guide[n, c, i, j].view(1).to(x.dtype)]),
            torch.cat([found.where, torch.tensor([[c, i, j]])]),
            at,
            torch.cat([found.source, torch.tensor([GUIDE])]),
        )

    def extra_repr(self) -> str:
        """What print() shows."""
        words = [super().extra_repr(), f"k={self.kernel_size}", *(["lite"] if self.lite else [])]
        return ", ".join(words if self.gate is not None else [*words, "no gate"])
