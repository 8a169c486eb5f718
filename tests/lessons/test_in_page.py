"""Every explorer in a real JupyterLab: its size, its colours, its names, and what it says without its kernel."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import SECONDS, changes, settled
from explorers import EXPLORERS
from lab import (
    browsing,
    command,
    open_notebook,
    run_all_cells,
    serving,
    wait_until_idle,
    wait_until_run,
    write_notebook,
)
from patience import patience, until
from playwright.sync_api import Locator, Page

from a2u.lessons.in_page import AGAIN

pytestmark = pytest.mark.browser

OPEN = "from a2u.lessons.{} import explorer\npanel = explorer()\npanel"
ASK = "from a2u.lessons.one_formula.predictions import predict\npredict(next(iter(predict.questions)))"
SCREENS = {"laptop": (1440, 900), "small": (1000, 700), "a panel of about 750 pixels": (1180, 900)}
THEMES = ("JupyterLab Light", "JupyterLab Dark")
HIGHEST = 750  # pixels of a laptop's screen that a notebook has for itself
CONTRAST = 4.5  # of text with its ground: WCAG 2, level AA
SCROLLS = """part => [part, ...part.querySelectorAll("*")].filter(each => each.scrollWidth > each.clientWidth + 1
    && ["auto", "scroll"].includes(getComputedStyle(each).overflowX)).map(each => each.className)"""
GROUND = """part => { for (let at = part; at; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor; if (!/, 0\\)$/.test(colour)) return colour; } }"""


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("course") / "notebooks"
    folder.mkdir()
    write_notebook(folder / "every.ipynb", *(OPEN.format(name) for name in EXPLORERS))
    return folder


@pytest.fixture(scope="module")
def served(course: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(course / "every.ipynb", tmp_path_factory.mktemp("jupyter")) as address:
        yield address


@pytest.fixture(scope="module")
def window() -> Iterator[Page]:
    with browsing(1440, 900) as page:
        yield page


@pytest.fixture(scope="module")
def every(course: Path, served: str, window: Page) -> Page:
    """A page with every explorer, run."""
    run(window, served, course / "every.ipynb")
    return window


@pytest.fixture(scope="module")
def one(course: Path, served: str, window: Page) -> Iterator[Page]:
    """A page with one explorer, a cell that asks it, and a question, run.

    The tests of it come in this order: they look at it, use it, restart its kernel, and end it.
    """
    path = course / "one.ipynb"
    write_notebook(path, OPEN.format("inspector"), "words = panel.at(row=0).says", ASK)
    page = window.context.new_page()
    page.set_default_timeout(patience(30) * SECONDS)
    run(page, served, path)
    yield page
    page.close()


def run(page: Page, served: str, path: Path) -> None:
    open_notebook(page, served, path.name)
    run_all_cells(page)
    wait_until_run(page, path)
    wait_until_idle(page)


def panels(page: Page) -> dict[str, Locator]:
    found = page.locator(".a2u-panel")
    assert found.count() == len(EXPLORERS)
    return {name: found.nth(place) for place, name in enumerate(EXPLORERS)}


@pytest.mark.parametrize("theme", THEMES)
def test_words_can_be_read_in_every_theme(every: Page, theme: str) -> None:
    in_theme(every, theme)
    for name, panel in panels(every).items():
        says = panel.locator(".a2u-says")
        assert contrast(says) >= CONTRAST, name
        for label in panel.locator(".widget-label").all():
            assert contrast(label) >= CONTRAST, (name, label.inner_text())


@pytest.mark.parametrize("size", SCREENS.values(), ids=list(SCREENS))
def test_no_explorer_needs_a_scrollbar(every: Page, size: tuple[int, int]) -> None:
    every.set_viewport_size({"width": size[0], "height": size[1]})
    for name, panel in panels(every).items():
        inside = panel.locator("xpath=ancestor::*[contains(@class, 'jp-Cell-outputArea')][1]")
        assert inside.evaluate(SCROLLS) == [], name
        assert panel.evaluate("part => part.scrollHeight") <= HIGHEST, name
        picture = panel.locator("img").bounding_box()
        room = inside.bounding_box()
        assert picture is not None
        assert room is not None
        assert picture["x"] + picture["width"] <= room["x"] + room["width"] + 1, name


def test_a_slider_moved_by_keyboard_redraws_every_picture(every: Page) -> None:
    moved = 0
    for name, panel in panels(every).items():
        picture, handle = panel.locator("img"), panel.locator(".widget-slider [role=slider]")
        if handle.count():
            before, value = settled(picture), handle.first.get_attribute("aria-valuenow")
            top = handle.first.get_attribute("aria-valuemax")
            handle.first.press("ArrowLeft" if value == top else "ArrowRight")
            assert until(lambda at=handle.first, old=value: at.get_attribute("aria-valuenow") != old), name
            assert changes(picture, before), f"{name}: the slider moved, but the picture stayed"
            moved += 1
    assert moved > len(EXPLORERS) / 2
    for trouble in ("stderr", "error"):
        assert every.locator(f"[data-mime-type='application/vnd.jupyter.{trouble}']").count() == 0
    assert every.locator(".jupyter-widgets-error-widget").count() == 0, "a widget could not be shown"


def test_everything_has_a_name_for_a_screen_reader(every: Page) -> None:
    for name, panel in panels(every).items():
        tree = [line.strip() for line in panel.aria_snapshot().splitlines()]
        nameless = [line for line in tree if re.match(r"- (slider|combobox|button|textbox|img|checkbox)(:|$)", line)]
        assert nameless == [], name
        assert any(re.match(r"- (slider|combobox) ", line) for line in tree), name
        picture = panel.locator("img").get_attribute("alt")
        assert picture is not None
        assert len(picture.split()) >= 10, name
        assert sum(picture in line.replace("\\", "") for line in tree) <= 1, f"{name}: the description is read twice"


def test_a_question_has_names_for_a_screen_reader(one: Page) -> None:
    tree = one.locator(".a2u-predict").aria_snapshot()
    assert re.search(r'radio "a\) ', tree)
    assert re.search(r'button "Commit"', tree)
    assert re.search(r'radiogroup "Your prediction. \w', tree)
    assert not re.search(r"- (radio|radiogroup|button|textbox)(:|$)", tree, re.M)


def test_a_question_and_its_verdict_can_be_read_in_every_theme_and_on_a_small_screen(one: Page) -> None:
    question = one.locator(".a2u-predict")
    question.get_by_role("radio").first.click()
    question.get_by_role("button", name="Commit").click()
    verdict = question.locator(".a2u-verdict")
    verdict.wait_for()
    assert re.match(r"[✓✗] a\) ", verdict.inner_text())
    for theme in THEMES:
        in_theme(one, theme)
        for part in (question.locator(".a2u-asks"), verdict, *question.locator(".widget-radio-box label").all()):
            assert contrast(part) >= CONTRAST, (theme, part.inner_text())
    for size in SCREENS.values():
        one.set_viewport_size({"width": size[0], "height": size[1]})
        inside = question.locator("xpath=ancestor::*[contains(@class, 'jp-Cell-outputArea')][1]")
        assert inside.evaluate(SCROLLS) == []
        assert question.evaluate("part => part.scrollWidth <= part.clientWidth + 1")


def test_a_slider_moves_the_words_of_the_picture_too(one: Page) -> None:
    picture, handle = one.locator(".a2u-panel img"), one.get_by_role("slider", name="row", exact=True)
    before = picture.get_attribute("alt")
    handle.press("ArrowRight")
    assert until(lambda: picture.get_attribute("alt") != before)
    assert until(lambda: "a2u-unanswered" not in (one.locator(".a2u-panel").get_attribute("class") or ""))


def test_a_later_cell_leaves_the_explorer_where_the_learner_put_it(one: Page) -> None:
    handle = one.get_by_role("slider", name="row", exact=True)
    picture = one.locator(".a2u-panel img")
    before = settled(picture)
    handle.press("ArrowRight")
    assert changes(picture, before)
    value, shown = handle.get_attribute("aria-valuenow"), settled(picture)
    cell = one.locator(".jp-CodeCell").nth(1)
    cell.locator(".cm-content").press("Shift+Enter")
    cell.locator(".jp-InputPrompt", has_text="[4]").wait_for()
    wait_until_idle(one)
    assert handle.get_attribute("aria-valuenow") == value
    assert picture.screenshot() == shown


def test_after_a_restart_the_explorer_asks_for_its_cell(one: Page) -> None:
    gone = one.locator(".a2u-panel .a2u-gone")
    assert not gone.is_visible()
    command(one, "kernelmenu:restart")
    one.locator(".jp-Dialog button", has_text="Restart").click()
    gone.wait_for()
    assert AGAIN in gone.inner_text()
    for theme in THEMES:
        in_theme(one, theme)
        assert contrast(gone) >= CONTRAST, theme
    assert "slider" not in one.locator(".a2u-panel").aria_snapshot(), "there is nothing to move"
    assert one.locator(".a2u-panel img").is_visible()
    question = one.locator(".a2u-predict")
    assert AGAIN in question.locator(".a2u-gone").inner_text()
    assert "radio" not in question.aria_snapshot(), "nor anything to choose"

    wait_until_idle(one)
    one.locator(".jp-CodeCell").first.locator(".cm-content").press("Shift+Enter")
    gone.wait_for(state="hidden")
    picture = one.locator(".a2u-panel img")
    before = settled(picture)
    one.get_by_role("slider", name="row", exact=True).press("ArrowRight")
    assert changes(picture, before)


def test_without_a_kernel_a_moved_slider_does_not_keep_quiet(one: Page) -> None:
    silent = one.locator(".a2u-panel .a2u-silent")
    command(one, "kernelmenu:shutdown")
    one.locator(".jp-Toolbar-kernelName", has_text="No Kernel").wait_for()
    assert not silent.is_visible()
    one.get_by_role("slider", name="row", exact=True).press("ArrowRight")
    silent.wait_for()
    assert AGAIN.lower() in silent.inner_text().lower()


def in_theme(page: Page, theme: str) -> None:
    command(page, "apputils:change-theme", theme=theme)
    page.locator(f"body[data-jp-theme-name='{theme}']").wait_for(state="attached")


def contrast(text: Locator) -> float:
    """Of a text with its ground, as WCAG 2 defines it."""
    colour = text.evaluate("part => getComputedStyle(part).color")
    bright, dark = sorted((luminance(colour), luminance(text.evaluate(GROUND))), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """Of "rgb(17, 17, 17)" or "rgba(255, 255, 255, 0.87)", the transparency left out."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
