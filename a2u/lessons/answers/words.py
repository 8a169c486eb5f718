"""How a check speaks of a case: its arguments, its largest difference, its numbers."""

import inspect
from typing import Any

import torch
from torch import Tensor

from a2u.lessons.answers.run import Answer


def worst(target: Tensor, own: Tensor) -> str:
    """Where two tensors of one shape differ most, and by what."""
    difference = (target - own).abs().nan_to_num(nan=float("inf"))
    at = [int(index) for index in torch.unravel_index(difference.argmax(), difference.shape)]
    return f"The largest difference is at {at}: expected {float(target[*at]):.4f}, yours is {float(own[*at]):.4f}."


def kind_of(value: Any) -> str:
    """The name of a value's type."""
    return f"{type(value).__name__}"


def figure(value: float, whole: bool) -> str:
    """2,048 among whole numbers, else 0.2500."""
    return f"{value:,.0f}" if whole and value.is_integer() else f"{value:,.4f}"


def names_of(answer: Answer, reference: Answer) -> list[str]:
    """Names of the arguments, as the learner's own function has them, or the reference if that has others."""
    own, known = (_positional(function) for function in (answer, reference))
    return own if len(own) == len(known) else known


def _positional(function: Answer) -> list[str]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def call(names: list[str], arguments: tuple[Any, ...], joint: str = " ") -> str:
    """The arguments in short: "x 5×7, row 2, kind 'holistic'"."""
    words = []
    for name, value in zip(names, arguments, strict=True):
        tensor = isinstance(value, Tensor) and value.dim()
        what = "×".join(map(str, value.shape)) if tensor else repr(value)
        words.append(f"{name} {what}" if tensor else f"{name}{joint}{what}")
    return ", ".join(words)
