"""A checkpoint: everything needed to go on, in one safetensors file that proves itself.

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
from a2u.files.writing import write_whole

FORMAT = "a2u checkpoint 1"


class Stateful(Protocol):
    """Anything with a state: a module, an optimizer, a scheduler."""

    def state_dict(self) -> dict[str, Any]:
        """The state as nested dicts of tensors and numbers."""

    def load_state_dict(self, state_dict: dict[str, Any], /) -> Any:
        """Take over such a state."""


def save(path: Path, parts: Mapping[str, Stateful], state: dict[str, Any]) -> None:
    """Write the state of every part, and `state` (plain JSON), to `path` in one step.

    Raises:
        A2UError: A NaN or infinity in a tensor (the old file stays), or a place that cannot be written.
    """
    from safetensors.torch import save as to_bytes

    tensors: dict[str, Tensor] = {}
    states = {name: _flatten(part.state_dict(), name, tensors) for name, part in parts.items()}
    _refuse_nan(tensors, f"{path} is not written: the new state", "Try a smaller learning rate.")
    document = json.dumps({"parts": states, "state": state})
    metadata = {"format": FORMAT, "document": document, "sha256": _digest(tensors, document)}
    write_whole(path, to_bytes(tensors, metadata))


def load(path: Path, parts: Mapping[str, Stateful]) -> dict[str, Any]:
    """Put the stored state into every given part; returns the plain state. The file is checked first.

    Raises:
        A2UError: No such file; damaged; a NaN or infinity inside; or the state of other parts than these.
    """
    tensors, document = _read(path)
    missing = [name for name in parts if name not in document["parts"]]
    if missing:
        raise A2UError(f"{path} has no state for {', '.join(missing)}; it has {', '.join(document['parts'])}.")
    for name, part in parts.items():
        try:
            part.load_state_dict(_restore(document["parts"][name], tensors))
        except (RuntimeError, ValueError, KeyError) as error:
            reason = " ".join(str(error).split())[:400]
            raise A2UError(f"{path} belongs to a different {name}: {reason}") from error
        if isinstance(part, torch.optim.Optimizer):
            _match_layout(part)
    state: dict[str, Any] = document["state"]
    return state


def is_checkpoint(path: Path) -> bool:
    """Does this file say that it is one? It may be damaged all the same."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            return (file.metadata() or {}).get("format") == FORMAT
    except (SafetensorError, OSError):
        return False


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    from safetensors import SafetensorError, safe_open

    remedy = "Delete it to start the run again, or put back a copy."
    if not path.is_file():
        raise A2UError(f"There is no checkpoint {path}.")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except (SafetensorError, OSError) as error:
        raise A2UError(f"{path} is damaged or not a checkpoint ({error}). {remedy}") from error
    if metadata.get("format") != FORMAT:
        raise A2UError(f"{path} is not {FORMAT!r} but {metadata.get('format', 'another file')!r}. {remedy}")
    found = _digest(tensors, metadata["document"])
    if found != metadata["sha256"]:
        raise A2UError(f"{path} is damaged: SHA-256 {metadata['sha256']} expected, {found} found. {remedy}")
    _refuse_nan(tensors, str(path), remedy)
    return tensors, json.loads(metadata["document"])


def _refuse_nan(tensors: Mapping[str, Tensor], what: str, remedy: str) -> None:
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            raise A2UError(f"{what} holds a NaN or an infinity in {name}. {remedy}")


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
    """Give each buffer its parameter's memory layout again (channels-last, say), which a file does not keep.

    Values are the same either way, but a mixed layout takes another code path, and may round differently.
    """
    for parameter, buffers in optimizer.state.items():
        for key, buffer in buffers.items():
            if isinstance(buffer, Tensor) and buffer.shape == parameter.shape:
                buffers[key] = torch.empty_like(parameter, dtype=buffer.dtype).copy_(buffer).detach()
