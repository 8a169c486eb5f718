"""A figure as the pixels that a reader sees."""

import io

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from a2u.plots import style


def pixels(fig: Figure) -> np.ndarray:
    """uint8 values as int, (H, W, 3), so that differences can be taken."""
    return np.asarray(Image.open(io.BytesIO(style.png(fig, density=1.0))).convert("RGB"), dtype=int)
