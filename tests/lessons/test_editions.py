"""One source makes three notebooks: which cells, under which names, with which outputs, and when they drifted."""

import json
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import pytest
from project import NOTEBOOKS

from a2u.errors import A2UError
from a2u.lessons import editions

SOURCE = """\
# %% [markdown]
# # A lesson

# %%
print("shared")

# %% tags=["exercise"]
answer = ...
print("yours:", answer)

# %% tags=["solution"]
answer = 6 * 7
print("ours:", answer)

# %% [markdown] tags=["teacher"]
# They often answer 54.

# %%
import sys
print("one"); print("noise", file=sys.stderr); print("two")
"""


def write(folder: Path, text: str = SOURCE, name: str = "01_lesson") -> Path:
    (folder / "source").mkdir(exist_ok=True)
    (folder / "source" / f"{name}.py").write_text(text)
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write(tmp_path_factory.mktemp("notebooks"))
    assert editions.main(["build", "--folder", str(folder)]) == 0
    return folder


def texts(path: Path) -> list[str]:
    cells = nbformat.read(path, as_version=4).cells
    return ["".join(o.text for o in cell.outputs) for cell in cells if cell.cell_type == "code"]


def test_student_gets_the_exercise_and_solutions_get_the_answer(built: Path) -> None:
    assert texts(built / "01_lesson.ipynb")[1] == "yours: Ellipsis\n"
    assert texts(built / "solutions" / "01_lesson.ipynb")[1] == "ours: 42\n"
    student = (built / "01_lesson.ipynb").read_text()
    assert "6 * 7" not in student
    assert "answer = ..." not in (built / "solutions" / "01_lesson.ipynb").read_text()


def test_the_teachers_note_stands_in_the_teachers_edition_alone(built: Path) -> None:
    paths = [editions.target(built, "01_lesson", edition) for edition in editions.EDITIONS]
    assert ["They often answer 54." in path.read_text() for path in paths] == [False, False, True]
    student, solutions, teacher = (nbformat.read(path, as_version=4).cells for path in paths)
    assert len(student) == len(solutions) == len(teacher) - 1
    assert [cell for cell in teacher if "teacher" not in cell.metadata.get("tags", [])] == solutions


def test_the_teachers_edition_takes_outputs_and_runs_nothing(tmp_path: Path) -> None:
    write(tmp_path, '# %%\nimport uuid\nuuid.uuid4().hex\n\n# %% [markdown] tags=["teacher"]\n# A note.\n')
    assert editions.editions_of(tmp_path, "01_lesson") == ["student", "teacher"]
    with pytest.raises(A2UError, match="not there or does not follow its source: make notebooks NAMES=01_lesson"):
        editions.build(tmp_path, "01_lesson", "teacher")
    for edition in ("student", "teacher"):
        editions.build(tmp_path, "01_lesson", edition)
    first = (tmp_path / "teacher" / "01_lesson.ipynb").read_bytes()
    assert editions.main(["build", "01_lesson", "--only", "teacher", "--folder", str(tmp_path)]) == 0
    assert (tmp_path / "teacher" / "01_lesson.ipynb").read_bytes() == first
    assert list(editions.drift(tmp_path)) == []
    editions.build(tmp_path, "01_lesson", "student")  # another random number
    (complaint,) = editions.drift(tmp_path)
    assert complaint.endswith("make notebooks NAMES=01_lesson ONLY=teacher")


def test_a_teachers_note_is_no_code(tmp_path: Path) -> None:
    write(tmp_path, '# %% tags=["teacher"]\nprint("for you alone")\n')
    with pytest.raises(A2UError, match=r"'teacher' is Markdown.*for you alone"):
        editions.compose(tmp_path, "01_lesson", "student")


