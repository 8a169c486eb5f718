"""One lesson → its page, its slides and the sections that the search knows."""

# nbconvert has no types of its own.
# mypy: disable-error-code="no-untyped-call"

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bs4 import BeautifulSoup, Tag
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from a2u.errors import A2UError
from a2u.lessons.page import Page
from a2u.site import checks, frames, slides
from a2u.site import lesson as lessons
from a2u.site.export import TEMPLATES, DeckExporter, PageExporter, markdown
from a2u.site.frames import Explorer, Frames
from a2u.site.lesson import Lesson
from a2u.site.origin import Origin
from a2u.site.work import Made

FRAMES, SLIDES = "frames", "slides"  # folders of the site
# A green disc, the sign of an output: y = wᵀz.
ICON = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'%3E%3Ccircle cx='4' cy='4' r='3.4' fill='%23007F4F'/%3E%3C/svg%3E"  # noqa: E501
_LONGEST = 12_000  # letters of a section that the search looks at


@dataclass(frozen=True)
class Section:
    """A heading of a page, where it is, and the words below it."""

    page: str
    anchor: str
    title: str
    level: int
    text: str


def template(name: str) -> Any:
    """One of our templates for whole pages."""
    loader = FileSystemLoader(TEMPLATES)
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return made.get_template(name)


def check_lesson(origin: Origin, name: str, explorer: Page | None) -> Made:
    """Open the explorer and read every formula: what takes too long to be looked at with the rest of a notebook.

    Returns:
        No files; as the record, what the explorer offers, or None.

    Raises:
        A2UError: the notebook does not show this explorer, or a formula cannot be read.
    """
    notebook = checks.joined(origin, name)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            try:
                markdown(cell.source)
            except A2UError as error:
                raise A2UError(f"{name}: {error}") from error
    if explorer is None:
        return {}, None
    described = frames.describe(explorer)
    if not any(_shows(output, described) for cell in notebook.cells for output in cell.get("outputs", [])):
        raise A2UError(
            f"No cell of {name} shows the explorer that its page.py names: the notebook should hold the words "
            f"{described.words[:80]!r}…. Is the notebook older than the explorer, or its start another one?"
        )
    return {}, asdict(described)


def draw_frames(explorer: Page, places: range) -> Made:
    """The pictures of some of the explorer's combinations."""
    drawn, files = frames.draw(explorer, places, f"{FRAMES}/{explorer.notebook}")
    return files, [asdict(frame) for frame in drawn]


def write_lesson(
    origin: Origin, name: str, order: Sequence[Lesson], pages: bool, explorer: Any = None, *drawn: Any
) -> Made:
    """A lesson's page and its slides, with the pictures of its cells.

    Args:
        origin: of the notebook.
        name: of the lesson.
        order: all lessons of the site, to link them.
        pages: False for the slides alone.
        explorer: as :func:`check_lesson` has recorded it.
        drawn: as :func:`draw_frames` has recorded it, in order.

    Returns:
        The files; as the record, the page's sections for the search.

    Raises:
        A2UError: a cell is not as it should be.
    """
    notebook = checks.joined(origin, name)
    files = lessons.take_pictures(notebook)
    deck = _deck(notebook, name, order, pages)
    files[f"{SLIDES}/{name}.html"] = deck.encode()
    if not pages:
        return files, []
    shown = None if explorer is None else frames.restore(explorer, [frame for part in drawn for frame in part])
    page, sections = _page(notebook, name, order, shown)
    files[f"{name}.html"] = page.encode()
    return files, [asdict(section) for section in sections]


