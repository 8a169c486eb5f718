"""SAPA: kernels from the similarity of an encoder feature with the decoder features of its parent's window."""

import torch
from torch import Tensor, nn

from a2u.checks import check_choice, check_flag, check_positive
from a2u.errors import A2UError
from a2u.operators.contract import Card, Upsampler
from a2u.operators.registry import register
from a2u.paths import pad_to_grid
from a2u.scores import window_scores

KINDS = ("inner", "bilinear", "gated")
BORDERS = ("zeros", "renormalised")


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of each position of a map."""

    def forward(self, x: Tensor) -> Tensor:
        """N C H W → N C H W."""
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


def repeated(x: Tensor, ratio: int) -> Tensor:
    """Each value in a block of ratio×ratio, N C H W → N C rH rW; for one that makes kernels, so of any few channels."""
    n, c, height, width = x.shape
    blocks = x[:, :, :, None, :, None].expand(n, c, height, ratio, width, ratio)
    return blocks.reshape(n, c, height * ratio, width * ratio)


def without_outside(logits: Tensor, height: int, width: int, size: int, ratio: int) -> Tensor:
    """Logits N G k² rH rW with −∞ where a tap lies outside the map, so that a softmax gives it nothing."""
    inside = pad_to_grid(logits.new_ones(1, 1, height, width), size, 1, height, width)
    seen = inside.unfold(2, size, 1).unfold(3, size, 1).flatten(-2).movedim(-1, 2)  # 1 1 k² H W
    return logits.masked_fill(repeated(seen[0], ratio)[None] == 0, -torch.inf)


@register(
    Card(
        name="sapa",
        title="SAPA",
        family="feature",
        order=2,
        kernel="softmax of the similarity of an encoder feature with each decoder feature in the window",
        window="k×k of one channel, k = 5",
        cost="k², and (k²·d + (C + C/r²)·d)/C for the kernel, d = 32",
        source="Lu et al., SAPA: Similarity-Aware Point Affiliation for Feature Upsampling, NeurIPS 2022, "
        "arXiv 2209.12866",
        guided_by="encoder map",
        sums_to_one="inside",
        linear_in_x=False,
        presets={"i": {"kind": "inner"}, "b": {"kind": "bilinear"}, "g": {"kind": "gated"}},
    )
)
class SAPA(Upsampler):
    """The encoder feature of an output asks which decoder features of its parent's window are like it.

    w = softmax over the window of ⟨q, k⟩, with q from the guide g at the output and k from x at the tap:

    - "inner" (I): q = g, k = x, without parameters; so the guide has the channels of x.
    - "bilinear" (B): q = Q·LN(g), k = K·LN(x), both to d channels, with biases.
    - "gated" (G): k as in B; q = s·Q·LN(g) + (1 − s)·P·x, s a sigmoid of a 1×1 convolution of LN(x). The terms of x are
      those of the output's parent.

    Args:
        channels: C.
        ratio: r.
        guide_channels: C_g.
        kind: "inner", "bilinear" or "gated".
        embedding: d. The counts in the paper fit 32; the code that was published has 64.
        kernel_size: k of the window.
        border: "zeros", as published: outside the map k and z are 0, so such a tap has the logit 0 and takes weight
            that meets nothing. "renormalised": it takes none.
        layer_norm: for "inner", normalise both maps over channels (4C parameters). The others always do.

    Parameters: I 0; B d(C + C_g + 2) + 2C + 2C_g; G d(2C + C_g + 3) + 3C + 2C_g + 1.
    """

    def __init__(
        self,
        channels: int,
        ratio: int = 2,
        *,
        guide_channels: int | None = None,
        kind: str = "bilinear",
        embedding: int = 32,
        kernel_size: int = 5,
        border: str = "zeros",
        layer_norm: bool = False,
    ) -> None:
        super().__init__(channels, ratio, guide_channels=guide_channels)
        check_choice("kind of SAPA", kind, KINDS)
        check_choice("border of SAPA", border, BORDERS)
        embedding = check_positive("embedding", embedding)
        self.kind, self.border, self.kernel_size = kind, border, check_positive("kernel_size", kernel_size)
        if kind == "inner" and self.guide_channels != self.channels:
            raise A2UError(
                "SAPA-I multiplies the features of guide and map channel by channel, so both must have the same "
                f"channels, got channels={channels} and guide_channels={guide_channels}. Use kind='bilinear'."
            )
        normed = check_flag("layer_norm", layer_norm) or kind != "inner"
        self.norm_guide = ChannelNorm(self.guide_channels) if normed else nn.Identity()
        self.norm_map = ChannelNorm(self.channels) if normed else nn.Identity()
        if kind != "inner":
            self.query = nn.Conv2d(self.guide_channels, embedding, 1)
            self.key = nn.Conv2d(self.channels, embedding, 1)
        if kind == "gated":
            self.own_query = nn.Conv2d(self.channels, embedding, 1)
            self.gate = nn.Conv2d(self.channels, 1, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]

    def kernel(self, x: Tensor, guide: Tensor | None = None) -> Tensor:
        """Softmax kernels, shared by all channels: Tensor[N, 1, k², rH, rW]."""
        self.check(x, guide)
        assert guide is not None
        if 0 in x.shape or 0 in guide.shape:
            return self.no_kernels(guide, 1, self.kernel_size**2)
        query, key = self._query_and_key(x, guide)
        path = "reference" if self.path == "reference" else "auto"
        logits = window_scores(query, key, self.kernel_size, self.ratio, path=path)
        if self.border == "renormalised":
            logits = without_outside(logits, x.shape[2], x.shape[3], self.kernel_size, self.ratio)
        return logits.softmax(2)

    def _query_and_key(self, x: Tensor, guide: Tensor) -> tuple[Tensor, Tensor]:
        query, key = self.norm_guide(guide), self.norm_map(x)
        if self.kind == "inner":
            return query, key
        query = self.query(query)
        if self.kind == "gated":
            gate = repeated(self.gate(key).sigmoid(), self.ratio)
            query = gate * query + (1 - gate) * repeated(self.own_query(x), self.ratio)
        return query, self.key(key)

    def extra_repr(self) -> str:
        """What print() shows."""
        return f"{super().extra_repr()}, {self.kind}, k={self.kernel_size}"
