"""The animation of the README: what it shows is what the trained network computes, and it reads as it is written."""

import io
from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image, ImageSequence

from a2u import pretrained
from a2u.commands import opening
from a2u.commands.opening import CHANNEL, DIGIT, PLACE, STAGE, WALK, opened
from a2u.commands.opening_picture import WIDTH, frame
from a2u.data import load, to_float32x32
from a2u.plots import sheet


@pytest.fixture(scope="module")
def drawing():
    return opening.opening()


@pytest.fixture(scope="module")
def moments():
    return list(opening.story())


@pytest.fixture(scope="module")
def computed():
    """The last stage of the network on the digit, without the witness: windows by unfolding, kernels, y."""
    model = pretrained.load_pretrained("toy/a2u-hybrid-mnist")[0].double()
    digit = to_float32x32(load("mnist", "test"))[DIGIT : DIGIT + 1].double()
    given = []
    model.up[STAGE].register_forward_pre_hook(lambda _op, inputs: given.extend(inputs))
    with torch.no_grad():
        model(digit)
        x, guide = given
        op = model.up[STAGE]
        return F.unfold(x[:, CHANNEL : CHANNEL + 1], 3, padding=1)[0], op.kernel(x, guide)[0, 0], op(x, guide)[0]


@pytest.mark.parametrize("place", [PLACE, *WALK], ids=str)
def test_every_number_is_the_networks_own(place, computed):
    windows, kernels, y = computed
    row, column = place
    value = opened(row, column)
    assert value.at == (CHANNEL, row, column)
    assert value.z.ravel() == pytest.approx(windows[:, row // 2 * 16 + column // 2].numpy(), abs=1e-9)
    assert value.w.ravel() == pytest.approx(kernels[:, row, column].numpy(), abs=1e-9)
    assert value.value == pytest.approx(float(y[CHANNEL, row, column]), abs=1e-6)
    top, left = value.corner
    assert value.z == pytest.approx(np.pad(value.x, 1)[top + 1 : top + 4, left + 1 : left + 4], abs=0)


def test_the_opened_value_adds_up_as_it_is_written():
    value = opened(*PLACE)
    w, z, products, total = (np.round(each, 2) for each in (value.w, value.z, value.products, value.value))
    assert np.round(w * z, 2) == pytest.approx(products)
    assert w.sum() == pytest.approx(1)
    assert products.sum() == pytest.approx(total)


def test_products_come_one_by_one_and_the_sum_follows(moments):
    value = opened(*PLACE)
    growing = [moment for moment, _ in moments if moment.words.startswith("Multiply")]
    assert [moment.products for moment in growing] == list(range(1, 10))
    assert [moment.shown for moment in growing] == pytest.approx(np.cumsum(value.products))
    assert moments[1][0].shown == value.value  # the question is about a value that is there


def test_the_kernel_changes_where_the_words_say_it_does(moments):
    left_minus_right = {place: float(np.diff(opened(*place).w.sum(0)[[2, 0]])[0]) for place in (PLACE, *WALK)}
    assert left_minus_right[PLACE] > 0.2  # the upper edge of the stroke
    assert left_minus_right[28, 14] < -0.2  # its lower edge
    assert abs(left_minus_right[WALK[-1]]) < 0.01  # blank paper: even
    said = {moment.value.at[1:]: moment.words for moment, _ in moments}
    for place in WALK:
        value = opened(*place)
        where = {24: "inside", 25: "inside", 26: "inside", 27: "inside", 28: "edge", 29: "edge", 30: "blank paper"}
        assert where[place[0]] in said[place]
        assert f"{value.w.min():.2f}" in said[place]
        assert f"{value.w.max():.2f}" in said[place]


def test_it_lasts_ten_seconds_and_begins_with_the_whole(drawing, moments):
    animation = opening.animation()
    with Image.open(io.BytesIO(animation)) as image:
        assert image.info["loop"] == 0
        assert image.size == (1200, 603)
        frames = [(np.asarray(each.convert("RGB")), each.info["duration"]) for each in ImageSequence.Iterator(image)]
    assert [stay for _, stay in frames] == [stay for _, stay in moments]
    assert sum(stay for _, stay in frames) == 10_000
    assert frames[0][1] >= 1500
    with Image.open(io.BytesIO(drawing.png())) as still:
        assert np.array_equal(frames[0][0], np.asarray(still.convert("RGB")))
    first = moments[0][0]
    assert (first.z, first.w, first.products) == (1, 1, 9)
    assert all((one != two).any() for (one, _), (two, _) in pairwise(frames))
    assert len(animation) < 600_000


def test_no_text_is_smaller_than_eleven_pixels(moments, monkeypatch):
    """Where a page shows the sheet 800 pixels wide; numbers in cells are checked as they are set."""
    sizes = []
    placed = sheet._placed
    monkeypatch.setattr(
        sheet, "_placed", lambda text, x, y, size, *rest: sizes.append(size) or placed(text, x, y, size, *rest)
    )
    for moment, _ in moments:
        frame(moment, opening.TITLE)
    pixels = min(sizes) / 72 * 800 / WIDTH
    assert len(sizes) > 500
    assert pixels >= 11


def test_the_words_hold_the_numbers(drawing):
    value = opened(*PLACE)
    for each in (*value.z.ravel(), *value.w.ravel(), *value.products.ravel(), value.value):
        assert f"{each:.2f}" in drawing.words
    assert f"sum {value.value:.2f}" in drawing.words
    assert "trained" in drawing.alt