def test_cells_are_executed_in_order_and_carry_no_noise(built: Path) -> None:
    notebook = nbformat.read(built / "01_lesson.ipynb", as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == [1, 2, 3]
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.metadata.language_info == {"name": "python"}
    assert all("execution" not in cell.metadata for cell in code)


def test_building_again_gives_the_same_file(built: Path) -> None:
    path = built / "01_lesson.ipynb"
    before = path.read_bytes()
    editions.build(built, "01_lesson", "student")
    assert path.read_bytes() == before


def test_a_lesson_without_exercises_has_one_edition(tmp_path: Path) -> None:
    write(tmp_path, "# %%\n1 + 1\n")
    assert editions.editions_of(tmp_path, "01_lesson") == ["student"]


def test_equal_cells_have_different_names(tmp_path: Path) -> None:
    write(tmp_path, "# %%\nprint(1)\n\n# %%\nprint(1)\n")
    first, second = editions.compose(tmp_path, "01_lesson", "student").cells
    assert second.id == f"{first.id}-2"


@pytest.mark.parametrize(
    "order",
    [["exercise"], ["solution"], ["exercise", "exercise", "solution"], ["exercise", "solution", "solution"]],
)
def test_exercise_and_solution_come_in_pairs(order: list[str], tmp_path: Path) -> None:
    write(tmp_path, "".join(f'# %% tags=["{tag}"]\nprint({i})\n\n' for i, tag in enumerate(order)))
    with pytest.raises(A2UError, match="followed by exactly one cell tagged 'solution'"):
        editions.compose(tmp_path, "01_lesson", "student")


def test_a_failing_cell_leaves_the_stored_notebook_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, "# %%\nraise RuntimeError('broken cell')\n")
    stored = tmp_path / "01_lesson.ipynb"
    nbformat.write(nbformat.v4.new_notebook(), stored)
    before = stored.read_bytes()
    assert editions.main(["build", "01_lesson", "--folder", str(tmp_path)]) == 1
    assert "broken cell" in capsys.readouterr().err
    assert stored.read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"source", "01_lesson.ipynb"}


