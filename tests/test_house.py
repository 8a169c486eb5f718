"""The house rules that no linter knows: what may import what, what an import costs, how a notebook is stored."""

import ast
import functools
import json
import re
import subprocess
from pathlib import Path

import nbformat
import pytest
from processes import python
from project import ROOT

NOTEBOOKS = sorted(
    path for part in (".", "solutions", "teacher") for path in (ROOT / "notebooks" / part).glob("*.ipynb")
)
LONGEST_CELL = 15

HEAVY = ("torchvision", "matplotlib", "ipywidgets", "IPython", "skimage", "scipy", "tqdm", "nbformat", "jupytext")

# Each room (a file or a folder directly under a2u/) and the rooms that it imports: exactly these. An arrow that no
# code needs any more is taken off the list.
ROOMS: dict[str, set[str]] = {
    "errors": set(),
    "markdown": set(),
    "paths": set(),
    "shell": set(),
    "gradient": set(),
    "tiles": {"paths"},
    "bags": {"paths"},
    "scores": {"paths", "tiles"},
    "checks": {"errors", "paths"},
    "cells": {"paths", "bags", "checks"},
    "formula": {"errors", "paths", "tiles", "checks"},
    "operators": {"errors", "paths", "checks", "cells", "scores", "formula"},
    "swapping": {"errors", "operators"},
    "files": {"errors"},
    "data": {"errors", "files"},
    "training": {"errors", "files"},
    "plots": {"errors"},
    "differences": set(),
    "reconstruction": {
        "differences",
        *("errors", "files", "gradient", "markdown", "shell", "checks", "operators"),
        *("data", "training", "plots"),
    },
    "matting": {
        *("errors", "files", "gradient", "markdown", "shell", "checks", "formula", "operators"),
        *("training", "plots"),
    },
    "guided": {
        *("errors", "differences", "markdown", "shell", "checks", "operators", "data", "training", "plots", "matting"),
    },
    "pretrained": {"errors", "files", "data", "training", "reconstruction", "matting"},
    "bench": {"errors", "files", "markdown", "formula", "operators", "data", "training", "reconstruction"},
    "lessons": {
        *("errors", "files", "cells", "formula", "operators", "data", "training", "plots"),
        *("differences", "reconstruction", "matting", "guided", "pretrained"),
    },
    "site": {"errors", "files", "training", "plots", "lessons"},
    "commands": {
        *("errors", "files", "operators", "data", "training", "plots"),
        *("reconstruction", "matting", "guided", "pretrained", "bench", "lessons", "site"),
    },
    "__main__": {"commands"},
    "__init__": {"errors", "cells", "formula", "operators", "pretrained", "swapping"},
}


def room_of(path: Path) -> str:
    return path.relative_to(ROOT / "a2u").parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> dict[str, int]:
    """The rooms that a module imports, at the top or inside a function, with the line."""
    found: dict[str, int] = {}
    names = {each.stem for each in (ROOT / "a2u").iterdir()}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            modules = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for module in modules:
            parts = module.split(".")
            if parts[0] == "a2u" and len(parts) > 1 and parts[1] in names:
                found.setdefault(parts[1], node.lineno)
    return found


MODULES = sorted((ROOT / "a2u").rglob("*.py"))


def test_each_room_imports_exactly_what_the_list_says() -> None:
    arrows: dict[str, set[str]] = {room_of(path): set() for path in MODULES}
    first: dict[tuple[str, str], str] = {}
    for path in MODULES:
        for name, line in imported_rooms(path).items():
            arrows[room_of(path)].add(name)
            first.setdefault((room_of(path), name), f"{path.relative_to(ROOT)}:{line}")
    found = {room: needs - {room} for room, needs in arrows.items()}
    assert set(found) == set(ROOMS), "a room is new or gone: say in ROOMS what it imports"
    new = [f"{first[room, name]} imports a2u.{name}" for room in ROOMS for name in sorted(found[room] - ROOMS[room])]
    assert new == [], "imports go down: see ROOMS"
    unused = [f"{room} → {name}" for room in ROOMS for name in sorted(ROOMS[room] - found[room])]
    assert unused == [], "no code needs these arrows any more: take them off ROOMS"


def test_the_rooms_have_no_circle() -> None:
    done: set[str] = set()
    while len(done) < len(ROOMS):
        ready = {room for room, needs in ROOMS.items() if room not in done and needs <= done}
        assert ready, f"these import each other: {sorted(set(ROOMS) - done)}"
        done |= ready


