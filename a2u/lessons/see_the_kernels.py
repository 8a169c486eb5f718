"""Lesson 09: kernels of trained networks as maps, before and after training, and the exercises on what they look at."""

import math
from functools import cache
from typing import Any

import torch
from torch import Tensor

from a2u import pretrained
from a2u.data import load, to_float32x32
from a2u.errors import A2UError
from a2u.lessons.exercises import Exercise, Mistake
from a2u.lessons.frame import Drawing, Panel, choice, slider
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
    """The first test digits, Tensor[count, 1, 32, 32]."""
    return to_float32x32(load("mnist", "test"))[:count]


@cache
def network(name: str, learned: bool = True, seed: int = 0) -> AutoEncoder:
    """A trained network, or the same one as `seed` begins it, in evaluation mode."""
    if learned:
        model: AutoEncoder = pretrained.load_pretrained(f"toy/{name}-mnist")[0]
        return model
    return build_model(row(name), seed).eval()


@cache
def kernels(name: str, learned: bool = True, seed: int = 0) -> list[Tensor]:
    """What :func:`stage_kernels` finds for :func:`images`."""
    return stage_kernels(network(name, learned, seed), images())


@cache
def followed(name: str, learned: bool = True, seed: int = 0) -> list[Follows]:
    """How far each stage follows edges, over 200 test digits."""
    return follows_edges(network(name, learned, seed), images(MEASURED))


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


# --- exercises


def normalise_reference(logits: Tensor) -> Tensor:
    """softmax(σ(l)) over nine taps: (9, H, W) → (9, H, W), with loops over positions."""
    w = torch.zeros_like(logits)
    for i in range(logits.shape[1]):
        for j in range(logits.shape[2]):
            e = [math.exp(1 / (1 + math.exp(-float(v)))) for v in logits[:, i, j]]
            w[:, i, j] = torch.tensor([v / sum(e) for v in e])
    return w


def peakedness_reference(w: Tensor) -> Tensor:
    """1 − H/ln k² of kernels (k², H, W) → (H, W), with loops; 0 · ln 0 is 0."""
    return _peakedness(w)


def _peakedness(w: Tensor, base: float | None = None, flip: bool = False, sign: float = -1.0) -> Tensor:
    taps, height, width = w.shape
    out = torch.zeros(height, width)
    for i in range(height):
        for j in range(width):
            entropy = sign * sum(float(v) * math.log(float(v)) for v in w[:, i, j] if v > 0)
            even = entropy / math.log(base or taps)
            out[i, j] = even if flip else 1 - even
    return out


def correlation_reference(a: Tensor, b: Tensor) -> Tensor:
    """Pearson correlation with loops: (H, W) twice → a number in [−1, 1]."""
    x, y = a.flatten().tolist(), b.flatten().tolist()
    mx, my = sum(x) / len(x), sum(y) / len(y)
    together = sum((p - mx) * (q - my) for p, q in zip(x, y, strict=True))
    alone = sum((p - mx) ** 2 for p in x) * sum((q - my) ** 2 for q in y)
    return torch.tensor(together / math.sqrt(alone))


def _logits(generator: torch.Generator, number: int) -> tuple[Any, ...]:
    return (3 * torch.randn(9, 2 + number, 6 - number, generator=generator),)


def _weights(generator: torch.Generator, number: int) -> tuple[Any, ...]:
    taps = (9, 4, 9, 25, 9)[number]
    w = (2 * torch.randn(taps, 2 + number, 5, generator=generator)).softmax(0)
    w[:, 0, 0] = torch.eye(taps)[0]  # a kernel that takes one pixel as it is
    return (w,)


def _two_maps(generator: torch.Generator, number: int) -> tuple[Tensor, Tensor]:
    a, noise = (torch.rand(3 + number, 5, generator=generator) for _ in range(2))
    return a + 1, (0.5 - number / 4) * a + noise


NORMALISE = Exercise(
    "1 · From nine numbers to a kernel",
    normalise_reference,
    _logits,
    (
        Mistake("softmax alone", lambda x: x.softmax(0),
                "This is the softmax alone. The paper's better variant puts a sigmoid before it."),
        Mistake("sigmoid alone", lambda x: x.sigmoid(),
                "This is the sigmoid alone: the weights of a kernel do not sum to 1 yet."),
        Mistake("other order", lambda x: x.softmax(0).sigmoid(),
                "You take the softmax first. The sigmoid comes first, then the softmax of what it gives."),
        Mistake("wrong axis", lambda x: x.sigmoid().softmax(-1),
                "Your softmax runs over positions. The nine weights of one kernel lie along axis 0."),
        Mistake("divided by the sum", lambda x: x.sigmoid() / x.sigmoid().sum(0),
                "You divide by the sum. The softmax divides exp(·) by the sum of exp(·)."),
    ),
)  # fmt: skip

PEAKEDNESS = Exercise(
    "2 · How peaked is a kernel?",
    peakedness_reference,
    _weights,
    (
        Mistake("zero times infinity", lambda w: 1 + (w * w.log()).sum(0) / math.log(len(w)),
                "Where a weight is 0, 0 · log 0 became NaN. It counts as 0: torch.special.xlogy(w, w) knows that."),
        Mistake("evenness", lambda w: _peakedness(w, flip=True),
                "This is large for even kernels. Peakedness is one minus it."),
        Mistake("not scaled", lambda w: _peakedness(w, base=math.e),
                "The entropy of k² equal weights is ln k². Divide by it, so that they get exactly 0."),
        Mistake("always nine", lambda w: _peakedness(w, base=9.0),
                "You divide by ln 9 whatever the kernel. How many weights it has is len(w)."),
        Mistake("sign", lambda w: _peakedness(w, sign=1.0),
                "Entropy is minus the sum of w ln w: your sign is the other one."),
    ),
)  # fmt: skip

CORRELATION = Exercise(
    "3 · Do two maps rise and fall together?",
    correlation_reference,
    _two_maps,
    (
        Mistake("means left in", lambda a, b: (a * b).sum() / (a.square().sum() * b.square().sum()).sqrt(),
                "You forgot to subtract the means: two positive maps are then always alike."),
        Mistake("covariance", lambda a, b: ((a - a.mean()) * (b - b.mean())).mean(),
                "This is the covariance. Divide by both standard deviations, so that scale does not matter."),
        Mistake("absolute", lambda a, b: correlation_reference(a, b).abs(),
                "The sign is lost: a map that falls where the other rises has a negative correlation."),
        Mistake("squared", lambda a, b: correlation_reference(a, b) ** 2,
                "This is the square of the correlation, which has no sign any more."),
    ),
)  # fmt: skip

ALL = (NORMALISE, PEAKEDNESS, CORRELATION)
__all__ = ["ALL", "BOUNDS", "available", "correlation", "curve", "curve_picture", "explorer", "figure5", "followed"]
