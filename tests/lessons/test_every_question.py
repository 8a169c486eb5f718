"""What every lesson that asks concept questions owes to them."""

import importlib
import re

import pytest
from project import NOTEBOOKS

from a2u.lessons import editions
from a2u.lessons.concepts import Concepts
from a2u.lessons.folding import ASK, QUESTIONS
from a2u.lessons.predict import Predictions

_IMPORT = re.compile(r"^from a2u\.lessons\.(\w+)\.questions import concepts$", re.MULTILINE)
ASKING = {
    name: found
    for name in editions.names(NOTEBOOKS)
    if (found := _IMPORT.findall((NOTEBOOKS / "source" / f"{name}.py").read_text()))
}


@pytest.fixture(params=ASKING)
def lesson(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def concepts(lesson: str) -> Concepts:
    (folder,) = ASKING[lesson]
    found = importlib.import_module(f"a2u.lessons.{folder}.questions").concepts
    assert isinstance(found, Concepts)
    assert found.lesson == folder
    return found


def test_the_questions_are_asked_once_under_a_heading_of_their_own(lesson: str) -> None:
    cells = editions.compose(NOTEBOOKS, lesson, "student").cells
    (place,) = [n for n, cell in enumerate(cells) if QUESTIONS in cell.metadata.get("tags", [])]
    assert cells[place].source.endswith(ASK)
    assert "questions\n" in cells[place - 1].source.lower() + "\n"
    assert cells[place - 1].source.startswith("## ")


def test_every_option_is_different_and_says_why_in_a_sentence(lesson: str) -> None:
    asked = concepts(lesson).questions.values()
    assert len(asked) >= 5
    for question in asked:
        options = list(question.options.values())
        assert len({each.text for each in options}) == len(options) >= 3, question.name
        assert "?" in question.asks
        assert all(each.why[-1] in ".?" for each in options), question.name
    assert len({question.right for question in asked}) > 1, "the right answers stand in different places"


def test_the_tally_of_the_lesson_counts_them(lesson: str) -> None:
    (folder,) = ASKING[lesson]
    code = "\n".join(cell.source for cell in editions.compose(NOTEBOOKS, lesson, "student").cells)
    if "predict.tally()" in code:
        predict = importlib.import_module(f"a2u.lessons.{folder}.predictions").predict
        assert isinstance(predict, Predictions)
        assert predict.concepts is concepts(lesson)
    else:
        assert "concepts.tally()" in code
