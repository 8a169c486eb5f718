"""The README keeps its word: its code runs, its commands exist, its links and pictures lead somewhere."""

import json
import re
from itertools import takewhile

import pytest
from project import ROOT

from a2u.commands.cli import app

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


def rows_of(head: str) -> list[list[str]]:
    """The numbers in the rows of the table under this head, row by row."""
    lines = README[README.index(head) :].splitlines()[2:]
    rows = list(takewhile(lambda line: line.startswith("|"), lines))
    return [[cell.strip() for cell in row.strip("|").split("|")][1:] for row in rows]


def test_its_numbers_of_table_1_are_those_that_were_measured():
    report = json.loads((ROOT / "figures" / "table1.json").read_text())
    cells = {(cell["row"], cell["set"]): cell for cell in report["table"]}
    names = list(dict.fromkeys(cell["row"] for cell in report["table"]))
    pairs = [[cells[name, set] for set in ("mnist", "fashion")] for name in names]
    expected = [[f"{n:.2f}" for cell in pair for n in (cell["psnr"]["mean"], cell["paper"]["psnr"])] for pair in pairs]
    assert rows_of("| row of Table 1 | MNIST") == expected


def test_its_numbers_of_table_2_are_those_that_were_measured():
    report = json.loads((ROOT / "figures" / "matting.json").read_text())
    expected = []
    for each in (*report["rows"], *report["classical"]):
        here = [f"{each[score]:.{places}f}" for score, places in (("sad", 2), ("mse", 3), ("grad", 2), ("conn", 2))]
        expected.append([*here, f"{each['paper']['sad']:.2f}" if "paper" in each else "–"])
    assert rows_of("| upsampling | SAD | MSE") == expected
