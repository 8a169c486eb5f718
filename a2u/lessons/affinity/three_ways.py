"""Attention, A²U and SAPA ask one window of the shared map: what each compares, and the weights that come of it."""

from functools import cache

import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from torch import Tensor

from a2u import formula
from a2u.lessons import shared
from a2u.lessons.affinity.picture import WIDTH
from a2u.lessons.frame import Drawing
from a2u.plots import sheet, style
from a2u.plots.sheet import Block

SIZE, RATIO, SEED = 5, 2, 6
SIDE = 2.15  # of a table


@cache
def _maps() -> tuple[Tensor, Tensor]:
    """The encoder map (1, 4, 16, 16) and its max-pooling (1, 4, 8, 8), in float64."""
    guide = shared.encoder_map(RATIO).double()
    return guide, F.max_pool2d(guide, RATIO)


@cache
def attention() -> Tensor:
    """Similarity of each pixel of a window of the encoder map to the window's centre: Tensor[25, 8, 8]."""
    windows = formula.windows(_maps()[0], SIZE, RATIO)[0]  # C N H W
    return torch.einsum("chw,cnhw->nhw", windows[:, SIZE**2 // 2], windows)


@cache
def random_weights() -> tuple[Tensor, Tensor, Tensor]:
    """U and V, Tensor[4, 25], and P, Tensor[25], of a static A²U of rank 1."""
    generator = torch.Generator().manual_seed(SEED)
    u, v = torch.randn(2, len(shared.CHANNELS), SIZE**2, generator=generator, dtype=torch.float64)
    return u, v, torch.randn(SIZE**2, generator=generator, dtype=torch.float64)


@cache
def affinity() -> tuple[Tensor, Tensor]:
    """The affinity of every window, Tensor[8, 8], and the P that it scales, Tensor[25]."""
    windows = formula.windows(_maps()[0], SIZE, RATIO)[0]
    u, v, p = random_weights()
    by_u, by_v = (torch.einsum("cn,cnhw->chw", side, windows) for side in (u, v))
    return (by_u * by_v).sum(dim=0), p


@cache
def sapa() -> Tensor:
    """Similarity of each value of the small map's window to the encoder's pixel at an output: Tensor[25, 16, 16].

    SAPA-I (Lu et al., NeurIPS 2022): without embeddings, so that both maps have the same channels.
    """
    guide, x = _maps()
    windows = formula.windows(x, SIZE, 1)[0]  # C N H W
    windows = windows.repeat_interleave(RATIO, dim=2).repeat_interleave(RATIO, dim=3)
    return torch.einsum("chw,cnhw->nhw", guide[0], windows)


def kernels_of_a2u() -> Tensor:
    """softmax(σ(affinity · P)) of every window that is not blank: Tensor[25, windows]."""
    a, p = affinity()
    a = a.flatten()
    return (p[:, None] * a[a != 0]).sigmoid().softmax(dim=0)


def largest_at_most_similar() -> dict[str, tuple[int, int]]:
    """In how many of how many kernels the tap with the largest weight is that of the most similar pixel.

    Windows in which all similarities are equal, as where the centre is blank, are left out.
    """
    to_centre, to_output = attention().flatten(1), sapa().flatten(1)
    to_centre = to_centre[:, affinity()[0].flatten() != 0]
    differ = to_centre.amax(dim=0) > to_centre.amin(dim=0)
    to_centre, to_output = to_centre[:, differ], to_output[:, to_output.amax(dim=0) > to_output.amin(dim=0)]
    pairs = {
        "attention": (to_centre.softmax(dim=0), to_centre),
        "A²U": (kernels_of_a2u()[:, differ], to_centre),
        "SAPA": (to_output.softmax(dim=0), to_output),
    }
    found = {}
    for name, (weights, similarity) in pairs.items():
        chosen = similarity.gather(0, weights.argmax(dim=0, keepdim=True))[0]
        found[name] = int((chosen >= similarity.amax(dim=0) - 1e-9).sum()), similarity.shape[1]
    return found


def three_ways(row: int, column: int) -> Drawing:
    """What is compared in the window of one position, and the weights, on one scale; SAPA for the first output."""
    a, p = affinity()
    here = float(a[row, column])
    scores = {
        "attention": attention()[:, row, column],
        "A²U": p,
        "SAPA": sapa()[:, RATIO * row, RATIO * column],
    }
    weights = {name: score.softmax(dim=0) for name, score in scores.items()}
    weights["A²U"] = (here * p).sigmoid().softmax(dim=0)
    remarks = {
        "attention": ("similarity to the centre", "softmax: a weight for each similarity"),
        "A²U": (f"P, scaled by one affinity: {style.number(here)}", "softmax of sigmoid"),
        "SAPA": ("small map against the encoder's pixel", "softmax: a weight for each similarity"),
    }
    fig = _draw({name: (scores[name], weights[name], *remarks[name]) for name in scores})
    alt = (
        f"Three columns for the window of row {row}, column {column}. Attention and SAPA: a table of similarities and "
        "a table of weights with the same pattern. A²U: the vector P (random here), which one affinity scales, and "
        "weights that follow P and not the stroke."
    )
    spans = (f"{name} {float(w.min()):.3f} to {float(w.max()):.3f}" for name, w in weights.items())
    return Drawing(fig, alt, f"affinity {here:.2f};  weights: {';  '.join(spans)}")


def _draw(columns: dict[str, tuple[Tensor, Tensor, str, str]]) -> Figure:
    step = WIDTH / len(columns)
    all_weights = [weight.numpy() for _, weight, _, _ in columns.values()]
    with style.context():
        fig, ax = style.canvas(WIDTH, 6.3)
        for place, (name, (score, weight, compared, made)) in enumerate(columns.items()):
            middle = (place + 0.5) * step
            sheet.label(ax, middle, 0.26, name, size=12)
            for top, values, kind, remark in ((0.72, score, "signed", compared), (3.72, weight, "weights", made)):
                table = values.view(SIZE, SIZE).numpy()
                block = Block.inside(middle - SIDE / 2, top, SIDE, SIZE, SIZE)
                cmap, norm = style.scale(kind, *(all_weights if kind == "weights" else [table]))
                sheet.cells(ax, block, table, cmap, norm)
                sheet.outline(ax, block, style.W if kind == "weights" else style.MUTED, 1.4)
                sheet.note(ax, middle, top - 0.14, remark, size=9)
                low, high = (style.number(float(value), 3) for value in (table.min(), table.max()))
                sheet.note(ax, middle, block.bottom + 0.22, f"{low} … {high}")
            sheet.arrow(ax, (middle, 3.2), (middle, 3.48), style.INK)
    return fig
