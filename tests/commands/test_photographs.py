"""The numbers of figures/photographs.md are those that the methods have, and its page is that of the command."""

import re

import pytest
from project import ROOT

from a2u.commands.photographs import CLASSICAL, PHOTOGRAPHS, SHOWN, measure, page, table, title
from a2u.lessons.frame import Drawing
from a2u.plots import style
from a2u.pretrained.find import shipped

PAGE = (ROOT / "figures" / "photographs.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def measured() -> dict:
    return measure()


def claimed() -> dict[str, list[int]]:
    """Of each method on the page the percentages of its row."""
    rows = PAGE[PAGE.index("| method |") :].split("\n\n")[0].splitlines()[2:]
    cells = {row.split("|")[1].strip(" `"): row.split("|")[2:5] for row in rows}
    return {
        name: [int(number) for cell in each for number in re.findall(r"(\d+)%", cell)] for name, each in cells.items()
    }


def test_the_shares_are_those_that_are_measured(measured):
    names = {name: title(name) for name in (*CLASSICAL, *shipped())}
    assert set(claimed()) == set(names.values())
    for method, each in measured.items():
        found = [100 * share for one in each.values() for share in (one.shares.front, one.shares.mixed)]
        assert claimed()[names[method]] == pytest.approx(found, abs=1.5), method  # libraries differ a little


def test_the_words_about_them_hold(measured):
    """The worst is the worst; the networks are farther from closed-form than KNN and leave more of the hair open."""
    apart = {name: sum(one.apart for one in each.values()) / len(each) for name, each in measured.items()}
    assert max(apart, key=apart.__getitem__) == "matting/dynamic-cs"
    hair = {name: each["astronaut"].shares.mixed for name, each in measured.items()}
    for name in shipped():
        assert apart[name] > 2 * apart["knn"]
        assert hair[name] > 2 * max(hair[each] for each in CLASSICAL)
    assert set(SHOWN) < set(measured)


def test_a_table_has_a_row_for_each_method():
    lines = table(measure(("closed-form",))).splitlines()
    assert lines[0] == f"| method | {' | '.join(PHOTOGRAPHS)} | apart from closed-form | seconds |"
    assert lines[2].startswith("| closed-form | ")
    assert len(lines) == 3


def test_the_page_holds_the_table_and_its_command():
    drawing = Drawing(style.figure(1, 1), "Some photographs.", PAGE[PAGE.index("| method |") :].split("\n\n")[0])
    made = page(drawing)
    assert made.split("![")[0] == PAGE.split("![")[0]
    assert "`a2u figure photographs`" in made
    assert "![Some photographs.](photographs.png)" in made
