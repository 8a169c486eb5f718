"""The contract every operator keeps: build a kernel w, meet a window z, and be able to show both.

``forward`` is always "build w, then the formula". ``witness`` opens any output value: it returns the very w and z
whose inner product that value is. An operator joins the registry (`a2u.operators.registry`) with
a :class:`Card`; the tests then hold it to its witness at every output position, so no operator can join without
keeping the thesis of the project.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from a2u import formula
from a2u.checks import (
    REAL,
    At,
    check_arithmetic,
    check_at,
    check_dense,
    check_dtype,
    check_map,
    check_positive,
    check_ratio,
    described,
    empty,
)
from a2u.errors import A2UError
from a2u.operators.sizes import Size, check_size, check_source, extended, fitted, fitted_witness
from a2u.operators.witness import MAP, Witness, up_witness, window_positions

GUIDES = ("nothing", "encoder map", "image")  # an encoder map has r times the size of x, an image any size
SUMS = ("always", "inside", "no")  # "inside": where no tap lies beyond the map


@dataclass(frozen=True)
class Card:
    """What an operator is, in the words of the paper's survey: where w comes from and which z it meets."""

    name: str  #: registered name
    title: str  #: name in print
    family: str  #: "distance", "learned" or "feature"
    order: int  #: 0: w ignores features; 1: linear in features; 2: pairwise
    kernel: str  #: where w comes from
    window: str  #: which z it meets
    cost: str  #: multiply-adds of one output value of one channel, those that make the kernel included
    source: str  #: paper and equation
    guided_by: str = "nothing"  #: GUIDES: what forward needs beside x
    groups: str = "1"  #: G, how many groups of channels have kernels of their own
    border: str = "zeros outside"  #: what a tap meets, or what becomes of it, beyond the map
    sums_to_one: str = "no"  #: SUMS: whether the weights that meet values of a map sum to 1
    linear_in_x: bool = True  #: w does not look at x, so the sum of two maps gives the sum of their results
    pairs_down: bool = False  #: has a downsample() that shares what upsampling learns
    ratios: str = "any integer ≥ 1"  #: ratios it is defined for
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  #: named sets of options

    @property
    def needs_guide(self) -> bool:
        """Whether forward needs a guide."""
        return self.guided_by != "nothing"


