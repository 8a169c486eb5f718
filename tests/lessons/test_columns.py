"""Tables that a cell prints."""

from a2u.lessons.columns import WIDEST, columns


def test_columns_are_as_wide_as_their_cells_and_lines_end_without_blanks() -> None:
    assert columns([("a", "1"), ("longer", "22")], ("name", "")) == "name\na       1\nlonger  22"
    assert columns([("a", "1"), ("longer", "22")]) == "a       1\nlonger  22"
    assert columns([]) == ""


def test_nothing_in_a_cell_is_taken_for_markup() -> None:
    assert columns([("[bold]x[/bold]", ":smile:")]) == "[bold]x[/bold]  :smile:"


def test_a_cell_that_is_too_long_folds() -> None:
    lines = columns([("word " * 60, "end")]).splitlines()
    assert len(lines) > 1
    assert max(map(len, lines)) <= WIDEST
