"""The inspector: pick an operator and an output value, and see the w and the z behind it.

``explorer()`` holds every registered operator over the shared 8×8 map; ``inspect(op, x, guide)`` opens the learner's
own operator on the learner's own map.
"""

import re
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from a2u import operators
from a2u.errors import A2UError
from a2u.lessons import shared
from a2u.lessons.frame import Drawing, Panel, choice, slider
from a2u.operators import Upsampler
from a2u.operators.affinity import A2U
from a2u.operators.indexnet import IndexNet
from a2u.operators.witness import MAP
from a2u.plots import style
from a2u.plots.witness import witness

RATIOS = (2, 3, 4)
TERMS = 3  # products written out below the picture
SEED = 0


def choices() -> list[tuple[str, str]]:
    """(Title, name) of every registered operator and its presets.

    Presets that only add a way down (-d) go up like the one they extend, and are left out.
    """
    found = []
    for name in operators.names():
        card = operators.card(name)
        for preset, options in card.presets.items():
            if "paired" not in options:
                found.append((f"{card.title}, {preset}", f"{name}:{preset}"))
        if not card.presets:
            found.append((card.title, name))
    return found


@cache
def example(name: str, ratio: int) -> tuple[Upsampler, Tensor, Tensor, Tensor]:
    """An operator of the list with fixed random weights, the shared maps x and guide, and y."""
    with torch.random.fork_rng(devices=[]):  # building draws weights that are replaced at once
        op = _built(name, ratio)
    randomise(op, SEED)
    times = op.channels // len(shared.CHANNELS)
    x, guide = shared.small_map(len(shared.CHANNELS)), shared.encoder_map(ratio)
    x, guide = (each.repeat(1, times, 1, 1) for each in (x, guide))
    if op.card.guided_by == "image":
        guide = shared.digit(shared.SIZE * ratio).expand(-1, op.guide_channels, -1, -1)
    with torch.no_grad():
        return op, x, guide, op(x, guide)


def _built(name: str, ratio: int) -> Upsampler:
    """The operator for the shared maps: their channels as often as its groups ask for, a window that fits into them."""
    for times in range(1, 65):
        try:
            op = operators.build(name, len(shared.CHANNELS) * times, ratio)
        except A2UError:
            continue
        if op.smallest > shared.SIZE:
            op = operators.build(name, op.channels, ratio, kernel_size=shared.SIZE - 1)
        return op.eval()
    raise A2UError(f"{name} takes no multiple of {len(shared.CHANNELS)} channels at ratio {ratio}.")


def randomise(op: Upsampler, seed: int) -> None:
    """Draw all weights from one seed, the same on every machine; biases become zero, the scales of norms one.

    Kernels that depend on features get several times the usual spread: one sees them react before any training.
    """
    generator = torch.Generator().manual_seed(seed)
    spread = (1.0, 3.0, 6.0)[op.card.order]
    norms = [each for each in op.modules() if isinstance(each, nn.GroupNorm | nn.LayerNorm)]
    scales = {id(each.weight) for each in norms}  # a scale of zero would switch off what comes after it
    with torch.no_grad():
        for weight in op.parameters():
            if weight.dim() < 2:
                weight.fill_(float(id(weight) in scales))
                continue
            reach = spread * (3 / weight[0].numel()) ** 0.5  # uniform, with variance spread² / fan-in
            weight.copy_((torch.rand(weight.shape, generator=generator) * 2 - 1) * reach)


def explorer(name: str = "bilinear", ratio: int = 2, row: int = 5, column: int = 7) -> Panel:
    """Every operator over the shared map, with sliders for the output value."""
    ratios = choice(RATIOS, ratio, "ratio")
    rows, columns = slider(0, shared.SIZE * ratio - 1, row, "row"), slider(0, shared.SIZE * ratio - 1, column, "column")

    def resize(_change: object) -> None:
        for control in (rows, columns):
            control.max = shared.SIZE * ratios.value - 1

    ratios.observe(resize, "value")  # before the panel's own, so that it never draws a row that is not there

    def draw(operator: str, ratio: int, channel: int, row: int, column: int) -> Drawing:
        op, x, guide, y = example(operator, ratio)
        title = {name: title for title, name in choices()}[operator]
        return picture(op, x, guide, y, (0, channel, row, column), title)

    controls = {
        "operator": choice(choices(), name, "operator"),
        "ratio": ratios,
        "channel": slider(0, len(shared.CHANNELS) - 1, 0, "channel"),
        "row": rows,
        "column": columns,
    }
    return Panel(draw, **controls)


