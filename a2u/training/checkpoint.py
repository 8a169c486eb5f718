"""A checkpoint: everything needed to resume a run, in one safetensors file that carries its own checksum.

Tensors are stored by path (`model/encoder.0.weight`, `optimizer/state/3/momentum_buffer`). Everything else
(history, learning rates, step counts) is JSON in the file's metadata, with the SHA-256 of tensors and JSON
together. Loading runs no code from the file, and refuses a file that is damaged or holds a NaN.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from a2u.errors import A2UError
from a2u.files.reading import Missing, parse_json
from a2u.files.tensors import read_tensors, read_texts, refuse_nan
from a2u.files.writing import write_whole

FORMAT = "a2u checkpoint 1"
REMEDY = "Delete it to start the run again, or put back a copy."  # only where the content is wrong


class Stateful(Protocol):
    """Anything with a state: a module, an optimizer, a scheduler."""

    def state_dict(self) -> dict[str, Any]:
        """The state as nested dicts of tensors and numbers."""

    def load_state_dict(self, state_dict: dict[str, Any], /) -> Any:
        """Load such a state."""


def save(path: Path, parts: Mapping[str, Stateful], state: dict[str, Any]) -> None:
    """Write the state of every part, and `state` (plain JSON), to `path` in one step.

    Raises:
        A2UError: A NaN or infinity in a tensor (the old file stays), or a path that cannot be written.
    """
    from safetensors.torch import save as to_bytes

    tensors: dict[str, Tensor] = {}
    states = {name: _flatten(part.state_dict(), name, tensors) for name, part in parts.items()}
    refuse_nan(tensors, f"{path} is not written: the new state", "Try a smaller learning rate.")
    document = json.dumps({"parts": states, "state": state})
    metadata = {"format": FORMAT, "document": document, "sha256": _digest(tensors, document)}
    write_whole(path, to_bytes(tensors, metadata))


def load(path: Path, parts: Mapping[str, Stateful]) -> dict[str, Any]:
    """Put the stored state into every given part; returns the plain state. The file is checked first.

    Raises:
        A2UError: No such file; damaged; a NaN or infinity inside; or the state of other parts than these.
    """
    tensors, document = _read(path)
    stored = document["parts"]
    missing = [name for name in parts if name not in stored]
    if missing:
        raise A2UError(f"{path} has no state for {', '.join(missing)}; it has {', '.join(stored)}.")
    for name, part in parts.items():
        try:
            part.load_state_dict(_restore(stored[name], tensors))
        except (RuntimeError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            reason = " ".join(str(error).split())[:400]
            raise A2UError(f"{path} belongs to a different {name}: {reason}") from error
        if isinstance(part, torch.optim.Optimizer):
            _match_layout(part)
    state: dict[str, Any] = document["state"]
    return state


def is_checkpoint(path: Path) -> bool:
    """Does this file say that it is a checkpoint? It may still be damaged.

    Raises:
        Unreadable: It is not there or cannot be read now.
    """
    return read_texts(path).get("format") == FORMAT


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    try:
        tensors, texts = read_tensors(path, REMEDY)
    except Missing as error:
        raise Missing(f"There is no checkpoint {path}.") from error
    if texts.get("format") != FORMAT:
        raise A2UError(f"{path} is not {FORMAT!r} but {texts.get('format', 'another file')!r}. {REMEDY}")
    written, expected = texts.get("document", ""), texts.get("sha256", "none")
    found = _digest(tensors, written)
    if found != expected:
        raise A2UError(f"{path} is damaged: SHA-256 {expected} expected, {found} found. {REMEDY}")
    refuse_nan(tensors, str(path), REMEDY)
    try:
        document: dict[str, Any] = parse_json(written, {"parts": dict, "state": dict})
    except ValueError as error:
        raise A2UError(f"{path} is not a checkpoint of this version: {error}. {REMEDY}") from error
    return tensors, document


def _digest(tensors: Mapping[str, Tensor], document: str) -> str:
    digest = hashlib.sha256(document.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _flatten(value: Any, path: str, tensors: dict[str, Tensor]) -> Any:
    """`value` as JSON: its tensors go to `tensors` under their path, and a reference stays behind.

    Mappings become lists of pairs, because optimizers count their parameters with integers and JSON has
    string keys only.
    """
    if isinstance(value, Tensor):
        tensors[path] = value.detach().cpu().clone(memory_format=torch.contiguous_format)
        return {"tensor": path}
    if isinstance(value, Mapping):
        return {"pairs": [[key, _flatten(item, f"{path}/{key}", tensors)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        items = [_flatten(item, f"{path}/{i}", tensors) for i, item in enumerate(value)]
        return {"tuple": items} if isinstance(value, tuple) else items
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise A2UError(f"A checkpoint holds tensors, numbers and text; {path} is a {type(value).__name__}.")


def _restore(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    """The inverse of `_flatten`."""
    if isinstance(value, list):
        return [_restore(item, tensors) for item in value]
    if not isinstance(value, dict):
        return value
    if "tensor" in value:
        return tensors[value["tensor"]]
    if "tuple" in value:
        return tuple(_restore(item, tensors) for item in value["tuple"])
    return {key: _restore(item, tensors) for key, item in value["pairs"]}


def _match_layout(optimizer: torch.optim.Optimizer) -> None:
    """Give each buffer the memory layout of its parameter (such as channels-last), which a file does not keep.

    Values are the same either way, but a mixed layout takes another code path, and may round differently.
    """
    for parameter, buffers in optimizer.state.items():
        for key, buffer in buffers.items():
            if isinstance(buffer, Tensor) and buffer.shape == parameter.shape:
                buffers[key] = torch.empty_like(parameter, dtype=buffer.dtype).copy_(buffer).detach()
