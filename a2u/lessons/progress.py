"""How far a learner is: which exercises passed, which questions were answered, and where each lesson was left.

It is kept beside the learner's copies of the lessons (`my-lessons/.a2u/progress.json`), and only there: a check that
runs anywhere else, in the course's own notebooks, in their tests or when they are built, writes nothing.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock, Timeout

from a2u.errors import A2UError
from a2u.files.reading import Missing, Unreadable, read_bytes, read_json
from a2u.files.writing import explain, write_whole
from a2u.lessons.copies import RECORDS

FILE = "progress.json"
PATIENCE = 20  # seconds for another tab that writes at the same time
_TITLE = re.compile(r"^# (?:\d+ · )?(.+)$", re.MULTILINE)
_EXERCISE = "exercise"  # the tag of a cell that waits for an answer


class Progress(NamedTuple):
    """One lesson and what a learner did in it.

    Attributes:
        lesson, title: "01_one_formula" and "One formula".
        passed: the titles of the exercises that passed.
        exercises: how many it has.
        stopped: the heading of the last cell that ran.
        answered: the names of the concept questions that were answered, right or wrong.
    """

    lesson: str
    title: str
    passed: tuple[str, ...]
    exercises: int
    stopped: str
    answered: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """In a few words; empty for a lesson that was never run."""
        done = f"{min(len(self.passed), self.exercises)} of {self.exercises} exercises passed" if self.exercises else ""
        count = len(self.answered)
        told = f"{count} question{'s' if count > 1 else ''} answered" if count else ""
        left = f"last cell run under “{self.stopped}”" if self.stopped else ""
        begun = self.passed or self.answered or self.stopped
        return ", ".join(filter(None, [done, told, left])) if begun else ""


def note(folder: Path, lesson: str, *, passed: str = "", stopped: str = "", answered: str = "") -> None:
    """Store that an exercise passed, a question was answered, or under which heading a cell ran. Two tabs lose nothing.

    A damaged file is put aside under another name, and a new one begins.

    Raises:
        A2UError: The file cannot be read or written now.
    """
    with _locked(folder) as path:
        try:
            known = _known(path)
        except Unreadable:
            raise
        except A2UError:
            _put_aside(path)
            known = {}
        mine = known.setdefault(lesson, {"passed": [], "stopped": ""})
        before = json.dumps(mine)
        for kind, name in (("passed", passed), ("answered", answered)):
            if name and name not in mine.setdefault(kind, []):
                mine[kind].append(name)
        mine["stopped"] = stopped or mine["stopped"]
        if json.dumps(mine) != before:
            write_whole(path, (json.dumps(known, indent=1, ensure_ascii=False) + "\n").encode())


def table(folder: Path) -> list[Progress]:
    """Every lesson in `folder` with what is known of it, in order.

    Raises:
        A2UError: The file of progress is damaged, or cannot be read now.
    """
    known = _known(folder / RECORDS / FILE)
    return [_of(path, known.get(path.stem, {})) for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))]


def of_lesson(folder: Path, lesson: str) -> Progress:
    """One lesson of :func:`table`."""
    return _of(folder / f"{lesson}.ipynb", _known(folder / RECORDS / FILE).get(lesson, {}))


def lines(folder: Path) -> list[str]:
    """The table as text: one line for each lesson that was begun, and one for the next; empty if none was.

    A damaged file is named in place of the table.
    """
    try:
        lessons = table(folder)
    except A2UError as error:
        return [f"Your progress cannot be shown. {error}"]
    begun = [each for each in lessons if each.words]
    if not begun:
        return []
    fresh = next((each for each in lessons if not each.words), None)
    wide = max(len(each.title) for each in lessons)
    found = [f"{each.lesson[:2]} {each.title:{wide}}  {each.words}" for each in begun]
    return [*found, *([f"{fresh.lesson[:2]} {fresh.title:{wide}}  not begun yet"] if fresh else [])]


def _of(path: Path, known: dict[str, Any]) -> Progress:
    try:
        cells = json.loads(read_bytes(path))["cells"]
        exercises = sum(_EXERCISE in cell.get("metadata", {}).get("tags", []) for cell in cells)
        found = _TITLE.search("".join(cells[0]["source"]))
    except (A2UError, ValueError, KeyError, TypeError, IndexError, AttributeError):  # the learner's file, in any state
        exercises, found = 0, None
    title = found.group(1) if found else path.stem[3:].replace("_", " ")
    passed = tuple(known.get("passed", ()))
    exercises = max(exercises, len(passed))
    return Progress(path.stem, title, passed, exercises, known.get("stopped", ""), tuple(known.get("answered", ())))


def _known(path: Path) -> dict[str, Any]:
    try:
        known: dict[str, Any] = read_json(path, dict, "It is not trusted; delete it to begin a new one.")
    except Missing:
        return {}
    for name, each in known.items():
        whole = isinstance(each, dict) and isinstance(each.get("stopped"), str) and isinstance(each.get("passed"), list)
        whole = whole and isinstance(each.get("answered", []), list)  # the first learners' files have none
        if not whole or not all(isinstance(title, str) for title in [*each["passed"], *each.get("answered", [])]):
            raise A2UError(f"{path} is damaged at {name!r}. It is not trusted; delete it to begin a new one.")
    return known


def _put_aside(path: Path) -> None:
    aside = path.with_name(f"{path.stem}-damaged-{datetime.now():%Y-%m-%d_%H.%M.%S}{path.suffix}")
    try:
        path.replace(aside)
    except OSError as error:
        raise explain(error, aside) from error


@contextmanager
def _locked(folder: Path) -> Iterator[Path]:
    path = folder / RECORDS / FILE
    try:
        with FileLock(path.with_suffix(".lock"), timeout=PATIENCE):
            yield path
    except Timeout as error:
        raise A2UError(f"{path} is being written by another program, so this was not stored.") from error
    except OSError as error:
        raise explain(error, path) from error
