"""What a learner has done since the kernel started: exercises checked, predictions committed, questions answered.

:func:`report` is the one place where both are reported. Whoever wants to hear of them, such as a record that outlives
the kernel, appends a function to :data:`LISTENERS`; it is called with every :class:`Event`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["exercise", "prediction", "question"]


@dataclass(frozen=True)
class Event:
    """One exercise that was checked, one prediction that was committed, or one concept question that was answered.

    Attributes:
        lesson: the folder of the lesson in a2u/lessons, such as "one_formula".
        kind: "exercise", "prediction" or "question".
        name: the title of the exercise, or the name of the prediction or question.
        right: the exercise passed, or the choice was right.
    """

    lesson: str
    kind: Kind
    name: str
    right: bool


LISTENERS: list[Callable[[Event], None]] = []
_events: list[Event] = []


def report(event: Event) -> None:
    """Remember an event and tell it to all listeners."""
    _events.append(event)
    for listener in LISTENERS:
        listener(event)


def done(lesson: str, kind: Kind) -> dict[str, bool]:
    """What of one kind was reported in a lesson, by name, and whether one of the reports was right."""
    found: dict[str, bool] = {}
    for event in _events:
        if (event.lesson, event.kind) == (lesson, kind):
            found[event.name] = found.get(event.name, False) or event.right
    return found


def forget() -> None:
    """Begin anew, as a new kernel does."""
    _events.clear()


def lesson_of(module: str) -> str:
    """The lesson that a module belongs to: "a2u.lessons.one_formula.exercises" → "one_formula"; "" for any other."""
    parts = module.split(".")
    return parts[2] if parts[:2] == ["a2u", "lessons"] and len(parts) > 3 else ""