class Upsampler(nn.Module):
    """An upsampling operator: ``op(x, guide) = reassemble(x, op.kernel(x, guide), ratio)``.

    ``op(x, guide, size=(H', W'))`` makes a map of any size; :mod:`a2u.operators.sizes` has the rule.

    Args:
        channels: C, channels of the map to upsample.
        ratio: r, an integer.
        guide_channels: channels of the encoder map, for operators that look at one; C if not given.

    Shapes:
        x: Tensor[N, C, H, W]; guide: Tensor[N, C_guide, rH, rW]; result: Tensor[N, C, rH, rW]. With a size, guide and
        result are H'×W'.
    """

    card: ClassVar[Card]
    local: ClassVar[bool] = True  #: an output sees only what lies near it, so a map can be upsampled in tiles

    def __init__(self, channels: int, ratio: int = 2, *, guide_channels: int | None = None) -> None:
        super().__init__()
        self.channels, self.ratio = check_positive("channels", channels), check_positive("ratio", ratio)
        guide_channels = self.channels if guide_channels is None else guide_channels
        self.guide_channels = check_positive("guide_channels", guide_channels)
        self.path = "auto"  # how formula.reassemble computes the product; see formula.choose_path
        self.smallest = 1  # the shortest side of a map that it takes

    def kernel(self, x: Tensor, guide: Tensor | None = None) -> Tensor:
        """The kernels w: Tensor[N or 1, G, k², rH, rW], row-major taps; G groups of channels share a kernel."""
        raise NotImplementedError(f"{type(self).__name__} must say where its kernel comes from.")

    def forward(self, x: Tensor, guide: Tensor | None = None, size: Size | None = None) -> Tensor:
        """Upsample x by wᵀz at every position (Eq. 1), to r times its size or to the size that is given."""
        if size is None:
            return self.upsample(x, guide)
        size = self._check_target(x, size)
        return fitted(self.upsample(x, self.whole_guide(x, guide, size)), x, size, self.ratio)

    @torch.no_grad()
    def witness(self, x: Tensor, guide: Tensor | None = None, *, at: At, size: Size | None = None) -> Witness:
        """The kernel and the window behind output value ``at`` = (sample, channel, row, column)."""
        if size is None:
            return self.open(x, guide, at)
        size = self._check_target(x, size)
        guide, channels = self.whole_guide(x, guide, size), getattr(self, "out_channels", self.channels)
        return fitted_witness(lambda place: self.open(x, guide, place), at, x, channels, size, self.ratio)

    def _check_target(self, x: Tensor, size: Size) -> Size:
        size = check_size(size)
        check_source(check_map("A map", x), size)
        return size

    def upsample(self, x: Tensor, guide: Tensor | None = None) -> Tensor:
        """The map at r times the size of x, by wᵀz at every position."""
        self.check(x, guide)
        return formula.reassemble(x, self.kernel(x, guide).to(x.dtype), self.ratio, self.path)

    def whole_guide(self, x: Tensor, guide: Tensor | None, size: Size) -> Tensor | None:
        """The guide of a result of this size, as the result at r times the size of x needs it."""
        if guide is None or not self.card.needs_guide:
            return guide
        if tuple(check_map("A guide", guide).shape[2:]) != size:
            raise A2UError(
                f"{self.card.title} needs a guide of the size that it makes, {size[0]}×{size[1]}, got "
                f"{described(guide)}. Pass the encoder feature of that size."
            )
        return extended(guide, size, x, self.ratio)

    def open(self, x: Tensor, guide: Tensor | None, at: At) -> Witness:
        """The kernel and the window behind value ``at`` of the map at r times the size of x."""
        self.check(x, guide)
        w = self.kernel(x, guide).to(x.dtype)  # N G k² rH rW
        return up_witness(x, w, self.ratio, at)

    def check(self, x: Tensor, guide: Tensor | None = None) -> None:
        """Raise A2UError unless x and guide are what this operator was built for."""
        title = self.card.title
        if not isinstance(x, Tensor) or x.dim() != 4 or x.shape[1] != self.channels:
            raise A2UError(
                f"{title} was built for maps (N, {self.channels}, H, W), got {described(x)}. "
                "Build it with the channels of your map, or add the missing axis."
            )
        check_dense("A map", x)
        check_dtype("A map", x)
        if not self.card.needs_guide or not self.card.linear_in_x:
            self._check_arithmetic("A map", x)
        if self.card.needs_guide:
            self._check_beside(x, guide)

    def _check_beside(self, x: Tensor, guide: Tensor | None) -> None:
        """Raise A2UError unless the guide fits the map."""
        title, r = self.card.title, self.ratio
        wanted = (x.shape[0], self.guide_channels, x.shape[2] * r, x.shape[3] * r)
        if not isinstance(guide, Tensor) or tuple(guide.shape) != wanted:
            raise A2UError(
                f"{title} needs a guide: the encoder map at {r} times the size of x, shape {wanted}, "
                f"got {described(guide)}. Pass the encoder feature that was downsampled to this size."
            )
        self.check_guide(guide)
        if guide.device != x.device:
            raise A2UError(f"Map and guide must be on one device, got {x.device} and {guide.device}. Use guide.to(x).")
        if not self.card.linear_in_x:
            check_arithmetic(title, "one of them: op.to(x) and guide.to(x)", guide, x)

    def check_guide(self, guide: Tensor | None) -> Tensor:
        """The guide; A2UError unless this operator was built for such encoder maps and the ratio divides its size."""
        if guide is None:
            raise A2UError(f"{self.card.title} needs a guide, the encoder map, got none.")
        check_ratio(check_map("A guide", guide), self.ratio, up=False)
        if guide.shape[1] != self.guide_channels:
            raise A2UError(
                f"{self.card.title} was built for guides (N, {self.guide_channels}, rH, rW), got {described(guide)}. "
                "Build it with guide_channels of your encoder map."
            )
        self._check_arithmetic("A guide", guide)
        return guide

    def _check_arithmetic(self, name: str, seen: Tensor) -> None:
        """Raise A2UError unless the operator can make kernels from this map or guide."""
        if self.card.family == "feature":
            check_dtype(name, seen, REAL)
        weight = next(self.parameters(), None)
        if weight is not None:
            check_arithmetic(self.card.title, "the operator with op.to(x)", weight, seen)

    def no_kernels(self, seen: Tensor, groups: int, taps: int, *, down: bool = False) -> Tensor:
        """Kernels of a map or guide with an axis of 0: Tensor[N, groups, taps, …], connected to all parameters."""
        height, width = seen.shape[2:]
        if not self.card.needs_guide:
            height, width = height * self.ratio, width * self.ratio
        if down:
            height, width = height // self.ratio, width // self.ratio
        return empty(seen, (seen.shape[0], groups, taps, height, width), *self.parameters())

    def extra_repr(self) -> str:
        """What print() shows."""
        guide = f", guide_channels={self.guide_channels}" if self.card.needs_guide else ""
        return f"{self.channels}, ratio={self.ratio}{guide}"


class UniversalUpsampler(Upsampler):
    """An operator whose kernels are the same everywhere and span all input channels.

    ``kernel()`` returns Tensor[C_out·r², C·k²] as :func:`a2u.formula.universal` takes it, whatever x is.

    Args:
        channels: C, input channels.
        ratio: r.
        out_channels: C_out; C if not given.
    """

    def __init__(self, channels: int, ratio: int = 2, *, out_channels: int | None = None) -> None:
        super().__init__(channels, ratio)
        self.out_channels = check_positive("out_channels", self.channels if out_channels is None else out_channels)

    def _check_arithmetic(self, name: str, seen: Tensor) -> None:
        """Raise A2UError unless the weights, converted to the map's dtype, can multiply it."""
        weight = next(self.parameters(), seen)
        if weight.device != seen.device or (weight.is_complex() and not seen.is_complex()):
            raise A2UError(
                f"{self.card.title} and its input must fit, got weights of {weight.dtype} on {weight.device} and a map "
                f"of {seen.dtype} on {seen.device}. Move the operator with op.to(x)."
            )

    def upsample(self, x: Tensor, guide: Tensor | None = None) -> Tensor:
        """Upsample x by wᵀz, z spanning all channels; a guide is accepted and ignored."""
        self.check(x, guide)
        path = "reference" if self.path == "reference" else "auto"
        return formula.universal(x, self.kernel(x, guide).to(x.dtype), self.ratio, path)

    def open(self, x: Tensor, guide: Tensor | None, at: At) -> Witness:
        """The row of the kernel matrix and the C·k² inputs behind output value ``at``."""
        self.check(x, guide)
        w, r = self.kernel(x, guide).to(x.dtype), self.ratio
        size = (x.shape[0], self.out_channels, x.shape[2] * r, x.shape[3] * r)
        n, c, i, j = check_at(at, size)
        k = round((w.shape[1] / self.channels) ** 0.5)
        z = formula.windows(x[n : n + 1], k)[0, :, :, i // r, j // r].flatten()
        row = w[c * r * r + (i % r) * r + j % r]
        where = window_positions(k, 1, i // r, j // r, range(self.channels))
        return Witness(row, z, where, at, torch.full((len(z),), MAP))
