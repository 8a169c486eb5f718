"""Exercises that answer: a check that compares with an independent reference and knows the usual mistakes.

An :class:`Exercise` holds the reference (slow and obvious), random cases with a fixed seed, and a list of known
mistakes, each with a wrong implementation and the hint for it. ``exercise.check(answer)`` runs the learner's
function: the shape must be right first, then the values. Every wrong answer is told for which arguments it is wrong,
by their names. One that equals a known mistake gets that mistake's hint; every other is told where it differs most.
Nothing raises: a lesson runs to its end whatever a learner has written.
"""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from a2u.lessons import kernel
from a2u.lessons.frame import Drawing

SEED = 0
TOLERANCE = 1e-5
CASES = 5

Answer = Callable[..., Any]
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
    mistake: str | None = None  # the name of a known mistake
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
    """

    title: str
    reference: Answer
    cases: Callable[[torch.Generator, int], tuple[Any, ...]]
    mistakes: Sequence[Mistake] = field(default_factory=tuple)
    kind: str = ""
    view: View | None = None

    def check(self, answer: Any) -> Verdict:
        """Compare the answer with the reference on every case; a learner's notebook notes what passed."""
        verdict = self._judge(answer)
        if verdict.passed:
            kernel.passed(self.title)
        return verdict

    def _judge(self, answer: Any) -> Verdict:
        if answer is Ellipsis:
            return self._untried()
        if not callable(answer):
            return Verdict(False, f"✗ {self.title}: hand over your function itself, got {_kind(answer)}.")
        names = _names(answer, self.reference)
        generator = torch.Generator().manual_seed(SEED)
        drawn = [self.cases(generator, number) for number in range(CASES)]
        yours: list[Tensor] = []
        for number, arguments in enumerate(drawn):
            given, seen = f"given {_call(names, arguments)}", drawn[: number + 1]
            result = _outcome(answer, arguments)
            if result is Ellipsis or isinstance(result, NotImplementedError):
                return self._untried()
            if result is None:
                return Verdict(False, f"✗ {self.title}: your function returns nothing (None). Is there a `return`?")
            if isinstance(result, Exception):
                what = f"your function stopped with {type(result).__name__}: {result}"
                return self._wrong(f"{what}\n  {given}", self._exactly(seen, [*yours, result]))
            try:
                own = torch.as_tensor(result).detach().double()
            except (TypeError, ValueError, RuntimeError):
                return Verdict(False, f"✗ {self.title}: return a tensor, got {_kind(result)}.")
            shape = tuple(self.reference(*map(_copy, arguments)).shape)
            yours.append(own)
            if tuple(own.shape) != shape:
                what = f"the result should have shape {shape}, yours has {tuple(own.shape)}"
                return self._wrong(f"{what}\n  {given}", self._exactly(seen, yours), "shape")
        return self._compare(drawn, yours, names)

    def _compare(self, drawn: list[tuple[Any, ...]], yours: list[Tensor], names: list[str]) -> Verdict:
        targets = [self.reference(*map(_copy, arguments)).double() for arguments in drawn]
        for number, (arguments, target, own) in enumerate(zip(drawn, targets, yours, strict=True)):
            if not _same(target, own):
                mistake = self._exactly(drawn, yours) or self._here(drawn[number], target, own)
                given = _call(names, arguments)
                drawing = self._drawing(target, own, given)
                return self._wrong(self._values(target, own, arguments, names), mistake, drawing=drawing)
        message = f"✓ {self.title}: {len(drawn)} random cases agree with the reference."
        return Verdict(True, message, drawing=self._drawing(targets[0], yours[0], _call(names, drawn[0])))

    def _exactly(self, drawn: list[tuple[Any, ...]], yours: Sequence[Tensor | Exception]) -> Mistake | None:
        """The known mistake that gives the same, or stops with the same error, on every case."""
        for mistake in self.mistakes:
            theirs = [_outcome(mistake.compute, arguments) for arguments in drawn]
            if all(_alike(a, b) for a, b in zip(theirs, yours, strict=True)):
                return mistake
        return None

    def _here(self, arguments: tuple[Any, ...], target: Tensor, own: Tensor) -> Mistake | None:
        """The known mistake that gives the same in this case, where it is a mistake: others may come on top of it."""
        for mistake in self.mistakes:
            theirs = _outcome(mistake.compute, arguments)
            if _alike(theirs, own) and not _alike(theirs, target):
                return mistake
        return None

    def _wrong(
        self, what: str, mistake: Mistake | None, otherwise: str | None = None, drawing: Drawing | None = None
    ) -> Verdict:
        message = f"✗ {self.title}: {what}"
        if mistake is None:
            return Verdict(False, message, otherwise, drawing)
        return Verdict(False, f"{message}\n  {mistake.hint}", mistake.name, drawing)

    def _values(self, target: Tensor, own: Tensor, arguments: tuple[Any, ...], names: list[str]) -> str:
        """What is wrong with these values."""
        given = f"the shape is right, the values are not yet, given {_call(names, arguments)}"
        return f"{given}\n  {_worst(target, own)}"

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


