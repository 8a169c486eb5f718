"""The layouts of folders that matting data come in, and which of them a folder has.

- Adobe Image Matting: Training_set/{Adobe-licensed images, Other}/{fg, alpha}; its test part, Composition-1k, is
  Test_set/Adobe-licensed images/{fg, alpha, trimaps} with test_fg_names.txt and test_bg_names.txt. As the published
  code of A²U and IndexNet has it: Training_set/{fg, alpha, train2014} and Test_set/{alpha, merged, trimaps}, where the
  pictures NAME_0, NAME_1, … have one alpha, NAME.
- Distinctions-646: Train/{FG, GT} and Test/{FG, GT}, perhaps Test/Trimap.
- alphamatting.com: {input, gt, trimap}_training_lowres, or {input, trimap}_lowres, whose truth is not published; it
  has no foregrounds, so nothing to train on.
- plain: fg, alpha for training; for tests the same, perhaps with trimap, or image, alpha, trimap.

Backgrounds to train over lie in bg/ (background, backgrounds) or COCO's train2014/, those of tests in
VOCdevkit/VOC2012/JPEGImages/ or bg/, all of them beside or within the parts, or in a folder of their own. A folder
validation/ (Validation_set, val) with fg, alpha or image, alpha, trimap is what epochs are compared on. Upper and lower
case count as the same; partners have one name up to the ending (`a2u/matting/data/listing.py`). Test pictures that are
composed already (merged, image) are used as they are: composing them again would change the errors. A test case whose
partner is missing stays in the list, with its fault.
"""

from dataclasses import dataclass, field
from pathlib import Path

from a2u.errors import A2UError
from a2u.matting.data.composition_1k import composition_1k, merged
from a2u.matting.data.entries import COMPOSED, TRIMAPS, Entry, LayerFiles
from a2u.matting.data.listing import Pictures, child, fault, fold, listed, lonely, pictures

BACKGROUNDS = ("bg", "background", "backgrounds", "train2014", "train2017")
TEST_BACKGROUNDS = ("VOCdevkit/VOC2012/JPEGImages", "VOC2012/JPEGImages", "JPEGImages")  # training does not use these
VALIDATION = ("validation", "validation_set", "val")


@dataclass
class Layout:
    """What was recognised.

    Args:
        title: its name.
        train: the pairs to train on. incomplete: messages about foregrounds that have no alpha.
        validation: the set's own folder for it.
        test: the test cases, in order, including those that lack a file, with their fault.
        backgrounds: the folder of those to train over.
        test_backgrounds: the folders in which those of test cases may be, the most likely first.
        kept: names of backgrounds, as :func:`fold` makes them, that belong to the test: training must not use them.
    """

    title: str
    train: list[LayerFiles] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)
    validation: Path | None = None
    test: list[Entry] = field(default_factory=list)
    backgrounds: Path | None = None
    test_backgrounds: list[Path] = field(default_factory=list)
    kept: frozenset[str] = frozenset()

    def add(self, colours: Path, alphas: Path) -> None:
        """Train on the foregrounds of a folder that have an alpha in another."""
        known, own = pictures(alphas), pictures(colours)
        found = ((file, known.partner(name, own)) for name, file in own.items())
        self.train += [LayerFiles(file, alpha) for file, alpha in found if alpha is not None]
        self.incomplete += [said] if (said := lonely(colours, alphas)) else []


def recognise(root: Path) -> Layout:
    """The layout of a folder.

    Raises:
        A2UError: It is not there, or has no known layout.
    """
    if not root.is_dir():
        raise A2UError(f"The data folder {root} does not exist. Give a folder, or `synthetic` for the built-in set.")
    for base in (root, child(root, "Combined_Dataset")):
        if base is None:
            continue
        for look in (_adobe, _distinctions, _alphamatting, plain):
            found = look(base)
            if found is not None:
                return found
    there = ", ".join(sorted(each.name for each in root.iterdir())[:8]) or "nothing"
    raise A2UError(
        f"{root} has none of the known layouts; it holds {there}. Known: Adobe Image Matting (Training_set, Test_set), "
        f"Distinctions-646 (Train/FG, Train/GT), alphamatting.com (input_training_lowres), or plain: fg/, alpha/, bg/."
    )


def _adobe(base: Path) -> Layout | None:
    train, test = child(base, "Training_set"), child(base, "Test_set")
    if train is None and test is None:
        return None
    found = _begin("Adobe Image Matting", base, train, test)
    groups = [train] if child(train, "fg") else [child(train, each) for each in ("Adobe-licensed images", "Other")]
    for folder in groups:
        colours, alphas = child(folder, "fg"), child(folder, "alpha")
        if colours and alphas:
            found.add(colours, alphas)
    if test is not None:
        found.kept = frozenset(fold(Path(line).name) for line in listed(test, "test_bg_names.txt"))
        licensed = child(test, "Adobe-licensed images")
        folder = licensed if licensed and child(licensed, "alpha") else test
        ready = [] if listed(test, "test_bg_names.txt") else merged(test, folder)  # without a list, what is there
        found.test = ready or composition_1k(test, folder) or merged(test, folder)
    return found


