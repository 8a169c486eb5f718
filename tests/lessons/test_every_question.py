"""What every lesson that asks concept questions, or ends with a quiz, owes to them."""

import importlib
import re

import pytest
from project import NOTEBOOKS

from a2u.lessons import editions
from a2u.lessons.concepts import Concepts
from a2u.lessons.folding import QUESTIONS
from a2u.lessons.predict import Predictions

_IMPORT = re.compile(r"^from a2u\.lessons\.(\w+)\.(questions|quiz) import (concepts|quiz)$", re.MULTILINE)
ASKING = [
    (lesson, *found)
    for lesson in editions.names(NOTEBOOKS)
    for found in _IMPORT.findall((NOTEBOOKS / "source" / f"{lesson}.py").read_text(encoding="utf-8"))
]


def asked(folder: str, module: str, name: str) -> Concepts:
    found = getattr(importlib.import_module(f"a2u.lessons.{folder}.{module}"), name)
    assert isinstance(found, Concepts)
    assert (found.lesson, found.CALL) == (folder, name)
    return found


@pytest.mark.parametrize(("lesson", "folder", "module", "name"), ASKING)
def test_the_questions_are_asked_once_under_a_heading_of_their_own(
    lesson: str, folder: str, module: str, name: str
) -> None:
    cells = editions.compose(NOTEBOOKS, lesson, "student").cells
    (place,) = [n for n, cell in enumerate(cells) if cell.source.endswith(f"{name}.ask()")]
    assert QUESTIONS in cells[place].metadata.get("tags", [])
    assert f"from a2u.lessons.{folder}.{module} import {name}\n" in cells[place].source, "it runs by itself"
    assert re.match(r"## .*(questions|[Qq]uiz)", cells[place - 1].source)


@pytest.mark.parametrize(("lesson", "folder", "module", "name"), ASKING)
def test_every_option_is_different_and_says_why_in_a_sentence(lesson: str, folder: str, module: str, name: str) -> None:
    questions = asked(folder, module, name).questions.values()
    assert len(questions) == 5 if name == "concepts" else 8 <= len(questions) <= 12
    for question in questions:
        options = list(question.options.values())
        assert len({each.text for each in options}) == len(options) >= 3, question.name
        assert "?" in question.asks
        assert all(each.why[-1] in ".?" for each in options), question.name
        assert all(len(each.text) < 90 for each in options), question.name
    assert len({question.right for question in questions}) == 3, "the right answers stand in every place"


@pytest.mark.parametrize(("lesson", "folder", "module", "name"), ASKING)
def test_the_tally_of_the_lesson_counts_them(lesson: str, folder: str, module: str, name: str) -> None:
    predict = importlib.import_module(f"a2u.lessons.{folder}.predictions").predict
    assert isinstance(predict, Predictions)
    assert getattr(predict, name) is asked(folder, module, name)


def test_what_one_lesson_asks_has_different_names() -> None:
    names = [(folder, question) for _, folder, *where in ASKING for question in asked(folder, *where).questions]
    assert len(set(names)) == len(names)
