"""What nbconvert leaves to be done to the markup of a page or of slides: anchors, folds, links, tables."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bs4 import BeautifulSoup, Tag

from a2u.site import slides
from a2u.site.lesson import Lesson

_LONGEST = 12_000  # letters of a section that the search looks at


@dataclass(frozen=True)
class Section:
    """A heading of a page, where it is, and the words below it."""

    page: str
    anchor: str
    title: str
    level: int
    text: str


def unlink(part: Tag, order: Sequence[Lesson], others: Sequence[str] = ()) -> None:
    """A link to a file that is not in this site, such as a lesson that was left out, becomes plain text.

    Args:
        part: of a page.
        order: the lessons of the site.
        others: its other pages in the same folder, such as "notation.html".
    """
    there = {f"{each.name}.html" for each in order} | set(others)
    for link in part.select("a[href]"):
        file = str(link["href"]).split("#")[0]
        if file and not re.match(r"\w+:|//", file) and file not in there:
            link.unwrap()


def find_sections(soup: BeautifulSoup, name: str) -> list[Section]:
    """Give every heading an id of its own, mark what a page shows in its own way, and collect what the search knows."""
    mark_steps(soup)
    fit_tables(soup)
    _fold_code(soup, ".highlight pre")
    for table in soup.find_all("table"):
        table.wrap(soup.new_tag("div", attrs={"class": "scroll"}))
    for link in soup.find_all("a", href=re.compile(r"^https?://")):
        link["rel"] = "noopener"
    seen: dict[str, int] = {}
    sections = []
    for heading in soup.find_all(re.compile(r"^h[1-4]$")):
        title = _plain(heading)
        slug = re.sub(r"[^\w]+", "-", title.lower()).strip("-") or "section"
        seen[slug] = seen.get(slug, 0) + 1
        anchor = slug if seen[slug] == 1 else f"{slug}-{seen[slug]}"
        heading["id"] = anchor
        sections.append(Section(name, anchor, title, int(heading.name[1]), _below(heading)))
    return sections


def mark_steps(soup: BeautifulSoup) -> None:
    """Predict and Explain look like what they are: a paragraph that begins so gets a class."""
    for paragraph in soup.find_all("p"):
        first = paragraph.find("strong")
        word = first.get_text().split(".")[0].split(",")[0].lower() if first and paragraph.contents[0] is first else ""
        if word in ("predict", "explain"):
            paragraph["class"] = word


def fit_tables(soup: BeautifulSoup) -> None:
    """A heading without words is none; Markdown has no table without a line of them, so a line may have none at all."""
    for head in soup.select("thead"):
        if not head.get_text(strip=True):
            head.decompose()
    for heading in soup.find_all("th"):
        formulas = heading.find_all("math")
        if not heading.get_text(strip=True):
            heading.name = "td"
        elif heading.get_text(strip=True) == "".join(formula.get_text(strip=True) for formula in formulas):
            # Many a reader for the ear takes no words from a formula, and then the column has no name.
            words = soup.new_tag("span", attrs={"class": "unseen"})
            words.string = _plain(heading)
            for formula in formulas:
                formula["aria-hidden"] = "true"
            heading.append(words)


def _fold_code(soup: BeautifulSoup, where: str) -> None:
    """Each line of code is an element, so that a long one may fold below itself, further right than it begins."""
    for code in soup.select(where):
        made = []
        for line in code.decode_contents().rstrip("\n").split("\n"):  # a token is marked on each of its lines
            text = _as_code(line).get_text()
            inward = len(text) - len(text.lstrip()) + 4
            made.append(f'<span class="line" style="--in: {inward}ch">{line}\n</span>')
        code.clear()
        code.extend(list(_as_code("".join(made)).contents))


def _as_code(html: str) -> Tag:
    """Parsed inside ``pre``, where all blanks stay."""
    found = BeautifulSoup(f"<pre>{html}</pre>", "html.parser").pre
    assert found is not None
    return found


def fit_type(soup: BeautifulSoup) -> None:
    """On a slide, code is as large as its longest line lets it be; what it prints is smaller before it folds."""
    for code in soup.select("pre"):
        longest = max(map(len, code.get_text().splitlines()), default=0)
        given = " ".join(code.get("class") or [])
        if "printed" not in given and longest <= slides.LARGE:
            code["class"] = f"{given} short".strip()
        elif "printed" in given and longest > slides.PRINTED:
            code["class"] = f"{given} {'fine' if longest <= slides.FINE else 'long'}"
    _fold_code(soup, ".highlight pre, .printed.long")


def _below(heading: Tag) -> str:
    """The words between a heading and the next one, code included."""
    words: list[str] = []
    for part in heading.find_all_next(["h1", "h2", "h3", "h4", "p", "li", "pre", "td", "th"]):
        if part.name in ("h1", "h2", "h3", "h4"):
            break
        if part.name == "p" and part.find_parent("li") is not None:
            continue
        words.append(_plain(part))
    return " ".join(words)[:_LONGEST]


def _plain(part: Tag) -> str:
    return " ".join(part.get_text().split())
