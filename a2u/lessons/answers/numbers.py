"""Slips of size: factors of 255 and 1000, a sign, a sum for a mean, a constant that was added.

Each function takes the wrong cases and yields the name and the hint of each slip that explains all of them.
"""

import math
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from a2u.lessons.answers.case import Case, fits

Found = Iterator[tuple[str, str]]
BYTE, THOUSAND = 255.0, 1000.0

FACTORS = {
    BYTE: "Your values are 255 times too large. Bytes run from 0 to 255; the result belongs to values in [0, 1]: "
    "divide by 255.",
    1 / BYTE: "Your values are 255 times too small: you divide by 255 once too often.",
    BYTE**2: "Your values are 255² times too large: bytes were squared. Divide by 255 before you square.",
    THOUSAND: "Your values are 1000 times too large: the division by 1000 is missing.",
    1 / THOUSAND: "Your values are 1000 times too small: you divide by 1000 once too often.",
    BYTE * THOUSAND: "Your values are 255,000 times too large: the divisions by 255 and by 1000 are both missing.",
    1 / BYTE / THOUSAND: "Your values are 255,000 times too small: you divide by 255 and by 1000 once too often.",
    BYTE / THOUSAND: "Your values are 0.255 times what they should be: the division by 255 is missing, and there is "
    "one by 1000 too many.",
    THOUSAND / BYTE: "Your values are 3.92 times too large: the division by 1000 is missing, and there is one by 255 "
    "too many.",
    100.0: "Your values are 100 times too large: these are percentages.",
    0.01: "Your values are 100 times too small.",
    math.log(10): "Your values are ln 10 = 2.303 times too large: the logarithm should be the one to base 10.",
    1 / math.log(10): "Your values are ln 10 = 2.303 times too small: the logarithm should be the natural one.",
    1 / math.log(2): "Your values are 1/ln 2 = 1.443 times too large: the logarithm should be the natural one.",
    -1.0: "The sign is wrong: each of your values is minus what it should be.",
}

_FUNCTIONS: tuple[tuple[str, Callable[[Tensor], Tensor], str], ...] = (
    ("absolute value", torch.abs, "The sign is lost: these are the absolute values."),
    ("one minus", lambda t: 1 - t, "This is one minus the right value."),
    ("square", torch.square, "This is the square of the right value."),
    ("root", torch.sqrt, "This is the square root of the right value."),
    ("reciprocal", torch.reciprocal, "This is one divided by the right value: numerator and denominator are swapped."),
    ("logarithm", torch.log, "This is the logarithm of the right value."),
    ("exponential", torch.exp, "This is e to the power of the right value."),
    ("negatives cut off", torch.relu, "Negative values became 0: a ReLU, or a clamp, that does not belong here."),
    ("cut off to 0 … 1", lambda t: t.clamp(0, 1), "Your values are cut off to 0 … 1. The right ones may lie outside."),
    ("sigmoid once more", torch.sigmoid, "There is one sigmoid too many at the end."),
)


def known_factor(pairs: Sequence[tuple[Tensor, Tensor]]) -> tuple[str, str] | None:
    """The factor among :data:`FACTORS` that leads from each first tensor to the second, and its hint."""
    for factor, hint in FACTORS.items():
        if all(fits(factor * target, own) for target, own in pairs):
            return ("wrong sign" if factor < 0 else f"factor {factor:.4g}"), hint
    return None


def factor(wrong: Sequence[Case]) -> Found:
    """One of the factors that people forget."""
    found = known_factor([(case.target, case.own) for case in wrong])
    if found is not None:
        yield found


def functions(wrong: Sequence[Case]) -> Found:
    """A function of the right value: its square, its absolute value, one minus it."""
    for name, function, hint in _FUNCTIONS:
        if all(fits(function(case.target), case.own) for case in wrong):
            yield name, hint


def _ratio(case: Case) -> float | None:
    """The number c with own = c · target, if there is one."""
    if case.own.shape != case.target.shape or not case.target.any() or not case.own.any():
        return None
    c = float((case.own * case.target).sum() / case.target.square().sum())
    return c if math.isfinite(c) and fits(c * case.target, case.own) else None


def counted(wrong: Sequence[Case], names: Sequence[str]) -> Found:
    """A factor that differs from case to case as a size or a whole-number argument does: a sum for a mean, a ratio."""
    ratios = [_ratio(case) for case in wrong]
    if None in ratios or len({round(c or 0, 6) for c in ratios}) < 2:
        return
    for place in range(len(wrong[0].arguments)):
        name = names[place] if place < len(names) else f"argument {place}"
        for what, count, is_size in _counts(wrong, place):
            told = what.format(name)
            for over, sign in ((True, 1), (False, -1)):
                if all(math.isclose(c or 0, n**sign, rel_tol=1e-4) for c, n in zip(ratios, count, strict=True) if n):
                    yield f"factor {told}" if over else f"factor 1/{told}", _told(told, over, is_size)


def _told(what: str, over: bool, is_size: bool) -> str:
    if not is_size:
        return f"Your values are {what} times too {'large' if over else 'small'}."
    if over:
        return f"Your values are too large by the factor {what}: a sum where a mean is asked for."
    return f"Your values are too small by the factor {what}: a mean where a sum is asked for, or divided twice."


def _counts(wrong: Sequence[Case], place: int) -> Iterator[tuple[str, list[float], bool]]:
    given = [case.arguments[place] for case in wrong]
    if all(isinstance(each, Tensor) for each in given):
        yield "{}.numel()", [float(each.numel()) for each in given], True
        for axis in range(min(each.dim() for each in given)):
            yield f"{{}}.shape[{axis}]", [float(each.shape[axis]) for each in given], True
        if not any(each.is_floating_point() for each in given):
            for value in given[0].unique().tolist():
                yield f"({{}} == {value}).sum()", [float((each == value).sum()) for each in given], True
    elif all(isinstance(each, int) and not isinstance(each, bool) for each in given):
        for power, sign in ((1, ""), (2, "²")):
            yield f"{{}}{sign}", [float(each**power) for each in given], False


def steady(wrong: Sequence[Case]) -> Found:
    """One factor, or one offset, in every place."""
    if len(wrong) < 2 and wrong[0].target.numel() < 3:
        return  # one number is always some number away from another
    ratios = [_ratio(case) for case in wrong]
    first = ratios[0]
    if first is not None and all(c is not None and math.isclose(c, first, rel_tol=1e-4) for c in ratios):
        words = {2.0: "twice", 0.5: "half of", 3.0: "three times", 4.0: "four times", 0.25: "a quarter of"}
        close = (word for c, word in words.items() if math.isclose(c, first, rel_tol=1e-4))
        times = next(close, f"{first:.4g} times")
        yield f"factor {first:.4g}", f"Each of your values is {times} what it should be. Which factor is that?"
    if any(case.own.shape != case.target.shape for case in wrong):
        return
    offset = float((wrong[0].own - wrong[0].target).mean())
    if math.isfinite(offset) and offset and all(fits(case.target + offset, case.own) for case in wrong):
        counts = " Do you count from 0 or from 1?" if abs(offset) == 1 else ""
        size, way = f"{abs(offset):.4g}", "large" if offset > 0 else "small"
        yield f"offset {offset:+.4g}", f"Each of your values is too {way} by {size}.{counts}"
