"""Lesson 11: inside trained matting networks: upsampled maps, kernels, mattes, and where their detail comes from."""

import copy
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

import torch
from torch import Tensor

from a2u import pretrained
from a2u.lessons.frame import Drawing, Panel, choice, slider
from a2u.lessons.matting.synthetic_set import CHOSEN
from a2u.lessons.see_the_features import picture as plots
from a2u.matting import features as look
from a2u.matting.data.dataset import Case
from a2u.matting.data.synthetic import KINDS
from a2u.matting.data.synthetic.source import FIRST_SEED, synthetic_case
from a2u.matting.data.trimap import UNKNOWN
from a2u.matting.experiment import build_model
from a2u.matting.measure import metrics
from a2u.matting.network.network import Feature, MattingNet
from a2u.matting.rows import row
from a2u.matting.settings import settings_of
from a2u.operators import A2U, Upsampler, Witness
from a2u.plots.matting import busiest
from a2u.reconstruction.kernels import correlation, peakedness

MODELS = ("nearest", "bilinear", "carafe", "indexnet", "hybrid-cw", "dynamic-cs", "dynamic-cs-d", "dynamic-cs-d-norm")
SHOWN = ("nearest", "bilinear", "dynamic-cs")  # in Figure 1
COMPARED = ("nearest", "bilinear", "dynamic-cs", "hybrid-cw")  # in Figure 4
SIZE, LAST, ZOOM = 160, 3, 32  # of the scenes; the stage of highest resolution; side of what is enlarged


def available() -> list[str]:
    """The networks of this lesson whose weights are installed."""
    return [name for name in MODELS if f"matting/{name}" in pretrained.names()]


@cache
def case(kind: str) -> Case:
    """One test scene of a kind, as large as those that the table is measured on; training never saw it."""
    return synthetic_case(kind, FIRST_SEED["test"] + CHOSEN[kind], "test", list(KINDS).index(kind), SIZE)


@cache
def network(name: str, learned: bool = True, seed: int = 0) -> MattingNet:
    """The trained network of a row of Table 2, or the same one as `seed` begins it; in evaluation mode."""
    if learned:
        net: MattingNet = pretrained.load_pretrained(f"matting/{name}")[0]
        return net
    settings = pretrained.card(f"matting/{name}").settings
    return build_model(settings_of({**settings, "pretrained": False, "seed": seed})).eval()


@lru_cache(maxsize=24)
def features(name: str, kind: str, learned: bool = True, seed: int = 0) -> list[Feature]:
    """The four upsampling stages of a network on a scene, coarsest first."""
    given = case(kind)
    return network(name, learned, seed).features(given.image[None], given.trimap[None])


def picture(kind: str) -> Any:
    """The image of a scene as (H, W, 3)."""
    return case(kind).image.permute(1, 2, 0).numpy()


def alpha(kind: str) -> Tensor:
    """The true alpha of a scene, Tensor[H, W]."""
    truth = case(kind).alpha
    assert truth is not None  # scenes know theirs
    return truth[0]


def unknown(kind: str) -> Tensor:
    """Where the trimap of a scene does not know, bool Tensor[H, W]: all that the loss of a training looks at."""
    return case(kind).trimap[0] == UNKNOWN


# --- what is upsampled last


@cache
def contrast(name: str, kind: str, learned: bool = True, rim: int = 0) -> float:
    """Edge contrast of the last upsampled map's energy along the true boundary, in the unknown region.

    rim: how many more pixels of the region's rim are left out.
    """
    energy = look.energy(features(name, kind, learned)[LAST].after)[0]
    where = look.within(unknown(kind), rim) if rim else unknown(kind)
    return look.edge_contrast(energy, look.boundary(alpha(kind)), where)


# --- one value


