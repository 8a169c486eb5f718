"""How long a lesson takes, by a rule. It is a rule and not a measurement: no reader was timed for it.

For each section (what stands under a `##` heading): its words at 150 per minute, and one minute for each code cell and
for each concept question, rounded up to whole minutes. The minutes of an exercise are those on its card, with its text
and both hints. Words are counted in the student's edition, without code, hints and the descriptions of pictures. A
formula counts by its pieces between blanks. Tally and sources count nothing.

The head of a lesson says the sums, `**Time** 55 minutes, and 25 more for the exercises.`, and the minutes of each
section in a folded table. This prints both, to be copied into the source by hand:

    python -m a2u.lessons.minutes 05_indexnet
"""

import argparse
import importlib
import math
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from a2u.errors import A2UError
from a2u.lessons import editions
from a2u.lessons.folding import QUESTIONS

PACE = 150  # words per minute: slower than a novel, for a text with formulas
CELL = QUESTION = 1  # minutes
SUMMARY = "Minutes by section"
EXERCISES = "Exercises"
_NOT_READ = (EXERCISES, "Your tally", "Sources")
_SKIPPED = re.compile(r"```.*?```|<details>.*?</details>|<[^>]+>|!\[[^]]*\]\([^)]*\)", re.DOTALL)
_CARD = re.compile(r"\*time\* (\d+) minutes")
_QUESTIONS = re.compile(r"^from (a2u\.lessons\.\w+\.\w+) import (concepts|quiz)$", re.MULTILINE)
_TIME = re.compile(r"\*\*Time\*\*\s+(\d+) minutes(?:,\s+and\s+(\d+))?")
_ROW = re.compile(r"^\| (.+?) \| (\d+) \|$", re.MULTILINE)


class Minutes(NamedTuple):
    """Of the sections by their titles, in order, and of all exercises together."""

    sections: dict[str, int]
    exercises: int

    @property
    def reading(self) -> int:
        """Without the exercises."""
        return sum(self.sections.values())


def by_rule(cells: list[Any]) -> Minutes:
    """What the rule says of a student's notebook. What stands before the first section counts to that section."""
    found: dict[str, float] = {}
    exercises = 0
    for title, texts, code in _sections(cells):
        exercises += sum(int(minutes) for text in texts for minutes in _CARD.findall(text))
        words = sum(len(_SKIPPED.sub(" ", text).split()) for text in texts if not _CARD.search(text))
        if title not in _NOT_READ:
            found[title] = words / PACE + sum(map(_of_code, code))
    return Minutes({title: math.ceil(exact) for title, exact in found.items()}, exercises)


def stated(cells: list[Any]) -> Minutes | None:
    """What the head of a notebook says; None where it does not give the minutes of its sections.

    Raises:
        A2UError: its sum is not that of its sections.
    """
    head = cells[0].source
    time = _TIME.search(head)
    if SUMMARY not in head or time is None:
        return None
    rows = {title: int(minutes) for title, minutes in _ROW.findall(head.split(SUMMARY)[1])}
    exercises = rows.pop(EXERCISES, 0)
    if (int(time[1]), int(time[2] or 0)) != (sum(rows.values()), exercises):
        raise A2UError(f"The head says {time[0]!r}; its table makes {sum(rows.values())}, and {exercises} more.")
    return Minutes(rows, int(time[2] or 0))


def words(minutes: Minutes) -> str:
    """The sentence and the table for the head of a lesson, in Markdown."""
    rows = [f"| {title} | {count} |" for title, count in minutes.sections.items()]
    more = f", and {minutes.exercises} more for the exercises" if minutes.exercises else ""
    rows += [f"| {EXERCISES} | {minutes.exercises} |"] if minutes.exercises else []
    table = ["| section | minutes |", "|---|---|", *rows]
    fold = [f"<details><summary>{SUMMARY}</summary>", "", *table, "", "</details>"]
    return "\n".join([f"**Time** {minutes.reading} minutes{more}.", "", *fold])


def _sections(cells: list[Any]) -> Iterator[tuple[str, list[str], list[Any]]]:
    """The title of each section, its texts and its code cells."""
    title, texts, code = "", [], []  # type: str, list[str], list[Any]
    for cell in cells:
        if cell.cell_type == "code":
            code.append(cell)
            continue
        first, *rest = re.split(r"^## +(.+)$", cell.source, flags=re.MULTILINE)
        texts.append(first)
        for heading, text in zip(rest[::2], rest[1::2], strict=True):
            if title:
                yield title, texts, code
                texts, code = [], []
            title = heading.strip()
            texts.append(text)
    if title:
        yield title, texts, code


def _of_code(cell: Any) -> int:
    tags = cell.metadata.get("tags", [])
    if "exercise" in tags:
        return 0  # its card says
    asked = _QUESTIONS.search(cell.source) if QUESTIONS in tags else None
    return QUESTION * len(getattr(importlib.import_module(asked[1]), asked[2]).questions) if asked else CELL


def main(arguments: list[str] | None = None) -> int:
    """Print what the rule says of the lessons that are named; all without a name."""
    parser = argparse.ArgumentParser(prog="python -m a2u.lessons.minutes", description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", help="lessons, such as 05_indexnet")
    parser.add_argument("--folder", type=Path, default=Path("notebooks"))
    given = parser.parse_args(arguments)
    try:
        for name in given.names or editions.names(given.folder):
            head = words(by_rule(editions.compose(given.folder, name, "student").cells))
            print("\n".join([name, *(f"# {line}".rstrip() for line in head.splitlines()), ""]))
    except A2UError as error:
        print(f"a2u: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
