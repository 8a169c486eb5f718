"""Pictures to try an operator on: made here, changed in known ways, or brought by the learner."""

import io
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from a2u.data import load
from a2u.errors import A2UError
from a2u.files.reading import Missing, Unreadable, expanded, read_bytes
from a2u.lessons import shared

SIZE = 2 * shared.SIZE  # of every picture; the small map has half of it
LARGEST = 64  # million pixels of a picture to read
OWN = "your picture"


def _digit(index: int) -> Tensor:
    pixels = load("mnist", "test").images[index, 2:26, 2:26].to(torch.float32)[None, None] / 255
    return F.interpolate(pixels, size=(SIZE, SIZE), mode="bilinear", antialias=True, align_corners=False)


def _edge() -> Tensor:
    return (torch.arange(SIZE) >= SIZE // 2).float().expand(1, 1, SIZE, SIZE).contiguous()


def _line() -> Tensor:
    row, column = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing="ij")
    return ((row - column).abs() <= 1).float()[None, None]


def _chequers() -> Tensor:
    row, column = torch.meshgrid(torch.arange(SIZE) // 4, torch.arange(SIZE) // 4, indexing="ij")
    return ((row + column) % 2).float()[None, None]


PICTURES: dict[str, Callable[[], Tensor]] = {
    "a handwritten 2": shared.digit,
    "a handwritten 7": lambda: _digit(0),
    "an edge": _edge,
    "a slanted line": _line,
    "a chequerboard": _chequers,
    "plain grey": lambda: torch.full((1, 1, SIZE, SIZE), 0.5),
}


def _noisy(image: Tensor) -> Tensor:
    return image + 0.15 * torch.randn(image.shape, generator=torch.Generator().manual_seed(0))


CHANGES: dict[str, Callable[[Tensor], Tensor]] = {
    "nothing changed": lambda image: image,
    "moved 2 to the right": lambda image: F.pad(image, (2, -2, 0, 0)),
    "half as strong": lambda image: image / 2,
    "three times as strong": lambda image: image * 3,
    "½ added everywhere": lambda image: image + 0.5,
    "noise added": _noisy,
}


def read_picture(source: str | Path | bytes) -> Tensor:
    """A picture of the learner's: its middle square in grey, resized to Tensor[1, 1, 16, 16], black 0 and white 1.

    Args:
        source: path of a file, or its content.

    Raises:
        A2UError: no such file, or nothing that can be read as a picture.
    """
    import numpy as np
    from PIL import Image, ImageOps

    name = f"{source}" if isinstance(source, str | Path) else "What was loaded"
    try:
        content = source if isinstance(source, bytes) else read_bytes(expanded(source))
        with Image.open(io.BytesIO(content)) as opened:
            if opened.width * opened.height > LARGEST * 1_000_000:
                raise A2UError(f"{name} has more than {LARGEST} million pixels. Make it smaller first.")
            grey = ImageOps.fit(ImageOps.exif_transpose(opened).convert("RGB").convert("L"), (256, 256))
    except Missing:
        raise A2UError(f"There is no file {name}. Give its path from this notebook's folder, or a whole one.") from None
    except Unreadable:
        raise
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise A2UError(f"{name} cannot be read as a picture ({error}). Try a PNG or a JPEG.") from None
    pixels = torch.from_numpy(np.asarray(grey, dtype=np.float32).copy())[None, None] / 255
    return F.interpolate(pixels, size=(SIZE, SIZE), mode="bilinear", antialias=True, align_corners=False)


def find(picture: str, own: bytes | None = None) -> Tensor:
    """The picture of this name, or the learner's own: Tensor[1, 1, 16, 16]."""
    if picture != OWN:
        return PICTURES[picture]()
    if not own:
        raise A2UError("Load a picture of yours first: the button at the end of the controls opens a file.")
    return read_picture(own)


def maps(image: Tensor) -> tuple[Tensor, Tensor]:
    """What lesson 01 made of the digit, of any picture: the small map x (1, 4, 8, 8) and the guide (1, 4, 16, 16)."""
    guide = shared.encode(image)
    return F.max_pool2d(guide, 2), guide
