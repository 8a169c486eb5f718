"""The module that stands where a network upsamples: the operator, and what makes it fit there."""

from typing import Any

from torch import Tensor, nn

from a2u.operators.contract import Upsampler


class Plugged(nn.Module):
    """An operator at a place of a network, called as `F.interpolate` was: with a size, or without one.

    Args:
        op: the operator.
        project: a 1×1 convolution before it, where the place also changed the number of channels.
        size: the fixed target size of the place, if it had one.
    """

    def __init__(self, op: Upsampler, project: nn.Module | None = None, size: Any = None) -> None:
        super().__init__()
        self.project, self.op, self.size = project, op, size

    def forward(self, x: Tensor, guide: Tensor | None = None, size: Any = None) -> Tensor:
        """The map at r times its size, or at the size that is given: one number for both sides, or two."""
        if self.project is not None:
            x = self.project(x)
        size = self.size if size is None else size
        if size is not None:
            rows, columns = (size, size) if isinstance(size, int) else (int(size[0]), int(size[-1]))
            size = (rows, columns)
            if size == (x.shape[2] * self.op.ratio, x.shape[3] * self.op.ratio):
                size = None
        found: Tensor = self.op(x, guide, size=size)
        return found
