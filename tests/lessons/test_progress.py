"""How far a learner is: stored beside the copies, whole at any moment, and nowhere else."""

import json
import multiprocessing
from pathlib import Path

import pytest
from small_course import FORMULA, small_course

from a2u.errors import A2UError
from a2u.lessons import copies, progress


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    course = small_course(tmp_path)
    copies.refresh(course, copies.place(course))
    return copies.place(course)


def stored(folder: Path) -> Path:
    return folder / copies.RECORDS / progress.FILE


def test_the_table_has_a_line_for_each_lesson_that_was_begun_and_the_next(folder: Path) -> None:
    assert progress.lines(folder) == []
    progress.note(folder, "00_start_here", passed="Nearest neighbour, ×2", stopped="Summary")
    assert progress.lines(folder) == [
        "00 Start here   1 of 1 exercises passed, last cell run under “Summary”",
        "01 One formula  not begun yet",
    ]
    progress.note(folder, "01_one_formula", stopped="4 · Bilinear")
    assert progress.lines(folder)[1] == "01 One formula  0 of 2 exercises passed, last cell run under “4 · Bilinear”"


def test_an_exercise_counts_once_and_stays_passed(folder: Path) -> None:
    for _ in range(2):
        progress.note(folder, "01_one_formula", passed="Bilinear")
    progress.note(folder, "01_one_formula", stopped="Summary")
    assert progress.of_lesson(folder, "01_one_formula").passed == ("Bilinear",)


def test_questions_that_were_answered_are_counted_once(folder: Path) -> None:
    for name in ("largest", "largest", "other"):
        progress.note(folder, "01_one_formula", answered=name)
    assert progress.of_lesson(folder, "01_one_formula").answered == ("largest", "other")
    assert progress.of_lesson(folder, "01_one_formula").words == "0 of 2 exercises passed, 2 questions answered"


def test_a_record_from_before_there_were_questions_is_read_and_gets_them(folder: Path) -> None:
    stored(folder).write_text('{"01_one_formula": {"passed": ["Bilinear"], "stopped": ""}}')
    progress.note(folder, "01_one_formula", answered="largest")
    found = progress.of_lesson(folder, "01_one_formula")
    assert (found.passed, found.answered) == (("Bilinear",), ("largest",))


def test_a_lesson_made_fresh_keeps_what_was_passed(folder: Path) -> None:
    progress.note(folder, "01_one_formula", passed="Bilinear")
    copies.reset(folder.parent / "notebooks", folder)
    assert progress.of_lesson(folder, "01_one_formula").passed == ("Bilinear",)


def test_a_note_that_says_nothing_new_writes_nothing(folder: Path) -> None:
    progress.note(folder, "01_one_formula", passed="Bilinear", stopped="Summary")
    before = stored(folder).stat()
    progress.note(folder, "01_one_formula", passed="Bilinear", stopped="Summary")
    assert (stored(folder).stat().st_ino, stored(folder).stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def pass_many(folder: Path, tab: int) -> None:
    for number in range(20):
        progress.note(folder, "01_one_formula", passed=f"tab {tab}, exercise {number}", stopped=f"{tab}")


def test_two_tabs_that_write_at_once_lose_nothing(folder: Path) -> None:
    tabs = [multiprocessing.get_context("spawn").Process(target=pass_many, args=(folder, tab)) for tab in range(2)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    assert [tab.exitcode for tab in tabs] == [0, 0]
    expected = {f"tab {tab}, exercise {number}" for tab in range(2) for number in range(20)}
    assert set(progress.of_lesson(folder, "01_one_formula").passed) == expected


DAMAGED = [
    "",
    "{",
    "[]",
    "\0",
    '{"01_one_formula": []}',
    '{"01_one_formula": {"passed": "all", "stopped": ""}}',
    '{"01_one_formula": {"passed": [1], "stopped": ""}}',
    '{"01_one_formula": {"passed": [], "stopped": 3}}',
    '{"01_one_formula": {"passed": []}}',
]


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_file_is_named_not_trusted_and_put_aside(content: str, folder: Path) -> None:
    stored(folder).write_text(content)
    (line,) = progress.lines(folder)
    assert progress.FILE in line
    assert "not trusted" in line
    with pytest.raises(A2UError, match="not trusted"):
        progress.table(folder)
    progress.note(folder, "01_one_formula", passed="Bilinear")
    assert progress.of_lesson(folder, "01_one_formula").passed == ("Bilinear",)
    (aside,) = stored(folder).parent.glob("progress-damaged-*.json")
    assert aside.read_text() == content


def test_a_file_that_cannot_be_read_now_is_not_replaced(folder: Path) -> None:
    stored(folder).mkdir()
    with pytest.raises(A2UError, match=progress.FILE):
        progress.note(folder, "01_one_formula", passed="Bilinear")
    assert stored(folder).is_dir()


@pytest.mark.parametrize("text", ["", "{", '{"cells": []}', '{"cells": [3]}', '{"cells": 3}'])
def test_a_copy_in_any_state_has_a_line(text: str, folder: Path) -> None:
    (folder / "01_one_formula.ipynb").write_text(text)
    progress.note(folder, "01_one_formula", passed="Bilinear")
    assert "01 one formula  1 of 1 exercises passed" in progress.lines(folder)


def test_what_is_stored_is_text_that_a_person_can_read(folder: Path) -> None:
    progress.note(folder, "07_a2u", passed="A²U", stopped="Σ")
    assert json.loads(stored(folder).read_text()) == {"07_a2u": {"passed": ["A²U"], "stopped": "Σ"}}
    assert "A²U" in stored(folder).read_text()
    assert FORMULA.count('"exercise"') == 2
