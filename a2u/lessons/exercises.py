"""Exercises that answer: a check that compares with an independent reference and knows the usual mistakes.

An :class:`Exercise` holds the reference (slow and obvious), random cases with a fixed seed, and a list of known
mistakes, each with a wrong implementation and the hint for it. ``exercise.check(answer)`` runs the learner's
function: the shape must be right first, then the values. An answer that equals a known mistake gets that mistake's
hint; every other wrong answer is told where it differs most. Nothing raises: a lesson runs to its end whatever a
learner has written.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from a2u.lessons.frame import Drawing

SEED = 0
TOLERANCE = 1e-5
CASES = 5

Answer = Callable[..., Any]


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
    """

    title: str
    reference: Answer
    cases: Callable[[torch.Generator, int], tuple[Any, ...]]
    mistakes: Sequence[Mistake] = field(default_factory=tuple)

    def check(self, answer: Any) -> Verdict:
        """Compare the answer with the reference on every case."""
        if answer is None or answer is Ellipsis:
            return self._untried()
        if not callable(answer):
            return Verdict(False, f"✗ {self.title}: hand over your function itself, got {_kind(answer)}.")
        generator = torch.Generator().manual_seed(SEED)
        drawn = [self.cases(generator, number) for number in range(CASES)]
        yours: list[Tensor] = []
        for number, arguments in enumerate(drawn):
            try:
                result = answer(*map(_copy, arguments))
            except NotImplementedError:
                return self._untried()
            except Exception as error:  # whatever the learner's code raises is an answer about it
                what = f"{type(error).__name__}: {error}"
                return Verdict(False, f"✗ {self.title}: your function stopped with {what}\n  given {_call(arguments)}")
            if result is None or result is Ellipsis:
                return self._untried() if number == 0 else Verdict(False, self._nothing(arguments))
            wrong = self._wrong_shape(result, arguments)
            if wrong is not None:
                return wrong
            yours.append(torch.as_tensor(result).detach().double())
        return self._compare(drawn, yours)

    def _compare(self, drawn: list[tuple[Any, ...]], yours: list[Tensor]) -> Verdict:
        targets = [self.reference(*map(_copy, arguments)).double() for arguments in drawn]
        for arguments, target, own in zip(drawn, targets, yours, strict=True):
            if not _same(target, own):
                name, hint = self._diagnose(drawn, targets, yours) or (None, _worst(target, own))
                message = f"✗ {self.title}: the shape is right, the values are not yet.\n  {hint}"
                return Verdict(False, message, name, self._drawing(target, own, arguments))
        message = f"✓ {self.title}: {len(drawn)} random cases agree with the reference."
        return Verdict(True, message, drawing=self._drawing(targets[0], yours[0], drawn[0]))

    def _diagnose(
        self, drawn: list[tuple[Any, ...]], targets: list[Tensor], yours: list[Tensor]
    ) -> tuple[str, str] | None:
        """The known mistake that gives the same values on every case, and not the right ones on all."""
        for mistake in self.mistakes:
            theirs = [mistake.compute(*map(_copy, arguments)).double() for arguments in drawn]
            if all(_same(a, b, nan=True) for a, b in zip(theirs, yours, strict=True)):
                return mistake.name, mistake.hint
        return None

    def _wrong_shape(self, result: Any, arguments: tuple[Any, ...]) -> Verdict | None:
        target = self.reference(*map(_copy, arguments))
        try:
            shape = tuple(torch.as_tensor(result).shape)
        except (TypeError, ValueError, RuntimeError):
            return Verdict(False, f"✗ {self.title}: return a tensor, got {_kind(result)}.")
        if shape == tuple(target.shape):
            return None
        message = f"✗ {self.title}: the result should have shape {tuple(target.shape)}, yours has {shape}"
        message = f"{message}\n  given {_call(arguments)}"
        for mistake in self.mistakes:  # some mistakes show in the shape already
            if _same(mistake.compute(*map(_copy, arguments)).double(), torch.as_tensor(result).detach().double()):
                return Verdict(False, f"{message}\n  {mistake.hint}", mistake.name)
        return Verdict(False, message, "shape")

    def _drawing(self, target: Tensor, own: Tensor, arguments: tuple[Any, ...]) -> Drawing:
        from a2u.plots.maps import comparison

        largest = float((target - own).abs().nan_to_num(nan=float("inf")).max())
        alt = f"Target, yours and their difference for {_call(arguments)}; the largest difference is {largest:.3f}."
        return Drawing(comparison(target.numpy(), own.nan_to_num().numpy()), alt)

    def _untried(self) -> Verdict:
        return Verdict(None, f"○ {self.title}: not attempted yet. Replace the … when you are ready; the hints help.")

    def _nothing(self, arguments: tuple[Any, ...]) -> str:
        return f"✗ {self.title}: your function returned nothing, given {_call(arguments)}. Is a return missing?"


class Numeric(Exercise):
    """An exercise whose answer is one number: there is nothing to draw."""

    def check(self, answer: Any) -> Verdict:
        """Compare the answer with the reference on every case."""
        return replace(super().check(answer), drawing=None)


def _copy(argument: Any) -> Any:
    return argument.clone() if isinstance(argument, Tensor) else argument


def _same(a: Tensor, b: Tensor, nan: bool = False) -> bool:
    """Equal within the tolerance; `nan`: NaN equals NaN, as where a mistake makes them."""
    return a.shape == b.shape and bool(torch.allclose(a, b, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=nan))


def _worst(target: Tensor, own: Tensor) -> str:
    difference = (target - own).abs().nan_to_num(nan=float("inf"))
    at = [int(index) for index in torch.unravel_index(difference.argmax(), difference.shape)]
    if not at:
        return f"Expected {float(target):.4f}, yours is {float(own):.4f}."
    return f"The largest difference is at {at}: expected {float(target[*at]):.4f}, yours is {float(own[*at]):.4f}."


def _kind(value: Any) -> str:
    return f"{type(value).__name__}"


def _call(arguments: tuple[Any, ...]) -> str:
    """The arguments in short: "a 5×7 tensor, 2, 3"."""
    words = [
        f"a {'×'.join(map(str, a.shape))} tensor" if isinstance(a, Tensor) and a.dim() else str(a) for a in arguments
    ]
    return ", ".join(words)
