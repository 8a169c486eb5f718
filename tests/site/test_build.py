"""The course as pages and slides: whole, linked, described, and replaced only as a whole."""

import errno
import os
import re
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from bs4 import BeautifulSoup
from project import NOTEBOOKS
from small_site import LESSON, SMALL, TRAINING, small

from a2u.errors import A2UError
from a2u.site.build import Told, build
from a2u.site.inputs import Inputs
from a2u.site.origin import Origin
from a2u.site.pages import write_lesson


def test_contents_pages_and_slides_are_there(pages: dict[str, BeautifulSoup]) -> None:
    lessons = {f"{folder}{name}.html" for folder in ("", "slides/") for name in (LESSON, TRAINING)}
    assert set(pages) == {"index.html", "notation.html", *lessons}
    cards = pages["index.html"].select(".card")
    assert [card.h3.get_text(" ", strip=True) for card in cards] == ["01 One formula", "08 Train on digits"]
    assert all(re.search(r"\d+ minutes", card.get_text()) and len(card.select("ul li")) >= 3 for card in cards)
    minutes = sum(int(re.search(r"(\d+) minutes", card.get_text())[1]) for card in cards)
    begin = pages["index.html"].select_one(".begin").get_text()
    about = f"{minutes} minutes" if minutes < 90 else f"{round(minutes / 60)} hours"
    assert re.search(rf"2 lessons, about {about}, and [1-9]\d+ minutes more for the exercises", begin)


@pytest.mark.parametrize("there", [True, False])
def test_the_notation_is_a_page_that_lessons_link(there: bool, tmp_path: Path) -> None:
    path = small(tmp_path / "notebooks")
    path.write_text(path.read_text().replace("no more.", "no more. Letters: [Notation](notation.md)."))
    if there:
        (path.parent / "notation.md").write_text(
            "# Notation\n\n## Letters\n\n| letter | meaning |\n|-|-|\n| $w$ | w |\n"
        )
    build(path.parent, tmp_path / "site", stored=True, explorers={})
    assert (tmp_path / "site" / "notation.html").is_file() == there
    lesson = BeautifulSoup((tmp_path / "site" / f"{SMALL}.html").read_text(), "html.parser")
    links = [link["href"] for link in lesson.select("main p a[href]")]
    assert ("notation.html" in links) == there
    assert "notation.md" not in links
    if there:
        page = BeautifulSoup((tmp_path / "site" / "notation.html").read_text(), "html.parser")
        assert page.select("table math")
        assert [link.get_text() for link in page.select(".toc a")] == ["Letters"]


def test_every_link_and_picture_leads_to_a_file_and_every_anchor_to_a_place(
    site: Path, pages: dict[str, BeautifulSoup]
) -> None:
    seen = 0
    for name, page in pages.items():
        for tag in page.select("[href], [src]"):
            address = tag.get("href") or tag["src"]
            if re.match(r"https?:|data:", address):
                continue
            file, _, anchor = unquote(address).partition("#")
            target = (site / name).parent / file if file else site / name
            assert target.is_file(), f"{name}: {address}"
            if anchor:
                assert pages[str(target.resolve().relative_to(site.resolve()))].find(id=anchor), f"{name}: {address}"
            seen += 1
    assert seen > 60


def test_nothing_is_loaded_from_elsewhere(site: Path, pages: dict[str, BeautifulSoup]) -> None:
    for name, page in pages.items():
        for tag in page.select("script[src], link[href], img[src], iframe, object, embed"):
            address = tag.get("src") or tag.get("href") or ""
            assert not re.match(r"(\w+:)?//", address), f"{name}: {address}"
    for sheet in (site / "assets").glob("*.css"):
        assert all(target.startswith("data:") for target in re.findall(r"url\(['\"]?([^)'\"]+)", sheet.read_text()))
        assert "@import" not in sheet.read_text()
    for script in (site / "assets").glob("site.js"):
        assert not re.search(r"fetch\(|XMLHttpRequest|import\(", script.read_text())


def test_every_picture_has_words_and_a_size(pages: dict[str, BeautifulSoup]) -> None:
    pictures = [(name, image) for name, page in pages.items() for image in page.select("img")]
    assert len(pictures) > 30
    for name, image in pictures:
        assert len(image.get("alt", "").split()) >= 3, f"{name}: {image}"
        assert int(image["width"]) > 0 < int(image["height"]), name


def test_a_link_to_a_lesson_that_is_not_in_the_site_is_text(tmp_path: Path) -> None:
    small(tmp_path / "notebooks")
    small(tmp_path / "notebooks", "01_other")
    for names, linked in (([], True), ([SMALL], False)):
        build(tmp_path / "notebooks", tmp_path / "site", names, explorers={})
        page = BeautifulSoup((tmp_path / "site" / f"{SMALL}.html").read_text(), "html.parser").select_one("main")
        assert "follow a link to the other one" in page.get_text()
        assert bool(page.select("li a[href='01_other.html']")) == linked
        cards = BeautifulSoup((tmp_path / "site" / "index.html").read_text(), "html.parser").select(".card")
        assert len(cards) == (2 if linked else 1), "the contents name what is there"
    assert not (tmp_path / "site" / "01_other.html").exists()


