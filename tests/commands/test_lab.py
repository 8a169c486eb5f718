"""`a2u lab`: what it prepares, what it says, and which JupyterLab it becomes."""

import os
import socket
import sys
from pathlib import Path

import pytest
from command import a2u
from small_course import FORMULA, notebook, small_course

from a2u.lessons import copies, progress, serve

Started = tuple[list[str], dict[str, str]]


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout, with the working folder deep inside it."""
    made = small_course(tmp_path / "Ünïcode näme with spaces")
    deep = made.parent / "figures" / "deep"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setattr(serve, "PORT", free_port())
    return made


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Started]:
    found: list[Started] = []
    monkeypatch.setattr(os, "execve", lambda program, command, environment: found.append((command, environment)))
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def options(started: list[Started]) -> list[str]:
    ((command, _),) = started
    return command


def test_without_a_course_it_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(serve, "__file__", str(tmp_path / "site-packages" / "a2u" / "lessons" / "serve.py"))
    done = a2u("lab", "--no-browser")
    assert done.code == 1
    assert "checkout" in done.err
    assert done.err.count("\n") == 1


def test_it_serves_the_learners_lesson_00_of_the_checkout_around(course: Path, started: list[Started]) -> None:
    port = free_port()
    done = a2u("lab", "--no-browser", "--port", port)
    assert (done.code, done.err) == (0, "")
    assert f"Your copies of the lessons are in {course.parent / 'my-lessons'}." in done.out
    command = options(started)
    assert command[0] == sys.executable
    assert {
        *("--no-browser", f"--ServerApp.port={port}", f"--ServerApp.root_dir={course.parent}"),
        "--LabApp.default_url=/lab/tree/my-lessons/00_start_here.ipynb",
    } <= set(command)
    assert (course.parent / "my-lessons" / "00_start_here.ipynb").is_file()


def test_its_kernel_is_this_python_with_the_lessons_extension(course: Path, started: list[Started]) -> None:
    a2u("lab", "--no-browser")
    ((_, environment),) = started
    for name in ("JUPYTER_CONFIG_PATH", "JUPYTER_PATH"):
        assert environment[name].split(os.pathsep)[0] == str(serve.CONFIG)
    assert environment["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent), "for `a2u` in a terminal"
    import json

    kernel = json.loads((serve.CONFIG / "kernels" / "python3" / "kernel.json").read_text())
    assert kernel["argv"][0] == "python", "which Jupyter replaces by its own"
    assert kernel["argv"][-1].endswith("=a2u.lessons.kernel")


def test_a_lesson_can_be_named(course: Path, started: list[Started]) -> None:
    a2u("lab", "1", "--no-browser")
    assert "--LabApp.default_url=/lab/tree/my-lessons/01_one_formula.ipynb" in options(started)


def test_an_unknown_lesson_is_one_line_and_starts_nothing(course: Path, started: list[Started]) -> None:
    done = a2u("lab", "7")
    assert (done.code, started) == (1, [])
    assert "Known: 00_start_here, 01_one_formula." in done.err


def test_reset_keeps_the_old_copy_and_says_where(course: Path, started: list[Started]) -> None:
    a2u("lab", "--prepare")
    copy = course.parent / "my-lessons" / "01_one_formula.ipynb"
    copy.write_text("work")
    done = a2u("lab", "--reset", "1")
    assert "Fresh from the course: 01_one_formula.ipynb." in done.out
    (kept,) = (copy.parent / copies.KEPT).rglob("*.ipynb")
    assert str(kept.parent) in done.out
    assert kept.read_text() == "work"
    assert copy.read_text() == FORMULA
    assert started == []


def test_a_changed_copy_of_a_changed_lesson_is_named_on_every_start(course: Path, started: list[Started]) -> None:
    a2u("lab", "--prepare")
    (course.parent / "my-lessons" / "01_one_formula.ipynb").write_text("work")
    (course / "01_one_formula.ipynb").write_text(notebook("# 01 · One formula", "y = 3"))
    for _ in range(2):
        done = a2u("lab", "--prepare")
        assert done.out.count("a2u lab --reset 01_one_formula") == 1
        assert done.code == 0


def test_progress_is_shown_before_the_server_starts(course: Path, started: list[Started]) -> None:
    assert "One formula" not in a2u("lab", "--no-browser").out
    progress.note(course.parent / "my-lessons", "01_one_formula", passed="Bilinear", stopped="Summary")
    assert "01 One formula  1 of 2 exercises passed, last cell run under “Summary”" in a2u("lab", "--no-browser").out


def test_the_first_port_is_left_to_jupyterlab_while_it_is_free(course: Path, started: list[Started]) -> None:
    a2u("lab", "--no-browser")
    assert not [each for each in options(started) if each.startswith("--ServerApp.port=")]


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_the_next_port_is_taken_where_the_first_is_in_use(address: str, course: Path, started: list[Started]) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        server = socket.create_server((address, serve.PORT), family=family)
    except OSError:
        pytest.skip(f"this machine has no {address}")
    with server:
        done = a2u("lab", "--no-browser")
    (chosen,) = [int(each.split("=")[1]) for each in options(started) if each.startswith("--ServerApp.port=")]
    assert chosen > serve.PORT
    assert f"Port {serve.PORT} is in use, so this one is {chosen}." in done.out


def test_a_course_that_is_open_already_is_said_with_its_address(
    course: Path, started: list[Started], monkeypatch: pytest.MonkeyPatch
) -> None:
    from jupyter_server import serverapp

    other = {"root_dir": "/elsewhere", "url": "http://localhost:1/", "token": "a"}
    ours = {"root_dir": str(course.parent), "url": "http://localhost:2/", "token": "b"}
    monkeypatch.setattr(serverapp, "list_running_servers", lambda: iter([{}, other, ours]))
    with socket.create_server(("127.0.0.1", serve.PORT)):
        done = a2u("lab", "--no-browser")
    assert "already open at http://localhost:2/lab?token=b" in done.out


def test_a_chosen_port_in_use_is_one_line_and_starts_nothing(course: Path, started: list[Started]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = a2u("lab", "--no-browser", "--port", port)
    assert (done.code, started) == (1, [])
    assert done.err == f"a2u: Port {port} is in use. Choose another; without one, the first free port is taken.\n"


def test_no_free_port_at_all_is_one_line(course: Path, started: list[Started], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "_why_not", lambda port: "is in use")
    done = a2u("lab")
    assert (done.code, started) == (1, [])
    assert "are in use. Choose another one, such as 9000." in done.err


@pytest.mark.parametrize("port", ["0", "70000", "http"])
def test_an_impossible_port(port: str) -> None:
    assert a2u("lab", "--port", port).code == 2


@pytest.mark.parametrize("found", [None, "/usr/bin/w3m"], ids=["none", "a text browser"])
def test_no_browser_is_one_line_and_the_server_starts(
    found: str | None, course: Path, started: list[Started], monkeypatch: pytest.MonkeyPatch
) -> None:
    import webbrowser

    def get() -> webbrowser.BaseBrowser:
        if found is None:
            raise webbrowser.Error("could not locate runnable browser")
        return webbrowser.GenericBrowser(found)

    monkeypatch.setattr(webbrowser, "get", get)
    done = a2u("lab")
    assert "There is no browser here: open the address below yourself." in done.out
    assert "--no-browser" in options(started)


def test_a_browser_is_used(course: Path, started: list[Started], monkeypatch: pytest.MonkeyPatch) -> None:
    import webbrowser

    monkeypatch.setattr(webbrowser, "get", lambda: webbrowser.BackgroundBrowser("/usr/bin/firefox"))
    assert "no browser" not in a2u("lab").out
    assert "--no-browser" not in options(started)


def test_a_home_that_cannot_be_written_is_one_line(
    course: Path, started: list[Started], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "file" / "runtime"))
    done = a2u("lab", "--no-browser")
    assert (done.code, started) == (1, [])
    assert "set HOME (or JUPYTER_RUNTIME_DIR) to a folder of yours" in done.err
    assert done.err.count("\n") == 1


def test_without_jupyterlab_it_says_what_to_install_and_can_still_prepare(
    course: Path, started: list[Started], monkeypatch: pytest.MonkeyPatch
) -> None:
    from a2u.commands import lab

    monkeypatch.setattr(lab, "find_spec", lambda name: None)
    assert "a2u-upsampling[lab]" in a2u("lab").err
    assert a2u("lab", "--prepare").code == 0
    assert started == []
