"""The README keeps its word: its code runs, its commands exist, its links and pictures lead somewhere."""

import re
from pathlib import Path

import pytest

from a2u.cli import app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_ten_lines_run(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", README, re.S)
    exec(compile(code, "README.md", "exec"), {})
    assert "'a2u'" in capsys.readouterr().out


def test_every_command_exists():
    documented = set(re.findall(r"`a2u ([a-z0-9]+)", README))
    existing = {command.name or command.callback.__name__ for command in app.registered_commands}
    existing |= {group.name for group in app.registered_groups}
    assert documented <= existing
    assert existing <= documented, "a command that the README does not name"


@pytest.mark.parametrize("target", re.findall(r"\]\((?!#)([^)\s]+)\)", README))
def test_links_lead_to_files(target):
    assert (ROOT / target).exists()


def test_every_make_target_it_names_exists():
    targets = re.findall(r"^([a-z]+(?: [a-z]+)*):", (ROOT / "Makefile").read_text(), re.M)
    known = {word for line in targets for word in line.split()}
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", README, re.M)) <= known


def test_every_picture_is_described():
    assert all(len(text.strip()) > 40 for text in re.findall(r"!\[([^]]*)\]", README))
