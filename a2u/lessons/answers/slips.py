"""Slips that can happen in any exercise: a forgotten ÷255, axes swapped, an empty selection, a sign.

A check asks here when none of the exercise's own known mistakes fits. A slip is named when it explains *every* case
that is wrong; with a number of its own (a factor, an offset) it must be the same number in several places. The order
matters: what is more particular comes first.
"""

import itertools
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from a2u.lessons.answers import numbers, shapes
from a2u.lessons.answers.case import Case, fits, same
from a2u.lessons.answers.run import Answer, outcome

Found = Iterator[tuple[str, str]]


def recognise(cases: Sequence[Case], reference: Answer, names: Sequence[str]) -> tuple[str, str] | None:
    """The name and the hint of the slip that explains every wrong case, or None.

    Args:
        cases: all that were run, the right ones included.
        reference: the right function.
        names: of its arguments.
    """
    wrong = [case for case in cases if case.wrong]
    if not wrong:
        return None
    found = itertools.chain(
        _number_type(wrong),
        _nothing(wrong, names),
        numbers.factor(wrong),
        numbers.functions(wrong),
        shapes.axes((case.target, case.own) for case in wrong),
        _swapped(wrong, reference, names),
        numbers.counted(wrong, names),
        _precision(wrong),
        numbers.steady(wrong),
        shapes.places([(case.target, case.own) for case in wrong]),
        shapes.order([(case.target, case.own) for case in wrong]),
        _nearly(wrong),
        _range(cases),
        _always_the_same(cases),
    )
    return next(found, None)


def _nothing(wrong: Sequence[Case], names: Sequence[str]) -> Found:
    """Empty results, NaN and zeros: what comes of a selection that selects nothing."""
    if all(case.own.numel() == 0 < case.target.numel() for case in wrong):
        hint = "Your result is empty. A slice that begins below 0, or ends before it begins, selects nothing: "
        yield "empty result", f"{hint}x[-1:2] counts the -1 from the end."
    if all(case.own.numel() == 1 and case.own.isnan().all() and not case.target.isnan().any() for case in wrong):
        yield "empty selection", f"NaN is what the mean of an empty selection gives, or 0/0. {_values(wrong[0], names)}"
    if all(case.own.isnan().any() and not case.target.isnan().any() for case in wrong):
        yield "not a number", "Some values became NaN: 0/0, 0 · ∞, or a root or logarithm of something negative."
    if all(case.own.numel() and not case.own.any() and case.target.any() for case in wrong):
        hint = "All you return is 0. Either nothing was written into the result, or nothing was selected: a sum over "
        yield "empty selection", f"{hint}an empty selection is 0. {_values(wrong[0], names)}"


def _values(case: Case, names: Sequence[str]) -> str:
    """Which values a mask has to compare with, if an argument holds a few whole numbers."""
    for name, value in zip(names, case.arguments, strict=False):
        if isinstance(value, Tensor) and value.dim() and not value.is_floating_point() and len(value.unique()) <= 5:
            held = ", ".join(str(each) for each in value.unique().tolist())
            return f"Does your condition ever hold? `{name}` holds {held} and nothing else ({value.dtype})."
    return "Does your condition ever hold? Print how many places it selects."


def _number_type(wrong: Sequence[Case]) -> Found:
    if any(case.dtype.is_floating_point or case.own.shape != case.target.shape for case in wrong):
        return
    if all(case.dtype is torch.bool for case in wrong):
        yield "True and False", "You return a mask, True and False (dtype bool). Numbers are asked for."
    elif all(c.dtype is torch.uint8 and same(c.own, c.target.round() % 256) for c in wrong):
        hint = "Your numbers wrapped around at 256, as bytes do (dtype uint8)."
        yield "bytes wrap around", f"{hint} Convert with .float() before you compute."
    elif any(all(same(cut(c.target), c.own) for c in wrong) for cut in (torch.trunc, torch.floor, torch.round)):
        hint = f"You return whole numbers ({wrong[0].dtype}), and the fractions are lost."
        yield "whole numbers", f"{hint} Compute with .float(), and divide with `/`, not `//`."


def _swapped(wrong: Sequence[Case], reference: Answer, names: Sequence[str]) -> Found:
    """Two arguments of one kind that have changed places."""
    arguments = wrong[0].arguments
    for (i, first), (j, second) in itertools.combinations(enumerate(names), 2):
        alike = type(arguments[i]) is type(arguments[j])
        if alike and all(_as_if_swapped(case, reference, i, j) for case in wrong):
            yield f"{first} and {second} swapped", f"`{first}` and `{second}` have changed places."


def _as_if_swapped(case: Case, reference: Answer, i: int, j: int) -> bool:
    given = list(case.arguments)
    given[i], given[j] = given[j], given[i]
    other = outcome(reference, tuple(given))
    return isinstance(other, Tensor) and fits(other.double(), case.own)


def _precision(wrong: Sequence[Case]) -> Found:
    for digits in range(5):
        if all(same(case.own, case.target.round(decimals=digits)) for case in wrong):
            yield "rounded", f"You round to {digits} digits after the point. Return the number as it is."
    if all(case.dtype in (torch.float16, torch.bfloat16) and fits(case.target, case.own, 0.02) for case in wrong):
        yield "half precision", f"Nearly right: your result has {wrong[0].dtype}, which keeps about three digits."


def _nearly(wrong: Sequence[Case]) -> Found:
    if all(fits(case.target, case.own, 0.002) for case in wrong):
        yield "nearly right", "Nearly right: is a constant rounded, or a small number added where none is asked for?"


def _range(cases: Sequence[Case]) -> Found:
    """Values outside [0, 1] where all right ones lie inside."""
    if any(not case.target.numel() or not case.own.numel() for case in cases):
        return
    if all(float(case.target.min()) >= 0 and float(case.target.max()) <= 1 for case in cases):
        low, high = min(float(case.own.min()) for case in cases), max(float(case.own.max()) for case in cases)
        if high > 1 + 1e-4 or low < -1e-4:
            yield (
                "outside 0 … 1",
                (
                    f"All right values lie between 0 and 1. Yours go from {low:.4g} to {high:.4g}: is a division, a "
                    "sigmoid or a softmax missing?"
                ),
            )


def _always_the_same(cases: Sequence[Case]) -> Found:
    first = cases[0]
    if all(same(first.own, case.own) for case in cases) and not all(same(first.target, c.target) for c in cases):
        yield "always the same", "You return the same whatever the arguments are. Does the result use them?"
