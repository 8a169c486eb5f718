"""Predictions: a question with options, one of which the learner commits to before the answer shows.

The questions of a lesson stand in its `predictions.py`, as one object that the lesson calls `predict`:

    predict("inside")         # the question with its options: choose one, then press Commit
    predict("inside", "b")    # the same where no widgets show
    predict.answer("inside")  # the answer, and what is wrong with the other options
    predict.tally()           # at the end of a lesson: how many predictions were right, how many exercises passed

Each option says why it is right or wrong. The first choice counts. A page without a kernel (GitHub, the site) shows the
options as lines that open: behind each stands what the widget would have said.
"""

# ipywidgets has no types of its own.
# mypy: disable-error-code="attr-defined, name-defined, misc, no-untyped-call"

import html
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ipywidgets as widgets

from a2u.errors import A2UError, near_match
from a2u.lessons import in_page, tally

LETTERS = "abcdef"
WIDTH = 100  # letters of a printed line
_STYLE = """<style>.a2u-predict .widget-radio-box { margin: 4px 0 }
.a2u-predict .widget-radio-box label { height: auto; white-space: normal; line-height: 1.45; margin: 3px 0;
align-items: flex-start; width: auto }
.a2u-predict .widget-radio-box input { flex: none; height: 1.45em; margin: 0 8px 0 0 }
.a2u-predict .a2u-asks, .a2u-predict .a2u-verdict { line-height: 1.5; color: var(--jp-ui-font-color1, inherit) }
</style>"""


@dataclass(frozen=True)
class Option:
    """One of the answers that a question offers, and why it is right or wrong."""

    text: str
    why: str
    right: bool = False


def right(text: str, why: str) -> Option:
    """The right answer."""
    return Option(text, why, True)


def wrong(text: str, why: str) -> Option:
    """A wrong answer; `why` says what is wrong with it, and not what is right."""
    return Option(text, why)


class Question:
    """A question with two to six options, one of them right.

    Args:
        name: what the lesson calls it by: a word or two, with hyphens.
        asks: the question in a line of plain text, with code between backticks.
        *options: made by :func:`right` and :func:`wrong`, in the order in which they are shown.
    """

    def __init__(self, name: str, asks: str, *options: Option) -> None:
        if not 2 <= len(options) <= len(LETTERS) or sum(each.right for each in options) != 1:
            raise A2UError(f"The question {name!r} needs 2 to {len(LETTERS)} options, exactly one of them right.")
        self.name, self.asks = name, asks
        self.options = dict(zip(LETTERS, options, strict=False))

    @property
    def right(self) -> str:
        """The letter of the right option."""
        return next(letter for letter, each in self.options.items() if each.right)

    @property
    def words(self) -> str:
        """The question and its options, without the answer."""
        lines = [self.asks, *(f"  {letter}) {each.text}" for letter, each in self.options.items())]
        return "\n".join([*lines, f'Commit to one with the buttons, or with predict("{self.name}", "a").'])

    @property
    def markup(self) -> str:
        """The question as a page shows it without a kernel: each option opens, and says whether it is right."""
        folded = "<details><summary>{}) {}</summary><p>{} {}</p></details>"
        lines = "".join(
            folded.format(letter, _marked(each.text), _mark(each), _marked(each.why))
            for letter, each in self.options.items()
        )
        return f"<div><p><strong>Your prediction.</strong> {_marked(self.asks)} Choose, then open:</p>{lines}</div>"

    def letter(self, choice: str) -> str:
        """The letter of a choice, which is given as a letter or as the text of its option.

        Raises:
            A2UError: there is no such option.
        """
        wanted = str(choice).strip().removesuffix(")")
        for letter, each in self.options.items():
            if wanted.lower() == letter or wanted == each.text:
                return letter
        offered = "; ".join(f"{letter}) {each.text}" for letter, each in self.options.items())
        raise A2UError(f"The question {self.name!r} has no option {choice!r}. Choose a letter: {offered}.")

    def verdict(self, letter: str) -> str:
        """What a learner is told who has committed to this option."""
        lines = [self.line(letter)]
        return "\n".join(lines if letter == self.right else [*lines, self.line(self.right)])

    def line(self, letter: str) -> str:
        """One option and why it is right or wrong: "✗ a) Two. There are two along each axis."."""
        each = self.options[letter]
        return f"{_mark(each)} {letter}) {each.text}{'' if each.text.endswith(('.', '?')) else '.'} {each.why}"


