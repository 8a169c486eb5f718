"""Predictions in the editions of a lesson: the student's starts with the answers folded, the others show them.

In the sources a question is a cell tagged `prediction` that holds `predict("name")` and nothing else. What answers it
are the cells after it: code up to the paragraph that begins with **Explain.**, and that paragraph. In JupyterLab a
folded output opens when its cell is run, anything folded opens with a click. Other programs show what is folded.

A cell tagged `questions` ends with `concepts.ask()` or `quiz.ask()`: the student's edition asks, the others answer
(:mod:`a2u.lessons.concepts`).
"""

import re
from typing import Any

from a2u.errors import A2UError

PREDICTION, SPOILER, QUESTIONS = "prediction", "spoiler", "questions"
_ASK = re.compile(r"\b(concepts|quiz)\.ask\(\)$")
EXPLAIN = "**Explain.** "
_CALL = re.compile(r'predict\("([\w-]+)"\)')
_EXPLORER = re.compile(r"^(panel|(\w+\.)?explorer\(.*\))$")  # what a learner finds the answer with


def questions(cells: list[Any]) -> list[str]:
    """The names of the questions that a notebook asks, in order.

    Raises:
        A2UError: a cell tagged `prediction` holds something else.
    """
    return [_name(cell) for cell in cells if _is_question(cell)]


def fold_answers(cells: list[Any]) -> None:
    """Fold the outputs of the code after each question, and the explanation; code tagged `spoiler` too."""
    asked = False
    for cell in cells:
        _check_questions(cell)
        if _is_question(cell):
            _name(cell)
            asked = True
        elif cell.cell_type == "markdown":
            if asked and cell.source.startswith(EXPLAIN):
                # JupyterLab shows the first line of what is folded: it must not tell the answer.
                cell.source = cell.source.replace(EXPLAIN, f"{EXPLAIN.strip()}\n", 1)
                cell.metadata["jupyter"] = {"source_hidden": True}
                asked = False
            asked = asked and not cell.source.startswith("#")
        elif asked and not _shows_explorer(cell):
            cell.metadata["jupyter"] = {"outputs_hidden": True}
            if SPOILER in cell.metadata.get("tags", []):
                cell.metadata["jupyter"]["source_hidden"] = True


def show_answers(cells: list[Any]) -> None:
    """Let each question show its answer instead."""
    for cell in cells:
        if _check_questions(cell):
            cell.source = _ASK.sub(r"\1.answers()", cell.source.rstrip())
        if _is_question(cell):
            cell.source = f'predict.answer("{_name(cell)}")'


def _is_question(cell: Any) -> bool:
    return PREDICTION in cell.metadata.get("tags", [])


def _check_questions(cell: Any) -> bool:
    """Does this cell ask concept questions?

    Raises:
        A2UError: it is tagged so and does not ask, or asks and is not tagged so.
    """
    tagged = QUESTIONS in cell.metadata.get("tags", [])
    if tagged != (cell.cell_type == "code" and _ASK.search(cell.source.rstrip()) is not None):
        begins = cell.source.strip()[:60]
        raise A2UError(f"A cell tagged {QUESTIONS!r} ends with concepts.ask(), and no other cell does: {begins!r}.")
    return tagged


def _name(cell: Any) -> str:
    found = _CALL.fullmatch(cell.source.strip())
    if cell.cell_type != "code" or found is None:
        raise A2UError(
            f'A cell tagged {PREDICTION!r} holds predict("name") and nothing else, not {cell.source.strip()[:60]!r}.'
        )
    return found[1]


def _shows_explorer(cell: Any) -> bool:
    return bool(_EXPLORER.match(cell.source.strip().splitlines()[-1])) if cell.source.strip() else False
