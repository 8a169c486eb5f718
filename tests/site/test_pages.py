"""A lesson as a page: its formulas, solutions, contents, neighbours, and what the search knows of it."""

import json
import re
from pathlib import Path

from bs4 import BeautifulSoup
from project import NOTEBOOKS
from small_site import LESSON, TRAINING


def test_ids_are_unique_and_headings_descend_from_one_title(pages: dict[str, BeautifulSoup]) -> None:
    for name, page in pages.items():
        ids = [tag["id"] for tag in page.select("[id]")]
        assert len(ids) == len(set(ids)), name
        assert len(page.select("h1")) == 1, name


def test_formulas_are_mathematics_not_source(pages: dict[str, BeautifulSoup]) -> None:
    page = pages[f"{LESSON}.html"]
    assert len(page.select("math")) > 60
    for each in pages.values():
        prose = " ".join(
            part for part in each.find_all(string=True) if not part.find_parent(["pre", "code", "script", "title"])
        )
        assert "$" not in prose
        assert not re.search(r"\\[a-z]", prose)
    numbers = [tag.get_text() for tag in page.select(".equation .number")]
    assert numbers == ["(1)"]


def test_each_exercise_is_followed_by_its_solution_folded(pages: dict[str, BeautifulSoup]) -> None:
    folds = pages[f"{LESSON}.html"].select("details.solved")
    source = (NOTEBOOKS / "source" / f"{LESSON}.py").read_text(encoding="utf-8")
    assert len(folds) == source.count('# %% tags=["exercise"]') >= 3
    for fold in folds:
        assert not fold.has_attr("open")
        assert "check(" in fold.select_one(".input").get_text()
        assert fold.select(".output")
    assert not pages[f"slides/{LESSON}.html"].select("details.solved"), "on a slide an exercise is a question"


def test_the_contents_of_a_lesson_are_its_sections_and_neighbours_are_linked(pages: dict[str, BeautifulSoup]) -> None:
    page = pages[f"{LESSON}.html"]
    assert [link["href"][1:] for link in page.select(".toc li a")] == [h["id"] for h in page.select("main h2")]
    assert page.select_one(".turn [rel=prev]")["href"] == "index.html"
    assert page.select_one(".turn [rel=next]")["href"] == f"{TRAINING}.html"
    last = pages[f"{TRAINING}.html"]
    assert last.select_one(".turn [rel=prev]")["href"] == f"{LESSON}.html"
    assert last.select_one(".turn [rel=next]") is None


def test_search_knows_every_section_and_its_words(site: Path, pages: dict[str, BeautifulSoup]) -> None:
    text = (site / "assets" / "search.js").read_text(encoding="utf-8")
    index = json.loads(text.removeprefix("window.a2uSections = ").rstrip().removesuffix(";"))
    places = {(page, anchor) for page, anchor, *_ in index}
    for name in (LESSON, TRAINING):
        assert {(name, h["id"]) for h in pages[f"{name}.html"].select("main h2, main h3")} <= places
    for word, expected in {"overshoots": LESSON, "reassemble": LESSON, "psnr": TRAINING}.items():
        assert expected in {page for page, *_, words in index if word in words.lower()}
