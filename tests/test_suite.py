"""What the tests promise: names that follow the sources, a quick form by rules, and no check that the clock fails."""

import ast
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import patience
import pytest
from longest_first import longest_first
from processes import python
from project import HELPERS, ROOT
from quick import CASES, LIST, SLOW, evenly, family, listed, record

TESTS = ROOT / "tests"
FILES = sorted(TESTS.rglob("*.py"))
NAMED = [path for path in FILES if path.name.startswith("test_") and path.parent.name != "attack"]
# Tests of the project as a whole: of its tree, its words, its files beside a2u/, and of the tests themselves.
WHOLE = {"house", "prose", "readme", "places", "teacher", "conftest", "suite", "environment"}
CLOCKS = {"sleep", "monotonic", "perf_counter", "process_time"}
PATIENT = HELPERS / "patience.py"  # the one file that looks at the clock


@pytest.mark.parametrize("path", NAMED, ids=lambda path: str(path.relative_to(TESTS)))
def test_a_test_file_is_named_after_its_source(path: Path) -> None:
    """tests/ROOM/test_NAME.py tests a2u/ROOM/NAME.py, or the folder of that name; test_every_… tests the whole room.

    tests/tools/ tests tools/, which is beside a2u/; tests/attack/ is a program of its own, with a test of itself.
    """
    where = path.parent.relative_to(TESTS)
    room, name = ROOT / where if where.name == "tools" else ROOT / "a2u" / where, path.stem.removeprefix("test_")
    whole = name in WHOLE if path.parent == TESTS else name.startswith("every_")
    assert whole or (room / f"{name}.py").is_file() or (room / name).is_dir()


def test_a_command_is_run_in_one_way() -> None:
    """Through helpers/command.py; a script that is a process of its own calls it as the console script does."""
    own = {
        path.name
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "a2u.commands.cli"
        if "main" in {name.name for name in node.names}
    }
    assert own == {"command.py", "table1_work.py"}


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


@pytest.mark.parametrize(
    "path", [path for path in FILES if path != PATIENT and path.parent.name != "attack"], ids=lambda path: path.stem
)
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


# --- patience


class Machine:
    """A machine on which a job takes so many times as long as on an idle laptop, and its clock."""

    def __init__(self, slow: float) -> None:
        self.now, self.slow, self.measured = 1000.0, slow, 0

    def run(self, *_: object, **__: object) -> None:
        self.measured += 1
        self.now += self.slow * patience.USUAL

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    made = Machine(request.param)
    monkeypatch.setattr(patience, "time", made)
    monkeypatch.setattr(patience, "subprocess", made)
    patience.slowness.cache_clear()
    yield made
    patience.slowness.cache_clear()


@pytest.mark.parametrize(("machine", "expected"), [(0.5, 50), (1, 50), (8, 400)], indirect=["machine"])
def test_patience_grows_with_a_slow_machine_and_never_shrinks(machine: Machine, expected: float) -> None:
    assert [patience.patience(10), patience.patience(1)] == [expected, expected / 10]
    assert machine.measured == 1


@pytest.mark.parametrize("machine", [1], indirect=True)
def test_a_machine_that_became_busy_is_measured_again(machine: Machine) -> None:
    assert patience.patience(10) == 50
    machine.slow, machine.now = 6, machine.now + patience.FRESH
    assert patience.patience(10) == 300


@pytest.mark.parametrize("machine", [3], indirect=True)
def test_waiting_ends_when_it_holds_or_when_patience_ends(machine: Machine) -> None:
    patience.patience(1)
    began = machine.now
    assert patience.until(lambda: machine.now >= began + 100)
    assert began + 100 <= machine.now < began + 101
    began = machine.now
    assert not patience.until(lambda: False, 10)
    assert machine.now - began == pytest.approx(150, abs=1)


# --- the quick form


@pytest.mark.parametrize("count", [1, CASES, CASES + 1, 10, 1000])
def test_the_quick_form_takes_the_first_the_last_and_even_steps_between(count: int) -> None:
    chosen = sorted(evenly(count))
    assert (chosen[0], chosen[-1], len(chosen)) == (0, count - 1, min(count, CASES))
    steps = {after - before for before, after in itertools.pairwise(chosen)}
    assert not steps or max(steps) - min(steps) <= 1


