"""`a2u site`: what it says, on which stream, and how it leaves."""

from pathlib import Path

import pytest
from command import a2u
from small_site import SMALL, commit, small


@pytest.fixture
def notebooks(tmp_path: Path) -> Path:
    small(tmp_path / "notebooks")
    small(tmp_path / "notebooks", "01_other")
    return tmp_path / "notebooks"


def site(notebooks: Path, *more: object) -> object:
    return a2u("site", "--folder", notebooks, "--out", notebooks.parent / "out", "--slides", "--workers", 1, *more)


def test_it_says_which_notebooks_it_shows_and_where_the_site_is(notebooks: Path) -> None:
    name = commit(notebooks.parent)
    ended = site(notebooks)
    assert ended.code == 0
    assert f"those of commit {name}." in ended.err
    assert ended.out.startswith("2 lessons, ")
    assert ended.out.endswith(f"open {notebooks.parent / 'out' / 'index.html'}\n")
    assert "1 lesson, " in site(notebooks, SMALL, "--stored").out


def test_each_fault_is_a_line_and_nothing_is_written(notebooks: Path) -> None:
    (notebooks / f"{SMALL}.ipynb").write_text("{")
    (notebooks / "01_other.ipynb").write_text("")
    ended = site(notebooks)
    assert ended.code == 1
    assert ended.out == ""
    lines = [line for line in ended.err.splitlines() if line.startswith("a2u: ")]
    assert [SMALL in lines[0], "01_other" in lines[1], len(lines)] == [True, True, 2]
    assert not (notebooks.parent / "out").exists()


def test_a_mistyped_lesson_is_one_line(notebooks: Path) -> None:
    ended = site(notebooks, "00_smal")
    assert ended.code == 1
    assert "Did you mean '00_small'?" in ended.err.splitlines()[-1]


def test_ctrl_c_says_that_the_work_is_kept(notebooks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("a2u.site.build.run", stop)
    ended = site(notebooks)
    assert ended.code == 130
    assert "stopped. What is finished is kept, and the same command goes on from there." in ended.err


def test_without_what_exports_the_pages_one_line_says_what_to_install(
    notebooks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "a2u.site.build", None)
    ended = site(notebooks)
    assert ended.code == 1
    assert "pip install 'a2u-upsampling[site]'" in ended.err
