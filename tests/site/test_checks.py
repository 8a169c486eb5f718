"""What is wrong with a notebook is found before any page is made: one line for each fault, and all of them at once."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_site import SMALL, picture, small

from a2u.errors import A2UError
from a2u.site import checks, origin


def faults(folder: Path) -> list[str]:
    found = origin.find(folder, stored=True)
    try:
        checks.check(found, found.names)
    except A2UError as error:
        return str(error).splitlines()
    return []


def edited(path: Path, edit: Callable[[Any], None]) -> None:
    notebook = json.loads(path.read_text())
    edit(notebook)
    path.write_text(json.dumps(notebook))


def code(notebook: Any) -> list[Any]:
    return [each for each in notebook["cells"] if each["cell_type"] == "code"]


def clear(cells: list[Any]) -> None:
    for each in cells:
        each.update(execution_count=None, outputs=[])


def test_a_lesson_as_it_was_built_has_no_fault(tmp_path: Path) -> None:
    small(tmp_path, exercise=True)
    assert faults(tmp_path) == []


EDITS = {
    "all outputs cleared": (lambda n: clear(code(n)), "its outputs were cleared, first the one that begins 'print"),
    "one cell cleared": (lambda n: clear(code(n)[1:2]), "1 of 3 cells show nothing.*'draw"),
    "counts kept": (lambda n: code(n)[0].update(outputs=[]), "1 of 3 cells show nothing.*'print"),
    "a cell failed": (
        lambda n: code(n)[0].update(
            outputs=[{"output_type": "error", "ename": "NameError", "evalue": "x", "traceback": []}]
        ),
        "the cell that begins 'print\\(6 \\* 7\\)' ends in NameError",
    ),
    "no words": (lambda n: code(n)[1].update(outputs=[picture("a b")]), "has no words for those who cannot see it"),
    "no picture": (
        lambda n: code(n)[1]["outputs"][0]["data"].update({"image/png": "AAAA"}),
        "A picture is no PNG.*'draw",
    ),
    "no first cell": (lambda n: n["cells"][0].update(source="# Title"), "first cell of 00_small must begin"),
    "a cell more": (lambda n: n["cells"].append(code(n)[0] | {"id": "more"}), "has 5 cells and the solutions 4"),
    "format 3": (lambda n: n.update(nbformat=3), "not a notebook of format 4 .*format 3"),
    "no cells": (lambda n: n.pop("cells"), "not a notebook of format 4"),
}


@pytest.mark.parametrize("name", EDITS)
def test_a_fault_of_the_cells_is_one_line_with_what_to_do(tmp_path: Path, name: str) -> None:
    path = small(tmp_path, exercise=True)
    edit, message = EDITS[name]
    edited(path, edit)
    (fault,) = faults(tmp_path)
    assert re.search(message, fault)
    assert SMALL in fault


@pytest.mark.parametrize("content", ["", '{"cells": [{"cell_type": "co', "[]", "null", "\x00\x00", "{}"])
@pytest.mark.parametrize("edition", ["", "solutions/"])
def test_a_file_that_is_being_saved_or_is_no_notebook_is_one_line(tmp_path: Path, content: str, edition: str) -> None:
    small(tmp_path, exercise=True)
    (tmp_path / f"{edition}{SMALL}.ipynb").write_text(content)
    (fault,) = faults(tmp_path)
    assert f"{edition}{SMALL}.ipynb is not " in fault


def test_a_file_cut_anywhere_is_one_line(tmp_path: Path) -> None:
    path = small(tmp_path)
    content = path.read_bytes().rstrip()
    for end in range(1, len(content), 97):
        path.write_bytes(content[:end])
        (fault,) = faults(tmp_path)
        assert "is not whole: it breaks off, or is being saved right now" in fault


def test_a_missing_edition_is_named(tmp_path: Path) -> None:
    small(tmp_path, exercise=True)
    (tmp_path / "solutions" / f"{SMALL}.ipynb").unlink()
    (fault,) = faults(tmp_path)
    assert fault == f"{tmp_path / 'solutions' / SMALL}.ipynb is not there: make notebooks NAMES={SMALL}."


def test_all_faults_of_all_lessons_are_named_at_once(tmp_path: Path) -> None:
    edited(small(tmp_path), lambda notebook: clear(code(notebook)))
    small(tmp_path, "01_other").write_text("{")
    small(tmp_path, "02_third")
    first, second = faults(tmp_path)
    assert first.startswith(f"{tmp_path / SMALL}.ipynb: its outputs were cleared")
    assert second.startswith(f"{tmp_path / '01_other'}.ipynb is not whole")


def test_an_unknown_lesson_is_named_with_the_nearest_one(tmp_path: Path) -> None:
    small(tmp_path)
    with pytest.raises(A2UError, match=r"no built lesson '00_smal'.*Did you mean '00_small'"):
        checks.check(origin.find(tmp_path, stored=True), ["00_smal"])
