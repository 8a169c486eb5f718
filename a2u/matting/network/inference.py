r"""Large images: the whole network, exactly, without ever holding a map of full size and many channels.

Nothing is approximated. Two kinds of value see the whole image, and both are computed for the whole image first:

- the mean in the ASPP, which lives at 1/16 of the size, where maps are small;
- what A²U reads of its guide: the pooled descriptors that generate P, U and V, and the moments of the group norm (†).
  Both are sums over positions, so they add up tile by tile. With them known, each affinity is a local value, and the
  affinity map has d channels at half the guide's size: it is kept whole, and kernels are made of it where needed.

Everything else is local, but for operators whose outputs see the whole map (``local`` is False): those upsample it in
one piece. So from stem to half size and from half size to alpha the network runs in tiles that overlap by what its
convolutions see; convolutions at full size are computed again for each pass. Only the input, the maps at half size and
below, and alpha are kept whole.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from a2u import formula
from a2u.errors import A2UError
from a2u.matting.network.inputs import check_pair, settle
from a2u.matting.network.network import MattingNet
from a2u.matting.network.pieces import Box, LazyMap, local, tiles, whole
from a2u.operators import A2U, Upsampler
from a2u.operators.encoding import bins
from a2u.training.evaluating import evaluating
from a2u.training.memory import PeakMemory

BLOCKS_REACH = 4  # of two residual blocks: four 3×3 convolutions
HEAD_REACH = 2


class Encoding(NamedTuple):
    """What A²U knows of a whole guide; kernels follow position by position."""

    affinity: Tensor  # N M H/2 W/2
    mean: Tensor | None  # N C 1 1


@torch.no_grad()
def predict_large(net: MattingNet, image: Tensor, trimap: Tensor, tile: int = 512) -> tuple[Tensor, int]:
    """What ``net.predict`` returns, up to rounding, in a fraction of its memory; and the peak of memory in bytes.

    Args:
        image, trimap: as for ``net.predict``; they may lie on another device than the network.
        tile: side of the tiles in pixels, a multiple of 16. Larger tiles repeat less and need more memory.

    Returns:
        Alpha on the network's device, and :class:`~a2u.training.memory.PeakMemory` while it was made.
    """
    check_tile(tile)
    one = image.dim() == 3
    if one:
        image, trimap = image[None], trimap[None]
    check_pair(image, trimap)
    device = net.mean.device
    with PeakMemory(device) as peak, evaluating(net):
        image, trimap = image.to(device), trimap.to(device)
        alpha = _Tiled(net, tile).run(net.prepare(image, trimap))
        alpha = settle(alpha[..., : image.shape[2], : image.shape[3]], trimap)
    return (alpha[0] if one else alpha), peak.bytes


def check_tile(tile: int) -> None:
    """Raise A2UError unless `tile` can be the side of a tile."""
    if tile < 16 or tile % 16:
        raise A2UError(f"tile is the side of a tile in pixels, a multiple of 16, got {tile!r}. Try 512.")


class _Tiled:
    """One run of the network in tiles."""

    def __init__(self, net: MattingNet, side: int) -> None:
        self.net, self.side = net, side
        self.known: dict[int, Encoding] = {}  # by stage of the decoder
        self.upsampled: dict[int, Tensor] = {}  # by stage, of operators that see the whole map

    def run(self, x: Tensor) -> Tensor:
        """Alpha of a prepared input, not clipped."""
        net, last = self.net, len(self.net.ups) - 1
        stem = local(net.encoder.stem, 3, whole(x))
        downs = [self._down(last - level) for level in range(last + 1)]
        pooled = downs[0](stem) if net.paired else self._gather(stem, lambda box: F.max_pool2d(stem.region(box), 2))
        paired = [lambda g, down=down: down(whole(g)) for down in downs] if net.paired else []
        encoded = net.encoder.below(x, pooled, paired)
        y: Tensor = net.aspp(encoded.bottom)
        guides = [stem, *map(whole, encoded.guides)]
        image = whole(net.image_of(x))
        for number in range(last + 1):
            skip = local(net.decoder[number].skip, 1, whole(encoded.skips[last - number]))  # type: ignore[arg-type]
            guide = image if net.sees_image else guides[last - number] if net.paired else skip
            y = self._stage(number, y, skip, guide)
        return y

    def _down(self, number: int) -> Callable[[LazyMap], Tensor]:
        """The operator of a stage as it goes down over a lazy map."""
        operator = self._operator(number)

        def down(guide: LazyMap) -> Tensor:
            known = self._encoding(number, guide)
            ratio = operator.ratio
            reach = 2  # blocks: the window of index blocks is two of them wide
            if isinstance(operator, A2U):
                reach = -(-operator.down_size // (2 * ratio))
            size = (guide.size[0] // ratio, guide.size[1] // ratio)

            def region(fine: Box) -> Tensor:
                box = fine.halved()
                wide = box.grown(reach, size)
                z = guide.region(wide.scaled(ratio))
                if isinstance(operator, A2U):
                    assert known is not None
                    w = operator.down_kernel_of(wide.of(known.affinity), known.mean)
                    return box.of(formula.reduce(z, w.to(z.dtype), ratio), wide)
                y: Tensor = operator.downsample(z)  # type: ignore[operator]
                return box.of(y, wide)

            return self._gather(guide, region)

        return down

    def _stage(self, number: int, y: Tensor, skip: LazyMap, guide: LazyMap) -> Tensor:
        """One step of the decoder, and after the last one the head."""
        stage, last = self.net.decoder[number], number == len(self.net.ups) - 1
        known = self._encoding(number, guide)

        def region(box: Box) -> Tensor:
            wide = box.grown(BLOCKS_REACH + HEAD_REACH, skip.size)
            out: Tensor = stage(self._up(number, y, guide, known, wide), skip.region(wide))
            return box.of(self.net.head(out) if last else out, wide)

        return self._gather(skip, region)

    def _up(self, number: int, y: Tensor, guide: LazyMap, known: Encoding | None, box: Box) -> Tensor:
        """The upsampled map in a box."""
        operator = self._operator(number)
        ratio = operator.ratio
        if not operator.local:
            if number not in self.upsampled:
                everything = guide.region(Box(0, 0, *guide.size)) if operator.card.needs_guide else None
                self.upsampled = {number: operator(y, everything)}
            return box.of(self.upsampled[number])
        low = box.halved().grown(_up_reach(operator), (y.shape[-2], y.shape[-1]))
        if isinstance(operator, A2U):
            assert known is not None
            w = operator.kernel_of(low.of(known.affinity), known.mean)
            up = formula.reassemble(low.of(y), w.to(y.dtype), ratio)
        else:
            beside = low.scaled(guide.size[0] // y.shape[-2]) if operator.card.needs_guide else None
            up = operator(low.of(y), guide.region(beside) if beside else None)
        return box.of(up, low.scaled(ratio))

    def _encoding(self, number: int, guide: LazyMap) -> Encoding | None:
        """A²U's affinity map of a whole guide, computed once for both directions. Other operators have none."""
        operator = self._operator(number)
        if not isinstance(operator, A2U):
            return None
        if number not in self.known:
            pooled, mean = (None, None) if operator.mode == "static" else self._descriptors(operator, guide)
            self.known[number] = Encoding(self._affinity(operator, guide, pooled), mean)
        return self.known[number]

    def _descriptors(self, operator: A2U, guide: LazyMap) -> tuple[Tensor, Tensor]:
        """The guide pooled to k_en×k_en, and its mean: sums over tiles of what each adds to the bins."""
        size, like = operator.encoder_kernel, self.net.mean
        rows, columns = (bins(length, size, like) for length in guide.size)
        total = sum(
            rows[:, b.top : b.bottom] @ guide.region(b) @ columns[:, b.left : b.right].T
            for b in tiles(guide.size, self.side)
        )
        assert isinstance(total, Tensor)
        return total[..., :size, :size], total[..., size:, size:]

    def _affinity(self, operator: A2U, guide: LazyMap, pooled: Tensor | None) -> Tensor:
        """The affinity at every position, tile by tile; with a group norm, its moments come first."""
        reach = -(-operator.encoder_kernel // 2)  # of U and V, in their own positions of 2×2 pixels

        def encodings(fine: Box) -> list[Tensor]:
            box = fine.halved()
            wide = box.grown(reach, (guide.size[0] // 2, guide.size[1] // 2))
            return [box.of(each, wide) for each in operator.encodings(guide.region(wide.scaled(2)), pooled)]

        norms = [_Moments(norm) for norm in operator.norms() if norm is not None]
        if norms:
            for fine in tiles(guide.size, self.side):
                for norm, each in zip(norms, encodings(fine), strict=True):
                    norm.add(each)

        def region(fine: Box) -> Tensor:
            found = encodings(fine)
            return operator.combine([n.apply(e) for n, e in zip(norms, found, strict=True)] if norms else found)

        return self._gather(guide, region)

    def _gather(self, over: LazyMap, region: Callable[[Box], Tensor]) -> Tensor:
        """The map that ``region`` makes of each tile of a lazy map, at that map's size or half of it."""
        result: Tensor | None = None
        for box in tiles(over.size, self.side):
            part = region(box)
            ratio = (box.bottom - box.top) // part.shape[-2]
            if result is None:
                result = part.new_empty(*part.shape[:2], over.size[0] // ratio, over.size[1] // ratio)
            Box(*(edge // ratio for edge in box)).of(result).copy_(part)
        assert result is not None
        return result

    def _operator(self, number: int) -> Upsampler:
        operator = self.net.ups[number]
        assert isinstance(operator, Upsampler)
        return operator


class _Moments:
    """A group norm whose mean and variance are gathered tile by tile, in float64."""

    def __init__(self, norm: nn.Sequential) -> None:
        group, self.activation = norm
        assert isinstance(group, nn.GroupNorm)
        self.group = group
        self.count = 0
        self.sums: Tensor = torch.zeros(())  # 2 N groups

    def add(self, response: Tensor) -> None:
        """Add a tile, Tensor[N, M, C, h, w]."""
        x = response.reshape(response.shape[0], self.group.num_groups, -1).double()
        self.count += x.shape[2]
        self.sums = self.sums.to(x.device) + torch.stack([x.sum(2), x.square().sum(2)])

    def apply(self, response: Tensor) -> Tensor:
        """Normalise and activate a tile by the moments of the whole."""
        mean, square = self.sums / self.count
        scale = (square - mean.square()).clamp(min=0).add(self.group.eps).rsqrt()
        x = response.reshape(response.shape[0], self.group.num_groups, -1)
        x = (x - mean[..., None].to(x.dtype)) * scale[..., None].to(x.dtype)
        x = x.reshape(response.shape[0], -1, *response.shape[-2:])  # N M·C h w
        x = x * self.group.weight[:, None, None] + self.group.bias[:, None, None]
        y: Tensor = self.activation(x)
        return y.view_as(response)


def _up_reach(operator: Upsampler) -> int:
    """How far an upsampled value sees, in positions of the small map: the window, and what makes its kernel."""
    return sum(int(getattr(operator, name, 2)) for name in ("kernel_size", "encoder_kernel", "size")) // 2 + 1
