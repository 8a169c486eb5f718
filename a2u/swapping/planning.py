"""What to put at a place: the operator with its ratio and channels, or the reason to leave what is there."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import nn

from a2u.operators.contract import Card, Upsampler
from a2u.swapping.places import Place

SIZED = ("nearest", "bilinear", "bicubic")


class Plan(NamedTuple):
    """why: the reason to leave the place; empty if it shall be replaced by an operator of this ratio and channels."""

    place: Place
    why: str
    name: str = ""
    ratio: int = 0
    channels: int = 0
    out_channels: int = 0
    options: Mapping[str, Any] = {}
    direct: bool = False  #: the module itself can be replaced: one kind of map, and no guide

    @classmethod
    def left(cls, place: Place, why: str) -> "Plan":
        """A place that stays as it is."""
        return cls(place, why)


def plan(place: Place, name: str, about: Card, options: Mapping[str, Any]) -> Plan:
    """The operator for a place, or the reason why there cannot be one."""
    module = place.module
    if isinstance(module, Upsampler):
        return Plan.left(place, "it is an operator of a2u already; swap the network that it was made of")
    if isinstance(module, nn.PixelShuffle):
        return Plan.left(
            place, "a pixel shuffle only rearranges what the convolution before it made; replace both by hand"
        )
    if not place.shapes:
        return Plan.left(place, "it did not run on the example")
    why = _unfit(place)
    if why:
        return Plan.left(place, why)
    ratios = {_ratio(before, after) for before, after in place.shapes}
    if len(ratios) > 1:
        return Plan.left(place, f"it enlarges by different factors ({', '.join(map(str, sorted(ratios)))}) in one run")
    channels = {before[1] for before, _ in place.shapes}
    if len(channels) > 1 and place.call >= 0:
        words = " and ".join(map(str, sorted(channels)))
        return Plan.left(
            place, f"its forward runs several times, on maps of {words} channels: give each a module of its own"
        )
    chosen = dict(options)
    if name in ("bilinear", "bicubic") and place.options.get("mode") == name and place.options.get("align_corners"):
        chosen.setdefault("align_corners", True)
    first, last = place.shapes[0]
    direct = place.call < 0 and not about.needs_guide and len(channels) == 1
    return Plan(place, "", name, ratios.pop(), first[1], last[1], chosen, direct)


def _unfit(place: Place) -> str:
    """Why no operator can do what is done there, or nothing."""
    for before, after in place.shapes:
        if len(before) != 4:
            return f"its map has {len(before)} axes; the operators take (N, C, H, W)"
        if after[2] < before[2] or after[3] < before[3]:
            return f"it makes the map smaller, {_size(before)} → {_size(after)}"
        if after[2:] == before[2:]:
            return f"the map stays {_size(before)}"
        rows, columns = (-(-large // small) for small, large in zip(before[2:], after[2:], strict=True))
        if rows != columns:
            return f"rows and columns grow by different factors, {_size(before)} → {_size(after)}"
    if isinstance(place.module, nn.ConvTranspose2d):
        return _unfit_deconvolution(place.module, place)
    if place.options.get("mode", "nearest") == "area":
        return "mode 'area' averages; no operator here does"
    factors = place.options.get("scale_factor")
    for factor in factors if isinstance(factors, tuple | list) else [factors]:
        if factor is not None and float(factor) % 1 and not place.options.get("recompute_scale_factor"):
            return f"a scale_factor of {factor} is no integer, and shifts the grid; call it with size instead"
    return ""


def _unfit_deconvolution(module: nn.ConvTranspose2d, place: Place) -> str:
    if len(set(module.stride)) > 1 or len(set(module.dilation)) > 1 or module.dilation[0] > 1:
        return f"its strides {module.stride} and dilations {module.dilation} are not one ratio"
    for before, after in place.shapes:
        if any(large > small * module.stride[0] for small, large in zip(before[2:], after[2:], strict=True)):
            return f"it makes a border beyond stride times the map, {_size(before)} → {_size(after)}"
    return ""


def _ratio(before: torch.Size, after: torch.Size) -> int:
    return -(-after[2] // before[2])


def _size(shape: torch.Size) -> str:
    return "×".join(str(side) for side in shape[2:])
