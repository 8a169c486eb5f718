"""Every page and every deck of the course, as a reader meets it: narrow and wide, by day and by night, and by ear."""

from collections.abc import Iterator
from pathlib import Path

import axe
import pytest
from chromium import opened
from playwright.sync_api import Page
from project import NOTEBOOKS
from small_site import NAMES, explorers

from a2u.lessons.page import pages
from a2u.site.build import build

pytestmark = pytest.mark.browser

PAGES = ["index", *NAMES]
WIDTHS = (390, 1000, 1440)
# How far a picture may shrink: its letters are then as large as the small print of a newspaper. Those of a picture that
# moves have 15 pixels, those of the others 13.
READABLE, READABLE_MOVING = 0.8, 0.7


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All lessons, each with the first picture of its explorer alone."""
    out = tmp_path_factory.mktemp("course") / "site"
    first = {name: _start(name) for name in pages()}
    build(NOTEBOOKS, out, stored=True, explorers=explorers(**{name[3:]: start for name, start in first.items()}))
    return out


def _start(name: str) -> dict[str, tuple]:
    panel, page = pages()[name].panel(), pages()[name]
    return {control: (panel.controls[control].value,) for control in page.controls}


@pytest.fixture(scope="module", params=["light", "dark"])
def reader(request: pytest.FixtureRequest) -> Iterator[Page]:
    """A browser without a network, whose user likes light or dark pages."""
    with opened(WIDTHS[-1], offline=True, color_scheme=request.param) as page:
        yield page


SETTLED = "for (let k = 0; k < 2; k += 1) await new Promise(requestAnimationFrame);"  # boxes have been measured


def show(page: Page, file: Path) -> Iterator[int]:
    """Open a page with all its folds open and all its pictures loaded, at one width after the other."""
    page.set_viewport_size({"width": WIDTHS[0], "height": 1000})
    page.goto(file.as_uri())
    page.evaluate("""async () => {
        for (const fold of document.querySelectorAll("main details")) fold.open = true;
        const images = [...document.images];
        for (const image of images) image.loading = "eager";
        await Promise.all(images.map((image) => image.decode()));
    }""")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 1000})
        page.evaluate(f"async () => {{ {SETTLED} }}")
        yield width


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_in_a_page(course: Path, reader: Page, name: str) -> None:
    script = axe.script()
    for width in show(reader, course / f"{name}.html"):
        if width != WIDTHS[1]:
            assert axe.violations(reader, script) == [], f"{width} px"


@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing_in_a_deck(course: Path, reader: Page, name: str) -> None:
    script = axe.script()
    reader.set_viewport_size({"width": 1300, "height": 800})
    reader.goto((course / "slides" / f"{name}.html").as_uri())
    reader.wait_for_function("Reveal.isReady()")
    assert axe.violations(reader, script) == [], "the first slide"
    reader.add_style_tag(
        content=""".reveal .slides, .reveal .slides section { display: block !important; position: static !important;
        visibility: visible !important; opacity: 1 !important; transform: none !important; height: auto !important }"""
    )
    shown = reader.evaluate("""() => [...document.querySelectorAll(".slides section section")].map((slide) => {
        for (const each of [slide, slide.parentElement]) { each.hidden = false; each.removeAttribute("aria-hidden") }
        return slide.getBoundingClientRect().height;
    })""")
    assert len(shown) > 15
    assert min(shown) > 0, "all slides below each other"
    assert axe.violations(reader, script) == [], "all slides"


OUTSIDE = """(width) => [...document.querySelectorAll("main *")].filter((part) =>
    part.getBoundingClientRect().right > width + 1 && part.textContent.trim()
    && !part.closest("[data-wide], .unseen")).map((part) => part.outerHTML.slice(0, 120))"""
SCROLLING = """() => [...document.querySelectorAll("main *")].filter((part) =>
    part.scrollWidth > part.clientWidth + 1 && part.clientWidth > 0 && !part.matches(".unseen, input")
    && getComputedStyle(part).overflowX !== "visible"
    ).map((part) => [part.outerHTML.slice(0, 120), part.tabIndex, getComputedStyle(part).overflowX])"""
SIZES = """() => [...document.querySelectorAll("main img")].map((image) =>
    [image.alt.slice(0, 60), image.getBoundingClientRect().width / Number(image.getAttribute("width")),
    image.closest(".moving") !== null])"""


@pytest.mark.parametrize("name", PAGES)
def test_no_page_scrolls_sideways_what_is_wide_scrolls_in_its_box_and_pictures_can_be_read(
    course: Path, reader: Page, name: str
) -> None:
    for width in show(reader, course / f"{name}.html"):
        assert reader.evaluate("document.documentElement.scrollWidth") <= width
        assert reader.evaluate(OUTSIDE, width) == []
        boxes = reader.evaluate(SCROLLING)
        assert boxes or width > WIDTHS[0], "on a telephone something is always wide"
        assert [box for box in boxes if box[1:] != [0, "auto"]] == [], "each can be scrolled, by hand and by keyboard"
        sizes = reader.evaluate(SIZES)
        assert sizes
        least = {False: READABLE - 0.03, True: READABLE_MOVING - 0.03}
        assert [each for each in sizes if not least[each[2]] <= each[1] <= 1.01] == [], f"{width} px"
