"""The README keeps its word: its code runs, its commands exist, its links lead somewhere, its numbers were measured."""

import json
import re
import shlex
from itertools import takewhile

import nbformat
import pytest
from command import a2u
from locked_download import downloaded
from project import ROOT

from a2u.commands import table1, table2
from a2u.commands.cli import app
from a2u.commands.figures import FIGURES, files
from a2u.files.outputs import LIST
from a2u.matting import report_text as matting_text
from a2u.reconstruction import report_text as reconstruction_text
from a2u.site.lesson import describe

LESSONS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
FIGURES_FOLDER = ROOT / "figures"
README = (ROOT / "README.md").read_text(encoding="utf-8")
INDEX = (FIGURES_FOLDER / "README.md").read_text(encoding="utf-8")
PROSE = " ".join(README.split())
TABLE_1 = json.loads((FIGURES_FOLDER / "table1.json").read_text())
TABLE_2 = json.loads((FIGURES_FOLDER / "matting.json").read_text())


def rows_of(head: str, text: str = README) -> list[list[str]]:
    """The cells of the table under this head, row by row."""
    lines = text[text.index(head) :].splitlines()[2:]
    rows = takewhile(lambda line: line.startswith("|"), lines)
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


# --- a front door


def test_it_is_short_and_begins_with_what_a_stranger_needs():
    lines = README.splitlines()
    assert len(lines) < 215
    first = "\n".join(lines[: lines.index("## The course")])
    assert all(
        word in first for word in ("wᵀz", "inspector.webp", "git clone", "make lab", "make test", "GB", "minutes")
    )


def test_those_who_prefer_no_motion_see_the_still_picture():
    for page in (README, INDEX):
        moving = re.findall(r'<img src="(\S+)\.webp"', page)
        pictures = re.findall(r"<picture>.*?</picture>", page, re.S)
        assert len(pictures) == len(moving) == page.count('.webp"') > 0
        for name, picture in zip(moving, pictures, strict=True):
            assert f'<source media="(prefers-reduced-motion: reduce)" srcset="{name}.png">' in picture
            assert f"]({name}.png)" in page  # and everybody may


@pytest.mark.parametrize(("system", "machine"), [("linux", "x86_64"), ("darwin", "arm64")])
def test_what_is_downloaded_is_what_the_lock_file_says(system, machine):
    words = {"linux": r"on Linux it downloads ([\d.]+) GB", "darwin": r"on a Mac it downloads ([\d.]+) GB"}
    (claimed,) = re.findall(words[system], PROSE)
    assert float(claimed) == pytest.approx(downloaded(system, machine) / 1e9, rel=0.1)
    if system == "linux":
        (minutes,) = re.findall(r"about (\w+) minutes at 100 Mbit/s", PROSE)
        assert minutes == "five"
        assert downloaded(system, machine) * 8 / 100e6 / 60 == pytest.approx(5, abs=1)


def test_the_first_two_minutes_lead_to_a_slider():
    (title,) = re.findall(r'click section 3, "([^"]+)", move the slider \*row\*', PROSE)
    cells = nbformat.read(ROOT / "notebooks" / "00_start_here.ipynb", as_version=4).cells
    start = next(n for n, cell in enumerate(cells) if cell.source.startswith(f"## 3 · {title}"))
    end = next(n for n, cell in enumerate(cells) if cell.source.startswith("## 4"))
    assert any(cell.cell_type == "code" and "explorer(" in cell.source for cell in cells[start:end])


