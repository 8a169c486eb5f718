"""What is learned from: sharp pictures, the sharp map of each, and the same map averaged over squares of pixels.

Three tasks, all drawn here from fixed seeds and data that ship, so no file is needed:

    alpha    a scene of the synthetic matting set over its background; the map is its alpha (1 channel)
    digits   four digits in four colours over a texture; the map says how much of a digit is there (1 channel)
    labels   the same pictures; the maps say which digit is there, one for each, and one for none (11 channels)
"""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from a2u.checks import check_choice
from a2u.data import load
from a2u.errors import A2UError
from a2u.matting.data.composition import image_tensor
from a2u.matting.data.synthetic.backgrounds import background
from a2u.matting.data.synthetic.scenes import KINDS
from a2u.matting.data.synthetic.source import FIRST_SEED, synthetic_case
from a2u.training.device import derive_seed

TASKS = {"alpha": 1, "digits": 1, "labels": 11}  # and the channels of their maps
FACTORS = (4, 8)
PARTS = ("train", "test")
COUNTS = {"train": 64, "test": 40}
DIGITS, DIGIT = 4, 28  # in a picture, and the side of one
_SET = {"train": "train", "test": "test"}  # of the digits


class Pairs(NamedTuple):
    """N pictures and their maps, values in [0, 1]."""

    picture: Tensor  #: Tensor[N, 3, S, S]
    sharp: Tensor  #: Tensor[N, K, S, S]
    coarse: Tensor  #: Tensor[N, K, S/f, S/f]: means of the sharp map over f×f pixels

    def __len__(self) -> int:
        return len(self.picture)

    def of(self, which: Tensor) -> "Pairs":
        """Those of these indices."""
        return Pairs(*(each[which] for each in self))


def pairs(task: str, part: str, factor: int = 4, size: int = 96, count: int | None = None) -> Pairs:
    """The pairs of one part of a task; training and test share no scene, no digit and no background.

    Args:
        task: one of TASKS.
        part: "train" or "test".
        factor: f, how many times coarser the coarse map is.
        size: S, height and width of the pictures; f must divide it.
        count: N; 64 for training and 40 for the test unless given.

    Raises:
        A2UError: No such task or part, or a size that does not fit.
    """
    check_choice("task", task, list(TASKS))
    check_choice("part", part, PARTS)
    if factor not in FACTORS:
        raise A2UError(f"factor is one of {', '.join(map(str, FACTORS))}, given {factor}.")
    if size % factor or size < 2 * DIGIT:
        raise A2UError(f"size must be a multiple of the factor {factor} and at least {2 * DIGIT}, given {size}.")
    count = COUNTS[part] if count is None else count
    if count < 1:
        raise A2UError(f"There must be at least one pair, given {count}.")
    picture, sharp = _scenes(part, size, count) if task == "alpha" else _digits(part, size, count, task == "labels")
    return Pairs(picture, sharp, F.avg_pool2d(sharp, factor))


@lru_cache(maxsize=4)
def _scenes(part: str, size: int, count: int) -> tuple[Tensor, Tensor]:
    """Scenes of every kind in turn, as the matting set of that part has them."""
    kinds = list(KINDS)
    cases = [
        synthetic_case(kinds[n % len(kinds)], FIRST_SEED[part] + n // len(kinds), part, n, size) for n in range(count)
    ]
    images = torch.stack([case.image for case in cases])
    return images, torch.stack([case.alpha for case in cases if case.alpha is not None])


@lru_cache(maxsize=8)
def _digits(part: str, size: int, count: int, labels: bool) -> tuple[Tensor, Tensor]:
    """Four digits of the embedded MNIST sample in the four quarters of a texture, moved at random inside them."""
    digits = load("mnist", _SET[part])
    made = [_digit_picture(digits.images.numpy(), digits.labels.numpy(), part, n, size) for n in range(count)]
    pictures, maps = (torch.stack([each[k] for each in made]) for k in (0, 1))
    return pictures, maps if labels else 1 - maps[:, :1]


def _digit_picture(images: Any, labels: Any, part: str, number: int, size: int) -> tuple[Tensor, Tensor]:
    """One picture, and its eleven maps: none, then the digits 0 to 9."""
    generator = np.random.default_rng(derive_seed(number, "digits", part))
    texture = background(part, 2 * number + 1)
    top, left = (int(generator.integers(0, texture.shape[axis] - size + 1)) for axis in (0, 1))
    picture = texture[top : top + size, left : left + size].astype(np.float32) / 255
    maps = np.zeros((size, size, 11), np.float32)
    half = size // 2
    for place in range(DIGITS):
        which = int(generator.integers(len(images)))
        ink = images[which].astype(np.float32)[..., None] / 255
        row, column = (half * side + int(generator.integers(0, half - DIGIT + 1)) for side in divmod(place, 2))
        there = slice(row, row + DIGIT), slice(column, column + DIGIT)
        picture[there] = ink * generator.random(3, np.float32) + (1 - ink) * picture[there]
        maps[(*there, int(labels[which]) + 1)] = ink[..., 0]
    maps[..., 0] = 1 - maps[..., 1:].sum(-1)
    return image_tensor(picture), torch.from_numpy(maps).permute(2, 0, 1).contiguous()
