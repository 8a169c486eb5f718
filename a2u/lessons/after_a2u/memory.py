"""What autograd keeps of a computation until its backward pass."""

from collections.abc import Callable

import torch
from torch import Tensor


def kept(compute: Callable[[], Tensor]) -> int:
    """Bytes of the tensors that are stored for the backward pass of a computation; each storage counts once."""
    storages: dict[int, tuple[int, Tensor]] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        storages[storage.data_ptr()] = storage.nbytes(), tensor  # the tensor stays, so that no other gets its place
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        compute()
    return sum(size for size, _ in storages.values())
