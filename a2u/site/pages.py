"""One lesson → its page, its slides and the sections that the search knows."""

# nbconvert has no types of its own.
# mypy: disable-error-code="no-untyped-call"

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from bs4 import BeautifulSoup

from a2u.errors import A2UError
from a2u.lessons.page import Page
from a2u.site import checks, frames, moving, slides
from a2u.site import lesson as lessons
from a2u.site.export import DeckExporter, PageExporter, markdown, template
from a2u.site.frames import Explorer, Frames
from a2u.site.lesson import Lesson
from a2u.site.markup import Section, find_sections, fit_tables, fit_type, mark_steps, unlink
from a2u.site.origin import Origin
from a2u.site.work import Made

FRAMES, SLIDES = "frames", "slides"  # folders of the site
NOTATION_PAGE = "notation.html"
# A green disc, the sign of an output: y = wᵀz.
ICON = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'%3E%3Ccircle cx='4' cy='4' r='3.4' fill='%23007F4F'/%3E%3C/svg%3E"  # noqa: E501


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
    pictures = moving.addresses(origin.files)
    files = lessons.take_pictures(notebook) | {pictures[link]: origin.files[link] for link in pictures}
    others = [*([NOTATION_PAGE] if origin.notation else []), *pictures.values()]
    deck = _deck(
        moving.shown(notebook, origin.files, "../"), name, order, pages, [f"../{each}" for each in pictures.values()]
    )
    files[f"{SLIDES}/{name}.html"] = deck.encode()
    if not pages:
        return files, []
    shown = None if explorer is None else frames.restore(explorer, [frame for part in drawn for frame in part])
    page, sections = _page(moving.shown(notebook, origin.files), name, order, shown, others)
    files[f"{name}.html"] = page.encode()
    return files, [asdict(section) for section in sections]


def _page(
    notebook: Any, name: str, order: Sequence[Lesson], shown: Frames | None, others: Sequence[str]
) -> tuple[str, list[Section]]:
    if shown is not None:
        _leave_room(notebook, shown.explorer)
    place = [each.name for each in order].index(name)
    this = order[place]
    exported, _ = PageExporter().from_notebook_node(notebook, {"up": ""})
    if shown is not None:
        exported = exported.replace(_MARK, template("explorer.html.j2").render(shown=shown, prefix="control-"))
    soup = BeautifulSoup(exported, "html.parser")
    sections = find_sections(soup, name)
    unlink(soup, order, others)
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


def notation_page(text: str, order: Sequence[Lesson]) -> str:
    """The page of notation, from Markdown with formulas."""
    soup = BeautifulSoup(markdown(text), "html.parser")
    sections = find_sections(soup, NOTATION_PAGE)
    unlink(soup, order)
    made: str = template("notation.html.j2").render(
        title=f"{sections[0].title} · a2u",
        description="The letters and the terms of the course, a line each.",
        icon=ICON,
        toc=[section for section in sections if section.level == 2],
        body=safe(str(soup)),
    )
    return made


def _deck(notebook: Any, name: str, order: Sequence[Lesson], page: bool, others: Sequence[str]) -> str:
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
    mark_steps(soup)
    fit_tables(soup)
    fit_type(soup)
    unlink(soup.select_one(".slides") or soup, order, others)
    return str(soup)


_MARK = "<!-- the explorer -->"


def _shows(output: Any, explorer: Explorer) -> bool:
    # A drawing that does not move may have the same words, but is displayed, not the value of its cell.
    return bool(output.output_type == "execute_result" and output.data.get("text/plain") == explorer.words)


def _leave_room(notebook: Any, explorer: Explorer) -> None:
    """Leave a mark in place of the output that shows the explorer."""
    shows = [each for cell in notebook.cells for each in cell.get("outputs", []) if _shows(each, explorer)]
    shows[0].data = {"text/html": _MARK}


def safe(html: str) -> Any:
    """Markup made by our own templates, which another template leaves as it is."""
    from markupsafe import Markup

    return Markup(html)


def search_script(sections: Sequence[Section], order: Sequence[Lesson]) -> str:
    """A script that hands the page's search what it looks in: no page opened from a folder may read a JSON file."""
    titles = {lesson.name: f"{lesson.number} · {lesson.title}" for lesson in order}
    index = [[each.page, each.anchor, titles[each.page], each.title, each.text] for each in sections]
    return f"window.a2uSections = {json.dumps(index, ensure_ascii=False)};\n"
