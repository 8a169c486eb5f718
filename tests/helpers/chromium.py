"""A real browser: where it is, how a page of it is opened, and how long it may take on this machine."""

import contextlib
import os
import shutil
from collections.abc import Iterator

import pytest
from patience import patience, until
from playwright.sync_api import Browser, Locator, Page, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
SECONDS = 1000  # playwright counts in milliseconds


def program() -> str:
    """The browser that A2U_CHROMIUM names, or the first one found; a machine without one skips, CI fails."""
    named = os.environ.get("A2U_CHROMIUM")
    if named and not shutil.which(named):
        pytest.fail(f"A2U_CHROMIUM={named} is no program.")
    found = named or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        reason = f"No browser: none of {', '.join(BROWSERS)} is installed, and A2U_CHROMIUM names none."
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@contextlib.contextmanager
def launched() -> Iterator[Browser]:
    """A new browser."""
    with sync_playwright() as playwright:
        limit = patience(30) * SECONDS
        browser = playwright.chromium.launch(executable_path=program(), args=FLAGS, timeout=limit)
        yield browser
        browser.close()


def new_page(browser: Browser, width: int, height: int = 1000, **context: object) -> Page:
    """An empty page that shares nothing with others, and waits for everything as long as this machine needs."""
    page = browser.new_context(viewport={"width": width, "height": height}, **context).new_page()
    page.set_default_timeout(patience(30) * SECONDS)
    return page


@contextlib.contextmanager
def opened(width: int, height: int = 1000, **context: object) -> Iterator[Page]:
    """An empty page in a new browser."""
    with launched() as browser:
        yield new_page(browser, width, height, **context)


def settled(picture: Locator) -> bytes:
    """The picture once it has stopped changing, so that a later change proves something."""
    seen = [picture.screenshot()]

    def is_still() -> bool:
        seen.append(picture.screenshot())
        return seen[-1] == seen[-2]

    assert until(is_still, every=1), "the picture changes by itself: a change would prove nothing"
    return seen[-1]


def changes(picture: Locator, before: bytes) -> bool:
    """Does the picture become another one?"""
    return until(lambda: picture.screenshot() != before)


def code_too_wide(page: Page, where: str) -> list[str]:
    """Code that is wider than its box; on a page ("main") not what it prints, which may be a table that scrolls."""
    return page.evaluate(
        """(where) => [...document.querySelectorAll(where)].flatMap((part) => [...part.querySelectorAll(
        where === "main" ? ".highlight pre" : "pre")]).filter((code) => code.scrollWidth > code.clientWidth + 1)
        .map((code) => `${code.innerText.slice(0, 80)}: ${code.scrollWidth} of ${code.clientWidth}`)""",
        where,
    )
