"""The synthetic set: three parts that share no seed and no background."""

from typing import Any

import numpy as np
import torch

from a2u.errors import A2UError
from a2u.matting.data import augment, trimap
from a2u.matting.data.composition import Layer, alpha_tensor, compose, image_tensor
from a2u.matting.data.dataset import Case, TestSet
from a2u.matting.data.synthetic.backgrounds import PHOTOGRAPHS, background
from a2u.matting.data.synthetic.scenes import KINDS, scene
from a2u.training.device import derive_seed

PARTS = tuple(PHOTOGRAPHS)
FIRST_SEED = {"train": 0, "validation": 1_000_000, "test": 2_000_000}  # of each part
PER_KIND = {"train": 32, "validation": 2, "test": 5}
BACKGROUNDS = 64
TRIMAPS = (5, 29)  # kernels of the test trimaps at 512², in proportion at other sizes


class SyntheticSource:
    """The training part: 32 scenes of each kind, drawn once and kept in memory, composed anew for each sample."""

    def __init__(self, per_kind: int = PER_KIND["train"]) -> None:
        if not 1 <= per_kind <= FIRST_SEED["validation"]:
            raise A2UError(f"A synthetic set has at least one scene of each kind, given {per_kind}.")
        self.names = [(kind, seed) for seed in range(per_kind) for kind in KINDS]
        self.foregrounds, self.backgrounds = len(self.names), BACKGROUNDS
        self._kept: dict[tuple[int, int], Layer] = {}

    @property
    def describe(self) -> str:
        """The data in one line."""
        last = self.names[-1][1]
        return (
            f"synthetic set: {self.foregrounds} scenes of {len(KINDS)} kinds (seeds 0-{last}) over "
            f"{len(PHOTOGRAPHS['train'])} photographs and {BACKGROUNDS // 2} textures"
        )

    def foreground(self, number: int, crop: int) -> Layer:
        """One scene, a quarter wider than the crop: 640 pixels for 512."""
        size = round(augment.RESIZE * crop)
        if (number, size) not in self._kept:
            self._kept[number, size] = scene(*self.names[number], size)
        return self._kept[number, size]

    def background(self, number: int) -> Any:
        """Photographs for even numbers, textures for odd ones."""
        return background("train", number)

    def prepare(self, crop: int) -> None:
        """Draw all scenes."""
        for number in range(self.foregrounds):
            self.foreground(number, crop)


def synthetic_tests(part: str, size: int = 512, per_kind: int | None = None) -> TestSet:
    """The test or validation part: scenes of `size`², each over its own background, with its own trimap."""
    each = PER_KIND[part] if per_kind is None else per_kind
    names = [(kind, number) for kind in KINDS for number in range(each)]
    first = FIRST_SEED[part]
    describe = (
        f"synthetic {part} set: {len(names)} scenes of {len(KINDS)} kinds (seeds {first}-{first + each - 1}), {size}², "
        f"over {len(PHOTOGRAPHS[part])} photographs and textures that training does not see"
    )

    def load(index: int) -> Case:
        kind, number = names[index]
        return synthetic_case(kind, first + number, part, index, size)

    return TestSet(describe, [f"{kind}-{number}" for kind, number in names], load)


def synthetic_case(kind: str, seed: int, part: str, place: int, size: int) -> Case:
    """One scene over one background of its part."""
    generator = np.random.default_rng(derive_seed(seed, "case", kind))
    layer = scene(kind, seed, size)
    picture = augment.window(background(part, place), size, generator)
    smallest, largest = (max(1, -(-kernel * size // 512)) for kernel in TRIMAPS)
    fg_size, bg_size = trimap.random_sizes(generator, (smallest, largest))
    alpha = alpha_tensor(layer.alpha)
    known = torch.from_numpy(trimap.erode(layer.alpha, fg_size, bg_size))[None]
    image = compose(image_tensor(layer.colour), image_tensor(picture), alpha)
    return Case(f"{kind}-{seed - FIRST_SEED[part]}", image, alpha, known)
