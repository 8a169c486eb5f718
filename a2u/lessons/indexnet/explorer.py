"""Lesson 05: learned indices. The two gates of one place, index blocks that are trained here, and those that ship."""

import copy
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from a2u import formula, operators, pretrained
from a2u.data import load, to_float32x32
from a2u.lessons import shared
from a2u.lessons.frame import Drawing, Panel, choice, slider
from a2u.lessons.indexnet.picture import Gate, index_maps, two_gates
from a2u.lessons.inspector import randomise
from a2u.operators.indexnet import KINDS, IndexNet
from a2u.plots import style
from a2u.reconstruction import AutoEncoder
from a2u.reconstruction.experiment import evaluate_on
from a2u.reconstruction.kernels import correlation, stage_inputs

RATIO = 2
STEPS, DIGITS = 200, 64  # of a training in the lesson
NETWORKS = {"holistic": "toy/indexnet-holistic-mnist", "depth-wise": "toy/indexnet-depthwise-mnist"}
IMAGES, CHANNELS = 24, 32  # test digits and channels to look at
MEASURED = 100  # test digits to measure over


@cache
def operator(
    kind: str = "holistic", context: bool = False, nonlinear: bool = False, seed: int | None = None
) -> IndexNet:
    """IndexNet for the shared map of four channels with fixed random weights, strong enough to see.

    seed: of the weights; None is one for each kind.
    """
    with torch.random.fork_rng(devices=[]):  # building draws weights that are replaced at once
        op = operators.build("indexnet", 4, RATIO, kind=kind, context=context, nonlinear=nonlinear)
    assert isinstance(op, IndexNet)
    randomise(op, seed=KINDS.index(kind) if seed is None else seed)
    for part in op.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            torch.nn.init.ones_(part.weight)
    return op.eval()


def maps() -> tuple[Tensor, Tensor]:
    """The shared encoder map after a ReLU (1, 4, 16, 16), as in the network of lesson 08, max-pooled and itself."""
    guide = shared.encoder_map(RATIO).relu()
    return F.max_pool2d(guide, RATIO), guide


def soft_index(guide: Tensor, ratio: int = RATIO) -> Tensor:
    """The share that each value has of its block's maximum, 0 where that is 0: Tensor[N, C, 1, rH, rW] for a guide ≥ 0.

    As the gate of max-pooling it gives the whole guide back: w · max = guide.
    """
    largest = F.interpolate(F.max_pool2d(guide, ratio), scale_factor=float(ratio), mode="nearest")
    return torch.where(largest > 0, guide / largest.clamp(min=1e-9), 0.0)[:, :, None]


def best_shared(guide: Tensor, ratio: int = RATIO) -> Tensor:
    """The best single gate for all channels of a guide ≥ 0, by least squares: Tensor[N, 1, 1, rH, rW].

    w = Σ_c z_c x_c / Σ_c z_c², which lies in [0, 1] because 0 ≤ x_c ≤ z_c. No shared gate copies better.
    """
    largest = F.interpolate(F.max_pool2d(guide, ratio), scale_factor=float(ratio), mode="nearest")
    w = (largest * guide).sum(1, keepdim=True) / largest.square().sum(1, keepdim=True).clamp(min=1e-9)
    return w[:, :, None]


def rmse(y: Tensor, x: Tensor) -> float:
    """Root mean square error."""
    return float((y - x).detach().square().mean().sqrt())


