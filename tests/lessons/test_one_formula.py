"""Lesson 01: its pictures, and a text that has their colours."""

import re
from collections.abc import Callable

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


def places(ratio: int) -> torch.Tensor:
    return (torch.arange(ratio, dtype=torch.float64) + 0.5) / ratio - 0.5


def by_distance(weight: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[int], torch.Tensor]:
    """(ratio, 5) weights that depend on the distance from the output alone."""
    return lambda ratio: weight((places(ratio)[:, None] - torch.arange(-2, 3)).abs())


def keys(d: torch.Tensor) -> torch.Tensor:
    """The cubic with a = −½: it keeps ramps, and it overshoots."""
    near, far = 1.5 * d**3 - 2.5 * d**2 + 1, -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2
    return torch.where(d <= 1, near, far * (d < 2))


def unsharp(d: torch.Tensor) -> torch.Tensor:
    """Bilinear, less a part of what a wider tent blurs away."""
    return 1.5 * (1 - d).clamp(min=0) - 0.25 * (1 - d / 2).clamp(min=0)


@pytest.mark.parametrize("weight", [keys, unsharp])
def test_a_kernel_that_sharpens_is_rejected_though_it_keeps_flat_maps_mirrors_and_ramps(
    weight: Callable[[torch.Tensor], torch.Tensor],
) -> None:
    sharp = by_distance(weight)
    before = [rule for rule in exercises.SOFTER.rules if rule.name not in ("not negative", "softer than bilinear")]
    assert all(rule.holds(sharp(ratio), ratio) for rule in before for ratio in (2, 3, 4))
    verdict = exercises.SOFTER.check(sharp)
    assert (verdict.passed, verdict.mistake) == (False, "not negative")


@pytest.mark.parametrize("ratio", [2, 3, 5, 8])
def test_whatever_keeps_the_rules_spreads_further_than_bilinear(ratio: int) -> None:
    """Weights ≥ 0 that keep flat maps and ramps are mixtures of pairs of taps on both sides of s."""
    generator, taps = torch.Generator().manual_seed(ratio), torch.arange(-2, 3)
    for _ in range(20):
        w = torch.zeros(ratio, 5, dtype=torch.float64)
        for row, s in zip(w, places(ratio).tolist(), strict=True):
            for a in (t for t in (-2, -1, 0) if t < s):
                for b in (t for t in (0, 1, 2) if t > s):
                    share = float(torch.rand((), generator=generator)) / (b - a)
                    row[a + 2] += share * (b - s)
                    row[b + 2] += share * (s - a)
        w /= w.sum(dim=1, keepdim=True)
        w = (w + w.flip(0, 1)) / 2
        assert all(rule.holds(w, ratio) for rule in exercises.SOFTER.rules)
        off = places(ratio)
        spread = (w * (taps - off[:, None]) ** 2).sum(dim=1)
        assert (spread > off.abs() * (1 - off.abs())).all()  # that of bilinear
