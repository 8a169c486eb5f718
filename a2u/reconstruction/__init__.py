"""Section 5: an auto-encoder learns to reproduce digits, once for each operator; Table 1."""

from a2u.reconstruction.experiment import Experiment, evaluate_on, load_model, prepare, train
from a2u.reconstruction.metrics import Totals, ssim
from a2u.reconstruction.network import AutoEncoder, reconstruct
from a2u.reconstruction.presets import Settings, settings
from a2u.reconstruction.rows import ROWS, Row, row

__all__ = [
    "ROWS",
    "AutoEncoder",
    "Experiment",
    "Row",
    "Settings",
    "Totals",
    "evaluate_on",
    "load_model",
    "prepare",
    "reconstruct",
    "row",
    "settings",
    "ssim",
    "train",
]