SOME = """
import pytest

@pytest.mark.parametrize("n", range(20))
def test_many(n): pass

@pytest.mark.parametrize("n", range(3))
def test_few(n): pass

def test_slow(): sum(range(10**7))

@pytest.mark.parametrize("n", range(2))
def test_one_case_is_slow(n): sum(range(n * 10**7))

@pytest.mark.browser
def test_in_a_browser(): pass
"""


# No other plugins: those of nbval and Hypothesis take seconds to import.
PLUGINS = [word for name in ("xdist", "impatient", "conftest") for word in ("-p", name)]


def run_some(folder: Path, *words: object) -> list[str]:
    """The lines that pytest prints in a folder with these tests, and with the list that lies there."""
    (folder / "test_some.py").write_text(SOME)
    (folder / LIST.parent).mkdir(exist_ok=True)
    path = os.pathsep.join(map(str, (ROOT, HELPERS, folder)))
    (folder / "impatient.py").write_text("import quick\nquick.SLOW = 0.05\n")
    words = ("-m", "pytest", "-q", *PLUGINS, "--rootdir", ".", *words, "test_some.py")
    done = python(*words, cwd=folder, env={**os.environ, "PYTHONPATH": path, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})
    assert done.returncode == 0, done.stdout
    return [" ".join(line.split()) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("workers", [0, 2])
def test_slow_tests_are_named_then_listed_then_left_out_of_the_quick_form(workers: int, tmp_path: Path) -> None:
    slow = ("test_some.py::test_one_case_is_slow[1]", "test_some.py::test_slow")
    for words in ((), ("--record-slow",), (), ("--quick",)):
        lines, quick = run_some(tmp_path, "-n", workers, *words), "--quick" in words
        assert lines[-1].startswith(f"{CASES + 3 + 1 if quick else 27} passed")
        recorded = tuple(sorted(listed(tmp_path / LIST)))
        assert recorded in ((), slow)
        assert {line.split()[-1] for line in lines if line.endswith(slow)} == set(slow) - set(recorded)
        for line in (f"{20 - CASES} cases of tests with more than {CASES}", "2 in tests/slow.txt", "1 marked browser"):
            assert (line in lines) == quick
    assert recorded == slow


def test_a_test_is_listed_whole_if_all_its_cases_are_slow(tmp_path: Path) -> None:
    (tmp_path / LIST.parent).mkdir()
    (tmp_path / "other.py").touch()
    record({"other.py::test": 9.0, "gone.py::test": 9.0}, tmp_path)
    record(
        {"a.py::test[1]": 2 * SLOW, "a.py::test[2]": 3 * SLOW, "a.py::more[1]": SLOW / 2, "a.py::more[2]": 2 * SLOW},
        tmp_path,
    )
    assert set(listed(tmp_path / LIST)) == {"a.py::test", "a.py::more[2]", "other.py::test"}


def test_the_list_names_tests_that_exist() -> None:
    """A test that was renamed would be in the quick form again, however long it takes."""
    for name in listed(ROOT / LIST):
        file, *classes, test = family(name).split("::")
        tree = ast.parse((ROOT / file).read_text())
        for each in classes:
            tree = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == each)
        assert any(isinstance(node, ast.FunctionDef) and node.name == test for node in tree.body), name


def test_workers_begin_with_the_longest_files(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / LIST).write_text("2.0 b.py::test_one\n2.0 b.py::test_two[1]\n3.0 c.py::test\n")
    (tmp_path / "notebooks" / "source").mkdir(parents=True)
    (tmp_path / "notebooks" / "source" / "seconds.json").write_text('{"01": {"cell": 3.5}}')
    names = ["a.py::test", "b.py::test_other", "b.py::test_one", "c.py::test", "notebooks/01.ipynb::Cell 0"]
    items = [SimpleNamespace(nodeid=name) for name in names]
    longest_first(items, tmp_path)  # type: ignore[arg-type]
    assert [item.nodeid for item in items] == [*names[1:3], names[4], names[3], names[0]]
