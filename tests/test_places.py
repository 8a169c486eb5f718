"""Every place where the course can run (laptop, conda, Binder, a container) reads one list of dependencies."""

import json
import re
import subprocess
import tomllib

import pytest
import yaml
from project import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
OWN = re.compile(r"^-e \.\[(?P<extras>[\w,]+)\]$")


def conda(path: str) -> tuple[list[str], list[str]]:
    """What conda installs by name (without versions), and what it hands to pip."""
    listed = yaml.safe_load((ROOT / path).read_text())["dependencies"]
    names = [re.split(r"[=<>]", each)[0] for each in listed if isinstance(each, str)]
    return names, [line for each in listed if isinstance(each, dict) for line in each["pip"]]


@pytest.mark.parametrize("path", ["environment.yml", ".binder/environment.yml"])
def test_conda_brings_python_and_pip_alone(path: str) -> None:
    names, by_pip = conda(path)
    assert names == ["python", "pip"]
    for line in by_pip:
        found = OWN.match(line)
        assert found is not None, f"{line}: dependencies belong in pyproject.toml"
        assert set(found["extras"].split(",")) <= set(PROJECT["optional-dependencies"])


def test_binder_installs_what_the_notebooks_need() -> None:
    script = ROOT / ".binder" / "postBuild"
    assert script.stat().st_mode & 0o111, "Binder runs it"
    assert subprocess.run(["sh", "-n", script], check=False).returncode == 0
    installs = re.findall(r"(?m)^python -m pip install .*", script.read_text())
    assert installs == ['python -m pip install --no-cache-dir -e ".[lab]"']


def test_the_python_of_each_place_is_one_that_the_project_supports() -> None:
    least = tuple(map(int, re.findall(r"\d+", PROJECT["requires-python"])))
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    found = {
        "container": re.search(r"python:(\d+)\.(\d+)", container["image"]),
        "binder": re.search(r"python=(\d+)\.(\d+)", (ROOT / ".binder" / "environment.yml").read_text()),
    }
    for place, version in found.items():
        assert version is not None, place
        assert tuple(map(int, version.groups())) >= least, place


def test_the_container_is_built_as_every_other_machine() -> None:
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    assert container["postCreateCommand"].endswith("make environment")
    assert re.search(r"(?m)^environment:.*\n\t.*\.ci/environment", (ROOT / "Makefile").read_text())
    assert container["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"].endswith(
        "/.venv/bin/python"
    )
