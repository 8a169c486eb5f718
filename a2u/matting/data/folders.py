"""Data sets from folders. The description says which layout was recognised; files are read when they are asked for.

Before a training all of its files are checked, so that none stops it later; in a test, a bad file is one failed case.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from a2u.errors import A2UError
from a2u.matting.data import trimap
from a2u.matting.data.cases import KERNEL, read_case, read_layer
from a2u.matting.data.composition import Layer
from a2u.matting.data.dataset import Case, TestSet
from a2u.matting.data.entries import Entry, LayerFiles
from a2u.matting.data.files import read_colour
from a2u.matting.data.headers import check
from a2u.matting.data.holdout import EVERY, Division, divide
from a2u.matting.data.layouts import Layout, plain, recognise
from a2u.matting.data.listing import Pictures, by_name, fold, pictures, stem
from a2u.training.device import derive_seed


class FolderSource:
    """Foregrounds and backgrounds from files."""

    def __init__(self, title: str, root: Path, division: Division) -> None:
        self.pairs, self.files = division.train, division.behind
        self.foregrounds, self.backgrounds = len(self.pairs), len(self.files)
        spared = f"; {len(division.held)} foregrounds and " if division.held else "; "
        spared += f"{len(division.held_behind)} backgrounds are held out for validation"
        over = f"{self.foregrounds} foregrounds over {self.backgrounds} backgrounds of {self.files[0].parent}"
        self.describe = f"{title}, {root}: {over}{spared}"

    def foreground(self, number: int, crop: int) -> Layer:
        """One foreground at the size of its files."""
        return read_layer(self.pairs[number])

    def background(self, number: int) -> Any:
        """One background at the size of its file."""
        return read_colour(self.files[number])

    def prepare(self, crop: int, context: str | None = None) -> None:
        """Do nothing: files are read when a sample needs them."""


def open_train_folder(root: Path, backgrounds: Path | None = None) -> FolderSource:
    """The foregrounds of a folder, and backgrounds from it or from another, without what is held out for validation.

    Raises:
        A2UError: An unknown layout, too few foregrounds or backgrounds, files that cannot be used.
    """
    layout = recognise(root)
    division = divide(layout, root, backgrounds)
    groups = [_group(pair) for pair in (*division.train, *division.held)]
    groups += [[("background", file)] for file in (*division.behind, *division.held_behind)]
    check(groups, f"the {len(groups)} foregrounds and backgrounds in {root}", layout.incomplete)
    return FolderSource(layout.title, root, division)


def open_validation_folder(root: Path, backgrounds: Path | None = None) -> TestSet:
    """What to compare epochs on: a validation folder of the set's own, or foregrounds that training leaves out.

    Those are composed over backgrounds that training leaves out too; trimaps follow from the names.

    Raises:
        A2UError: An unknown layout, too few foregrounds or backgrounds, a validation folder that cannot be used.
    """
    layout = recognise(root)
    division = divide(layout, root, backgrounds)
    if layout.validation:
        return _own_validation(layout, layout.validation, division)
    behind = division.held_behind
    entries = [
        Entry(pair.foreground.stem, pair.alpha, pair=pair, background=behind[index % len(behind)])
        for index, pair in enumerate(division.held)
    ]
    total = len(division.train) + len(entries)
    over = len({entry.background for entry in entries})
    describe = (
        f"{layout.title}, {root}: {len(entries)} of {total} foregrounds, held out of training (every {EVERY}th name, "
        f"at least one), over {over} backgrounds held out likewise, trimaps eroded here from fixed seeds"
    )
    return _validation(describe, entries)


def open_test_folder(root: Path, backgrounds: Path | None = None) -> TestSet:
    """The test cases of a folder.

    Where no composed picture is there, the foreground is composed over its background: the one that the layout's list
    names, or the next of the folder, in order. The background is enlarged until it covers the foreground, and cut at
    its top left corner. A case that lacks a file fails when it is asked for.

    Raises:
        A2UError: An unknown layout, no cases or none that can be used, no backgrounds where they are needed.
    """
    layout = recognise(root)
    if not layout.test:
        raise A2UError(
            f"{root} ({layout.title}) has no test cases: a case is a picture, or a foreground and its alpha, with a "
            f"trimap. Is the test part of the set elsewhere?"
        )
    places = ([backgrounds] if backgrounds else []) + layout.test_backgrounds
    entries = _over(layout.test, places, f"{root} ({layout.title})")
    if all(entry.fault for entry in entries):
        raise A2UError(
            f"None of the {len(entries)} test cases of {root} ({layout.title}) can be used. "
            f"The first, {entries[0].name}: {entries[0].fault}"
        )
    describe = f"{layout.title}, {root}: {_words(entries)}{_shared(entries, layout, backgrounds)}"
    names = [entry.name for entry in entries]
    return TestSet(describe, names, lambda index: read_case(entries[index]), _all_files(entries))


def _shared(entries: list[Entry], layout: Layout, backgrounds: Path | None) -> str:
    """What a test over this folder shares with a training on it, in words: it makes scores too good."""
    trained = {pair.foreground for pair in layout.train}
    if any(entry.pair and entry.pair.foreground in trained for entry in entries):
        return " (no test part of its own: these are the foregrounds that training on this folder uses)"
    over = backgrounds or layout.backgrounds
    behind = {entry.background for entry in entries if entry.background and not entry.image and not entry.fault}
    if trained and any(file.parent == over and fold(file.name) not in layout.kept for file in behind):
        return " (training on this folder uses these backgrounds too: put others into bg/ of its test part)"
    return ""


def _own_validation(layout: Layout, folder: Path, division: Division) -> TestSet:
    """A validation folder, whole or not at all: scores of epochs must be means over the same images."""
    found = plain(folder) if folder.is_dir() else None
    if found is None:
        raise A2UError(
            f"{folder} is there for validation, but holds neither fg and alpha nor image, alpha and trimap. Add them, "
            f"or remove it: then foregrounds of training are held out instead."
        )
    places = found.test_backgrounds[:1]
    entries = _over(found.test, places, str(folder)) if places else _behind(found.test, division.held_behind)
    faults = [f"{entry.name}: {entry.fault}" for entry in entries if entry.fault]
    faults += [f"{each.name}: no true alpha" for each in entries if each.alpha is None and not each.fault]
    if faults:
        raise A2UError(f"{len(faults)} of {len(entries)} images of {folder} cannot be validated on. {' '.join(faults)}")
    behind = sorted({entry.background for entry in entries if entry.background and not entry.image})
    groups = [*map(_files, entries), *([("background", file)] for file in behind)]
    check(groups, f"the {len(groups)} images and backgrounds to validate on")
    return _validation(f"{layout.title}, {folder}: {_words(entries)}", entries)


def _validation(describe: str, entries: list[Entry]) -> TestSet:
    """Cases whose trimaps, where they have none, follow from their names."""

    def load(index: int) -> Case:
        entry = entries[index]
        generator = np.random.default_rng(derive_seed(0, "validation of a folder", entry.name))
        return read_case(entry, trimap.random_sizes(generator, trimap.TEST_SIZES))

    return TestSet(describe, [entry.name for entry in entries], load, _all_files(entries))


def _over(entries: list[Entry], places: list[Path], what: str) -> list[Entry]:
    """The cases with their backgrounds: as listed, in any of the folders, or in turn from the first folder."""
    composed = [entry for entry in entries if entry.image is None and entry.fault is None]
    if not composed:
        return entries
    if not places:
        raise A2UError(
            f"{what} has no backgrounds to compose over. Put photographs into bg/ there, or name a folder of them as "
            f"`backgrounds`."
        )
    for folder in places:
        if not folder.is_dir():
            raise A2UError(f"The folder of backgrounds {folder} does not exist.")
    if composed[0].behind is None:
        return _behind(entries, list(pictures(places[0]).values()))
    there = lru_cache(_loosely)  # read once, and only where a name is not found as it is listed
    return [_listed(entry, places, there) if entry in composed else entry for entry in entries]


def _loosely(folder: Path) -> Pictures:
    return Pictures({name: files[0] for name, files in by_name(folder).items()})


def _listed(entry: Entry, places: list[Path], there: Callable[[Path], Pictures]) -> Entry:
    assert entry.behind is not None
    found = next((folder / entry.behind for folder in places if (folder / entry.behind).is_file()), None)
    found = found or next(filter(None, (there(each).partner(stem(entry.behind)) for each in places)), None)
    if found:
        return replace(entry, background=found)
    looked = " or ".join(map(str, places))
    fault = (
        f"test_bg_names.txt puts it over {entry.behind}, which is not in {looked}. The test's backgrounds are from "
        f"PASCAL VOC 2012: put VOCdevkit/VOC2012/JPEGImages beside the set, or name the folder as `backgrounds`."
    )
    return replace(entry, fault=fault)


def _behind(entries: list[Entry], files: Sequence[Path]) -> list[Entry]:
    """Each case over the next background; the order does not depend on which cases have faults."""
    return [replace(entry, background=files[index % len(files)]) for index, entry in enumerate(entries)]


def _words(entries: list[Entry]) -> str:
    """How many cases there are, and how they are made."""
    good = [entry for entry in entries if entry.fault is None]
    truths = sum(entry.alpha is not None for entry in good)
    behind = {entry.background for entry in good if entry.background and entry.image is None}
    folders = ", ".join(sorted({str(file.parent) for file in behind}))
    words = f"{len(entries)} test cases"
    words += f", {len(entries) - len(good)} of them incomplete" if len(good) < len(entries) else ""
    words += f", {truths} with known alpha" if truths < len(good) else ""
    words += f", composed over {len(behind)} backgrounds of {folders}" if behind else ", as composed there"
    made = any(entry.trimap is None for entry in good)
    return words + (f", trimaps eroded here ({KERNEL}×{KERNEL})" if made else "")


def _group(pair: LayerFiles) -> list[tuple[str, Path]]:
    return [("foreground", pair.foreground), ("alpha", pair.alpha)]


def _all_files(entries: Sequence[Entry]) -> list[Path]:
    behind = [entry.background for entry in entries if entry.background is not None]
    return [path for entry in entries for _, path in _files(entry)] + behind


def _files(entry: Entry) -> list[tuple[str, Path]]:
    """The files of a case, which must have one size."""
    seen = [("image", entry.image)] if entry.image else [("foreground", entry.pair.foreground)] if entry.pair else []
    more = [("alpha", entry.alpha), ("trimap", entry.trimap)]
    return [(name, path) for name, path in [*seen, *more] if path is not None]
