"""The learner's own copies of the lessons: what a learner writes and runs there, neither git nor an update touches.

The copies lie in `my-lessons/` beside `notebooks/`, so that a path such as `../runs` means the same in both; where the
checkout cannot be written, in `a2u/my-lessons/` of the home folder, with the pictures that the lessons link beside it.
`my-lessons/.a2u/copies.json` holds, for each copy, two digests of the original that it was made from: of its bytes, and
of its cells without their outputs. They tell a copy that nobody touched, or that was only run, from one that holds a
learner's work:

| the copy is | the course has a new version | `--reset` |
|---|---|---|
| as the course made it | it is replaced | it is replaced |
| run, its cells unchanged | it is replaced, and kept in `kept/` | it is replaced, and kept in `kept/` |
| changed | it stays, and a line says so | it is replaced, and kept in `kept/` |
"""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from a2u.errors import A2UError, near_match
from a2u.files.reading import expanded, read_bytes, read_json
from a2u.files.writing import UNFINISHED, explain, make_folder, sweep, write_whole
from a2u.lessons import links

FOLDER = "my-lessons"
KEPT = "kept"
RECORDS = ".a2u"
LIST = "copies.json"
NOT_COPIED = ("source", "__pycache__")  # of which no editor opens anything; nor of a name that begins with a dot
PATIENCE = 120  # seconds for another `a2u lab` to make its copies

Digests = dict[str, dict[str, str]]


def place(course: Path) -> Path:
    """The folder for the copies of the lessons in `course`: beside it, or in the home folder if that is read-only."""
    beside = course.parent / FOLDER
    if os.access(beside if beside.exists() else course.parent, os.W_OK):
        return beside
    return expanded(f"~/a2u/{FOLDER}")


def refresh(course: Path, folder: Path) -> list[str]:
    """Make the copies that are missing and renew those that hold no work of the learner's; what to tell the learner.

    Raises:
        A2UError: The folder cannot be written, or another process has been making copies for minutes.
    """
    with _records(folder) as (known, said):
        newer, kept = [], _Kept(folder)
        for name, original in _originals(course, said):
            if _renewed(folder / name, original, known.get(name), kept) or name not in known:
                known[name] = _digests(original)
            elif known[name]["whole"] != _digest(original):
                newer.append(name)
        for name, original in _pictures(course, folder):
            if _renewed(folder / name, original, known.get(name), kept) or name not in known:
                known[name] = _digests(original)
        _remove_departed(course, folder, known)
        if kept.names:
            said.append(f"The course has new versions of lessons that you ran. Your runs are kept in {kept.folder}.")
        if newer:
            first = Path(newer[0]).stem
            said.append(
                f"The course has new versions of {', '.join(newer)}. Your copies hold work of yours, so they stay as "
                f"they are. To get the new version and keep yours beside it: a2u lab --reset {first}"
            )
    return said


def reset(course: Path, folder: Path, lesson: str | None = None) -> list[str]:
    """Replace the copies of one lesson, or of all, by fresh ones; the old ones are kept. What to tell the learner.

    Raises:
        A2UError: There is no such lesson, or the folder cannot be written.
    """
    with _records(folder) as (known, said):
        kept, fresh = _Kept(folder), []
        for name, original in _originals(course, said):
            if lesson is not None and Path(name).stem != lesson:
                continue
            copy = folder / name
            if not copy.is_file() or read_bytes(copy) != original:
                if copy.exists():
                    kept.take(name)
                _write(copy, original)
                fresh.append(name)
            known[name] = _digests(original)
    if not fresh:
        said.append(f"{lesson or 'Every lesson'} is as the course has it: there was nothing to reset.")
    else:
        said.append(f"Fresh from the course: {', '.join(fresh)}.")
    if kept.names:
        said.append(f"Your old copies are kept in {kept.folder}.")
    return said


def lesson_named(course: Path, word: str) -> str:
    """The lesson that a learner means: by its number (3, 03), its whole name, or a word of it.

    Raises:
        A2UError: No lesson, or more than one, fits.
    """
    names = sorted(path.stem for path in course.glob("*.ipynb"))
    wanted = word.removesuffix(".ipynb").lower()
    number = wanted.zfill(2) if wanted.isdigit() else wanted
    fits = [n for n in names if n.lower() in (wanted, number)] or [n for n in names if n.startswith(f"{number}_")]
    fits = fits or [n for n in names if wanted and wanted in n.lower()]
    if len(fits) != 1:
        what = f"{', '.join(fits)} all fit {word!r}: say which." if fits else near_match(wanted, names)
        raise A2UError(f"No single lesson is called {word!r}. {what}")
    return fits[0]


def is_copies_folder(folder: Path) -> bool:
    """Were these copies made by `refresh`?"""
    return (folder / RECORDS / LIST).is_file()


