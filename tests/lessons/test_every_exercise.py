"""What every lesson's exercises owe: the reference passes, a known mistake gets its own hint, cards are whole."""

import math
import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from project import NOTEBOOKS
from torch import Tensor

from a2u.lessons import editions
from a2u.lessons.a2u_operator import exercises as assemble_a2u
from a2u.lessons.affinity import exercises as affinity
from a2u.lessons.after_a2u import exercises as after_a2u
from a2u.lessons.answers.case import Case
from a2u.lessons.answers.words import names_of
from a2u.lessons.carafe import exercises as carafe_exercises
from a2u.lessons.design import Design
from a2u.lessons.exercises import SEED, Exercise, Mistake, Numeric
from a2u.lessons.indexnet import exercises as indexnet_exercises
from a2u.lessons.kernels_learned_once import exercises as learned_once
from a2u.lessons.matting import exercises as matting_exercises
from a2u.lessons.one_formula import exercises as one_formula
from a2u.lessons.pooling_remembers import exercises as pooling_remembers
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
    "12_after_a2u": after_a2u.ALL,
}
EXERCISES = [
    pytest.param(exercise, id=f"{lesson[:2]}, {exercise.title}")
    for lesson, each in LESSONS.items()
    for exercise in each
]
COMPARED = [each for each in EXERCISES if not isinstance(each.values[0], Design)]  # with one right answer
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


@pytest.mark.parametrize("exercise", [e for each in LESSONS.values() for e in each if e.given is not None])
def test_the_code_of_a_bug_hunt_is_wrong_and_counts_as_not_attempted(exercise: Exercise) -> None:
    verdict = exercise.check(exercise.given)
    assert verdict.passed is None
    assert "still the code that you were given" in verdict.message


@pytest.mark.parametrize("lesson", LESSONS)
def test_cards_are_whole_and_name_the_solutions_without_showing_them(lesson: str) -> None:
    """A card says how hard and how long; its solution stands in the solutions edition and passes there (see below)."""
    exercises = LESSONS[lesson]
    cards = re.split(r"(?m)^# ### Exercise \d", (SOURCES / f"{lesson}.py").read_text())[1:]
    assert len(cards) == len(exercises)
    for card, exercise in zip(cards, exercises, strict=True):
        assert exercise.title.split(" · ")[1] in card.splitlines()[0]
        assert re.search(r"\*Difficulty\* [★☆]{3} · \*time\* \d+ minutes", card)
        folded = re.findall(r"<summary>(.*?)</summary>", card)
        assert folded[:2] == ["Hint 1", "Hint 2"]
        assert "Solution" not in folded
        assert f"Solution: `solutions/{lesson}.ipynb`." in card.split("# %%")[0]
        assert exercise.check(lambda *_: ...).passed is None  # not attempted is no failure


# --- slips that no list of an exercise has to know


def told(exercise: Exercise, made: Callable[[Tensor], Any]) -> str | None:
    """The name of what a check says that was done, when every result is `made` of the right one."""
    names = names_of(exercise.reference, exercise.reference)
    generator, cases = torch.Generator().manual_seed(SEED), []
    for number in range(5):
        arguments = exercise.cases(generator, number)
        target = exercise.reference(*(a.clone() if isinstance(a, Tensor) else a for a in arguments))
        own = torch.as_tensor(made(target))
        cases.append(Case(arguments, target.double(), own.double(), own.dtype))
        if own.shape != target.shape:
            break
    found = exercise._diagnosis(cases, names) if any(case.wrong for case in cases) else ("right", "")
    return found and found[0]


SLIPS: dict[str, tuple[Callable[[Tensor], Any], str]] = {
    "255": (lambda t: 255 * t, "factor 255"),
    "1/255": (lambda t: t / 255, "factor 0.003922"),
    "1000": (lambda t: 1000 * t, "factor 1000"),
    "1/1000": (lambda t: t / 1000, "factor 0.001"),
    "sign": (lambda t: -t, "wrong sign"),
    "off by one": (lambda t: t + 1, "offset +1"),
    "nothing selected": (lambda t: 0.0 * t, "empty selection"),
    "NaN": (lambda t: t * math.nan, "not a number"),
    "axes": (lambda t: t.transpose(-1, -2) if t.dim() > 1 else t, "axes swapped"),
    "order": (lambda t: t.flatten().sort()[0].view(t.shape), "another order"),
    "shape": (lambda t: t[None], "another shape"),
    "whole numbers": (lambda t: (t * 1.0).trunc().long(), "whole numbers"),
}
# Slips that are one and the same where results are numbers, symmetric, sorted, or already whole.
SAME = {
    "right",
    "empty selection",
    "axes swapped",
    "backwards",
    "another order",
    "True and False",
}


