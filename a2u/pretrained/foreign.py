"""Checkpoints of other programs; only this module opens such files. None of the code in them is run.

What a file is follows from its first bytes, not from its ending: safetensors, or what `torch.save` writes now (a zip
archive) and wrote before version 1.6. Training scripts keep more than weights in it: the optimizer, and metrics as
numbers or arrays of numpy. torch reads tensors and plain containers (``weights_only``) and refuses every other name;
`STAND_INS` gives it harmless stand-ins for the few that occur beside weights. So nothing that a file names is
imported or called.
"""

import io
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from a2u.errors import A2UError
from a2u.files.reading import read_bytes
from a2u.files.tensors import parse_tensors, prove_archive, refuse_nan, sha256

KEYS = (
    "state_dict",
    "model_state_dict",
    "model",
    "net",
    "network",
    "module",
    "weights",
)  # under which weights are kept
ENDINGS = ".pth, .pt, .ckpt, .pth.tar or .safetensors"
OPEN_AGAIN = (
    "If you trust it, open it with the program that wrote it, and save only its weights: "
    "torch.save({'state_dict': net.state_dict()}, 'weights.pth')."
)


@dataclass(frozen=True)
class ForeignWeights:
    """state: the weights by name. beside: what else the file holds, by key. odd: names in the state without tensors.

    sha256: digest of the file, which identifies it.
    """

    state: dict[str, Tensor]
    beside: tuple[str, ...] = ()
    odd: tuple[str, ...] = ()
    sha256: str = ""


def open_checkpoint(path: Path) -> ForeignWeights:
    """The weights of a file, whatever else it holds.

    Raises:
        A2UError: It cannot be read, is not a checkpoint, needs code to be run, or holds no weights by name.
    """
    content = read_bytes(path)
    digest = sha256(content)
    try:
        found = replace(_find(_load(path, content), path), sha256=digest)
        refuse_nan(found.state, f"{path}, SHA-256 {digest},", "Damaged, or of a training that failed: get it again.")
        return found
    except A2UError:
        raise
    except Exception as error:  # of pickle, zip, torch, safetensors or the disk: each has its own classes
        words = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", str(error)).split())  # torch prints some in bold
        named = re.search(r"GLOBAL (\S+)", words)
        if named:
            raise A2UError(
                f"{path} cannot be read as weights: it needs {named[1]}, which is code, but no code of a file is run. "
                f"{OPEN_AGAIN}"
            ) from error
        raise A2UError(
            f"{path} cannot be read as weights ({type(error).__name__}: {words[:200]}). It is damaged or cut short "
            f"(SHA-256 {digest}): get it again."
        ) from error


def _load(path: Path, content: bytes) -> Any:
    head = content[:512]
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 100_000_000:  # the length of its JSON
        return parse_tensors(content)[0]
    if head.startswith(b"PK\x03\x04") or head[:1] == b"\x80":
        with torch.serialization.safe_globals(STAND_INS), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pickles newer than torch's own, which mostly open
            prove_archive(content)  # torch compares no CRC, and would load other values
            return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    raise A2UError(f"{path} holds no weights: {_instead(head)} Weights end in {ENDINGS}.")


def _instead(head: bytes) -> str:
    """What a file is that begins like this, and what to do about it."""
    if not head:
        return "it is empty. Get it again."
    if head.startswith(b"version https://git-lfs"):
        return "it is a pointer of Git LFS, not the file itself. Fetch that with `git lfs pull`."
    if head.lstrip().lower().startswith((b"<!doctype", b"<html")):
        return "it is a web page, so the download went wrong. Open the address in a browser, and save the file itself."
    if head[257:262] == b"ustar":
        return f"it is a tar archive. Unpack it; if torch before 0.1.10 wrote it: {OPEN_AGAIN}"
    return "it begins like neither a torch checkpoint nor safetensors. Is it the right file?"


def _find(loaded: Any, path: Path) -> ForeignWeights:
    """The weights, under a key that usually holds them or at the top."""
    beside: list[str] = []
    while isinstance(loaded, Mapping):
        key = next((each for each in KEYS if isinstance(loaded.get(each), Mapping)), None)
        if key is None:
            break
        beside += [str(other) for other in loaded if other != key]
        loaded = loaded[key]
    found = {str(name): _tensor(value) for name, value in loaded.items()} if isinstance(loaded, Mapping) else {}
    state = {name: value for name, value in found.items() if value is not None}
    if not state:
        held = f" It holds {', '.join(map(str, loaded))[:200]}." if isinstance(loaded, Mapping) and loaded else ""
        raise A2UError(
            f"{path} holds no weights by name.{held} Give a state_dict, or a dictionary with one under "
            f"{', '.join(map(repr, KEYS[:4]))}."
        )
    return ForeignWeights(state, tuple(beside), tuple(name for name in found if name not in state))


def _tensor(value: Any) -> Tensor | None:
    if isinstance(value, _Array):
        value = value.values
    return torch.from_numpy(value) if isinstance(value, np.ndarray) else value if isinstance(value, Tensor) else None


# --- stand-ins for what numpy writes; each reads plain numbers, and nothing else


class _Kind:
    """Stands in for numpy.dtype: which plain number, in which byte order."""

    def __init__(self, code: Any = "", *_: Any) -> None:
        self.code, self.order = _text(code), "="

    def __setstate__(self, state: Any) -> None:
        self.order = _text(state[1]) if isinstance(state, tuple) and len(state) > 1 else "="

    def read(self, content: Any) -> Any:
        """The numbers in these bytes, as an array."""
        if not re.fullmatch(r"[biufc]\d{1,2}", self.code) or self.order not in ("<", ">", "=", "|"):
            raise ValueError(f"a numpy value of type {self.code!r}, which is not a plain number")
        data = content.encode("latin1") if isinstance(content, str) else bytes(content)
        kind = np.dtype(self.order + self.code)
        return np.frombuffer(data, kind).astype(kind.newbyteorder("="))


class _Array:
    """Stands in for numpy.ndarray."""

    values: Any = None

    def __init__(self, *_: Any) -> None: ...

    def __setstate__(self, state: Any) -> None:
        _, shape, kind, fortran, content = state
        if isinstance(kind, _Kind) and re.fullmatch(r"[biufc]\d{1,2}", kind.code):  # arrays of objects are not kept
            self.values = kind.read(content).reshape(shape, order="F" if fortran else "C")


class _Ignored:
    """Stands in for settings that scripts keep beside the weights; nothing of them is kept."""

    def __init__(self, *_: Any) -> None: ...

    def __setstate__(self, state: Any) -> None: ...


def _scalar(kind: Any, content: Any = b"") -> Any:
    """Stands in for numpy's function that makes single numbers: a plain Python number."""
    if not isinstance(kind, _Kind):
        raise ValueError("a numpy number without its type")
    return kind.read(content)[0].item()


def _array(*_: Any) -> _Array:
    return _Array()


def _text(value: Any) -> str:
    return value.decode("latin1") if isinstance(value, bytes) else str(value)


STAND_INS: list[Any] = [
    *((_scalar, f"numpy.{core}.multiarray.scalar") for core in ("core", "_core")),  # before and since numpy 2
    *((_array, f"numpy.{core}.multiarray._reconstruct") for core in ("core", "_core")),
    (_Kind, "numpy.dtype"),
    (_Array, "numpy.ndarray"),
    (_Ignored, "argparse.Namespace"),
    *(
        (_Ignored, f"{module}.{system}Path")
        for module in ("pathlib", "pathlib._local")
        for system in ("Posix", "Windows")
    ),
]
