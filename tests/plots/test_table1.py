"""Pictures of Table 1: the values that reach the page, what is missing, one scale for all errors."""

from typing import Any

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from a2u.errors import A2UError
from a2u.plots import sheet, style
from a2u.plots.gallery import gallery
from a2u.plots.table1 import TableColumn, epochs, gains, scoreboard

NAMES = ["first", "second", "third"]
SETS = {
    "A": TableColumn([28.5, 26.0, 47.6], [22.0, 20.5, None], [0.3, None, None]),
    "B": TableColumn([25.0, 24.0, 46.0], [None] * 3),
}
LABEL = "quick preset: 2 epochs"


def points(figure: Figure, axes: int) -> set[tuple[float, float]]:
    """Rings and diamonds of a panel: (value, row)."""
    lines = [line for line in figure.axes[axes].lines if len(line.get_xdata()) == 1]
    return {(float(line.get_xdata()[0]), int(line.get_ydata()[0])) for line in lines if line.get_marker() in ("o", "D")}


def test_the_scoreboard_shows_ours_theirs_and_what_is_missing(words: list[str]) -> None:
    figure = scoreboard(NAMES, [1000, 2000, 3000], SETS, label=LABEL)
    assert points(figure, 1) == {(28.5, 0), (26.0, 1), (47.6, 2), (22.0, 0), (20.5, 1)}
    assert points(figure, 2) == {(25.0, 0), (24.0, 1), (46.0, 2)}
    assert {"here: quick preset: 2 epochs", "22.00 ±0.30", "20.50", "−6.50", "1,000", "A", "B"} <= set(words)
    assert words.count("not run") == 4


def test_the_spread_over_seeds_is_drawn() -> None:
    bars = [
        c for c in scoreboard(NAMES, [1, 2, 3], SETS, label="").axes[1].collections if isinstance(c, LineCollection)
    ]
    ends = [tuple(np.asarray(bar.get_segments()[0])[:, 0]) for bar in bars]
    assert (21.7, 22.3) in [tuple(np.round(end, 6)) for end in ends]


def test_panels_of_the_scoreboard_share_one_scale() -> None:
    figure = scoreboard(NAMES, [1, 2, 3], SETS, label="")
    low, high = figure.axes[1].get_xlim()
    assert (low, high) == figure.axes[2].get_xlim()
    assert low < 20.5 < 47.6 < high


def test_gains_are_counted_from_the_base_on_both_sides(words: list[str]) -> None:
    figure = gains(NAMES, SETS, "second", label=LABEL)
    widths = sorted(round(float(bar.get_width()), 3) for bar in figure.axes[1].patches)
    assert widths == sorted([2.5, 0.0, 21.6, 1.5, 0.0])
    assert [text.get_text().strip() for text in figure.axes[1].texts].count("not run") == 1
    assert [text.get_text().strip() for text in figure.axes[2].texts].count("not run") == 3
    assert f"here: {LABEL}" in words


def test_without_the_base_a_measured_row_is_not_called_missing() -> None:
    sets = {"A": TableColumn([28.5, 26.0, 47.6], [22.0, None, None])}
    texts = [text.get_text().strip() for text in gains(NAMES, sets, "second", label=LABEL).axes[1].texts]
    assert "22.0 dB in all; the base was not run" in texts
    assert texts.count("not run") == 2


def test_curves_show_every_epoch_and_end_in_their_name(words: list[str]) -> None:
    figure = epochs({"A": {"first": [20.0, 21.0, 22.5], "second": [20.0, 22.0, 22.6]}, "B": {}}, label=LABEL)
    lines = [list(line.get_ydata()) for line in figure.axes[1].lines if len(line.get_ydata()) == 3]
    assert lines == [[20.0, 21.0, 22.5], [20.0, 22.0, 22.6]]
    texts = {text.get_text(): text for text in figure.axes[1].texts}
    assert set(texts) == {"first  22.5", "second  22.6"}
    apart = abs(texts["first  22.5"].xy[1] - texts["second  22.6"].xy[1])
    assert apart > 0.1  # the names are pushed apart, their lines are not
    assert not figure.axes[2].axison  # a set that was not run has no empty axes
    assert figure.axes[2].texts[0].get_text() == "B: not run"
    assert f"here: {LABEL}" in words


