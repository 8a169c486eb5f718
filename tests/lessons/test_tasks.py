"""Bug hunts and designs: what counts as not attempted, and how a result without a property is told."""

import torch
from torch import Tensor

from a2u.lessons.exercises import Mistake
from a2u.lessons.tasks import BugHunt, Design, Property, inside


def doubled(x: Tensor) -> Tensor:
    return 2 * x


def cases(generator: torch.Generator, number: int) -> tuple[Tensor]:
    return (torch.rand(2 + number, 3, generator=generator),)


HUNT = BugHunt(
    "1 · Double", doubled, cases, (Mistake("halved", lambda x: x / 2, "You halve it."),), bug=lambda x: x + 1
)
SUM_TO_ONE = Property("the sum is 1", lambda w, x: abs(float(w.sum()) - 1) < 1e-6, "Divide by the sum.")
IN_RANGE = Property("all values are in [0, 1]", lambda w, x: inside(w, 0, 1), "Something is negative.")
WEIGHTS = Design(
    "2 · Weights", lambda x: torch.full_like(x, 1 / x.numel()), cases,
    (Mistake("a mean", lambda x: x - x.mean(), "You subtract the mean."),), properties=(IN_RANGE, SUM_TO_ONE),
)  # fmt: skip


def test_the_code_of_a_bug_hunt_is_not_attempted_until_it_is_changed() -> None:
    verdict = HUNT.check(lambda x: 1 + x)
    assert verdict.passed is None
    assert "the bug is still in" in verdict.message
    assert "largest difference" in verdict.message
    assert verdict.drawing is not None
    assert HUNT.check(lambda x: ...).passed is None
    assert HUNT.check(doubled).passed is True
    assert (HUNT.check(lambda x: x / 2).passed, HUNT.check(lambda x: x / 2).mistake) == (False, "halved")
    assert HUNT.check(lambda x: x + 2).passed is False, "another wrong answer is an attempt"


def test_every_result_with_the_properties_passes() -> None:
    for answer in (WEIGHTS.reference, lambda x: x / x.sum(), lambda x: (x == x.max()) / (x == x.max()).sum()):
        assert WEIGHTS.check(answer).passed is True


def test_what_lacks_a_property_is_told_which_and_for_what() -> None:
    verdict = WEIGHTS.check(lambda x: x / x.sum() / 2)
    assert (verdict.passed, verdict.mistake) == (False, "the sum is 1")
    assert "this does not hold: the sum is 1. Given x 2×3." in verdict.message
    assert "Divide by the sum." in verdict.message
    assert WEIGHTS.check(lambda x: x / x.sum() * float("nan")).mistake == "all values are in [0, 1]"
    assert WEIGHTS.check(lambda x: x - x.mean()).mistake == "a mean"
    assert WEIGHTS.check(lambda x: x[0]).passed is False
    assert WEIGHTS.check(lambda x: ...).passed is None
