"""Data sets from folders: which layout was recognised is said in the description, and files are read when asked for."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from torch import Tensor

from a2u.errors import A2UError
from a2u.matting import trimap
from a2u.matting.composition import Layer, alpha_tensor, compose, image_tensor, to_bytes
from a2u.matting.dataset import Case, TestSet
from a2u.matting.files import check_sizes, read_colour, read_grey, read_image, read_trimap
from a2u.matting.layouts import Entry, Layout, Pair, pictures, recognise
from a2u.matting.opencv import opencv

KERNEL = 15  # of trimaps that a folder does not bring along


class FolderSource:
    """Foregrounds and backgrounds from files."""

    def __init__(self, title: str, root: Path, pairs: list[Pair], behind: list[Path]) -> None:
        self.pairs, self.files = pairs, behind
        self.foregrounds, self.backgrounds = len(pairs), len(behind)
        self.describe = (
            f"{title}, {root}: {len(pairs)} foregrounds over {len(behind)} backgrounds of {behind[0].parent}"
        )

    def foreground(self, number: int, crop: int) -> Layer:
        """One foreground at the size of its files."""
        return read_layer(self.pairs[number])

    def background(self, number: int) -> Any:
        """One background at the size of its file."""
        return read_colour(self.files[number])

    def prepare(self, crop: int) -> None:
        """Nothing: files are read when a sample needs them."""


def open_train_folder(root: Path, backgrounds: Path | None = None) -> FolderSource:
    """The foregrounds of a folder, and backgrounds from it or from another.

    Raises:
        A2UError: An unknown layout, no foregrounds, no backgrounds.
    """
    layout = recognise(root)
    if not layout.train:
        raise A2UError(
            f"{root} ({layout.title}) has no foregrounds to train on: training composes foregrounds (with alpha) over "
            f"backgrounds. Train on another folder, or on `synthetic`, and test on this one."
        )
    return FolderSource(layout.title, root, layout.train, _behind(layout, root, backgrounds))


def open_test_folder(root: Path, backgrounds: Path | None = None) -> TestSet:
    """The test cases of a folder.

    Where no composed picture is there, the foreground is composed over its background: the one that the layout's list
    names, or the next of the folder, in order. The background is enlarged until it covers the foreground, and cut at
    its top left corner.

    Raises:
        A2UError: An unknown layout, no cases, no backgrounds where they are needed.
    """
    layout = recognise(root)
    if not layout.test:
        raise A2UError(
            f"{root} ({layout.title}) has no test cases: a case is a picture, or a foreground and its alpha, with a "
            f"trimap. Is the test part of the set elsewhere?"
        )
    composes = any(entry.image is None for entry in layout.test)
    behind = _behind(layout, root, backgrounds) if composes else []
    truths = sum(entry.alpha is not None for entry in layout.test)
    made = sum(entry.trimap is None for entry in layout.test)
    describe = f"{layout.title}, {root}: {len(layout.test)} test cases"
    describe += "" if truths == len(layout.test) else f", {truths} with known alpha"
    describe += f", composed over {len(behind)} backgrounds of {behind[0].parent}" if behind else ", as composed there"
    describe += f", trimaps eroded here ({KERNEL}×{KERNEL})" if made else ""

    def load(index: int) -> Case:
        entry = layout.test[index]
        return read_case(entry, None if entry.image else _over(entry, behind, index, backgrounds))

    return TestSet(describe, [entry.name for entry in layout.test], load)


@lru_cache(maxsize=8)
def read_layer(pair: Pair) -> Layer:
    """A foreground and its alpha, which must be of one size."""
    colour, alpha = read_colour(pair.foreground), read_grey(pair.alpha)
    check_sizes(foreground=(pair.foreground, colour.shape[:2]), alpha=(pair.alpha, alpha.shape))
    return Layer(colour, alpha, pair.foreground.stem)


def read_case(entry: Entry, background: Path | None) -> Case:
    """One test case from its files.

    Raises:
        A2UError: A file that cannot be used, or sizes that differ; both are named.
    """
    if entry.image is not None:
        file, image = entry.image, read_image(entry.image)
        alpha = None if entry.alpha is None else alpha_tensor(read_grey(entry.alpha))
    elif entry.pair is not None and background is not None:
        file, layer = entry.pair.foreground, read_layer(entry.pair)
        alpha = alpha_tensor(layer.alpha)
        behind = image_tensor(cover(read_colour(background), *layer.alpha.shape))
        image = image_tensor(to_bytes(compose(image_tensor(layer.colour), behind, alpha)))  # 8 bits, as a file has
    else:
        raise A2UError(f"{entry.name} is neither a picture nor a foreground with a background.")
    known: Tensor
    if entry.trimap is not None:
        known = read_trimap(entry.trimap)
        check_sizes(image=(file, tuple(image.shape[1:])), trimap=(entry.trimap, tuple(known.shape[1:])))
    elif alpha is not None:
        known = trimap.trimap_of(alpha, KERNEL, KERNEL)
    else:
        raise A2UError(f"{file} has neither a trimap nor an alpha to make one from.")
    if alpha is not None and entry.alpha is not None:
        check_sizes(image=(file, tuple(image.shape[1:])), alpha=(entry.alpha, tuple(alpha.shape[1:])))
    return Case(entry.name, image, alpha, known)


def cover(picture: Any, height: int, width: int) -> Any:
    """A background enlarged, if need be, until it covers height × width, and cut at its top left corner."""
    cv2 = opencv()
    factor = max(height / picture.shape[0], width / picture.shape[1])
    if factor > 1:
        size = (max(width, round(picture.shape[1] * factor)), max(height, round(picture.shape[0] * factor)))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC)
    return picture[:height, :width].copy()


def _over(entry: Entry, behind: list[Path], index: int, folder: Path | None) -> Path:
    """The background of one case: as listed, or the next in order."""
    if entry.background is None:
        return behind[index % len(behind)]
    return entry.background if folder is None else folder / entry.background.name


def _behind(layout: Layout, root: Path, backgrounds: Path | None) -> list[Path]:
    folder = backgrounds or layout.backgrounds
    if folder is None:
        raise A2UError(
            f"{root} ({layout.title}) has no backgrounds to compose over. Put photographs into {root / 'bg'}, "
            f"or name a folder of them (backgrounds=…)."
        )
    if not folder.is_dir():
        raise A2UError(f"The folder of backgrounds {folder} does not exist.")
    return list(pictures(folder).values())
