"""Lesson 04: CARAFE's kernel as the picture changes."""

# ipywidgets has no types of its own.
# mypy: disable-error-code="attr-defined"

import copy
from functools import cache
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import torch
from torch import Tensor

from a2u import formula
from a2u.files.reading import expanded, read_bytes
from a2u.lessons.carafe.inputs import CHANGES, OWN, PICTURES, SIZE, find, maps, read_picture
from a2u.lessons.carafe.picture import Reading, generation, readings
from a2u.lessons.frame import Drawing, Panel, choice, slider
from a2u.lessons.inspector import example
from a2u.operators.carafe import CARAFE, carafe_kernel
from a2u.plots import style

RATIO = 2
TEMPERATURES = [("0.01: one winner", 0.01), ("0.3", 0.3), ("1: CARAFE", 1.0), ("3", 3.0), ("100: all equal", 100.0)]


@cache
def operator() -> CARAFE:
    """CARAFE for the shared map: four channels, k = 5, fixed random weights, biases zero.

    The weights of lesson 01's explorer at 0.3 of their strength: kernels that choose, but not a single tap.
    """
    op = copy.deepcopy(example("carafe", RATIO)[0])
    assert isinstance(op, CARAFE)
    with torch.no_grad():
        op.encode.weight.mul_(0.3)
    return op


def logits(op: CARAFE, x: Tensor) -> Tensor:
    """What CARAFE computes before its softmax: Tensor[N, C, H, W] → Tensor[N, k²r², H, W]."""
    with torch.no_grad():
        values: Tensor = op.encode(op.compress(x))
    return values


def position(op: CARAFE, x: Tensor, i: int, j: int) -> Drawing:
    """How the numbers at position (i, j) of the small map become four kernels and four values of channel 0."""
    k, r = op.kernel_size, op.ratio
    values = logits(op, x)
    w = carafe_kernel(values, r)[0, 0, :, r * i : r * i + r, r * j : r * j + r].flatten(1)  # k² r²
    z = formula.windows(x, k)[0, 0, :, i, j]
    y = (z @ w).view(r, r)
    fig = generation(values[0, :, i, j].view(k * k, r * r).numpy(), w.numpy(), z.view(k, k).numpy())
    alt = (
        f"The {k * k * r * r} numbers at row {i}, column {j} are sorted into {r * r} kernels of {k}×{k}, a softmax "
        f"makes their weights positive, and each meets the same {k}×{k} window to give one of {r * r} outputs."
    )
    outputs = "  ".join(style.number(float(v), 3) for v in y.flatten())
    return Drawing(fig, alt, f"largest weight of each kernel: {_list(w.amax(0))}\noutputs: {outputs}")


def effective(w: Tensor) -> float:
    """How many taps a kernel really uses: exp of its entropy, 1 for a single tap, k² for a box filter."""
    return float(torch.special.entr(w).sum().exp())


def read(op: CARAFE, x: Tensor, row: int, column: int, temperature: float = 1.0) -> Reading:
    """Kernel, window and output of channel 0, the logits divided by a temperature before the softmax."""
    k = op.kernel_size
    w = carafe_kernel(logits(op, x) / temperature, op.ratio)
    y = formula.reassemble(x, w, op.ratio)
    z = formula.windows(x, k)[0, 0, :, row // op.ratio, column // op.ratio]
    return Reading(x[0, 0], w[0, 0, :, row, column].view(k, k), z.view(k, k), y[0, 0], (row, column))


def explorer(own: str | Path | None = None) -> Panel:
    """The kernel of one output for a picture and for the same picture changed, with the softmax's temperature.

    Args:
        own: path of a picture of the learner's; a button of the panel loads one too.
    """
    if own is not None:
        read_picture(own)  # says what is wrong before anything is drawn
    given = read_bytes(expanded(own)) if own is not None else None
    op = operator()
    load = widgets.FileUpload(accept="image/*", multiple=False, description=f"load {OWN}")
    picture = choice([*PICTURES, OWN], OWN if given else None, "picture")

    def loaded(_change: Any) -> None:
        if load.value:
            picture.value = OWN

    load.observe(loaded, "value")  # before the panel's own, so that what was loaded is what it draws

    def draw(picture: str, change: str, temperature: float, row: int, column: int, load: Any) -> Drawing:
        image = find(picture, bytes(load[0]["content"]) if load else given)
        before = read(op, maps(image)[0], row, column)
        after = read(op, maps(CHANGES[change](image))[0], row, column, temperature)
        heat = f", temperature {temperature:g}" if temperature != 1 else ""
        return _compare(picture, f"{change}{heat}", before, after)

    return Panel(
        draw,
        picture=picture,
        change=choice(list(CHANGES), "moved 2 to the right", "change"),
        temperature=choice(TEMPERATURES, 1.0, "softmax"),
        row=slider(0, SIZE - 1, 7, "row"),
        column=slider(0, SIZE - 1, 9, "column"),
        load=load,
    )


def _compare(picture: str, change: str, before: Reading, after: Reading) -> Drawing:
    fig = readings({picture: before, change: after})
    values = [float((r.w * r.z).sum()) for r in (before, after)]
    row, column = before.at
    alt = (
        f"{picture} above, and below it: {change}. Each with the window around output row {row}, column {column}, its "
        f"5×5 kernel and the sum, {style.number(values[0], 3)} above and {style.number(values[1], 3)} below."
    )
    moved = float((after.w - before.w).abs().max())
    lines = [
        f"phase ({row % RATIO}, {column % RATIO});  largest change of a weight {moved:.3f}",
        *(
            f"{name}: largest weight {float(r.w.max()):.3f}, works like {effective(r.w):.1f} equal taps, "
            f"wᵀz = {style.number(v, 3)}"
            for name, r, v in zip((picture, change), (before, after), values, strict=True)
        ),
    ]
    return Drawing(fig, alt, "\n".join(lines))


def _list(values: Tensor) -> str:
    return "  ".join(style.number(float(v), 3) for v in values)
