"""A learner's copies of the lessons: made once, renewed while they hold no work of the learner's, never overwritten."""

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from small_course import FORMULA, START, notebook, small_course

from a2u.errors import A2UError
from a2u.lessons import copies

LESSON = "01_one_formula.ipynb"
NEWER = notebook("# 01 · One formula", "y = 3", ("exercise", "answer = ..."))


@pytest.fixture
def course(tmp_path: Path) -> Path:
    return small_course(tmp_path / "Ünïcode näme with spaces")


@pytest.fixture
def mine(course: Path) -> Path:
    folder = copies.place(course)
    assert copies.refresh(course, folder) == []
    return folder


def as_run(text: str) -> str:
    """The same notebook as JupyterLab stores it once it has run: outputs, counts, and an empty cell at the end."""
    found = json.loads(text)
    for cell in found["cells"]:
        cell["source"] = "".join(cell["source"])  # the other form that the format allows
        if cell["cell_type"] == "code":
            cell["execution_count"] = 7
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["hours of training\n"]}]
    found["cells"].append({"cell_type": "code", "id": "new", "source": [], "outputs": [], "metadata": {}})
    return json.dumps(found, indent=1)


def changed(text: str) -> str:
    return text.replace("answer = ...", "answer = 42")


def kept(folder: Path) -> dict[str, str]:
    """What lies in `kept/`, by its name below the folder of its time."""
    files = (path for path in (folder / copies.KEPT).rglob("*") if path.is_file())
    return {"/".join(path.relative_to(folder / copies.KEPT).parts[1:]): path.read_text() for path in files}


def test_copies_lie_beside_the_course_with_every_edition_and_no_source(course: Path, mine: Path) -> None:
    assert mine == course.parent / "my-lessons"
    found = {path.relative_to(mine).as_posix() for path in mine.rglob("*") if copies.RECORDS not in path.parts}
    assert found == {"00_start_here.ipynb", LESSON, "solutions", f"solutions/{LESSON}"}
    assert (mine / LESSON).read_text() == FORMULA


def test_the_checkout_does_not_change(course: Path, mine: Path) -> None:
    (mine / LESSON).write_text(changed(FORMULA))
    copies.refresh(course, mine)
    copies.reset(course, mine)
    assert (course / LESSON).read_text() == FORMULA
    assert {path.name for path in course.parent.iterdir()} == {"notebooks", "my-lessons"}
    lines = (Path(__file__).parents[2] / ".gitignore").read_text().splitlines()
    assert f"/{copies.FOLDER}/" in lines


