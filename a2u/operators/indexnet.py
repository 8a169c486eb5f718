"""IndexNet: learned indices, generated from the encoder map, that gate where values go."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from a2u import formula
from a2u.checks import At, check_choice, check_flag, check_logits, empty
from a2u.errors import A2UError
from a2u.operators.contract import Card, Upsampler
from a2u.operators.registry import register
from a2u.operators.witness import Witness, down_witness
from a2u.paths import two_columns, window_start

KINDS = ("holistic", "depthwise-o2o", "depthwise-m2o")


def up_index(logits: Tensor, ratio: int) -> Tensor:
    """Decoder indices: w = sigmoid, each output scaled by its own weight in [0, 1].

    Tensor[N, G·r², H, W], phase minor → Tensor[N, G, 1, rH, rW].
    """
    logits, ratio = check_logits(logits, ratio)
    if 0 in logits.shape:
        n, c, height, width = logits.shape
        return empty(logits, (n, c // ratio**2, 1, height * ratio, width * ratio))
    index: Tensor = F.pixel_shuffle(logits, ratio).sigmoid()
    return index[:, :, None]


def down_index(logits: Tensor, ratio: int) -> Tensor:
    """Encoder indices: w = softmax over the block of the sigmoid, so a block's weights sum to 1.

    Tensor[N, G·r², H, W], phase minor → Tensor[N, G, r², H, W], the kernels of formula.reduce.
    """
    logits, ratio = check_logits(logits, ratio)
    blocks: Tensor = logits.unflatten(1, (logits.shape[1] // ratio**2, ratio**2))  # N G r² H W
    return blocks.sigmoid().softmax(dim=2)


@register(
    Card(
        name="indexnet",
        title="IndexNet",
        family="feature",
        order=1,
        kernel="sigmoid of a stride-r convolution of the encoder map; shared (holistic) or per channel (depth-wise)",
        window="1×1",
        cost="1, and the index block: C·k² (holistic), k² (one-to-one), C·k² (many-to-one) per weight, linear",
        source="A²U paper, section 3, feature-based upsampling iii); section 5",
        groups="C; holistic: 1",
        border="never beyond the map",
        guided_by="encoder map",
        pairs_down=True,
        presets={
            "holistic": {"kind": "holistic"},
            "depthwise-o2o": {"kind": "depthwise-o2o"},
            "depthwise-m2o": {"kind": "depthwise-m2o"},
        },
    )
)
class IndexNet(Upsampler):
    """Learned indices for upsampling, and index pooling for the way down.

    Args:
        channels: C.
        ratio: r.
        guide_channels: channels of the encoder map.
        kind: "holistic": one index map for all channels. "depthwise-o2o": one per channel, from that channel alone.
            "depthwise-m2o": one per channel, from all channels.
        context: the index block sees 2r×2r of the encoder map instead of r×r.
        nonlinear: two layers with batch norm and ReLU6 (hidden 2C) instead of one convolution.

    Convolutions have no bias. Parameters, with k = 2r (context) or r, linear: holistic C·k²·r²; one-to-one C·k²·r²;
    many-to-one C²·k²·r². Nonlinear many-to-one: r²(2C²k² + 4C + 2C²).
    """

    def __init__(
        self,
        channels: int,
        ratio: int = 2,
        *,
        guide_channels: int | None = None,
        kind: str = "depthwise-m2o",
        context: bool = True,
        nonlinear: bool = False,
    ) -> None:
        super().__init__(channels, ratio, guide_channels=guide_channels)
        check_choice("kind of IndexNet", kind, KINDS)
        if kind == "depthwise-o2o" and self.guide_channels != self.channels:
            raise A2UError(
                "Each one-to-one index comes from the channel that it serves, so guide and map must have the same "
                f"channels, got channels={channels} and guide_channels={self.guide_channels}."
            )
        self.kind = kind
        self.context, self.nonlinear = check_flag("context", context), check_flag("nonlinear", nonlinear)
        self.size = 2 * self.ratio if context else self.ratio
        self.index = self._nonlinear() if nonlinear else self._convolution(self._outputs(), self._groups())

    def _outputs(self) -> int:
        return self.ratio**2 * (1 if self.kind == "holistic" else self.channels)

    def _groups(self) -> int:
        return self.channels if self.kind == "depthwise-o2o" else 1

    def _convolution(self, outputs: int, groups: int) -> nn.Conv2d:
        return nn.Conv2d(
            self.guide_channels,
            outputs,
            self.size,
            stride=self.ratio,
            padding=window_start(self.size, self.ratio),
            groups=groups,
            bias=False,
        )

    def _nonlinear(self) -> nn.Sequential:
        """The r² index blocks of the depth-wise kinds side by side, as groups of one convolution."""
        phases, c = self.ratio**2, self.guide_channels
        if self.kind == "holistic":
            hidden, out, groups = 2 * c, phases, 1
        elif self.kind == "depthwise-o2o":  # hidden: channel, phase, 2
            hidden, out, groups = 2 * c * phases, c * phases, c * phases
        else:  # hidden: phase, 2C
            hidden, out, groups = 2 * c * phases, self.channels * phases, phases
        return nn.Sequential(
            self._convolution(hidden, self._groups()),
            nn.BatchNorm2d(hidden),
            nn.ReLU6(inplace=True),
            nn.Conv2d(hidden, out, 1, groups=groups, bias=False),
        )

    def logits(self, guide: Tensor) -> Tensor:
        """Tensor[N, G·r², H, W], group major: the indices before their nonlinearity."""
        guide = self.check_guide(guide)
        h, w = guide.shape[2] // self.ratio, guide.shape[3] // self.ratio
        if 0 in guide.shape:
            return empty(guide, (guide.shape[0], self._outputs(), h, w), *self.parameters())
        convolution, *rest = self.index if isinstance(self.index, nn.Sequential) else (self.index,)
        y: Tensor = convolution(two_columns(guide, self.ratio))[..., :h, :w]  # r = 1: an even k adds a row
        for layer in rest:
            y = layer(y)
        if self.nonlinear and self.kind == "depthwise-m2o":  # phase major → channel major
            y = y.unflatten(1, (self.ratio**2, self.channels)).transpose(1, 2).flatten(1, 2)
        return y

    def kernel(self, x: Tensor, guide: Tensor | None = None) -> Tensor:
        """Sigmoid indices: Tensor[N, 1 or C, 1, rH, rW]."""
        guide = self.check_guide(guide)
        if 0 in guide.shape:
            return self.no_kernels(guide, 1 if self.kind == "holistic" else self.channels, 1)
        return up_index(self.logits(guide), self.ratio)

    def down_kernel(self, guide: Tensor) -> Tensor:
        """Softmax indices of each block: Tensor[N, 1 or C, r², H, W]."""
        guide = self.check_guide(guide)
        if 0 in guide.shape:
            return self.no_kernels(guide, 1 if self.kind == "holistic" else self.channels, self.ratio**2, down=True)
        return down_index(self.logits(guide), self.ratio)

    def downsample(self, guide: Tensor) -> Tensor:
        """Index pooling: the weighted mean of each block of the guide, Tensor[N, C, H, W]."""
        return formula.reduce(guide, self.down_kernel(guide).to(guide.dtype), self.ratio, self.path)

    @torch.no_grad()
    def witness_down(self, guide: Tensor, *, at: At) -> Witness:
        """The kernel and the block behind one value of ``downsample``."""
        return down_witness(guide, self.down_kernel(guide), self.ratio, at)
