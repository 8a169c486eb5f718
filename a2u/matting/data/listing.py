"""Pictures in folders by name: what is there, in which order, and what belongs together.

Partners have one name up to the ending. Copying between systems changes upper and lower case, and how an accent is
stored (é as one character or as two); so if no name is the same, the only similar one is the partner.
"""

import codecs
import os
import re
import unicodedata
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from a2u.errors import A2UError
from a2u.files.reading import MIB, read_bytes
from a2u.matting.data.pixels import NEED_MORE, SUFFIXES

LONGEST = 64 * MIB  # of a list of names: a million names take less


class Pictures(dict[str, Path]):
    """Picture files of one folder by name without ending, in natural order."""

    def partner(self, name: str, own: "Pictures | None" = None) -> Path | None:
        """The file of this name here, or the only one with a similar name; None if there is none.

        Args:
            name: without ending.
            own: the folder that the name is from. If two of its names are similar, such as "A" and "a", only the
                same name counts.
        """
        if name in self:
            return self[name]
        alike = self._alike.get(fold(name), [])
        several = own is not None and len(own._alike.get(fold(name), [])) > 1
        return self[alike[0]] if len(alike) == 1 and not several else None

    @cached_property
    def _alike(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in self:
            found.setdefault(fold(name), []).append(name)
        return found


def fold(name: str) -> str:
    """One form for all names that differ only in upper and lower case, in Unicode form, or in how bytes were read.

    >>> fold("\\u00e9 1") == fold("E\\u0301 1") == fold("\\udcc9 1")  # one character; two; a byte of Latin-1
    True
    """
    content = os.fsencode(name)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def shown(name: str) -> str:
    """A name as one line that every terminal can print: what cannot be printed is written as its escape.

    >>> print(shown("two\\nlines, Latin-1: \\udce9"))
    two\\nlines, Latin-1: \\udce9
    """
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in name)


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


def by_name(folder: Path) -> dict[str, list[Path]]:
    """All picture files of a folder by name without ending, in natural order; hidden files do not count.

    A kind that needs another library (HEIC) counts where no other file has its name, so that reading it says what to
    do: phones write IMG_1.HEIC and IMG_1.JPG of one photograph.
    """
    found: dict[str, list[Path]] = {}
    needy: dict[str, list[Path]] = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            path = folder / entry.name
            ending = path.suffix.lower()
            if ending in (*SUFFIXES, *NEED_MORE) and not entry.name.startswith(".") and not entry.is_dir():
                (needy if ending in NEED_MORE else found).setdefault(path.stem, []).append(path)
    both = needy | found
    return {name: sorted(both[name]) for name in sorted(both, key=natural)}


def pictures(folder: Path) -> Pictures:
    """The picture files of a folder by name without ending, in natural order (2 before 10).

    Raises:
        A2UError: There is none, or two have one name.
    """
    files = by_name(folder)
    if not files:
        raise A2UError(f"{folder} holds no picture that could be used (looked for {', '.join(SUFFIXES)}).")
    for several in files.values():
        if len(several) > 1:
            raise A2UError(f"{folder} holds {' and '.join(each.name for each in several)}: which is meant? Remove one.")
    return Pictures({name: only for name, (only,) in files.items()})


def natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts numbers by value."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name) if part]


def listed(folder: Path, name: str) -> list[str]:
    """The lines of a list of names, in the folder or above it; none where there is no list. Blank lines do not count.

    Raises:
        A2UError: It cannot be read.
    """
    file = child(folder, name) or child(folder.parent, name)
    if file is None:
        return []
    content = read_bytes(file, LONGEST, "a list of names")
    lines = (line.strip().replace("\\", "/") for line in re.split(r"\r\n|\r|\n", decoded(content)))
    return [line for line in lines if line]


def decoded(content: bytes) -> str:
    """The text of a list, whichever program wrote it: UTF-8 or UTF-16 with or without a mark, or Windows' Latin-1."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    if b"\0" in content:  # only UTF-16 text has zeros: before or after each Latin letter
        little = content[1::2].count(0) >= content[::2].count(0)
        return content.decode("utf-16-le" if little else "utf-16-be", "replace")
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def stem(line: str) -> str:
    """The name without folder and ending of a line in a list; a dot within a name does not begin an ending."""
    path = Path(line)
    return path.stem if path.suffix.lower() in (*SUFFIXES, *NEED_MORE) else path.name


def lonely(colours: Path, alphas: Path) -> str | None:
    """A message about files of the first folder that have no partner in the second; None if all have one."""
    known, own = pictures(alphas), pictures(colours)
    names = [shown(file.name) for name, file in own.items() if known.partner(name, own) is None]
    if not names:
        return None
    return (
        f"{len(names)} file(s) of {colours} have no partner of the same name in {alphas}: {', '.join(names)}. "
        f"Add what is missing, or move these away."
    )


def fault(name: str, folders: Mapping[Path, Pictures], own: Pictures | None = None) -> str | None:
    """Why a case is incomplete: the folders in which there is no file of its name; None where all have one."""
    without = [str(folder) for folder, files in folders.items() if files.partner(name, own) is None]
    return f"there is no {shown(name)} in {' and none in '.join(without)}." if without else None
