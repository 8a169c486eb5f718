"""What was predicted and passed since the kernel started, and who hears of it."""

from collections.abc import Iterator

import pytest
from project import NOTEBOOKS

from a2u.lessons import editions, tally
from a2u.lessons.one_formula.exercises import WINDOW
from a2u.lessons.tally import Event


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    tally.forget()
    yield
    tally.forget()


def test_what_passed_once_stays_passed() -> None:
    for right in (False, True, False):
        tally.report(Event("carafe", "exercise", "1", right))
    tally.report(Event("carafe", "exercise", "2", False))
    tally.report(Event("carafe", "prediction", "1", False))
    tally.report(Event("indexnet", "exercise", "3", True))
    assert tally.done("carafe", "exercise") == {"1": True, "2": False}
    assert tally.done("carafe", "prediction") == {"1": False}


def test_every_check_that_was_attempted_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Event] = []
    monkeypatch.setattr(tally, "LISTENERS", [heard.append])
    WINDOW.check(lambda *_: ...)
    assert tally.done("one_formula", "exercise") == {}
    WINDOW.check(lambda *_: 0)
    assert tally.done("one_formula", "exercise") == {"1 · The window": False}
    WINDOW.check(WINDOW.reference)
    assert tally.done("one_formula", "exercise") == {"1 · The window": True}
    assert [event.right for event in heard] == [False, True]
    assert heard[1] == Event("one_formula", "exercise", "1 · The window", True)


def test_the_lesson_of_a_module() -> None:
    assert tally.lesson_of("a2u.lessons.one_formula.exercises") == "one_formula"
    assert tally.lesson_of("a2u.lessons.exercises") == tally.lesson_of("somewhere.else.at.all") == ""


def test_all_lessons_introduce_it_in_the_same_words() -> None:
    said = "## Your tally\n\nWhat you have predicted, passed and answered since you last started this notebook:"
    for name in editions.names(NOTEBOOKS):
        assert [cell.source for cell in editions.compose(NOTEBOOKS, name, "student").cells].count(said) == 1, name
