"""A question with options, one of them right, each of which says why. It knows nothing of widgets or of the learner."""

import html
import re
from dataclasses import dataclass

from a2u.errors import A2UError

LETTERS = "abcdef"


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
        return "\n".join([self.asks, *(f"  {letter}) {each.text}" for letter, each in self.options.items())])

    def markup(self, label: str) -> str:
        """The question as a page shows it without a kernel: each option opens, and says whether it is right."""
        folded = "<details><summary>{}) {}</summary><p>{} {}</p></details>"
        lines = "".join(
            folded.format(letter, marked(each.text), _mark(each), marked(each.why))
            for letter, each in self.options.items()
        )
        return f"<div><p><strong>{label}.</strong> {marked(self.asks)} Choose, then open:</p>{lines}</div>"

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

    @property
    def answer(self) -> str:
        """The question with its answer first, and why each of the other options is wrong."""
        order = sorted(self.options, key=lambda letter: letter != self.right)
        return "\n".join([self.asks, *(f"  {self.line(letter)}" for letter in order)])

    def line(self, letter: str) -> str:
        """One option and why it is right or wrong: "✗ a) Two. There are two along each axis."."""
        each = self.options[letter]
        return f"{_mark(each)} {letter}) {each.text}{'' if each.text.endswith(('.', '?')) else '.'} {each.why}"


def _mark(option: Option) -> str:
    return "✓" if option.right else "✗"


def marked(text: str) -> str:
    """Plain text as HTML, with what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))
