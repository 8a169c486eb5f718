"""What is held out of a folder's training part: foregrounds and backgrounds to compare epochs on.

The best epoch is chosen on them, so they may be neither trained on nor part of the test. Which they are follows from
the names alone: every 20th in natural order, at least one. So a run that resumes, another seed and another machine hold
out the same, and adding a file moves few.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from a2u.errors import A2UError
from a2u.matting.data.entries import LayerFiles
from a2u.matting.data.layouts import Layout
from a2u.matting.data.listing import fold, natural, pictures

EVERY = 20


@dataclass(frozen=True)
class Division:
    """train and held: foregrounds with their alphas. behind and held_behind: backgrounds of each."""

    train: Sequence[LayerFiles]
    held: Sequence[LayerFiles]
    behind: Sequence[Path]
    held_behind: Sequence[Path]


def divide(layout: Layout, root: Path, backgrounds: Path | None = None) -> Division:
    """The training part of a folder without what validation needs; with a validation folder, all foregrounds stay.

    Raises:
        A2UError: Too few foregrounds or backgrounds to hold one out.
    """
    if not layout.train and not layout.incomplete:
        raise A2UError(
            f"{root} ({layout.title}) has no foregrounds to train on: training composes foregrounds (with alpha) over "
            f"backgrounds. Train on another folder, or on `synthetic`, and test on this one."
        )
    behind = to_train_over(layout, root, backgrounds)
    kept = hold_out((file.stem for file in behind), f"backgrounds to train over in {behind[0].parent}")
    names = set() if layout.validation else hold_out((_name(pair) for pair in layout.train), f"foregrounds in {root}")
    return Division(
        [pair for pair in layout.train if _name(pair) not in names],
        [pair for pair in layout.train if _name(pair) in names],
        [file for file in behind if file.stem not in kept],
        [file for file in behind if file.stem in kept],
    )


def hold_out(names: Iterable[str], what: str) -> set[str]:
    """Every 20th of the names in natural order; the last of fewer.

    Raises:
        A2UError: There are fewer than two.
    """
    order = sorted(set(names), key=natural)
    if len(order) < 2:
        raise A2UError(
            f"Training needs at least 2 {what}, given {len(order)}: one is held out to compare the epochs on. Add more."
        )
    return set(order[EVERY - 1 :: EVERY]) or {order[-1]}


def to_train_over(layout: Layout, root: Path, backgrounds: Path | None) -> list[Path]:
    """The backgrounds of training: those of a folder that do not belong to the test.

    Raises:
        A2UError: There is no such folder, or nothing in it that may be used.
    """
    folder = backgrounds or layout.backgrounds
    if folder is None:
        tests = f" ({layout.test_backgrounds[0]} is for the test alone)" if layout.test_backgrounds else ""
        raise A2UError(
            f"{root} ({layout.title}) has no backgrounds to train over{tests}. Put photographs into {root / 'bg'}, "
            f"or COCO's into {root / 'train2014'}, or name a folder of them as `backgrounds`."
        )
    if not folder.is_dir():
        raise A2UError(f"The folder of backgrounds {folder} does not exist.")
    found = [file for file in pictures(folder).values() if fold(file.name) not in layout.kept]
    if not found:
        raise A2UError(
            f"All pictures of {folder} are listed in test_bg_names.txt, so they belong to the test and none is left "
            f"to train over. Put others into it, or name another folder as `backgrounds`."
        )
    return found


def _name(pair: LayerFiles) -> str:
    return pair.foreground.stem
