"""The picture of a guided report (`a2u.guided.report.collect`): its first part, and one edge as some rows draw it."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from torch import Tensor

from a2u.guided.experiment import data, load_model, sharpen
from a2u.guided.measure import boundary
from a2u.guided.network import GuidedNet
from a2u.guided.pairs import Pairs
from a2u.guided.report_text import cells, title
from a2u.guided.settings import Settings, run_name, settings
from a2u.operators.contract import Upsampler
from a2u.plots.guided import Drawn, Edge, Line, guided_board

PLACE = 24  # side of the place that is shown, in pixels
SHOWN = 5  # networks of the example


def board(report: dict[str, Any], runs: Path) -> Figure:
    """The rows and variants of the first part, and the example from the runs of its first seed, if they are there."""
    part = report["parts"][0]
    chosen = report["settings"]
    label = (
        f"{chosen['train']} pictures of {chosen['size']}², {chosen['epochs'] * chosen['steps']} steps of batch "
        f"{chosen['batch']}, seeds {', '.join(map(str, report['seeds']))}; error within 2 pixels of a boundary, "
        "difference to bilinear"
    )
    return guided_board(
        [_line(each) for each in part["rows"]], _edge(report, part, runs), title=title(part), label=label
    )


def _line(each: dict[str, Any]) -> Line:
    _, parameters, band, *_, gap, verdict = cells(each)
    return Line(each["title"], parameters, [1000 * one["band"] for one in each["seeds"].values()], (band, gap, verdict))


def chosen_rows(part: dict[str, Any]) -> list[str]:
    """Which networks the example shows: nearest and bilinear, CARAFE, A²U dynamic-cs, and the best of all the rows."""
    names = [each["row"] for each in part["rows"]]
    best = min(part["rows"], key=lambda each: float(each["mean"]["band"]))["row"]
    usual = [name for name in ("nearest", "bilinear", "carafe", "a2u-dynamic-cs") if name in names]
    others = sorted(set(names) - set(usual), key=names.index)
    wanted = usual if best in usual else [*usual, best]
    return [*wanted, *(name for name in others if name not in wanted)][:SHOWN]


def _edge(report: dict[str, Any], part: dict[str, Any], runs: Path) -> Edge | None:
    """The place of the sharpest long edge among the test pictures."""
    seed = report["seeds"][0]
    changes = {k: v for k, v in report["settings"].items() if k in ("epochs", "steps", "lr")}
    titles = {each["row"]: each["title"] for each in part["rows"]}
    found: list[tuple[str, GuidedNet, Settings]] = []
    for name in chosen_rows(part):
        folder = runs / run_name(settings(name, part["task"], part["factor"], report["preset"], seed, **changes))
        if (folder / "config.json").exists():
            net, chosen, _ = load_model(folder)
            found.append((titles[name], net, chosen))
    if not found:
        return None
    given = data(found[0][2], "test")
    number, top, left, at = busiest_edge(given.sharp[:, :1])
    one = given.of(torch.tensor([number]))
    size = min(PLACE, given.sharp.shape[-1])
    there = slice(top, top + size), slice(left, left + size)
    coarse = F.interpolate(one.coarse, scale_factor=part["factor"])[0, 0]
    drawn = [
        Drawn(name, sharpen(net, one)[0, 0][there].numpy(), kernel_at(net, one, (top + at[0], left + at[1])))
        for name, net, _ in found
    ]
    picture = one.picture[0].permute(1, 2, 0)[there].numpy()
    return Edge(picture, coarse[there].numpy(), one.sharp[0, 0][there].numpy(), at, drawn)


def busiest_edge(maps: Tensor) -> tuple[int, int, int, tuple[int, int]]:
    """Image, row and column of the place of PLACE² pixels with the most boundary; and a boundary pixel near its middle.

    maps: Tensor[N, 1, S, S].
    """
    size = min(PLACE, maps.shape[-1])
    edges = boundary(maps)[:, None].float()
    counts = F.avg_pool2d(edges, size, stride=1)[:, 0]
    number, top, left = (int(each) for each in np.unravel_index(int(counts.argmax()), counts.shape))
    inside = edges[number, 0, top : top + size, left : left + size].nonzero()
    middle = (inside - size / 2).abs().sum(1).argmin() if len(inside) else None
    at = (size // 2, size // 2) if middle is None else (int(inside[middle, 0]), int(inside[middle, 1]))
    return number, top, left, at


def kernel_at(net: GuidedNet, one: Pairs, at: tuple[int, int]) -> Any:
    """The weights of the last stage behind one value of its first channel, as a picture of the cells they meet.

    NaN where a cell inside the picture has none. Weights of several channels of one cell are added up.
    """
    caught: list[tuple[Any, ...]] = []
    last = net.up[-1]
    assert isinstance(last, Upsampler)
    hook = last.register_forward_pre_hook(lambda _, given: caught.append(given))
    try:
        sharpen(net, one)
    finally:
        hook.remove()
    witness = last.witness(*caught[0], at=(0, 0, *at))
    rows, columns = witness.where[:, 1].numpy(), witness.where[:, 2].numpy()
    found = np.full((np.ptp(rows) + 1, np.ptp(columns) + 1), np.nan)
    for row, column, weight in zip(rows - rows.min(), columns - columns.min(), witness.w.tolist(), strict=True):
        found[row, column] = weight + np.nan_to_num(found[row, column])
    return found