def inspect(op: Upsampler, x: Tensor, guide: Tensor | None = None) -> Panel:
    """Open any output value of your own operator on your own map.

    Args:
        op: an operator that ``a2u.build`` makes, or one of your own that keeps its contract.
        x: Tensor[N, C, H, W].
        guide: Tensor[N, C_g, rH, rW], where the operator's card asks for one.

    Raises:
        A2UError: op is not an Upsampler, or x and guide are not what it was built for.
    """
    if not isinstance(op, Upsampler):
        raise A2UError(
            f"inspect opens an Upsampler, got {type(op).__name__}. Build one with a2u.build(name, channels=…), or "
            "derive your own class from a2u.operators.Upsampler."
        )
    with torch.no_grad():
        y = op(x, guide)

    def draw(sample: int, channel: int, row: int, column: int) -> Drawing:
        return picture(op, x, guide, y, (sample, channel, row, column), op.card.title)

    names = ("sample", "channel", "row", "column")
    start = (0, 0, y.shape[2] // 2, y.shape[3] // 2)
    controls = {n: slider(0, size - 1, at, n) for n, size, at in zip(names, y.shape, start, strict=True)}
    return Panel(draw, columns=2, **controls)


def look(op: Upsampler, x: Tensor, guide: Tensor | None = None, *, at: tuple[int, int, int, int]) -> Drawing:
    """One output value, (sample, channel, row, column), as a picture without sliders."""
    with torch.no_grad():
        y = op(x, guide)
    return picture(op, x, guide, y, at, op.card.title)


def picture(
    op: Upsampler, x: Tensor, guide: Tensor | None, y: Tensor, at: tuple[int, int, int, int], title: str
) -> Drawing:
    """The picture of one output value, with its description and its sum."""
    t = op.witness(x, guide, at=at)
    w, z, where = (tensor.detach().cpu().double().numpy() for tensor in (t.w, t.z, t.where))
    n, c, i, j = at
    small, large = (tensor[n].detach().cpu().double().numpy() for tensor in (x, y))
    mine = t.source.numpy() == MAP
    others = [(float(a), float(b)) for a, b in zip(w[~mine], z[~mine], strict=True)]
    where = where[mine]
    fig = witness(small, large, w[mine], z[mine], where.astype(int), (c, i, j), title=title, guide=others)
    value = style.number(float(w @ z), 3)
    products = "one product" if len(where) == 1 else f"{len(where)} products"
    beside = f" and of the guide at the same place with the weight {style.number(others[0][0])}" if others else ""
    alt = (
        f"{title}, ratio {op.ratio}: the value in channel {c}, row {i}, column {j} of the output is {value}, the sum "
        f"of {products} of a window of the map around row {i // op.ratio}, column {j // op.ratio} with a kernel whose "
        f"weights go from {style.number(float(w[mine].min()))} to {style.number(float(w[mine].max()))}{beside}."
    )
    rows, columns = (int(at.max() - at.min()) + 1 for at in (where[:, 1], where[:, 2]))
    kernel, window = _made_of(op, f"{rows}×{columns}")
    source = f"w: {kernel}.  z: {window}.  {op.card.family.capitalize()} family, order {op.card.order}."
    total = f"{_sum(w, z)} = {value}" if (w * z).any() else "0: every product is 0"
    return Drawing(fig, alt, f"y[{c}, {i}, {j}] = {total}\n{source}")


def _made_of(op: Upsampler, size: str) -> tuple[str, str]:
    """Kernel and window in words: those of the card, and where it leaves a choice, what this operator has chosen."""
    kernel, window = op.card.kernel, op.card.window
    if ";" not in window:
        window = re.sub(r"^[ks]×[ks]", size, re.sub(r", [ks] = \d+$", "", window))
    if isinstance(op, A2U):
        first = {"sigmoid+softmax": "softmax of the sigmoid of a", "softmax": "softmax of a", "sigmoid": "sigmoid of a"}
        form = "low-rank bilinear form" if op.order == 2 else "linear form"
        kernel = f"{first.get(op.normalization, 'a')} {form} of the encoder map; shared by all channels"
    if isinstance(op, IndexNet):
        layers = "two layers over" if op.nonlinear else "a stride-r convolution of"
        channels = "shared by all channels" if op.kind == "holistic" else "one per channel"
        kernel = f"sigmoid of {layers} the encoder map; {channels}"
    return kernel, window


def _sum(w: Any, z: Any) -> str:
    """The largest products in their order, and how many more there are."""
    products = abs(w * z)
    large = sorted(sorted(range(len(w)), key=lambda k: -products[k])[:TERMS])
    terms = [f"{style.number(float(w[k]))}·{_bracket(style.number(float(z[k])))}" for k in large if products[k] > 0]
    rest = int((products > 0).sum()) - len(terms)
    if rest > 0:
        terms.append(f"{rest} smaller product{'s' if rest > 1 else ''}")
    return " + ".join(terms).replace("+ −", "− ")


def _bracket(number: str) -> str:
    return f"({number})" if number.startswith("−") else number
