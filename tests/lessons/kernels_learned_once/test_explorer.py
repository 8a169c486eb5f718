"""Lesson 03: the explorer holds over its range, and the remedies keep their promise."""

import io
import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from rendered import pixels

from a2u import formula
from a2u.errors import A2UError
from a2u.lessons.frame import Panel
from a2u.lessons.kernels_learned_once import explorer as lesson
from a2u.lessons.kernels_learned_once.picture import STOP, impossible, overlap

SETTINGS = list(itertools.product(range(1, 9), range(1, 5), range(5), range(4)))


def test_what_is_called_impossible_is_what_torch_refuses() -> None:
    ones = torch.ones(1, 1, lesson.INPUTS, lesson.INPUTS)
    for kernel, stride, padding, extra in SETTINGS:
        why = lesson.problem(kernel, stride, padding, extra)
        try:
            y = F.conv_transpose2d(ones, torch.ones(1, 1, kernel, kernel), None, stride, padding, extra)
            possible = y.numel() > 0  # torch lets some maps without a value pass
        except RuntimeError:
            possible = False
        assert possible == (why is None), (kernel, stride, padding, extra, why)


@pytest.mark.parametrize(("kernel", "stride"), list(itertools.product(range(1, 9), range(1, 5))))
def test_phase_sums_are_what_a_flat_map_becomes_far_from_the_border(kernel: int, stride: int) -> None:
    w = lesson.weights("random", kernel, stride)
    y = F.conv_transpose2d(torch.ones(1, 1, 24, 24), w[None, None], stride=stride, padding=1 if kernel > 1 else 0)
    middle = 12 * stride
    inside = y[0, 0, middle : middle + stride, middle : middle + stride]
    assert torch.allclose(lesson.phase_sums(w, stride, 1 if kernel > 1 else 0), inside, atol=1e-5)
    assert float(inside.mean()) == pytest.approx(1, abs=1e-5)


def test_unknown_weights_are_named() -> None:
    with pytest.raises(A2UError, match="equal, tent, random"):
        lesson.weights("flat", 3, 2)


# --- the explorer


@pytest.fixture(scope="module")
def panel() -> Panel:
    return lesson.explorer()


CORNERS = [*itertools.product((1, 8), (1, 4), (0, 4), (0, 3)), (3, 2, 1, 1), (4, 2, 1, 0), (5, 3, 2, 2)]


@pytest.mark.parametrize("setting", CORNERS)
def test_the_explorer_holds_at_its_extremes(panel: Panel, setting: tuple[int, int, int, int]) -> None:
    kernel, stride, padding, extra = setting
    drawing = panel.set(kernel=kernel, stride=stride, padding=padding, output_padding=extra, kind="tent")
    why = lesson.problem(*setting)
    assert panel.error is None
    assert drawing.alt in panel.caption.value
    if why is None:
        assert f"= {(lesson.INPUTS - 1) * stride - 2 * padding + kernel + extra} " in drawing.says
        assert ("uneven" in drawing.says) == (kernel % stride != 0)
        assert ("receive nothing" in drawing.says) == (kernel < stride)
    else:
        assert why in drawing.says
    with Image.open(io.BytesIO(panel.image.value)) as image:
        assert np.asarray(image).std() > 0


@pytest.mark.parametrize(("kind", "flat"), [("equal", True), ("tent", True), ("random", False)])
def test_an_even_overlap_is_not_enough(panel: Panel, kind: str, flat: bool) -> None:
    says = panel.set(kernel=4, stride=2, padding=1, output_padding=0, kind=kind).says
    assert "2 everywhere: even" in says
    assert ("a flat map stays flat" in says) == flat


# --- the pictures


def red(fig) -> int:
    stop = np.array([int(STOP[k : k + 2], 16) for k in (1, 3, 5)])
    return int((np.abs(pixels(fig) - stop).sum(axis=2) < 30).sum())


def test_the_impossible_is_red_and_the_possible_is_not() -> None:
    assert red(impossible({"kernel": 3}, "because")) > 1000
    assert red(lesson.picture(4, 2, 1, 0, "equal").figure) == 0
    assert red(lesson.picture(1, 3, 0, 0, "equal").figure) > 0, "an output that receives nothing is marked"


def test_the_picture_follows_its_arrays() -> None:
    count, even = np.ones((4, 4)), np.ones((2, 2))
    spotted = count.copy()
    spotted[1, 1] = 3
    plain = pixels(overlap(2, 2, 2, 0, count, count, even))
    other = pixels(overlap(2, 2, 2, 0, count, spotted, even))
    changed = np.nonzero(np.abs(plain - other).sum(axis=2))
    assert 300 < changed[1].min() < changed[1].max() < 660, "only the middle map may change"
    with pytest.raises(A2UError, match="phases are 2×2"):
        overlap(2, 2, 2, 0, count, count, np.ones((3, 3)))


def test_only_what_the_padding_cuts_off_is_hatched() -> None:
    """The hatched strips have the height of the rows: the line between them and the counts stays blank."""
    for padding, strips in ((0, 0), (2, 2)):
        patches = lesson.picture(4, 2, padding, 0, "equal").figure.axes[0].patches
        boxes = [each.get_bbox() for each in patches if each.get_hatch()]
        assert [(abs(box.height), abs(box.width)) for box in boxes] == [pytest.approx((1.5, 0.6))] * strips


# --- two ways without a checkerboard


def test_resize_and_convolve_is_a_universal_kernel_with_equal_sums() -> None:
    x, weight = torch.randn(2, 3, 5, 4), torch.randn(2, 3, 3, 3)
    w = lesson.resize_kernel(weight)
    resized = F.conv2d(F.interpolate(x, scale_factor=2), weight, padding=1)
    assert torch.allclose(formula.universal(x, w, 2), resized, atol=1e-5)
    sums = w.view(2, 4, 3, 9).sum(dim=3)
    assert torch.allclose(sums, sums[:, :1].expand_as(sums), atol=1e-5)


@pytest.mark.parametrize("ratio", [2, 3])
def test_phases_alike_are_a_convolution_and_nearest(ratio: int) -> None:
    x, weight = torch.randn(1, 2, 5, 4), torch.randn(3 * ratio**2, 2, 3, 3)
    alike = lesson.make_phases_alike(weight, ratio)
    y = F.pixel_shuffle(F.conv2d(x, alike, padding=1), ratio)
    assert torch.allclose(y, F.interpolate(F.conv2d(x, weight[:: ratio**2], padding=1), scale_factor=ratio), atol=1e-5)