class Words(str):
    """Text that a cell prints when it is the cell's value."""

    def _ipython_display_(self) -> None:
        print(self)


class Predictions:
    """The questions of one lesson: called `predict` there.

    Args:
        module: `__name__` of the lesson's predictions.py.
        questions: in the lesson's order.
        exercises: the titles of the lesson's exercises, for the tally.
    """

    def __init__(self, module: str, questions: Sequence[Question], exercises: Sequence[str]) -> None:
        self.lesson = tally.lesson_of(module)
        self.questions = {each.name: each for each in questions}
        self.exercises = tuple(exercises)
        self.committed: dict[str, str] = {}  # name of a question → letter
        self.shown: set[str] = set()  # questions whose answer was shown without a choice

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
            tally.report(tally.Event(self.lesson, "prediction", name, letter == question.right))
            return question.verdict(letter)
        return f"Your first choice counts: {before}).\n{question.verdict(before)}"

    def answer(self, name: str) -> Words:
        """The question with its answer, and why each of the other options is wrong."""
        question = self._question(name)
        self.shown |= {name} - self.committed.keys()
        order = sorted(question.options, key=lambda letter: letter != question.right)
        return Words("\n".join([question.asks, *(f"  {question.line(letter)}" for letter in order)]))

    def tally(self) -> Words:
        """What was predicted and passed since the kernel started, and what is still open."""
        chosen, shown = tally.done(self.lesson, "prediction"), self.shown
        passed = [title for title, right in tally.done(self.lesson, "exercise").items() if right]
        lines = [f"Predictions: {len(chosen)} of {len(self.questions)} committed"]
        lines[0] += f", {sum(chosen.values())} of them right" if chosen else ""
        lines[0] += f", the answers of {len(shown)} shown" if shown else ""
        lines += [f"Exercises:   {len(passed)} of {len(self.exercises)} passed"] if self.exercises else []
        open_questions = [name for name in self.questions if name not in chosen and name not in shown]
        open_exercises = [title for title in self.exercises if title not in passed]
        for what, names in (("predictions", open_questions), ("exercises", open_exercises)):
            if names:
                lines += textwrap.wrap(f"Open {what}: {'; '.join(names)}", WIDTH, subsequent_indent="    ")
        done = not open_questions and not open_exercises and not shown
        return Words("\n".join([*lines, *(["Nothing is open. Well done!"] if done else [])]))

    def _question(self, name: str) -> Question:
        if name not in self.questions:
            raise A2UError(f"This lesson has no question {name!r}. {near_match(name, list(self.questions))}")
        return self.questions[name]


class Quiz(widgets.VBox):
    """A question on a page with a kernel: options of which one is chosen, a button to commit, and the verdict."""

    def __init__(self, predictions: Predictions, question: Question) -> None:
        self.predictions, self.question = predictions, question
        asks = f'<div class="a2u-asks">{_STYLE}<strong>Your prediction.</strong> {_marked(question.asks)}</div>'
        options = [(f"{letter})  {each.text.replace('`', '')}", letter) for letter, each in question.options.items()]
        self.choice = widgets.RadioButtons(options=options, value=None, layout=widgets.Layout(width="auto"))
        self.button = widgets.Button(description="Commit", tooltip="Commit to this option", disabled=True)
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
        if question.name in predictions.committed:
            self.choice.value = predictions.committed[question.name]
            self.commit()

    def _chosen(self, _change: Any) -> None:
        self.button.disabled = self.choice.value is None or self.choice.disabled

    def commit(self, _button: Any = None) -> None:
        """Commit to the option that is chosen, as the button does."""
        if self.choice.value is None:
            return
        told = self.predictions.commit(self.question.name, self.choice.value)
        self.choice.value = self.predictions.committed[self.question.name]
        self.choice.disabled = self.button.disabled = True
        lines = "<br>".join(_marked(line) for line in told.splitlines())
        self.verdict.value = f'<div class="a2u-verdict" role="status" aria-live="polite">{lines}</div>'

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        return {**(data or {}), "text/plain": self.question.words, "text/html": self.question.markup}


def _mark(option: Option) -> str:
    return "✓" if option.right else "✗"


def _marked(text: str) -> str:
    """Plain text as HTML, with what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))