def witness(name: str, kind: str, at: tuple[int, int, int], stage: int = LAST) -> tuple[Witness, float]:
    """The w and the z behind (channel, row, column) of an upsampled map, and the value that stands there."""
    feature = features(name, kind)[stage]
    op = network(name).ups[stage]
    assert isinstance(op, Upsampler)
    guide = feature.guide if op.card.needs_guide else None
    return op.witness(feature.before, guide, at=(0, *at)), float(feature.after[0, at[0], at[1], at[2]])


# --- kernels


@torch.no_grad()
def kernels(name: str, kind: str, learned: bool = True, stage: int = LAST, seed: int = 0) -> Tensor:
    """The kernels of one stage on a scene, Tensor[G, k², rH, rW]."""
    feature = features(name, kind, learned, seed)[stage]
    op = network(name, learned, seed).ups[stage]
    assert isinstance(op, Upsampler)
    return op.kernel(feature.before, feature.guide if op.card.needs_guide else None)[0]


@cache
def peaked(name: str, kind: str, learned: bool = True, seed: int = 0) -> Tensor:
    """Peakedness of the last stage's kernels, mean over groups: Tensor[rH, rW]."""
    return peakedness(kernels(name, kind, learned, seed=seed)).mean(0)


@cache
def follows(name: str, kind: str, learned: bool = True, seed: int = 0, everywhere: bool = False) -> float:
    """Correlation of peakedness with ‖∇alpha‖ in the last stage, mean over phases.

    everywhere: over the whole image, not over the unknown region of the trimap alone.
    """
    seen, slope = peaked(name, kind, learned, seed), look.gradient(alpha(kind))
    where = torch.ones_like(unknown(kind)) if everywhere else unknown(kind)
    phases = [(slice(a, None, 2), slice(b, None, 2)) for a in (0, 1) for b in (0, 1)]
    return sum(correlation(seen[each][where[each]], slope[each][where[each]]) for each in phases) / 4


def by_trimap(name: str, kind: str) -> tuple[float, float]:
    """Mean peakedness of the last stage's kernels where the trimap knows, and where it does not."""
    seen, where = peaked(name, kind), unknown(kind)
    return float(seen[~where].mean()), float(seen[where].mean())


@cache
def varies(name: str, kind: str) -> list[float]:
    """How much the kernels of each stage differ from place to place: `a2u.matting.features.variation`."""
    return [look.variation(kernels(name, kind, stage=stage), 2) for stage in range(LAST + 1)]


@cache
def before_the_sigmoid(name: str, kind: str) -> list[tuple[float, float]]:
    """For each stage: the share of sigmoids within 0.01 of 0 or 1, and of places whose affinity is above 0."""
    found = []
    for stage in range(LAST + 1):
        op, affinity, mean = _affinity(name, kind, stage)
        with torch.no_grad():
            s = op.p(affinity, mean).sigmoid()
        found.append((float(((s < 0.01) | (s > 0.99)).float().mean()), float((affinity > 0).float().mean())))
    return found


def varies_if(kind: str, stage: int, how: str, name: str = "dynamic-cs") -> float:
    """How much kernels differ from place to place with other affinities.

    how: "as it is"; "small", divided so that the median number before the sigmoid has size 1; "both signs", the mean
    over places subtracted.
    """
    op, affinity, mean = _affinity(name, kind, stage)
    with torch.no_grad():
        if how == "small":
            affinity = affinity / op.p(affinity, mean).abs().median()
        elif how == "both signs":
            affinity = affinity - affinity.mean()
        return look.variation(op.kernel_of(affinity, mean)[0], 2)


def when_the_guide_doubles(kind: str, stage: int, biases: bool, name: str = "dynamic-cs") -> float:
    """The factor by which numbers before the sigmoid grow, their median; with or without the biases of P, U and V."""
    op, guide = copy.deepcopy(network(name).ups[stage]), features(name, kind)[stage].guide
    assert isinstance(op, A2U)
    with torch.no_grad():
        for part, values in op.named_parameters():
            if part.endswith("bias") and not biases:
                values.zero_()
        once, twice = (op.p(*op.encode(times * guide)) for times in (1, 2))
        return float((twice / once).median())


