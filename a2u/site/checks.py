"""What is looked at in every notebook before the first page is made, so that one that is not ready costs nothing.

A site with a lesson missing, or with a lesson whose pictures are gone, is worse than yesterday's site. So each fault is
found first and named in one line, and what is there stays as it is.
"""

import ast
import json
from collections.abc import Iterator, Sequence
from typing import Any

from a2u.errors import A2UError, near_match
from a2u.lessons.editions import target
from a2u.site import lesson as lessons
from a2u.site import moving
from a2u.site.lesson import Lesson
from a2u.site.origin import Origin

_SHOWS = ("print", "display")


def read(origin: Origin, name: str, edition: str = "student") -> Any:
    """The notebook of one edition.

    Raises:
        A2UError: it is not there, not whole, or no notebook.
    """
    import nbformat

    content = origin.content(name, edition)
    path = target(origin.folder, name, edition)
    if content is None:
        raise A2UError(f"{path} is not there: make notebooks NAMES={name}{_then(origin)}.")
    try:
        plain = json.loads(content.decode("utf-8"))
    except ValueError as error:  # bytes that are no text, too
        raise A2UError(
            f"{path} is not whole: it breaks off, or is being saved right now ({error}). Save it again, then repeat "
            "the command."
        ) from error
    try:
        if plain["nbformat"] != 4:
            raise ValueError(f"it has format {plain['nbformat']}")
        notebook = nbformat.v4.to_notebook_json(plain)  # type: ignore[no-untyped-call]
        nbformat.validate(notebook)
    except Exception as error:  # validation, and whatever converting something else than a notebook raises
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise A2UError(
            f"{path} is not a notebook of format 4 ({reason}): make notebooks NAMES={name}{_then(origin)}."
        ) from error
    return notebook


def editions(origin: Origin, name: str) -> list[tuple[str, Any]]:
    """What the page is made of, by edition: the student's notebook and, if it has exercises, the solutions.

    Raises:
        A2UError: an edition is not there or not whole, or the two do not belong together.
    """
    student = read(origin, name)
    if not any(_is_exercise(cell) for cell in student.cells):
        return [("student", student)]
    solutions = read(origin, name, "solutions")
    if len(solutions.cells) != len(student.cells):
        raise A2UError(
            f"{name}: the student's notebook has {len(student.cells)} cells and the solutions "
            f"{len(solutions.cells)}, so they are not of one source: make notebooks NAMES={name}{_then(origin)}."
        )
    return [("student", student), ("solutions", solutions)]


def joined(origin: Origin, name: str) -> Any:
    """The student's notebook, with the solution as it ran after each exercise.

    Raises:
        A2UError: as `editions` does.
    """
    (_, student), *others = editions(origin, name)
    for _, solutions in others:
        pairs = zip(student.cells, solutions.cells, strict=True)
        student.cells = [
            each for given, solved in pairs for each in ([given, solved] if _is_exercise(given) else [given])
        ]
    return student


def check(origin: Origin, names: Sequence[str]) -> list[Lesson]:
    """What the contents page says of each lesson, when all of them can be shown.

    Raises:
        A2UError: one line for each fault of each notebook.
    """
    for name in names:
        if name not in origin.names:
            raise A2UError(f"There is no built lesson {name!r} in {origin.folder}. {near_match(name, origin.names)}")
    described, complaints = [], []
    for name in names:
        try:
            for edition, notebook in editions(origin, name):
                path = target(origin.folder, name, edition)
                complaints += [f"{path}: {fault}" for fault in _faults(notebook, name, origin)]
                if edition == "student":  # whose text the page has
                    complaints += [f"{path}: {fault}" for fault in moving.faults(notebook, origin.files)]
            notebook = joined(origin, name)
            described.append(lessons.describe(name, notebook))
            lessons.take_pictures(notebook)
        except A2UError as error:
            complaints.append(str(error) if name in str(error) else f"{name}: {error}")
    if complaints:
        raise A2UError("\n".join(complaints))
    return described


def _faults(notebook: Any, name: str, origin: Origin) -> Iterator[str]:
    """What is wrong with the cells as they ran; one sentence for each kind of fault."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    silent = [cell for cell in code if cell.execution_count is None or (not cell.outputs and _shows(cell.source))]
    again = f"make notebooks NAMES={name}{_then(origin)}"
    if silent:
        which = (
            "its outputs were cleared"
            if len(silent) == len(code)
            else f"{len(silent)} of {len(code)} cells show nothing"
        )
        yield f"{which}, first the one that begins {_begin(silent[0])}: {again}."
    for cell in code:
        for output in cell.outputs:
            if output.output_type == "error":
                yield f"the cell that begins {_begin(cell)} ends in {output.get('ename', 'an error')}: {again}."


def _shows(source: str) -> bool:
    """Does the cell itself print or display?"""
    try:
        body = ast.parse(source).body
    except SyntaxError:  # a magic command
        return False
    runs = ast.Module([node for node in body if not isinstance(node, ast.FunctionDef | ast.ClassDef)], [])
    return any(isinstance(node, ast.Call) and ast.unparse(node.func) in _SHOWS for node in ast.walk(runs))


def _begin(cell: Any) -> str:
    return repr(cell.source.strip().splitlines()[0][:50])


def _is_exercise(cell: Any) -> bool:
    return "exercise" in cell.metadata.get("tags", [])


def _then(origin: Origin) -> str:
    return ", and commit it" if origin.committed else ""
