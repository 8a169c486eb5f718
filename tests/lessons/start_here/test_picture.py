"""The map of operators: every registered operator has its place, its texts and its kernel on it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes

from a2u.errors import A2UError
from a2u.lessons.start_here.overview import AT, SIDE, example_kernels, overview
from a2u.lessons.start_here.picture import BRANCHES, operator_map
from a2u.operators import card, names
from a2u.plots import sheet

CARDS = [card(name) for name in names()]


class Words:
    """The map, and each text on it with the box that it fills (pixels from the bottom left)."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, kernels: dict[str, Any] | None = None) -> None:
        written: list[tuple[str, Any]] = []

        def recording(write: Callable[..., None]) -> Callable[..., None]:
            def record(ax: Axes, x: float, y: float, text: str, *rest: Any, **how: Any) -> None:
                before = set(ax.get_children())
                write(ax, x, y, text, *rest, **how)
                written.extend((text, artist) for artist in set(ax.get_children()) - before)

            return record

        for name in ("label", "note"):
            monkeypatch.setattr(sheet, name, recording(getattr(sheet, name)))
        self.figure = operator_map(CARDS, kernels)
        monkeypatch.undo()
        self.figure.canvas.draw()
        boxes = {artist: (text, artist.get_window_extent()) for text, artist in written}
        self.boxes = list(boxes.values())
        self.texts = [text for text, _ in self.boxes]

    def box(self, text: str) -> Any:
        return next(box for found, box in self.boxes if found == text)


def test_every_registered_operator_is_on_the_map_under_its_heading(monkeypatch: pytest.MonkeyPatch) -> None:
    words = Words(monkeypatch)
    headings = {(branch.family, branch.order): words.box(branch.heading) for branch in BRANCHES}
    for each in CARDS:
        title = words.box(each.title)
        own = headings[each.family, each.order]
        centre = {key: (heading.x0 + heading.x1) / 2 for key, heading in headings.items()}
        assert abs(title.x0 - (centre[each.family, each.order] - 102)) < 3, each.title  # a card is 224 wide
        assert title.y1 < own.y0


def test_the_words_are_those_of_the_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    words = " ".join(Words(monkeypatch).texts)
    for each in CARDS:
        assert " ".join(each.kernel.split()[:3]) in words


def test_only_operators_that_need_a_guide_carry_its_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    signs = Words(monkeypatch).texts.count("▲")
    assert signs == 1 + sum(each.needs_guide for each in CARDS)  # 1 in the legend


def test_nothing_leaves_the_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    words = Words(monkeypatch, example_kernels())
    width, height = words.figure.canvas.get_width_height()
    for text, box in words.boxes:
        assert 0 <= box.x0 < box.x1 <= width, text
        assert 0 <= box.y0 < box.y1 <= height, text


def test_no_two_texts_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    boxes = Words(monkeypatch, example_kernels()).boxes
    assert len(boxes) > 5 * len(CARDS)
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
