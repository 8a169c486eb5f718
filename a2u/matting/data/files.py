"""Pictures, alphas and trimaps as files: what is unambiguous is converted, the rest is refused with what to do.

| file holds | as a picture | as an alpha or trimap |
|---|---|---|
| grey, 1 or 8 bits | three equal channels | as it is |
| 16 bits | round(v / 257), exact for scaled 8-bit values | the same |
| palette | its colours | its colours, if they are greys |
| colour | as it is | if the three channels are equal |
| transparency | if nothing is transparent | if nothing is transparent |
| CMYK, 32 bits, float, several frames | refused | refused |

Every message names the file, so a batch job can catch it, report it and go on with the next one.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

from a2u.errors import A2UError
from a2u.files.reading import explain_read, read_bytes
from a2u.files.writing import write_whole
from a2u.matting.data.composition import alpha_tensor, image_tensor, to_bytes
from a2u.matting.data.opencv import opencv
from a2u.matting.data.trimap import VALUES

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")
GREYS, COLOURS = ("1", "L", "LA", "I;16", "I;16B", "I;16L"), ("RGB", "RGBA", "P", "PA")


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
            f"{path} is no trimap: it may hold 0, 128 and 255 only, and {sum(c for _, c in other):,} of its "
            f"{levels.size:,} pixels have other values: {named}{more}. {_reason([v for v, _ in other])}"
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
    pixels = _pixels(Path(path), "a picture")
    return np.repeat(pixels[..., None], 3, axis=-1) if pixels.ndim == 2 else pixels


def read_grey(path: str | Path) -> Any:
    """The levels of an alpha or a trimap: uint8 (H, W)."""
    pixels = _pixels(Path(path), "an alpha or trimap")
    if pixels.ndim == 3:
        if (pixels != pixels[..., :1]).any():
            raise A2UError(
                f"{path} holds colours, and an alpha or trimap is grey (all three channels equal). "
                f"Is it the picture itself? Otherwise save it as an 8-bit grey PNG."
            )
        pixels = np.ascontiguousarray(pixels[..., 0])
    return pixels


def _pixels(path: Path, wanted: str) -> Any:
    """uint8 (H, W) or (H, W, 3)."""
    from PIL import ImageOps

    content = read_bytes(path)
    with opened(path, io.BytesIO(content), wanted) as image:
        if content[:8] == b"\x89PNG\r\n\x1a\n" and content[24] == 16 and image.mode in COLOURS:
            return _opaque(_sixteen(content), path, wanted)
        upright = ImageOps.exif_transpose(image)
        return _opaque(_eight(upright), path, wanted)


@contextmanager
def opened(path: Path, content: BinaryIO, wanted: str) -> Iterator[Any]:
    """The Pillow image of a file's content, of a kind that can be used; what goes wrong inside is told of the file."""
    from PIL import Image, UnidentifiedImageError

    kinds = f"known kinds: {', '.join(SUFFIXES)}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of very large pictures, which mattes often are
            with Image.open(content) as image:
                frames = getattr(image, "n_frames", 1)
                if frames > 1:
                    raise A2UError(f"{path} holds {frames} frames, and {wanted} is one. Save the one you mean.")
                if image.mode not in (*GREYS, *COLOURS):
                    raise A2UError(
                        f"{path} is stored as {image.mode}, from which {wanted} cannot be had without a choice of "
                        f"range or profile. Save it as 8-bit or 16-bit grey or RGB."
                    )
                yield image
    except A2UError:
        raise
    except Image.DecompressionBombError as error:
        raise A2UError(f"{path} has more pixels than can be meant ({error}).") from error
    except UnidentifiedImageError as error:  # its message names an object in memory
        content.seek(0)
        what = "is not an image that can be read" if content.read(1) else "is empty"
        raise A2UError(f"{path} {what}. Get it again, or save it as one ({kinds}).") from error
    except (OSError, SyntaxError, ValueError) as error:  # what Pillow raises for files that are damaged
        if isinstance(error, OSError) and error.errno is not None:  # of the disk, which says nothing about the content
            raise explain_read(error, path) from error
        raise A2UError(
            f"{path} cannot be read as a picture: {' '.join(str(error).split())}. It is damaged, cut short or of "
            f"another kind; get it again ({kinds})."
        ) from error


def _eight(image: Any) -> Any:
    """Pixels of a Pillow image as 8 bits, with transparency where it has some."""
    if image.mode.startswith("I;16"):
        return _down(np.asarray(image).astype(np.uint16))
    transparent = image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info
    if image.mode in ("1", "L") and not transparent:
        return np.array(image.convert("L"))
    return np.array(image.convert("RGBA" if transparent else "RGB"))


def _sixteen(content: bytes) -> Any:
    """A 16-bit colour PNG, whose lower bytes Pillow would cut off."""
    cv2 = opencv()
    pixels = cv2.imdecode(np.frombuffer(content, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise OSError("its pixels cannot be decoded")
    order = [2, 1, 0, 3][: pixels.shape[2]]  # OpenCV has blue first
    return _down(pixels[..., order])


def _down(values: Any) -> Any:
    """16 bits to 8, exactly: 65535 = 257·255, so 257·v gives v back."""
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _opaque(pixels: Any, path: Path, wanted: str) -> Any:
    if pixels.ndim == 3 and pixels.shape[2] == 4:
        clear = int((pixels[..., 3] < 255).sum())
        if clear:
            raise A2UError(
                f"{path} has a transparency of its own ({clear:,} pixels are not opaque), so what {wanted} should be "
                f"is ambiguous: its colours, or its transparency? Save the one you mean as a file without transparency."
            )
        pixels = np.ascontiguousarray(pixels[..., :3])
    return pixels


def _reason(others: list[int]) -> str:
    if set(others) <= {1}:
        return "Values 0 and 1 look like a mask divided by 255: save it multiplied by 255, with 128 where unknown."
    if all(126 <= value <= 130 for value in others):
        return "Save it with exactly 128 for unknown."
    return (
        "Was it resized with smoothing, or saved as JPEG? Save it as PNG without either, "
        "or make one from an alpha with a2u.matting.data.trimap.trimap_of."
    )


def to_png(pixels: Any) -> bytes:
    """uint8 pixels (H, W), (H, W, 3) or (H, W, 4) as the content of a PNG file."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()


def write_pixels(path: Path, pixels: Any) -> None:
    """uint8 pixels (H, W), (H, W, 3) or (H, W, 4) as PNG, whole or not at all."""
    write_whole(path, to_png(pixels))