def test_the_lessons_are_all_there_with_their_minutes():
    found = [describe(path.stem, nbformat.read(path, as_version=4)) for path in LESSONS]
    links = [f"[{each.number} {each.title.split(':')[0]}](notebooks/{each.name}.ipynb)" for each in found]
    expected = [[link, f"{each.minutes} + {each.exercises}"] for link, each in zip(links, found, strict=True)]
    assert [row[:2] for row in rows_of("| lesson |")] == expected
    words = {4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine", 10: "ten", 11: "eleven", 12: "twelve"}
    read, solve = (
        words[round(sum(each) / 60)] for each in zip(*((x.minutes, x.exercises) for x in found), strict=True)
    )
    assert f"About {read} hours of reading and running, and {solve} more for the exercises" in PROSE
    assert all(f"site/{name}.html" in README for name in ["01_one_formula"])


# --- what it tells a reader to type


def test_its_python_runs():
    (code,) = re.findall(r"```python\n(.*?)```", README, re.S)
    space: dict = {}
    exec(compile(code, "README.md", "exec"), space)
    assert space["y"].shape == (2, 64, 64, 64)
    assert space["w"].shape == (2, 1, 9, 64, 64)


def commands(text: str) -> list[list[str]]:
    """Every `a2u …` of a page, in a line or in a block, as words; a name of a group is followed by its sub-command."""
    inline = re.findall(r"`(a2u [^`]*)`", text)
    blocks = [line for block in re.findall(r"```\n(.*?)```", text, re.S) for line in block.splitlines()]
    return [shlex.split(each, comments=True)[1:] for each in (*inline, *blocks) if each.startswith("a2u ")]


def test_every_command_exists():
    documented = {words[0] for words in commands(README)}
    existing = {command.name or command.callback.__name__ for command in app.registered_commands}
    existing |= {group.name for group in app.registered_groups}
    assert documented == existing, "what it names is there, and what is there it names"


@pytest.mark.parametrize("page", [README, INDEX], ids=["README", "figures"])
def test_every_option_it_names_exists(page):
    wanted: dict[tuple[str, ...], set[str]] = {}
    for words in commands(page):
        path = tuple(words[: 2 if words[0] == "matting" else 1])
        wanted.setdefault(path, set()).update(word for word in words if word.startswith("-"))
    for path, options in wanted.items():
        left = a2u(*path, "--help")
        assert left.code == 0, path
        known = set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", left.out))
        assert options <= known, path


def test_a_wrong_command_or_option_would_be_found():
    page = "`a2u figur x` and\n```\na2u table1 --lames 9  # --nothing\n```\n"
    assert commands(page) == [["figur", "x"], ["table1", "--lames", "9"]]


def test_every_make_target_it_names_exists():
    targets = re.findall(r"^([a-z]+(?: [a-z]+)*):", (ROOT / "Makefile").read_text(), re.M)
    known = {word for line in targets for word in line.split()}
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", README, re.M)) <= known


# --- links and pictures


@pytest.mark.parametrize("target", re.findall(r"\]\((?!#)([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"", README), ids=str)
def test_links_lead_to_files(target):
    assert (ROOT / "".join(target).split("#")[0]).exists()  # the heading: tests/test_prose.py


@pytest.mark.parametrize("page", [README, INDEX], ids=["README", "figures"])
def test_every_picture_is_described(page):
    described = re.findall(r"!\[([^]]*)\]|<img[^>]*alt=\"([^\"]*)\"", page)
    assert len(described) == page.count("![") + page.count("<img")
    assert all(len("".join(text).strip()) > 40 for text in described)


def test_every_figure_stands_in_the_index_beside_its_command():
    rows = {tuple(re.findall(r"\]\(([^)]+)\)", row[0])): row[2].strip("`") for row in rows_of("| file |", INDEX)}
    made = {name: command for names, command in rows.items() for name in names}
    there = {path.name for path in FIGURES_FOLDER.iterdir() if path.is_file()} - {"README.md", LIST}
    assert {name for name in made if "/" not in name} == there
    assert all((FIGURES_FOLDER / name).exists() for name in made)
    for name in FIGURES:
        assert {made[file] for file in files(name)} == {f"a2u figure {name}"}
    assert {made[name] for name in table1.FILES} == {TABLE_1["command"]}
    assert {made[name] for name in table2.FILES} == {TABLE_2["command"].removesuffix(" --preset narrow")}


# --- numbers


def test_the_pages_of_both_tables_are_those_of_their_json():
    for name, report, text in (("table1", TABLE_1, reconstruction_text), ("matting", TABLE_2, matting_text)):
        assert (FIGURES_FOLDER / f"{name}.md").read_text(encoding="utf-8") == text.to_markdown(report)


def psnr(set_: str) -> dict[str, float]:
    return {cell["row"]: cell["psnr"]["mean"] for cell in TABLE_1["table"] if cell["set"] == set_}


SPREAD = {each["row"]: each for each in TABLE_2["spread"]}
NETWORKS = {  # of the row of an operator: in Table 1, and in Table 2
    "nearest": ("nearest", "nearest"),
    "bilinear": ("bilinear", "bilinear"),
    "deconvolution": ("deconvolution", ""),
    "pixel shuffle": ("pixel_shuffle", ""),
    "max-unpooling": ("max_unpool", ""),
    "CARAFE (1×1 on digits)": ("carafe", "carafe"),
    "IndexNet (holistic on digits)": ("indexnet-holistic", "indexnet"),
}


def test_what_it_says_of_operators_was_measured():
    rows = {row[0]: row[2:] for row in rows_of("| operator | where w")}
    for name, (first, second) in NETWORKS.items():
        sad = f"{SPREAD[second]['mean']:.2f} ± {SPREAD[second]['sd']:.2f}" if second else "–"
        assert rows[name] == [f"{psnr('mnist')[first]:.2f}", sad], name
    forms = [each["mean"] for each in SPREAD.values() if each["title"].startswith("A²U")]
    assert len(forms) == 6
    assert rows["A²U (six forms in matting)"] == [
        f"{psnr('mnist')['a2u']:.2f}",
        f"{min(forms):.2f} to {max(forms):.2f}",
    ]
    assert len(rows) == len(NETWORKS) + 1
    assert "one pass over MNIST" in PROSE
    assert TABLE_1["preset"] == "reduced"


def test_what_it_concludes_from_them_holds():
    informed = {"indexnet-holistic", "indexnet-depthwise", "a2u"}
    ahead = []
    for each in (psnr("mnist"), psnr("fashion")):
        ahead.append(min(each[name] for name in informed) - max(each[name] for name in set(each) - informed))
    assert min(ahead) > 9
    assert "more than 9 dB ahead of every other row" in PROSE
    mnist, fashion = (psnr(name)["a2u"] - psnr(name)["indexnet-holistic"] for name in ("mnist", "fashion"))
    assert f"A²U is {mnist:.1f} dB ahead of holistic IndexNet on MNIST" in PROSE
    assert f"{-fashion:.1f} dB behind it on Fashion-MNIST" in PROSE
    moved = max(SPREAD["nearest"]["sads"].values()) - min(SPREAD["nearest"]["sads"].values())
    means = [each["mean"] for each in SPREAD.values()]
    assert f"Another seed moves nearest by {moved:.2f}" in PROSE
    assert moved > max(means) - min(means)


def test_what_it_says_of_guided_upsampling_holds():
    report = json.loads((FIGURES_FOLDER / "guided.json").read_text(encoding="utf-8"))
    rows = {each["row"]: each for each in report["parts"][0]["rows"] if each["seeds"] and len(each["seeds"]) == 5}
    band = {name: each["mean"]["band"] for name, each in rows.items()}
    assert min(band, key=band.get) == "bilateral"
    for name in ("indexnet", "dysample", "fade-lite"):
        assert band["bicubic"] < band[name] < band["bilinear"]
        assert rows[name]["difference"]["verdict"] == "better"
    for name in ("a2u-dynamic-cs", "sapa-b"):
        assert rows[name]["difference"]["verdict"] == "worse"
    assert "joint bilateral upsampling, which learns nothing, is ahead of every other row with five seeds" in PROSE


def test_what_it_says_of_photographs_stands_in_their_table():
    page = (FIGURES_FOLDER / "photographs.md").read_text(encoding="utf-8")
    open_ = {row[0]: int(row[1].split(", ")[1].strip("%")) for row in rows_of("| method |", page)}
    classical = [open_.pop(name) for name in ("closed-form", "KNN")]
    words = f"leave {min(open_.values())}% to {max(open_.values())}% of the hair's unknown band undecided"
    assert words in PROSE
    assert f"the classical methods leave {min(classical)}% to {max(classical)}%" in PROSE
    assert f"The {len(open_)} networks" in PROSE.replace("five", "5")
