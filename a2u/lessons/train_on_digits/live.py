"""Training that can be watched: curves that grow in the notebook while a cell trains.

    live = LiveCurves()
    live.watch("A²U", experiment)
    fit(experiment, on_step=live.on_step, on_epoch=live.on_epoch)
    live.finish()

While the cell runs, one picture is redrawn in place, a few times a second at most. ``finish`` puts it away and returns
the finished curves as a Drawing, which a page without a kernel can show as well.
"""

# ipywidgets has no types of its own.
# mypy: disable-error-code="attr-defined, name-defined, misc, no-untyped-call"

import time
from collections.abc import Callable
from typing import Any, Protocol

import ipywidgets as widgets
from matplotlib.figure import Figure

from a2u.errors import A2UError
from a2u.lessons.frame import PAGE, Drawing
from a2u.lessons.train_on_digits.curves import Curve, training_curves
from a2u.plots import sheet, style
from a2u.training import Progress

INTERVAL = 1.0  # seconds between two pictures; drawing one takes about a fifth of that


class Watched(Protocol):
    """What the axes must know of a training before it starts: an `Experiment` has it."""

    epochs: int
    steps: int  # in an epoch


class LiveCurves:
    """The training curves of one experiment after another, in one picture.

    Args:
        interval: seconds between two pictures; 0 draws after every step.
        clock: gives the seconds by which the interval is measured.
    """

    def __init__(self, interval: float = INTERVAL, clock: Callable[[], float] = time.monotonic) -> None:
        self.interval, self.clock = interval, clock
        self.curves: dict[str, Curve] = {}
        self.steps = 1  # of the longest training
        self.pictures = 0  # how many were drawn
        self._title: str | None = None
        self._before: tuple[int, float] = (0, 0.0)  # step in the epoch, sum of the losses up to it
        self._drawn = -float("inf")
        self.view: _View | None = None

    def watch(self, title: str, task: Watched) -> None:
        """Show the picture below the cell and begin the curve called `title`; an earlier one of this name goes."""
        from IPython.display import display

        self._put_away()
        self.curves[title] = Curve()
        self.steps = max(self.steps, task.epochs * task.steps)
        self._title, self._before, self._drawn = title, (0, 0.0), -float("inf")
        self.view = _View(f"Training: {title}, {task.epochs} passes of {task.steps} steps")
        display(self.view)

    def on_step(self, progress: Progress) -> None:
        """Add the losses since the last call. A hook for `a2u.training.fit`."""
        curve = self._curve()
        done, total = self._before if progress.step > self._before[0] else (0, 0.0)
        sum_now = progress.loss * progress.step  # `loss` is the mean over the epoch so far
        new = progress.step - done
        curve.losses += [(sum_now - total) / new] * new
        self._before = (progress.step, sum_now)
        if self.clock() - self._drawn >= self.interval:
            self._draw()

    def on_epoch(self, progress: Progress) -> None:
        """Add the PSNR after an epoch, and draw. A hook for `a2u.training.fit`."""
        curve = self._curve()
        curve.scores.append((progress.epoch * progress.steps, progress.history[-1]["psnr"]))
        self._before = (0, 0.0)
        self._draw()

    def finish(self) -> Drawing:
        """Put the growing picture away; returns all curves so far."""
        title, curve = self._title, self._curve()
        self._put_away()
        first, last = curve.losses[0], curve.losses[-min(10, len(curve.losses)) :]
        fell = sum(last) / len(last) < first
        says = f"{title}: {len(curve.losses)} steps, and the loss {'fell' if fell else 'did not fall'}."
        alt = f"Training curves of {', '.join(self.curves)}: the loss of each step, and the PSNR after each pass."
        self._title = None
        return Drawing(self.figure(), alt, says)

    def figure(self) -> Figure:
        """The curves as they are now."""
        return training_curves(self.curves, self.steps)

    def _curve(self) -> Curve:
        if self._title is None:
            raise A2UError("Nothing is being watched: call live.watch(title, experiment) before the training starts.")
        return self.curves[self._title]

    def _draw(self) -> None:
        if self.view is not None:
            self.view.show(style.png(self.figure(), small=False))
            self.pictures += 1
        self._drawn = self.clock()

    def _put_away(self) -> None:
        if self.view is not None:
            self.view.layout.display = "none"
            self.view = None


class _View(widgets.Image):
    """The growing picture. A page without a kernel shows a line of text instead: what ran here."""

    def __init__(self, text: str) -> None:
        self._words, self._banner = text, _banner(text)
        layout = widgets.Layout(width=f"{PAGE}px", max_width="100%", height="auto")
        super().__init__(value=self._banner, format="png", layout=layout)

    def show(self, picture: bytes) -> None:
        """Replace the picture."""
        self.value = picture

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        import base64

        bundle = super()._repr_mimebundle_(**kwargs)
        data = dict(bundle[0] if isinstance(bundle, tuple) else bundle or {})
        data |= {"image/png": base64.b64encode(self._banner).decode(), "text/plain": self._words}
        return data, {"image/png": {"width": PAGE, "alt": self._words}}


def _banner(text: str) -> bytes:
    with style.context():
        fig, ax = style.canvas(PAGE / style.DPI, 0.3)
        sheet.note(ax, 0.1, 0.2, text, ha="left")
    return style.png(fig)
