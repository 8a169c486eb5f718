"""The map of operators: every registered operator has its place, its texts and its kernel on it."""

from dataclasses import replace

import numpy as np
import pytest

from a2u.errors import A2UError
from a2u.lessons.overview import AT, SIDE, example_kernels, overview
from a2u.operators import card, names
from a2u.plots.operators import BRANCHES, operator_map

CARDS = [card(name) for name in names()]


def texts(figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def test_every_registered_operator_is_on_the_map_under_its_heading() -> None:
    ax = operator_map(CARDS).axes[0]
    place = {text.get_text(): text.get_position() for text in ax.texts}
    headings = {(branch.family, branch.order): place[branch.heading][0] for branch in BRANCHES}
    for each in CARDS:
        x, y = place[each.title]
        own = headings[each.family, each.order]
        assert own == min(headings.values(), key=lambda heading: abs(heading - x - 1)), each.title
        assert y > place["by distance"][1]


def test_the_words_are_those_of_the_cards() -> None:
    words = " ".join(texts(operator_map(CARDS)))
    for each in CARDS:
        assert " ".join(each.kernel.split()[:3]) in words


def test_only_operators_that_need_a_guide_carry_its_sign() -> None:
    assert texts(operator_map(CARDS)).count("▲") == 1 + sum(each.needs_guide for each in CARDS)  # 1 in the legend


def test_nothing_leaves_the_sheet() -> None:
    figure = operator_map(CARDS, example_kernels())
    figure.canvas.draw()
    width, height = figure.canvas.get_width_height()
    for text in figure.axes[0].texts:
        box = text.get_window_extent()
        assert box.x0 >= 0, text.get_text()
        assert box.x1 <= width, text.get_text()
        assert box.y0 >= 0, text.get_text()
        assert box.y1 <= height, text.get_text()


def test_no_two_texts_overlap() -> None:
    figure = operator_map(CARDS, example_kernels())
    figure.canvas.draw()
    boxes = [(text.get_text(), text.get_window_extent()) for text in figure.axes[0].texts]
    touching = [
        (a, b)
        for number, (a, first) in enumerate(boxes)
        for b, second in boxes[number + 1 :]
        if min(first.x1, second.x1) - max(first.x0, second.x0) > 1
        and min(first.y1, second.y1) - max(first.y0, second.y0) > 3
    ]
    assert touching == []


def test_an_operator_without_a_place_is_refused() -> None:
    stranger = replace(CARDS[0], name="stranger", family="feature", order=0)
    with pytest.raises(A2UError, match="'stranger' is feature 0"):
        operator_map([*CARDS, stranger])


def test_example_kernels_are_the_witnesses_of_one_value() -> None:
    kernels = example_kernels()
    assert list(kernels) == names()
    middle = np.zeros((SIDE, SIDE))
    middle[SIDE // 2, SIDE // 2] = 1
    np.testing.assert_array_equal(kernels["nearest"], middle)
    np.testing.assert_array_equal(kernels["max_unpool"], middle)  # AT is the maximum of its block
    bilinear = np.zeros((SIDE, SIDE))
    bilinear[1:3, 1:3] = [[0.0625, 0.1875], [0.1875, 0.5625]]  # AT has even row and column: before the centre
    assert AT[2] % 2 == AT[3] % 2 == 0
    np.testing.assert_allclose(kernels["bilinear"], bilinear)
    for name in ("bicubic", "carafe", "a2u"):
        assert kernels[name].sum() == pytest.approx(1, abs=1e-5), name


def test_the_overview_names_every_operator_for_those_who_cannot_see_it() -> None:
    drawing = overview()
    assert all(each.title in drawing.alt for each in CARDS)
