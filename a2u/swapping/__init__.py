"""Put an operator in the place of the upsampling of any network: `a2u.swap`.

- `places` runs the network once and notes where it upsamples.
- `graph` reads the forward of the module around such a place with torch.fx, finds the encoder map that meets the
  result, and rewrites it.
- `plugged` is the module that stands there afterwards.
- `report` says what happened to each place.
"""

import copy
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from a2u.errors import A2UError
from a2u.operators.registry import chosen
from a2u.swapping.graph import rewrite
from a2u.swapping.places import called, record
from a2u.swapping.planning import Plan, plan
from a2u.swapping.report import Change, Report

__all__ = ["Change", "Report", "Swapped", "swap"]


class Swapped(NamedTuple):
    """A network with other upsampling, and what happened to each of its places."""

    model: nn.Module
    report: Report


def swap(
    model: nn.Module,
    name: str,
    example: Tensor | Sequence[Any] | Mapping[str, Any],
    *,
    only: Sequence[str] | None = None,
    **options: Any,
) -> Swapped:
    """A copy of a network in which every upsampling is done by a registered operator.

    Replaced are `nn.Upsample` (and its two older forms), `nn.ConvTranspose2d` that enlarges by its stride, and calls of
    `F.interpolate`. An operator that needs an encoder map gets the one that the result is added to or concatenated
    with; one that needs an image gets the argument with three channels.

    Args:
        model: any module. It stays as it is; the copy has its weights, training mode, dtype and device.
        name: "operator" or "operator:preset", as for :func:`a2u.build`.
        example: what the model is called with, to see the shapes: a tensor, a tuple of arguments, or a dict of keyword
            arguments. Its values do not matter.
        only: names of places, as the report gives them. The others stay as they are.
        **options: of the operator.

    Returns:
        The copy, and a report of every place: what was there, what is there now, with parameters and multiply-adds, or
        why it was left. New operators have their initial weights: train them. Where the guide or a function call made
        it necessary, a module around the place has become a `torch.fx.GraphModule`: its forward is the same, other
        methods of that one module are gone.

    With "nearest" or "bilinear" in the place of the same, all outputs stay equal.

    Raises:
        A2UError: the model does not run on the example, a name in `only` is no place, an unknown operator or option,
            a model that has no place. Then nothing has been changed.

    Example:
        >>> model = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.Upsample(scale_factor=2, mode="bilinear"))
        >>> swapped, report = swap(model, "dysample", torch.zeros(1, 3, 16, 16))
        >>> print(type(swapped[1].op).__name__, report.changes[0].channels, report.changes[0].ratio)
        DySample 8 2
    """
    if not isinstance(model, nn.Module):
        raise A2UError(f"swap takes a network, a torch.nn.Module, got {type(model).__name__}.")
    about, arguments = chosen(name, options)[0].card, called(example)
    try:
        network = copy.deepcopy(model)
    except Exception as error:
        raise A2UError(f"This model cannot be copied, and swap changes a copy only: {error}") from error
    found = record(network, arguments)
    if not found.places:
        raise A2UError(
            "This model upsamples nowhere: swap looks for nn.Upsample, nn.ConvTranspose2d and F.interpolate, and found "
            "none that ran on the example."
        )
    if only is not None:
        _check_names(only, [place.name for place in found.places])
    plans = [
        Plan.left(place, "not among the places to replace")
        if only is not None and place.name not in only
        else plan(place, name, about, options)
        for place in found.places
    ]
    network, changes = rewrite(network, found, plans, about)
    _check_runs(network, arguments, found.output)
    return Swapped(network, Report(name, tuple(changes)))


def _check_names(only: Sequence[str], names: list[str]) -> None:
    if isinstance(only, str):
        raise A2UError(f"only is a list of places, like only=[{only!r}], got a single word.")
    for name in only:
        if name not in names:
            raise A2UError(f"{name!r} is no place where this model upsamples. Places: {', '.join(names)}.")


def _check_runs(network: nn.Module, arguments: tuple[tuple[Any, ...], dict[str, Any]], before: Any) -> None:
    """The new network runs, and its outputs have the old shapes."""
    args, kwargs = arguments
    training = [module.training for module in network.modules()]
    try:
        with torch.no_grad():
            after = network.eval()(*args, **kwargs)
    except Exception as error:
        raise A2UError(f"The model no longer runs with this operator: {error}") from error
    finally:
        for module, was in zip(network.modules(), training, strict=True):
            module.training = was
    old, new = (
        [tuple(leaf.shape) for leaf in torch.utils._pytree.tree_leaves(output) if isinstance(leaf, Tensor)]
        for output in (before, after)
    )
    if len(old) != len(new) or (old != new and not _depends_on_values(before)):
        raise A2UError(f"With this operator the model returns other shapes, {new} for {old}. Report this model to us.")


def _depends_on_values(output: Any) -> bool:
    """Are these detections, whose number depends on the values?"""
    return isinstance(output, list)