# --- nothing is half


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three lessons of a few cells, and the site of them."""
    folder = tmp_path_factory.mktemp("built")
    for name in (SMALL, "01_other", "02_third"):
        small(folder / "notebooks", name, exercise=name == SMALL)
    build(folder / "notebooks", folder / "site", explorers={})
    return folder


@pytest.fixture
def course(built: Path, tmp_path: Path) -> Path:
    """A copy of them, and of what the build has kept, to be changed."""
    return shutil.copytree(built, tmp_path, dirs_exist_ok=True)


def again(course: Path, **how: Any) -> list[str]:
    """Build the site again; the lessons whose pages were written anew."""
    made: list[str] = []
    with pytest.MonkeyPatch.context() as patch:

        def write(origin: Origin, name: str, *given: Any) -> Any:
            made.append(name)
            return write_lesson(origin, name, *given)

        patch.setattr("a2u.site.build.write_lesson", write)
        build(course / "notebooks", course / "site", explorers={}, **how)
    return made


def test_a_folder_of_another_kind_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(A2UError, match="was not written by this command"):
        build(NOTEBOOKS, tmp_path, [TRAINING])
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_building_again_writes_no_page_anew_and_gives_the_same_files(course: Path) -> None:
    before = files(course / "site")
    assert again(course) == []
    assert files(course / "site") == before


def test_only_the_lesson_whose_notebook_has_changed_is_written_anew(course: Path) -> None:
    path = course / "notebooks" / "01_other.ipynb"
    path.write_text(path.read_text().replace("no more", "some more"))
    assert again(course) == ["01_other"]
    assert "some more" in (course / "site" / "01_other.html").read_text()


def test_a_new_title_is_on_the_pages_of_all(course: Path) -> None:
    path = course / "notebooks" / "01_other.ipynb"
    path.write_text(path.read_text().replace("A small lesson", "Another one"))
    assert again(course) == [SMALL, "01_other", "02_third"]
    assert "01 · Another one" in (course / "site" / f"{SMALL}.html").read_text()


def test_a_change_of_what_makes_pages_writes_all_anew(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Inputs, "of_site", lambda _: "another template")
    assert again(course) == [SMALL, "01_other", "02_third"]


def test_a_page_that_a_hand_has_changed_is_as_it_should_be_after_the_next_build(course: Path) -> None:
    before = files(course / "site")
    (course / "site" / f"{SMALL}.html").write_text("")
    (course / "site" / "index.html").unlink()
    again(course)
    assert files(course / "site") == before


def test_a_build_that_is_stopped_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (SMALL, "01_other", "02_third"):
        small(tmp_path / "notebooks", name)

    def stop(done: int, *_: Any) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(tmp_path / "notebooks", tmp_path / "site", explorers={}, told=Told(on_progress=stop))
    assert not (tmp_path / "site").exists()
    assert again(tmp_path) == ["02_third"]
    assert (tmp_path / "site" / "index.html").is_file()


@pytest.mark.parametrize("moment", ["write_lesson", "contents.write_assets", "contents.write_contents"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_a_full_disk_or_a_place_not_writable_is_one_message_and_the_old_site_stays(
    course: Path, monkeypatch: pytest.MonkeyPatch, moment: str, code: int
) -> None:
    before = files(course / "site")
    path = course / "notebooks" / "01_other.ipynb"
    path.write_text(path.read_text().replace("no more", "some more"))

    def refuse(*_: Any) -> None:
        raise OSError(code, os.strerror(code), "where it was written")

    monkeypatch.setattr(f"a2u.site.build.{moment}", refuse)
    with pytest.raises(A2UError, match="where it was written cannot be written"):
        build(course / "notebooks", course / "site", explorers={})
    assert files(course / "site") == before
    monkeypatch.undo()
    again(course)
    assert "some more" in (course / "site" / "01_other.html").read_text()


def test_a_place_that_cannot_be_is_one_message(tmp_path: Path) -> None:
    small(tmp_path / "notebooks")
    (tmp_path / "file").write_text("x")
    with pytest.raises(A2UError, match="cannot be written"):
        build(tmp_path / "notebooks", tmp_path / "file" / "site", explorers={})


def test_a_notebook_that_is_saved_while_the_site_is_built_changes_nothing_of_it(course: Path) -> None:
    before = files(course / "site")
    path = course / "notebooks" / "02_third.ipynb"

    def save(*_: Any) -> None:
        path.write_text("{")

    build(course / "notebooks", course / "site", explorers={}, told=Told(on_progress=save))
    assert files(course / "site") == before
    with pytest.raises(A2UError, match=r"02_third\.ipynb is not whole"):
        build(course / "notebooks", course / "site", explorers={})
    assert files(course / "site") == before


def test_no_page_is_made_before_all_notebooks_are_looked_at(course: Path) -> None:
    path = course / "notebooks" / "02_third.ipynb"
    path.write_text(path.read_text().replace("w^\\\\top z", "\\\\nosuch"))
    small(course / "notebooks", "03_new")
    with pytest.raises(A2UError, match=r"02_third: .*\\nosuch"):
        again(course)
    kept = {each.name.rpartition("-")[0] for each in (course / ".site.build" / "lesson").iterdir()}
    assert kept == {SMALL, "01_other", "02_third"}, "03_new has no page"


def test_progress_counts_every_step_once(course: Path) -> None:
    steps: list[tuple[int, int, str]] = []
    said: list[str] = []
    build(
        course / "notebooks",
        course / "site",
        explorers={},
        told=Told(said.append, lambda *now: steps.append(now)),
    )
    assert [done for done, *_ in steps] == [0, 1, 2, 3]
    assert {total for _, total, _ in steps} == {3}
    assert len(said) == 1


def test_the_slides_alone_are_built_the_same_way(course: Path) -> None:
    build(course / "notebooks", course / "slides", pages=False)
    found = set(files(course / "slides"))
    assert {f"slides/{name}.html" for name in (SMALL, "01_other", "02_third")} <= found
    assert f"{SMALL}.html" not in found
    assert (course / ".slides.build").is_dir()
