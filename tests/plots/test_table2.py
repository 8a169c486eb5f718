"""The picture of Table 2: every row's numbers, one axis for the SADs of a table, other seeds on it."""

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from a2u.errors import A2UError
from a2u.plots.table2 import Choice, TableRow, matting_board

PAPER = (37.51, 0.0096, 19.07, 35.72)
LINES = [
    TableRow("first", 1000, (2.0, 0.08, 4.0, 2.5), PAPER, (1.0, 4.0), 2.625),
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


def test_one_axis_for_all_seeds_of_a_table_and_its_ends_are_printed(words: list[str]) -> None:
    start, end = 2.7, 4.3
    figure = matting_board(LINES, [], label="")
    assert {"1", "4"} <= set(words)
    assert diamonds(figure, filled=False) == pytest.approx([start, end])
    assert diamonds(figure, filled=True) == pytest.approx([start + (end - start) * part for part in (1 / 3, 2 / 3)])


def test_sads_that_lie_close_together_fill_the_axis(words: list[str]) -> None:
    """An axis from 0 would show the differences of such a table as nothing."""
    close = [TableRow(str(sad), 1, (sad, 0.1, 4.0, 2.5), None) for sad in (2.34, 2.45, 2.64)]
    figure = matting_board(close, CHOICES[:1], label="")
    assert {"2.3", "2.7"} <= set(words)
    found = diamonds(figure, filled=True)
    assert found[-1] - found[0] > 0.7 * 1.6
    assert all(2.7 <= x <= 4.3 for x in found)


def test_conn_stands_by_both_conventions_and_a_missing_one_is_a_dash(words: list[str]) -> None:
    matting_board(LINES, [], label="")
    assert {"Conn skip", "Conn empty", "2.50", "2.62"} <= set(words)
    assert words.count("–") == 1  # of the second line; the third was not run


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
