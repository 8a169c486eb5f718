"""The operators by name: each enters with its card, and is built with the options that it knows."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from a2u.errors import A2UError, near_match
from a2u.operators.contract import Card, Upsampler

_REGISTRY: dict[str, type[Upsampler]] = {}
_Op = TypeVar("_Op", bound=type[Upsampler])


def register(card: Card) -> Callable[[_Op], _Op]:
    """Class decorator: give an operator its card and enter it into the registry."""

    def enter(operator: _Op) -> _Op:
        if card.name in _REGISTRY:
            raise A2UError(f"An operator named {card.name!r} is already registered: {_REGISTRY[card.name].__name__}.")
        operator.card = card
        _REGISTRY[card.name] = operator
        return operator

    return enter


def names() -> list[str]:
    """The registered operators, in the order of the course."""
    return list(_REGISTRY)


def card(name: str) -> Card:
    """The card of a registered operator."""
    return _find(name).card


def presets(name: str) -> list[str]:
    """The presets of an operator: ``build("name:preset", …)``."""
    return list(_find(name).card.presets)


def build(name: str, channels: int, ratio: int = 2, *, guide_channels: int | None = None, **options: Any) -> Upsampler:
    """Build a registered operator.

    Args:
        name: "operator" or "operator:preset", as :func:`names` and :func:`presets` list them.
        channels: C, channels of the map to upsample.
        ratio: r.
        guide_channels: channels of the guide. Not given: C for an encoder map, 3 for an image. Operators that have
            no guide ignore it.
        **options: the operator's own options; they override those of the preset.

    Raises:
        A2UError: unknown name, preset or option (with the closest known one), or a value the operator rejects.

    Example:
        >>> op = build("a2u:dynamic-cs", channels=64)
        >>> op(torch.randn(2, 64, 8, 8), torch.randn(2, 64, 16, 16)).shape
        torch.Size([2, 64, 16, 16])
    """
    operator, options = chosen(name, options)
    if "guide_channels" in inspect.signature(operator).parameters:
        options["guide_channels"] = guide_channels
    return operator(channels, ratio, **options)


def chosen(name: str, options: Mapping[str, Any]) -> tuple[type[Upsampler], dict[str, Any]]:
    """The operator that a name means, and its options with those of the preset; A2UError for what it does not know."""
    base, _, preset = str(name).partition(":")
    operator, options = _find(base), dict(options)
    if preset:
        known = operator.card.presets
        if preset not in known:
            advice = near_match(preset, list(known)) if known else f"{base!r} has no presets."
            raise A2UError(f"Unknown preset {preset!r} of {base!r}. {advice}")
        options = {**known[preset], **options}
    accepted = [p for p in inspect.signature(operator).parameters if p not in ("channels", "ratio")]
    for option in options:
        if option not in accepted:
            advice = near_match(option, accepted) if accepted else "It has no options."
            raise A2UError(f"{base!r} has no option {option!r}. {advice}")
    return operator, options


def free_options(options: Mapping[str, Any] | None) -> dict[str, Any]:
    """The options that a network passes on to its operators; A2UError for those that each of its stages sets."""
    if options is not None and not isinstance(options, Mapping):
        raise A2UError(f"The options of an operator are a dict of names and values, got {options!r}.")
    for name in ("name", "channels", "ratio", "guide_channels"):
        if name in (options or {}):
            raise A2UError(f"Each stage of a network sets {name!r} itself: leave it out of the options.")
    return dict(options or {})


def _find(name: str) -> type[Upsampler]:
    if name not in _REGISTRY:
        raise A2UError(f"Unknown operator {name!r}. {near_match(name, names())}")
    return _REGISTRY[name]
