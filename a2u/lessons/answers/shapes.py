"""Slips of shape and place: axes swapped, values in another order, a sum forgotten, a border that is not there.

Each function takes pairs (target, own) in double precision and yields the name and the hint of each slip that explains
all of them.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence

import torch
from torch import Tensor

from a2u.lessons.answers.case import fits

Pairs = Sequence[tuple[Tensor, Tensor]]
Found = Iterator[tuple[str, str]]


def axes(pairs: Iterable[tuple[Tensor, Tensor]]) -> Found:
    """Axes that were swapped or run backwards, and an axis too many or too few."""
    pairs = list(pairs)
    dims = {target.dim() for target, _ in pairs}
    if len(dims) == 1 and 2 <= (dim := dims.pop()) <= 4:
        for order in itertools.islice(itertools.permutations(range(dim)), 1, None):
            if _all(pairs, lambda t, order=order: t.permute(order)):  # type: ignore[misc]
                yield "axes swapped", f"{_axes(order)} Your result is the right one with its axes in another order."
    if _all(pairs, lambda t: t.flatten().flip(0).view(t.shape)) or any(_backwards(pairs)):
        where = next(iter(_backwards(pairs)), "every axis")
        yield "backwards", f"The values are right but run backwards along {where}."
    if all(t.shape != own.shape and fits(t.flatten(), own.flatten()) for t, own in pairs):
        shape = tuple(pairs[-1][0].shape)
        yield "another shape", f"The values are right, and in the right order. Give them the shape {shape}."
    yield from _summed(pairs)


def order(pairs: Pairs) -> Found:
    """The right numbers in other places."""
    if all(t.numel() > 1 and t.min() < t.max() and fits(_ordered(t), _ordered(own)) for t, own in pairs):
        yield "another order", "These are the right numbers, in the wrong places: look at the order of your axes."


def _ordered(t: Tensor) -> Tensor:
    return t.flatten().sort()[0]


def _all(pairs: Pairs, made: Callable[[Tensor], Tensor]) -> bool:
    return all(fits(made(target), own) for target, own in pairs)


def _axes(order: tuple[int, ...]) -> str:
    if len(order) == 2:
        return "Rows and columns have changed places: your result is transposed."
    moved = [axis for axis, place in enumerate(order) if axis != place]
    return f"Axes {', '.join(map(str, moved[:-1]))} and {moved[-1]} have changed places."


def _backwards(pairs: Pairs) -> Iterator[str]:
    dim = min(target.dim() for target, _ in pairs)
    for count in range(1, min(dim, 3) + 1):
        for chosen in itertools.combinations(range(dim), count):
            if _all(pairs, lambda t, chosen=chosen: t.flip(chosen)):  # type: ignore[misc]
                yield " and ".join(f"axis {axis}" for axis in chosen)


def _summed(pairs: Pairs) -> Found:
    """A sum or mean over one axis that was forgotten, or that should not be there."""
    for name, total in (("sum", torch.sum), ("mean", torch.mean)):
        for axis in range(min(own.dim() for _, own in pairs)):
            if all(own.dim() == t.dim() + 1 and fits(total(own, dim=axis), t) for t, own in pairs):
                yield f"no {name}", f"The {name} over axis {axis} of your result is missing: then it would be right."
        if all(own.dim() > t.dim() == 0 and fits(total(own), t) for t, own in pairs):
            yield f"no {name}", f"The {name} over all your values is missing: then it would be right."
        for axis in range(min(t.dim() for t, _ in pairs)):
            if all(t.dim() == own.dim() + 1 and fits(total(t, dim=axis), own) for t, own in pairs):
                yield f"{name} too many", f"You took a {name} over axis {axis}. Keep that axis."
        if all(t.dim() > own.dim() == 0 and fits(total(t), own) for t, own in pairs):
            yield f"{name} too many", f"You took the {name} of all values. Keep them apart."


def places(pairs: Pairs) -> Found:
    """A border that is wrong or missing, a shift by one, and lengths that are off."""
    if all(t.shape == own.shape and t.dim() for t, own in pairs):
        if all(min(t.shape[-2:]) > 2 and fits(_inside(t), _inside(own)) for t, own in pairs):
            yield "border", "Only the outermost values are wrong. What does the rule say about places beyond the edge?"
        for axis in range(min(t.dim() for t, _ in pairs)):
            for step, where in ((1, "later"), (-1, "earlier")):
                if all(t.shape[axis] > 2 and _shifted(t, own, axis, step) for t, own in pairs):
                    yield "shifted", f"Your values stand one place {where} than they should, along axis {axis}."
        return
    if all(t.dim() == own.dim() and own.numel() for t, own in pairs):
        if all(_cut(t, own) for t, own in pairs):
            yield "border missing", "Your result is the right one without its border: the padding is missing."
        yield from _lengths(pairs)
    elif all(own.numel() for _, own in pairs):
        more = {own.dim() - t.dim() for t, own in pairs}
        if len(more) == 1:
            count = more.pop()
            what = "axis" if abs(count) == 1 else "axes"
            yield "number of axes", f"Your result has {abs(count)} {what} too {'many' if count > 0 else 'few'}."


def _inside(t: Tensor) -> Tensor:
    return t[..., 1:-1, 1:-1] if t.dim() > 1 else t[1:-1]


def _shifted(t: Tensor, own: Tensor, axis: int, step: int) -> bool:
    size = t.shape[axis] - 1
    first, second = (t, own) if step > 0 else (own, t)
    a, b = first.narrow(axis, 0, size), second.narrow(axis, 1, size)
    return bool(a.any()) and fits(a, b)


def _cut(t: Tensor, own: Tensor) -> bool:
    """Is `own` the middle of `t`?"""
    less = [a - b for a, b in zip(t.shape, own.shape, strict=True)]
    if any(d < 0 or d % 2 for d in less) or not any(less):
        return False
    return fits(t[tuple(slice(d // 2, a - d // 2) for d, a in zip(less, t.shape, strict=True))], own)


def _lengths(pairs: Pairs) -> Found:
    """Axes that are too long or too short by the same number, or the same factor, in every case."""
    told = []
    for axis in range(pairs[0][0].dim()):
        sizes = [(t.shape[axis], own.shape[axis]) for t, own in pairs]
        steps, factors = {b - a for a, b in sizes}, {b / a for a, b in sizes if a}
        if steps == {0}:
            continue
        if len(factors) == 1 and len(pairs) > 1 and len(steps) > 1:
            told.append(f"axis {axis} is {factors.pop():.4g} times as long as it should be")
        elif len(steps) == 1:
            step = steps.pop()
            told.append(f"axis {axis} is too {'long' if step > 0 else 'short'} by {abs(step)}")
        else:
            return
    if told:
        even = all((b - a) % 2 == 0 for t, own in pairs for a, b in zip(t.shape, own.shape, strict=True))
        cause = "Is the padding right, which acts at both ends?" if even else "Count the first and the last place."
        yield "length", f"In every case so far, {' and '.join(told)}. {cause}"
