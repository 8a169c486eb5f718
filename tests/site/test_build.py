"""The course as pages and slides: whole, linked, described, searchable, and alive without a kernel or a network."""

import dataclasses
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup
from chromium import changes, opened, settled
from PIL import Image
from playwright.sync_api import Page
from project import NOTEBOOKS

from a2u.errors import A2UError
from a2u.lessons import page as lesson_pages
from a2u.site import slides
from a2u.site.build import build, main
from a2u.site.frames import COLOURS, fewer_colours
from a2u.site.lesson import describe, names
from a2u.site.mathematics import mathml

LESSON, TRAINING = "01_one_formula", "08_train_on_digits"  # with an explorer and exercises; with growing pictures, too
FEW = {"operator": ("bilinear", "carafe"), "column": (6, 7, 8)}
FEWER = {"operator": ("nearest", "a2u"), "row": (8, 9)}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two lessons, and fewer of the explorer's pictures than a reader gets."""
    out = tmp_path_factory.mktemp("public") / "site"
    with pytest.MonkeyPatch.context() as patch:
        few = {LESSON: dataclasses.replace(lesson_pages.pages()[LESSON], controls=FEW)}
        fewer = {TRAINING: dataclasses.replace(lesson_pages.pages()[TRAINING], controls=FEWER)}
        patch.setattr("a2u.site.pages.pages", lambda: {**few, **fewer})
        build(NOTEBOOKS, out, [LESSON, TRAINING])
    return out


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, BeautifulSoup]:
    return {
        str(path.relative_to(site)): BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for path in sorted(site.rglob("*.html"))
    }


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


def test_ids_are_unique_and_headings_descend_from_one_title(pages: dict[str, BeautifulSoup]) -> None:
    for name, page in pages.items():
        ids = [tag["id"] for tag in page.select("[id]")]
        assert len(ids) == len(set(ids)), name
        assert len(page.select("h1")) == 1, name


def test_every_picture_has_words_and_a_size(pages: dict[str, BeautifulSoup]) -> None:
    pictures = [(name, image) for name, page in pages.items() for image in page.select("img")]
    assert len(pictures) > 30
    for name, image in pictures:
        assert len(image.get("alt", "").split()) >= 3, f"{name}: {image}"
        assert int(image["width"]) > 0 < int(image["height"]), name


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
    assert len(folds) == 3
    for fold in folds:
        assert not fold.has_attr("open")
        assert "check(" in fold.select_one(".input").get_text()
        assert fold.select(".output")
    assert not pages[f"slides/{LESSON}.html"].select("details"), "on a slide an exercise is a question"


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


def test_the_explorer_has_one_picture_for_each_combination(site: Path, pages: dict[str, BeautifulSoup]) -> None:
    explorer = pages[f"{LESSON}.html"].select_one("[data-explorer]")
    data = json.loads(explorer.script.string)
    assert data["sizes"] == [2, 3]
    assert len(data["frames"]) == 6
    assert len({tuple(frame) for frame in data["frames"]}) == 6, "every combination shows something else"
    for file, width, height in data["pictures"]:
        assert (site / file).is_file()
        assert width == 960
        assert height > 200
    start = data["frames"][1]  # bilinear, column 7: where the lesson starts
    assert explorer.img["src"] == data["pictures"][start[0]][0]
    assert explorer.img["alt"] == data["texts"][start[1]]
    assert "explorer(" in explorer.find_previous(class_="input").get_text(), "it stands where the lesson opens it"
    assert [label.get_text() for label in explorer.select("label")] == ["operator", "column"]
    assert all(explorer.find(id=label["for"]) for label in explorer.select("label"))
    note = " ".join(explorer.select_one(".note").get_text().split())
    assert "Here the ratio stays 2, the channel 0 and the row 5; for questions about them open the lesson in" in note


@pytest.mark.parametrize("operator", ["bicubic", "pixel_shuffle"])  # whose maps turned violet where nothing is negative
def test_a_stored_picture_keeps_the_colours_of_areas_and_greys_stay_grey(operator: str) -> None:
    panel = lesson_pages.pages()[LESSON].panel()
    panel.set(operator=operator)
    with Image.open(io.BytesIO(panel.image.value)) as opened:
        pixels = np.asarray(opened.convert("RGB"))
    stored = fewer_colours(pixels)
    assert len(np.unique(stored.reshape(-1, 3), axis=0)) <= COLOURS
    found, counts = np.unique(pixels.reshape(-1, 3), axis=0, return_counts=True)
    for colour in found[counts > 1000]:
        assert (stored[(pixels == colour).all(axis=2)] == colour).all()
    apart = np.abs(stored.astype(int) - pixels)
    assert apart.mean() < 0.5
    neutral = np.ptp(pixels.astype(int), axis=2) <= 4
    assert neutral.sum() > 10_000
    tint = np.ptp(stored.astype(int)[neutral], axis=1)
    assert tint.max() <= 12  # and that only at a rim, where a few pixels lie between two colours
    assert (tint > 8).sum() < 20


