"""Maps that exist in pieces: boxes, tiles, and local operations that look a little beyond them.

A *lazy map* can be asked for any box: a tensor, or a convolution of another lazy map, computed on demand.
A local operation on a box is exact if its input reaches ``radius`` further on every side; where the whole map ends, the
operation's own zero padding is the right one, so the box is cut there.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor


class Box(NamedTuple):
    """Rows top … bottom − 1 and columns left … right − 1."""

    top: int
    left: int
    bottom: int
    right: int

    def grown(self, by: int, size: tuple[int, int]) -> "Box":
        """Larger by so much on each side, within a map of this size."""
        height, width = size
        return Box(max(0, self.top - by), max(0, self.left - by),
                   min(height, self.bottom + by), min(width, self.right + by))  # fmt: skip

    def scaled(self, ratio: int) -> "Box":
        """The same box on a map ``ratio`` times as large."""
        return Box(*(ratio * edge for edge in self))

    def halved(self) -> "Box":
        """The smallest box on a map of half the size that holds this one."""
        return Box(self.top // 2, self.left // 2, -(-self.bottom // 2), -(-self.right // 2))

    def of(self, x: Tensor, origin: "Box | None" = None) -> Tensor:
        """This box cut out of x; x begins at the corner of ``origin`` (the map's, if there is none)."""
        top, left = (0, 0) if origin is None else origin[:2]
        return x[..., self.top - top : self.bottom - top, self.left - left : self.right - left]


def tiles(size: tuple[int, int], side: int) -> Iterator[Box]:
    """Boxes of side × side that cover a map, the last ones smaller."""
    height, width = size
    for top in range(0, height, side):
        for left in range(0, width, side):
            yield Box(top, left, min(height, top + side), min(width, left + side))


@dataclass(frozen=True)
class LazyMap:
    """A map whose values are computed box by box, when they are asked for. size: its height and width."""

    size: tuple[int, int]
    region: Callable[[Box], Tensor]


def whole(x: Tensor) -> LazyMap:
    """A tensor as a lazy map."""
    return LazyMap((x.shape[-2], x.shape[-1]), lambda box: box.of(x))


def local(operation: Callable[[Tensor], Tensor], radius: int, source: LazyMap) -> LazyMap:
    """A same-size operation on a lazy map. Each of its values depends only on what lies within ``radius`` of it."""

    def region(box: Box) -> Tensor:
        wide = box.grown(radius, source.size)
        return box.of(operation(source.region(wide)), wide)

    return LazyMap(source.size, region)
