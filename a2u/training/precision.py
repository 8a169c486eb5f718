"""How exactly a GPU multiplies: float32, TF32 or bfloat16. On a CPU float32 always means float32.

torch lets convolutions round their inputs to TF32 (10 bits of mantissa instead of 23) unless told otherwise, on every
GPU that can. A PSNR near 47 dB is an error of 0.004, so this course says which arithmetic made a number:

    float32  all 23 bits, in convolutions and matrix products; the default
    tf32     inputs of convolutions and matrix products rounded to TF32, everything else float32
    bf16     the forward under autocast to bfloat16, TF32 in the rest; weights and optimizer in float32
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch

from a2u.errors import A2UError, near_match

PRECISIONS = ("float32", "tf32", "bf16")


def check_precision(precision: str, device: torch.device | None) -> None:
    """Raise A2UError for a name that is not in PRECISIONS, and for TF32 on a device that does not have it.

    device: None if it is not known yet.
    """
    if precision not in PRECISIONS:
        raise A2UError(f"There is no precision {precision!r}. {near_match(precision, PRECISIONS)}")
    if precision != "tf32" or device is None:
        return
    if device.type != "cuda":
        raise A2UError(f"TF32 is arithmetic of NVIDIA GPUs; the device is {device.type}. Use `precision='float32'`.")
    if torch.cuda.get_device_capability(device) < (8, 0):
        name = torch.cuda.get_device_name(device)
        raise A2UError(
            f"TF32 needs a GPU of compute capability 8.0 or more, but {name} has less. Use `precision='float32'`."
        )


@contextmanager
def arithmetic(precision: str = "float32", benchmark: bool | None = None) -> Iterator[None]:
    """Inside, CUDA multiplies as `precision` says, forward and backward; afterwards as before.

    benchmark: let cuDNN time its algorithms for each new shape and keep the fastest; None leaves that as it is.
    """
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    before = cudnn.allow_tf32, matmul.allow_tf32, cudnn.benchmark
    cudnn.allow_tf32 = matmul.allow_tf32 = precision != "float32"
    cudnn.benchmark = before[2] if benchmark is None else benchmark
    try:
        yield
    finally:
        cudnn.allow_tf32, matmul.allow_tf32, cudnn.benchmark = before


def autocast(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """For the forward: bfloat16 where torch calls it safe, if `precision` is bf16; nothing otherwise."""
    if precision != "bf16":
        return nullcontext()
    # Each weight is used once per step, so a cache of converted weights saves nothing, and a graph must not keep one.
    return torch.autocast(device.type, dtype=torch.bfloat16, cache_enabled=False)
