"""The synthetic set: three parts that share no seed and no background."""

import shutil
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from a2u.errors import A2UError
from a2u.matting.data import augment, trimap
from a2u.matting.data.composition import Layer, alpha_tensor, compose, image_tensor
from a2u.matting.data.dataset import Case, TestSet
from a2u.matting.data.processes import cores, spread
from a2u.matting.data.synthetic.backgrounds import PHOTOGRAPHS, TEXTURE, background
from a2u.matting.data.synthetic.scenes import KINDS, scene
from a2u.training.device import derive_seed

PARTS = tuple(PHOTOGRAPHS)
FIRST_SEED = {"train": 0, "validation": 1_000_000, "test": 2_000_000}  # of each part
PER_KIND = {"train": 32, "validation": 2, "test": 5}
BACKGROUNDS = 64
_SHARED = Path("/dev/shm")  # where Linux keeps memory that processes share


class SyntheticSource:
    """The training part: 32 scenes of each kind, drawn once and kept in memory, composed anew for each sample.

    Drawn one by one when samples ask for them, or all at once by several processes (`prepare`): the same bits.
    """

    def __init__(self, per_kind: int = PER_KIND["train"]) -> None:
        if not 1 <= per_kind <= FIRST_SEED["validation"]:
            raise A2UError(f"A synthetic set has at least one scene of each kind, given {per_kind}.")
        self.names = [(kind, seed) for seed in range(per_kind) for kind in KINDS]
        self.foregrounds, self.backgrounds = len(self.names), BACKGROUNDS
        self._kept: dict[tuple[int, int], Layer] = {}  # drawn here, by number and size
        self._scenes: dict[int, tuple[Any, Any]] = {}  # all of a size: colours (n, S, S, 3) and alphas (n, S, S)
        self._textures: Any = None  # of the backgrounds 1, 3, 5 …: (n, T, T, 3)

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
        size = scene_size(crop)
        if size in self._scenes:
            colour, alpha = (np.asarray(each[number]) for each in self._scenes[size])
            kind, seed = self.names[number]
            return Layer(colour, alpha, f"{kind}-{seed}")
        if (number, size) not in self._kept:
            self._kept[number, size] = scene(*self.names[number], size)
        return self._kept[number, size]

    def background(self, number: int) -> Any:
        """Photographs for even numbers, textures for odd ones."""
        if number % 2 and self._textures is not None:
            return np.asarray(self._textures[number // 2])
        return background("train", number)

    def prepare(self, crop: int, context: str | None = None) -> None:
        """Draw all scenes for crops of this size, and all textures, on all cores, into memory that workers share."""
        size, count, textures = scene_size(crop), self.foregrounds, self.backgrounds // 2
        if size not in self._scenes:
            colours, alphas = _shared(count, size, size, 3), _shared(count, size, size)
            drawn = spread(partial(_draw_scene, self.names, size), count, cores(), context)
            for number, (colour, alpha) in enumerate(drawn):
                np.asarray(colours[number])[:] = colour
                np.asarray(alphas[number])[:] = alpha
            self._scenes[size] = colours, alphas
            self._kept = {place: layer for place, layer in self._kept.items() if place[1] != size}
        if self._textures is None:
            shared = _shared(textures, TEXTURE, TEXTURE, 3)
            for number, texture in enumerate(spread(_draw_texture, textures, cores(), context)):
                np.asarray(shared[number])[:] = texture
            self._textures = shared


def scene_size(crop: int) -> int:
    """Height and width of a scene from which crops of this size are cut."""
    return round(augment.RESIZE * crop)


def _draw_scene(names: list[tuple[str, int]], size: int, number: int) -> tuple[Any, Any]:
    layer = scene(*names[number], size)
    return layer.colour, layer.alpha


def _draw_texture(number: int) -> Any:
    return background("train", 2 * number + 1)


def _shared(*shape: int) -> Any:
    """Bytes that processes share however they start; without room for them, an array, which forked ones share too."""
    wanted = int(np.prod(shape))
    if _SHARED.is_dir() and shutil.disk_usage(_SHARED).free > 2 * wanted:  # writing beyond it would end the process
        return torch.empty(shape, dtype=torch.uint8).share_memory_()
    return np.empty(shape, dtype=np.uint8)


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
    smallest, largest = (max(1, -(-kernel * size // 512)) for kernel in trimap.TEST_SIZES)
    fg_size, bg_size = trimap.random_sizes(generator, (smallest, largest))
    alpha = alpha_tensor(layer.alpha)
    known = torch.from_numpy(trimap.erode(layer.alpha, fg_size, bg_size))[None]
    image = compose(image_tensor(layer.colour), image_tensor(picture), alpha)
    return Case(f"{kind}-{seed - FIRST_SEED[part]}", image, alpha, known)
