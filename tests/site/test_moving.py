"""Pictures that the text of a lesson shows: in the site, with a still, and stopped or played by a button."""

from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from PIL import Image
from playwright.sync_api import Page
from small_site import SMALL, commit, small

from a2u.errors import A2UError
from a2u.site import slides
from a2u.site.build import build

ALT = "A grey square\nturns white."
TEXT = f"![{ALT}](../figures/square.webp)\\n\\n*It turns $w$ up. [Without motion](../figures/square.png).*".replace(
    "\n", "\\n"
)


@pytest.fixture
def notebooks(tmp_path: Path) -> Path:
    """A lesson whose text shows an animation; nothing is committed."""
    figures = tmp_path / "figures"
    figures.mkdir()
    frames = [Image.new("RGB", (300, 150), shade) for shade in ("grey", "white")]
    frames[0].save(figures / "square.png")
    frames[0].save(figures / "square.webp", save_all=True, append_images=frames[1:], duration=200, loop=0)
    path = small(tmp_path / "notebooks")
    path.write_text(path.read_text().replace("and no more.", f"and no more.\\n\\n{TEXT}"))
    return path.parent


def soup(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


@pytest.mark.parametrize("page", [f"{SMALL}.html", f"slides/{SMALL}.html"])
def test_a_page_and_a_deck_show_it_with_its_still_and_its_caption(page: str, notebooks: Path, tmp_path: Path) -> None:
    build(notebooks, tmp_path / "site", stored=True, explorers={})
    file = tmp_path / "site" / page
    (figure,) = soup(file).select("figure.moving")
    image, still, link = figure.img, figure.source, figure.select_one("figcaption a")
    assert image["alt"] == "A grey square turns white."
    assert (image["width"], image["height"]) == ("200", "100"), "150 pixels for each 100 of the page"
    assert still["media"] == "(prefers-reduced-motion: reduce)"
    assert still["srcset"] == link["href"] != image["src"]
    figures = notebooks.parent / "figures"
    assert (file.parent / image["src"]).read_bytes() == (figures / "square.webp").read_bytes()
    assert (file.parent / still["srcset"]).read_bytes() == (figures / "square.png").read_bytes()
    assert figure.figcaption.get_text().startswith("It turns w up.")
    assert figure.figcaption.math


def test_it_is_that_of_the_commit_and_a_new_one_makes_a_new_page(notebooks: Path, tmp_path: Path) -> None:
    path, site = notebooks.parent / "figures" / "square.webp", tmp_path / "site"
    first = path.read_bytes()
    (tmp_path / ".gitignore").write_text("site\n.site.build\n")
    commit(tmp_path)
    Image.new("RGB", (300, 150), "black").save(path)

    def made() -> bytes:
        return (site / soup(site / f"{SMALL}.html").select_one(".moving img")["src"]).read_bytes()

    build(notebooks, site, explorers={})
    assert made() == first
    build(notebooks, site, explorers={}, stored=True)
    assert made() == path.read_bytes() != first


@pytest.mark.parametrize(
    ("gone", "change", "said"),
    [
        ("square.webp", "", r"shows \.\./figures/square\.webp, which is not there: a2u figure square"),
        ("square.png", "", r"shows \.\./figures/square\.png, which is not there"),
        ("", "A grey square\\nturns white.", r"square\.webp has no words for those who cannot see it"),
    ],
)
def test_without_file_still_or_words_no_page_is_made(
    gone: str, change: str, said: str, notebooks: Path, tmp_path: Path
) -> None:
    if gone:
        (notebooks.parent / "figures" / gone).unlink()
    if change:
        path = notebooks / f"{SMALL}.ipynb"
        path.write_text(path.read_text().replace(change, ""))
    with pytest.raises(A2UError, match=said):
        build(notebooks, tmp_path / "site", stored=True, explorers={})
    assert not (tmp_path / "site").exists()


def test_a_slide_has_room_for_a_figure() -> None:
    figure = '<figure class="picture">\n<img width="200" height="100">\n<figcaption>Words</figcaption>\n</figure>'
    assert slides.blocks(f"Before.\n\n{figure}\n\nAfter.") == ["Before.", figure, "After."]
    taller = figure.replace('"100"', '"200"')
    assert slides._text_height(taller) - slides._text_height(figure) == 150, "drawn at its full number of pixels"


@pytest.mark.browser
@pytest.mark.parametrize("page_name", [f"{SMALL}.html", f"slides/{SMALL}.html"])
def test_a_button_stops_and_plays_it_and_less_motion_begins_with_the_still(
    page_name: str, notebooks: Path, tmp_path: Path, page: Page
) -> None:
    build(notebooks, tmp_path / "site", stored=True, explorers={})
    for motion, first in (("no-preference", ".webp"), ("reduce", ".png")):
        page.emulate_media(reduced_motion=motion)
        page.goto((tmp_path / "site" / page_name).as_uri())
        image = page.locator(".moving img")
        image.scroll_into_view_if_needed()
        shows = "([image, kind]) => image.currentSrc.endsWith(kind) && image.complete && image.naturalWidth > 0"
        page.wait_for_function(shows, arg=[image.element_handle(), first])
        other = ".png" if first == ".webp" else ".webp"
        button = page.locator(".moving button")
        assert button.inner_text() == ("Stop the animation" if first == ".webp" else "Play the animation")
        button.focus()
        page.keyboard.press("Space")
        page.wait_for_function(shows, arg=[image.element_handle(), other])
        assert button.is_visible(), "the slide did not turn"
