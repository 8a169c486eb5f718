"""Pictures that the text of a lesson shows: files of the site, each with its caption, and those that move with a still.

In a lesson a picture is Markdown, alone in its paragraph, and its caption the paragraph in italics below it:

    ![What one sees](../figures/half-pixels.webp)

    *What it means. [Without motion](../figures/half-pixels.png).*

On a page it becomes a figure. Who asks the system for less motion sees the still picture, and a button plays the
animation; for everybody else the button stops it (static/moving.js).
"""

import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import PurePosixPath
from typing import Any

from PIL import Image

from a2u.lessons import links
from a2u.plots import style
from a2u.site.export import markdown, template
from a2u.site.lesson import PICTURES

_SHOWN = re.compile(r"^!\[([^]]*)\]\(([^)\s]+)\)(?:\n+\*(?!\*)((?:[^\n]|\n(?!\n))+?)\*(?=\n\n|\n*\Z))?", re.MULTILINE)


def faults(notebook: Any, files: Mapping[str, bytes]) -> Iterator[str]:
    """What keeps pictures in the text from being shown, a sentence for each."""
    for cell in _texts(notebook):
        for picture in links.pictures(cell.source):
            if picture not in files:
                yield f"its text shows {picture}, which is not there: a2u figure {PurePosixPath(picture).stem}."
        for alt, picture, _ in _SHOWN.findall(cell.source):
            if len(alt.split()) < 3:
                yield f"its picture {picture} has no words for those who cannot see it: write them between ! and (."


def addresses(files: Mapping[str, bytes]) -> dict[str, str]:
    """Where the site has each picture, by its link in the lessons: a digest of its content, in a folder."""
    return {
        link: f"{PICTURES}/{hashlib.sha256(content).hexdigest()[:16]}{PurePosixPath(link).suffix}"
        for link, content in files.items()
        if link in links.pictures(f"]({link})")
    }


def shown(notebook: Any, files: Mapping[str, bytes], up: str = "") -> Any:
    """A copy of a notebook whose Markdown has figures in place of pictures and their captions.

    Args:
        notebook: of a lesson.
        files: contents by the links of the lesson.
        up: what leads from the page to the site's folder.
    """
    places = {link: f"{up}{address}" for link, address in addresses(files).items()}
    changed = deepcopy(notebook)
    for cell in _texts(changed):
        cell.source = _SHOWN.sub(lambda found: _figure(found, files, places), cell.source)
        for link, place in places.items():
            cell.source = cell.source.replace(f"]({link})", f"]({place})")
    return changed


def _figure(found: re.Match[str], files: Mapping[str, bytes], places: Mapping[str, str]) -> str:
    alt, picture, caption = found.groups()
    if picture not in files:  # on the web, say
        return found[0]
    for link, place in places.items():
        caption = (caption or "").replace(f"]({link})", f"]({place})")
    with Image.open(io.BytesIO(files[picture])) as opened:
        width, height = (round(side / style.DENSITY) for side in opened.size)
    made = template("moving.html.j2").render(
        file=places[picture],
        still=places[links.still(picture)] if picture != links.still(picture) else "",
        alt=" ".join(alt.split()),
        width=width,
        height=height,
        caption=" ".join(re.sub(r"^<p>|</p>$", "", markdown(caption).strip()).split()),
    )
    return str(made)


def _texts(notebook: Any) -> Iterator[Any]:
    return (cell for cell in notebook.cells if cell.cell_type == "markdown")