def _distinctions(base: Path) -> Layout | None:
    train, test = child(base, "Train"), child(base, "Test")
    if child(train, "FG") is None and child(test, "FG") is None:
        return None
    found = _begin("Distinctions-646", base, train, test)
    for folder in (train, test):
        colours, truth = child(folder, "FG"), child(folder, "GT", "alpha")
        if folder is None or colours is None:
            continue
        if truth is None:
            raise A2UError(f"{folder} has FG but no GT: a foreground needs its alpha of the same name there.")
        if folder == train:
            found.add(colours, truth)
        else:
            found.test = _entries(colours, truth, child(folder, *TRIMAPS), child(folder, *COMPOSED))
    return found


def _alphamatting(base: Path) -> Layout | None:
    for known in ("training_", ""):  # with the truth if it is there
        for size in ("lowres", "highres"):
            images = child(base, f"input_{known}{size}")
            if images is None:
                continue
            truth, folder = child(base, f"gt_{known}{size}"), child(base, f"trimap_{known}{size}")
            if folder is None or (known and truth is None):
                raise A2UError(
                    f"{images} needs trimap_{known}{size}" + (f" and gt_{known}{size}" if known else "") + "."
                )
            trimaps = [each for each in (child(folder, f"Trimap{n}") for n in (1, 2, 3)) if each] or [folder]
            entries = _ready(images, trimaps, truth if known else None)
            return Layout(f"alphamatting.com ({images.name})", test=entries)
    return None


def plain(base: Path) -> Layout | None:
    """A folder with fg and alpha, or with image and trimap and perhaps alpha."""
    alphas, trimaps = child(base, "alpha", "alphas", "gt"), child(base, *TRIMAPS)
    colours, images = child(base, "fg", "foreground", "foregrounds"), child(base, "image", "images", "merged", "input")
    if colours is not None and alphas is not None:
        found = _begin("plain (fg, alpha)", base, None, None)
        found.add(colours, alphas)
        found.test = _entries(colours, alphas, trimaps, images)
        return found
    if images is not None and trimaps is not None:
        return Layout("plain (image, trimap)", test=_ready(images, [trimaps], alphas))
    return None


def _begin(title: str, base: Path, train: Path | None, test: Path | None) -> Layout:
    """A layout without its pictures yet: the folders of backgrounds and of validation."""

    def there(place: Path | None, names: tuple[str, ...]) -> list[Path]:
        return [found for name in names if (found := child(place, name)) is not None]

    to_train = there(train, BACKGROUNDS) + there(base, BACKGROUNDS)
    of_tests = [found for place in (test, base, train) for found in there(place, TEST_BACKGROUNDS)]
    return Layout(
        title,
        validation=child(base, *VALIDATION),
        backgrounds=to_train[0] if to_train else None,
        test_backgrounds=there(test, BACKGROUNDS) + of_tests + there(base, BACKGROUNDS) + there(train, BACKGROUNDS),
    )


def _entries(colours: Path, alphas: Path, trimaps: Path | None, images: Path | None) -> list[Entry]:
    """One case per foreground, with the trimap and the composed picture of its name where there are such folders."""
    fronts, mattes = pictures(colours), pictures(alphas)
    known, ready = (pictures(each) if each else Pictures() for each in (trimaps, images))
    partners = {alphas: mattes} | ({trimaps: known} if trimaps else {}) | ({images: ready} if images else {})
    entries = []
    for name in fronts:
        alpha, image, trimap = (each.partner(name, fronts) for each in (mattes, ready, known))
        pair = LayerFiles(fronts[name], alpha) if alpha else None
        entries.append(Entry(name, alpha, image, pair, trimap, fault=fault(name, partners, fronts)))
    return entries


def _ready(images: Path, trimaps: list[Path], truth: Path | None) -> list[Entry]:
    """Each picture with each of its trimaps; only where there are several do the names say which."""
    found, alphas, entries = pictures(images), pictures(truth) if truth else Pictures(), []
    for folder in trimaps:
        known = pictures(folder)
        partners = {folder: known} | ({truth: alphas} if truth else {})
        for name, image in found.items():
            title = f"{name}-{folder.name}" if len(trimaps) > 1 else name
            alpha, trimap = alphas.partner(name, found), known.partner(name, found)
            entries.append(Entry(title, alpha, image, trimap=trimap, fault=fault(name, partners, found)))
    return entries
