"""A built lesson, read for the page: what its first cell promises, and its pictures as files of their own."""

import base64
import hashlib
import re
import struct
from dataclasses import dataclass
from typing import Any

from a2u.errors import A2UError
from a2u.plots import style

PICTURES = "pictures"  # folder of the site
_LINE = 50  # a picture of fewer pixels in height is a line of text, drawn where a cell is still running
_PNG = b"\x89PNG\r\n\x1a\n"
_WIDGET = "application/vnd.jupyter.widget-view+json"


@dataclass(frozen=True)
class Lesson:
    """What the contents page says of a lesson.

    Attributes:
        name: of the file, "01_one_formula".
        number, title: "01" and "One formula".
        lead: its first paragraph, in Markdown.
        goals: what the learner will be able to do, in Markdown.
        time: "30 minutes, and 25 more for the three exercises".
    """

    name: str
    number: str
    title: str
    lead: str
    goals: tuple[str, ...]
    time: str

    @property
    def minutes(self) -> int:
        """The first number of ``time``: without the exercises."""
        return self._numbers[0]

    @property
    def exercises(self) -> int:
        """The second number of ``time``: the minutes of its exercises, 0 without any."""
        return self._numbers[1]

    @property
    def _numbers(self) -> list[int]:
        return [*map(int, re.findall(r"\d+", self.time)), 0, 0]


def describe(name: str, notebook: Any) -> Lesson:
    """Read the first cell.

    Raises:
        A2UError: it lacks one of the parts that every lesson begins with.
    """
    text = notebook.cells[0].source if notebook.cells and notebook.cells[0].cell_type == "markdown" else ""
    title = re.match(r"# (\d+) · (.+)", text)
    goals = re.search(r"\*\*You will be able to\*\*\n((?:[-* ].*\n?)+)", text)
    time = re.search(r"\*\*Time\*\*\s+([^.]+)\.", text)
    lead = [block for block in text.split("\n\n")[1:] if not block.startswith("**You")]
    if not (title and goals and time and lead):
        raise A2UError(
            f"The first cell of {name} must begin with '# 01 · Title', a paragraph, '**You will be able to**' with a "
            f"list, and '**Time** 30 minutes.'; the contents page is made of them. It begins {text[:60]!r}."
        )
    items = re.split(r"^- ", goals[1], flags=re.MULTILINE)
    goals_in_words = tuple(" ".join(item.split()).rstrip(";.") for item in items if item.strip())
    lead_in_words = " ".join(lead[0].split())
    return Lesson(name, title[1], title[2].strip(), lead_in_words, goals_in_words, " ".join(time[1].split()))


def take_pictures(notebook: Any) -> dict[str, bytes]:
    """The pictures of all outputs, by their paths in the site: a digest of their content, in a folder.

    Each output then says in its metadata where its picture is, how large, its alternative text, and the words that
    the cell printed with it.

    Raises:
        A2UError: a picture has no alternative text, or is none.
    """
    files: dict[str, bytes] = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            data.pop(_WIDGET, None)
            if "image/png" not in data:
                continue
            png = base64.b64decode(data["image/png"])
            if not png.startswith(_PNG):
                raise A2UError(f"A picture is no PNG; its cell begins {cell.source[:60]!r}.")
            given = output.metadata.get("image/png", {})
            words = data.get("text/plain", "")
            alt = given.get("alt", "") or words
            if len(alt.split()) < 3 or alt.startswith("<"):
                raise A2UError(
                    f"A picture has no words for those who cannot see it; its cell begins {cell.source[:60]!r}."
                )
            width, height = size(png, given.get("width"))
            if height < _LINE:
                output.data = {"text/plain": words}
                continue
            file = f"{PICTURES}/{hashlib.sha256(png).hexdigest()[:16]}.png"
            files[file] = png
            says = words.removeprefix(alt).strip() if words.startswith(alt) else ""
            printed = any(says in other.get("text", "") for other in cell.outputs) if says else True
            output.metadata["image/png"] = {
                "file": file,
                "alt": alt,
                "width": width,
                "height": height,
                "says": "" if printed else says,
            }
    return files


def size(png: bytes, width: int | None = None) -> tuple[int, int]:
    """Width and height on the page: as wide as the notebook says, or as the pixels are dense."""
    across, down = struct.unpack(">II", png[16:24])
    width = width or round(across / style.DENSITY)
    return width, round(width * down / across)
