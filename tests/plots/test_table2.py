"""The picture of Table 2: every row's numbers, one scale for the bars of a table, other seeds on them."""

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from a2u.errors import A2UError
from a2u.plots.table2 import Choice, TableRow, matting_board

PAPER = (37.51, 0.0096, 19.07, 35.72)
LINES = [
    TableRow("first", 1000, (2.0, 0.08, 4.0, 2.5), PAPER, (1.0, 4.0)),
    TableRow("second", 2000, (3.0, 0.09, 5.0, 2.75), PAPER),
    TableRow("third", None, None, PAPER),
]
CHOICES = [Choice("A²U", "kernel 1×1", 8.0, 37.74), Choice("A²U", "kernel 5×5", None, 35.99)]


def diamonds(figure: Figure, filled: bool) -> list[float]:
    """Where the diamonds of one kind are, from left to right."""
    found = [line for line in figure.axes[0].lines if line.get_marker() == "D"]
    kind = [line for line in found if (line.get_markerfacecolor() != "none") == filled]
    return sorted(float(x) for line in kind for x in line.get_xdata())


def test_rows_show_both_halves_and_what_is_missing(words: list[str]) -> None:
    matting_board(LINES, CHOICES, label="narrow preset", below="brief preset")
    assert {"here: narrow preset", "here: brief preset", "2.00", "0.0800", "2.75", "37.51", "1,000", "8.00"} <= set(
        words
    )
    assert words.count("not run") == 2


def test_one_scale_for_all_seeds_of_a_table_from_0() -> None:
    start, end = 2.95, 4.7
    figure = matting_board(LINES, CHOICES, label="")
    assert diamonds(figure, filled=False) == pytest.approx([start + (end - start) * sad / 4 for sad in (1, 4)])
    own = [start + (end - start) * part for part in (2 / 4, 3 / 4, 8 / 8)]  # the ablation has its own
    assert diamonds(figure, filled=True) == pytest.approx(own)


def test_open_diamonds_are_explained_where_there_are_some(words: list[str]) -> None:
    matting_board(LINES[1:], [], label="")
    assert not any("◇" in text for text in words)
    matting_board(LINES, [], label="")
    assert any("other seeds ◇" in text for text in words)


@pytest.mark.parametrize("choices", [[], CHOICES])
def test_everything_is_inside_the_page(choices: list[Choice], monkeypatch: pytest.MonkeyPatch) -> None:
    from a2u.plots import sheet

    places: list[tuple[float, float]] = []
    original = sheet._write

    def write(ax: Any, x: float, y: float, *how: Any) -> None:
        places.append((x, y))
        original(ax, x, y, *how)

    monkeypatch.setattr(sheet, "_write", write)
    width, height = matting_board(LINES, choices, label="").get_size_inches()
    assert (np.array(places) > 0.05).all()
    assert (np.array(places) < (width - 0.05, height - 0.05)).all()


def test_a_line_without_four_metrics_and_no_line_are_refused() -> None:
    with pytest.raises(A2UError, match="first needs four metrics, SAD, MSE, Grad and Conn; given"):
        matting_board([TableRow("first", None, (2.0, 0.1), None)], [], label="")
    with pytest.raises(A2UError, match="at least one line"):
        matting_board([], [], label="")
