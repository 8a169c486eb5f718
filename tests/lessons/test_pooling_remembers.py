"""Lesson 02: round trips agree with torch, the explorer holds over its range, exercises know right from wrong."""

import io

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from rendered import pixels

from a2u.errors import A2UError
from a2u.lessons import shared
from a2u.lessons.frame import Panel
from a2u.lessons.pooling_remembers import exercises
from a2u.lessons.pooling_remembers import explorer as lesson
from a2u.lessons.pooling_remembers.picture import round_trip
from a2u.plots import style


@pytest.mark.parametrize("ratio", [2, 3, 4])
def test_trips_are_what_torch_makes_of_them(ratio: int) -> None:
    x = torch.randn(2, 3, 3 * ratio, 2 * ratio)
    low, index = F.max_pool2d(x, ratio, return_indices=True)
    assert torch.equal(lesson.trip("max_unpool", x, ratio)[2], F.max_unpool2d(low, index, ratio))
    assert torch.equal(lesson.trip("max_nearest", x, ratio)[2], F.interpolate(low, scale_factor=ratio))
    average = F.interpolate(F.avg_pool2d(x, ratio), scale_factor=ratio)
    assert torch.equal(lesson.trip("average_nearest", x, ratio)[2], average)
    blocks = F.pixel_unshuffle(x, ratio).view(2, 3, ratio**2, 3, 2)
    assert torch.equal(lesson.place_in_block(x, ratio), blocks.argmax(dim=2))


@pytest.mark.parametrize("name", ["max_unpool", "average_nearest"])
def test_the_error_of_a_projection_is_the_energy_that_is_gone(name: str) -> None:
    x = torch.randn(1, 2, 8, 8)
    y = lesson.trip(name, x)[2]
    found = lesson.kept(x, y)
    assert found["rmse"] ** 2 * x.numel() == pytest.approx(float(x.square().sum()) * (1 - found["energy"]), rel=1e-4)


def test_a_trip_says_what_it_needs() -> None:
    with pytest.raises(A2UError, match=r"no trip 'unpool'.*max_unpool"):
        lesson.trip("unpool", torch.zeros(1, 1, 4, 4))
    with pytest.raises(A2UError, match="sides that r=2 divides"):
        lesson.trip("max_unpool", torch.zeros(1, 1, 5, 4))


# --- the explorer


@pytest.fixture(scope="module")
def panel() -> Panel:
    return lesson.explorer()


def expected(operator: str, ratio: int, channel: int, row: int, column: int) -> float:
    x = shared.encoder_map(2)[:, channel : channel + 1]
    return float(lesson.trip(operator, x, ratio)[2][0, 0, row, column])


@pytest.mark.parametrize("ratio", lesson.RATIOS)
@pytest.mark.parametrize("operator", lesson.TRIPS)
def test_the_explorer_says_the_value_at_every_corner_and_inside(panel: Panel, operator: str, ratio: int) -> None:
    for channel, row, column in ((0, 0, 0), (1, 0, 15), (3, 15, 15)):
        drawing = panel.set(operator=operator, ratio=ratio, channel=channel, row=row, column=column)
        value = float(drawing.says.split(";")[0].rsplit("= ", 1)[1].replace("−", "-"))
        assert value == pytest.approx(expected(operator, ratio, channel, row, column), abs=6e-4)
        assert drawing.alt in panel.caption.value
    with Image.open(io.BytesIO(panel.image.value)) as image:
        assert np.asarray(image).std() > 0


def test_another_column_is_another_output(panel: Panel) -> None:
    panel.set(operator="max_unpool", ratio=2, channel=0, row=9)
    shown = {panel.set(column=column).says.splitlines()[0] for column in range(0, 16, 5)}
    assert len(shown) == 4
    assert panel.error is None


def test_the_words_name_the_index_in_the_block_and_the_flat_one(panel: Panel) -> None:
    says = panel.set(operator="max_unpool", ratio=2, channel=0, row=9, column=5).says
    assert "block (4, 2) is at (9, 5): index 3 in the block, 149 flat" in says
    assert "has no place" in panel.set(operator="average_nearest").says


# --- the picture


def arrays(index: int) -> dict:
    x = np.zeros((4, 4))
    x[index // 2, index % 2] = 1.0
    low, w = np.array([[1.0, 0.0], [0.0, 0.0]]), np.zeros((4, 4))
    w[index // 2, index % 2] = 1.0
    return {"x": x, "low": low, "index": np.array([[index, 0], [0, 0]]), "w": w, "y": w.copy(), "at": (0, 0)}


def test_the_picture_follows_the_place_of_the_maximum() -> None:
    seen = [pixels(round_trip(**arrays(index))) for index in range(4)]
    for one in range(4):
        for other in range(one):
            assert np.abs(seen[one] - seen[other]).sum() > 10_000


def test_the_kernel_is_drawn_where_the_one_is() -> None:
    orange = []
    for index in (1, 2):
        picture = pixels(round_trip(**arrays(index)))[380:495, 255:375]  # the block of kernels, inside its outline
        full = np.array(style.WEIGHTS(1.0)[:3]) * 255
        rows, columns = np.nonzero(np.abs(picture - full).sum(axis=2) < 12)
        orange.append((rows.mean(), columns.mean()))
    assert orange[0][0] < orange[1][0]
    assert orange[0][1] > orange[1][1]


def test_maps_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(A2UError, match="r times that of the pooled map"):
        round_trip(**arrays(0) | {"low": np.zeros((3, 2))})


# --- exercises


def test_references_agree_with_torch() -> None:
    x = torch.randn(2, 3, 6, 4)
    index = F.max_pool2d(x, 2, return_indices=True)[1]
    assert torch.equal(exercises.indices_reference(x[1, 2], 2).long(), index[1, 2])
    assert torch.equal(exercises.kernel_reference(x, 2), lesson.trip("max_unpool", x)[1][:, :, 0])


def test_the_gain_is_the_difference_of_the_measured_errors() -> None:
    block = torch.randn(3, 3, generator=torch.Generator().manual_seed(0))
    error = {n: (lesson.trip(n, block[None, None], 3)[2] - block).square().sum() for n in lesson.TRIPS}
    assert torch.allclose(exercises.gain_reference(block), error["average_nearest"] - error["max_unpool"], atol=1e-5)


def test_other_fair_designs_pass() -> None:
    def ties_share(guide: torch.Tensor, ratio: int) -> torch.Tensor:
        w = guide[None, None]
        most = F.interpolate(F.max_pool2d(w, ratio), scale_factor=float(ratio))
        ones = (w == most).float()
        return (ones / F.interpolate(F.avg_pool2d(ones, ratio), scale_factor=float(ratio)) / ratio**2)[0, 0]

    verdict = exercises.FAIR.check(ties_share)
    assert verdict.passed, verdict.message


def test_one_product_is_not_shown_as_a_sum() -> None:
    (axes,) = lesson.picture("max_unpool", torch.rand(1, 1, 16, 16), 2, (9, 5)).figure.axes
    assert not any("∑" in text.get_text() for text in axes.texts)
