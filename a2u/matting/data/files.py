"""Pictures, alphas and trimaps as files: what is unambiguous is converted, the rest is refused with advice.

`a2u/matting/data/pixels.py` says how each kind of file becomes pixels. A grey picture has three equal channels;
an alpha or a trimap may be stored as grey, as colour whose three channels are equal, or as a palette of greys.

Every message names the file, so a batch job can catch it, report it and go on with the next one.
"""

import io
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from a2u.errors import A2UError
from a2u.files.writing import write_whole
from a2u.matting.data.composition import alpha_tensor, image_tensor, to_bytes
from a2u.matting.data.pixels import pixels
from a2u.matting.data.trimap import VALUES


def read_image(path: str | Path) -> Tensor:
    """A picture: float32 RGB in [0, 1], Tensor[3, H, W]."""
    return image_tensor(read_colour(path))


def read_alpha(path: str | Path) -> Tensor:
    """An alpha: float32 in [0, 1], Tensor[1, H, W]."""
    return alpha_tensor(read_grey(path))


def read_trimap(path: str | Path) -> Tensor:
    """A trimap: uint8 Tensor[1, H, W] of 0, 128 and 255.

    Raises:
        A2UError: The file cannot be used, or holds other values; they are named and counted, never rounded.
    """
    levels = read_grey(path)
    values, counts = np.unique(levels, return_counts=True)
    other = [(int(v), int(c)) for v, c in zip(values, counts, strict=True) if v not in VALUES]
    if other:
        most = sorted(other, key=lambda pair: -pair[1])
        named = ", ".join(f"{value} ({count:,})" for value, count in most[:5])
        more = f" and {len(other) - 5} more values" if len(other) > 5 else ""
        raise A2UError(
            f"{path} is not a trimap: it may hold 0, 128 and 255 only, but {sum(c for _, c in other):,} of its "
            f"{levels.size:,} pixels have other values: {named}{more}. "
            f"{why_no_trimap([v for v, _ in other], values.tolist())}"
        )
    return torch.from_numpy(levels)[None]


def check_sizes(**sizes: tuple[Path, tuple[int, ...]]) -> None:
    """All files of one case must have one size, given as name=(path, (H, W)).

    Raises:
        A2UError: Two differ; both are named.
    """
    (first, (path, size)), *others = sizes.items()
    for name, (other, found) in others:
        if found != size:
            raise A2UError(
                f"The {first} and its {name} must have one size: {path} is {size[1]}×{size[0]} (width × height), "
                f"{other} is {found[1]}×{found[0]}. Do they belong together? A resized copy is no substitute: get the "
                f"{name} at the size of the {first}."
            )


def write_image(path: str | Path, image: Tensor) -> None:
    """Tensor[3, H, W] in [0, 1] as an 8-bit PNG."""
    write_pixels(Path(path), to_bytes(image))


def write_alpha(path: str | Path, alpha: Tensor) -> None:
    """Tensor[1, H, W] in [0, 1] as an 8-bit grey PNG."""
    write_pixels(Path(path), to_bytes(alpha))


def write_trimap(path: str | Path, trimap: Tensor) -> None:
    """uint8 Tensor[1, H, W] of 0, 128, 255 as an 8-bit grey PNG."""
    write_pixels(Path(path), trimap[0].cpu().numpy())


def read_colour(path: str | Path) -> Any:
    """The pixels of a picture: uint8 (H, W, 3), RGB."""
    found = pixels(Path(path), "a picture")
    return np.repeat(found[..., None], 3, axis=-1) if found.ndim == 2 else found


def read_grey(path: str | Path) -> Any:
    """The levels of an alpha or a trimap: uint8 (H, W)."""
    found = pixels(Path(path), "an alpha or trimap")
    if found.ndim == 3:
        if (found != found[..., :1]).any():
            raise A2UError(
                f"{path} holds colours, but an alpha or trimap is grey (all three channels equal). "
                f"Is it the picture itself? Otherwise save it as an 8-bit grey PNG."
            )
        found = np.ascontiguousarray(found[..., 0])
    return found


def why_no_trimap(others: list[int], values: list[int]) -> str:
    """The likeliest reason why a trimap has such values, and what to do.

    Args:
        others: the values that no trimap may have. values: all that this file has.
    """
    if set(values) <= {0, 1}:
        return "Values 0 and 1 look like a mask divided by 255: save it multiplied by 255, with 128 where unknown."
    if set(values) == {0, 1, 2}:
        return "Values 0, 1 and 2 look like numbered classes: save background as 0, unknown as 128, foreground as 255."
    if set(values) == {1, 2, 3}:
        return (
            "Values 1, 2 and 3 look like a data set's classes (of Oxford pets: 1 object, 2 background, 3 between): "
            "save the object as 255, the background as 0, what lies between as 128."
        )
    if set(values) == {0, 1, 255}:
        return (
            "Values 0, 1 and 255 look like a segmentation, in which 1 is the object and 255 its undecided rim: save 1 "
            "as 255, and 255 as 128."
        )
    if all(126 <= value <= 130 for value in others):
        return "Save it with exactly 128 for unknown."
    if len(values) <= 8 and max(values) < 128:
        return (
            "Its few dark values look like numbered classes, or like a file of 10 to 15 bits: save background as 0, "
            "unknown as 128, foreground as 255."
        )
    return (
        "Was it resized with smoothing, or saved as JPEG? Save it as PNG without either, "
        "or make one from an alpha with a2u.matting.data.trimap.trimap_of."
    )


def to_png(values: Any, profile: bytes | None = None) -> bytes:
    """uint8 values (H, W), (H, W, 3) or (H, W, 4) as the content of a PNG file.

    Args:
        values: grey, RGB or RGBA.
        profile: the colour profile (ICC) of the space of these colours; None: none, which means sRGB.
    """
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, format="PNG", icc_profile=profile)
    return buffer.getvalue()


def write_pixels(path: Path, values: Any, profile: bytes | None = None) -> None:
    """:func:`to_png` as a file, whole or not at all."""
    write_whole(path, to_png(values, profile))
