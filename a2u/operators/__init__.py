"""Every upsampling operator of the course, one file each, all under one contract.

Importing this package registers them in the order of the course: from the kernel that ignores everything to the
kernel that compares features with each other.
"""

# Importing an operator registers it, and names() lists them in this order.
# isort: off
from a2u.operators.contract import Card, UniversalUpsampler, Upsampler
from a2u.operators.witness import Witness
from a2u.operators.registry import build, card, names, presets, register
from a2u.operators.distance import Bicubic, Bilinear, Nearest
from a2u.operators.unpooling import MaxUnpool
from a2u.operators.convolution import Deconvolution, PixelShuffle
from a2u.operators.carafe import CARAFE
from a2u.operators.indexnet import IndexNet
from a2u.operators.affinity import A2U
from a2u.operators.dysample import DySample
# isort: on

__all__ = [
    "A2U",
    "CARAFE",
    "Bicubic",
    "Bilinear",
    "Card",
    "Deconvolution",
    "DySample",
    "IndexNet",
    "MaxUnpool",
    "Nearest",
    "PixelShuffle",
    "UniversalUpsampler",
    "Upsampler",
    "Witness",
    "build",
    "card",
    "names",
    "presets",
    "register",
]
