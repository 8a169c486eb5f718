"""The scripts and style sheets of the site in a real browser, without a network."""

from pathlib import Path

import pytest
from chromium import changes, code_too_wide, settled
from playwright.sync_api import Page
from small_site import LESSON, TRAINING


@pytest.mark.browser
def test_a_reader_finds_a_lesson_and_moves_a_slider_without_a_network(site: Path, page: Page) -> None:
    page.goto((site / "index.html").as_uri())
    page.get_by_role("link", name="01 One formula").click()
    page.wait_for_url(f"**/{LESSON}.html")
    picture, caption = page.locator(".explorer img"), page.locator(".explorer [role=status]")
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
def test_on_a_telephone_the_picture_of_an_explorer_scrolls_in_its_box_and_stays_there(site: Path, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto((site / f"{LESSON}.html").as_uri())
    box, picture = page.locator(".explorer .scroll"), page.locator(".explorer img")
    assert picture.bounding_box()["width"] == pytest.approx(0.8 * 960, abs=1), "so that its letters can be read"
    page.wait_for_function("box => box.dataset.wide !== undefined", arg=box.element_handle())
    box.focus()
    box.evaluate("box => { box.scrollLeft = 300 }")
    words = picture.get_attribute("alt")
    page.get_by_label("column").press("ArrowRight")
    page.wait_for_function("([image, words]) => image.alt !== words", arg=[picture.element_handle(), words])
    assert box.evaluate("box => box.scrollLeft") == 300, "the eye stays at the same place of the next picture"
    box.evaluate("box => { box.scrollLeft = box.scrollWidth }")
    page.wait_for_function("box => box.dataset.end !== undefined", arg=box.element_handle())
    page.set_viewport_size({"width": 1440, "height": 844})
    page.wait_for_function("box => box.dataset.wide === undefined", arg=box.element_handle())
    assert box.get_attribute("tabindex") is None, "nothing to scroll, nothing to stop at"


@pytest.mark.browser
def test_on_a_telephone_code_folds(site: Path, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto((site / f"{LESSON}.html").as_uri())
    assert code_too_wide(page, "main") == []