def test_where_nothing_beside_the_course_can_be_written_the_home_folder_holds_the_copies(
    course: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(
        os, "access", lambda path, mode: Path(path) not in (course.parent, course.parent / "my-lessons")
    )
    folder = copies.place(course)
    assert folder == tmp_path / "home" / "a2u" / "my-lessons"
    assert copies.refresh(course, folder) == []
    assert (folder / LESSON).read_text() == FORMULA


def test_where_the_copies_lie_elsewhere_the_pictures_of_the_lessons_come_along(course: Path, tmp_path: Path) -> None:
    figures = course.parent / "figures"
    figures.mkdir()
    for name in ("dots.webp", "dots.png", "other.png"):
        (figures / name).write_bytes(b"first")
    (course / LESSON).write_text(notebook("# 01 · One formula\n\n![Dots move](../figures/dots.webp)"))
    beside, away = course.parent / "my-lessons", tmp_path / "home" / "a2u" / "my-lessons"
    copies.refresh(course, beside)
    assert not list(beside.rglob("*.webp")), "../figures is there already"
    copies.refresh(course, away)
    mine = away.parent / "figures"
    assert {path.name for path in mine.iterdir()} == {"dots.webp", "dots.png"}
    (mine / "dots.png").write_bytes(b"a learner's")
    for path in figures.iterdir():
        path.write_bytes(b"second")
    assert copies.refresh(course, away) == []
    assert (mine / "dots.webp").read_bytes() == b"second"
    assert (mine / "dots.png").read_bytes() == b"a learner's"


def test_a_copy_that_nobody_touched_follows_the_course(course: Path, mine: Path) -> None:
    (course / LESSON).write_text(NEWER)
    assert copies.refresh(course, mine) == []
    assert (mine / LESSON).read_text() == NEWER
    assert kept(mine) == {}


def test_a_copy_that_was_run_follows_the_course_and_the_run_is_kept(course: Path, mine: Path) -> None:
    (mine / LESSON).write_text(as_run(FORMULA))
    (course / LESSON).write_text(NEWER)
    (line,) = copies.refresh(course, mine)
    assert "Your runs are kept in" in line
    assert (mine / LESSON).read_text() == NEWER
    assert kept(mine) == {LESSON: as_run(FORMULA)}
    assert copies.refresh(course, mine) == []


@pytest.mark.parametrize(
    "work",
    [changed(FORMULA), as_run(changed(FORMULA)), "", "{", FORMULA[:200], '{"cells": 3}', notebook("a = 1")],
    ids=["an answer", "an answer that ran", "empty", "no JSON", "cut short", "no cells", "another notebook"],
)
def test_a_copy_that_holds_anything_else_stays(work: str, course: Path, mine: Path) -> None:
    (mine / LESSON).write_text(work)
    assert copies.refresh(course, mine) == [], "the course has not changed: there is nothing to say"
    assert (mine / LESSON).read_text() == work
    (course / LESSON).write_text(NEWER)
    for _ in range(2):  # said every time, until the learner decides
        (line,) = copies.refresh(course, mine)
        assert LESSON in line
        assert line.endswith("a2u lab --reset 01_one_formula")
        assert (mine / LESSON).read_text() == work
    said = copies.reset(course, mine, "01_one_formula")
    assert any("kept in" in each for each in said)
    assert (mine / LESSON).read_text() == NEWER
    assert kept(mine) == {LESSON: work}
    assert copies.refresh(course, mine) == []


def test_outputs_that_change_in_the_course_alone_are_no_reason_to_replace_a_run(course: Path, mine: Path) -> None:
    (mine / LESSON).write_text(as_run(FORMULA))
    (course / LESSON).write_text(as_run(FORMULA).replace("hours", "days"))
    assert copies.refresh(course, mine) == []
    assert (mine / LESSON).read_text() == as_run(FORMULA)


def test_a_new_lesson_comes_and_one_that_is_gone_goes_unless_there_is_work_in_it(course: Path, mine: Path) -> None:
    (course / "02_more.ipynb").write_text(START)
    (course / LESSON).unlink()
    (course / "solutions" / LESSON).unlink()
    (mine / "solutions" / LESSON).write_text(changed(FORMULA))
    assert copies.refresh(course, mine) == []
    assert (mine / "02_more.ipynb").is_file()
    assert not (mine / LESSON).exists()
    assert (mine / "solutions" / LESSON).read_text() == changed(FORMULA)


def test_a_copy_that_was_deleted_comes_again(course: Path, mine: Path) -> None:
    (mine / LESSON).unlink()
    copies.refresh(course, mine)
    assert (mine / LESSON).read_text() == FORMULA


def test_reset_of_one_lesson_takes_all_its_editions_and_no_other(course: Path, mine: Path) -> None:
    for name in ("00_start_here.ipynb", LESSON, f"solutions/{LESSON}"):
        (mine / name).write_text("work")
    copies.reset(course, mine, "01_one_formula")
    assert kept(mine) == {LESSON: "work", f"solutions/{LESSON}": "work"}
    assert (mine / "00_start_here.ipynb").read_text() == "work"


def test_resets_in_the_same_second_keep_everything(course: Path, mine: Path) -> None:
    for number in range(3):
        (mine / LESSON).write_text(f"work {number}")
        copies.reset(course, mine)
    found = [path.read_text() for path in (mine / copies.KEPT).rglob(LESSON)]
    assert sorted(found) == ["work 0", "work 1", "work 2"]


def test_reset_says_when_there_is_nothing_to_do(course: Path, mine: Path) -> None:
    assert copies.reset(course, mine) == ["Every lesson is as the course has it: there was nothing to reset."]
    assert not (mine / copies.KEPT).exists()


@pytest.mark.parametrize("content", ["{", "[]", '{"a": 1}', '{"01_one_formula.ipynb": {"whole": "x"}}', "\0"])
def test_a_damaged_list_is_named_and_costs_nobody_their_work(content: str, course: Path, mine: Path) -> None:
    (mine / LESSON).write_text(changed(FORMULA))
    (mine / copies.RECORDS / copies.LIST).write_text(content)
    (course / LESSON).write_text(NEWER)
    (line,) = copies.refresh(course, mine)
    assert copies.LIST in line
    assert "not trusted" in line
    assert (mine / LESSON).read_text() == changed(FORMULA)
    assert copies.refresh(course, mine) == [], "the list is whole again"


def test_a_lesson_of_the_course_that_is_being_saved_is_left_for_the_next_time(course: Path, mine: Path) -> None:
    (course / LESSON).write_text(NEWER[:100])
    (line,) = copies.refresh(course, mine)
    assert f"git checkout -- notebooks/{LESSON}" in line
    assert (mine / LESSON).read_text() == FORMULA


def test_copies_made_twice_at_once_are_made_one_after_the_other(course: Path, mine: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    (course / LESSON).write_text(NEWER)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: copies.refresh(course, mine), range(4))) == [[]] * 4
    assert (mine / LESSON).read_text() == NEWER


def test_a_folder_that_cannot_be_made_is_one_message(course: Path) -> None:
    (course.parent / copies.FOLDER).write_text("a file of that name")
    with pytest.raises(A2UError, match=r"my-lessons.* cannot be written \(.*"):
        copies.refresh(course, copies.place(course))


@pytest.mark.parametrize("word", ["1", "01", "01_one_formula", "01_one_formula.ipynb", "formula", "Formula"])
def test_a_lesson_is_found_by_what_a_learner_calls_it(word: str, course: Path) -> None:
    assert copies.lesson_named(course, word) == "01_one_formula"


@pytest.mark.parametrize(
    ("word", "says"), [("7", "Known: 00_start"), ("r", "say which"), ("", "Known"), ("01_one_fromula", "Did")]
)
def test_a_lesson_that_cannot_be_told_is_asked_for(word: str, says: str, course: Path) -> None:
    with pytest.raises(A2UError, match=says):
        copies.lesson_named(course, word)


@pytest.mark.parametrize("stop_at", range(4))
def test_a_process_that_is_killed_between_two_files_loses_nothing(
    stop_at: int, course: Path, mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("00_start_here.ipynb", LESSON):
        (mine / name).write_text(as_run((course / name).read_text()))
        (course / name).write_text((course / name).read_text().replace(" = ", " = 1 + "))
    left = [stop_at]

    def until_killed(write: Callable[[Path, bytes], None]) -> Callable[[Path, bytes], None]:
        def writes(path: Path, content: bytes) -> None:
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
            write(path, content)

        return writes

    with monkeypatch.context() as patch:
        patch.setattr(copies, "write_whole", until_killed(copies.write_whole))
        with contextlib.suppress(KeyboardInterrupt):
            copies.refresh(course, mine)
    copies.refresh(course, mine)
    for name, text in (("00_start_here.ipynb", START), (LESSON, FORMULA)):
        assert (mine / name).read_text() == (course / name).read_text()
        assert kept(mine)[name] == as_run(text)
