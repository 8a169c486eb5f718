"""Files checked before a training begins, so that none stops it in the middle of an epoch.

The check decodes as little as possible: the header gives size and kind, and the last bytes show whether the file is
whole. Only what a header cannot vouch for is decoded: a file without its end, with a transparency that may hide
something, or with 16 bits that may not be scaled.
"""

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO

from a2u.errors import A2UError
from a2u.files.reading import open_regular
from a2u.matting.data.files import check_sizes, read_colour, read_grey, read_trimap
from a2u.matting.data.pixels import COLOURS, deep, opened, orientation
from a2u.matting.data.trimap import check_unknown

TAIL = 1024  # bytes at the end of a file that are searched for its end mark; some cameras write more after it
UNPACKED = (".bmp", ".tif", ".tiff")  # kinds whose file size says nothing about their content
_FLAT = 2000  # bytes that a file may have for its header alone
THREADS = 8  # they wait for the disk


def check(groups: Iterable[Sequence[tuple[str, Path]]], what: str, known: Sequence[str] = ()) -> None:
    """Check all files, given as groups of (name, path) that must have one size.

    Args:
        groups: "alpha" and "trimap" must be grey; the others are pictures.
        what: the name of all these files, for the message.
        known: faults found already, to be reported in the same message.

    Raises:
        A2UError: Every file that cannot be used is named.
    """
    with ThreadPoolExecutor(THREADS) as threads:
        faults = [fault for fault in threads.map(_fault, groups) if fault]
    if faults:
        known = [*known, f"{len(faults)} of {what} cannot be used, and would stop a training.", *faults]
    if known:
        raise A2UError(" ".join(known))


def _fault(group: Sequence[tuple[str, Path]]) -> str | None:
    try:
        sizes = {name: (path, size_of(path, name in ("alpha", "trimap"))) for name, path in group}
        check_sizes(**sizes)
        for name, path in group:
            if name == "alpha":
                _refuse_flat(path, sizes[name][1])
            elif name == "trimap":
                check_unknown(read_trimap(path), path)
    except A2UError as error:
        return str(error)
    return None


def _refuse_flat(path: Path, size: tuple[int, int]) -> None:
    """An alpha that is 0 or 255 everywhere has nothing to teach: no pixel of it is unknown, and every loss is 0.

    Only small files are decoded for this: a flat picture needs few bytes in every format, and a matte needs more.
    """
    if path.stat().st_size > _FLAT + size[0] * size[1] // 20 and path.suffix.lower() not in UNPACKED:
        return
    levels = read_grey(path)
    for value, what in ((0, "nothing is in front"), (255, "everything is in front")):
        if (levels == value).all():
            raise A2UError(
                f"{path} is {value} everywhere, so {what} and there is nothing to learn from it. Leave it out."
            )


def size_of(path: Path, grey: bool = False) -> tuple[int, int]:
    """Height and width, as the file is read.

    Raises:
        A2UError: It cannot be read.
    """
    with (
        os.fdopen(open_regular(path), "rb") as file,
        opened(path, file, "an alpha or trimap" if grey else "a picture") as image,
    ):
        transparent = image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info
        plain = image.mode in (*COLOURS, "1", "L") and not deep(image, _head(file))  # others must be decoded
        sure = plain and not transparent and _whole(file, image.format)
        turned = image.format != "TIFF" and orientation(_Unread(image)) >= 5  # Pillow has turned a TIFF already
        size = image.size if turned else image.size[::-1]
    if not sure:
        found = (read_grey if grey else read_colour)(path)
        return (int(found.shape[0]), int(found.shape[1]))
    return (int(size[0]), int(size[1]))


def _head(file: BinaryIO) -> bytes:
    place = file.tell()
    file.seek(0)
    head = file.read(32)
    file.seek(place)
    return head


class _Unread:
    """A Pillow image asked for its EXIF, which for a PNG would decode all of it to look behind the pixels."""

    def __init__(self, image: Any) -> None:
        self.image = image

    def getexif(self) -> Any:
        """The EXIF of the header."""
        from PIL import Image

        return Image.Image.getexif(self.image)


def _whole(file: BinaryIO, kind: str) -> bool:
    """Whether the mark that ends a file is there, and no EXIF just before it; False also for kinds without a mark."""
    place = file.tell()
    file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL))
    tail = file.read()
    file.seek(place)
    mark = {"PNG": b"IEND", "JPEG": b"\xff\xd9"}.get(kind)
    return mark is not None and mark in tail and not (kind == "PNG" and b"eXIf" in tail)
