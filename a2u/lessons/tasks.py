"""Two more kinds of exercise: code that is wrong and has to be mended, and a function with room for a design.

A :class:`BugHunt` begins with code that runs and gives a wrong answer. Its check is that of an :class:`Exercise`. Only
the code as it was handed out counts as not attempted; the learner is shown where it is wrong.

A :class:`Design` has a specification instead of one right answer: a list of properties that the result must have. Two
learners may write different functions, and both may pass.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from a2u.lessons.answers.case import TOLERANCE, Case, alike
from a2u.lessons.answers.run import Answer, outcome
from a2u.lessons.answers.words import call
from a2u.lessons.exercises import Exercise, Numeric, Verdict


def _nowhere(*_: Any) -> Any:
    raise NotImplementedError


@dataclass(frozen=True)
class BugHunt(Exercise):
    """An exercise that hands out wrong code.

    Args:
        bug: the code as it stands in the lesson. An answer that computes the same is not attempted yet.
    """

    bug: Answer = _nowhere

    def _compare(self, cases: list[Case], names: list[str]) -> Verdict:
        verdict = super()._compare(cases, names)
        if verdict.passed or not all(alike(outcome(self.bug, case.arguments), case.own) for case in cases):
            return verdict
        wrong = next(case for case in cases if case.wrong)
        what = self._values(wrong.target, wrong.own, wrong.arguments, names)
        return Verdict(
            None, f"○ {self.title}: the bug is still in. It shows in the result: {what}", None, verdict.drawing
        )


@dataclass(frozen=True)
class NumericBugHunt(BugHunt, Numeric):
    """A bug hunt whose answer is one number."""


@dataclass(frozen=True)
class Property:
    """One line of a specification.

    name: a few words. holds: of a result (in double precision) and the arguments of its call: does it have the
    property? hint: what is to be said where it has not.
    """

    name: str
    holds: Callable[..., bool]
    hint: str


@dataclass(frozen=True)
class Design(Exercise):
    """An exercise that any function passes whose results have every property; the reference is one of them.

    Args:
        properties: in the order in which they are checked. The first that fails is named.
    """

    properties: Sequence[Property] = field(default_factory=tuple)

    def _compare(self, cases: list[Case], names: list[str]) -> Verdict:
        for case in cases:
            own = _settled(case.own)
            for each in self.properties:
                if not each.holds(own, *case.arguments):
                    return self._lacks(each, case, cases, names)
        drawing = self._drawing(cases[0].target, cases[0].own, call(names, cases[0].arguments))
        told = f"✓ {self.title}: {len(cases)} random cases have every property of the specification."
        return Verdict(True, told, drawing=drawing)

    def _lacks(self, lacking: Property, case: Case, cases: Sequence[Case], names: list[str]) -> Verdict:
        """The known mistake that this is, or the property that is missing."""
        what = f"the shape is right, but this does not hold: {lacking.name}. Given {call(names, case.arguments)}."
        drawing = self._drawing(case.target, case.own, call(names, case.arguments))
        return self._wrong(what, self._exactly(cases) or (lacking.name, lacking.hint), drawing=drawing)


def _settled(result: Tensor) -> Tensor:
    """Whole numbers where only rounding is between: a rounding error breaks no property."""
    whole = result.round()
    return torch.where((result - whole).abs() <= TOLERANCE * whole.abs().clamp(min=1), whole, result)


def inside(result: Tensor, low: float, high: float) -> bool:
    """Are all values finite and from `low` to `high`?"""
    return bool(result.isfinite().all() and (result >= low).all() and (result <= high).all())
