"""A course of two short lessons in a checkout of its own, to be copied, changed and updated."""

from pathlib import Path

import nbformat


def notebook(*cells: str | tuple[str, str]) -> str:
    """A stored notebook: code as text, Markdown that begins with #, and (tag, code) for a cell with a tag."""
    made = []
    for number, cell in enumerate(cells):
        tag, source = cell if isinstance(cell, tuple) else ("", cell)
        kind = nbformat.v4.new_markdown_cell if source.startswith("#") else nbformat.v4.new_code_cell
        made.append(kind(source, id=f"cell-{number}", metadata={"tags": [tag]} if tag else {}))
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    return nbformat.writes(nbformat.v4.new_notebook(cells=made, metadata={"kernelspec": kernel}))


START = notebook("# 00 · Start here", "x = 1", ("exercise", "answer = ..."))
FORMULA = notebook("# 01 · One formula", "y = 2", ("exercise", "answer = ..."), ("exercise", "other = ..."))


def small_course(root: Path) -> Path:
    """The `notebooks/` of a new checkout in `root`: two lessons, one of them with solutions, and a source."""
    course = root / "notebooks"
    for folder in ("source", "solutions"):
        (course / folder).mkdir(parents=True)
    (course / "00_start_here.ipynb").write_text(START)
    (course / "01_one_formula.ipynb").write_text(FORMULA)
    (course / "solutions" / "01_one_formula.ipynb").write_text(FORMULA.replace("...", "42"))
    (course / "source" / "00_start_here.py").write_text("# %%\n")
    return course