def imported_files(path: Path) -> set[Path]:
    """The files of a2u/ that a file imports, at the top, inside a function, or for its annotations alone."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            inside = {alias.name for alias in node.names if file_of(f"{node.module}.{alias.name}")}
            names |= {f"{node.module}.{name}" for name in inside}
            if len(inside) < len(node.names):
                names.add(node.module or "")
    return {found for name in names if (found := file_of(name))} - {path}


@functools.cache
def file_of(name: str) -> Path | None:
    place = ROOT.joinpath(*name.split("."))
    return next((path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()), None)


def circles(arrows: dict[Path, set[Path]]) -> dict[str, list[str]]:
    """The files that import each other, directly or through others; of each, which of them it imports.

    A file that imports none of the others is in no circle, nor is one that none of the others imports.
    """
    left = {path: needs & arrows.keys() for path, needs in arrows.items()}
    while gone := {path for path in left if not left[path] or not any(path in needs for needs in left.values())}:
        left = {path: needs - gone for path, needs in left.items() if path not in gone}
    return {str(path): sorted(map(str, needs)) for path, needs in left.items()}


def test_no_two_files_import_each_other() -> None:
    assert circles({path: imported_files(path) for path in MODULES}) == {}


def test_circles_are_found() -> None:
    a, b, c, d = (Path(name) for name in "abcd")
    assert circles({a: {b}, b: {c}, c: set(), d: {a}}) == {}
    assert circles({a: {b}, b: {c}, c: {b}, d: {a}}) == {"b": ["c"], "c": ["b"]}
    assert imported_files(ROOT / "a2u" / "pretrained" / "find.py") >= {
        ROOT / "a2u" / "training" / "checkpoint.py",  # from a package
        ROOT / "a2u" / "matting" / "experiment.py",  # in a function
        ROOT / "a2u" / "matting" / "network" / "network.py",  # for annotations
    }


@functools.cache
def loaded_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys, json\nprint(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = python("-c", code, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "statement", ["import a2u", "import a2u.commands.cli", "import a2u.data, a2u.training, a2u.operators"]
)
def test_importing_is_light(statement: str) -> None:
    assert (loaded_after(statement) - loaded_after("import torch")) & set(HEAVY) == set()


def test_help_needs_no_torch() -> None:
    assert "torch" not in loaded_after("import a2u.commands.cli, a2u.commands.doctor, a2u.lessons.serve")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_read_as_a_pickle(path: Path) -> None:
    """Weights load without code: no torch.load that may run a pickle, no pickle module."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            assert "pickle" not in [alias.name for alias in node.names], f"{path.name}:{node.lineno}"
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("torch.load", "pickle.load", "np.load"):
            safe = {"weights_only": "True", "allow_pickle": "False"}
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            assert any(given.get(key) == value for key, value in safe.items()), f"{path.name}:{node.lineno}"


# --- notebooks


def cells(path: Path, kind: str) -> list[nbformat.NotebookNode]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind and cell.source.strip()]


def notebook_cases() -> list:
    return [pytest.param(path, id=str(path.relative_to(ROOT))) for path in NOTEBOOKS]


def test_the_course_is_there() -> None:
    names = {path.stem for path in NOTEBOOKS}
    assert names == {
        "00_start_here",
        "01_one_formula",
        "02_pooling_remembers",
        "03_kernels_learned_once",
        "04_carafe",
        "05_indexnet",
        "06_affinity",
        "07_a2u",
        "08_train_on_digits",
        "09_see_the_kernels",
        "10_matting",
        "11_see_the_features",
        "12_after_a2u",
    }


def must_print(cell: nbformat.NotebookNode) -> bool:
    """Does this cell end in something that shows: an expression other than a call for its effect, or a print?"""
    source = "\n".join(line for line in cell.source.splitlines() if not line.lstrip().startswith(("%", "!")))
    body = ast.parse(source).body
    runs = [node for node in body if not isinstance(node, ast.FunctionDef | ast.ClassDef)]
    calls = {ast.unparse(node.func) for node in ast.walk(ast.Module(runs, [])) if isinstance(node, ast.Call)}
    ends_in_value = bool(body) and isinstance(body[-1], ast.Expr) and not isinstance(body[-1].value, ast.Call)
    return ends_in_value or bool(calls & {"print", "display"})


