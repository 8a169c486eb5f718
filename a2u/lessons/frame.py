"""The one frame of every explorer: labelled controls above a picture, and a line that says what it shows.

A :class:`Drawing` is a figure with its description; a :class:`Panel` redraws one whenever a control moves. Both show a
PNG where no kernel runs (a page on the web, a notebook just opened), beside the words that describe it.

    def draw(row: int, column: int) -> Drawing: ...
    Panel(draw, row=slider(0, 15, 5), column=slider(0, 15, 9))
"""

# ipywidgets has no types of its own.
# mypy: disable-error-code="attr-defined, name-defined, misc, no-untyped-call"

import html
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import ipywidgets as widgets
import torch
from matplotlib.figure import Figure

from a2u.errors import A2UError
from a2u.plots import style

PAGE = 960  # pixels: the widest picture of a lesson
_FOCUS = f"""<style>.a2u-panel .noUi-handle:focus, .a2u-panel select:focus {{
outline: 3px solid {style.Z}; outline-offset: 2px }}
.a2u-panel .a2u-says {{ line-height: 1.5; font-variant-numeric: tabular-nums }}</style>"""

_UNSEEN = "position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap"


@dataclass(frozen=True)
class Drawing:
    """A figure, what it shows in words (for those who cannot see it), and the numbers to print beside it.

    The last line of a cell shows it. Pictures are not compared when a notebook is checked, words are: put into ``alt``
    or ``says`` a few rounded values that would change if the picture did.
    """

    figure: Figure
    alt: str
    says: str = ""

    def png(self, small: bool = True) -> bytes:
        """The picture, packed tightly to be stored or loosely to be shown at once."""
        return style.png(self.figure, small=small)

    @property
    def words(self) -> str:
        """Description and numbers."""
        return "\n".join(filter(None, [self.alt, self.says]))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        width = round(self.figure.get_figwidth() * style.DPI)
        return _bundle(self.png(), self.words, width, self.alt)

    def _ipython_display_(self) -> None:
        from IPython.display import display

        data, metadata = self._repr_mimebundle_()
        display(data, metadata=metadata, raw=True)
        if self.says:
            print(self.says)


def slider(low: int, high: int, value: int, label: str = "") -> widgets.IntSlider:
    """An integer slider; arrow keys move it."""
    return widgets.IntSlider(value=value, min=low, max=high, description=label)


def choice(options: Sequence[Any], value: Any = None, label: str = "") -> widgets.Dropdown:
    """A drop-down list of values, or of (text, value) pairs."""
    if value is None:
        first = options[0]
        value = first[1] if isinstance(first, tuple) else first
    return widgets.Dropdown(options=options, value=value, description=label)


class Panel(widgets.VBox):
    """Controls over a picture that follows them.

    Args:
        draw: called with the value of every control by name; returns the :class:`Drawing` to show. It runs in
            whichever thread the page's message arrives, one call at a time, without gradients. It must use no pyplot
            and no global random state.
        width: of the picture in pixels; on a narrow page it shrinks.
        columns: how many controls stand side by side.
        **controls: ipywidgets with a ``value``, labelled by their description or their name here.

    A call that fails with an A2UError or any other exception leaves the last picture and shows the message.
    """

    def __init__(
        self, draw: Callable[..., Drawing], *, width: int = PAGE, columns: int = 3, **controls: widgets.Widget
    ) -> None:
        if not controls:
            raise A2UError("A panel needs at least one control, e.g. Panel(draw, row=slider(0, 7, 3)).")
        self._draw, self._width, self.controls = draw, width, controls
        self._lock, self._moving = threading.RLock(), False
        self.drawing: Drawing | None = None
        self.error: str | None = None
        for name, control in controls.items():
            control.description = control.description or name
            if "description_width" in control.style.keys:  # a button has its words inside
                control.style = {"description_width": "76px"}
            control.layout = widgets.Layout(width=f"{100 / columns:.2f}%", min_width="250px", margin="1px 0")
            if isinstance(control, widgets.IntSlider) and control.min == control.max:
                control.layout.display = "none"  # nothing to choose
            control.observe(self.redraw, "value")
        row = widgets.Box(list(controls.values()), layout=widgets.Layout(flex_flow="row wrap", width="100%"))
        self.image = widgets.Image(format="png", layout=widgets.Layout(width=f"{width}px", max_width="100%"))
        self.image.layout.height = "auto"
        self.caption = widgets.HTML()
        focus = widgets.HTML(_FOCUS, layout=widgets.Layout(height="0", margin="0"))
        super().__init__([focus, row, self.image, self.caption])
        self.layout.max_width = f"{width + 20}px"
        self.add_class("a2u-panel")
        self.redraw()
        if self.drawing is None:
            raise A2UError(f"The panel's first picture could not be drawn. {self.error}")

    def redraw(self, _change: Any = None) -> None:
        """Draw the picture for the controls as they stand now."""
        with self._lock, torch.no_grad():
            if self._moving:  # more controls are about to move: one picture at the end is enough
                return
            try:
                drawing = self._draw(**{name: control.value for name, control in self.controls.items()})
                picture = drawing.png(small=False)
            except Exception as error:  # the reader sees it in the panel; a traceback here would vanish
                self.error = f"{error}" if isinstance(error, A2UError) else f"{type(error).__name__}: {error}"
                self.caption.value = _says(f"This cannot be drawn. {self.error}", alert=True)
                return
            self.drawing, self.error = drawing, None
            self.image.value = picture
            self.caption.value = _says(drawing.says, drawing.alt)

    def set(self, **values: Any) -> Drawing:
        """Move controls as a hand would, and return what the panel then shows.

        Raises:
            A2UError: there is no such control, or the picture could not be drawn.
        """
        for name in values:
            if name not in self.controls:
                raise A2UError(f"This panel has no control {name!r}; it has {', '.join(self.controls)}.")
        with self._lock:
            self._moving = True
            try:
                for name, value in values.items():
                    self.controls[name].value = value
            finally:
                self._moving = False
            self.redraw()
        if self.error is not None:
            raise A2UError(self.error)
        assert self.drawing is not None
        return self.drawing

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        assert self.drawing is not None
        static, metadata = _bundle(self.drawing.png(), self.drawing.words, self._width, self.drawing.alt)
        return {**(data or {}), **static}, metadata


def _says(text: str, alt: str = "", alert: bool = False) -> str:
    """Words under the picture that a screen reader reads out when they change.

    ipywidgets pictures take no alternative text (nor a tooltip: a widget without a description breaks on one), so the
    description stands here: out of sight where other words are visible.
    """
    role, colour = ("alert", style.W) if alert else ("status", style.INK)
    lines = "<br>".join(html.escape(text or alt).splitlines())
    hidden = f'<span style="{_UNSEEN}">{html.escape(alt)}</span>' if text and alt else ""
    return f'<div class="a2u-says" role="{role}" aria-live="polite" style="color: {colour}">{hidden}{lines}</div>'


def _bundle(picture: bytes, words: str, width: int, alt: str) -> tuple[dict[str, Any], dict[str, Any]]:
    import base64

    data = {"image/png": base64.b64encode(picture).decode(), "text/plain": words}
    return data, {"image/png": {"width": width, "alt": alt}}
