"""The site of two lessons, built once, and a browser without a network."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from chromium import opened
from playwright.sync_api import Page
from project import NOTEBOOKS
from small_site import FEW, FEWER, LESSON, TRAINING, explorers

from a2u.site.build import build


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two lessons, and fewer of the explorer's pictures than a reader gets."""
    out = tmp_path_factory.mktemp("public") / "site"
    few = explorers(one_formula=FEW, train_on_digits=FEWER)
    build(NOTEBOOKS, out, [LESSON, TRAINING], stored=True, explorers=few)
    return out


@pytest.fixture(scope="session")
def pages(site: Path) -> dict[str, BeautifulSoup]:
    return {
        str(path.relative_to(site)): BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for path in sorted(site.rglob("*.html"))
    }


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
