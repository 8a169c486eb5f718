"""The pixels of a picture file of a camera, phone or program, by Pillow: upright, in 8 bits, RGB or grey.

| file holds | becomes |
|---|---|
| grey, 1 or 8 bits | grey levels, as they are |
| 16 bits, grey or colour | round(v / 257), exact for scaled 8-bit values; refused if all are below 256, so not scaled |
| palette, RGB, YCbCr | RGB |
| CMYK | sRGB through the profile that it holds; refused without one |
| transparency | dropped if nothing is transparent; refused otherwise |
| several photographs (MPO) | the first; the others are views and previews of it |
| several frames (animation, pages) | refused |
| 32 bits, float | refused |

Orientation: only the one EXIF tag that turns the picture is read; the others may be damaged. Colour profiles: nothing
is converted (except CMYK): a method sees the numbers of the file, and the cut-out, whose colours are in the same
space, keeps the profile (:func:`profile_of`).
"""

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from a2u.errors import A2UError
from a2u.files.reading import explain_read, read_bytes
from a2u.matting.data.opencv import opencv

SUFFIXES = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".avif")
_HEIF = "Pillow reads HEIC with the library pillow-heif (pip install pillow-heif), or export it as JPEG or PNG."
_RAW = "It holds the raw data of the camera's sensor: develop it, and save it as PNG or TIFF."
NEED_MORE = {  # kinds that are pictures too, and what they need
    **dict.fromkeys((".heic", ".heif", ".hif"), _HEIF),
    **dict.fromkeys((".dng", ".nef", ".cr2", ".cr3", ".arw", ".raf", ".orf", ".rw2"), _RAW),
    ".jxl": "Pillow does not read JPEG XL: save it as PNG.",
}
GREYS = ("1", "L", "LA", "I;16", "I;16B", "I;16L")
COLOURS = ("RGB", "RGBA", "RGBX", "P", "PA", "YCbCr")
ORIENTATION = 0x0112
TURNS = {2: (0, True), 3: (2, False), 4: (2, True), 5: (3, True), 6: (3, False), 7: (1, True), 8: (1, False)}
DAMAGED = (
    *(OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError, RuntimeError),
    *(ArithmeticError, struct.error, zlib.error),
)  # what Pillow raises for files that are damaged


def pixels(path: Path, wanted: str) -> Any:
    """The picture as uint8 (H, W) or (H, W, 3), RGB.

    Args:
        path: the file; its content says what it is, not its ending.
        wanted: what it should be, for messages: "a picture".

    Raises:
        A2UError: It is not there, damaged, or of a kind that becomes `wanted` only by a choice of the user's.
    """
    content = read_bytes(path)
    with opened(path, io.BytesIO(content), wanted) as image:
        image.load()
        if deep(image, content):
            found = _down(_sixteen(content), path, wanted)
            turned = image.format != "TIFF"  # OpenCV has turned a TIFF already
        else:
            found, turned = _eight(image, path, wanted), True
        return _opaque(upright(found, orientation(image)) if turned else found, path, wanted)


def profile_of(path: Path) -> bytes | None:
    """The colour profile (ICC) of a file's RGB numbers, None where there is none, or one of another space."""
    with opened(path, io.BytesIO(read_bytes(path)), "a picture") as image:
        profile = image.info.get("icc_profile")
        return profile if profile and image.mode != "CMYK" and profile[16:20] == b"RGB " else None


