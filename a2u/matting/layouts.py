"""The layouts of folders that matting data come in, and which of them a folder has.

- Adobe Image Matting: Training_set/{Adobe-licensed images, Other}/{fg, alpha}; its test part, Composition-1k, is
  Test_set/Adobe-licensed images/{fg, alpha, trimaps} with test_fg_names.txt and test_bg_names.txt.
- Distinctions-646: Train/{FG, GT} and Test/{FG, GT}, perhaps Test/Trimap.
- alphamatting.com: {input, gt, trimap}_training_lowres, or {input, trimap}_lowres, whose truth is not published; it
  has no foregrounds, so nothing to train on.
- plain: fg, alpha for training; for tests the same, perhaps with trimap, or image, alpha, trimap.

Backgrounds lie in bg/ (BG, background, backgrounds) beside them or in a folder of their own. Upper and lower case are
one; partners have one name up to the ending. Test pictures that are composed already (merged, image) are used as they
are: composing anew changes the errors.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from a2u.errors import A2UError
from a2u.matting.files import SUFFIXES

BACKGROUNDS = ("bg", "background", "backgrounds", "train2014", "VOCdevkit/VOC2012/JPEGImages")
COMPOSED = ("merged", "image", "images", "input")
TRIMAPS = ("trimaps", "trimap")


@dataclass(frozen=True)
class Pair:
    """A foreground and its alpha."""

    foreground: Path
    alpha: Path


@dataclass(frozen=True)
class Entry:
    """One test case as files: `image`, or `pair` with a background to compose it over; a trimap or none."""

    name: str
    alpha: Path | None
    image: Path | None = None
    pair: Pair | None = None
    background: Path | None = None
    trimap: Path | None = None


@dataclass
class Layout:
    """What was recognised: its title, the training pairs, the test entries and the backgrounds beside them."""

    title: str
    train: list[Pair] = field(default_factory=list)
    test: list[Entry] = field(default_factory=list)
    backgrounds: Path | None = None


def recognise(root: Path) -> Layout:
    """The layout of a folder.

    Raises:
        A2UError: It is not there, has no known layout, or files without their partners.
    """
    if not root.is_dir():
        raise A2UError(f"The data folder {root} does not exist. Give a folder, or `synthetic` for the built-in set.")
    for base in (root, child(root, "Combined_Dataset")):
        if base is None:
            continue
        for look in (_adobe, _distinctions, _alphamatting, _plain):
            found = look(base)
            if found is not None:
                return found
    there = ", ".join(sorted(each.name for each in root.iterdir())[:8]) or "nothing"
    raise A2UError(
        f"{root} has none of the known layouts; it holds {there}. Known: Adobe Image Matting (Training_set, Test_set), "
        f"Distinctions-646 (Train/FG, Train/GT), alphamatting.com (input_training_lowres), or plain: fg/, alpha/, bg/."
    )


def child(folder: Path | None, *names: str) -> Path | None:
    """The first of the named sub-folders or files that exists, whatever its case."""
    if folder is None or not folder.is_dir():
        return None
    for name in names:
        here: Path | None = folder
        for part in name.split("/"):
            found = [] if here is None or not here.is_dir() else [e for e in here.iterdir() if e.name == part]
            if not found and here is not None and here.is_dir():
                found = sorted(e for e in here.iterdir() if e.name.lower() == part.lower())
            here = found[0] if found else None
        if here is not None:
            return here
    return None


def pictures(folder: Path) -> dict[str, Path]:
    """The picture files of a folder by name without ending, in natural order (2 before 10).

    Raises:
        A2UError: None, or two of one name.
    """
    files = [each for each in folder.iterdir() if each.suffix.lower() in SUFFIXES and not each.name.startswith(".")]
    if not files:
        raise A2UError(f"{folder} holds no picture that could be used (looked for {', '.join(SUFFIXES)}).")
    found: dict[str, Path] = {}
    for file in sorted(files, key=lambda each: natural(each.name)):
        if file.stem in found:
            raise A2UError(f"{folder} holds {found[file.stem].name} and {file.name}: which is meant? Remove one.")
        found[file.stem] = file
    return found


def natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts numbers by value."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name) if part]


def pairs(colours: Path, alphas: Path) -> list[Pair]:
    """Every foreground with the alpha of its name.

    Raises:
        A2UError: Files without a partner are named.
    """
    left, right = pictures(colours), pictures(alphas)
    lonely = [name for name in left if name not in right]
    if lonely:
        raise missing(lonely, colours, alphas)
    return [Pair(file, right[name]) for name, file in left.items()]


def missing(names: list[str], here: Path, there: Path) -> A2UError:
    """The message for files whose partners are not there."""
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return A2UError(
        f"{len(names)} file(s) of {here} have no partner of the same name in {there}: {shown}. "
        f"Add what is missing, or move these away."
    )


def _adobe(base: Path) -> Layout | None:
    train, test = child(base, "Training_set"), child(base, "Test_set")
    if train is None and test is None:
        return None
    found = Layout("Adobe Image Matting", backgrounds=_backgrounds(base, train, test))
    for group in ("Adobe-licensed images", "Other"):
        folder = child(train, group)
        colours, alphas = child(folder, "fg"), child(folder, "alpha")
        if colours and alphas:
            found.train += pairs(colours, alphas)
    if test is not None:
        folder = child(test, "Adobe-licensed images") or test
        found.test = _composition_1k(test, folder, found.backgrounds)
    return found


def _composition_1k(test: Path, folder: Path, beside: Path | None) -> list[Entry]:
    """Each foreground once for each of its trimaps NAME_0, NAME_1, …; the lists say over which backgrounds."""
    colours, alphas = child(folder, "fg"), child(folder, "alpha")
    trimaps, composed = child(folder, *TRIMAPS), child(folder, *COMPOSED) or child(test, *COMPOSED)
    if not (colours and alphas and trimaps):
        return []
    order = _listed(test, "test_fg_names.txt")
    by_name = {pair.foreground.stem: pair for pair in pairs(colours, alphas)}
    names = [Path(line).stem for line in order] or list(by_name)
    if lost := [name for name in names if name not in by_name]:
        raise missing(lost, test / "test_fg_names.txt", colours)
    behind = _listed(test, "test_bg_names.txt")
    ready = pictures(composed) if composed else {}
    entries: list[Entry] = []
    known = pictures(trimaps)
    for name in names:
        pair = by_name[name]
        for key in [key for key in known if re.fullmatch(re.escape(name) + r"_\d+", key)]:
            place = len(entries)
            background = beside / behind[place] if beside is not None and place < len(behind) else None
            entries.append(Entry(key, pair.alpha, ready.get(key), pair, background, known[key]))
    return entries


def _distinctions(base: Path) -> Layout | None:
    train, test = child(base, "Train"), child(base, "Test")
    if child(train, "FG") is None and child(test, "FG") is None:
        return None
    found = Layout("Distinctions-646", backgrounds=_backgrounds(base, train, test))
    for part, folder in (("train", train), ("test", test)):
        colours, truth = child(folder, "FG"), child(folder, "GT", "alpha")
        if folder is None or colours is None:
            continue
        if truth is None:
            raise A2UError(f"{folder} has FG but no GT: a foreground needs its alpha of the same name there.")
        if part == "train":
            found.train = pairs(colours, truth)
        else:
            found.test = _entries(pairs(colours, truth), child(folder, *TRIMAPS), child(folder, *COMPOSED))
    return found


def _alphamatting(base: Path) -> Layout | None:
    for known in ("training_", ""):  # with the truth if it is there
        for size in ("lowres", "highres"):
            images = child(base, f"input_{known}{size}")
            if images is None:
                continue
            truth, folder = child(base, f"gt_{known}{size}"), child(base, f"trimap_{known}{size}")
            trimaps = [each for each in (child(folder, f"Trimap{n}") for n in (1, 2, 3)) if each] or (
                [folder] if folder else []
            )
            if not trimaps or (known and truth is None):
                raise A2UError(
                    f"{images} needs trimap_{known}{size}" + (f" and gt_{known}{size}" if known else "") + "."
                )
            alphas = pictures(truth) if known and truth else None
            entries = [_entry(name, file, alphas, truth, folder) for folder in trimaps
                       for name, file in pictures(images).items()]  # fmt: skip
            return Layout(f"alphamatting.com ({images.name})", test=entries)
    return None


def _entry(name: str, image: Path, alphas: dict[str, Path] | None, truth: Path | None, trimaps: Path) -> Entry:
    known = pictures(trimaps)
    if name not in known:
        raise missing([name], image.parent, trimaps)
    if alphas is not None and truth is not None and name not in alphas:
        raise missing([name], image.parent, truth)
    return Entry(f"{name}-{trimaps.name}", alphas[name] if alphas else None, image, trimap=known[name])


def _plain(base: Path) -> Layout | None:
    alphas, trimaps = child(base, "alpha", "alphas", "gt"), child(base, *TRIMAPS)
    colours, images = child(base, "fg", "foreground", "foregrounds"), child(base, "image", "images", "merged", "input")
    if colours is not None and alphas is not None:
        found = pairs(colours, alphas)
        return Layout("plain (fg, alpha)", found, _entries(found, trimaps, images), _backgrounds(base))
    if images is not None and trimaps is not None:
        known = pictures(alphas) if alphas else None
        entries = [_entry(name, file, known, alphas, trimaps) for name, file in pictures(images).items()]
        return Layout("plain (image, trimap)", test=entries)
    return None


def _entries(found: list[Pair], trimaps: Path | None, images: Path | None) -> list[Entry]:
    """One case a foreground, with the trimap and the composed picture of its name where there are such folders."""
    known, ready = pictures(trimaps) if trimaps else {}, pictures(images) if images else {}
    for folder, partners in ((trimaps, known), (images, ready)):
        lonely = [pair.foreground.stem for pair in found if pair.foreground.stem not in partners]
        if folder is not None and lonely:
            raise missing(lonely, found[0].foreground.parent, folder)
    names = [(pair.foreground.stem, pair) for pair in found]
    return [Entry(n, pair.alpha, ready.get(n), pair, None, known.get(n)) for n, pair in names]


def _backgrounds(*places: Path | None) -> Path | None:
    return next((found for place in places if (found := child(place, *BACKGROUNDS)) is not None), None)


def _listed(folder: Path, name: str) -> list[str]:
    """The lines of a list of names, in the folder or above it; none where there is no list."""
    file = child(folder, name) or child(folder.parent, name)
    return [] if file is None else [line.strip() for line in file.read_text().splitlines() if line.strip()]
