"""The IDX format of MNIST: a four-byte magic number, the sizes, then the bytes.

    00 00 08 nd   size_1 … size_nd (big-endian 32-bit)   size_1 · … · size_nd unsigned bytes

`08` says unsigned byte and `nd` is the number of dimensions: 3 for images, 1 for labels. Files are read plain
or gzipped; a checksum is always that of the *decompressed* content, so one known value serves both.
Source: http://yann.lecun.com/exdb/mnist, "file formats".
"""

import gzip
import hashlib
import math
import struct
import zlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from a2u.errors import A2UError

UNSIGNED_BYTE = 0x08


def read_content(path: Path) -> bytes:
    """The decompressed content of `path`, whose first bytes say whether it is gzipped.

    Raises:
        A2UError: The file cannot be opened, or its gzip stream is cut short or damaged.
    """
    try:
        raw = path.read_bytes()
        return gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        found = hashlib.sha256(raw).hexdigest()
        raise A2UError(
            f"{path} is a damaged or incomplete gzip file ({error}; {len(raw):,} bytes, SHA-256 {found})."
        ) from error
    except OSError as error:
        raise A2UError(f"{path} cannot be read: {error.strerror or error}.") from error


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
