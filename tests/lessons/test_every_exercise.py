"""What every lesson's exercises owe: the reference passes, a known mistake gets its own hint, cards are whole."""

import math
import re

import pytest
import torch
import torch.nn.functional as F
from project import NOTEBOOKS

from a2u.lessons.a2u_operator import exercises as assemble_a2u
from a2u.lessons.affinity import exercises as affinity
from a2u.lessons.carafe import exercises as carafe_exercises
from a2u.lessons.exercises import Exercise, Mistake, Numeric
from a2u.lessons.indexnet import exercises as indexnet_exercises
from a2u.lessons.kernels_learned_once import explorer as learned_once
from a2u.lessons.matting import exercises as matting_exercises
from a2u.lessons.one_formula import exercises as one_formula
from a2u.lessons.pooling_remembers import explorer as pooling_remembers
from a2u.lessons.see_the_features import exercises as see_the_features_exercises
from a2u.lessons.see_the_kernels import exercises as see_the_kernels_exercises
from a2u.lessons.start_here import exercises as start_here
from a2u.lessons.train_on_digits import exercises as train_on_digits

LESSONS: dict[str, tuple[Exercise, ...]] = {
    "00_start_here": start_here.ALL,
    "01_one_formula": one_formula.ALL,
    "02_pooling_remembers": pooling_remembers.ALL,
    "03_kernels_learned_once": learned_once.ALL,
    "04_carafe": carafe_exercises.ALL,
    "05_indexnet": indexnet_exercises.ALL,
    "06_affinity": affinity.ALL,
    "07_a2u": assemble_a2u.ALL,
    "08_train_on_digits": train_on_digits.ALL,
    "09_see_the_kernels": see_the_kernels_exercises.ALL,
    "10_matting": matting_exercises.ALL,
    "11_see_the_features": see_the_features_exercises.ALL,
}
EXERCISES = [
    pytest.param(exercise, id=f"{lesson[:2]}, {exercise.title}")
    for lesson, each in LESSONS.items()
    for exercise in each
]
MISTAKES = [
    pytest.param(exercise, mistake, id=f"{lesson[:2]}, {exercise.title}: {mistake.name}")
    for lesson, each in LESSONS.items()
    for exercise in each
    for mistake in exercise.mistakes
]
SOURCES = NOTEBOOKS / "source"


def test_every_exercise_of_every_lesson_is_here() -> None:
    found = {
        path.stem: len(re.findall(r'(?m)^# %% tags=\["exercise"\]', path.read_text())) for path in SOURCES.glob("*.py")
    }
    assert found == {lesson: len(each) for lesson, each in LESSONS.items()}


@pytest.mark.parametrize("exercise", EXERCISES)
def test_the_reference_passes_and_nothing_tried_is_no_failure(exercise: Exercise) -> None:
    verdict = exercise.check(exercise.reference)
    assert verdict.passed is True
    assert verdict.message.startswith("✓")
    assert exercise.check(lambda *_: ...).passed is None


@pytest.mark.parametrize(("exercise", "mistake"), MISTAKES)
def test_each_known_mistake_is_rejected_with_its_own_hint(exercise: Exercise, mistake: Mistake) -> None:
    verdict = exercise.check(mistake.compute)
    assert (verdict.passed, verdict.mistake) == (False, mistake.name)
    assert mistake.hint in verdict.message
    # A single number is not drawn, nor what has another shape than the target or does not come about.
    undrawn = "should have shape" in verdict.message or "stopped with" in verdict.message
    assert verdict.drawing is not None or isinstance(exercise, Numeric) or undrawn


@pytest.mark.parametrize("lesson", LESSONS)
def test_cards_are_whole_and_their_folded_solutions_pass(lesson: str) -> None:
    """A card says how hard and how long; its folded solution passes and is the one of the solutions edition."""
    exercises = LESSONS[lesson]
    cards = re.split(r"(?m)^# ### Exercise \d", (SOURCES / f"{lesson}.py").read_text())[1:]
    assert len(cards) == len(exercises)
    for card, exercise in zip(cards, exercises, strict=True):
        assert exercise.title.split(" · ")[1] in card.splitlines()[0]
        assert re.search(r"\*Difficulty\* [★☆]{3} · \*time\* \d+ minutes", card)
        assert re.findall(r"<summary>(.*?)</summary>", card) == ["Hint 1", "Hint 2", "Solution"]
        folded = re.search(r"# ```python\n(.*?)# ```", card, re.DOTALL)
        assert folded is not None
        text = re.sub(r"(?m)^# ?", "", folded[1]).strip()
        names: dict[str, object] = {"torch": torch, "F": F, "math": math}
        exec(text, names)
        written = next(value for name, value in names.items() if name.startswith("my_"))
        assert exercise.check(written).passed, exercise.check(written).message
        assert exercise.check(lambda *_: ...).passed is None  # not attempted is no failure
        assert text in card.split('tags=["solution"]')[1]
