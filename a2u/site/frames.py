"""The pictures of an explorer, drawn in advance: one for each combination of its controls, equal ones stored once."""

# ipywidgets has no types of its own.
# mypy: disable-error-code="attr-defined"

import hashlib
import io
import itertools
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from a2u.lessons.frame import Panel
from a2u.plots import style
from a2u.site.explorers import Explorer

COLOURS = 256  # of a stored picture: told from the original by no eye, and half its size


@dataclass(frozen=True)
class Control:
    """A labelled slider or list; ``texts`` are its values in words, ``start`` the place of the first one shown."""

    label: str
    kind: str  # "slider" or "choice"
    texts: list[str]
    start: int


@dataclass(frozen=True)
class Picture:
    """A stored picture and its size in pixels of the page."""

    file: str
    width: int
    height: int


@dataclass(frozen=True)
class Frames:
    """All that the page needs to show an explorer.

    ``frames`` holds for each combination of the controls, the last one fastest, the place of its picture in
    ``pictures``, and those of its description and of its numbers in ``texts``.
    """

    controls: list[Control]
    pictures: list[Picture]
    texts: list[str]
    frames: list[tuple[int, int, int]]
    fixed: list[str]  # the other controls, which the page leaves as they are
    words: str  # of the first picture, as the notebook has it

    @property
    def first(self) -> int:
        """The place in ``frames`` of the combination that the page starts with."""
        place = 0
        for control in self.controls:
            place = place * len(control.texts) + control.start
        return place

    @property
    def data(self) -> dict[str, Any]:
        """What the page's script reads."""
        return {
            "sizes": [len(control.texts) for control in self.controls],
            "pictures": [list(asdict(picture).values()) for picture in self.pictures],
            "texts": self.texts,
            "frames": self.frames,
        }


def render(explorer: Explorer, folder: Path, address: str) -> Frames:
    """Draw every combination into ``folder``, which the page reaches at ``address``.

    Raises:
        A2UError: a control or value does not exist, or a combination cannot be drawn.
    """
    panel = explorer.panel()
    assert panel.drawing is not None
    words, folder_width = panel.drawing.words, panel.image.layout.width
    controls = [_control(panel, name, list(values)) for name, values in explorer.controls.items()]
    fixed = [_fixed(panel, name) for name in panel.controls if name not in explorer.controls]
    folder.mkdir(parents=True, exist_ok=True)
    pictures: dict[Picture, int] = {}
    texts: dict[str, int] = {}
    frames = []
    for values in itertools.product(*explorer.controls.values()):
        drawing = panel.set(**dict(zip(explorer.controls, values, strict=True)))
        picture = _store(panel.image.value, folder, address, int(folder_width.removesuffix("px")))
        frames.append((
            pictures.setdefault(picture, len(pictures)),
            texts.setdefault(drawing.alt, len(texts)),
            texts.setdefault(drawing.says, len(texts)),
        ))  # fmt: skip
    return Frames(controls, list(pictures), list(texts), frames, [text for text in fixed if text], words)


def _control(panel: Panel, name: str, values: list[Any]) -> Control:
    control = panel.controls[name]
    start = values.index(control.value)
    if not hasattr(control, "options"):
        return Control(control.description, "slider", [str(value) for value in values], start)
    texts = _options(control)
    numbers = all(isinstance(value, int) for value in values)
    kind = "slider" if numbers and len(values) > 2 else "choice"
    return Control(control.description, kind, [texts[value] for value in values], start)


def _options(control: Any) -> dict[Any, str]:
    """What each value of a list is called."""
    pairs = (option if isinstance(option, tuple) else (str(option), option) for option in control.options)
    return {value: text for text, value in pairs}


def _fixed(panel: Panel, name: str) -> str:
    """ "row 5", for a control that keeps its value; nothing for a button."""
    control = panel.controls[name]
    if hasattr(control, "options"):
        return f"{control.description} {_options(control)[control.value]}"
    return f"{control.description} {control.value}" if isinstance(control.value, int) else ""


def _store(png: bytes, folder: Path, address: str, page_width: int) -> Picture:
    """Write a picture as WebP under a name that is a digest of its content."""
    with Image.open(io.BytesIO(png)) as opened:
        full = opened.convert("RGB")
    few = full.quantize(COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).convert("RGB")
    paper = (np.asarray(full) == 255).all(axis=2)
    few.paste((255, 255, 255), mask=Image.fromarray(paper))  # white stays white
    file = io.BytesIO()
    few.save(file, "WEBP", lossless=True, method=4)
    name = f"{hashlib.sha256(file.getvalue()).hexdigest()[:16]}.webp"
    if not (folder / name).is_file():
        (folder / name).write_bytes(file.getvalue())
    width = min(page_width, round(full.width / style.DENSITY))
    return Picture(f"{address}/{name}", width, round(width * full.height / full.width))
