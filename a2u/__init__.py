"""How neural networks upsample: every operator is g(w, z) = wᵀz, and can show the w and the z of any output value.

>>> import torch, a2u
>>> op = a2u.build("bilinear", channels=3, ratio=2)
>>> x = torch.arange(48.0).view(1, 3, 4, 4)
>>> y = op(x)
>>> t = op.witness(x, at=(0, 1, 3, 5))
>>> bool(torch.isclose(t.w @ t.z, y[0, 1, 3, 5]))
True
"""

from a2u import formula, operators
from a2u.errors import A2UError
from a2u.formula import reassemble, reduce, universal, windows
from a2u.operators import build

__version__ = "0.1.0"

__all__ = ["A2UError", "build", "formula", "operators", "reassemble", "reduce", "universal", "windows"]
