"""What every lesson owes to its predictions: each is asked where the text asks it, with options that explain."""

import importlib
import re
from collections import Counter

import pytest
from project import NOTEBOOKS

from a2u.lessons import editions
from a2u.lessons.folding import questions
from a2u.lessons.predict import Predictions

LESSONS = editions.names(NOTEBOOKS)


def predictions(lesson: str) -> Predictions:
    text = (NOTEBOOKS / "source" / f"{lesson}.py").read_text()
    (folder,) = re.findall(r"^from a2u\.lessons\.(\w+)\.predictions import predict$", text, re.MULTILINE)
    found = importlib.import_module(f"a2u.lessons.{folder}.predictions").predict
    assert isinstance(found, Predictions)
    assert found.lesson == folder
    return found


@pytest.fixture(params=LESSONS)
def lesson(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_each_question_is_asked_once_in_order(lesson: str) -> None:
    cells = editions.compose(NOTEBOOKS, lesson, "student").cells
    assert questions(cells) == list(predictions(lesson).questions)


def test_each_predict_of_the_text_has_its_question_below(lesson: str) -> None:
    """Directly below, or below the picture that it is about."""
    cells = editions.compose(NOTEBOOKS, lesson, "student").cells
    rhythm = "**Predict**: choose"  # the first lesson explains what the word means
    texts = [n for n, cell in enumerate(cells) if cell.cell_type == "markdown" and "**Predict" in cell.source]
    asking = [n for n in texts if rhythm not in cells[n].source]
    for n in asking:
        below = [cell for cell in cells[n + 1 :] if not cell.source.startswith("*The next cell takes about")]
        tags = [cell.metadata.get("tags", []) for cell in below[:2]]
        assert any("prediction" in each for each in tags), cells[n].source[-80:]
    assert len(asking) == len(predictions(lesson).questions)


def test_an_explanation_holds_no_further_question_and_no_heading(lesson: str) -> None:
    """It is folded as a whole: what comes next must not be folded with it."""
    for cell in editions.compose(NOTEBOOKS, lesson, "solutions").cells:
        if cell.cell_type == "markdown" and cell.source.startswith("**Explain."):
            assert "**Predict" not in cell.source
            assert not re.search(r"^#", cell.source, re.MULTILINE), cell.source[:80]


def test_something_is_folded_after_most_questions(lesson: str) -> None:
    cells = editions.compose(NOTEBOOKS, lesson, "student").cells
    folded = sum(cell.source.startswith("**Explain.**\n") for cell in cells if cell.metadata.get("jupyter"))
    assert folded >= len(questions(cells)) / 2


def test_every_option_is_different_and_says_why_in_a_sentence(lesson: str) -> None:
    for question in predictions(lesson).questions.values():
        options = list(question.options.values())
        assert len({each.text for each in options}) == len(options) >= 3
        assert "?" in question.asks
        for each in options:
            assert each.why[-1] in ".?", each.why
            assert len(each.text) < 80


def test_the_right_answer_stands_in_every_place() -> None:
    letters = Counter(q.right for lesson in LESSONS for q in predictions(lesson).questions.values())
    assert min(letters[letter] for letter in "abc") >= 10


def test_each_lesson_ends_with_the_tally(lesson: str) -> None:
    code = [cell.source for cell in editions.compose(NOTEBOOKS, lesson, "student").cells if cell.cell_type == "code"]
    assert code.count("predict.tally()") == 1
    assert code.index("predict.tally()") >= len(code) - 2
    assert "predictions import predict" in code[0]
    cells = editions.compose(NOTEBOOKS, lesson, "student").cells
    assert len(predictions(lesson).exercises) == sum("exercise" in cell.metadata.get("tags", []) for cell in cells)
