"""What each lesson declares of its explorer for the site."""

import re

import nbformat
import pytest
from project import NOTEBOOKS
from small_site import NAMES

from a2u.errors import A2UError
from a2u.lessons import page as lesson_pages


@pytest.mark.parametrize("name", sorted(lesson_pages.pages()))
def test_a_declared_explorer_is_the_one_that_its_notebook_shows(name: str) -> None:
    assert name in NAMES
    panel = lesson_pages.pages()[name].panel()
    assert panel.drawing is not None
    cells = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4).cells
    values = [o for cell in cells for o in cell.get("outputs", []) if o.output_type == "execute_result"]
    assert panel.drawing.words in [output.data.get("text/plain") for output in values]


def test_every_lesson_with_an_explorer_declares_it() -> None:
    sources = (NOTEBOOKS / "source").glob("[0-9][0-9]_*.py")
    with_one = {path.stem for path in sources if re.search(r"^[^#\n]*\bexplorer\(", path.read_text(), re.M)}
    assert with_one <= set(lesson_pages.pages()), "add a page.py to their folders in a2u/lessons"


@pytest.mark.parametrize(
    ("controls", "message"),
    [
        ({"colum": (7,)}, "no control 'colum'.*Did you mean 'column'"),
        ({"column": (0, 1)}, "starts with column = 7"),
        ({"column": (7, 99)}, "cannot set column to 99"),
        ({"operator": ("bilinear", "nearest"), "row": range(16), "column": range(16)}, "512 combinations"),
    ],
)
def test_a_wrong_declaration_is_explained(controls: dict, message: str) -> None:
    with pytest.raises(A2UError, match=message):
        lesson_pages.Page("01_one_formula", "a2u.lessons.inspector", controls).panel()
