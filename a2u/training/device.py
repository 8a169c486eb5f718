"""Where to compute, and seeds that depend on nothing but (seed, epoch)."""

import hashlib
from collections.abc import Mapping
from typing import Any

import torch

from a2u.errors import A2UError, near_match


def choose_device(name: str = "auto") -> torch.device:
    """The device called "auto" (a GPU if there is one), "cpu", "cuda" or "cuda:1".

    Raises:
        A2UError: An unknown name, or a GPU that this machine or this build of torch does not have.
    """
    kind, _, index = name.partition(":")
    if kind not in ("auto", "cpu", "cuda") or (index and not (kind == "cuda" and index.isdecimal())):
        raise A2UError(f"There is no device {name!r}. {near_match(name, ['auto', 'cpu', 'cuda', 'cuda:1'])}")
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if kind == "cuda" and count == 0:
        reason = "no driver or no GPU was found" if torch.version.cuda else "this build of torch is for CPUs only"
        raise A2UError(
            f"Device {name!r} needs an NVIDIA GPU, but {reason}. "
            f"Use `device='cpu'` (or auto), or install torch with CUDA and check that nvidia-smi lists the GPU."
        )
    if index and int(index) >= count:
        raise A2UError(f"Device {name!r} does not exist: this machine has {count} GPU(s), counted from cuda:0.")
    return torch.device(("cuda" if count else "cpu") if kind == "auto" else name)


def device_words(environment: Mapping[str, Any]) -> str:
    """The words of a report for the machine that a run's ``environment`` describes: its GPU, or "CPU, 2 threads".

    For a run that trained in lanes also how many there were: its seconds are not those of a run alone.
    """
    shared = f", {environment['lanes']} runs at once" if "lanes" in environment else ""
    if environment.get("gpu") and not str(environment.get("device")).startswith("cpu"):
        return f"{environment['gpu']}{shared}"
    return f"CPU, {environment.get('threads')} threads{shared}"


def derive_seed(seed: int, *path: int | str) -> int:
    """A 63-bit seed for one purpose: the same (seed, path) gives the same number on every machine.

    An epoch's random numbers follow from (seed, epoch) alone, not from what ran before it, so a run that
    resumes there draws exactly what the uninterrupted run would have drawn.
    """
    digest = hashlib.sha256(repr((seed, *path)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def permutation(count: int, seed: int, epoch: int) -> torch.Tensor:
    """The order in which `epoch` visits `count` samples: int64 (count,)."""
    generator = torch.Generator().manual_seed(derive_seed(seed, "order", epoch))
    return torch.randperm(count, generator=generator)