def position(op: IndexNet, row: int, column: int) -> Drawing:
    """What the index block makes of one block of the shared map, for the first channel."""
    x, guide = maps()
    r = op.ratio
    top, left = row * r, column * r
    with torch.no_grad():
        logits = op.logits(guide)[0, : r * r, row, column].view(r, r)
        up = op.kernel(x, guide)[0, 0, 0, top : top + r, left : left + r]
        down = op.down_kernel(guide)[0, 0, :, row, column].view(r, r)
    z = float(x[0, 0, row, column])
    fig = two_gates(guide[0, 0], logits, up, down, z, (row, column), op.size)
    pooled = float((down * guide[0, 0, top : top + r, left : left + r]).sum())
    alt = (
        f"The index block looks at {op.size}×{op.size} places of the guide around block ({row}, {column}) and writes "
        f"{r * r} logits. A sigmoid makes {r * r} gates of them, which scale the one value {style.number(z)} of the "
        f"small map into {r * r} outputs. A sigmoid and a softmax make weights that sum to 1, which pool the block of "
        "the guide."
    )
    says = f"gates: {_list(up)}   outputs: {_list(up * z)}\nweights: {_list(down)}   pooled: {style.number(pooled, 3)}"
    return Drawing(fig, alt, says)


def _list(values: Tensor) -> str:
    return "  ".join(style.number(float(v), 3) for v in values.flatten())


# --- an index block, trained


@cache
def digits(count: int = DIGITS) -> tuple[Tensor, Tensor]:
    """Encoder maps of training digits after a ReLU, (count, 4, 16, 16), and their max-pooling."""
    pixels = load("mnist", "train").images[:count, 2:26, 2:26].to(torch.float32)[:, None] / 255
    side = RATIO * shared.SIZE
    small = F.interpolate(pixels, size=(side, side), mode="bilinear", antialias=True, align_corners=False)
    guide = shared.encode(small).relu()
    return F.max_pool2d(guide, RATIO), guide


@cache
def learn(
    kind: str, context: bool = False, nonlinear: bool = False, steps: int = STEPS, seed: int | None = None
) -> IndexNet:
    """An index block trained to bring pooled maps back: Adam on mean (w · pooled − guide)², 64 digits at once.

    It begins with the weights of :func:`operator`.
    """
    x, guide = digits()
    op = copy.deepcopy(operator(kind, context, nonlinear, seed)).train()
    with torch.enable_grad():
        adam = torch.optim.Adam(op.parameters(), lr=0.05)
        for _ in range(steps):
            adam.zero_grad()
            (op(x, guide) - guide).square().mean().backward()
            adam.step()
    return op.eval()


# --- networks that come trained


@cache
def network(kind: str) -> AutoEncoder:
    """The auto-encoder of :data:`NETWORKS`, whose indices look at 4×4 places and are linear."""
    model: AutoEncoder = pretrained.load_pretrained(NETWORKS[kind])[0]
    return model


@cache
def images(count: int = IMAGES) -> Tensor:
    """The first test digits, Tensor[count, 1, 32, 32]."""
    return to_float32x32(load("mnist", "test"))[:count]


@cache
def stages(kind: str) -> list[tuple[IndexNet, Tensor, Tensor]]:
    """Operator, map and guide of each upsampling stage for :func:`images`, from the smallest map to the largest."""
    return [(op, x, guide) for op, x, guide in stage_inputs(network(kind), images())]  # type: ignore[misc]


