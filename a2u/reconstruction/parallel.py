"""Several runs of Table 1 at once: see `a2u.training.parallel`."""

from a2u.training.parallel import _child, side_by_side

__all__ = ["_child", "side_by_side"]
