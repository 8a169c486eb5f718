"""A lesson's cells → slides: a heading starts a slide, and what does not fit on it goes on below, as subslides.

The sources say nothing about slides. Heights are estimated in pixels of a slide of 1280×760, and a slide that is too
full all the same is drawn smaller in the browser (static/deck.js); hints and solutions stay on the page, so that an
exercise on a slide is a question.
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from a2u.plots import style

WIDTH, HEIGHT = 1280, 760
ROOM = 680  # pixels of a slide for what stands below each other on it
SHORT = 200  # a slide with less on it looks like a mistake
LETTERS = 92  # of text in a line
LARGE, SMALL = 84, 98  # letters of code in a line: all of them fit in large type, or it is small and longer lines fold
PRINTED, FINE = 114, 129  # and of what code prints: fine type keeps a table whole, what is longer still folds
_TEXT, _LARGE, _SMALL, _PRINTED, _GAP = 37, 32, 28, 24, 18  # heights of a line, and between parts
_TALLEST, _TIGHT = 590, 480  # of a picture, and of one below its code: the style sheet shrinks larger ones
_BRIEF = 4  # lines of code that stand above their picture
_DETAILS = re.compile(r"<details>.*?</details>\s*", re.DOTALL)
_HEADING = re.compile(r"(#{1,4}) +(.+)")
_ITEM = re.compile(r"([-*]|\d+\.) ")
_FIGURE = re.compile(r'<figure.*? height="(\d+)".*?</figure>', re.DOTALL)
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
    for group in _groups(_parts(notebook)):
        section = group[0].title or title
        for down, slide in enumerate(_slides(group)):
            for place, part in enumerate(slide):
                if down and not place and part.level == 0:
                    part.cell.metadata["running"] = section  # the heading is on another slide
                begins = ("subslide" if down else "slide") if not place else "-"
                part.cell.metadata["slideshow"] = {"slide_type": begins}
                part.cell.id = f"part-{len(deck.cells)}"
                deck.cells.append(part.cell)
    return deck


def _groups(parts: Iterator[Part]) -> list[list[Part]]:
    """What stands between two headings of the first or the second level."""
    groups: list[list[Part]] = []
    for part in parts:
        if part.level in (1, 2) or not groups:
            groups.append([])
        groups[-1].append(part)
    return groups


def _slides(group: list[Part]) -> list[list[Part]]:
    """Fill slides from the top, below each other; then let a short one have the last part of the one before it."""
    slides: list[list[Part]] = [[]]
    for part in group:
        begins = part.level == 3 and _height(slides[-1]) >= SHORT
        if slides[-1] and (begins or _height([*slides[-1], part]) > ROOM):
            slides.append([])
        slides[-1].append(part)
    for before, slide in pairwise(slides):
        while len(before) > 1 and slide[0].level == 0 and _height(slide) < SHORT <= _height(before[:-1]):
            if _height([before[-1], *slide]) > ROOM:
                break
            slide.insert(0, before.pop())
    return slides


def _height(slide: list[Part]) -> int:
    running = _TEXT if slide and slide[0].level == 0 else 0
    return running + sum(part.height + _GAP for part in slide)


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

    A line that ends in a colon stays with what it announces, and a list with the paragraph before it.
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
        listed = bool(_ITEM.match(block)) and not _ITEM.match(previous) and not previous.endswith("$$")
        together = listed and 0 < _text_height(f"{previous}\n\n{block}") <= ROOM - 2 * _TEXT
        if fenced or open_formula or announced or (previous and (together or block.startswith("  "))):
            found[-1] = f"{previous}\n\n{block}"
        else:
            found.append(block)
        fenced = fenced != (block.count("```") % 2 == 1)
    return found


def _text_height(block: str) -> int:
    height, text = 0, block
    for figure in _FIGURE.finditer(block):
        caption = re.sub(r"<math.*?</math>|<.*?>", "", figure[0])
        height += min(round(style.DENSITY * int(figure[1])), _TALLEST) + _PRINTED * (2 + len(caption) // PRINTED)
        text = text.replace(figure[0], "")
    for formula in _FORMULA.findall(block):
        height += 62 + 40 * formula.count("\\\\") + 40 * formula.count(r"\underbrace")
        text = text.replace(formula, "")
    code = False
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith("```"):
            code = not code
        elif code:
            height += _SMALL * -(-len(line) // SMALL)
        elif line.startswith("#"):
            height += 84
        elif _ITEM.match(line) or line.startswith("|") or not line.strip():
            lines.append(line)
            height += 8 if line.strip() else _GAP // 2
        elif lines:
            lines[-1] = f"{lines[-1]} {line}"
        else:
            lines.append(line)
    return height + sum(_TEXT * -(-len(re.sub(r"[$\\{}*_`]", "", line)) // LETTERS) for line in lines)


def _code(cell: Any, shown: bool) -> Iterator[Part]:
    source, outputs = cell.source.strip(), cell.outputs if shown else []
    lines = source.splitlines()
    above = 50 + sum(_SMALL * -(-len(line) // SMALL) for line in lines)
    if all(len(line) <= LARGE for line in lines):
        above = 50 + _LARGE * len(lines)
    pictures = [output for output in outputs if "image/png" in output.get("metadata", {})]
    if len(pictures) == len(outputs) == 1 and source and len(lines) <= _BRIEF:
        both = deepcopy(cell)
        both.metadata["tight"] = True
        yield Part(both, above + _output_height(outputs[0], _TIGHT))
        return
    each_alone = "questions" in cell.metadata.get("tags", [])  # one question after the other, and no code
    if source and not each_alone:
        code = deepcopy(cell)
        code.outputs = []
        yield Part(code, above)
    for together in [[output] for output in outputs] if each_alone else [outputs]:
        if together:
            result = deepcopy(cell)
            result.outputs = together
            result.metadata["transient"] = {"remove_source": True}
            yield Part(result, sum(map(_output_height, together)))


def _output_height(output: Any, tallest: int = _TALLEST) -> int:
    picture = output.get("metadata", {}).get("image/png", {})
    if "height" in picture:
        says = str(picture.get("says", ""))
        return min(int(picture["height"]), tallest) + _printed_height(says)
    text = output.get("text") or output.get("data", {}).get("text/plain", "")
    return 20 + _printed_height(str(text))


def _printed_height(text: str) -> int:
    lines = text.splitlines()
    if max(map(len, lines), default=0) <= FINE:
        return _PRINTED * len(lines)
    return sum(_PRINTED * -(-len(line) // PRINTED) for line in lines)
