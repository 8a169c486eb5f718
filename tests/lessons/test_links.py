"""Links of the lessons, wherever an edition lies."""

import pytest

from a2u.lessons.links import from_below, pictures, still


@pytest.mark.parametrize(
    ("link", "below"),
    [
        ("notation.md", "../notation.md"),
        ("notation.md#letters", "../notation.md#letters"),
        ("../figures/dots.webp", "../../figures/dots.webp"),
        ("01_lesson.ipynb", "01_lesson.ipynb"),
        ("https://a.b/c.md", "https://a.b/c.md"),
        ("mailto:a@b.org", "mailto:a@b.org"),
        ("#section", "#section"),
        ("/a/c.md", "/a/c.md"),
    ],
)
def test_from_a_folder_below_all_but_lessons_and_the_web_is_one_step_further(link: str, below: str) -> None:
    for text in ("[one\ntwo]({})", "![alt]({})", '[a]({} "title") and more'):
        assert from_below(text.format(link)) == text.format(below)


def test_what_only_looks_like_a_link_stays() -> None:
    text = "The weight `w[0](x)` of $f[i](x.T)$."
    assert from_below(text) == text


def test_pictures_are_found_once_each_with_its_still() -> None:
    text = "![a](../figures/dots.webp)\n\n*Or [without motion](../figures/dots.png).* ![b](plot.png) [c](notation.md)"
    assert pictures(text) == ["../figures/dots.webp", "../figures/dots.png", "plot.png"]
    assert still("../figures/dots.webp") == "../figures/dots.png" == still("../figures/dots.png")
