"""A question: choosing, committing, the verdict, and what a page without a kernel shows."""

import re
from collections.abc import Iterator

import pytest
from bs4 import BeautifulSoup

from a2u.errors import A2UError
from a2u.lessons import tally
from a2u.lessons.predict import Predictions, Question, Quiz, Words, right, wrong

QUESTION = Question(
    "largest",
    "Which is largest: `a`, or a<b?",
    wrong("`a` & co.", "It is <small>."),
    right("Neither", "Both are equal."),
    wrong("Both?", "Only one can be."),
)


@pytest.fixture
def predict() -> Iterator[Predictions]:
    tally.forget()
    other = Question("other", "Yes or no?", right("Yes", "It is."), wrong("No", "It is not."))
    yield Predictions("a2u.lessons.one_formula.predictions", (QUESTION, other), ["1 · The window"])
    tally.forget()


def asked(predict: Predictions, name: str = "largest") -> Quiz:
    quiz = predict(name)
    assert isinstance(quiz, Quiz)
    return quiz


def test_commit_needs_a_choice_and_then_tells_right_and_wrong_with_reasons(predict: Predictions) -> None:
    quiz = asked(predict)
    quiz.commit()
    assert (quiz.button.disabled, quiz.verdict.value, predict.committed) == (True, "", {})
    quiz.choice.value = "a"
    assert not quiz.button.disabled
    quiz.button.click()
    assert quiz.choice.disabled
    assert quiz.button.disabled
    text = BeautifulSoup(quiz.verdict.value.replace("<br>", " / "), "html.parser").get_text()
    assert text == "✗ a) a & co. It is <small>. / ✓ b) Neither. Both are equal."
    assert 'role="status"' in quiz.verdict.value
    assert tally.done("one_formula", "prediction") == {"largest": False}


def test_a_right_choice_is_told_no_other(predict: Predictions) -> None:
    assert predict("largest", "b") == "✓ b) Neither. Both are equal."
    assert tally.done("one_formula", "prediction") == {"largest": True}


@pytest.mark.parametrize("choice", ["b", "B", " b) ", "Neither"])
def test_a_choice_is_a_letter_or_the_words_of_an_option(choice: str, predict: Predictions) -> None:
    assert str(predict("largest", choice)).startswith("✓ b)")


def test_the_first_choice_counts_however_often_the_cell_runs(predict: Predictions) -> None:
    predict("largest", "a")
    assert str(predict("largest", "b")).startswith("Your first choice counts: a).\n✗ a)")
    quiz = asked(predict)
    assert (quiz.choice.value, quiz.choice.disabled) == ("a", True)
    assert "✗ a)" in quiz.verdict.value
    assert tally.done("one_formula", "prediction") == {"largest": False}


def test_unknown_questions_and_options_are_told_what_there_is(predict: Predictions) -> None:
    with pytest.raises(A2UError, match=r"no question 'larges'\. Did you mean 'largest'"):
        predict("larges")
    with pytest.raises(A2UError, match=r"no option 'z'\. Choose a letter: a\) `a` & co\.; b\) Neither"):
        predict("largest", "z")
    assert predict.committed == {}


@pytest.mark.parametrize(
    "options", [(), (right("a", "b"),), (wrong("a", "b"), wrong("c", "d")), (right("a", "b"),) * 2]
)
def test_a_question_has_several_options_and_one_of_them_is_right(options: tuple) -> None:
    with pytest.raises(A2UError, match="exactly one of them right"):
        Question("q", "What?", *options)


def test_a_page_without_a_kernel_folds_what_the_widget_would_say(predict: Predictions) -> None:
    data = asked(predict)._repr_mimebundle_()
    data = data[0] if isinstance(data, tuple) else data
    soup = BeautifulSoup(data["text/html"], "html.parser")
    assert [each.get_text() for each in soup.find_all("summary")] == ["a) a & co.", "b) Neither", "c) Both?"]
    assert [each.get_text()[0] for each in soup.select("details p")] == ["✗", "✓", "✗"]
    assert not soup.find_all("details", open=True)
    assert soup.find("small") is None, "what a question says is text"
    assert [each.get_text() for each in soup.find_all("code")] == ["a", "a"]
    plain = data["text/plain"]
    assert plain.splitlines()[:2] == [QUESTION.asks, "  a) `a` & co."]
    assert 'predict("largest", "a")' in plain
    assert "equal" not in plain, "the words do not tell the answer"
    assert "application/vnd.jupyter.widget-view+json" in data


def test_the_answer_comes_with_what_is_wrong_about_the_others(predict: Predictions) -> None:
    assert predict.answer("largest").splitlines() == [
        QUESTION.asks,
        "  ✓ b) Neither. Both are equal.",
        "  ✗ a) `a` & co. It is <small>.",
        "  ✗ c) Both? Only one can be.",
    ]


def test_the_tally_counts_and_says_what_is_open(predict: Predictions) -> None:
    assert predict.tally() == (
        "Predictions: 0 of 2 committed\nExercises:   0 of 1 passed\nOpen predictions: largest; other\n"
        "Open exercises: 1 · The window"
    )
    predict("largest", "b")
    predict("other", "b")
    tally.report(tally.Event("one_formula", "exercise", "1 · The window", True))
    tally.report(tally.Event("carafe", "exercise", "another lesson's", True))
    assert predict.tally() == (
        "Predictions: 2 of 2 committed, 1 of them right\nExercises:   1 of 1 passed\nNothing is open. Well done!"
    )


def test_answers_that_were_shown_are_no_predictions(predict: Predictions) -> None:
    predict.answer("other")
    assert "0 of 2 committed, the answers of 1 shown" in predict.tally()
    assert "Open predictions: largest\n" in predict.tally()


def test_words_are_printed_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    Words("two\nlines")._ipython_display_()
    assert capsys.readouterr().out == "two\nlines\n"


def test_controls_are_named_for_those_who_hear_them(predict: Predictions) -> None:
    quiz = asked(predict)
    assert [label for label, _ in quiz.choice.options] == ["a)  a & co.", "b)  Neither", "c)  Both?"]
    assert quiz.button.description == "Commit"
    assert re.search(r"<strong>Your prediction\.</strong> Which is largest", quiz.children[0].value)
