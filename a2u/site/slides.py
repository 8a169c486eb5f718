"""A lesson's cells → slides: a heading starts a slide, and what does not fit on it goes on below, as subslides.

The sources say nothing about slides. Heights are estimated in pixels of a slide of 1280×760; hints and solutions stay
on the page, so that an exercise on a slide is a question.
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 1280, 760
ROOM = 660  # pixels of a slide for what stands below each other on it
LETTERS = 84  # of text in a line
_TEXT, _CODE, _PRINTED, _GAP = 37, 27, 24, 18  # heights of a line, and between parts
_TALLEST = 590  # of a picture: the style sheet shrinks larger ones
_DETAILS = re.compile(r"<details>.*?</details>\s*", re.DOTALL)
_HEADING = re.compile(r"(#{1,4}) +(.+)")
_FORMULA = re.compile(r"\$\$.*?\$\$", re.DOTALL)


@dataclass
class Part:
    """A cell, or a piece of one, that should not be cut; ``level`` is that of a heading, 0 without one."""

    cell: Any
    height: int
    level: int = 0
    title: str = ""


def arrange(notebook: Any, title: str) -> Any:
    """A copy of the notebook cut into parts, each of which says whether it begins a slide or a subslide."""
    deck = deepcopy(notebook)
    deck.cells = []
    room, section = 0, title
    for part in _parts(notebook):
        if part.level in (1, 2):
            begins, room, section = "slide", ROOM, part.title
        elif part.level == 3 or part.height > room:
            begins, room = "subslide", ROOM
        else:
            begins = "-"
        if begins == "subslide" and part.level == 0:
            part.cell.metadata["running"] = section  # the heading is on another slide
            room -= _TEXT
        room -= part.height + _GAP
        part.cell.metadata["slideshow"] = {"slide_type": begins}
        part.cell.id = f"part-{len(deck.cells)}"
        deck.cells.append(part.cell)
    return deck


def _parts(notebook: Any) -> Iterator[Part]:
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if "solution" in tags:
            continue
        if cell.cell_type == "markdown":
            yield from _text(cell)
        elif cell.cell_type == "code":
            yield from _code(cell, shown="exercise" not in tags)


def _text(cell: Any) -> Iterator[Part]:
    for block in blocks(_DETAILS.sub("", cell.source)):
        piece = deepcopy(cell)
        piece.source = block
        heading = _HEADING.match(block)
        level = len(heading[1]) if heading else 0
        yield Part(piece, _text_height(block), level, heading[2] if heading else "")


def blocks(text: str) -> list[str]:
    """Markdown cut at its blank lines, but not inside fenced code, formulas or lists; a heading keeps its next block.

    A line that ends in a colon stays with what it announces.
    """
    found: list[str] = []
    fenced = False
    for block in text.strip().split("\n\n"):
        block = block.strip("\n")
        if not block.strip():
            continue
        previous = found[-1] if found else ""
        open_formula = previous.count("$$") % 2 == 1
        announced = bool(_HEADING.fullmatch(previous)) or previous.rstrip().endswith((":", ":**"))
        if fenced or open_formula or announced or (previous and block.startswith("  ")):
            found[-1] = f"{previous}\n\n{block}"
        else:
            found.append(block)
        fenced = fenced != (block.count("```") % 2 == 1)
    return found


def _text_height(block: str) -> int:
    height, text = 0, block
    for formula in _FORMULA.findall(block):
        height += 62 + 40 * formula.count("\\\\") + 40 * formula.count(r"\underbrace")
        text = text.replace(formula, "")
    code = False
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith("```"):
            code = not code
        elif code:
            height += _CODE
        elif line.startswith("#"):
            height += 84
        elif line.startswith(("- ", "* ", "|")) or re.match(r"\d+\. ", line) or not line.strip():
            lines.append(line)
            height += 8 if line.strip() else _GAP // 2
        elif lines:
            lines[-1] = f"{lines[-1]} {line}"
        else:
            lines.append(line)
    return height + sum(_TEXT * -(-len(re.sub(r"[$\\{}*_`]", "", line)) // LETTERS) for line in lines)


def _code(cell: Any, shown: bool) -> Iterator[Part]:
    source, outputs = cell.source.strip(), cell.outputs if shown else []
    if source:
        code = deepcopy(cell)
        code.outputs = []
        yield Part(code, 24 + _CODE * len(source.splitlines()))
    if outputs:
        result = deepcopy(cell)
        result.metadata["transient"] = {"remove_source": True}
        yield Part(result, sum(map(_output_height, outputs)))


def _output_height(output: Any) -> int:
    picture = output.get("metadata", {}).get("image/png", {})
    if "height" in picture:
        lines = str(picture.get("says", "")).splitlines()
        return min(int(picture["height"]), _TALLEST) + _PRINTED * len(lines)
    text = output.get("text") or output.get("data", {}).get("text/plain", "")
    return 20 + _PRINTED * len(str(text).splitlines())
