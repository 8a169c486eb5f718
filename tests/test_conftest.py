"""What every run shares: no network, the time of each lesson beside its budget, and patience with a slow machine."""

import json
import os
import socket
import subprocess
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from processes import python
from project import HELPERS, ROOT

CELLS = [
    "import socket\ntry:\n    socket.create_connection(('192.0.2.1', 80), 1)\nexcept OSError as e:\n    print(e)",
    "import subprocess, sys\ncode = 'import urllib.request as u; u.urlopen(\"http://example.org\")'\n"
    "print('blocked' in subprocess.run([sys.executable, '-c', code], capture_output=True, text=True).stderr)",
]
PRINTED = ["The network is blocked here: lessons and tests need none, and this asked for '192.0.2.1'.\n", "True\n"]

ONCE = ["x = 1", "assert 'seen' not in globals()\nseen = x"]


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """nbval over a notebook that tries to leave the machine, with the project's plugin."""
    cells = [
        nbformat.v4.new_code_cell(
            source, execution_count=n, outputs=[nbformat.v4.new_output("stream", name="stdout", text=text)]
        )
        for n, (source, text) in enumerate(zip(CELLS, PRINTED, strict=True), 1)
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "99_lesson.ipynb")
    return nbval(folder, "99_lesson.ipynb", *options)


def nbval(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """pytest with no plugins but these: others take seconds to import."""
    command = ["-m", "pytest", "-q", "-p", "nbval.plugin", "-p", "conftest", "--nbval", "--nbval-current-env", *words]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, HELPERS)))}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    return python(*command, cwd=folder, env=environment)


@pytest.mark.parametrize("hold", [False, True])
def test_lessons_run_without_a_network_and_say_when_they_are_over_budget(hold: bool, tmp_path: Path) -> None:
    options = ["--cell-seconds=-1", *(["--hold-to-budget"] if hold else [])]  # a cell that only waits may take 0
    done = run(tmp_path, *options)
    assert f"{len(CELLS)} passed" in done.stdout, done.stdout  # both were refused, in the words stored above
    assert "time of each lesson (budget 60 s, -1 s for a cell)" in done.stdout
    assert done.stdout.count("OVER BUDGET: ") == done.stdout.count("the budget is -1 s") == len(CELLS)
    assert done.returncode == hold, "a machine may be slow though nothing is wrong; unless one asks, that is no failure"


def test_cells_run_twice_and_the_one_that_cannot_is_named(tmp_path: Path) -> None:
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in ONCE]), tmp_path / "1.ipynb")
    done = nbval(tmp_path, "1.ipynb", "--twice")
    assert "1.ipynb::Cell 1 again" in done.stdout
    assert "assert 'seen' not in globals()" in done.stdout
    assert "1 failed, 3 passed" in done.stdout, done.stdout
    assert "time of each lesson" in done.stdout


def times(*reports: tuple[str, float, float]):
    import importlib.util

    spec = importlib.util.spec_from_file_location("root_conftest", ROOT / "conftest.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = module.Times()
    for nodeid, seconds, clock in reports:
        properties = [("cell", [seconds, clock, 1.0])] if ".ipynb" in nodeid else []
        report = {"nodeid": nodeid, "when": "call", "duration": clock, "user_properties": properties}
        found.pytest_runtest_logreport(SimpleNamespace(**report))
    return found


def test_a_lesson_counts_whole_and_a_cell_alone_and_a_busy_machine_is_no_fault_of_theirs() -> None:
    found = times(
        ("notebooks/01.ipynb::Cell 0", 15.5, 16.5),
        ("notebooks/01.ipynb::Cell 1", 14.5, 14.5),
        *((f"notebooks/02.ipynb::Cell {n}", 14.0, 14.0) for n in range(5)),
        ("notebooks/03.ipynb::Cell 0", 4.0, 450.0),  # the machine had other things to do
        ("tests/test_slow.py::test_slow", 0.0, 500.0),
    )
    assert found.over() == [
        "notebooks/02.ipynb: 71.0 s (71.0 on the clock), the budget is 60 s",
        "notebooks/01.ipynb, Cell 0: 15.5 s (16.5 on the clock), the budget is 15 s",
    ]
    assert [line.split() for line in found.table()[1:]] == [
        ["notebooks/01.ipynb", "31.0", "32.0", "15.5", "16.5"],  # a second for the kernel's start
        ["notebooks/02.ipynb", "71.0", "71.0", "14.0", "14.0"],
        ["notebooks/03.ipynb", "5.0", "451.0", "4.0", "450.0"],
    ]


def test_the_seconds_of_long_cells_are_stored_when_asked_for(tmp_path: Path) -> None:
    found = times()
    found.measured = tmp_path / "seconds.json"
    found.measured.write_text(json.dumps({"01_lesson": {"gone": 8.0, "first": 6.0}, "02_other": {"kept": 9.0}}))
    for name, seconds in (("first", 5.04), ("short", 4.9), ("last", 12.34)):
        properties = [("cell", [seconds, 100.0, 1.0]), ("id", name)]
        report = {"nodeid": f"notebooks/01_lesson.ipynb::{name}", "when": "call", "user_properties": properties}
        found.pytest_runtest_logreport(SimpleNamespace(**report))
    found.store()
    stored = json.loads(found.measured.read_text())
    assert stored == {"01_lesson": {"first": 5.0, "last": 12.3}, "02_other": {"kept": 9.0}}


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("2001:db8::1", 80)])
def test_the_tests_themselves_have_no_network(address: tuple[str, int]) -> None:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family) as one, pytest.raises(OSError, match="network is blocked"):
        one.connect(address)
    with pytest.raises(OSError, match="network is blocked"):
        socket.getaddrinfo("example.org", 443)


def test_this_machine_can_still_talk_to_itself() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()[:2]) as client:
        client.sendall(b"here")
        assert server.accept()[0].recv(4) == b"here"
    assert socket.getaddrinfo("localhost", 80)