def _affinity(name: str, kind: str, stage: int) -> tuple[A2U, Tensor, Tensor | None]:
    """The operator of a stage, its affinities on a scene, and the mean of its guide."""
    op = network(name).ups[stage]
    assert isinstance(op, A2U)
    with torch.no_grad():
        return op, *op.encode(features(name, kind)[stage].guide)


# --- mattes


def matte(name: str, kind: str, without: str = "", stages: Sequence[int] = (LAST,)) -> Tensor:
    """Alpha of a network on a scene, Tensor[H, W]; without "kernels" or "skip" in some stages if asked."""
    net, given = network(name), case(kind)
    if not without:
        return net.predict(given.image, given.trimap)[0]
    with look.ablated(net, without, stages):
        return net.predict(given.image, given.trimap)[0]


@cache
def sad(name: str, kind: str, without: str = "", stages: tuple[int, ...] = (LAST,)) -> float:
    """SAD of that matte over the unknown region, in thousands of pixels."""
    pred, true = (metrics.to_8bit(each) for each in (matte(name, kind, without, stages), alpha(kind)))
    return metrics.sad(pred, true, case(kind).trimap[0].numpy())


# --- the explorer


def explorer(kind: str = "glass", name: str = "hybrid-cw", stage: int = LAST) -> Panel:
    """Any scene, operator, stage and channel; the kernel at a place of your choice."""
    channels: list[tuple[str, int]] = [("energy", -1), *((f"channel {c}", c) for c in range(16))]

    def draw(scene: str, operator: str, stage: int, channel: int, row: int, column: int) -> Drawing:
        return place(scene, operator, stage, channel, row, column)

    start = busiest(alpha(kind), 8)
    controls = {
        "scene": choice(list(KINDS), kind, "scene"),
        "operator": choice([(row(each).title, each) for each in available()], name, "operator"),
        "stage": slider(0, LAST, stage, "stage"),
        "channel": choice(channels, -1, "channel"),
        "row": slider(0, SIZE - 1, start[0] + 4, "row"),
        "column": slider(0, SIZE - 1, start[1] + 4, "column"),
    }
    return Panel(draw, **controls)


def place(kind: str, name: str, stage: int, channel: int, y: int, x: int) -> Drawing:
    """One upsampled map, and the kernel behind the pixel (y, x) of the image."""
    feature = features(name, kind)[stage]
    after = feature.after[0]
    i, j = y * after.shape[1] // SIZE, x * after.shape[2] // SIZE
    if channel < 0:
        w = kernels(name, kind, stage=stage).mean(0)[:, i, j]
        side = round(len(w) ** 0.5)
        values, z, value, kind_of = look.energy(after), None, None, "errors"
        what, sum_ = "energy", f"energy there {float(values[i, j]):.3f}"
    else:
        t, value = witness(name, kind, (channel, i, j), stage)
        w, side = t.w, round(len(t.w) ** 0.5)
        values, z, kind_of = after[channel], t.z.reshape(side, side).numpy(), "signed"
        what, sum_ = f"channel {channel}", f"y = wᵀz = {float(t.value):.3f}"
    title = f"{row(name).title}, stage {stage}, {what}"
    fig = plots.place(picture(kind), values.numpy(), (i, j), w.reshape(side, side).numpy(), z, value,
                      title=title, kind=kind_of)  # fmt: skip
    says = f"{sum_};  weights {float(w.min()):.3f} … {float(w.max()):.3f}, sum {float(w.sum()):.2f}"
    if stage == LAST:
        band = look.boundary(alpha(kind))
        says += f";  edge contrast of this map {look.edge_contrast(values, band, unknown(kind)):.2f}"
    alt = (
        f"{title}, on a scene of kind {kind}: the upsampled map of {after.shape[1]}×{after.shape[2]}, the surroundings "
        f"of row {i}, column {j} enlarged, and the {side}×{side} kernel there."
    )
    return Drawing(fig, alt, says)
