"""Exercises that answer: a check that compares with an independent reference and knows the usual mistakes.

An :class:`Exercise` holds the reference (slow and obvious), random cases with a fixed seed, and a list of known
mistakes, each with a wrong implementation and the hint for it. ``exercise.check(answer)`` runs the learner's
function: the shape must be right first, then the values. Every wrong answer is told for which arguments it is wrong,
by their names. One that equals a known mistake gets that mistake's hint, any other the hint of a general slip
(:mod:`a2u.lessons.answers.slips`) if one explains it; and every one is told where it differs most. Nothing raises: a
lesson runs to its end whatever a learner has written.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from a2u.lessons import tally
from a2u.lessons.answers.case import Case, alike, as_numbers
from a2u.lessons.answers.numbers import known_factor
from a2u.lessons.answers.run import Answer, outcome, stopped
from a2u.lessons.answers.slips import recognise
from a2u.lessons.answers.words import call, figure, kind_of, names_of, worst
from a2u.lessons.frame import Drawing

SEED = 0
CASES = 5
WEAK = ("outside 0 … 1", "always the same", "length", "nearly right")  # slips that a more particular guess displaces

View = Callable[[Tensor, Tensor], tuple[Tensor, Tensor, str]]


@dataclass(frozen=True)
class Mistake:
    """A known wrong answer: how it computes, and what its author probably missed."""

    name: str
    compute: Answer
    hint: str


@dataclass(frozen=True)
class Verdict:
    """What a check found. ``passed`` is None when nothing was attempted."""

    passed: bool | None
    message: str
    mistake: str | None = None  # the name of a known mistake, or of a general slip
    drawing: Drawing | None = None

    def __bool__(self) -> bool:
        return bool(self.passed)

    def _ipython_display_(self) -> None:
        print(self.message)
        if self.drawing is not None:
            self.drawing._ipython_display_()


@dataclass(frozen=True)
class Exercise:
    """One exercise: what is right, on which cases, and what usually goes wrong.

    Args:
        title: as on its card.
        reference: the answer, computed independently of the library.
        cases: draws the arguments of one call from a generator and the number of the case.
        mistakes: known wrong answers; the first that fits is named.
        kind: what is drawn, "z", "w" or "y", in its colours; "" for anything else.
        view: what to draw of target and answer, and its name; all of them without it.
        given: in a bug hunt, the code that the learner is handed: it runs, and it is wrong. As long as an answer gives
            the same results as this, it counts as not attempted.
    """

    title: str
    reference: Answer
    cases: Callable[[torch.Generator, int], tuple[Any, ...]]
    mistakes: Sequence[Mistake] = field(default_factory=tuple)
    kind: str = ""
    view: View | None = None
    given: Answer | None = None

    @property
    def lesson(self) -> str:
        """The lesson that it belongs to, by its folder: "one_formula"."""
        return tally.lesson_of(self.reference.__module__)

    def check(self, answer: Any) -> Verdict:
        """Compare the answer with the reference on every case, and report what came of it."""
        verdict = self._judge(answer)
        if verdict.passed is not None:
            tally.report(tally.Event(self.lesson, "exercise", self.title, verdict.passed))
        return verdict

    def _judge(self, answer: Any) -> Verdict:
        if answer is Ellipsis:
            return self._untried()
        if not callable(answer):
            return self._wrong(f"hand over your function itself, got {kind_of(answer)}.")
        names = names_of(answer, self.reference)
        generator = torch.Generator().manual_seed(SEED)
        cases: list[Case] = []
        for number in range(CASES):
            arguments = self.cases(generator, number)
            given = f"given {call(names, arguments)}"
            result = outcome(answer, arguments, quiet=number > 0)  # what it prints appears once
            if result is Ellipsis or isinstance(result, NotImplementedError):
                return self._untried()
            if isinstance(result, BaseException):
                known = self._exactly([*cases, Case(arguments, _nothing(), _nothing())], result)
                return self._wrong(f"{stopped(result, names)}\n  {given}", known)
            try:
                own, dtype = as_numbers(result)
            except ValueError as error:
                return self._wrong(str(error))
            target = outcome(self.reference, arguments).double()
            cases.append(Case(arguments, target, own, dtype))
            misfit = self._misfit(target, own)
            if misfit is not None:
                if self._is_given(cases):
                    return self._unmended(misfit)
                return self._wrong(f"{misfit}\n  {given}", self._diagnosis(cases, names), "shape")
        return self._compare(cases, names)

    def _misfit(self, target: Tensor, own: Tensor) -> str | None:
        """What is wrong with the shape of a result, or None."""
        if own.shape == target.shape:
            return None
        return f"the result should have shape {tuple(target.shape)}, yours has {tuple(own.shape)}"

    def _is_given(self, cases: Sequence[Case]) -> bool:
        """Do these results come from the code that a bug hunt hands out?"""
        if self.given is None:
            return False
        return all(alike(outcome(self.given, case.arguments), case.own) for case in cases)

    def _compare(self, cases: list[Case], names: list[str]) -> Verdict:
        wrong = next((case for case in cases if case.wrong), None)
        shown = wrong or cases[0]
        drawing = self._drawing(shown.target, shown.own, call(names, shown.arguments))
        if wrong is None:
            message = f"✓ {self.title}: {len(cases)} random cases agree with the reference."
            return Verdict(True, message, drawing=drawing)
        what = self._values(wrong.target, wrong.own, wrong.arguments, names)
        if self._is_given(cases):
            return self._unmended(what, drawing)
        return self._wrong(what, self._diagnosis(cases, names), drawing=drawing)

    def _diagnosis(self, cases: Sequence[Case], names: list[str]) -> tuple[str, str] | None:
        """The name and the hint of what was probably done: this exercise's own mistakes first, then general slips."""
        known = self._exactly(cases) or self._here(next(case for case in cases if case.wrong))
        if known is not None:
            return known
        slip = recognise(cases, self.reference, names)
        weak = slip is None or slip[0] in WEAK
        return (self._with_factor(cases) if weak else None) or slip

    def _exactly(self, cases: Sequence[Case], error: BaseException | None = None) -> tuple[str, str] | None:
        """The known mistake that gives the same on every case; with `error`, stops with the same in the last one."""
        yours = [case.own for case in cases] if error is None else [*(case.own for case in cases[:-1]), error]
        for mistake in self.mistakes:
            theirs = (outcome(mistake.compute, case.arguments) for case in cases)
            if all(alike(a, b) for a, b in zip(theirs, yours, strict=True)):
                return mistake.name, mistake.hint
        return None

    def _here(self, case: Case) -> tuple[str, str] | None:
        """The known mistake that gives the same in this case, where it is a mistake: others may come on top of it."""
        for mistake in self.mistakes:
            theirs = outcome(mistake.compute, case.arguments)
            if alike(theirs, case.own) and not alike(theirs, case.target):
                return mistake.name, mistake.hint
        return None

    def _with_factor(self, cases: Sequence[Case]) -> tuple[str, str] | None:
        """A known mistake with a factor of 255 or 1000 on top of it."""
        for mistake in self.mistakes:
            theirs = [outcome(mistake.compute, case.arguments) for case in cases]
            if not any(isinstance(each, BaseException) for each in theirs):
                numbers = [torch.as_tensor(each).double() for each in theirs]
                found = known_factor([(made, case.own) for made, case in zip(numbers, cases, strict=True)])
                if found is not None:
                    return mistake.name, f"{mistake.hint}\n  And once that is mended: {found[1]}"
        return None

    def _wrong(
        self, what: str, known: tuple[str, str] | None = None, otherwise: str | None = None,
        drawing: Drawing | None = None,
    ) -> Verdict:  # fmt: skip
        message = f"✗ {self.title}: {what}"
        if known is None:
            return Verdict(False, message, otherwise, drawing)
        return Verdict(False, f"{message}\n  {known[1]}", known[0], drawing)

    def _values(self, target: Tensor, own: Tensor, arguments: tuple[Any, ...], names: list[str]) -> str:
        """What is wrong with these values."""
        given = f"the shape is right, the values are not yet, given {call(names, arguments)}"
        return f"{given}\n  {worst(target, own)}"

    def _drawing(self, target: Tensor, own: Tensor, given: str) -> Drawing | None:
        from a2u.plots.maps import comparison

        name = ""
        largest = float((target - own).abs().nan_to_num(nan=float("inf")).max())
        if self.view is not None:
            target, own, name = self.view(target, own)
        shown = f"Target, yours and their difference{name and ' at '}{name}"
        alt = f"{shown}, for {given}; the largest difference is {largest:.3f}."
        return Drawing(comparison(target.numpy(), own.nan_to_num().numpy(), self.kind, name), alt)

    def _untried(self) -> Verdict:
        return Verdict(None, f"○ {self.title}: not attempted yet. Replace the … when you are ready; the hints help.")

    def _unmended(self, what: str, drawing: Drawing | None = None) -> Verdict:
        told = f"○ {self.title}: this is still the code that you were given. It runs, and it is wrong: {what}"
        return Verdict(None, told, drawing=drawing)


class Numeric(Exercise):
    """An exercise whose answer is one number: there is nothing to draw, and the case says which number it is."""

    def _values(self, target: Tensor, own: Tensor, arguments: tuple[Any, ...], names: list[str]) -> str:
        whole = float(target).is_integer()
        expected, yours = (figure(float(v), whole) for v in (target, own))
        return f"for {call(names, arguments, '=')}: expected {expected}, yours is {yours}"

    def _drawing(self, target: Tensor, own: Tensor, given: str) -> Drawing | None:
        return None


def one_kernel(target: Tensor, own: Tensor) -> tuple[Tensor, Tensor, str]:
    """Of kernels (s², rH, rW) the one that differs most, as s×s, in both."""
    side = round(len(target) ** 0.5)
    apart = (target - own).abs().nan_to_num(nan=float("inf")).amax(dim=0)
    i, j = (int(index) for index in torch.unravel_index(apart.argmax(), apart.shape))
    first, second = (each[:, i, j].reshape(side, side) for each in (target, own))
    return first, second, f"output ({i}, {j})"


def _nothing() -> Tensor:
    return torch.empty(0)