def _page(notebook: Any, name: str, order: Sequence[Lesson], shown: Frames | None) -> tuple[str, list[Section]]:
    if shown is not None:
        _leave_room(notebook, shown.explorer)
    place = [each.name for each in order].index(name)
    this = order[place]
    exported, _ = PageExporter().from_notebook_node(notebook, {"up": ""})
    if shown is not None:
        exported = exported.replace(_MARK, template("explorer.html.j2").render(shown=shown, prefix="control-"))
    soup = BeautifulSoup(exported, "html.parser")
    sections = _sections(soup, name)
    _unlink(soup, order)
    page = template("lesson.html.j2").render(
        title=f"{this.number} · {this.title} · a2u",
        description=f"Lesson {this.number} of a2u: {', '.join(this.goals)}"[:300],
        icon=ICON,
        lesson=this,
        toc=[section for section in sections if section.level == 2],
        body=safe(str(soup)),
        before=order[place - 1] if place else None,
        after=order[place + 1] if place + 1 < len(order) else None,
    )
    return page, sections


def _deck(notebook: Any, name: str, order: Sequence[Lesson], page: bool) -> str:
    """The slides; with ``page``, the corner of each leads to the lesson's page."""
    this = next(each for each in order if each.name == name)
    deck = slides.arrange(notebook, this.title)
    resources = {
        "up": "../",
        "title": f"{this.number} · {this.title}",
        "page": f"../{name}.html" if page else "",
        "icon": ICON,
    }
    exported, _ = DeckExporter().from_notebook_node(deck, resources)
    soup = BeautifulSoup(exported, "html.parser")
    _mark_steps(soup)
    _fit_tables(soup)
    _fit_type(soup)
    _unlink(soup.select_one(".slides") or soup, order)
    return str(soup)


_MARK = "<!-- the explorer -->"


def _shows(output: Any, explorer: Explorer) -> bool:
    # A drawing that does not move may have the same words, but is displayed, not the value of its cell.
    return bool(output.output_type == "execute_result" and output.data.get("text/plain") == explorer.words)


def _leave_room(notebook: Any, explorer: Explorer) -> None:
    """Leave a mark in place of the output that shows the explorer."""
    shows = [each for cell in notebook.cells for each in cell.get("outputs", []) if _shows(each, explorer)]
    shows[0].data = {"text/html": _MARK}


def _unlink(part: Tag, order: Sequence[Lesson]) -> None:
    """A link to a file that is not in this site, such as a lesson that was left out, becomes plain text."""
    there = {f"{each.name}.html" for each in order}
    for link in part.select("a[href]"):
        file = str(link["href"]).split("#")[0]
        if file and not re.match(r"\w+:|//", file) and file not in there:
            link.unwrap()


def _sections(soup: BeautifulSoup, name: str) -> list[Section]:
    """Give every heading an id of its own, mark what a page shows in its own way, and collect what the search knows."""
    _mark_steps(soup)
    _fit_tables(soup)
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


def _mark_steps(soup: BeautifulSoup) -> None:
    """Predict and Explain look like what they are: a paragraph that begins so gets a class."""
    for paragraph in soup.find_all("p"):
        first = paragraph.find("strong")
        word = first.get_text().split(".")[0].split(",")[0].lower() if first and paragraph.contents[0] is first else ""
        if word in ("predict", "explain"):
            paragraph["class"] = word


def _fit_tables(soup: BeautifulSoup) -> None:
    """A heading without words is none; Markdown has no table without a line of them, so a line may have none at all."""
    for head in soup.select("thead"):
        if not head.get_text(strip=True):
            head.decompose()
    for heading in soup.find_all("th"):
        if not heading.get_text(strip=True):
            heading.name = "td"


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


def _fit_type(soup: BeautifulSoup) -> None:
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


def safe(html: str) -> Any:
    """Markup made by our own templates, which another template leaves as it is."""
    from markupsafe import Markup

    return Markup(html)


def search_script(sections: Sequence[Section], order: Sequence[Lesson]) -> str:
    """A script that hands the page's search what it looks in: no page opened from a folder may read a JSON file."""
    titles = {lesson.name: f"{lesson.number} · {lesson.title}" for lesson in order}
    index = [[each.page, each.anchor, titles[each.page], each.title, each.text] for each in sections]
    return f"window.a2uSections = {json.dumps(index, ensure_ascii=False)};\n"
