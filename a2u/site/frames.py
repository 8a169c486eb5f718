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
from a2u.lessons.page import Page
from a2u.plots import style

COLOURS = 256  # of a stored picture: told from the original by no eye, and half its size
AREAS = 128  # of them: the most frequent ones, those of cells, kept as they are
GREYS = 28  # of them on each of two ramps: without a tint, and with the faint one of positive values
TINT = 5  # levels of a channel by which a colour may miss these


@dataclass(frozen=True)
class Control:
    """A labelled slider or list; ``texts`` are its values in words, ``start`` the place of the first one shown."""

    label: str
    kind: str  # "slider" or "choice"
    texts: list[str]
    start: int


@dataclass(frozen=True)
class StoredPicture:
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
    pictures: list[StoredPicture]
    texts: list[str]
    frames: list[tuple[int, int, int]]
    fixed: list[str]  # the other controls, which the page leaves as they are: "the row stays 5"
    buttons: list[str]  # what those say that do something, which a page cannot
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


def render(page: Page, folder: Path, address: str) -> Frames:
    """Draw every combination into ``folder``, which the page reaches at ``address``.

    Raises:
        A2UError: a control or value does not exist, or a combination cannot be drawn.
    """
    panel = page.panel()
    assert panel.drawing is not None
    words, folder_width = panel.drawing.words, panel.image.layout.width
    controls = [_control(panel, name, list(values)) for name, values in page.controls.items()]
    others = [control for name, control in panel.controls.items() if name not in page.controls]
    fixed = [_fixed(control) for control in others if not _is_button(control)]
    buttons = [control.description for control in others if _is_button(control)]
    folder.mkdir(parents=True, exist_ok=True)
    pictures: dict[StoredPicture, int] = {}
    texts: dict[str, int] = {}
    frames = []
    for values in itertools.product(*page.controls.values()):
        drawing = panel.set(**dict(zip(page.controls, values, strict=True)))
        picture = _store(panel.image.value, folder, address, int(folder_width.removesuffix("px")))
        frames.append((
            pictures.setdefault(picture, len(pictures)),
            texts.setdefault(drawing.alt, len(texts)),
            texts.setdefault(drawing.says, len(texts)),
        ))  # fmt: skip
    return Frames(controls, list(pictures), list(texts), frames, fixed, buttons, words)


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


def _is_button(control: Any) -> bool:
    return not (hasattr(control, "options") or isinstance(control.value, int | float | str))


def _fixed(control: Any) -> str:
    """ "the row stays 5", for a control that keeps its value."""
    value = _options(control)[control.value] if hasattr(control, "options") else control.value
    return f"the {control.description} stays {value}"


def _store(png: bytes, folder: Path, address: str, page_width: int) -> StoredPicture:
    """Write a picture as WebP under a name that is a digest of its content."""
    with Image.open(io.BytesIO(png)) as opened:
        full = np.asarray(opened.convert("RGB"))
    few = Image.fromarray(fewer_colours(full))
    file = io.BytesIO()
    few.save(file, "WEBP", lossless=True, method=2, quality=50)  # as small as the slowest, in half the time
    name = f"{hashlib.sha256(file.getvalue()).hexdigest()[:16]}.webp"
    if not (folder / name).is_file():
        (folder / name).write_bytes(file.getvalue())
    width = min(page_width, round(few.width / style.DENSITY))
    return StoredPicture(f"{address}/{name}", width, round(width * few.height / few.width))


def fewer_colours(pixels: Any) -> Any:
    """The picture (H, W, 3), in bytes, with at most COLOURS colours.

    Violet says that a value is negative, so no grey may turn violet on its way, nor a violet grey. The colours of areas
    stay as they are; between them, where letters and edges are smooth, greys choose among greys and areas, and only
    what is left chooses among colours made for this picture.
    """
    height, width = pixels.shape[:2]
    red, green, blue = np.moveaxis(pixels.astype(np.int32), 2, 0)
    packed = (red << 16 | green << 8 | blue).ravel()
    # Neighbours are mostly equal, so runs of equal pixels are counted: ten times fewer than pixels.
    begins = np.flatnonzero(np.concatenate([[True], packed[1:] != packed[:-1]]))
    lengths = np.diff(np.append(begins, packed.size))
    known, which = np.unique(packed[begins], return_inverse=True)
    count = np.bincount(which, weights=lengths)
    colours = np.stack([known >> 16, known >> 8 & 255, known & 255], axis=1).astype(np.int64)
    areas = colours[np.argsort(-count, kind="stable")[:AREAS]]
    palette = np.concatenate([areas, _ramps()])
    chosen = _nearest(colours, palette)
    other = np.abs(chosen - colours).max(axis=1) > TINT
    if other.any():
        left = other[which]
        line = Image.fromarray(np.repeat(colours[which[left]].astype(np.uint8), lengths[left], axis=0)[None])
        few = line.quantize(COLOURS - len(palette), method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        made = np.asarray(few.convert("RGB"))[0].astype(np.int64)
        chosen[other] = _nearest(colours[other], np.concatenate([palette, np.unique(made, axis=0)]))
    return np.repeat(chosen.astype(np.uint8)[which], lengths, axis=0).reshape(height, width, 3)


def _ramps() -> Any:
    """Greys from black to white without a tint, and those of positive values."""
    steps = np.linspace(0, 1, GREYS)
    neutral = np.repeat(steps[:, None], 3, axis=1)
    positive = style.SIGNED(0.5 + steps / 2)[:, :3]
    return np.round(255 * np.concatenate([neutral, positive])).astype(np.int64)


def _nearest(colours: Any, palette: Any) -> Any:
    """For each colour the one of the palette that is most like it; a tint counts more than brightness."""
    apart = ((_tinted(colours)[:, None] - _tinted(palette)[None]) ** 2).sum(axis=2)
    return palette[apart.argmin(axis=1)]


def _tinted(colours: Any) -> Any:
    red, green, blue = colours.T
    return np.stack([green, 2 * (red - green), 2 * (blue - green)], axis=1)
