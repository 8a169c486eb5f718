"""Operators that list the cells of each output: they move z, or look at more than a window of their parent."""

import torch
from torch import Tensor

from a2u import cells
from a2u.checks import At, check_choice, empty
from a2u.formula import PATHS
from a2u.operators.contract import Upsampler
from a2u.operators.witness import Witness, cells_witness


class ListedUpsampler(Upsampler):
    """An operator that says for each output which cells it reads: ``op(x, guide) = gather(x, *op.cells(x, guide))``."""

    def cells(self, x: Tensor, guide: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Weights and cells: Tensor and LongTensor[N or 1, G or 1, T, rH, rW], as :func:`a2u.gather` takes them."""
        raise NotImplementedError(f"{type(self).__name__} must say which cells its outputs read.")

    def kernel(self, x: Tensor, guide: Tensor | None = None) -> Tensor:
        """The weights of :meth:`cells`: Tensor[N or 1, G or 1, T, rH, rW]; float32 for half precision."""
        return self.cells(x, guide)[0]

    def upsample(self, x: Tensor, guide: Tensor | None = None) -> Tensor:
        """Upsample x by wᵀz at every position, z the listed cells."""
        self.check(x, guide)
        w, index = self.cells(x, guide)
        check_choice("path", self.path, PATHS)
        if 0 in x.shape:
            return empty(x, (*x.shape[:2], *w.shape[-2:]), w)
        return cells.gathered(x, self._beside(x, w), index, "reference" if self.path == "reference" else "auto")

    def open(self, x: Tensor, guide: Tensor | None, at: At) -> Witness:
        """The weights and the cells behind output value ``at``; fractional positions are the cells they are read of."""
        self.check(x, guide)
        w, index = self.cells(x, guide)
        return cells_witness(x, self._beside(x, w), index, at)

    @staticmethod
    def _beside(x: Tensor, w: Tensor) -> Tensor:
        """The weights as the product takes them: of x's dtype, but float32 beside half precision."""
        return w if w.dtype == torch.float32 and x.dtype.itemsize == 2 else w.to(x.dtype)

    def no_cells(self, x: Tensor, groups: int, taps: int) -> tuple[Tensor, Tensor]:
        """Weights and cells of a map with an axis of 0."""
        w = empty(x, (x.shape[0], groups, taps, x.shape[2] * self.ratio, x.shape[3] * self.ratio), *self.parameters())
        return w, torch.full(w.shape, -1, device=x.device)