def test_drift_is_named(tmp_path: Path, built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert list(editions.drift(built)) == []
    write(tmp_path, SOURCE.replace("6 * 7", "43"))
    for edition in editions.EDITIONS:
        copy = editions.target(tmp_path, "01_lesson", edition)
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(editions.target(built, "01_lesson", edition).read_bytes())
    (tmp_path / "02_orphan.ipynb").write_bytes((built / "01_lesson.ipynb").read_bytes())
    write(tmp_path, "# %%\n1\n", name="03_new")
    assert editions.main(["check", "--folder", str(tmp_path)]) == 1
    complaints = capsys.readouterr().out.splitlines()
    assert [line.split(" ", 1)[0] for line in complaints] == [
        str(tmp_path / "solutions" / "01_lesson.ipynb"),
        str(tmp_path / "teacher" / "01_lesson.ipynb"),
        str(tmp_path / "03_new.ipynb"),
        str(tmp_path / "02_orphan.ipynb"),
    ]


def changed(change: Callable[[Any], object]) -> Callable[[Path], object]:
    """What a reader does to a notebook and saves."""

    def save(path: Path) -> None:
        notebook = nbformat.read(path, as_version=4)
        change(notebook)
        nbformat.write(notebook, path)

    return save


THEIRS: dict[str, Callable[[Path], object]] = {
    "a cell that was edited": changed(lambda notebook: notebook.cells[1].update(source="mine = 1")),
    "a cell that was added": changed(lambda notebook: notebook.cells.append(nbformat.v4.new_code_cell("mine = 1"))),
    "another notebook": changed(
        lambda notebook: notebook.update(cells=[nbformat.v4.new_markdown_cell("# Mine") for _ in range(3)])
    ),
    "no notebook": lambda path: path.write_text("mine"),
    "an empty file": lambda path: path.write_text(""),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "a link to nowhere": lambda path: (path.unlink(), path.symlink_to(path.parent / "gone")),
}


@pytest.mark.parametrize("edition", ["student", "solutions"])
@pytest.mark.parametrize("what", THEIRS)
def test_what_somebody_else_wrote_is_never_replaced(
    built: Path, tmp_path: Path, what: str, edition: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Refused before anything runs: no other edition is built either."""
    folder = tmp_path / "notebooks"
    shutil.copytree(built, folder)
    theirs = editions.target(folder, "01_lesson", edition)
    THEIRS[what](theirs)
    others = [path for path in folder.rglob("*.ipynb") if path != theirs]
    before = [(path.stat().st_mtime_ns, path.read_bytes()) for path in others]
    content = theirs.read_bytes() if theirs.is_file() else None
    assert editions.main(["build", "--folder", str(folder)]) == 1
    assert "Rename it, or remove it, and build again." in capsys.readouterr().err
    assert content == (theirs.read_bytes() if theirs.is_file() else None)
    assert before == [(path.stat().st_mtime_ns, path.read_bytes()) for path in others]


def test_outputs_and_a_source_that_moved_on_are_no_reason_to_refuse(built: Path, tmp_path: Path) -> None:
    """Running a notebook changes nothing of what its reader wrote; a changed source is why one builds again."""
    folder = tmp_path / "notebooks"
    shutil.copytree(built, folder)
    write(folder, SOURCE.replace("shared", "shared by all"))
    for path in folder.rglob("*.ipynb"):
        changed(lambda notebook: notebook.cells[1].update(outputs=[], execution_count=9))(path)
        editions.check_replaceable(path)
    editions.build(folder, "01_lesson", "student")
    assert texts(folder / "01_lesson.ipynb")[0] == "shared by all\n"
    assert [path.name for path in folder.iterdir() if path.suffix not in ("", ".ipynb")] == []


def test_unknown_lesson_gives_the_near_match(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(A2UError, match="Did you mean '01_lesson'"):
        editions.compose(tmp_path, "01_leson", "student")


def test_a_long_cell_says_beforehand_how_long_it_takes(tmp_path: Path) -> None:
    write(tmp_path)
    plain = editions.compose(tmp_path, "01_lesson", "student")
    first, last = (cell.id for cell in plain.cells if cell.source.startswith(("print(", "import")))
    seconds = {"01_lesson": {first: 6.1, last: 12.6, "0123456789": 30}, "02_other": {first: 60}}
    (tmp_path / "source" / editions.SECONDS).write_text(json.dumps(seconds))
    for edition in editions.EDITIONS:
        cells = editions.compose(tmp_path, "01_lesson", edition).cells
        above = {cell.id: before.source for before, cell in pairwise(cells)}
        assert above[first] == "*The next cell takes about 5 seconds on a laptop.*"
        assert above[last] == "*The next cell takes about 15 seconds on a laptop.*"
        assert sum("The next cell takes" in cell.source for cell in cells) == 2


@pytest.mark.parametrize("content", ["{", "[]", '{"01_lesson": {"a": "long"}}', '{"01_lesson": {"a": -1}}'])
def test_a_damaged_table_of_seconds_is_named(content: str, tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "source" / editions.SECONDS).write_text(content)
    with pytest.raises(A2UError, match=rf"{editions.SECONDS}.*--store-seconds"):
        editions.compose(tmp_path, "01_lesson", "student")


def test_after_a_change_of_text_alone_the_stored_outputs_are_taken_over(tmp_path: Path, built: Path) -> None:
    write(tmp_path, SOURCE.replace("# # A lesson", "# # A better lesson"))
    for edition in editions.EDITIONS:
        copy = editions.target(tmp_path, "01_lesson", edition)
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(editions.target(built, "01_lesson", edition).read_bytes())
    assert editions.main(["build", "--text", "--folder", str(tmp_path)]) == 0
    assert list(editions.drift(tmp_path)) == []
    assert "A better lesson" in (tmp_path / "01_lesson.ipynb").read_text()
    assert texts(tmp_path / "01_lesson.ipynb") == texts(built / "01_lesson.ipynb")


def test_text_alone_has_not_changed_where_code_did(tmp_path: Path, built: Path) -> None:
    write(tmp_path, SOURCE.replace("shared", "changed"))
    for stored in (None, (built / "01_lesson.ipynb").read_bytes()):
        if stored is not None:
            (tmp_path / "01_lesson.ipynb").write_bytes(stored)
        with pytest.raises(A2UError, match="has other code than its source: make notebooks NAMES=01_lesson"):
            editions.build(tmp_path, "01_lesson", "student", text=True)


def test_a_widget_is_stored_as_its_picture() -> None:
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "x"}}
    lonely = nbformat.v4.new_output("display_data", dict(view))
    pictured = nbformat.v4.new_output("display_data", {**view, "image/png": "aGk=", "text/plain": "a panel"})
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("p", outputs=[lonely, pictured])])
    editions._settle(notebook)
    assert [set(output.data) for output in notebook.cells[0].outputs] == [set(view), {"image/png", "text/plain"}]


def test_the_stored_notebooks_follow_their_sources() -> None:
    assert list(editions.drift(NOTEBOOKS)) == []


def test_a_page_beside_the_lessons_is_linked_from_the_folder_of_each_edition(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    text = "# %% [markdown]\n# [Letters](notation.md), [one](01_lesson.ipynb), [web](https://a.b/c.md)\n"
    text += '\n# %% tags=["exercise"]\n1\n\n# %% tags=["solution"]\n2\n\n# %% [markdown] tags=["teacher"]\n# A note.\n'
    (tmp_path / "source" / "01_lesson.py").write_text(text)
    found = {name: editions.compose(tmp_path, "01_lesson", name).cells[0].source for name in editions.EDITIONS}
    assert found["student"].startswith("[Letters](notation.md), [one](01_lesson.ipynb), [web](https://a.b/c.md)")
    for edition in ("solutions", "teacher"):
        assert found[edition].startswith("[Letters](../notation.md), [one](01_lesson.ipynb), [web](https://a.b/c.md)")
