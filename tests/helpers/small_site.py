"""What the tests of a2u/site build: two lessons with fewer pictures than a reader gets, and lessons of a few cells."""

import base64
import dataclasses
import io
import subprocess
from pathlib import Path
from typing import Any

import nbformat
from PIL import Image
from project import NOTEBOOKS

from a2u.lessons.page import Page, pages

LESSON, TRAINING = "01_one_formula", "08_train_on_digits"  # with an explorer and exercises; with growing pictures, too
FEW = {"operator": ("bilinear", "carafe"), "column": (6, 7, 8)}
FEWER = {"operator": ("nearest", "a2u"), "row": (8, 9)}
NAMES = sorted(path.stem for path in NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
SMALL = "00_small"

FIRST = """# {number} · A small lesson

It has everything that a page needs, and no more.

**You will be able to**
- see a formula: $w^\\top z$;
- follow a link to [the other one](01_other.ipynb).

**Time** 5 minutes."""


def explorers(**offered: dict[str, tuple]) -> dict[str, Page]:
    """The explorers of lessons, by their names without the number, with other values than a reader is offered."""
    return {
        name: dataclasses.replace(page, controls=offered[name[3:]])
        for name, page in pages().items()
        if name[3:] in offered
    }


def picture(alt: str = "a grey square of no meaning") -> Any:
    """An output that shows a picture."""
    file = io.BytesIO()
    Image.new("RGB", (150, 120), "grey").save(file, "PNG")
    data = {"image/png": base64.b64encode(file.getvalue()).decode(), "text/plain": alt}
    return nbformat.v4.new_output("display_data", data, metadata={"image/png": {"alt": alt}})


def cell(source: str, *outputs: Any, tags: tuple[str, ...] = ()) -> Any:
    """A code cell as it ran."""
    made = nbformat.v4.new_code_cell(source, execution_count=1, outputs=list(outputs))
    made.id = f"c{abs(hash(source)) % 10**8}"
    if tags:
        made.metadata["tags"] = list(tags)
    return made


def printed(text: str) -> Any:
    return nbformat.v4.new_output("stream", name="stdout", text=text)


def small(folder: Path, name: str = SMALL, *, exercise: bool = False) -> Path:
    """Write a lesson of a few cells, with its solutions if it has an exercise; the student's file."""
    first = nbformat.v4.new_markdown_cell(FIRST.format(number=name[:2]), id="first")
    rest = [cell("print(6 * 7)", printed("42\n")), cell("draw()", picture())]
    editions = {".": ("y = ...", "not tried"), "solutions": ("y = w @ z", "right")} if exercise else {".": ("", "")}
    for edition, (source, verdict) in editions.items():
        tags = ("exercise",) if edition == "." else ("solution",)
        more = [cell(f"{source}\nprint(check(y))", printed(f"{verdict}\n"), tags=tags)] if exercise else []
        (folder / edition).mkdir(parents=True, exist_ok=True)
        nbformat.write(nbformat.v4.new_notebook(cells=[first, *rest, *more]), folder / edition / f"{name}.ipynb")
    return folder / f"{name}.ipynb"


def git(folder: Path, *words: str) -> str:
    """git in a folder, with an author of its own."""
    author = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", "-C", folder, *author, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(folder: Path) -> str:
    """Commit everything in a folder, a repository from then on; the commit's short name."""
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "Notebooks")
    return git(folder, "rev-parse", "--short", "HEAD")
