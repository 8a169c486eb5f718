"""Lesson 08: the toy of section 5, shortened so that a notebook can train it while you watch, and Table 1's report."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from a2u.data import Digits, load
from a2u.data.digits import TITLES
from a2u.errors import A2UError
from a2u.lessons.columns import columns
from a2u.lessons.frame import Drawing
from a2u.lessons.mode import Mode
from a2u.lessons.reports import find_report
from a2u.plots.reconstruction import table_dots
from a2u.reconstruction import ROWS, Experiment, pictures, settings
from a2u.reconstruction.presets import EXPERIMENT
from a2u.training import choose_device, read_run
from a2u.training.kind import KEY

TRAIN, TEST = 180, 100  # images in quick mode
SHORT: dict[str, Any] = {"epochs": 3, "batch": 4, "lr": 0.03}


def first(digits: Digits, count: int) -> Digits:
    """The first `count` images, and a source that says so."""
    if not 1 <= count <= len(digits):
        raise A2UError(f"There are {len(digits)} images, so take 1 to {len(digits)} of them, not {count}.")
    source = f"the first {count} of {digits.source}"
    return replace(digits, images=digits.images[:count], labels=digits.labels[:count], source=source)


def experiment(row: str, mode: Mode, data_set: str = "mnist", seed: int = 0) -> Experiment:
    """One row of Table 1, at a lesson's size.

    Quick mode: 3 passes over 180 images, 4 at a time, on the CPU. Full mode: what `a2u train` does, 2 passes over
    4,000 images, on a GPU if there is one. Neither is the paper's experiment: 100 passes over 60,000.
    """
    train, test = load(data_set, "train"), load(data_set, "test")
    if mode.full:
        return Experiment(settings(row, data_set, seed=seed), train, test, choose_device())
    return Experiment(settings(row, data_set, seed=seed, **SHORT), first(train, TRAIN), first(test, TEST))


def inked(encoded: Tensor, image: Tensor) -> int:
    """The channel of an encoder's map [1, C, H, W] that varies most with the ink of its image [1, 1, H, W]."""
    return int(((encoded - encoded.mean((2, 3), keepdim=True)) * image).mean((0, 2, 3)).argmax())


def measured(folder: str | Path, data_set: str = "mnist") -> dict[str, float]:
    """PSNR by row title of the runs in `folder` that trained on `set`; of several of a row, the longest.

    Raises:
        A2UError: There is no such run, or one whose files are damaged.
    """
    longest: dict[str, tuple[int, float]] = {}
    for config_file in sorted(Path(folder).glob("*/config.json")):
        config, history = read_run(config_file.parent)
        if config.get(KEY) == EXPERIMENT and config["row"] in ROWS and config["set"] == data_set and history:
            title = ROWS[config["row"]].title
            longest[title] = max(longest.get(title, (0, 0.0)), (len(history), history[-1]["psnr"]))
    if not longest:
        raise A2UError(f"{folder} holds no run on {data_set!r}. `a2u train --row a2u` makes one in runs/.")
    return {title: psnr for title, (_, psnr) in longest.items()}


def whole_table(start: str | Path = ".") -> dict[str, Any] | None:
    """The report that `a2u table1` wrote for this repository, or None: see `a2u.reconstruction.report.collect`."""
    return find_report("table1", "a2u table1 --report-only", start)


def show_table(report: dict[str, Any] | None) -> Drawing:
    """All of Table 1 beside the paper, with a label that says how it was made; without a report, the paper alone."""
    if report is None:
        paper = {row.title: row.paper["mnist"].psnr for row in ROWS.values()}
        figure = table_dots(paper, title="MNIST: the paper alone; a2u table1 measures the rest")
        return Drawing(figure, "Table 1 of the paper as dots.", "There is no figures/table1.json here: run a2u table1.")
    measured = [cell for cell in report["table"] if cell["runs"]]
    low, high = (f([cell["psnr"]["mean"] for cell in measured]) for f in (min, max))
    alt = "PSNR of nine networks on two data sets: diamonds for what was measured, rings for the paper."
    words = f"{len(measured)} of {len(report['table'])} results, {low:.1f} to {high:.1f} dB. {report['label']}."
    return Drawing(pictures.table(report), alt, words)


def verdicts(report: dict[str, Any] | None) -> str:
    """A line for each of the paper's claims and sets: what the report's numbers say, and the paper's own."""
    if report is None:
        return "Nothing is measured here yet: run a2u table1."
    rows = [
        (f"{TITLES[each['set']]}: {each['claim'].partition(':')[0].rstrip('.')}", each["verdict"], each["paper"])
        for each in report["claims"]
    ]
    return columns(rows, ("", "here", "the paper's numbers"))
