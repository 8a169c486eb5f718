"""The site of two lessons and that of all, built once for all workers, and a browser without a network."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from chromium import launched, new_page
from filelock import FileLock
from playwright.sync_api import Browser, Page
from project import NOTEBOOKS
from small_site import FEW, FEWER, LESSON, TRAINING, explorers

from a2u.lessons import page as lesson_pages
from a2u.site.build import build


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that the first worker to need it makes; it is there only once it is whole, as `build` promises."""
    base = factory.getbasetemp()
    out = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name / "site"
    out.parent.mkdir(exist_ok=True)
    with FileLock(out.parent.with_suffix(".lock")):
        if not out.exists():
            make(out)
    return out


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two lessons, and fewer of the explorer's pictures than a reader gets."""
    few = explorers(one_formula=FEW, train_on_digits=FEWER)
    lessons = [LESSON, TRAINING]
    return once(tmp_path_factory, "public", lambda out: build(NOTEBOOKS, out, lessons, stored=True, explorers=few))


@pytest.fixture(scope="session")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All lessons, each with the first picture of its explorer alone."""
    offered = explorers(**{name[3:]: _start(page) for name, page in lesson_pages.pages().items()})
    return once(tmp_path_factory, "course", lambda out: build(NOTEBOOKS, out, stored=True, explorers=offered))


def _start(page: lesson_pages.Page) -> dict[str, tuple]:
    """What each control of an explorer shows when it is opened."""
    panel = page.panel()
    return {control: (panel.controls[control].value,) for control in page.controls}


@pytest.fixture(scope="session")
def pages(site: Path) -> dict[str, BeautifulSoup]:
    return {
        str(path.relative_to(site)): BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for path in sorted(site.rglob("*.html"))
    }


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page without a network; any failed request, and any word on the console, is a failure."""
    trouble: list[str] = []
    page = new_page(browser, 1300, offline=True)
    page.on("request", lambda asked: trouble.append(asked.url) if not _is_local(asked.url) else None)
    page.on("requestfailed", lambda asked: trouble.append(f"failed: {asked.url}"))
    page.on("console", lambda message: trouble.append(message.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    yield page
    page.context.close()
    assert trouble == []


def _is_local(url: str) -> bool:
    return url.startswith(("file:", "data:"))
