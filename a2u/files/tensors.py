"""Tensors in files: safetensors from bytes, and the zip archives of torch checked before they are opened.

A safetensors file is read as bytes and parsed from memory: so any name that the system allows will do, and the file
cannot change halfway. Neither kind runs code.
"""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from a2u.errors import A2UError
from a2u.files.reading import MIB, open_regular, parse_json, read_bytes

if TYPE_CHECKING:
    from torch import Tensor

_LENGTH = 8  # bytes that say how long the header of a safetensors file is
_LONGEST = 100 * MIB  # the longest header that the format allows, in bytes
_CHUNK = 4 * MIB


def read_tensors(path: Path, remedy: str) -> tuple[dict[str, "Tensor"], dict[str, str]]:
    """The tensors of a safetensors file by name, and the texts in its header.

    Raises:
        Unreadable: The file is not there or cannot be read now.
        A2UError: It is not a safetensors file, or it is damaged; `remedy` ends the message.
    """
    try:
        return parse_tensors(read_bytes(path))
    except ValueError as error:
        if isinstance(error, A2UError):
            raise
        raise A2UError(f"{path} is damaged, or not a safetensors file ({error}). {remedy}") from error


def parse_tensors(content: bytes) -> tuple[dict[str, "Tensor"], dict[str, str]]:
    """The tensors and the texts in the bytes of a safetensors file.

    Raises:
        ValueError: They are not a safetensors file; the message says why.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        tensors = load(content)
    except (SafetensorError, KeyError, TypeError, OverflowError, RuntimeError) as error:
        raise ValueError(f"{type(error).__name__}: {' '.join(str(error).split())[:200]}") from error
    return tensors, _texts(content[_LENGTH : _LENGTH + int.from_bytes(content[:_LENGTH], "little")])


def read_texts(path: Path) -> dict[str, str]:
    """The texts in the header of a safetensors file, without reading its tensors; empty if it is another file.

    Raises:
        Unreadable: The file is not there or cannot be read now.
    """
    with open(open_regular(path), "rb") as file:  # noqa: PTH123 (a descriptor)
        try:
            length = int.from_bytes(file.read(_LENGTH), "little")
            return _texts(file.read(length)) if 0 < length <= _LONGEST else {}
        except (OSError, ValueError):
            return {}


def _texts(header: bytes) -> dict[str, str]:
    found = parse_json(header, dict).get("__metadata__", {})
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ValueError("its metadata are not text")
    return found


def prove_archive(content: bytes) -> None:
    """Check a zip archive, as torch writes checkpoints, by reading it once and comparing every CRC; other files pass.

    Raises:
        ValueError: A part is damaged, or would take more memory than the file could need (torch compresses nothing).
    """
    if content[:2] != b"PK":
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            whole = sum(part.file_size for part in archive.infolist())
            if whole > len(content) + MIB:
                raise ValueError(f"it would unpack to {whole:,} bytes, but torch does not compress its checkpoints")
            for part in archive.infolist():
                with archive.open(part) as file:
                    while file.read(_CHUNK):  # raises at the end if the CRC differs
                        pass
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, OSError) as error:
        raise ValueError(f"the archive is damaged: {' '.join(str(error).split())}") from error


def refuse_nan(tensors: Mapping[str, "Tensor"], what: str, remedy: str) -> None:
    """Raise A2UError if a value is NaN or infinite; `what` begins the message and `remedy` ends it."""
    for name, tensor in tensors.items():
        if (tensor.is_floating_point() or tensor.is_complex()) and not bool(tensor.isfinite().all()):
            raise A2UError(f"{what} holds a NaN or an infinity in {name}. {remedy}")


def sha256(content: bytes) -> str:
    """The SHA-256 digest of a file, by which cards identify it."""
    return hashlib.sha256(content).hexdigest()