@contextmanager
def opened(path: Path, content: BinaryIO, wanted: str) -> Iterator[Any]:
    """The Pillow image of a file's content, of a kind that can be used; messages of errors inside name the file."""
    from PIL import Image, PngImagePlugin, UnidentifiedImageError

    # One chunk of text or profile may be as large as all of them together may be: 64 MiB instead of 1.
    PngImagePlugin.MAX_TEXT_CHUNK = max(PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY)
    kinds = f"known kinds: {', '.join(SUFFIXES)}"
    _needs(path, content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of very large pictures, which mattes often are, and of odd EXIF
            with Image.open(content) as image:
                _check(image, path, wanted)
                yield image
    except A2UError:
        raise
    except Image.DecompressionBombError as error:
        raise A2UError(f"{path} has implausibly many pixels ({error}).") from error
    except UnidentifiedImageError as error:  # its message names an object in memory
        content.seek(0)
        what = "is not an image that can be read" if content.read(1) else "is empty"
        raise A2UError(f"{path} {what}. Get it again, or save it as one ({kinds}).") from error
    except DAMAGED as error:
        if isinstance(error, OSError) and error.errno is not None:  # an error of the disk: the content may be sound
            raise explain_read(error, path) from error
        raise A2UError(
            f"{path} cannot be read as a picture: {' '.join(str(error).split())}. It is damaged, cut short or of "
            f"another kind; get it again ({kinds})."
        ) from error


def orientation(image: Any) -> int:
    """The orientation that a loaded Pillow image has, 1 (upright) to 8; 1 if the tag is missing or makes no sense.

    Only this tag is read: the rest of the EXIF may be damaged, or written in a way of the camera's maker.
    """
    try:
        value = image.getexif().get(ORIENTATION, 1)
        value = value[0] if isinstance(value, tuple) else value
        return int(value) if int(value) in TURNS else 1
    except Exception:  # each kind of damage has its own class, and none is a reason to refuse the picture
        return 1


def upright(found: Any, turn: int) -> Any:
    """Pixels (H, W) or (H, W, C) turned and mirrored as an orientation says; 5 to 8 swap height and width."""
    quarters, mirrored = TURNS.get(turn, (0, False))
    turned = np.rot90(found, quarters)
    return np.ascontiguousarray(turned[:, ::-1] if mirrored else turned)


def deep(image: Any, content: bytes) -> bool:
    """Whether it has colours of 16 bits, whose lower bytes Pillow would cut off; the head of `content` is enough."""
    if image.mode not in COLOURS and image.mode != "LA":
        return False
    if image.format == "PNG":
        return content[24] == 16  # every PNG has its depth at this place
    bits = image.tag_v2.get(258, 8) if image.format == "TIFF" else 8
    return bool(max(bits if isinstance(bits, tuple) else (bits,)) == 16)


def _needs(path: Path, content: BinaryIO) -> None:
    """Refuse kinds that Pillow alone does not read, and say what they need; pillow-heif is used if it is installed."""
    head = content.read(12)
    content.seek(0)
    heif = head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx")
    if heif or path.suffix.lower() in (".heic", ".heif", ".hif"):
        try:
            import_module("pillow_heif").register_heif_opener()
        except ImportError:
            if heif:
                raise A2UError(f"{path} is HEIC, as some phones write it. {NEED_MORE['.heic']}") from None
    elif path.suffix.lower() in NEED_MORE:
        raise A2UError(f"{path} is of a kind that cannot be read. {NEED_MORE[path.suffix.lower()]}")


def _check(image: Any, path: Path, wanted: str) -> None:
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":
        raise A2UError(f"{path} holds {frames} frames, but {wanted} is one. Save the one you mean.")
    if image.mode == "CMYK" and image.info.get("icc_profile") and wanted == "a picture":
        return
    if image.mode not in (*GREYS, *COLOURS):
        raise A2UError(
            f"{path} is stored as {image.mode}, which becomes {wanted} only by a choice of range or profile. "
            f"Save it as 8-bit or 16-bit grey or RGB."
        )


def _eight(image: Any, path: Path, wanted: str) -> Any:
    """Pixels of a loaded Pillow image as 8 bits, with transparency where it has some."""
    if image.mode.startswith("I;16"):
        return _down(np.asarray(image).astype(np.uint16), path, wanted)
    if image.mode == "CMYK":
        return _through_profile(image, path)
    transparent = image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info
    if image.mode in ("1", "L") and not transparent:
        return np.array(image.convert("L"))
    return np.array(image.convert("RGBA" if transparent else "RGB"))


def _through_profile(image: Any, path: Path) -> Any:
    """CMYK as sRGB, through the profile of the file."""
    from PIL import ImageCms

    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
        found = ImageCms.profileToProfile(image, own, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError) as error:
        raise A2UError(
            f"{path} is stored as CMYK, but its colour profile cannot be used ({' '.join(str(error).split())}). Save "
            f"it as RGB."
        ) from error
    return np.array(found)


def _sixteen(content: bytes) -> Any:
    """Colours of 16 bits as uint16 (H, W, 3 or 4), RGB."""
    cv2 = opencv()
    try:
        found = cv2.imdecode(np.frombuffer(content, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise OSError(f"its pixels cannot be decoded ({error})") from error
    if found is None or found.ndim != 3:
        raise OSError("its pixels cannot be decoded")
    order = [2, 1, 0, 3][: found.shape[2]]  # OpenCV has blue first
    return found[..., order]


def _down(values: Any, path: Path, wanted: str) -> Any:
    """16 bits to 8, exactly: 65535 = 257·255, so 257·v gives v back.

    Raises:
        A2UError: All values fit in 8 bits, so they are 8-bit values that were not scaled: they would all become 0 or 1.
    """
    if 0 < values.max() <= 255:
        raise A2UError(
            f"{path} is a 16-bit file whose largest value is {values.max()} of 65535, so {wanted} would be black. Its "
            f"values are those of 8 bits: save it as an 8-bit file, or multiply them by 257."
        )
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _opaque(found: Any, path: Path, wanted: str) -> Any:
    if found.ndim == 3 and found.shape[2] == 4:
        clear = int((found[..., 3] < 255).sum())
        if clear:
            raise A2UError(
                f"{path} has a transparency of its own ({clear:,} pixels are not opaque), so what {wanted} should be "
                f"is ambiguous: its colours, or its transparency? Save the one you mean as a file without transparency."
            )
        found = np.ascontiguousarray(found[..., :3])
    return found
