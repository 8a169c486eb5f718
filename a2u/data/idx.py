"""The IDX format of MNIST: a four-byte magic number, the sizes, then the bytes.

    00 00 08 nd   size_1 … size_nd (big-endian 32-bit)   size_1 · … · size_nd unsigned bytes

`08` means unsigned byte and `nd` is the number of dimensions: 3 for images, 1 for labels. Files are read plain
or gzipped; a checksum is always that of the *decompressed* content, so one known value serves both.
Source: http://yann.lecun.com/exdb/mnist, "file formats".
"""

import hashlib
import math
import struct
import zlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from a2u.errors import A2UError
from a2u.files.reading import MIB, read_bytes

UNSIGNED_BYTE = 0x08
LARGEST = 64 * MIB  # decompressed: the largest known file has 47 million bytes
_GZIP = 16 + zlib.MAX_WBITS  # a gzip header, then the largest window


def read_content(path: Path) -> bytes:
    """The decompressed content of `path`, whose first bytes say whether it is gzipped.

    Raises:
        Unreadable: The file cannot be opened.
        A2UError: Its gzip stream is cut short or damaged, or it is larger than any known file.
    """
    raw = read_bytes(path, LARGEST, "a file of this set")
    if raw[:2] != b"\x1f\x8b":
        return raw
    try:
        return _expand(raw)
    except (ValueError, zlib.error) as error:
        found = hashlib.sha256(raw).hexdigest()
        raise A2UError(
            f"{path} is a damaged or incomplete gzip file ({error}; {len(raw):,} bytes, SHA-256 {found})."
        ) from error


def _expand(raw: bytes) -> bytes:
    """What a gzip file holds, one member or several, up to `LARGEST` bytes of it."""
    found = b""
    while raw.strip(b"\0"):  # zeros may pad its end
        stream = zlib.decompressobj(_GZIP)
        found += stream.decompress(raw, LARGEST + 1 - len(found))
        if len(found) > LARGEST:
            raise ValueError(f"it holds more than {LARGEST:,} bytes, and no file of this set does")
        if not stream.eof:
            raise ValueError("it ends before its end mark")
        raw = stream.unused_data
    return found


def parse(content: bytes, path: Path) -> Tensor:
    """The uint8 tensor in IDX `content`; `path` is only for messages.

    Raises:
        A2UError: Not IDX, not unsigned bytes, or a different number of bytes than the header promises.
    """
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] != UNSIGNED_BYTE:
        raise A2UError(
            f"{path} is not an IDX file of bytes: it should begin with 00 00 08, "
            f"but begins with {content[:4].hex(' ') or 'nothing'}."
        )
    header = 4 + 4 * content[3]
    if len(content) < header:
        raise A2UError(f"{path} ends inside its header: {header} bytes needed, {len(content)} found.")
    shape = struct.unpack(f">{content[3]}I", content[4:header])
    expected, found = header + math.prod(shape), len(content)
    if found != expected:
        raise A2UError(f"{path} should hold {expected:,} bytes (shape {shape}), but holds {found:,}.")
    return torch.from_numpy(np.frombuffer(content, np.uint8, offset=header).reshape(shape).copy())


def encode(values: Tensor) -> bytes:
    """`values` (uint8, any shape) as IDX content: the inverse of `parse`."""
    if values.dtype != torch.uint8:
        raise A2UError(f"IDX files here hold unsigned bytes (torch.uint8), given {values.dtype}.")
    header = struct.pack(f">BBBB{values.dim()}I", 0, 0, UNSIGNED_BYTE, values.dim(), *values.shape)
    return header + values.contiguous().numpy().tobytes()
