r"""Weights in a quarter of their size: 16-bit floats, and 8-bit integers for the large convolutions.

A large weight W, of 3×3 convolutions for the most part, becomes a scale for each output channel o and an integer for
each value:

    s_o = max |W_o| / 127,   q = round(W / s_o) ∈ [−127, 127],   W ≈ s_o · q,   |W − s_o · q| ≤ s_o / 2

so no value is off by more than 0.4 % of the largest of its channel, and half a step of the 16-bit scale. Everything
else (small weights, biases, batch statistics) becomes float16. `STORAGES` says which weights are large, from the
smallest file to the most exact; the exporter measures what each loses.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from a2u.errors import A2UError, near_match

LEVELS = 127
SCALE, VALUES = "/scale", "/int8"
BOTTOM = 9 * 128 * 256  # values of each of the two convolutions at the bottom of the auto-encoder

# Storage → weights with at least so many values become integers.
STORAGES: dict[str, float] = {
    "int8 from 256 values": 2**8,  # narrow networks have no large weights
    "int8 from 16,384 values": 2**14,
    "int8 bottom": BOTTOM,
    "float16": float("inf"),
}


def pack(state: Mapping[str, Tensor], storage: str) -> dict[str, Tensor]:
    """The tensors to write for a module's `state`.

    Raises:
        A2UError: an unknown storage, or a value that float16 cannot hold.
    """
    if storage not in STORAGES:
        raise A2UError(f"There is no storage {storage!r}. {near_match(storage, list(STORAGES))}")
    packed: dict[str, Tensor] = {}
    for name, value in state.items():
        value = value.detach().cpu().contiguous()
        if not value.is_floating_point():
            packed[name] = value
        elif value.dim() > 1 and value.numel() >= STORAGES[storage]:
            packed[name + VALUES], packed[name + SCALE] = _to_integers(value)
        else:
            packed[name] = value.half()
            if not bool(packed[name].isfinite().all()):
                raise A2UError(f"{name} holds values that float16 cannot: up to {float(value.abs().max()):.3g}.")
    return packed


def unpack(packed: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The inverse of :func:`pack`, in float32."""
    state: dict[str, Tensor] = {}
    for name, value in packed.items():
        if name.endswith(VALUES):
            base = name.removesuffix(VALUES)
            scale = packed[base + SCALE].float()
            state[base] = value.float() * scale.view(-1, *[1] * (value.dim() - 1))
        elif not name.endswith(SCALE):
            state[name] = value.float() if value.is_floating_point() else value
    return state


def smallest(
    module: nn.Module,
    storages: Sequence[str],
    measure: Callable[[], dict[str, float]],
    enough: Callable[[dict[str, float]], bool],
) -> tuple[dict[str, Tensor], dict[str, float], str]:
    """The first storage whose metrics are `enough`, else the last: what it packs, its metrics, its name.

    measure: gives the metrics of `module`, which has the packed weights then; afterwards it has its own again.
    """
    state = {key: value.clone() for key, value in module.state_dict().items()}
    for storage in storages:
        packed = pack(state, storage)
        module.load_state_dict(unpack(packed))
        stored = measure()
        if enough(stored):
            break
    module.load_state_dict(state)
    return packed, stored, storage


def _to_integers(value: Tensor) -> tuple[Tensor, Tensor]:
    """Integers of the shape of `value`, and a float16 scale for each of its first axis."""
    largest = value.flatten(1).abs().amax(1)
    scale = (largest / LEVELS).clamp(min=2**-14).half()  # the smallest normal float16: finer scales lose digits
    wide = scale.float().view(-1, *[1] * (value.dim() - 1))
    return (value / wide).round().clamp(-LEVELS, LEVELS).to(torch.int8), scale
