"""Lesson 01: its pictures, and a text that has their colours."""

import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from matplotlib.colors import to_rgb
from project import NOTEBOOKS
from rendered import pixels

from a2u.lessons.one_formula import exercises
from a2u.lessons.one_formula.picture import copies, reference_points, weight_curves
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


def test_the_spectrum_and_each_filter_are_drawn() -> None:
    f = np.linspace(0, 0.5, 9)
    one, other = (pixels(copies(f, 1 - f, {"box": (f, response)})) for response in (1 - f, 1 - 2 * f))
    assert not np.array_equal(one, other)
    assert not np.array_equal(one, pixels(copies(f, 1 - f**2, {"box": (f, 1 - f)})))


@pytest.mark.parametrize("ratio", [2, 3, 8])
def test_the_overshoot_is_what_torch_makes_of_a_step(ratio: int) -> None:
    step = (torch.arange(12) >= 6).float().expand(1, 1, 12, 12)
    large = F.interpolate(step, scale_factor=ratio, mode="bicubic")
    assert torch.allclose(exercises.overshoot_reference(ratio), large.max() - 1, atol=1e-5)


def test_every_kernel_that_keeps_the_rules_passes() -> None:
    def twice_blurred(ratio: int) -> torch.Tensor:
        s = (torch.arange(ratio) + 0.5) / ratio - 0.5
        tent = (1 - (s[:, None] - torch.arange(-1, 2)).abs()).clamp(min=0)
        return F.conv1d(tent[:, None], torch.tensor([[[0.25, 0.5, 0.25]]]), padding=2)[:, 0]

    verdict = exercises.SOFTER.check(twice_blurred)
    assert verdict.passed, verdict.message