class Numeric(Exercise):
    """An exercise whose answer is one number: there is nothing to draw, and the case says which number it is."""

    def _values(self, target: Tensor, own: Tensor, arguments: tuple[Any, ...], names: list[str]) -> str:
        whole = float(target).is_integer()
        expected, yours = (_figure(float(v), whole) for v in (target, own))
        return f"for {_call(names, arguments, '=')}: expected {expected}, yours is {yours}"

    def _drawing(self, target: Tensor, own: Tensor, given: str) -> Drawing | None:
        return None


def one_kernel(target: Tensor, own: Tensor) -> tuple[Tensor, Tensor, str]:
    """Of kernels (s², rH, rW) the one that differs most, as s×s, in both."""
    side = round(len(target) ** 0.5)
    apart = (target - own).abs().nan_to_num(nan=float("inf")).amax(dim=0)
    i, j = (int(index) for index in torch.unravel_index(apart.argmax(), apart.shape))
    first, second = (each[:, i, j].reshape(side, side) for each in (target, own))
    return first, second, f"output ({i}, {j})"


def _outcome(function: Answer, arguments: tuple[Any, ...]) -> Any:
    """What a function returns, or the exception that stops it: whatever a learner's code does is an answer."""
    try:
        return function(*map(_copy, arguments))
    except Exception as error:
        return error


def _copy(argument: Any) -> Any:
    return argument.clone() if isinstance(argument, Tensor) else argument


def _same(a: Tensor, b: Tensor, nan: bool = False) -> bool:
    """Equal within the tolerance; `nan`: NaN equals NaN, as where a mistake makes them."""
    return a.shape == b.shape and bool(torch.allclose(a, b, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=nan))


def _alike(a: Any, b: Any) -> bool:
    """Equal values, NaN included, as where a mistake makes them; or one and the same error."""
    if isinstance(a, Exception) or isinstance(b, Exception):
        return type(a) is type(b) and str(a) == str(b)
    return _same(torch.as_tensor(a).double(), torch.as_tensor(b).double(), nan=True)


def _worst(target: Tensor, own: Tensor) -> str:
    difference = (target - own).abs().nan_to_num(nan=float("inf"))
    at = [int(index) for index in torch.unravel_index(difference.argmax(), difference.shape)]
    return f"The largest difference is at {at}: expected {float(target[*at]):.4f}, yours is {float(own[*at]):.4f}."


def _kind(value: Any) -> str:
    return f"{type(value).__name__}"


def _figure(value: float, whole: bool) -> str:
    """2,048 among whole numbers, else 0.2500."""
    return f"{value:,.0f}" if whole and value.is_integer() else f"{value:,.4f}"


def _names(answer: Answer, reference: Answer) -> list[str]:
    """Names of the arguments, as the learner's own function has them, or the reference if that has others."""
    own, known = (_positional(function) for function in (answer, reference))
    return own if len(own) == len(known) else known


def _positional(function: Answer) -> list[str]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def _call(names: list[str], arguments: tuple[Any, ...], joint: str = " ") -> str:
    """The arguments in short: "x 5×7, row 2, kind 'holistic'"."""
    words = []
    for name, value in zip(names, arguments, strict=True):
        tensor = isinstance(value, Tensor) and value.dim()
        what = "×".join(map(str, value.shape)) if tensor else repr(value)
        words.append(f"{name} {what}" if tensor else f"{name}{joint}{what}")
    return ", ".join(words)
