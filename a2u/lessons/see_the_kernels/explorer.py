"""Lesson 09: kernels of trained networks as maps, before and after training.

Everything is computed in double precision: the kernels of an untrained network differ so little from box filters that
in single precision rounding would be most of what one sees.
"""

import math
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from a2u import formula, pretrained
from a2u.data import load, to_float32x32
from a2u.errors import A2UError
from a2u.lessons.frame import Drawing, Panel, choice, slider
from a2u.matting.features import even_kernels
from a2u.operators import A2U
from a2u.plots.kernels import Look, kernel_curve, kernel_maps
from a2u.reconstruction import AutoEncoder, row
from a2u.reconstruction.experiment import build_model
from a2u.reconstruction.kernels import (
    Follows,
    correlation,
    edges,
    follows_edges,
    measure,
    stage_inputs,
    stage_kernels,
)

MODELS = ("a2u-hybrid", "a2u", "indexnet-holistic", "indexnet-depthwise", "carafe")
IMAGES, MEASURED = 24, 200  # to look at; to correlate over
BOUNDS = tuple(1 / (1 + 8 * math.exp(sign)) for sign in (1, -1))  # of sigmoid, then softmax over nine taps


def available() -> list[str]:
    """The networks of this lesson whose MNIST weights are installed."""
    return [name for name in MODELS if f"toy/{name}-mnist" in pretrained.names()]


@cache
def images(count: int = IMAGES) -> Tensor:
    """The first test digits, Tensor[count, 1, 32, 32], in double precision as everything here."""
    return to_float32x32(load("mnist", "test"))[:count].double()


@cache
def network(name: str, learned: bool = True, seed: int = 0) -> AutoEncoder:
    """A trained network, or the same one as `seed` begins it, in evaluation mode."""
    if learned:
        model: AutoEncoder = pretrained.load_pretrained(f"toy/{name}-mnist")[0]
        return model.double()
    return build_model(row(name), seed).eval().double()


@cache
def kernels(name: str, learned: bool = True, seed: int = 0) -> list[Tensor]:
    """What :func:`stage_kernels` finds for :func:`images`."""
    return stage_kernels(network(name, learned, seed), images())


@cache
def followed(name: str, learned: bool = True, seed: int = 0) -> list[Follows]:
    """How far each stage follows edges, over 200 test digits."""
    return follows_edges(network(name, learned, seed), images(MEASURED))


