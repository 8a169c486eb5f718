r"""A²U, affinity-aware upsampling: kernels from the pairwise similarity of features inside a window.

One kernel value is a bilinear form of a window with itself (Eq. 2), factorised to rank d (Eq. 3); for the s² values of
a kernel and every position at once it is three convolutions (Eq. 4):

    w = conv(P, cat_{r=1..d} Σ_k gpconv(U_r, X)_k ∘ gpconv(V_r, X)_k)

U and V are depth-wise k_en×k_en filters of stride r over the encoder map X; the product is summed over its channels;
P turns the d affinities of a position into the values of its r² kernels.
"""

import torch
from torch import Tensor, nn

from a2u import formula
from a2u.checks import At, check_choice, check_flag, check_map, check_positive, check_tensor, described, empty
from a2u.errors import A2UError
from a2u.operators.contract import Card, Upsampler
from a2u.operators.encoding import (
    NORMALIZATIONS,
    EncodingNorm,
    Filters,
    Projection,
    compiled_affinity,
    descriptors,
    normalize,
    responses_to,
)
from a2u.operators.registry import register
from a2u.operators.witness import Witness, down_witness
from a2u.paths import concrete

MODES = ("static", "hybrid", "dynamic")
SHARES = ("none", "channels")


_PRESETS: dict[str, dict[str, object]] = {
    "static-pw-cw": {"mode": "static", "share": "none", "pointwise": True},
    "static-cw": {"mode": "static", "share": "none"},
    "hybrid-cw": {"mode": "hybrid", "share": "none"},
    "hybrid-cs": {"mode": "hybrid", "share": "channels"},
    "dynamic-cw": {"mode": "dynamic", "share": "none"},
    "dynamic-cs": {"mode": "dynamic", "share": "channels"},
    "dynamic-cs-d": {"mode": "dynamic", "share": "channels", "paired": True},
    "dynamic-cs-d-norm": {"mode": "dynamic", "share": "channels", "paired": True, "group_norm": True},
    # The row of Table 1: 1×1 kernels from 4×4 encodings, a sigmoid after U (section 5).
    "toy": {
        "mode": "static",
        "share": "none",
        "pointwise": True,
        "kernel_size": 1,
        "encoder_kernel": 4,
        "u_sigmoid": True,
    },
}