def test_a_ramp_of_greys_keeps_no_tint_and_a_violet_stays_violet() -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    violet = np.stack([ramp[::-1, 0], np.full(256, 32, np.uint8), np.full(256, 255, np.uint8)], axis=1)
    stored = fewer_colours(np.stack([ramp, violet])).astype(int)
    assert np.ptp(stored[0], axis=1).max() <= 5
    assert (stored[1, :192, 1] < stored[1, :192, [0, 2]].min(axis=0)).all()


# --- the explorers that are declared


@pytest.mark.parametrize("name", sorted(lesson_pages.pages()))
def test_a_declared_explorer_is_the_one_that_its_notebook_shows(name: str) -> None:
    assert name in names(NOTEBOOKS)
    panel = lesson_pages.pages()[name].panel()
    assert panel.drawing is not None
    cells = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4).cells
    values = [o for cell in cells for o in cell.get("outputs", []) if o.output_type == "execute_result"]
    assert panel.drawing.words in [output.data.get("text/plain") for output in values]


def test_every_lesson_with_an_explorer_declares_it() -> None:
    sources = (NOTEBOOKS / "source").glob("[0-9][0-9]_*.py")
    with_one = {path.stem for path in sources if re.search(r"^[^#\n]*\bexplorer\(", path.read_text(), re.M)}
    assert with_one <= set(lesson_pages.pages()), "add a page.py to their folders in a2u/lessons"


@pytest.mark.parametrize(
    ("controls", "message"),
    [
        ({"colum": (7,)}, "no control 'colum'.*Did you mean 'column'"),
        ({"column": (0, 1)}, "starts with column = 7"),
        ({"column": (7, 99)}, "cannot set column to 99"),
        ({"operator": ("bilinear", "nearest"), "row": range(16), "column": range(16)}, "512 combinations"),
    ],
)
def test_a_wrong_declaration_is_explained(controls: dict, message: str) -> None:
    with pytest.raises(A2UError, match=message):
        lesson_pages.Page(LESSON, "a2u.lessons.inspector", controls).panel()


# --- formulas


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"20\log_{10} x", "20log10x"),
        (r"\mathbf 1^\top w", "𝟏⊤w"),
        (r"t = \arg\max_t z_t", "t=argmaxtzt"),
        (r"\mathrm{RMSE}", "RMSE"),
    ],
)
def test_a_formula_becomes_mathml(latex: str, expected: str) -> None:
    found = BeautifulSoup(mathml(latex), "html.parser").math
    assert found.get_text() == expected
    assert found["alttext"] == latex


def test_function_names_get_a_thin_space_but_not_before_a_bracket() -> None:
    assert "<mspace" in mathml(r"w \ln w")
    assert "<mspace" not in mathml(r"\operatorname{softmax}(x)")


def test_a_numbered_formula_has_its_number_beside_it() -> None:
    assert '<span class="number">(4)</span>' in mathml(r"w = 1 \tag{4}", "block")


@pytest.mark.parametrize(
    ("latex", "message"),
    [
        (r"\nosuch x", r"uses \\nosuch"),
        (r"\frac{1", "opens 1 braces and closes 0"),
        ("a & b", "cannot be read"),
    ],
)
def test_a_formula_that_cannot_be_shown_is_named(latex: str, message: str) -> None:
    with pytest.raises(A2UError, match=message):
        mathml(latex)


# --- lessons and slides


def test_a_first_cell_without_its_parts_is_explained() -> None:
    cell = nbformat.v4.new_markdown_cell("# A title\n\nand no more")
    with pytest.raises(A2UError, match="first cell of 03_x must begin"):
        describe("03_x", nbformat.v4.new_notebook(cells=[cell]))


def test_slides_begin_at_headings_and_go_on_below() -> None:
    long = "\n\n".join(["A paragraph of some length. " * 12] * 6)
    texts = ["# 01 · Title\n\nLead.", f"## Section\n\n{long}", "### Exercise\n\nAsk.\n\n<details>Hint</details>\n"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text) for text in texts])
    cells = slides.arrange(notebook, "Title").cells
    begins = [cell.metadata.slideshow.slide_type for cell in cells]
    assert begins[0] == begins[1] == "slide"
    assert begins[2:6].count("subslide") == 1, "six long paragraphs need two slides"
    assert [cell.metadata.get("running") for cell in cells if cell.metadata.get("running")] == ["Section"]
    assert cells[-1].source == "### Exercise\n\nAsk."
    assert begins[-1] == "subslide"


def test_formulas_lists_and_code_are_not_cut() -> None:
    text = "Before.\n\n$$a\n\n= b$$\n\n```python\nx = 1\n\ny = 2\n```\n\nAs follows:\n\n- one\n- two"
    found = slides.blocks(text)
    assert found == ["Before.", "$$a\n\n= b$$", "```python\nx = 1\n\ny = 2\n```", "As follows:\n\n- one\n- two"]


