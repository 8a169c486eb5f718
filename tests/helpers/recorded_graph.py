"""A CUDA graph's likeness on a CPU: operations are recorded with their tensors and done again, without Python.

What makes CUDA graphs hard to use is here, too: addresses and numbers are frozen, only tensors' contents may change,
and whatever would wait for the GPU, or give a shape that depends on values, is refused while recording.
"""

from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

WAITS = ("_local_scalar_dense", "nonzero", "masked_select", "equal", "_unique2", "unique_dim", "lift_fresh")


def tensors_in(tree: Any) -> list[Tensor]:
    return [each for each in tree_leaves(tree) if isinstance(each, Tensor)]


class Recorder(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, tuple, dict, list[Tensor]]] = []
        self.before: dict[int, tuple[Any, Any]] = {}  # what each storage held when it was first met

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = func.overloadpacket.__name__
        booleans = name in ("index", "index_put_", "index_put") and any(
            isinstance(each, Tensor) and each.dtype in (torch.bool, torch.uint8) for each in tree_leaves(args[1])
        )
        if name in WAITS or booleans:
            raise RuntimeError(f"{name}: operation not permitted when stream is capturing")
        for tensor in tensors_in((args, kwargs)):
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in self.before:
                self.before[storage.data_ptr()] = storage, storage.clone()
        result = func(*args, **kwargs)
        self.calls.append((func, args, kwargs, tensors_in(result)))
        return result


class RecordedGraph:
    def __init__(self, device: torch.device) -> None:
        self.warmed = self.recorded = self.replayed = 0
        self.calls: list[tuple[Any, tuple, dict, list[Tensor]]] = []

    def warm(self, body):
        self.warmed += 1
        return body()

    def record(self, body):
        """Record by doing it and putting everything back, since a CUDA graph computes nothing while it records."""
        self.recorded += 1
        with Recorder() as recorder:
            result = body()
        self.calls = recorder.calls
        for storage, content in recorder.before.values():
            storage.copy_(content)
        return result

    def replay(self):
        self.replayed += 1
        with torch.no_grad():
            for func, args, kwargs, results in self.calls:
                for old, new in zip(results, tensors_in(func(*args, **kwargs)), strict=True):
                    if old.data_ptr() != new.data_ptr():  # a view or a change in place is where it was
                        old.copy_(new)
