"""Markup that reads well to a screen reader, too."""

from bs4 import BeautifulSoup

from a2u.site.export import markdown
from a2u.site.markup import fit_tables


def test_a_table_heading_without_words_is_none(pages: dict[str, BeautifulSoup]) -> None:
    """Markdown writes one where a table has none: a screen reader would announce an empty heading."""
    tables = [table for page in pages.values() for table in page.select("table")]
    assert any(not table.select("th") for table in tables)
    assert any(table.select("thead th") for table in tables)
    for table in tables:
        assert all(heading.get_text(strip=True) for heading in table.select("th"))


def test_a_table_heading_that_is_a_formula_has_words_too() -> None:
    soup = BeautifulSoup(markdown("| $w^2$ | the $P$ |\n|---|---|\n| 1 | 2 |"), "html.parser")
    fit_tables(soup)
    alone, mixed = soup.select("th")
    assert alone.select_one("span.unseen").get_text() == "w2"
    assert alone.math["aria-hidden"] == "true"
    assert not mixed.select(".unseen")
    assert not mixed.math.has_attr("aria-hidden")
