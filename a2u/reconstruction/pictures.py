"""The pictures of a report (`a2u.reconstruction.report.collect`): scores, curves or gains, and reconstructions."""

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from a2u.data import load, to_float32x32
from a2u.data.digits import CLASSES, TITLES
from a2u.plots.gallery import gallery
from a2u.plots.table1 import TableColumn, epochs, gains, scoreboard
from a2u.reconstruction import AutoEncoder, reconstruct
from a2u.reconstruction.earlier import config_of_run
from a2u.reconstruction.report_text import value
from a2u.reconstruction.rows import ROWS

SHOWN = {"mnist": (4, 18), "fashion": (6, 29)}  # which of the embedded test images; no network has trained on them
BASE = "nearest"  # the row that gains are counted from

Find = Callable[[dict[str, Any]], AutoEncoder | None]  # the trained model of a run of the report, if it is here


def pictures(report: dict[str, Any], find: Find) -> dict[str, Figure]:
    """The three pictures by name: table1, table1-curves, table1-reconstructions."""
    return {
        "table1": table(report),
        "table1-curves": curves(report),
        "table1-reconstructions": reconstructions(report, find),
    }


def table(report: dict[str, Any]) -> Figure:
    """PSNR of every row on both sets, beside the paper's."""
    sizes = [next(cell["parameters"] for cell in report["table"] if cell["row"] == name) for name in ROWS]
    return scoreboard([row.title for row in ROWS.values()], sizes, _scores(report), label=report["label"])


def curves(report: dict[str, Any]) -> Figure:
    """PSNR after every epoch; for runs of a single epoch, which have no curve, the gain over nearest neighbour."""
    first = {(run["set"], run["row"]): run for run in reversed(report["runs"]) if run["status"] == "measured"}
    if max(len(run["curve"]) for run in first.values()) > 1:
        lines = {
            TITLES[data_set]: {_short(row): first[data_set, row]["curve"] for row in ROWS if (data_set, row) in first}
            for data_set in TITLES
        }
        return epochs(lines, label=report["label"])
    return gains([_short(row) for row in ROWS], _scores(report), _short(BASE), label=report["label"])


def reconstructions(report: dict[str, Any], find: Find) -> Figure:
    """The same images of both sets through all nine networks; with several seeds, the first that is complete."""
    images = {
        data_set: to_float32x32(load(data_set, "test"))[list(chosen)].numpy()[:, 0]
        for data_set, chosen in SHOWN.items()
    }
    rows: dict[str, Any] = {}
    notes, lost = {}, False  # lost: measured before, and the weights are not here
    for name, row in ROWS.items():
        maps = [_through(report, find, name, data_set) for data_set in SHOWN]
        none = [np.full((len(chosen), 32, 32), np.nan) for chosen in SHOWN.values()]
        rows[row.title] = np.concatenate([n if each is None else each for n, each in zip(none, maps, strict=True)])
        cells = [cell for cell in report["table"] if cell["row"] == name]
        notes[row.title] = ", ".join(f"{value(cell, 'psnr')} dB" if cell["runs"] else "not run" for cell in cells)
        lost |= any(cell["runs"] and each is None for cell, each in zip(cells, maps, strict=True))
    heads = [
        f"{TITLES[data_set]}: {CLASSES[data_set][label]}"
        for data_set, chosen in SHOWN.items()
        for label in load(data_set, "test").labels[list(chosen)].tolist()
    ]
    absent = "not here" if lost else "not run"
    inputs = np.concatenate(list(images.values()))
    return gallery(inputs, rows, notes, heads=heads, label=report["label"], absent=absent)


def _through(report: dict[str, Any], find: Find, row: str, data_set: str) -> Any:
    """What the trained row makes of its set's images, (n, 32, 32); None where it was not run, or is not here."""
    done = [r for r in report["runs"] if (r["row"], r["set"], r["status"]) == (row, data_set, "measured")]
    for run in done:
        model = find(run)
        if model is not None:
            images = to_float32x32(load(data_set, "test"), config_of_run(run)["resize"])[list(SHOWN[data_set])]
            return reconstruct(model, images).numpy()[:, 0]
    return None


def _scores(report: dict[str, Any]) -> dict[str, TableColumn]:
    found = {}
    for data_set in TITLES:
        cells = [cell for cell in report["table"] if cell["set"] == data_set]
        found[TITLES[data_set]] = TableColumn(
            [cell["paper"]["psnr"] for cell in cells],
            [cell["psnr"]["mean"] if cell["runs"] else None for cell in cells],
            [cell["psnr"]["sd"] if cell["runs"] else None for cell in cells],
        )
    return found


def _short(row: str) -> str:
    return ROWS[row].title.partition(" – ")[2]
