"""One source, three editions: `notebooks/source/NAME.py` → the student's notebook, the solutions, the teacher's.

A source is a Python file in jupytext's percent format. A cell tagged `exercise` is what the student gets; the
cell tagged `solution` right after it takes its place in the solutions. A Markdown cell tagged `teacher` stands in the
teacher's edition alone, between the cells of the solutions. A cell tagged `prediction` asks a question: the student's
edition starts with what answers it folded, the others show the answer (:mod:`a2u.lessons.folding`).

Student and solutions are executed here and stored with their outputs, so that they can be read without running and
checked cell by cell; what differs from run to run for no reason of ours (timings, random cell names, language
versions, widget state) is removed, and a picture that looks as it did keeps its stored bytes. The teacher's edition has
the same code as the solutions, and so it takes their outputs: nothing runs a third time, nothing can differ.

Above a cell that takes long stands how long: `notebooks/source/seconds.json` has the seconds of each by the name of the
cell, stored by `make times TEST_ARGS=--store-seconds`. A cell that was changed has another name, and so no time.

    python -m a2u.lessons.editions build 01_one_formula                  # one lesson, or all without a name
    python -m a2u.lessons.editions build 01_one_formula --only teacher   # after changing nothing but a teacher's note
    python -m a2u.lessons.editions build --text              # after changing no code: the stored outputs are taken over
    python -m a2u.lessons.editions check                     # which notebooks no longer follow their source?
"""

import argparse
import hashlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from a2u.errors import A2UError, near_match
from a2u.files.reading import Missing, read_json
from a2u.files.writing import write_whole
from a2u.lessons.folding import fold_answers, show_answers
from a2u.lessons.links import from_below
from a2u.lessons.stored import keep_pictures, stored_pictures

# Seconds until a kernel that does not start, or an output that does not come, is an error. A cell may take as long as
# it needs on this machine; Ctrl-C ends one that hangs.
PATIENCE = 600
EDITIONS = ("student", "solutions", "teacher")
_EXERCISE, _SOLUTION, _TEACHER = "exercise", "solution", "teacher"
_LEFT_OUT = {"student": {_SOLUTION, _TEACHER}, "solutions": {_EXERCISE, _TEACHER}, "teacher": {_EXERCISE}}
SECONDS = "seconds.json"
_STEP = 5  # seconds: machines differ by more than what lies between
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")  # a traceback of a notebook is coloured for its page
_WIDGET = "application/vnd.jupyter.widget-view+json"
_KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def names(folder: Path) -> list[str]:
    """The lessons with a source in `folder`, in order."""
    return sorted(path.stem for path in (folder / "source").glob("*.py"))


def target(folder: Path, name: str, edition: str) -> Path:
    """Where an edition of lesson `name` is stored."""
    return folder / f"{name}.ipynb" if edition == "student" else folder / edition / f"{name}.ipynb"


def editions_of(folder: Path, name: str) -> list[str]:
    """A lesson without exercises has no solutions edition, one without a teacher's note no teacher's."""
    tags = {tag for cell in _read_source(folder, name).cells for tag in _tags(cell)}
    needs = {"student": True, "solutions": _EXERCISE in tags, "teacher": _TEACHER in tags}
    return [edition for edition in EDITIONS if needs[edition]]


def compose(folder: Path, name: str, edition: str) -> Any:
    """The notebook of one edition, unexecuted: the right cells, under names that depend on their text alone.

    Raises:
        A2UError: An exercise without a solution after it, a solution without an exercise before it, or a teacher's
            note that is code.
    """
    notebook = _read_source(folder, name)
    cells: list[Any] = []
    previous: set[str] = set()
    for cell in [*notebook.cells, None]:
        tags = _tags(cell) if cell is not None else set()
        if (_EXERCISE in previous) != (_SOLUTION in tags):
            near = (cells[-1] if _EXERCISE in previous else cell).source.strip().splitlines()[:1]
            raise A2UError(
                f"{folder / 'source' / name}.py: a cell tagged {_EXERCISE!r} is followed by exactly one cell tagged "
                f"{_SOLUTION!r}, and only there; this is broken at the cell that starts {near}."
            )
        if _TEACHER in tags and cell.cell_type != "markdown":
            raise A2UError(
                f"{folder / 'source' / name}.py: a cell tagged {_TEACHER!r} is Markdown, as the teacher's edition has "
                f"the outputs of the solutions; this one is code: {cell.source.strip().splitlines()[:1]}."
            )
        if cell is not None:
            cells.append(cell)
        previous = tags
    notebook.cells = [cell for cell in cells if not _LEFT_OUT[edition] & _tags(cell)]
    for cell in notebook.cells:
        cell.metadata = {key: value for key, value in cell.metadata.items() if key in ("tags", "jupyter")}
    (fold_answers if edition == "student" else show_answers)(notebook.cells)
    if edition != "student":
        _link_from_below(notebook.cells)
    _name_cells(notebook.cells)  # the seconds are kept by these names
    notebook.cells = list(_with_seconds(notebook.cells, _measured(folder).get(name, {})))
    _name_cells(notebook.cells)
    notebook.metadata = {"kernelspec": dict(_KERNEL), "language_info": {"name": "python"}}
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def _link_from_below(cells: list[Any]) -> None:
    """The other editions lie a folder deeper: what is no lesson, such as a picture, is linked from there."""
    for cell in cells:
        if cell.cell_type == "markdown":
            cell.source = from_below(cell.source)


