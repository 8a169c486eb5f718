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

from a2u.errors import A2UError, near_match
from a2u.lessons import in_page
from a2u.plots import style

PAGE = 960  # pixels: the widest picture of a lesson


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
            control.layout = widgets.Layout(width="auto", margin="1px 0")
            if isinstance(control, widgets.IntSlider) and control.min == control.max:
                control.layout.display = "none"  # nothing to choose
            control.observe(self.redraw, "value")
        narrowest = f"max(min(250px, 100%), {99 / columns:.2f}%)"
        grid = widgets.Layout(grid_template_columns=f"repeat(auto-fill, minmax({narrowest}, 1fr))", margin="0")
        row = widgets.GridBox(list(controls.values()), layout=grid)
        row.add_class("a2u-controls")
        self._start = {name: control.value for name, control in controls.items()}
        self.image = widgets.Image(format="png", layout=widgets.Layout(width=f"{width}px", max_width="100%"))
        self.image.layout.height, self.image.layout.margin = "auto", "2px 0"
        self.caption = widgets.HTML()
        self.in_page = in_page.InPage()
        super().__init__([in_page.frame(), row, self.image, self.caption, self.in_page])
        self.layout.max_width = f"{width + 20}px"
        self.add_class("a2u-panel")
        self.add_class("a2u-live")
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
            self.in_page.alt, self.in_page.says = drawing.alt, drawing.says

    def at(self, **values: Any) -> Drawing:
        """What the panel shows for these values, the other controls as it began. The panel itself does not move.

        It does not depend on where a learner has left the controls, and it leaves them there.

        Raises:
            A2UError: there is no such control or value, or the picture cannot be drawn.
        """
        self._check(values)
        with self._lock, torch.no_grad():
            try:
                return self._draw(**self._start | values)
            except A2UError:
                raise
            except Exception as error:
                raise A2UError(f"This cannot be drawn. {type(error).__name__}: {error}") from error

    def set(self, **values: Any) -> Drawing:
        """Move controls as a hand would, and return what the panel then shows.

        A cell of a lesson asks `at` instead: what a learner has set is theirs.

        Raises:
            A2UError: there is no such control or value, or the picture could not be drawn.
        """
        self._check(values)
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

    def _check(self, values: dict[str, Any]) -> None:
        for name, value in values.items():
            if name not in self.controls:
                raise A2UError(f"This panel has no control {name!r}. {near_match(name, list(self.controls))}")
            control = self.controls[name]
            if isinstance(control, widgets.Dropdown) and value not in (known := _values(control)):
                raise A2UError(f"{name} cannot be {value!r}. {near_match(str(value), [str(each) for each in known])}")
            if isinstance(control, widgets.IntSlider) and value < control.min:
                raise A2UError(f"{name} begins at {control.min}, got {value!r}.")

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        assert self.drawing is not None
        static, metadata = _bundle(self.drawing.png(), self.drawing.words, self._width, self.drawing.alt)
        return {**(data or {}), **static}, {**metadata, in_page.MARK: {}}


def _values(control: widgets.Dropdown) -> list[Any]:
    """The values of a drop-down list, without the texts that it shows for them."""
    return [option[1] if isinstance(option, tuple) else option for option in control.options]


def _says(text: str, alt: str = "", alert: bool = False) -> str:
    """Words under the picture that a screen reader reads out when they change.

    The description stands here too, out of sight where other words are visible: a page that cannot run the panel's
    script has it nowhere else.
    """
    role = "alert" if alert else "status"
    lines = "<br>".join(html.escape(text or alt).splitlines())
    hidden = f'<span class="a2u-unseen">{html.escape(alt)}</span>' if text and alt else ""
    return f'<div class="a2u-says" role="{role}" aria-live="polite">{hidden}{lines}</div>'


def _bundle(picture: bytes, words: str, width: int, alt: str) -> tuple[dict[str, Any], dict[str, Any]]:
    import base64

    data = {"image/png": base64.b64encode(picture).decode(), "text/plain": words}
    return data, {"image/png": {"width": width, "alt": alt}}
