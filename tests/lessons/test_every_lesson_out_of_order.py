"""Every cell of every lesson, run alone after the first one, as learners do who begin in the middle.

A cell that needs others may fail, but it says in one line what to do; a bare traceback of a missing name is a failure.
One kernel serves all lessons, and forgets one before the next: what a lesson needs from a fresh kernel is seen where
nbval runs it from top to bottom, and there its cells run a second time, too (`--twice`, conftest.py).
"""

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from lesson_kernel import Kernel, Seen, kernel_of
from project import NOTEBOOKS
from small_course import small_course

from a2u.lessons import copies, editions

KEEP = "import builtins\nbuiltins.kept_{0} = dict(globals())"
RESTORE = """
for name in [name for name in globals() if name not in builtins.kept_{0} and not name.startswith("_")]:
    del globals()[name]
globals().update(builtins.kept_{0})
"""
OPEN = """
import os
from pathlib import Path
from a2u.lessons import kernel
os.chdir({folder!r})
kernel._session = kernel.Session(get_ipython(), Path({name!r}))
"""
ADVICE = ("Run the cells above this one first", "Run the cells from top to bottom", "Run them first", "starts afresh")


@pytest.fixture(params=editions.names(NOTEBOOKS))
def lesson(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A learner's copy of a lesson as its source has it now; running it changes nothing that git sees."""
    course = small_course(tmp_path)
    nbformat.write(editions.compose(NOTEBOOKS, request.param, "student"), course / f"{request.param}.ipynb")
    copies.refresh(course, copies.place(course))
    before = {path: path.read_bytes() for path in course.rglob("*") if path.is_file()}
    yield copies.place(course) / f"{request.param}.ipynb"
    assert {path: path.read_bytes() for path in course.rglob("*") if path.is_file()} == before
    assert {path.name for path in tmp_path.iterdir()} <= {"notebooks", copies.FOLDER, "runs"}, (
        "the two last are ignored"
    )


def cells(lesson: Path) -> list[tuple[str, str]]:
    """Source and name of each cell of code."""
    stored = nbformat.read(lesson, as_version=4).cells
    return [(cell.source, cell.id) for cell in stored if cell.cell_type == "code"]


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel as `a2u lab` starts it for a learner's copy."""
    course = small_course(tmp_path_factory.mktemp("first"))
    copies.refresh(course, copies.place(course))
    with kernel_of(copies.place(course) / "00_start_here.ipynb") as kernel:
        kernel.run(KEEP.format("at_start"))
        yield kernel


@pytest.fixture
def kernel(lesson: Path, started: Kernel) -> Kernel:
    """That kernel, without the names of the lesson before, as the kernel of this one."""
    where = OPEN.format(folder=str(lesson.parent), name=str(lesson))
    assert not started.run(where).failed
    assert not started.run(RESTORE.format("at_start")).failed
    return started


def is_explained(seen: Seen) -> bool:
    lines = seen.error if "NameError" in seen.error else seen.error + seen.printed
    return any(advice in lines for advice in ADVICE)


def test_each_cell_alone_after_the_first_works_or_says_what_to_run(lesson: Path, kernel: Kernel) -> None:
    first, *others = cells(lesson)
    assert not kernel.run(*first).failed
    kernel.run(KEEP.format("after_first"))
    for source, name in others:
        seen = kernel.run(source, name)
        assert not seen.failed or is_explained(seen), f"{source}\n\n{seen.error}"
        assert "NameError" not in seen.error + seen.printed, f"{source}\n\n{seen.error}"
        assert not kernel.run(RESTORE.format("after_first")).failed
