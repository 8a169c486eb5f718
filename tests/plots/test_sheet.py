"""Numbers and ranges as a sheet writes them."""

import pytest

from a2u.plots import sheet, style


@pytest.mark.parametrize(
    ("values", "tight"),
    [([[0.25, 0.5]], False), ([[-0.06, -0.06]], True), ([[-0.06, 10.25]], True)],
)
def test_numbers_that_would_touch_lose_their_zero_and_nothing_else(values: list, tight: bool, monkeypatch) -> None:
    written: list[str] = []
    place = sheet._placed
    monkeypatch.setattr(sheet, "_placed", lambda text, *rest: written.append(text) or place(text, *rest))
    _, ax = style.canvas(2, 1)
    sheet.numbers(ax, sheet.Block(0.1, 0.1, 0.43, 1, 2), values, *style.scale("signed", values))
    plain = [style.number(value) for value in values[0]]
    assert written == ([{"−0.06": "−.06"}.get(text, text) for text in plain] if tight else plain)


@pytest.mark.parametrize(("values", "text"), [([0.0, 1.0], "0.00 … 1.00"), ([0.5, 0.5], "0.50"), ([], "empty")])
def test_ranges_in_words(values: list, text: str) -> None:
    assert sheet.span(values) == text