class _Kept:
    """Where replaced copies go: a folder of their own for each time, made with the first one."""

    def __init__(self, folder: Path) -> None:
        self.source, self.names = folder, list[str]()
        now = datetime.now().strftime("%Y-%m-%d_%H.%M.%S")
        taken = (f"{now}-{count}" if count else now for count in range(1000))
        self.folder = next(place for each in taken if not (place := folder / KEPT / each).exists())

    def take(self, name: str) -> None:
        """Move a copy here."""
        make_folder((self.folder / name).parent)
        try:
            (self.source / name).rename(self.folder / name)
        except OSError as error:
            raise explain(error, self.folder / name) from error
        self.names.append(name)


def _renewed(copy: Path, original: bytes, base: dict[str, str] | None, kept: _Kept) -> bool:
    """Is `copy` now one of this original: as it was, or replaced because no work of a learner's is in it?"""
    if not copy.exists():
        _write(copy, original)
        return True
    own = read_bytes(copy)
    if own == original:
        return True
    if base is not None and base["whole"] == _digest(original):  # the course is as it was: leave the learner alone
        return False
    if base is not None and base["whole"] == _digest(own):
        _write(copy, original)
        return True
    cells = _cells(own)
    if cells is not None and cells == _cells(original):
        return True
    if base is not None and cells == base["cells"]:
        kept.take(copy.relative_to(kept.source).as_posix())
        _write(copy, original)
        return True
    return False


def _remove_departed(course: Path, folder: Path, known: Digests) -> None:
    """Forget lessons that the course has no more; a copy that nobody touched goes with its original."""
    for name in [each for each in known if not (course / each).is_file()]:
        copy = folder / name
        if copy.is_file() and _digest(read_bytes(copy)) == known[name]["whole"]:
            copy.unlink()
        del known[name]


def _originals(course: Path, said: list[str]) -> Iterator[tuple[str, bytes]]:
    """Every file of the course that a learner opens, by its name within the course; a damaged notebook is named."""
    for path in sorted(course.rglob("*")):
        name = path.relative_to(course)
        left_out = any(part in NOT_COPIED or part.startswith(".") for part in name.parts)
        if left_out or not path.is_file() or name.suffix in (UNFINISHED, ".part"):
            continue
        content = read_bytes(path)
        if name.suffix == ".ipynb" and _cells(content) is None:
            said.append(f"{path} is no notebook any more, so its copy stays as it is: git checkout -- notebooks/{name}")
            continue
        yield name.as_posix(), content


def _pictures(course: Path, folder: Path) -> Iterator[tuple[str, bytes]]:
    """The pictures that lessons link, by their links, where they would not be found from the copies otherwise."""
    if folder.parent.resolve() == course.parent.resolve():
        return
    notebooks = [read_bytes(path).decode(errors="replace") for path in sorted(course.glob("*.ipynb"))]
    for name in links.pictures("\n".join(notebooks)):
        if name.startswith("../") and (course / name).is_file():
            yield name, read_bytes(course / name)


@contextmanager
def _records(folder: Path) -> Iterator[tuple[Digests, list[str]]]:
    """The digests of the originals by name of the copy, to be changed, and a list for what to tell the learner.

    One process at a time. They are stored at the end, so that a process that is killed has told nothing wrong: a copy
    that equals its original is known again, another one counts as a learner's work.
    """
    hidden = folder / RECORDS
    make_folder(hidden)
    path = hidden / LIST
    try:
        with FileLock(hidden / "lock", timeout=PATIENCE):
            sweep(hidden)
            said: list[str] = []
            known = _known(path, said)
            yield known, said
            write_whole(path, (json.dumps(known, indent=1, sort_keys=True) + "\n").encode())
    except Timeout as error:
        raise A2UError(
            f"Another `a2u lab` is making copies in {folder}. Wait until it is done, and try again."
        ) from error
    except OSError as error:
        raise explain(error, folder) from error


def _known(path: Path, said: list[str]) -> Digests:
    if not path.exists():
        return {}
    try:
        known: Digests = read_json(path, dict)
        if all(isinstance(each, dict) and set(each) == {"whole", "cells"} for each in known.values()):
            return known
        problem = f"{path} is damaged or of another kind."
    except A2UError as error:
        problem = str(error)
    said.append(f"{problem} It is not trusted: every copy that differs from the course counts as your work, and stays.")
    return {}


def _write(copy: Path, content: bytes) -> None:
    make_folder(copy.parent)
    write_whole(copy, content)


def _digests(content: bytes) -> dict[str, str]:
    return {"whole": _digest(content), "cells": _cells(content) or ""}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _cells(content: bytes) -> str | None:
    """A digest of what is written in the cells of a notebook, outputs aside; None if it is no notebook.

    Empty cells do not count: JupyterLab adds one when the last cell is run.
    """
    try:
        cells: list[Any] = json.loads(content)["cells"]
        texts = [(cell["cell_type"], "".join(cell["source"])) for cell in cells]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return _digest(json.dumps([text for text in texts if text[1].strip()]).encode())
