"""Training curves: the loss of every step, and the quality on test images after every pass."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from a2u.errors import A2UError
from a2u.plots import style

WIDTH, HEIGHT = 9.6, 3.3
MEMORY = 0.9  # of the smoothed loss: how much of it each new step keeps


@dataclass
class Curve:
    """What is known of one training so far.

    losses: of the steps 1, 2, …. scores: (step, PSNR in dB on test images), one after each pass over the images.
    """

    losses: list[float] = field(default_factory=list)
    scores: list[tuple[int, float]] = field(default_factory=list)


def smooth(values: Sequence[float], memory: float = MEMORY) -> Any:
    """The exponential mean of each step and those before it: float array (len,).

    m_t = Σ_s memory^(t−s) v_s / Σ_s memory^(t−s), so the first steps are not pulled towards zero.
    """
    if not 0 <= memory < 1:
        raise A2UError(f"memory is in [0, 1): 0 keeps every value as it is, given {memory}.")
    means, total, weight = np.empty(len(values)), 0.0, 0.0
    for step, value in enumerate(values):
        total, weight = memory * total + float(value), memory * weight + 1
        means[step] = total / weight
    return means


def training_curves(curves: Mapping[str, Curve], steps: int | None = None) -> Figure:
    """The loss (left) and the PSNR (right) of several trainings, by title.

    Args:
        curves: in the order of their colours and dashes.
        steps: of a whole training, so that the axes stay while curves grow; the longest curve if not given.

    A title is written at the end of its curve, so no legend is needed.
    """
    longest = max((len(curve.losses) for curve in curves.values()), default=0)
    steps = max(steps or 0, longest, 1)
    with style.context():
        fig = style.figure(WIDTH, HEIGHT)
        left = fig.add_axes((0.062, 0.155, 0.36, 0.715))
        right = fig.add_axes((0.52, 0.155, 0.27, 0.715))
        left.set(xlabel="step", xlim=(0, steps), title="ℓ1 loss on training images (lower is better)")
        right.set(xlabel="step", xlim=(0, steps), title="PSNR on test images in dB (higher is better)")
        for ax in (left, right):
            ax.grid(axis="y")
            ax.set_axisbelow(True)
        for number, curve in enumerate(curves.values()):
            look = {"color": _colour(number), "linestyle": style.STROKES[number % len(style.STROKES)]}
            _losses(left, curve.losses, look)
            _scores(right, curve.scores, look)
        _scale(left, right, curves, steps)
        _names(right, curves, steps)
    return fig


def _colour(number: int) -> str:
    return style.NETWORKS[number % len(style.NETWORKS)]


def _losses(ax: Axes, losses: Sequence[float], look: dict[str, Any]) -> None:
    """Each step in pale, their running mean in full."""
    step = np.arange(1, len(losses) + 1)
    ax.plot(step, losses, color=look["color"], alpha=0.22, linewidth=1.0)
    ax.plot(step, smooth(losses), **look)


def _scores(ax: Axes, scores: Sequence[tuple[int, float]], look: dict[str, Any]) -> None:
    if scores:
        ax.plot(*zip(*scores, strict=True), marker="o", markersize=5, **look)


def _scale(left: Axes, right: Axes, curves: Mapping[str, Curve], steps: int) -> None:
    """Losses from zero, without the wild first steps; scores with room around them."""
    settled = [smooth(curve.losses)[min(5, len(curve.losses) - 1) :] for curve in curves.values() if curve.losses]
    left.set_ylim(0, 1.1 * max((float(part.max()) for part in settled), default=0.2))
    scores = [score for curve in curves.values() for _, score in curve.scores]
    low, high = (min(scores), max(scores)) if scores else (10.0, 25.0)
    right.set_ylim(np.floor(low - 1), np.ceil(high + 1))
    right.set_xlim(0, steps * 1.02)


def _names(ax: Axes, curves: Mapping[str, Curve], steps: int) -> None:
    """Each title beside the last point of its curve, pushed apart where two would touch."""
    low, high = ax.get_ylim()
    apart = (high - low) * 0.085
    ends = [curve.scores[-1][1] if curve.scores else None for curve in curves.values()]
    waiting = low + apart / 2
    wanted = [(waiting if end is None else end, number) for number, end in enumerate(ends)]
    placed: dict[int, float] = {}
    floor = -np.inf
    for y, number in sorted(wanted):
        placed[number] = floor = max(y, floor + apart)
    for number, title in enumerate(curves):
        end = ends[number]
        text = title if end is None else f"{title}  {end:.1f}"
        ax.annotate(
            text,
            (steps * 1.06, placed[number]),
            color=_colour(number),
            fontweight="bold",
            va="center",
            annotation_clip=False,
        )