def build(folder: Path, name: str, edition: str, text: bool = False) -> Path:
    """Execute one edition where it is stored and write it there, whole or not at all.

    Args:
        folder: `notebooks/`.
        name: of the lesson.
        edition: one of `EDITIONS`.
        text: only text has changed: take the outputs that are stored, and execute nothing.

    Raises:
        A2UError: Something else stands there (`check_replaceable`); a cell fails; or, for the teacher's edition, the
            notebook that it takes its outputs from is not there or does not follow the source; or, with `text`, a cell
            of code has changed.
    """
    import nbformat

    notebook, path = compose(folder, name, edition), target(folder, name, edition)
    check_replaceable(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if edition == "teacher":
        _take_outputs(notebook, folder, name)
    elif text:
        _take_own_outputs(notebook, path, name)
    else:
        _execute(notebook, name, edition, path.parent)
        _settle(notebook)
        keep_pictures(notebook, stored_pictures(target(folder, name, each) for each in EDITIONS))
    nbformat.validate(notebook)
    written: str = nbformat.writes(notebook)  # type: ignore[no-untyped-call]
    write_whole(path, f"{written.rstrip()}\n".encode())
    return path


def check_replaceable(path: Path) -> None:
    """Raise A2UError unless a rebuild would lose nothing: there is no file, or a notebook as it was once built.

    The cells of a built notebook are named by their text. Where somebody has edited a cell or added one, its name and
    its text do not belong together.
    """
    if not path.exists() and not path.is_symlink():
        return
    found = _edited(path) if path.is_file() else "it is no file"
    if found:
        raise A2UError(
            f"{path} was not written by this command, or was changed since ({found}), and building would replace it. "
            "Rename it, or remove it, and build again."
        )


def _edited(path: Path) -> str | None:
    try:
        cells = _read(path).cells
        names = [cell.get("id") for cell in cells]
        _name_cells(cells)
    except Exception:  # nbformat raises many kinds: whatever stands there, it was not built
        return "it is no notebook"
    edited = next((number for number, cell in enumerate(cells) if cell.id != names[number]), None)
    return None if edited is None else f"its cell {edited + 1} was edited or added"


def _execute(notebook: Any, name: str, edition: str, folder: Path) -> None:
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    client = NotebookClient(
        notebook,
        timeout=None,
        startup_timeout=PATIENCE,
        iopub_timeout=PATIENCE,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        store_widget_state=False,
    )
    try:
        client.execute()
    except CellExecutionError as error:
        raise A2UError(f"{name} ({edition}) was not built: {error}") from error


def _base(folder: Path, name: str) -> str:
    """The edition that the teacher's takes its outputs from: the last one that is executed."""
    return [edition for edition in editions_of(folder, name) if edition != "teacher"][-1]


def _take_outputs(notebook: Any, folder: Path, name: str) -> None:
    base = _base(folder, name)
    path = target(folder, name, base)
    if not path.is_file() or _outline(stored := _read(path)) != _outline(compose(folder, name, base)):
        raise A2UError(
            f"The teacher's edition of {name} has the outputs of {path}, which is not there or does not follow its "
            f"source: make notebooks NAMES={name}"
        )
    for own, executed in zip(_code(notebook), _code(stored), strict=True):
        own.outputs, own.execution_count = executed.outputs, executed.execution_count


def _take_own_outputs(notebook: Any, path: Path, name: str) -> None:
    stored = _code(_read(path)) if path.is_file() else []
    if [cell.source for cell in stored] != [cell.source for cell in _code(notebook)]:
        raise A2UError(f"{path} has other code than its source: make notebooks NAMES={name}")
    for own, executed in zip(_code(notebook), stored, strict=True):
        own.outputs, own.execution_count = executed.outputs, executed.execution_count


def _measured(folder: Path) -> dict[str, dict[str, float]]:
    """The seconds of long cells, by lesson and by the cell's name; empty where nobody measured them.

    Raises:
        A2UError: The file is damaged.
    """
    path, remedy = folder / "source" / SECONDS, "Measure again: make times TEST_ARGS=--store-seconds"
    try:
        found: dict[str, dict[str, float]] = read_json(path, dict, remedy)
    except Missing:
        return {}
    if not all(isinstance(s, int | float) and s > 0 for cells in found.values() for s in cells.values()):
        raise A2UError(f"{path} has something else than seconds for a cell. {remedy}")
    return found


def _with_seconds(cells: list[Any], seconds: dict[str, float]) -> Iterator[Any]:
    """The cells, with a line above each that takes long."""
    import nbformat

    for cell in cells:
        if cell.cell_type == "code" and cell.id in seconds:
            about = max(_STEP, _STEP * round(seconds[cell.id] / _STEP))
            words = f"*The next cell takes about {about} seconds on a laptop.*"
            yield nbformat.v4.new_markdown_cell(words)  # type: ignore[no-untyped-call]
        yield cell


def drift(folder: Path) -> Iterator[str]:
    """One sentence for each stored notebook whose cells are not those of its source."""
    wanted = {
        target(folder, name, edition): (name, edition)
        for name in names(folder)
        for edition in editions_of(folder, name)
    }
    for path, (name, edition) in wanted.items():
        if not path.is_file():
            yield f"{path} was never built: make notebooks NAMES={name}"
            continue
        new, stored = compose(folder, name, edition), _read(path)
        if _outline(new) != _outline(stored) or new.metadata != stored.metadata:
            yield f"{path} does not follow its source any more: make notebooks NAMES={name}"
        elif edition == "teacher" and _shown(path) != _shown(target(folder, name, _base(folder, name))):
            yield f"{path} does not have the outputs of the solutions: make notebooks NAMES={name} ONLY=teacher"
    for path in sorted(path for edition in EDITIONS for path in target(folder, "any", edition).parent.glob("*.ipynb")):
        if path not in wanted:
            yield f"{path} has no source notebooks/source/{path.stem}.py: write one, or remove the notebook"


def _read_source(folder: Path, name: str) -> Any:
    import jupytext

    path = folder / "source" / f"{name}.py"
    if not path.is_file():
        raise A2UError(f"There is no lesson {name!r} in {path.parent}. {near_match(name, names(folder))}")
    return jupytext.read(path, fmt="py:percent")  # type: ignore[no-untyped-call]


def _read(path: Path) -> Any:
    import nbformat

    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def _tags(cell: Any) -> set[str]:
    return set(cell.metadata.get("tags", []))


def _name_cells(cells: list[Any]) -> None:
    """Ids that a rebuild repeats: a digest of the text, numbered where a text occurs again."""
    seen: dict[str, int] = {}
    for cell in cells:
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:10]
        seen[digest] = seen.get(digest, 0) + 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"


