"""Where a network upsamples: run it once, and note every upsampling with its shapes and the call around it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from a2u.errors import A2UError
from a2u.operators.contract import Upsampler

Arguments = tuple[tuple[Any, ...], dict[str, Any]]
KINDS = (nn.Upsample, nn.ConvTranspose2d, nn.PixelShuffle, Upsampler)


@dataclass
class Place:
    """A place where a network upsamples, and what was seen there in each run of it."""

    owner: str  #: path of the module: it upsamples itself, or its forward calls a function that does
    call: int  #: which call of F.interpolate in this forward; −1: the module itself
    module: nn.Module
    options: dict[str, Any] = field(default_factory=dict)  #: mode, size, scale_factor, … of a function or nn.Upsample
    shapes: list[tuple[torch.Size, torch.Size]] = field(default_factory=list)  #: of each run: input, output
    dtype: torch.dtype = torch.float32
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def name(self) -> str:
        """How the report and `only` call it."""
        owner = self.owner or "the model"
        return owner if self.call < 0 else f"{owner}: interpolate {self.call + 1}"

    @property
    def was(self) -> str:
        """What upsamples there, in a few words."""
        if self.call < 0 and not isinstance(self.module, nn.Upsample):
            return (
                f"nn.{type(self.module).__name__}"
                if type(self.module).__module__.startswith("torch")
                else (type(self.module).__name__)
            )
        what = "F.interpolate" if self.call >= 0 else f"nn.{type(self.module).__name__}"
        corners = ", align_corners=True" if self.options.get("align_corners") else ""
        return f"{what}({self.options.get('mode', 'nearest')}{corners})"


@dataclass
class Found:
    """The places of a network, how each module was called, and what the network returned."""

    places: list[Place]
    calls: dict[str, list[Arguments]]
    output: Any


def called(example: Any) -> Arguments:
    """Positional and keyword arguments of the call that the example stands for."""
    if isinstance(example, Tensor):
        return (example,), {}
    if isinstance(example, Mapping):
        return (), dict(example)
    if isinstance(example, Sequence) and not isinstance(example, str):
        return tuple(example), {}
    raise A2UError(
        "example is what the model is called with: a tensor, a tuple of arguments or a dict of keyword arguments, got "
        f"{type(example).__name__}."
    )


class _Watch(TorchFunctionMode):
    """Notes every call of F.interpolate, with the module whose forward makes it."""

    def __init__(self, seen: "_Seen") -> None:
        super().__init__()
        self.seen = seen

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if func in (F.interpolate, F.upsample):
            self.seen.interpolated(args, kwargs or {}, result)
        return result


class _Seen:
    def __init__(self, model: nn.Module) -> None:
        self.names = {module: name for name, module in model.named_modules()}
        self.stack: list[tuple[nn.Module, list[int]]] = []  # each module that runs, with how often it has interpolated
        self.places: dict[tuple[str, int], Place] = {}
        self.calls: dict[str, list[Arguments]] = {}

    def interpolated(self, args: Any, kwargs: Any, result: Tensor) -> None:
        words = ("input", "size", "scale_factor", "mode", "align_corners", "recompute_scale_factor", "antialias")
        options = {**dict(zip(words, args, strict=False)), **kwargs}
        x = options.pop("input")
        module, count = self.stack[-1]
        number = -1 if isinstance(module, nn.Upsample) else count[0]
        count[0] += 1
        self.note(module, number, x, result, options)

    def note(self, module: nn.Module, number: int, x: Tensor, y: Tensor, options: dict[str, Any]) -> None:
        owner = self.names[module]
        place = self.places.setdefault((owner, number), Place(owner, number, module, options))
        place.shapes.append((x.shape, y.shape))
        place.dtype, place.device = x.dtype, x.device

    def before(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.stack.append((module, [0]))
        self.calls.setdefault(self.names[module], []).append((args, kwargs))

    def after(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        self.stack.pop()
        inside = any(isinstance(outer, Upsampler) for outer, _ in self.stack)
        if isinstance(module, (nn.ConvTranspose2d, nn.PixelShuffle, Upsampler)) and not inside:
            x = next((value for value in (*args, *kwargs.values()) if isinstance(value, Tensor)), None)
            if x is not None and isinstance(result, Tensor):
                self.note(module, -1, x, result, {})


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode, so that no statistics change; afterwards every module is as it was."""
    training = {module: module.training for module in model.modules()}
    try:
        model.eval()
        with torch.no_grad():
            yield
    finally:
        for module, was in training.items():
            module.training = was


def record(model: nn.Module, arguments: Arguments) -> Found:
    """Run the model once and note where it upsamples.

    Raises:
        A2UError: the model does not run on the example.
    """
    seen, handles = _Seen(model), []
    for module in model.modules():
        handles.append(module.register_forward_pre_hook(seen.before, with_kwargs=True))
        handles.append(module.register_forward_hook(seen.after, with_kwargs=True))
    args, kwargs = arguments
    try:
        with _evaluating(model), _Watch(seen):
            output = model(*args, **kwargs)
    except Exception as error:
        raise A2UError(
            f"The model does not run on the example ({error}). Give what you call it with, on its device."
        ) from error
    finally:
        for handle in handles:
            handle.remove()
    for name, module in model.named_modules():
        inside = any(
            isinstance(model.get_submodule(name.rsplit(".", n)[0]), Upsampler) for n in range(1, name.count(".") + 1)
        )
        if isinstance(module, KINDS) and (name, -1) not in seen.places and not inside:
            seen.places[name, -1] = Place(name, -1, module)
    return Found(list(seen.places.values()), seen.calls, output)