@pytest.mark.parametrize("path", notebook_cases())
def test_stored_outputs_are_complete(path: Path) -> None:
    """Strict comparison of outputs means nothing where nothing is stored: every cell ran, in order, without error."""
    code = cells(path, "code")
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    for cell in code:
        assert all(output.output_type != "error" for output in cell.outputs), cell.source
        assert cell.outputs or not must_print(cell), f"this cell shows something, but nothing is stored:\n{cell.source}"
        assert "application/vnd.jupyter.widget-state+json" not in str(cell.outputs)
    shown = sum(bool(cell.outputs) for cell in code)
    assert 2 * shown >= len(code), f"only {shown} of {len(code)} cells show anything that can be compared"


@pytest.mark.parametrize("path", notebook_cases())
def test_every_picture_has_text_that_is_compared(path: Path) -> None:
    """Pictures are not compared: a blank one would pass. What it shows is printed beside it."""
    for cell in cells(path, "code"):
        pictures = [output for output in cell.outputs if "image/png" in output.get("data", {})]
        words = [output.get("text", "") or output.get("data", {}).get("text/plain", "") for output in cell.outputs]
        telling = [
            word for word in words if word.strip() and not re.fullmatch(r"<(Figure|[\w.]*Image).*>", word.strip())
        ]
        assert telling or not pictures, f"this cell draws without saying what:\n{cell.source}"


@pytest.mark.parametrize("path", notebook_cases())
def test_every_stored_picture_has_alternative_text(path: Path) -> None:
    """Jupyter gives a picture the `alt` of its metadata; without it a screen reader has nothing to say."""
    for cell in cells(path, "code"):
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                alt = output.metadata.get("image/png", {}).get("alt", "")
                assert len(alt.split()) >= 5, f"say in words what this cell draws (alt is {alt!r}):\n{cell.source}"


@pytest.mark.parametrize("path", notebook_cases())
def test_code_cells_are_short(path: Path) -> None:
    """Imports, which each exercise has for itself, and empty lines are no logic."""
    for cell in cells(path, "code"):
        lines = [line for line in cell.source.splitlines() if line.strip() and not re.match("import |from ", line)]
        assert len(lines) <= LONGEST_CELL, f"logic belongs in a2u/:\n{cell.source}"


@pytest.mark.parametrize("path", notebook_cases())
def test_no_output_check_is_switched_off(path: Path) -> None:
    for cell in cells(path, "code"):
        marks = {*cell.metadata.get("tags", []), *re.findall(r"NBVAL_\w+", cell.source)}
        assert not {mark for mark in marks if mark.lower().replace("_", "-") in ("nbval-ignore-output", "nbval-skip")}


PICTURE = re.compile(r"!\[(?P<alt>[^\]]*)\]\((?P<target>[^)\s]+)")
IMG = re.compile(r"<img\b[^>]*>", re.IGNORECASE)


def pictures_in(text: str) -> list[tuple[str, str]]:
    """(alternative text, target) of every picture in Markdown."""
    found = [(match["alt"], match["target"]) for match in PICTURE.finditer(text)]
    for tag in IMG.findall(text):
        attributes = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        found.append((attributes.get("alt", ""), attributes.get("src", "")))
    return found


def pages() -> list:
    return [*notebook_cases(), pytest.param(ROOT / "README.md", id="README.md")]


@pytest.mark.parametrize("path", pages())
def test_pictures_have_alternative_text_and_are_in_the_project(path: Path) -> None:
    texts = [path.read_text()] if path.suffix == ".md" else [cell.source for cell in cells(path, "markdown")]
    for alt, target in [picture for text in texts for picture in pictures_in(text)]:
        assert len(alt.split()) >= 3, f"say what {target} shows, for those who cannot see it"
        if not target.startswith("attachment:"):
            assert not re.match(r"\w+://|//", target), f"{target} is remote: it may be gone tomorrow, and is offline"
            assert (path.parent / target).is_file(), f"{target} is not there"


# --- the tree


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_knows_the_machine_it_was_made_on() -> None:
    """Paths of one machine in a stored output or a document are of no use on another."""
    own = re.compile(r"(?<![\w.])/(?:home|Users|root|work)/\w|[A-Z]:\\\\Users\\\\|file:///\w")
    found = []
    for path in tracked():
        if path == Path(__file__) or path.name == "uv.lock":
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [
            f"{path.relative_to(ROOT)}: …{text[match.start() : match.start() + 40]!r}" for match in own.finditer(text)
        ]
    assert found == []


def test_no_large_file_is_tracked() -> None:
    large = [
        f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes"
        for path in tracked()
        if path.stat().st_size > 5_000_000
    ]
    assert large == []
