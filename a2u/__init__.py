"""How neural networks upsample: every operator is g(w, z) = wᵀz, and can show the w and the z of any output value.

>>> import torch, a2u
>>> op = a2u.build("bilinear", channels=3, ratio=2)
>>> x = torch.arange(48.0).view(1, 3, 4, 4)
>>> y = op(x)
>>> t = op.witness(x, at=(0, 1, 3, 5))
>>> bool(torch.isclose(t.w @ t.z, y[0, 1, 3, 5]))
True
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from a2u.errors import A2UError

if TYPE_CHECKING:
    from a2u import formula, operators
    from a2u.cells import gather
    from a2u.formula import reassemble, reduce, universal, windows
    from a2u.operators import build
    from a2u.pretrained import load_pretrained
    from a2u.swapping import swap

__version__ = "0.1.0"

__all__ = [
    "A2UError",
    "build",
    "formula",
    "gather",
    "load_pretrained",
    "operators",
    "reassemble",
    "reduce",
    "swap",
    "universal",
    "windows",
]

_HOME = {
    "build": "operators",
    "gather": "cells",
    "load_pretrained": "pretrained",
    "swap": "swapping",
    **dict.fromkeys(("reassemble", "reduce", "universal", "windows"), "formula"),
}


def __getattr__(name: str) -> Any:
    """Load the library at its first use: torch takes seconds, and `a2u --help` needs none of it."""
    if name not in __all__:
        raise AttributeError(f"module 'a2u' has no attribute {name!r}")
    found = getattr(import_module(f"a2u.{_HOME[name]}"), name) if name in _HOME else import_module(f"a2u.{name}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
