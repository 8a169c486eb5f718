"""Lesson 12: the guided experiment, shortened so that a notebook can train some rows, and the whole table's report."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from a2u.differences import difference
from a2u.errors import A2UError, near_match
from a2u.guided import pictures, report_text
from a2u.guided.experiment import Experiment, data, sharpen
from a2u.guided.network import GuidedNet
from a2u.guided.pairs import Pairs
from a2u.guided.report import compare
from a2u.guided.rows import row
from a2u.guided.settings import Settings, settings
from a2u.lessons.columns import columns
from a2u.lessons.frame import Drawing
from a2u.lessons.mode import Mode
from a2u.lessons.reports import find_report
from a2u.plots import sheet, style
from a2u.plots.guided import Drawn, Edge, Line, guided_board
from a2u.training import choose_device, fit

TASK, FACTOR = "alpha", 4
SHORT: dict[str, Any] = {"epochs": 1, "steps": 60}
KEYS: dict[str, Any] = {"preset": str, "seeds": list, "settings": dict, "parts": list}


@dataclass(frozen=True)
class Trained:
    """One row after its training; scores as `a2u.guided.measure` has them."""

    chosen: Settings
    net: GuidedNet
    before: dict[str, float]
    after: dict[str, float]

    @property
    def title(self) -> str:
        """The row's name in print."""
        return row(self.chosen.row).title

    @property
    def words(self) -> str:
        """How long it trained, and its error on the boundary band."""
        steps = self.chosen.epochs * self.chosen.steps
        return f"{self.title:14} {steps} steps, band error {self.before['band']:.2f}, then {self.after['band']:.2f}"


def train(name: str, mode: Mode) -> Trained:
    """Train one row of the guided table, seed 0.

    Quick mode: 60 steps of batch 4 on 8 pictures of 56², on the CPU. Full mode: what `a2u guided` does, 200 steps of
    batch 8 on 64 pictures of 96², on a GPU if there is one.
    """
    task = Experiment(_settings(name, mode), choose_device() if mode.full else "cpu")
    before = task.evaluate()
    fit(task)
    return Trained(task.settings, task.model, before, task.evaluate())


def _settings(name: str, mode: Mode) -> Settings:
    if mode.full:
        return settings(name, TASK, FACTOR, "minute")
    return settings(name, TASK, FACTOR, "quick", **SHORT)


def show_trained(trained: Sequence[Trained]) -> Drawing:
    """The band error of these rows, one edge as they draw it, and the kernels behind one value of it."""
    given = data(trained[0].chosen, "test")
    chosen = trained[0].chosen
    label = f"shortened: {chosen.epochs * chosen.steps} steps on {chosen.train} pictures of {chosen.size}², one seed"
    lines = [
        Line(each.title, f"{_parameters(each.net):,}", [1000 * each.after["band"]],
             (f"{1000 * each.after['band']:.0f}", "–", "one seed"))
        for each in trained
    ]  # fmt: skip
    edge = _edge(trained, given)
    fig = guided_board(lines, edge, title="the alpha of drawn scenes, 4× coarser", label=label)
    names = ", ".join(each.title for each in trained)
    alt = f"Band errors of {names} after a short training, and one edge of a test picture as each of them draws it."
    largest = (f"{each.title} {np.nanmax(each.kernel):.2f}" for each in edge.drawn)
    says = [*(each.words for each in trained), f"largest weight at the framed value: {', '.join(largest)}"]
    return Drawing(fig, alt, "\n".join(says))


def _parameters(net: GuidedNet) -> int:
    return sum(weight.numel() for weight in net.up.parameters())


def _edge(trained: Sequence[Trained], given: Pairs) -> Edge:
    number, top, left, at = pictures.busiest_edge(given.sharp[:, :1])
    one, size = given.of(torch.tensor([number])), min(pictures.PLACE, given.sharp.shape[-1])
    there = slice(top, top + size), slice(left, left + size)
    coarse = one.coarse.repeat_interleave(FACTOR, -1).repeat_interleave(FACTOR, -2)[0, 0]
    drawn = []
    for each in trained:
        net = each.net.cpu()
        kernel = pictures.kernel_at(net, one, (top + at[0], left + at[1]))
        drawn.append(Drawn(each.title, sharpen(net, one)[0, 0][there].numpy(), kernel))
    picture = one.picture[0].permute(1, 2, 0)[there].numpy()
    return Edge(picture, coarse[there].numpy(), one.sharp[0, 0][there].numpy(), at, drawn)


def whole_table(start: str | Path = ".") -> dict[str, Any] | None:
    """The report that `a2u guided` wrote for this repository, or None: see `a2u.guided.report.collect`."""
    return find_report("guided", "a2u guided --report-only", start, KEYS)


def show_table(report: dict[str, Any] | None) -> Drawing:
    """The first part of the table: the band error of every row with each seed, and its difference to bilinear."""
    if report is None:
        return Drawing(
            _empty(),
            "A place for a table that is not measured yet.",
            "There is no figures/guided.json here: run a2u guided.",
        )
    part = report["parts"][0]
    count = len(report["seeds"])
    alt = f"Band error of {len(part['rows'])} rows with up to {count} seeds, and their differences to bilinear."
    verdicts = [each["difference"]["verdict"] for each in part["rows"] if each["difference"]]
    told = ", ".join(f"{verdicts.count(word)} {word}" for word in dict.fromkeys(verdicts))
    says = f"{report_text.title(part)}; up to {count} seeds. Against bilinear: {told}."
    return Drawing(pictures.board(report, Path("no runs")), alt, says)


def _empty() -> Figure:
    with style.context():
        fig, ax = style.canvas(9.6, 0.5)
        sheet.note(ax, 0.1, 0.3, "`a2u guided` measures this table.", ha="left", size=10)
    return fig


def against(report: dict[str, Any], one: str, other: str) -> dict[str, Any]:
    """The paired difference of the band errors (× 1000) of two rows, one − other, with its verdict.

    Raises:
        A2UError: The report has no such row, or the two share no seed.
    """
    rows = {each["row"]: each for each in report["parts"][0]["rows"]}
    for name in (one, other):
        if name not in rows:
            raise A2UError(f"The guided report has no row {name!r}. {near_match(name, list(rows))}")
    bands = {
        name: {int(seed): 1000 * scores["band"] for seed, scores in rows[name]["seeds"].items()}
        for name in (one, other)
    }
    found = difference(bands, one, other, "")
    if found is None:
        raise A2UError(f"The rows {one!r} and {other!r} of the guided report share no seed. Train both: a2u guided.")
    return compare(found)


def verdicts(report: dict[str, Any] | None, pairs: Sequence[tuple[str, str]]) -> str:
    """A line for each pair of rows: their difference, its standard error, how many of these it is, and the verdict."""
    if report is None:
        return "Nothing is measured here yet: run a2u guided."
    lines = []
    for one, other in pairs:
        found = against(report, one, other)
        se = "–" if found["se"] is None else f"{found['se']:.1f}"
        many = "–" if found["errors"] is None else f"{found['errors']:.1f}"
        names = f"{row(one).title} against {row(other).title}"
        lines.append((names, f"{found['mean']:+.1f}".replace("-", "−"), se, many, found["verdict"]))
    return columns(lines, ("band error × 1000", "difference", "s.e.", "in s.e.", "so it is"))