@register(
    Card(
        name="a2u",
        title="A²U",
        family="feature",
        order=2,
        kernel="softmax of the sigmoid of a low-rank bilinear form of the encoder map; shared by all channels",
        window="s×s of one channel, s = 3",
        cost="s² + (2·k_en² + 1)·d/r² for the kernel",
        source="A²U paper, section 4, Eqs. (2)-(4); presets are the rows of Table 2, 'norm' is its †",
        sums_to_one="inside",
        guided_by="encoder map",
        pairs_down=True,
        presets=_PRESETS,
    )
)
class A2U(Upsampler):
    """Affinity-aware upsampling with every design axis of the paper.

    Args:
        channels: C of the map to upsample.
        ratio: r.
        guide_channels: C_g of the encoder map.
        mode: what depends on the input: "static" nothing, "hybrid" P, "dynamic" P, U and V.
        share: "none" gives each channel its own U and V (cw), "channels" one for all (cs).
        pointwise: r² separate sets of U and V make the r² sub-pixel kernels (pw); otherwise r² sets of rows of P do.
        rank: d, from 1 to k_en².
        kernel_size: s of the upsampling kernel; 1 turns the softmax, then constant, into a sigmoid.
        encoder_kernel: k_en of U and V, odd or even.
        normalization: "sigmoid+softmax", "softmax", "sigmoid" or "none"; None chooses by kernel_size.
        group_norm: group norm and leaky ReLU 0.01 after U and after V (†).
        norm_groups: how many groups that norm has; they divide C_g.
        u_sigmoid: a sigmoid after U (the toy of section 5).
        order: 2, or 1 to replace the response of U by 1: a first-order kernel. With pointwise, static, kernel_size 1
            it is holistic IndexNet.
        scaled: divide the sum over channels by √C_g, which keeps its size when C_g grows.
        paired: also downsample (-d): the same U and V, a P of its own, (r·s)² taps, softmax.

    Before its normalisation a kernel value is of degree 2 (static), 3 (hybrid) or 5 (dynamic) in the guide: twice the
    guide makes it 4, 8 or 32 times as large. Where values are large, every sigmoid saturates at 0 or 1 and passes no
    gradient; a dynamic kernel is then the same everywhere, and training cannot change that. If kernels do not vary
    (`a2u.matting.features.variation`), use group_norm=True, which makes the degree 0 (static) or 1, or a guide whose
    values are about 1.

    Parameters: those of :class:`~a2u.operators.encoding.Filters` for U and V (M = d, times r² pointwise) and of
    :class:`~a2u.operators.encoding.Projection` (rows s²·r², pointwise s²; paired: another with (r·s)² rows).
    """

    def __init__(
        self,
        channels: int,
        ratio: int = 2,
        *,
        guide_channels: int | None = None,
        mode: str = "dynamic",
        share: str = "channels",
        pointwise: bool = False,
        rank: int = 1,
        kernel_size: int = 3,
        encoder_kernel: int = 5,
        normalization: str | None = None,
        group_norm: bool = False,
        norm_groups: int = 32,
        u_sigmoid: bool = False,
        order: int = 2,
        scaled: bool = False,
        paired: bool = False,
    ) -> None:
        super().__init__(channels, ratio, guide_channels=guide_channels)
        rank, kernel_size = check_positive("rank", rank), check_positive("kernel_size", kernel_size)
        encoder_kernel = check_positive("encoder_kernel", encoder_kernel)
        norm_groups = check_positive("norm_groups", norm_groups)
        if normalization is None:
            normalization = "sigmoid" if kernel_size == 1 else "sigmoid+softmax"
        check_choice("mode", mode, MODES)
        check_choice("share", share, SHARES)
        check_choice("normalization", normalization, NORMALIZATIONS)
        flags = {"pointwise": pointwise, "group_norm": group_norm, "u_sigmoid": u_sigmoid, "scaled": scaled}
        for name, flag in (flags | {"paired": paired}).items():
            check_flag(name, flag)
        _check_options(kernel_size, encoder_kernel, normalization, rank, order)
        if group_norm and self.guide_channels % norm_groups:
            raise A2UError(
                f"The {norm_groups} groups of the group norm must divide the guide's channels, got "
                f"{self.guide_channels}. Choose another norm_groups, or group_norm=False."
            )
        self.mode, self.share, self.pointwise, self.order = mode, share, pointwise, order
        self.rank, self.kernel_size, self.encoder_kernel = rank, kernel_size, encoder_kernel
        self.normalization, self.u_sigmoid, self.scaled, self.paired = normalization, u_sigmoid, scaled, paired

        ratio = self.ratio
        sets, c = ratio**2 if pointwise else 1, self.guide_channels
        self.filters = rank * sets  # rank-major: filter m = rank index · sets + phase
        shared, dynamic = share == "channels", mode == "dynamic"
        # V carries the size of the sum over channels; U, its partner in every product, stays a depth-wise response.
        summed = 1 if scaled else c
        self.v = Filters(c, self.filters, encoder_kernel, shared=shared, dynamic=dynamic, summed=summed)
        self.u = Filters(c, self.filters, encoder_kernel, shared=shared, dynamic=dynamic) if order == 2 else None
        self.u_norm = EncodingNorm(self.filters, c, norm_groups) if group_norm and order == 2 else None
        self.v_norm = EncodingNorm(self.filters, c, norm_groups) if group_norm else None
        rows = kernel_size**2 * (1 if pointwise else ratio**2)
        self.p = Projection(c, rows, rank, dynamic=mode != "static")
        self.down_size = ratio * kernel_size
        self.p_down = Projection(c, self.down_size**2, self.filters, dynamic=mode != "static") if paired else None

    def encode(self, guide: Tensor) -> tuple[Tensor, Tensor | None]:
        """What both directions share.

        Returns:
            The affinity Σ_k (U_kᵀx_k ∘ V_kᵀx_k) at each position, Tensor[N, M, H, W], M = d, times r² pointwise
            (Eq. 3); and the mean of the guide, Tensor[N, C_g, 1, 1], that generates P (static: None).
        """
        guide = self.check_guide(guide)
        if 0 in guide.shape:
            mean = None if self.mode == "static" else guide.new_zeros(*guide.shape[:2], 1, 1)
            return self.combine(self.encodings(guide, None)), mean
        pooled, mean = (None, None) if self.mode == "static" else descriptors(guide, self.encoder_kernel)
        if self.path == "compiled" and concrete(guide) and self.u is not None and self.u_norm is None:
            total = compiled_affinity(guide, self.u(pooled), self.v(pooled), self.ratio, self.u_sigmoid)
            return self._scale(total), mean
        pairs = zip(self.encodings(guide, pooled), self.norms(), strict=True)
        return self.combine([each if norm is None else norm(each) for each, norm in pairs]), mean

    def encodings(self, guide: Tensor, pooled: Tensor | None) -> list[Tensor]:
        """Responses of U (order 2) and V before any norm, Tensor[N, M, C_g, H, W] each; local, given ``pooled``."""
        guide, made = self.check_guide(guide), [f for f in (self.u, self.v) if f is not None]
        if 0 in guide.shape:
            height, width = guide.shape[2] // self.ratio, guide.shape[3] // self.ratio
            size = (len(guide), self.filters, self.guide_channels, height, width)
            return [empty(guide, size, *each.parameters()) for each in made]
        if any(each.dynamic for each in made):
            check_map("The pooled guide", pooled)
        return responses_to(guide, [f(pooled) for f in made], self.ratio)

    def norms(self) -> list[EncodingNorm | None]:
        """The norm, if any, of each of the encodings."""
        return [self.v_norm] if self.u is None else [self.u_norm, self.v_norm]

    def combine(self, encodings: list[Tensor]) -> Tensor:
        """Multiply the encodings and sum over channels: Tensor[N, M, H, W]."""
        if not isinstance(encodings, list | tuple) or len(encodings) != len(self.norms()):
            raise A2UError(f"combine takes what encodings() returns, {len(self.norms())} responses, got {encodings!r}.")
        for each in encodings:
            check_tensor("A response", each, "N, M, C_g, H, W")
        product = encodings[-1]  # N M C H W
        if self.u is not None:
            product = (encodings[0].sigmoid() if self.u_sigmoid else encodings[0]) * product
        return self._scale(product.sum(dim=2))

    def _scale(self, total: Tensor) -> Tensor:
        return total / self.guide_channels**0.5 if self.scaled else total

    def affinity(self, guide: Tensor) -> Tensor:
        """Σ_k (U_kᵀx_k ∘ V_kᵀx_k) at each position: Tensor[N, M, H, W] (Eq. 3)."""
        return self.encode(guide)[0]

    def kernel(self, x: Tensor | None, guide: Tensor | None = None) -> Tensor:
        """Kernels from the guide alone: Tensor[N, 1, s², rH, rW] (Eq. 4); x is ignored."""
        guide = self.check_guide(guide)
        if 0 in guide.shape:
            return self.no_kernels(guide, 1, self.kernel_size**2)
        return self.kernel_of(*self.encode(guide))

    def kernel_of(self, affinity: Tensor, mean: Tensor | None) -> Tensor:
        """The upsampling kernels of affinities: each depends on its own position alone."""
        n, height, width = self._check_affinity(affinity, mean)
        if 0 in affinity.shape:
            size = (n, 1, self.kernel_size**2, height * self.ratio, width * self.ratio)
            return empty(affinity, size, *self.p.parameters())
        if self.pointwise:  # the phases are sets of U and V: shuffle the affinities, then project each
            logits = self.p(nn.functional.pixel_shuffle(affinity, self.ratio), mean)
        else:  # the phases are rows of P: project, then shuffle
            logits = nn.functional.pixel_shuffle(self.p(affinity, mean), self.ratio)
        return normalize(logits, self.normalization)[:, None]

    def down_kernel(self, guide: Tensor) -> Tensor:
        """Downsampling kernels from the same U and V: Tensor[N, 1, (r·s)², H, W], each a softmax."""
        guide, _ = self.check_guide(guide), self._projection_down()
        if 0 in guide.shape:
            return self.no_kernels(guide, 1, self.down_size**2, down=True)
        return self.down_kernel_of(*self.encode(guide))

    def down_kernel_of(self, affinity: Tensor, mean: Tensor | None) -> Tensor:
        """The downsampling kernels of affinities: each depends on its own position alone."""
        project, (n, height, width) = self._projection_down(), self._check_affinity(affinity, mean)
        if 0 in affinity.shape:
            return empty(affinity, (n, 1, self.down_size**2, height, width), *project.parameters())
        return normalize(project(affinity, mean), "softmax")[:, None]

    def _projection_down(self) -> Projection:
        if self.p_down is None:
            raise A2UError("This A²U was built for upsampling only. Build it with paired=True or a preset that has -d.")
        return self.p_down

    def _check_affinity(self, affinity: Tensor, mean: Tensor | None) -> tuple[int, int, int]:
        """N, H, W; A2UError unless both are what ``encode`` returns."""
        n, m, height, width = check_tensor("Affinities", affinity, "N, M, H, W").shape
        seen = None if self.mode == "static" else (n, self.guide_channels, 1, 1)
        given = tuple(mean.shape) if isinstance(mean, Tensor) and seen else None
        if m != self.filters or given != seen:
            raise A2UError(
                f"Kernels are made of what encode() returns, {self.filters} affinities at a position and the mean "
                f"{seen or 'none'}, got {described(affinity)} and {described(mean)}."
            )
        return n, height, width

    def downsample(self, guide: Tensor) -> Tensor:
        """Downsample the guide by its own kernels: Tensor[N, C_g, H, W]."""
        return formula.reduce(guide, self.down_kernel(guide).to(guide.dtype), self.ratio, self.path)

    @torch.no_grad()
    def witness_down(self, guide: Tensor, *, at: At) -> Witness:
        """The kernel and the window behind one value of ``downsample``."""
        return down_witness(guide, self.down_kernel(guide), self.ratio, at)

    def extra_repr(self) -> str:
        """What print() shows."""
        parts = [super().extra_repr(), self.mode, f"share={self.share}", f"s={self.kernel_size}", f"d={self.rank}"]
        return ", ".join(
            parts + [name for name in ("pointwise", "paired", "u_sigmoid", "scaled") if getattr(self, name)]
        )


def _check_options(kernel_size: int, encoder_kernel: int, normalization: str, rank: int, order: int) -> None:
    if kernel_size == 1 and "softmax" in normalization:
        raise A2UError(
            f"A softmax over one tap is always 1, so normalization={normalization!r} with kernel_size=1 is nearest "
            "neighbour. Use normalization='sigmoid'."
        )
    if rank > encoder_kernel**2:
        raise A2UError(
            f"A rank is at most k_en² = {encoder_kernel**2}, the size of the matrix it factorises (Eq. 3), got {rank}."
        )
    if isinstance(order, bool) or order not in (1, 2):
        raise A2UError(f"order is 2 (pairwise, U and V) or 1 (V alone), got {order!r}.")