def thick(digits: Tensor, pixels: int) -> Tensor:
    """Digits whose strokes have grown by `pixels` − 1 pixels, an odd number: the largest value around each place."""
    return F.max_pool2d(digits, pixels, 1, pixels // 2)


@cache
def edge_or_ink(name: str, learned: bool = True, pixels: int = 1, seed: int = 0) -> list[tuple[int, float, float]]:
    """How peakedness correlates with edges, and with ink, over 100 test digits of thicker strokes.

    Args:
        name: of a network.
        learned: trained, or as it begins.
        pixels: as in :func:`thick`.
        seed: of the beginning, where it is not learned.

    Returns:
        For each stage its size, the correlation with the gradient magnitude and with the image itself, means over
        phases.
    """
    digits = thick(images(MEASURED // 2), pixels)
    found = []
    for w in stage_kernels(network(name, learned, seed), digits):
        seen, size = measure(w)[1], w.shape[-1]
        ink, edge = F.adaptive_avg_pool2d(digits, size)[:, 0], edges(digits, size)
        phases = [(..., slice(a, None, 2), slice(b, None, 2)) for a in (0, 1) for b in (0, 1)]
        along_edges, along_ink = (sum(correlation(seen[p], of[p]) for p in phases) / 4 for of in (edge, ink))
        found.append((size, along_edges, along_ink))
    return found


@cache
def copies(name: str, learned: bool = True, even: bool = False) -> Tensor:
    """What a network makes of :func:`images`, Tensor[24, 1, 32, 32].

    even: each kernel of all three stages becomes the mean kernel of its phase, the same at all places of an image.
    """
    model = network(name, learned)

    def evenly(op: Any, given: tuple[Any, ...], _made: Tensor) -> Tensor:
        x, guide = given
        return formula.reassemble(x, even_kernels(op.kernel(x, guide), op.ratio), op.ratio)

    hooks = [op.register_forward_hook(evenly) for op in model.up] if even else []
    try:
        with torch.no_grad():
            made: Tensor = model(images())
    finally:
        for hook in hooks:
            hook.remove()
    return made


def look(name: str, learned: bool, image: int, stage: int, phase: int) -> Look:
    """The kernels of one stage and phase for one digit; of many groups (depth-wise), the mean gate."""
    w = kernels(name, learned)[stage]
    w = w[image % len(w)].mean(0)  # k² H W
    a, b = divmod(phase, 2)
    seen = measure(w[None, None])[1][0]
    if len(w) > 1:
        seen = seen[a::2, b::2]
    digit = images()[image]
    return Look(digit[0].numpy(), w[:, a::2, b::2].numpy(), seen.numpy(), edges(digit[None], w.shape[-1])[0].numpy())


def figure5(image: int = 0, phase: int = 3, tap: int = 1) -> Drawing:
    """Figure 5: the hybrid A²U's kernels of the last stage for one digit, random beside learned."""
    card = pretrained.card("toy/a2u-hybrid-mnist")
    titles = {"Random initialisation (colours magnified)": False, f"Learned. {card.training}": True}
    rows = {title: look("a2u-hybrid", learned, image, 2, phase) for title, learned in titles.items()}
    flat, peaked = (float(each.weights.max() - each.weights.min()) for each in rows.values())
    alt = (
        "The 3×3 upsampling kernels of a hybrid A²U over a handwritten digit, as maps. Random: the weights of a kernel "
        f"differ by less than {_above(flat)}, so each is all but a box filter. Learned: weights "
        f"differ by up to {peaked:.2f}, and the kernels change along the stroke."
    )
    return Drawing(kernel_maps(rows, tap=tap), alt, card.training)


def _above(value: float) -> str:
    """The next power of ten: what holds whatever the last digits are."""
    return f"{10.0 ** math.ceil(math.log10(value)):g}"


def explorer(name: str = "a2u-hybrid", image: int = 0, stage: int = 2, phase: int = 3) -> Panel:
    """Kernels of every network of this lesson, learned or as they began."""
    tap = slider(0, 8, 0, "tap")

    def draw(network: str, weights: str, image: int, stage: int, phase: int, tap: int) -> Drawing:
        learned = weights == "learned"
        seen = look(network, learned, image, stage, phase)
        shown = min(tap, len(seen.weights) - 1)
        title = f"{row(network).title}, {weights}, stage {stage}, phase {divmod(phase, 2)}"
        values = seen.weights[shown]
        kind = "the gate" if len(seen.weights) == 1 else f"the weight of tap {shown}"
        alt = (
            f"{title}: for digit {image}, {kind} goes from {values.min():.4f} to {values.max():.4f} over "
            f"{values.shape[0]}×{values.shape[1]} positions, with a standard deviation of {values.std():.2g}."
        )
        follow = followed(network, learned)[stage]
        says = (
            f"{follow.measure} and edges correlate by {follow.by_phase[phase]:+.2f} in this phase, "
            f"over {MEASURED} digits"
        )
        return Drawing(kernel_maps({title: seen}, tap=shown), alt, says)

    controls = {
        "network": choice([(row(each).title, each) for each in available()], name, "network"),
        "weights": choice(["learned", "random"], "learned", "weights"),
        "image": slider(0, IMAGES - 1, image, "image"),
        "stage": slider(0, 2, stage, "stage"),
        "phase": slider(0, 3, phase, "phase"),
        "tap": tap,
    }
    return Panel(draw, **controls)


def curve(name: str = "a2u-hybrid", image: int = 0, stage: int = 2, phase: int = 3) -> tuple[Tensor, Tensor]:
    """The affinity a of every position, (n,), and its kernel, (k², n), for one digit and phase (d = 1).

    Raises:
        A2UError: the network's kernels do not come from the rows of P, or from more than one affinity.
    """
    op, _, guide = stage_inputs(network(name), images()[image : image + 1])[stage]
    if not isinstance(op, A2U) or op.pointwise or op.rank != 1 or guide is None:
        raise A2UError("The curve is of an A²U of rank 1 whose phases are rows of P, such as a2u-hybrid.")
    a, b = divmod(phase, 2)
    with torch.no_grad():
        affinity, w = op.affinity(guide)[0, 0], op.kernel(None, guide)[0, 0]
    return affinity.flatten(), w[:, a :: op.ratio, b :: op.ratio].flatten(1)


def curve_picture(image: int = 0, stage: int = 2, phase: int = 3) -> Drawing:
    """Every kernel of one digit and phase as nine weights over its one affinity."""
    affinity, w = curve("a2u-hybrid", image, stage, phase)
    title = f"All {len(affinity)} kernels of one digit, stage {stage}, phase {divmod(phase, 2)}: nine weights each"
    fig = kernel_curve(affinity, w, (BOUNDS[0], BOUNDS[1]), title)
    alt = (
        f"Nine curves, one for each tap, over the affinity of {len(affinity)} positions: kernels of equal affinity are "
        f"equal, and all weights lie between {BOUNDS[0]:.3f} and {BOUNDS[1]:.3f}."
    )
    return Drawing(fig, alt, f"weights from {float(w.min()):.2f} to {float(w.max()):.2f}")
