"""Pictures of kernels that come from distance: which points an output value looks at, and how much each weighs."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from a2u.plots import sheet, style
from a2u.plots.sheet import Block


def reference_points(kernels: Mapping[str, Any], position: tuple[float, float]) -> Figure:
    """Kernels as pictures around the place of one output value.

    Args:
        kernels: title → array (k, k), k odd, centred on the pixel that the value falls into.
        position: where the value lies from the centre of that pixel, in pixels: (down, right).

    Reference points, the taps with a weight, are outlined in blue; the output is the green dot.
    """
    arrays = {title: np.asarray(values, dtype=float) for title, values in kernels.items()}
    widest = max(len(values) for values in arrays.values())
    cmap, norm = style.scale("weights", limit=0.8)
    side, gap = 2.75, 0.5
    width = 0.2 + len(arrays) * side + (len(arrays) - 1) * gap
    with style.context():
        fig, ax = style.canvas(width, side + 0.85)
        for place, (title, values) in enumerate(arrays.items()):
            block = Block.inside(0.1 + place * (side + gap), 0.42, side, widest, widest)
            padded = np.pad(values, (widest - len(values)) // 2)
            sheet.cells(ax, block, padded, cmap, norm)
            sheet.numbers(ax, block, padded, cmap, norm, padded != 0)
            rows, columns = np.nonzero(padded)
            extent = (rows.max() - rows.min() + 1, columns.max() - columns.min() + 1)
            sheet.frame(ax, block, rows.min(), columns.min(), *extent, style.Z)
            middle = block.centre(widest // 2 + position[0], widest // 2 + position[1])
            ax.plot(*middle, "o", color=style.Y, markersize=9, markeredgecolor=style.PAPER, zorder=7)
            sheet.label(ax, block.left + side / 2, 0.27, title)
            points = f"{len(rows)} reference point{'s' if len(rows) > 1 else ''}"
            sheet.note(
                ax, block.left + side / 2, block.bottom + 0.24, f"{points},  weights {sheet.span(values[values != 0])}"
            )
    return fig


def weight_curves(curves: Mapping[str, tuple[Any, Any, Any, Any]]) -> Figure:
    """How much a reference point weighs at each distance, and the distances that one output value meets.

    Args:
        curves: title → (distances, weights, sampled distances, sampled weights).
    """
    with style.context():
        fig = style.figure(9.6, 2.7)
        axes = fig.subplots(1, len(curves), sharey=True, squeeze=False)[0]
        fig.subplots_adjust(left=0.075, right=0.99, bottom=0.22, top=0.86, wspace=0.12)
        for ax, (title, (distance, weight, met, value)) in zip(axes, curves.items(), strict=True):
            ax.axhline(0, color=style.FAINT, linewidth=0.8)
            ax.plot(distance, weight, color=style.W)
            ax.vlines(met, 0, value, color=style.W, linewidth=1.0, linestyles="dotted")
            ax.plot(met, value, "s", color=style.Z, markersize=7, markeredgecolor=style.PAPER)
            for d, w in zip(met, value, strict=True):
                if w > 0.95 or (w < 0 and d < 0):  # on a flat top, or with the dip of the curve beside it
                    shift, side = (0, 11), "center"
                else:
                    shift, side = (-9 if d < 0 else 9, -9 if w < 0 else 0), "right" if d < 0 else "left"
                ax.annotate(style.number(float(w), 3), (d, w), shift, textcoords="offset points", ha=side, va="center")
            ax.set(title=title, ylim=(-0.3, 1.28))
        axes[0].set_ylabel("weight w(d)")
        fig.text(0.5325, 0.035, "distance d from the output, in source pixels", ha="center", color=style.INK)
    return fig


def copies(frequency: Any, amplitude: Any, responses: Mapping[str, tuple[Any, Any]]) -> Figure:
    """The spectrum of a map with zeros between its values, and how much of each frequency some filters let through.

    Args:
        frequency: in periods per pixel of the large map, 0 … ½.
        amplitude: at each of them, before any filter.
        responses: title → (frequencies, amplitudes after the filter divided by those before it).
    """
    frequency, amplitude = np.asarray(frequency, dtype=float), np.asarray(amplitude, dtype=float)
    with style.context():
        fig = style.figure(9.6, 3.2)
        ax = fig.subplots()
        fig.subplots_adjust(left=0.09, right=0.985, bottom=0.17, top=0.88)
        old = frequency <= 0.25
        for part, name, colour in ((old, "the map", "#8B9097"), (~old, "its copy", style.FAINT)):
            bars = amplitude[part] / amplitude.max()
            ax.bar(frequency[part], bars, width=0.024, color=colour, label=f"spectrum: {name}")
        ax.axvline(0.25, color=style.MUTED, linewidth=0.8, linestyle=":")
        for (name, (f, response)), stroke in zip(responses.items(), style.STROKES, strict=False):
            ax.plot(f, response, stroke, color=style.W, label=f"filter: {name}")
        ax.set(xlim=(-0.02, 0.52), ylim=(0, 1.16), xlabel="frequency, in periods per pixel of the large map")
        ax.set_ylabel("bars: of the largest\nlines: let through")
        ax.text(0.247, 1.09, "the small map can hold this", ha="right", color=style.MUTED)
        ax.text(0.253, 1.09, "this it cannot", ha="left", color=style.MUTED)
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 0.98), ncol=5, fontsize=9)
    return fig