def test_a_list_stays_with_its_paragraph_and_no_slide_is_nearly_empty() -> None:
    assert slides.blocks("Four characters.\n\n- one\n- two") == ["Four characters.\n\n- one\n- two"]
    full = "A paragraph that fills a third of a slide. " * 14
    texts = [f"## Section\n\n{full}\n\n{full}\n\nOne sentence more, alone."]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text) for text in texts])
    cells = slides.arrange(notebook, "Title").cells
    assert [cell.metadata.slideshow.slide_type for cell in cells] == ["slide", "subslide", "-"]


# --- the folder


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


# --- in a browser


@pytest.fixture
def page() -> Iterator[Page]:
    """A page without a network; any failed request, and any word on the console, is a failure."""
    trouble: list[str] = []
    with opened(1300, offline=True) as page:
        page.on("request", lambda asked: trouble.append(asked.url) if not _is_local(asked.url) else None)
        page.on("requestfailed", lambda asked: trouble.append(f"failed: {asked.url}"))
        page.on("console", lambda message: trouble.append(message.text))
        page.on("pageerror", lambda error: trouble.append(str(error)))
        yield page
    assert trouble == []


def _is_local(url: str) -> bool:
    return url.startswith(("file:", "data:"))


@pytest.mark.browser
def test_a_reader_finds_a_lesson_and_moves_a_slider_without_a_network(site: Path, page: Page) -> None:
    page.goto((site / "index.html").as_uri())
    page.get_by_role("link", name="01 One formula").click()
    page.wait_for_url(f"**/{LESSON}.html")
    picture, caption = page.locator(".explorer img"), page.locator(".explorer figcaption")
    picture.scroll_into_view_if_needed()
    page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=picture.element_handle())
    before, words = settled(picture), caption.inner_text()

    slider = page.get_by_label("column")
    assert slider.get_attribute("aria-valuetext") == "7"
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") == "8"
    page.wait_for_function("([caption, words]) => caption.innerText !== words", arg=[caption.element_handle(), words])
    assert "y[0, 5, 8]" in caption.inner_text()
    assert changes(picture, before), "the slider moved, but the picture stayed"
    page.get_by_label("operator").select_option("CARAFE")
    page.wait_for_function("image => image.alt.startsWith('CARAFE')", arg=picture.element_handle())


@pytest.mark.browser
def test_search_leads_to_a_section(site: Path, page: Page) -> None:
    page.goto((site / f"{TRAINING}.html").as_uri())
    page.get_by_label("Search the course").fill("negative weights")
    first = page.locator(".hits a").first
    first.wait_for()
    assert "Bicubic" in first.inner_text()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{LESSON}.html#5-bicubic-*")
    assert page.locator("h2:target").is_visible()


@pytest.mark.browser
def test_a_telephone_shows_the_pages_without_scrolling_sideways(site: Path, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for name in ("index", LESSON, TRAINING):
        page.goto((site / f"{name}.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name


@pytest.mark.browser
def test_a_telephone_shows_the_whole_picture_of_an_explorer_and_code_folds(site: Path, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto((site / f"{LESSON}.html").as_uri())
    assert page.locator(".explorer img").bounding_box()["width"] <= 390
    assert page.evaluate(WIDE, "main") == []


# Code that runs out of its box; what it prints may be a table, which scrolls on a page.
WIDE = """(where) => [...document.querySelectorAll(where)].flatMap((part) => [...part.querySelectorAll(
    where === "main" ? ".highlight pre" : "pre")]).filter((code) => code.scrollWidth > code.clientWidth + 1)
    .map((code) => `${code.innerText.slice(0, 80)}: ${code.scrollWidth} of ${code.clientWidth}`)"""


@pytest.fixture(scope="module")
def decks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The slides of all lessons."""
    out = tmp_path_factory.mktemp("decks") / "slides"
    build(NOTEBOOKS, out, pages=False)
    return out / "slides"


@pytest.mark.browser
@pytest.mark.parametrize("name", names(NOTEBOOKS))
def test_slides_turn_and_nothing_is_cut_off(decks: Path, page: Page, name: str) -> None:
    page.goto((decks / f"{name}.html").as_uri())
    page.wait_for_function("Reveal.isReady()")
    page.keyboard.press("Space")
    assert page.evaluate("Reveal.getSlidePastCount()") == 1
    assert page.evaluate("Reveal.getTotalSlides()") > 15
    assert page.evaluate(WIDE, ".slides") == []
    cut = page.evaluate("""() => Reveal.getSlides().filter((slide) => {
        const { h, v } = Reveal.getIndices(slide);
        Reveal.slide(h, v);
        return slide.scrollHeight > slide.clientHeight + 2 || slide.scrollWidth > slide.clientWidth + 2;
    }).map((slide) => `${slide.innerText.slice(0, 60)}: ${slide.scrollHeight} of ${slide.clientHeight}`)""")
    assert cut == []
