"""Pictures in folders by name: what is there, in which order, and what belongs together."""

import re
from collections.abc import Mapping
from pathlib import Path

from a2u.errors import A2UError
from a2u.matting.data.files import SUFFIXES


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


def listed(folder: Path, name: str) -> list[str]:
    """The lines of a list of names, in the folder or above it; none where there is no list."""
    file = child(folder, name) or child(folder.parent, name)
    return [] if file is None else [line.strip() for line in file.read_text().splitlines() if line.strip()]


def lonely(colours: Path, alphas: Path) -> str | None:
    """What to say of files of the first folder that have no partner in the second; None where all have one."""
    known = pictures(alphas)
    names = [file.name for name, file in pictures(colours).items() if name not in known]
    if not names:
        return None
    return (
        f"{len(names)} file(s) of {colours} have no partner of the same name in {alphas}: {', '.join(names)}. "
        f"Add what is missing, or move these away."
    )


def fault(name: str, folders: Mapping[Path, Mapping[str, Path]]) -> str | None:
    """Why a case is incomplete: the folders in which there is no file of its name; None where all have one."""
    without = [str(folder) for folder, files in folders.items() if name not in files]
    return f"there is no {name} in {' and none in '.join(without)}." if without else None
