"""Lesson 01: its pictures, and a text that has their colours."""

import re

import numpy as np
from matplotlib.colors import to_rgb
from project import NOTEBOOKS
from rendered import pixels

from a2u.lessons.one_formula.picture import reference_points, weight_curves
from a2u.plots import style


def test_the_legend_of_lesson_01_has_the_colours_of_the_pictures() -> None:
    text = (NOTEBOOKS / "source" / "01_one_formula.py").read_text()
    shown = re.findall(r'<span style="color: (#\w+)">(.)</span>', text)
    assert shown == [(style.COLOURS[kind], style.GLYPHS[kind]) for kind in "zwy"]


def test_reference_points_are_outlined_and_the_output_is_green() -> None:
    kernels = {"one": np.ones((1, 1)), "four": np.pad(np.full((2, 2), 0.25), ((1, 0), (0, 1)))}
    picture = pixels(reference_points(kernels, (0.25, -0.25)))
    green = abs(picture - np.round(255 * np.array(to_rgb(style.Y)))).max(axis=2) < 8
    assert green[:, : green.shape[1] // 2].sum() > 20
    assert green[:, green.shape[1] // 2 :].sum() > 20


def test_weight_curves_mark_what_is_met() -> None:
    d = np.linspace(-1, 1, 21)
    without, with_points = (pixels(weight_curves({"hat": (d, 1 - abs(d), p, p)})) for p in ([], [0.5]))
    assert not np.array_equal(without, with_points)
