"""The course as pages and slides: whole, linked, described, and replaced only as a whole."""

import re
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest
from bs4 import BeautifulSoup
from project import NOTEBOOKS
from small_site import LESSON, TRAINING

from a2u.errors import A2UError
from a2u.site.build import build, main


def test_contents_pages_and_slides_are_there(pages: dict[str, BeautifulSoup]) -> None:
    lessons = {f"{folder}{name}.html" for folder in ("", "slides/") for name in (LESSON, TRAINING)}
    assert set(pages) == {"index.html", *lessons}
    cards = pages["index.html"].select(".card")
    assert [card.h3.get_text(" ", strip=True) for card in cards] == ["01 One formula", "08 Train on digits"]
    assert all(re.search(r"\d+ minutes", card.get_text()) and len(card.select("ul li")) >= 3 for card in cards)
    minutes = sum(int(re.search(r"(\d+) minutes", card.get_text())[1]) for card in cards)
    begin = pages["index.html"].select_one(".begin").get_text()
    assert re.search(rf"2 lessons, about {minutes} minutes, and [1-9]\d+ minutes more for the exercises", begin)


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


def test_a_folder_of_another_kind_is_not_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    assert main(["--folder", str(NOTEBOOKS), "--out", str(tmp_path)]) == 1
    assert "was not written by this command" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_build_that_fails_leaves_the_site_as_it_was(tmp_path: Path) -> None:
    out, broken = tmp_path / "slides", tmp_path / "notebooks"
    build(NOTEBOOKS, out, [TRAINING], pages=False)
    before = (out / "slides" / f"{TRAINING}.html").read_bytes()
    broken.mkdir()
    notebook = nbformat.read(NOTEBOOKS / f"{TRAINING}.ipynb", as_version=4)
    notebook.cells = [notebook.cells[0], nbformat.v4.new_markdown_cell(r"$\nosuch$")]
    nbformat.write(notebook, broken / f"{TRAINING}.ipynb")
    with pytest.raises(A2UError, match="nosuch"):
        build(broken, out, pages=False)
    assert (out / "slides" / f"{TRAINING}.html").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notebooks", "slides"]
    build(NOTEBOOKS, out, [TRAINING], pages=False)
    assert (out / "slides" / f"{TRAINING}.html").read_bytes() == before, "building again gives the same file"
