"""The pictures of an explorer, drawn in advance: one for each combination of its controls, equal ones stored once."""

# ipywidgets has no types of its own.
# mypy: disable-error-code="attr-defined"

import hashlib
import io
import itertools
import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from PIL import Image

from a2u.lessons.frame import Panel
from a2u.lessons.page import Page
from a2u.plots import style
from a2u.site.colours import fewer_colours


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
class Frame:
    """What one combination of the controls shows: a picture, its description, and its numbers."""

    picture: StoredPicture
    alt: str
    says: str


@dataclass(frozen=True)
class Explorer:
    """An explorer as its page offers it, without its pictures."""

    controls: list[Control]
    fixed: list[str]  # the other controls, which the page leaves as they are: "the row stays 5"
    buttons: list[str]  # what those say that do something, which a page cannot
    words: str  # of the first picture, as the notebook has it

    @property
    def first(self) -> int:
        """The place of the combination that the page starts with; the last control counts fastest."""
        place = 0
        for control in self.controls:
            place = place * len(control.texts) + control.start
        return place


@dataclass(frozen=True)
class Frames:
    """All that the page needs to show an explorer: what it offers, and one frame for each combination."""

    explorer: Explorer
    frames: list[Frame]

    @property
    def start(self) -> Frame:
        """The one that the page shows first."""
        return self.frames[self.explorer.first]

    @property
    def data(self) -> dict[str, Any]:
        """What the page's script reads: each picture and each text once, and for each combination their places."""
        pictures: dict[StoredPicture, int] = {}
        texts: dict[str, int] = {}
        places = [
            (
                pictures.setdefault(frame.picture, len(pictures)),
                texts.setdefault(frame.alt, len(texts)),
                texts.setdefault(frame.says, len(texts)),
            )
            for frame in self.frames
        ]
        return {
            "sizes": [len(control.texts) for control in self.explorer.controls],
            "pictures": [list(asdict(picture).values()) for picture in pictures],
            "texts": list(texts),
            "frames": places,
        }


def count(page: Page) -> int:
    """How many combinations the page offers."""
    return math.prod(map(len, page.controls.values()))


def describe(page: Page) -> Explorer:
    """Open the explorer, and say what its page offers.

    Raises:
        A2UError: a control or value does not exist, or the first picture cannot be drawn.
    """
    panel = page.panel()
    assert panel.drawing is not None
    controls = [_control(panel, name, list(values)) for name, values in page.controls.items()]
    others = [control for name, control in panel.controls.items() if name not in page.controls]
    fixed = [_fixed(control) for control in others if not _is_button(control)]
    buttons = [control.description for control in others if _is_button(control)]
    return Explorer(controls, fixed, buttons, panel.drawing.words)


def draw(page: Page, places: range, address: str) -> tuple[list[Frame], dict[str, bytes]]:
    """Draw the combinations at these places of their order.

    Args:
        page: of the explorer.
        places: among all combinations, the last control fastest.
        address: the folder where the page finds its pictures.

    Returns:
        The frames, and the files of their pictures by their paths in the site.

    Raises:
        A2UError: a combination cannot be drawn.
    """
    panel = _opened(page)
    width = int(panel.image.layout.width.removesuffix("px"))
    frames, files = [], {}
    for values in list(itertools.product(*page.controls.values()))[places.start : places.stop]:
        drawing = panel.set(**dict(zip(page.controls, values, strict=True)))
        picture, content = _store(panel.image.value, address, width)
        files[picture.file] = content
        frames.append(Frame(picture, drawing.alt, drawing.says))
    return frames, files


def restore(explorer: Any, drawn: list[Any]) -> Frames:
    """Explorer and frames from their dictionaries, as a record holds them."""
    controls = [Control(**control) for control in explorer["controls"]]
    made = [Frame(StoredPicture(**frame["picture"]), frame["alt"], frame["says"]) for frame in drawn]
    return Frames(Explorer(**(explorer | {"controls": controls})), made)


_LAST: dict[str, Panel] = {}  # the panel that this process drew last: some take seconds to open


def _opened(page: Page) -> Panel:
    key = repr(page)
    if key not in _LAST:
        _LAST.clear()
        _LAST[key] = page.panel()
    return _LAST[key]


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


def _store(png: bytes, address: str, page_width: int) -> tuple[StoredPicture, bytes]:
    """A picture as WebP, under a name that is a digest of its content."""
    with Image.open(io.BytesIO(png)) as opened:
        full = np.asarray(opened.convert("RGB"))
    few = Image.fromarray(fewer_colours(full))
    file = io.BytesIO()
    few.save(file, "WEBP", lossless=True, method=2, quality=50)  # as small as the slowest, in half the time
    content = file.getvalue()
    width = min(page_width, round(few.width / style.DENSITY))
    name = f"{hashlib.sha256(content).hexdigest()[:16]}.webp"
    return StoredPicture(f"{address}/{name}", width, round(width * few.height / few.width)), content
