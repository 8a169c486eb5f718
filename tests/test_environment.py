"""`.ci/environment`, which `make lab` runs first: built once, never half, and one clear line for whatever is missing.

uv and Python are played by short scripts, so that nothing is downloaded and each fault can be ordered.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from project import ROOT

TOOLS = ("sh", "cat", "cksum", "dirname", "mkdir", "mv", "rm", "tail", "touch", "env", "cp", "chmod")
PYTHON = """#!/bin/sh
case "$*" in *version_info*) exit {old};; *--version*) echo "Python {version}";; esac
exit {broken}
"""
UV = """#!/bin/sh
echo "$*" >>"$UV_LOG"
case "$1" in --version) echo "uv 1"; exit 0;; esac
case "$UV_FAULT,$*" in
  no-network,*|online,*--offline*) echo "error: Failed to fetch" >&2; exit 2;;
  killed,*) mkdir -p .venv; touch .venv/pyvenv.cfg; kill -9 $PPID; exit 1;;
esac
mkdir -p .venv/bin && touch .venv/pyvenv.cfg && printf '#!/bin/sh\\n' >.venv/bin/python && chmod +x .venv/bin/python
"""

pytestmark = pytest.mark.skipif(os.name != "posix", reason="a shell script")


class Checkout:
    """A folder with the script in it, and a machine that has only what it is given."""

    def __init__(self, folder: Path) -> None:
        self.root, self.bin = folder / "Ünïcode näme with spaces", folder / "bin"
        (self.root / ".ci").mkdir(parents=True)
        shutil.copy(ROOT / ".ci" / "environment", self.root / ".ci")
        (self.root / "pyproject.toml").touch()
        (self.root / "uv.lock").touch()
        self.bin.mkdir()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool))
        self.log = folder / "uv.log"
        self.has("uv", UV)
        self.has_python()

    def has(self, name: str, script: str) -> None:
        (self.bin / name).write_text(script)
        (self.bin / name).chmod(0o755)

    def has_python(self, version: str = "3.12.1", old: bool = False, broken: bool = False) -> None:
        self.has("python3", PYTHON.format(version=version, old=int(old), broken=int(broken)))

    def build(self, fault: str = "", **more: str) -> "subprocess.CompletedProcess[str]":
        environment = {"PATH": str(self.bin), "UV_LOG": str(self.log), "UV_FAULT": fault, "PYTHON": "", **more}
        self.log.write_text("")
        script = [str(self.root / ".ci" / "environment")]
        return subprocess.run(script, env=environment, capture_output=True, text=True, check=False)

    @property
    def syncs(self) -> list[str]:
        return [line for line in self.log.read_text().splitlines() if line.startswith("sync")]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_it_is_built_once_and_then_nothing_is_asked(checkout: Checkout) -> None:
    assert checkout.build().returncode == 0
    assert len(checkout.syncs) == 1
    again = checkout.build()
    assert (again.returncode, again.stderr, checkout.syncs) == (0, "", [])


def test_the_network_is_asked_only_where_the_cache_has_not_everything(checkout: Checkout) -> None:
    assert checkout.build("online").returncode == 0
    assert [("--offline" in each) for each in checkout.syncs] == [True, False]


@pytest.mark.parametrize("broken", ["no .venv", "no python in it", "moved", "a new lock file"])
def test_it_is_built_again_when_it_does_not_fit_any_more(broken: str, checkout: Checkout) -> None:
    checkout.build()
    if broken == "no .venv":
        shutil.rmtree(checkout.root / ".venv")
    elif broken == "no python in it":
        (checkout.root / ".venv" / "bin" / "python").unlink()
    elif broken == "moved":
        checkout.root = checkout.root.rename(checkout.root.with_name("elsewhere"))
    else:
        (checkout.root / "uv.lock").write_text("newer")
    assert checkout.build().returncode == 0
    assert len(checkout.syncs) == 1


def test_without_a_network_the_last_line_says_what_to_do_and_the_next_build_repairs(checkout: Checkout) -> None:
    done = checkout.build("no-network")
    assert done.returncode == 1
    assert "Without a network, connect once and run make again." in done.stderr
    assert not (checkout.root / ".uv" / "ready").exists()
    later = checkout.build()
    assert later.returncode == 0
    assert "repairing" in later.stderr
    assert "--reinstall" in checkout.syncs[0]
    assert checkout.build().stderr == ""


def test_a_build_that_was_killed_is_repaired_and_not_trusted(checkout: Checkout) -> None:
    assert checkout.build("killed").returncode < 0
    assert (checkout.root / ".uv" / "building").is_file()
    done = checkout.build()
    assert done.returncode == 0
    assert done.stderr == "a2u: the last build of .venv was interrupted: repairing it\n"
    assert "--reinstall" in checkout.syncs[0]


def test_a_second_build_at_the_same_time_waits_for_the_learner(checkout: Checkout) -> None:
    (checkout.root / ".uv").mkdir()
    (checkout.root / ".uv" / "building").write_text(f"{os.getpid()}\n")
    done = checkout.build()
    assert (done.returncode, checkout.syncs) == (1, [])
    assert f"another build of this environment is running (process {os.getpid()})" in done.stderr
    (checkout.root / ".uv" / "building").unlink()
    assert checkout.build().returncode == 0


@pytest.mark.parametrize("content", ["", "no number", "-1", "0"])
def test_a_mark_of_a_build_without_a_process_is_no_process(content: str, checkout: Checkout) -> None:
    (checkout.root / ".uv").mkdir()
    (checkout.root / ".uv" / "building").write_text(content)
    assert checkout.build().returncode == 0
    assert "--reinstall" in checkout.syncs[0]


def test_an_old_python_is_named_with_what_to_do(checkout: Checkout) -> None:
    checkout.has_python("3.9.2", old=True)
    (checkout.bin / "uv").unlink()
    done = checkout.build()
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed; python3 is Python 3.9.2." in done.stderr
    assert "make PYTHON=/path/to/python3.12" in done.stderr


def test_an_old_python_that_was_chosen_is_named_though_uv_could_bring_another(checkout: Checkout) -> None:
    checkout.has_python("3.9.2", old=True)
    done = checkout.build(PYTHON="python3")
    assert done.returncode == 1
    assert "python3 is Python 3.9.2" in done.stderr


def test_without_uv_and_without_a_way_to_it_there_is_a_list_of_ways(checkout: Checkout) -> None:
    (checkout.bin / "uv").unlink()
    checkout.has_python(broken=True)
    done = checkout.build()
    assert done.returncode == 1
    assert "no network? connect once; afterwards everything works offline" in done.stderr
    assert "conda env create -f environment.yml" in done.stderr
    assert not (checkout.root / ".uv" / "tool").exists()


def test_a_folder_that_cannot_be_written_is_one_line(checkout: Checkout) -> None:
    (checkout.root / ".uv").write_text("in the way, as a folder without permission is")
    done = checkout.build()
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"{checkout.root} cannot be written" in done.stderr