@pytest.mark.parametrize("exercise", COMPARED)
def test_general_slips_are_recognised_and_own_mistakes_come_first(exercise: Exercise) -> None:
    own = {mistake.name for mistake in exercise.mistakes}
    for slip, (made, wanted) in SLIPS.items():
        found = told(exercise, made)
        assert found is not None, slip
        assert found == wanted or found in own or found in SAME, f"{slip}: {found}"


@pytest.mark.parametrize("exercise", EXERCISES)
def test_a_right_answer_never_gets_a_hint(exercise: Exercise) -> None:
    """Other number types, a rounding error and a gradient make no answer wrong."""
    exact: list[Callable[[Tensor], Any]] = [
        lambda t: t.double(),
        lambda t: t.double() * (1 + 1e-7),
        lambda t: t.double().requires_grad_(),
        lambda t: t.numpy(),
        lambda t: t.tolist(),
    ]
    for made in exact:
        verdict = exercise.check(lambda *given, made=made: made(exercise.reference(*given)))
        assert (verdict.passed, verdict.mistake) == (True, None)


def difference(p: Tensor, g: Tensor) -> Tensor:
    return (p.float() - g.float()).abs()


def window_cut(x: Tensor, row: int, column: int, ratio: int, k: int) -> Tensor:
    i, j = row // ratio - k // 2, column // ratio - k // 2
    return x[i : i + k, j : j + k].flatten()


SAD, LOSS = matting_exercises.SAD, matting_exercises.LOSS
POOL = indexnet_exercises.POOL
# What learners wrote and were once told numbers alone.
WRITTEN: list[tuple[Exercise, Callable[..., Any], str]] = [
    (SAD, lambda p, g, t: difference(p, g)[t == 128].sum() / 255, "divide by 1000"),
    (SAD, lambda p, g, t: difference(p, g)[t == 128].sum() / 1000, "divide the bytes by 255"),
    (SAD, lambda p, g, t: difference(p, g)[t == 128].sum(), "Both divisions are missing"),
    (SAD, lambda p, g, t: difference(p, g)[t == 0.5].sum() / 255_000, "Your selection is empty"),
    (SAD, lambda p, g, t: difference(p, g)[t / 255 == 0.5].mean() / 255, "Your selection is empty"),
    (SAD, lambda p, g, t: difference(p, g).sum() / 255, r"whole image(.|\n)*1000 is missing"),
    (SAD, lambda p, g, t: 255 * difference(p, g)[t == 128].sum() / 1000, "255² times too large"),
    (LOSS, lambda p, a, i, f, b, t, e: ((p - a) ** 2 + e).sqrt()[t == 0.5].mean(), "Your selection is empty"),
    (POOL, lambda x, s, r: F.max_pool2d(x[None], r)[0], "This is max-pooling"),
    (POOL, lambda x, s, r: POOL.reference(x, s, r) * 255, "255 times too large"),
    (one_formula.WINDOW, window_cut, "Pad x with k // 2 zeros"),
]


@pytest.mark.parametrize(("exercise", "answer", "hint"), WRITTEN)
def test_what_learners_wrote_is_answered_in_words(exercise: Exercise, answer: Callable[..., Any], hint: str) -> None:
    verdict = exercise.check(answer)
    assert verdict.passed is False
    assert re.search(hint, verdict.message), verdict.message


# --- cells


@pytest.mark.parametrize("edition", ["student", "solutions"])
@pytest.mark.parametrize("lesson", LESSONS)
def test_each_exercise_runs_after_the_first_cell_alone(
    lesson: str, edition: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who opens a lesson at an exercise runs the first cell, and then this one."""
    monkeypatch.chdir(NOTEBOOKS)
    code = [cell for cell in editions.compose(NOTEBOOKS, lesson, edition).cells if cell.cell_type == "code"]
    first: dict[str, object] = {}
    exec(code[0].source, first)
    cells = [cell for cell in code if {"exercise", "solution"} & set(cell.metadata.get("tags", []))]
    assert len(cells) == len(LESSONS[lesson])
    for cell in cells:
        *lines, last = cell.source.strip().splitlines()
        names = dict(first)
        exec("\n".join(lines), names)
        verdict = eval(last, names)
        assert verdict.passed is (None if edition == "student" else True), verdict.message
        assert re.search(r"^import torch$", cell.source, re.MULTILINE) or edition == "solutions"