def beginning(op: IndexNet) -> IndexNet:
    """The same operator with index weights as a training begins them."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        fresh = operators.build("indexnet", op.channels, kind=op.kind, context=op.context, nonlinear=op.nonlinear)
    assert isinstance(fresh, IndexNet)
    return fresh.eval()


@cache
def with_half_gates(kind: str, stages: tuple[int, ...]) -> float:
    """PSNR over 100 test digits when the gates of these stages (of 0, 1, 2) are ½ everywhere, the rest as learned."""
    model = copy.deepcopy(network(kind))
    for stage in stages:
        for weight in model.up[stage].parameters():  # a convolution of zeros: logits 0, gates ½
            torch.nn.init.zeros_(weight)
    return evaluate_on(model, images(MEASURED))["psnr"]


class _Even(torch.nn.Module):
    """A stage whose gates no longer depend on the image."""

    def __init__(self, w: Tensor) -> None:
        super().__init__()
        self.register_buffer("w", w)

    def forward(self, x: Tensor, _guide: Tensor) -> Tensor:
        """The same gate for every place of a channel."""
        size = [RATIO * side for side in x.shape[-2:]]
        w: Tensor = self.w  # type: ignore[assignment]
        return formula.reassemble(x, w.expand(len(x), *w.shape[1:3], *size), RATIO)


@cache
def with_mean_gates(kind: str, stage: int = 2) -> float:
    """PSNR over 100 test digits when each index map of a stage is its mean over 24 digits everywhere."""
    model = copy.deepcopy(network(kind))
    model.up[stage] = _Even(gates(kind, stage)["learned"].mean(dim=(0, 3, 4), keepdim=True))
    return evaluate_on(model, images(MEASURED))["psnr"]


@cache
def draws_ink(kind: str, stage: int = 2) -> dict[str, tuple[float, int]]:
    """What follows the ink of 24 test digits: of each map, the channel that correlates most, and how (without sign).

    "z": the map to upsample, by nearest neighbour. "learned", "random": the index maps of :func:`gates`.
    """
    _, x, guide = stages(kind)[stage]
    ink = F.adaptive_avg_pool2d(images(), guide.shape[-1])[:, 0]
    seen = {"z": F.interpolate(x, scale_factor=float(RATIO), mode="nearest")}
    seen |= {title.split(",")[0]: w[:, :, 0] for title, w in gates(kind, stage).items()}
    return {
        title: max((abs(correlation(each, ink)), channel) for channel, each in enumerate(w.unbind(1)))
        for title, w in seen.items()
    }


@cache
def gates(kind: str, stage: int) -> dict[str, Tensor]:
    """Index maps (24, 1 or C, 1, rH, rW) of all images: learned, and as they began."""
    op, x, guide = stages(kind)[stage]
    with torch.no_grad():
        return {"learned": op.kernel(x, guide), "random, as a training begins": beginning(op).kernel(x, guide)}


def explorer(kind: str = "holistic", image: int = 1, stage: int = 2, row: int = 14, column: int = 12) -> Panel:
    """Index maps of the trained networks beside those that they began with, and one output through both.

    Row and column count in the finest map; a coarser stage shows the place that contains it. The panel starts at the
    edge of a stroke, where the holistic network has a z above zero in every stage.
    """
    side = images().shape[-1]

    def draw(kind: str, image: int, stage: int, channel: int, row: int, column: int) -> Drawing:
        _, x, guide = stages(kind)[stage]
        size = guide.shape[-1]
        i, j = (at * size // side for at in (row, column))
        shown, words = {}, []
        for title, w in gates(kind, stage).items():
            y = formula.reassemble(x[image : image + 1], w[image : image + 1], RATIO)[0, channel]
            gate = w[image, channel % w.shape[1], 0]
            shown[title] = Gate(gate, y)
            values = [style.number(float(v), 3) for v in (gate[i, j], x[image, channel, i // 2, j // 2], y[i, j])]
            spread = f"index map {style.number(float(gate.min()))} … {style.number(float(gate.max()))}"
            words.append(f"{title}: y[{i}, {j}] of {size}×{size} = {values[0]} × {values[1]} = {values[2]};  {spread}")
        fig = index_maps(guide[image, channel], x[image, channel], shown, (i, j))
        alt = (
            f"{kind} IndexNet, stage {stage}, image {image}, channel {channel}: the guide, the map to upsample, and "
            f"two index maps with the outputs they let through, learned above and random below. {' '.join(words)}"
        )
        return Drawing(fig, alt, "\n".join(words))

    controls = {
        "kind": choice(list(NETWORKS), kind, "kind"),
        "image": slider(0, IMAGES - 1, image, "image"),
        "stage": slider(0, 2, stage, "stage"),
        "channel": slider(0, CHANNELS - 1, 0, "channel"),
        "row": slider(0, side - 1, row, "row"),
        "column": slider(0, side - 1, column, "column"),
    }
    return Panel(draw, **controls)