def test_a_curve_goes_through_the_epochs_that_were_measured() -> None:
    figure = epochs({"A": {"first": [None, 21.0, None, 22.5], "second": [20.0, 20.5, 21.0, 21.5]}}, label=LABEL)
    lines = {tuple(line.get_xdata()): list(line.get_ydata()) for line in figure.axes[1].lines}
    assert lines[2, 4] == [21.0, 22.5]
    assert lines[1, 2, 3, 4] == [20.0, 20.5, 21.0, 21.5]
    assert {text.get_text() for text in figure.axes[1].texts} == {"first  22.5", "second  21.5"}


def test_no_two_of_nine_lines_look_the_same() -> None:
    figure = epochs({"A": {f"row {n}": [n, n + 1.0] for n in range(9)}}, label="")
    looks = [
        (line.get_color(), line.get_linestyle()) for line in figure.axes[1].lines if list(line.get_xdata()) == [1, 2]
    ]
    assert len(looks) == len(set(looks)) == 9


IMAGES = np.random.default_rng(0).random((2, 1, 8, 8))


def maps(figure: Figure) -> list[Any]:
    return list(figure.axes[0].images)


def test_the_gallery_shows_inputs_reconstructions_and_absolute_errors(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[tuple[Any, Any]] = []
    original = sheet.cells

    def cells(ax: Any, block: Any, values: Any, cmap: Any, norm: Any) -> None:
        drawn.append((np.asarray(values), (norm.vmin, norm.vmax)))
        original(ax, block, values, cmap, norm)

    monkeypatch.setattr(sheet, "cells", cells)
    half = IMAGES * 0.5
    half[1] = np.nan
    gallery(IMAGES, {"a": IMAGES + 0.1, "b": half, "c": None}, {"a": "20 dB"}, heads=["4", "0"], label=LABEL, limit=0.4)
    expected = [IMAGES[0, 0], IMAGES[1, 0], IMAGES[0, 0] + 0.1, np.full((8, 8), 0.1), IMAGES[1, 0] + 0.1]
    expected += [np.full((8, 8), 0.1), IMAGES[0, 0] / 2, IMAGES[0, 0] / 2]
    for (shown, _), wanted in zip(drawn, expected, strict=True):
        np.testing.assert_allclose(shown, wanted)
    assert [limits for _, limits in drawn] == [(-1, 1)] * 3 + [(0, 0.4), (-1, 1), (0, 0.4), (-1, 1), (0, 0.4)]
    assert words.count("not run") == 2 + 4
    assert {"a", "b", "c", "20 dB", "4", "0", LABEL} <= set(words)


@pytest.mark.parametrize("draw", [
    lambda: scoreboard(NAMES, [1, 2, 3], SETS, label=LABEL),
    lambda: gains(NAMES, SETS, "first", label=LABEL),
    lambda: epochs({"A": {"first": [1.0, 2.0]}, "B": {"first": [1.0, 2.0]}}, label=LABEL),
    lambda: gallery(IMAGES, {"a": IMAGES}),
])  # fmt: skip
def test_panels_are_inside_the_page_and_do_not_overlap(draw: Any) -> None:
    boxes = [ax.get_position() for ax in draw().axes[1:]]
    for number, first in enumerate(boxes):
        assert first.x0 >= 0
        assert first.x1 <= 1
        assert first.y0 >= 0
        assert first.y1 <= 1
        assert not any(first.overlaps(second) for second in boxes[number + 1 :])


def test_equal_tables_give_equal_pictures() -> None:
    one, two = (style.png(gains(NAMES, SETS, "first", label=LABEL)) for _ in range(2))
    assert one == two


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: scoreboard(NAMES, [1], SETS, label=""), "3 rows needs as many values per column, given 1"),
        (lambda: gains(NAMES, SETS, "fourth", label=""), "no row 'fourth'"),
        (lambda: epochs({"A": {"first": [20.0]}}, label=""), "at least two epochs, but these runs have 1"),
        (lambda: gallery(IMAGES, {"a": IMAGES[:1]}), "a has shape"),
        (lambda: gallery(IMAGES[0, 0], {}), "Images are"),
        (lambda: gallery(IMAGES[:0], {}), "nothing to show"),
    ],
)
def test_what_cannot_be_drawn_is_refused(draw: Any, message: str) -> None:
    with pytest.raises(A2UError, match=message):
        draw()
