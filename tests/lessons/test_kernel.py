"""A lesson's kernel, started as `a2u lab` starts it: cells out of order, progress, and silence where nobody learns."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from lesson_kernel import Kernel, kernel_of
from small_course import notebook, small_course

from a2u.lessons import copies, progress
from a2u.lessons.start_here.exercises import BLOCK

CELLS = [
    "# 01 · One formula",
    "import math\nfrom os import path as where\nx = [n for n in range(3)]",
    "## 1 · Later",
    "def later():\n    inner = 1\n    return x",
    "with open(where.devnull) as file:\n    y, (z, *rest) = 1, (2, 3)",
    "## 2 · Use",
    "print(later(), y + z)\nassert x == [0, 1, 2]",
    ("exercise", "from a2u.lessons.start_here.exercises import BLOCK\nBLOCK.check(lambda z, w: (w @ z).view(2, 2))"),
    "## 3 · Change",
    "x = [5]",
]
CODE = {f"cell-{number}": each[1] if isinstance(each, tuple) else each for number, each in enumerate(CELLS)}
SETUP, LATER, PAIR, USE, EXERCISE, CHANGE = (f"cell-{number}" for number in (1, 3, 4, 6, 7, 9))


@pytest.fixture
def lesson(tmp_path: Path) -> Path:
    course = small_course(tmp_path / "Ünïcode näme with spaces")
    (course / "01_one_formula.ipynb").write_text(notebook(*CELLS))
    copies.refresh(course, copies.place(course))
    return copies.place(course) / "01_one_formula.ipynb"


@pytest.fixture
def kernel(lesson: Path) -> Iterator[Kernel]:
    with kernel_of(lesson) as started:
        yield started


def known(lesson: Path) -> tuple[tuple[str, ...], str]:
    found = progress.of_lesson(lesson.parent, lesson.stem)
    return found.passed, found.stopped


@pytest.mark.parametrize("names", [True, False], ids=["JupyterLab names cells", "nobody does"])
def test_a_cell_that_runs_too_early_says_so_in_one_line(names: bool, kernel: Kernel) -> None:
    seen = kernel.run(CODE[USE], USE if names else None)
    assert seen.failed, "Run All stops here"
    assert seen.error == (
        "“later” is not there yet: the cell under “1 · Later” makes it. Run the cells above this one first "
        "(in JupyterLab: Run → Run All Above Selected Cell)."
    )
    kernel.run(CODE[LATER], LATER if names else None)
    assert "“x” is not there yet: the cell under “01 · One formula”" in kernel.run(CODE[USE], USE).error
    kernel.run(CODE[SETUP], SETUP)
    assert "“y” is not there yet" in kernel.run(CODE[USE], USE).error
    kernel.run(CODE[PAIR], PAIR)
    assert kernel.run(CODE[USE], USE) == ("[0, 1, 2] 3\n", "", False)


@pytest.mark.parametrize(
    ("source", "cell"),
    [("print(innner)", USE), ("inner", LATER), ("n", USE), ("def f():\n    print(a)\n    a = 1\nf()", USE)],
    ids=["a typing error", "the inside of a function", "the inside of a list", "a local name"],
)
def test_any_other_name_has_its_traceback(source: str, cell: str, kernel: Kernel) -> None:
    seen = kernel.run(source, cell)
    assert "Traceback" in seen.error
    assert "Error" in seen.error


def test_a_name_from_further_down_and_one_in_a_new_cell(kernel: Kernel) -> None:
    assert "“later” is made by a cell further down" in kernel.run("later()", SETUP).error
    assert "“y” is not there yet" in kernel.run("y", "a cell that is not stored yet").error


def test_a_cell_that_fails_because_others_did_not_run_or_ran_before(kernel: Kernel) -> None:
    for cell in (SETUP, LATER, PAIR, USE, CHANGE):
        assert not kernel.run(CODE[cell], cell).failed
    seen = kernel.run(CODE[USE], USE)
    assert "AssertionError" in seen.error
    assert "Cells further down ran before this one" in seen.printed
    assert seen.printed.endswith("Kernel → Restart Kernel and Run All Cells starts afresh.\n")


def test_a_cell_that_fails_when_one_above_was_left_out(kernel: Kernel) -> None:
    kernel.run("x = later = 1", SETUP)
    seen = kernel.run("1 / 0", USE)
    assert "ZeroDivisionError" in seen.error
    assert "Cells above this one did not run since you last started this notebook; the first is" in seen.printed
    assert "under “1 · Later”" in seen.printed


def test_a_learners_own_error_stands_alone(kernel: Kernel) -> None:
    for cell in (SETUP, LATER, PAIR):
        kernel.run(CODE[cell], cell)
    assert kernel.run("1 / 0", USE).printed == ""
    assert kernel.run("1 / 0", EXERCISE).printed == ""
    assert "SyntaxError" in kernel.run("1 +", USE).error


def test_progress_is_noted_and_told_when_the_lesson_is_opened_again(lesson: Path) -> None:
    with kernel_of(lesson) as kernel:
        assert kernel.run(CODE[SETUP], SETUP).printed == "", "nothing to tell yet"
        assert known(lesson) == ((), "01 · One formula")
        kernel.run(CODE[EXERCISE].replace("(w @ z)", "(w @ z + 1)"), EXERCISE)
        assert known(lesson) == ((), "2 · Use")
        assert "✓" in kernel.run(CODE[EXERCISE], EXERCISE).printed
    assert known(lesson) == ((BLOCK.title,), "2 · Use")
    with kernel_of(lesson) as kernel:
        told = "Your progress: 1 of 1 exercises passed, last cell run under “2 · Use”.\n"
        assert kernel.run(CODE[SETUP], SETUP).printed == told
        assert kernel.run(CODE[SETUP], SETUP).printed == "", "once is enough"


SHOW = "from a2u.lessons.kernel import show_progress\nshow_progress()"


def test_lesson_00_shows_the_table_to_a_learner_and_to_anyone_else_how_to_have_one(lesson: Path) -> None:
    with kernel_of(lesson) as kernel:
        assert kernel.run(SHOW, SETUP).printed.startswith("Open the lessons with `a2u lab`"), "nothing was noted so far"
        assert kernel.run(SHOW, SETUP).printed == (
            "01 One formula  0 of 1 exercises passed, last cell run under “01 · One formula”\n"
            "00 Start here   not begun yet\n"
        )
    with kernel_of(lesson, Path()) as kernel:
        assert kernel.run(SHOW, SETUP).printed.startswith("Open the lessons with `a2u lab`")


def test_damaged_or_unwritable_notes_are_one_line_and_no_obstacle(lesson: Path) -> None:
    notes = lesson.parent / copies.RECORDS / progress.FILE
    notes.write_text("{")
    with kernel_of(lesson) as kernel:
        assert "is not trusted" in kernel.run(CODE[SETUP], SETUP).printed
    notes.unlink()
    notes.mkdir()
    with kernel_of(lesson) as kernel:
        seen = kernel.run(CODE[SETUP], SETUP)
        assert not seen.failed
        assert "Your progress is not stored." in seen.printed
        assert kernel.run(CODE[LATER], LATER).printed == ""


@pytest.mark.parametrize("where", ["the course", "solutions", "nested", "nobody says", "moved"])
def test_nothing_is_noted_where_nobody_learns(where: str, lesson: Path) -> None:
    course = lesson.parent.parent / "notebooks"
    notebook, name = lesson, lesson
    if where == "the course":
        notebook = name = course / lesson.name
    elif where == "solutions":
        notebook = name = lesson.parent / "solutions" / lesson.name
    elif where == "nested":  # the tests, started from a cell: their kernels inherit the name
        notebook = course / lesson.name
    elif where == "nobody says":
        name = Path()
    else:
        name = lesson.with_name("01_renamed.ipynb")
    before = {path: path.read_bytes() for path in lesson.parents[1].rglob("*") if path.is_file()}
    with kernel_of(notebook, name) as kernel:
        assert "✓" in kernel.run(CODE[EXERCISE], EXERCISE).printed
    assert {path: path.read_bytes() for path in lesson.parents[1].rglob("*") if path.is_file()} == before


def test_the_courses_own_notebook_says_that_git_sees_it(lesson: Path) -> None:
    own = lesson.parent.parent / "notebooks" / "00_start_here.ipynb"
    with kernel_of(own) as kernel:
        assert kernel.run("x = 1", "cell-1").printed.startswith("This is the course's own notebook: git sees")
        assert kernel.run("x = 1", "cell-1").printed == ""


def test_without_our_kernel_the_first_import_of_a_lesson_does_the_same(lesson: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lesson_kernel.CONFIG", lesson.parent / "nowhere")
        with kernel_of(lesson) as kernel:
            assert "Traceback" in kernel.run(CODE[USE], USE).error
            assert kernel.run("import a2u.lessons.shared", SETUP) == ("", "", False)
            assert "“later” is not there yet" in kernel.run(CODE[USE], USE).error


def test_a_notebook_that_is_being_saved_is_read_again_later(lesson: Path, kernel: Kernel) -> None:
    whole = lesson.read_text()
    lesson.write_text(whole[:50])
    assert "NameError" in kernel.run(CODE[USE], USE).error
    lesson.write_text(whole)
    assert "“later” is not there yet" in kernel.run(CODE[USE], USE).error
    assert json.loads(whole)["nbformat"] == 4
