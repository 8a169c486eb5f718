"""Lesson 12's pictures and explorers show what the operators compute."""

import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import a2u
from a2u.lessons import shared
from a2u.lessons.after_a2u import phases, points
from a2u.lessons.after_a2u.explorer import AFTER, effective, explorer
from a2u.lessons.after_a2u.memory import kept
from a2u.lessons.after_a2u.portrait import RING, SHOWN, portrait, read
from a2u.lessons.inspector import example


@pytest.mark.parametrize("name", SHOWN)
def test_what_an_operator_reads_makes_its_output(name: str) -> None:
    _, x, guide, y = example(name, 2)
    for row, column in ((5, 10), (0, 0), (15, 15)):
        found = read(name, row, column)
        z = np.pad(x[0, 0].numpy(), RING)
        value = float(np.nansum(found.weights * z))
        value += 0.0 if found.guide is None else found.guide * float(guide[0, 0, row, column])
        assert value == pytest.approx(float(y[0, 0, row, column]), abs=1e-5)


def test_the_portrait_says_how_many_cells_each_reads() -> None:
    says = portrait().says
    assert re.search(r"Bilinear +4 of 9 cells", says)
    assert re.search(r"DySample +4 of 4 cells", says)
    assert "guide 0." in says


# --- the four kernels of a position


def test_self_attention_cannot_tell_outputs_apart_and_sapa_only_by_the_encoder() -> None:
    x, guide = phases.maps()
    found = phases.kernels(x, guide)
    assert phases.one_for_all(found["self-attention"]) == 64
    assert max(phases.one_for_all(found[name]) for name in ("A²U", "SAPA")) < 64
    torch.testing.assert_close(sum(w.sum(0) for w in found.values()), torch.full((16, 16), 3.0, dtype=torch.float64))
    flat = F.interpolate(F.avg_pool2d(guide, 2), scale_factor=2)
    assert phases.one_for_all(phases.kernels(x, flat)["SAPA"]) == 64


def test_the_four_kernels_are_those_of_the_block() -> None:
    w = torch.arange(25 * 256.0).view(25, 16, 16)
    assert torch.equal(phases.of_block(w)[2, :, 3, 4], w[:, 7, 8])
    assert "SAPA 0.000 to 0.538" in phases.four_kernels().says


# --- DySample's point


def test_a_point_without_offset_is_bilinear_and_one_outside_stands_at_the_edge() -> None:
    ink = shared.small_map(1).double()
    y = a2u.build("bilinear", 1)(ink)
    for row, column in ((0, 0), (7, 8), (15, 3)):
        assert points.read(ink[0, 0], row, column).value == pytest.approx(float(y[0, 0, row, column]))
    far = points.read(ink[0, 0], 7, 8, dx=50.0, dy=-50.0)
    assert far.point == (0.0, 7.0)
    assert far.value == pytest.approx(float(ink[0, 0, 0, 7]))


def test_dx_moves_to_the_right_and_dy_down() -> None:
    ramp = torch.arange(8.0).expand(8, 8).double()
    assert points.read(ramp, 7, 8, dx=1.0).value == pytest.approx(points.read(ramp, 7, 8).value + 1)
    assert points.read(ramp, 7, 8, dy=1.0).value == pytest.approx(points.read(ramp, 7, 8).value)
    assert points.read(ramp.T, 7, 8, dy=-0.5).value == pytest.approx(points.read(ramp.T, 7, 8).value - 0.5)


def test_some_point_gives_the_value_of_the_digit_as_the_lesson_asks() -> None:
    ink, truth = shared.small_map(1)[0, 0].double(), float(shared.digit()[0, 0, 7, 8])
    steps = [points.STEP * n - points.FARTHEST for n in range(17)]
    nearest = min(abs(points.read(ink, 7, 8, dx, dy).value - truth) for dx in steps for dy in steps)
    assert nearest < 0.02


def test_the_panel_says_weights_that_sum_to_one() -> None:
    says = points.explorer().at(dx=0.75, dy=-0.5).says
    weights = [float(each) for each in re.findall(r"0\.\d{3}", says.split("weights")[1].split(";")[0])]
    assert sum(weights) == pytest.approx(1, abs=2e-3)


# --- the explorer of all


def test_every_operator_that_the_lesson_names_is_there_once() -> None:
    assert len(set(AFTER.values())) == len(AFTER) == 14
    panel = explorer()
    says = {name: panel.at(operator=name).says for name in AFTER.values()}
    assert "and 1 of the guide have a weight" in says["fade"]
    assert "looks at the picture." in says["naf"]
    assert "some below 0" in says["featup"]


def test_on_blank_paper_all_dysamples_are_bilinear() -> None:
    for name in ("dysample", "dysample:plus", "dysample:s", "dysample:s-plus"):
        op, x, guide, _ = example(name, 2)
        assert not op.offsets(x)[0, :, :, 1, 14].any()
        assert sorted(op.witness(x, guide, at=(0, 0, 1, 14)).w.tolist()) == pytest.approx(
            [0.0625, 0.1875, 0.1875, 0.5625]
        )


def test_the_gate_of_blank_paper_is_a_half() -> None:
    op, x, guide, _ = example("fade", 2)
    assert op.weights(x, guide)[1][0, 0, 1, 14].item() == 0.5


def test_weights_are_spread_over_as_many_taps_as_a_mean_has() -> None:
    assert effective(torch.tensor([0.0, 1.0])) == 1
    assert effective(torch.full((25,), 0.04)) == pytest.approx(25)


# --- memory


def test_what_is_kept_counts_each_storage_once() -> None:
    x = torch.ones(100, requires_grad=True)
    assert kept(lambda: x * x) == 400
    assert kept(lambda: x + 1) == 0
    assert kept(lambda: x.exp() * x) == 800