def _outline(notebook: Any) -> list[tuple[Any, ...]]:
    return [
        (cell.id, cell.cell_type, cell.source, sorted(_tags(cell)), cell.metadata.get("jupyter"))
        for cell in notebook.cells
    ]


def _code(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _shown(path: Path) -> list[Any]:
    return [(cell.execution_count, cell.outputs) for cell in _code(_read(path))] if path.is_file() else []


def _settle(notebook: Any) -> None:
    """Remove what another run would write differently, and join what the kernel happened to send in pieces.

    The view of a live widget refers to a kernel that is gone. Where a picture or markup stands beside it, that stays
    alone: it is what a page without a kernel (GitHub, a notebook just opened) can show.
    """
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        outputs: list[Any] = []
        for output in cell.get("outputs", []):
            joins = outputs and output.output_type == "stream" == outputs[-1].output_type
            if joins and output.name == outputs[-1].name:
                outputs[-1].text += output.text
            else:
                outputs.append(output)
            data = output.get("data", {})
            if _WIDGET in data and ("image/png" in data or "text/html" in data):
                del data[_WIDGET]
        if "outputs" in cell:
            cell.outputs = outputs
    notebook.metadata = {"kernelspec": dict(_KERNEL), "language_info": {"name": "python"}}


def main(arguments: list[str] | None = None) -> int:
    """`build [NAMES] [--only EDITION]` or `check`; the exit code is 1 when something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m a2u.lessons.editions", description=__doc__.split("\n")[0])
    parser.add_argument("job", choices=["build", "check"])
    parser.add_argument("names", nargs="*", help="lessons, such as 01_one_formula (build: all without a name)")
    parser.add_argument("--only", choices=EDITIONS, help="build this edition and leave the others as they are")
    parser.add_argument("--text", action="store_true", help="only text has changed: take the outputs that are stored")
    parser.add_argument("--folder", type=Path, default=Path("notebooks"))
    given = parser.parse_intermixed_args(arguments)
    try:
        if given.job == "check":
            complaints = list(drift(given.folder))
            print("\n".join(complaints) or "Every notebook follows its source.")
            return 1 if complaints else 0
        jobs = [
            (name, edition)
            for name in given.names or names(given.folder)
            for edition in editions_of(given.folder, name)
            if given.only in (None, edition)
        ]
        for job in jobs:  # before the first notebook, which takes minutes
            check_replaceable(target(given.folder, *job))
        for job in jobs:
            print(build(given.folder, *job, given.text), flush=True)
    except A2UError as error:
        print(f"a2u: {_COLOUR.sub('', str(error))}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
