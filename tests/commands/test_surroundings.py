"""What surrounds a command and is none of its business: code pages, working folder, home, style, memory, names."""

import json
import os
import sys
from pathlib import Path

import pytest
from command import a2u
from processes import run

from a2u import errors
from a2u.commands.surroundings import escape
from a2u.errors import A2UError, memory_ran_out
from a2u.matting import rows
from a2u.matting.settings import run_name, settings

CLI = [sys.executable, "-m", "a2u.commands.cli"]


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_legacy_code_pages(encoding: str) -> None:
    """JSON stays JSON, with the same text, whatever the terminal speaks."""
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    done = run([*CLI, "ops", "a2u", "--json"], env=environment, encoding=encoding)
    assert done.returncode == 0, done.stderr
    assert "A²U" in json.loads(done.stdout)["title"]


def test_what_a_stream_cannot_write_is_escaped_as_json_does() -> None:
    for text in ("A²U", "\U0001f600", "\udcff.png"):
        with pytest.raises(UnicodeEncodeError) as error:
            text.encode("ascii")
        found, end = escape(error.value)
        assert json.loads(f'"{found}"') == text[error.value.start : end]


def test_a_working_folder_that_is_gone(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    code = "import os, sys\nos.rmdir(sys.argv[1])\nfrom a2u.commands.cli import main\nmain(['ops'])"
    environment = {**os.environ, "PYTHONSAFEPATH": "1"}  # Python itself looks for modules where it is started
    done = run([sys.executable, "-c", code, gone], env=environment, cwd=gone)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith("a2u: The folder that you are in does not exist any more")


def test_no_home(tmp_path: Path) -> None:
    """Of a user that the system does not know, with no HOME."""
    environment = {key: value for key, value in os.environ.items() if key not in ("HOME", "USER", "LOGNAME")}
    code = (
        "import os, pwd\n"
        "def nobody(*_): raise KeyError\n"
        "pwd.getpwuid = pwd.getpwnam = nobody\n"
        "from a2u.commands import cli\n"
        "cli.main(['evaluate', 'nowhere', '--download'])"
    )
    done = run([sys.executable, "-c", code], env=environment, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("a2u: There is no nowhere"), done.stderr


@pytest.mark.parametrize("name", ["a/b", "..", "../x", "", "/x", "a\\b"])
@pytest.mark.parametrize("command", [["train", "--preset", "quick"], ["matting", "train", "--preset", "quick"]])
def test_names_of_runs_are_no_paths(tmp_path: Path, command: list[str], name: str) -> None:
    done = a2u(*command, "--runs", tmp_path / "runs", "--name", name)
    assert done.code == 1
    assert "A run's name is that of one folder" in done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--width", "1e9", "width must be positive and at most 8"),
        ("--width", "nan", "width must be positive"),
        ("--width", "-1", "width must be positive"),
        ("--lr", "inf", "lr must be positive and finite"),
        ("--option", "channels=3", "The network sets channels itself"),
        ("--option", "paired=true", "The network sets paired itself"),
        ("--option", "guide_channels=3", "The network sets guide_channels itself"),
        ("--data", "~nobody-of-this-name/x", "does not exist"),
    ],
)
def test_what_no_network_can_be(tmp_path: Path, option: str, value: str, words: str) -> None:
    done = a2u("matting", "train", "--preset", "quick", "--runs", tmp_path / "runs", option, value)
    assert done.code == 1
    assert words in done.err
    assert len(done.err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_every_option_of_the_network_is_its_own() -> None:
    for option in rows._NETWORKS:
        if option not in ("name", "width", "pretrained"):  # which are parameters of `build` itself
            with pytest.raises(A2UError, match="The network sets"):
                rows.build("nearest", **{option: 1})


def test_a_run_is_named_after_the_folder_that_a_point_means(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_name(settings("nearest", "quick", ".")) == f"matting-nearest-{tmp_path.name}-quick"


@pytest.mark.parametrize(
    ("error", "ran_out"),
    [
        (MemoryError(), True),
        (RuntimeError("could not create a primitive"), True),
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory: you tried"),
            True,
        ),
        (RuntimeError("std::bad_alloc"), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (ImportError("libtorch_cpu.so: failed to map segment from shared object: Cannot allocate memory"), True),
        (ImportError("No module named 'torch'"), False),
        (RuntimeError("shape mismatch"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_how_memory_runs_out(error: Exception, ran_out: bool) -> None:
    assert memory_ran_out(error) is ran_out


def test_memory_that_runs_out_in_a_command_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from a2u import operators

    def fail(_: str) -> None:
        raise RuntimeError("could not create a primitive")

    monkeypatch.setattr(operators, "card", fail)
    done = a2u("ops", "a2u")
    assert done.code == 1
    assert done.err.splitlines() == [
        "a2u: The memory of this machine ran out. Ask for less (a smaller width, crop, batch or image), or free some."
    ]
    monkeypatch.setattr(errors, "_NO_PRIMITIVE", "something else")
    with pytest.raises(RuntimeError, match="could not create a primitive"):
        a2u("ops", "a2u")
