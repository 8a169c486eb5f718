"""What lies behind the scenes: real photographs that come with scikit-image, and textures made by code.

The photographs are public domain or freely licensed, and lie inside scikit-image: nothing is downloaded. No photograph
serves two parts.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from a2u.errors import A2UError
from a2u.matting.data.synthetic.textures import texture
from a2u.training.device import derive_seed

PHOTOGRAPHS = {
    "train": (
        "astronaut.png",
        "coffee.png",
        "rocket.jpg",
        "brick.png",
        "grass.png",
        "hubble_deep_field.jpg",
        "ihc.png",
    ),
    "validation": ("camera.png", "retina.jpg"),
    "test": ("chelsea.png", "motorcycle_left.png", "gravel.png"),
}
TEXTURE = 512  # side of a texture


@lru_cache(maxsize=16)
def photograph(name: str) -> Any:
    """One photograph by file name, grey ones in three equal channels: uint8 (H, W, 3).

    Raises:
        A2UError: scikit-image, or this picture of it, is not there.
    """
    try:
        import skimage
        from PIL import Image

        with Image.open(Path(skimage.__file__).parent / "data" / name) as image:
            return np.asarray(image.convert("RGB"))
    except (ImportError, OSError) as error:
        raise A2UError(
            f"The synthetic set's backgrounds are photographs inside scikit-image, and {name} cannot be read "
            f"({error}): pip install --force-reinstall scikit-image."
        ) from error


@lru_cache(maxsize=64)
def background(part: str, seed: int) -> Any:
    """A background of one part of the set: a photograph for even seeds, a texture for odd ones; uint8 (H, W, 3)."""
    if seed % 2 == 0:
        names = PHOTOGRAPHS[part]
        return photograph(names[seed // 2 % len(names)])
    made = texture(np.random.default_rng(derive_seed(seed, "background", part)), TEXTURE)
    return np.rint(made * 255).astype(np.uint8)
