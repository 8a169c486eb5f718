"""What the tests promise: files named after their sources, and no check that a slow or busy machine can fail."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from project import HELPERS, ROOT

TESTS = ROOT / "tests"
FILES = sorted(TESTS.rglob("*.py"))
# Tests of the project as a whole: of its tree, its words, its files beside a2u/, and of the tests themselves.
WHOLE = {"house", "prose", "readme", "places", "teacher", "conftest", "suite"}
CLOCKS = {"sleep", "monotonic", "perf_counter", "process_time"}
PATIENT = HELPERS / "patience.py"  # the one file that looks at the clock


@pytest.mark.parametrize("path", sorted(TESTS.rglob("test_*.py")), ids=lambda path: str(path.relative_to(TESTS)))
def test_a_test_file_is_named_after_its_source(path: Path) -> None:
    """tests/ROOM/test_NAME.py tests a2u/ROOM/NAME.py, or the folder of that name; test_every_… tests the whole room."""
    room, name = ROOT / "a2u" / path.parent.relative_to(TESTS), path.stem.removeprefix("test_")
    whole = name in WHOLE if path.parent == TESTS else name.startswith("every_")
    assert whole or (room / f"{name}.py").is_file() or (room / name).is_dir()


def test_a_command_is_run_in_one_way() -> None:
    """Through helpers/command.py; a script that is a process of its own calls it as the console script does."""
    own = {path.name for path in FILES if "commands.cli import main" in path.read_text(encoding="utf-8")}
    assert own - {"test_suite.py"} == {"command.py", "table1_work.py"}


def clocks(path: Path) -> Iterator[str]:
    """Where a file sleeps, looks at the clock, or sets a time-out that does not come from `patience`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute | ast.Name):
            name = node.attr if isinstance(node, ast.Attribute) else node.id
            if name in CLOCKS:
                yield f"line {node.lineno}: {name}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and "timeout" in node.func.attr:
            if not all(map(is_patient, node.args)):
                yield f"line {node.lineno}: {ast.unparse(node)}"
        elif isinstance(node, ast.keyword) and "timeout" in (node.arg or "") and not is_patient(node.value):
            yield f"line {node.value.lineno}: {node.arg}={ast.unparse(node.value)}"


def is_patient(value: ast.expr) -> bool:
    """Is a time-out computed by `patience`, or no limit, or no wait at all?"""
    if isinstance(value, ast.Constant):
        return value.value in (None, 0)
    names = {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}
    return bool(names & {"patience", "limit", "timeout"})


@pytest.mark.parametrize("path", [path for path in FILES if path != PATIENT], ids=lambda path: path.stem)
def test_no_test_has_a_clock_of_its_own(path: Path) -> None:
    assert list(clocks(path)) == []


def test_a_clock_would_be_found(tmp_path: Path) -> None:
    file = tmp_path / "test_slow.py"
    file.write_text(
        "import time\nfrom time import sleep\ntime.sleep(1)\nsleep(1)\nbegan = time.perf_counter()\n"
        "run(words, timeout=60)\nrun(words, timeout=patience(60))\nlock.acquire(timeout=0)\n"
        "page.wait_for(timeout=10 * S)\npage.wait_for_timeout(S)\npage.set_default_timeout(patience(30) * S)\n"
    )
    assert {found.split(":")[0] for found in clocks(file)} == {f"line {n}" for n in (3, 4, 5, 6, 9, 10)}
