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
from a2u.operators.sapa import SAPA
from a2u.operators.fade import FADE
from a2u.operators.bilateral import JointBilateral
from a2u.operators.naf import NAF
from a2u.operators.sapa_d import SAPAD
from a2u.operators.lda_aqu import LDAAQU
from a2u.operators.carafe_plus import CARAFEPlus
from a2u.operators.featup import FeatUpStage
# isort: on

__all__ = [
    "A2U",
    "CARAFE",
    "FADE",
    "LDAAQU",
    "NAF",
    "SAPA",
    "SAPAD",
    "Bicubic",
    "Bilinear",
    "CARAFEPlus",
    "Card",
    "Deconvolution",
    "DySample",
    "FeatUpStage",
    "IndexNet",
    "JointBilateral",
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
