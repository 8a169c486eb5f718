"""Predictions: a question with options, one of which the learner commits to before the answer shows.

The predictions of a lesson stand in its `predictions.py`, as one object that the lesson calls `predict`:

    predict("inside")         # the question with its options: choose one, then press Commit
    predict("inside", "b")    # the same where no widgets show
    predict.answer("inside")  # the answer, and what is wrong with the other options
    predict.tally()           # at the end of a lesson: predictions, exercises, and questions (a2u.lessons.concepts)

Each option says why it is right or wrong. The first choice counts. A page without a kernel (GitHub, the site) shows the
options as lines that open: behind each stands what the widget would have said.
"""

# ipywidgets has no types of its own.
# mypy: disable-error-code="attr-defined, name-defined, misc, no-untyped-call"

import textwrap
from collections.abc import Sequence
from typing import Any, ClassVar

import ipywidgets as widgets

from a2u.errors import A2UError, near_match
from a2u.lessons import in_page, tally
from a2u.lessons.question import Question, marked, right, wrong

__all__ = ["Asked", "Predictions", "Question", "Quiz", "Words", "right", "wrong"]

WIDTH = 100  # letters of a printed line
_STYLE = """<style>.a2u-predict .widget-radio-box { margin: 4px 0 }
.a2u-predict .widget-radio-box label { height: auto; white-space: normal; line-height: 1.45; margin: 3px 0;
align-items: flex-start; width: auto }
.a2u-predict .widget-radio-box input { flex: none; height: 1.45em; margin: 0 8px 0 0 }
.a2u-predict .a2u-asks, .a2u-predict .a2u-verdict { line-height: 1.5; color: var(--jp-ui-font-color1, inherit) }
</style>"""


class Words(str):
    """Text that a cell prints when it is the cell's value."""

    def _ipython_display_(self) -> None:
        print(self)


class Asked:
    """Questions of one lesson that a learner answers by choosing; the first choice counts.

    Attributes:
        KIND: what a choice is reported as.
        CALL: what the lesson calls the object by.
        LABEL: stands before each question.
        TITLE: of their line in the tally.
        VERB: what a learner does, on the button.
        HOW: the same in a sentence, before "with the buttons".
    """

    KIND: ClassVar[tally.Kind]
    CALL: ClassVar[str]
    LABEL: ClassVar[str]
    TITLE: ClassVar[str]
    VERB: ClassVar[str]
    HOW: ClassVar[str]

    def __init__(self, module: str, questions: Sequence[Question]) -> None:
        self.lesson = tally.lesson_of(module)
        self.questions = {each.name: each for each in questions}
        if len(self.questions) < len(questions):
            raise A2UError(f"Two questions of {module} have the same name: {[each.name for each in questions]}.")
        self.committed: dict[str, str] = {}  # name of a question → letter

    def __call__(self, name: str, choice: str | None = None) -> "Quiz | Words":
        """Ask a question; with a choice, commit to it and say whether it is right.

        Raises:
            A2UError: there is no such question or option.
        """
        question = self._question(name)
        if choice is None:
            return Quiz(self, question)
        return Words(self.commit(name, question.letter(choice)))

    def commit(self, name: str, letter: str) -> str:
        """Remember the first choice, report it, and return the verdict."""
        question = self._question(name)
        before = self.committed.setdefault(name, letter)
        if before == letter:
            tally.report(tally.Event(self.lesson, self.KIND, name, letter == question.right))
            return question.verdict(letter)
        return f"Your first choice counts: {before}).\n{question.verdict(before)}"

    @property
    def chosen(self) -> dict[str, bool]:
        """The questions that were answered since the kernel started, and whether right."""
        given = tally.done(self.lesson, self.KIND)
        return {name: given[name] for name in self.questions if name in given}

    def count(self, done: str) -> str:
        """A line of the tally: "Questions:   3 of 5 answered, 2 of them right"."""
        chosen, title = self.chosen, f"{self.TITLE}:"
        line = f"{title:12} {len(chosen)} of {len(self.questions)} {done}"
        return line + (f", {sum(chosen.values())} of them right" if chosen else "")

    def words(self, question: Question) -> str:
        """The question, its options, and how to choose one."""
        return f'{question.words}\n{self.HOW} with the buttons, or with {self.CALL}("{question.name}", "a").'

    def _question(self, name: str) -> Question:
        if name not in self.questions:
            raise A2UError(f"This lesson has no question {name!r}. {near_match(name, list(self.questions))}")
        return self.questions[name]


