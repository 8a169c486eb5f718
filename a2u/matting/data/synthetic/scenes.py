"""The kinds of scene, and one scene by kind and seed."""

from collections.abc import Callable
from typing import Any

import numpy as np

from a2u.errors import A2UError, near_match
from a2u.matting.data.composition import Layer
from a2u.matting.data.synthetic import growth, strands, vapour
from a2u.training.device import derive_seed

KINDS: dict[str, Callable[[np.random.Generator, int], tuple[Any, Any]]] = {
    "hair": strands.hair,
    "fur": strands.fur,
    "net": growth.net,
    "foliage": growth.foliage,
    "glass": vapour.glass,
    "bubbles": vapour.bubbles,
    "smoke": vapour.smoke,
    "shapes": vapour.shapes,
}


def scene(kind: str, seed: int, size: int = 512) -> Layer:
    """One foreground: the same seed gives the same scene, finer or coarser, at any size.

    Args:
        kind: one of KINDS.
        seed: which one.
        size: height and width in pixels.

    Raises:
        A2UError: An unknown kind, or a size below 16.
    """
    if kind not in KINDS:
        raise A2UError(f"There are no scenes of kind {kind!r}. {near_match(kind, list(KINDS))}")
    if size < 16:
        raise A2UError(f"A scene is at least 16 pixels wide, given {size}.")
    colour, alpha = KINDS[kind](np.random.default_rng(derive_seed(seed, "scene", kind)), size)
    return Layer(_bytes(colour), _bytes(alpha), f"{kind}-{seed}")


def _bytes(values: Any) -> Any:
    return np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
