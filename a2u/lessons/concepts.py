"""Concept questions: what a learner should be able to say at the end of a lesson, asked all at once.

The questions of a lesson stand in its `questions.py`:

    QUESTIONS = (Question("what-a-gate-does", "What …?", wrong("…", "…"), right("…", "…"), wrong("…", "…")), …)
    concepts = Concepts(__name__, QUESTIONS)

and the lesson's `predictions.py` hands them to the tally: `predict = Predictions(__name__, …, concepts)`. In the
source of the lesson one cell tagged `questions` holds

    from a2u.lessons.indexnet.questions import concepts

    concepts.ask()

which shows the questions one under the other. The solutions and the teacher's edition have `concepts.answers()` there.
Where no widgets show, `concepts("what-a-gate-does", "b")` answers one. They are made and counted like predictions
(:mod:`a2u.lessons.predict`): the first choice counts, and each option says why it is right or wrong.

A :class:`Cumulative` quiz asks about several lessons. It stands in `quiz.py` of the lesson at whose end it is asked, by
`quiz.ask()` in a cell of the same kind, and goes to the tally after the concepts.
"""

from a2u.lessons.predict import Asked, Quiz, Words


class Concepts(Asked):
    """The concept questions of one lesson: called `concepts` there.

    Args:
        module: `__name__` of the lesson's questions.py.
        questions: in the order in which they are asked.

    Raises:
        A2UError: two of them have the same name.
    """

    KIND, CALL, LABEL, TITLE = "question", "concepts", "Question", "Questions"
    VERB, HOW = "Answer", "Answer"

    def ask(self) -> None:
        """Show every question, one under the other; each is answered by itself."""
        from IPython.display import display

        for question in self.questions.values():
            display(Quiz(self, question))  # type: ignore[no-untyped-call]

    def answers(self) -> Words:
        """Every question with its answer, and why each of the other options is wrong."""
        return Words("\n\n".join(question.answer for question in self.questions.values()))


class Cumulative(Concepts):
    """A quiz about several lessons: called `quiz` in the lesson that ends with it.

    Its questions have other names than the concept questions of that lesson: both are counted there.
    """

    CALL, TITLE = "quiz", "Quiz"
