"""One lesson → its page, its slides and the sections that the search knows."""

# nbconvert has no types of its own.
# mypy: disable-error-code="no-untyped-call"

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup, Tag
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from a2u.errors import A2UError
from a2u.lessons.page import pages
from a2u.site import lesson as lessons
from a2u.site import slides
from a2u.site.export import TEMPLATES, DeckExporter, PageExporter
from a2u.site.frames import Frames, render
from a2u.site.lesson import Lesson

FRAMES = "frames"  # folder of the site
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


def write_page(folder: Path, name: str, order: Sequence[Lesson], out: Path) -> list[Section]:
    """Write ``out/NAME.html`` with its pictures and frames; returns its sections.

    Raises:
        A2UError: a notebook, an explorer or a formula is not as it should be.
    """
    notebook = _prepared(folder, name, out)
    frames = _with_explorer(notebook, name, out)
    place = [each.name for each in order].index(name)
    this = order[place]
    exported, _ = PageExporter().from_notebook_node(notebook, {"up": ""})
    if frames is not None:
        exported = exported.replace(_MARK, template("explorer.html.j2").render(frames=frames, prefix="control-"))
    soup = BeautifulSoup(exported, "html.parser")
    sections = _sections(soup, name)
    page = template("lesson.html.j2").render(
        title=f"{this.number} · {this.title} · a2u",
        description=f"Lesson {this.number} of a2u: {', '.join(this.goals)}"[:300],
        icon=ICON,
        lesson=this,
        toc=[section for section in sections if section.level == 2],
        body=_safe(str(soup)),
        before=order[place - 1] if place else None,
        after=order[place + 1] if place + 1 < len(order) else None,
    )
    (out / f"{name}.html").write_text(page, encoding="utf-8")
    return sections


def write_deck(folder: Path, name: str, this: Lesson, out: Path, page: bool = True) -> None:
    """Write ``out/slides/NAME.html``; with ``page``, its last corner leads to the lesson's page."""
    deck = slides.arrange(_prepared(folder, name, out), this.title)
    resources = {
        "up": "../",
        "title": f"{this.number} · {this.title}",
        "page": f"../{name}.html" if page else "",
        "icon": ICON,
    }
    exported, _ = DeckExporter().from_notebook_node(deck, resources)
    soup = BeautifulSoup(exported, "html.parser")
    _mark_steps(soup)
    _fit_type(soup)
    (out / "slides").mkdir(exist_ok=True)
    (out / "slides" / f"{name}.html").write_text(str(soup), encoding="utf-8")


_MARK = "<!-- the explorer -->"


def _prepared(folder: Path, name: str, out: Path) -> Any:
    notebook = lessons.read(folder, name)
    if any("exercise" in cell.metadata.get("tags", []) for cell in notebook.cells):
        notebook = lessons.with_solutions(notebook, lessons.read(folder, name, "solutions"))
    lessons.store_pictures(notebook, out)
    return notebook


def _with_explorer(notebook: Any, name: str, out: Path) -> Frames | None:
    """Draw the explorer's pictures, and leave a mark in the cell that shows it."""
    page = pages().get(name)
    if page is None:
        return None
    frames = render(page, out / FRAMES / name, f"{FRAMES}/{name}")
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            # A drawing that does not move may have the same words, but is displayed, not the value of its cell.
            if output.output_type == "execute_result" and output.data.get("text/plain") == frames.words:
                output.data = {"text/html": _MARK}
                return frames
    raise A2UError(
        f"No cell of {name} shows the explorer that its page.py names: the notebook should hold the "
        f"words {frames.words[:80]!r}…. Is the notebook older than the explorer, or its start another one?"
    )


def _sections(soup: BeautifulSoup, name: str) -> list[Section]:
    """Give every heading an id of its own, mark what a page shows in its own way, and collect what the search knows."""
    _mark_steps(soup)
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


def _safe(html: str) -> Any:
    from markupsafe import Markup

    return Markup(html)  # made by our own templates


def search_script(sections: Sequence[Section], order: Sequence[Lesson]) -> str:
    """A script that hands the page's search what it looks in: no page opened from a folder may read a JSON file."""
    titles = {lesson.name: f"{lesson.number} · {lesson.title}" for lesson in order}
    index = [[each.page, each.anchor, titles[each.page], each.title, each.text] for each in sections]
    return f"window.a2uSections = {json.dumps(index, ensure_ascii=False)};\n"
