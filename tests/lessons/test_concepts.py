"""Concept questions: asked all at once, answered one by one, counted by the tally."""

from collections.abc import Iterator

import pytest
from bs4 import BeautifulSoup

from a2u.errors import A2UError
from a2u.lessons import tally
from a2u.lessons.concepts import Concepts, Cumulative
from a2u.lessons.predict import Predictions, Question, Quiz, right, wrong

FIRST = Question("first", "Is `w` a vector?", wrong("No", "It has an entry for each tap."), right("Yes", "It is."))
SECOND = Question("second", "And `z`?", right("Also", "As long as `w`."), wrong("Never", "It is multiplied with `w`."))


@pytest.fixture
def concepts() -> Iterator[Concepts]:
    tally.forget()
    yield Concepts("a2u.lessons.one_formula.questions", (FIRST, SECOND))
    tally.forget()


@pytest.fixture
def shown(concepts: Concepts, monkeypatch: pytest.MonkeyPatch) -> list[Quiz]:
    found: list[Quiz] = []
    monkeypatch.setattr("IPython.display.display", found.append)
    assert concepts.ask() is None
    return found


def test_all_questions_stand_one_under_the_other_and_each_is_answered_by_itself(
    shown: list[Quiz], concepts: Concepts
) -> None:
    assert [quiz.question.name for quiz in shown] == ["first", "second"]
    shown[1].choice.value = "b"
    shown[1].button.click()
    assert "✗ b) Never" in shown[1].verdict.value
    assert "✓ a) Also" in shown[1].verdict.value
    assert shown[0].verdict.value == ""
    assert concepts.committed == {"second": "b"}
    assert tally.done("one_formula", "question") == {"second": False}
    assert tally.done("one_formula", "prediction") == {}


def test_a_page_without_a_kernel_folds_the_options_of_a_question_and_calls_it_one(shown: list[Quiz]) -> None:
    data = shown[0]._repr_mimebundle_()
    data = data[0] if isinstance(data, tuple) else data
    soup = BeautifulSoup(data["text/html"], "html.parser")
    assert soup.get_text().startswith("Question. Is w a vector?")
    assert [each.get_text() for each in soup.find_all("summary")] == ["a) No", "b) Yes"]
    assert data["text/plain"].splitlines() == [
        "Is `w` a vector?", "  a) No", "  b) Yes", 'Answer with the buttons, or with concepts("first", "a").',
    ]  # fmt: skip
    assert "prediction" not in "".join(str(child.value) for child in shown[0].children if hasattr(child, "value"))
    assert shown[0].button.description == "Answer"


def test_where_no_widgets_show_a_call_answers(concepts: Concepts) -> None:
    assert concepts("first", "b") == "✓ b) Yes. It is."
    assert str(concepts("first", "a")).startswith("Your first choice counts: b).")
    with pytest.raises(A2UError, match=r"no question 'frist'\. Did you mean 'first'"):
        concepts("frist", "a")


def test_the_answers_of_all_come_with_reasons(concepts: Concepts) -> None:
    assert concepts.answers() == (
        "Is `w` a vector?\n  ✓ b) Yes. It is.\n  ✗ a) No. It has an entry for each tap.\n\n"
        "And `z`?\n  ✓ a) Also. As long as `w`.\n  ✗ b) Never. It is multiplied with `w`."
    )


def test_the_tally_of_a_lesson_counts_its_questions(concepts: Concepts) -> None:
    guess = Question("guess", "Yes?", right("Yes", "It is."), wrong("No", "It is."))
    predict = Predictions("a2u.lessons.one_formula.predictions", (guess,), ["1 · The window"], concepts)
    assert "Questions:   0 of 2 answered\n" in predict.tally()
    assert predict.tally().endswith("Open questions: first; second")
    concepts("first", "a")
    concepts("second", "a")
    predict("guess", "a")
    tally.report(tally.Event("one_formula", "exercise", "1 · The window", True))
    assert "Questions:   2 of 2 answered, 1 of them right\nNothing is open." in predict.tally()
    assert "Questions" not in Predictions("a2u.lessons.one_formula.predictions", (guess,), []).tally()


def test_a_quiz_about_several_lessons_has_a_line_of_its_own(concepts: Concepts) -> None:
    third = Question("third", "What is `y`?", wrong("A kernel", "That is `w`."), right("A sum", "Of products."))
    quiz = Cumulative("a2u.lessons.one_formula.quiz", (third,))
    predict = Predictions("a2u.lessons.one_formula.predictions", (), [], concepts, quiz)
    concepts("first", "a")
    assert str(quiz("third", "b")).startswith("✓ b) A sum")
    assert "Questions:   1 of 2 answered, 0 of them right\nQuiz:        1 of 1 answered, 1 of them" in predict.tally()
    assert predict.tally().endswith("Open questions: second")
    assert 'quiz("third", "a")' in quiz.words(third)


def test_two_questions_of_one_name_are_an_error() -> None:
    with pytest.raises(A2UError, match="same name"):
        Concepts("a2u.lessons.one_formula.questions", (FIRST, FIRST))
