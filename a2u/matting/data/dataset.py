"""Training samples made on the fly, and the cases of a test set, from any source.

A sample follows from (seed, epoch, index) alone: not from the samples before it, nor from the number of workers or
processes. So a run that resumes, or goes on with another number of GPUs, sees the same pictures.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from a2u.errors import A2UError
from a2u.matting.data import augment, trimap
from a2u.matting.data.composition import Layer, alpha_tensor, compose, image_tensor
from a2u.training.device import derive_seed


@dataclass(frozen=True)
class Sample:
    """One training sample, or a batch of them with a leading N.

    image, foreground, background: float32 RGB in [0, 1], Tensor[3, S, S], with image = α·F + (1 − α)·B.
    alpha: float32 in [0, 1], Tensor[1, S, S]. trimap: uint8 Tensor[1, S, S] of 0, 128 and 255.
    """

    image: Tensor
    alpha: Tensor
    trimap: Tensor
    foreground: Tensor
    background: Tensor

    def to(self, device: torch.device | str, non_blocking: bool = False) -> "Sample":
        """The same on another device."""
        return Sample(*(getattr(self, each.name).to(device, non_blocking=non_blocking) for each in fields(self)))

    def pin_memory(self) -> "Sample":
        """The same in page-locked memory, from where a GPU copies while it computes."""
        return Sample(*(getattr(self, each.name).pin_memory() for each in fields(self)))


@dataclass(frozen=True)
class Case:
    """One test picture of any size: image Tensor[3, H, W], trimap uint8 Tensor[1, H, W], alpha Tensor[1, H, W].

    alpha is None where the truth is not published (the test pictures of alphamatting.com).
    """

    name: str
    image: Tensor
    alpha: Tensor | None
    trimap: Tensor


class Source(Protocol):
    """Where training samples come from: foregrounds and backgrounds, by number."""

    @property
    def describe(self) -> str:
        """The data in one line."""

    @property
    def foregrounds(self) -> int:
        """How many foregrounds there are."""

    @property
    def backgrounds(self) -> int:
        """How many backgrounds there are."""

    def foreground(self, number: int, crop: int) -> Layer:
        """One foreground; a source that draws its scenes draws them large enough for crops of this size."""

    def background(self, number: int) -> Any:
        """One background: uint8 (H, W, 3)."""

    def prepare(self, crop: int, context: str | None = None) -> None:
        """Do now, once, what every worker process would otherwise do for itself.

        context: how processes start that help with it; see `a2u.matting.data.processes.spread`.
        """


class TrainSet:
    """Crops of size × size from a source, augmented as `a2u/matting/data/augment.py` says.

    Args:
        source: see :func:`a2u.matting.data.sources.open_train`.
        crop: side of the crops in pixels.
        seed: all samples follow from it.
        sizes: smallest and largest kernel of the trimaps.

    Raises:
        A2UError: A crop below 16, or a source without foregrounds or backgrounds.
    """

    def __init__(self, source: Source, crop: int = 512, seed: int = 0, sizes: tuple[int, int] = trimap.SIZES) -> None:
        if crop < 16:
            raise A2UError(f"Crops are at least 16 pixels wide (the network's stride), given {crop}.")
        if not (source.foregrounds and source.backgrounds):
            raise A2UError(
                f"Training needs foregrounds and backgrounds, but {source.describe} has {source.foregrounds} and "
                f"{source.backgrounds}."
            )
        self.source, self.crop, self.seed, self.sizes = source, crop, seed, sizes

    @property
    def describe(self) -> str:
        """The data in one line."""
        return f"{self.source.describe}, crops {self.crop}², seed {self.seed}"

    def sample(self, epoch: int, index: int) -> Sample:
        """The sample with this number in this epoch; every foreground is in front equally often."""
        generator = np.random.default_rng(derive_seed(self.seed, "matting sample", epoch, index))
        layer = self._foreground(epoch, index, generator)
        fg_size, bg_size = trimap.random_sizes(generator, self.sizes)
        known = trimap.erode(layer.alpha, fg_size, bg_size)
        top, left = augment.crop_corner(known, self.crop, generator)
        here = slice(top, top + self.crop), slice(left, left + self.crop)
        colour = augment.jitter(layer.colour[here], generator)
        picture = self.source.background(int(generator.integers(self.source.backgrounds)))
        f, b = image_tensor(colour), image_tensor(augment.window(picture, self.crop, generator))
        alpha = alpha_tensor(np.ascontiguousarray(layer.alpha[here]))
        return Sample(compose(f, b, alpha), alpha, torch.from_numpy(known[here].copy())[None], f, b)

    def _foreground(self, epoch: int, index: int, generator: np.random.Generator) -> Layer:
        """Steps 1 to 3: one or two foregrounds, resized or not, warped."""
        count = self.source.foregrounds
        turn, place = divmod(index, count)
        order = np.random.default_rng(derive_seed(self.seed, "matting order", epoch, turn)).permutation(count)
        layer = self.source.foreground(int(order[place]), self.crop)
        if generator.random() < augment.P_SECOND:
            other = self.source.foreground(int(generator.integers(count)), self.crop)
            layer = augment.merge(layer, other)
        if generator.random() < augment.P_RESIZE:
            side = round(augment.RESIZE * self.crop)
            layer = augment.resize(layer, side, side)
        return augment.affine(augment.at_least(layer, self.crop), generator)


class TestSet:
    """Test cases by number: `len(cases)`, `cases[i]`, and iteration; each is loaded or drawn when it is asked for.

    files: those that the cases are read from.
    """

    __test__ = False  # pytest would take it for a test because of its name

    def __init__(
        self, describe: str, names: list[str], load: Callable[[int], Case], files: Sequence[Path] = ()
    ) -> None:
        self.describe, self.names, self._load, self.files = describe, names, load, files

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Case:
        if not -len(self) <= index < len(self):
            raise IndexError(f"{index} of {len(self)} cases")  # ends a for loop
        return self._load(index % len(self))

    def __iter__(self) -> Iterator[Case]:
        return (self[index] for index in range(len(self)))