class Predictions(Asked):
    """The predictions of one lesson: called `predict` there.

    Args:
        module: `__name__` of the lesson's predictions.py.
        questions: in the lesson's order.
        exercises: the titles of the lesson's exercises, for the tally.
        concepts: the lesson's concept questions (:class:`a2u.lessons.concepts.Concepts`), for the tally.
        quiz: the quiz that the lesson ends with, for the tally.
    """

    KIND, CALL, LABEL, TITLE = "prediction", "predict", "Your prediction", "Predictions"
    VERB, HOW = "Commit", "Commit to one"

    def __init__(
        self,
        module: str,
        questions: Sequence[Question],
        exercises: Sequence[str],
        concepts: Asked | None = None,
        quiz: Asked | None = None,
    ) -> None:
        super().__init__(module, questions)
        self.exercises = tuple(exercises)
        self.concepts, self.quiz = concepts, quiz
        self.shown: set[str] = set()  # questions whose answer was shown without a choice

    def answer(self, name: str) -> Words:
        """The question with its answer, and why each of the other options is wrong."""
        question = self._question(name)
        self.shown |= {name} - self.committed.keys()
        return Words(question.answer)

    def tally(self) -> Words:
        """What was predicted, passed and answered since the kernel started, and what is still open."""
        shown, asked = self.shown, [each for each in (self.concepts, self.quiz) if each is not None]
        passed = [title for title, right in tally.done(self.lesson, "exercise").items() if right]
        first = self.count("committed") + (f", the answers of {len(shown)} shown" if shown else "")
        lines = [first, *([f"Exercises:   {len(passed)} of {len(self.exercises)} passed"] if self.exercises else [])]
        lines += [each.count("answered") for each in asked]
        still = {
            "predictions": [name for name in self.questions if name not in self.chosen and name not in shown],
            "exercises": [title for title in self.exercises if title not in passed],
        }
        still |= {each.TITLE.lower(): [name for name in each.questions if name not in each.chosen] for each in asked}
        for what, names in still.items():
            if names:
                lines += textwrap.wrap(f"Open {what}: {'; '.join(names)}", WIDTH, subsequent_indent="    ")
        done = not any(still.values()) and not shown
        return Words("\n".join([*lines, *(["Nothing is open. Well done!"] if done else [])]))


class Quiz(widgets.VBox):
    """A question on a page with a kernel: options of which one is chosen, a button to commit, and the verdict."""

    def __init__(self, asked: Asked, question: Question) -> None:
        self.asked, self.question = asked, question
        asks = f'<div class="a2u-asks">{_STYLE}<strong>{asked.LABEL}.</strong> {marked(question.asks)}</div>'
        options = [(f"{letter})  {each.text.replace('`', '')}", letter) for letter, each in question.options.items()]
        self.choice = widgets.RadioButtons(options=options, value=None, layout=widgets.Layout(width="auto"))
        self.button = widgets.Button(description=asked.VERB, tooltip=f"{asked.VERB}: this option", disabled=True)
        self.verdict = widgets.HTML()
        for control in (self.choice, self.button):
            control.add_class("a2u-controls")
        parts = [widgets.HTML(asks), in_page.frame(), self.choice, self.button, self.verdict, in_page.InPage()]
        super().__init__(parts)
        self.layout.max_width = "760px"
        self.add_class("a2u-predict")
        self.add_class("a2u-live")
        self.choice.observe(self._chosen, "value")
        self.button.on_click(self.commit)
        if question.name in asked.committed:
            self.choice.value = asked.committed[question.name]
            self.commit()

    def _chosen(self, _change: Any) -> None:
        self.button.disabled = self.choice.value is None or self.choice.disabled

    def commit(self, _button: Any = None) -> None:
        """Commit to the option that is chosen, as the button does."""
        if self.choice.value is None:
            return
        told = self.asked.commit(self.question.name, self.choice.value)
        self.choice.value = self.asked.committed[self.question.name]
        self.choice.disabled = self.button.disabled = True
        lines = "<br>".join(marked(line) for line in told.splitlines())
        self.verdict.value = f'<div class="a2u-verdict" role="status" aria-live="polite">{lines}</div>'

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        words = {"text/plain": self.asked.words(self.question), "text/html": self.question.markup(self.asked.LABEL)}
        return {**(data or {}), **words}
