"""What a reader sees of a figure: its pixels, and whether there is a picture at all."""

import io

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from a2u.plots import style


def pixels(fig: Figure) -> np.ndarray:
    """uint8 values as int, (H, W, 3), so that differences can be taken."""
    return np.asarray(Image.open(io.BytesIO(style.png(fig, density=1.0))).convert("RGB"), dtype=int)


def is_picture(data: bytes) -> bool:
    """A PNG that can be read whole and is not of a single colour."""
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image.format == "PNG" and np.asarray(image).std() > 0
