"""The four kernels of one position under self-attention, A²U and SAPA: what tells the four outputs apart."""

from functools import cache

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from a2u import formula, operators
from a2u.lessons import shared
from a2u.lessons.frame import Drawing
from a2u.lessons.inspector import randomise
from a2u.plots import sheet, style
from a2u.plots.sheet import Block

SIZE, RATIO, SEED = 5, 2, 12
CONTRAST = 4.0  # features are multiplied by it, so that a softmax of their products has something to choose
WIDTH, HEIGHT = 9.6, 4.15
SIDE, GAP = 1.28, 0.14  # of a kernel, and between two

REMARKS = {
    "self-attention": "one query: the small map's own pixel",
    "A²U": "no query: one affinity, four parts of P",
    "SAPA": "four queries: the encoder's pixels",
}


def maps(contrast: float = CONTRAST) -> tuple[Tensor, Tensor]:
    """The small map (1, 4, 8, 8) and the encoder map (1, 4, 16, 16) in float64, multiplied by a contrast."""
    return contrast * shared.small_map(4).double(), contrast * shared.encoder_map(RATIO).double()


@cache
def _a2u() -> operators.Upsampler:
    with torch.random.fork_rng(devices=[]):
        op = operators.build("a2u:static-cw", len(shared.CHANNELS), RATIO, kernel_size=SIZE).double().eval()
    randomise(op, SEED)
    return op


@torch.no_grad()
def kernels(x: Tensor, guide: Tensor) -> dict[str, Tensor]:
    """Kernels of all outputs, by operator: Tensor[25, rH, rW] each.

    Self-attention within the small map: softmax of ⟨x at the parent, x at the tap⟩. A²U: static, rank 1, random
    weights. SAPA-I: softmax of ⟨guide at the output, x at the tap⟩.
    """
    near = formula.windows(x, SIZE)[0]  # C k² H W
    own = torch.einsum("chw,cthw->thw", x[0], near).softmax(0)
    sapa = operators.build("sapa:i", x.shape[1], RATIO, kernel_size=SIZE)
    return {
        "self-attention": own.repeat_interleave(RATIO, 1).repeat_interleave(RATIO, 2),
        "A²U": _a2u().kernel(x, guide)[0, 0],
        "SAPA": sapa.kernel(x, guide)[0, 0],
    }


def of_block(w: Tensor) -> Tensor:
    """The kernels of each position's four outputs side by side: Tensor[25, rH, rW] → Tensor[4, 25, H, W]."""
    return torch.stack([w[:, a::RATIO, b::RATIO] for a in range(RATIO) for b in range(RATIO)])


def one_for_all(w: Tensor) -> int:
    """At how many positions the four kernels are equal."""
    block = of_block(w)
    return int(torch.isclose(block, block[:1], rtol=0, atol=1e-9).all(0).all(0).sum())


def four_kernels(row: int = 3, column: int = 4) -> Drawing:
    """The four kernels of the position (row, column) of the small map, in three columns."""
    found = {name: of_block(w)[:, :, row, column] for name, w in kernels(*maps()).items()}
    spans = [f"{name} {float(w.min()):.3f} to {float(w.max()):.3f}" for name, w in found.items()]
    alt = (
        f"Three columns of four 5×5 kernels, for the outputs of row {row}, column {column}. Self-attention: four times "
        "the same kernel. A²U: four different ones with weights of similar size. SAPA: those of the encoder's dark "
        "pixels follow the stroke, that of a light pixel is flat."
    )
    return Drawing(_draw(found, row, column), alt, f"weights: {';  '.join(spans)}")


def _draw(found: dict[str, Tensor], row: int, column: int) -> Figure:
    with style.context():
        fig, ax = style.canvas(WIDTH, HEIGHT)
        sheet.note(ax, WIDTH / 2, HEIGHT - 0.1, f"◆ w of the outputs ({2 * row}, {2 * column}) to "
                   f"({2 * row + 1}, {2 * column + 1}); each column has a colour scale of its own", size=9)  # fmt: skip
        for place, (name, w) in enumerate(found.items()):
            left = place * WIDTH / 3 + (WIDTH / 3 - 2 * SIDE - GAP) / 2
            sheet.label(ax, left + SIDE + GAP / 2, 0.28, name, size=12)
            sheet.note(ax, left + SIDE + GAP / 2, 0.52, REMARKS[name], size=9)
            sheet.note(ax, left + SIDE + GAP / 2, 3.74, sheet.span(w.numpy()), size=9)
            _column(ax, w, left)
    return fig


def _column(ax: Axes, w: Tensor, left: float) -> None:
    cmap, norm = style.scale("weights", w.numpy())
    for phase, kernel in enumerate(w):
        a, b = divmod(phase, RATIO)
        block = Block.inside(left + b * (SIDE + GAP), 0.72 + a * (SIDE + GAP), SIDE, SIZE, SIZE)
        sheet.cells(ax, block, kernel.view(SIZE, SIZE).numpy(), cmap, norm)
        sheet.outline(ax, block, style.W, 1.4)
