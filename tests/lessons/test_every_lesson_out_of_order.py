"""Every cell of every lesson as learners run it: alone after the first one, and all of them a second time.

A cell that needs others may fail, but it says in one line what to do; a bare traceback of a missing name is a failure.
"""

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from lesson_kernel import Kernel, Seen, kernel_of
from project import NOTEBOOKS
from small_course import small_course

from a2u.lessons import copies, editions

KEEP = "import builtins\nbuiltins.kept = dict(globals())"
RESTORE = """
for name in [name for name in globals() if name not in builtins.kept and not name.startswith("_")]:
    del globals()[name]
globals().update(builtins.kept)
"""
ADVICE = ("Run the cells above this one first", "Run the cells from top to bottom", "Run them first", "starts afresh")


@pytest.fixture(params=editions.names(NOTEBOOKS))
def lesson(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A learner's copy of a lesson as its source has it now."""
    course = small_course(tmp_path)
    nbformat.write(editions.compose(NOTEBOOKS, request.param, "student"), course / f"{request.param}.ipynb")
    copies.refresh(course, copies.place(course))
    return copies.place(course) / f"{request.param}.ipynb"


def cells(lesson: Path) -> list[tuple[str, str]]:
    """Source and name of each cell of code."""
    stored = nbformat.read(lesson, as_version=4).cells
    return [(cell.source, cell.id) for cell in stored if cell.cell_type == "code"]


@pytest.fixture
def kernel(lesson: Path) -> Iterator[Kernel]:
    with kernel_of(lesson) as started:
        yield started


def is_explained(seen: Seen) -> bool:
    lines = seen.error if "NameError" in seen.error else seen.error + seen.printed
    return any(advice in lines for advice in ADVICE)


def test_each_cell_alone_after_the_first_works_or_says_what_to_run(lesson: Path, kernel: Kernel) -> None:
    first, *others = cells(lesson)
    assert not kernel.run(*first).failed
    kernel.run(KEEP)
    for source, name in others:
        seen = kernel.run(source, name)
        assert not seen.failed or is_explained(seen), f"{source}\n\n{seen.error}"
        assert "NameError" not in seen.error + seen.printed, f"{source}\n\n{seen.error}"
        kernel.run(RESTORE)


def test_all_cells_can_run_a_second_time(lesson: Path, kernel: Kernel) -> None:
    for time in ("first", "second"):
        for source, name in cells(lesson):
            seen = kernel.run(source, name)
            assert not seen.failed, f"The {time} time:\n{source}\n\n{seen.error}"
